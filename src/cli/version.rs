//! Which program this is: version, and what it was built from.

use mandel::Level;

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The platform that the program was built for.
pub(crate) const TARGET: &str = env!("MANDEL_TARGET");
/// The compiler and its version; empty if it did not tell.
pub(crate) const COMPILER: &str = env!("MANDEL_COMPILER");
/// The commit, where the program was built in its repository with optimizations.
pub(crate) const COMMIT: Option<&str> = option_env!("MANDEL_COMMIT");

/// The answer to `mandel -vV`.
pub(crate) fn long() -> String {
    format!(
        "mandel {VERSION}\ncommit: {}\ntarget: {TARGET}\ncompiler: {COMPILER}\nkernel: {}\n",
        COMMIT.unwrap_or("not known"),
        Level::best()
    )
}

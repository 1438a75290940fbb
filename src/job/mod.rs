//! A large render as a folder of finished pieces.
//!
//! A [`Job`] is planned once. Its shards are made anywhere, in any order, more than once where need be, and hold numbers,
//! no colors: [`make_shards`]. [`survey()`] checks them, and [`Stitch`] is a kernel that reads them, so that a picture is made
//! of them as of any other kernel's results, byte for byte.

mod digest;
#[allow(clippy::module_inception, reason = "the file is named for the type that it defines")]
mod job;
mod keys;
mod make;
mod orbit;
mod preview;
mod recheck;
mod shard;
mod stitch;
mod survey;
mod tiles;
mod verify;

pub use digest::Digest;
pub use job::Job;
pub use make::make_shards;
pub use orbit::{orbit_digest, orbit_name, read_orbit, write_orbit};
pub use recheck::recheck;
pub use stitch::Stitch;
pub use survey::{Survey, survey};
pub use verify::{Verified, verify, verify_file};

//! What `mandel -vV` says of the build: commit, target and compiler.
//!
//! Without a repository, as in a packed crate, nothing is said of a commit. Debug builds name none either, so that a commit does not make
//! everything compile again.
#![allow(clippy::print_stdout, reason = "a build script tells cargo by standard output")]

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=MANDEL_TARGET={}", env::var("TARGET").unwrap_or_default());
    let compiler = env::var_os("RUSTC").and_then(|rustc| said(&rustc, &["--version"]));
    println!("cargo:rustc-env=MANDEL_COMPILER={}", compiler.unwrap_or_default());
    // A repository around a packed crate is not its own.
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") && Path::new(".git").exists() {
        commit();
    }
}

/// Names the commit, and asks to run again when another one is checked out or made.
fn commit() {
    let git = |words: &[&str]| said(OsStr::new("git"), words);
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return };
    println!("cargo:rustc-env=MANDEL_COMMIT={commit}");
    // The log grows with every commit and checkout; cargo runs a script again and again for a file that is not there.
    for name in ["logs/HEAD", "HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", name])
            && Path::new(&path).exists()
        {
            println!("cargo:rerun-if-changed={path}");
        }
    }
}

/// The line that a program prints, if it succeeds.
fn said(program: &OsStr, words: &[&str]) -> Option<String> {
    let output = Command::new(program).args(words).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_string()).filter(|line| !line.is_empty())
}

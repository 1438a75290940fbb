//! A folder of its own for one test. What a test does in it stands with the test.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A folder that goes when the test ends.
pub(crate) struct Folder(pub(crate) tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A program in this folder, without standard input and without the variables that `mandel` reads.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path()).stdin(Stdio::null());
        for variable in ["MANDEL_THREADS", "RAYON_NUM_THREADS", "NO_COLOR", "RUST_BACKTRACE"] {
            command.env_remove(variable);
        }
        command
    }
}

//! A folder in which lines of shell run, for tests of what goes wrong.

use std::fs;
use std::process::Output;

use crate::folder::Folder;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_mandel");

/// A picture of few bytes.
pub(crate) const TINY: &str = "render -q -s 64x36 -n 100 -t 1";

impl Folder {
    /// Runs a line of shell, in which `mandel` is the program.
    pub(crate) fn sh(&self, line: &str) -> Output {
        let script = format!("mandel() {{ \"$MANDEL\" \"$@\"; }}; {line}");
        self.command("sh").args(["-c", &script]).env("MANDEL", PROGRAM).output().expect("sh")
    }

    /// Runs a line, expects this exit code, and gives standard error.
    pub(crate) fn ends(&self, line: &str, code: i32) -> String {
        let output = self.sh(line);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{line}: {stderr}");
        stderr
    }

    /// All that is in this folder and below, those that begin with a point too.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![self.0.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder").flatten() {
                if entry.file_type().expect("a type").is_dir() {
                    folders.push(entry.path());
                }
                let path = entry.path();
                let name = path.strip_prefix(self.0.path()).expect("in the folder");
                names.push(name.to_string_lossy().into_owned());
            }
        }
        names.sort();
        names
    }

    pub(crate) fn temporaries(&self) -> usize {
        self.names().iter().filter(|name| is_temporary(name)).count()
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect(name)
    }
}

pub(crate) fn is_temporary(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with(".mandel-"))
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn skipped(what: &str) {
    tell(format_args!("skipped: {what}"));
}

#[expect(clippy::print_stdout, reason = "whoever runs the test reads it")]
pub(crate) fn tell(what: std::fmt::Arguments) {
    println!("{what}");
}

//! Failures of the program and its exit codes.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use mandel::{Error, ErrorKind};

use crate::cli::terminal::{reason, say, shown};
use crate::cli::words::words;

/// Why the program ends without having done what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A mistake that the library found.
    Error(Error),
    /// An invalid command line or scene, in words.
    Usage(String),
    /// A file that is damaged or foreign, in words.
    Input(String),
    /// Reading or writing failed.
    Io {
        /// The verb of the sentence: `write`, `read`.
        action: &'static str,
        path: PathBuf,
        /// The reason, and what became of the file.
        problem: String,
    },
    /// A file is in the way and may not be replaced; the words say what to do.
    Exists(PathBuf, &'static str),
    /// A limit of the machine, in words.
    Limit(String),
    /// What went wrong elsewhere, in words, and the exit code of that.
    Told(String, u8),
    /// The reader of the output closed it, as `head` does. The program ends without a message.
    ClosedPipe,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Failure {
    /// A failure to write to standard output.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ClosedPipe,
            _ => Self::Io { action: "write", path: "standard output".into(), problem: reason(error) },
        }
    }

    /// The message and the exit code.
    pub(crate) fn told(&self) -> (String, u8) {
        match self {
            Self::Error(error) => {
                let code = match error.kind() {
                    ErrorKind::Internal => 1,
                    ErrorKind::Usage => 2,
                    ErrorKind::Input => 3,
                    ErrorKind::Limit => 5,
                };
                (words(error), code)
            }
            Self::Usage(words) => (words.clone(), 2),
            Self::Input(words) => (words.clone(), 3),
            Self::Io { action, path, problem } => (format!("cannot {action} {}: {problem}", shown(path)), 4),
            Self::Exists(path, instead) => (format!("{} already exists; {instead}", shown(path)), 4),
            Self::Limit(words) => (words.clone(), 5),
            Self::Told(words, code) => (words.clone(), *code),
            Self::ClosedPipe => (String::new(), 141),
        }
    }

    /// Prints the message and returns the exit code.
    pub(crate) fn report(self) -> ExitCode {
        let (words, code) = self.told();
        if matches!(self, Self::ClosedPipe) {
            // Rust ignores SIGPIPE at start; this ends the process as its default action does.
            let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
        } else {
            say(format_args!("error: {words}"));
        }
        ExitCode::from(code)
    }
}

/// An invalid request, in the words of the command line.
pub(crate) fn usage(message: impl Into<String>) -> Failure {
    Failure::Usage(message.into())
}

/// Writes text that was asked for to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| Failure::stdout(&error))
}

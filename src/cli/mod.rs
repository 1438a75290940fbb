//! The command line: what was typed becomes a scene, and results become files and words.

pub(crate) mod bench;
mod files;
pub(crate) mod find;
mod interrupt;
mod memory;
pub(crate) mod palettes;
pub(crate) mod point;
mod progress;
pub(crate) mod render;
mod scene;
mod threads;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use mandel::{Error, ErrorKind};

/// Mandelbrot pictures and exact escape counts.
///
/// `mandel render` without any option makes a picture of the whole set.
#[derive(Parser)]
#[command(version, about, max_term_width = 110, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Args {
    /// Reads the command line; ends the program where it cannot be read or asks for help.
    pub(crate) fn read() -> Result<Self, Failure> {
        let words: Vec<OsString> = std::env::args_os().take_while(|word| word != "--").collect();
        let command = Self::command();
        let options = || command.get_subcommands().flat_map(clap::Command::get_arguments);
        for pair in words.windows(2) {
            let (Some(flag), Some(value)) = (pair[0].to_str(), pair[1].to_str()) else { continue };
            let named = |option: &&clap::Arg| {
                let short = option.get_short().map(|short| format!("-{short}"));
                let long = option.get_long().map(|long| format!("--{long}"));
                option.is_allow_hyphen_values_set() && [short, long].iter().flatten().any(|name| name == flag)
            };
            if let Some(long) = options().find(named).and_then(clap::Arg::get_long) {
                scene::not_an_option(&format!("--{long}"), value)?;
            }
        }
        Ok(Self::parse())
    }
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a picture, or an array of counts for NumPy
    Render(Box<render::Args>),
    /// Compare numbers of threads, schedules and chunk sizes on one scene
    Bench(Box<bench::Args>),
    /// Iterate one point: its exact escape count, proven, and its smooth count
    Point(point::Args),
    /// Find the minibrot in a view, its period and size, to all digits that a view of it needs
    Find(find::Args),
    /// List the palettes, and show them in a terminal that has colors
    Palettes(palettes::Args),
}

/// When to use terminal colors.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum When {
    /// In a terminal, unless NO_COLOR is set or TERM is dumb
    Auto,
    Always,
    Never,
}

/// Why the program ends without having done what was asked.
pub(crate) enum Failure {
    Error(Error),
    /// The reader of our output went away, as `head` does. No error: we end as quietly as other tools.
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
            _ => Self::Error(Error::Io {
                action: "write",
                path: "standard output".into(),
                problem: files::reason(error),
            }),
        }
    }

    /// Says what went wrong and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Error(error) => {
                say(format_args!("error: {error}"));
                ExitCode::from(match error.kind() {
                    ErrorKind::Internal => 1,
                    ErrorKind::Usage => 2,
                    ErrorKind::Input => 3,
                    ErrorKind::Io => 4,
                    ErrorKind::Limit => 5,
                })
            }
            Self::ClosedPipe => {
                // Ends by the signal itself, as a program does that never asked to survive it.
                let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
                ExitCode::from(141)
            }
        }
    }
}

/// A request that makes no sense, in the words of the command line.
pub(crate) fn usage(message: impl Into<String>) -> Error {
    Error::Scene(message.into())
}

/// Tells a person something, on standard error. There is nobody to tell if that is closed.
pub(crate) fn say(message: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{message}");
}

/// Writes text that was asked for to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| Failure::stdout(&error))
}

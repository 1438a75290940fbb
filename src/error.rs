//! What a caller can get wrong, or the world can refuse.

use std::path::{Path, PathBuf};

/// Everything that can go wrong, in words for the person who asked.
///
/// A message says what was given, what was expected and what to do instead.
/// Library messages name the quantity (`width`, `center`); a front end that
/// knows which flag it came from may put that in front.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text that should be a number or a point of the plane is not.
    #[error("{problem}")]
    Number {
        /// Position of the offence in the text, in characters from 0.
        position: usize,
        /// What is wrong there.
        problem: String,
    },
    /// The pieces of a scene are fine one by one but make no sense together,
    /// or a size or count is outside what can be rendered.
    #[error("{0}")]
    Scene(String),
    /// Input data that is corrupt or not what it claims to be.
    #[error("{0}")]
    Input(String),
    /// Reading or writing failed.
    #[error("cannot {action} {}: {problem}", shown(path))]
    Io {
        /// The verb of the sentence: `write`, `read`, `create`.
        action: &'static str,
        /// The file it happened to.
        path: PathBuf,
        /// The reason, and what became of the file.
        problem: String,
    },
    /// A file is in the way and may not be replaced.
    #[error("{} already exists; use --force to replace it or --no-clobber to skip", shown(_0))]
    Exists(PathBuf),
    /// A limit of the machine: memory, threads.
    #[error("{0}")]
    Limit(String),
    /// Something that this program promises did not hold.
    #[error("{0}; this is a bug in mandel")]
    Internal(String),
}

/// The kinds of failure, one exit code each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request makes no sense as it stands; asking again changes nothing.
    Usage,
    /// Data that was read is damaged or foreign.
    Input,
    /// Reading or writing failed; trying again may help.
    Io,
    /// The machine is too small for the request.
    Limit,
    /// The fault is ours.
    Internal,
}

impl Error {
    /// Which kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Number { .. } | Self::Scene(_) => ErrorKind::Usage,
            Self::Input(_) => ErrorKind::Input,
            Self::Io { .. } | Self::Exists(_) => ErrorKind::Io,
            Self::Limit(_) => ErrorKind::Limit,
            Self::Internal(_) => ErrorKind::Internal,
        }
    }
}

/// A path for a message: control characters, which could steer a terminal, are escaped.
pub fn shown(path: &Path) -> String {
    path.to_string_lossy()
        .chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

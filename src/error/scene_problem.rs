//! What can be wrong with a scene text.

use crate::error::Error;

/// What is wrong with a scene text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SceneProblem {
    /// Not TOML; the words are the parser's.
    #[error("{0}")]
    Syntax(String),
    /// A key that scenes do not have.
    #[error("unknown key '{}'", .key.escape_debug())]
    UnknownKey {
        /// The key.
        key: String,
        /// The keys that may stand there.
        known: &'static [&'static str],
    },
    /// A value of the wrong kind.
    #[error("'{key}' must be {expected}")]
    Kind {
        /// The key.
        key: String,
        /// What is expected.
        expected: &'static str,
    },
    /// A name that is none of the choices.
    #[error("'{}' is no {key}", .given.escape_debug())]
    Choice {
        /// The key.
        key: String,
        /// What was given.
        given: String,
        /// The choices.
        known: Vec<String>,
    },
    /// Two keys that set the same part of the view.
    #[error("'{0}' and '{1}' exclude each other")]
    Both(&'static str, &'static str),
    /// A key that requires another one.
    #[error("'{0}' needs '{1}'")]
    Needs(&'static str, &'static str),
    /// A version that this program does not know.
    #[error("a scene of version {0}; version 1 is known")]
    Version(String),
    /// An invalid value.
    #[error("{key}: {error}")]
    Value {
        /// The key.
        key: String,
        /// Why.
        error: Box<Error>,
    },
}

//! What can be wrong with a job.

use crate::error::Error;

/// What is wrong with a job.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum JobProblem {
    /// Not JSON; the words are the parser's.
    #[error("{0}")]
    Syntax(String),
    /// A key that jobs do not have.
    #[error("unknown key '{}'", .0.escape_debug())]
    UnknownKey(String),
    /// A value of the wrong kind, or none at all.
    #[error("'{key}' must be {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is expected.
        expected: &'static str,
    },
    /// A version that this program does not know.
    #[error("a job of version {0}; version 1 is known")]
    Version(String),
    /// A scene that makes no sense.
    #[error("scene: {0}")]
    Scene(Box<Error>),
    /// A job for another order of operations than this program has for its view.
    #[error("a job for the kernel {job}; this view is iterated by {here}")]
    Kernel {
        /// The kernel of the job.
        job: String,
        /// The one here.
        here: String,
    },
    /// No shards, or more than there are tiles to deal.
    #[error("{shards} shards of a picture of {tiles} tiles")]
    Shards {
        /// The shards that were asked for.
        shards: u32,
        /// The most there can be.
        tiles: u32,
    },
    /// A picture that takes more tiles than a job can list.
    #[error("a picture of more samples than a job can be cut into")]
    TooLarge,
}

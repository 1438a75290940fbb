//! Why a location of another program cannot be used.

use crate::error::Error;

/// Why a location cannot be used, and where in its text that stands.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct LocationError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: LocationProblem,
}

/// What is wrong with a location.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LocationProblem {
    /// Not of the grammar of its format.
    #[error("{0}")]
    Syntax(String),
    /// A value that is no number, or one out of range.
    #[error("{key}: {error}")]
    Value {
        /// The key.
        key: String,
        /// Why.
        error: Box<Error>,
    },
    /// A value of the wrong kind.
    #[error("'{key}' must be {expected}")]
    Kind {
        /// The key.
        key: String,
        /// What is expected.
        expected: &'static str,
    },
    /// Something that this library cannot render.
    #[error("'{setting}' asks for {what}; only z^2 + c from 0, in square pixels, is rendered")]
    Unsupported {
        /// The setting as it stands in the file, shortened.
        setting: String,
        /// What it means.
        what: &'static str,
    },
    /// A location without one of its parts.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// A file of several entries, of which none was named.
    #[error("the file has {} entries", .0.len())]
    Entries(Vec<String>),
    /// No entry of that name.
    #[error("there is no entry '{}'", .name.escape_debug())]
    NoEntry {
        /// The name that was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
}

/// What was read, or what is wrong and the byte at which that begins.
pub(super) type Read<T> = Result<T, (usize, LocationProblem)>;

impl LocationError {
    /// The error of a problem that begins at a byte of `text`.
    pub(super) fn at(text: &str, (offset, problem): (usize, LocationProblem)) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let lines = before.split(|byte| *byte == b'\n');
        // Bytes of the form 10xxxxxx continue a character.
        let characters = |line: &[u8]| line.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        let column = 1 + lines.clone().next_back().map_or(0, characters);
        Self { line: lines.count(), column, problem }
    }
}

//! Why a file of numbers cannot be used.

use std::io;

use crate::error::{Error, FieldProblem};

/// Why a file cannot be used.
#[derive(Debug)]
pub enum ReadError {
    /// It cannot be read.
    Io(io::Error),
    /// It is damaged, or belongs to something else.
    Bad(Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Bad(Error::Damaged("it is cut short")),
            // A place that no file reaches.
            io::ErrorKind::InvalidInput => Self::Bad(Error::Damaged("a place in it is damaged")),
            _ => Self::Io(error),
        }
    }
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        Self::Bad(error)
    }
}

impl From<FieldProblem> for ReadError {
    fn from(problem: FieldProblem) -> Self {
        Self::Bad(Error::Field(problem))
    }
}

pub(crate) fn damaged<T>(problem: &'static str) -> Result<T, ReadError> {
    Err(ReadError::Bad(Error::Damaged(problem)))
}

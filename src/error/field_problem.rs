//! What can be wrong with a file of numbers.

/// What is wrong with a file of numbers.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldProblem {
    /// The file begins as none of the formats does.
    #[error("it is no NPY, NPZ, EXR or KFB")]
    Unknown,
    /// A header that is not as the format has it; the words are ours.
    #[error("its header {0}")]
    Header(String),
    /// A type of numbers that is not read.
    #[error("numbers of the type '{}'", .0.escape_debug())]
    Type(String),
    /// A shape other than rows and columns.
    #[error("an array of the shape {0}")]
    Shape(String),
    /// A size in the header that does not fit the file.
    #[error("{columns}x{rows} samples, which {expected} bytes hold, in {found} bytes")]
    Size {
        /// Samples in a row.
        columns: u64,
        /// Rows.
        rows: u64,
        /// Bytes that there should be, or the least of them where they are compressed.
        expected: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// Something that is not in the file.
    #[error("it has no {0}")]
    Missing(&'static str),
    /// A number that no sample can have.
    #[error("{what} in column {column} of row {row}")]
    Value {
        /// What it is.
        what: &'static str,
        /// Its column, from 0.
        column: u32,
        /// Its row, from 0.
        row: u32,
    },
    /// More memory than there is.
    #[error("it takes {needed} bytes of memory, of {free}")]
    Memory {
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
}

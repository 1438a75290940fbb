//! What can be wrong with a file of palettes.

/// What is wrong with a file of palettes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaletteProblem {
    /// Something else than a format has there.
    #[error("{expected} expected, and found '{}'", .found.escape_debug())]
    Expected {
        /// What the format has there.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// No color, or only one.
    #[error("a palette of {0} colors")]
    FewColors(usize),
    /// More colors than a palette of that kind has.
    #[error("more than {0} colors")]
    ManyColors(usize),
    /// Numbers that are not three for each color.
    #[error("{0} numbers, which is no multiple of 3")]
    Thirds(usize),
    /// Segments that do not join.
    #[error("a segment that does not begin where the one before ends, or at 0")]
    Gap,
    /// A text that is too long for palettes.
    #[error("more than 4 MiB of text or 10000 palettes")]
    TooLong,
    /// A picture that cannot be decoded; the words are the decoder's.
    #[error("{0}")]
    Picture(String),
    /// Content of no known kind.
    #[error("neither a picture nor a text with palettes")]
    Unknown,
}

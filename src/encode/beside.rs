//! What files of all numbers hold beside counts and fractions.

/// What files of all numbers hold beside counts and fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// The distances of the samples.
    pub distances: bool,
    /// Whether their counts are proven.
    pub certain: bool,
}

//! Places and numbers in the text of a palette.

use std::str::FromStr;

use crate::error::{Error, PaletteProblem};

/// Line and column of the first character.
pub(super) const FIRST: (usize, usize) = (1, 1);

/// A problem of `part`, which is a slice of `text`.
pub(super) fn wrong(text: &str, part: &str, problem: PaletteProblem) -> Error {
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let before = text.get(..offset).unwrap_or_default();
    let line = 1 + before.matches('\n').count();
    let column = 1 + before.rsplit('\n').next().map_or(0, |line| line.chars().count());
    Error::PaletteFile { line, column, problem }
}

/// The problem that `part` is not what is expected.
pub(super) fn expected(text: &str, part: &str, expected: &'static str) -> Error {
    let found = part.lines().next().unwrap_or_default().trim().to_string();
    wrong(text, part, PaletteProblem::Expected { expected, found })
}

/// A number.
pub(super) fn number<T: FromStr>(text: &str, part: &str, what: &'static str) -> Result<T, Error> {
    part.parse().map_err(|_| expected(text, part, what))
}

/// A byte of a color.
pub(super) fn byte(text: &str, part: &str) -> Result<u8, Error> {
    number(text, part, "a whole number from 0 to 255")
}

/// The end of the text, where something is missing.
pub(super) fn end(text: &str) -> &str {
    &text[text.trim_end().len()..]
}

/// Refuses a palette of fewer than two colors, at the part of the text that should have had them.
pub(super) fn enough(text: &str, part: &str, colors: usize) -> Result<(), Error> {
    if colors < 2 { Err(wrong(text, part, PaletteProblem::FewColors(colors))) } else { Ok(()) }
}

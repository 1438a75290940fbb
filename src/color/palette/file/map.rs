//! Fractint's color maps: a line `R G B` for each color, the rest of the line a comment.

use crate::color::palette::file::text::{byte, end, enough, expected};
use crate::color::rgb::Rgb;
use crate::error::Error;

/// Colors of a whole map.
const COLORS: usize = 256;

/// Whether a line is one of a map.
pub(super) fn begins(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_digit())
}

/// The colors of the ring that counts run through: the first line of a file is the color of the interior, and is left out.
///
/// Lines that begin otherwise than a number does are comments, and lines beyond the 256th are not read. A whole map of multiples of
/// 4 is one for a palette of six bits, in which 252 is full light: Fractint shows v / 4 of 63.
pub(super) fn read(text: &str) -> Result<Vec<Rgb>, Error> {
    let is_color = |line: &&str| line.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let mut colors = Vec::new();
    for line in text.lines().map(str::trim_start).filter(is_color).take(COLORS) {
        let mut words = line.split([' ', '\t', ',', '\r']).filter(|word| !word.is_empty());
        let mut next = || match words.next() {
            Some(word) => byte(text, word),
            None => Err(expected(text, line, "three numbers, of red, green and blue")),
        };
        colors.push([next()?, next()?, next()?]);
    }
    if colors.len() == COLORS && colors.iter().flatten().all(|value| value.is_multiple_of(4)) {
        for value in colors.iter_mut().flatten() {
            *value = (u32::from(*value / 4) * 255 / 63) as u8;
        }
    }
    let mut ring: Vec<Rgb> = colors.into_iter().skip(1).map(Rgb).collect();
    enough(text, end(text), ring.len())?;
    ring.push(ring[0]);
    Ok(ring)
}

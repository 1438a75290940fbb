//! A value in the text of a location, with its key and its place.

use std::str::FromStr;

use num_complex::Complex;

use crate::error::Error;
use crate::kernel::bailout::Bailout;
use crate::location::problem::{LocationProblem, Read};
use crate::location::program::Program;
use crate::number::decimal::Decimal;
use crate::plane::rotation::Rotation;

/// A value.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) key: &'a str,
    /// Its text, without blanks around it.
    pub(super) text: &'a str,
    /// The byte at which it begins.
    pub(super) at: usize,
}

impl<'a> Value<'a> {
    /// A value whose text stands in `line`, which begins at byte `start`, from byte `from` of it on.
    pub(super) fn in_line(key: &'a str, line: &'a str, start: usize, from: usize) -> Self {
        let rest = &line[from..];
        let blanks = rest.len() - rest.trim_start().len();
        Self { key, text: rest.trim(), at: start + from + blanks }
    }

    /// An exact number.
    pub(super) fn decimal(self) -> Read<Decimal> {
        self.text.parse().map_err(|error: Error| {
            let within = match error {
                Error::Number { position, .. } => {
                    self.text.char_indices().nth(position).map_or(self.text.len(), |(byte, _)| byte)
                }
                _ => 0,
            };
            (self.at + within, LocationProblem::Value { key: self.key.into(), error: Box::new(error) })
        })
    }

    /// An exact number above 0.
    pub(super) fn length(self) -> Read<Decimal> {
        let length = self.decimal()?;
        if length.is_zero() || length.is_negative() { self.unlike("a number above 0") } else { Ok(length) }
    }

    /// A limit of iterations.
    pub(super) fn max_iter(self) -> Read<u32> {
        let limit = self.text.parse().ok().and_then(|limit| Bailout::new(limit).ok());
        match limit {
            Some(bailout) => Ok(bailout.max_iter()),
            None => self.unlike("a whole number from 1 to 4294967294"),
        }
    }

    /// A finite number, where a float is exact enough.
    pub(super) fn real(self) -> Read<f64> {
        match f64::from_str(self.text) {
            Ok(number) if number.is_finite() => Ok(number),
            _ => self.unlike("a number"),
        }
    }

    /// A turn by `sense` times this number of degrees.
    pub(super) fn rotation(self, sense: f64) -> Read<Rotation> {
        Rotation::new(sense * self.real()?).or_else(|_| self.unlike("a number of degrees"))
    }

    pub(super) fn unlike<T>(self, expected: &'static str) -> Read<T> {
        Err((self.at, LocationProblem::Kind { key: self.key.into(), expected }))
    }

    /// Refuses a number other than `plain`, which means `what`.
    pub(super) fn refuse_unless(self, plain: f64, what: &'static str) -> Read<()> {
        if self.real()? == plain { Ok(()) } else { self.unsupported(what) }
    }

    /// The error of a setting that means `what`.
    pub(super) fn unsupported<T>(self, what: &'static str) -> Read<T> {
        let text: String = self.text.chars().take(40).collect();
        let setting = format!("{} {text}", self.key).trim_end().to_string();
        Err((self.at, LocationProblem::Unsupported { setting, what }))
    }
}

/// The lines of a text, each with the byte at which it begins and without its end.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let at = start;
        start += line.len();
        (at, line.trim_end_matches(['\n', '\r']))
    })
}

/// The center of a program whose imaginary axis points down, with a note where that makes a difference.
pub(super) fn mirrored(
    program: Program,
    re: Decimal,
    im: Decimal,
    notes: &mut Vec<String>,
) -> Complex<Decimal> {
    if !im.is_zero() {
        notes.push(format!(
            "{program} draws the imaginary axis downward: the center is the conjugate of the one in the file, the picture is the same"
        ));
    }
    Complex::new(re, -im)
}

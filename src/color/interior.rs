//! What samples that do not escape look like.

use std::fmt;
use std::str::FromStr;

use crate::color::rgb::Rgb;
use crate::error::Error;
use crate::field::{Distance, Escape};

/// How samples that do not escape are colored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interior {
    /// All in one color.
    Color(Rgb),
    /// Not at all: pictures have an opacity.
    Transparent,
    /// By the period of the cycle that they come to: each has a place of its own in the palette. Black where none is known.
    Period,
    /// By the distance from the boundary: the palette from its beginning, from the boundary inwards. Black where none is known.
    Distance,
}

impl Interior {
    /// Those that have a name.
    const NAMED: [Self; 3] = [Self::Transparent, Self::Period, Self::Distance];

    /// Whether it takes periods and distances of samples that do not escape.
    pub fn takes_interiors(self) -> bool {
        matches!(self, Self::Period | Self::Distance)
    }

    /// The color of samples of which nothing else is known.
    pub fn color(self) -> Rgb {
        match self {
            Self::Color(color) => color,
            Self::Transparent | Self::Period | Self::Distance => Rgb::BLACK,
        }
    }
}

impl Default for Interior {
    /// Black.
    fn default() -> Self {
        Self::Color(Rgb::BLACK)
    }
}

impl fmt::Display for Interior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Color(color) => color.fmt(f),
            Self::Transparent => f.write_str("transparent"),
            Self::Period => f.write_str("period"),
            Self::Distance => f.write_str("distance"),
        }
    }
}

impl FromStr for Interior {
    type Err = Error;

    /// Reads `transparent`, `period`, `distance`, or a color as [`Rgb`] does.
    fn from_str(text: &str) -> Result<Self, Error> {
        let named = Self::NAMED.into_iter().find(|interior| interior.to_string() == text);
        let color = || text.parse().map_err(|_| Error::Interior(text.into())).map(Self::Color);
        named.map_or_else(color, Ok)
    }
}

/// The places in the palette of samples that do not escape, for one picture.
pub(super) struct Places {
    by_period: bool,
    /// 1 / d, where half of the palette has been passed at a distance of d pixels.
    far: f32,
}

/// The part of the height of a picture from the boundary at which half of the palette has been passed.
const FAR: f32 = 0.03;
/// The golden ratio less 1, in units of 2^-32. The fractions of its multiples are spread evenly however many there are, and
/// those of neighbors differ by 0.38.
const GOLDEN: u32 = 2_654_435_769;

impl Places {
    /// For a picture of so many rows of pixels, where the interior takes places.
    pub(super) fn new(interior: Interior, rows: u32) -> Option<Self> {
        let by_period = interior == Interior::Period;
        interior.takes_interiors().then_some(Self { by_period, far: 1.0 / (FAR * rows as f32) })
    }

    /// The place of a sample, of which there are `k` to a pixel, from 0 to below 1 in one pass of the palette; `None` where
    /// nothing is known of it.
    pub(super) fn place(&self, escape: Escape, distance: Distance, k: f32) -> Option<f32> {
        let period = escape.period()?;
        Some(if self.by_period {
            ((period - 1).wrapping_mul(GOLDEN) >> 8) as f32 / (1 << 24) as f32
        } else {
            let root = (distance.length() / k * self.far).sqrt();
            root / (1.0 + root)
        })
    }
}

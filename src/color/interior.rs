//! What samples that do not escape look like.

use std::fmt;
use std::str::FromStr;

use crate::color::rgb::Rgb;
use crate::error::Error;

/// What samples that do not escape look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interior {
    /// One color.
    Color(Rgb),
    /// Nothing: pictures have an opacity.
    Transparent,
}

/// The name of [`Interior::Transparent`].
const TRANSPARENT: &str = "transparent";

impl Interior {
    /// The color, black where there is none.
    pub fn color(self) -> Rgb {
        match self {
            Self::Color(color) => color,
            Self::Transparent => Rgb::BLACK,
        }
    }
}

impl Default for Interior {
    /// Black.
    fn default() -> Self {
        Self::Color(Rgb::BLACK)
    }
}

impl FromStr for Interior {
    type Err = Error;

    /// Reads a color, or `transparent`.
    fn from_str(text: &str) -> Result<Self, Error> {
        if text == TRANSPARENT { Ok(Self::Transparent) } else { text.parse().map(Self::Color) }
    }
}

impl fmt::Display for Interior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Color(color) => color.fmt(f),
            Self::Transparent => f.write_str(TRANSPARENT),
        }
    }
}

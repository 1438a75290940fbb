//! The formats of whole films.

use std::fmt;
use std::str::FromStr;

use crate::encode::apng::Apng;
use crate::encode::gif::Gif;
use crate::encode::reel::{Chroma, Reel, Timing};
use crate::encode::y4m::Y4m;
use crate::error::Error;

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movie {
    /// YUV4MPEG2, a plain stream for other programs.
    Y4m,
    /// Animated PNG: all colors.
    Apng,
    /// GIF: 256 colors.
    Gif,
}

impl Movie {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Y4m, Self::Apng, Self::Gif];

    /// The file of a film. `colors` are some that its frames have, of which a GIF chooses its own.
    pub fn reel(self, timing: Timing, chroma: Chroma, colors: &[[u8; 3]]) -> Box<dyn Reel> {
        match self {
            Self::Y4m => Box::new(Y4m::new(timing, chroma)),
            Self::Apng => Box::new(Apng::new(timing)),
            Self::Gif => Box::new(Gif::new(timing, colors)),
        }
    }

    /// The longest side of a frame.
    pub fn max_side(self) -> u32 {
        match self {
            Self::Gif => 65535,
            Self::Y4m | Self::Apng => i32::MAX as u32,
        }
    }
}

impl fmt::Display for Movie {
    /// The suffix of its files, without the dot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Y4m => "y4m",
            Self::Apng => "apng",
            Self::Gif => "gif",
        })
    }
}

impl FromStr for Movie {
    type Err = Error;

    fn from_str(suffix: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|movie| suffix.eq_ignore_ascii_case(&movie.to_string()));
        known.ok_or_else(|| Error::UnknownFormat(suffix.into()))
    }
}

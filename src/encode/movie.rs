//! Formats of whole films: one file, frame by frame.

use std::fmt;
use std::io;
use std::str::FromStr;

use crate::encode::apng::Apng;
use crate::encode::gif::Gif;
use crate::encode::sink::{Append, Out, Piece, Texts};
use crate::encode::y4m::Y4m;
use crate::error::Error;
use crate::pixmap::Pixmap;

/// A film file. A frame is encoded on any thread, and appended in order.
pub trait Reel: Send + Sync {
    /// Encodes a frame of three channels.
    fn frame(&self, pixmap: &Pixmap) -> Piece;

    /// Writes what stands before the first frame.
    ///
    /// # Errors
    /// Those of the writer.
    fn begin<'a>(&'a self, to: &'a mut dyn Out, texts: Texts) -> io::Result<Box<dyn Append + 'a>>;
}

/// What a film is, beside its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Pixels in a row.
    pub width: u32,
    /// Rows of pixels.
    pub height: u32,
    /// Frames.
    pub frames: u32,
    /// Frames in a second, as a fraction: numerator and denominator, from 1 on.
    pub rate: (u32, u32),
}

/// How the color of pixels is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chroma {
    /// For each pixel.
    #[default]
    Full,
    /// For each square of four pixels.
    Quarter,
}

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

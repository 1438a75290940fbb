//! The file formats there are.

use std::fmt;
use std::str::FromStr;

use crate::encode::depth::Depth;
use crate::encode::npy::{Npy, Values};
use crate::encode::png::{Compression, Png};
use crate::encode::sink::{Layout, Sink};
use crate::error::Error;

/// A file format that a render can be written in.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    suffix: &'static str,
    make: fn(Layout, Options) -> Box<dyn Sink>,
}

/// What formats leave to choose. Each takes what concerns it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How hard to try to make the file small.
    pub compression: Compression,
    /// What the numbers in an array are.
    pub values: Values,
    /// Bits of a channel.
    pub depth: Depth,
}

/// All formats, the default first: suffix and sink.
const FORMATS: [Format; 2] = [
    Format {
        suffix: "png",
        make: |layout, options| Box::new(Png::new(layout, options.compression, options.depth)),
    },
    Format { suffix: "npy", make: |layout, options| Box::new(Npy::new(layout, options.values)) },
];

impl Format {
    /// All formats, the default first.
    pub fn all() -> impl Iterator<Item = Self> {
        FORMATS.into_iter()
    }

    /// Whether files of this format hold colors; else they hold numbers alone.
    pub fn takes_colors(self) -> bool {
        let smallest = Layout { width: 1, height: 1, supersample: 1, max_iter: 1, alpha: false };
        self.sink(smallest, Options::default()).needs().is_picture()
    }

    /// The sink for one picture.
    pub fn sink(self, layout: Layout, options: Options) -> Box<dyn Sink> {
        (self.make)(layout, options)
    }
}

impl Default for Format {
    /// PNG.
    fn default() -> Self {
        FORMATS[0]
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.suffix == other.suffix
    }
}

impl fmt::Display for Format {
    /// The suffix of its files, without the dot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.suffix)
    }
}

impl FromStr for Format {
    type Err = Error;

    /// Reads a suffix, in upper or lower case, without the dot.
    fn from_str(suffix: &str) -> Result<Self, Error> {
        let known = Self::all().find(|format| suffix.eq_ignore_ascii_case(format.suffix));
        known.ok_or_else(|| Error::UnknownFormat(suffix.into()))
    }
}

//! The file formats there are.

use std::fmt;
use std::str::FromStr;

use crate::encode::beside::Beside;
use crate::encode::depth::Depth;
use crate::encode::dzi::Dzi;
use crate::encode::exr::Exr;
use crate::encode::npy::{Npy, Values};
use crate::encode::npz::Npz;
use crate::encode::png::{Compression, Png};
use crate::encode::pnm::{self, Pnm};
use crate::encode::sink::{Layout, Sink};
use crate::encode::whole::{Kind, Whole};
use crate::error::Error;
use crate::plane::viewport::MAX_SIDE;

/// A file format that a render can be written in.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Suffixes of its files, the usual one first.
    suffixes: &'static [&'static str],
    /// Whether it holds colors; else it holds numbers alone.
    colors: bool,
    /// Whether it holds all numbers and the scene: see [`Sink::is_field`].
    field: bool,
    /// Whether pixels may have an opacity.
    alpha: bool,
    /// Whether channels may have 16 bits.
    sixteen: bool,
    /// Whether it has a quality to choose.
    quality: bool,
    /// Whether it makes files beside the one that is named: see [`Out::file`](crate::encode::Out::file).
    files: bool,
    /// The most pixels along a side, and the most bytes of all.
    most: (u32, u64),
    make: fn(Layout, Options) -> Box<dyn Sink>,
}

/// What formats leave to choose. Each takes what concerns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How hard to try to make the file small.
    pub compression: Compression,
    /// What the numbers in an array are.
    pub values: Values,
    /// Bits of a channel.
    pub depth: Depth,
    /// What is kept where something is lost: 1 to 100.
    pub quality: u8,
    /// What files of all numbers hold beside counts and fractions.
    pub beside: Beside,
}

impl Options {
    /// The default quality. Gradients show no blocks, and filaments few rings.
    pub const QUALITY: u8 = 92;
}

impl Default for Options {
    fn default() -> Self {
        Self {
            compression: Compression::default(),
            values: Values::default(),
            depth: Depth::default(),
            quality: Self::QUALITY,
            beside: Beside::default(),
        }
    }
}

/// A format of pictures that streams and takes everything.
const PICTURE: Format = Format {
    suffixes: &[],
    colors: true,
    field: false,
    alpha: true,
    sixteen: true,
    quality: false,
    files: false,
    most: (MAX_SIDE, u64::MAX),
    make: png,
};

/// All formats, the default first.
const FORMATS: [Format; 11] = [
    Format { suffixes: &["png"], ..PICTURE },
    Format {
        suffixes: &["npy"],
        colors: false,
        make: |layout, options| Box::new(Npy::new(layout, options.values)),
        ..PICTURE
    },
    Format {
        suffixes: &["dzi"],
        sixteen: false,
        files: true,
        make: |layout, options| Box::new(Dzi::new(layout, options.compression)),
        ..PICTURE
    },
    // Offsets have 32 bits; a part of them is left for what deflate adds to noise.
    Format {
        suffixes: &["tiff", "tif"],
        most: (MAX_SIDE, 4_200_000_000),
        make: |layout, options| Box::new(Whole::new(layout, options.depth, Kind::Tiff)),
        ..PICTURE
    },
    // Sides have 14 bits.
    Format {
        suffixes: &["webp"],
        sixteen: false,
        most: (1 << 14, u64::MAX),
        make: |layout, _| Box::new(Whole::new(layout, Depth::Eight, Kind::WebP)),
        ..PICTURE
    },
    Format {
        suffixes: &["qoi"],
        sixteen: false,
        make: |layout, _| Box::new(Whole::new(layout, Depth::Eight, Kind::Qoi)),
        ..PICTURE
    },
    // Sides have 16 bits.
    Format {
        suffixes: &["jpg", "jpeg"],
        alpha: false,
        sixteen: false,
        quality: true,
        most: ((1 << 16) - 1, u64::MAX),
        make: |layout, options| Box::new(Whole::new(layout, Depth::Eight, Kind::Jpeg(options.quality))),
        ..PICTURE
    },
    Format {
        suffixes: &["ppm"],
        alpha: false,
        make: |layout, options| Box::new(Pnm::new(layout, options.depth, pnm::Kind::Ppm)),
        ..PICTURE
    },
    Format {
        suffixes: &["pam"],
        make: |layout, options| Box::new(Pnm::new(layout, options.depth, pnm::Kind::Pam)),
        ..PICTURE
    },
    Format {
        suffixes: &["npz"],
        colors: false,
        field: true,
        make: |layout, options| Box::new(Npz::new(layout, options.beside)),
        ..PICTURE
    },
    Format {
        suffixes: &["exr"],
        field: true,
        make: |layout, options| Box::new(Exr::new(layout, options.beside)),
        ..PICTURE
    },
];

/// Pixels up to which the best compression of PNG takes the picture as a whole, in memory and on one thread. A number, not the
/// machine's memory, so that the bytes are the same everywhere.
const WHOLE_PIXELS: u64 = 1 << 26;

fn png(layout: Layout, options: Options) -> Box<dyn Sink> {
    let pixels = u64::from(layout.width) * u64::from(layout.height);
    match options.compression {
        Compression::Best if pixels <= WHOLE_PIXELS => Box::new(Whole::new(layout, options.depth, Kind::Png)),
        compression => Box::new(Png::new(layout, compression, options.depth)),
    }
}

impl Format {
    /// All formats, the default first.
    pub fn all() -> impl Iterator<Item = Self> {
        FORMATS.into_iter()
    }

    /// Whether files of this format hold colors; else they hold numbers alone.
    pub fn takes_colors(self) -> bool {
        self.colors
    }

    /// Whether its files hold all numbers and the scene: see [`Sink::is_field`].
    pub fn is_field(self) -> bool {
        self.field
    }

    /// Whether its files hold numbers of all samples.
    pub fn holds_numbers(self) -> bool {
        self.field || !self.colors
    }

    /// Whether pixels may have an opacity.
    pub fn has_opacity(self) -> bool {
        self.alpha && self.colors
    }

    /// Whether it has a [quality](Options::quality).
    pub fn has_quality(self) -> bool {
        self.quality
    }

    /// Whether it makes files beside the one that is named: see [`Out::file`](crate::encode::Out::file).
    pub fn makes_files(self) -> bool {
        self.files
    }

    /// Whether channels may have 16 bits.
    pub fn has_sixteen_bits(self) -> bool {
        self.sixteen && self.colors
    }

    /// Checks that a picture fits the format.
    ///
    /// # Errors
    /// [`Error::NoOpacity`] and [`Error::NoDepth`] for pixels that it does not know, [`Error::FormatSide`] and [`Error::FormatBytes`] for a
    /// picture beyond its size.
    pub fn check(self, layout: Layout, options: Options) -> Result<(), Error> {
        if !self.colors {
            return Ok(());
        }
        if layout.alpha && !self.alpha {
            return Err(Error::NoOpacity(self.to_string()));
        }
        if options.depth == Depth::Sixteen && !self.sixteen {
            return Err(Error::NoDepth(self.to_string()));
        }
        let (side, bytes) = self.most;
        if layout.width.max(layout.height) > side {
            return Err(Error::FormatSide(self.to_string(), side));
        }
        let pixel = (layout.channels() * options.depth.bytes()) as u64;
        if (pixel * u64::from(layout.width)).saturating_mul(layout.height.into()) > bytes {
            return Err(Error::FormatBytes(self.to_string(), bytes));
        }
        Ok(())
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
        self.suffixes == other.suffixes
    }
}

impl fmt::Display for Format {
    /// The usual suffix of its files, without the dot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.suffixes[0])
    }
}

impl FromStr for Format {
    type Err = Error;

    /// Reads a suffix, in upper or lower case, without the dot.
    fn from_str(suffix: &str) -> Result<Self, Error> {
        let known =
            Self::all().find(|format| format.suffixes.iter().any(|known| suffix.eq_ignore_ascii_case(known)));
        known.ok_or_else(|| Error::UnknownFormat(suffix.into()))
    }
}

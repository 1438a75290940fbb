//! The interface of file formats: bands in, bytes out.
//!
//! A band is encoded into pieces on any thread, with a state of that thread; pieces are appended in order. The bytes of
//! the file depend on the picture alone: a format encodes strips of rows on their own, their height depends only on the
//! size of the picture, and bands hold whole strips.

use std::io::{self, Write};
use std::ops::Range;

use crate::encode::footprint::Footprint;
use crate::field::{Distance, Escape};

/// The size of a picture, and what its numbers mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Pixels in a row.
    pub width: u32,
    /// Rows of pixels.
    pub height: u32,
    /// Samples along each side of a pixel.
    pub supersample: u32,
    /// The limit that was iterated to.
    pub max_iter: u32,
    /// Whether pixels have an opacity.
    pub alpha: bool,
}

impl Layout {
    /// Channels of a pixel: red, green, blue, and opacity where there is one.
    pub fn channels(self) -> usize {
        if self.alpha { 4 } else { 3 }
    }
}

impl Layout {
    /// Columns and rows of samples.
    pub(super) fn samples(&self) -> (u64, u64) {
        let samples = |pixels| u64::from(pixels) * u64::from(self.supersample);
        (samples(self.width), samples(self.height))
    }
}

/// What a format requires of the render.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Bands, except the last one, hold a multiple of this many rows of pixels.
    pub rows: u32,
    /// Whether it takes the numbers of all samples.
    pub numbers: bool,
    /// Whether it takes the colors of all pixels as sRGB bytes.
    pub colors: bool,
    /// Whether it takes them in linear light.
    pub light: bool,
    /// Whether it takes the distances of all samples.
    pub distances: bool,
    /// Whether it takes of all samples whether their counts are proven.
    pub certain: bool,
}

/// Some rows of a picture.
///
/// The default has no rows; what nobody takes is left so.
#[derive(Clone, Debug, Default)]
pub struct Band<'a> {
    /// The rows of pixels.
    pub rows: Range<u32>,
    /// The results of all samples in these rows, row of samples by row of samples.
    pub escapes: &'a [Escape],
    /// Their distances; empty if nobody takes them.
    pub distances: &'a [Distance],
    /// Whether the count of each is proven; empty if nobody takes that.
    pub certain: &'a [bool],
    /// How many samples were added where pixels needed more.
    pub added: u64,
    /// An sRGB byte for each [channel](Layout::channels) of the pixels of these rows; empty if no format takes colors so.
    pub pixels: &'a [u8],
    /// The same in linear light, 0 to 65535; empty if no format takes colors so.
    pub light: &'a [u16],
}

impl Needs {
    /// Whether it takes colors of one kind or the other.
    pub fn is_picture(self) -> bool {
        self.colors || self.light
    }
}

/// A piece of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The encoded bytes.
    pub bytes: Vec<u8>,
    /// The checksum of what was encoded, where the format has one.
    pub checksum: u32,
    /// The length of what the checksum covers.
    pub length: u64,
}

impl Piece {
    /// Pieces of an Adler-32 stream as one.
    pub(super) fn joined(pieces: Vec<Self>) -> Self {
        let length = pieces.iter().map(|piece| piece.bytes.len()).sum();
        let mut joined = Self { bytes: Vec::with_capacity(length), checksum: 1, length: 0 };
        for piece in pieces {
            joined.bytes.extend(piece.bytes);
            joined.checksum = adler_of_both(joined.checksum, piece.checksum, piece.length);
            joined.length += piece.length;
        }
        joined
    }
}

/// The keyword of the text that is the scene.
pub const SCENE: &str = "mandel";

/// Texts that go into the file: keyword and text.
pub type Texts<'a> = &'a [(&'a str, &'a str)];

/// Where the bytes of a file go.
pub trait Out: Write + Send {
    /// Writes bytes at a place in the file, which may lie behind its end. What is written in order goes on where it was.
    ///
    /// # Errors
    /// Those of the writer; [`io::ErrorKind::Unsupported`] where bytes can only be written in order.
    fn write_at(&mut self, place: u64, bytes: &[u8]) -> io::Result<()> {
        let _ = (place, bytes);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Makes another file, for formats of more than one. Its name is a path with `/` in the folder of these
    /// files.
    ///
    /// A single stream has all files one behind the other.
    ///
    /// # Errors
    /// Those of the writer.
    fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.write_all(name.as_bytes())?;
        self.write_all(bytes)
    }
}

impl Out for io::Stderr {}

impl Out for Vec<u8> {
    fn write_at(&mut self, place: u64, bytes: &[u8]) -> io::Result<()> {
        let end = place as usize + bytes.len();
        self.resize(end.max(self.len()), 0);
        self[place as usize..end].copy_from_slice(bytes);
        Ok(())
    }
}

/// A format for one picture.
pub trait Sink: Send + Sync {
    /// What it requires of the render.
    fn needs(&self) -> Needs;

    /// The memory that it takes.
    fn footprint(&self) -> Footprint;

    /// The least size of the file in bytes.
    fn least_size(&self) -> u64;

    /// Whether it writes with [`Out::write_at`], which pipes cannot.
    fn takes_places(&self) -> bool {
        false
    }

    /// Whether the texts of the place in the words of other programs belong into it.
    fn names_place(&self) -> bool {
        false
    }

    /// The largest `max_iter` whose counts it can hold.
    fn max_iter(&self) -> u32 {
        u32::MAX
    }

    /// Whether its file holds all numbers and the scene, so that it can be colored again: then all of the scene is found, the curve of
    /// its map too, even if no color is wanted.
    fn is_field(&self) -> bool {
        false
    }

    /// A state for one thread that turns bands into pieces.
    fn encoder(&self) -> Box<dyn Encoder + '_>;

    /// Writes what stands before the first band, with `texts` where the format has a place for them.
    ///
    /// # Errors
    /// Those of the writer.
    fn begin<'a>(&self, to: &'a mut dyn Out, texts: Texts) -> io::Result<Box<dyn Append + 'a>>;
}

/// Turns bands into pieces, on one thread.
pub trait Encoder {
    /// Adds the pieces of a band, which holds whole strips.
    fn encode(&mut self, band: &Band, pieces: &mut Vec<Piece>);
}

/// Appends pieces to the file, in order.
pub trait Append: Send {
    /// Writes the next piece.
    ///
    /// # Errors
    /// Those of the writer.
    fn append(&mut self, piece: Piece) -> io::Result<()>;

    /// Writes what stands after the last band.
    ///
    /// # Errors
    /// Those of the writer.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Writes pieces as they are.
pub(super) struct Bytes<'a> {
    pub(super) to: &'a mut dyn Out,
}

impl Append for Bytes<'_> {
    fn append(&mut self, piece: Piece) -> io::Result<()> {
        self.to.write_all(&piece.bytes)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

/// The Adler-32 of two concatenated byte strings, from that of each and the length of the second.
///
/// Adler-32 is a = 1 + sum of the bytes and b = sum of all a so far, both modulo 65521 (RFC 1950). Behind the first
/// string every a of the second is larger by the first a - 1, and the sum of them by that times the length.
pub(super) fn adler_of_both(first: u32, second: u32, length: u64) -> u32 {
    const MODULUS: u64 = 65_521;
    let parts = |adler: u32| (u64::from(adler & 0xffff), u64::from(adler >> 16));
    let ((a1, b1), (a2, b2)) = (parts(first), parts(second));
    let a = (a1 + a2 + MODULUS - 1) % MODULUS;
    let b = (b1 + b2 + (length % MODULUS) * (a1 + MODULUS - 1)) % MODULUS;
    (b << 16 | a) as u32
}

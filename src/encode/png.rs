//! PNG, made by many threads.
//!
//! A strip of rows is filtered and deflated alone, on whichever thread is free, and ends at a byte boundary (a sync
//! flush), so that strips placed one after the other are one deflate stream. The picture never exists as a whole.
//! Where strips begin depends on the size of the picture alone, so the bytes of the file do not depend on threads or chunks.
//!
//! The first row of a strip does not know the row above and takes the filter Sub. For the others one fixed filter
//! did better on fractal pictures than choosing one row by row, which cost more time than deflating them.

use std::io::{self, Write};

use flate2::{Compress, FlushCompress};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::runs::Runs;
use crate::Pixmap;

/// How hard to try to make the file small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// About ten milliseconds a megapixel; a tenth to a quarter larger than `Balanced`.
    Fast,
    /// The size of the `png` crate's default.
    Balanced,
    /// As small as deflate gets.
    Best,
}

impl Compression {
    fn deflate(self) -> Deflate {
        let zlib = |level| Deflate::Zlib(Box::new(Compress::new(flate2::Compression::new(level), false)));
        match self {
            Self::Fast => Deflate::Runs(Runs::default()),
            Self::Balanced => zlib(6),
            Self::Best => zlib(9),
        }
    }

    fn filter(self) -> Filter {
        match self {
            Self::Fast => Filter::Up,
            Self::Balanced | Self::Best => Filter::Paeth,
        }
    }
}

enum Deflate {
    Runs(Runs),
    Zlib(Box<Compress>),
}

/// The filters in use, by their number in the file (PNG specification, 9.2).
#[derive(Clone, Copy)]
enum Filter {
    Sub = 1,
    Up = 2,
    Paeth = 4,
}

/// Bytes of a pixel.
const PIXEL: usize = 3;

/// Raw bytes in a strip, if a row is not longer.
///
/// A strip begins with an empty dictionary. At 128 KiB the files are 1 % larger than at 256 KiB.
const STRIP: u64 = 128 << 10;
/// Strips in a picture that is high enough: some for each of several threads, also in a small one.
const STRIPS: u32 = 16;

/// Rows of a strip in a picture of this size.
pub fn rows_per_strip(width: u32, height: u32) -> u32 {
    let rows = STRIP / (PIXEL as u64 * u64::from(width));
    rows.min(u64::from(height.div_ceil(STRIPS))).max(1) as u32
}

/// A strip of rows, filtered and deflated.
pub struct Strip {
    deflated: Vec<u8>,
    /// Adler-32 and length of the filtered rows.
    adler: u32,
    length: u64,
}

/// Filters and deflates strips, one after the other. Each thread has its own.
pub struct StripEncoder {
    compression: Compression,
    deflate: Deflate,
    filtered: Vec<u8>,
}

impl StripEncoder {
    /// An encoder of strips.
    pub fn new(compression: Compression) -> Self {
        Self { compression, deflate: compression.deflate(), filtered: Vec::new() }
    }

    /// Encodes the rows of one strip, `3 * width` bytes each. `last` ends the picture.
    pub fn encode(&mut self, rows: &[u8], width: u32, last: bool) -> Strip {
        let row = PIXEL * width as usize;
        debug_assert!(!rows.is_empty() && rows.len().is_multiple_of(row), "whole rows");
        self.filtered.clear();
        self.filtered.reserve(rows.len() + rows.len() / row);
        let mut above: Option<&[u8]> = None;
        for row in rows.chunks_exact(row) {
            match above {
                None => filter_row(Filter::Sub, row, row, &mut self.filtered),
                Some(above) => filter_row(self.compression.filter(), row, above, &mut self.filtered),
            }
            above = Some(row);
        }
        let mut deflated = Vec::new();
        match &mut self.deflate {
            Deflate::Runs(runs) => runs.deflate(&self.filtered, last, &mut deflated),
            Deflate::Zlib(zlib) => deflate(zlib, &self.filtered, last, &mut deflated),
        }
        Strip {
            deflated,
            adler: simd_adler32::adler32(&self.filtered.as_slice()),
            length: self.filtered.len() as u64,
        }
    }
}

/// Deflates a piece of a stream through zlib.
fn deflate(zlib: &mut Compress, data: &[u8], last: bool, out: &mut Vec<u8>) {
    let flush = if last { FlushCompress::Finish } else { FlushCompress::Sync };
    zlib.reset();
    out.reserve(data.len() / 4 + 1024);
    loop {
        // Deflating into memory with room has no way to fail.
        let _ = zlib.compress_vec(&data[zlib.total_in() as usize..], out, flush);
        // Output that did not fill the room is complete.
        if out.len() < out.capacity() {
            break;
        }
        out.reserve(out.len() / 2);
    }
    debug_assert_eq!(zlib.total_in() as usize, data.len(), "all input is taken");
}

/// Appends the filter's number and the filtered row.
fn filter_row(filter: Filter, row: &[u8], above: &[u8], out: &mut Vec<u8>) {
    out.push(filter as u8);
    match filter {
        Filter::Sub => {
            out.extend_from_slice(&row[..PIXEL]);
            out.extend(row[PIXEL..].iter().zip(row).map(|(x, left)| x.wrapping_sub(*left)));
        }
        Filter::Up => out.extend(row.iter().zip(above).map(|(x, up)| x.wrapping_sub(*up))),
        Filter::Paeth => {
            // With nothing to the left, the predictor is the byte above.
            out.extend(row[..PIXEL].iter().zip(above).map(|(x, up)| x.wrapping_sub(*up)));
            let neighbours = row.iter().zip(&above[PIXEL..]).zip(above);
            out.extend(
                row[PIXEL..]
                    .iter()
                    .zip(neighbours)
                    .map(|(x, ((left, up), corner))| x.wrapping_sub(paeth(*left, *up, *corner))),
            );
        }
    }
}

/// The neighbour closest to left + up - corner (PNG specification, 9.4).
#[inline(always)]
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let (pa, pb, pc) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    if pa <= pb && pa <= pc {
        left
    } else if pb <= pc {
        up
    } else {
        corner
    }
}

/// Writes a PNG strip by strip.
pub struct PngWriter<W: Write> {
    chunks: png::Writer<W>,
    /// Adler-32 of all rows so far; `None` before the first strip.
    adler: Option<u32>,
}

impl<W: Write> PngWriter<W> {
    /// Writes everything that stands before the picture: 8-bit RGB, marked as sRGB.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(to: W, width: u32, height: u32) -> io::Result<Self> {
        let mut encoder = png::Encoder::new(to, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
        Ok(Self { chunks: encoder.write_header().map_err(io_error)?, adler: None })
    }

    /// Writes the next strip.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&mut self, strip: &Strip) -> io::Result<()> {
        /// Viewers read a chunk as a whole; a mebibyte is small enough for all.
        const CHUNK: usize = 1 << 20;
        match self.adler {
            None => {
                // The zlib header: deflate with a 32 KiB window, no dictionary (RFC 1950).
                self.chunks.write_chunk(png::chunk::IDAT, &[0x78, 0x01]).map_err(io_error)?;
                self.adler = Some(strip.adler);
            }
            Some(adler) => self.adler = Some(adler_of_both(adler, strip.adler, strip.length)),
        }
        for data in strip.deflated.chunks(CHUNK) {
            self.chunks.write_chunk(png::chunk::IDAT, data).map_err(io_error)?;
        }
        Ok(())
    }

    /// Writes everything that stands after the picture.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<()> {
        let adler = self.adler.unwrap_or(1);
        self.chunks.write_chunk(png::chunk::IDAT, &adler.to_be_bytes()).map_err(io_error)?;
        self.chunks.finish().map_err(io_error)
    }
}

fn io_error(error: png::EncodingError) -> io::Error {
    match error {
        png::EncodingError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

/// The Adler-32 of two byte strings in a row, from that of each and the length of the second.
///
/// Adler-32 is a = 1 + sum of the bytes and b = sum of all a on the way, both modulo 65521 (RFC 1950). Behind the first string
/// every a of the second is larger by the first a - 1, and b by that times the length.
fn adler_of_both(first: u32, second: u32, length: u64) -> u32 {
    const MODULUS: u64 = 65_521;
    let parts = |adler: u32| (u64::from(adler & 0xffff), u64::from(adler >> 16));
    let ((a1, b1), (a2, b2)) = (parts(first), parts(second));
    let a = (a1 + a2 + MODULUS - 1) % MODULUS;
    let b = (b1 + b2 + (length % MODULUS) * (a1 + MODULUS - 1)) % MODULUS;
    (b << 16 | a) as u32
}

/// A whole picture as PNG, through the `image` crate: the plain way, for small pictures and as the truth for the other.
///
/// # Errors
/// Those of the encoder, which has none for a picture whose size fits its bytes.
pub fn encode(pixmap: &Pixmap) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(&pixmap.bytes, pixmap.width, pixmap.height, ExtendedColorType::Rgb8)
        .map_err(io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Vec<u8> {
        image::load_from_memory(bytes).expect("a picture").into_rgb8().into_raw()
    }

    /// A picture with smooth and rough parts.
    fn pixmap(width: u32, height: u32) -> Pixmap {
        let mut state = 1_u32;
        let bytes = (0..3 * width * height)
            .map(|i| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if i % 97 < 50 { (i / 7) as u8 } else { (state >> 24) as u8 }
            })
            .collect();
        Pixmap { width, height, bytes }
    }

    #[test]
    fn strips_make_the_same_picture_as_the_plain_way() {
        for (width, height) in [(1, 1), (1, 300), (300, 1), (100, 77), (50_000, 3), (700, 200)] {
            let pixmap = pixmap(width, height);
            let truth = decode(&encode(&pixmap).expect("memory"));
            assert!(truth == pixmap.bytes);
            for compression in [Compression::Fast, Compression::Balanced, Compression::Best] {
                let mut bytes = Vec::new();
                let mut writer = PngWriter::new(&mut bytes, width, height).expect("memory");
                let mut encoder = StripEncoder::new(compression);
                let strip = (rows_per_strip(width, height) * 3 * width) as usize;
                let count = pixmap.bytes.chunks(strip).count();
                for (i, rows) in pixmap.bytes.chunks(strip).enumerate() {
                    writer.write(&encoder.encode(rows, width, i + 1 == count)).expect("memory");
                }
                writer.finish().expect("memory");
                assert!(decode(&bytes) == truth, "{width}x{height}, {compression:?}");
            }
        }
    }

    #[test]
    fn checksums_of_parts_make_that_of_the_whole() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|i| (i.wrapping_mul(i) >> 3) as u8).collect();
        let adler = |bytes: &[u8]| simd_adler32::adler32(&bytes);
        for cut in [1, 7, 65_521, 100_000, 199_999] {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(adler_of_both(adler(first), adler(second), second.len() as u64), adler(&bytes));
        }
    }
}

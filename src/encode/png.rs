//! PNG, encoded by many threads.
//!
//! A strip of rows is filtered and deflated on its own and ends at a byte boundary (a sync flush), so that the strips in
//! order are one deflate stream. Where strips begin depends on the size of the picture alone, so the bytes of the file do
//! not depend on threads or bands, and the picture is never in memory as a whole.
//!
//! The first row of a strip is filtered without the row above (Sub). For the others, one fixed filter gave smaller files
//! of fractal pictures than choosing one for each row, which took longer than deflating them.

use std::io::{self, Write};

use flate2::{Compress, FlushCompress};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use png::text_metadata::ITXtChunk;

use crate::encode::depth::Depth;
use crate::encode::footprint::Footprint;
use crate::encode::picture::Picture;
use crate::encode::runs::Runs;
use crate::encode::sink::{Append, Band, Encoder, Layout, Needs, Out, Piece, Sink, Texts, adler_of_both};
use crate::pixmap::Pixmap;

/// The effort spent on a small file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// About ten milliseconds a megapixel; a tenth to a quarter larger than `Balanced`.
    #[default]
    Fast,
    /// As the default of the `png` crate.
    Balanced,
    /// The highest level of deflate.
    Best,
}

impl Compression {
    fn deflate(self, pixel: usize) -> Deflate {
        let zlib = |level| Deflate::Zlib(Box::new(Compress::new(flate2::Compression::new(level), false)));
        match self {
            Self::Fast => Deflate::Runs(Runs::new(pixel)),
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

/// Raw bytes in a strip, if a row is not longer.
///
/// A strip begins with an empty dictionary. At 128 KiB the files are 1 % larger than at 256 KiB.
const STRIP: u64 = 128 << 10;
/// Strips in a picture that is high enough, so that a small one also occupies several threads.
const STRIPS: u32 = 16;

/// Rows of a strip in a picture of this size, with so many bytes in a pixel.
pub(crate) fn rows_per_strip(width: u32, height: u32, pixel: usize) -> u32 {
    let rows = STRIP / (pixel as u64 * u64::from(width));
    rows.min(u64::from(height.div_ceil(STRIPS))).max(1) as u32
}

/// A picture as PNG: RGB or RGBA, marked as sRGB.
pub struct Png {
    layout: Layout,
    compression: Compression,
    depth: Depth,
}

impl Png {
    /// The format for a picture of that size.
    pub fn new(layout: Layout, compression: Compression, depth: Depth) -> Self {
        Self { layout, compression, depth }
    }

    /// Bytes of a pixel.
    fn pixel(&self) -> usize {
        self.layout.channels() * self.depth.bytes()
    }

    fn rows_per_strip(&self) -> u32 {
        rows_per_strip(self.layout.width, self.layout.height, self.pixel())
    }
}

impl Sink for Png {
    fn needs(&self) -> Needs {
        Needs { rows: self.rows_per_strip(), ..self.depth.needs() }
    }

    fn footprint(&self) -> Footprint {
        let pixel = self.pixel() as u64;
        let strip = pixel * u64::from(self.layout.width) * u64::from(self.rows_per_strip());
        // A strip filtered and deflated, and pixels of 16 bits converted.
        let band = if self.depth == Depth::Eight { 0 } else { pixel };
        Footprint { encoder: 2 * strip, band, piece: pixel, ..Footprint::default() }
    }

    fn least_size(&self) -> u64 {
        // The largest ratio of deflate is 1032: two bits for a run of 258 bytes.
        self.pixel() as u64 * u64::from(self.layout.width) * u64::from(self.layout.height) / 1032
    }

    fn encoder(&self) -> Box<dyn Encoder + '_> {
        let strips = StripEncoder::new(self.compression, self.pixel());
        Box::new(Strips { png: self, strips, samples: Vec::new() })
    }

    fn begin<'a>(&self, to: &'a mut dyn Out, texts: Texts) -> io::Result<Box<dyn Append + 'a>> {
        let chunks = begin(self.layout, self.depth, to, texts, |_| ())?;
        Ok(Box::new(Chunks { chunks, adler: None }))
    }
}

/// Encodes the strips of a picture.
struct Strips<'a> {
    png: &'a Png,
    strips: StripEncoder,
    /// The pixels of a band, where they have to be converted.
    samples: Vec<u8>,
}

impl Encoder for Strips<'_> {
    fn encode(&mut self, band: &Band, pieces: &mut Vec<Piece>) {
        let Layout { width, height, .. } = self.png.layout;
        let rows = self.png.rows_per_strip();
        debug_assert!(band.rows.start.is_multiple_of(rows), "whole strips");
        let row = self.png.pixel() * width as usize;
        let channels = self.png.layout.channels();
        let pixels = self.png.depth.samples(band, channels, u16::to_be_bytes, &mut self.samples);
        let strips = pixels.chunks(row * rows as usize).zip(band.rows.clone().step_by(rows as usize));
        let strips =
            strips.map(|(pixels, top)| self.strips.strip(pixels.chunks_exact(row), height - top <= rows));
        pieces.extend(strips);
    }
}

/// Filters and deflates strips.
pub(super) struct StripEncoder {
    filter: Filter,
    /// Bytes of a pixel.
    pixel: usize,
    deflate: Deflate,
    filtered: Vec<u8>,
    deflated: Vec<u8>,
}

impl StripEncoder {
    pub(super) fn new(compression: Compression, pixel: usize) -> Self {
        let (filter, deflate) = (compression.filter(), compression.deflate(pixel));
        Self { filter, pixel, deflate, filtered: Vec::new(), deflated: Vec::new() }
    }

    /// Encodes the rows of one strip. `last` ends the picture.
    pub(super) fn strip<'a>(&mut self, rows: impl Iterator<Item = &'a [u8]>, last: bool) -> Piece {
        self.filtered.clear();
        let mut above: Option<&[u8]> = None;
        for row in rows {
            match above {
                None => filter_row(Filter::Sub, self.pixel, row, row, &mut self.filtered),
                Some(above) => filter_row(self.filter, self.pixel, row, above, &mut self.filtered),
            }
            above = Some(row);
        }
        self.deflated.clear();
        match &mut self.deflate {
            Deflate::Runs(runs) => runs.deflate(&self.filtered, last, &mut self.deflated),
            Deflate::Zlib(zlib) => deflate(zlib, &self.filtered, last, &mut self.deflated),
        }
        let checksum = simd_adler32::adler32(&self.filtered.as_slice());
        // A copy without room to spare: many pieces may wait.
        Piece { bytes: self.deflated.as_slice().into(), checksum, length: self.filtered.len() as u64 }
    }
}

/// Deflates a piece of a stream through zlib.
fn deflate(zlib: &mut Compress, data: &[u8], last: bool, out: &mut Vec<u8>) {
    let flush = if last { FlushCompress::Finish } else { FlushCompress::Sync };
    zlib.reset();
    out.reserve(data.len() / 4 + 1024);
    loop {
        // Deflating into memory cannot fail.
        let _ = zlib.compress_vec(&data[zlib.total_in() as usize..], out, flush);
        // The output is complete if it did not fill the buffer.
        if out.len() < out.capacity() {
            break;
        }
        out.reserve(out.len() / 2);
    }
    debug_assert_eq!(zlib.total_in() as usize, data.len(), "all input is taken");
}

/// Appends the filter's number and the filtered row.
fn filter_row(filter: Filter, pixel: usize, row: &[u8], above: &[u8], out: &mut Vec<u8>) {
    out.push(filter as u8);
    match filter {
        Filter::Sub => {
            out.extend_from_slice(&row[..pixel]);
            out.extend(row[pixel..].iter().zip(row).map(|(x, left)| x.wrapping_sub(*left)));
        }
        Filter::Up => out.extend(row.iter().zip(above).map(|(x, up)| x.wrapping_sub(*up))),
        Filter::Paeth => {
            // With nothing to the left, the predictor is the byte above.
            out.extend(row[..pixel].iter().zip(above).map(|(x, up)| x.wrapping_sub(*up)));
            let neighbors = row.iter().zip(&above[pixel..]).zip(above);
            out.extend(
                row[pixel..]
                    .iter()
                    .zip(neighbors)
                    .map(|(x, ((left, up), corner))| x.wrapping_sub(paeth(*left, *up, *corner))),
            );
        }
    }
}

/// The neighbor closest to left + up - corner (PNG specification, 9.4).
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
struct Chunks<W: Write> {
    chunks: png::Writer<W>,
    /// Adler-32 of all rows so far; `None` before the first strip.
    adler: Option<u32>,
}

impl<W: Write + Send> Append for Chunks<W> {
    fn append(&mut self, strip: Piece) -> io::Result<()> {
        /// Decoders may read a chunk as a whole, so chunks are at most this long.
        const CHUNK: usize = 1 << 20;
        match self.adler {
            None => {
                // The zlib header: deflate with a 32 KiB window, no dictionary (RFC 1950).
                self.chunks.write_chunk(png::chunk::IDAT, &[0x78, 0x01]).map_err(io_error)?;
                self.adler = Some(strip.checksum);
            }
            Some(adler) => self.adler = Some(adler_of_both(adler, strip.checksum, strip.length)),
        }
        for data in strip.bytes.chunks(CHUNK) {
            self.chunks.write_chunk(png::chunk::IDAT, data).map_err(io_error)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let adler = self.adler.unwrap_or(1);
        self.chunks.write_chunk(png::chunk::IDAT, &adler.to_be_bytes()).map_err(io_error)?;
        self.chunks.finish().map_err(io_error)
    }
}

pub(super) fn io_error(error: png::EncodingError) -> io::Error {
    match error {
        png::EncodingError::IoError(error) => error,
        other => io::Error::other(other),
    }
}

/// Writes a whole picture with the highest level of the `png` crate: a filter for each row by the sum of its differences, and one
/// deflate stream. Takes one thread, and gives files 2 to 8 % smaller than strips.
pub(super) fn encode_whole(picture: &Picture, to: &mut dyn Write) -> io::Result<()> {
    let mut chunks = begin(picture.layout, picture.depth, to, &picture.texts, |encoder| {
        encoder.set_compression(png::Compression::High);
        encoder.set_filter(png::Filter::Adaptive);
    })?;
    chunks.write_image_data(&picture.samples).map_err(io_error)?;
    chunks.finish().map_err(io_error)
}

/// Writes what stands before the pixels.
pub(super) fn begin<W: Write>(
    layout: Layout,
    depth: Depth,
    to: W,
    texts: &[(impl AsRef<str>, impl AsRef<str>)],
    set: impl Fn(&mut png::Encoder<W>),
) -> io::Result<png::Writer<W>> {
    let mut encoder = png::Encoder::new(to, layout.width, layout.height);
    encoder.set_color(if layout.alpha { png::ColorType::Rgba } else { png::ColorType::Rgb });
    encoder.set_depth(match depth {
        Depth::Eight => png::BitDepth::Eight,
        Depth::Sixteen => png::BitDepth::Sixteen,
    });
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    set(&mut encoder);
    let mut chunks = encoder.write_header().map_err(io_error)?;
    for (keyword, text) in texts {
        /// Shorter texts are not compressed, so that they can be read in the file.
        const LONG: usize = 4096;
        let mut chunk = ITXtChunk::new(keyword.as_ref(), text.as_ref());
        chunk.compressed = text.as_ref().len() > LONG;
        chunks.write_text_chunk(&chunk).map_err(io_error)?;
    }
    Ok(chunks)
}

/// A whole picture as PNG by the `image` crate: for small pictures, and for tests to compare with.
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
        Pixmap { width, height, alpha: false, bytes }
    }

    #[test]
    fn strips_decode_to_the_same_picture_as_a_whole() {
        for (width, height) in [(1, 1), (1, 300), (300, 1), (100, 77), (50_000, 3), (700, 200)] {
            let pixmap = pixmap(width, height);
            let truth = decode(&encode(&pixmap).expect("memory"));
            assert!(truth == pixmap.bytes);
            let layout = Layout { width, height, supersample: 1, max_iter: 1, alpha: false };
            for compression in [Compression::Fast, Compression::Balanced, Compression::Best] {
                let mut bytes = Vec::new();
                let png = Png::new(layout, compression, Depth::Eight);
                let mut pieces = Vec::new();
                png.encoder()
                    .encode(&Band { rows: 0..height, pixels: &pixmap.bytes, ..Band::default() }, &mut pieces);
                let long = "long ".repeat(2000);
                let mut file = png.begin(&mut bytes, &[("a", "b"), ("c", &long)]).expect("memory");
                pieces.into_iter().for_each(|piece| file.append(piece).expect("memory"));
                file.finish().expect("memory");
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

//! OpenEXR: the numbers of all samples in the channels that fractal programs read.
//!
//! The layout is that of Kalles Fraktaler and Fraktaler-3 (C. Heiland-Allen, "Towards a common file format for 2D escape time
//! iteration data", 2019): `N` + `NF` - `IterationsBias` is the smooth count, `DEX` and `DEY` are the distance. The channel `NFX` is
//! our own: in it the bits of the fraction of an [`Escape`] differ from those of `NF`, so that both its numbers are found again to the last
//! bit. It is 0 nearly everywhere. `R`, `G` and `B` are the picture in linear light, repeated for all samples of a pixel, so that any
//! viewer of pictures shows it. The file is written by hand, since the headers of the crate `exr` keep attributes in an order that
//! changes from run to run. ("OpenEXR File Layout", openexr.com.)

use std::io;

use exr::prelude::f16;
use flate2::{Compress, Compression, FlushCompress};

use crate::encode::beside::Beside;
use crate::encode::exr_text::EXR_SIGNATURE;
use crate::encode::footprint::Footprint;
use crate::encode::sink::{Append, Band, Encoder, Layout, Needs, Out, Piece, Sink, Texts};
use crate::field::Escape;

/// What is added to counts in `N`, so that none is 0, which stands for a sample without data.
pub(crate) const BIAS: u32 = 1024;
/// `N` of a sample that did not escape.
pub(crate) const NOT_ESCAPED: u32 = u32::MAX;
/// The most by which a fraction moves `N`. A larger one, which comes of an escape radius beyond all use, is left out of it.
const REACH: f32 = 512.0;

/// The largest `max_iter`: larger counts do not fit into `N`.
const MAX_ITER: u32 = NOT_ESCAPED - 1 - BIAS - REACH as u32;

/// Rows of samples in a block.
const ROWS: u32 = 16;

/// What a channel holds.
#[derive(Clone, Copy, PartialEq)]
enum Content {
    /// A channel of the pixel that the sample belongs to, in linear light: 0 to 3 for red, green, blue and opacity.
    Light(usize),
    Right,
    /// As rows count.
    Down,
    Whole,
    Part,
    Difference,
    /// 1 where the count is proven, and 0.
    Certain,
}

/// The channels, in the order of the file, which is that of their names.
const CHANNELS: [(&str, Content); 10] = [
    ("A", Content::Light(3)),
    ("B", Content::Light(2)),
    ("CERTAIN", Content::Certain),
    ("DEX", Content::Right),
    ("DEY", Content::Down),
    ("G", Content::Light(1)),
    ("N", Content::Whole),
    ("NF", Content::Part),
    ("NFX", Content::Difference),
    ("R", Content::Light(0)),
];

impl Content {
    /// The type by its number in the file, and its bytes: whole numbers, and floats of two sizes.
    fn kind(self) -> (u32, u64) {
        match self {
            Self::Whole | Self::Difference | Self::Certain => (0, 4),
            Self::Light(_) => (1, 2),
            Self::Right | Self::Down | Self::Part => (2, 4),
        }
    }
}

/// All numbers of a picture.
pub struct Exr {
    layout: Layout,
    beside: Beside,
}

impl Exr {
    /// The format for the samples of a picture of that size.
    pub fn new(layout: Layout, beside: Beside) -> Self {
        Self { layout, beside }
    }

    fn channels(&self) -> impl Iterator<Item = (&'static str, Content)> {
        CHANNELS.into_iter().filter(|(_, content)| match content {
            Content::Light(channel) => *channel < self.layout.channels(),
            Content::Right | Content::Down => self.beside.distances,
            Content::Certain => self.beside.certain,
            _ => true,
        })
    }

    /// Bytes of a sample.
    fn sample(&self) -> u64 {
        self.channels().map(|(_, content)| content.kind().1).sum()
    }
}

impl Sink for Exr {
    fn needs(&self) -> Needs {
        // The least rows of pixels whose samples fill blocks.
        let k = self.layout.supersample;
        let rows = (1..=ROWS).find(|rows| (rows * k).is_multiple_of(ROWS)).unwrap_or(ROWS);
        let Beside { distances, certain } = self.beside;
        Needs { rows, numbers: true, light: true, distances, certain, ..Needs::default() }
    }

    fn footprint(&self) -> Footprint {
        let (k, (width, height)) = (u64::from(self.layout.supersample), self.layout.samples());
        // The rows of a block, the same sorted, and packed.
        let block = self.sample() * width * u64::from(ROWS).min(height);
        let encoder = 3 * block + size_of::<[f16; 1 << 16]>() as u64;
        Footprint { encoder, piece: k * k * self.sample(), ..Footprint::default() }
    }

    fn least_size(&self) -> u64 {
        // The largest ratio of deflate is 1032.
        let (width, height) = self.layout.samples();
        self.sample().saturating_mul(width).saturating_mul(height) / 1032
    }

    fn takes_places(&self) -> bool {
        true
    }

    fn max_iter(&self) -> u32 {
        MAX_ITER
    }

    fn is_field(&self) -> bool {
        true
    }

    fn names_place(&self) -> bool {
        true
    }

    fn encoder(&self) -> Box<dyn Encoder + '_> {
        // Level 4 is that of OpenEXR itself.
        let zlib = Compress::new(Compression::new(4), true);
        let (raw, split, packed) = (Vec::new(), Vec::new(), Vec::new());
        Box::new(Blocks { exr: self, zlib, halves: Halves::new(), raw, split, packed })
    }

    fn begin<'a>(&self, to: &'a mut dyn Out, texts: Texts) -> io::Result<Box<dyn Append + 'a>> {
        let header = self.header(texts);
        let blocks = self.layout.samples().1.div_ceil(u64::from(ROWS));
        let table = header.len() as u64;
        to.write_at(0, &header)?;
        // The table of the places of all blocks follows; it is written as they become known.
        Ok(Box::new(Chunks { to, table, place: table + 8 * blocks }))
    }
}

impl Exr {
    /// Magic number, version, and attributes.
    fn header(&self, texts: Texts) -> Vec<u8> {
        let (width, height) = self.layout.samples();
        let mut header = [&EXR_SIGNATURE[..], &2_u32.to_le_bytes()].concat();
        let mut attribute = |name: &str, kind: &str, value: &[u8]| {
            header.extend(name.bytes().chain([0]).chain(kind.bytes()).chain([0]));
            header.extend((value.len() as u32).to_le_bytes());
            header.extend(value);
        };
        let mut channels = Vec::new();
        for (name, content) in self.channels() {
            channels.extend(name.bytes().chain([0]));
            // The type, whether eyes see it as linear and three bytes for nothing, and every sample of every row.
            channels.extend([content.kind().0, 0, 1, 1].iter().flat_map(|number| number.to_le_bytes()));
        }
        channels.push(0);
        let window: Vec<u8> =
            [0, 0, width as u32 - 1, height as u32 - 1].iter().flat_map(|side| side.to_le_bytes()).collect();
        let one = 1_f32.to_le_bytes();
        attribute("channels", "chlist", &channels);
        // Deflate in blocks of 16 rows; rows from the top.
        attribute("compression", "compression", &[3]);
        attribute("dataWindow", "box2i", &window);
        attribute("displayWindow", "box2i", &window);
        attribute("lineOrder", "lineOrder", &[0]);
        attribute("pixelAspectRatio", "float", &one);
        attribute("screenWindowCenter", "v2f", &[0; 8]);
        attribute("screenWindowWidth", "float", &one);
        match i32::try_from(self.layout.max_iter) {
            Ok(n) => attribute("Iterations", "int", &n.to_le_bytes()),
            Err(_) => attribute("Iterations", "string", self.layout.max_iter.to_string().as_bytes()),
        }
        attribute("IterationsBias", "int", &BIAS.to_le_bytes());
        for (keyword, text) in texts {
            attribute(keyword, "string", text.as_bytes());
        }
        header.push(0);
        header
    }
}

/// `N` and `NF`: the smooth count, from which the fraction tells the count again.
fn smooth(escape: Escape) -> (u32, f32) {
    let Some(n) = escape.n() else { return (NOT_ESCAPED, 0.0) };
    let fraction = escape.fraction();
    if !in_reach(fraction) {
        return (n + BIAS, 0.0);
    }
    let smooth = f64::from(n) + f64::from(fraction) + f64::from(BIAS);
    // Above 0, so that the cast rounds down. The largest number below 1 takes the place of 1.
    let whole = smooth as u32;
    (whole, ((smooth - f64::from(whole)) as f32).min(1.0 - f32::EPSILON / 2.0))
}

/// Whether a fraction is part of `N` and `NF`.
fn in_reach(fraction: f32) -> bool {
    fraction.abs() <= REACH
}

/// The bits in which a fraction differs from `NF`.
fn difference(escape: Escape) -> u32 {
    smooth(escape).1.to_bits() ^ escape.parts().1.to_bits()
}

/// The count of which `N` and `NF` were made with this fraction; nothing where there is none.
pub(crate) fn count(n: u32, nf: f32, fraction: f32) -> Option<u32> {
    let smooth = f64::from(n) - f64::from(BIAS);
    let count =
        if in_reach(fraction) { (smooth + f64::from(nf) - f64::from(fraction)).round() } else { smooth };
    (0.0 <= count && count < f64::from(u32::MAX)).then_some(count as u32)
}

/// Compresses blocks of rows.
struct Blocks<'a> {
    exr: &'a Exr,
    zlib: Compress,
    halves: Halves,
    raw: Vec<u8>,
    split: Vec<u8>,
    packed: Vec<u8>,
}

/// Linear light of 16 bits as floats of 16 bits, where 65535 is 1.
struct Halves(Box<[f16]>);

impl Halves {
    fn new() -> Self {
        Self((0..=u16::MAX).map(|light| f16::from_f32(f32::from(light) / f32::from(u16::MAX))).collect())
    }

    /// Appends one channel of a row of pixels, for all samples in it. Colors are multiplied by their opacity, as OpenEXR has them.
    fn extend(&self, light: &[u16], channel: usize, layout: Layout, raw: &mut Vec<u8>) {
        for pixel in light.chunks_exact(layout.channels()) {
            let value = match pixel.get(3) {
                Some(&opacity) if channel < 3 => {
                    (u32::from(pixel[channel]) * u32::from(opacity) / u32::from(u16::MAX)) as u16
                }
                _ => pixel[channel],
            };
            let bytes = self.0[usize::from(value)].to_le_bytes();
            (0..layout.supersample).for_each(|_| raw.extend_from_slice(&bytes));
        }
    }
}

impl Encoder for Blocks<'_> {
    fn encode(&mut self, band: &Band, pieces: &mut Vec<Piece>) {
        let Layout { height, supersample, .. } = self.exr.layout;
        let (first, end) = (band.rows.start * supersample, band.rows.end * supersample);
        debug_assert!(first.is_multiple_of(ROWS) && (end.is_multiple_of(ROWS) || band.rows.end == height));
        for top in (first..end).step_by(ROWS as usize) {
            self.raw.clear();
            (top..end.min(top + ROWS)).for_each(|y| self.row(band, y - first));
            let bytes = self.block(top);
            pieces.push(Piece { length: bytes.len() as u64, bytes, checksum: 0 });
        }
    }
}

impl Blocks<'_> {
    /// Appends a row of samples of a band: all numbers of each channel.
    fn row(&mut self, band: &Band, y: u32) {
        let (raw, exr) = (&mut self.raw, self.exr);
        let width = exr.layout.samples().0 as usize;
        let row = y as usize * width..(y as usize + 1) * width;
        let escapes = &band.escapes[row.clone()];
        let distances = band.distances.get(row.clone()).unwrap_or_default();
        let certain = band.certain.get(row).unwrap_or_default();
        let pixels = exr.layout.channels() * exr.layout.width as usize;
        let light = &band.light[(y / exr.layout.supersample) as usize * pixels..][..pixels];
        for (_, content) in exr.channels() {
            match content {
                Content::Light(channel) => self.halves.extend(light, channel, exr.layout, raw),
                Content::Right => extend(raw, distances, |distance| distance.x.to_bits()),
                Content::Down => extend(raw, distances, |distance| (-distance.y).to_bits()),
                Content::Whole => extend(raw, escapes, |&escape| smooth(escape).0),
                Content::Part => extend(raw, escapes, |&escape| smooth(escape).1.to_bits()),
                Content::Difference => extend(raw, escapes, |&escape| difference(escape)),
                Content::Certain => extend(raw, certain, |&certain| u32::from(certain)),
            }
        }
    }

    /// The block of the rows in `raw`: number of the first row, length, data.
    ///
    /// First all bytes at even places, then the odd ones, then each but the first is its difference from the one before plus 128, then zlib;
    /// rows as they are where that is no smaller.
    fn block(&mut self, top: u32) -> Vec<u8> {
        let Self { raw, split, packed, zlib, .. } = self;
        split.clear();
        split.extend(raw.iter().step_by(2));
        split.extend(raw.iter().skip(1).step_by(2));
        // The first one keeps its value.
        let mut before = 128_u8;
        for byte in split.iter_mut() {
            (*byte, before) = (byte.wrapping_sub(before).wrapping_add(128), *byte);
        }
        packed.clear();
        packed.extend(top.to_le_bytes());
        packed.extend([0; 4]);
        packed.reserve(raw.len());
        zlib.reset();
        // What does not fit into the room of the rows themselves is of no use. Deflating into memory cannot fail.
        let status = zlib.compress_vec(split, packed, FlushCompress::Finish);
        if !matches!(status, Ok(flate2::Status::StreamEnd)) || packed.len() - 8 >= raw.len() {
            packed.truncate(8);
            packed.extend_from_slice(raw);
        }
        let length = (packed.len() - 8) as u32;
        packed[4..8].copy_from_slice(&length.to_le_bytes());
        // A copy without room to spare: many pieces may wait.
        packed.as_slice().into()
    }
}

/// Appends a number of each sample.
fn extend<T>(raw: &mut Vec<u8>, samples: &[T], number: impl Fn(&T) -> u32) {
    let start = raw.len();
    raw.resize(start + 4 * samples.len(), 0);
    for (out, sample) in raw[start..].as_chunks_mut().0.iter_mut().zip(samples) {
        *out = number(sample).to_le_bytes();
    }
}

/// Writes block after block, and its place into the table.
struct Chunks<'a> {
    to: &'a mut dyn Out,
    /// Where the place of the next block is written.
    table: u64,
    /// Where the next block is.
    place: u64,
}

impl Append for Chunks<'_> {
    fn append(&mut self, piece: Piece) -> io::Result<()> {
        self.to.write_at(self.table, &self.place.to_le_bytes())?;
        self.to.write_at(self.place, &piece.bytes)?;
        self.table += 8;
        self.place += piece.length;
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_fractions_are_found_again() {
        let fractions = [0.0, -0.0, 1e-30, -1e-30, 0.5, 0.999_999_94, 1.0, 1.0001, 1.7, -0.3, -9.3, -127.0]
            .into_iter()
            .chain([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, 511.9, -511.9]);
        for fraction in fractions {
            for n in [0, 1, 2, 1000, 1 << 24, (1 << 31) + 1, MAX_ITER] {
                let (whole, part) = smooth(Escape::new(n, fraction));
                assert!(whole != 0 && whole != NOT_ESCAPED && (0.0..1.0).contains(&part), "{n} {fraction}");
                assert_eq!(count(whole, part, fraction), Some(n), "{n} {fraction}");
                if in_reach(fraction) {
                    let smooth = f64::from(whole) + f64::from(part) - f64::from(BIAS);
                    assert!((smooth - f64::from(n) - f64::from(fraction)).abs() < 1e-6, "{n} {fraction}");
                }
            }
        }
    }
}

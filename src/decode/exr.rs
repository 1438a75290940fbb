//! OpenEXR in the channels of fractal programs: those of `encode/exr.rs`, and what Kalles Fraktaler and Fraktaler-3 write.
//!
//! Scan lines in one part, in any compression. Blocks are unpacked when they are needed, and the latest are kept.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex};

use exr::block::UncompressedBlock;
use exr::block::chunk::Chunk;
use exr::meta::attribute::{AttributeValue, SampleType};
use exr::meta::header::Header;
use exr::meta::{BlockDescription, MetaData};

use crate::decode::planes::{Planes, at, fits, size};
use crate::decode::read_error::{ReadError, damaged};
use crate::decode::recent::Recent;
use crate::encode::exr::{BIAS, NOT_ESCAPED, count};
use crate::encode::png_text::MAX_TEXT;
use crate::error::{Error, FieldProblem};
use crate::field::{Distance, Escape};
use crate::kernel::bailout::Bailout;
use crate::render::in_order::lock;

/// The most bytes of a header: our text and those of two other programs, each as long as a text in a PNG may be.
const MAX_HEADER: u64 = 4 * MAX_TEXT;

/// The numbers of an EXR.
pub(super) struct ExrFile {
    file: Arc<File>,
    meta: MetaData,
    size: (u32, u32),
    channels: Channels,
    bias: i64,
    max_iter: Option<u32>,
    texts: Vec<(String, String)>,
    /// Rows of a block, and where in the file the places of all blocks are.
    rows: u32,
    table: u64,
    blocks: Mutex<Recent<u32, Block>>,
}

/// A block, which the first thread that needs it unpacks while the others wait.
type Block = Arc<Mutex<Option<Unpacked>>>;

struct Unpacked {
    escapes: Vec<Escape>,
    distances: Vec<Distance>,
    certain: Vec<bool>,
}

/// Where the channels begin in a row, in bytes for each sample before them, and the bytes of all.
struct Channels {
    n: usize,
    /// The upper half of a count of 64 bits.
    high: Option<usize>,
    fraction: Option<usize>,
    /// Our own, with which count and fraction are exact.
    difference: Option<usize>,
    distance: Option<(usize, usize)>,
    certain: Option<usize>,
    all: usize,
}

impl Channels {
    fn of(header: &Header) -> Result<Self, ReadError> {
        let list = &header.channels.list;
        if list.iter().any(|channel| channel.sampling.0 != 1 || channel.sampling.1 != 1) {
            return damaged("it has channels with fewer samples than others");
        }
        let place = |name: &str, kind: SampleType| -> Result<Option<usize>, ReadError> {
            let Some(index) = list.iter().position(|channel| channel.name == *name) else { return Ok(None) };
            if list[index].sample_type != kind {
                return Err(
                    FieldProblem::Type(format!("{:?}, in channel {name}", list[index].sample_type)).into()
                );
            }
            Ok(Some(list[..index].iter().map(|channel| channel.sample_type.bytes_per_sample()).sum()))
        };
        let (uint, float) = (SampleType::U32, SampleType::F32);
        let (n, high) = match place("N", uint)? {
            Some(n) => (n, None),
            None => {
                let low = place("N0", uint)?;
                (
                    low.ok_or(FieldProblem::Missing("channel N: it holds colors, no counts"))?,
                    place("N1", uint)?,
                )
            }
        };
        Ok(Self {
            n,
            high,
            fraction: place("NF", float)?,
            difference: place("NFX", uint)?,
            distance: place("DEX", float)?.zip(place("DEY", float)?),
            certain: place("CERTAIN", uint)?,
            all: header.channels.bytes_per_pixel,
        })
    }
}

/// What the crate says of a file that it cannot read.
fn exr_error(error: exr::error::Error) -> ReadError {
    match error {
        exr::error::Error::Io(error) => error.into(),
        other => FieldProblem::Header(format!("or a block is not as OpenEXR has it: {other}")).into(),
    }
}

/// Counts the bytes that are read.
struct Counting<R>(R, u64);

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(out)?;
        self.1 += read as u64;
        Ok(read)
    }
}

impl ExrFile {
    pub(super) fn new(file: &Arc<File>, memory: u64) -> Result<Self, ReadError> {
        let mut from = Counting(BufReader::new(&**file).take(MAX_HEADER), 0);
        let meta = MetaData::read_from_buffered(&mut from, false).map_err(exr_error)?;
        let table = from.1;
        MetaData::validate(&meta.headers, false).map_err(exr_error)?;
        let [header] = &meta.headers[..] else { return damaged("it has several parts") };
        if header.deep || header.blocks != BlockDescription::ScanLines {
            return damaged("it has tiles or is deep; scan lines are read");
        }
        let channels = Channels::of(header)?;
        let (columns, lines) = (header.layer_size.0 as u64, header.layer_size.1 as u64);
        let size = size(columns, lines)?;
        let rows = header.compression.scan_lines_per_block() as u32;
        let blocks = u64::from(size.1.div_ceil(rows));
        // Each block has its place in the table, its row, its length, and at least a byte for 1032 of a row: the largest ratio of
        // deflate, which the other methods do not reach.
        let least = table
            + blocks * (8 + 8)
            + columns.saturating_mul(lines).saturating_mul(channels.all as u64) / 1032;
        let found = file.metadata()?.len();
        if least > found {
            return Err(FieldProblem::Size { columns, rows: lines, expected: least, found }.into());
        }
        check_blocks(file, table, blocks, found)?;
        let texts = texts(header)?;
        let max_iter = number(header, "Iterations")?;
        let bias = number(header, "IterationsBias")?.unwrap_or(0);
        let max_iter =
            max_iter.and_then(|n| u32::try_from(n).ok()).filter(|n| (1..=Bailout::MAX_ITER).contains(n));
        // Each thread works on a block, and a band may lie across two; a block is there packed, unpacked and as results.
        let kept = 2 * rayon::current_num_threads() as u64 + 2;
        let samples = columns.saturating_mul(u64::from(rows));
        let results = if channels.distance.is_some() { 16 } else { 8 };
        fits(samples.saturating_mul(kept * results + kept / 2 * 3 * channels.all as u64), memory)?;
        let blocks = Mutex::new(Recent::new(kept as usize));
        Ok(Self { file: Arc::clone(file), meta, size, channels, bias, max_iter, texts, rows, table, blocks })
    }

    fn header(&self) -> &Header {
        &self.meta.headers[0]
    }

    /// Reads and unpacks a block.
    fn unpack(&self, block: u32) -> Result<Unpacked, ReadError> {
        let mut place = [0; 8];
        self.file.read_exact_at(&mut place, self.table + 8 * u64::from(block))?;
        let place = u64::from_le_bytes(place);
        let mut head = [0; 8];
        self.file.read_exact_at(&mut head, place)?;
        let [top, length] = head.as_chunks().0 else { return damaged("its blocks are damaged") };
        let (top, length) = (i32::from_le_bytes(*top), u32::from_le_bytes(*length) as usize);
        let first = block * self.rows;
        let rows = self.rows.min(self.size.1 - first);
        let header = self.header();
        let row = self.channels.all * self.size.0 as usize;
        if i64::from(top) != i64::from(header.own_attributes.layer_position.1) + i64::from(first)
            || length > header.max_block_byte_size()
        {
            return damaged("the table of its blocks is damaged");
        }
        let mut packed = vec![0; 8 + length];
        self.file.read_exact_at(&mut packed, place)?;
        let chunk = Chunk::read(&mut &packed[..], &self.meta).map_err(exr_error)?;
        drop(packed);
        let raw = UncompressedBlock::decompress_chunk(chunk, &self.meta, false).map_err(exr_error)?.data;
        if raw.len() != row * rows as usize {
            return damaged("a block unpacks to another size");
        }
        let mut unpacked = Unpacked { escapes: Vec::new(), distances: Vec::new(), certain: Vec::new() };
        for (y, row) in (first..).zip(raw.chunks_exact(row)) {
            self.row(row, y, &mut unpacked)?;
        }
        Ok(unpacked)
    }

    /// Appends the results of a row.
    fn row(&self, row: &[u8], y: u32, to: &mut Unpacked) -> Result<(), ReadError> {
        let width = self.size.0 as usize;
        let words = |place: usize| {
            row[place * width..].as_chunks::<4>().0[..width].iter().map(|b| u32::from_ne_bytes(*b))
        };
        let Channels { n, high, fraction, difference, distance, certain, .. } = self.channels;
        let zeros = || std::iter::repeat_n(0, width);
        let optional = |place: Option<usize>| {
            place.map(words).into_iter().flatten().chain(zeros().take(if place.is_some() {
                0
            } else {
                width
            }))
        };
        let start = to.escapes.len();
        if difference.is_some() {
            let samples = words(n).zip(optional(fraction)).zip(optional(difference));
            to.escapes.extend(samples.map(|((n, nf), difference)| own(n, nf, difference)));
        } else {
            for ((n, high), nf) in words(n).zip(optional(high)).zip(optional(fraction)) {
                let place = |what| at(what, to.escapes.len() - start, &(0..self.size.0), &(y..y + 1));
                let escape = self.foreign((n, high), f32::from_bits(nf)).map_err(place)?;
                to.escapes.push(escape);
            }
        }
        if let Some(wrong) =
            to.escapes[start..].iter().position(|e| e.n().is_some() && !e.fraction().is_finite())
        {
            return Err(at("an infinite value", wrong, &(0..self.size.0), &(y..y + 1)));
        }
        if let Some((x, y)) = distance {
            let float = |x, y| Distance { x: f32::from_bits(x), y: -f32::from_bits(y) };
            to.distances.extend(words(x).zip(words(y)).map(|(x, y)| float(x, y)));
        }
        to.certain.extend(certain.map(words).into_iter().flatten().map(|certain| certain != 0));
        Ok(())
    }

    /// The result of a sample of another program, whose count is that of the smooth one rounded down.
    fn foreign(&self, (low, high): (u32, u32), fraction: f32) -> Result<Escape, &'static str> {
        let split = self.channels.high.is_some();
        let inside = if split { high == NOT_ESCAPED } else { low == NOT_ESCAPED };
        if inside || low == 0 && high == 0 || fraction.is_nan() {
            return Ok(Escape::NONE);
        }
        let n = i128::from(u64::from(high) << 32 | u64::from(low)) - i128::from(self.bias);
        match u32::try_from(n) {
            Ok(n) if n < u32::MAX => Ok(Escape::new(n, fraction)),
            _ if (-1024..0).contains(&n) => Ok(Escape::new(0, n as f32 + fraction)),
            _ => Err("a count beyond 2^32 - 2 or far below 0"),
        }
    }

    /// Copies the part of all blocks that lies in `columns` x `rows`.
    fn copy<T: Copy>(
        &self,
        columns: &Range<u32>,
        rows: &Range<u32>,
        plane: impl Fn(&Unpacked) -> &[T],
        out: &mut [T],
    ) -> Result<(), ReadError> {
        for (y, out) in rows.clone().zip(out.chunks_exact_mut(columns.len())) {
            let block = y / self.rows;
            let made: Result<Block, Infallible> = lock(&self.blocks).get(block, || Ok(Arc::default()));
            let Ok(kept) = made;
            let mut kept = lock(&kept);
            let unpacked = match &mut *kept {
                Some(unpacked) => unpacked,
                empty => empty.insert(self.unpack(block)?),
            };
            let left = (y % self.rows) as usize * self.size.0 as usize + columns.start as usize;
            out.copy_from_slice(&plane(unpacked)[left..][..out.len()]);
        }
        Ok(())
    }
}

/// Checks that all blocks lie in the file, which a file that was cut short does not hold, and a table that was not finished.
fn check_blocks(file: &File, table: u64, blocks: u64, length: u64) -> Result<(), ReadError> {
    let (mut places, mut last) = (vec![0; 1 << 16], 0);
    for from in (0..8 * blocks).step_by(places.len()) {
        let part = &mut places[..(8 * blocks - from).min(1 << 16) as usize];
        file.read_exact_at(part, table + from)?;
        for place in part.as_chunks().0 {
            let place = u64::from_le_bytes(*place);
            if place < table || place >= length {
                return damaged("it is cut short, or the table of its blocks is damaged");
            }
            last = place.max(last);
        }
    }
    let mut head = [0; 8];
    file.read_exact_at(&mut head, last)?;
    let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    if last + 8 + u64::from(size) > length { damaged("it is cut short") } else { Ok(()) }
}

/// The result of a sample that was written by `encode/exr.rs`, to the last bit.
fn own(n: u32, nf: u32, difference: u32) -> Escape {
    let (part, fraction) = (f32::from_bits(nf), f32::from_bits(nf ^ difference));
    let count = match n {
        NOT_ESCAPED => None,
        // The count that `count` finds as well.
        n if difference == 0 => n.checked_sub(BIAS),
        n => count(n, part, fraction),
    };
    Escape::from_parts(count.unwrap_or(u32::MAX), fraction)
}

/// All texts in the attributes.
fn texts(header: &Header) -> Result<Vec<(String, String)>, ReadError> {
    let mut texts = Vec::new();
    for (name, value) in &header.own_attributes.other {
        if let AttributeValue::Text(text) = value {
            let Ok(text) = String::from_utf8(text.as_slice().to_vec()) else {
                return damaged("a text in its attributes is not UTF-8");
            };
            texts.push((name.to_string(), text));
        }
    }
    texts.sort_unstable();
    Ok(texts)
}

/// A whole number, which may be a text where it is large.
fn number(header: &Header, name: &str) -> Result<Option<i64>, ReadError> {
    let named = header.own_attributes.other.iter().find(|(other, _)| **other == *name);
    Ok(match named {
        Some((_, AttributeValue::I32(number))) => Some((*number).into()),
        Some((_, AttributeValue::Text(text))) => match text.to_string().trim().parse() {
            Ok(number) => Some(number),
            Err(_) => return Err(Error::Damaged("an attribute of its iterations is no number").into()),
        },
        _ => None,
    })
}

impl Planes for ExrFile {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn has_distances(&self) -> bool {
        self.channels.distance.is_some()
    }

    fn has_certainty(&self) -> bool {
        self.channels.certain.is_some()
    }

    fn is_smooth_alone(&self) -> bool {
        self.channels.difference.is_none()
    }

    fn max_iter(&self) -> Option<u32> {
        self.max_iter
    }

    fn texts(&self) -> Vec<(String, String)> {
        self.texts.clone()
    }

    fn escapes(&self, columns: &Range<u32>, rows: &Range<u32>, out: &mut [Escape]) -> Result<(), ReadError> {
        self.copy(columns, rows, |unpacked| &unpacked.escapes, out)
    }

    fn certain(&self, columns: &Range<u32>, rows: &Range<u32>, out: &mut [bool]) -> Result<(), ReadError> {
        match self.channels.certain {
            Some(_) => self.copy(columns, rows, |unpacked| &unpacked.certain, out),
            None => {
                out.fill(false);
                Ok(())
            }
        }
    }

    fn distances(
        &self,
        columns: &Range<u32>,
        rows: &Range<u32>,
        out: &mut [Distance],
    ) -> Result<(), ReadError> {
        match self.channels.distance {
            Some(_) => self.copy(columns, rows, |unpacked| &unpacked.distances, out),
            None => {
                out.fill(Distance::NONE);
                Ok(())
            }
        }
    }
}

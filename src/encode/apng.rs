//! APNG: a PNG whose first frame every decoder shows, and further frames (PNG specification, third edition, 11.3.6).

use std::io::{self, Write};
use std::sync::Mutex;

use crate::encode::depth::Depth;
use crate::encode::png::{Compression, StripEncoder, begin, io_error};
use crate::encode::reel::{Reel, Timing};
use crate::encode::sink::{Append, Layout, Out, Piece, Texts};
use crate::pixmap::Pixmap;

pub(super) struct Apng {
    timing: Timing,
    /// Encoders that no thread uses.
    encoders: Mutex<Vec<StripEncoder>>,
}

impl Apng {
    pub(super) fn new(timing: Timing) -> Self {
        Self { timing, encoders: Mutex::default() }
    }

    /// The chunk before the data of a frame.
    fn control(&self, sequence: u32) -> Vec<u8> {
        let Timing { width, height, rate, .. } = self.timing;
        let mut bytes = Vec::new();
        for number in [sequence, width, height, 0, 0] {
            bytes.extend(number.to_be_bytes());
        }
        // The delay is a fraction of 16 bits a side.
        let (mut seconds, mut frames) = (rate.1, rate.0);
        while seconds.max(frames) > u32::from(u16::MAX) {
            (seconds, frames) = (seconds.div_ceil(2), frames.div_ceil(2));
        }
        bytes.extend((seconds as u16).to_be_bytes());
        bytes.extend((frames as u16).to_be_bytes());
        // Nothing is disposed of, and the frame takes the place of all.
        bytes.extend([0, 0]);
        bytes
    }
}

const PIXEL: usize = 3;

impl Reel for Apng {
    fn frame(&self, pixmap: &Pixmap) -> Piece {
        let lock = || self.encoders.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let free = lock().pop();
        let mut encoder = free.unwrap_or_else(|| StripEncoder::new(Compression::Best, PIXEL));
        let strip = encoder.strip(pixmap.bytes.chunks_exact(PIXEL * pixmap.width as usize), true);
        lock().push(encoder);
        // A zlib stream (RFC 1950).
        let bytes = [&[0x78, 0x01], &strip.bytes[..], &strip.checksum.to_be_bytes()].concat();
        Piece { bytes, ..Piece::default() }
    }

    fn begin<'a>(&'a self, to: &'a mut dyn Out, texts: Texts) -> io::Result<Box<dyn Append + 'a>> {
        let Timing { width, height, frames, .. } = self.timing;
        let layout = Layout { width, height, supersample: 1, max_iter: 1, alpha: false };
        let mut chunks = begin(layout, Depth::Eight, to, texts, |_| ())?;
        // How many frames, and that they repeat for ever.
        let control = [frames.to_be_bytes(), [0; 4]].concat();
        chunks.write_chunk(png::chunk::ChunkType(*b"acTL"), &control).map_err(io_error)?;
        Ok(Box::new(Frames { apng: self, chunks, sequence: 0 }))
    }
}

struct Frames<'a, W: Write> {
    apng: &'a Apng,
    chunks: png::Writer<W>,
    /// Counts the chunks of the animation.
    sequence: u32,
}

impl<W: Write + Send> Append for Frames<'_, W> {
    fn append(&mut self, frame: Piece) -> io::Result<()> {
        let first = self.sequence == 0;
        let control = self.apng.control(self.sequence);
        self.chunks.write_chunk(png::chunk::ChunkType(*b"fcTL"), &control).map_err(io_error)?;
        self.sequence += 1;
        if first {
            return self.chunks.write_chunk(png::chunk::IDAT, &frame.bytes).map_err(io_error);
        }
        let data = [&self.sequence.to_be_bytes(), &frame.bytes[..]].concat();
        self.sequence += 1;
        self.chunks.write_chunk(png::chunk::ChunkType(*b"fdAT"), &data).map_err(io_error)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.chunks.finish().map_err(io_error)
    }
}

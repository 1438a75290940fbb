//! NumPy's array format: escape counts for `numpy.load`.

use std::io::{self, Write};

use crate::encode::sink::{Append, Band, Encoder, Layout, Needs, Piece, Sink, Texts};

/// Escape counts as an array of `uint32`, `max_iter` where nothing escaped.
pub struct Npy {
    layout: Layout,
}

impl Npy {
    /// The format for the samples of a picture of that size.
    pub fn new(layout: Layout) -> Self {
        Self { layout }
    }

    /// Columns and rows of samples.
    fn shape(&self) -> (u64, u64) {
        let Layout { width, height, supersample, .. } = self.layout;
        let samples = |pixels| u64::from(pixels) * u64::from(supersample);
        (samples(width), samples(height))
    }

    /// What stands before the counts.
    ///
    /// Format version 1.0 (NumPy Enhancement Proposal 1): magic, length, a Python literal padded with blanks so that the
    /// data begins at a multiple of 64 bytes. Data type `<u4`: unsigned, 32 bits, little endian.
    fn header(&self) -> Vec<u8> {
        let (width, height) = self.shape();
        let shape = format!("{{'descr': '<u4', 'fortran_order': False, 'shape': ({height}, {width}), }}");
        // Magic, version and length take 10 bytes, the line break at the end one.
        let padded = (10 + shape.len() + 1).next_multiple_of(64) - 10;
        let mut header = b"\x93NUMPY\x01\x00".to_vec();
        header.extend((padded as u16).to_le_bytes());
        header.extend(format!("{shape:0$}\n", padded - 1).bytes());
        header
    }
}

impl Sink for Npy {
    fn needs(&self) -> Needs {
        Needs { rows: 1, numbers: true, colors: false, whole: false }
    }

    fn least_size(&self) -> u64 {
        let (width, height) = self.shape();
        self.header().len() as u64 + 4 * width * height
    }

    fn encoder(&self) -> Box<dyn Encoder + '_> {
        Box::new(Counts { max_iter: self.layout.max_iter })
    }

    fn begin<'a>(&self, to: &'a mut (dyn Write + Send), _: Texts) -> io::Result<Box<dyn Append + 'a>> {
        to.write_all(&self.header())?;
        Ok(Box::new(Bytes { to }))
    }
}

struct Counts {
    max_iter: u32,
}

impl Encoder for Counts {
    fn encode(&mut self, band: &Band, pieces: &mut Vec<Piece>) {
        let mut bytes = vec![0; 4 * band.escapes.len()];
        for (bytes, escape) in bytes.chunks_exact_mut(4).zip(band.escapes) {
            bytes.copy_from_slice(&escape.count(self.max_iter).to_le_bytes());
        }
        pieces.push(Piece { bytes, ..Piece::default() });
    }
}

/// Writes pieces as they are.
struct Bytes<'a> {
    to: &'a mut (dyn Write + Send),
}

impl Append for Bytes<'_> {
    fn append(&mut self, piece: Piece) -> io::Result<()> {
        self.to.write_all(&piece.bytes)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_aligned_and_says_the_shape() {
        for (width, height) in [(1, 1), (800, 600), (i32::MAX as u32, i32::MAX as u32)] {
            let npy = Npy::new(Layout { width, height, supersample: 1, max_iter: 1 });
            let bytes = npy.header();
            assert_eq!(bytes.len() % 64, 0);
            assert!(bytes.ends_with(b"\n"));
            let text = String::from_utf8_lossy(&bytes[10..]).into_owned();
            assert!(text.contains(&format!("({height}, {width})")), "{text}");
        }
    }
}

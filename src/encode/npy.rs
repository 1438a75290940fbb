//! NumPy's array format: escape counts and smooth counts for `numpy.load`.

use std::io;

use crate::encode::footprint::Footprint;
use crate::encode::sink::{Append, Band, Bytes, Encoder, Layout, Needs, Out, Piece, Sink, Texts};
use crate::field::{Distance, Escape};

/// What the elements of the array are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Values {
    /// Escape counts as `uint32`, `max_iter` where nothing escaped.
    #[default]
    Counts,
    /// Smooth iteration counts, n + fraction, as `float64`; NaN where nothing escaped. The scene has to be smooth.
    Smooth,
    /// Distances in spacings of the samples as two `float32`, to the right and up, 0 where nothing escaped.
    Distance,
}

impl Values {
    /// The data type as NumPy names it, little endian, what stands behind rows and columns in the shape, and bytes of a sample.
    fn kind(self) -> (&'static str, &'static str, usize) {
        match self {
            Self::Counts => ("<u4", "", 4),
            Self::Smooth => ("<f8", "", 8),
            Self::Distance => ("<f4", ", 2", 8),
        }
    }
}

/// One number for each sample.
pub struct Npy {
    layout: Layout,
    values: Values,
}

impl Npy {
    /// The format for the samples of a picture of that size.
    pub fn new(layout: Layout, values: Values) -> Self {
        Self { layout, values }
    }

    /// Columns and rows of samples.
    fn shape(&self) -> (u64, u64) {
        self.layout.samples()
    }

    /// What stands before the numbers.
    fn header(&self) -> Vec<u8> {
        let (kind, parts, _) = self.values.kind();
        header(kind, parts, self.shape())
    }
}

/// How an array begins.
pub(crate) const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// What stands before the numbers of an array.
///
/// Format version 1.0 (NumPy Enhancement Proposal 1): magic, length, a Python literal padded with blanks so that the
/// data begins at a multiple of 64 bytes.
pub(super) fn header(kind: &str, parts: &str, (width, height): (u64, u64)) -> Vec<u8> {
    let shape =
        format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({height}, {width}{parts}), }}");
    // Magic, version and length take 10 bytes, the line break at the end one.
    let padded = (10 + shape.len() + 1).next_multiple_of(64) - 10;
    let mut header = [&MAGIC[..], &[1, 0]].concat();
    header.extend((padded as u16).to_le_bytes());
    header.extend(format!("{shape:0$}\n", padded - 1).bytes());
    header
}

impl Sink for Npy {
    fn needs(&self) -> Needs {
        let distances = self.values == Values::Distance;
        Needs { rows: 1, numbers: true, distances, ..Needs::default() }
    }

    fn footprint(&self) -> Footprint {
        let sample = self.values.kind().2 as u64;
        Footprint { piece: u64::from(self.layout.supersample).pow(2) * sample, ..Footprint::default() }
    }

    fn least_size(&self) -> u64 {
        let (width, height) = self.shape();
        let data = (self.values.kind().2 as u64).saturating_mul(width).saturating_mul(height);
        data.saturating_add(self.header().len() as u64)
    }

    fn encoder(&self) -> Box<dyn Encoder + '_> {
        Box::new(Numbers { max_iter: self.layout.max_iter, values: self.values })
    }

    fn begin<'a>(&self, to: &'a mut dyn Out, _: Texts) -> io::Result<Box<dyn Append + 'a>> {
        to.write_all(&self.header())?;
        Ok(Box::new(Bytes { to }))
    }
}

struct Numbers {
    max_iter: u32,
    values: Values,
}

impl Encoder for Numbers {
    fn encode(&mut self, band: &Band, pieces: &mut Vec<Piece>) {
        let bytes = match self.values {
            Values::Counts => flatten(band.escapes, |escape| escape.count(self.max_iter).to_le_bytes()),
            Values::Smooth => {
                flatten(band.escapes, |escape| escape.smooth().unwrap_or(f64::NAN).to_le_bytes())
            }
            Values::Distance => {
                // Those of samples that escape, whatever colors take.
                let outside = |(escape, distance): (&Escape, &Distance)| match escape.n() {
                    Some(_) => *distance,
                    None => Distance::NONE,
                };
                let distances: Vec<Distance> = band.escapes.iter().zip(band.distances).map(outside).collect();
                flatten(&distances, both)
            }
        };
        pieces.push(Piece { bytes, ..Piece::default() });
    }
}

/// Both parts of a distance.
pub(super) fn both(&Distance { x, y }: &Distance) -> [u8; 8] {
    (u64::from(y.to_bits()) << 32 | u64::from(x.to_bits())).to_le_bytes()
}

/// The bytes of all samples.
pub(super) fn flatten<T, const SIZE: usize>(samples: &[T], bytes_of: impl Fn(&T) -> [u8; SIZE]) -> Vec<u8> {
    let mut bytes = vec![0; SIZE * samples.len()];
    for (bytes, sample) in bytes.chunks_exact_mut(SIZE).zip(samples) {
        bytes.copy_from_slice(&bytes_of(sample));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_aligned_and_says_the_shape() {
        for (width, height) in [(1, 1), (800, 600), (i32::MAX as u32, i32::MAX as u32)] {
            for (values, size) in [(Values::Counts, 4_u32), (Values::Smooth, 8), (Values::Distance, 8)] {
                let npy =
                    Npy::new(Layout { width, height, supersample: 1, max_iter: 1, alpha: false }, values);
                let bytes = npy.header();
                assert_eq!(bytes.len() % 64, 0);
                assert!(bytes.ends_with(b"\n"));
                let text = String::from_utf8_lossy(&bytes[10..]).into_owned();
                assert!(text.contains(&format!("({height}, {width}")), "{text}");
                let data = u128::from(size) * u128::from(width) * u128::from(height);
                let whole = data + bytes.len() as u128;
                assert_eq!(npy.least_size(), u64::try_from(whole).unwrap_or(u64::MAX));
            }
        }
    }
}

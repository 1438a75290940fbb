//! A picture at half its size.

use crate::color::rgb::{Rgb, ToSrgb};
use crate::encode::sink::Layout;

/// Halves pictures in linear light.
pub(super) struct Halving {
    /// Linear light of each byte.
    lights: [u32; 256],
    to_srgb: ToSrgb,
}

impl Halving {
    pub(super) fn new() -> Self {
        let light = |byte: usize| u32::from(Rgb([byte as u8; 3]).linear()[0]);
        Self { lights: std::array::from_fn(light), to_srgb: ToSrgb::new() }
    }

    /// Half as many rows and columns, each pixel the mean of up to four. At an odd edge they are two, or one.
    pub(super) fn halve(&self, rows: &[u8], layout: Layout) -> Vec<u8> {
        let channels = layout.channels();
        let row = channels * layout.width as usize;
        let mut halved = Vec::with_capacity(rows.len() / 4 + 2 * row);
        for pair in rows.chunks(2 * row) {
            let (upper, lower) = pair.split_at(row);
            let lower = if lower.is_empty() { upper } else { lower };
            if channels == 3 {
                self.opaque(upper, lower, &mut halved);
            } else {
                self.translucent(upper, lower, &mut halved);
            }
        }
        halved
    }

    /// Two rows of pixels of three bytes.
    fn opaque(&self, upper: &[u8], lower: &[u8], halved: &mut Vec<u8>) {
        let mean = |four: [u8; 4]| {
            let sum: u32 = four.iter().map(|byte| self.lights[usize::from(*byte)]).sum();
            self.to_srgb.byte(((sum + 2) / 4) as u16)
        };
        let ((upper, last), (lower, below)) = (upper.as_chunks::<6>(), lower.as_chunks::<6>());
        for (up, low) in upper.iter().zip(lower) {
            let same = up == low && up[..3] == up[3..];
            halved.extend(match same {
                true => [up[0], up[1], up[2]],
                false => [0, 1, 2].map(|c| mean([up[c], up[c + 3], low[c], low[c + 3]])),
            });
        }
        halved.extend(last.iter().zip(below).map(|(up, low)| mean([*up, *up, *low, *low])));
    }

    /// Two rows of pixels of four bytes, of which the last is the opacity. Colors count by their opacity; where all are transparent,
    /// the mean is black.
    fn translucent(&self, upper: &[u8], lower: &[u8], halved: &mut Vec<u8>) {
        for (up, low) in upper.chunks(8).zip(lower.chunks(8)) {
            let [up, low] = [up, low].map(|pair| [&pair[..4], &pair[pair.len() - 4..]]);
            let four = [up[0], up[1], low[0], low[1]];
            let opacity: u32 = four.iter().map(|pixel| u32::from(pixel[3])).sum();
            halved.extend([0, 1, 2].map(|c| {
                let light = |pixel: &&[u8]| u32::from(pixel[3]) * self.lights[usize::from(pixel[c])];
                let sum: u32 = four.iter().map(light).sum();
                self.to_srgb.byte((sum + opacity / 2).checked_div(opacity).unwrap_or(0) as u16)
            }));
            halved.push(((opacity + 2) / 4) as u8);
        }
    }
}

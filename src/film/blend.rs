//! Pictures in linear light: halved, put into each other, and cut out by area.

use crate::color::dither::dither;
use crate::color::rgb::ToSrgb;

/// A picture of three channels of linear light, 0 to 65535, row by row.
#[derive(Clone)]
pub(super) struct LightMap {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) light: Vec<u16>,
}

const CHANNELS: usize = 3;

impl LightMap {
    /// All black.
    pub(super) fn new(width: u32, height: u32) -> Self {
        Self { width, height, light: vec![0; CHANNELS * width as usize * height as usize] }
    }

    /// Channels in a row.
    pub(super) fn row(&self) -> usize {
        CHANNELS * self.width as usize
    }

    /// Half as wide and high: each pixel is the mean of four, to nearest.
    pub(super) fn halved(&self) -> Self {
        let mut small = Self::new(self.width / 2, self.height / 2);
        let (row, narrow) = (self.row(), small.row());
        for (out, rows) in small.light.chunks_exact_mut(narrow).zip(self.light.chunks_exact(2 * row)) {
            let (upper, lower) = rows.split_at(row);
            let pixels = upper.chunks_exact(2 * CHANNELS).zip(lower.chunks_exact(2 * CHANNELS));
            for (out, (upper, lower)) in out.chunks_exact_mut(CHANNELS).zip(pixels) {
                for (c, out) in out.iter_mut().enumerate() {
                    let sum = [upper[c], upper[c + CHANNELS], lower[c], lower[c + CHANNELS]].map(u32::from);
                    *out = ((sum.iter().sum::<u32>() + 2) / 4) as u16;
                }
            }
        }
        small
    }

    /// Puts a smaller picture into the middle.
    pub(super) fn put(&mut self, small: &Self) {
        let (left, top) = ((self.width - small.width) / 2, (self.height - small.height) / 2);
        let (row, narrow) = (self.row(), small.row());
        let rows = self.light.chunks_exact_mut(row).skip(top as usize);
        for (out, small) in rows.zip(small.light.chunks_exact(narrow)) {
            out[CHANNELS * left as usize..][..narrow].copy_from_slice(small);
        }
    }

    /// The middle of the picture as sRGB bytes of `size` pixels, each `scale` pixels of this one wide and high: the means over their
    /// areas.
    pub(super) fn middle(&self, size: (u32, u32), scale: f64, dithered: bool) -> Vec<u8> {
        let columns = weights(self.width, size.0, scale);
        let rows = weights(self.height, size.1, scale);
        let (row, mut bytes) = (self.row(), Vec::with_capacity(CHANNELS * size.0 as usize * size.1 as usize));
        let (mut sums, mut light) = (vec![0.0_f32; row], vec![0_u16; CHANNELS * size.0 as usize]);
        let to_srgb = ToSrgb::new();
        let mut dots = vec![0; light.len()];
        for (y, (top, weights)) in (0..).zip(&rows) {
            sums.fill(0.0);
            for (source, weight) in self.light.chunks_exact(row).skip(*top).zip(weights) {
                sums.iter_mut().zip(source).for_each(|(sum, &light)| *sum += weight * f32::from(light));
            }
            for (out, (left, weights)) in light.chunks_exact_mut(CHANNELS).zip(&columns) {
                let mut pixel = [0.5_f32; CHANNELS];
                for (source, weight) in sums[CHANNELS * left..].chunks_exact(CHANNELS).zip(weights) {
                    pixel.iter_mut().zip(source).for_each(|(sum, light)| *sum += weight * light);
                }
                // Weights add up to 1 but for roundings.
                out.copy_from_slice(&pixel.map(|light| light.min(65535.0) as u16));
            }
            if dithered {
                dither(&light, CHANNELS, (0, y), &mut dots);
                bytes.extend(&dots);
            } else {
                bytes.extend(light.iter().map(|&light| to_srgb.byte(light)));
            }
        }
        bytes
    }
}

/// For each of `to` intervals of length `scale` in the middle of `from` unit intervals: the first one that it meets, and the parts
/// of it that lie in that one and those behind it.
fn weights(from: u32, to: u32, scale: f64) -> Vec<(usize, Vec<f32>)> {
    let first = (f64::from(from) - scale * f64::from(to)) / 2.0;
    let edge = |i: u32| (first + scale * f64::from(i)).clamp(0.0, f64::from(from));
    (0..to)
        .map(|i| {
            let (start, end) = (edge(i), edge(i + 1));
            let left = start.floor().min(f64::from(from - 1));
            let mut parts = Vec::new();
            let mut x = left;
            // What is left of a unit interval by rounding alone does not count.
            while x < end - 1e-9 || parts.is_empty() {
                parts.push((((x + 1.0).min(end) - x.max(start)) / (end - start)) as f32);
                x += 1.0;
            }
            (left as usize, parts)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(width: u32, height: u32, light: impl Fn(u32, u32) -> u16) -> LightMap {
        let mut map = LightMap::new(width, height);
        for (i, pixel) in (0..).zip(map.light.chunks_exact_mut(CHANNELS)) {
            pixel.fill(light(i % width, i / width));
        }
        map
    }

    #[test]
    fn halves_are_means() {
        let map = filled(4, 2, |x, y| (10 * x + y) as u16);
        let half = map.halved();
        assert_eq!((half.width, half.height), (2, 1));
        assert_eq!(half.light, [6, 6, 6, 26, 26, 26]);
        let mut whole = filled(8, 4, |_, _| 9);
        whole.put(&map);
        assert_eq!(whole.light[whole.row() + 3 * 2..][..3], [0, 0, 0]);
        assert_eq!(whole.light[whole.row() + 3 * 5..][..3], [30, 30, 30]);
        assert_eq!(whole.light[whole.row() + 3 * 6..][..3], [9, 9, 9]);
    }

    #[test]
    fn areas_are_weighed() {
        for (from, to, scale) in [(64, 32, 2.0), (64, 32, 1.37), (64, 63, 1.0), (70, 35, 1.999), (8, 1, 1.5)]
        {
            let weights = weights(from, to, scale);
            assert_eq!(weights.len() as u32, to);
            for (left, parts) in &weights {
                assert!((parts.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{from} {to} {scale}");
                assert!(left + parts.len() <= from as usize, "{from} {to} {scale}: {left} {parts:?}");
            }
            // The middle of all is the middle of the picture.
            let center: f64 = weights
                .iter()
                .flat_map(|(left, parts)| {
                    (*left..)
                        .zip(parts)
                        .map(|(x, part)| (x as f64 + 0.5) * f64::from(*part))
                        .collect::<Vec<_>>()
                })
                .sum();
            assert!((center / f64::from(to) - f64::from(from) / 2.0).abs() < 0.3, "{from} {to} {scale}");
        }
    }

    #[test]
    fn flat_pictures_stay_flat() {
        let white = filled(64, 64, |_, _| 65535);
        for scale in [1.0, 1.234, 1.9, 2.0] {
            assert!(white.middle((30, 32), scale, false).iter().all(|&byte| byte == 255), "{scale}");
        }
    }
}

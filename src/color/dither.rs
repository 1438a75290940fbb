//! Ordered dithering: linear light to sRGB bytes, rounded up or down by the place of the pixel.

use crate::color::rgb::srgb16;

/// The threshold of a pixel as a part of 2^32: the fractional part of x / p + y / p^2 with p = 1.3247.., the root of p^3 = p + 1.
///
/// Thresholds of neighbors differ much and their mean over any small area is close to 1/2, so that the noise has no low
/// frequencies (M. Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences", 2018). Taken from the pixel's
/// place in the whole picture, crops have the same.
#[inline(always)]
fn threshold(x: u32, y: u32) -> u32 {
    /// 2^32 / p and 2^32 / p^2, rounded.
    const STEPS: [u32; 2] = [3_242_174_889, 2_447_445_414];
    x.wrapping_mul(STEPS[0]).wrapping_add(y.wrapping_mul(STEPS[1]))
}

/// Turns the pixels of one row, from place (`x`, `y`) of the whole picture on, from linear light into sRGB bytes.
pub(crate) fn dither(light: &[u16], channels: usize, (x, y): (u32, u32), bytes: &mut [u8]) {
    let table = srgb16();
    let pixels = bytes.chunks_exact_mut(channels).zip(light.chunks_exact(channels));
    for (x, (bytes, light)) in (x..).zip(pixels) {
        for (c, (byte, &light)) in (0..).zip(bytes.iter_mut().zip(light)) {
            // Opacity is no light, and has no gradients.
            if c == 3 {
                *byte = ((u32::from(light) * 255 + 32767) / 65535) as u8;
                continue;
            }
            // Channels a third apart, so that less of the noise is in the brightness.
            let threshold = threshold(x, y).wrapping_add(c * (u32::MAX / 3)) >> 16;
            *byte = ((u32::from(table[usize::from(light)]) * 255 + threshold.min(65534)) / 65535) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_dithered_bytes_is_the_color() {
        const SIDE: u32 = 64;
        for light in [0, 1, 7, 300, 5000, 40_000, 65_534, 65_535] {
            let row = vec![light; 3 * SIDE as usize];
            let mut sum = 0;
            for y in 0..SIDE {
                let mut bytes = vec![0; row.len()];
                dither(&row, 3, (17, y), &mut bytes);
                sum += bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
            }
            let mean = sum as f64 / f64::from(3 * SIDE * SIDE);
            let exact = f64::from(srgb16()[usize::from(light)]) / 257.0;
            assert!((mean - exact).abs() < 0.01, "{light}: {mean}, exactly {exact}");
        }
    }

    #[test]
    fn a_crop_has_the_same_pixels() {
        let light: Vec<u16> = (0..300).map(|i| i * 7).collect();
        let (mut whole, mut part) = (vec![0; 300], vec![0; 90]);
        dither(&light, 3, (0, 5), &mut whole);
        dither(&light[60..150], 3, (20, 5), &mut part);
        assert_eq!(whole[60..150], part);
    }
}

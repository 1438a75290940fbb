//! OKLab: a color space in which equal steps look about equally large. L is lightness, 0 to 1; a and b are zero for greys,
//! and their direction is the hue.
//!
//! Source: Björn Ottosson, "A perceptual color space for image processing" (2020),
//! <https://bottosson.github.io/posts/oklab/>. The matrices are the published ones, whose ten digits invert each other to
//! about 1e-7: a color of bytes that is converted there and back has the same bytes.
//!
//! Cube roots and powers are those of `libm`, so the numbers are the same on every machine.

use crate::color::rgb::{Rgb, to_light};

/// Linear light of red, green, blue to the responses of the three kinds of cones.
const CONES: [[f64; 3]; 3] = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
];

/// Cube roots of the responses to L, a, b.
const LAB: [[f64; 3]; 3] = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
];

/// The inverse of [`LAB`].
const ROOTS: [[f64; 3]; 3] = [
    [1.0, 0.3963377774, 0.2158037573],
    [1.0, -0.1055613458, -0.0638541728],
    [1.0, -0.0894841775, -1.2914855480],
];

/// The inverse of [`CONES`].
const LIGHT: [[f64; 3]; 3] = [
    [4.0767416621, -3.3077115913, 0.2309699292],
    [-1.2684380046, 2.6097574011, -0.3413193965],
    [-0.0041960863, -0.7034186147, 1.7076147010],
];

/// L, a, b of a color.
pub(crate) fn from_rgb(color: Rgb) -> [f64; 3] {
    let light = color.0.map(|byte| to_light(f64::from(byte) / 255.0));
    times(&LAB, times(&CONES, light).map(libm::cbrt))
}

/// Linear light from 0 to 1. It is outside where no screen shows the color.
pub(crate) fn light(lab: [f64; 3]) -> [f64; 3] {
    times(&LIGHT, times(&ROOTS, lab).map(|root| root * root * root))
}

fn times(matrix: &[[f64; 3]; 3], [x, y, z]: [f64; 3]) -> [f64; 3] {
    matrix.map(|[a, b, c]| a * x + b * y + c * z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::rgb::to_srgb;

    #[test]
    fn known_colors_have_their_published_coordinates() {
        // White, black and the primaries of sRGB to four digits. In CSS, red is oklch(0.62796 0.25768 29.234).
        for (color, expected) in [
            ([255, 255, 255], [1.0, 0.0, 0.0]),
            ([0, 0, 0], [0.0, 0.0, 0.0]),
            ([255, 0, 0], [0.6280, 0.2249, 0.1258]),
            ([0, 255, 0], [0.8664, -0.2339, 0.1795]),
            ([0, 0, 255], [0.4520, -0.0325, -0.3115]),
        ] {
            for (value, expected) in from_rgb(Rgb(color)).into_iter().zip(expected) {
                assert!((value - expected).abs() < 1e-4, "{color:?}: {value} and not {expected}");
            }
        }
    }

    #[test]
    fn bytes_survive_oklab() {
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(5) {
                for blue in 0..=255 {
                    let color = [red, green, blue];
                    let back = light(from_rgb(Rgb(color))).map(|light| (to_srgb(light) * 255.0 + 0.5) as u8);
                    assert_eq!(back, color);
                }
            }
        }
    }
}

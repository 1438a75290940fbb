//! The built-in palettes that are given by stops. All end with the color they begin with.
//!
//! Lightness rises and falls once or twice in a pass: enough to show structure, and too slow for stripes.

use crate::color::palette::gradient::{Gradient, Space};
use crate::color::rgb::Rgb;

/// A built-in palette of stops.
pub(crate) struct BuiltIn {
    pub(crate) name: &'static str,
    /// Where colors are interpolated.
    pub(crate) space: Space,
    /// Places from 0 to 1 and their colors, `0xrrggbb`.
    pub(crate) stops: &'static [(f64, u32)],
}

impl BuiltIn {
    pub(crate) fn gradient(&self) -> Gradient {
        let color = |hex: u32| {
            let [_, r, g, b] = hex.to_be_bytes();
            Rgb([r, g, b])
        };
        Gradient::new(self.stops.iter().map(|&(place, hex)| (place, color(hex))).collect(), self.space)
    }
}

/// The first is the default.
///
/// The stops of palettes in OKLab were chosen by their lightness, chroma and hue there. Interpolating there too keeps what
/// was chosen: lightness has no extremum between two stops. No color between stops lies outside sRGB, so none is clipped.
#[rustfmt::skip]
pub(crate) const STOPS: [BuiltIn; 11] = [
    // sRGB: pictures in it are published and keep their bytes.
    BuiltIn { name: "glacier", space: Space::Srgb, stops: &[
        (0.0, 0x04081e), (0.20, 0x0e3a78), (0.40, 0x5abee1), (0.55, 0xfafcf5), (0.72, 0xf5b446),
        (0.88, 0x6e1e28), (1.0, 0x04081e),
    ] },
    // sRGB: pictures in it are published and keep their bytes.
    BuiltIn { name: "ember", space: Space::Srgb, stops: &[
        (0.0, 0x08041c), (0.2, 0x58105c), (0.42, 0xf05a28), (0.62, 0xffe296), (0.8, 0x78283c), (1.0, 0x08041c),
    ] },
    // sRGB: pictures in it are published and keep their bytes.
    BuiltIn { name: "ultra", space: Space::Srgb, stops: &[
        (0.0, 0x000764), (0.16, 0x206bcb), (0.42, 0xedffff), (0.6425, 0xffaa00), (0.8575, 0x000200), (1.0, 0x000764),
    ] },
    // OKLab: lightness falls evenly from apricot over wine to indigo, and rises again, while the hue turns.
    BuiltIn { name: "dusk", space: Space::Oklab, stops: &[
        (0.0, 0xf1ad71), (0.15, 0xda6e5a), (0.30, 0x922f4e), (0.43, 0x29113f), (0.55, 0x753e81), (0.68, 0xd86c77),
        (0.79, 0xfbc08d), (0.90, 0xfee9be), (1.0, 0xf1ad71),
    ] },
    // OKLab: the green and the violet light are equally light, 0.86 and 0.88, with dark blue between them.
    BuiltIn { name: "aurora", space: Space::Oklab, stops: &[
        (0.0, 0x070e21), (0.14, 0x0c4453), (0.26, 0x359282), (0.36, 0x94e6b7), (0.44, 0x49a79e), (0.55, 0x1a3756),
        (0.68, 0x7766b4), (0.79, 0xe5cdf1), (0.89, 0x6e4993), (1.0, 0x070e21),
    ] },
    // OKLab: a wash of ink on warm paper changes in lightness, and hardly in hue.
    BuiltIn { name: "ink", space: Space::Oklab, stops: &[
        (0.0, 0xf5f0e3), (0.17, 0xe8ddc8), (0.30, 0x8ba9c2), (0.42, 0x151f3e), (0.52, 0x4d6585), (0.60, 0xa3bbd0),
        (0.67, 0xeee7d8), (0.76, 0xa8c1d6), (0.85, 0x42597b), (0.93, 0xb1c7d9), (1.0, 0xf5f0e3),
    ] },
    // OKLab: lightness rises evenly to cream and falls evenly, although orange turns to green there.
    BuiltIn { name: "copper", space: Space::Oklab, stops: &[
        (0.0, 0x160906), (0.18, 0x692f17), (0.36, 0xc46b39), (0.49, 0xf2bd90), (0.58, 0xf8e9d0), (0.72, 0x5fa89e),
        (0.86, 0x16454a), (1.0, 0x160906),
    ] },
    // OKLab: lightness rises evenly through the greens and falls evenly through the browns.
    BuiltIn { name: "forest", space: Space::Oklab, stops: &[
        (0.0, 0x031910), (0.18, 0x1f472c), (0.36, 0x59854a), (0.49, 0xb8c67f), (0.58, 0xf8f0c6), (0.72, 0xc2964d),
        (0.86, 0x60361e), (1.0, 0x031910),
    ] },
    // OKLab: chroma is 0.09 at most at every hue, and lightness 0.56 at least.
    BuiltIn { name: "pastel", space: Space::Oklab, stops: &[
        (0.0, 0x6c6ea5), (0.17, 0xad8cc2), (0.35, 0xe6abb8), (0.47, 0xf2c9c2), (0.57, 0xfaf2e0), (0.72, 0x9cd9cc),
        (0.87, 0x6099c1), (1.0, 0x6c6ea5),
    ] },
    // OKLab: greys are placed by their lightness; the middle ones are a little warm, with a chroma of 0.012.
    BuiltIn { name: "print", space: Space::Oklab, stops: &[
        (0.0, 0x151618), (0.16, 0x3b3734), (0.34, 0x817c76), (0.47, 0xc8c3bc), (0.58, 0xf9f7f1), (0.70, 0xa9a49c),
        (0.80, 0x56524d), (0.90, 0x070709), (1.0, 0x151618),
    ] },
    // OKLab: four areas that differ in lightness too: black 0.13, blue 0.45, red 0.6, cream 0.96.
    BuiltIn { name: "contrast", space: Space::Oklab, stops: &[
        (0.0, 0x06070b), (0.13, 0x090b0f), (0.22, 0xd62d27), (0.40, 0xee462f), (0.51, 0xf7f0db), (0.60, 0xfbf3df),
        (0.65, 0x7fcae7), (0.70, 0x1e6391), (0.82, 0x0f5180), (1.0, 0x06070b),
    ] },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::oklab;

    #[test]
    fn no_color_between_stops_leaves_srgb() {
        for palette in STOPS.iter().filter(|palette| palette.space == Space::Oklab) {
            let gradient = palette.gradient();
            for i in 0..=4096 {
                let light = oklab::light(gradient.coordinates(f64::from(i) / 4096.0));
                assert!(light.iter().all(|v| (0.0..=1.0).contains(v)), "{} at {i}: {light:?}", palette.name);
            }
        }
    }
}

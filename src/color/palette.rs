//! Named palettes: colors along a line or around a circle.

use std::sync::OnceLock;

use crate::color::rgb::{Rgb, linear};
use crate::error::Error;

/// Entries of the table of a smooth palette. Neighboring entries of the steepest built-in palette differ by less than a
/// quarter of an sRGB unit.
const ENTRIES: usize = 4096;

/// A sequence of colors.
#[derive(Clone, Debug, PartialEq)]
pub struct Palette {
    name: Name,
    colors: Colors,
    reversed: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Name {
    BuiltIn(&'static str),
    /// The list of its colors, with their places where those are not at equal distances.
    Own(String),
}

#[derive(Clone, Debug, PartialEq)]
enum Colors {
    /// Places from 0 to 1 and their colors, joined by monotone cubics.
    Stops(Vec<(f64, Rgb)>),
    /// Equal steps of one color each, three bytes a step.
    Steps(&'static [u8]),
}

/// A place from 0 to 1 and its sRGB bytes.
type Stop = (f64, [u8; 3]);

/// Name and colors of the built-in palettes that are given by stops; all are cyclic.
#[rustfmt::skip]
const STOPS: [(&str, &[Stop]); 3] = [
    ("glacier", &[
        (0.0, [0x04, 0x08, 0x1e]), (0.20, [0x0e, 0x3a, 0x78]), (0.40, [0x5a, 0xbe, 0xe1]), (0.55, [0xfa, 0xfc, 0xf5]),
        (0.72, [0xf5, 0xb4, 0x46]), (0.88, [0x6e, 0x1e, 0x28]), (1.0, [0x04, 0x08, 0x1e]),
    ]),
    ("ember", &[
        (0.0, [0x08, 0x04, 0x1c]), (0.2, [0x58, 0x10, 0x5c]), (0.42, [0xf0, 0x5a, 0x28]), (0.62, [0xff, 0xe2, 0x96]),
        (0.8, [0x78, 0x28, 0x3c]), (1.0, [0x08, 0x04, 0x1c]),
    ]),
    ("ultra", &[
        (0.0, [0x00, 0x07, 0x64]), (0.16, [0x20, 0x6b, 0xcb]), (0.42, [0xed, 0xff, 0xff]), (0.6425, [0xff, 0xaa, 0x00]),
        (0.8575, [0x00, 0x02, 0x00]), (1.0, [0x00, 0x07, 0x64]),
    ]),
];

/// The color maps of Matplotlib 3.11, as `colormaps[name](range(N), bytes=True)` gives them, three bytes a step.
const STEPS: [(&str, &[u8]); 9] = [
    ("hot", include_bytes!("palette/hot.rgb")),
    ("viridis", include_bytes!("palette/viridis.rgb")),
    ("inferno", include_bytes!("palette/inferno.rgb")),
    ("magma", include_bytes!("palette/magma.rgb")),
    ("plasma", include_bytes!("palette/plasma.rgb")),
    ("cividis", include_bytes!("palette/cividis.rgb")),
    ("turbo", include_bytes!("palette/turbo.rgb")),
    ("twilight", include_bytes!("palette/twilight.rgb")),
    ("twilight_shifted", include_bytes!("palette/twilight_shifted.rgb")),
];

/// The tables of the built-in palettes, smooth and not reversed: they take a millisecond, as long as a small picture, so
/// they are made once.
static TABLES: [OnceLock<Vec<[u16; 3]>>; STOPS.len() + STEPS.len()] =
    [const { OnceLock::new() }; STOPS.len() + STEPS.len()];

impl Default for Palette {
    /// The first of the built-in palettes, `glacier`.
    fn default() -> Self {
        let (name, stops) = STOPS[0];
        Self { name: Name::BuiltIn(name), colors: Colors::stops(stops), reversed: false }
    }
}

impl Colors {
    fn stops(stops: &[Stop]) -> Self {
        Self::Stops(stops.iter().map(|&(place, color)| (place, Rgb(color))).collect())
    }
}

impl Palette {
    /// The names of the built-in palettes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        STOPS.iter().map(|(name, _)| *name).chain(STEPS.iter().map(|(name, _)| *name))
    }

    /// A built-in palette.
    pub fn named(name: &str) -> Option<Self> {
        let stops = STOPS.iter().map(|&(known, stops)| (known, Colors::stops(stops)));
        let steps = STEPS.iter().map(|&(known, steps)| (known, Colors::Steps(steps)));
        let (known, colors) = stops.chain(steps).find(|(known, _)| *known == name)?;
        Some(Self { name: Name::BuiltIn(known), colors, reversed: false })
    }

    /// A palette from a list of colors at equal distances: `#001,#fff,#fa0,#001`.
    ///
    /// # Errors
    /// [`Error::FewColors`] for fewer than two colors, [`Error::Color`] for one that cannot be read.
    pub fn from_list(list: &str) -> Result<Self, Error> {
        Self::from_colors(list.split(',').map(|color| color.trim().parse()).collect::<Result<Vec<_>, _>>()?)
    }

    /// A palette of colors at equal distances.
    ///
    /// # Errors
    /// [`Error::FewColors`] for fewer than two.
    pub fn from_colors(colors: Vec<Rgb>) -> Result<Self, Error> {
        Self::from_stops(even_places(colors.len()).zip(colors).collect())
    }

    /// A palette of colors at places that rise from 0 to 1.
    ///
    /// # Errors
    /// [`Error::FewColors`] for fewer than two, [`Error::Places`] for places that do not rise from 0 to 1.
    pub fn from_stops(mut stops: Vec<(f64, Rgb)>) -> Result<Self, Error> {
        let [first, .., last] = &mut stops[..] else { return Err(Error::FewColors(stops.len())) };
        if first.0 != 0.0 || last.0 != 1.0 {
            return Err(Error::Places);
        }
        first.0 = 0.0; // and not -0
        if !stops.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err(Error::Places);
        }
        let even = is_even(&stops);
        let name = |(place, color): &(f64, Rgb)| {
            if even { color.to_string() } else { format!("{color} at {place:?}") }
        };
        let name = Name::Own(stops.iter().map(name).collect::<Vec<_>>().join(","));
        Ok(Self { name, colors: Colors::Stops(stops), reversed: false })
    }

    /// The same colors the other way round.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { reversed: !self.reversed, ..self }
    }

    /// Name, or the list of colors.
    pub fn name(&self) -> &str {
        match &self.name {
            Name::BuiltIn(name) => name,
            Name::Own(list) => list,
        }
    }

    /// Places and colors of a palette that is not built in, before any reversal.
    pub fn own_stops(&self) -> Option<&[(f64, Rgb)]> {
        match (&self.name, &self.colors) {
            (Name::Own(_), Colors::Stops(stops)) => Some(stops),
            _ => None,
        }
    }

    /// Whether the palette runs backwards.
    pub fn is_reversed(&self) -> bool {
        self.reversed
    }

    /// Whether the end joins the beginning, so that the palette can repeat.
    pub fn is_cyclic(&self) -> bool {
        match &self.colors {
            Colors::Stops(stops) => stops.first().map(|s| s.1) == stops.last().map(|s| s.1),
            Colors::Steps(_) => self.name().starts_with("twilight"),
        }
    }

    /// Colors in sRGB at `count` places from 0 to 1, for showing the palette.
    pub fn strip(&self, count: usize) -> Vec<Rgb> {
        let last = (count.max(2) - 1) as f64;
        (0..count).map(|i| Rgb(self.srgb(i as f64 / last).map(|v| (v * 255.0 + 0.5) as u8))).collect()
    }

    /// One pass through the palette in linear light: entry i stands for places from i/N to (i+1)/N.
    ///
    /// With `stepped`, a palette made of steps gives exactly those.
    pub(crate) fn table(&self, stepped: bool) -> Vec<[u16; 3]> {
        match &self.colors {
            Colors::Steps(steps) if stepped => {
                let mut table: Vec<_> =
                    steps.chunks_exact(3).map(|c| Rgb([c[0], c[1], c[2]]).linear()).collect();
                if self.reversed {
                    table.reverse();
                }
                table
            }
            _ => match Self::names().position(|name| self.name == Name::BuiltIn(name)) {
                Some(place) => {
                    let mut table = TABLES[place].get_or_init(|| self.clone().forwards().smooth()).clone();
                    if self.reversed {
                        table.reverse();
                    }
                    table
                }
                None => self.smooth(),
            },
        }
    }

    fn forwards(self) -> Self {
        Self { reversed: false, ..self }
    }

    /// The entries of a smooth palette. Reversed, they are the same in the opposite order: places are exact, and so is
    /// their distance from 1.
    fn smooth(&self) -> Vec<[u16; 3]> {
        (0..ENTRIES).map(|i| self.srgb((i as f64 + 0.5) / ENTRIES as f64).map(linear)).collect()
    }

    /// The color at place `t` from 0 to 1, as sRGB values from 0 to 1.
    fn srgb(&self, t: f64) -> [f64; 3] {
        let t = if self.reversed { 1.0 - t } else { t };
        let channel = |c: usize| match &self.colors {
            Colors::Stops(stops) => monotone_cubic(stops, c, self.is_cyclic(), t),
            Colors::Steps(steps) => {
                // Linear interpolation between the middles of the steps.
                let count = steps.len() / 3;
                let place = (t * count as f64 - 0.5).max(0.0);
                let i = (place as usize).min(count - 1);
                let next = if i + 1 < count {
                    i + 1
                } else if self.is_cyclic() {
                    0
                } else {
                    i
                };
                let f = place - i as f64;
                let at = |step: usize| f64::from(steps[3 * step + c]);
                at(i) + f * (at(next) - at(i))
            }
        };
        [0, 1, 2].map(|c| (channel(c) / 255.0).clamp(0.0, 1.0))
    }
}

/// The places of so many colors at equal distances.
fn even_places(count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |i| i as f64 / (count.max(2) - 1) as f64)
}

/// Whether stops lie exactly where a list of colors without places puts them.
pub(crate) fn is_even(stops: &[(f64, Rgb)]) -> bool {
    stops.iter().map(|(place, _)| *place).eq(even_places(stops.len()))
}

/// A channel of the monotone cubic through `stops` at `t`: no overshoot between two of them.
///
/// F. N. Fritsch, J. Butland, "A method for constructing local monotone piecewise cubic interpolants" (1984): the slope at
/// a stop is the weighted harmonic mean of the slopes beside it, and 0 where they differ in sign.
fn monotone_cubic(stops: &[(f64, Rgb)], channel: usize, cyclic: bool, t: f64) -> f64 {
    let last = stops.len() - 1;
    let i = stops[1..last].partition_point(|(x, _)| *x <= t);
    let value = |i: usize| f64::from(stops[i].1.0[channel]);
    let width = |i: usize| stops[i + 1].0 - stops[i].0;
    let secant = |i: usize| (value(i + 1) - value(i)) / width(i);
    let slope = |i: usize| {
        let (before, after) = match (i, cyclic) {
            (0, true) => (last - 1, 0),
            (0, false) => return secant(0),
            (i, true) if i == last => (last - 1, 0),
            (i, false) if i == last => return secant(last - 1),
            (i, _) => (i - 1, i),
        };
        let (a, b) = (secant(before), secant(after));
        if a * b <= 0.0 {
            return 0.0;
        }
        let (wa, wb) = (2.0 * width(after) + width(before), width(after) + 2.0 * width(before));
        (wa + wb) / (wa / a + wb / b)
    };
    let (h, y0, y1) = (width(i), value(i), value(i + 1));
    let s = (t - stops[i].0) / h;
    let (s2, s3) = (s * s, s * s * s);
    (2.0 * s3 - 3.0 * s2 + 1.0) * y0
        + (s3 - 2.0 * s2 + s) * h * slope(i)
        + (3.0 * s2 - 2.0 * s3) * y1
        + (s3 - s2) * h * slope(i + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::rgb::ToSrgb;

    #[test]
    fn a_table_that_is_kept_is_the_one_that_is_made() {
        for name in Palette::names() {
            let palette = Palette::named(name).expect("built in");
            for palette in [palette.clone(), palette.reversed()] {
                assert_eq!(palette.table(false), palette.smooth(), "{name}");
            }
        }
    }

    #[test]
    fn stops_are_met_exactly() {
        let glacier = Palette::named("glacier").expect("built in");
        let at = |t: f64| glacier.srgb(t).map(|v| (v * 255.0 + 0.5) as u8);
        assert_eq!(at(0.0), [0x04, 0x08, 0x1e]);
        assert_eq!(at(0.55), [0xfa, 0xfc, 0xf5]);
        assert_eq!(at(1.0), [0x04, 0x08, 0x1e]);
        assert!(glacier.is_cyclic());
    }

    #[test]
    fn matplotlib_maps_keep_every_byte() {
        let to_srgb = ToSrgb::new();
        for (name, bytes) in STEPS {
            let palette = Palette::named(name).expect("built in");
            let shown: Vec<u8> =
                palette.table(true).iter().flatten().map(|&light| to_srgb.byte(light)).collect();
            assert_eq!(shown, bytes, "{name}");
        }
    }

    #[test]
    fn colors_between_stops_stay_between_them() {
        let stops = [(0.0, 0), (0.3, 10), (0.6, 10), (1.0, 250)].map(|(place, v)| (place, Rgb([v; 3])));
        let mut before = 0.0;
        for i in 0..=1000 {
            let value = monotone_cubic(&stops, 0, false, f64::from(i) / 1000.0);
            assert!(value >= before - 1e-12, "falls at {i}");
            before = value;
        }
    }

    #[test]
    fn lists_of_colors() {
        let list = Palette::from_list("#001,#fff,#fa0,#001").expect("a palette");
        assert!(list.is_cyclic());
        assert_eq!(list.strip(2), [Rgb([0, 0, 17]), Rgb([0, 0, 17])]);
        assert!(!Palette::from_list("#000,#fff").expect("a palette").is_cyclic());
        assert!(Palette::from_list("#000").is_err());
        assert!(Palette::from_list("#000,blue").is_err());
        let stops = |places: [f64; 3]| Palette::from_stops(places.map(|place| (place, Rgb::BLACK)).to_vec());
        assert_eq!(stops([-0.0, 0.5, 1.0]), Palette::from_list("black,black,black"));
        assert_eq!(
            stops([0.0, 0.25, 1.0]).expect("a palette").name(),
            "#000000 at 0.0,#000000 at 0.25,#000000 at 1.0"
        );
        for places in
            [[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [0.0, f64::NAN, 1.0], [0.1, 0.5, 1.0], [0.0, 0.5, 0.9]]
        {
            assert_eq!(stops(places), Err(Error::Places), "{places:?}");
        }
        let reversed = Palette::named("viridis").expect("built in").reversed();
        assert_eq!(reversed.strip(2)[1], Rgb([68, 1, 84]));
    }
}

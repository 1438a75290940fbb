//! Named palettes: colors along a line or around a circle.

mod file;
mod gradient;
mod stops;

use std::sync::OnceLock;

use crate::color::palette::gradient::{Gradient, Space};
use crate::color::palette::stops::{BuiltIn, STOPS};
use crate::color::rgb::{Rgb, quantize, to_light};
use crate::error::Error;

/// Entries of the table of a smooth palette. Neighboring entries of the steepest built-in palette, `contrast`, differ by
/// less than an sRGB unit.
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
    Stops(Gradient),
    /// Equal steps of one color each, three bytes a step.
    Steps(&'static [u8]),
}

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
        Self::built_in(&STOPS[0])
    }
}

impl Palette {
    /// The names of the built-in palettes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        STOPS.iter().map(|palette| palette.name).chain(STEPS.iter().map(|(name, _)| *name))
    }

    /// A built-in palette.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(palette) = STOPS.iter().find(|palette| palette.name == name) {
            return Some(Self::built_in(palette));
        }
        let &(name, steps) = STEPS.iter().find(|(known, _)| *known == name)?;
        Some(Self { name: Name::BuiltIn(name), colors: Colors::Steps(steps), reversed: false })
    }

    fn built_in(palette: &BuiltIn) -> Self {
        Self { name: Name::BuiltIn(palette.name), colors: Colors::Stops(palette.gradient()), reversed: false }
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

    /// A palette of colors at places that rise from 0 to 1. Between them, sRGB values are interpolated.
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
        Ok(Self { name, colors: Colors::Stops(Gradient::new(stops, Space::Srgb)), reversed: false })
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
            (Name::Own(_), Colors::Stops(gradient)) => Some(gradient.stops()),
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
            Colors::Stops(gradient) => gradient.is_cyclic(),
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
        (0..ENTRIES).map(|i| self.light((i as f64 + 0.5) / ENTRIES as f64).map(quantize)).collect()
    }

    /// The color at place `t` from 0 to 1, in linear light from 0 to 1.
    fn light(&self, t: f64) -> [f64; 3] {
        let place = if self.reversed { 1.0 - t } else { t };
        match &self.colors {
            Colors::Stops(gradient) => gradient.light(place),
            Colors::Steps(steps) => between_steps(steps, self.is_cyclic(), place).map(to_light),
        }
    }

    /// The color at place `t` from 0 to 1, as sRGB values from 0 to 1.
    fn srgb(&self, t: f64) -> [f64; 3] {
        let place = if self.reversed { 1.0 - t } else { t };
        match &self.colors {
            Colors::Stops(gradient) => gradient.srgb(place),
            Colors::Steps(steps) => between_steps(steps, self.is_cyclic(), place),
        }
    }
}

/// The color at place `t` of a palette of steps, as sRGB values from 0 to 1: linear interpolation between the middles of
/// the steps.
fn between_steps(steps: &[u8], cyclic: bool, t: f64) -> [f64; 3] {
    let count = steps.len() / 3;
    let place = (t * count as f64 - 0.5).max(0.0);
    let i = (place as usize).min(count - 1);
    let next = match i + 1 {
        next if next < count => next,
        _ if cyclic => 0,
        _ => i,
    };
    let f = place - i as f64;
    [0, 1, 2].map(|channel| {
        let at = |step: usize| f64::from(steps[3 * step + channel]);
        ((at(i) + f * (at(next) - at(i))) / 255.0).clamp(0.0, 1.0)
    })
}

/// The places of so many colors at equal distances.
fn even_places(count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |i| i as f64 / (count.max(2) - 1) as f64)
}

/// Whether stops lie exactly where a list of colors without places puts them.
pub(crate) fn is_even(stops: &[(f64, Rgb)]) -> bool {
    stops.iter().map(|(place, _)| *place).eq(even_places(stops.len()))
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
        for BuiltIn { name, stops, .. } in &STOPS {
            let palette = Palette::named(name).expect("built in");
            for &(place, hex) in *stops {
                let [r, g, b] = palette.srgb(place).map(|v| (v * 255.0 + 0.5) as u8);
                assert_eq!(u32::from_be_bytes([0, r, g, b]), hex, "{name} at {place}");
            }
        }
    }

    #[test]
    fn palettes_of_stops_can_repeat() {
        for BuiltIn { name, .. } in &STOPS {
            let palette = Palette::named(name).expect("built in");
            assert!(palette.is_cyclic(), "{name}");
            // Neighbors differ by less than a byte, also where the end meets the beginning.
            let count = ENTRIES as f64;
            let at = |i: usize| palette.srgb((i as f64 + 0.5) / count).map(|v| v * 255.0);
            for i in 0..ENTRIES {
                let (color, next) = (at(i), at((i + 1) % ENTRIES));
                assert!((0..3).all(|c| (color[c] - next[c]).abs() < 1.0), "{name} at {i}");
            }
        }
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

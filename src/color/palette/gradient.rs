//! Colors between stops: monotone cubics through the coordinates of a color space.

use crate::color::curve::knot_slope;
use crate::color::oklab;
use crate::color::rgb::{Rgb, to_light, to_srgb};

/// The color space whose coordinates are interpolated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// Red, green, blue as sRGB bytes.
    Srgb,
    /// Lightness and two axes of hue, in which equal steps look about equal.
    Oklab,
}

/// Places from 0 to 1 and their colors, joined by monotone cubics.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gradient {
    stops: Vec<(f64, Rgb)>,
    space: Space,
    /// Place and coordinates of each stop in `space`.
    knots: Vec<(f64, [f64; 3])>,
}

impl Gradient {
    /// A gradient through two or more stops whose places rise from 0 to 1.
    pub(crate) fn new(stops: Vec<(f64, Rgb)>, space: Space) -> Self {
        debug_assert!(stops.len() >= 2 && stops.is_sorted_by(|(a, _), (b, _)| a < b), "two rising places");
        let coordinates = |color: Rgb| match space {
            Space::Srgb => color.0.map(f64::from),
            Space::Oklab => oklab::from_rgb(color),
        };
        let knots = stops.iter().map(|&(place, color)| (place, coordinates(color))).collect();
        Self { stops, space, knots }
    }

    pub(crate) fn stops(&self) -> &[(f64, Rgb)] {
        &self.stops
    }

    /// Whether the last color is the first.
    pub(crate) fn is_cyclic(&self) -> bool {
        self.stops.first().map(|stop| stop.1) == self.stops.last().map(|stop| stop.1)
    }

    /// The color at `t` from 0 to 1, as sRGB values from 0 to 1.
    pub(crate) fn srgb(&self, t: f64) -> [f64; 3] {
        match self.space {
            Space::Srgb => self.coordinates(t).map(|value| (value / 255.0).clamp(0.0, 1.0)),
            Space::Oklab => self.light(t).map(to_srgb),
        }
    }

    /// The color at `t` from 0 to 1, in linear light from 0 to 1.
    pub(crate) fn light(&self, t: f64) -> [f64; 3] {
        match self.space {
            Space::Srgb => self.srgb(t).map(to_light),
            Space::Oklab => oklab::light(self.coordinates(t)).map(|light| light.clamp(0.0, 1.0)),
        }
    }

    /// The color at `t` from 0 to 1, as coordinates in the space of the gradient.
    pub(crate) fn coordinates(&self, t: f64) -> [f64; 3] {
        [0, 1, 2].map(|channel| monotone_cubic(&self.knots, channel, self.is_cyclic(), t))
    }
}

/// A channel of the monotone cubic through `knots` at `t`: no overshoot between two of them.
fn monotone_cubic(knots: &[(f64, [f64; 3])], channel: usize, cyclic: bool, t: f64) -> f64 {
    let last = knots.len() - 1;
    let i = knots[1..last].partition_point(|(x, _)| *x <= t);
    let value = |i: usize| knots[i].1[channel];
    let width = |i: usize| knots[i + 1].0 - knots[i].0;
    let secant = |i: usize| (value(i + 1) - value(i)) / width(i);
    let slope = |i: usize| {
        let (before, after) = match (i, cyclic) {
            (0, true) => (last - 1, 0),
            (0, false) => return secant(0),
            (i, true) if i == last => (last - 1, 0),
            (i, false) if i == last => return secant(last - 1),
            (i, _) => (i - 1, i),
        };
        knot_slope((secant(before), width(before)), (secant(after), width(after)))
    };
    let (h, y0, y1) = (width(i), value(i), value(i + 1));
    let s = (t - knots[i].0) / h;
    let (s2, s3) = (s * s, s * s * s);
    (2.0 * s3 - 3.0 * s2 + 1.0) * y0
        + (s3 - 2.0 * s2 + s) * h * slope(i)
        + (3.0 * s2 - 2.0 * s3) * y1
        + (s3 - s2) * h * slope(i + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_between_stops_stay_between_them() {
        let knots = [(0.0, 0), (0.3, 10), (0.6, 10), (1.0, 250)].map(|(place, v)| (place, [f64::from(v); 3]));
        let mut before = 0.0;
        for i in 0..=1000 {
            let value = monotone_cubic(&knots, 0, false, f64::from(i) / 1000.0);
            assert!(value >= before - 1e-12, "falls at {i}");
            before = value;
        }
    }

    #[test]
    fn the_middle_in_oklab_has_the_middle_lightness() {
        let ends = [[255, 255, 0], [0, 0, 255]].map(Rgb);
        let lightness = |color| oklab::from_rgb(color)[0];
        let mean = (lightness(ends[0]) + lightness(ends[1])) / 2.0;
        let middle = |space| {
            let gradient = Gradient::new(vec![(0.0, ends[0]), (1.0, ends[1])], space);
            Rgb(gradient.srgb(0.5).map(|v| (v * 255.0 + 0.5) as u8))
        };
        assert!((lightness(middle(Space::Oklab)) - mean).abs() < 0.002);
        assert_eq!(middle(Space::Srgb), Rgb([128; 3]));
        assert!((lightness(Rgb([128; 3])) - mean).abs() > 0.1);
    }
}

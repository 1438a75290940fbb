//! Stops for a curve of colors that is not the monotone cubic of a palette.

use crate::color::palette::gradient::{Gradient, Space};
use crate::color::rgb::Rgb;

/// What a channel may differ from the curve by, in sRGB bytes. A smooth step through a quarter of them shows no difference.
const TOLERANCE: f64 = 3.0;
/// Segments are not halved below this: two entries of the table of a palette.
const NARROW: f64 = 1.0 / 2048.0;
/// Where between two stops the curve is compared.
const PROBES: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];

/// Half the width of a jump from one color to another, which a palette has no room for: less than an entry of its table.
pub(super) const JUMP: f64 = 1.0 / 16384.0;

/// Stops at `places`, and halfway between two of them again and again, as long as the palette through them differs from the curve.
///
/// `curve` gives sRGB values from 0 to 255 at places from 0 to 1; `places` rise from 0 to 1.
pub(super) fn stops(curve: impl Fn(f64) -> [f64; 3], places: Vec<f64>) -> Vec<(f64, Rgb)> {
    let stop = |place: f64| (place, Rgb(curve(place).map(|value| (value + 0.5) as u8)));
    let mut stops: Vec<_> = places.into_iter().map(stop).collect();
    loop {
        let gradient = Gradient::new(stops.clone(), Space::Srgb);
        let off = |t: f64| {
            let (is, wanted) = (gradient.srgb(t), curve(t));
            (0..3).any(|c| (255.0 * is[c] - wanted[c]).abs() > TOLERANCE)
        };
        let mut finer = Vec::with_capacity(stops.len());
        for pair in stops.windows(2) {
            let (from, to) = (pair[0].0, pair[1].0);
            finer.push(pair[0]);
            if to - from > NARROW && PROBES.iter().any(|f| off(from + f * (to - from))) {
                finer.push(stop((from + to) / 2.0));
            }
        }
        finer.extend(stops.last());
        if finer.len() == stops.len() {
            return stops;
        }
        stops = finer;
    }
}

//! The colors of Kalles Fraktaler: a line `Colors: r,g,b,r,g,b,` in a parameter, settings or palette file.

use std::f64::consts::PI;

use crate::color::palette::file::fit;
use crate::color::palette::file::text::{byte, enough, wrong};
use crate::color::rgb::Rgb;
use crate::error::{Error, PaletteProblem};

/// The key that the colors stand behind. The first of several counts.
pub(super) const KEY: &str = "Colors:";
/// Colors between which Kalles Fraktaler interpolates: it makes 1024 of them.
const MAX_COLORS: usize = 1024;

/// The stops of the ring of colors, at equal distances, with half a wave of the cosine between two of them.
pub(super) fn read(text: &str) -> Result<Vec<(f64, Rgb)>, Error> {
    let line = text.lines().find_map(|line| line.strip_prefix(KEY)).unwrap_or_default().trim();
    let mut values = Vec::new();
    for word in line.trim_end_matches(',').split(',').map(str::trim).filter(|_| !line.is_empty()) {
        if values.len() == 3 * MAX_COLORS {
            return Err(wrong(text, word, PaletteProblem::ManyColors(MAX_COLORS)));
        }
        values.push(byte(text, word)?);
    }
    let (colors, rest) = values.as_chunks::<3>();
    if !rest.is_empty() {
        return Err(wrong(text, &line[line.len()..], PaletteProblem::Thirds(values.len())));
    }
    enough(text, line, colors.len())?;
    let count = colors.len();
    let curve = |t: f64| {
        let place = t * count as f64;
        let (i, f) = (place as usize % count, place - place.floor());
        let (from, to) = (colors[i], colors[(i + 1) % count]);
        let part = (1.0 - libm::cos(PI * f)) / 2.0;
        [0, 1, 2].map(|c| f64::from(from[c]) * (1.0 - part) + f64::from(to[c]) * part)
    };
    Ok(fit::stops(curve, (0..=count).map(|i| i as f64 / count as f64).collect()))
}

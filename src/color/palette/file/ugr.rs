//! Gradients of Ultra Fractal: entries `name { gradient: index=i color=c ... opacity: ... }`.

use std::collections::BTreeMap;

use crate::color::palette::file::fit;
use crate::color::palette::file::text::{end, enough, expected, number, wrong};
use crate::color::palette::gradient::{Gradient, Space};
use crate::color::rgb::Rgb;
use crate::error::{Error, PaletteProblem};

/// The section of the colors.
pub(super) const SECTION: &str = "gradient:";
/// Indices in a period.
const PERIOD: i64 = 400;
/// The most entries of a file.
const MAX_ENTRIES: usize = 10_000;

/// One gradient of a file, not yet read.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    body: &'a str,
}

/// All entries of a file.
pub(super) fn entries(text: &str) -> Result<Vec<Entry<'_>>, Error> {
    let (mut entries, mut rest) = (Vec::new(), text);
    while let Some((head, body)) = split_at(rest, '{') {
        let name = head.lines().map(plain).map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
        if name.is_empty() {
            return Err(expected(text, &rest[head.len()..], "the name of a gradient before its {"));
        }
        if entries.len() == MAX_ENTRIES {
            return Err(wrong(text, name, PaletteProblem::TooLong));
        }
        let Some((body, after)) = split_at(body, '}') else {
            return Err(expected(text, end(text), "the } of a gradient"));
        };
        entries.push(Entry { name, body });
        rest = after;
    }
    Ok(entries)
}

/// The parts of a text before and behind a character that is no part of a comment or of a text in quotes.
fn split_at(text: &str, mark: char) -> Option<(&str, &str)> {
    let (mut comment, mut quoted) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            c if c == mark && !comment && !quoted => return Some((&text[..at], &text[at + 1..])),
            '\n' => (comment, quoted) = (false, false),
            ';' if !quoted => comment = true,
            '"' if !comment => quoted = !quoted,
            _ => {}
        }
    }
    None
}

/// A line without its comment.
fn plain(line: &str) -> &str {
    split_at(line, ';').map_or(line, |(before, _)| before)
}

/// The stops of the gradient of that name, or of the only one.
pub(super) fn read(text: &str, name: Option<&str>) -> Result<Vec<(f64, Rgb)>, Error> {
    let entries = entries(text)?;
    let wanted = match (name, &entries[..]) {
        (None, [only]) => Some(only),
        (None, _) => None,
        (Some(name), all) => all.iter().find(|entry| entry.name.eq_ignore_ascii_case(name)),
    };
    let Some(entry) = wanted else {
        let known = entries.iter().map(|entry| entry.name.to_string()).collect();
        return Err(Error::PaletteName { name: name.map(str::to_string), known });
    };
    let (colors, smooth) = colors(text, entry.body)?;
    enough(text, entry.name, colors.len())?;
    // The ring as a gradient of its own, which begins at its first color.
    let first = colors[0].0;
    let mut ring: Vec<_> = colors.iter().map(|(index, color)| (share(index - first), *color)).collect();
    ring.push((1.0, colors[0].1));
    let turned = |t: f64| {
        let turned = t - share(first);
        if turned < 0.0 { turned + 1.0 } else { turned }
    };
    let gradient = Gradient::new(ring.clone(), Space::Srgb);
    let curve = |t: f64| match smooth {
        true => gradient.srgb(turned(t)).map(|value| 255.0 * value),
        false => linear(&ring, turned(t)),
    };
    let mut places: Vec<f64> = colors.iter().map(|(index, _)| share(*index)).collect();
    if first != 0 {
        places.insert(0, 0.0);
    }
    places.push(1.0);
    Ok(fit::stops(curve, places))
}

fn share(index: i64) -> f64 {
    index as f64 / PERIOD as f64
}

/// Linear interpolation between stops.
fn linear(stops: &[(f64, Rgb)], t: f64) -> [f64; 3] {
    let i = stops.partition_point(|(place, _)| *place <= t).clamp(1, stops.len() - 1);
    let ((from, Rgb(a)), (to, Rgb(b))) = (stops[i - 1], stops[i]);
    let f = (t - from) / (to - from);
    [0, 1, 2].map(|c| f64::from(a[c]) + f * (f64::from(b[c]) - f64::from(a[c])))
}

/// The colors of a gradient by their index in the period, and whether it is smooth. Of two at one index the last counts.
///
/// `rotation` is what the indices have been turned by already, and is not read.
fn colors(text: &str, body: &str) -> Result<(Vec<(i64, Rgb)>, bool), Error> {
    let (mut colors, mut smooth, mut section, mut index) = (BTreeMap::new(), false, false, None);
    for word in words(body) {
        if word.ends_with(':') {
            section = word.eq_ignore_ascii_case(SECTION);
            continue;
        }
        let Some((key, value)) = word.split_once('=').filter(|_| section) else { continue };
        match key {
            "smooth" => smooth = value.eq_ignore_ascii_case("yes"),
            "index" => {
                let number: i64 = number(text, value, "a whole number")?;
                index = Some(number.rem_euclid(PERIOD));
            }
            "color" => {
                let number: i64 = number(text, value, COLOR)?;
                // Blue, green and red, from the highest byte on.
                let [0, b, g, r] = u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes() else {
                    return Err(expected(text, value, COLOR));
                };
                let Some(index) = index.take() else {
                    return Err(expected(text, word, "index= before each color="));
                };
                colors.insert(index, Rgb([r, g, b]));
            }
            _ => {}
        }
    }
    Ok((colors.into_iter().collect(), smooth))
}

const COLOR: &str = "a color from 0 to 16777215, which is 65536 blue + 256 green + red";

/// The words of an entry: keys with their values, which may be in quotes, and names of sections.
fn words(body: &str) -> impl Iterator<Item = &str> {
    body.lines().map(plain).flat_map(|line| {
        let mut quoted = false;
        line.split(move |c: char| {
            quoted ^= c == '"';
            c.is_whitespace() && !quoted
        })
    })
}

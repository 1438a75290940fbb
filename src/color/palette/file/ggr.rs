//! Gradients of GIMP: a line `GIMP Gradient`, an optional name, a number of segments, and a line for each (`devel-docs/ggr.txt`).

use std::f64::consts::{FRAC_PI_2, LN_2, PI};

use crate::color::palette::file::fit::{self, JUMP};
use crate::color::palette::file::text::{end, expected, number, wrong};
use crate::color::rgb::Rgb;
use crate::error::{Error, PaletteProblem};

/// What a file begins with.
pub(super) const HEAD: &str = "GIMP Gradient";
/// The most segments: more than a gradient of GIMP's own has by far.
const MAX_SEGMENTS: usize = 1024;
/// What is expected of a segment.
const SEGMENT: &str = "13 or 15 numbers of a segment";
/// What two places may differ by that should be one: files have six digits.
const CLOSE: f64 = 1e-5;

/// How a segment passes from its left color to its right one.
#[derive(Clone, Copy, PartialEq)]
enum Blend {
    Linear,
    Curved,
    Sine,
    SphereIncreasing,
    SphereDecreasing,
    Step,
}

/// Which way the colors go between them.
#[derive(Clone, Copy)]
enum Way {
    Rgb,
    HueUp,
    HueDown,
}

struct Segment {
    left: f64,
    middle: f64,
    right: f64,
    /// Red, green and blue from 0 to 1, at the left and at the right.
    colors: [[f64; 3]; 2],
    blend: Blend,
    way: Way,
}

/// The stops of a gradient. Opacity is left out; where foreground and background are named, they are black and white.
pub(super) fn read(text: &str) -> Result<Vec<(f64, Rgb)>, Error> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).skip(1).peekable();
    lines.next_if(|line| line.starts_with("Name:"));
    let count = lines.next().unwrap_or(end(text));
    let wanted: usize = number(text, count, "the number of segments")?;
    if !(1..=MAX_SEGMENTS).contains(&wanted) {
        return Err(expected(text, count, "1 to 1024 segments"));
    }
    let mut segments: Vec<Segment> = Vec::new();
    for _ in 0..wanted {
        let line = lines.next().unwrap_or(end(text));
        let segment = segment(text, line)?;
        let begins = segments.last().map_or(0.0, |before| before.right);
        if (segment.left - begins).abs() > CLOSE {
            return Err(wrong(text, line, PaletteProblem::Gap));
        }
        segments.push(Segment { left: begins, ..segment });
    }
    match segments.last_mut() {
        Some(last) if (last.right - 1.0).abs() <= CLOSE => last.right = 1.0,
        _ => return Err(expected(text, end(text), "a last segment that ends at 1")),
    }
    let at = |t: f64| segments[segments.partition_point(|s| s.right <= t).min(segments.len() - 1)].color(t);
    Ok(fit::stops(|t| at(t).map(|value| 255.0 * value), places(&segments)))
}

/// Where stops must stand: the ends and middles of segments, and both sides of each jump.
fn places(segments: &[Segment]) -> Vec<f64> {
    let mut places = vec![0.0];
    let mut add = |place: f64, jump: bool| match jump {
        true => places.extend([place - JUMP, place + JUMP]),
        false => places.push(place),
    };
    for (i, segment) in segments.iter().enumerate() {
        add(segment.middle, segment.blend == Blend::Step);
        if let Some(next) = segments.get(i + 1) {
            add(segment.right, segment.colors[1] != next.colors[0]);
        }
    }
    places.sort_by(f64::total_cmp);
    places.retain(|place| (0.0..1.0).contains(place));
    places.dedup_by(|place, before| *place - *before < JUMP / 2.0);
    places.push(1.0);
    places
}

fn segment(text: &str, line: &str) -> Result<Segment, Error> {
    let words: Vec<&str> = line.split_whitespace().take(16).collect();
    if ![13, 15].contains(&words.len()) {
        return Err(expected(text, line, SEGMENT));
    }
    let mut numbers = [0.0; 11];
    for (number, word) in numbers.iter_mut().zip(&words) {
        let in_range = word.parse().ok().filter(|number| (0.0..=1.0).contains(number));
        *number = in_range.ok_or_else(|| expected(text, word, "a number from 0 to 1"))?;
    }
    let [left, middle, right, r, g, b, _, s, h, c, _] = numbers;
    if !(left <= middle && middle <= right) {
        return Err(expected(text, line, "places of a segment that rise"));
    }
    let blend = match words[11] {
        "0" => Blend::Linear,
        "1" => Blend::Curved,
        "2" => Blend::Sine,
        "3" => Blend::SphereIncreasing,
        "4" => Blend::SphereDecreasing,
        "5" => Blend::Step,
        other => return Err(expected(text, other, "a blend from 0 to 5")),
    };
    let way = match words[12] {
        "0" => Way::Rgb,
        "1" => Way::HueUp,
        "2" => Way::HueDown,
        other => return Err(expected(text, other, "a color type from 0 to 2")),
    };
    let mut colors = [[r, g, b], [s, h, c]];
    for (color, kind) in colors.iter_mut().zip(words.get(13..).unwrap_or_default()) {
        match *kind {
            "0" => {}
            "1" | "2" => *color = [0.0; 3],
            "3" | "4" => *color = [1.0; 3],
            other => return Err(expected(text, other, "a kind of color from 0 to 4")),
        }
    }
    Ok(Segment { left, middle, right, colors, blend, way })
}

impl Segment {
    /// The color at `t`, which lies in the segment.
    fn color(&self, t: f64) -> [f64; 3] {
        let width = self.right - self.left;
        let (place, middle) = match width > 0.0 {
            true => ((t - self.left) / width, (self.middle - self.left) / width),
            false => (0.5, 0.5),
        };
        let f = self.blend.part(place.clamp(0.0, 1.0), middle);
        let [from, to] = self.colors;
        let between = |from: [f64; 3], to: [f64; 3]| [0, 1, 2].map(|i| from[i] + f * (to[i] - from[i]));
        let (mut from_hsv, mut to_hsv) = (hsv(from), hsv(to));
        match self.way {
            Way::Rgb => return between(from, to),
            Way::HueUp if from_hsv[0] >= to_hsv[0] => to_hsv[0] += 1.0,
            Way::HueDown if from_hsv[0] <= to_hsv[0] => from_hsv[0] += 1.0,
            _ => {}
        }
        rgb(between(from_hsv, to_hsv))
    }
}

impl Blend {
    /// The part of the right color at `place` of a segment whose middle is at `middle`, all from 0 to 1.
    fn part(self, place: f64, middle: f64) -> f64 {
        let linear = match place <= middle {
            true if middle > 0.0 => 0.5 * place / middle,
            true => 0.0,
            false => 0.5 + 0.5 * (place - middle) / (1.0 - middle),
        };
        match self {
            Self::Linear => linear,
            // A power that is 1/2 in the middle.
            Self::Curved => libm::pow(place, -LN_2 / libm::log(middle.clamp(1e-6, 1.0 - 1e-6))),
            Self::Sine => (libm::sin(PI * linear - FRAC_PI_2) + 1.0) / 2.0,
            Self::SphereIncreasing => (1.0 - (linear - 1.0) * (linear - 1.0)).sqrt(),
            Self::SphereDecreasing => 1.0 - (1.0 - linear * linear).sqrt(),
            Self::Step => f64::from(place >= middle),
        }
    }
}

/// Hue, saturation and value from 0 to 1.
fn hsv([r, g, b]: [f64; 3]) -> [f64; 3] {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let range = most - least;
    if range == 0.0 {
        return [0.0, 0.0, most];
    }
    let sixth = match most {
        most if most == r => (g - b) / range,
        most if most == g => 2.0 + (b - r) / range,
        _ => 4.0 + (r - g) / range,
    };
    [(sixth / 6.0).rem_euclid(1.0), range / most, most]
}

/// The inverse of [`hsv`], for any hue.
fn rgb([hue, saturation, value]: [f64; 3]) -> [f64; 3] {
    // How far a channel lies below the value, by its distance in hue from where it is full.
    [0.0, 4.0, 2.0].map(|offset| {
        let sixth = (hue * 6.0 + offset).rem_euclid(6.0);
        let full = ((sixth - 3.0).abs() - 1.0).clamp(0.0, 1.0);
        value * (1.0 - saturation * (1.0 - full))
    })
}

//! Fractint and Iterated Dynamics: entries `Name { key=value ... }` of a `.par`.
//!
//! `;` begins a comment, a `\` at the end of a line joins it to the next one, keys have no case, and of several values of a key
//! the last counts. `center-mag=x/y/mag/xmagfactor/rotation/skew` is 2 / mag high; a positive rotation turns the picture
//! counter-clockwise. `corners=left/right/bottom/top/x3/y3` are the corners at the upper left (left, top), the lower right (right,
//! bottom) and the lower left (x3, y3).

use num_complex::Complex;

use crate::location::problem::{LocationProblem, Read};
use crate::location::value::Value;
use crate::number::decimal::Decimal;
use crate::number::floatexp::FloatExp;
use crate::plane::frame::{Aspect, Extent};
use crate::plane::rotation::Rotation;
use crate::scene::draft::Draft;

/// The limit of iterations where an entry names none.
const MAX_ITER: u32 = 150;

/// How far a view may be stretched or skewed that is taken for one with square pixels: what screens with other pixels leave.
const TOLERANCE: f64 = 0.02;

/// Whether a line begins an entry.
pub(super) fn begins(line: &str) -> bool {
    let name = line.split('{').next().unwrap_or_default();
    name.len() < line.len() && !name.trim().is_empty() && !name.contains(['=', '"', '\'', '[', '#', ':'])
}

pub(super) fn read(text: &str, entry: Option<&str>) -> Read<(Draft, Vec<String>)> {
    let entries = entries(text)?;
    let names = || entries.iter().map(|entry| entry.name.to_string()).collect();
    let chosen = match (entry, &entries[..]) {
        (None, []) => return Err((0, LocationProblem::Missing("entry"))),
        (None, [only]) => only,
        (None, _) => return Err((0, LocationProblem::Entries(names()))),
        (Some(name), _) => {
            let found = entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name.trim()));
            found.ok_or_else(|| (0, LocationProblem::NoEntry { name: name.into(), known: names() }))?
        }
    };
    let settings = settings(text, chosen);
    let find = |key: &'static str| {
        let (_, at, text) = settings.iter().rev().find(|(name, ..)| name == key)?;
        Some(Value { key, text, at: *at })
    };
    check(find)?;
    let mut draft = Draft { max_iter: Some(MAX_ITER), ..Draft::default() };
    if let Some(value) = find("maxiter") {
        draft.max_iter = Some(value.max_iter()?);
    }
    // Of both the last counts; without a value they only switch what is shown.
    let place = |key| find(key).filter(|value| !value.text.is_empty());
    match (place("corners"), place("center-mag")) {
        (Some(corners), center) if center.is_none_or(|center| center.at < corners.at) => {
            set_corners(corners, &mut draft)?;
        }
        (_, Some(center)) => set_center(center, &mut draft)?,
        _ if find("type").is_some() || find("reset").is_some() => {
            let home = ["-2.5", "1.5", "-1.5", "1.5"];
            let value = |text| Value { key: "corners", text, at: chosen.at }.decimal();
            let [left, right, bottom, top] = home.map(value);
            draft.region = Some(([left?, right?, bottom?, top?], Aspect::Fit));
        }
        _ => return Err((chosen.at, LocationProblem::Missing("corners= or center-mag= in the entry"))),
    }
    let left_out: Vec<&str> = COLOR.into_iter().filter(|key| find(key).is_some()).collect();
    let notes = if left_out.is_empty() {
        Vec::new()
    } else {
        vec![format!("its colors are left out: {}", left_out.join(", "))]
    };
    Ok((draft, notes))
}

/// Refuses what is not z^2 + c from 0.
fn check<'a>(find: impl Fn(&'static str) -> Option<Value<'a>>) -> Read<()> {
    if let Some(kind) = find("type").filter(|kind| !kind.text.eq_ignore_ascii_case("mandel")) {
        return kind.unsupported("another formula");
    }
    for (key, what) in [
        ("params", "a start other than 0"),
        ("initorbit", "a start other than 0"),
        ("invert", "an inversion"),
    ] {
        let Some(value) = find(key) else { continue };
        for part in parts(value).iter().filter(|part| !part.text.is_empty()) {
            if part.real() != Ok(0.0) {
                return value.unsupported(what);
            }
        }
    }
    match find("passes").filter(|value| value.text.eq_ignore_ascii_case("o")) {
        Some(value) => value.unsupported("orbits instead of counts"),
        None => Ok(()),
    }
}

/// The values between slashes.
fn parts(value: Value<'_>) -> Vec<Value<'_>> {
    let mut next = value.at;
    let part = |text| {
        let at = next;
        next += str::len(text) + 1;
        Value { text, at, ..value }
    };
    value.text.split('/').map(part).collect()
}

fn set_center(value: Value<'_>, draft: &mut Draft) -> Read<()> {
    let parts = parts(value);
    let [re, im, magnification, rest @ ..] = &parts[..] else {
        return value.unlike("x/y/mag, and then xmagfactor/rotation/skew if at all");
    };
    let number = |index: usize, default: f64| match rest.get(index).filter(|part| !part.text.is_empty()) {
        Some(part) => part.real(),
        None => Ok(default),
    };
    let (stretch, skew) = (number(0, 1.0)?, number(2, 0.0)?);
    // 0 stands for 1.
    if stretch != 0.0 && (stretch - 1.0).abs() > TOLERANCE {
        return value.unsupported("a stretched view");
    }
    if (skew * std::f64::consts::PI / 180.0).abs() > TOLERANCE {
        return value.unsupported("a skewed view");
    }
    draft.center = Some(Complex::new(re.decimal()?, im.decimal()?));
    draft.extent = Some(Extent::Zoom(magnification.length()?.times(2)));
    draft.rotation =
        rest.get(1).filter(|part| !part.text.is_empty()).map(|part| part.rotation(1.0)).transpose()?;
    Ok(())
}

fn set_corners(value: Value<'_>, draft: &mut Draft) -> Read<()> {
    let numbers = parts(value).into_iter().map(Value::decimal).collect::<Read<Vec<Decimal>>>()?;
    let (bounds, third) = match <[Decimal; 4]>::try_from(numbers) {
        Ok(bounds) => (bounds.clone(), [bounds[0].clone(), bounds[2].clone()]),
        Err(numbers) => match <[Decimal; 6]>::try_from(numbers) {
            Ok([left, right, bottom, top, x, y]) => ([left, right, bottom, top], [x, y]),
            Err(_) => return value.unlike("xmin/xmax/ymin/ymax, and then x3rd/y3rd if at all"),
        },
    };
    let [left, right, bottom, top] = &bounds;
    let [x, y] = &third;
    if (x, y) == (left, bottom) && left < right && bottom < top {
        draft.region = Some((bounds, Aspect::Fit));
        return Ok(());
    }
    let vector = |re: &Decimal, im: &Decimal| {
        [re.clone() - x.clone(), im.clone() - y.clone()].map(|part| part.to_floatexp())
    };
    let (across, up) = (vector(right, bottom), vector(left, top));
    let length = |[re, im]: [FloatExp; 2]| (re * re + im * im).sqrt();
    let (width, height) = (length(across), length(up));
    if width.is_zero() || height.is_zero() {
        return value.unlike("three corners that are not in a line");
    }
    // Directions, in which no deep view is too small for a float.
    let unit = |[re, im]: [FloatExp; 2], length: FloatExp| {
        Complex::new((re / length).to_f64(), (im / length).to_f64())
    };
    let (across, up) = (unit(across, width), unit(up, height));
    let turned = across.conj() * up;
    if turned.re.abs() > TOLERANCE {
        return value.unsupported("a skewed view");
    }
    if turned.im < 0.0 {
        return value.unsupported("a mirrored view");
    }
    let middle = |one: &Decimal, other: &Decimal| (one.clone() + other.clone()).half();
    draft.center = Some(Complex::new(middle(left, right), middle(bottom, top)));
    let (Some(width), Some(height)) = (Decimal::shortest(width), Decimal::shortest(height)) else {
        return value.unlike("finite numbers");
    };
    draft.extent = Some(Extent::Contains { width, height });
    let degrees = -libm::atan2(across.im, across.re).to_degrees();
    draft.rotation = Some(Rotation::new(degrees).or_else(|_| value.unlike("finite numbers"))?);
    Ok(())
}

/// An entry of a file.
struct Entry<'a> {
    name: &'a str,
    /// The byte at which its name begins.
    at: usize,
    /// The bytes between its braces.
    body: std::ops::Range<usize>,
}

/// All entries but comments. What stands between entries counts for nothing, but for the name before a brace.
fn entries(text: &str) -> Read<Vec<Entry<'_>>> {
    let mut entries = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(['{', ';']) {
        let brace = at + found;
        if text[brace..].starts_with(';') {
            at = text[brace..].find('\n').map_or(text.len(), |end| brace + end);
            continue;
        }
        let start = text[at..brace].rfind('\n').map_or(at, |end| at + end + 1);
        let Some(end) = closing(text, brace + 1) else {
            return Err((start, LocationProblem::Syntax("the entry has no '}' at its end".into())));
        };
        // What stands in parentheses or brackets behind a name says something of a formula.
        let before = &text[start..brace];
        let name = before.split(['(', '[']).next().unwrap_or_default().trim();
        if !name.eq_ignore_ascii_case("comment") && !name.is_empty() {
            let blanks = before.len() - before.trim_start().len();
            entries.push(Entry { name, at: start + blanks, body: brace + 1..end });
        }
        at = end + 1;
    }
    Ok(entries)
}

/// The closing brace of an entry whose body begins at `start`.
fn closing(text: &str, start: usize) -> Option<usize> {
    let mut comment = false;
    text[start..].char_indices().find_map(|(i, c)| {
        comment = c != '\n' && (comment || c == ';');
        (c == '}' && !comment).then_some(start + i)
    })
}

/// Keys that say what and where.
const PLACE: [&str; 9] =
    ["type", "params", "initorbit", "invert", "passes", "maxiter", "corners", "center-mag", "reset"];
/// Keys that concern color.
const COLOR: [&str; 8] =
    ["colors", "inside", "outside", "logmap", "decomp", "biomorph", "potential", "distest"];

/// Those keys of an entry, in lower case, the byte at which each value begins, and the value.
fn settings(text: &str, entry: &Entry<'_>) -> Vec<(String, usize, String)> {
    let mut settings = Vec::new();
    let mut chars = text[entry.body.clone()].char_indices().peekable();
    let (mut word, mut comment) = ((0, String::new()), false);
    let mut end = |word: &mut (usize, String)| {
        let (at, text) = std::mem::take(word);
        let (key, value) = text.split_once('=').unwrap_or((&text, ""));
        let key = if key.len() > 10 { String::new() } else { key.to_lowercase() };
        if PLACE.contains(&&*key) || COLOR.contains(&&*key) {
            settings.push((key, at + text.len() - value.len(), value.to_string()));
        }
    };
    while let Some((i, c)) = chars.next() {
        let at = entry.body.start + i;
        // It joins lines only where nothing but blanks follows on its own.
        let joins = c == '\\' && !comment && blank_to_the_end(&text[at + 1..]);
        if joins {
            while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
            continue;
        }
        comment = c != '\n' && (comment || c == ';');
        if comment || c.is_whitespace() {
            end(&mut word);
            continue;
        }
        if word.1.is_empty() {
            word.0 = at;
        }
        word.1.push(c);
    }
    end(&mut word);
    settings
}

fn blank_to_the_end(rest: &str) -> bool {
    rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
}

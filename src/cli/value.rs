//! Parsers of option values, with messages that name the option and an example.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use mandel::encode::Format;
use mandel::{Bailout, Decimal, Edge, Error, Level, Light, MAX_SIDE, Shading, parse_magnitude, parse_pasted};
use num_complex::Complex;

use crate::cli::failure::{Failure, usage};
use crate::cli::terminal::{WIDE, brief, steers};
use crate::cli::words::words;

/// A parser for clap whose errors are those of [`Failure`].
pub(crate) struct Worded<T>(pub(crate) fn(&str) -> Result<T, Failure>);

impl<T> Clone for Worded<T> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Worded<T> {
    type Value = T;

    fn parse_ref(&self, _: &clap::Command, arg: Option<&clap::Arg>, value: &OsStr) -> Result<T, clap::Error> {
        let parsed = match value.to_str() {
            Some(text) => (self.0)(text),
            None => {
                let flag = arg.map(ToString::to_string).unwrap_or_default();
                Err(usage(format!("{flag} needs a text (got '{}')", brief(&value.to_string_lossy()))))
            }
        };
        parsed.map_err(|failure| {
            clap::Error::raw(ErrorKind::ValueValidation, format!("{}\n", failure.told().0))
        })
    }
}

/// A parser of values some of which have names. Shells complete these.
pub(crate) struct Named<T>(pub(crate) fn(&str) -> Result<T, Failure>, pub(crate) fn() -> Vec<String>);

impl<T> Clone for Named<T> {
    fn clone(&self) -> Self {
        Self(self.0, self.1)
    }
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Named<T> {
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<T, clap::Error> {
        Worded(self.0).parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.1)().into_iter().map(PossibleValue::new)))
    }
}

/// A point of the plane, or the file that it is to be read from.
#[derive(Clone)]
pub(crate) enum Center {
    Point(Complex<Decimal>),
    /// The path after an `@`.
    File(PathBuf),
}

const POINT_EXAMPLES: &str = "examples: -0.75+0.1i   0.1i   -1.75   \"-0.75,0.1\"";

pub(crate) fn center(text: &str) -> Result<Center, Failure> {
    match text.strip_prefix('@') {
        Some("") => Err(usage("--center needs a file name after the '@'")),
        Some(path) => Ok(Center::File(path.into())),
        None => point("--center", text).map(Center::Point),
    }
}

/// A point of the plane that was given as the value of `flag`.
pub(crate) fn point(flag: &str, text: &str) -> Result<Complex<Decimal>, Failure> {
    not_an_option(flag, text)?;
    parse_pasted(text).map_err(|error| cannot_read(flag, text, &error, POINT_EXAMPLES))
}

/// A number above 0 that sets the size of the view.
pub(crate) fn extent(flag: &str, text: &str) -> Result<Decimal, Failure> {
    let zooms = matches!(flag, "--zoom" | "--from");
    let example = if zooms { "examples: 100   2.5   1e1000" } else { "examples: 3   0.0065   1e-400" };
    let number = parse_magnitude(text).map_err(|error| cannot_read(flag, text, &error, example))?;
    if number.is_zero() || number.is_negative() {
        let hint = if zooms {
            "zoom 1 shows a height of 4, larger numbers go deeper"
        } else {
            "it is an extent in the plane; the whole set is 2.5 high"
        };
        return Err(usage(format!("{flag} must be greater than 0 (got {}); {hint}", brief(text))));
    }
    let exponent = number.to_floatexp().exponent();
    let outward = if zooms { -exponent } else { exponent };
    if outward > 1000 {
        return Err(usage(format!(
            "{flag} {} shows more of the plane than f64 numbers reach, which end at 1e308; the whole set is 2.5 high",
            brief(text)
        )));
    }
    Ok(number)
}

/// Four numbers XMIN,XMAX,YMIN,YMAX.
pub(crate) fn region(text: &str) -> Result<[Decimal; 4], Failure> {
    let example = "examples: -2,1,-1.5,1.5   0.27,0.28,0,0.0075";
    let parts: Vec<&str> = text.split(',').collect();
    let Ok(parts) = <[&str; 4]>::try_from(parts) else {
        return Err(usage(format!(
            "--region needs four numbers XMIN,XMAX,YMIN,YMAX (got '{}')\n  {example}",
            brief(text)
        )));
    };
    let read = |part: &str| {
        part.trim().parse::<Decimal>().map_err(|error| cannot_read("--region", part, &error, example))
    };
    let [xmin, xmax, ymin, ymax] = parts.map(read);
    let bounds = [xmin?, xmax?, ymin?, ymax?];
    for (i, axis) in [(0, 'x'), (2, 'y')] {
        if bounds[i] >= bounds[i + 1] {
            let mut better = parts;
            for i in [0, 2] {
                if bounds[i] > bounds[i + 1] {
                    better.swap(i, i + 1);
                }
            }
            let way_out = if bounds[i] == bounds[i + 1] {
                "the region is empty".into()
            } else {
                format!("did you swap them? try --region {}", brief(&better.join(",")))
            };
            return Err(usage(format!(
                "--region: {axis}min ({}) is not below {axis}max ({}); {way_out}",
                brief(parts[i]),
                brief(parts[i + 1])
            )));
        }
    }
    Ok(bounds)
}

/// Sizes by name.
const SIZES: [(&str, (u32, u32)); 6] = [
    ("hd", (1280, 720)),
    ("fhd", (1920, 1080)),
    ("qhd", (2560, 1440)),
    ("4k", (3840, 2160)),
    ("8k", (7680, 4320)),
    ("16k", (15360, 8640)),
];

/// The names of sizes.
pub(crate) fn size_names() -> Vec<String> {
    SIZES.map(|(name, _)| name.to_string()).to_vec()
}

pub(crate) fn size(text: &str) -> Result<(u32, u32), Failure> {
    let lower = text.trim().to_lowercase();
    if let Some((_, size)) = SIZES.iter().find(|(name, _)| *name == lower) {
        return Ok(*size);
    }
    let side = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        // More digits than u64 holds are a size out of range, not a malformed one.
        plain.then(|| digits.parse::<u64>().unwrap_or(u64::MAX))
    };
    let sides = match lower.split_once(['x', '×']) {
        Some((width, height)) => side(width).zip(side(height)),
        None => side(&lower).map(|n| (n, n)),
    };
    let Some((width, height)) = sides else {
        return Err(usage(format!(
            "cannot read size '{}'\n  expected WIDTHxHEIGHT or a name (hd, fhd, 4k, ...); try --size 1920x1080",
            brief(text)
        )));
    };
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(width), Ok(height)) if width.min(height) >= 1 && width.max(height) <= MAX_SIDE => {
            Ok((width, height))
        }
        _ => Err(usage(format!("--size must be 1x1 to {MAX_SIDE}x{MAX_SIDE} (got {})", brief(text)))),
    }
}

/// A value, or `None` for 'auto'.
#[derive(Clone, Copy)]
pub(crate) struct Auto<T>(pub(crate) Option<T>);

/// The limit of iterations.
pub(crate) fn max_iter(text: &str) -> Result<Auto<u32>, Failure> {
    auto(text, |text| whole("--max-iter", text, 1, Bailout::MAX_ITER, " or 'auto'"))
}

/// Rows of pixels in a chunk.
pub(crate) fn rows_per_chunk(text: &str) -> Result<Auto<u32>, Failure> {
    auto(text, |text| whole("--rows-per-chunk", text, 1, u32::MAX, " or 'auto'"))
}

/// The names of formats.
pub(crate) fn format_names() -> Vec<String> {
    Format::all().map(|format| format.to_string()).collect()
}

/// The format of that name.
pub(crate) fn format(text: &str) -> Result<Format, Failure> {
    text.parse().map_err(|error| named("--format", &error))
}

fn kernels() -> impl Iterator<Item = &'static str> {
    ["auto"].into_iter().chain(Level::NAMES)
}

/// The names of levels, and 'auto'.
pub(crate) fn kernel_names() -> Vec<String> {
    kernels().map(String::from).collect()
}

/// The name of a level, or 'auto'.
pub(crate) fn kernel(text: &str) -> Result<&'static str, Failure> {
    kernels().find(|name| *name == text).ok_or_else(|| named("--kernel", &Error::UnknownLevel(text.into())))
}

/// The level of that name, if this machine has it; `None` is 'auto'.
pub(crate) fn level(name: &str) -> Result<Option<Level>, Failure> {
    Ok(auto(name, |name| Ok(name.parse()?))?.0)
}

pub(crate) fn auto<T>(text: &str, read: impl Fn(&str) -> Result<T, Failure>) -> Result<Auto<T>, Failure> {
    if text == "auto" { Ok(Auto(None)) } else { read(text).map(|value| Auto(Some(value))) }
}

/// A whole number from `least` to `most`.
pub(crate) fn whole(flag: &str, text: &str, least: u32, most: u32, or: &str) -> Result<u32, Failure> {
    let digits: String = text.trim().chars().filter(|c| *c != '_').collect();
    match digits.parse().or_else(|_| large(&digits)) {
        Ok(number) if (least..=most).contains(&number) && !digits.starts_with('+') => Ok(number),
        _ => Err(usage(format!("{flag} must be {least}..{most}{or} (got '{}')", brief(text)))),
    }
}

/// A whole number as a power or with groups of digits: 1e6, 1,000,000.
fn large(text: &str) -> Result<u32, ()> {
    let written_so = text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['e', 'E', ',']);
    let number = parse_magnitude(text).ok().filter(|_| written_so).ok_or(())?.to_f64();
    let is_whole = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    if is_whole { Ok(number as u32) } else { Err(()) }
}

/// A finite number.
pub(crate) fn real(flag: &str, text: &str) -> Result<f64, Failure> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(usage(format!("{flag} needs a number (got '{}')", brief(text)))),
    }
}

/// A light or an edge, or none.
#[derive(Clone, Copy)]
pub(crate) struct Shade<T>(pub(crate) Option<T>);

/// ANGLE[,HEIGHT[,STRENGTH]], or 'none'.
pub(crate) fn light(text: &str) -> Result<Shade<Light>, Failure> {
    not_an_option("--light", text)?;
    if text == "none" {
        return Ok(Shade(None));
    }
    let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    let light = match numbers.as_deref() {
        Some(&[angle]) => Some(Light { angle, height: Light::HEIGHT, strength: 1.0 }),
        Some(&[angle, height]) => Some(Light { angle, height, strength: 1.0 }),
        Some(&[angle, height, strength]) => Some(Light { angle, height, strength }),
        _ => None,
    };
    match light.filter(|&light| Shading { light: Some(light), edge: None }.check().is_ok()) {
        Some(light) => Ok(Shade(Some(light))),
        None => Err(usage(format!(
            "--light needs an angle of at most 1e6 degrees, then a height from 0.5 to 100 and a strength from 0 to 1 if you like, or 'none' \
             (got '{}')\n  examples: 135   135,2   45,1.2,0.5",
            brief(text)
        ))),
    }
}

/// X[,COLOR], or 'none'.
pub(crate) fn edge(text: &str) -> Result<Shade<Edge>, Failure> {
    not_an_option("--edge", text)?;
    if text == "none" {
        return Ok(Shade(None));
    }
    let (width, color) = text.split_once(',').map_or((text, None), |(width, color)| (width, Some(color)));
    let color = color.map(|color| color.trim().parse()).transpose();
    let color = color.map_err(|error| named("--edge", &error))?;
    let edge = width.trim().parse().ok().map(|width| Edge { width, color });
    match edge.filter(|&edge| Shading { light: None, edge: Some(edge) }.check().is_ok()) {
        Some(edge) => Ok(Shade(Some(edge))),
        None => Err(usage(format!(
            "--edge needs a width in pixels above 0 and at most 1e6, then a color if you like, or 'none' (got '{}')\n  \
             examples: 1   0.5   2,#ffffff",
            brief(text)
        ))),
    }
}

/// A mistake in the value of an option.
pub(crate) fn named(flag: &str, error: &Error) -> Failure {
    usage(format!("{flag}: {}", words(error)))
}

/// Refuses an option in the place of a value: `-c -o x.png`.
///
/// Coordinates may begin with a minus, so clap takes any next word as their value.
pub(crate) fn not_an_option(flag: &str, text: &str) -> Result<(), Failure> {
    let mut chars = text.chars();
    let dash = chars.next() == Some('-');
    // A minus may stand before a digit, a point, or the imaginary unit alone.
    let option = dash
        && chars.next().is_some_and(|c| c == '-' && chars.next().is_some_and(char::is_alphabetic))
        || dash && text.len() == 2 && text[1..].chars().all(|c| c.is_alphabetic() && !"ij".contains(c));
    if option {
        return Err(usage(format!(
            "{flag} needs a value, but the next word is the option '{}'",
            brief(text)
        )));
    }
    Ok(())
}

/// The message for a number that cannot be read, with a mark at its first wrong character.
fn cannot_read(flag: &str, text: &str, error: &Error, examples: &str) -> Failure {
    let position = if let Error::Number { position, .. } = error { *position } else { 0 };
    let problem = words(error);
    let head = format!("cannot read {} '", flag.trim_start_matches('-'));
    if text.chars().count() > WIDE {
        return usage(format!("{head}{}': {problem}\n  {examples}", brief(text)));
    }
    let plain: String = text.chars().map(|c| if steers(c) { '?' } else { c }).collect();
    // "error: " stands before the first line.
    let blanks = " ".repeat("error: ".len() + head.chars().count() + position);
    usage(format!("{head}{plain}'\n{blanks}^ {problem}\n  {examples}"))
}

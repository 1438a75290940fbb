//! Mandelbrot.site: the address of a view, or the same parameters as a JSON object; both stand in its PNG.
//!
//! `re`, `im`, `z`, `i` and `e` are the center, the zoom level, the limit of iterations and the power. Each level doubles the
//! magnification. At level 3, which shows the whole set, 256 pixels of the screen are 1 in the plane; how high the window was is
//! not told, and is taken for 1024 pixels, so that the height is 4 / 2^(z - 3).

use serde_json::Value as Json;

use crate::location::problem::{LocationProblem, Read};
use crate::location::program::Program;
use crate::location::value::{Value, mirrored};
use crate::number::decimal::{Decimal, MAX_DIGITS};
use crate::number::floatexp::FloatExp;
use crate::plane::frame::Extent;
use crate::scene::draft::Draft;

/// The zoom level that shows the whole set.
const WHOLE: f64 = 3.0;

/// Whether a text that begins like this is an address or an object of parameters.
pub(super) fn begins(first: &str) -> bool {
    let address = first.starts_with("http://") || first.starts_with("https://");
    address && first.contains("re=") && first.contains("im=")
        || first.starts_with('{') && first.contains("\"re\"")
}

pub(super) fn read(text: &str) -> Read<(Draft, Vec<String>)> {
    let start = text.len() - text.trim_start().len();
    let pairs = if text[start..].starts_with('{') { object(text)? } else { address(text) };
    // An object does not tell where its values stand.
    let find = |key: &'static str| {
        let (_, value) = pairs.iter().find(|(name, _)| name == key)?;
        Some(Value { key, text: value, at: start })
    };
    let needed = |key| find(key).ok_or((start, LocationProblem::Missing(key)));
    if let Some(power) = find("e") {
        power.refuse_unless(2.0, "another power")?;
    }
    let level = needed("z")?;
    let doublings = level.real()? - WHOLE;
    // 2^n has 0.301 n digits.
    if doublings.abs() * std::f64::consts::LOG10_2 > (MAX_DIGITS - 1) as f64 {
        return level.unlike("a zoom level up to 332000");
    }
    let whole = libm::floor(doublings);
    let magnification = FloatExp::new(libm::exp2(doublings - whole), whole as i32);
    let zoom = if doublings == whole {
        Some(Decimal::from(magnification))
    } else {
        Decimal::shortest(magnification)
    };
    let mut notes = Vec::new();
    let (re, im) = (needed("re")?.decimal()?, needed("im")?.decimal()?);
    let draft = Draft {
        center: Some(mirrored(Program::MandelbrotSite, re, im, &mut notes)),
        extent: zoom.map(Extent::Zoom),
        max_iter: find("i").map(Value::max_iter).transpose()?,
        ..Draft::default()
    };
    notes.push("the height of the window is not in it: level 3 is taken as 4 in the plane".into());
    notes.push("its colors are left out".into());
    Ok((draft, notes))
}

/// Keys and values of a JSON object.
fn object(text: &str) -> Read<Vec<(String, String)>> {
    let json: Json = serde_json::from_str(text.trim()).map_err(|error| {
        let before = text.split_inclusive('\n').take(error.line().max(1) - 1).map(str::len).sum::<usize>();
        (before + error.column().max(1) - 1, LocationProblem::Syntax("not a JSON object".into()))
    })?;
    let entries = json.as_object().into_iter().flatten();
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), String::from);
    Ok(entries.map(|(key, value)| (key.clone(), text(value))).collect())
}

/// Keys and values behind the `?` of an address.
fn address(text: &str) -> Vec<(String, String)> {
    let address = text.split_whitespace().next().unwrap_or_default();
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_string(), plain(value))).collect()
}

/// A value without the percent signs of addresses.
fn plain(value: &str) -> String {
    value.replace("%2B", "+").replace("%2b", "+").replace("%2D", "-").replace("%2d", "-").replace("%2E", ".")
}

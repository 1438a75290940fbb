//! DeepDrill: `#` comments, `[section]`, `key = value`. Only `[location]` says where; the height is 4 / zoom.

use crate::location::problem::{LocationProblem, Read};
use crate::location::program::Program;
use crate::location::value::{Value, lines, mirrored};
use crate::plane::frame::Extent;
use crate::scene::draft::Draft;

/// Whether a line begins the section of a location.
pub(super) fn is_sign(line: &str) -> bool {
    section(line) == Some("location")
}

/// The name of a section, if the line begins one.
fn section(line: &str) -> Option<&str> {
    let line = line.split(['#', ';']).next().unwrap_or_default().trim();
    line.strip_prefix('[')?.strip_suffix(']').map(str::trim)
}

/// The most sections that a note names.
const MOST: usize = 8;

pub(super) fn read(text: &str) -> Read<(Draft, Vec<String>)> {
    let mut here = "";
    let mut left_out: Vec<&str> = Vec::new();
    let mut found: [Option<Value>; 4] = [None; 4];
    for (start, line) in lines(text) {
        let plain = line.split(['#', ';']).next().unwrap_or_default();
        if plain.trim().is_empty() {
            continue;
        }
        if let Some(name) = section(line) {
            here = name;
            if here != "location" && left_out.len() < MOST && !left_out.contains(&here) {
                left_out.push(here);
            }
            continue;
        }
        let Some((key, _)) = plain.split_once('=') else {
            let words = "neither a [section] nor 'key = value'".into();
            return Err((start, LocationProblem::Syntax(words)));
        };
        let value = Value::in_line(key.trim(), plain, start, key.len() + 1);
        let place = ["real", "imag", "zoom", "depth"].iter().position(|name| *name == key.trim());
        if let (Some(place), "location") = (place, here) {
            found[place].get_or_insert(value);
        }
    }
    let needed = |value: Option<Value<'_>>, key| {
        value.ok_or((0, LocationProblem::Missing(key))).and_then(Value::decimal)
    };
    let [re, im, zoom, depth] = found;
    let mut notes = Vec::new();
    let (re, im) = (needed(re, "real")?, needed(im, "imag")?);
    let draft = Draft {
        center: Some(mirrored(Program::DeepDrill, re, im, &mut notes)),
        extent: Some(Extent::Zoom(zoom.ok_or((0, LocationProblem::Missing("zoom")))?.length()?)),
        max_iter: depth.map(Value::max_iter).transpose()?,
        ..Draft::default()
    };
    if !left_out.is_empty() {
        let names: Vec<String> = left_out.iter().map(|name| format!("[{name}]")).collect();
        notes.push(format!("left out: {}", names.join(", ")));
    }
    Ok((draft, notes))
}

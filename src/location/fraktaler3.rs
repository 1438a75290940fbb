//! Fraktaler-3, versions 2 and 3: TOML, in which anything may be left out and unknown keys are ignored.
//!
//! The height is 4 / `location.zoom`. `transform.rotate` turns the picture counter-clockwise, in degrees. With
//! `transform.reflect` the imaginary axis points up.

use num_complex::Complex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::location::problem::{LocationProblem, Read};
use crate::location::program::Program;
use crate::location::value::{Value, mirrored};
use crate::location::written::Written;
use crate::number::decimal::Decimal;
use crate::plane::frame::Extent;
use crate::plane::rotation::Rotation;
use crate::scene::draft::Draft;
use crate::scene::scene::Scene;

/// The limit of iterations where a file names none.
const MAX_ITER: u32 = 1024;

/// The most bytes of a file: four numbers of 100,000 digits and more. Parsed, a list takes some 80 times its text.
const MAX_BYTES: usize = 512 << 10;

/// Whether a line is one that only this program writes.
pub(super) fn is_sign(line: &str) -> bool {
    let name = line.split('=').next().unwrap_or_default().trim();
    let quoted = line.split_once('=').is_some_and(|(_, value)| value.trim_start().starts_with(['"', '\'']));
    match name {
        "program" => line.contains("fraktaler"),
        "real" | "imag" => quoted,
        "[bailout]" | "[transform]" | "[[formula]]" => true,
        _ => ["location.", "bailout.", "transform."].iter().any(|table| name.starts_with(table)),
    }
}

pub(super) fn read(text: &str) -> Read<(Draft, Vec<String>)> {
    if text.len() > MAX_BYTES {
        return Err((0, LocationProblem::Syntax("a file of Fraktaler-3 has at most 512 KiB".into())));
    }
    let root = DeTable::parse(text).map_err(|error| {
        (error.span().map_or(0, |span| span.start), LocationProblem::Syntax(error.message().into()))
    })?;
    let file = File(root.get_ref());
    file.check_formula()?;
    if let Some(value) = file.find("transform", "stretch_amount") {
        value.refuse_unless(0.0, "a stretched view")?;
    }
    if let Some(value) = file.find("transform", "exponential_map").filter(|value| value.text == "true") {
        return value.unsupported("an exponential map");
    }
    let number =
        |key, default: i32| file.find("location", key).map_or(Ok(Decimal::from(default)), Value::decimal);
    if file.find("location", "real").or(file.find("location", "imag")).is_none() {
        return Err((0, LocationProblem::Missing("location.real and location.imag")));
    }
    let (re, im) = (number("real", 0)?, number("imag", 0)?);
    let reflect = file.find("transform", "reflect").is_some_and(|value| value.text == "true");
    let zoom = file.find("location", "zoom").map_or(Ok(Decimal::from(1)), Value::length)?;
    let max_iter = file.find("bailout", "iterations").map_or(Ok(MAX_ITER), Value::max_iter)?;
    let rotation = file.find("transform", "rotate").map(|value| value.rotation(1.0)).transpose()?;
    let mut notes = file.notes();
    let center =
        if reflect { Complex::new(re, im) } else { mirrored(Program::Fraktaler3, re, im, &mut notes) };
    let draft = Draft {
        center: Some(center),
        extent: Some(Extent::Zoom(zoom)),
        rotation: rotation.filter(|rotation| *rotation != Rotation::NONE),
        max_iter: Some(max_iter),
        ..Draft::default()
    };
    Ok((draft, notes))
}

/// The tables of a file.
struct File<'a>(&'a DeTable<'a>);

impl<'a> File<'a> {
    /// A value of a table that is a text, a number or a bool. Other kinds have the text "".
    fn find(&self, table: &str, key: &'static str) -> Option<Value<'a>> {
        let value = self.0.get(table)?.get_ref().as_table()?.get(key)?;
        Some(scalar(key, value))
    }

    /// Refuses all but one step of z^2 + c.
    fn check_formula(&self) -> Read<()> {
        if let Some(name) = self.find("formula", "name").filter(|name| name.text != "Mandelbrot") {
            return name.unsupported("another formula");
        }
        let Some(steps) = self.0.get("formula").and_then(|formula| formula.get_ref().as_array()) else {
            return Ok(());
        };
        for step in steps {
            let Some(step) = step.get_ref().as_table() else { continue };
            for key in ["abs_x", "abs_y", "neg_x", "neg_y"] {
                let value = step.get(key).map(|value| scalar(key, value));
                if let Some(value) = value.filter(|value| value.text == "true") {
                    return value.unsupported("another formula");
                }
            }
            if let Some(power) = step.get("power").map(|value| scalar("power", value)) {
                power.refuse_unless(2.0, "another power")?;
            }
            let opcodes = step.get("opcodes").map(|value| scalar("opcodes", value));
            let plain = |value: &Value<'_>| value.text.split_whitespace().eq(["sqr", "add"]);
            if let Some(value) = opcodes.filter(|value| !plain(value)) {
                return value.unsupported("another formula");
            }
        }
        match steps.get(1) {
            Some(second) => scalar("formula", second).unsupported("a hybrid formula"),
            None => Ok(()),
        }
    }

    /// What is left out.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let (Some(width), Some(height)) = (self.find("image", "width"), self.find("image", "height")) {
            notes.push(format!("the size {}x{} is left out", width.text, height.text));
        }
        if self.find("render", "zoom_out_sequence").is_some_and(|value| value.text == "true") {
            notes.push("the zoom out sequence is left out: this is its first frame".into());
        }
        notes
    }
}

/// The text of a value.
fn scalar<'a>(key: &'a str, value: &'a Spanned<DeValue<'a>>) -> Value<'a> {
    let text = match value.get_ref() {
        DeValue::String(text) => text.trim(),
        DeValue::Integer(whole) if whole.radix() == 10 => whole.as_str(),
        DeValue::Float(float) => float.as_str(),
        DeValue::Boolean(true) => "true",
        DeValue::Boolean(false) => "false",
        _ => "",
    };
    Value { key, text, at: value.span().start }
}

impl Scene {
    /// The location as Fraktaler-3 reads it; `None` where pixels are not square.
    ///
    /// Center, rotation and limit of iterations are exact, and so is a zoom that the scene has; that of a view by its width or
    /// height has 53 bits.
    pub fn to_fraktaler3(&self) -> Option<String> {
        let Written { re, im, zoom, rotate, max_iter } = Written::of(self)?;
        let whole = self.viewport().whole();
        let mut lines = vec![
            "program = \"fraktaler-3\"".to_string(),
            format!("location.real = \"{re}\""),
            format!("location.imag = \"{im}\""),
            format!("location.zoom = \"{zoom}\""),
            format!("bailout.iterations = {max_iter}"),
            format!("bailout.maximum_reference_iterations = {max_iter}"),
            format!("image.width = {}", whole.width()),
            format!("image.height = {}", whole.height()),
        ];
        if rotate != 0.0 {
            lines.push(format!("transform.rotate = {rotate:?}"));
        }
        Some(lines.join("\n") + "\n")
    }
}

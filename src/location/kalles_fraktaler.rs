//! Kalles Fraktaler 2+: lines `Key: Value`, of which the first of a key counts and unknown ones are ignored.
//!
//! `Zoom` is 2 over half the height, so the height is 4 / Zoom. `RotateAngle` turns the picture
//! counter-clockwise, in degrees; in older files `Rotate` turns it clockwise, in radians.

use std::f64::consts::PI;

use crate::location::problem::{LocationProblem, Read};
use crate::location::program::Program;
use crate::location::value::{Value, lines, mirrored};
use crate::location::written::Written;
use crate::plane::frame::Extent;
use crate::scene::draft::Draft;
use crate::scene::scene::Scene;

/// Whether a line is one of a location, a palette or settings. `Re:` and `Im:` alone are two numbers with labels.
pub(super) fn is_sign(line: &str) -> bool {
    const SIGNS: [&str; 5] = ["Zoom:", "Iterations:", "Colors:", "ZoomSize:", "SettingsVersion:"];
    SIGNS.iter().any(|sign| line.starts_with(sign))
}

/// Settings that change the points, with the value that does not, and what another one means.
const PLAIN: [(&str, f64, &str); 9] = [
    ("FractalType", 0.0, "another formula"),
    ("Power", 2.0, "another power"),
    ("UseHybridFormula", 0.0, "a hybrid formula"),
    ("SeedR", 0.0, "a seed other than 0"),
    ("SeedI", 0.0, "a seed other than 0"),
    ("StretchAmount", 0.0, "a stretched view"),
    ("ExponentialMap", 0.0, "an exponential map"),
    ("real", 1.0, "a test of escape without the real part"),
    ("imag", 1.0, "a test of escape without the imaginary part"),
];

pub(super) fn read(text: &str) -> Read<(Draft, Vec<String>)> {
    let find = |key: &'static str| {
        lines(text).find_map(|(start, line)| {
            let (name, _) = line.split_once(':')?;
            (name.trim() == key).then(|| Value::in_line(key, line, start, name.len() + 1))
        })
    };
    let needed = |key| find(key).ok_or((0, LocationProblem::Missing(key)));
    for (key, plain, what) in PLAIN {
        if let Some(value) = find(key) {
            value.refuse_unless(plain, what)?;
        }
    }
    if find("Re").is_none() && find("Im").is_none() {
        return Err((0, LocationProblem::Missing("location, but a palette or settings alone")));
    }
    let (re, im) = (needed("Re")?.decimal()?, needed("Im")?.decimal()?);
    let zoom = needed("Zoom")?.length()?;
    let rotation = match (find("RotateAngle"), find("Rotate")) {
        (Some(degrees), _) => Some(degrees.rotation(1.0)?),
        (None, radians) => radians.map(|value| value.rotation(-180.0 / PI)).transpose()?,
    };
    let mut notes = Vec::new();
    let center = mirrored(Program::KallesFraktaler, re, im, &mut notes);
    if let Some(ratio) = find("Ratio").filter(|ratio| ratio.real() != Ok(360.0)) {
        notes.push(format!(
            "Ratio {}, which depends on the shape of the window, is left out: pixels are square",
            ratio.real()?
        ));
    }
    if find("Colors").is_some() {
        notes.push("its colors are left out".into());
    }
    let draft = Draft {
        center: Some(center),
        extent: Some(Extent::Zoom(zoom)),
        rotation,
        max_iter: find("Iterations").map(Value::max_iter).transpose()?,
        ..Draft::default()
    };
    Ok((draft, notes))
}

/// Colors of the palette in a written location.
const COLORS: usize = 64;

impl Scene {
    /// The location as Kalles Fraktaler 2+ reads it, with a palette of 64 colors; `None` where pixels are not square.
    ///
    /// Center, rotation and limit of iterations are exact, and so is a zoom that the scene has; that of a view by its width or
    /// height has 53 bits.
    pub fn to_kalles_fraktaler(&self) -> Option<String> {
        let Written { re, im, zoom, rotate, max_iter } = Written::of(self)?;
        let colors = self.coloring().palette.strip(COLORS);
        let colors: String =
            colors.iter().map(|color| format!("{},{},{},", color.0[0], color.0[1], color.0[2])).collect();
        let [r, g, b] = self.coloring().interior.color().0;
        let lines = [
            format!("Re: {re}"),
            format!("Im: {im}"),
            format!("Zoom: {}", zoom.to_uppercase()),
            format!("Iterations: {max_iter}"),
            "IterDiv: 1".into(),
            "SmoothMethod: 0".into(),
            "ColorMethod: 0".into(),
            "ColorOffset: 0".into(),
            format!("RotateAngle: {rotate}"),
            "StretchAngle: 0".into(),
            "StretchAmount: 0".into(),
            format!("Colors: {colors}"),
            format!("InteriorColor: {r},{g},{b},"),
            "Smooth: 1".into(),
            "Power: 2".into(),
            "FractalType: 0".into(),
        ];
        Some(lines.map(|line| line + "\r\n").concat())
    }
}

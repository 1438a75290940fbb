//! The text of a scene: a page of TOML that states it exactly, the same bytes for the same scene.

use std::fmt;

use crate::color::coloring::Coloring;
use crate::color::palette::{Palette, is_even};
use crate::color::shading::{Edge, Light};
use crate::kernel::bailout::Smoothing;
use crate::number::complex::format_complex;
use crate::plane::axis::Grid;
use crate::plane::frame::{Aspect, Extent, Frame, Projection};
use crate::plane::rotation::Rotation;
use crate::scene::scene::Scene;

/// The version of the text: `mandel = 1`.
pub(super) const VERSION: &str = "1";
/// The projection of a strip.
pub(super) const EXPONENTIAL: &str = "exponential";
/// The samples of a picture that refines.
pub(super) const AUTO: &str = "auto";
/// The escape radius of a scene of counts alone.
pub(super) const NO_RADIUS: &str = "none";

/// A value in the text of a scene.
#[derive(Clone, Debug, PartialEq)]
pub enum SceneValue {
    /// A text without characters that TOML or JSON would escape.
    Text(String),
    /// A number, spelled as both TOML and JSON read it exactly.
    Number(String),
    /// `true` or `false`.
    Bool(bool),
    /// Values in order.
    List(Vec<Self>),
    /// Keys and their values, in order.
    Table(Vec<(&'static str, Self)>),
}

impl SceneValue {
    fn text(text: impl fmt::Display) -> Self {
        Self::Text(text.to_string())
    }

    /// A whole number, or a float with the fewest digits that read back as the same bits.
    fn number(number: impl fmt::Debug) -> Self {
        Self::Number(format!("{number:?}"))
    }
}

impl fmt::Display for SceneValue {
    /// The value as TOML, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Number(digits) => f.write_str(digits),
            Self::Bool(yes) => write!(f, "{yes}"),
            Self::List(values) => {
                let values: Vec<String> = values.iter().map(Self::to_string).collect();
                write!(f, "[{}]", values.join(", "))
            }
            Self::Table(entries) => {
                let entries: Vec<String> =
                    entries.iter().map(|(key, value)| format!("{key} = {value}")).collect();
                write!(f, "{{ {} }}", entries.join(", "))
            }
        }
    }
}

impl Scene {
    /// Keys and values of the text, in its order: the version, then the tables `view`, `iterate` and `color`.
    pub fn entries(&self) -> Vec<(&'static str, SceneValue)> {
        let bailout = self.bailout();
        let radius = match bailout.smoothing() {
            Smoothing::Off => SceneValue::text(NO_RADIUS),
            Smoothing::Radius(radius) => SceneValue::number(radius),
        };
        let iterate = vec![("max_iter", SceneValue::number(bailout.max_iter())), ("escape_radius", radius)];
        vec![
            ("mandel", SceneValue::Number(VERSION.into())),
            ("view", SceneValue::Table(view(self))),
            ("iterate", SceneValue::Table(iterate)),
            ("color", SceneValue::Table(color(self.coloring()))),
        ]
    }

    /// The scene as text, which [`Scene::read`] reads as the same scene, bit for bit.
    pub fn to_text(&self) -> String {
        text(self.entries())
    }

    /// The text without its colors: what determines the numbers.
    pub fn numbers_text(&self) -> String {
        text(self.entries().into_iter().filter(|(key, _)| *key != "color").collect())
    }
}

/// Keys and values as TOML.
fn text(entries: Vec<(&'static str, SceneValue)>) -> String {
    let mut text = String::new();
    for (key, value) in entries {
        match value {
            SceneValue::Table(entries) => {
                text += &format!("\n[{key}]\n");
                entries.iter().for_each(|(key, value)| text += &format!("{key} = {value}\n"));
            }
            value => text += &format!("{key} = {value}\n"),
        }
    }
    text
}

/// The table of the lattice of samples.
fn view(scene: &Scene) -> Vec<(&'static str, SceneValue)> {
    let (viewport, whole) = (scene.viewport(), scene.viewport().whole());
    let mut entries = match viewport.frame() {
        Frame::Exponential { center, zoom } => vec![
            ("center", SceneValue::Text(format_complex(center))),
            ("zoom", SceneValue::text(zoom)),
            ("projection", SceneValue::text(EXPONENTIAL)),
        ],
        Frame::Centered { center, .. } => vec![("center", SceneValue::Text(format_complex(center)))],
        Frame::Region { bounds: [xmin, xmax, ymin, ymax], aspect } => vec![
            ("region", SceneValue::Text(format!("{xmin},{xmax},{ymin},{ymax}"))),
            ("aspect", SceneValue::text(aspect_name(*aspect))),
        ],
    };
    if let Frame::Centered { extent, .. } = viewport.frame() {
        entries.extend(match extent {
            Extent::Zoom(zoom) => vec![("zoom", SceneValue::text(zoom))],
            Extent::Height(height) => vec![("height", SceneValue::text(height))],
            Extent::Width(width) => vec![("width", SceneValue::text(width))],
            Extent::Contains { width, height } => {
                vec![("width", SceneValue::text(width)), ("height", SceneValue::text(height))]
            }
        });
    }
    if viewport.rotation() != Rotation::NONE {
        entries.push(("rotate", SceneValue::number(viewport.rotation().degrees())));
    }
    entries.extend([
        ("size", SceneValue::Text(format!("{}x{}", whole.width(), whole.height()))),
        ("grid", SceneValue::text(grid_name(viewport.grid()))),
    ]);
    entries.push(match scene.refines() {
        true => ("supersample", SceneValue::text(AUTO)),
        false => ("supersample", SceneValue::number(scene.supersample())),
    });
    if *viewport != whole {
        let (left, top) = viewport.corner();
        let window = [left, top, viewport.width(), viewport.height()];
        entries.push(("crop", SceneValue::List(window.map(SceneValue::number).into())));
    }
    entries
}

/// The table of what turns numbers into colors.
fn color(coloring: &Coloring) -> Vec<(&'static str, SceneValue)> {
    let Coloring { palette, map, density, offset, bands, interior, origin, curve, shading, dither } =
        coloring;
    let mut entries = vec![
        ("palette", colors(palette)),
        ("reverse", SceneValue::Bool(palette.is_reversed())),
        ("map", SceneValue::text(map)),
        ("density", SceneValue::number(density)),
        ("offset", SceneValue::number(offset)),
    ];
    if let Some((n, fraction)) = origin.map(|origin| origin.parts()) {
        let origin = vec![("n", SceneValue::number(n)), ("fraction", SceneValue::number(fraction))];
        entries.push(("origin", SceneValue::Table(origin)));
    }
    if let Some(curve) = curve {
        let point = |&(nu, place)| SceneValue::List(vec![SceneValue::number(nu), SceneValue::number(place)]);
        entries.push(("curve", SceneValue::List(curve.points().iter().map(point).collect())));
    }
    entries.extend([("bands", SceneValue::Bool(*bands)), ("interior", SceneValue::text(interior))]);
    if let Some(Light { angle, height, strength }) = shading.light {
        let numbers = [("angle", angle), ("height", height), ("strength", strength)];
        let light = numbers.map(|(key, number)| (key, SceneValue::number(number)));
        entries.push(("light", SceneValue::Table(light.into())));
    }
    if let Some(Edge { width, color }) = shading.edge {
        let mut edge = vec![("width", SceneValue::number(width))];
        edge.extend(color.map(|color| ("color", SceneValue::text(color))));
        entries.push(("edge", SceneValue::Table(edge)));
    }
    entries.extend(dither.then_some(("dither", SceneValue::Bool(true))));
    entries
}

/// A palette by its name, or its colors, with their places where those are not at equal distances.
fn colors(palette: &Palette) -> SceneValue {
    let Some(stops) = palette.own_stops() else { return SceneValue::text(palette.name()) };
    let even = is_even(stops);
    let stop = |(place, color)| {
        let color = SceneValue::text(color);
        if even { color } else { SceneValue::List(vec![SceneValue::number(place), color]) }
    };
    SceneValue::List(stops.iter().copied().map(stop).collect())
}

pub(super) fn grid_name(grid: Grid) -> &'static str {
    match grid {
        Grid::Centers => "centers",
        Grid::Endpoints => "endpoints",
    }
}

pub(super) fn projection_name(projection: Projection) -> &'static str {
    match projection {
        Projection::Flat => "flat",
        Projection::Exponential => EXPONENTIAL,
    }
}

pub(super) fn aspect_name(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Fit => "fit",
        Aspect::Stretch => "stretch",
    }
}

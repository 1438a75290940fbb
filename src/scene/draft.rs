//! A scene of which parts are open, as a text may leave them.
//!
//! A problem in a value carries the byte at which it begins; [`Draft::read`] has the whole text and turns that into line and
//! column.

use num_complex::Complex;
use toml::de::DeTable;

use crate::color::coloring::{Coloring, Map};
use crate::color::curve::Curve;
use crate::color::interior::Interior;
use crate::color::palette::Palette;
use crate::color::shading::{Edge, Light, Shading};
use crate::error::{Error, SceneProblem};
use crate::field::Escape;
use crate::kernel::bailout::{Bailout, Smoothing};
use crate::number::decimal::Decimal;
use crate::number::floatexp::FloatExp;
use crate::plane::axis::Grid;
use crate::plane::frame::{Aspect, Extent, Frame, Projection};
use crate::plane::location::Location;
use crate::plane::rotation::Rotation;
use crate::plane::viewport::Viewport;
use crate::scene::item::{Item, Read, Table};
use crate::scene::look::Look;
use crate::scene::scene::{Scene, Supersample};
use crate::scene::text::{aspect_name, grid_name, projection_name};

/// A scene of which anything may be left open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// The center of the view.
    pub center: Option<Complex<Decimal>>,
    /// The size of the view in the plane.
    pub extent: Option<Extent>,
    /// How the plane is laid out. An exponential map has a center and a zoom.
    pub projection: Option<Projection>,
    /// The view by its edges, `[xmin, xmax, ymin, ymax]`. It takes the place of center and extent.
    pub region: Option<([Decimal; 4], Aspect)>,
    /// How the picture is turned about the center of the view.
    pub rotation: Option<Rotation>,
    /// Columns and rows of the whole lattice of pixels.
    pub size: Option<(u32, u32)>,
    /// Where the samples lie.
    pub grid: Option<Grid>,
    /// How pixels are sampled.
    pub supersample: Option<Supersample>,
    /// The window of the lattice that is shown: left, top, width, height.
    pub crop: Option<[u32; 4]>,
    /// The limit of iterations.
    pub max_iter: Option<u32>,
    /// How counts are made smooth.
    pub smoothing: Option<Smoothing>,
    /// The palette, not reversed.
    pub palette: Option<Palette>,
    /// Whether the palette runs backwards.
    pub reverse: Option<bool>,
    /// How counts are laid along the palette.
    pub map: Option<Map>,
    /// What multiplies the place in the palette.
    pub density: Option<f64>,
    /// What is added to the place in the palette.
    pub offset: Option<f64>,
    /// Where the logarithmic map begins.
    pub origin: Option<Escape>,
    /// The curve of the map.
    pub curve: Option<Curve>,
    /// Whether whole counts are shown.
    pub bands: Option<bool>,
    /// What samples that do not escape look like.
    pub interior: Option<Interior>,
    /// The light; `Some(None)` is none.
    pub light: Option<Option<Light>>,
    /// The edge; `Some(None)` is none.
    pub edge: Option<Option<Edge>>,
    /// Whether sRGB bytes are dithered.
    pub dither: Option<bool>,
}

const TABLES: &[&str] = &["mandel", "view", "iterate", "color"];
#[rustfmt::skip]
const VIEW: &[&str] =
    &["center", "zoom", "width", "height", "region", "aspect", "projection", "rotate", "size", "grid", "supersample", "crop"];
const ITERATE: &[&str] = &["max_iter", "escape_radius"];
const COLOR: &[&str] = &[
    "palette", "reverse", "map", "density", "offset", "origin", "curve", "bands", "interior", "light",
    "edge", "dither",
];

/// Keys that set the same part of the view. Width and height together are the least of both.
const EXCLUSIVE: [(&str, &str); 6] = [
    ("zoom", "width"),
    ("zoom", "height"),
    ("region", "center"),
    ("region", "zoom"),
    ("region", "width"),
    ("region", "height"),
];

impl Draft {
    /// Reads a text. It may begin with a byte order mark, have either kind of line ends, and leave out any key.
    ///
    /// # Errors
    /// [`Error::SceneText`] if it is not TOML, for an unknown key, and for an invalid value.
    pub fn read(text: &str) -> Result<Self, Error> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        read(text).map_err(|(offset, problem)| {
            let before = &text.as_bytes()[..offset.min(text.len())];
            let lines = before.split(|byte| *byte == b'\n');
            // Bytes of the form 10xxxxxx continue a character.
            let characters = |line: &[u8]| line.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
            let column = 1 + lines.clone().next_back().map_or(0, characters);
            Error::SceneText { line: lines.count(), column, problem }
        })
    }

    /// Puts all colors of this draft, also those that it leaves open, in place of those of another.
    pub fn give_colors(self, other: &mut Self) {
        *other = Self {
            palette: self.palette,
            reverse: self.reverse,
            map: self.map,
            density: self.density,
            offset: self.offset,
            origin: self.origin,
            curve: self.curve,
            bands: self.bands,
            interior: self.interior,
            dither: self.dither,
            light: self.light,
            edge: self.edge,
            ..std::mem::take(other)
        };
    }

    /// The scene, with defaults for what is left open: all of the set, in [`Scene::DEFAULT_SIZE`] and default colors.
    ///
    /// # Errors
    /// Those of [`Viewport::new`], [`Viewport::with_rotation`], [`Viewport::crop`], [`Bailout::new`],
    /// [`Bailout::with_smoothing`] and [`Scene::new`].
    pub fn scene(self) -> Result<Scene, Error> {
        let home = Location::ALL[0];
        let center = self.center.map_or_else(|| home.center(), Ok)?;
        let frame = match (self.projection, self.region, self.extent) {
            (Some(Projection::Exponential), Some(_), _) => return Err(Error::Projection),
            (Some(Projection::Exponential), None, extent) => {
                Frame::Exponential { center, zoom: across(extent)? }
            }
            (_, Some((bounds, aspect)), _) => Frame::Region { bounds, aspect },
            (_, None, Some(extent)) => Frame::Centered { center, extent },
            (_, None, None) => Frame::Centered { center, extent: home.extent()? },
        };
        let size = self.size.unwrap_or(Scene::DEFAULT_SIZE);
        let mut viewport = Viewport::new(frame, self.grid.unwrap_or(Grid::Centers), size)?
            .with_rotation(self.rotation.unwrap_or(Rotation::NONE))?;
        if let Some([left, top, width, height]) = self.crop {
            viewport = viewport.crop(left, top, width, height)?;
        }
        let mut bailout = Bailout::new(self.max_iter.unwrap_or(home.max_iter))?;
        if let Some(smoothing) = self.smoothing {
            bailout = bailout.with_smoothing(smoothing)?;
        }
        let (plain, look) = (Coloring::default(), Look::of(viewport.frame()));
        let palette = self.palette.unwrap_or(look.palette);
        // Who names a map has the rest of the colors as named: so has every text of a scene, which leaves no light out.
        let shading = if self.map.is_none() { look.shading } else { plain.shading };
        let coloring = Coloring {
            palette: if self.reverse == Some(true) { palette.reversed() } else { palette },
            map: self.map.unwrap_or(look.map),
            density: self.density.unwrap_or(plain.density),
            offset: self.offset.unwrap_or(plain.offset),
            bands: self.bands.unwrap_or(plain.bands),
            interior: self.interior.unwrap_or(plain.interior),
            dither: self.dither.unwrap_or(plain.dither),
            origin: self.origin,
            curve: self.curve,
            shading: Shading {
                light: self.light.unwrap_or(shading.light),
                edge: self.edge.unwrap_or(shading.edge),
            },
        };
        match self.supersample.unwrap_or(Supersample::All(Scene::DEFAULT_SUPERSAMPLE)) {
            Supersample::All(k) => Scene::new(viewport, bailout, k, coloring),
            Supersample::Auto => {
                Scene::new(viewport, bailout, Scene::DEFAULT_SUPERSAMPLE, coloring)?.with_refinement()
            }
        }
    }
}

impl Scene {
    /// The scene of a text, with the defaults of [`Draft::scene`] for what it leaves out.
    ///
    /// # Errors
    /// Those of [`Draft::read`] and [`Draft::scene`].
    pub fn read(text: &str) -> Result<Self, Error> {
        Draft::read(text)?.scene()
    }
}

/// The magnification of an exponential map whose upper edge is as wide as a view.
fn across(extent: Option<Extent>) -> Result<Decimal, Error> {
    let diameter = match extent {
        None => return Ok(Decimal::from(1)),
        Some(Extent::Zoom(zoom)) => return Ok(zoom),
        Some(Extent::Height(length) | Extent::Width(length)) => length,
        Some(Extent::Contains { width, height }) => width.max(height),
    };
    Decimal::shortest(FloatExp::from(4.0) / diameter.to_floatexp()).ok_or(Error::Extent)
}

fn read(text: &str) -> Read<Draft> {
    let root = DeTable::parse(text).map_err(|error| {
        (error.span().map_or(0, |span| span.start), SceneProblem::Syntax(error.message().into()))
    })?;
    let root = Table(Some(root.get_ref()));
    root.read("mandel", Item::version)?;
    root.check(TABLES)?;
    let view = root.table("view", VIEW)?;
    let iterate = root.table("iterate", ITERATE)?;
    let color = root.table("color", COLOR)?;
    for (one, other) in EXCLUSIVE {
        if let (Some(a), Some(b)) = (view.item(one), view.item(other)) {
            return Err((a.at().max(b.at()), SceneProblem::Both(one, other)));
        }
    }
    let aspect = view.read("aspect", |item| item.choice(&[Aspect::Fit, Aspect::Stretch], aspect_name))?;
    let region = view.read("region", Item::region)?;
    if let (Some(item), None) = (view.item("aspect"), &region) {
        return Err((item.at(), SceneProblem::Needs("aspect", "region")));
    }
    let zoom = view.read("zoom", Item::length)?.map(Extent::Zoom);
    let sides = match (view.read("width", Item::length)?, view.read("height", Item::length)?) {
        (Some(width), Some(height)) => Some(Extent::Contains { width, height }),
        (width, height) => width.map(Extent::Width).or(height.map(Extent::Height)),
    };
    Ok(Draft {
        center: view.read("center", Item::point)?,
        extent: zoom.or(sides),
        region: region.map(|bounds| (bounds, aspect.unwrap_or(Aspect::Fit))),
        projection: view.read("projection", |item| {
            item.choice(&[Projection::Flat, Projection::Exponential], projection_name)
        })?,
        rotation: view.read("rotate", |item| item.checked(Rotation::new(item.real()?)))?,
        size: view.read("size", Item::size)?,
        grid: view.read("grid", |item| item.choice(&[Grid::Centers, Grid::Endpoints], grid_name))?,
        supersample: view.read("supersample", Item::supersample)?,
        crop: view.read("crop", Item::crop)?,
        max_iter: iterate.read("max_iter", Item::max_iter)?,
        smoothing: iterate.read("escape_radius", Item::smoothing)?,
        palette: color.read("palette", Item::palette)?,
        reverse: color.read("reverse", Item::bool)?,
        map: color.read("map", |item| item.choice(&Map::ALL, |map| map.to_string()))?,
        density: color.read("density", |item| item.coloring(|plain, density| plain.density = density))?,
        offset: color.read("offset", |item| item.coloring(|plain, offset| plain.offset = offset))?,
        origin: color.read("origin", Item::origin)?,
        curve: color.read("curve", Item::curve)?,
        bands: color.read("bands", Item::bool)?,
        interior: color.read("interior", Item::interior)?,
        dither: color.read("dither", Item::bool)?,
        light: color.read("light", Item::light)?,
        edge: color.read("edge", Item::edge)?,
    })
}

//! A scene of which parts are open, as a text may leave them.
//!
//! Numbers are read from the digits in the text, without rounding to a float first. A problem carries the byte at which
//! it begins; [`Draft::read`] has the whole text and turns that into line and column.

use std::str::FromStr;

use num_complex::Complex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::color::coloring::{Coloring, Map};
use crate::color::curve::Curve;
use crate::color::palette::Palette;
use crate::color::rgb::Rgb;
use crate::color::shading::{Edge, Light, Shading};
use crate::error::{Error, SceneProblem};
use crate::field::Escape;
use crate::kernel::bailout::{Bailout, Smoothing};
use crate::number::complex::parse_complex;
use crate::number::decimal::Decimal;
use crate::plane::axis::Grid;
use crate::plane::frame::{Aspect, Extent, Frame};
use crate::plane::location::Location;
use crate::plane::rotation::Rotation;
use crate::plane::viewport::{MAX_SIDE, Viewport};
use crate::scene::look::Look;
use crate::scene::scene::Scene;
use crate::scene::text::{NO_RADIUS, VERSION, aspect_name, grid_name};

/// A scene of which anything may be left open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// The center of the view.
    pub center: Option<Complex<Decimal>>,
    /// The size of the view in the plane.
    pub extent: Option<Extent>,
    /// The view by its edges, `[xmin, xmax, ymin, ymax]`. It takes the place of center and extent.
    pub region: Option<([Decimal; 4], Aspect)>,
    /// How the picture is turned about the center of the view.
    pub rotation: Option<Rotation>,
    /// Columns and rows of the whole lattice of pixels.
    pub size: Option<(u32, u32)>,
    /// Where the samples lie.
    pub grid: Option<Grid>,
    /// Samples along each side of a pixel.
    pub supersample: Option<u32>,
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
    /// The color of samples that do not escape.
    pub interior: Option<Rgb>,
    /// The light; `Some(None)` is none.
    pub light: Option<Option<Light>>,
    /// The edge; `Some(None)` is none.
    pub edge: Option<Option<Edge>>,
}

const TABLES: &[&str] = &["mandel", "view", "iterate", "color"];
#[rustfmt::skip]
const VIEW: &[&str] =
    &["center", "zoom", "width", "height", "region", "aspect", "rotate", "size", "grid", "supersample", "crop"];
const ITERATE: &[&str] = &["max_iter", "escape_radius"];
const COLOR: &[&str] = &[
    "palette", "reverse", "map", "density", "offset", "origin", "curve", "bands", "interior", "light", "edge",
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

    /// The scene, with defaults for what is left open: all of the set, in [`Scene::DEFAULT_SIZE`] and default colors.
    ///
    /// # Errors
    /// Those of [`Viewport::new`], [`Viewport::with_rotation`], [`Viewport::crop`], [`Bailout::new`],
    /// [`Bailout::with_smoothing`] and [`Scene::new`].
    pub fn scene(self) -> Result<Scene, Error> {
        let home = Location::ALL[0];
        let frame = match self.region {
            Some((bounds, aspect)) => Frame::Region { bounds, aspect },
            None => Frame::Centered {
                center: self.center.map_or_else(|| home.center(), Ok)?,
                extent: self.extent.map_or_else(|| home.extent(), Ok)?,
            },
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
        let palette = self.palette.unwrap_or_default();
        let (plain, look) = (Coloring::default(), Look::of(viewport.frame()));
        let coloring = Coloring {
            palette: if self.reverse == Some(true) { palette.reversed() } else { palette },
            map: self.map.unwrap_or(look.map),
            density: self.density.unwrap_or(plain.density),
            offset: self.offset.unwrap_or(plain.offset),
            bands: self.bands.unwrap_or(plain.bands),
            interior: self.interior.unwrap_or(plain.interior),
            origin: self.origin,
            curve: self.curve,
            shading: Shading { light: self.light.flatten(), edge: self.edge.flatten() },
        };
        Scene::new(viewport, bailout, self.supersample.unwrap_or(Scene::DEFAULT_SUPERSAMPLE), coloring)
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

/// What was read, or what is wrong and the byte at which that begins.
type Read<T> = Result<T, (usize, SceneProblem)>;

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
        interior: color.read("interior", Item::color)?,
        light: color.read("light", Item::light)?,
        edge: color.read("edge", Item::edge)?,
    })
}

/// A table of the text; `None` if it was left out.
#[derive(Clone, Copy)]
struct Table<'a>(Option<&'a DeTable<'a>>);

impl<'a> Table<'a> {
    fn item(self, key: &'static str) -> Option<Item<'a>> {
        self.0?.get(key).map(|value| Item { key, value })
    }

    /// The value of a key, if it is there.
    fn read<T>(self, key: &'static str, read: impl Fn(Item<'a>) -> Read<T>) -> Read<Option<T>> {
        self.item(key).map(read).transpose()
    }

    fn table(self, key: &'static str, known: &'static [&'static str]) -> Read<Self> {
        Ok(self.read(key, |item| item.table(known))?.unwrap_or(Table(None)))
    }

    /// Refuses other keys than `known`; the first of them in the text is reported.
    fn check(self, known: &'static [&'static str]) -> Read<()> {
        let keys = self.0.into_iter().flat_map(DeTable::keys);
        let other = keys.filter(|key| !known.contains(&&**key.get_ref())).min_by_key(|key| key.span().start);
        other.map_or(Ok(()), |key| {
            Err((key.span().start, SceneProblem::UnknownKey { key: key.get_ref().to_string(), known }))
        })
    }
}

/// A value of the text, and the key it belongs to.
#[derive(Clone, Copy)]
struct Item<'a> {
    key: &'static str,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Item<'a> {
    fn at(self) -> usize {
        self.value.span().start
    }

    /// The error of a value of another kind than `expected`.
    fn unlike<T>(self, expected: &'static str) -> Read<T> {
        Err((self.at(), SceneProblem::Kind { key: self.key.into(), expected }))
    }

    /// An error of the value itself, with its key and place.
    fn checked<T>(self, result: Result<T, Error>) -> Read<T> {
        result.map_err(|error| {
            (self.at(), SceneProblem::Value { key: self.key.into(), error: Box::new(error) })
        })
    }

    fn ensure(self, holds: bool, error: Error) -> Read<()> {
        self.checked(if holds { Ok(()) } else { Err(error) })
    }

    fn text(self) -> Option<&'a str> {
        self.value.get_ref().as_str()
    }

    /// The digits of a number that is written in decimal.
    fn digits(self) -> Option<&'a str> {
        match self.value.get_ref() {
            DeValue::Integer(whole) if whole.radix() == 10 => Some(whole.as_str()),
            DeValue::Float(float) => Some(float.as_str()),
            _ => None,
        }
    }

    fn list(self) -> Option<Vec<Self>> {
        let values = self.value.get_ref().as_array()?;
        Some(values.iter().map(|value| Self { key: self.key, value }).collect())
    }

    fn bool(self) -> Read<bool> {
        self.value.get_ref().as_bool().map_or_else(|| self.unlike("true or false"), Ok)
    }

    fn number<T: FromStr>(self, expected: &'static str) -> Read<T> {
        let number = self.digits().and_then(|digits| digits.parse().ok());
        number.map_or_else(|| self.unlike(expected), Ok)
    }

    fn whole(self) -> Read<u32> {
        self.number("a whole number from 0 to 4294967295")
    }

    fn real(self) -> Read<f64> {
        self.number("a number")
    }

    fn decimal(self) -> Read<Decimal> {
        match self.text().map(str::trim).or(self.digits()) {
            Some(text) => self.checked(text.parse()),
            None => self.unlike("a number, with or without quotes"),
        }
    }

    fn choice<T: Copy, S: ToString>(self, all: &[T], name: impl Fn(T) -> S) -> Read<T> {
        let Some(given) = self.text() else { return self.unlike("a name in quotes") };
        all.iter().copied().find(|&one| name(one).to_string() == given).ok_or_else(|| {
            let known = all.iter().map(|&one| name(one).to_string()).collect();
            (self.at(), SceneProblem::Choice { key: self.key.into(), given: given.into(), known })
        })
    }

    fn table(self, known: &'static [&'static str]) -> Read<Table<'a>> {
        let Some(table) = self.value.get_ref().as_table() else { return self.unlike("a table") };
        Table(Some(table)).check(known)?;
        Ok(Table(Some(table)))
    }

    fn version(self) -> Read<()> {
        match self.digits() {
            Some(VERSION) => Ok(()),
            other => {
                let given = other.unwrap_or(self.value.get_ref().type_str());
                Err((self.at(), SceneProblem::Version(given.into())))
            }
        }
    }

    fn point(self) -> Read<Complex<Decimal>> {
        match self.text() {
            Some(text) => self.checked(parse_complex(text)),
            None if self.digits().is_some() => Ok(Complex::new(self.decimal()?, Decimal::from(0))),
            None => self.unlike("a point of the plane in quotes"),
        }
    }

    fn length(self) -> Read<Decimal> {
        let length = self.decimal()?;
        self.ensure(!length.is_zero() && !length.is_negative(), Error::Extent)?;
        Ok(length)
    }

    fn region(self) -> Read<[Decimal; 4]> {
        let parts: Vec<&str> = self.text().map_or(Vec::new(), |text| text.split(',').collect());
        let Ok(parts) = <[&str; 4]>::try_from(parts) else {
            return self.unlike("\"xmin,xmax,ymin,ymax\"");
        };
        let [xmin, xmax, ymin, ymax] = parts.map(|part| self.checked(part.trim().parse()));
        let bounds: [Decimal; 4] = [xmin?, xmax?, ymin?, ymax?];
        self.ensure(bounds[0] < bounds[1] && bounds[2] < bounds[3], Error::EmptyRegion)?;
        Ok(bounds)
    }

    fn size(self) -> Read<(u32, u32)> {
        let sides = self.text().and_then(|text| text.split_once('x'));
        let Some((Ok(width), Ok(height))) = sides.map(|(width, height)| (width.parse(), height.parse()))
        else {
            return self.unlike("\"WIDTHxHEIGHT\" in pixels");
        };
        let holds = [width, height].iter().all(|side| (1..=MAX_SIDE).contains(side));
        self.ensure(holds, Error::Size(width, height))?;
        Ok((width, height))
    }

    fn supersample(self) -> Read<u32> {
        let k = self.whole()?;
        self.ensure((1..=Scene::MAX_SUPERSAMPLE).contains(&k), Error::Supersample(k))?;
        Ok(k)
    }

    fn crop(self) -> Read<[u32; 4]> {
        match self.list().as_deref() {
            Some(&[left, top, width, height]) => {
                Ok([left.whole()?, top.whole()?, width.whole()?, height.whole()?])
            }
            _ => self.unlike("[left, top, width, height]"),
        }
    }

    fn max_iter(self) -> Read<u32> {
        let max_iter = self.whole()?;
        self.checked(Bailout::new(max_iter).map(Bailout::max_iter))
    }

    fn smoothing(self) -> Read<Smoothing> {
        let smoothing = match (self.text(), self.digits()) {
            (Some(NO_RADIUS), _) => Smoothing::Off,
            (_, Some(_)) => Smoothing::Radius(self.real()?),
            _ => return self.unlike("a number, or \"none\""),
        };
        let bailout = Bailout::new(1).and_then(|bailout| bailout.with_smoothing(smoothing));
        self.checked(bailout.map(Bailout::smoothing))
    }

    fn color(self) -> Read<Rgb> {
        match self.text() {
            Some(text) => self.checked(text.parse()),
            None => self.unlike("a color in quotes"),
        }
    }

    fn stop(self) -> Read<(f64, Rgb)> {
        match self.list().as_deref() {
            Some(&[place, color]) => Ok((place.real()?, color.color()?)),
            _ => self.unlike("a list of [place, color]"),
        }
    }

    fn palette(self) -> Read<Palette> {
        let own = match self.list() {
            Some(stops) if stops.first().is_some_and(|stop| stop.list().is_some()) => {
                Palette::from_stops(stops.into_iter().map(Self::stop).collect::<Read<_>>()?)
            }
            Some(colors) => Palette::from_colors(colors.into_iter().map(Self::color).collect::<Read<_>>()?),
            None if self.text().is_none() => return self.unlike("a name, or a list of colors"),
            None => {
                let name = self.choice(&Palette::names().collect::<Vec<_>>(), |name| name)?;
                Palette::named(name).ok_or_else(|| Error::UnknownPalette(name.into()))
            }
        };
        self.checked(own)
    }

    /// A table, or `false` for none.
    fn table_or_none(self, known: &'static [&'static str]) -> Read<Option<Table<'a>>> {
        match self.value.get_ref().as_bool() {
            Some(false) => Ok(None),
            _ => self.table(known).map(Some),
        }
    }

    fn light(self) -> Read<Option<Light>> {
        let Some(table) = self.table_or_none(&["angle", "height", "strength"])? else { return Ok(None) };
        let Some(angle) = table.read("angle", Item::real)? else { return self.unlike("{ angle = degrees }") };
        let height = table.read("height", Item::real)?.unwrap_or(Light::HEIGHT);
        let strength = table.read("strength", Item::real)?.unwrap_or(1.0);
        let light = Some(Light { angle, height, strength });
        self.checked(Shading { light, edge: None }.check())?;
        Ok(light)
    }

    fn edge(self) -> Read<Option<Edge>> {
        let Some(table) = self.table_or_none(&["width", "color"])? else { return Ok(None) };
        let Some(width) = table.read("width", Item::real)? else { return self.unlike("{ width = pixels }") };
        let edge = Some(Edge { width, color: table.read("color", Item::color)? });
        self.checked(Shading { light: None, edge }.check())?;
        Ok(edge)
    }

    fn curve(self) -> Read<Curve> {
        let Some(points) = self.list() else { return self.unlike("a list of [count, place]") };
        let point = |point: Self| match point.list().as_deref() {
            Some(&[nu, place]) => Ok((nu.real()?, place.real()?)),
            _ => point.unlike("a list of [count, place]"),
        };
        let points = points.into_iter().map(point).collect::<Read<_>>()?;
        self.checked(Curve::new(points))
    }

    /// A number that is valid in the field of a coloring that `set` assigns.
    fn coloring(self, set: impl Fn(&mut Coloring, f64)) -> Read<f64> {
        let (number, mut coloring) = (self.real()?, Coloring::default());
        set(&mut coloring, number);
        self.checked(coloring.check())?;
        Ok(number)
    }

    fn origin(self) -> Read<Escape> {
        let table = self.table(&["n", "fraction"])?;
        let n = table.read("n", Item::whole)?;
        let fraction: Option<f32> = table.read("fraction", |item| item.number("a number"))?;
        match (n, fraction) {
            (Some(n), Some(fraction)) if n != u32::MAX && fraction.is_finite() => {
                Ok(Escape::new(n, fraction))
            }
            _ => self.unlike("{ n = a count, fraction = a number }"),
        }
    }
}

//! Values of a scene text, each read with its key and its place.
//!
//! Numbers are read from the digits in the text, without rounding to a float first. A problem carries the byte at which
//! it begins.

use std::str::FromStr;

use num_complex::Complex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::color::coloring::Coloring;
use crate::color::curve::Curve;
use crate::color::interior::Interior;
use crate::color::palette::Palette;
use crate::color::rgb::Rgb;
use crate::color::shading::{Edge, Light, Shading};
use crate::error::{Error, SceneProblem};
use crate::field::Escape;
use crate::kernel::bailout::{Bailout, Smoothing};
use crate::number::complex::parse_complex;
use crate::number::decimal::Decimal;
use crate::plane::viewport::MAX_SIDE;
use crate::scene::scene::{Scene, Supersample};
use crate::scene::text::{AUTO, NO_RADIUS, VERSION};

/// What was read, or what is wrong and the byte at which that begins.
pub(super) type Read<T> = Result<T, (usize, SceneProblem)>;

/// A table of the text; `None` if it was left out.
#[derive(Clone, Copy)]
pub(super) struct Table<'a>(pub(super) Option<&'a DeTable<'a>>);

impl<'a> Table<'a> {
    pub(super) fn item(self, key: &'static str) -> Option<Item<'a>> {
        self.0?.get(key).map(|value| Item { key, value })
    }

    /// The value of a key, if it is there.
    pub(super) fn read<T>(self, key: &'static str, read: impl Fn(Item<'a>) -> Read<T>) -> Read<Option<T>> {
        self.item(key).map(read).transpose()
    }

    pub(super) fn table(self, key: &'static str, known: &'static [&'static str]) -> Read<Self> {
        Ok(self.read(key, |item| item.table(known))?.unwrap_or(Table(None)))
    }

    /// Refuses other keys than `known`; the first of them in the text is reported.
    pub(super) fn check(self, known: &'static [&'static str]) -> Read<()> {
        let keys = self.0.into_iter().flat_map(DeTable::keys);
        let other = keys.filter(|key| !known.contains(&&**key.get_ref())).min_by_key(|key| key.span().start);
        other.map_or(Ok(()), |key| {
            Err((key.span().start, SceneProblem::UnknownKey { key: key.get_ref().to_string(), known }))
        })
    }
}

/// A value of the text, and the key it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    key: &'static str,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Item<'a> {
    pub(super) fn at(self) -> usize {
        self.value.span().start
    }

    /// The error of a value of another kind than `expected`.
    pub(super) fn unlike<T>(self, expected: &'static str) -> Read<T> {
        Err((self.at(), SceneProblem::Kind { key: self.key.into(), expected }))
    }

    /// An error of the value itself, with its key and place.
    pub(super) fn checked<T>(self, result: Result<T, Error>) -> Read<T> {
        result.map_err(|error| {
            (self.at(), SceneProblem::Value { key: self.key.into(), error: Box::new(error) })
        })
    }

    pub(super) fn ensure(self, holds: bool, error: Error) -> Read<()> {
        self.checked(if holds { Ok(()) } else { Err(error) })
    }

    pub(super) fn text(self) -> Option<&'a str> {
        self.value.get_ref().as_str()
    }

    /// The digits of a number that is written in decimal.
    pub(super) fn digits(self) -> Option<&'a str> {
        match self.value.get_ref() {
            DeValue::Integer(whole) if whole.radix() == 10 => Some(whole.as_str()),
            DeValue::Float(float) => Some(float.as_str()),
            _ => None,
        }
    }

    pub(super) fn list(self) -> Option<Vec<Self>> {
        let values = self.value.get_ref().as_array()?;
        Some(values.iter().map(|value| Self { key: self.key, value }).collect())
    }

    pub(super) fn bool(self) -> Read<bool> {
        self.value.get_ref().as_bool().map_or_else(|| self.unlike("true or false"), Ok)
    }

    pub(super) fn number<T: FromStr>(self, expected: &'static str) -> Read<T> {
        let number = self.digits().and_then(|digits| digits.parse().ok());
        number.map_or_else(|| self.unlike(expected), Ok)
    }

    pub(super) fn whole(self) -> Read<u32> {
        self.number("a whole number from 0 to 4294967295")
    }

    pub(super) fn real(self) -> Read<f64> {
        self.number("a number")
    }

    pub(super) fn decimal(self) -> Read<Decimal> {
        match self.text().map(str::trim).or(self.digits()) {
            Some(text) => self.checked(text.parse()),
            None => self.unlike("a number, with or without quotes"),
        }
    }

    pub(super) fn choice<T: Copy, S: ToString>(self, all: &[T], name: impl Fn(T) -> S) -> Read<T> {
        let Some(given) = self.text() else { return self.unlike("a name in quotes") };
        all.iter().copied().find(|&one| name(one).to_string() == given).ok_or_else(|| {
            let known = all.iter().map(|&one| name(one).to_string()).collect();
            (self.at(), SceneProblem::Choice { key: self.key.into(), given: given.into(), known })
        })
    }

    pub(super) fn table(self, known: &'static [&'static str]) -> Read<Table<'a>> {
        let Some(table) = self.value.get_ref().as_table() else { return self.unlike("a table") };
        Table(Some(table)).check(known)?;
        Ok(Table(Some(table)))
    }

    pub(super) fn version(self) -> Read<()> {
        match self.digits() {
            Some(VERSION) => Ok(()),
            other => {
                let given = other.unwrap_or(self.value.get_ref().type_str());
                Err((self.at(), SceneProblem::Version(given.into())))
            }
        }
    }

    pub(super) fn point(self) -> Read<Complex<Decimal>> {
        match self.text() {
            Some(text) => self.checked(parse_complex(text)),
            None if self.digits().is_some() => Ok(Complex::new(self.decimal()?, Decimal::from(0))),
            None => self.unlike("a point of the plane in quotes"),
        }
    }

    pub(super) fn length(self) -> Read<Decimal> {
        let length = self.decimal()?;
        self.ensure(!length.is_zero() && !length.is_negative(), Error::Extent)?;
        Ok(length)
    }

    pub(super) fn region(self) -> Read<[Decimal; 4]> {
        let parts: Vec<&str> = self.text().map_or(Vec::new(), |text| text.split(',').collect());
        let Ok(parts) = <[&str; 4]>::try_from(parts) else {
            return self.unlike("\"xmin,xmax,ymin,ymax\"");
        };
        let [xmin, xmax, ymin, ymax] = parts.map(|part| self.checked(part.trim().parse()));
        let bounds: [Decimal; 4] = [xmin?, xmax?, ymin?, ymax?];
        self.ensure(bounds[0] < bounds[1] && bounds[2] < bounds[3], Error::EmptyRegion)?;
        Ok(bounds)
    }

    pub(super) fn size(self) -> Read<(u32, u32)> {
        let sides = self.text().and_then(|text| text.split_once('x'));
        let Some((Ok(width), Ok(height))) = sides.map(|(width, height)| (width.parse(), height.parse()))
        else {
            return self.unlike("\"WIDTHxHEIGHT\" in pixels");
        };
        let holds = [width, height].iter().all(|side| (1..=MAX_SIDE).contains(side));
        self.ensure(holds, Error::Size(width, height))?;
        Ok((width, height))
    }

    pub(super) fn supersample(self) -> Read<Supersample> {
        if self.text() == Some(AUTO) {
            return Ok(Supersample::Auto);
        }
        let k = self.number("a whole number from 1 to 8, or \"auto\"")?;
        self.ensure((1..=Scene::MAX_SUPERSAMPLE).contains(&k), Error::Supersample(k))?;
        Ok(Supersample::All(k))
    }

    pub(super) fn crop(self) -> Read<[u32; 4]> {
        match self.list().as_deref() {
            Some(&[left, top, width, height]) => {
                Ok([left.whole()?, top.whole()?, width.whole()?, height.whole()?])
            }
            _ => self.unlike("[left, top, width, height]"),
        }
    }

    pub(super) fn max_iter(self) -> Read<u32> {
        let max_iter = self.number("a whole number from 1 to 4294967294; only the option -n knows 'auto'")?;
        self.checked(Bailout::new(max_iter).map(Bailout::max_iter))
    }

    pub(super) fn smoothing(self) -> Read<Smoothing> {
        let smoothing = match (self.text(), self.digits()) {
            (Some(NO_RADIUS), _) => Smoothing::Off,
            (_, Some(_)) => Smoothing::Radius(self.real()?),
            _ => return self.unlike("a number, or \"none\""),
        };
        let bailout = Bailout::new(1).and_then(|bailout| bailout.with_smoothing(smoothing));
        self.checked(bailout.map(Bailout::smoothing))
    }

    pub(super) fn color(self) -> Read<Rgb> {
        match self.text() {
            Some(text) => self.checked(text.parse()),
            None => self.unlike("a color in quotes"),
        }
    }

    pub(super) fn interior(self) -> Read<Interior> {
        match self.text() {
            Some(text) => self.checked(text.parse()),
            None => self.unlike("a color, \"transparent\", \"period\" or \"distance\", in quotes"),
        }
    }

    pub(super) fn stop(self) -> Read<(f64, Rgb)> {
        match self.list().as_deref() {
            Some(&[place, color]) => Ok((place.real()?, color.color()?)),
            _ => self.unlike("a list of [place, color]"),
        }
    }

    pub(super) fn palette(self) -> Read<Palette> {
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

    /// A table, or `false` or "none" for none.
    pub(super) fn table_or_none(self, known: &'static [&'static str]) -> Read<Option<Table<'a>>> {
        match (self.value.get_ref().as_bool(), self.text()) {
            (Some(false), _) | (_, Some("none")) => Ok(None),
            _ => self.table(known).map(Some),
        }
    }

    pub(super) fn light(self) -> Read<Option<Light>> {
        let Some(table) = self.table_or_none(&["angle", "height", "strength"])? else { return Ok(None) };
        let Some(angle) = table.read("angle", Item::real)? else { return self.unlike("{ angle = degrees }") };
        let height = table.read("height", Item::real)?.unwrap_or(Light::HEIGHT);
        let strength = table.read("strength", Item::real)?.unwrap_or(1.0);
        let light = Some(Light { angle, height, strength });
        self.checked(Shading { light, edge: None }.check())?;
        Ok(light)
    }

    pub(super) fn edge(self) -> Read<Option<Edge>> {
        let Some(table) = self.table_or_none(&["width", "color"])? else { return Ok(None) };
        let Some(width) = table.read("width", Item::real)? else { return self.unlike("{ width = pixels }") };
        let edge = Some(Edge { width, color: table.read("color", Item::color)? });
        self.checked(Shading { light: None, edge }.check())?;
        Ok(edge)
    }

    pub(super) fn curve(self) -> Read<Curve> {
        let Some(points) = self.list() else { return self.unlike("a list of [count, place]") };
        let point = |point: Self| match point.list().as_deref() {
            Some(&[nu, place]) => Ok((nu.real()?, place.real()?)),
            _ => point.unlike("a list of [count, place]"),
        };
        let points = points.into_iter().map(point).collect::<Read<_>>()?;
        self.checked(Curve::new(points))
    }

    /// A number that is valid in the field of a coloring that `set` assigns.
    pub(super) fn coloring(self, set: impl Fn(&mut Coloring, f64)) -> Read<f64> {
        let (number, mut coloring) = (self.real()?, Coloring::default());
        set(&mut coloring, number);
        self.checked(coloring.check())?;
        Ok(number)
    }

    pub(super) fn origin(self) -> Read<Escape> {
        let table = self.table(&["n", "fraction"])?;
        let n = table.read("n", Item::whole)?;
        let fraction: Option<f32> = table.read("fraction", |item| item.number("a number"))?;
        match (n, fraction) {
            (Some(n), Some(fraction)) if n != u32::MAX && fraction.is_finite() => {
                Ok(Escape::new(n, fraction))
            }
            _ => self.unlike("{ n = a count below 4294967295, fraction = a finite number }"),
        }
    }
}

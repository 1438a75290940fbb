//! Palettes from the files of other programs. What a file is, is told from its content.

mod fit;
mod ggr;
mod kfr;
mod map;
mod picture;
mod text;
mod ugr;

use std::borrow::Cow;

use crate::color::palette::Palette;
use crate::color::palette::file::picture::Picture;
use crate::color::palette::file::text::FIRST;
use crate::error::{Error, PaletteProblem};

/// The most bytes of a text: ten times what the largest collection of gradients takes.
const MAX_TEXT: usize = 4 << 20;

/// What a file of palettes is.
enum Kind<'a> {
    Picture(Picture),
    Ggr(Cow<'a, str>),
    Kfr(Cow<'a, str>),
    Ugr(Cow<'a, str>),
    Map(Cow<'a, str>),
}

impl<'a> Kind<'a> {
    /// `map` says that the name of the file is that of a color map, for one that does not begin as such.
    fn of(bytes: &'a [u8], map: bool) -> Result<Self, Error> {
        if let Some(picture) = Picture::of(bytes) {
            return Ok(Self::Picture(picture));
        }
        // What follows a Control-Z is no part of a text, as programs for DOS had it.
        let end = bytes.iter().position(|byte| *byte == 0x1a).unwrap_or(bytes.len());
        let bytes = &bytes[..end];
        if bytes.len() > MAX_TEXT {
            return Err(Error::PaletteFile { line: 1, column: 1, problem: PaletteProblem::TooLong });
        }
        let unknown =
            |line, column| Err(Error::PaletteFile { line, column, problem: PaletteProblem::Unknown });
        if bytes.contains(&0) {
            return unknown(1, 1);
        }
        // Comments may be in any encoding; whatever is read is ASCII.
        let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        if first.starts_with(ggr::HEAD) {
            return Ok(Self::Ggr(text));
        }
        if text.lines().any(|line| line.starts_with(kfr::KEY)) {
            return Ok(Self::Kfr(text));
        }
        if text.contains(ugr::SECTION) && text.contains('{') {
            return Ok(Self::Ugr(text));
        }
        match map || map::begins(first) {
            true => Ok(Self::Map(text)),
            false => unknown(FIRST.0, FIRST.1),
        }
    }
}

impl Palette {
    /// The names of the palettes in a file that has several: the gradients of Ultra Fractal. None for other files.
    ///
    /// # Errors
    /// [`Error::PaletteFile`] for a file that is none of palettes, or whose entries do not end.
    pub fn names_in(bytes: &[u8]) -> Result<Vec<String>, Error> {
        match Kind::of(bytes, true)? {
            Kind::Ugr(text) => Ok(ugr::entries(&text)?.into_iter().map(|entry| entry.name.into()).collect()),
            _ => Ok(Vec::new()),
        }
    }

    /// The palette in a file: a Fractint map, a gradient of Ultra Fractal (the one of that `name`) or GIMP, the colors of Kalles
    /// Fraktaler, or a picture, whose colors along its main diagonal are taken. `map` says that the file is named as a Fractint
    /// map is.
    ///
    /// # Errors
    /// [`Error::PaletteFile`] for what cannot be read, with its line and column, and [`Error::PaletteName`] for a name that the file
    /// does not have, or that is missing where it has several palettes.
    pub fn from_file(bytes: &[u8], name: Option<&str>, map: bool) -> Result<Self, Error> {
        let kind = Kind::of(bytes, map)?;
        let stops = match (&kind, name) {
            (Kind::Ugr(text), name) => ugr::read(text, name)?,
            (_, Some(name)) => {
                return Err(Error::PaletteName { name: Some(name.into()), known: Vec::new() });
            }
            (Kind::Ggr(text), None) => ggr::read(text)?,
            (Kind::Kfr(text), None) => kfr::read(text)?,
            (Kind::Map(text), None) => return Self::from_colors(map::read(text)?),
            (Kind::Picture(picture), None) => return Self::from_colors(picture.colors(bytes)?),
        };
        debug_assert!(stops.len() >= 2, "readers refuse fewer colors");
        Self::from_stops(stops)
    }
}

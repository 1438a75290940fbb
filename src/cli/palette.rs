//! A palette on the command line: its name, its colors, or a file that holds it.

use std::io::Read;
use std::path::{Path, PathBuf};

use mandel::{Error, Palette, Rgb};

use crate::cli::failure::{Failure, usage};
use crate::cli::scene_file::{open, read_failure};
use crate::cli::terminal::{brief, shown};
use crate::cli::value::named;
use crate::cli::words::{did_you_mean, words};

/// The most bytes of a file: those of a large photograph.
const MAX_BYTES: u64 = 32 << 20;

/// What `--palette` names. A file is read when the scene is made of it.
#[derive(Clone)]
pub(crate) enum PaletteArg {
    Known(Palette),
    File(PaletteFile),
}

/// A file of palettes.
#[derive(Clone)]
pub(crate) struct PaletteFile {
    path: PathBuf,
    /// One of several palettes in it.
    name: Option<String>,
}

/// A palette by name, or a list of colors.
pub(crate) fn known(text: &str) -> Option<Palette> {
    Palette::named(text).or_else(|| Palette::from_list(text).ok())
}

/// The names of the built-in palettes.
pub(crate) fn names() -> Vec<String> {
    Palette::names().map(String::from).collect()
}

/// Reads NAME, COLORS, FILE or FILE:NAME, in this order.
pub(crate) fn palette(text: &str) -> Result<PaletteArg, Failure> {
    if let Some(palette) = known(text) {
        return Ok(PaletteArg::Known(palette));
    }
    if let Some(file) = PaletteFile::of(text) {
        return Ok(PaletteArg::File(file));
    }
    match Palette::from_list(text) {
        Err(error)
            if text.split(',').any(|color| color.trim().parse::<Rgb>().is_ok()) || text.starts_with('#') =>
        {
            Err(named("--palette", &error))
        }
        _ => {
            let meant = did_you_mean(text, Palette::names());
            let text = brief(text);
            Err(usage(format!(
                "no palette named '{text}' ('mandel palettes' lists them), no list of colors such as #001,#fff,#fa0,#001, and no file \
                 of that name{meant}"
            )))
        }
    }
}

impl PaletteArg {
    /// The file that it is in.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Known(_) => None,
            Self::File(file) => Some(&file.path),
        }
    }

    /// The palette, read from its file where it is in one.
    pub(crate) fn palette(&self) -> Result<Palette, Failure> {
        match self {
            Self::Known(palette) => Ok(palette.clone()),
            Self::File(file) => file.palette(&file.read()?, file.name.as_deref()),
        }
    }

    /// The palettes with their names: all of a file that has several, if none of them was named.
    pub(crate) fn all(&self) -> Result<Vec<(String, Palette)>, Failure> {
        let file = match self {
            Self::Known(palette) => return Ok(vec![(palette.name().into(), palette.clone())]),
            Self::File(file) => file,
        };
        let bytes = file.read()?;
        let names = Palette::names_in(&bytes).map_err(|error| file.failure(&error))?;
        if names.is_empty() || file.name.is_some() {
            let name = file.name.clone().unwrap_or_else(|| shown(&file.path));
            return Ok(vec![(name, file.palette(&bytes, file.name.as_deref())?)]);
        }
        names.into_iter().map(|name| Ok((name.clone(), file.palette(&bytes, Some(&name))?))).collect()
    }
}

impl PaletteFile {
    /// The file that a text names, and behind a colon the name of a palette in it, if there is such a file.
    fn of(text: &str) -> Option<Self> {
        if Path::new(text).exists() {
            return Some(Self { path: text.into(), name: None });
        }
        let mut splits = text.match_indices(':').map(|(at, _)| (&text[..at], &text[at + 1..]));
        let (path, name) = splits.find(|(path, _)| Path::new(path).exists())?;
        Some(Self { path: path.into(), name: Some(name.into()) })
    }

    fn read(&self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        open(&self.path)?
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| read_failure(&self.path, &error))?;
        if bytes.len() as u64 > MAX_BYTES {
            let path = shown(&self.path);
            return Err(Failure::Input(format!(
                "{path}: more than 32 MiB, and no file of palettes is so long"
            )));
        }
        Ok(bytes)
    }

    fn palette(&self, bytes: &[u8], name: Option<&str>) -> Result<Palette, Failure> {
        let map = self.path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("map"));
        Palette::from_file(bytes, name, map).map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &Error) -> Failure {
        let (path, words) = (shown(&self.path), words(error));
        match error {
            Error::PaletteFile { .. } => Failure::Input(format!("{path}:{words}")),
            Error::PaletteName { known, .. } => {
                let example = known.first().map(|name| format!("; type {path}:{}", brief(name)));
                usage(format!("{path}: {words}{}", example.unwrap_or_default()))
            }
            _ => Failure::Input(format!("{path}: {words}")),
        }
    }
}

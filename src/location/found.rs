//! What the file of another program says of a location.

use crate::location::problem::LocationError;
use crate::location::program::Program;
use crate::location::{deepdrill, fractint, fraktaler3, kalles_fraktaler, mandelbrot_site, xaos};
use crate::scene::draft::Draft;

/// A location, and what was left out of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Whose file it is.
    pub program: Program,
    /// The view and its limit of iterations; size, sampling and colors are open.
    pub draft: Draft,
    /// What differs from the file, or from the picture that the other program makes: one sentence each.
    pub notes: Vec<String>,
}

impl Found {
    /// Reads a location of a program from a text that [`Program::of`] takes for one. `entry` names the one that is meant, where
    /// [`Program::has_entries`].
    ///
    /// # Errors
    /// [`LocationError`], where the text is not of the format or asks for what cannot be rendered.
    pub fn read(program: Program, text: &str, entry: Option<&str>) -> Result<Self, LocationError> {
        let body = text.trim_start_matches('\u{feff}');
        let read = match program {
            Program::KallesFraktaler => kalles_fraktaler::read(body),
            Program::Fraktaler3 => fraktaler3::read(body),
            Program::DeepDrill => deepdrill::read(body),
            Program::Fractint => fractint::read(body, entry),
            Program::Xaos => xaos::read(body),
            Program::MandelbrotSite => mandelbrot_site::read(body),
        };
        let (draft, notes) = read.map_err(|problem| LocationError::at(body, problem))?;
        Ok(Self { program, draft, notes })
    }
}

impl Program {
    /// Whose location this text is, by its first line and its keys; `None` if it is no location of another program.
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim_start_matches('\u{feff}');
        let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
        // XaoS and Fractint begin comments with a semicolon.
        let first = lines().find(|line| !line.starts_with([';', '#']))?;
        if xaos::begins(first) {
            return Some(Self::Xaos);
        }
        if mandelbrot_site::begins(first) {
            return Some(Self::MandelbrotSite);
        }
        if fractint::begins(first) {
            return Some(Self::Fractint);
        }
        // A scene of this project.
        if lines().any(|line| ["[view]", "[iterate]", "[color]"].contains(&line)) {
            return None;
        }
        let has = |is_sign: fn(&str) -> bool| lines().any(is_sign);
        match () {
            () if has(fraktaler3::is_sign) => Some(Self::Fraktaler3),
            () if has(deepdrill::is_sign) => Some(Self::DeepDrill),
            () if has(kalles_fraktaler::is_sign) => Some(Self::KallesFraktaler),
            () => None,
        }
    }
}

//! The texts that go into a file: how it is made again.

use mandel::render::Render;
use mandel::{Escape, Scene};

use crate::cli::command::command;
use crate::cli::scene_file::KEYWORD;

/// What is known of numbers that are read from a file.
pub(crate) struct Reading {
    /// Whether the view of the scene is theirs.
    pub(crate) view: bool,
    /// Whether the curve of the map is what the view gives.
    pub(crate) own_curve: bool,
    /// Whether they hold the periods and distances of samples that did not escape.
    pub(crate) interiors: bool,
}

/// Keywords and texts of a picture: the program, a command that gives the picture again, and the scene. `origin` is the one that was
/// asked for.
pub(crate) fn metadata(
    render: &Render,
    origin: Option<Escape>,
    reading: Option<&Reading>,
) -> Vec<(&'static str, String)> {
    let scene = render.scene();
    let software = ("Software", concat!("mandel ", env!("CARGO_PKG_VERSION")).into());
    if reading.is_some_and(|reading| !reading.view) {
        return vec![software];
    }
    // Options name neither an origin to the last bit nor a curve, so they give this picture only where it has those of its own view.
    // A curve that was found from the samples of a file is not quite that of the view.
    let own_curve = match reading {
        Some(reading) => reading.own_curve || !scene.coloring().map.is_curve(),
        None => render.has_own_curve(),
    };
    let own = |_: &String| own_curve && (origin.is_none() || origin == render.origin_of_view());
    let again = command(scene).filter(own).unwrap_or_else(|| "mandel render --scene THIS_FILE".into());
    vec![software, ("Description", again), (KEYWORD, scene.to_text())]
}

/// The place in the words of other programs, for a file with these texts. There is none for one that names no scene.
pub(crate) fn place(scene: &Scene, texts: &[(&str, String)]) -> Vec<(&'static str, String)> {
    if texts.iter().all(|(keyword, _)| *keyword != KEYWORD) {
        return Vec::new();
    }
    let words = [("Fraktaler3", scene.to_fraktaler3()), ("KallesFraktaler2+", scene.to_kalles_fraktaler())];
    words.into_iter().filter_map(|(keyword, text)| Some((keyword, text?))).collect()
}

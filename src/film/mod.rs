//! Zooms into one point: all frames from one scene and one reference orbit.

mod blend;
mod colors;
#[allow(clippy::module_inception, reason = "the file of the type Film")]
mod film;
mod guess;
mod keys;
mod path;
mod strip;
mod zoom;

pub use film::{Film, Making, Source, Way};
pub use path::Path;
pub use strip::octaves;

//! Everything that determines a picture, and its text.

pub(crate) mod draft;
mod item;
mod look;
#[allow(clippy::module_inception, reason = "the file is named for the type that it defines")]
pub(crate) mod scene;
pub(crate) mod text;

pub use draft::Draft;
pub use scene::{Scene, Supersample};
pub use text::SceneValue;

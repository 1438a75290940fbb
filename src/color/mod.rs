//! From numbers to colors.

pub(crate) mod coloring;
pub(crate) mod curve;
mod disagreement;
pub(crate) mod dither;
pub(crate) mod interior;
mod lookup;
mod oklab;
pub(crate) mod painter;
pub(crate) mod palette;
pub(crate) mod rgb;
pub(crate) mod shading;

pub use coloring::{Coloring, Map};
pub use curve::Curve;
pub use interior::Interior;
pub use painter::{Channel, Painter};
pub use palette::Palette;
pub use rgb::Rgb;
pub use shading::{Edge, Light, Shading};

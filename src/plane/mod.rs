//! Where samples lie in the plane.

pub(crate) mod axis;
pub(crate) mod location;
pub(crate) mod viewport;

pub use axis::Grid;
pub use location::Location;
pub use viewport::{Aspect, Extent, Frame, MAX_SIDE, Viewport};

//! Where samples lie in the plane.

pub(crate) mod axis;
pub(crate) mod frame;
pub(crate) mod location;
pub(crate) mod rotation;
pub(crate) mod strip;
pub(crate) mod viewport;

pub use axis::Grid;
pub use frame::{Aspect, Extent, Frame, Projection};
pub use location::Location;
pub use rotation::Rotation;
pub use viewport::{MAX_SIDE, Viewport};

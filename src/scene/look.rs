//! The colors that a view has where none are named.

use crate::color::coloring::Map;
use crate::plane::frame::Frame;
use crate::plane::location::Location;

/// What suits a view.
pub(super) struct Look {
    pub(super) map: Map,
}

impl Look {
    /// The look of a view: the automatic map, but for the four shallow places, whose plain logarithm is known by sight.
    pub(super) fn of(frame: &Frame) -> Self {
        let shallow = ["home", "seahorse", "elephant", "mini"];
        let map = match Location::of(frame) {
            Some(place) if shallow.contains(&place.name) => Map::Log,
            _ => Map::Auto,
        };
        Self { map }
    }
}

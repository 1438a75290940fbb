//! The colors that a view has where none are named.

use crate::color::coloring::Map;
use crate::color::palette::Palette;
use crate::color::shading::{Edge, Light, Shading};
use crate::plane::frame::Frame;
use crate::plane::location::Location;

/// What suits a view.
pub(super) struct Look {
    pub(super) palette: Palette,
    pub(super) map: Map,
    pub(super) shading: Shading,
}

/// The looks of the deep built-in places: palette, angle and height of the light, width of the edge. 0 for none.
#[rustfmt::skip]
const LOOKS: [(&str, &str, f64, f64, f64); 12] = [
    ("twins", "magma", 30.0, 1.6, 0.0),
    ("crown", "glacier", 135.0, 1.2, 0.0),
    ("wreath", "copper", 135.0, 1.2, 0.0),
    ("star", "ultra", 135.0, 1.2, 0.0),
    ("leaves", "glacier", 135.0, 1.2, 0.0),
    ("needle", "print", 0.0, 0.0, 0.0),
    ("safari", "ember", 135.0, 1.2, 0.0),
    ("ssssssssss", "forest", 135.0, 1.2, 0.0),
    ("dendrite", "ink", 0.0, 0.0, 0.7),
    ("blossom", "twilight_shifted", 135.0, 1.2, 0.0),
    ("branches", "pastel", 60.0, 1.2, 0.0),
    ("urchin", "aurora", 135.0, 1.2, 0.0),
];

impl Look {
    /// The look of a view: one of its own for a deep built-in place. The four shallow ones have the plain logarithm, by which they
    /// are known; all other views have the automatic map.
    pub(super) fn of(frame: &Frame) -> Self {
        let plain = |map| Self { palette: Palette::default(), map, shading: Shading::default() };
        let Some(place) = Location::of(frame) else { return plain(Map::Auto) };
        let look = LOOKS.iter().find(|(name, ..)| *name == place.name);
        let Some(&(_, palette, angle, height, width)) = look else { return plain(Map::Log) };
        let light = (height > 0.0).then_some(Light { angle, height, strength: 1.0 });
        let edge = (width > 0.0).then_some(Edge { width, color: None });
        let palette = Palette::named(palette).unwrap_or_default();
        Self { palette, map: Map::Auto, shading: Shading { light, edge } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_a_look_with_a_palette_that_there_is() {
        for place in Location::ALL {
            let shallow = ["home", "seahorse", "elephant", "mini"].contains(&place.name);
            let look = LOOKS.iter().find(|(name, ..)| *name == place.name);
            assert_eq!(look.is_none(), shallow, "{}", place.name);
            if let Some((_, palette, ..)) = look {
                assert!(Palette::named(palette).is_some(), "{palette}");
                let look = Look::of(&place.frame().expect("a frame"));
                assert_eq!((look.palette.name(), look.shading.check()), (*palette, Ok(())));
            }
        }
    }
}

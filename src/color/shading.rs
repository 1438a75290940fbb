//! Light and edges: what the distances of samples do to their colors.

use crate::color::rgb::Rgb;
use crate::error::Error;
use crate::field::Distance;

/// A light on the relief whose slopes point to the set.
///
/// With t the cosine between the direction of the distance and that of the light, a color is multiplied in linear light by
/// (height + strength t) / (height + strength / 4): a slope towards the light gains, a flat one is a little darker than
/// without light, so that whites have room. (Normal maps from the derivative: "Plotting algorithms for the Mandelbrot set",
/// Wikipedia; A. Cheritat.)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Light {
    /// Where it comes from, in degrees: 0 is the right, 90 above.
    pub angle: f64,
    /// How steeply it falls: with 1 a slope away from it is black, with more it is not.
    pub height: f64,
    /// 0 for none, 1 for all of it.
    pub strength: f64,
}

impl Light {
    /// The height where none is given.
    pub const HEIGHT: f64 = 1.2;
}

/// A color for what is close to the set, so that filaments thinner than a pixel stay visible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Pixels from the set at which a quarter of the color is left.
    pub width: f64,
    /// The color; `None` is that of the interior.
    pub color: Option<Rgb>,
}

/// Light and edge, if any.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shading {
    /// The light.
    pub light: Option<Light>,
    /// The edge.
    pub edge: Option<Edge>,
}

impl Shading {
    /// Whether it takes distances.
    pub fn takes_distances(self) -> bool {
        self.light.is_some() || self.edge.is_some()
    }

    /// Checks that all numbers are in range.
    ///
    /// # Errors
    /// [`Error::Light`] unless the angle is finite and at most 1e6 either way, the height 0.5 to 100 and the strength 0 to 1;
    /// [`Error::Edge`] unless the width is above 0 and at most 1e6.
    pub fn check(self) -> Result<(), Error> {
        let fits = |light: Light| {
            light.angle.abs() <= 1e6
                && (0.5..=100.0).contains(&light.height)
                && (0.0..=1.0).contains(&light.strength)
        };
        if !self.light.is_none_or(fits) {
            return Err(Error::Light);
        }
        if !self.edge.is_none_or(|edge| edge.width > 0.0 && edge.width <= 1e6) {
            return Err(Error::Edge);
        }
        Ok(())
    }
}

/// A shading for one picture.
pub(super) struct Shader {
    /// Direction of the light.
    x: f32,
    y: f32,
    height: f32,
    strength: f32,
    /// Brightness of a flat slope, inverted.
    scale: f32,
    /// 1 / d^2, where the light is half gone at a distance of d pixels.
    far: f32,
    /// 1 / d^2 for the width d of the edge in pixels; 0 for no edge.
    edge: f32,
    /// The fourth number pads to a vector.
    edge_color: [f32; 4],
}

/// The part of the height of a picture from the set at which the light has half gone: far outside, the relief is one cone.
const FAR: f32 = 0.125;
/// The distance in samples at which the light has half come: closer to the set the direction changes from sample to sample.
const NEAR: f32 = 0.3;

impl Shader {
    /// For a picture of so many rows of pixels, whose interior has this color in linear light.
    pub(super) fn new(shading: Shading, rows: u32, interior: [u16; 3]) -> Self {
        let light = shading.light.unwrap_or(Light { angle: 0.0, height: 1.0, strength: 0.0 });
        let (strength, height) = (light.strength as f32, light.height as f32);
        let radians = (light.angle % 360.0).to_radians();
        let far = FAR * rows as f32;
        let color = shading.edge.and_then(|edge| edge.color).map_or(interior, Rgb::linear);
        Self {
            x: libm::cos(radians) as f32,
            y: libm::sin(radians) as f32,
            height,
            strength,
            scale: 1.0 / (height + 0.25 * strength),
            far: 1.0 / (far * far),
            edge: shading.edge.map_or(0.0, |edge| (1.0 / (edge.width * edge.width)) as f32),
            edge_color: [color[0], color[1], color[2], 0].map(f32::from),
        }
    }

    /// What light and edge do at this distance, of which there are `k` to a pixel: the factor of a color, and how much of it the color
    /// of the edge replaces. Without branches, so that compilers vectorize loops of it.
    #[inline(always)]
    pub(super) fn at(&self, distance: Distance, k: f32) -> (f32, f32) {
        let sqr = distance.x * distance.x + distance.y * distance.y;
        let length = sqr.sqrt();
        // At no distance at all there is no direction.
        let t = (distance.x * self.x + distance.y * self.y) / length;
        let t = if length > 0.0 { t } else { 0.0 };
        let pixels = sqr / (k * k);
        let part = length / (length + NEAR) / (1.0 + pixels * self.far);
        let gain = (self.height + self.strength * t * part) * self.scale;
        // A quarter at the width of the edge, a 25th at twice of it.
        let near = 1.0 / (1.0 + pixels * self.edge);
        let edge = near * near;
        (if gain > 0.0 { gain } else { 0.0 }, if self.edge > 0.0 { edge } else { 0.0 })
    }

    /// A color in linear light with this factor and this much of the edge.
    #[inline(always)]
    pub(super) fn shade(&self, color: [u16; 4], (gain, edge): (f32, f32)) -> [u32; 4] {
        [0, 1, 2, 3].map(|c| {
            let lit = f32::from(color[c]) * gain;
            let lit = if lit < 65535.0 { lit } else { 65535.0 };
            // Truncation of a number that is not negative plus a half rounds to nearest.
            (lit + edge * (self.edge_color[c] - lit) + 0.5) as i32 as u32
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_to_the_light_gain_and_filaments_have_the_color_of_the_edge() {
        let light = Some(Light { angle: 90.0, height: 1.2, strength: 1.0 });
        let edge = Some(Edge { width: 2.0, color: Some(Rgb([255; 3])) });
        let gray = [20_000, 20_000, 20_000, 0];
        let shaded = |shading, x, y| {
            let shader = Shader::new(shading, 1000, [0; 3]);
            shader.shade(gray, shader.at(Distance { x, y }, 1.0))[0]
        };
        let lit = Shading { light, edge: None };
        let [up, flat, down] = [shaded(lit, 0.0, 9.0), shaded(lit, 9.0, 0.0), shaded(lit, 0.0, -9.0)];
        assert!(up > 28_000 && (16_000..17_000).contains(&flat) && down < 4_000, "{up} {flat} {down}");
        // Far outside, and where nothing has a direction, all is flat.
        assert!(shaded(lit, 0.0, 1e5).abs_diff(flat) < 10 && shaded(lit, 0.0, 0.0) == flat);
        let edged = Shading { light: None, edge };
        assert_eq!(shaded(edged, 0.0, 0.0), 65_535);
        assert!(shaded(edged, 100.0, 0.0).abs_diff(20_000) < 50);
        assert_eq!(shaded(Shading { light: None, edge: None }, 3.0, 4.0), 20_000);
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        let light = |angle, height, strength| {
            Shading { light: Some(Light { angle, height, strength }), edge: None }.check()
        };
        assert_eq!(light(135.0, 1.2, 1.0), Ok(()));
        for (angle, height, strength) in
            [(f64::NAN, 1.2, 1.0), (1e7, 1.2, 1.0), (0.0, 0.4, 1.0), (0.0, f64::NAN, 1.0), (0.0, 1.2, 1.1)]
        {
            assert_eq!(light(angle, height, strength), Err(Error::Light));
        }
        for width in [0.0, -1.0, f64::NAN, 1e7] {
            let edge = Some(Edge { width, color: None });
            assert_eq!(Shading { light: None, edge }.check(), Err(Error::Edge));
        }
    }
}

//! What the user chose: how numbers become colors.

use std::fmt;

use crate::color::curve::Curve;
use crate::color::interior::Interior;
use crate::color::palette::Palette;
use crate::color::shading::Shading;
use crate::error::Error;
use crate::field::{Detail, Escape};

/// How a smooth count nu becomes a place in the palette, where 1 is one whole pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Map {
    /// By a curve that is found from a preview of the view: the palette goes where the structure is.
    Auto,
    /// By the curve that equalizes the histogram of all samples.
    Histogram,
    /// 0.225 ln(1 + nu - nu_min): equal ratios look equal, at any depth.
    Log,
    /// nu / max_iter: one pass from 0 to max_iter.
    Linear,
    /// sqrt(nu / max_iter).
    Sqrt,
    /// nu / 64: a pass every 64 iterations.
    Cyclic,
}

impl Map {
    /// All maps.
    pub const ALL: [Self; 6] =
        [Self::Auto, Self::Histogram, Self::Log, Self::Linear, Self::Sqrt, Self::Cyclic];

    /// Whether it needs a curve.
    pub fn is_curve(self) -> bool {
        matches!(self, Self::Auto | Self::Histogram)
    }
}

impl fmt::Display for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Histogram => "histogram",
            Self::Log => "log",
            Self::Linear => "linear",
            Self::Sqrt => "sqrt",
            Self::Cyclic => "cyclic",
        })
    }
}

/// Everything that turns numbers into colors.
#[derive(Clone, Debug, PartialEq)]
pub struct Coloring {
    /// The colors of samples that escape.
    pub palette: Palette,
    /// How counts are laid along the palette.
    pub map: Map,
    /// Multiplies the place in the palette: 2 passes through it twice as fast.
    pub density: f64,
    /// Added to the place in the palette.
    pub offset: f64,
    /// Whole counts instead of smooth ones, and the palette's own steps where it has them.
    pub bands: bool,
    /// What samples that do not escape look like.
    pub interior: Interior,
    /// Where the logarithmic map begins, nu_min; `None` if it is to be found from the view. Other maps begin at 0.
    pub origin: Option<Escape>,
    /// The curve of the automatic map and of the histogram; `None` if it is to be found from the view.
    pub curve: Option<Curve>,
    /// Light and edge.
    pub shading: Shading,
    /// Whether sRGB bytes are rounded up or down by the place of the pixel, so that gradients have no steps.
    pub dither: bool,
}

impl Default for Coloring {
    /// Palette `glacier`, logarithmic map, smooth, black interior.
    fn default() -> Self {
        Self {
            palette: Palette::default(),
            map: Map::Log,
            density: 1.0,
            offset: 0.0,
            bands: false,
            interior: Interior::default(),
            origin: None,
            curve: None,
            shading: Shading::default(),
            dither: false,
        }
    }
}

impl Coloring {
    /// Passes through the palette while 1 + nu - nu_min grows by a factor of e, with the logarithmic map.
    pub(crate) const LOG_DENSITY: f64 = 0.225;
    /// Iterations in one pass of the cyclic map.
    pub(crate) const CYCLE: f64 = 64.0;

    /// What it takes of samples beside their counts.
    pub fn detail(&self) -> Detail {
        Detail { distances: self.shading.takes_distances(), interiors: self.interior.takes_interiors() }
    }

    /// Checks that all numbers are usable.
    ///
    /// # Errors
    /// [`Error::Density`], [`Error::Offset`], or those of [`Shading::check`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        if !(self.density.is_finite() && self.density > 0.0 && self.density <= 1e6) {
            return Err(Error::Density(self.density));
        }
        if self.offset.is_nan() || self.offset.abs() > 1e6 {
            return Err(Error::Offset(self.offset));
        }
        self.shading.check()
    }
}

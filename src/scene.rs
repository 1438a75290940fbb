//! Everything that determines a picture, and nothing else.

use crate::{Bailout, Coloring, Error, Viewport};

/// A picture, described: what is shown, how far it is iterated, how it is sampled and colored.
///
/// Threads, chunks and kernels are not part of it, because they change no byte.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    viewport: Viewport,
    bailout: Bailout,
    supersample: u32,
    samples: Viewport,
    coloring: Coloring,
}

impl Scene {
    /// The most samples along each side of a pixel.
    pub const MAX_SUPERSAMPLE: u32 = 8;

    /// Describes a picture of `viewport` with `supersample` by `supersample` samples a pixel.
    ///
    /// # Errors
    /// [`Error::Scene`] for a supersampling outside 1..=8, too many samples along a side, or a
    /// coloring with unusable numbers.
    pub fn new(
        viewport: Viewport,
        bailout: Bailout,
        supersample: u32,
        coloring: Coloring,
    ) -> Result<Self, Error> {
        if !(1..=Self::MAX_SUPERSAMPLE).contains(&supersample) {
            return Err(Error::Scene(format!(
                "supersample must be 1..{} (got {supersample})",
                Self::MAX_SUPERSAMPLE
            )));
        }
        coloring.check()?;
        let samples = viewport.refined(supersample)?;
        Ok(Self { viewport, bailout, supersample, samples, coloring })
    }

    /// The lattice of pixels.
    pub fn viewport(&self) -> &Viewport {
        &self.viewport
    }

    /// The lattice of samples: the pixels, each cut into `supersample` by `supersample`.
    pub fn samples(&self) -> &Viewport {
        &self.samples
    }

    /// When iteration stops.
    pub fn bailout(&self) -> Bailout {
        self.bailout
    }

    /// Samples along each side of a pixel.
    pub fn supersample(&self) -> u32 {
        self.supersample
    }

    /// How numbers become colors.
    pub fn coloring(&self) -> &Coloring {
        &self.coloring
    }
}

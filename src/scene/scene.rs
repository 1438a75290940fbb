//! Everything that determines a picture, and nothing else.

use crate::color::coloring::Coloring;
use crate::error::Error;
use crate::kernel::bailout::Bailout;
use crate::number::decimal::Decimal;
use crate::plane::viewport::Viewport;

/// How pixels are sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supersample {
    /// All with so many samples along each side.
    All(u32),
    /// With [`Scene::DEFAULT_SUPERSAMPLE`], and more where they disagree.
    Auto,
}

/// The description of a picture: view, limit of iterations, sampling and coloring.
///
/// Threads, bands and kernels are not part of it, because they change no byte.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    viewport: Viewport,
    bailout: Bailout,
    supersample: u32,
    refine: bool,
    samples: Viewport,
    coloring: Coloring,
}

impl Scene {
    /// The most samples along each side of a pixel.
    pub const MAX_SUPERSAMPLE: u32 = 8;
    /// The default for the samples along each side of a pixel.
    pub const DEFAULT_SUPERSAMPLE: u32 = 2;
    /// The default for width and height in pixels.
    pub const DEFAULT_SIZE: (u32, u32) = (1920, 1080);

    /// Describes a picture of `viewport` with `supersample` by `supersample` samples a pixel.
    ///
    /// Every scene can be written as text and read back, so what a text cannot say is refused here.
    ///
    /// # Errors
    /// [`Error::Supersample`] outside 1..=8, [`Error::TooManySamples`] along a side, [`Error::Refined`] for a lattice
    /// that [`Viewport::new`] does not make, such as the [`Scene::samples`] of another scene, [`Error::Number`] for a
    /// view that is given by more digits or a larger power of ten than [`MAX_DIGITS`](crate::MAX_DIGITS),
    /// [`Error::Density`], [`Error::Offset`] or [`Error::Origin`].
    pub fn new(
        viewport: Viewport,
        bailout: Bailout,
        supersample: u32,
        coloring: Coloring,
    ) -> Result<Self, Error> {
        if !(1..=Self::MAX_SUPERSAMPLE).contains(&supersample) {
            return Err(Error::Supersample(supersample));
        }
        coloring.check()?;
        if coloring.origin.is_some_and(|origin| origin.n().is_none() || !origin.fraction().is_finite()) {
            return Err(Error::Origin);
        }
        for number in viewport.frame().numbers() {
            number.to_string().parse::<Decimal>()?;
        }
        let whole = viewport.whole();
        let size = (whole.width(), whole.height());
        let plain = Viewport::new(whole.frame().clone(), whole.grid(), size)?;
        if plain.with_rotation(whole.rotation())? != whole {
            return Err(Error::Refined);
        }
        let samples = viewport.refined(supersample)?;
        Ok(Self { viewport, bailout, supersample, refine: false, samples, coloring })
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

    /// The same picture with [`Scene::DEFAULT_SUPERSAMPLE`] samples along a pixel, and more where they disagree: up to
    /// [`Scene::MAX_SUPERSAMPLE`].
    ///
    /// # Errors
    /// [`Error::TooManySamples`] along a side of the finest lattice.
    pub fn with_refinement(self) -> Result<Self, Error> {
        let supersample = Self::DEFAULT_SUPERSAMPLE;
        let samples = self.viewport.refined(supersample)?;
        let scene = Self { refine: true, supersample, samples, ..self };
        scene.finest()?;
        Ok(scene)
    }

    /// Whether pixels whose samples disagree get more of them. Numbers are always those of [`Scene::samples`].
    pub fn refines(&self) -> bool {
        self.refine
    }

    /// The finest lattice that samples may be taken of.
    ///
    /// # Errors
    /// None for a scene that was made with a refinement.
    pub fn finest(&self) -> Result<Viewport, Error> {
        if self.refine { self.viewport.refined(Self::MAX_SUPERSAMPLE) } else { Ok(self.samples.clone()) }
    }

    /// How numbers become colors.
    pub fn coloring(&self) -> &Coloring {
        &self.coloring
    }

    /// The same picture with a coloring of which nothing is left to be found from the view.
    pub(crate) fn with_coloring(self, coloring: Coloring) -> Self {
        Self { coloring, ..self }
    }
}

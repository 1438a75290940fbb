//! A zoom into a point: the views of a film, and kernels for them that share a reference orbit.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::error::Error;
use crate::film::path::Path;
use crate::kernel::bailout::Kernel;
use crate::kernel::deep::reference_orbit::ReferenceOrbit;
use crate::kernel::plan::Plan;
use crate::number::decimal::Decimal;
use crate::number::floatexp::FloatExp;
use crate::plane::axis::Grid;
use crate::plane::frame::{Extent, Frame};
use crate::plane::viewport::Viewport;
use crate::scene::scene::Scene;

/// All views of a film.
pub(super) struct Zoom {
    /// The scene of the last frame before it is turned along the way.
    pub(super) scene: Scene,
    pub(super) path: Path,
    /// The reference orbit of the last frame.
    pub(super) orbit: Option<Arc<ReferenceOrbit>>,
    /// The most iterations of a reference orbit.
    pub(super) max_steps: u64,
}

impl Zoom {
    /// The scene of a frame; `turned` along the way.
    pub(super) fn frame(&self, i: u32, turned: bool) -> Result<Scene, Error> {
        let viewport = self.scene.viewport();
        let start = viewport.rotation();
        let rotation = if turned { self.path.rotation(i, start)? } else { start };
        let view = self.plain(Extent::Zoom(self.path.zoom(i)), (viewport.width(), viewport.height()))?;
        Scene::new(
            view.with_rotation(rotation)?,
            self.scene.bailout(),
            self.scene.supersample(),
            self.scene.coloring().clone(),
        )
    }

    /// A view around the center, turned as the first frame, whose height is 4 / `zoom` times `part`.
    pub(super) fn view(&self, zoom: FloatExp, part: f64, size: (u32, u32)) -> Result<Viewport, Error> {
        let height = Decimal::shortest(FloatExp::from(4.0 * part) / zoom).ok_or(Error::Extent)?;
        self.plain(Extent::Height(height), size)?.with_rotation(self.scene.viewport().rotation())
    }

    fn plain(&self, extent: Extent, size: (u32, u32)) -> Result<Viewport, Error> {
        let center = self.scene.viewport().center().clone();
        Viewport::new(Frame::Centered { center, extent }, Grid::Centers, size)
    }

    /// The kernel for a lattice around the center, with samples no closer than those of the last frame.
    pub(super) fn kernel(&self, lattice: &Viewport) -> Result<Box<dyn Kernel>, Error> {
        let plan = Plan::new(lattice, self.scene.bailout(), None);
        plan.kernel_along(self.orbit.clone(), self.max_steps, &AtomicU64::new(0))
    }
}

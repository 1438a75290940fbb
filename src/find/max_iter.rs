//! `max_iter` from the view itself.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::error::Error;
use crate::field::Escape;
use crate::kernel::bailout::{Bailout, Kernel};
use crate::kernel::cpu::Level;
use crate::kernel::deep::perturbation::Perturbation;
use crate::kernel::deep::reference_orbit::ReferenceOrbit;
use crate::kernel::plan::Plan;
use crate::plane::axis::Grid;
use crate::plane::viewport::Viewport;

/// The first limit that is tried.
const FIRST: u32 = 250;
/// The preview ends before a round that could cost more iterations than this, about a second without shortcuts.
const BUDGET: u64 = 1 << 29;
/// The same for deep views, where blocks skip most iterations.
const DEEP_BUDGET: u64 = 1 << 33;
/// The least number of samples that the cost is computed for: with fewer, lanes are idle and a round takes as long.
const FEWEST: u64 = 256;
/// The most iterations of the reference orbit before a limit is tried.
const DEEP_STEPS: u32 = 1 << 22;
/// Samples of the preview along the longer side.
const PREVIEW: u32 = 96;

/// A `max_iter` for a view, and the reference orbit with which it was found, for the render to use and extend.
pub struct AutoMaxIter {
    /// The limit.
    pub max_iter: u32,
    /// The reference orbit of a deep view.
    pub reference: Option<Arc<ReferenceOrbit>>,
}

/// A `max_iter` that suits the view of `viewport`. `samples` is the lattice that will be rendered, for the reference.
///
/// A preview of at most 96 samples a side is iterated 250, 500, 1000, ... times. Once samples escape, the first
/// limit is taken whose doubling lets no more than 1/500 of the preview escape in addition. In a deep view the first
/// limit is not below the length of the reference orbit. The answer depends on the lattices alone.
///
/// # Errors
/// Those of [`Plan::reference`].
pub fn auto_max_iter(
    viewport: &Viewport,
    samples: &Viewport,
    max_steps: u64,
    steps: &AtomicU64,
) -> Result<AutoMaxIter, Error> {
    let (width, height) = (viewport.width(), viewport.height());
    let step = width.max(height).div_ceil(PREVIEW);
    let bailout = Bailout::new(FIRST)?.counts_alone();
    if !Plan::new(viewport, bailout, None).is_deep() {
        let preview = viewport.every(step);
        let mut escapes = vec![Escape::NONE; preview.width() as usize * preview.height() as usize];
        let max_iter = settle(escapes.len(), FIRST, BUDGET, |limit| {
            let kernel = Plan::new(&preview, Bailout::new(limit)?.counts_alone(), None).kernel()?;
            kernel.iterate(0..preview.width(), 0..preview.height(), &mut escapes);
            Ok(open(&escapes))
        })?;
        return Ok(AutoMaxIter { max_iter, reference: None });
    }
    let size = (width.div_ceil(step), height.div_ceil(step));
    let preview = Viewport::with_height(
        viewport.center().clone(),
        viewport.innermost().extent().1,
        Grid::Centers,
        size,
    )?
    .with_rotation(viewport.rotation())?;
    let mut orbit = Arc::new(ReferenceOrbit::new(samples));
    Arc::make_mut(&mut orbit).extend(DEEP_STEPS, max_steps, steps)?;
    let mut escapes = vec![Escape::NONE; size.0 as usize * size.1 as usize];
    // Samples follow the reference, so hardly any escapes below a limit of its length.
    let first = FIRST.saturating_mul(orbit.last().div_ceil(FIRST).next_power_of_two());
    // One kernel for all limits: beyond the end of its reference a sample is rebased to the start, which is exact. Only the
    // picture needs the orbit as long as its own limit.
    let all = Bailout::new(DEEP_STEPS)?.counts_alone();
    let mut kernel = Perturbation::new(&preview, all, orbit.clone()).with_level(Level::best());
    let max_iter = settle(escapes.len(), first, DEEP_BUDGET, |limit| {
        kernel.set_bailout(Bailout::new(limit)?.counts_alone());
        kernel.iterate(0..size.0, 0..size.1, &mut escapes);
        Ok(open(&escapes))
    })?;
    // The picture then is the only owner of the orbit, and continues it in place.
    drop(kernel);
    Ok(AutoMaxIter { max_iter, reference: Some(orbit) })
}

/// How many samples have not escaped.
fn open(escapes: &[Escape]) -> usize {
    escapes.iter().filter(|escape| escape.n().is_none()).count()
}

/// The limit that [`auto_max_iter`] describes. `open` iterates `all` samples and returns how many have not escaped.
fn settle(
    all: usize,
    first: u32,
    budget: u64,
    mut open: impl FnMut(u32) -> Result<usize, Error>,
) -> Result<u32, Error> {
    let (mut max_iter, mut limit, mut before) = (first, first, all);
    loop {
        let now = open(limit)?;
        // As long as no sample has escaped, all counts may lie above the limit.
        if before < all && before - now <= all / 500 {
            return Ok(max_iter);
        }
        (max_iter, before) = (limit, now);
        let Some(next) = limit.checked_mul(2) else { return Ok(max_iter) };
        if now == 0 || (now as u64).max(FEWEST) * u64::from(next) > budget {
            return Ok(max_iter);
        }
        limit = next;
    }
}

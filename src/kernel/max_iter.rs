//! `max_iter` from the view itself.

use super::{Allowance, Bailout, Kernel, KernelChoice, Lanes, Perturbation, plan};
use crate::{Error, Escape, Grid, Viewport};

/// The first limit that is tried.
const FIRST: u32 = 250;
/// The preview ends where its next round could cost more steps than this, about a second of plain iteration.
const BUDGET: u64 = 1 << 29;
/// The same for deep views, where most steps are left out.
const DEEP_BUDGET: u64 = 1 << 33;
/// The longest reference orbit of a preview.
const DEEP_STEPS: u32 = 1 << 22;
/// Samples of the preview along the longer side.
const PREVIEW: u32 = 96;

/// A `max_iter` that suits the view.
///
/// A preview of at most 96 samples a side is iterated with 250, 500, 1000, ... steps. Once samples escape, the first
/// limit is taken whose doubling lets no more than 1/500 of the preview escape in addition. In a deep view the first limit
/// is one that the reference orbit fits into. The answer depends on the viewport alone.
///
/// # Errors
/// Those of [`Plan::kernel_within`](super::Plan::kernel_within).
pub fn auto_max_iter(viewport: &Viewport, allowance: &Allowance) -> Result<u32, Error> {
    let (width, height) = (viewport.width(), viewport.height());
    let step = width.max(height).div_ceil(PREVIEW);
    if plan(viewport, Bailout::new(FIRST)?, KernelChoice::Auto).bits.is_none() {
        let lattice = |samples: u32| (step.min(samples) / 2..samples).step_by(step as usize);
        let mut open: Vec<(u32, u32)> =
            lattice(height).flat_map(|y| lattice(width).map(move |x| (x, y))).collect();
        return settle(open.len(), FIRST, BUDGET, |limit| {
            let kernel = plan(viewport, Bailout::new(limit)?, KernelChoice::Auto).kernel()?;
            open.retain(|&(x, y)| {
                let mut result = [Escape::NONE];
                kernel.iterate(x..x + 1, y..y + 1, &mut result);
                result[0].n().is_none()
            });
            Ok(open.len())
        });
    }
    // One reference serves all limits.
    let size = (width.div_ceil(step), height.div_ceil(step));
    let preview = Viewport::with_height(viewport.center().clone(), viewport.extent().1, Grid::Centers, size)?;
    let mut bailout = Bailout { escape_radius: Bailout::COUNTS_ALONE, ..Bailout::new(DEEP_STEPS)? };
    let mut kernel =
        Perturbation::new(&preview, bailout, allowance)?.with_lanes(Lanes::new(KernelChoice::Auto)?);
    let mut escapes = vec![Escape::NONE; size.0 as usize * size.1 as usize];
    // Before the reference has come to its end, a limit has not seen what is special about the view.
    let first = FIRST.saturating_mul(kernel.reference_steps().div_ceil(FIRST).next_power_of_two());
    settle(escapes.len(), first, DEEP_BUDGET, |limit| {
        bailout.max_iter = limit;
        kernel.set_bailout(bailout);
        kernel.iterate(0..size.0, 0..size.1, &mut escapes);
        Ok(escapes.iter().filter(|escape| escape.n().is_none()).count())
    })
}

/// The first limit whose doubling leaves nearly as many samples open, `open` says how many.
fn settle(
    all: usize,
    first: u32,
    budget: u64,
    mut open: impl FnMut(u32) -> Result<usize, Error>,
) -> Result<u32, Error> {
    let (mut max_iter, mut limit, mut before) = (first, first, all);
    loop {
        let now = open(limit)?;
        // Before the first escapes nothing can be told: a view may lie where every count is large.
        if before < all && before - now <= all / 500 {
            return Ok(max_iter);
        }
        (max_iter, before) = (limit, now);
        let Some(next) = limit.checked_mul(2) else { return Ok(max_iter) };
        if now == 0 || now as u64 * u64::from(next) > budget {
            return Ok(max_iter);
        }
        limit = next;
    }
}

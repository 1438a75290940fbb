//! `max_iter` from the view itself.

use super::{Bailout, KernelChoice, plan};
use crate::{Error, Escape, Viewport};

/// The first limit that is tried.
const FIRST: u32 = 250;
/// The preview ends where its next round could cost more steps than this, about a second of plain iteration.
const BUDGET: u64 = 1 << 29;
/// Samples of the preview along the longer side.
const PREVIEW: u32 = 96;

/// A `max_iter` that suits the view.
///
/// A preview of at most 96 samples a side is iterated with 250, 500, 1000, ... steps. Once samples escape, the first
/// limit is taken whose doubling lets no more than 1/500 of the preview escape in addition. The answer depends on
/// the viewport alone.
///
/// # Errors
/// Those of [`Plan::kernel`](super::Plan::kernel).
pub fn auto_max_iter(viewport: &Viewport) -> Result<u32, Error> {
    let (width, height) = (viewport.width(), viewport.height());
    let step = width.max(height).div_ceil(PREVIEW);
    let lattice = |samples: u32| (step.min(samples) / 2..samples).step_by(step as usize);
    let mut open: Vec<(u32, u32)> =
        lattice(height).flat_map(|y| lattice(width).map(move |x| (x, y))).collect();
    let all = open.len();
    let mut max_iter = FIRST;
    let mut limit = FIRST;
    loop {
        let kernel = plan(viewport, Bailout::new(limit)?, KernelChoice::Auto).kernel()?;
        let before = open.len();
        open.retain(|&(x, y)| {
            let mut result = [Escape::NONE];
            kernel.iterate(x..x + 1, y..y + 1, &mut result);
            result[0].n().is_none()
        });
        // Before the first escapes nothing can be told: a view may lie where every count is large.
        let settled = before < all && before - open.len() <= all / 500;
        if settled {
            return Ok(max_iter);
        }
        max_iter = limit;
        let Some(next) = limit.checked_mul(2) else { return Ok(max_iter) };
        if open.is_empty() || open.len() as u64 * u64::from(next) > BUDGET {
            return Ok(max_iter);
        }
        limit = next;
    }
}

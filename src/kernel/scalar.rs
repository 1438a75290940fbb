//! The reference kernel for `f64`: one sample at a time, a test after every iteration. All others must equal it.

use std::ops::Range;

use num_complex::Complex;

use crate::field::{Distance, Escape};
use crate::kernel::attractor::interiors;
use crate::kernel::bailout::{Bailout, Kernel};
use crate::kernel::cpu::with_fma;
use crate::kernel::distance::distance;
use crate::kernel::interior::{Brent, Shortcuts, in_components};
use crate::kernel::step::{fraction, norm_sqr, step};
use crate::plane::viewport::Viewport;

/// Iterates c, in the operation order `f64-fma-1`.
///
/// ```
/// use mandel::{Bailout, Shortcuts, escape};
/// let bailout = Bailout::new(1000)?;
/// let two = escape(2.0.into(), bailout, Shortcuts::ALL);
/// assert_eq!(two.n(), Some(2)); // |z_1| = 2 does not exceed 2
/// # Ok::<(), mandel::Error>(())
/// ```
#[inline(always)]
pub fn escape(c: Complex<f64>, bailout: Bailout, shortcuts: Shortcuts) -> Escape {
    if shortcuts.components && in_components(c.re, c.im) {
        return Escape::NONE;
    }
    let mut brent = Brent::new();
    let (mut x, mut y) = (0.0, 0.0);
    for n in 1..=bailout.max_iter() {
        (x, y) = step(x, y, c.re, c.im);
        if norm_sqr(x, y) > 4.0 {
            return Escape::new(n, fraction(Complex::new(x, y), c, 0, bailout));
        }
        if shortcuts.periodicity && brent.repeats(x, y) {
            return Escape::NONE;
        }
    }
    Escape::NONE
}

/// The kernel that calls [`escape`] for each sample.
pub struct Scalar {
    viewport: Viewport,
    bailout: Bailout,
    shortcuts: Shortcuts,
}

impl Scalar {
    /// A kernel for the samples of `viewport`.
    pub fn new(viewport: &Viewport, bailout: Bailout, shortcuts: Shortcuts) -> Self {
        Self { viewport: viewport.clone(), bailout, shortcuts }
    }
}

impl Kernel for Scalar {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        debug_assert_eq!(out.len(), columns.len() * rows.len(), "one result per sample");
        with_fma(
            #[inline(always)]
            || {
                for (y, row) in rows.zip(out.chunks_exact_mut(columns.len())) {
                    for (x, result) in columns.clone().zip(row) {
                        *result = escape(self.viewport.point(x, y), self.bailout, self.shortcuts);
                    }
                }
            },
        );
    }

    fn distances(&self, columns: Range<u32>, rows: Range<u32>, escapes: &[Escape], out: &mut [Distance]) {
        debug_assert!(
            escapes.len() == out.len() && out.len() == columns.len() * rows.len(),
            "one for each sample"
        );
        let spacing = self.viewport.spacing_min().to_f64();
        with_fma(
            #[inline(always)]
            || {
                let places = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
                for ((x, y), (escape, out)) in places.zip(escapes.iter().zip(out)) {
                    let of = |n| distance(self.viewport.point(x, y), n, spacing);
                    *out = escape.n().map_or(Distance::NONE, of);
                }
            },
        );
    }

    fn interiors(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        interiors(&self.viewport, self.bailout.max_iter(), columns, rows, escapes, distances);
    }
}

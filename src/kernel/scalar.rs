//! The slow, obvious kernel: one sample at a time, one test a step. It is the truth for all others.

use std::ops::Range;

use num_complex::Complex;

use super::interior::{Brent, in_components};
use super::{Bailout, Kernel, Shortcuts, simd};
use crate::log2::log2;
use crate::{Escape, Viewport};

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
    for n in 1..=bailout.max_iter {
        (x, y) = step(x, y, c.re, c.im);
        if norm(x, y) > 4.0 {
            return Escape::new(n, fraction(Complex::new(x, y), c, 0, bailout));
        }
        if shortcuts.periodicity && brent.repeats(x, y) {
            return Escape::NONE;
        }
    }
    Escape::NONE
}

/// z^2 + c.
#[inline(always)]
pub(super) fn step(x: f64, y: f64, cx: f64, cy: f64) -> (f64, f64) {
    let xy = x * y;
    (x.mul_add(x, -(y * y)) + cx, (xy + xy) + cy)
}

/// |z|^2.
#[inline(always)]
pub(super) fn norm(x: f64, y: f64) -> f64 {
    x * x + y * y
}

/// The fraction that makes the count smooth, from a z that is `steps` steps beyond the count.
pub(super) fn fraction(z: Complex<f64>, c: Complex<f64>, mut steps: u32, bailout: Bailout) -> f32 {
    if !bailout.is_smooth() {
        return 0.0;
    }
    let Complex { re: mut x, im: mut y } = z;
    // Written so that an orbit which overflows to a number that is not one also ends.
    while norm(x, y) <= bailout.escape_radius * bailout.escape_radius {
        (x, y) = step(x, y, c.re, c.im);
        steps += 1;
    }
    smooth(steps, norm(x, y) as f32)
}

/// The fraction from the steps made beyond the count, and |z|^2 after them.
///
/// The smooth count is n + k + 1 - log2(log2 |z_{n+k}|), the number that does not change when |z| is squared and
/// k grows by 1. (Normalized iteration count: L. Vepstas, "Renormalizing the Mandelbrot Escape", 1997.)
/// Here log2 |z| = log2(|z|^2) / 2, which turns the 1 into a 2.
#[inline(always)]
pub(super) fn smooth(steps: u32, norm: f32) -> f32 {
    (steps + 2) as f32 - log2(log2(norm))
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
        // Where the machine has the instruction, `mul_add` need not call a library.
        simd::with_fma(
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
}

//! The one operation order of `f64` kernels, `f64-fma-1`, and the smooth count.
//!
//! ```text
//! x' = fma(x, x, -(y * y)) + cx      y' = (x * y + x * y) + cy      escaped when x * x + y * y > 4
//! ```
//!
//! It is what NumPy's complex multiplication does on x86-64 with FMA. Near the boundary of the set the count depends on
//! roundings, and no order is more correct than another; what matters is that all kernels share one. The count in exact
//! arithmetic is found by `find::exact`, one point at a time.

use num_complex::Complex;

use crate::kernel::bailout::Bailout;
use crate::number::log2::log2;

/// The name of the operation order. A change of any count anywhere is a new name.
pub(crate) const F64_FMA_1: &str = "f64-fma-1";

/// One iteration: z^2 + c.
#[inline(always)]
pub(crate) fn step(x: f64, y: f64, cx: f64, cy: f64) -> (f64, f64) {
    let xy = x * y;
    (x.mul_add(x, -(y * y)) + cx, (xy + xy) + cy)
}

/// |z|^2.
#[inline(always)]
pub(crate) fn norm_sqr(x: f64, y: f64) -> f64 {
    x * x + y * y
}

/// The fraction that makes the count smooth, from a z that is `beyond` iterations past the count.
pub(crate) fn fraction(z: Complex<f64>, c: Complex<f64>, mut beyond: u32, bailout: Bailout) -> f32 {
    if !bailout.is_smooth() {
        return 0.0;
    }
    let Complex { re: mut x, im: mut y } = z;
    // An orbit that overflows to infinity and then NaN fails this test and ends.
    while norm_sqr(x, y) <= bailout.radius_sqr() {
        (x, y) = step(x, y, c.re, c.im);
        beyond += 1;
    }
    smooth(beyond, norm_sqr(x, y) as f32)
}

/// The fraction from the iterations made past the count, and |z|^2 after them.
///
/// With k of them the smooth count is n + k + 1 - log2(log2 |z_{n+k}|), which does not change when |z| is squared and
/// k grows by 1. (Normalized iteration count: L. Vepstas, "Renormalizing the Mandelbrot Escape", 1997.)
/// Here log2 |z| = log2(|z|^2) / 2, which turns the 1 into a 2.
#[inline(always)]
pub(crate) fn smooth(beyond: u32, norm_sqr: f32) -> f32 {
    (beyond + 2) as f32 - log2(log2(norm_sqr))
}

//! Counts that are proven, as far as the arithmetic of the kernels can prove them.
//!
//! A bound e_n of the distance between the computed z_n and the true one goes along with each orbit (running error analysis: J. H.
//! Wilkinson, "Rounding Errors in Algebraic Processes", 1963; N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 3.3):
//!
//! ```text
//! e_{n+1} = (2 |z_n| + e_n) e_n + d_n
//! ```
//!
//! since (z + e)^2 - z^2 = (2 z + e) e, where d_n bounds the roundings of that iteration. The count is proven where |z_m| + e_m <= 2 for all m < n and
//! |z_n| - e_n > 2. To first order e_n / |dz_n/dc| is by how much rounding moves c.
//!
//! A sample that does not escape is proven by iterating to the limit so, or by a *trap*: a disk of radius R around some z_m, at least as large as
//! e_m, that F^p maps into itself. Its image is a disk around z_{m+p} of the radius that the same recurrence makes of R in p iterations.
//!
//! The bounds are themselves computed in `f64`. Each step has fewer than 2^6 roundings of 2^-53, and [`SLACK`] is more than all of them.

use num_complex::Complex;

use crate::kernel::cpu::with_fma;
use crate::kernel::interior::in_components;
use crate::kernel::step::{norm_sqr, step};
use crate::plane::viewport::Viewport;

/// What is known of a sample for sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It escapes, and this is its count.
    Escapes(u32),
    /// It does not escape within `max_iter`.
    Stays,
    /// Rounding could have changed the count.
    Unknown,
}

impl Proof {
    /// Whether a count, or that there is none, is proven.
    pub fn is_of(self, n: Option<u32>) -> bool {
        match self {
            Self::Escapes(count) => n == Some(count),
            Self::Stays => n.is_none(),
            Self::Unknown => false,
        }
    }
}

/// Proves the counts of the samples of one viewport.
///
/// Each proof depends on the sample alone, and is the same on every machine.
pub trait Prover: Send + Sync {
    /// What can be proven of the sample in this column and row.
    fn prove(&self, x: u32, y: u32) -> Proof;
}

/// Half the distance from 1 to the next `f64`: the largest relative error of an operation.
pub(super) const U: f64 = f64::EPSILON / 2.0;
/// By how much a bound is enlarged after each step.
pub(super) const SLACK: f64 = 1.0 + 1.0 / (1_u64 << 40) as f64;

/// Iterates in `f64`, in the operation order `f64-fma-1`.
pub(super) struct Direct {
    pub(super) viewport: Viewport,
    pub(super) max_iter: u32,
}

impl Prover for Direct {
    fn prove(&self, x: u32, y: u32) -> Proof {
        let mut proof = Proof::Unknown;
        with_fma(
            #[inline(always)]
            || proof = prove(self.viewport.point(x, y), self.max_iter),
        );
        proof
    }
}

/// A view that lies in the main cardioid or the disk of period 2.
pub(super) struct Inside;

impl Prover for Inside {
    fn prove(&self, _: u32, _: u32) -> Proof {
        Proof::Stays
    }
}

/// When traps are tried, and how large: after 8, 16, 32, ... iterations more, each a quarter as large as the one before.
pub(super) struct Trials {
    left: u32,
    span: u32,
    size: f64,
}

impl Trials {
    /// The first trap after `first` iterations.
    pub(super) fn new(first: u32) -> Self {
        Self { left: first, span: first, size: 1.0 / 16.0 }
    }

    /// Counts an iteration: the size of a new trap, if it is time for one.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<f64> {
        self.left -= 1;
        if self.left > 0 {
            return None;
        }
        self.span = self.span.saturating_mul(2);
        self.left = self.span;
        self.size *= 0.25;
        Some(self.size)
    }
}

/// The proof for one c.
#[inline(always)]
fn prove(c: Complex<f64>, max_iter: u32) -> Proof {
    /// Squares below the range of `f64` become 0: |z| is then too small by 2^-511 at most.
    const TINY: f64 = 1e-150;
    // The test keeps a margin, so that it holds in exact arithmetic.
    if in_components(c.re, c.im) {
        return Proof::Stays;
    }
    // z_1 = c is exact.
    let (mut x, mut y) = (c.re, c.im);
    let (mut size, mut error) = (norm_sqr(x, y).sqrt(), 0.0);
    let mut trials = Trials::new(8);
    let (mut center, mut radius, mut image) = ((0.0, 0.0), 0.0_f64, f64::INFINITY);
    for n in 1..=max_iter {
        // |z| has an error of 2^-52 |z|, and its square has it twice.
        let margin = error + 8.0 * U * size;
        if size - margin > 2.0 {
            return Proof::Escapes(n);
        }
        if size + margin > 2.0 {
            return Proof::Unknown;
        }
        let (dx, dy) = (x - center.0, y - center.1);
        let room = radius - image;
        if room > 0.0 && norm_sqr(dx, dy) * SLACK < room * room {
            return Proof::Stays;
        }
        if let Some(size) = trials.next() {
            (center, radius) = ((x, y), size.max(16.0 * error));
            image = radius;
        }
        (x, y) = step(x, y, c.re, c.im);
        let next = norm_sqr(x, y).sqrt();
        // Of the real part: y^2, the fused sum, at most |z|^2, and the sum with c. Of the imaginary part: 2xy, at most |z|^2, and the sum.
        // So U ((2 |z|^2)^2 + |z|^4)^(1/2) + U |z'|.
        let rounding = U * (2.25 * (size * size) + next) + TINY;
        error = ((2.0 * size + error) * error + rounding) * SLACK;
        image = ((2.0 * size + image) * image + rounding) * SLACK;
        if next + image > 2.0 - 1e-9 {
            image = f64::INFINITY;
        }
        size = next;
    }
    Proof::Stays
}

//! One sample by its delta to the reference.
//!
//! The sample C + c has the orbit Z_m + z. With f = Z_m + z and w = Z_m + f, the operation order `perturbation-1` is
//!
//! ```text
//! u = w z      z' = u + c, or (a + s u) u + b c for a whole block      f' = Z' + z'      w' = Z' + f'
//! ```
//!
//! where a product of complex numbers is fma(re, re', -(im im')) and fma(re, im', im re'), and a sum is fused with the product
//! before it. The sample has escaped when |f|^2 > 4, which is tested as Re(z conj w) > 4 - |Z|^2 because that sees also
//! what is smaller than the last bit of 4. Where f is smaller than z, or the reference ends, f becomes the new delta
//! and is compared with the reference from its start, which is exact because Z_0 = 0 ("rebasing"; Zhuoran, 2021). From the
//! end of a reference on an attracting cycle the sample goes back once round the cycle, with the same z.

use num_complex::Complex;

use super::bla::{Bla, Block};
use crate::Escape;
use crate::floatexp::{ComplexExp, FloatExp};
use crate::kernel::Bailout;
use crate::kernel::scalar::fraction;

/// Everything that the samples of a view are compared with.
pub(super) struct Reference {
    pub(super) bla: Bla,
    /// The reference as `f64`.
    pub(super) c: Complex<f64>,
    /// Deltas below this may have lost bits to the end of `f64`: [`FLOOR`], or 0 where c is well above it.
    pub(super) floor: f64,
}

/// Deltas below 2 to this power are kept with an exponent of their own.
pub(super) const FLOOR_EXPONENT: i32 = -900;
/// The same as a number.
pub(super) const FLOOR: f64 = f64::from_bits(((FLOOR_EXPONENT + 1023) as u64) << 52);

/// A sample on its way.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    /// Steps of the sample.
    pub(super) n: u64,
    /// The step of the reference that it is compared with.
    pub(super) m: u32,
    pub(super) z: Complex<f64>,
    /// 2 Z + z.
    pub(super) w: Complex<f64>,
    /// c, or 0 where that is below `f64`.
    pub(super) c: Complex<f64>,
    /// c in units of [`Bla::unit`].
    pub(super) scaled: Complex<f64>,
    exact: ComplexExp,
    cycle: Cycle,
}

/// What is to be done after a step.
#[derive(PartialEq)]
pub(super) enum Next {
    /// The next step.
    Step,
    /// Something rare: see [`Reference::attend`].
    Attend,
    /// The same step again, in numbers of a wider range.
    Wide,
}

#[inline(always)]
fn times(x: Complex<f64>, y: Complex<f64>) -> Complex<f64> {
    Complex::new(x.re.mul_add(y.re, -(x.im * y.im)), x.re.mul_add(y.im, x.im * y.re))
}

/// x y + z.
#[inline(always)]
fn times_add(x: Complex<f64>, y: Complex<f64>, z: Complex<f64>) -> Complex<f64> {
    Complex::new(
        x.re.mul_add(y.re, (-x.im).mul_add(y.im, z.re)),
        x.re.mul_add(y.im, x.im.mul_add(y.re, z.im)),
    )
}

/// (a + s u) u + b c.
#[inline(always)]
fn leap(block: &Block, u: Complex<f64>, c: Complex<f64>) -> Complex<f64> {
    let number = |[re, im]: [f64; 2]| Complex::new(re, im);
    let slope = times_add(number(block.s), u, number(block.a));
    times_add(slope, u, times(number(block.b), c))
}

/// The larger part. Unlike a square it cannot underflow.
#[inline(always)]
fn chebyshev(z: Complex<f64>) -> f64 {
    z.re.abs().max(z.im.abs())
}

impl Sample {
    /// |Z + z|^2 - |Z|^2.
    #[inline(always)]
    fn inside(&self) -> f64 {
        self.z.re.mul_add(self.w.re, self.z.im * self.w.im)
    }
}

impl Reference {
    /// The sample at `c` from the reference, before its first step.
    #[inline(always)]
    pub(super) fn sample(&self, c: ComplexExp) -> Sample {
        Sample {
            n: 0,
            m: 0,
            z: Complex::ZERO,
            w: Complex::ZERO,
            c: c.to_f64(),
            scaled: c.shifted(-self.bla.unit).to_f64(),
            exact: c,
            cycle: Cycle::new(),
        }
    }

    /// Makes one step or block.
    #[inline(always)]
    pub(super) fn step(&self, sample: &mut Sample, max_iter: u32) -> Next {
        let steps = &self.bla.orbit.steps;
        let u = times(sample.w, sample.z);
        let size = chebyshev(u);
        let (z, len) = match self.bla.longest(sample.m, size) {
            Some(block) => (leap(block, u, sample.scaled), block.len),
            None => (u + sample.c, 1),
        };
        if size.min(chebyshev(z)) < self.floor {
            return Next::Wide;
        }
        self.move_to(sample, sample.n + u64::from(len), sample.m + len, z);
        let reference = &steps[sample.m as usize];
        let inside = sample.inside() <= reference.gap;
        let rebase = chebyshev(self.point(sample.m) + z) < chebyshev(z);
        if !inside | rebase | (sample.n >= u64::from(max_iter)) { Next::Attend } else { Next::Step }
    }

    /// Z_m.
    #[inline(always)]
    fn point(&self, m: u32) -> Complex<f64> {
        self.bla.orbit.rounded(m)
    }

    #[inline(always)]
    fn move_to(&self, sample: &mut Sample, n: u64, m: u32, z: Complex<f64>) {
        let reference = self.point(m);
        (sample.n, sample.m, sample.z, sample.w) = (n, m, z, reference + (reference + z));
    }

    /// Does what is rare: gives the result of a sample that has one, and rebases one that needs it.
    #[inline(always)]
    pub(super) fn attend(&self, sample: &mut Sample, next: Next, bailout: Bailout) -> Option<Escape> {
        if next == Next::Wide {
            return self.go_wide(sample, bailout);
        }
        let z = sample.z;
        let reference = self.point(sample.m);
        let is_last = sample.m == self.bla.orbit.last();
        let gap = if is_last {
            self.bla.orbit.gap(sample.m).to_f64()
        } else {
            self.bla.orbit.steps[sample.m as usize].gap
        };
        if sample.inside() > gap {
            return Some(self.escaped(sample, z.into(), bailout));
        }
        if sample.n >= u64::from(bailout.max_iter) {
            return Some(Escape::NONE);
        }
        let f = reference + z;
        if chebyshev(f) < chebyshev(z) {
            self.move_to(sample, sample.n, 0, f);
        } else if is_last {
            let m = self.bla.orbit.after_last();
            self.move_to(sample, sample.n, m, if m == 0 { f } else { z });
        } else {
            return None;
        }
        sample.cycle.closes(sample.m, sample.z.into()).then_some(Escape::NONE)
    }

    /// Makes one step or block, and more as long as the delta is too small for `f64`.
    #[cold]
    fn go_wide(&self, sample: &mut Sample, bailout: Bailout) -> Option<Escape> {
        let mut z = ComplexExp::from(sample.z);
        while sample.n < u64::from(bailout.max_iter) {
            let u = (self.bla.orbit.exact(sample.m).shifted(1) + z) * z;
            let len;
            (z, len) = self.bla.longest_wide(sample.m, u, sample.exact).unwrap_or((u + sample.exact, 1));
            sample.n += u64::from(len);
            sample.m += len;
            let m = sample.m;
            if inside(z, self.bla.orbit.exact(m)) > self.bla.orbit.gap(m) {
                return Some(self.escaped(sample, z, bailout));
            }
            let f = self.bla.orbit.exact(m) + z;
            if f.chebyshev() < z.chebyshev() {
                (sample.m, z) = (0, f);
            } else if m == self.bla.orbit.last() {
                sample.m = self.bla.orbit.after_last();
                z = if sample.m == 0 { f } else { z };
            }
            if sample.m < m && sample.cycle.closes(sample.m, z) {
                return Some(Escape::NONE);
            }
            // A little above the floor, so that samples do not go to and fro.
            if z.exponent() > FLOOR_EXPONENT + 20 {
                self.move_to(sample, sample.n, sample.m, z.to_f64());
                return None;
            }
        }
        Some(Escape::NONE)
    }

    /// The result of a sample that has escaped with this delta.
    ///
    /// Next to |z| = 2 it may take many steps until the orbit is far enough outside for plain iteration to go on.
    #[inline(never)]
    fn escaped(&self, sample: &Sample, mut z: ComplexExp, bailout: Bailout) -> Escape {
        // The last block may have gone too far.
        if sample.n > u64::from(bailout.max_iter) {
            return Escape::NONE;
        }
        let (mut m, mut steps) = (sample.m, 0);
        let mut f = self.bla.orbit.exact(m) + z;
        if bailout.is_smooth() {
            while f.exponent() < 2 && z.exponent() < FLOOR_EXPONENT {
                if m == self.bla.orbit.last() || f.chebyshev() < z.chebyshev() {
                    (m, z) = (0, f);
                }
                z = (self.bla.orbit.exact(m) + f) * z + sample.exact;
                m += 1;
                f = self.bla.orbit.exact(m) + z;
                steps += 1;
            }
        }
        let (mut z, mut f) = (z.to_f64(), f.to_f64());
        // The same in plain numbers.
        while bailout.is_smooth() && chebyshev(f) < 4.0 {
            if m == self.bla.orbit.last() || chebyshev(f) < chebyshev(z) {
                (m, z) = (0, f);
            }
            z = (self.point(m) + f) * z + sample.c;
            m += 1;
            f = self.point(m) + z;
            steps += 1;
        }
        Escape::new(sample.n as u32, fraction(f, self.c + sample.c, steps, bailout))
    }

    /// Iterates one sample to its result: the obvious way, and the truth for all others.
    #[inline(always)]
    pub(super) fn run(&self, c: ComplexExp, bailout: Bailout) -> Escape {
        let mut sample = self.sample(c);
        loop {
            let next = self.step(&mut sample, bailout.max_iter);
            if next != Next::Step
                && let Some(result) = self.attend(&mut sample, next, bailout)
            {
                return result;
            }
        }
    }
}

/// Re(z conj(2 Z + z)) = |Z + z|^2 - |Z|^2.
fn inside(z: ComplexExp, reference: ComplexExp) -> FloatExp {
    let ((zr, zi), (wr, wi)) = (z.parts(), (reference.shifted(1) + z).parts());
    zr * wr + zi * wi
}

/// Finds that a sample is where it was before, so that it will never escape (R. P. Brent, 1980).
///
/// Looked at when the sample goes back to an earlier step of the reference; that step and z are the whole state.
#[derive(Clone, Copy)]
struct Cycle {
    saved: (u32, ComplexExp),
    left: u32,
    span: u32,
}

impl Cycle {
    fn new() -> Self {
        Self { saved: (0, ComplexExp::ZERO), left: 1, span: 1 }
    }

    fn closes(&mut self, m: u32, z: ComplexExp) -> bool {
        if self.saved == (m, z) {
            return true;
        }
        self.left -= 1;
        if self.left == 0 {
            self.span = self.span.saturating_mul(2);
            (self.saved, self.left) = ((m, z), self.span);
        }
        false
    }
}

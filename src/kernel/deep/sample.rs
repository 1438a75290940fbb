//! One sample by its delta to the reference. The symbols are those of [`deep`](super).
//!
//! The sample C + c has the orbit f = Z_m + z. With w = Z_m + f, the operation order `perturbation-1` is
//!
//! ```text
//! u = w z      z' = u + c, or (a + s u) u + b c for a whole block      f' = Z' + z'      w' = Z' + f'
//! ```
//!
//! where a product of complex numbers is fma(re, re', -(im im')) and fma(re, im', im re'), and a sum is fused with the product
//! before it.
//!
//! - *Escape*: |f|^2 > 4, tested as Re(z conj w) > 4 - |Z|^2. The left side equals |f|^2 - |Z|^2 and keeps the bits of z
//!   that |f|^2 would round off, being smaller than the last bit of 4.
//!   In the first iteration, where f is C + c, it is decided exactly ([`Circle`]).
//! - *Rebasing* (Zhuoran, 2021): where |f| < |z|, or the reference ends, f becomes the new delta, to Z_0. That is exact because
//!   Z_0 = 0.
//! - *A reference that ends in an attracting cycle*: its last Z equals an earlier one, and the sample continues from that one
//!   with the same z.

use num_complex::Complex;

use crate::field::{Distance, Escape};
use crate::kernel::bailout::Bailout;
use crate::kernel::deep::bla::{Bla, times};
use crate::kernel::deep::circle::Circle;
use crate::kernel::deep::derivative::Follow;
use crate::kernel::step::fraction;
use crate::number::complexexp::ComplexExp;
use crate::number::floatexp::FloatExp;

/// What all samples of a view are compared with.
pub(super) struct Reference {
    pub(super) bla: Bla,
    /// C as `f64`.
    pub(super) c: Complex<f64>,
    /// Deltas below this may have lost bits to underflow: [`FLOOR`], or 0 where no delta of the view becomes so small.
    pub(super) floor: f64,
    /// The circle |c| = 2 where it passes through the view: it decides which samples escape in the first iteration.
    pub(super) circle: Option<Circle>,
}

/// Deltas below 2 to this power are kept with a separate exponent.
pub(super) const FLOOR_EXPONENT: i32 = -900;
/// The same as a number.
pub(super) const FLOOR: f64 = f64::from_bits(((FLOOR_EXPONENT + 1023) as u64) << 52);

/// The state of a sample.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    /// Iterations made.
    pub(super) n: u64,
    /// The index of the Z that it is compared with.
    pub(super) m: u32,
    pub(super) z: Complex<f64>,
    /// 2 Z + z.
    pub(super) w: Complex<f64>,
    /// c, or 0 where that underflows.
    pub(super) c: Complex<f64>,
    /// c in units of [`Bla::unit`].
    pub(super) scaled: Complex<f64>,
    exact: ComplexExp,
    cycle: Cycle,
}

/// What is to be done after [`Reference::step`].
#[derive(PartialEq)]
pub(super) enum Next {
    /// The next iteration or block.
    Step,
    /// Escape, the iteration limit, a rebase or the end of the reference: see [`Reference::attend`].
    Attend,
    /// The same iteration or block again, with separate exponents.
    Wide,
}

/// The larger part. Unlike a square it cannot underflow.
#[inline(always)]
fn chebyshev(z: Complex<f64>) -> f64 {
    z.re.abs().max(z.im.abs())
}

impl Sample {
    /// |f|^2 - |Z|^2, as Re(z conj w).
    #[inline(always)]
    fn excess(&self) -> f64 {
        self.z.re.mul_add(self.w.re, self.z.im * self.w.im)
    }
}

impl Reference {
    /// The sample at C + c, before its first iteration.
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

    /// Makes one iteration or block.
    #[inline(always)]
    pub(super) fn step(&self, sample: &mut Sample, max_iter: u32, follow: &mut impl Follow) -> Next {
        let u = times(sample.w, sample.z);
        let size = chebyshev(u);
        let block = self.bla.longest(sample.m, size);
        let (z, len) = match block {
            Some(block) => (block.leap(u, sample.scaled), block.len),
            None => (u + sample.c, 1),
        };
        if size.min(chebyshev(z)) < self.floor {
            return Next::Wide;
        }
        let f = self.point(sample.m) + sample.z;
        match block {
            Some(block) => follow.leap(f, u, block),
            None => follow.iterate(f),
        }
        self.move_to(sample, sample.n + u64::from(len), sample.m + len, z);
        let inside = sample.excess() <= self.bla.points[sample.m as usize].gap;
        let rebase = chebyshev(self.point(sample.m) + z) < chebyshev(z);
        if !inside | rebase | (sample.n >= u64::from(max_iter)) { Next::Attend } else { Next::Step }
    }

    /// Z_m.
    #[inline(always)]
    fn point(&self, m: u32) -> Complex<f64> {
        self.bla.rounded(m)
    }

    #[inline(always)]
    fn move_to(&self, sample: &mut Sample, n: u64, m: u32, z: Complex<f64>) {
        let reference = self.point(m);
        (sample.n, sample.m, sample.z, sample.w) = (n, m, z, reference + (reference + z));
    }

    /// Handles what an iteration or block leads to seldom: returns the result of a sample that has one, and rebases one that
    /// needs it. On return without a result, m is below [`Bla::last`].
    #[inline(always)]
    pub(super) fn attend(
        &self,
        sample: &mut Sample,
        next: Next,
        bailout: Bailout,
        follow: &mut impl Follow,
    ) -> Option<Escape> {
        if next == Next::Wide {
            return self.go_wide(sample, bailout, follow);
        }
        let z = sample.z;
        let reference = self.point(sample.m);
        let is_last = sample.m == self.bla.last();
        if let (Some(circle), 1) = (&self.circle, sample.n) {
            if circle.is_outside(sample.exact) {
                return Some(self.escaped(sample, sample.exact, bailout, follow));
            }
        } else if sample.excess() > self.gap(sample.m) {
            return Some(self.escaped(sample, z.into(), bailout, follow));
        }
        if sample.n >= u64::from(bailout.max_iter()) {
            return Some(Escape::NONE);
        }
        let f = reference + z;
        if chebyshev(f) < chebyshev(z) {
            self.move_to(sample, sample.n, 0, f);
        } else if is_last {
            let m = self.bla.after_last();
            self.move_to(sample, sample.n, m, if m == 0 { f } else { z });
        } else {
            return None;
        }
        sample.cycle.closes(sample.m, sample.z.into()).then_some(Escape::NONE)
    }

    /// 4 - |Z|^2, also where that is not in the list of points.
    #[inline(always)]
    fn gap(&self, m: u32) -> f64 {
        let gap = self.bla.points[m as usize].gap;
        if gap.is_nan() { self.bla.gap(m).to_f64() } else { gap }
    }

    /// Makes one iteration or block, and more as long as the delta is too small for `f64`.
    #[cold]
    fn go_wide(&self, sample: &mut Sample, bailout: Bailout, follow: &mut impl Follow) -> Option<Escape> {
        let mut z = ComplexExp::from(sample.z);
        while sample.n < u64::from(bailout.max_iter()) {
            let u = (self.bla.exact(sample.m).shifted(1) + z) * z;
            let f = self.bla.exact(sample.m) + z;
            let len = if let Some(block) = self.bla.longest_wide(sample.m, u) {
                follow.leap_wide(f, u, &block);
                z = (block.a + block.s * u) * u + block.b * sample.exact;
                block.len
            } else {
                follow.iterate_wide(f);
                z = u + sample.exact;
                1
            };
            sample.n += u64::from(len);
            sample.m += len;
            let m = sample.m;
            let outside = match &self.circle {
                Some(circle) if sample.n == 1 => circle.is_outside(sample.exact),
                _ => excess(z, self.bla.exact(m)) > self.bla.gap(m),
            };
            if outside {
                return Some(self.escaped(sample, z, bailout, follow));
            }
            let f = self.bla.exact(m) + z;
            if f.chebyshev() < z.chebyshev() {
                (sample.m, z) = (0, f);
            } else if m == self.bla.last() {
                sample.m = self.bla.after_last();
                z = if sample.m == 0 { f } else { z };
            }
            if sample.m < m && sample.cycle.closes(sample.m, z) {
                return Some(Escape::NONE);
            }
            // Well above the floor, so that a sample does not change between the two representations all the time.
            if z.exponent() > FLOOR_EXPONENT + 20 {
                self.move_to(sample, sample.n, sample.m, z.to_f64());
                return None;
            }
        }
        Some(Escape::NONE)
    }

    /// The result of a sample that has escaped with this delta.
    ///
    /// The smooth count and the distance need the orbit up to the escape radius. Where |f| is next to 2 it takes many iterations until f alone,
    /// without its delta, has enough bits for plain iteration.
    #[inline(never)]
    fn escaped<F: Follow>(
        &self,
        sample: &Sample,
        mut z: ComplexExp,
        bailout: Bailout,
        follow: &mut F,
    ) -> Escape {
        // The last block may have passed the limit.
        if sample.n > u64::from(bailout.max_iter()) {
            return Escape::NONE;
        }
        let continues = bailout.is_smooth() || F::DERIVED;
        let (mut m, mut beyond) = (sample.m, 0);
        let mut f = self.bla.exact(m) + z;
        if continues {
            while f.exponent() < 2 && z.exponent() < FLOOR_EXPONENT {
                if m == self.bla.last() || f.chebyshev() < z.chebyshev() {
                    (m, z) = (0, f);
                }
                follow.iterate_wide(f);
                z = (self.bla.exact(m) + f) * z + sample.exact;
                m += 1;
                f = self.bla.exact(m) + z;
                beyond += 1;
            }
        }
        let (mut z, mut f) = (z.to_f64(), f.to_f64());
        // The same in `f64`.
        while continues && chebyshev(f) < 4.0 {
            if m == self.bla.last() || chebyshev(f) < chebyshev(z) {
                (m, z) = (0, f);
            }
            follow.iterate(f);
            z = (self.point(m) + f) * z + sample.c;
            m += 1;
            f = self.point(m) + z;
            beyond += 1;
        }
        follow.escape(f, self.c + sample.c);
        Escape::new(sample.n as u32, fraction(f, self.c + sample.c, beyond, bailout))
    }

    /// Iterates one sample to its result: the reference for the loops over many samples.
    #[inline(always)]
    pub(super) fn run(&self, mut sample: Sample, bailout: Bailout, follow: &mut impl Follow) -> Escape {
        loop {
            let next = self.step(&mut sample, bailout.max_iter(), follow);
            if next != Next::Step
                && let Some(result) = self.attend(&mut sample, next, bailout, follow)
            {
                return result;
            }
        }
    }
}

/// Where the results of samples go. A slice is empty where nobody wants them.
pub(super) struct Results<'a> {
    pub(super) escapes: &'a mut [Escape],
    pub(super) distances: &'a mut [Distance],
}

impl Results<'_> {
    /// Puts the results of a sample at its index.
    #[inline(always)]
    pub(super) fn put(&mut self, index: usize, escape: Escape, distance: Distance) {
        if let Some(slot) = self.escapes.get_mut(index) {
            *slot = escape;
        }
        if let Some(slot) = self.distances.get_mut(index) {
            *slot = distance;
        }
    }
}

/// |Z + z|^2 - |Z|^2, as Re(z conj(2 Z + z)).
fn excess(z: ComplexExp, reference: ComplexExp) -> FloatExp {
    let ((zr, zi), (wr, wi)) = (z.parts(), (reference.shifted(1) + z).parts());
    zr * wr + zi * wi
}

/// Cycle detection (R. P. Brent, 1980): a sample whose state repeats never escapes.
///
/// The state is m and z. It is compared only where m becomes smaller, which happens in every cycle.
#[derive(Clone, Copy)]
struct Cycle {
    saved: (u32, ComplexExp),
    /// Comparisons until the state is saved again, and how many there are between the last two times.
    left: u32,
    span: u32,
}

impl Cycle {
    fn new() -> Self {
        Self { saved: (0, ComplexExp::ZERO), left: 1, span: 1 }
    }

    /// Takes a state; true if it equals the saved one.
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

//! One sample at a time by its delta to the reference: the truth for the vector loops of deep views.
//!
//! The sample C + c has the orbit Z_m + z. In the order of operations `perturbation-1`, with f = Z_m + z at hand,
//!
//! ```text
//! w = Z + f      u = w z      z' = u + c, or a u + b c for a whole block      f' = Z' + z'
//! ```
//!
//! where products of complex numbers are fma(re, re', -(im * im')) and fma(re, im', im * re'), and a u + b c is fused
//! in the same way, a u first. The sample has escaped when |f|^2 > 4. Where f is smaller than z, or the reference
//! ends, f becomes the new delta and is compared with the reference from its start, which is exact because Z_0 = 0
//! ("rebasing"; Zhuoran, 2021).

use num_complex::Complex;

use super::bla::{Bla, Block, Step};
use super::reference_orbit::ReferenceOrbit;
use crate::floatexp::{ComplexExp, FloatExp};

/// Everything that the samples of a view are compared with.
pub struct Reference {
    pub orbit: ReferenceOrbit,
    pub bla: Bla,
    /// Whether c is too small for `f64`, so that deltas must be watched for leaving its range.
    pub wide: bool,
}

/// u or z below 2 to this power may have lost bits to the end of `f64`.
pub const FLOOR_EXPONENT: i32 = -900;
/// The same as a number.
pub const FLOOR: f64 = f64::from_bits(((FLOOR_EXPONENT + 1023) as u64) << 52);

/// c of a sample, in the forms that the loops need.
#[derive(Clone, Copy)]
pub struct Delta {
    pub exact: ComplexExp,
    /// c, or 0 where that is below `f64`.
    pub plain: Complex<f64>,
    /// c in units of [`Bla::unit`].
    pub scaled: Complex<f64>,
}

/// Where a sample is: at step m of the reference after n steps of its own.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub n: u64,
    pub m: u32,
    pub z: Complex<f64>,
    pub f: Complex<f64>,
}

/// What a sample came to.
pub enum Outcome {
    /// It escaped at step n, as f.
    Escaped(u32, Complex<f64>),
    /// It did not within `max_iter`, or never will.
    None,
}

#[inline(always)]
pub fn times(a: Complex<f64>, b: Complex<f64>) -> Complex<f64> {
    Complex::new(a.re.mul_add(b.re, -(a.im * b.im)), a.re.mul_add(b.im, a.im * b.re))
}

/// a u + b c.
#[inline(always)]
pub fn leap(block: &Block, u: Complex<f64>, c: Complex<f64>) -> Complex<f64> {
    let [ar, ai] = block.a;
    let [br, bi] = block.b;
    Complex::new(
        ar.mul_add(u.re, (-ai).mul_add(u.im, br.mul_add(c.re, -(bi * c.im)))),
        ar.mul_add(u.im, ai.mul_add(u.re, br.mul_add(c.im, bi * c.re))),
    )
}

#[inline(always)]
pub fn chebyshev(z: Complex<f64>) -> f64 {
    z.re.abs().max(z.im.abs())
}

#[inline(always)]
pub fn point(step: &Step) -> Complex<f64> {
    Complex::new(step.z[0], step.z[1])
}

impl Reference {
    pub fn delta(&self, c: ComplexExp) -> Delta {
        Delta { exact: c, plain: c.to_f64(), scaled: c.shifted(-self.bla.unit).to_f64() }
    }

    /// Iterates one sample from the start.
    #[inline(always)]
    pub fn run(&self, c: &Delta, max_iter: u32) -> Outcome {
        let start = Place { n: 0, m: 0, z: Complex::new(0.0, 0.0), f: Complex::new(0.0, 0.0) };
        self.go_on(start, c, max_iter)
    }

    /// Iterates one sample from where it is.
    #[inline(always)]
    pub fn go_on(&self, mut at: Place, c: &Delta, max_iter: u32) -> Outcome {
        let Bla { steps, .. } = &self.bla;
        let last = steps.len() as u32 - 1;
        let mut cycle = Cycle::new();
        // Counts alone decide that z below this is looked at with its whole range.
        let floor = if self.wide { FLOOR } else { 0.0 };
        while at.n < u64::from(max_iter) {
            let step = &steps[at.m as usize];
            let u = times(point(step) + at.f, at.z);
            let size = chebyshev(u);
            let (mut z, mut len) = (u + c.plain, 1);
            if size < step.radius {
                if let Some(block) = self.bla.at(step).iter().take_while(|block| size < block.radius).last() {
                    (z, len) = (leap(block, u, c.scaled), block.len);
                }
            }
            let mut m = at.m + len;
            let mut f = point(&steps[m as usize]) + z;
            if size < floor || chebyshev(z) < floor {
                match self.go_wide(at, c, max_iter, &mut cycle) {
                    Some(place) => Place { n: at.n, m, z, f } = place,
                    None => return Outcome::None,
                }
            } else {
                at.n += u64::from(len);
            }
            if f.re * f.re + f.im * f.im > 4.0 {
                // A block may reach beyond max_iter.
                return if at.n <= u64::from(max_iter) { Outcome::Escaped(at.n as u32, f) } else { Outcome::None };
            }
            if m == last || chebyshev(f) < chebyshev(z) {
                (m, z) = (0, f);
                if cycle.closes(z.into()) {
                    return Outcome::None;
                }
            }
            (at.m, at.z, at.f) = (m, z, f);
        }
        Outcome::None
    }

    /// Makes one step or block, and more as long as the delta is too small for `f64`.
    ///
    /// Returns the place before the test for escape and for rebasing, or nothing where the sample never escapes.
    #[cold]
    #[inline(never)]
    fn go_wide(&self, at: Place, c: &Delta, max_iter: u32, cycle: &mut Cycle) -> Option<Place> {
        let Bla { steps, unit, .. } = &self.bla;
        let last = steps.len() as u32 - 1;
        let (mut n, mut m) = (at.n, at.m);
        let (mut z, mut f) = (ComplexExp::from(at.z), ComplexExp::from(at.f));
        if at.m == 0 {
            f = z;
        }
        while n < u64::from(max_iter) {
            let u = (self.orbit.exact(m) + f) * z;
            let size = u.chebyshev();
            let step = &steps[m as usize];
            let plain = || {
                let holds = |block: &&Block| size < FloatExp::from(block.radius);
                self.bla.at(step).iter().take_while(holds).last().map(|block| {
                    let [a, b] = [block.a, block.b].map(|[re, im]| ComplexExp::from(Complex::new(re, im)));
                    (a, b.shifted(-unit), block.len)
                })
            };
            let wide = self.bla.widest(m, size).map(|block| (block.a, block.b, block.len));
            let len;
            (z, len) = match wide.or_else(plain) {
                Some((a, b, len)) => (a * u + b * c.exact, len),
                None => (u + c.exact, 1),
            };
            n += u64::from(len);
            m += len;
            f = self.orbit.exact(m) + z;
            // A little above the floor, so that samples do not go to and fro.
            if z.exponent().min(f.exponent()) > FLOOR_EXPONENT + 20 || f.exponent() > 0 {
                return Some(Place { n, m, z: z.to_f64(), f: f.to_f64() });
            }
            if m == last || f.chebyshev() < z.chebyshev() {
                (m, z) = (0, f);
                if cycle.closes(z) {
                    return None;
                }
            }
        }
        None
    }
}

/// Finds that a sample is where it was before, so that it will never escape (R. P. Brent, 1980).
///
/// Looked at when the sample is compared with the reference from its start, where z alone is the whole state.
struct Cycle {
    saved: ComplexExp,
    left: u32,
    span: u32,
}

impl Cycle {
    fn new() -> Self {
        Self { saved: ComplexExp::ZERO, left: 1, span: 1 }
    }

    fn closes(&mut self, z: ComplexExp) -> bool {
        if z == self.saved {
            return true;
        }
        self.left -= 1;
        if self.left == 0 {
            self.span = self.span.saturating_mul(2);
            (self.saved, self.left) = (z, self.span);
        }
        false
    }
}

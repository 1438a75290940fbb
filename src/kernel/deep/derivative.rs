//! The derivative of a sample's orbit by c, which follows the delta through iterations and blocks.
//!
//! With f = Z + z the derivative of u = (2 Z + z) z is 2 f d, so that
//!
//! ```text
//! d' = 2 f d + 1, or (a + 2 s u) 2 f d + b for a whole block
//! ```
//!
//! A rebase changes what the orbit is compared with, and not its derivative. d is measured in units of c, about one spacing of the
//! samples: it is then about as large as the part of z that is due to one spacing, and leaves the range of `f64` only where z does.

use num_complex::Complex;

use crate::field::Distance;
use crate::kernel::bailout::Bailout;
use crate::kernel::deep::bla::{Block, WideBlock};
use crate::kernel::deep::sample::{Next, Reference, times, times_add};
use crate::kernel::distance::{RADIUS_SQR, derive, estimate};
use crate::kernel::step::{norm_sqr, step};
use crate::number::complexexp::ComplexExp;
use crate::number::floatexp::FloatExp;

/// What follows a sample from iteration to iteration. `f` is its orbit before the iteration.
pub(super) trait Follow {
    /// Whether the orbit is needed beyond the escape.
    const BEYOND: bool;

    fn iterate(&mut self, f: Complex<f64>);
    fn leap(&mut self, f: Complex<f64>, u: Complex<f64>, block: &Block);
    /// The same where numbers have exponents of their own.
    fn iterate_wide(&mut self, f: ComplexExp);
    fn leap_wide(&mut self, f: ComplexExp, u: ComplexExp, block: &WideBlock);
    /// The sample has escaped, and its orbit continues from f with that c.
    fn escape(&mut self, f: Complex<f64>, c: Complex<f64>);
}

/// Nothing follows.
impl Follow for () {
    const BEYOND: bool = false;

    #[inline(always)]
    fn iterate(&mut self, _: Complex<f64>) {}
    #[inline(always)]
    fn leap(&mut self, _: Complex<f64>, _: Complex<f64>, _: &Block) {}
    #[inline(always)]
    fn iterate_wide(&mut self, _: ComplexExp) {}
    #[inline(always)]
    fn leap_wide(&mut self, _: ComplexExp, _: ComplexExp, _: &WideBlock) {}
    #[inline(always)]
    fn escape(&mut self, _: Complex<f64>, _: Complex<f64>) {}
}

/// The derivative of a sample.
struct Derivative {
    d: D,
    /// The power of two that c is measured in, and that as a number, which may be 0: d is far above it then.
    unit: i32,
    one: f64,
    spacing: FloatExp,
    distance: Distance,
}

/// In `f64`, or with an exponent of its own, as the sample is.
#[derive(Clone, Copy)]
enum D {
    Narrow(Complex<f64>),
    Wide(ComplexExp),
}

impl Derivative {
    #[inline(always)]
    fn narrow(&self) -> Complex<f64> {
        match self.d {
            D::Narrow(d) => d,
            D::Wide(d) => d.to_f64(),
        }
    }

    fn wide(&self) -> ComplexExp {
        match self.d {
            D::Narrow(d) => d.into(),
            D::Wide(d) => d,
        }
    }
}

impl Follow for Derivative {
    const BEYOND: bool = true;

    #[inline(always)]
    fn iterate(&mut self, f: Complex<f64>) {
        self.d = D::Narrow(times_add(f + f, self.narrow(), Complex::new(self.one, 0.0)));
    }

    #[inline(always)]
    fn leap(&mut self, f: Complex<f64>, u: Complex<f64>, block: &Block) {
        let number = |[re, im]: [f64; 2]| Complex::new(re, im);
        let slope = times_add(number(block.s), u + u, number(block.a));
        self.d = D::Narrow(times_add(slope, times(f + f, self.narrow()), number(block.b)));
    }

    fn iterate_wide(&mut self, f: ComplexExp) {
        self.d = D::Wide(f.shifted(1) * self.wide() + ComplexExp::new(1.0, 0.0, self.unit));
    }

    fn leap_wide(&mut self, f: ComplexExp, u: ComplexExp, block: &WideBlock) {
        let slope = block.a + block.s * u.shifted(1);
        self.d = D::Wide(slope * (f.shifted(1) * self.wide()) + block.b.shifted(self.unit));
    }

    /// Continues to where the estimate is good, and makes it.
    fn escape(&mut self, f: Complex<f64>, c: Complex<f64>) {
        // From here on |d| only grows; what c adds to it is too small to count where its exponent is, and the 1 of the sum is one unit.
        let (mut x, mut y) = (f.re, f.im);
        let d = self.wide();
        let exponent = d.exponent();
        let d = d.shifted(-exponent).to_f64();
        let one = FloatExp::new(1.0, self.unit - exponent).to_f64();
        let (mut dx, mut dy) = (d.re, d.im);
        while norm_sqr(x, y) <= RADIUS_SQR {
            ((dx, dy), (x, y)) = (derive(x, y, dx, dy, one), step(x, y, c.re, c.im));
        }
        let spacing = FloatExp::new(1.0, exponent - self.unit) * self.spacing;
        let large = estimate(Complex::new(x, y), Complex::new(dx, dy), 1.0);
        let factor = (FloatExp::ONE / spacing).to_f64();
        let distance =
            Distance { x: (f64::from(large.x) * factor) as f32, y: (f64::from(large.y) * factor) as f32 };
        self.distance = if distance.length().is_finite() { distance } else { Distance::NONE };
    }
}

impl Reference {
    /// The distance of a sample that escapes, in units of `spacing`.
    #[inline(always)]
    pub(super) fn distance(&self, c: ComplexExp, spacing: FloatExp, bailout: Bailout) -> Distance {
        let unit = self.bla.unit;
        let mut derivative = Derivative {
            d: D::Narrow(Complex::ZERO),
            unit,
            one: FloatExp::new(1.0, unit).to_f64(),
            spacing,
            distance: Distance::NONE,
        };
        let mut sample = self.sample(c);
        loop {
            let next = self.step(&mut sample, bailout.max_iter(), &mut derivative);
            if next != Next::Step && self.attend(&mut sample, next, bailout, &mut derivative).is_some() {
                return derivative.distance;
            }
        }
    }
}

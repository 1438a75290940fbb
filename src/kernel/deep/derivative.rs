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
use crate::kernel::deep::bla::{Bla, Block, WideBlock, times, times_add};
use crate::kernel::distance::{RADIUS_SQR, derive, estimate};
use crate::kernel::step::{norm_sqr, step};
use crate::number::complexexp::ComplexExp;
use crate::number::floatexp::FloatExp;

/// What follows a sample from iteration to iteration. `f` is its orbit before the iteration.
pub(super) trait Follow: Copy {
    /// Whether there is a derivative.
    const DERIVED: bool;
    fn iterate(&mut self, f: Complex<f64>);
    fn leap(&mut self, f: Complex<f64>, u: Complex<f64>, block: &Block);
    /// The same where numbers have exponents of their own.
    fn iterate_wide(&mut self, f: ComplexExp);
    fn leap_wide(&mut self, f: ComplexExp, u: ComplexExp, block: &WideBlock);
    /// The sample has escaped, and its orbit continues from f with that c.
    fn escape(&mut self, f: Complex<f64>, c: Complex<f64>);
    /// The derivative in `f64`, for loops that make iterations and blocks themselves.
    fn narrow(&self) -> Complex<f64>;
    /// What such a loop has made of it.
    fn set_narrow(&mut self, d: Complex<f64>);
    /// The distance of a sample that has escaped.
    fn distance(&self) -> Distance;
}

/// Nothing follows.
impl Follow for () {
    const DERIVED: bool = false;
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
    #[inline(always)]
    fn narrow(&self) -> Complex<f64> {
        Complex::ZERO
    }
    #[inline(always)]
    fn set_narrow(&mut self, _: Complex<f64>) {}
    #[inline(always)]
    fn distance(&self) -> Distance {
        Distance::NONE
    }
}

/// The derivative of a sample.
#[derive(Clone, Copy)]
pub(super) struct Derivative {
    d: D,
    /// [`Bla::unit`] and [`Bla::one`].
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
    /// That of a sample before its first iteration. `spacing` is the unit of its distance.
    pub(super) fn new(bla: &Bla, spacing: FloatExp) -> Self {
        let d = D::Narrow(Complex::ZERO);
        Self { d, unit: bla.unit, one: bla.one, spacing, distance: Distance::NONE }
    }

    fn wide(&self) -> ComplexExp {
        match self.d {
            // One that has overflowed is beyond all range, and its distance is 0.
            D::Narrow(d) if !d.is_finite() => ComplexExp::ONE.shifted(1 << 20),
            D::Narrow(d) => d.into(),
            D::Wide(d) => d,
        }
    }
}

impl Follow for Derivative {
    const DERIVED: bool = true;

    #[inline(always)]
    fn iterate(&mut self, f: Complex<f64>) {
        // In the roundings of a block that is this one iteration: a = 1, s = 0.
        self.d = D::Narrow(times(f + f, self.narrow()) + Complex::new(self.one, 0.0));
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

    #[inline(always)]
    fn narrow(&self) -> Complex<f64> {
        match self.d {
            D::Narrow(d) => d,
            D::Wide(d) => d.to_f64(),
        }
    }

    #[inline(always)]
    fn set_narrow(&mut self, d: Complex<f64>) {
        self.d = D::Narrow(d);
    }

    #[inline(always)]
    fn distance(&self) -> Distance {
        self.distance
    }
}

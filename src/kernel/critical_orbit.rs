//! The critical orbit of one point in high precision, with its derivative.

use crate::number::complexexp::ComplexExp;
use crate::number::fixed::ComplexFixed;

/// Bits beyond those that a result is asked to have: the roundings of millions of iterations stay below them.
pub(crate) const GUARD: usize = 64;

/// The present Z_n of Z_0 = 0, Z_1 = c, Z_2, ... with dZ_n/dc.
#[derive(Clone)]
pub(crate) struct CriticalOrbit {
    /// c with all its bits.
    exact: ComplexFixed,
    /// c with the bits that are still needed.
    c: ComplexFixed,
    z: ComplexFixed,
    rounded: ComplexExp,
    derivative: ComplexExp,
}

impl CriticalOrbit {
    /// The orbit of `c`, which tells apart points that differ in the last bits of `c`.
    pub(crate) fn new(c: ComplexFixed) -> Self {
        let z = ComplexFixed::zero();
        Self { c: c.clone(), exact: c, z, rounded: ComplexExp::ZERO, derivative: ComplexExp::ZERO }
    }

    /// From Z_n to Z_{n+1}.
    ///
    /// To first order an error e of Z_n has the effect of an error e / |dZ_n/dc| of c. So the bits that are needed, and
    /// with them the time of an iteration, decrease while the derivative grows.
    pub(crate) fn step(&mut self) {
        self.derivative = (self.rounded * self.derivative).shifted(1) + ComplexExp::ONE;
        let all = self.exact.bits();
        let needed = (all as i64 - i64::from(self.derivative.exponent())).clamp(64, all as i64) as usize;
        // Shortening c copies it, so it is done 128 bits late.
        if needed > self.c.bits() || needed + 128 < self.c.bits() {
            self.c = self.exact.with_bits(needed.next_multiple_of(64).min(all));
        }
        self.z = self.z.square_add(&self.c);
        self.rounded = self.z.to_float();
    }

    /// Z_n.
    pub(crate) fn z(&self) -> &ComplexFixed {
        &self.z
    }

    /// Z_n to 53 bits.
    pub(crate) fn rounded(&self) -> ComplexExp {
        self.rounded
    }

    /// dZ_n/dc, with the relative error that n roundings to 53 bits add up to.
    pub(crate) fn derivative(&self) -> ComplexExp {
        self.derivative
    }

    /// Whether the orbit is so far out that nothing near its point stays inside.
    pub(crate) fn escaped(&self) -> bool {
        // |Z| > 64: a point of the set is at most about |Z| ln |Z| / |dZ/dc| away, and the searches have
        // asked by then whether |Z| / |dZ/dc| lies within the view.
        self.rounded.exponent() >= 6
    }
}

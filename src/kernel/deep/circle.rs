//! Which samples lie outside the circle |c| = 2, decided exactly.
//!
//! Those escape at once, n = 1. Elsewhere the orbit of a sample has been rounded before it comes near |f| = 2, here it has not: it is
//! C + c itself. With g = 4 - |C|^2 a sample is outside where 2 Re(C conj c) + |c|^2 > g. Next to the circle both sides are about
//! |c|; where c runs along a tangent, what decides is |c|^2, which is smaller by another factor of |c|: beyond the last bit
//! of the left side, and below the range of `f64` from a zoom of 1e154 on. So the sum is formed with wide exponents, and
//! with whole numbers where it is not larger than its error.

use dashu_int::IBig;

use crate::kernel::deep::reference_orbit::ReferenceOrbit;
use crate::number::complexexp::ComplexExp;
use crate::number::fixed::float;
use crate::number::floatexp::FloatExp;

/// The circle, where it passes through a view.
pub(super) struct Circle {
    /// C, its parts rounded each.
    re: FloatExp,
    im: FloatExp,
    /// 4 - |C|^2.
    gap: FloatExp,
    /// C as `(x + i y) / unit`.
    x: IBig,
    y: IBig,
    unit: IBig,
}

/// The error of the sum, relative to the sum of the sizes of what is summed. Each has at most three roundings of 2^-53 and there are
/// four more in the sum.
const ERROR: i32 = -49;

impl Circle {
    /// The circle where it may pass within `radius` of C.
    pub(super) fn of(orbit: &ReferenceOrbit, radius: FloatExp) -> Option<Self> {
        let center = orbit.center();
        let (re, im) = (center.re.to_floatexp(), center.im.to_floatexp());
        let near = orbit.c().norm_sqr() - 4.0;
        // Beyond this the disk of samples lies on one side: |c| (2 |C| + |c|) is less than |g|, by half.
        if near.abs() > 1.0 && radius.to_f64() < 0.05 {
            return None;
        }
        let (x, y, unit) = center.re.over_one_unit(&center.im);
        let square = |x: &IBig| IBig::from(x.sqr());
        let gap = square(&unit) * 4 - square(&x) - square(&y);
        let gap = float(&gap, 0) / float(&square(&unit), 0);
        let reach = radius * (FloatExp::from(4.0) + gap.abs() + radius) * FloatExp::from(2.0);
        (gap.abs() <= reach).then_some(Self { re, im, gap, x, y, unit })
    }

    /// Whether |C + c| > 2.
    pub(super) fn is_outside(&self, c: ComplexExp) -> bool {
        let (re, im) = c.parts();
        let two = FloatExp::from(2.0);
        let terms = [two * self.re * re, two * self.im * im, re * re, im * im, -self.gap];
        let sum = terms.iter().fold(FloatExp::ZERO, |sum, term| sum + *term);
        let sizes = terms.iter().fold(FloatExp::ZERO, |sum, term| sum + term.abs());
        if sum.abs() > sizes * FloatExp::new(1.0, ERROR) {
            return sum > FloatExp::ZERO;
        }
        let exponent = [re, im].iter().filter(|part| !part.is_zero()).map(|part| part.exponent()).min();
        // Both parts are whole multiples of 2^-bits.
        let bits = exponent.map_or(0, |exponent| (52 - i64::from(exponent)).max(0)) as usize;
        let part = |center: &IBig, part: FloatExp| (center << bits) + whole(part, bits) * &self.unit;
        let square = |x: IBig| IBig::from(x.sqr());
        square(part(&self.x, re)) + square(part(&self.y, im)) > square(&self.unit << bits) * 4
    }
}

/// x times 2^bits, which is whole.
fn whole(x: FloatExp, bits: usize) -> IBig {
    // The mantissa is below 2 and has 52 bits behind the point.
    let mantissa = IBig::from((x.mantissa() * (1_u64 << 52) as f64) as i64);
    let shift = i64::from(x.exponent()) - 52 + bits as i64;
    if x.is_zero() { IBig::ZERO } else { mantissa << shift.max(0) as usize }
}

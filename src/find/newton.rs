//! Roots of sums of points of the critical orbit, by Newton's method.

use crate::kernel::critical_orbit::{CriticalOrbit, GUARD};
use crate::number::complexexp::ComplexExp;
use crate::number::fixed::{ComplexFixed, ComplexLong};
use crate::number::floatexp::FloatExp;

/// Bits behind the binary point for `digits` digits behind the decimal point, with guard bits.
pub(crate) fn bits_for(digits: usize) -> usize {
    // log2(10) is just below 3322/1000.
    digits * 3322 / 1000 + 1 + GUARD
}

/// Digits behind the decimal point that resolve lengths of `unit`, and `more`.
pub(crate) fn digits_for(unit: FloatExp, more: usize) -> usize {
    // log10(2) is just below 30103/100000. The division rounds down, hence one digit more.
    let digits = (-i64::from(unit.exponent())).max(0) * 30103 / 100_000 + 1;
    digits as usize + more
}

/// Newton steps before a root counts as not found. Near the root each step doubles the number of correct bits, so a
/// million digits take about 20 steps; the others are for the approach.
const STEPS: u32 = 64;

/// The root near `start` of the sum of Z_n(c) over all n in `indices`, in ascending order, by Newton's method.
///
/// `bits` gives the bits behind the binary point that the root shall have, from the derivative of the sum. `None` if the
/// steps lead further than `reach` from the start or do not converge.
///
/// Each step is computed with the bits that it can make correct, and its derivative with those that it gains.
pub(crate) fn root(
    start: &ComplexFixed,
    reach: FloatExp,
    indices: &[u32],
    bits: impl Fn(ComplexExp) -> usize,
) -> Option<ComplexFixed> {
    // All lengths are exponents of 2. A Newton step from a distance d leaves an error of about curvature * d^2, and at
    // least the rounding error of the step.
    let mut curvature = -i64::from(reach.exponent());
    let mut last_rounding = None;
    let mut last = i64::from(reach.exponent());
    let mut working = (-last).max(0) as usize + 2 * GUARD;
    let mut precision = GUARD;
    let mut c = start.with_bits(working);
    let mut way = ComplexExp::ZERO;
    for _ in 0..STEPS {
        let (value, derivative) = sum(&c, indices, precision)?;
        let step = value.over(&derivative, precision)?;
        c = c.minus(&step);
        let step = -step.to_float();
        way = way + step;
        if way.abs() > reach {
            return None;
        }
        let wanted = bits(derivative.to_float()) as i64;
        let size = i64::from(step.abs().exponent());
        // This step is as long as the error that the last one left. Where that is not much above the rounding error, it
        // only bounds the curvature.
        curvature = match last_rounding {
            None => curvature,
            Some(rounding) if size > rounding + 4 => size - 2 * last,
            Some(_) => curvature.min(size - 2 * last),
        };
        let rounding = (size - precision as i64 + 8).max(GUARD as i64 - working as i64);
        let next = (curvature + 2 * size).clamp(rounding, (size - 4).max(rounding));
        if working as i64 >= wanted && next <= GUARD as i64 - wanted {
            return Some(c);
        }
        // The next step needs the bits down to the error that it will leave.
        let left = (curvature + 2 * next).min(next - 4).max(-wanted);
        precision = (next - left).max(0) as usize + GUARD;
        working = working.max((GUARD as i64 - left).clamp(0, wanted) as usize);
        c = c.with_bits(working);
        last_rounding = Some(rounding);
        last = size;
    }
    None
}

/// The sum of Z_n(c) over `indices` and its derivative to `precision` bits; `None` if the orbit escapes before.
fn sum(c: &ComplexFixed, indices: &[u32], precision: usize) -> Option<(ComplexLong, ComplexLong)> {
    let mut orbit = CriticalOrbit::new(c.clone());
    let mut derivative = ComplexLong::zero();
    let (mut value, mut slope) = (ComplexLong::zero(), ComplexLong::zero());
    let mut n = 0;
    for &index in indices {
        while n < index {
            if orbit.escaped() {
                return None;
            }
            derivative = derivative.advanced(orbit.z(), precision);
            orbit.step();
            n += 1;
        }
        value = value.plus(&ComplexLong::from(orbit.z().clone()));
        slope = slope.plus(&derivative);
    }
    Some((value, slope))
}

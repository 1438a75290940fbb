//! The critical orbit of one point in high precision, and the roots of what it adds up to.

use crate::fixed::{Fixed, Long};
use crate::floatexp::{ComplexExp, FloatExp};

/// Bits beyond those that a result is asked to have: roundings of an orbit of millions of steps stay below them.
pub(crate) const GUARD: usize = 64;

/// Z_0 = 0, Z_1 = c, Z_2, ... with the derivatives dZ/dc, one at a time.
pub(crate) struct Orbit {
    exact: Fixed,
    c: Fixed,
    z: Fixed,
    rounded: ComplexExp,
    derivative: ComplexExp,
}

impl Orbit {
    /// The orbit of `c`, which tells apart points that differ in the last bits of `c`.
    pub(crate) fn new(c: Fixed) -> Self {
        let z = Fixed::zero();
        Self { c: c.clone(), exact: c, z, rounded: ComplexExp::ZERO, derivative: ComplexExp::ZERO }
    }

    /// From Z_n to Z_{n+1}.
    ///
    /// An error of Z is as bad as one of c that is as many times smaller as the derivative is large. So the bits
    /// that are needed fall while the derivative grows, and with them the time of a step.
    pub(crate) fn step(&mut self) {
        self.derivative = (self.rounded * self.derivative).shifted(1) + ComplexExp::ONE;
        let all = self.exact.bits();
        let needed = (all as i64 - i64::from(self.derivative.exponent())).clamp(64, all as i64) as usize;
        // Cutting c costs a copy, so the bits follow in strides.
        if needed > self.c.bits() || needed + 128 < self.c.bits() {
            self.c = self.exact.with_bits(needed.next_multiple_of(64).min(all));
        }
        self.z = self.z.square_add(&self.c);
        self.rounded = self.z.to_float();
    }

    /// Z_n.
    pub(crate) fn z(&self) -> &Fixed {
        &self.z
    }

    /// Z_n to 53 bits.
    pub(crate) fn rounded(&self) -> ComplexExp {
        self.rounded
    }

    /// dZ_n/dc to 53 bits, less what the roundings of n steps add up to.
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

/// Bits behind the binary point for numbers with `digits` digits behind the decimal one, and the guard bits.
pub(crate) fn bits_for(digits: usize) -> usize {
    // log2(10) is just below 3322/1000.
    digits * 3322 / 1000 + 1 + GUARD
}

/// How many digits behind the decimal point tell lengths of `unit` apart, and `more`.
pub(crate) fn digits_for(unit: FloatExp, more: usize) -> usize {
    // log10(2) is just below 30103/100000. One digit more makes up for the division that rounds down.
    let digits = (-i64::from(unit.exponent())).max(0) * 30103 / 100_000 + 1;
    digits as usize + more
}

/// Newton steps before a root counts as not found. From 2^4 on the correct bits double with each step, so that a
/// million digits take 20 steps; what is more is spent on the way to the root.
const STEPS: u32 = 64;

/// The root near `start` of the sum of Z_n(c) over all n in `indices`, in ascending order, by Newton's method.
///
/// `bits` says how many bits behind the binary point the root is to have, given the derivative of the sum. Nothing
/// where the steps lead further than `reach` from the start or do not settle.
///
/// Near the root each step doubles the number of correct bits, so early steps are made with fewer bits, and the
/// derivative has no more than the step is to gain.
pub(crate) fn root(
    start: &Fixed,
    reach: FloatExp,
    indices: &[u32],
    bits: impl Fn(ComplexExp) -> usize,
) -> Option<Fixed> {
    // All in powers of two. A Newton step from a distance d leaves about curvature * d^2, and at least the noise that
    // the rounding of numbers makes.
    let mut curvature = -i64::from(reach.exponent());
    let mut noise = None;
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
        // What this step makes up for is what the last one left, or the noise, and then it left no more.
        curvature = match noise {
            None => curvature,
            Some(noise) if size > noise + 4 => size - 2 * last,
            Some(_) => curvature.min(size - 2 * last),
        };
        let rounding = (size - precision as i64 + 8).max(GUARD as i64 - working as i64);
        let next = (curvature + 2 * size).clamp(rounding, (size - 4).max(rounding));
        if working as i64 >= wanted && next <= GUARD as i64 - wanted {
            return Some(c);
        }
        // The next step is to resolve what it leaves itself.
        let left = (curvature + 2 * next).min(next - 4).max(-wanted);
        precision = (next - left).max(0) as usize + GUARD;
        working = working.max((GUARD as i64 - left).clamp(0, wanted) as usize);
        c = c.with_bits(working);
        noise = Some(rounding);
        last = size;
    }
    None
}

/// The sum of Z_n(c) over `indices` and its derivative to `precision` bits; nothing where the orbit escapes before.
fn sum(c: &Fixed, indices: &[u32], precision: usize) -> Option<(Long, Long)> {
    let mut orbit = Orbit::new(c.clone());
    let mut derivative = Long::zero();
    let (mut value, mut slope) = (Long::zero(), Long::zero());
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
        value = value.plus(&Long::from(orbit.z().clone()));
        slope = slope.plus(&derivative);
    }
    Some((value, slope))
}

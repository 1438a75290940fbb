//! One point, iterated with proof: its count is that of exact arithmetic, for any number of digits.
//!
//! Ball arithmetic: every z is a center in fixed point and a radius that bounds its error. A count is given only if the
//! whole ball lies on one side of |z| = 2; otherwise the orbit starts again with more bits.

use dashu_int::IBig;
use num_complex::Complex;

use crate::error::Error;
use crate::field::Escape;
use crate::kernel::bailout::Bailout;
use crate::kernel::step::fraction;
use crate::number::decimal::Decimal;
use crate::number::fixed::ComplexFixed;
use crate::number::floatexp::FloatExp;

/// A proven result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExactEscape {
    /// The count is exact. The fraction is that of an `f64` orbit which starts beyond |z| = 4.
    pub escape: Escape,
    /// Bits behind the binary point with which the count was decided; 0 for c of whole parts.
    pub bits: usize,
}

/// Bits of the first try.
const FIRST_BITS: usize = 128;
/// The most bits that are tried. Near the boundary errors about double in each iteration, so these last for 10^6.
const MAX_BITS: usize = 1 << 20;
/// A center is kept to 2^-GUARD of its radius, so that rounding by 3 units enlarges the radius by less than 2^-30 of it.
const GUARD: i32 = 32;
/// Below 2^(FRACTION_ERROR + 1) a radius does not show in the fraction: from |z| = 4 on, an error e of z makes one of
/// e / (|z| ln |z| ln 2) in the smooth count, here less than 4e-8, and the fraction is an `f32`.
const FRACTION_ERROR: i32 = -24;

/// The exact escape count of `c`: the smallest n with |z_n| > 2, if that is at most `bailout.max_iter`.
///
/// ```
/// use mandel::{Bailout, exact_escape, parse_complex};
/// let bailout = Bailout::new(2000)?;
/// let c = parse_complex("-0.732+0.172i")?;
/// assert_eq!(exact_escape(&c, bailout)?.escape.n(), Some(1241)); // f64 says 1670
/// let tip = parse_complex("-2")?;
/// assert_eq!(exact_escape(&tip, bailout)?.escape.n(), None); // |z_n| = 2 for all n > 0, never above
/// # Ok::<(), mandel::Error>(())
/// ```
///
/// # Errors
/// [`Error::Undecided`] if a million bits do not decide the count. An iteration at most quadruples an error of z, so
/// this takes hundreds of thousands of iterations, or a point whose orbit meets |z| = 2 exactly, except |c| = 2 and
/// points whose parts are whole numbers, which are decided.
pub fn exact_escape(c: &Complex<Decimal>, bailout: Bailout) -> Result<ExactEscape, Error> {
    let found = exact_escape_until(c, bailout, &|| false)?;
    found.ok_or_else(|| Error::Internal("an orbit that nobody stopped has no end".into()))
}

/// [`exact_escape`] that gives up once `stop` says so, with nothing.
pub(crate) fn exact_escape_until(
    c: &Complex<Decimal>,
    bailout: Bailout,
    stop: &dyn Fn() -> bool,
) -> Result<Option<ExactEscape>, Error> {
    escape_within(c, bailout, MAX_BITS, stop)
}

/// [`exact_escape_until`] with at most `max_bits`.
fn escape_within(
    c: &Complex<Decimal>,
    bailout: Bailout,
    max_bits: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Option<ExactEscape>, Error> {
    let point = Ratio::new(c);
    let far = point.is_beyond_2();
    if !far && point.is_in_known_part() {
        return Ok(Some(ExactEscape { escape: Escape::NONE, bits: 0 }));
    }
    let mut bits = if point.is_whole() { 0 } else { FIRST_BITS };
    loop {
        let c = ComplexFixed::new(c, bits);
        let undecided = match iterate(&c, point.is_whole(), far, bailout, stop) {
            Run::Decided(escape) => return Ok(Some(ExactEscape { escape, bits })),
            Run::Undecided(n) => n,
            Run::Stopped => return Ok(None),
        };
        if bits >= max_bits {
            return Err(Error::Undecided { bits: max_bits, iterations: undecided });
        }
        // If errors go on growing as they did, this suffices for max_iter, with an eighth to spare.
        let done = undecided.min(bailout.max_iter().into());
        let last = (bits as u64 * u64::from(bailout.max_iter()) / done) as usize;
        bits = (last + last / 8 + 64).min(2 * bits).next_multiple_of(64).min(max_bits);
    }
}

/// A point as whole numbers, `(x + i y) / unit`, for exact comparisons.
struct Ratio {
    x: IBig,
    y: IBig,
    unit: IBig,
}

impl Ratio {
    fn new(c: &Complex<Decimal>) -> Self {
        let (x, y, unit) = c.re.over_one_unit(&c.im);
        Self { x, y, unit }
    }

    /// Whether both parts are whole numbers. Then those of all z are, and nothing is rounded.
    fn is_whole(&self) -> bool {
        self.unit == IBig::ONE
    }

    /// Whether |c| > 2.
    fn is_beyond_2(&self) -> bool {
        square(&self.x) + square(&self.y) > square(&self.unit) * 4
    }

    /// Whether a point with |c| <= 2 lies where membership has a closed form: on the real line, where the set is
    /// [-2, 1/4], in the main cardioid or in the disk of period 2, with their edges.
    ///
    /// With u = x - 1/4 and q = u^2 + y^2 the cardioid is q (q + u) <= y^2 / 4; the disk is (x + 1)^2 + y^2 <= 1/16.
    /// (R. Munafo, Mu-Ency, "Brute-Force Acceleration".) Here u and y are in units of unit / 4.
    fn is_in_known_part(&self) -> bool {
        let u = &self.x * 4 - &self.unit;
        if self.y == IBig::ZERO {
            return u <= IBig::ZERO;
        }
        let (y2, one) = (square(&(&self.y * 4)), square(&self.unit));
        let q = square(&u) + &y2;
        let cardioid = &q * (&q + u * &self.unit * 4) <= &y2 * &one * 4;
        cardioid || square(&((&self.x + &self.unit) * 4)) + y2 <= one
    }
}

fn square(x: &IBig) -> IBig {
    x.sqr().into()
}

/// The result of an orbit at one precision.
enum Run {
    Decided(Escape),
    /// After this many iterations the ball lies on both sides of |z| = 2, or is too large for the fraction.
    Undecided(u64),
    /// It was told to stop.
    Stopped,
}

/// Iterations between two looks at whether to stop. They take milliseconds with the bits of a view at 1e8000.
const BETWEEN_LOOKS: u64 = 64;

/// Iterates balls around z. `c` is rounded down to its bits, or `whole` and exact; `far` tells whether |c| > 2.
fn iterate(c: &ComplexFixed, whole: bool, far: bool, bailout: Bailout, stop: &dyn Fn() -> bool) -> Run {
    let max_iter = u64::from(bailout.max_iter());
    let mut ball = Ball::new(c, whole);
    let mut trap: Option<Trap> = None;
    let mut count = None;
    let mut n = 0_u64;
    loop {
        n += 1;
        if n.is_multiple_of(BETWEEN_LOOKS) && stop() {
            return Run::Stopped;
        }
        ball.iterate(trap.as_mut());
        if count.is_none() {
            let beyond = if n == 1 { Some(far) } else { ball.is_beyond_2() };
            match beyond {
                None => return Run::Undecided(n),
                Some(true) => count = Some(n as u32),
                Some(false) if n >= max_iter => return Run::Decided(Escape::NONE),
                Some(false) => {
                    trap = trap.filter(|trap| up(ball.size + trap.radius) <= FloatExp::from(2.0));
                    if trap.as_ref().is_some_and(|trap| trap.holds(&ball.z)) {
                        return Run::Decided(Escape::NONE);
                    }
                    // Cycles of any length are found by R. Brent's choice of the points to compare with (BIT 20, 1980).
                    if n >= 8 && n.is_power_of_two() {
                        trap = Some(Trap::new(&ball.z, ball.radius));
                    }
                }
            }
        }
        if let Some(count) = count {
            if !bailout.is_smooth() {
                return Run::Decided(Escape::new(count, 0.0));
            }
            // Followed as a ball until |z| > 4: next to -2, f64 would round the excess over |z| = 2 away.
            if ball.radius.exponent() > FRACTION_ERROR {
                return Run::Undecided(n);
            }
            if ball.size > FloatExp::from(4.0) {
                let (z, c) = (ball.z.to_float().to_f64(), c.to_float().to_f64());
                return Run::Decided(Escape::new(count, fraction(z, c, n as u32 - count, bailout)));
            }
        }
    }
}

/// A ball that holds the exact z_n.
struct Ball<'a> {
    /// c with all its bits.
    exact: &'a ComplexFixed,
    /// c with the bits in use.
    c: ComplexFixed,
    /// Whether all numbers are whole, so that nothing is rounded.
    whole: bool,
    z: ComplexFixed,
    /// An upper bound of |z|, too large by at most 2^-39 of it.
    size: FloatExp,
    radius: FloatExp,
}

impl<'a> Ball<'a> {
    /// z_0 = 0.
    fn new(c: &'a ComplexFixed, whole: bool) -> Self {
        let (z, size, radius) = (ComplexFixed::zero(), FloatExp::ZERO, FloatExp::ZERO);
        Self { exact: c, c: c.clone(), whole, z, size, radius }
    }

    /// One iteration, also of the ball of `trap`, which has the same center.
    ///
    /// The image of the ball with center z and radius e lies in the one with center z^2 + c and radius (2 |z| + e) e,
    /// since |(z + d)^2 - z^2| = |2 z + d| |d|. Rounding z^2 and c down moves each part of the center by less than 2
    /// units of the last bit, so the center by less than 3.
    fn iterate(&mut self, trap: Option<&mut Trap>) {
        let image = |radius: FloatExp| up((self.size + self.size + radius) * radius);
        let mut radius = image(self.radius);
        let mut rounding = FloatExp::ZERO;
        if !self.whole {
            // Bits far below the radius are meaningless, so an orbit gets cheaper while it loses precision.
            let bits = (GUARD - radius.exponent()).max(64) as usize;
            let bits = bits.next_multiple_of(64).min(self.exact.bits());
            if bits != self.c.bits() {
                self.c = self.exact.with_bits(bits);
            }
            rounding = FloatExp::new(3.0, -(bits as i32));
        }
        radius = up(radius + rounding);
        if let Some(trap) = trap {
            trap.radius = up(image(trap.radius) + rounding);
        }
        self.radius = radius;
        self.z = self.z.square_add(&self.c);
        self.size = up(self.z.to_float().abs());
    }

    /// Whether |w| > 2 for all w of the ball, or for none of them; `None` if for some.
    fn is_beyond_2(&self) -> Option<bool> {
        const MARGIN: f64 = 1.0 / (1_u64 << 32) as f64;
        let (size, radius) = (self.size.to_f64(), self.radius.to_f64());
        if size > 2.0 + radius + MARGIN {
            return Some(true);
        }
        if size + radius + MARGIN < 2.0 {
            return Some(false);
        }
        // |z| > 2 + e where |z|^2 - 4 > 4 e + e^2, and |z| <= 2 - e where |z|^2 - 4 <= -4 e, both exactly if e is 0.
        let excess = self.z.norm_sqr_minus_4();
        let e4 = up(self.radius * FloatExp::from(4.0));
        if excess > up(e4 + self.radius * self.radius) {
            Some(true)
        } else if -excess >= e4 {
            Some(false)
        } else {
            None
        }
    }
}

/// A bound enlarged by 2^-40, more than the few roundings of a formula on [`FloatExp`] can take off, 2^-53 each.
fn up(bound: FloatExp) -> FloatExp {
    const MORE: f64 = 1.0 + 1.0 / (1_u64 << 40) as f64;
    bound * FloatExp::from(MORE)
}

/// A disk around an earlier z, iterated as a ball of its own. Once the ball lies in the disk, some iterate of z^2 + c
/// maps the disk into itself; if no ball in between reached beyond |z| = 2, no orbit that starts in the disk escapes.
///
/// The radius of the disk is the square root of the error of z: large against that error, and small enough that at an
/// attracting cycle a period of iterations shrinks the disk.
struct Trap {
    z: ComplexFixed,
    disk: FloatExp,
    /// The radius of the ball around the present z that holds the image of the disk.
    radius: FloatExp,
}

impl Trap {
    /// The disk around z, whose error is at most `e`. Without errors it is a point, mapped into itself if z is periodic.
    fn new(z: &ComplexFixed, e: FloatExp) -> Self {
        let root = up(e.sqrt());
        let disk = if root > e { root } else { e };
        Self { z: z.clone(), disk, radius: disk }
    }

    /// Whether the ball around `z` lies in the disk.
    fn holds(&self, z: &ComplexFixed) -> bool {
        self.radius <= self.disk && up(self.z.distance(z) + self.radius) <= self.disk
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::complex::parse_complex;

    #[test]
    fn too_few_bits_are_an_error_and_never_a_wrong_count() {
        let c = parse_complex("-0.447,0.561").expect("a point");
        let bailout = Bailout::new(2000).expect("a limit");
        match escape_within(&c, bailout, FIRST_BITS, &|| false) {
            Err(Error::Undecided { bits, .. }) => assert_eq!(bits, FIRST_BITS),
            other => panic!("{other:?}"),
        }
        let decided = exact_escape(&c, bailout).expect("decided");
        assert_eq!((decided.escape.n(), decided.bits), (Some(1468), 256));
    }

    #[test]
    fn an_orbit_that_is_stopped_has_no_count() {
        let c = parse_complex("-0.447,0.561").expect("a point");
        let bailout = Bailout::new(2000).expect("a limit");
        assert_eq!(exact_escape_until(&c, bailout, &|| true), Ok(None));
    }

    #[test]
    fn whole_numbers_need_no_bits() {
        let bailout = Bailout::new(Bailout::MAX_ITER).expect("a limit");
        for (c, n) in [("i", None), ("-1-i", Some(3)), ("2", Some(2)), ("-2i", Some(2))] {
            let c = parse_complex(c).expect(c);
            let found = exact_escape(&c, bailout).expect("decided");
            assert_eq!((found.escape.n(), found.bits), (n, 0));
        }
    }
}

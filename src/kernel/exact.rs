//! One point, iterated with proof: its count is that of exact arithmetic, for any number of digits.
//!
//! Every z is a ball, a center in fixed point and a radius that no error exceeds. A count is said only where the whole
//! ball lies on one side of |z| = 2; where it does not, the orbit starts again with more bits.

use dashu_int::IBig;
use num_complex::Complex;

use super::Bailout;
use super::scalar::fraction;
use crate::fixed::Fixed;
use crate::floatexp::FloatExp;
use crate::{Decimal, Error, Escape};

/// A proven result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExactEscape {
    /// The count is exact. The fraction is that of an `f64` orbit which starts beyond |z| = 4.
    pub escape: Escape,
    /// Bits behind the binary point that decided the count; 0 where whole numbers did.
    pub bits: usize,
}

/// The bits that the first try has.
const FIRST_BITS: usize = 128;
/// The most bits that are tried. An orbit near the boundary eats about one bit a step, so these last for 10^6 steps.
const MAX_BITS: usize = 1 << 20;
/// A center is kept to 2^-GUARD of its radius, so that rounding, by 3 units, makes the radius larger by less than 2^-30.
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
/// assert_eq!(exact_escape(&tip, bailout)?.escape.n(), None); // |z_n| = 2 for ever, and 2 is not beyond 2
/// # Ok::<(), mandel::Error>(())
/// ```
///
/// # Errors
/// [`Error::Limit`] if a million bits do not decide the count. An error of z at most quadruples in a step, so this
/// takes hundreds of thousands of steps, or a point whose orbit comes to |z| = 2 exactly and is none of those that are
/// recognized: |c| = 2, and all points whose parts are whole numbers.
pub fn exact_escape(c: &Complex<Decimal>, bailout: Bailout) -> Result<ExactEscape, Error> {
    escape_within(c, bailout, MAX_BITS)
}

/// [`exact_escape`] with at most `max_bits`.
fn escape_within(c: &Complex<Decimal>, bailout: Bailout, max_bits: usize) -> Result<ExactEscape, Error> {
    let point = Ratio::new(c);
    let far = point.is_beyond_2();
    if !far && point.is_in_known_part() {
        return Ok(ExactEscape { escape: Escape::NONE, bits: 0 });
    }
    let mut bits = if point.is_whole() { 0 } else { FIRST_BITS };
    loop {
        let c = Fixed::new(c, bits);
        let undecided = match iterate(&c, point.is_whole(), far, bailout) {
            Run::Decided(escape) => return Ok(ExactEscape { escape, bits }),
            Run::Undecided(n) => n,
        };
        if bits >= max_bits {
            return Err(Error::Limit(format!(
                "{max_bits} bits do not tell whether this point has escaped after {undecided} iterations, and more \
                 are not tried; a max_iter below {undecided} gets an answer"
            )));
        }
        // If errors go on growing as they did, this reaches the last step, with an eighth to spare.
        let steps = undecided.min(bailout.max_iter.into());
        let last = (bits as u64 * u64::from(bailout.max_iter) / steps) as usize;
        bits = (last + last / 8 + 64).min(2 * bits).next_multiple_of(64).min(max_bits);
    }
}

/// A point as whole numbers, `(x + i y) / unit`, for what must be decided exactly.
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

    /// Whether both parts are whole numbers; those of all z are then, and nothing is ever rounded.
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

/// What one precision made of an orbit.
enum Run {
    Decided(Escape),
    /// The ball is too large after this step.
    Undecided(u64),
}

/// Iterates balls around z. `c` is rounded down to its bits, or `whole` and exact; `far` tells whether |c| > 2.
///
/// A ball of center z and radius e goes to one of center z^2 + c and radius (2 |z| + e) e, since
/// |(z + d)^2 - z^2| = |2 z + d| |d|. Rounding z^2 and c down moves each part of the center by less than 2 units of the
/// last bit and the center by less than 3.
fn iterate(c: &Fixed, whole: bool, far: bool, bailout: Bailout) -> Run {
    let max_iter = u64::from(bailout.max_iter);
    let mut c_now = c.clone();
    let (mut z, mut size, mut e) = (Fixed::zero(), FloatExp::ZERO, FloatExp::ZERO);
    let mut trap: Option<Trap> = None;
    let mut count = None;
    let mut n = 0;
    loop {
        n += 1;
        let image = |radius: FloatExp| up((size + size + radius) * radius);
        e = image(e);
        let mut rounding = FloatExp::ZERO;
        if !whole {
            // Bits far below the radius say nothing; an orbit that loses digits step by step gets faster on the way.
            let bits = (GUARD - e.exponent()).max(64) as usize;
            let bits = bits.next_multiple_of(64).min(c.bits());
            if bits != c_now.bits() {
                c_now = c.with_bits(bits);
            }
            rounding = FloatExp::new(3.0, -(bits as i32));
        }
        e = up(e + rounding);
        if let Some(trap) = &mut trap {
            trap.radius = up(image(trap.radius) + rounding);
        }
        z = z.square_add(&c_now);
        let float = z.to_float();
        size = up(float.abs());

        if count.is_none() {
            let beyond = if n == 1 { Some(far) } else { is_beyond_2(&z, size, e) };
            match beyond {
                None => return Run::Undecided(n),
                Some(true) => count = Some(n as u32),
                Some(false) if n >= max_iter => return Run::Decided(Escape::NONE),
                Some(false) => {
                    trap = trap.filter(|trap| up(size + trap.radius) <= FloatExp::from(2.0));
                    if trap.as_ref().is_some_and(|trap| trap.holds(&z)) {
                        return Run::Decided(Escape::NONE);
                    }
                    // Cycles of any length are found as R. Brent does (BIT 20, 1980).
                    if n >= 8 && n.is_power_of_two() {
                        trap = Some(Trap::new(&z, e));
                    }
                }
            }
        }
        if let Some(count) = count {
            if !bailout.is_smooth() {
                return Run::Decided(Escape::new(count, 0.0));
            }
            // Close to -2 an orbit leaves |z| = 2 so slowly that f64 would never see it go.
            if e.exponent() > FRACTION_ERROR {
                return Run::Undecided(n);
            }
            if size > FloatExp::from(4.0) {
                let steps = n as u32 - count;
                let fraction = fraction(float.to_f64(), c.to_float().to_f64(), steps, bailout);
                return Run::Decided(Escape::new(count, fraction));
            }
        }
    }
}

/// A bound that holds whatever the few roundings of a formula on [`FloatExp`] did, 2^-53 each.
fn up(bound: FloatExp) -> FloatExp {
    const MORE: f64 = 1.0 + 1.0 / (1_u64 << 40) as f64;
    bound * FloatExp::from(MORE)
}

/// Whether |w| > 2 for all w within `e` of `z`, or for none of them. `size` is |z|, too large by 2^-39 of it at most.
fn is_beyond_2(z: &Fixed, size: FloatExp, e: FloatExp) -> Option<bool> {
    const MARGIN: f64 = 1.0 / (1_u64 << 32) as f64;
    let (size, radius) = (size.to_f64(), e.to_f64());
    if size > 2.0 + radius + MARGIN {
        return Some(true);
    }
    if size + radius + MARGIN < 2.0 {
        return Some(false);
    }
    // |z| > 2 + e where |z|^2 - 4 > 4 e + e^2, and |z| <= 2 - e where |z|^2 - 4 <= -4 e, both exactly if e is 0.
    let excess = z.norm_minus_4();
    let e4 = up(e * FloatExp::from(4.0));
    if excess > up(e4 + e * e) {
        Some(true)
    } else if -excess >= e4 {
        Some(false)
    } else {
        None
    }
}

/// A disk that may turn out to be mapped into itself. An orbit in it never leaves.
///
/// The disk around an earlier z is iterated as a ball of its own. It has come home when the ball lies in the disk; if
/// no ball on the way reached beyond |z| = 2, no later one does either. Its radius, the square root of the orbit's
/// error, is large beside that error, and small enough that a disk at an attracting cycle shrinks on its way round.
struct Trap {
    z: Fixed,
    disk: FloatExp,
    /// The radius of the ball that the disk has become, around the present z.
    radius: FloatExp,
}

impl Trap {
    /// A disk around z, which is known to `e`. Where nothing is rounded the disk is a point, and comes home if z does.
    fn new(z: &Fixed, e: FloatExp) -> Self {
        let root = up(e.sqrt());
        let disk = if root > e { root } else { e };
        Self { z: z.clone(), disk, radius: disk }
    }

    /// Whether the ball around `z` lies in the disk.
    fn holds(&self, z: &Fixed) -> bool {
        self.radius <= self.disk && up(self.z.to(z).abs() + self.radius) <= self.disk
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_complex;

    #[test]
    fn too_few_bits_are_an_error_and_never_a_wrong_count() {
        let c = parse_complex("-0.447,0.561").expect("a point");
        let bailout = Bailout::new(2000).expect("a limit");
        match escape_within(&c, bailout, FIRST_BITS) {
            Err(Error::Limit(text)) => assert!(text.contains("max_iter below"), "{text}"),
            other => panic!("{other:?}"),
        }
        let decided = escape_within(&c, bailout, MAX_BITS).expect("decided");
        assert_eq!((decided.escape.n(), decided.bits), (Some(1468), 256));
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

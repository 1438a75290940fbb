//! The orbit that all samples of a deep view are compared with.
//!
//! # How many bits
//!
//! An error of Z_m is as good as an error of C that is |dZ_m/dC| times smaller. C must be known to a fraction of the
//! distance between two samples, so Z_m needs as many bits fewer as the derivative has grown by then. On a typical way down
//! the derivative grows evenly, which halves the bits on average and takes away three fifths of the work.
//!
//! # How far
//!
//! The orbit ends where the samples, to first order a disk of radius r |dZ_m/dC| around Z_m, come to
//! surround 0. (That m is a period of the view, as for the smallest copy of the set in it; C. Heiland-Allen, "Deep
//! zoom theory and practice", 2021.) From there all samples can be compared with the orbit from its start, and what that rounds off is
//! 2^-53 of the disk. So a long orbit is stored once round, without the nucleus of the copy having to be found.

use num_complex::Complex;

use crate::Decimal;
use crate::fixed::Fixed;
use crate::floatexp::{ComplexExp, FloatExp};

/// Z_0 = 0, Z_1, Z_2, ... of a point in or near the view, rounded to `f64`.
pub struct ReferenceOrbit {
    z: Vec<Complex<f64>>,
    /// Those Z_m that are too small for `f64`, by m.
    tiny: Vec<(u32, ComplexExp)>,
    /// 4 - |Z_m|^2 where that is small, by m.
    gaps: Vec<(u32, FloatExp)>,
    end: End,
}

/// Why an orbit has the length that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The last Z is beyond |Z| = 4.
    Escaped,
    /// The view around the last Z contains 0: that many steps are a period of the view.
    Period,
    /// More steps are never asked for.
    Limit,
}

/// Numbers below 2 to this power are kept with their exponent; `f64` itself ends at 2^-1022.
const TINY: i32 = -960;
/// Below this, `f64` has lost so many bits of 4 - |Z|^2 that it is kept apart.
const SMALL_GAP: f64 = 1e-4;
/// Bits beyond those that tell one sample from the next.
///
/// They stand for 2^-48 of the distance between two samples. For samples at the edge of a picture, thousands of those
/// from the reference, errors then stay below what `f64` rounds off.
pub const GUARD: i32 = 48;

impl ReferenceOrbit {
    /// The orbit of `c` for samples that lie `spacing` apart within `radius` of it.
    pub fn new(c: &Complex<Decimal>, spacing: FloatExp, radius: FloatExp, max_iter: u32) -> Self {
        let finest = (GUARD - spacing.exponent()).max(64) as usize;
        // A derivative below 1 asks for a few bits more.
        let exact = Fixed::new(c, finest + 128);
        let mut c_now = exact.with_bits(finest.next_multiple_of(64) + 64);
        let mut high = Fixed::zero();
        let mut orbit = Self { z: vec![Complex::ZERO], tiny: Vec::new(), gaps: Vec::new(), end: End::Limit };
        let mut z = ComplexExp::ZERO;
        let mut derivative = ComplexExp::ZERO;
        for m in 1..=max_iter {
            derivative = (z * derivative).shifted(1) + ComplexExp::ONE;
            let needed = (finest as i32 - derivative.exponent()).max(64) as usize;
            // Cut down in steps of two words, since each costs a copy of c.
            if needed > c_now.bits() || needed + 128 < c_now.bits() {
                c_now = exact.with_bits(needed.next_multiple_of(64).min(exact.bits()));
            }
            high = high.square_add(&c_now);
            z = high.to_float();
            if z.exponent() < TINY {
                orbit.tiny.push((m, z));
            }
            let near = z.to_f64();
            let mut gap = FloatExp::from(4.0 - near.norm_sqr());
            if gap.abs() < FloatExp::from(SMALL_GAP) {
                gap = -high.norm_minus_4();
                orbit.gaps.push((m, gap));
            }
            orbit.z.push(near);
            // Samples that have just escaped need it further, until they are well outside.
            if z.exponent() >= 2 {
                orbit.end = End::Escaped;
                break;
            }
            if z.abs() < radius * derivative.abs() {
                orbit.end = End::Period;
                break;
            }
        }
        orbit
    }

    /// All Z as `f64`, from Z_0 to the last one.
    pub fn z(&self) -> &[Complex<f64>] {
        &self.z
    }

    /// Why there are no more.
    pub fn end(&self) -> End {
        self.end
    }

    /// Z_m with its whole range.
    pub fn exact(&self, m: u32) -> ComplexExp {
        find(&self.tiny, m).unwrap_or_else(|| self.z[m as usize].into())
    }

    /// 4 - |Z_m|^2 with all its bits.
    pub fn gap(&self, m: u32) -> FloatExp {
        find(&self.gaps, m).unwrap_or_else(|| FloatExp::from(4.0 - self.z[m as usize].norm_sqr()))
    }
}

fn find<T: Copy>(list: &[(u32, T)], m: u32) -> Option<T> {
    list.binary_search_by_key(&m, |&(m, _)| m).ok().map(|i| list[i].1)
}

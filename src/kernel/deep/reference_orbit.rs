//! The orbit that all samples of a deep view are compared with.

use num_complex::Complex;

use crate::Decimal;
use crate::fixed::Fixed;
use crate::floatexp::{ComplexExp, FloatExp};

/// Z_0 = 0, Z_1, Z_2, ... of a point in or near the view, rounded to `f64`.
pub struct ReferenceOrbit {
    /// Z_m for m from 0 to the last one.
    z: Vec<Complex<f64>>,
    /// Those Z_m that are too small for `f64`, by m.
    tiny: Vec<(u32, ComplexExp)>,
    ended: End,
}

/// Why an orbit has the length that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The last Z is beyond |Z| = 2.
    Escaped,
    /// The view around the last Z contains 0: that many steps are a period of the view.
    Period,
    /// More steps are never asked for.
    Limit,
}

/// Numbers below 2 to this power are kept with their exponent; f64 itself ends at 2^-1022.
const TINY: i32 = -960;
/// Bits beyond those that tell one sample from the next.
pub const GUARD: i32 = 48;

impl ReferenceOrbit {
    /// The orbit of `c` for samples that lie `spacing` apart within `radius` of it.
    pub fn new(c: &Complex<Decimal>, spacing: FloatExp, radius: FloatExp, max_iter: u32) -> Self {
        let finest = (GUARD - spacing.exponent()).max(64) as usize;
        let exact = Fixed::new(c, finest + 128);
        let mut c_now = exact.with_bits(finest.next_multiple_of(64) + 64);
        let mut high = Fixed::zero();
        let mut z = vec![Complex::new(0.0, 0.0)];
        let mut tiny = Vec::new();
        let mut ended = End::Limit;
        let mut last = ComplexExp::ZERO;
        // How far z moves where c does.
        let mut derivative = ComplexExp::ZERO;
        for m in 1..=max_iter {
            derivative = (last * derivative).shifted(1) + ComplexExp::ONE;
            // An error of z is as good as one of c, as many times smaller as the derivative is large.
            let needed = (finest as i32 - derivative.exponent()).max(64) as usize;
            if needed > c_now.bits() || needed + 128 < c_now.bits() {
                c_now = exact.with_bits(needed.next_multiple_of(64).min(exact.bits()));
            }
            high = high.square_add(&c_now);
            last = high.to_float();
            let near = last.to_f64();
            if last.chebyshev().exponent() < TINY {
                tiny.push((m, last));
            }
            z.push(near);
            if near.norm_sqr() > 4.0 {
                ended = End::Escaped;
                break;
            }
            if last.abs() < radius * derivative.abs() {
                ended = End::Period;
                break;
            }
        }
        Self { z, tiny, ended }
    }

    pub fn z(&self) -> &[Complex<f64>] {
        &self.z
    }

    pub fn end(&self) -> End {
        self.ended
    }

    /// Z_m with its whole range.
    pub fn exact(&self, m: u32) -> ComplexExp {
        match self.tiny.binary_search_by_key(&m, |&(m, _)| m) {
            Ok(i) => self.tiny[i].1,
            Err(_) => self.z[m as usize].into(),
        }
    }
}

//! Complex numbers with the exponent range of [`FloatExp`].

use std::ops::{Add, Div, Mul, Neg, Sub};

use num_complex::Complex;

use crate::number::floatexp::{FloatExp, ZERO_EXPONENT, exponent_of, power, scaled};

/// A complex number `(re + i im) * 2^exponent`: one exponent for both parts, chosen so that the larger one is from 1 to
/// below 2 in size and keeps 53 bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ComplexExp {
    re: f64,
    im: f64,
    exponent: i32,
}

impl ComplexExp {
    /// 0.
    pub const ZERO: Self = Self { re: 0.0, im: 0.0, exponent: ZERO_EXPONENT };
    /// 1.
    pub const ONE: Self = Self { re: 1.0, im: 0.0, exponent: 0 };

    /// `(re + i im) * 2^exponent`, for any finite parts.
    #[inline(always)]
    pub fn new(re: f64, im: f64, exponent: i32) -> Self {
        let size = re.abs().max(im.abs());
        if size.is_normal() {
            let shift = exponent_of(size);
            // Two factors, since 2^1023 has no normal inverse.
            let half = shift / 2;
            let (a, b) = (power(-half), power(half - shift));
            Self { re: re * a * b, im: im * a * b, exponent: exponent + shift }
        } else if size == 0.0 {
            Self::ZERO
        } else {
            Self::new(re * power(100), im * power(100), exponent - 100)
        }
    }

    /// The number with these parts.
    pub fn from_parts(re: FloatExp, im: FloatExp) -> Self {
        let exponent = re.exponent.max(im.exponent);
        let part = |x: FloatExp| scaled(x.mantissa, (x.exponent - exponent).max(-2000));
        Self::new(part(re), part(im), exponent)
    }

    /// The nearest complex `f64`; a part out of range becomes 0 or infinite.
    #[inline(always)]
    pub fn to_f64(self) -> Complex<f64> {
        Complex::new(scaled(self.re, self.exponent), scaled(self.im, self.exponent))
    }

    /// Real and imaginary part.
    pub fn parts(self) -> (FloatExp, FloatExp) {
        (FloatExp::new(self.re, self.exponent), FloatExp::new(self.im, self.exponent))
    }

    /// max(|re|, |im|), the Chebyshev norm.
    #[inline(always)]
    pub fn chebyshev(self) -> FloatExp {
        FloatExp::new(self.re.abs().max(self.im.abs()), self.exponent)
    }

    /// The absolute value.
    #[inline(always)]
    pub fn abs(self) -> FloatExp {
        FloatExp::new((self.re * self.re + self.im * self.im).sqrt(), self.exponent)
    }

    /// The exponent: the larger part is at least 2^exponent and below 2^(exponent + 1). Very negative for 0.
    #[inline(always)]
    pub fn exponent(self) -> i32 {
        self.exponent
    }

    /// This number times 2^exponent.
    #[inline(always)]
    pub fn shifted(self, exponent: i32) -> Self {
        Self {
            exponent: if self.exponent == ZERO_EXPONENT { ZERO_EXPONENT } else { self.exponent + exponent },
            ..self
        }
    }

    /// Real and imaginary part as they are stored, in units of 2^exponent.
    #[inline(always)]
    pub fn mantissas(self) -> (f64, f64) {
        (self.re, self.im)
    }
}

impl From<Complex<f64>> for ComplexExp {
    #[inline(always)]
    fn from(z: Complex<f64>) -> Self {
        Self::new(z.re, z.im, 0)
    }
}

impl Mul for ComplexExp {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let re = self.re * other.re - self.im * other.im;
        let im = self.re * other.im + self.im * other.re;
        Self::new(re, im, (self.exponent + other.exponent).max(ZERO_EXPONENT))
    }
}

impl Add for ComplexExp {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let (large, small) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        let shift = small.exponent - large.exponent;
        if shift < -1000 {
            return large;
        }
        let unit = power(shift);
        Self::new(large.re + small.re * unit, large.im + small.im * unit, large.exponent)
    }
}

impl Neg for ComplexExp {
    type Output = Self;
    fn neg(self) -> Self {
        Self { re: -self.re, im: -self.im, exponent: self.exponent }
    }
}

impl Sub for ComplexExp {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Div for ComplexExp {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let norm_sqr = other.re * other.re + other.im * other.im;
        let re = self.re * other.re + self.im * other.im;
        let im = self.im * other.re - self.re * other.im;
        Self::new(re / norm_sqr, im / norm_sqr, self.exponent - other.exponent)
    }
}

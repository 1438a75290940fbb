//! High precision: complex numbers in fixed point, with any number of bits.
//!
//! Orbits are followed only while |z| is small, so their points need no exponent.

use dashu_int::ops::BitTest;
use dashu_int::{IBig, Sign};
use num_complex::Complex;

use crate::number::complexexp::ComplexExp;
use crate::number::decimal::Decimal;
use crate::number::floatexp::FloatExp;

/// A complex number `(re + i im) / 2^bits`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ComplexFixed {
    re: IBig,
    im: IBig,
    bits: usize,
}

impl ComplexFixed {
    /// The number, rounded down to `bits` bits behind the binary point.
    pub(crate) fn new(c: &Complex<Decimal>, bits: usize) -> Self {
        Self { re: c.re.to_fixed(bits), im: c.im.to_fixed(bits), bits }
    }

    /// 0.
    pub(crate) fn zero() -> Self {
        Self { re: IBig::ZERO, im: IBig::ZERO, bits: 0 }
    }

    /// Bits behind the binary point.
    pub(crate) fn bits(&self) -> usize {
        self.bits
    }

    /// This number with another number of bits, rounded down.
    pub(crate) fn with_bits(&self, bits: usize) -> Self {
        Self { re: shifted(&self.re, self.bits, bits), im: shifted(&self.im, self.bits, bits), bits }
    }

    /// self^2 + c, rounded down to the bits of `c`.
    ///
    /// Three squarings, since 2xy = (x + y)^2 - x^2 - y^2, and a squaring costs less than a product.
    pub(crate) fn square_add(&self, c: &Self) -> Self {
        let (x2, y2) = (IBig::from(self.re.sqr()), IBig::from(self.im.sqr()));
        let xy2 = IBig::from((&self.re + &self.im).sqr()) - &x2 - &y2;
        let from = 2 * self.bits;
        Self {
            re: shifted(&(x2 - y2), from, c.bits) + &c.re,
            im: shifted(&xy2, from, c.bits) + &c.im,
            bits: c.bits,
        }
    }

    /// |self|^2 - 4, computed exactly and then rounded to 53 bits, so that its sign is exact.
    pub(crate) fn norm_sqr_minus_4(&self) -> FloatExp {
        let norm_sqr = IBig::from(self.re.sqr()) + IBig::from(self.im.sqr());
        float(&(norm_sqr - (IBig::from(4) << (2 * self.bits))), -(2 * self.bits as i64))
    }

    /// self - other, with the bits of this number.
    pub(crate) fn minus(&self, other: &ComplexLong) -> Self {
        let part = |x: &IBig| match usize::try_from(-other.exponent) {
            Ok(bits) => shifted(x, bits, self.bits),
            Err(_) => x << (self.bits + other.exponent.unsigned_abs() as usize),
        };
        Self { re: &self.re - part(&other.re), im: &self.im - part(&other.im), bits: self.bits }
    }

    /// |self - other|, to 53 bits.
    pub(crate) fn distance(&self, other: &Self) -> FloatExp {
        let bits = self.bits.max(other.bits);
        let (a, b) = (self.with_bits(bits), other.with_bits(bits));
        Self { re: a.re - b.re, im: a.im - b.im, bits }.to_float().abs()
    }

    /// The nearest number with `digits` digits behind the decimal point.
    pub(crate) fn to_decimal(&self, digits: usize) -> Complex<Decimal> {
        let ten = IBig::from(10).pow(digits);
        let half = (IBig::ONE << self.bits) >> 1;
        let part = |x: &IBig| Decimal::new((x * &ten + &half) >> self.bits, -(digits as i64));
        Complex::new(part(&self.re), part(&self.im))
    }

    /// This number to 53 bits.
    pub(crate) fn to_float(&self) -> ComplexExp {
        let exponent = -(self.bits as i64);
        ComplexExp::from_parts(float(&self.re, exponent), float(&self.im, exponent))
    }
}

/// A complex number `(re + i im) * 2^exponent` with any number of significant bits.
///
/// Derivatives of orbits grow without bound, so they need the exponents of [`ComplexExp`] and a longer mantissa.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ComplexLong {
    re: IBig,
    im: IBig,
    exponent: i64,
}

impl ComplexLong {
    /// `(re + i im) * 2^exponent`.
    pub(crate) fn new(re: i32, im: i32, exponent: i32) -> Self {
        Self { re: re.into(), im: im.into(), exponent: exponent.into() }
    }

    /// 0.
    pub(crate) fn zero() -> Self {
        Self::new(0, 0, 0)
    }

    /// Whether this is 0.
    pub(crate) fn is_zero(&self) -> bool {
        self.re.is_zero() && self.im.is_zero()
    }

    /// This number, rounded down to `bits` bits of its larger part.
    pub(crate) fn rounded(self, bits: usize) -> Self {
        let length = self.re.bit_len().max(self.im.bit_len());
        let Some(extra @ 1..) = length.checked_sub(bits) else { return self };
        Self { re: self.re >> extra, im: self.im >> extra, exponent: self.exponent + extra as i64 }
    }

    /// 2 z self + 1 to `bits` bits: dZ_{n+1}/dc, if this is dZ_n/dc and `z` is Z_n.
    pub(crate) fn advanced(&self, z: &ComplexFixed, bits: usize) -> Self {
        let one = Self { re: IBig::ONE << bits, im: IBig::ZERO, exponent: -(bits as i64) };
        if self.is_zero() {
            return one;
        }
        let z = Self::from(z.clone()).rounded(bits);
        let (ac, bd) = (&self.re * &z.re, &self.im * &z.im);
        let sum = (&self.re + &self.im) * (&z.re + &z.im);
        let im = sum - &ac - &bd;
        Self { re: ac - bd, im, exponent: self.exponent + z.exponent + 1 }
            .rounded(bits)
            .plus(&one)
            .rounded(bits)
    }

    /// The sum, rounded down to the coarser of the two units.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        for (one, rest) in [(self, other), (other, self)] {
            if one.is_zero() {
                return rest.clone();
            }
        }
        let exponent = self.exponent.max(other.exponent);
        let part = |x: &IBig, from: i64| x >> (exponent - from) as usize;
        Self {
            re: part(&self.re, self.exponent) + part(&other.re, other.exponent),
            im: part(&self.im, self.exponent) + part(&other.im, other.exponent),
            exponent,
        }
    }

    /// self / other to about `bits` bits; `None` if `other` is 0.
    pub(crate) fn over(&self, other: &Self, bits: usize) -> Option<Self> {
        let a = self.clone().rounded(bits);
        let b = other.clone().rounded(bits);
        let norm_sqr = IBig::from(b.re.sqr()) + IBig::from(b.im.sqr());
        if norm_sqr.is_zero() {
            return None;
        }
        // Makes the numerator at least `bits` bits longer than the denominator.
        let shift = bits + norm_sqr.bit_len();
        let re = (&a.re * &b.re + &a.im * &b.im) << shift;
        let im = (&a.im * &b.re - &a.re * &b.im) << shift;
        let quotient =
            Self { re: re / &norm_sqr, im: im / &norm_sqr, exponent: a.exponent - b.exponent - shift as i64 };
        Some(quotient.rounded(bits))
    }

    /// This number to 53 bits.
    pub(crate) fn to_float(&self) -> ComplexExp {
        ComplexExp::from_parts(float(&self.re, self.exponent), float(&self.im, self.exponent))
    }
}

impl From<ComplexFixed> for ComplexLong {
    fn from(z: ComplexFixed) -> Self {
        Self { re: z.re, im: z.im, exponent: -(z.bits as i64) }
    }
}

/// x * 2^exponent, to 53 bits.
pub(crate) fn float(x: &IBig, exponent: i64) -> FloatExp {
    let (sign, words) = x.as_sign_words();
    // The two highest words hold at least 64 bits.
    let top = words.len().saturating_sub(2);
    let high = words[top..].iter().rev().fold(0, |high, word| high << 64 | u128::from(*word));
    let size = FloatExp::new(high as f64, (64 * top as i64 + exponent) as i32);
    if sign == Sign::Negative { -size } else { size }
}

/// x / 2^from as a multiple of 2^-to, rounded down.
fn shifted(x: &IBig, from: usize, to: usize) -> IBig {
    if from >= to { x >> (from - to) } else { x << (to - from) }
}

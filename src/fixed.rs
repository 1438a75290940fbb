//! High precision: complex numbers in fixed point, as many bits as asked for.
//!
//! Orbits of interest stay below |z| = 4, so a binary point that never moves does the work of an exponent. The whole
//! numbers underneath are those of the dashu crate.

use dashu_int::{IBig, Sign};
use num_complex::Complex;

use crate::Decimal;
use crate::floatexp::{ComplexExp, FloatExp};

/// A complex number `(re + i im) / 2^bits`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    re: IBig,
    im: IBig,
    bits: usize,
}

impl Fixed {
    /// The number, rounded down to `bits` bits behind the binary point.
    pub fn new(c: &Complex<Decimal>, bits: usize) -> Self {
        Self { re: c.re.to_fixed(bits), im: c.im.to_fixed(bits), bits }
    }

    /// 0.
    pub fn zero() -> Self {
        Self { re: IBig::ZERO, im: IBig::ZERO, bits: 0 }
    }

    /// Bits behind the binary point.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// This number with another number of bits, rounded down.
    pub fn with_bits(&self, bits: usize) -> Self {
        Self { re: shifted(&self.re, self.bits, bits), im: shifted(&self.im, self.bits, bits), bits }
    }

    /// self^2 + c, rounded down to the bits of `c`.
    ///
    /// Three squarings, since 2xy = (x + y)^2 - x^2 - y^2, and a squaring costs less than a product.
    pub fn square_add(&self, c: &Self) -> Self {
        let (x2, y2) = (IBig::from(self.re.sqr()), IBig::from(self.im.sqr()));
        let xy2 = IBig::from((&self.re + &self.im).sqr()) - &x2 - &y2;
        let from = 2 * self.bits;
        Self {
            re: shifted(&(x2 - y2), from, c.bits) + &c.re,
            im: shifted(&xy2, from, c.bits) + &c.im,
            bits: c.bits,
        }
    }

    /// |self|^2 - 4, computed exactly and then rounded to 53 bits: its sign is right.
    pub fn norm_minus_4(&self) -> FloatExp {
        let norm = IBig::from(self.re.sqr()) + IBig::from(self.im.sqr());
        to_float(&(norm - (IBig::from(4) << (2 * self.bits))), 2 * self.bits)
    }

    /// |self - other|, from an exact difference.
    pub fn distance(&self, other: &Self) -> FloatExp {
        let bits = self.bits.max(other.bits);
        let (a, b) = (self.with_bits(bits), other.with_bits(bits));
        Self { re: a.re - b.re, im: a.im - b.im, bits }.to_float().abs()
    }

    /// The nearest number of 53 bits.
    pub fn to_float(&self) -> ComplexExp {
        ComplexExp::from_parts(to_float(&self.re, self.bits), to_float(&self.im, self.bits))
    }
}

/// x / 2^bits.
fn to_float(x: &IBig, bits: usize) -> FloatExp {
    let (sign, words) = x.as_sign_words();
    // The two highest words hold at least 64 bits.
    let top = words.len().saturating_sub(2);
    let high = words[top..].iter().rev().fold(0, |high, word| high << 64 | u128::from(*word));
    let size = FloatExp::new(high as f64, 64 * top as i32 - bits as i32);
    if sign == Sign::Negative { -size } else { size }
}

/// x / 2^from as a multiple of 2^-to, rounded down.
fn shifted(x: &IBig, from: usize, to: usize) -> IBig {
    if from >= to { x >> (from - to) } else { x << (to - from) }
}

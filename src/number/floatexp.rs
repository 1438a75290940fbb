//! Floats with an exponent of 32 bits: an `f64` times a power of two.
//!
//! A view at 1e1000 has pixels 1e-1003 apart. Such lengths need 53 bits and a large exponent, not a thousand digits.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number `mantissa * 2^exponent`, with 1 <= |mantissa| < 2, or 0.
///
/// Every operation rounds as the one on `f64` does.
///
/// ```
/// use mandel::FloatExp;
/// let tiny = FloatExp::from(1e-200);
/// assert_eq!((tiny * tiny).to_f64(), 0.0);
/// assert_eq!((tiny * tiny / tiny).to_f64(), 1e-200);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FloatExp {
    pub(super) mantissa: f64,
    pub(super) exponent: i32,
}

/// The exponent of 0: below that of any number, and so that sums of two exponents do not overflow.
pub(super) const ZERO_EXPONENT: i32 = i32::MIN / 4;
/// The bits of the exponent of an `f64`.
const EXPONENT_MASK: u64 = 0x7ff << 52;

/// 2^exponent, where that is a normal `f64`.
#[inline(always)]
pub(super) fn power(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// The exponent of |x|, rounded down, where x is a normal `f64`.
#[inline(always)]
pub(super) fn exponent_of(x: f64) -> i32 {
    ((x.to_bits() & EXPONENT_MASK) >> 52) as i32 - 1023
}

/// x * 2^exponent for a normal x; 0 or infinite if out of range.
#[inline(always)]
pub(super) fn scaled(x: f64, exponent: i32) -> f64 {
    if (-1022..=1023).contains(&exponent) {
        x * power(exponent)
    } else if exponent > 0 {
        x * power(1023) * power((exponent - 1023).min(1023))
    } else {
        // For |x| >= 1 the first product is exact, so a subnormal result is rounded once.
        x * power(-969) * power((exponent + 969).max(-1022))
    }
}

impl FloatExp {
    /// 0.
    pub const ZERO: Self = Self { mantissa: 0.0, exponent: ZERO_EXPONENT };
    /// 1.
    pub const ONE: Self = Self { mantissa: 1.0, exponent: 0 };

    /// `mantissa * 2^exponent`. Infinities and NaN are kept.
    #[inline(always)]
    pub fn new(mantissa: f64, exponent: i32) -> Self {
        if mantissa == 0.0 {
            return Self::ZERO;
        }
        if !mantissa.is_finite() {
            return Self { mantissa, exponent: -ZERO_EXPONENT };
        }
        // Subnormal mantissas are scaled to normal ones first.
        let (mantissa, exponent) =
            if mantissa.is_normal() { (mantissa, exponent) } else { (mantissa * power(100), exponent - 100) };
        let shift = exponent_of(mantissa);
        let bits = mantissa.to_bits() & !EXPONENT_MASK | 1.0_f64.to_bits();
        Self { mantissa: f64::from_bits(bits), exponent: exponent + shift }
    }

    /// The nearest `f64`; 0 or infinite if out of range.
    #[inline(always)]
    pub fn to_f64(self) -> f64 {
        scaled(self.mantissa, self.exponent)
    }

    /// The exponent: 2^exponent <= |self| < 2^(exponent + 1). Very negative for 0.
    #[inline(always)]
    pub fn exponent(self) -> i32 {
        self.exponent
    }

    /// The mantissa, from 1 to below 2 in size, or 0.
    pub fn mantissa(self) -> f64 {
        self.mantissa
    }

    /// Whether this is 0.
    pub fn is_zero(self) -> bool {
        self.mantissa == 0.0
    }

    /// |self|.
    #[inline(always)]
    pub fn abs(self) -> Self {
        Self { mantissa: self.mantissa.abs(), exponent: self.exponent }
    }

    /// The square root of a number that is not negative.
    pub fn sqrt(self) -> Self {
        let odd = self.exponent & 1;
        Self::new((self.mantissa * power(odd)).sqrt(), (self.exponent - odd) / 2)
    }
}

impl From<f64> for FloatExp {
    #[inline(always)]
    fn from(x: f64) -> Self {
        Self::new(x, 0)
    }
}

impl Mul for FloatExp {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self::new(self.mantissa * other.mantissa, self.exponent + other.exponent)
    }
}

impl Div for FloatExp {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self::new(self.mantissa / other.mantissa, self.exponent - other.exponent)
    }
}

impl Add for FloatExp {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let (large, small) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        let shift = small.exponent - large.exponent;
        // Below 2^-100 of the larger one, the smaller one does not change the sum.
        if shift < -100 {
            return large;
        }
        Self::new(large.mantissa + small.mantissa * power(shift), large.exponent)
    }
}

impl Neg for FloatExp {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self { mantissa: -self.mantissa, exponent: self.exponent }
    }
}

impl Sub for FloatExp {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl PartialOrd for FloatExp {
    #[inline(always)]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let sign = |x: &Self| x.mantissa.partial_cmp(&0.0);
        match (sign(self)?, sign(other)?) {
            (Ordering::Greater, Ordering::Greater) => {
                (self.exponent, self.mantissa).partial_cmp(&(other.exponent, other.mantissa))
            }
            (Ordering::Less, Ordering::Less) => {
                (other.exponent, self.mantissa).partial_cmp(&(self.exponent, other.mantissa))
            }
            (a, b) => Some(a.cmp(&b)),
        }
    }
}

impl fmt::Display for FloatExp {
    /// Six significant digits without trailing zeros, as C's `%g`: `0.25`, `1.1272e239`. Reads back as a [`crate::Decimal`].
    ///
    /// Integer arithmetic decides the digits, so they are the same on every machine.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0");
        }
        let sign = if self.mantissa < 0.0 { "-" } else { "" };
        let (digits, power) = six_digits(self.mantissa, self.exponent);
        let digits = digits.to_string();
        let digits = digits.trim_end_matches('0');
        let (first, rest) = digits.split_at(1);
        match usize::try_from(power) {
            Ok(power @ 0..=5) if rest.len() <= power => {
                write!(f, "{sign}{digits}{}", "0".repeat(power - rest.len()))
            }
            Ok(power @ 0..=5) => write!(f, "{sign}{}.{}", &digits[..=power], &digits[power + 1..]),
            _ if (-4..0).contains(&power) => {
                write!(f, "{sign}0.{}{digits}", "0".repeat((-power - 1) as usize))
            }
            _ if rest.is_empty() => write!(f, "{sign}{first}e{power}"),
            _ => write!(f, "{sign}{first}.{rest}e{power}"),
        }
    }
}

/// |mantissa| * 2^exponent as `(d, k)`: nearly d * 10^(k - 5), where d has six digits.
///
/// A power of two is made by repeated squaring of numbers of 19 digits. Its error is below 1e-18 times the exponent,
/// so at most 2e-9: the digits are correctly rounded except for numbers that close to a tie.
fn six_digits(mantissa: f64, exponent: i32) -> (u64, i64) {
    const UNIT: u64 = 10_u64.pow(18);
    // (m, k) stands for m * 10^(k - 18), where m has 19 digits.
    let normal = |m: u128, k: i64| {
        let tens = u32::from(m >= u128::from(UNIT) * 10);
        let ten = u128::from(10_u32.pow(tens));
        (((m + ten / 2) / ten) as u64, k + i64::from(tens))
    };
    let times = |(a, j): (u64, i64), (b, k): (u64, i64)| {
        let product = u128::from(a) * u128::from(b);
        let unit = u128::from(UNIT);
        // Rounded once: at 10^18, or at 10^19 where the product has a digit more.
        if product >= unit * unit * 10 {
            (((product + unit * 5) / (unit * 10)) as u64, j + k + 1)
        } else {
            normal((product + unit / 2) / unit, j + k)
        }
    };
    let mut base = if exponent < 0 { (5 * UNIT, -1) } else { (2 * UNIT, 0) };
    let mut result = {
        // 1 <= |mantissa| < 2 in units of 2^-52; the product with 10^18 fits 112 bits.
        let units = (mantissa.to_bits() & !(u64::MAX << 52)) | 1 << 52;
        normal((u128::from(units) * u128::from(UNIT) + (1 << 51)) >> 52, 0)
    };
    let mut left = exponent.unsigned_abs();
    while left > 0 {
        if left & 1 == 1 {
            result = times(result, base);
        }
        base = times(base, base);
        left >>= 1;
    }
    let unit = 10_u64.pow(13);
    match (result.0 + unit / 2) / unit {
        1_000_000 => (100_000, result.1 + 1),
        digits => (digits, result.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_six_digits() {
        for (x, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-0.25, "-0.25"),
            (2.0 / 3.0, "0.666667"),
            (1234.5678, "1234.57"),
            (999_999.6, "1e6"),
            (120_000.0, "120000"),
            (1_250_000.0, "1.25e6"),
            (0.000_123_456_7, "0.000123457"),
            (1e-5, "1e-5"),
            (4e10, "4e10"),
            (-1.5e-300, "-1.5e-300"),
            (f64::MAX, "1.79769e308"),
        ] {
            assert_eq!(FloatExp::from(x).to_string(), text);
        }
        for (exponent, text) in [(33_220, "1.6461e10000"), (-33_220, "6.07497e-10001")] {
            assert_eq!(FloatExp::new(1.0, exponent).to_string(), text);
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for exponent in [-100_000, -1075, -1074, -40, 0, 7, 1023, 1024, 250_001] {
            let x = FloatExp::new(1.234_567_89, exponent);
            let back: crate::Decimal = x.to_string().parse().expect("a number");
            let error = (back.to_floatexp() / x - FloatExp::ONE).abs();
            assert!(error < FloatExp::from(5e-6), "{x}: {error}");
        }
    }
}

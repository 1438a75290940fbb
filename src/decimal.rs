//! Coordinates as exact decimal numbers.
//!
//! What a person types is kept digit for digit; a float is made from it once,
//! correctly rounded, at the place that needs one.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Neg, Sub};
use std::str::FromStr;

use dashu_int::IBig;
use dashu_int::Sign;
use dashu_int::ops::DivEuclid;
use num_complex::Complex;

use crate::Error;
use crate::floatexp::FloatExp;

/// The most digits that a number may have, and the largest power of ten it may carry.
///
/// Far beyond any view ever rendered (the deepest published ones have some
/// 50,000 digits), and small enough that reading a hostile number is instant.
pub const MAX_DIGITS: usize = 100_000;

/// An exact decimal number: an integer times a power of ten.
///
/// ```
/// let half: mandel::Decimal = "-0.5".parse()?;
/// assert_eq!(half.to_f64(), -0.5);
/// assert_eq!((half.clone() + half).to_string(), "-1");
/// # Ok::<(), mandel::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decimal {
    mantissa: IBig,
    exponent: i64,
}

impl Decimal {
    /// `mantissa * 10^exponent`.
    pub(crate) fn new(mantissa: IBig, exponent: i64) -> Self {
        Self { mantissa, exponent }.normal()
    }

    /// The nearest `f64`, correctly rounded; infinite or zero where `f64` ends.
    pub fn to_f64(&self) -> f64 {
        // The standard library rounds a decimal text of any length correctly.
        format!("{}e{}", self.mantissa, self.exponent).parse().unwrap_or(f64::NAN)
    }

    /// This number in units of 2^-bits, rounded down.
    pub(crate) fn to_fixed(&self, bits: usize) -> IBig {
        if self.exponent >= 0 {
            (&self.mantissa * IBig::from(10).pow(self.exponent as usize)) << bits
        } else {
            (&self.mantissa << bits).div_euclid(IBig::from(10).pow(-self.exponent as usize))
        }
    }

    /// The nearest number of 53 bits, with an exponent that does not end at 1e308.
    pub fn to_floatexp(&self) -> FloatExp {
        let value = self.to_f64();
        if value.is_normal() || self.is_zero() {
            return FloatExp::from(value);
        }
        // log2(10) is just below 3.3220; what is left has at least 64 and a few thousand bits at most.
        let bits = (self.digits() as i64 + self.exponent) as f64 * 3.3220;
        let shift = 128 - bits as i64;
        let scaled =
            if shift >= 0 { self.to_fixed(shift as usize) } else { self.to_fixed(0) >> (-shift) as usize };
        let (sign, words) = scaled.as_sign_words();
        let wide = words
            .iter()
            .rev()
            .fold(FloatExp::ZERO, |sum, &word| sum * FloatExp::new(1.0, 64) + FloatExp::from(word as f64));
        let value = wide * FloatExp::new(1.0, -shift as i32);
        if sign == Sign::Negative { -value } else { value }
    }

    /// Half of this number, exactly.
    pub fn half(&self) -> Self {
        Self { mantissa: &self.mantissa * 5, exponent: self.exponent - 1 }.normal()
    }

    /// This number times a whole number, exactly.
    pub fn times(&self, factor: u32) -> Self {
        Self { mantissa: &self.mantissa * factor, exponent: self.exponent }.normal()
    }

    /// Whether this is 0.
    pub fn is_zero(&self) -> bool {
        self.mantissa == IBig::ZERO
    }

    /// Whether this is below 0.
    pub fn is_negative(&self) -> bool {
        self.mantissa < IBig::ZERO
    }

    /// How many significant digits the number has.
    pub fn digits(&self) -> usize {
        self.mantissa.to_string().trim_start_matches('-').len()
    }

    /// How many digits stand behind the decimal point.
    pub fn decimals(&self) -> i64 {
        (-self.exponent).max(0)
    }

    /// Drops trailing zeros, so that equal numbers look the same.
    fn normal(self) -> Self {
        if self.is_zero() {
            return Self { mantissa: IBig::ZERO, exponent: 0 };
        }
        let text = self.mantissa.to_string();
        let kept = text.trim_end_matches('0');
        let zeros = text.len() - kept.len();
        match kept.parse() {
            Ok(mantissa) if zeros > 0 => Self { mantissa, exponent: self.exponent + zeros as i64 },
            _ => self,
        }
    }

    /// This number and another one as whole numbers of one unit, exactly: `(x, y, unit)` for x / unit and y / unit.
    /// The unit is 1 where both are whole.
    pub(crate) fn over_one_unit(&self, other: &Self) -> (IBig, IBig, IBig) {
        let (x, y, exponent) = self.aligned(other);
        let power = IBig::from(10).pow(exponent.unsigned_abs() as usize);
        if exponent >= 0 { (x * &power, y * power, IBig::ONE) } else { (x, y, power) }
    }

    /// Both mantissas over the smaller of the two exponents.
    fn aligned(&self, other: &Self) -> (IBig, IBig, i64) {
        let exponent = self.exponent.min(other.exponent);
        let scaled = |d: &Self| &d.mantissa * IBig::from(10).pow((d.exponent - exponent) as usize);
        (scaled(self), scaled(other), exponent)
    }
}

impl From<FloatExp> for Decimal {
    /// The same number, exactly: every power of two has an end in decimals.
    fn from(x: FloatExp) -> Self {
        // A mantissa has 53 bits, 52 of them behind the point.
        let mantissa = IBig::from((x.mantissa() * (1_u64 << 52) as f64) as i64);
        let exponent = i64::from(x.exponent()) - 52;
        if x.is_zero() {
            Self { mantissa: IBig::ZERO, exponent: 0 }
        } else if exponent >= 0 {
            Self { mantissa: mantissa << exponent as usize, exponent: 0 }.normal()
        } else {
            Self { mantissa: mantissa * IBig::from(5).pow(-exponent as usize), exponent }.normal()
        }
    }
}

impl Add for Decimal {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (a, b, exponent) = self.aligned(&other);
        Self { mantissa: a + b, exponent }.normal()
    }
}

impl Sub for Decimal {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Decimal {
    type Output = Self;
    fn neg(self) -> Self {
        Self { mantissa: -self.mantissa, exponent: self.exponent }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b, _) = self.aligned(other);
        a.cmp(&b)
    }
}

impl fmt::Display for Decimal {
    /// Plain digits where that stays readable, else with a power of ten. Reads back exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.mantissa.to_string();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text.as_str()),
        };
        // Digits before the decimal point; 0 or less means leading zeros after it.
        let point = digits.len() as i64 + self.exponent;
        match point {
            _ if self.exponent >= 0 && point <= 21 => {
                write!(f, "{sign}{digits}{}", "0".repeat(self.exponent as usize))
            }
            1.. if self.exponent < 0 => {
                let (whole, fraction) = digits.split_at(point as usize);
                write!(f, "{sign}{whole}.{fraction}")
            }
            -5..=0 => write!(f, "{sign}0.{}{digits}", "0".repeat(-point as usize)),
            _ => {
                let (first, rest) = digits.split_at(1);
                let dot = if rest.is_empty() { "" } else { "." };
                write!(f, "{sign}{first}{dot}{rest}e{}", point - 1)
            }
        }
    }
}

impl FromStr for Decimal {
    type Err = Error;

    /// Reads `[sign] digits [. digits] [e [sign] digits]`. Digits may be grouped by `_`,
    /// the sign may be U+2212, and one side of the point may be empty.
    fn from_str(text: &str) -> Result<Self, Error> {
        let chars: Vec<char> = text.chars().collect();
        read(&chars, 0)
    }
}

fn wrong(position: usize, problem: impl Into<String>) -> Error {
    Error::Number { position, problem: problem.into() }
}

fn is_sign(c: char) -> bool {
    matches!(c, '+' | '-' | '\u{2212}')
}

/// Reads the whole of `chars` as one number; `start` is where it stands in what was typed.
fn read(chars: &[char], start: usize) -> Result<Decimal, Error> {
    let at = |i: usize| chars.get(i).copied();
    let mut i = 0;
    let negative = matches!(at(0), Some('-' | '\u{2212}'));
    if at(0).is_some_and(is_sign) {
        i += 1;
    }
    if at(i).is_some_and(is_sign) {
        return Err(wrong(start + i, "a second sign"));
    }
    let mut digits = String::new();
    let mut fraction_digits = 0;
    let mut point = false;
    while let Some(c) = at(i) {
        match c {
            '0'..='9' => {
                digits.push(c);
                fraction_digits += i64::from(point);
            }
            '_' if !digits.is_empty() => {}
            '.' if point => return Err(wrong(start + i, "a second decimal point")),
            '.' => point = true,
            _ => break,
        }
        i += 1;
    }
    if digits.is_empty() {
        return Err(match at(i) {
            Some(_) => wrong(start + i, "a digit was expected here"),
            None => wrong(start + i, "a number was expected here"),
        });
    }
    let mut exponent = 0;
    if matches!(at(i), Some('e' | 'E')) {
        let mut power: String = chars[i + 1..].iter().filter(|c| **c != '_').collect();
        power = power.replace('\u{2212}', "-");
        let unsigned = power.strip_prefix(['+', '-']).unwrap_or(&power);
        if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong(start + i, "a whole power of ten was expected after the 'e'"));
        }
        exponent = power.parse().unwrap_or(i64::MAX);
        i = chars.len();
    }
    if i < chars.len() {
        return Err(wrong(start + i, format!("'{}' does not belong in a number", chars[i].escape_default())));
    }
    let significant = digits.trim_start_matches('0');
    if significant.len() > MAX_DIGITS {
        let problem = format!("{} digits; at most {MAX_DIGITS} are read", significant.len());
        return Err(wrong(start, problem));
    }
    if exponent.unsigned_abs() > MAX_DIGITS as u64 {
        return Err(wrong(start, format!("a power of ten beyond 1e{MAX_DIGITS} or 1e-{MAX_DIGITS}")));
    }
    let mut mantissa: IBig =
        if significant.is_empty() { IBig::ZERO } else { significant.parse().unwrap_or(IBig::ZERO) };
    if negative {
        mantissa = -mantissa;
    }
    Ok(Decimal { mantissa, exponent: exponent - fraction_digits }.normal())
}

/// Reads a point of the plane: `-0.75+0.1i`, `-0.75,0.1`, `0.1i`, `-0.75`, with `i` or NumPy's `j`.
///
/// # Errors
/// [`Error::Number`] with the position of the first character that does not fit.
pub fn parse_complex(text: &str) -> Result<Complex<Decimal>, Error> {
    // Blanks are allowed around the parts, not inside a number.
    let trimmed = text.trim_end();
    let chars: Vec<char> = trimmed.chars().collect();
    let lead = chars.iter().take_while(|c| c.is_whitespace()).count();
    let strip = |from: usize, to: usize| -> (usize, usize) {
        let mut from = from;
        while from < to && chars[from].is_whitespace() {
            from += 1;
        }
        let mut to = to;
        while to > from && chars[to - 1].is_whitespace() {
            to -= 1;
        }
        (from, to)
    };
    let number = |from: usize, to: usize| {
        let (from, to) = strip(from, to);
        read(&chars[from..to], from)
    };
    let end = chars.len();
    let zero = || Decimal { mantissa: IBig::ZERO, exponent: 0 };
    if let Some(comma) = chars.iter().position(|&c| c == ',') {
        return Ok(Complex::new(number(0, comma)?, number(comma + 1, end)?));
    }
    let imaginary = matches!(chars.last(), Some('i' | 'j' | 'I' | 'J'));
    let unit = if imaginary { end - 1 } else { end };
    // The sign that starts the imaginary part: not the first character, not that of an exponent,
    // and the first of a run, so that a second sign is found and pointed at.
    let mut split = None;
    for i in lead + 1..unit {
        let before = chars[..i].iter().rev().find(|c| !c.is_whitespace());
        if is_sign(chars[i]) && !matches!(before, Some('e' | 'E')) && before.is_some_and(|c| !is_sign(*c)) {
            split = Some(i);
            break;
        }
    }
    // "i", "-i" and "+i" stand for one unit.
    let imaginary_part = |from: usize| {
        let (start, to) = strip(from, unit);
        let bare: String = chars[start..to].iter().filter(|c| !c.is_whitespace()).collect();
        match bare.as_str() {
            "" | "+" => Ok(Decimal { mantissa: IBig::ONE, exponent: 0 }),
            "-" | "\u{2212}" => Ok(Decimal { mantissa: IBig::NEG_ONE, exponent: 0 }),
            _ => {
                // A blank may stand between the sign and the digits: -0.75 + 0.1i.
                let signed: Vec<char> = chars[start..to].to_vec();
                let blanks = signed.iter().skip(1).take_while(|c| c.is_whitespace()).count();
                if is_sign(signed[0]) && blanks > 0 {
                    let mut tight = vec![signed[0]];
                    tight.extend(&signed[1 + blanks..]);
                    read(&tight, start + blanks)
                } else {
                    read(&signed, start)
                }
            }
        }
    };
    match (imaginary, split) {
        (true, Some(at)) => Ok(Complex::new(number(0, at)?, imaginary_part(at)?)),
        (true, None) => Ok(Complex::new(zero(), imaginary_part(0)?)),
        (false, None) => Ok(Complex::new(number(0, end)?, zero())),
        (false, Some(at)) => {
            number(0, at)?;
            number(at, end)?;
            Err(wrong(end, "the imaginary part needs an 'i' at its end"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().expect(text)
    }

    #[test]
    fn reads_what_people_type() {
        for (text, value) in [
            ("0", 0.0),
            ("-0", 0.0),
            (".5", 0.5),
            ("-.5", -0.5),
            ("5.", 5.0),
            ("+1_000.25", 1000.25),
            ("-1e-5", -1e-5),
            ("\u{2212}2E+3", -2000.0),
            ("0.1", 0.1),
            ("1e-400", 0.0),
            ("1e400", f64::INFINITY),
        ] {
            assert_eq!(decimal(text).to_f64(), value, "{text}");
        }
    }

    #[test]
    fn prints_what_reads_back() {
        for text in
            ["0", "-1", "0.1", "-0.75", "123456789012345678901234567890", "1e-30", "-1.5e200", "0.000001"]
        {
            let value = decimal(text);
            assert_eq!(decimal(&value.to_string()), value, "{text} printed as {value}");
        }
        assert_eq!(decimal("-0.7500").to_string(), "-0.75");
        assert_eq!(decimal("12e2").to_string(), "1200");
        assert_eq!(decimal("1e-9").to_string(), "1e-9");
    }

    #[test]
    fn arithmetic_is_exact() {
        let sum = decimal("0.1") + decimal("1e-30");
        assert_eq!(sum.to_string(), "0.100000000000000000000000000001");
        assert_eq!((sum - decimal("0.1")).to_string(), "1e-30");
        assert_eq!((decimal("-2") + decimal("0.5")).half().to_string(), "-0.75");
        assert!(decimal("-2") < decimal("-1.999999999999999999999999"));
        assert_eq!(decimal("0.3").times(7).to_string(), "2.1");
    }

    #[test]
    fn says_where_a_number_goes_wrong() {
        for (text, at) in
            [("", 0), ("0x10", 1), ("1.2.3", 3), ("--1", 1), ("1e", 1), ("nan", 0), ("inf", 0), ("1e5.5", 1)]
        {
            match text.parse::<Decimal>() {
                Err(Error::Number { position, .. }) => assert_eq!(position, at, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!("9".repeat(MAX_DIGITS + 1).parse::<Decimal>().is_err());
        assert!("1e100001".parse::<Decimal>().is_err());
        assert!("1e99999999999999999999".parse::<Decimal>().is_err());
    }

    #[test]
    fn reads_points_of_the_plane() {
        for (text, re, im) in [
            ("-0.75+0.1i", "-0.75", "0.1"),
            ("-0.75,0.1", "-0.75", "0.1"),
            ("-0.75, -.1", "-0.75", "-0.1"),
            (" -0.75 + 0.1i ", "-0.75", "0.1"),
            ("-0.75-0.1j", "-0.75", "-0.1"),
            ("1e-5-2e-3i", "0.00001", "-0.002"),
            ("0.1i", "0", "0.1"),
            ("-i", "0", "-1"),
            ("1+i", "1", "1"),
            ("-1.75", "-1.75", "0"),
            ("\u{2212}0.5\u{2212}0.25i", "-0.5", "-0.25"),
        ] {
            let c = parse_complex(text).expect(text);
            assert_eq!((c.re, c.im), (decimal(re), decimal(im)), "{text}");
        }
        for (text, at) in
            [("0.25+-0.1", 5), ("0.25+0.1", 8), ("", 0), ("1,2,3", 3), ("1+2k", 3), ("0.25+-0.1i", 5)]
        {
            match parse_complex(text) {
                Err(Error::Number { position, .. }) => assert_eq!(position, at, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}

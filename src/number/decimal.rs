//! Coordinates as exact decimal numbers.
//!
//! A coordinate keeps all the digits that were given. It is rounded once, where a float is needed.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Neg, Sub};
use std::str::FromStr;

use dashu_int::IBig;
use dashu_int::Sign;
use dashu_int::ops::DivEuclid;

use crate::error::{Error, NumberProblem};
use crate::number::floatexp::FloatExp;

/// The most digits that a number may have, and the largest power of ten it may carry.
///
/// More than any published view has (some 50,000), and few enough that any input is read at once.
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

    /// The nearest `f64`, correctly rounded; 0 or infinite if out of range.
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

    /// This number to 53 bits: correctly rounded in the range of normal `f64`, beyond it with a relative error of at most
    /// 2^-51.
    pub fn to_floatexp(&self) -> FloatExp {
        let value = self.to_f64();
        if value.is_normal() || self.is_zero() {
            return FloatExp::from(value);
        }
        // log2(10) is 3.32193, so about 128 bits are left, and rounding down changes less than 2^-64 of it.
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

    /// The decimal with the fewest digits that [`Decimal::to_floatexp`] reads as `x`; `None` if x is not finite.
    pub fn shortest(x: FloatExp) -> Option<Self> {
        if !x.mantissa().is_finite() {
            return None;
        }
        let exact = Self::from(x);
        let length = exact.digits();
        // 17 digits identify a number of 53 bits that is correctly rounded; beyond the range of `f64` it may take more.
        let mut rounded = (1..=40.min(length)).map(|digits| {
            let cut = (length - digits) as i64;
            let unit = IBig::from(10).pow(cut as usize);
            let half: IBig = &unit / 2;
            let sign = if exact.is_negative() { IBig::NEG_ONE } else { IBig::ONE };
            Self::new((&exact.mantissa + half * sign) / unit, exact.exponent + cut)
        });
        rounded.find(|decimal| decimal.to_floatexp() == x).or(Some(exact))
    }

    /// The largest number up to this one, which is above 0, with at most so many significant digits.
    pub(crate) fn rounded_down(&self, digits: usize) -> Self {
        let cut = self.digits().saturating_sub(digits);
        Self::new(&self.mantissa / IBig::from(10).pow(cut), self.exponent + cut as i64)
    }

    /// Half of this number, exactly.
    pub fn half(&self) -> Self {
        Self { mantissa: &self.mantissa * 5, exponent: self.exponent - 1 }.normal()
    }

    /// This number times a whole number, exactly.
    pub fn times(&self, factor: u32) -> Self {
        Self { mantissa: &self.mantissa * factor, exponent: self.exponent }.normal()
    }

    /// This number times a whole one times a power of ten, exactly.
    pub(super) fn scaled(&self, factor: &IBig, exponent: i64) -> Self {
        Self::new(&self.mantissa * factor, self.exponent + exponent)
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

    /// All digits, without a power of ten.
    pub(crate) fn positional(&self) -> String {
        let text = self.mantissa.to_string();
        let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
        let fraction = self.decimals() as usize;
        let digits = "0".repeat((fraction + 1).saturating_sub(digits.len())) + digits;
        let (whole, fraction) = digits.split_at(digits.len() - fraction);
        let zeros = "0".repeat(self.exponent.max(0) as usize);
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{whole}{zeros}{point}{fraction}")
    }

    /// Drops trailing zeros, so that equal numbers have equal parts.
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

    /// Both numbers as exact fractions with one denominator: `(x, y, unit)` for x / unit and y / unit.
    /// The unit is 1 if both are whole.
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

impl From<i32> for Decimal {
    fn from(whole: i32) -> Self {
        Self { mantissa: whole.into(), exponent: 0 }.normal()
    }
}

impl From<FloatExp> for Decimal {
    /// The same number, exactly: every power of two is a finite decimal.
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
    /// Positional notation for short numbers, scientific for others. Reads back exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.mantissa.to_string();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", text.as_str()),
        };
        // Digits before the decimal point; if negative, the number of zeros behind it.
        let point = digits.len() as i64 + self.exponent;
        match point {
            _ if (0..6).contains(&self.exponent) && point <= 21 => {
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

    /// Reads `[sign] digits [. digits] [e [sign] digits]`. Digits may be grouped by `_`, blanks and line breaks,
    /// the sign may be U+2212, and one side of the point may be empty.
    fn from_str(text: &str) -> Result<Self, Error> {
        let chars: Vec<char> = text.chars().collect();
        read(&chars, 0)
    }
}

pub(super) fn wrong(position: usize, problem: NumberProblem) -> Error {
    Error::Number { position, problem }
}

pub(super) fn is_sign(c: char) -> bool {
    matches!(c, '+' | '-' | '\u{2212}')
}

/// Reads the whole of `chars` as one number; positions in errors count from `start`.
pub(super) fn read(chars: &[char], start: usize) -> Result<Decimal, Error> {
    let wrong = |i: usize, problem| Err(wrong(start + i, problem));
    let sign = chars.first().copied().filter(|&c| is_sign(c));
    let first = sign.map_or(0, |_| 1 + chars[1..].iter().take_while(|c| c.is_whitespace()).count());
    if sign.is_some() && chars.get(first).is_some_and(|&c| is_sign(c)) {
        return wrong(first, NumberProblem::SecondSign);
    }
    let (digits, fraction_digits, end) = match read_digits(chars, first) {
        Ok(read) => read,
        Err((i, problem)) => return wrong(i, problem),
    };
    let exponent = match chars.get(end) {
        None => 0,
        Some('e' | 'E') => match read_power(&chars[end + 1..]) {
            Some(power) => power,
            None => return wrong(end, NumberProblem::NoPower),
        },
        Some(&c) => return wrong(end, NumberProblem::Foreign(c)),
    };
    let significant = digits.trim_start_matches('0');
    if significant.len() > MAX_DIGITS {
        return wrong(0, NumberProblem::TooManyDigits { digits: significant.len(), max: MAX_DIGITS });
    }
    let too_large = |power: i64| power.unsigned_abs() > MAX_DIGITS as u64;
    // That of the first digit too, with which the number may be written again.
    let leading = exponent.saturating_add(significant.len() as i64 - fraction_digits - 1);
    if too_large(exponent) || !significant.is_empty() && too_large(leading) {
        return wrong(0, NumberProblem::Power { max: MAX_DIGITS });
    }
    // Without significant digits the number is 0.
    let size = significant.parse().unwrap_or(IBig::ZERO);
    let mantissa = if matches!(sign, None | Some('+')) { size } else { -size };
    Ok(Decimal { mantissa, exponent: exponent - fraction_digits }.normal())
}

/// All digits from `first` on, how many of them stand behind the point, and where they end.
fn read_digits(chars: &[char], first: usize) -> Result<(String, i64, usize), (usize, NumberProblem)> {
    let mut digits = String::new();
    let mut fraction_digits = 0;
    let mut point = false;
    let mut i = first;
    while let Some(&c) = chars.get(i) {
        match c {
            '0'..='9' => {
                digits.push(c);
                fraction_digits += i64::from(point);
            }
            '_' if !digits.is_empty() => {}
            c if c.is_whitespace() => {}
            '.' if point => return Err((i, NumberProblem::SecondPoint)),
            '.' => point = true,
            _ => break,
        }
        i += 1;
    }
    match (digits.is_empty(), i < chars.len()) {
        (false, _) => Ok((digits, fraction_digits, i)),
        (true, true) => Err((i, NumberProblem::NoDigit)),
        (true, false) => Err((i, NumberProblem::Nothing)),
    }
}

/// The power of ten behind an `e`, `i64::MAX` where it does not fit; `None` if it is no whole number.
fn read_power(chars: &[char]) -> Option<i64> {
    let power: String = chars.iter().filter(|c| **c != '_' && !c.is_whitespace()).collect();
    let power = power.replace('\u{2212}', "-");
    let unsigned = power.strip_prefix(['+', '-']).unwrap_or(&power);
    let whole = !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit());
    whole.then(|| power.parse().unwrap_or(i64::MAX))
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
        // The last powers of ten that are read, whichever way they are typed.
        assert_eq!(decimal("0.1e-99999").to_string(), "1e-100000");
        assert_eq!(decimal("0.01e100000").to_string(), "1e99998");
        for text in ["0.161e-100000", "10e100000", &format!("0.{}1", "0".repeat(MAX_DIGITS))] {
            assert!(text.parse::<Decimal>().is_err(), "it would be printed with a power that is not read");
        }
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
}

//! Points of the plane as text.

use num_complex::Complex;

use crate::error::{Error, NumberProblem};
use crate::number::decimal::{Decimal, is_sign, read, wrong};

/// Reads a point of the plane: `-0.75+0.1i`, `-0.75,0.1`, `0.1i`, `-0.75`, with `i` or NumPy's `j`.
///
/// Blanks and line breaks may stand anywhere.
///
/// # Errors
/// [`Error::Number`] with the position of the first character that does not fit.
pub fn parse_complex(text: &str) -> Result<Complex<Decimal>, Error> {
    let chars: Vec<char> = text.trim_end().chars().collect();
    let lead = chars.iter().take_while(|c| c.is_whitespace()).count();
    // Leading blanks are skipped here, so that positions in errors point at what follows them.
    let number = |from: usize, to: usize| {
        let from = from + chars[from..to].iter().take_while(|c| c.is_whitespace()).count();
        let blanks = chars[from..to].iter().rev().take_while(|c| c.is_whitespace()).count();
        read(&chars[from..to - blanks], from)
    };
    let end = chars.len();
    if let Some(comma) = chars.iter().position(|&c| c == ',') {
        return Ok(Complex::new(number(0, comma)?, number(comma + 1, end)?));
    }
    let imaginary = matches!(chars.last(), Some('i' | 'j' | 'I' | 'J'));
    let unit = if imaginary { end - 1 } else { end };
    // The sign that starts the imaginary part: neither the first character nor the sign of an exponent. Of several
    // in a row it is the first, so that the error is at the second.
    let mut before = chars.get(lead).copied();
    let mut split = None;
    for (i, &c) in chars[..unit].iter().enumerate().skip(lead + 1) {
        if is_sign(c) && before.is_some_and(|c| !is_sign(c) && !matches!(c, 'e' | 'E')) {
            split = Some(i);
            break;
        }
        before = if c.is_whitespace() { before } else { Some(c) };
    }
    // "i", "-i" and "+i" have the coefficient 1 or -1.
    let imaginary_part = |from: usize| {
        let bare: String = chars[from..unit].iter().filter(|c| !c.is_whitespace()).collect();
        match bare.as_str() {
            "" | "+" => Ok(Decimal::from(1)),
            "-" | "\u{2212}" => Ok(Decimal::from(-1)),
            _ => number(from, unit),
        }
    };
    match (imaginary, split) {
        (true, Some(at)) => Ok(Complex::new(number(0, at)?, imaginary_part(at)?)),
        (true, None) => Ok(Complex::new(Decimal::from(0), imaginary_part(0)?)),
        (false, None) => Ok(Complex::new(number(0, end)?, Decimal::from(0))),
        (false, Some(at)) => {
            number(0, at)?;
            number(at, end)?;
            Err(wrong(end, NumberProblem::NoImaginaryUnit))
        }
    }
}

/// The point with all its digits, as [`parse_complex`] reads it.
pub fn format_complex(c: &Complex<Decimal>) -> String {
    if c.im.is_zero() {
        return c.re.to_string();
    }
    let sign = if c.im.is_negative() { "" } else { "+" };
    format!("{}{sign}{}i", c.re, c.im)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_points_of_the_plane() {
        let decimal = |text: &str| text.parse::<Decimal>().expect(text);
        for (text, re, im) in [
            ("-0.75+0.1i", "-0.75", "0.1"),
            ("-0.75,0.1", "-0.75", "0.1"),
            ("-0.75, -.1", "-0.75", "-0.1"),
            (" -0.75 + 0.1i ", "-0.75", "0.1"),
            ("-0.75-0.1j", "-0.75", "-0.1"),
            ("1e-5-2e-3i", "0.00001", "-0.002"),
            ("1e -5 - 2e\n-3 i", "0.00001", "-0.002"),
            ("0.1i", "0", "0.1"),
            ("-i", "0", "-1"),
            ("- i", "0", "-1"),
            ("1+i", "1", "1"),
            ("-1.75", "-1.75", "0"),
            ("-1.7\n 5\r\n+0. 25 i", "-1.75", "0.25"),
            ("\u{2212}0.5\u{2212}0.25i", "-0.5", "-0.25"),
        ] {
            let c = parse_complex(text).expect(text);
            assert_eq!((&c.re, &c.im), (&decimal(re), &decimal(im)), "{text}");
            assert_eq!(parse_complex(&format_complex(&c)).expect(text), c);
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

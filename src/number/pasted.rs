//! Numbers as they stand on web pages and in posts.
//!
//! What has two readings is refused with both.

use std::ops::Range;

use dashu_int::IBig;
use num_complex::Complex;

use crate::error::{Error, NumberProblem};
use crate::number::complex::parse_complex;
use crate::number::decimal::{Decimal, MAX_DIGITS, is_sign, wrong};

/// Reads a point of the plane as people write it: what [`parse_complex`] reads, and `a b`, `(a, b)`, `a; b`, `a + b*i`,
/// `Re: a Im: b`.
///
/// # Errors
/// [`Error::Number`] with the position of the first character that does not fit, in characters from 0. `0,5` is refused, since it
/// can be 0.5 and 0+5i, and so is `-1 5`.
pub fn parse_pasted(text: &str) -> Result<Complex<Decimal>, Error> {
    // Characters are only exchanged for one another, so that positions in errors stay those of the text.
    let mut chars: Vec<char> = text.chars().collect();
    let mut sure = blank_brackets(&mut chars);
    sure |= blank_labels(&mut chars);
    blank_times(&mut chars);
    let semicolons: Vec<usize> = positions(&chars, ';');
    let commas = positions(&chars, ',');
    match (&semicolons[..], &commas[..]) {
        ([], []) => split_at_blanks(&mut chars)?,
        ([], [comma]) if !sure => check_comma(&chars, *comma)?,
        ([], [_]) => {}
        ([semicolon], []) => chars[*semicolon] = ',',
        ([], [_, second, ..]) => return Err(wrong(*second, NumberProblem::DecimalComma)),
        ([..], [comma, ..]) => return Err(wrong(*comma, NumberProblem::DecimalComma)),
        ([_, second, ..], []) => return Err(wrong(*second, NumberProblem::Foreign(';'))),
    }
    // Behind a comma the imaginary unit may stand and need not.
    let last = chars.iter().rposition(|c| !c.is_whitespace());
    if let Some(last) =
        last.filter(|&last| chars.contains(&',') && matches!(chars[last], 'i' | 'j' | 'I' | 'J'))
    {
        chars[last] = ' ';
    }
    parse_complex(&chars.iter().collect::<String>())
}

fn positions(chars: &[char], wanted: char) -> Vec<usize> {
    (0..chars.len()).filter(|&i| chars[i] == wanted).collect()
}

/// Takes brackets off around the whole.
fn blank_brackets(chars: &mut [char]) -> bool {
    let first = chars.iter().position(|c| !c.is_whitespace());
    let last = chars.iter().rposition(|c| !c.is_whitespace());
    match first.zip(last) {
        Some((first, last)) if matches!((chars[first], chars[last]), ('(', ')') | ('[', ']')) => {
            (chars[first], chars[last]) = (' ', ' ');
            true
        }
        _ => false,
    }
}

/// Names of the two parts, of which a label begins.
const RE: [&str; 4] = ["real", "re", "x", "r"];
const IM: [&str; 5] = ["imaginary", "imag", "im", "y", "i"];

/// Takes labels such as `Re:` off; that of the imaginary part leaves a comma.
fn blank_labels(chars: &mut [char]) -> bool {
    let mut found = false;
    for i in 0..chars.len() {
        if i > 0 && chars[i - 1].is_alphanumeric() || !chars[i].is_alphabetic() {
            continue;
        }
        let word: String = chars[i..].iter().take(10).take_while(|c| c.is_alphabetic()).collect();
        let lower = word.to_lowercase();
        let after = i + word.chars().count();
        let Some(sign) = (after..chars.len()).find(|&at| !chars[at].is_whitespace()) else { continue };
        let imaginary = IM.contains(&&*lower);
        if !matches!(chars[sign], ':' | '=') || !imaginary && !RE.contains(&&*lower) {
            continue;
        }
        chars[i..=sign].fill(' ');
        found = true;
        let before = chars[..i].iter().rposition(|c| !c.is_whitespace());
        match before {
            Some(before) if imaginary && matches!(chars[before], ',' | ';') => chars[before] = ',',
            Some(_) if imaginary => chars[i] = ',',
            _ => {}
        }
    }
    found
}

/// Takes the sign of multiplication off in `b*i`.
fn blank_times(chars: &mut [char]) {
    let mut ahead = (0..chars.len()).rev().filter(|&i| !chars[i].is_whitespace());
    if let (Some(unit), Some(times)) = (ahead.next(), ahead.next())
        && matches!(chars[unit], 'i' | 'j' | 'I' | 'J')
        && matches!(chars[times], '*' | '\u{b7}' | '\u{d7}')
    {
        chars[times] = ' ';
    }
}

/// Refuses a comma that may be a decimal one: digits on both sides, without a point in any of the numbers.
fn check_comma(chars: &[char], comma: usize) -> Result<(), Error> {
    let (left, right): (String, String) =
        (chars[..comma].iter().collect(), chars[comma + 1..].iter().collect());
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let between = digit(left.chars().next_back()) && digit(right.chars().next());
    if !between || left.contains('.') || left.contains(['e', 'E']) {
        return Ok(());
    }
    let right = right.trim_end();
    if right.ends_with(['i', 'j']) && right.contains(is_sign) {
        return Err(wrong(comma, NumberProblem::DecimalComma));
    }
    let plain = right.chars().all(|c| c.is_ascii_digit() || matches!(c, 'e' | 'E' | '-' | '+'));
    if !plain || right.chars().all(|c| c == '0') {
        // Both readings of -2,0 are -2.
        return Ok(());
    }
    let left = left.trim();
    Err(readings(comma, format!("{left}.{right}"), format!("{left}+{right}i")))
}

fn readings(at: usize, one: String, other: String) -> Error {
    let short = |text: String| match text.char_indices().nth(30) {
        Some((byte, _)) => format!("{}...", &text[..byte]),
        None => text,
    };
    wrong(at, NumberProblem::Readings { one: short(one), other: short(other) })
}

/// Puts a comma between two numbers that only blanks divide. Blanks inside of a number stay: a second number is seen by its sign, by
/// a second point, or by the power of ten before it.
fn split_at_blanks(chars: &mut [char]) -> Result<(), Error> {
    let words = words(chars);
    let ends_with = |word: &Range<usize>, wanted: fn(char) -> bool| wanted(chars[word.end - 1]);
    let is_e = |c| matches!(c, 'e' | 'E');
    let is_unit = |c| matches!(c, 'i' | 'j' | 'I' | 'J');
    let [first, .., last] = &words[..] else { return Ok(()) };
    let solid: Vec<char> = chars.iter().copied().filter(|c| !c.is_whitespace()).collect();
    let imaginary = is_unit(solid[solid.len() - 1]);
    if imaginary && solid.windows(2).any(|pair| is_sign(pair[1]) && !is_e(pair[0])) {
        return Ok(());
    }
    let (mut point, mut power) = (false, false);
    let mut before: Option<&Range<usize>> = None;
    for word in &words {
        let text = &chars[word.clone()];
        let goes_on = before.is_none_or(|before| ends_with(before, is_e) || ends_with(before, is_sign));
        let signed = is_sign(text[0]) && text.len() > 1;
        if !goes_on && (signed || power || point && text.contains(&'.')) {
            chars[word.start - 1] = ',';
            return Ok(());
        }
        point |= text.contains(&'.');
        let e = text.iter().position(|&c| is_e(c));
        power |=
            e.is_some_and(|e| e + 1 < text.len()) || before.is_some_and(|before| ends_with(before, is_e));
        before = Some(word);
    }
    let digits = last.len() - usize::from(imaginary);
    if words.len() == 2 && digits == 1 && !ends_with(first, is_e) && !ends_with(first, is_sign) {
        let one: String = chars[first.clone()].iter().collect();
        let two: String = chars[last.clone()][..digits].iter().collect();
        let unit = if imaginary { "i" } else { "" };
        return Err(readings(last.start, format!("{one}{two}{unit}"), format!("{one}+{two}i")));
    }
    Ok(())
}

/// The positions of what stands between blanks.
fn words(chars: &[char]) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for i in (0..chars.len()).filter(|&i| !chars[i].is_whitespace()) {
        match words.last_mut() {
            Some(word) if word.end == i => word.end = i + 1,
            _ => words.push(i..i + 1),
        }
    }
    words
}

/// Reads a magnification or a size as people write it: a decimal number, and `10^5`, `2^100`, `5.4*10^113`, `1,000,000`, `1.0e5x`.
///
/// # Errors
/// [`Error::Number`], with the position in characters from 0. `1,000` is refused, since it can be 1000 and 1.000.
pub fn parse_magnitude(text: &str) -> Result<Decimal, Error> {
    let trimmed = text.trim_end();
    let trimmed = trimmed.strip_suffix(['x', 'X', '\u{d7}']).unwrap_or(trimmed);
    let chars: Vec<char> = trimmed.chars().collect();
    if let Some(caret) = chars.iter().position(|&c| c == '^') {
        return power(&chars, caret);
    }
    let commas = positions(&chars, ',');
    let Some(&first) = commas.first() else { return trimmed.trim_end().parse() };
    let end =
        chars.iter().position(|c| matches!(c, '.' | 'e' | 'E') || c.is_whitespace()).unwrap_or(chars.len());
    let whole: String = chars[..end].iter().collect();
    let mut groups = whole.split(',');
    let grouped = groups.next().is_some_and(|group| (1..=3).contains(&group.len()))
        && groups.all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()))
        && commas.iter().all(|&comma| comma < end);
    if !grouped {
        return Err(wrong(first, NumberProblem::DecimalComma));
    }
    let plain: String = chars.iter().filter(|c| **c != ',').collect();
    if commas.len() == 1 && chars.get(end) != Some(&'.') {
        return Err(readings(first, plain, trimmed.replace(',', ".")));
    }
    plain.parse()
}

/// The number `factor * base^exponent`, of which the factor may be missing.
fn power(chars: &[char], caret: usize) -> Result<Decimal, Error> {
    let text = |part: &[char]| part.iter().collect::<String>();
    let times = chars[..caret].iter().position(|c| matches!(c, '*' | 'x' | 'X' | '\u{d7}' | '\u{b7}'));
    let factor: Decimal = match times {
        Some(times) => text(&chars[..times]).trim().parse()?,
        None => Decimal::from(1),
    };
    let start = times.map_or(0, |times| times + 1);
    let base = text(&chars[start..caret]);
    let base: u32 = base.trim().parse().map_err(|_| wrong(start, NumberProblem::NoBase))?;
    let exponent = text(&chars[caret + 1..]).replace('\u{2212}', "-").replace(['(', ')'], " ");
    let exponent: i64 = exponent.trim().parse().map_err(|_| wrong(caret + 1, NumberProblem::NoPower))?;
    let digits = exponent.unsigned_abs() as f64 * libm::log10(f64::from(base.max(1)));
    if digits > MAX_DIGITS as f64 {
        return Err(wrong(caret + 1, NumberProblem::Power { max: MAX_DIGITS }));
    }
    let size = exponent.unsigned_abs() as usize;
    let number = match (base, exponent) {
        (10, _) => factor.scaled(&IBig::ONE, exponent),
        (_, 0..) => factor.scaled(&IBig::from(base).pow(size), 0),
        // 2^-n = 5^n / 10^n.
        (2, _) => factor.scaled(&IBig::from(5).pow(size), exponent),
        _ => return Err(wrong(caret + 1, NumberProblem::NoPower)),
    };
    // The factor may take it beyond the limits, and 5^n has more digits than 2^n.
    number.to_string().parse().map_err(|_| wrong(caret + 1, NumberProblem::Power { max: MAX_DIGITS }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::complex::format_complex;

    fn decimal(text: &str) -> Decimal {
        text.parse().expect(text)
    }

    #[test]
    fn reads_points_as_they_are_pasted() {
        for (text, point) in [
            ("-0.75 0.1", "-0.75+0.1i"),
            ("-0.75\n0.1\n", "-0.75+0.1i"),
            ("-0.75 -0.1", "-0.75-0.1i"),
            ("-1.47 981 -0.000 63", "-1.47981-0.00063i"),
            ("-1.47 981 0.000 63", "-1.47981+0.00063i"),
            ("1e-5 2e-3", "0.00001+0.002i"),
            ("1e -5 2", "0.00001+2i"),
            ("(-0.75, 0.1)", "-0.75+0.1i"),
            ("[-2,1]", "-2+1i"),
            (" ( -0.75 + 0.1i ) ", "-0.75+0.1i"),
            ("-0.75; 0.1", "-0.75+0.1i"),
            ("-0.75 + 0.1*i", "-0.75+0.1i"),
            ("-0.75 + 0.1 * I", "-0.75+0.1i"),
            ("-0.75 - 0.1 i", "-0.75-0.1i"),
            ("-0.75, 0.1i", "-0.75+0.1i"),
            ("Re: -0.75 Im: 0.1", "-0.75+0.1i"),
            ("Re: -0.75\r\nIm: -0.1\r\n", "-0.75-0.1i"),
            ("re = -0.75, im = 0.1", "-0.75+0.1i"),
            ("Real: -1\nImaginary: 2", "-1+2i"),
            ("x=-0.7 5 y=0.1i", "-0.75+0.1i"),
            ("-0.75,0.1", "-0.75+0.1i"),
            ("-2,0", "-2"),
            ("0, 1", "0+1i"),
            ("0,-1", "0-1i"),
            ("0.1i", "0+0.1i"),
            ("-1.75", "-1.75"),
            ("-1.7\n 5\r\n+0. 25 i", "-1.75+0.25i"),
            ("-1.4798 157 761", "-1.4798157761"),
            ("-0.7436 0.1318i", "-0.7436+0.1318i"),
            ("-0.7436 0.1318 i", "-0.7436+0.1318i"),
            ("-0.74 36 0.13 18i", "-0.7436+0.1318i"),
            ("1e-5 2i", "0.00001+2i"),
            ("-0.13 18i", "0-0.1318i"),
            ("0.1 i", "0+0.1i"),
        ] {
            let read = parse_pasted(text).map(|point| format_complex(&point));
            assert_eq!(read.as_deref(), Ok(point), "{text}");
        }
    }

    #[test]
    fn refuses_what_has_two_readings() {
        for (text, one, other) in [
            ("0,5", "0.5", "0+5i"),
            ("-0,75", "-0.75", "-0+75i"),
            ("0,1", "0.1", "0+1i"),
            ("-1 5", "-15", "-1+5i"),
            ("0.25 1", "0.251", "0.25+1i"),
            ("0.25 1i", "0.251i", "0.25+1i"),
        ] {
            let expected = NumberProblem::Readings { one: one.into(), other: other.into() };
            match parse_pasted(text) {
                Err(Error::Number { problem, .. }) => assert_eq!(problem, expected, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        for (text, at) in [("-0,75 0,1", 7), ("-0,75+0,1i", 7), ("-0,75; 0,1", 2), ("-0,75+0.1i", 2)] {
            match parse_pasted(text) {
                Err(Error::Number { position, problem: NumberProblem::DecimalComma }) => {
                    assert_eq!(position, at, "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        for text in ["", "0.25+0.1", "1.5 2.5 3.5", "a b", "()", "Re: Im:", "1;2;3", "0.25 - 0.1", "i*2"] {
            assert!(parse_pasted(text).is_err(), "{text}");
        }
    }

    #[test]
    fn reads_magnifications_as_they_are_pasted() {
        for (text, value) in [
            ("10^5", "1e5"),
            ("2^100", "1267650600228229401496703205376"),
            ("2^-2", "0.25"),
            ("10^(-3)", "0.001"),
            ("5.4*10^113", "5.4e113"),
            ("5.4 \u{d7} 10^113", "5.4e113"),
            ("1.5 x 10^2", "150"),
            ("1,000,000", "1e6"),
            ("1,000,000.5", "1000000.5"),
            ("1,000.25", "1000.25"),
            ("5.4 E113", "5.4e113"),
            ("1.0e5x", "1e5"),
            ("64 x", "64"),
            ("1e1086", "1e1086"),
        ] {
            assert_eq!(parse_magnitude(text), Ok(decimal(value)), "{text}");
        }
        let expected = NumberProblem::Readings { one: "1000".into(), other: "1.000".into() };
        assert!(
            matches!(parse_magnitude("1,000"), Err(Error::Number { problem, .. }) if problem == expected)
        );
        for text in
            ["1,5", "1,00,000", "10^", "^5", "x^2", "3^-1", "10^1e5", "2^999999999999", "1.000.000", "10^5,5"]
        {
            assert!(parse_magnitude(text).is_err(), "{text}");
        }
        // What could not be read again as it is written: 2^-n has n decimals.
        for text in ["2^-155025", "1e99999*10^9", "1e-99999*10^-9"] {
            assert!(parse_magnitude(text).is_err(), "{text}");
        }
    }
}

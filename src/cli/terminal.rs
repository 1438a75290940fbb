//! Messages for people, safe for a terminal.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;

/// When to use terminal colors.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum When {
    /// In a terminal, unless NO_COLOR is set or TERM is dumb
    Auto,
    Always,
    Never,
}

/// Whether the terminal cannot move its cursor or show colors.
pub(crate) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|value| value == "dumb")
}

/// Prints a message to standard error; does nothing if that is closed.
pub(crate) fn say(message: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{message}");
}

/// The reason of a system error in lower case, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// Whether a character could steer a terminal, or turn the direction of what follows it.
pub(crate) fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A path for a message: what could steer a terminal is escaped.
pub(crate) fn shown(path: &Path) -> String {
    let escaped = |c: char| if steers(c) { c.escape_default().to_string() } else { c.to_string() };
    path.to_string_lossy().chars().map(escaped).collect()
}

/// The most characters of a text that a message repeats in full.
pub(crate) const WIDE: usize = 60;

/// A text for a message: shortened, and without what could steer a terminal.
pub(crate) fn brief(text: &str) -> String {
    cut(text, WIDE)
}

/// The same with up to `most` characters.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let count = text.chars().count();
    let shown: String = text.chars().take(most).map(|c| if steers(c) { '?' } else { c }).collect();
    if count > most { format!("{shown}... ({count} characters)") } else { shown }
}

/// A number of bytes for people.
pub(crate) fn bytes(count: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let unit = (count.max(1).ilog2() / 10) as usize;
    let value = count as f64 / (1_u64 << (10 * unit)) as f64;
    if unit == 0 || value >= 10.0 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

/// A number of pixels in a second, with a unit that leaves digits to see.
pub(crate) fn rate(pixels: f64) -> String {
    match pixels {
        1e6.. => format!("{:.1} Mpixel/s", pixels / 1e6),
        1e3.. => format!("{:.1} kpixel/s", pixels / 1e3),
        _ => format!("{pixels:.0} pixel/s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_digits() {
        for (pixels, text) in [
            (0.0, "0 pixel/s"),
            (812.3, "812 pixel/s"),
            (3_250.0, "3.2 kpixel/s"),
            (45_678.0, "45.7 kpixel/s"),
            (1e6, "1.0 Mpixel/s"),
            (123_456_789.0, "123.5 Mpixel/s"),
        ] {
            assert_eq!(rate(pixels), text);
        }
    }
}

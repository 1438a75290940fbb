//! Colors: sRGB bytes, linear light, and conversions between them.
//!
//! Averages are taken in linear light, as integers of 16 bits: sums are exact in any order, and since neighboring sRGB
//! bytes are at least 19 units apart, a byte that is converted there and back is unchanged.

use std::str::FromStr;
use std::sync::LazyLock;

use crate::error::Error;

/// A color as sRGB bytes: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

impl Rgb {
    /// Black.
    pub const BLACK: Self = Self([0; 3]);

    /// This color in linear light, 0 to 65535.
    pub fn linear(self) -> [u16; 3] {
        self.0.map(|byte| linear(f64::from(byte) / 255.0))
    }
}

impl FromStr for Rgb {
    type Err = Error;

    /// Reads `#rgb` or `#rrggbb`, or `black` or `white`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Color(text.into());
        match text {
            "black" => return Ok(Self::BLACK),
            "white" => return Ok(Self([255; 3])),
            _ => {}
        }
        let hex = text.strip_prefix('#').ok_or_else(wrong)?;
        let digits: Vec<u8> =
            hex.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>().ok_or_else(wrong)?;
        match digits[..] {
            [r, g, b] => Ok(Self([r * 17, g * 17, b * 17])),
            [r1, r0, g1, g0, b1, b0] => Ok(Self([r1 * 16 + r0, g1 * 16 + g0, b1 * 16 + b0])),
            _ => Err(wrong()),
        }
    }
}

impl std::fmt::Display for Rgb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

/// An sRGB value from 0 to 1 in linear light from 0 to 1 (IEC 61966-2-1).
pub(crate) fn to_light(srgb: f64) -> f64 {
    if srgb <= 0.040_45 { srgb / 12.92 } else { libm::pow((srgb + 0.055) / 1.055, 2.4) }
}

/// The inverse of [`to_light`].
pub(crate) fn to_srgb(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * libm::pow(light, 1.0 / 2.4) - 0.055 }
}

/// Linear light from 0 to 1 as an integer of 16 bits.
pub(crate) fn quantize(light: f64) -> u16 {
    // Truncation of a non-negative number plus a half rounds to nearest.
    (light * 65535.0 + 0.5) as u16
}

/// An sRGB value from 0 to 1 in linear light from 0 to 65535.
fn linear(srgb: f64) -> u16 {
    quantize(to_light(srgb))
}

/// The sRGB byte of every value of linear light.
#[derive(Clone, Copy)]
pub(crate) struct ToSrgb(&'static [u8]);

impl ToSrgb {
    pub(crate) fn new() -> Self {
        static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
            // Byte b begins where linear light reaches that of b - 1/2.
            let mut table = vec![255; 1 << 16];
            let mut from = 0;
            for byte in 0..255_u8 {
                let end = usize::from(linear((f64::from(byte) + 0.5) / 255.0));
                table[from..end].fill(byte);
                from = end;
            }
            table
        });
        Self(&TABLE)
    }

    #[inline(always)]
    pub(crate) fn byte(&self, light: u16) -> u8 {
        self.0[usize::from(light)]
    }
}

/// The sRGB value from 0 to 65535 of every value of linear light.
pub(crate) fn srgb16() -> &'static [u16] {
    static TABLE: LazyLock<Vec<u16>> =
        LazyLock::new(|| (0..=u16::MAX).map(|light| quantize(to_srgb(f64::from(light) / 65535.0))).collect());
    &TABLE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_linear_light() {
        let to_srgb = ToSrgb::new();
        for byte in 0..=255 {
            assert_eq!(Rgb([byte; 3]).linear().map(|light| to_srgb.byte(light)), [byte; 3]);
        }
    }

    #[test]
    fn reads_hexadecimal_colors() {
        assert_eq!("#fA0".parse::<Rgb>().expect("a color"), Rgb([255, 170, 0]));
        assert_eq!("#04081E".parse::<Rgb>().expect("a color").to_string(), "#04081e");
        for bad in ["", "#", "#12", "123456", "#12345g", "#1234567", "blue"] {
            assert!(bad.parse::<Rgb>().is_err(), "{bad}");
        }
    }
}

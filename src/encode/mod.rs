//! Output formats, each written to any `Write`.

use std::fmt;
use std::str::FromStr;

use crate::Error;

pub mod npy;
pub mod png;
mod runs;

/// The file formats that a render can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A picture: 8-bit sRGB.
    Png,
    /// Escape counts for NumPy.
    Npy,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 2] = [Self::Png, Self::Npy];
}

impl fmt::Display for Format {
    /// The suffix of its files, without the dot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "png",
            Self::Npy => "npy",
        })
    }
}

impl FromStr for Format {
    type Err = Error;

    /// Reads a suffix, in upper or lower case, without the dot.
    fn from_str(suffix: &str) -> Result<Self, Error> {
        let lower = suffix.to_ascii_lowercase();
        Self::ALL.into_iter().find(|format| format.to_string() == lower).ok_or_else(|| {
            let known: Vec<String> = Self::ALL.iter().map(|format| format!(".{format}")).collect();
            Error::Scene(format!(
                "unknown file type '.{}'; known: {}",
                suffix.escape_debug(),
                known.join(", ")
            ))
        })
    }
}

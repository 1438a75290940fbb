//! The programs whose locations are read.

use std::fmt;

/// A program that writes locations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Kalles Fraktaler 2+: `.kfr`, `.kfs`, and the same text in its pictures.
    KallesFraktaler,
    /// Fraktaler-3: TOML, and the same text in its pictures.
    Fraktaler3,
    /// DeepDrill: `.ini`.
    DeepDrill,
    /// Fractint and Iterated Dynamics: entries of a `.par`.
    Fractint,
    /// XaoS: `.xpf`.
    Xaos,
    /// Mandelbrot.site: the address of a view, or its parameters in a PNG.
    MandelbrotSite,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KallesFraktaler => "Kalles Fraktaler",
            Self::Fraktaler3 => "Fraktaler-3",
            Self::DeepDrill => "DeepDrill",
            Self::Fractint => "Fractint",
            Self::Xaos => "XaoS",
            Self::MandelbrotSite => "Mandelbrot.site",
        })
    }
}

impl Program {
    /// Whether a file of this program can have several entries.
    pub fn has_entries(self) -> bool {
        self == Self::Fractint
    }
}

//! Which instructions this machine has, and which of them a kernel uses: the only place where they are detected.
#![allow(unsafe_code, reason = "calls a function compiled for instructions that `Avx2` proves to be there")]

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// A way to compute: all levels give the same numbers, at different speeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// One sample at a time, the reference for all others.
    Scalar,
    /// Many samples at once, in plain Rust.
    Portable,
    /// Many samples at once, in the AVX2 and FMA instructions of x86-64.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
}

impl Level {
    /// The names of all levels, whatever this machine has.
    pub const NAMES: [&str; 3] = ["scalar", "portable", "avx2"];

    /// The levels that this machine has, the fastest last.
    pub fn all() -> Vec<Self> {
        let mut levels = vec![Self::Scalar, Self::Portable];
        #[cfg(target_arch = "x86_64")]
        levels.extend(Avx2::detect().map(Self::Avx2));
        levels
    }

    /// The fastest level that this machine has.
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = Avx2::detect() {
            return Self::Avx2(avx2);
        }
        Self::Portable
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scalar => "scalar",
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
        })
    }
}

impl FromStr for Level {
    type Err = Error;

    /// Reads a name. [`Error::UnknownLevel`] if no level has it, [`Error::Instructions`] if this machine lacks that level.
    fn from_str(name: &str) -> Result<Self, Error> {
        match Self::all().into_iter().find(|level| level.to_string() == name) {
            Some(level) => Ok(level),
            None if Self::NAMES.contains(&name) => Err(Error::Instructions("AVX2 and FMA")),
            None => Err(Error::UnknownLevel(name.into())),
        }
    }
}

/// Proof that the machine has AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx2(());

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    /// The proof, if the machine has them.
    fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

/// Calls `work`, compiled with the FMA instruction where the machine has it, so that `mul_add` calls no library.
#[inline]
pub(crate) fn with_fma(work: impl FnOnce()) {
    #[cfg(target_arch = "x86_64")]
    if let Some(Avx2(())) = Avx2::detect() {
        /// `work` is inlined here, as no other caller has it.
        #[target_feature(enable = "avx2,fma")]
        fn call(work: impl FnOnce()) {
            work();
        }
        // SAFETY: the machine has AVX2 and FMA, as was just found.
        return unsafe { call(work) };
    }
    work();
}

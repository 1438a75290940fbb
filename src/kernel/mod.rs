//! Escape-time iteration: rectangles of samples in, escape results out.
//!
//! The law of this room: [`Scalar`] is the slow, obvious truth, written for reading, and every faster
//! kernel equals it bit for bit, count and fraction. A kernel knows its viewport and its bailout and
//! nothing else: no picture, no thread, no progress, no path. It cannot fail, does not log, and allocates
//! nothing while it iterates.
//!
//! All kernels on `f64` follow the operation order `f64-fma-1`:
//!
//! ```text
//! x' = fma(x, x, -(y * y)) + cx      y' = (x * y + x * y) + cy      escaped when x * x + y * y > 4
//! ```
//!
//! It is what NumPy's complex multiplication does on x86-64 with FMA. No order is right near the boundary
//! of the set, where rounding decides; being the same everywhere is what counts. What exact arithmetic would
//! count there is the business of [`exact_escape`], one point at a time.

pub mod deep;
mod exact;
mod interior;
mod max_iter;
mod scalar;
mod simd;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::{Error, Escape, FloatExp, Viewport};

pub use deep::{Allowance, Lanes, PERTURBATION_1, Perturbation};
pub use exact::{ExactEscape, exact_escape};
pub use interior::Shortcuts;
pub use max_iter::auto_max_iter;
pub use scalar::{Scalar, escape};
#[cfg(target_arch = "x86_64")]
pub use simd::Avx2;
pub use simd::{Portable, Simd};

/// When iteration stops, and how far it goes on to make the count smooth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bailout {
    /// A sample that has not escaped after this many steps is given up. 1 to [`Bailout::MAX_ITER`].
    pub max_iter: u32,
    /// After |z| > 2 decided the count, iteration continues to |z| > `escape_radius` for the smooth
    /// fraction. At least 2.
    /// Exactly 2 asks for counts alone, which is faster; fractions are then 0.
    pub escape_radius: f64,
}

impl Bailout {
    /// The largest `max_iter`; `u32::MAX` itself stands for "did not escape".
    pub const MAX_ITER: u32 = u32::MAX - 1;

    /// The default escape radius.
    ///
    /// The smooth count assumes that |z_{n+1}| = |z_n|^2, and the term c that this leaves out makes a step of
    /// |c| / (|z|^2 ln |z| ln 2) from one count to the next: at most 8e-6 for |z| = 256, a thirtieth of the
    /// smallest difference that a palette of 4096 colors shows. It costs two or three more steps.
    pub const ESCAPE_RADIUS: f64 = 256.0;

    /// The escape radius that asks for counts alone.
    pub const COUNTS_ALONE: f64 = 2.0;

    /// Whether fractions are wanted.
    pub fn is_smooth(self) -> bool {
        self.escape_radius != Self::COUNTS_ALONE
    }

    /// A bailout at `max_iter` with the default escape radius.
    ///
    /// # Errors
    /// [`Error::Scene`] for 0 and for `u32::MAX`.
    pub fn new(max_iter: u32) -> Result<Self, Error> {
        if (1..=Self::MAX_ITER).contains(&max_iter) {
            Ok(Self { max_iter, escape_radius: Self::ESCAPE_RADIUS })
        } else {
            Err(Error::Scene(format!("max_iter must be 1..{} (got {max_iter})", Self::MAX_ITER)))
        }
    }
}

/// Computes escape results for rectangles of one viewport.
pub trait Kernel: Send + Sync {
    /// Iterates the samples of `columns` x `rows` into `out`, row by row.
    ///
    /// `out` holds exactly `columns.len() * rows.len()` results. The results depend on the samples alone,
    /// never on how the viewport was cut into rectangles.
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]);
}

/// The kernels there are. The planner picks one; tests and the curious can force it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KernelChoice {
    /// The fastest kernel that this machine has for the view.
    Auto,
    /// One sample at a time, the reference for all others.
    Scalar,
    /// Many samples at once, in plain Rust.
    Portable,
    /// Many samples at once, in the AVX2 and FMA instructions of x86-64.
    Avx2,
}

impl KernelChoice {
    /// All choices, the default first.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Scalar, Self::Portable, Self::Avx2];
}

impl fmt::Display for KernelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Scalar => "scalar",
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
        })
    }
}

impl FromStr for KernelChoice {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|choice| choice.to_string() == name).ok_or_else(|| {
            let known: Vec<String> = Self::ALL.iter().map(Self::to_string).collect();
            Error::Scene(format!("no kernel named '{}'; known: {}", name.escape_debug(), known.join(", ")))
        })
    }
}

/// How a view is to be iterated, and why.
///
/// Making a plan costs nothing; making its [`kernel`](Plan::kernel) may take a while for a deep view.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The operation order, which determines the numbers, and the loops: `f64-fma-1 avx2`.
    pub name: String,
    /// Why the planner chose it, in a few words.
    pub reason: String,
    /// Bits of the reference orbit behind the binary point, for a deep view.
    pub bits: Option<u32>,
    viewport: Viewport,
    bailout: Bailout,
    choice: KernelChoice,
}

impl Plan {
    /// The kernel, ready to iterate.
    ///
    /// # Errors
    /// [`Error::Limit`] if the machine lacks the instructions of the kernel that was asked for.
    pub fn kernel(&self) -> Result<Box<dyn Kernel>, Error> {
        self.kernel_within(&Allowance::default())
    }

    /// The same, with an eye on the reference orbit of a deep view.
    ///
    /// # Errors
    /// As there, and where the orbit would be longer than `allowance` permits.
    pub fn kernel_within(&self, allowance: &Allowance) -> Result<Box<dyn Kernel>, Error> {
        match self.bits {
            None if interior::holds(&self.viewport) => Ok(Box::new(interior::Interior)),
            None => make(self.choice, &self.viewport, self.bailout, Shortcuts::ALL),
            Some(_) => {
                let lanes = Lanes::new(self.choice)?;
                Ok(Box::new(Perturbation::new(&self.viewport, self.bailout, allowance)?.with_lanes(lanes)))
            }
        }
    }
}

/// Below this multiple of the largest coordinate, a spacing is too fine for `f64`.
///
/// Numbers of size m lie 2^-52 m or 2^-53 m apart. At 2^-42 m rounding moves a sample by at most 1/2048 of a pixel, but
/// every step rounds again, and near the boundary of the set the counts of one sample in a hundred are then another
/// pixel's. (At 2^-48 m it is one in five; deltas take several times as long as direct iteration where there is
/// little to leave out, so that there is a price for changing earlier.)
pub const F64_SPACING: f64 = 1.0 / (1_u64 << 42) as f64;

/// Chooses how to iterate a view: directly in `f64`, or as deltas to a reference where the samples lie too close
/// together for that; see [`F64_SPACING`].
pub fn plan(viewport: &Viewport, bailout: Bailout, choice: KernelChoice) -> Plan {
    let (re, im) = viewport.spacing();
    let spacing = if re < im { re } else { im };
    let limit = F64_SPACING * viewport.magnitude();
    let new =
        |name, reason, choice, bits| Plan { name, reason, bits, viewport: viewport.clone(), bailout, choice };
    if spacing < FloatExp::from(limit) {
        if interior::holds(viewport) {
            let reason = "the view lies inside the main cardioid or the disk of period 2";
            return new("interior".into(), reason.into(), choice, None);
        }
        let wide = if deep::is_wide(spacing) { "extended " } else { "" };
        let reason = format!("samples are {spacing} apart, f64 resolves {limit:.1e} here");
        let used = if choice == KernelChoice::Auto { simd::best() } else { choice };
        return new(format!("{PERTURBATION_1} {wide}{used}"), reason, used, Some(deep::bits(spacing)));
    }
    // The loops on vectors wait for every sample to pass the radius, which must be a number for that.
    let (used, reason) = if !(bailout.escape_radius * bailout.escape_radius).is_finite() {
        (KernelChoice::Scalar, "the escape radius is huge".into())
    } else if choice == KernelChoice::Auto {
        (simd::best(), format!("samples are {spacing} apart, f64 resolves {limit:.1e} here"))
    } else {
        (choice, "asked for".into())
    };
    new(format!("{F64_FMA_1} {used}"), reason, used, None)
}

/// The kernel of that name, with a choice of shortcuts.
///
/// # Errors
/// [`Error::Limit`] if the machine lacks the instructions.
pub fn make(
    choice: KernelChoice,
    viewport: &Viewport,
    bailout: Bailout,
    shortcuts: Shortcuts,
) -> Result<Box<dyn Kernel>, Error> {
    Ok(match choice {
        KernelChoice::Auto => return make(simd::best(), viewport, bailout, shortcuts),
        KernelChoice::Scalar => Box::new(Scalar::new(viewport, bailout, shortcuts)),
        KernelChoice::Portable => Box::new(Simd::new(Portable, viewport, bailout, shortcuts)),
        KernelChoice::Avx2 => {
            #[cfg(target_arch = "x86_64")]
            if let Some(avx2) = Avx2::detect() {
                return Ok(Box::new(Simd::new(avx2, viewport, bailout, shortcuts)));
            }
            return Err(no_avx2());
        }
    })
}

fn no_avx2() -> Error {
    Error::Limit("the kernel avx2 needs a processor with AVX2 and FMA".into())
}

/// The name of the operation order of all `f64` kernels. A change of any count anywhere is a new name.
pub const F64_FMA_1: &str = "f64-fma-1";

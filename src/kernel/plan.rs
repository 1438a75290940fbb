//! Which method suits a view, and why.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::error::Error;
use crate::kernel::bailout::{Bailout, Kernel};
use crate::kernel::certainty::{Direct, Inside, Prover};
use crate::kernel::cpu::Level;
use crate::kernel::deep::certainty::Deep;
use crate::kernel::deep::perturbation::{PERTURBATION_1, PERTURBATION_1_EXTENDED, Perturbation, is_wide};
use crate::kernel::deep::reference_orbit::{ReferenceOrbit, bits};
use crate::kernel::interior::{self, Interior, Shortcuts};
use crate::kernel::scalar::Scalar;
use crate::kernel::simd::kernel::Simd;
use crate::kernel::simd::portable::Portable;
use crate::kernel::step::F64_FMA_1;
use crate::kernel::strip::Strip;
use crate::number::floatexp::FloatExp;
use crate::plane::viewport::Viewport;

/// How samples are iterated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// Not at all: the whole view lies in the main cardioid or the disk of period 2.
    Interior,
    /// Each sample in `f64`, in the operation order `f64-fma-1`.
    Direct(Level),
    /// As deltas to a reference orbit, in the operation order `perturbation-1`.
    Perturbation(Level),
}

/// Why a method was chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The view lies inside the main cardioid or the disk of period 2.
    Inside,
    /// Neighbors are `spacing` apart, and `f64` resolves `limit` there.
    Spacing {
        /// Distance of neighbors.
        spacing: FloatExp,
        /// The least distance for direct iteration.
        limit: f64,
    },
    /// The square of the escape radius is beyond `f64`; the kernels on vectors need it finite.
    HugeRadius,
    /// The caller named the level.
    AskedFor,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inside => f.write_str("the view lies inside the main cardioid or the disk of period 2"),
            Self::Spacing { spacing, limit } => {
                write!(f, "samples are {spacing} apart, f64 resolves {limit:.1e} here")
            }
            Self::HugeRadius => f.write_str("the escape radius is huge"),
            Self::AskedFor => f.write_str("asked for"),
        }
    }
}

/// How a view is to be iterated, and why.
///
/// Making a plan costs nothing; making its [`kernel`](Plan::kernel) computes the reference orbit of a deep view.
#[derive(Clone, Debug)]
pub struct Plan {
    method: Method,
    reason: Reason,
    viewport: Viewport,
    bailout: Bailout,
    level: Level,
}

/// Below this multiple of the largest coordinate, a spacing is too fine for `f64`.
///
/// Numbers of size m lie 2^-52 m or 2^-53 m apart. At a spacing of 2^-42 m rounding c moves a sample by at most 1/2048 of a
/// pixel; but every iteration rounds again, and near the boundary of the set one sample in a hundred then has the count
/// of a neighboring pixel. (At 2^-48 m it is one in five. A larger limit would cost time: deltas take several times as
/// long as direct iteration where few iterations can be left out.)
pub const F64_SPACING: f64 = 1.0 / (1_u64 << 42) as f64;

impl Plan {
    /// Chooses how to iterate a view: directly in `f64`, or as deltas to a reference orbit where the samples lie too
    /// close together for that; see [`F64_SPACING`]. `level` is the fastest one unless the caller names another.
    ///
    /// In an exponential map each octave has the method that suits it; that of the plan is the one of the last octave.
    pub fn new(viewport: &Viewport, bailout: Bailout, level: Option<Level>) -> Self {
        let innermost = viewport.innermost();
        let is_strip = viewport.octaves().is_some();
        let spacing = innermost.spacing_min();
        let limit = F64_SPACING * innermost.magnitude();
        let used = level.unwrap_or_else(Level::best);
        let by_spacing = Reason::Spacing { spacing, limit };
        // Outer octaves need not lie inside where the last one does, and may need its orbit.
        let (method, reason) = if !is_strip && interior::holds(&innermost) {
            (Method::Interior, Reason::Inside)
        } else if spacing < FloatExp::from(limit) {
            (Method::Perturbation(used), by_spacing)
        } else if !bailout.radius_sqr().is_finite() {
            (Method::Direct(Level::Scalar), Reason::HugeRadius)
        } else {
            (Method::Direct(used), if level.is_some() { Reason::AskedFor } else { by_spacing })
        };
        Self { method, reason, viewport: viewport.clone(), bailout, level: used }
    }

    /// How samples are iterated.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Why the method was chosen.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Whether samples are deltas to a reference orbit.
    pub fn is_deep(&self) -> bool {
        matches!(self.method, Method::Perturbation(_))
    }

    /// The order of operations, which alone determines the numbers: `f64-fma-1`, at whatever level.
    pub fn order(&self) -> &'static str {
        match self.method {
            Method::Interior => "interior",
            Method::Direct(_) => F64_FMA_1,
            Method::Perturbation(_) if is_wide(self.viewport.spacing_min()) => PERTURBATION_1_EXTENDED,
            Method::Perturbation(_) => PERTURBATION_1,
        }
    }

    /// Bits of the reference orbit behind the binary point, for a deep view.
    pub fn bits(&self) -> Option<u32> {
        self.is_deep().then(|| bits(self.viewport.spacing_min()))
    }

    /// The reference orbit of a deep view, at least as long as its kernel needs it; `None` for other views.
    ///
    /// `known` is the orbit of an earlier view. It is used if it [serves](ReferenceOrbit::serves) this one, and extended
    /// where it is too short. The orbit gets at most `max_steps` iterations; `steps` is set to how many it has, for
    /// another thread to read.
    ///
    /// # Errors
    /// [`Error::LongReference`] where the orbit would be longer.
    pub fn reference(
        &self,
        known: Option<Arc<ReferenceOrbit>>,
        max_steps: u64,
        steps: &AtomicU64,
    ) -> Result<Option<Arc<ReferenceOrbit>>, Error> {
        let Method::Perturbation(_) = self.method else { return Ok(None) };
        let last = ReferenceOrbit::needed(&self.viewport, self.bailout);
        let known = known.filter(|orbit| orbit.serves(&self.viewport));
        let mut orbit = known.unwrap_or_else(|| Arc::new(ReferenceOrbit::new(&self.viewport)));
        if !orbit.reaches(last) {
            Arc::make_mut(&mut orbit).extend(last, max_steps, steps)?;
        }
        Ok(Some(orbit))
    }

    /// The kernel, ready to iterate.
    ///
    /// # Errors
    /// [`Error::LongReference`] where the reference orbit would be longer than an orbit can be.
    pub fn kernel(&self) -> Result<Box<dyn Kernel>, Error> {
        self.kernel_within(None, u64::MAX, &AtomicU64::new(0))
    }

    /// The kernel, with the reference orbit that [`Plan::reference`] gives for the same arguments.
    ///
    /// # Errors
    /// Those of [`Plan::reference`].
    pub fn kernel_within(
        &self,
        known: Option<Arc<ReferenceOrbit>>,
        max_steps: u64,
        steps: &AtomicU64,
    ) -> Result<Box<dyn Kernel>, Error> {
        Ok(self.kernel_of(self.reference(known, max_steps, steps)?))
    }

    /// The kernel with an orbit that was made for another view around the same center: a preview is no finer, a frame of a film is
    /// wider. Samples may lie no closer than those of that view. Results may differ from those with an orbit of the view's own
    /// where they hang on roundings.
    ///
    /// # Errors
    /// Those of [`Plan::reference`], where the orbit has another center or too few bits.
    pub fn kernel_along(
        &self,
        orbit: Option<Arc<ReferenceOrbit>>,
        max_steps: u64,
        steps: &AtomicU64,
    ) -> Result<Box<dyn Kernel>, Error> {
        match orbit.filter(|orbit| orbit.covers(&self.viewport)) {
            Some(orbit) => Ok(self.kernel_of(Some(orbit))),
            None => self.kernel_within(None, max_steps, steps),
        }
    }

    /// What proves the counts of the samples; nothing for an exponential map.
    ///
    /// # Errors
    /// Those of [`Plan::reference`].
    pub fn prover(
        &self,
        known: Option<Arc<ReferenceOrbit>>,
        max_steps: u64,
        steps: &AtomicU64,
    ) -> Result<Option<Box<dyn Prover>>, Error> {
        let (viewport, bailout) = (&self.viewport, self.bailout);
        if viewport.octaves().is_some() {
            return Ok(None);
        }
        let orbit = self.reference(known, max_steps, steps)?;
        Ok(Some(match (self.method, orbit) {
            (Method::Perturbation(_), Some(orbit)) => Box::new(Deep::new(viewport, bailout, orbit)),
            (Method::Direct(_), _) => {
                Box::new(Direct { viewport: viewport.clone(), max_iter: bailout.max_iter() })
            }
            _ => Box::new(Inside),
        }))
    }

    /// The kernel with an orbit that covers the view.
    fn kernel_of(&self, orbit: Option<Arc<ReferenceOrbit>>) -> Box<dyn Kernel> {
        let (viewport, bailout) = (&self.viewport, self.bailout);
        if viewport.octaves().is_some() {
            let (view, level) = (viewport.clone(), self.level);
            let make =
                move |octave| Self::new(&view.octave(octave), bailout, Some(level)).kernel_of(orbit.clone());
            return Box::new(Strip::new(viewport, Box::new(make)));
        }
        match (self.method, orbit) {
            (Method::Perturbation(level), Some(orbit)) => {
                Box::new(Perturbation::new(viewport, bailout, orbit).with_level(level))
            }
            (Method::Direct(level), _) => direct(level, viewport, bailout, Shortcuts::ALL),
            _ => Box::new(Interior::new(viewport)),
        }
    }
}

impl fmt::Display for Plan {
    /// The operation order, which determines the numbers, and the level: `f64-fma-1 avx2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.order())?;
        match self.method {
            Method::Interior => Ok(()),
            Method::Direct(level) | Method::Perturbation(level) => write!(f, " {level}"),
        }
    }
}

/// The kernel for direct iteration at that level, with a choice of shortcuts.
pub fn direct(level: Level, viewport: &Viewport, bailout: Bailout, shortcuts: Shortcuts) -> Box<dyn Kernel> {
    match level {
        Level::Scalar => Box::new(Scalar::new(viewport, bailout, shortcuts)),
        Level::Portable => Box::new(Simd::new(Portable, viewport, bailout, shortcuts)),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(avx2) => Box::new(Simd::new(avx2, viewport, bailout, shortcuts)),
    }
}

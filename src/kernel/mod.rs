//! Escape-time iteration: rectangles of samples in, escape results out.
//!
//! [`escape`] iterates one sample and is written for reading; every faster kernel for `f64` equals it bit for bit, count and
//! fraction. Deep views have an operation order of their own, in [`deep`]. [`Plan`] chooses a kernel for a view.

pub(crate) mod attractor;
pub(crate) mod bailout;
pub(crate) mod certainty;
pub(crate) mod cpu;
pub(crate) mod critical_orbit;
pub(crate) mod deep;
pub(crate) mod distance;
pub(crate) mod interior;
pub(crate) mod plan;
pub(crate) mod scalar;
pub(crate) mod simd;
pub(crate) mod step;
pub(crate) mod strip;

pub use bailout::{Bailout, Kernel, Smoothing};
pub use certainty::{Proof, Prover};
pub use cpu::Level;
pub use deep::reference_orbit::{End, ReferenceOrbit};
pub use interior::Shortcuts;
pub use plan::{F64_SPACING, Method, Plan, Reason};
pub use scalar::escape;

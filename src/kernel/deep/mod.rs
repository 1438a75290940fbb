//! Deep views: every sample as a small delta to one orbit of high precision.
//!
//! One mechanism for all depths: [`reference_orbit`] computes one orbit with as many bits as the view asks for;
//! [`perturbation`] iterates the delta of each sample to it, in `f64`, or with an exponent of its own while it is too
//! small for that; [`bla`] makes many such steps at once. There are no glitches to repair, since a sample that
//! leaves the reference is compared with its start again ("rebasing").
#![allow(missing_docs)]

pub mod bla;
pub mod perturbation;
pub mod reference_orbit;

use std::ops::Range;

use num_complex::Complex;

use self::bla::Bla;
use self::perturbation::{Outcome, Reference};
use self::reference_orbit::ReferenceOrbit;
use super::scalar::fraction;
use super::{Bailout, Kernel};
use crate::floatexp::{ComplexExp, FloatExp};
use crate::{Decimal, Escape, Viewport};

/// The name of the operation order of deep views. A change of any count anywhere is a new name.
pub const PERTURBATION_1: &str = "perturbation-1";

/// Whether samples this far apart are too close for `f64` also as deltas.
pub fn is_wide(spacing: FloatExp) -> bool {
    spacing.exponent() < perturbation::FLOOR_EXPONENT
}

/// Bits behind the binary point that the reference needs for samples this far apart.
pub fn bits(spacing: FloatExp) -> u32 {
    (reference_orbit::GUARD - spacing.exponent()).max(64) as u32
}

/// The kernel for deep views.
pub struct Perturbation {
    viewport: Viewport,
    bailout: Bailout,
    reference: Reference,
    /// From the reference to the center of the view.
    shift: ComplexExp,
    /// The reference as `f64`.
    origin: Complex<f64>,
}

impl Perturbation {
    /// A kernel for the samples of `viewport`, compared with the orbit of its center.
    pub fn new(viewport: &Viewport, bailout: Bailout) -> Self {
        Self::with_reference(viewport, bailout, viewport.center(), true)
    }

    /// The same, compared with the orbit of another point near the view, and without approximation if that is not wanted.
    pub fn with_reference(viewport: &Viewport, bailout: Bailout, at: &Complex<Decimal>, approximate: bool) -> Self {
        let center = viewport.center();
        let part = |a: &Decimal, b: &Decimal| (a.clone() - b.clone()).to_floatexp();
        let shift = ComplexExp::from_parts(part(&center.re, &at.re), part(&center.im, &at.im));
        let spacing = viewport.spacing();
        let finest = if spacing.0 < spacing.1 { spacing.0 } else { spacing.1 };
        let radius = viewport.radius() + shift.abs();
        let orbit = ReferenceOrbit::new(at, finest, radius, bailout.max_iter);
        let bla = Bla::new(&orbit, radius, finest.exponent(), approximate);
        let wide = is_wide(finest);
        let origin = Complex::new(at.re.to_f64(), at.im.to_f64());
        Self { viewport: viewport.clone(), bailout, reference: Reference { orbit, bla, wide }, shift, origin }
    }

    /// What the samples are compared with.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }
}

impl Kernel for Perturbation {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        debug_assert_eq!(out.len(), columns.len() * rows.len(), "one result per sample");
        super::simd::with_fma(
            #[inline(always)]
            || {
                for (y, row) in rows.zip(out.chunks_exact_mut(columns.len())) {
                    for (x, result) in columns.clone().zip(row) {
                        let c = self.reference.delta(self.viewport.offset(x, y) + self.shift);
                        *result = match self.reference.run(&c, self.bailout.max_iter) {
                            Outcome::None => Escape::NONE,
                            Outcome::Escaped(n, z) => {
                                Escape::new(n, fraction(z.re, z.im, self.origin + c.plain, self.bailout))
                            }
                        };
                    }
                }
            },
        );
    }
}

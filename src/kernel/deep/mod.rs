//! Deep views: every sample as a small delta to one orbit of high precision.
//!
//! One mechanism for all depths: [`reference_orbit`] computes one orbit with as many bits as the view asks for;
//! `perturbation` iterates the delta of each sample to it, in `f64`, or with an exponent of its own while it is too
//! small for that; `bla` makes many such steps at once. There are no glitches to repair, since a sample that
//! leaves the reference is compared with its start again ("rebasing").

mod bla;
#[cfg(target_arch = "x86_64")]
mod lanes_avx2;
mod perturbation;
pub mod reference_orbit;

use std::ops::Range;

use num_complex::Complex;

use self::bla::Bla;
use self::perturbation::{Next, Reference, Sample};
use self::reference_orbit::ReferenceOrbit;
pub use self::reference_orbit::{Allowance, bits};
#[cfg(target_arch = "x86_64")]
use super::Avx2;
use super::{Bailout, Kernel, KernelChoice};
use crate::floatexp::{ComplexExp, FloatExp};
use crate::{Decimal, Error, Escape, Viewport};

/// The name of the operation order of deep views. A change of any count anywhere is a new name.
pub const PERTURBATION_1: &str = "perturbation-1";

/// Whether samples this far apart are too close for `f64` also as deltas.
pub fn is_wide(spacing: FloatExp) -> bool {
    spacing.exponent() < perturbation::FLOOR_EXPONENT
}

/// The kernel for deep views.
pub struct Perturbation {
    viewport: Viewport,
    bailout: Bailout,
    reference: Reference,
    /// From the reference to the center of the view.
    shift: ComplexExp,
    lanes: Lanes,
}

/// How the samples take turns. All give the same results.
#[derive(Clone, Copy)]
pub enum Lanes {
    /// One after the other: the slow, obvious way.
    One,
    /// Several in flight, in plain Rust.
    Portable,
    /// Several vectors in flight.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
}

impl Lanes {
    /// What a choice means here.
    ///
    /// # Errors
    /// [`Error::Limit`] if the machine lacks the instructions.
    pub fn new(choice: KernelChoice) -> Result<Self, Error> {
        match choice {
            KernelChoice::Auto => Self::new(super::simd::best()),
            KernelChoice::Scalar => Ok(Self::One),
            KernelChoice::Portable => Ok(Self::Portable),
            KernelChoice::Avx2 => {
                #[cfg(target_arch = "x86_64")]
                if let Some(avx2) = Avx2::detect() {
                    return Ok(Self::Avx2(avx2));
                }
                Err(super::no_avx2())
            }
        }
    }
}

/// Samples in flight: a step of one is a chain of operations, each waiting for the one before it, so that several
/// chains side by side take hardly longer than one.
const LANES: usize = 8;

impl Perturbation {
    /// A kernel for the samples of `viewport`, compared with the orbit of its center.
    ///
    /// # Errors
    /// [`Error::Limit`] where the orbit would be longer than `allowance` permits.
    pub fn new(viewport: &Viewport, bailout: Bailout, allowance: &Allowance) -> Result<Self, Error> {
        Self::with_reference(viewport, bailout, viewport.center(), true, allowance)
    }

    /// The same, compared with the orbit of another point near the view, and without approximation if that is not wanted.
    ///
    /// # Errors
    /// As there.
    pub fn with_reference(
        viewport: &Viewport,
        bailout: Bailout,
        at: &Complex<Decimal>,
        approximate: bool,
        allowance: &Allowance,
    ) -> Result<Self, Error> {
        let center = viewport.center();
        let part = |a: &Decimal, b: &Decimal| (a.clone() - b.clone()).to_floatexp();
        let shift = ComplexExp::from_parts(part(&center.re, &at.re), part(&center.im, &at.im));
        let (re, im) = viewport.spacing();
        let spacing = if re < im { re } else { im };
        let radius = viewport.radius() + shift.abs();
        // A sample that escapes at the last step may be so close to |z| = 2 that it takes many more until it is well outside.
        let beyond = if bailout.is_smooth() { bits(spacing) } else { 0 };
        let orbit =
            ReferenceOrbit::new(at, spacing, radius, bailout.max_iter.saturating_add(beyond), allowance)?;
        let bla = Bla::new(orbit, radius, spacing.exponent(), approximate);
        let floor = if is_wide(spacing) { perturbation::FLOOR } else { 0.0 };
        let c = Complex::new(at.re.to_f64(), at.im.to_f64());
        let reference = Reference { bla, c, floor };
        Ok(Self { viewport: viewport.clone(), bailout, reference, shift, lanes: Lanes::Portable })
    }

    /// This kernel with another order of work.
    pub fn with_lanes(self, lanes: Lanes) -> Self {
        Self { lanes, ..self }
    }

    /// How many steps the reference has.
    pub(super) fn reference_steps(&self) -> u32 {
        self.reference.bla.orbit.last()
    }

    /// Changes when iteration stops. The reference stays, so `max_iter` should not grow beyond the one that it was made for.
    pub(super) fn set_bailout(&mut self, bailout: Bailout) {
        self.bailout = bailout;
    }

    /// The samples of a rectangle with the index of each.
    #[inline(always)]
    fn samples(&self, columns: &Range<u32>, rows: Range<u32>) -> impl FnMut() -> Option<(usize, Sample)> {
        let mut places = rows.flat_map(|y| columns.clone().map(move |x| (x, y))).enumerate();
        move || {
            let (index, (x, y)) = places.next()?;
            Some((index, self.reference.sample(self.viewport.offset(x, y) + self.shift)))
        }
    }

    /// Iterates with all lanes full as long as there are samples.
    #[inline(always)]
    fn fill_lanes(&self, mut next: impl FnMut() -> Option<(usize, Sample)>, out: &mut [Escape]) {
        let (reference, max_iter) = (&self.reference, self.bailout.max_iter);
        let mut lanes: Vec<(usize, Sample)> = std::iter::from_fn(&mut next).take(LANES).collect();
        while !lanes.is_empty() {
            let mut i = 0;
            while let Some((index, sample)) = lanes.get_mut(i) {
                i += 1;
                let event = reference.step(sample, max_iter);
                if event == Next::Step {
                    continue;
                }
                if let Some(result) = reference.attend(sample, event, self.bailout) {
                    out[*index] = result;
                    match next() {
                        Some(fresh) => lanes[i - 1] = fresh,
                        None => {
                            i -= 1;
                            lanes.swap_remove(i);
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn one_after_the_other(&self, columns: &Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        for (y, row) in rows.zip(out.chunks_exact_mut(columns.len())) {
            for (x, result) in columns.clone().zip(row) {
                *result = self.reference.run(self.viewport.offset(x, y) + self.shift, self.bailout);
            }
        }
    }
}

impl Kernel for Perturbation {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        debug_assert_eq!(out.len(), columns.len() * rows.len(), "one result per sample");
        let next = self.samples(&columns, rows.clone());
        super::simd::with_fma(
            #[inline(always)]
            || match self.lanes {
                Lanes::One => self.one_after_the_other(&columns, rows, out),
                Lanes::Portable => self.fill_lanes(next, out),
                #[cfg(target_arch = "x86_64")]
                Lanes::Avx2(avx2) => lanes_avx2::fill(avx2, &self.reference, self.bailout, next, out),
            },
        );
    }
}

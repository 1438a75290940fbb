//! The kernel for deep views.

use std::ops::Range;
use std::sync::Arc;

use crate::field::{Distance, Escape};
use crate::kernel::bailout::{Bailout, Kernel};
use crate::kernel::cpu::{Level, with_fma};
use crate::kernel::deep::bla::Bla;
#[cfg(target_arch = "x86_64")]
use crate::kernel::deep::lanes_avx2;
use crate::kernel::deep::reference_orbit::ReferenceOrbit;
use crate::kernel::deep::sample::{FLOOR, FLOOR_EXPONENT, Next, Reference, Sample};
use crate::number::complexexp::ComplexExp;
use crate::number::floatexp::FloatExp;
use crate::plane::viewport::Viewport;

/// The name of the operation order of deep views. A change of any count anywhere is a new name.
pub(crate) const PERTURBATION_1: &str = "perturbation-1";
/// The same where deltas are too small for `f64`.
pub(crate) const PERTURBATION_1_EXTENDED: &str = "perturbation-1 extended";

/// Whether deltas of samples this far apart are below the range of `f64`.
pub(crate) fn is_wide(spacing: FloatExp) -> bool {
    spacing.exponent() < FLOOR_EXPONENT
}

/// Iterates samples as deltas to a reference orbit.
pub struct Perturbation {
    viewport: Viewport,
    bailout: Bailout,
    reference: Reference,
    /// From C to the center of the view.
    shift: ComplexExp,
    level: Level,
}

/// Samples that are iterated in turns. An iteration is a chain of operations that each depend on the one before, so that
/// several samples take hardly longer than one.
const IN_FLIGHT: usize = 8;

impl Perturbation {
    /// A kernel for the samples of `viewport`, compared with an orbit that has as many iterations as
    /// [`ReferenceOrbit::needed`] says, or ends before. Further iterations of it are not used, so that they change no
    /// result.
    pub fn new(viewport: &Viewport, bailout: Bailout, orbit: Arc<ReferenceOrbit>) -> Self {
        Self::with_blocks(viewport, bailout, orbit, true)
    }

    /// The same, one iteration at a time unless `approximate`.
    pub fn with_blocks(
        viewport: &Viewport,
        bailout: Bailout,
        orbit: Arc<ReferenceOrbit>,
        approximate: bool,
    ) -> Self {
        let last = ReferenceOrbit::needed(viewport, bailout);
        let (c, shift) = (orbit.c(), orbit.shift(viewport));
        let spacing = viewport.spacing_min();
        let bla = Bla::new(orbit, last, viewport.radius() + shift.abs(), spacing.exponent(), approximate);
        let floor = if is_wide(spacing) { FLOOR } else { 0.0 };
        let reference = Reference { bla, c, floor };
        Self { viewport: viewport.clone(), bailout, reference, shift, level: Level::Portable }
    }

    /// This kernel at another level.
    pub fn with_level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// Changes when iteration stops. The reference stays, which remains exact: samples are rebased at its end.
    pub(crate) fn set_bailout(&mut self, bailout: Bailout) {
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

    /// Iterates [`IN_FLIGHT`] samples in turns; the next one takes the place of one that is done.
    #[inline(always)]
    fn in_turns(&self, mut next: impl FnMut() -> Option<(usize, Sample)>, out: &mut [Escape]) {
        let (reference, max_iter) = (&self.reference, self.bailout.max_iter());
        let mut samples: Vec<(usize, Sample)> = std::iter::from_fn(&mut next).take(IN_FLIGHT).collect();
        while !samples.is_empty() {
            let mut i = 0;
            while let Some((index, sample)) = samples.get_mut(i) {
                i += 1;
                let event = reference.step(sample, max_iter, &mut ());
                if event == Next::Step {
                    continue;
                }
                if let Some(result) = reference.attend(sample, event, self.bailout, &mut ()) {
                    out[*index] = result;
                    match next() {
                        Some(fresh) => samples[i - 1] = fresh,
                        None => {
                            i -= 1;
                            samples.swap_remove(i);
                        }
                    }
                }
            }
        }
    }

    /// Iterates one sample after the other.
    #[inline(always)]
    fn one_by_one(&self, columns: &Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
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
        with_fma(
            #[inline(always)]
            || match self.level {
                Level::Scalar => self.one_by_one(&columns, rows, out),
                Level::Portable => self.in_turns(next, out),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2(avx2) => lanes_avx2::fill(avx2, &self.reference, self.bailout, next, out),
            },
        );
    }

    fn distances(&self, columns: Range<u32>, rows: Range<u32>, escapes: &[Escape], out: &mut [Distance]) {
        debug_assert!(
            escapes.len() == out.len() && out.len() == columns.len() * rows.len(),
            "one for each sample"
        );
        let spacing = self.viewport.spacing_min();
        with_fma(
            #[inline(always)]
            || {
                let places = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
                for ((x, y), (escape, out)) in places.zip(escapes.iter().zip(out)) {
                    *out = match escape.n() {
                        Some(_) => {
                            let c = self.viewport.offset(x, y) + self.shift;
                            self.reference.distance(c, spacing, self.bailout)
                        }
                        None => Distance::NONE,
                    };
                }
            },
        );
    }
}

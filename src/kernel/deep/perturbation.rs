//! The kernel for deep views.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use num_complex::Complex;

use crate::field::{Distance, Escape};
use crate::kernel::attractor::put;
use crate::kernel::bailout::{Bailout, Kernel};
use crate::kernel::cpu::{Level, with_fma};
use crate::kernel::deep::attractor::{attractor, minima};
use crate::kernel::deep::bla::Bla;
use crate::kernel::deep::circle::Circle;
use crate::kernel::deep::derivative::{Derivative, Follow};
#[cfg(target_arch = "x86_64")]
use crate::kernel::deep::lanes_avx2;
use crate::kernel::deep::reference_orbit::ReferenceOrbit;
use crate::kernel::deep::sample::{FLOOR, FLOOR_EXPONENT, Next, Reference, Results, Sample};
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
    /// The [`minima`] of the reference, once they are needed.
    minima: OnceLock<Vec<u32>>,
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
        let radius = viewport.radius() + shift.abs();
        let circle = Circle::of(&orbit, radius);
        let mut bla = Bla::new(orbit, last, radius, spacing.exponent(), approximate);
        if let (Some(_), Some(first)) = (&circle, bla.points.get_mut(1)) {
            // Every sample is attended there.
            first.gap = f64::NAN;
        }
        let floor = if is_wide(spacing) { FLOOR } else { 0.0 };
        let reference = Reference { bla, c, floor, circle };
        Self {
            viewport: viewport.clone(),
            bailout,
            reference,
            shift,
            level: Level::Portable,
            minima: OnceLock::new(),
        }
    }

    /// What its samples are compared with.
    pub(super) fn into_reference(self) -> Reference {
        self.reference
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
    fn samples(&self, columns: Range<u32>, rows: Range<u32>) -> impl Iterator<Item = (usize, Sample)> {
        let places = rows.flat_map(move |y| columns.clone().map(move |x| (x, y)));
        places.map(|(x, y)| self.reference.sample(self.viewport.offset(x, y) + self.shift)).enumerate()
    }

    /// The derivative of a sample before its first iteration.
    fn derivative(&self) -> Derivative {
        Derivative::new(&self.reference.bla, self.viewport.spacing_min())
    }

    /// Iterates samples, each with what follows it.
    #[inline(always)]
    fn fill<F: Follow>(
        &self,
        follow: F,
        mut samples: impl Iterator<Item = (usize, Sample)>,
        mut results: Results,
    ) {
        let next = || samples.next();
        with_fma(
            #[inline(always)]
            || match self.level {
                Level::Scalar => self.one_by_one(follow, next, &mut results),
                Level::Portable => self.in_turns(follow, next, &mut results),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2(avx2) => {
                    lanes_avx2::fill(avx2, &self.reference, self.bailout, follow, next, &mut results);
                }
            },
        );
    }

    /// Iterates [`IN_FLIGHT`] samples in turns; the next one takes the place of one that is done.
    #[inline(always)]
    fn in_turns<F: Follow>(
        &self,
        fresh: F,
        mut next: impl FnMut() -> Option<(usize, Sample)>,
        results: &mut Results,
    ) {
        let (reference, max_iter) = (&self.reference, self.bailout.max_iter());
        let mut next = || next().map(|(index, sample)| (index, sample, fresh));
        let mut samples: Vec<(usize, Sample, F)> = std::iter::from_fn(&mut next).take(IN_FLIGHT).collect();
        while !samples.is_empty() {
            let mut i = 0;
            while let Some((index, sample, follow)) = samples.get_mut(i) {
                i += 1;
                let event = reference.step(sample, max_iter, follow);
                if event == Next::Step {
                    continue;
                }
                if let Some(escape) = reference.attend(sample, event, self.bailout, follow) {
                    results.put(*index, escape, follow.distance());
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
    fn one_by_one<F: Follow>(
        &self,
        fresh: F,
        mut next: impl FnMut() -> Option<(usize, Sample)>,
        results: &mut Results,
    ) {
        while let Some((index, sample)) = next() {
            let mut follow = fresh;
            let escape = self.reference.run(sample, self.bailout, &mut follow);
            results.put(index, escape, follow.distance());
        }
    }
}

impl Kernel for Perturbation {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        debug_assert_eq!(out.len(), columns.len() * rows.len(), "one result per sample");
        self.fill((), self.samples(columns, rows), Results { escapes: out, distances: &mut [] });
    }

    fn iterate_at(&self, samples: &[(u32, u32)], out: &mut [Escape]) {
        let places = samples.iter().map(|&(x, y)| self.viewport.offset(x, y) + self.shift);
        let samples = places.map(|c| self.reference.sample(c)).enumerate();
        self.fill((), samples, Results { escapes: out, distances: &mut [] });
    }

    fn distances(&self, columns: Range<u32>, rows: Range<u32>, escapes: &[Escape], out: &mut [Distance]) {
        debug_assert!(
            escapes.len() == out.len() && out.len() == columns.len() * rows.len(),
            "one for each sample"
        );
        out.fill(Distance::NONE);
        let escaped = self.samples(columns, rows).filter(|(index, _)| escapes[*index].n().is_some());
        self.fill(self.derivative(), escaped, Results { escapes: &mut [], distances: out });
    }

    /// In one pass.
    fn iterate_with_distances(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        debug_assert!(
            escapes.len() == distances.len() && distances.len() == columns.len() * rows.len(),
            "two results per sample"
        );
        self.fill(self.derivative(), self.samples(columns, rows), Results { escapes, distances });
    }

    /// One sample at a time, all numbers in `f64` or all with wide exponents.
    fn interiors(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        debug_assert!(
            escapes.len() == distances.len() && escapes.len() == columns.len() * rows.len(),
            "two results per sample"
        );
        let (bla, max_iter) = (&self.reference.bla, self.bailout.max_iter());
        let minima = self.minima.get_or_init(|| minima(bla));
        let wide = is_wide(self.viewport.spacing_min());
        let unit = FloatExp::new(1.0, bla.unit) / self.viewport.spacing_min();
        let places = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
        with_fma(
            #[inline(always)]
            || {
                for ((x, y), (escape, distance)) in places.zip(escapes.iter_mut().zip(distances)) {
                    if escape.n().is_none() {
                        let c = self.viewport.offset(x, y) + self.shift;
                        let cycle = match wide {
                            true => attractor::<ComplexExp>(bla, minima, c, max_iter),
                            false => attractor::<Complex<f64>>(bla, minima, c, max_iter),
                        };
                        put(cycle, unit, escape, distance);
                    }
                }
            },
        );
    }
}

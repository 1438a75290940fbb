//! The kernel that iterates many samples at once.

use std::ops::Range;

use crate::field::{Distance, Escape};
use crate::kernel::attractor::interiors;
use crate::kernel::bailout::{Bailout, Kernel};
use crate::kernel::distance::distances;
use crate::kernel::interior::Shortcuts;
use crate::kernel::simd::intake::{Coordinates, Intake};
use crate::kernel::simd::isa::{Isa, Task};
use crate::kernel::simd::lanes::Lanes;
use crate::kernel::simd::outlet::Outlet;
use crate::plane::viewport::Viewport;

/// Iterates samples in the lanes of an instruction set.
pub(crate) struct Simd<I> {
    isa: I,
    task: Task,
    coordinates: Coordinates,
}

impl<I: Isa> Simd<I> {
    /// A kernel for the samples of `viewport`. The square of the escape radius must be finite.
    pub(crate) fn new(isa: I, viewport: &Viewport, bailout: Bailout, shortcuts: Shortcuts) -> Self {
        debug_assert!(bailout.radius_sqr().is_finite(), "a walk ends beyond the escape radius");
        Self { isa, task: Task { bailout, shortcuts }, coordinates: Coordinates::new(viewport) }
    }
}

impl<I: Isa> Kernel for Simd<I> {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        debug_assert_eq!(out.len(), columns.len() * rows.len(), "one result per sample");
        if columns.is_empty() || rows.is_empty() {
            return;
        }
        let mut intake = Intake::new(self.isa, &self.task, &self.coordinates, columns, rows);
        let mut outlet = Outlet::new(self.isa, &self.task, out);
        if intake.find_open(&mut outlet) {
            let mut lanes = Lanes::new(self.isa, &self.task);
            while lanes.advance(&mut intake, &mut outlet) {}
        }
        outlet.flush();
    }

    fn distances(&self, columns: Range<u32>, rows: Range<u32>, escapes: &[Escape], out: &mut [Distance]) {
        distances(self.coordinates.viewport(), columns, rows, escapes, out);
    }

    /// One sample at a time.
    fn interiors(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        let max_iter = self.task.bailout.max_iter();
        interiors(self.coordinates.viewport(), max_iter, columns, rows, escapes, distances);
    }
}

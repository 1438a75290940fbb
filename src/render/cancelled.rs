//! A kernel that can be stopped.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::field::{Distance, Escape};
use crate::kernel::bailout::Kernel;

/// A kernel that does nothing once the render is cancelled.
pub(super) struct Cancelled<'a> {
    pub(super) kernel: &'a dyn Kernel,
    /// Set to cancel.
    pub(super) cancel: &'a AtomicBool,
}

impl Kernel for Cancelled<'_> {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        if !self.cancel.load(Ordering::Relaxed) {
            self.kernel.iterate(columns, rows, out);
        }
    }

    fn distances(&self, columns: Range<u32>, rows: Range<u32>, escapes: &[Escape], out: &mut [Distance]) {
        if !self.cancel.load(Ordering::Relaxed) {
            self.kernel.distances(columns, rows, escapes, out);
        }
    }

    fn distances_along_rows(&self) -> bool {
        self.kernel.distances_along_rows()
    }

    fn iterate_with_distances(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        if !self.cancel.load(Ordering::Relaxed) {
            self.kernel.iterate_with_distances(columns, rows, escapes, distances);
        }
    }

    fn interiors(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        if !self.cancel.load(Ordering::Relaxed) {
            self.kernel.interiors(columns, rows, escapes, distances);
        }
    }
}

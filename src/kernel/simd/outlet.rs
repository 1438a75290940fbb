//! The results of a rectangle, and the samples of which only the block is known in which they escape.

use crate::field::Escape;
use crate::kernel::simd::isa::{BATCH, Batch, Isa, Task};

/// Collects results.
pub(super) struct Outlet<'a, I> {
    isa: I,
    task: &'a Task,
    out: &'a mut [Escape],
    /// Samples that have escaped, with their state at the start of the block in which they did.
    batch: Batch,
    /// Where their results go.
    index: [usize; BATCH],
    /// How many there are.
    count: usize,
}

impl<'a, I: Isa> Outlet<'a, I> {
    pub(super) fn new(isa: I, task: &'a Task, out: &'a mut [Escape]) -> Self {
        Self { isa, task, out, batch: Batch::new(), index: [0; BATCH], count: 0 }
    }

    /// Samples in the rectangle.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// Sets the results of `count` samples to one value.
    #[inline(always)]
    pub(super) fn fill(&mut self, from: usize, count: usize, result: Escape) {
        self.out[from..from + count].fill(result);
    }

    /// Writes the results of the first `count` samples of a batch.
    #[inline(always)]
    pub(super) fn write(&mut self, from: usize, count: usize, results: &[Escape; BATCH]) {
        let out = &mut self.out[from..from + count];
        match <&mut [Escape; BATCH]>::try_from(&mut *out) {
            Ok(out) => *out = *results,
            Err(_) => out.copy_from_slice(&results[..count]),
        }
    }

    /// Takes a sample that escapes within the block which begins with z after n iterations.
    #[inline(always)]
    pub(super) fn put(&mut self, index: usize, n: u32, z: (f64, f64), c: (f64, f64)) {
        let (i, batch) = (self.count % BATCH, &mut self.batch);
        (batch.x[i], batch.y[i]) = z;
        (batch.cx[i], batch.cy[i]) = c;
        batch.n[i] = n;
        self.index[i] = index;
        self.count += 1;
        if self.count == BATCH {
            self.flush();
        }
    }

    /// Finds the results of the samples that were taken.
    #[inline(never)]
    pub(super) fn flush(&mut self) {
        // The other places of the batch take no part.
        self.batch.x[self.count..].fill(f64::NAN);
        self.isa.walk_again(&mut self.batch, self.task);
        for (&index, &result) in self.index.iter().zip(&self.batch.results).take(self.count) {
            self.out[index] = result;
        }
        self.count = 0;
    }
}

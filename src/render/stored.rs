//! A kernel whose results were computed before, and are all in memory.

use std::convert::Infallible;
use std::ops::Range;

use crate::field::{Distance, Escape};
use crate::kernel::bailout::Kernel;
use crate::plane::viewport::Viewport;
use crate::render::in_order::in_order;

/// The results of a whole lattice, of which a window is shown.
pub(crate) struct Stored {
    /// The kernel of the window, for its distances.
    kernel: Box<dyn Kernel>,
    /// Samples in a row of the lattice.
    width: u32,
    escapes: Vec<Escape>,
    /// Column and row of the lattice at which the window begins.
    corner: (u32, u32),
}

impl Stored {
    /// Bytes for each sample: its result, and its count and weight while the histogram is made of them.
    pub(crate) const BYTES: u64 = (size_of::<Escape>() + size_of::<(f64, f64)>()) as u64;

    /// Iterates all samples of a lattice, on the current rayon pool.
    pub(crate) fn all(lattice: &Viewport, kernel: &dyn Kernel) -> Vec<Escape> {
        let (width, height) = (lattice.width(), lattice.height());
        let mut escapes = Vec::with_capacity(width as usize * height as usize);
        let result: Result<(), Infallible> = in_order(
            height,
            || (),
            |(), y| {
                let mut row = vec![Escape::NONE; width as usize];
                kernel.iterate(0..width, y..y + 1, &mut row);
                row
            },
            |row| {
                escapes.extend(row);
                Ok(())
            },
        );
        let Ok(()) = result;
        escapes
    }

    /// The kernel for a window of the lattice that `escapes` are the results of. Its distances are those of `kernel`.
    pub(crate) fn new(escapes: Vec<Escape>, window: &Viewport, kernel: Box<dyn Kernel>) -> Self {
        Self { kernel, width: window.whole().width(), escapes, corner: window.corner() }
    }
}

impl Kernel for Stored {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        let left = (self.corner.0 + columns.start) as usize;
        for (y, out) in rows.zip(out.chunks_exact_mut(columns.len())) {
            let row = (self.corner.1 + y) as usize * self.width as usize;
            out.copy_from_slice(&self.escapes[row + left..][..out.len()]);
        }
    }

    fn distances(&self, columns: Range<u32>, rows: Range<u32>, escapes: &[Escape], out: &mut [Distance]) {
        self.kernel.distances(columns, rows, escapes, out);
    }

    fn distances_along_rows(&self) -> bool {
        self.kernel.distances_along_rows()
    }

    fn interiors(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        self.kernel.interiors(columns, rows, escapes, distances);
    }
}

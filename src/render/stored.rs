//! A kernel whose results were computed before, and are all in memory.

use std::convert::Infallible;
use std::ops::Range;

use crate::field::Escape;
use crate::kernel::bailout::Kernel;
use crate::plane::viewport::Viewport;
use crate::render::in_order::in_order;

/// The results of a whole lattice, of which a window is shown.
pub(crate) struct Stored {
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
    pub(crate) fn all(lattice: &Viewport, kernel: &dyn Kernel) -> Self {
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
        Self { width, escapes, corner: (0, 0) }
    }

    /// All results, row by row.
    pub(crate) fn escapes(&self) -> &[Escape] {
        &self.escapes
    }

    /// The kernel for a window of the lattice.
    pub(crate) fn window(self, window: &Viewport) -> Self {
        Self { corner: window.corner(), ..self }
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
}

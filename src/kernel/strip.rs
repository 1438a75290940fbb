//! The kernel for the exponential map: each octave has a kernel of its own.
//!
//! Along a strip samples come closer and closer to the center. An octave of it is iterated as a view of its own would be, with the
//! method that suits its spacing and with blocks for its radius, but with the reference orbit of the last octave, which serves all
//! of them; see `ReferenceOrbit::covers`. Which octave a row belongs to depends on the lattice alone, so that results do not
//! depend on how it is cut.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::field::{Distance, Escape};
use crate::kernel::bailout::Kernel;
use crate::plane::viewport::Viewport;

/// Octaves whose kernels are kept. Bands are taken from the top down, so that threads are in one octave or on either side of its
/// end.
const KEPT: usize = 2;

/// A kernel of an octave, made by the first thread that needs it.
type Made = Arc<OnceLock<Box<dyn Kernel>>>;

/// Makes the kernel of an octave.
type Make = Box<dyn Fn(u32) -> Box<dyn Kernel> + Send + Sync>;

/// Iterates the samples of an exponential map.
pub(super) struct Strip {
    viewport: Viewport,
    make: Make,
    made: Mutex<VecDeque<(u32, Made)>>,
}

impl Strip {
    /// A kernel for an exponential map, of the kernels that `make` makes for its octaves.
    pub(super) fn new(viewport: &Viewport, make: Make) -> Self {
        debug_assert!(viewport.octaves().is_some(), "an exponential map");
        Self { viewport: viewport.clone(), make, made: Mutex::default() }
    }

    /// Calls `work` with the kernel of each octave in which rows lie, and those rows.
    fn each(&self, rows: Range<u32>, mut work: impl FnMut(&dyn Kernel, Range<u32>)) {
        let mut from = rows.start;
        while from < rows.end {
            let (octave, _) = self.viewport.octave_of(from);
            let end = self.viewport.rows_of_octave(octave).end.min(rows.end);
            let made = self.made(octave);
            let kernel = made.get_or_init(|| (self.make)(octave));
            work(kernel.as_ref(), from..end);
            from = end;
        }
    }

    fn made(&self, octave: u32) -> Made {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = made.iter().find(|(known, _)| *known == octave) {
            return Arc::clone(known);
        }
        if made.len() == KEPT {
            made.pop_front();
        }
        let new = Made::default();
        made.push_back((octave, Arc::clone(&new)));
        new
    }

    /// Turns distances from the axes of the plane to the columns and rows of the strip, and from the spacing of an octave to that
    /// of each row, for those samples that are `wanted`.
    fn lay_along(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        out: &mut [Distance],
        wanted: impl Fn(usize) -> bool,
    ) {
        let places = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
        let chosen = places.zip(out).enumerate().filter(|(i, _)| wanted(*i));
        for (_, ((x, y), distance)) in chosen {
            let scale = self.viewport.octave_of(y).1;
            let offset = self.viewport.offset(x, y);
            let (re, im) = offset.mantissas();
            let by = 1.0 / ((re * re + im * im).sqrt() * scale);
            let (a, b) = (f64::from(distance.x) * by, f64::from(distance.y) * by);
            // Times the conjugate of the direction outwards: the real part is outwards, the imaginary one counter-clockwise.
            *distance = Distance { x: (a * im - b * re) as f32, y: (a * re + b * im) as f32 };
        }
    }
}

/// Where the results of `rows` lie among those of all rows from `first` on.
fn part(width: usize, first: u32, rows: &Range<u32>) -> Range<usize> {
    (rows.start - first) as usize * width..(rows.end - first) as usize * width
}

impl Kernel for Strip {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        let (width, first) = (columns.len(), rows.start);
        self.each(rows, |kernel, rows| {
            let place = part(width, first, &rows);
            kernel.iterate(columns.clone(), rows, &mut out[place]);
        });
    }

    fn distances(&self, columns: Range<u32>, rows: Range<u32>, escapes: &[Escape], out: &mut [Distance]) {
        let (width, first) = (columns.len(), rows.start);
        self.each(rows.clone(), |kernel, rows| {
            let place = part(width, first, &rows);
            kernel.distances(columns.clone(), rows, &escapes[place.clone()], &mut out[place]);
        });
        self.lay_along(columns, rows, out, |_| true);
    }

    fn distances_along_rows(&self) -> bool {
        true
    }

    fn iterate_with_distances(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        let (width, first) = (columns.len(), rows.start);
        self.each(rows.clone(), |kernel, rows| {
            let place = part(width, first, &rows);
            let (escapes, distances) = (&mut escapes[place.clone()], &mut distances[place]);
            kernel.iterate_with_distances(columns.clone(), rows, escapes, distances);
        });
        self.lay_along(columns, rows, distances, |_| true);
    }

    fn interiors(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        let (width, first) = (columns.len(), rows.start);
        self.each(rows.clone(), |kernel, rows| {
            let place = part(width, first, &rows);
            let (escapes, distances) = (&mut escapes[place.clone()], &mut distances[place]);
            kernel.interiors(columns.clone(), rows, escapes, distances);
        });
        self.lay_along(columns, rows, distances, |i| escapes[i].n().is_none());
    }
}

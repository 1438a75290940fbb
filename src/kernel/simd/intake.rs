//! The samples of a rectangle, from their coordinates to the end of their first walk.

use std::ops::Range;

use num_complex::Complex;

use crate::field::Escape;
use crate::kernel::scalar::escape;
use crate::kernel::simd::isa::{BATCH, Batch, Isa, Task, is_near};
use crate::kernel::simd::outlet::Outlet;
use crate::plane::viewport::Viewport;

/// The coordinates of all samples of a view.
pub(super) struct Coordinates {
    viewport: Viewport,
    /// Real part of each column of an upright view. Empty for another view, in which each sample has its own.
    re: Vec<f64>,
}

impl Coordinates {
    pub(super) fn new(viewport: &Viewport) -> Self {
        let columns = if viewport.is_upright() { viewport.width() } else { 0 };
        let re = (0..columns).map(|x| viewport.re(x)).collect();
        Self { viewport: viewport.clone(), re }
    }

    pub(super) fn viewport(&self) -> &Viewport {
        &self.viewport
    }
}

/// The samples of a rectangle that have not begun yet.
struct Queue<'a> {
    coordinates: &'a Coordinates,
    columns: Range<u32>,
    /// The rows, the present one first.
    rows: Range<u32>,
    /// The next column.
    x: u32,
    /// Imaginary part of the present row of an upright view.
    im: f64,
    /// Samples left.
    left: usize,
}

impl Queue<'_> {
    /// Puts the coordinates of the next `count` samples into `batch`; the others take no part.
    #[inline(always)]
    fn gather(&mut self, count: usize, batch: &mut Batch) {
        self.left -= count;
        let mut filled = 0;
        while filled < count {
            let run = (count - filled).min((self.columns.end - self.x) as usize);
            // The check of the bounds is the one that tells an upright view, for which it costs nothing more.
            if let Some(re) = self.coordinates.re.get(self.x as usize..self.x as usize + run) {
                if let Ok(re) = <&[f64; BATCH]>::try_from(re) {
                    (batch.cx, batch.cy) = (*re, [self.im; BATCH]);
                } else {
                    for (i, &re) in (filled..BATCH).zip(re) {
                        (batch.cx[i], batch.cy[i]) = (re, self.im);
                    }
                }
            } else {
                let (cx, cy) = (&mut batch.cx[filled..][..run], &mut batch.cy[filled..][..run]);
                gather_points(&self.coordinates.viewport, self.x, self.rows.start, cx, cy);
            }
            filled += run;
            self.x += run as u32;
            if self.x == self.columns.end {
                self.x = self.columns.start;
                self.rows.start += 1;
                if self.rows.start < self.rows.end {
                    self.im = self.coordinates.viewport.im(self.rows.start);
                }
            }
        }
        batch.cx[count..].fill(f64::NAN);
    }
}

/// Puts the points of a row from column `x` on into `cx` and `cy`.
#[cold]
fn gather_points(viewport: &Viewport, x: u32, y: u32, cx: &mut [f64], cy: &mut [f64]) {
    for ((re, im), x) in cx.iter_mut().zip(cy).zip(x..) {
        let c = viewport.point(x, y);
        (*re, *im) = (c.re, c.im);
    }
}

/// A sample that needs a lane.
pub(super) struct Open {
    pub(super) c: (f64, f64),
    pub(super) z: (f64, f64),
    /// The iterations that led to z.
    pub(super) n: u32,
    /// Where the result goes.
    pub(super) index: usize,
}

/// Begins the samples of a rectangle, batch by batch.
pub(super) struct Intake<'a, I> {
    isa: I,
    task: &'a Task,
    queue: Queue<'a>,
    /// The last batch that has begun; its samples in the set `open` wait for a lane.
    batch: Batch,
    open: u32,
    /// The iterations that they have made.
    n: u32,
    /// Where the result of the first sample of the batch goes.
    from: usize,
    /// Whether the next batch shall walk, or take lanes at once because the last ones did not end in their walk.
    walk: bool,
}

impl<'a, I: Isa> Intake<'a, I> {
    /// The samples of a rectangle that is not empty.
    pub(super) fn new(
        isa: I,
        task: &'a Task,
        coordinates: &'a Coordinates,
        columns: Range<u32>,
        rows: Range<u32>,
    ) -> Self {
        let (im, left) = (coordinates.viewport.im(rows.start), columns.len() * rows.len());
        let queue = Queue { coordinates, x: columns.start, columns, rows, im, left };
        Self { isa, task, queue, batch: Batch::new(), open: 0, n: 0, from: 0, walk: true }
    }

    /// The next sample that needs a lane. None at the end of the rectangle.
    #[inline(always)]
    pub(super) fn next(&mut self, outlet: &mut Outlet<I>) -> Option<Open> {
        if self.open == 0 && !self.find_open(outlet) {
            return None;
        }
        let i = self.open.trailing_zeros() as usize % BATCH;
        self.open &= self.open - 1;
        let Batch { cx, cy, x, y, .. } = &self.batch;
        Some(Open { c: (cx[i], cy[i]), z: (x[i], y[i]), n: self.n, index: self.from + i })
    }

    /// Has the next batch walk, because samples turn out to escape early.
    #[inline(always)]
    pub(super) fn walk_next(&mut self) {
        self.walk = true;
    }

    /// Begins batches until there are samples that need a lane. False at the end of the rectangle.
    #[inline(never)]
    pub(super) fn find_open(&mut self, outlet: &mut Outlet<I>) -> bool {
        while self.queue.left > 0 {
            let count = BATCH.min(self.queue.left);
            self.from = outlet.len() - self.queue.left;
            self.queue.gather(count, &mut self.batch);
            let begun = self.isa.begin(&mut self.batch, self.task, self.walk);
            if begun.n == 1 {
                outlet.fill(self.from, count, Escape::NONE);
            } else {
                outlet.write(self.from, count, &self.batch.results);
                self.walk = begun.some_ended;
            }
            if begun.near {
                self.ask_scalar(count, outlet);
            }
            self.open = begun.open & ((1 << count) - 1);
            self.n = begun.n;
            if self.open != 0 && begun.n < self.task.bailout.max_iter() {
                return true;
            }
        }
        self.open = 0;
        false
    }

    /// Gives the samples of the batch next to the circle |c| = 2 to the scalar kernel.
    #[cold]
    fn ask_scalar(&self, count: usize, outlet: &mut Outlet<I>) {
        for i in 0..count {
            let c = Complex::new(self.batch.cx[i], self.batch.cy[i]);
            if is_near(c.re, c.im) {
                outlet.fill(self.from + i, 1, escape(c, self.task.bailout, self.task.shortcuts));
            }
        }
    }
}

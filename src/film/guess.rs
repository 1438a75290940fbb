//! Samples between others of which they are the mean.
//!
//! In a cell of 8x8 samples first every fourth one is iterated. Where those lie where their neighbors at a distance of 8 put them, to
//! within a small part of the palette, the rest is interpolated; else each quarter of the cell is tried in the same way, and iterated as a
//! whole if that fails too. Interpolation is linear along both axes. So an error where the map is smooth is a quarter of what was allowed,
//! and a filament can be missed that passes between all samples of the coarser lattice.

use std::ops::Range;

use crate::color::painter::Painter;
use crate::field::Escape;
use crate::kernel::bailout::Kernel;

/// Samples along a cell.
pub(super) const CELL: u32 = 8;
/// How far a sample may lie from the mean of its neighbors, in passes of the palette: what the eye sees of a palette of
/// some eight colors is about one level of 255 where a quarter of this is left.
const TOLERANCE: f64 = 1.0 / 256.0;

/// A row of cells in work.
pub(super) struct Guess<'a> {
    kernel: &'a dyn Kernel,
    painter: &'a Painter,
    columns: Range<u32>,
    top: u32,
    /// Samples in a row, with the first one behind the last cell.
    width: usize,
    escapes: Vec<Escape>,
    /// Their places in the palette; NaN for one that did not escape.
    places: Vec<f64>,
    known: Vec<bool>,
    /// Samples to be iterated.
    wanted: Vec<(u32, u32)>,
    results: Vec<Escape>,
}

impl<'a> Guess<'a> {
    /// The cells of these columns, of which there is a whole number, from row `top` on. The viewport of `kernel` has a
    /// row and a column more.
    pub(super) fn new(kernel: &'a dyn Kernel, painter: &'a Painter, columns: Range<u32>, top: u32) -> Self {
        debug_assert!(columns.len().is_multiple_of(CELL as usize), "whole cells");
        let width = columns.len() + 1;
        let all = width * (CELL as usize + 1);
        Self {
            kernel,
            painter,
            columns,
            top,
            width,
            escapes: vec![Escape::NONE; all],
            places: vec![f64::NAN; all],
            known: vec![false; all],
            wanted: Vec::new(),
            results: Vec::new(),
        }
    }

    /// The results of the rows of the cells.
    pub(super) fn results(mut self) -> Vec<Escape> {
        let cells = (self.width - 1) / CELL as usize;
        for y in (0..=CELL as usize).step_by(4) {
            (0..self.width).step_by(4).for_each(|x| self.want(x, y));
        }
        self.iterate();
        let mut open = Vec::new();
        for x in (0..cells).map(|cell| cell * CELL as usize) {
            if self.is_flat(x, 0, 8) {
                self.fill(x, 0, 8);
            } else {
                open.extend([(x, 0), (x + 4, 0), (x, 4), (x + 4, 4)]);
            }
        }
        for &(x, y) in &open {
            for (dx, dy) in [(2, 0), (0, 2), (2, 2), (4, 2), (2, 4)] {
                self.want(x + dx, y + dy);
            }
        }
        self.iterate();
        for (x, y) in open {
            if self.is_flat(x, y, 4) {
                self.fill(x, y, 4);
            } else {
                (y..y + 4).for_each(|y| (x..x + 4).for_each(|x| self.want(x, y)));
            }
        }
        self.iterate();
        let width = self.width;
        self.escapes
            .chunks_exact(width)
            .take(CELL as usize)
            .flat_map(|row| &row[..width - 1])
            .copied()
            .collect()
    }

    fn want(&mut self, x: usize, y: usize) {
        if !std::mem::replace(&mut self.known[y * self.width + x], true) {
            self.wanted.push((self.columns.start + x as u32, self.top + y as u32));
        }
    }

    fn iterate(&mut self) {
        self.results.resize(self.wanted.len(), Escape::NONE);
        self.kernel.iterate_at(&self.wanted, &mut self.results);
        for (&(x, y), &escape) in self.wanted.iter().zip(&self.results) {
            let at = (y - self.top) as usize * self.width + (x - self.columns.start) as usize;
            self.escapes[at] = escape;
            self.places[at] = escape.n().map_or(f64::NAN, |_| self.painter.place(escape));
        }
        self.wanted.clear();
    }

    /// Whether the samples in the middle of the sides and of the whole of a square are the means of its corners.
    fn is_flat(&self, x: usize, y: usize, side: usize) -> bool {
        let half = side / 2;
        let place = |dx: usize, dy: usize| self.places[(y + dy * half) * self.width + x + dx * half];
        let (a, b, c, d) = (place(0, 0), place(2, 0), place(0, 2), place(2, 2));
        let means = [
            (place(1, 0), (a + b) / 2.0),
            (place(0, 1), (a + c) / 2.0),
            (place(2, 1), (b + d) / 2.0),
            (place(1, 2), (c + d) / 2.0),
            (place(1, 1), (a + b + c + d) / 4.0),
        ];
        // A comparison with NaN is false.
        means.iter().all(|(there, mean)| (there - mean).abs() <= TOLERANCE)
    }

    /// Interpolates what is not known in a square, between the samples half a side apart.
    fn fill(&mut self, x: usize, y: usize, side: usize) {
        let half = side / 2;
        for (dx, dy) in [(0, 0), (half, 0), (0, half), (half, half)] {
            let (x, y) = (x + dx, y + dy);
            let nu = |i: usize, j: usize| {
                self.escapes[(y + j * half) * self.width + x + i * half].smooth().unwrap_or(0.0)
            };
            let (a, b, c, d) = (nu(0, 0), nu(1, 0), nu(0, 1), nu(1, 1));
            for j in 0..half {
                let v = j as f64 / half as f64;
                let (left, right) = (a + (c - a) * v, b + (d - b) * v);
                for i in 0..half {
                    let at = (y + j) * self.width + x + i;
                    if !std::mem::replace(&mut self.known[at], true) {
                        self.escapes[at] = between(left + (right - left) * (i as f64 / half as f64));
                    }
                }
            }
        }
    }
}

/// A smooth count as a result.
fn between(nu: f64) -> Escape {
    let n = nu.floor().max(0.0);
    Escape::new(n as u32, (nu - n) as f32)
}

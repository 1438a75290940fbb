//! When iteration stops, and what a kernel is.

use std::ops::Range;

use crate::error::Error;
use crate::field::{Detail, Distance, Escape};

/// When iteration stops, and how far it continues to make the count smooth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bailout {
    max_iter: u32,
    smoothing: Smoothing,
}

/// Whether counts get a fraction that makes them smooth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Smoothing {
    /// Counts alone, which is faster; fractions are 0.
    Off,
    /// After |z| > 2 decided the count, iteration continues to |z| > this radius, which is at least 2.
    Radius(f64),
}

impl Bailout {
    /// The largest `max_iter`; `u32::MAX` itself stands for "did not escape".
    pub const MAX_ITER: u32 = u32::MAX - 1;

    /// The default escape radius.
    ///
    /// The smooth count assumes that |z_{n+1}| = |z_n|^2. The term c that this leaves out makes the smooth count jump by
    /// |c| / (|z|^2 ln |z| ln 2) where the count changes: at most 8e-6 for |z| = 256, a thirtieth of the smallest
    /// difference that a palette of 4096 colors shows. It costs two or three more iterations.
    pub const ESCAPE_RADIUS: f64 = 256.0;

    /// A bailout after `max_iter` iterations, with the default escape radius.
    ///
    /// # Errors
    /// [`Error::MaxIter`] outside 1..=[`Bailout::MAX_ITER`].
    pub fn new(max_iter: u32) -> Result<Self, Error> {
        if !(1..=Self::MAX_ITER).contains(&max_iter) {
            return Err(Error::MaxIter(max_iter));
        }
        Ok(Self { max_iter, smoothing: Smoothing::Radius(Self::ESCAPE_RADIUS) })
    }

    /// This bailout with another way to make counts smooth.
    ///
    /// # Errors
    /// [`Error::EscapeRadius`] for a radius below 2 or one that is not finite.
    pub fn with_smoothing(self, smoothing: Smoothing) -> Result<Self, Error> {
        match smoothing {
            Smoothing::Radius(radius) if !(radius >= 2.0 && radius.is_finite()) => {
                Err(Error::EscapeRadius(radius))
            }
            _ => Ok(Self { smoothing, ..self }),
        }
    }

    /// This bailout for counts alone.
    #[must_use]
    pub fn counts_alone(self) -> Self {
        Self { smoothing: Smoothing::Off, ..self }
    }

    /// The most iterations of a sample: one that has not escaped by then has no count. 1 to [`Bailout::MAX_ITER`].
    #[inline(always)]
    pub fn max_iter(self) -> u32 {
        self.max_iter
    }

    /// How counts are made smooth.
    pub fn smoothing(self) -> Smoothing {
        self.smoothing
    }

    /// Whether fractions are wanted.
    #[inline(always)]
    pub fn is_smooth(self) -> bool {
        self.smoothing != Smoothing::Off
    }

    /// The square of the radius that iteration continues to: 4 where counts alone are wanted.
    #[inline(always)]
    pub(crate) fn radius_sqr(self) -> f64 {
        match self.smoothing {
            Smoothing::Off => 4.0,
            Smoothing::Radius(radius) => radius * radius,
        }
    }
}

/// Computes escape results for rectangles of one viewport.
///
/// A kernel knows its viewport and its bailout and nothing else: no picture, no thread, no progress, no path. It cannot
/// fail, does not log, and allocates nothing for each row.
pub trait Kernel: Send + Sync {
    /// Iterates the samples of `columns` x `rows` into `out`, row by row.
    ///
    /// `out` holds exactly `columns.len() * rows.len()` results. The results depend on the samples alone,
    /// never on how the viewport was cut into rectangles.
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]);

    /// Iterates samples anywhere in the viewport, each given by column and row. `out` holds as many results.
    fn iterate_at(&self, samples: &[(u32, u32)], out: &mut [Escape]) {
        for (&(x, y), out) in samples.iter().zip(out) {
            self.iterate(x..x + 1, y..y + 1, std::slice::from_mut(out));
        }
    }

    /// Computes the distances of the same samples from their results, which [`Kernel::iterate`] gave before.
    ///
    /// They depend on the samples alone too. A sample that did not escape has [`Distance::NONE`].
    fn distances(&self, columns: Range<u32>, rows: Range<u32>, escapes: &[Escape], out: &mut [Distance]);

    /// Whether distances are along the rows and columns of the lattice, not along the axes of the plane.
    fn distances_along_rows(&self) -> bool {
        false
    }

    /// The results of both, for kernels that find them at once.
    fn iterate_with_distances(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        self.iterate(columns.clone(), rows.clone(), escapes);
        self.distances(columns, rows, escapes, distances);
    }

    /// Finds the attracting cycles of those samples that did not escape: their periods, which go into `escapes`, and their
    /// distances. Other samples keep what they have. They depend on the samples alone too.
    ///
    /// Where no cycle is found, the sample keeps [`Escape::NONE`] and [`Distance::NONE`]; a kernel that finds none does nothing.
    fn interiors(&self, _: Range<u32>, _: Range<u32>, _: &mut [Escape], _: &mut [Distance]) {}

    /// All results that are asked for. `distances` holds as many as `escapes` where [`Detail::has_distances`].
    fn results(
        &self,
        detail: Detail,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        if detail.distances {
            self.iterate_with_distances(columns.clone(), rows.clone(), escapes, distances);
        } else {
            self.iterate(columns.clone(), rows.clone(), escapes);
            distances.fill(Distance::NONE);
        }
        if detail.interiors {
            self.interiors(columns, rows, escapes, distances);
        }
    }
}

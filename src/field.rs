//! Numbers: the result of iterating one sample, and a rectangle of such results.

/// The result of iterating one sample.
///
/// The count is the smallest n with |z_n| > 2, where z_0 = 0 and z_{n+1} = z_n^2 + c. The smooth iteration count
/// (normalized iteration count) is `n + fraction`; the two are stored apart so that large counts lose no precision.
/// A sample without a count did not escape within `max_iter`; it may do so later. In place of the fraction it has the period
/// of the attracting cycle that it comes to, where that was asked for and found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Escape {
    n: u32,
    fraction: f32,
}

impl Escape {
    /// The sample did not escape within `max_iter`.
    pub const NONE: Self = Self { n: u32::MAX, fraction: 0.0 };

    /// The sample escaped after `n` iterations, fewer than `u32::MAX`.
    #[inline(always)]
    pub const fn new(n: u32, fraction: f32) -> Self {
        debug_assert!(n != u32::MAX, "u32::MAX stands for no escape");
        Self { n, fraction }
    }

    /// Count and fraction as they were stored: see [`Escape::parts`].
    #[inline(always)]
    pub(crate) fn from_parts(n: u32, fraction: f32) -> Self {
        Self { n, fraction }
    }

    /// The sample did not escape within `max_iter`, since it comes to an attracting cycle of this period; 0 where none is
    /// known. Periods beyond [`Escape::MAX_PERIOD`] are stored as that.
    #[inline(always)]
    pub const fn inside(period: u32) -> Self {
        let period = if period < Self::MAX_PERIOD { period } else { Self::MAX_PERIOD };
        Self { n: u32::MAX, fraction: period as f32 }
    }

    /// The largest period that is told apart: beyond it `f32` does not have all whole numbers.
    pub const MAX_PERIOD: u32 = 1 << f32::MANTISSA_DIGITS;

    /// The period of the attracting cycle, if the sample did not escape and one is known.
    #[inline(always)]
    pub fn period(self) -> Option<u32> {
        (self.n == u32::MAX && self.fraction > 0.0).then_some(self.fraction as u32)
    }

    /// The escape count, if the sample escaped.
    #[inline(always)]
    pub fn n(self) -> Option<u32> {
        (self.n != u32::MAX).then_some(self.n)
    }

    /// The escape count, or `max_iter` where the sample did not escape: the number that is exported.
    #[inline(always)]
    pub fn count(self, max_iter: u32) -> u32 {
        self.n.min(max_iter)
    }

    /// Count and fraction as they are stored; a count of `u32::MAX` stands for no escape, and its fraction is the period, or 0.
    #[inline(always)]
    pub(crate) fn parts(self) -> (u32, f32) {
        (self.n, self.fraction)
    }

    /// The smooth count minus the count: about 1 at |z_n| = 2, about 0 at |z_n| = 4, and negative far outside the set.
    /// 0 if the sample did not escape.
    #[inline(always)]
    pub fn fraction(self) -> f32 {
        if self.n == u32::MAX { 0.0 } else { self.fraction }
    }

    /// The smooth count as one number, if the sample escaped. Both summands are exact in `f64`; the sum is rounded once, which no
    /// machine does otherwise.
    pub fn smooth(self) -> Option<f64> {
        self.n().map(|n| f64::from(n) + f64::from(self.fraction))
    }

    /// The one of two escapes with the smaller smooth count. Both samples escaped.
    pub fn lower(self, other: Self) -> Self {
        let difference = self.iterations_above(other) as f64 + f64::from(self.fraction - other.fraction);
        if difference <= 0.0 { self } else { other }
    }

    /// The difference of the counts of two samples that escaped.
    #[inline(always)]
    pub fn iterations_above(self, other: Self) -> i64 {
        i64::from(self.n) - i64::from(other.n)
    }
}

/// The estimated distance of a sample from the boundary of the set, with its direction.
///
/// Of a sample that escaped it points away from the set, up the gradient of the potential. A kernel gives it along the real
/// and the imaginary axis; in a picture that is turned, [`Render`](crate::render::Render) turns it along, so that `x` is to the right and `y` up. Its length is |z| ln |z| / |dz/dc| in
/// spacings of the samples (the smaller one where pixels are not square), so that it is about 1 at one pixel where there is one sample to each. The true distance lies between half of
/// it and twice of it (Milnor and Thurston; see H.-O. Peitgen, D. Saupe, "The Science of Fractal Images", 1988, appendix D).
///
/// Of a sample that comes to an attracting cycle with multiplier l it points into its component, to where |l| falls, and its length is
/// (1 - |l|^2) / (2 |dl/dc|), half the conformal radius of the component, as far as that is asked for. By Koebe's theorem the true distance lies
/// between half of it and twice of it here too, and next to a smooth boundary it is the true distance on both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// Along the real axis, or to the right.
    pub x: f32,
    /// Along the imaginary axis, or up.
    pub y: f32,
}

impl Distance {
    /// That of a sample that did not escape, where none is known.
    pub const NONE: Self = Self { x: 0.0, y: 0.0 };

    /// The largest length that is told apart. Its square is far from the end of `f32`.
    pub const MAX: f32 = (1_u64 << 60) as f32;

    /// Its length.
    #[inline(always)]
    pub fn length(self) -> f32 {
        (self.x * self.x + self.y * self.y).sqrt()
    }
}

/// What is computed of samples beside their counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Distances of the samples that escape.
    pub distances: bool,
    /// Periods and distances of those that do not.
    pub interiors: bool,
}

impl Detail {
    /// Whether there is a plane of distances.
    pub fn has_distances(self) -> bool {
        self.distances || self.interiors
    }

    /// Whether all of another is computed.
    pub fn covers(self, other: Self) -> bool {
        (self.distances || !other.distances) && (self.interiors || !other.interiors)
    }

    /// This and the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { distances: self.distances || other.distances, interiors: self.interiors || other.interiors }
    }
}

/// A rectangle of escape results, row by row from the top.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Samples in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The limit that was iterated to.
    pub max_iter: u32,
    /// `width * height` results; row 0 is the top.
    pub escapes: Vec<Escape>,
}

impl Field {
    /// The counts in the order of [`Field::escapes`], `max_iter` where nothing escaped.
    pub fn counts(&self) -> impl Iterator<Item = u32> + '_ {
        self.escapes.iter().map(|escape| escape.count(self.max_iter))
    }

    /// One row of results.
    pub fn row(&self, y: u32) -> &[Escape] {
        let width = self.width as usize;
        &self.escapes[y as usize * width..][..width]
    }
}

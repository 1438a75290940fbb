//! Numbers: the result of iterating one sample, and a rectangle of such results.

/// The result of iterating one sample.
///
/// The count is the smallest n with |z_n| > 2, where z_0 = 0 and z_{n+1} = z_n^2 + c. The smooth iteration count
/// (normalized iteration count) is `n + fraction`; the two are stored apart so that large counts lose no precision.
/// A sample without a count did not escape within `max_iter`; it may do so later.
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

    /// Count and fraction as they are stored; a count of `u32::MAX` stands for no escape.
    #[inline(always)]
    pub(crate) fn parts(self) -> (u32, f32) {
        (self.n, self.fraction)
    }

    /// The smooth count minus the count: about 1 at |z_n| = 2, about 0 at |z_n| = 4, and negative far outside the set.
    /// 0 if the sample did not escape.
    #[inline(always)]
    pub fn fraction(self) -> f32 {
        self.fraction
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

/// The estimated distance of a sample from the set, with its direction.
///
/// It points away from the set, up the gradient of the potential. A kernel gives it along the real and the imaginary axis; in a picture
/// that is turned, [`Render`](crate::render::Render) turns it along, so that `x` is to the right and `y` up. Its length is |z| ln |z| / |dz/dc| in
/// spacings of the samples (the smaller one where pixels are not square), so that it is about 1 at one pixel where there is one sample to each. The true distance lies between half of
/// it and twice of it (Milnor and Thurston; see H.-O. Peitgen, D. Saupe, "The Science of Fractal Images", 1988, appendix D).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// Along the real axis, or to the right.
    pub x: f32,
    /// Along the imaginary axis, or up.
    pub y: f32,
}

impl Distance {
    /// That of a sample that did not escape.
    pub const NONE: Self = Self { x: 0.0, y: 0.0 };

    /// Its length.
    #[inline(always)]
    pub fn length(self) -> f32 {
        (self.x * self.x + self.y * self.y).sqrt()
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

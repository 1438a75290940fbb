//! The orbit that all samples of a deep view are compared with.
//!
//! # How far
//!
//! To first order the orbits of all samples of a view of radius r fill a disk of radius r |dZ_m/dC| around Z_m. The reference
//! ends at the first m where this disk contains 0, |Z_m| < r |dZ_m/dC|. To first order that m is the lowest
//! period of a nucleus in the view. (C. Heiland-Allen, "Deep zoom theory and practice", 2021.) There all samples can be
//! rebased: their orbits f become deltas to Z_0 = 0, and |f| is at most the diameter of the disk, so that
//! rounding f to `f64` costs 2^-53 of that. So an orbit is stored for one period only, and no nucleus has to be found.

use std::sync::atomic::{AtomicU64, Ordering};

use num_complex::Complex;

use crate::error::Error;
use crate::kernel::bailout::Bailout;
use crate::kernel::critical_orbit::CriticalOrbit;
use crate::number::complexexp::ComplexExp;
use crate::number::decimal::Decimal;
use crate::number::fixed::ComplexFixed;
use crate::number::floatexp::FloatExp;
use crate::plane::viewport::Viewport;

/// Z_0 = 0, Z_1, Z_2, ... of a point in or near the view, rounded to `f64`.
///
/// An orbit can be extended, and serves every window of the lattice that it was made for.
#[derive(Clone)]
pub struct ReferenceOrbit {
    /// C, exactly.
    center: Complex<Decimal>,
    /// The smallest distance of samples that the orbit has bits for.
    spacing: FloatExp,
    /// The largest distance of a sample from C.
    radius: FloatExp,
    /// One for each Z, from Z_0 = 0.
    points: Vec<[f64; 2]>,
    /// Those Z_m that are too small for `f64`, by m.
    tiny: Vec<(u32, ComplexExp)>,
    /// 4 - |Z_m|^2 where that is small, by m.
    gaps: Vec<(u32, FloatExp)>,
    /// Why there are no more; nothing where the orbit can be extended.
    end: Option<End>,
    /// The last Z with all its bits.
    exact: CriticalOrbit,
    /// An earlier Z to compare with, the exponent of its derivative, and its index.
    saved: (ComplexFixed, i32, u32),
    /// Whether the points come from elsewhere, without the state that the next one is computed from.
    is_read: bool,
}

/// What kernels need of an orbit: its points, and how it ends.
pub(crate) struct Points {
    /// One for each Z, from Z_0 = 0.
    pub(crate) points: Vec<[f64; 2]>,
    /// Those Z_m that are too small for `f64`, by m.
    pub(crate) tiny: Vec<(u32, ComplexExp)>,
    /// 4 - |Z_m|^2 where that is small, by m.
    pub(crate) gaps: Vec<(u32, FloatExp)>,
    /// Why there are no more.
    pub(crate) end: Option<End>,
}

/// What an orbit holds beside its points; see [`Points`].
pub(crate) struct Extras<'a> {
    pub(crate) tiny: &'a [(u32, ComplexExp)],
    pub(crate) gaps: &'a [(u32, FloatExp)],
    pub(crate) end: Option<End>,
}

/// Why an orbit has the length that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The last Z is beyond |Z| = 4.
    Escaped,
    /// The disk of all samples around the last Z contains 0: its index is a period of the view.
    Period,
    /// The last Z equals the earlier one with this index, to the last bit: the orbit is in an attracting cycle.
    Cycle(u32),
}

/// Z below 2 to this power are kept with a separate exponent; `f64` loses bits below 2^-1022.
const TINY: i32 = -960;
/// Below this, 4 - |Z|^2 is kept apart, computed from all bits of Z: from a Z in `f64` it has an error of about 2^-50, of which
/// cancellation makes a relative error of 1e-11 or more.
const SMALL_GAP: f64 = 1e-4;
/// The first index whose Z is saved to detect a cycle.
const SETTLED: u32 = 512;
/// Bits of the reference beyond the distance between two samples.
///
/// Their last one is 2^-48 of that distance. Where a sample is more than 2^5 such distances from C, as nearly all are, the
/// rounding of its delta to 53 bits is larger.
const GUARD: i32 = 48;

/// Bits behind the binary point that the reference needs for samples this far apart.
pub(crate) fn bits(spacing: FloatExp) -> u32 {
    (GUARD - spacing.exponent()).max(64) as u32
}

impl ReferenceOrbit {
    /// The most bytes per iteration, with the blocks that start there: 16 here, 32 in the list of points beside the
    /// blocks, and 68 for each block, or 164 beyond the range of `f64`, of which there are at most a third as many as
    /// iterations. Lists that grow reserve up to twice what they hold, and exist twice while they are moved.
    pub const BYTES: u64 = 176;

    /// How many iterations fit into so many bytes.
    pub fn max_steps(bytes: u64) -> u64 {
        bytes / Self::BYTES
    }

    /// The orbit of the center of a view, before its first iteration. That of an exponential map is made for its last octave.
    pub fn new(viewport: &Viewport) -> Self {
        let view = viewport.innermost();
        Self::at(view.center().clone(), view.spacing_min(), view.radius())
    }

    /// The orbit of `center` for samples that lie `spacing` apart within `radius` of it.
    pub fn at(center: Complex<Decimal>, spacing: FloatExp, radius: FloatExp) -> Self {
        // A derivative a little below 1 needs a few bits more.
        let exact = CriticalOrbit::new(ComplexFixed::new(&center, bits(spacing) as usize + 32));
        Self {
            center,
            spacing,
            radius,
            points: vec![[0.0; 2]],
            tiny: Vec::new(),
            gaps: Vec::new(),
            end: None,
            exact,
            saved: (ComplexFixed::zero(), i32::MIN, 0),
            is_read: false,
        }
    }

    /// The orbit of a view, from points that were computed elsewhere. Where it has to be extended, it is computed anew.
    pub(crate) fn from_points(viewport: &Viewport, read: Points) -> Self {
        let Points { points, tiny, gaps, end } = read;
        debug_assert!(!points.is_empty(), "Z_0 at least");
        Self { points, tiny, gaps, end, is_read: true, ..Self::new(viewport) }
    }

    /// Numbers that the points alone do not hold, up to Z_last: the small Z, the small gaps, and the end if it is not behind
    /// that.
    pub(crate) fn extras(&self, last: u32) -> Extras<'_> {
        let tiny = self.tiny.partition_point(|&(m, _)| m <= last);
        let gaps = self.gaps.partition_point(|&(m, _)| m <= last);
        let end = self.end.filter(|_| self.last() <= last);
        Extras { tiny: &self.tiny[..tiny], gaps: &self.gaps[..gaps], end }
    }

    /// The index of the last Z that the samples of a view may need.
    pub fn needed(viewport: &Viewport, bailout: Bailout) -> u32 {
        // The smooth count of a sample that escapes at the last iteration needs its orbit up to |f| = 4. Next to the point -2
        // |f| - 2 grows fourfold with every iteration, from about 2^-bits, so that as many iterations as bits suffice.
        let beyond = if bailout.is_smooth() { bits(viewport.spacing_min()) } else { 0 };
        bailout.max_iter().saturating_add(beyond)
    }

    /// Whether this is the very orbit that [`ReferenceOrbit::new`] gives for this view, as it is for all windows of one lattice.
    pub fn serves(&self, viewport: &Viewport) -> bool {
        let view = viewport.innermost();
        self.center == *view.center() && self.spacing == view.spacing_min() && self.radius == view.radius()
    }

    /// Whether the samples of this view can be compared with the orbit: it has the same center, and samples no closer.
    ///
    /// The view may be wider than the one that the orbit was made for, whose period is then not the lowest one in it. At the end
    /// of the orbit a sample is rebased by f = Z_p + z, which loses up to 2^-53 of the larger summand. Where f is small against
    /// z, to first order c is within |Z_p| / |dZ_p/dC| of C, which is less than the radius r that the orbit was made for; so
    /// the loss moves c by at most 2^-52 r, as it does in the narrower view. Everywhere else it is a rounding of f itself.
    pub(crate) fn covers(&self, viewport: &Viewport) -> bool {
        self.center == *viewport.center() && self.spacing <= viewport.spacing_min()
    }

    /// Whether the orbit has Z_last, or ends before.
    pub fn reaches(&self, last: u32) -> bool {
        self.end.is_some() || self.last() >= last
    }

    /// Extends the orbit to Z_last, unless it ends before. `steps` is set to its length after every iteration.
    ///
    /// # Errors
    /// [`Error::LongReference`] where it would have more than `max_steps` iterations.
    pub fn extend(&mut self, last: u32, max_steps: u64, steps: &AtomicU64) -> Result<(), Error> {
        if self.is_read && !self.reaches(last) {
            *self = Self::at(self.center.clone(), self.spacing, self.radius);
        }
        // Reserved memory takes no room until it is written, and a list that is not moved never exists twice.
        let more = u64::from(last.saturating_sub(self.last())).min(max_steps / 4).min(1 << 20) as usize;
        self.points.reserve(if self.end.is_some() { 0 } else { more });
        while !self.reaches(last) {
            if u64::from(self.last()) >= max_steps {
                return Err(Error::LongReference { max_steps });
            }
            self.step();
            steps.store(self.last().into(), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Makes one iteration.
    fn step(&mut self) {
        let exact = &mut self.exact;
        exact.step();
        let m = self.points.len() as u32;
        let z = exact.rounded();
        if z.exponent() < TINY {
            self.tiny.push((m, z));
        }
        let near = z.to_f64();
        self.points.push([near.re, near.im]);
        if FloatExp::from(4.0 - near.norm_sqr()).abs() < FloatExp::from(SMALL_GAP) {
            self.gaps.push((m, -exact.z().norm_sqr_minus_4()));
        }
        // A state that repeats (R. P. Brent, 1980). On a repelling cycle, as that of i, the derivative grows; there the orbit is
        // not cut at one period, since blocks over many periods are worth their memory.
        let derivative = exact.derivative().exponent();
        // Not already at |Z| > 2: samples that have just escaped need the orbit until |f| = 4.
        if z.exponent() >= 2 {
            self.end = Some(End::Escaped);
        } else if z.abs() < self.radius * exact.derivative().abs() {
            self.end = Some(End::Period);
        } else if self.saved.0 == *exact.z() && derivative <= self.saved.1 {
            self.end = Some(End::Cycle(self.saved.2));
        } else if m.is_power_of_two() && m >= SETTLED {
            self.saved = (exact.z().clone(), derivative, m);
        }
    }

    /// The index of the last Z.
    #[inline(always)]
    pub fn last(&self) -> u32 {
        self.points.len() as u32 - 1
    }

    /// C, exactly.
    pub(crate) fn center(&self) -> &Complex<Decimal> {
        &self.center
    }

    /// C as `f64`.
    pub(crate) fn c(&self) -> Complex<f64> {
        Complex::new(self.center.re.to_f64(), self.center.im.to_f64())
    }

    /// From C to the center of a view.
    pub(crate) fn shift(&self, viewport: &Viewport) -> ComplexExp {
        let part = |a: &Decimal, b: &Decimal| (a.clone() - b.clone()).to_floatexp();
        let center = viewport.center();
        ComplexExp::from_parts(part(&center.re, &self.center.re), part(&center.im, &self.center.im))
    }

    /// Z_m as `f64`.
    #[inline(always)]
    pub(crate) fn rounded(&self, m: u32) -> Complex<f64> {
        let [re, im] = self.points[m as usize];
        Complex::new(re, im)
    }

    /// Why there are no more; nothing where the orbit can be extended.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// Z_m with an exponent beyond that of `f64`.
    pub(crate) fn exact(&self, m: u32) -> ComplexExp {
        find(&self.tiny, m).unwrap_or_else(|| self.rounded(m).into())
    }

    /// 4 - |Z_m|^2 with all its bits.
    pub(crate) fn gap(&self, m: u32) -> FloatExp {
        find(&self.gaps, m).unwrap_or_else(|| FloatExp::from(4.0 - self.rounded(m).norm_sqr()))
    }
}

fn find<T: Copy>(list: &[(u32, T)], m: u32) -> Option<T> {
    list.binary_search_by_key(&m, |&(m, _)| m).ok().map(|i| list[i].1)
}

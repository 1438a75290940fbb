//! Proofs that a sample never escapes. Each is exact: on or off, no result changes.

use std::ops::Range;

use num_complex::Complex;

use crate::field::{Distance, Escape};
use crate::kernel::attractor::{attractor, put};
use crate::kernel::bailout::Kernel;
use crate::number::floatexp::FloatExp;
use crate::plane::viewport::Viewport;

/// Which shortcuts a kernel may take. Tests switch them one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcuts {
    /// The closed forms of the main cardioid and of the disk of period 2.
    pub components: bool,
    /// Detection of an orbit whose state repeats, bit for bit.
    pub periodicity: bool,
}

impl Shortcuts {
    /// Every shortcut, as rendering uses them.
    pub const ALL: Self = Self { components: true, periodicity: true };
    /// Plain iteration.
    pub const NONE: Self = Self { components: false, periodicity: false };
}

/// How far inside the boundary a point must lie to be called inside without iterating.
///
/// The closed forms hold in exact arithmetic, the counts are those of rounded iteration, and next to the boundary the two
/// could differ. With f = q + (x - 1/4) - y^2 / (4 q) the cardioid is f < 0, and f <= -m keeps the multiplier of the
/// fixed point below 1 by about 2 m or more (6e-5 at the cusp). Roundings of 1e-16 in each iteration then
/// move the orbit by at most 1e-16 / 1e-9 = 1e-7, far less than the distance to the edge of the basin.
pub(super) const MARGIN: f64 = 1e-9;

/// Whether c lies in the main cardioid or in the disk of period 2, by a margin.
///
/// Cardioid: with q = (x - 1/4)^2 + y^2, inside when q (q + (x - 1/4)) <= y^2 / 4.
/// Disk: (x + 1)^2 + y^2 <= 1/16. (R. Munafo, Mu-Ency, "Brute-Force Acceleration".)
#[inline(always)]
pub(crate) fn in_components(x: f64, y: f64) -> bool {
    let yy = y * y;
    let u = x - 0.25;
    let q = u * u + yy;
    let w = x + 1.0;
    (q * (q + u + MARGIN) < 0.25 * yy) | (w * w + yy < 0.0625 - MARGIN)
}

/// Whether a whole deep view lies in one of the two.
///
/// Where f <= -1e-9 its gradient is at most 1e9 (that much only next to the cusp). So f varies by at most 1e-12 over a view of
/// radius 2^-70, about 1e-21, and has the same sign everywhere if its center passes the test.
pub(super) fn holds(viewport: &Viewport) -> bool {
    let center = viewport.center();
    viewport.radius().exponent() < -70 && in_components(center.re.to_f64(), center.im.to_f64())
}

/// The kernel of a view that lies inside the set.
pub(super) struct Interior {
    /// The center, where the cycle is that of all samples: the view is smaller than the last bit.
    center: Complex<f64>,
    spacing: FloatExp,
}

impl Interior {
    pub(super) fn new(viewport: &Viewport) -> Self {
        let center = viewport.center();
        let center = Complex::new(center.re.to_f64(), center.im.to_f64());
        Self { center, spacing: viewport.spacing_min() }
    }
}

impl Kernel for Interior {
    fn iterate(&self, _: Range<u32>, _: Range<u32>, out: &mut [Escape]) {
        out.fill(Escape::NONE);
    }

    fn distances(&self, _: Range<u32>, _: Range<u32>, _: &[Escape], out: &mut [Distance]) {
        out.fill(Distance::NONE);
    }

    fn interiors(&self, _: Range<u32>, _: Range<u32>, escapes: &mut [Escape], distances: &mut [Distance]) {
        /// Period 1 or 2 is found at once.
        const MAX_ITER: u32 = 2;
        let (mut escape, mut distance) = (Escape::NONE, Distance::NONE);
        put(attractor(self.center, MAX_ITER), FloatExp::ONE / self.spacing, &mut escape, &mut distance);
        escapes.fill(escape);
        distances.fill(distance);
    }
}

/// Cycle detection (R. P. Brent, BIT 20, 1980): each state is compared with a saved one, and the present state is saved
/// after 8, 16, 32, ... iterations more.
///
/// The next state is a function of the present one, bit for bit, so an orbit whose state repeats does so for ever and never
/// escapes. States are compared as bits, not as numbers: 0 and -0 differ.
pub(super) struct Brent {
    x: u64,
    y: u64,
    /// Iterations since the state was saved, and after how many it is saved again.
    count: u32,
    limit: u32,
}

impl Brent {
    /// Before the first iteration; NaN stands for no saved state, since no orbit within |z| = 2 reaches it.
    pub(super) fn new() -> Self {
        Self { x: f64::NAN.to_bits(), y: f64::NAN.to_bits(), count: 0, limit: 8 }
    }

    /// Takes the state after an iteration; true if it equals the saved one.
    #[inline(always)]
    pub(super) fn repeats(&mut self, x: f64, y: f64) -> bool {
        if x.to_bits() == self.x && y.to_bits() == self.y {
            return true;
        }
        self.count += 1;
        if self.count == self.limit {
            (self.x, self.y) = (x.to_bits(), y.to_bits());
            self.count = 0;
            self.limit = self.limit.saturating_mul(2);
        }
        false
    }
}

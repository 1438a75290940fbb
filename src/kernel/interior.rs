//! Proofs that a sample never escapes. Each is exact: on or off, no result changes.

use std::ops::Range;

use super::Kernel;
use crate::{Escape, Viewport};

/// Which shortcuts a kernel may take. Tests switch them one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcuts {
    /// The closed forms of the main cardioid and of the disk of period 2.
    pub components: bool,
    /// An orbit that comes back to the very same two numbers is caught in a loop.
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
/// The closed forms speak of exact arithmetic, the counts are those of rounded iteration, and within the rounding
/// of the boundary the two could differ. With f = q + (x - 1/4) - y^2 / (4 q) the cardioid is f < 0, and f <= -m keeps
/// the multiplier of the fixed point below 1 by about 2 m or more (6e-5 at the cusp). A rounding of 1e-16 then moves
/// the orbit by at most 1e-16 / 1e-9 = 1e-7, far less than the way to the edge of the basin.
pub(super) const MARGIN: f64 = 1e-9;

/// Whether c lies in the main cardioid or in the disk of period 2, by a margin.
///
/// Cardioid: with q = (x - 1/4)^2 + y^2, inside when q (q + (x - 1/4)) <= y^2 / 4.
/// Disk: (x + 1)^2 + y^2 <= 1/16. (R. Munafo, Mu-Ency, "Brute-Force Acceleration".)
#[inline(always)]
pub(super) fn in_components(x: f64, y: f64) -> bool {
    let yy = y * y;
    let u = x - 0.25;
    let q = u * u + yy;
    let w = x + 1.0;
    (q * (q + u + MARGIN) < 0.25 * yy) | (w * w + yy < 0.0625 - MARGIN)
}

/// Whether a whole deep view lies in one of the two.
///
/// Where f <= -1e-9 its slope is at most 1e9 (that much only next to the cusp), so a view of radius 2^-70, about 1e-21, keeps
/// the sign of f that its center has.
pub(super) fn holds(viewport: &Viewport) -> bool {
    let center = viewport.center();
    viewport.radius().exponent() < -70 && in_components(center.re.to_f64(), center.im.to_f64())
}

/// The kernel of such a view.
pub(super) struct Interior;

impl Kernel for Interior {
    fn iterate(&self, _: Range<u32>, _: Range<u32>, out: &mut [Escape]) {
        out.fill(Escape::NONE);
    }
}

/// Cycle finding after R. Brent (BIT 20, 1980): compare with a saved state, and save the present one anew
/// whenever twice as many steps have passed.
///
/// The next state is a function of the present one, bit for bit, so a state that comes back comes back for ever
/// and can never escape. Equality of bits, not of numbers: 0 and -0 differ.
pub(super) struct Brent {
    x: u64,
    y: u64,
    steps: u32,
    limit: u32,
}

impl Brent {
    /// Nothing is saved yet: no orbit that is still inside comes to what is no number.
    pub(super) fn new() -> Self {
        Self { x: f64::NAN.to_bits(), y: f64::NAN.to_bits(), steps: 0, limit: 8 }
    }

    /// Takes the state after a step; true when it has been here before.
    #[inline(always)]
    pub(super) fn repeats(&mut self, x: f64, y: f64) -> bool {
        if x.to_bits() == self.x && y.to_bits() == self.y {
            return true;
        }
        self.steps += 1;
        if self.steps == self.limit {
            (self.x, self.y) = (x.to_bits(), y.to_bits());
            self.steps = 0;
            self.limit = self.limit.saturating_mul(2);
        }
        false
    }
}

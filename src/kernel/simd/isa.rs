//! What an instruction set provides, and the arrays that it works on.

use crate::field::Escape;
use crate::kernel::bailout::Bailout;
use crate::kernel::interior::Shortcuts;
use crate::kernel::step::{norm_sqr, smooth};

/// Samples in lanes: seven vectors of four hide the latency of an iteration, and 14 of 16 registers hold their z.
pub(super) const LANES: usize = 28;
/// Samples in a batch, which walk together: four vectors of four.
pub(super) const BATCH: usize = 16;
/// Iterations of the lanes between two tests. A shorter block costs more tests, a longer one more iterations that are made
/// twice or after the escape.
pub(super) const BLOCK: u32 = 24;
/// Iterations of the first walk after z_1 = c.
pub(super) const WALK: u32 = 16;

/// How close to 4 |c|^2 may come before a sample goes to the scalar kernel.
///
/// Beyond |z|^2 = 4 the next |z| is at least |z|^2 - |c|, so with |c|^2 = 4 - d the next |z|^2 is at least 4 + d. The
/// roundings of an iteration and of two |z|^2, each within 2^-51 there, together move |z|^2 by less than 2e-14.
pub(super) const NEAR: f64 = 1e-12;

/// Whether a sample must go to the scalar kernel.
#[inline(always)]
pub(super) fn is_near(cx: f64, cy: f64) -> bool {
    (norm_sqr(cx, cy) - 4.0).abs() < NEAR
}

/// The loops that each instruction set writes for itself. A value of the type proves that the machine has it.
pub(crate) trait Isa: Copy + Send + Sync {
    /// Makes [`BLOCK`] iterations in all lanes, from one of the two states into the other.
    ///
    /// Returns as sets of bits which lanes are now beyond |z| = 2 (or NaN), and, if `watch`, which are again in their
    /// saved state.
    fn advance(self, lanes: &mut LaneState, watch: bool) -> (u32, u32);

    /// Begins a batch: makes the first iteration, z_1 = c, then up to [`WALK`] more, testing each state; goes on with those
    /// that have escaped until all are beyond the escape radius, and writes the results. Without `walk` there is only
    /// the first iteration, unless samples escape there.
    ///
    /// Samples known never to escape take no part.
    fn begin(self, batch: &mut Batch, task: &Task, walk: bool) -> Begun;

    /// Finds the results of a batch of which it is known that all escape within [`BLOCK`] iterations.
    fn walk_again(self, batch: &mut Batch, task: &Task);
}

/// What all samples have in common.
pub(crate) struct Task {
    pub(super) bailout: Bailout,
    pub(super) shortcuts: Shortcuts,
}

/// How a batch has begun.
pub(crate) struct Begun {
    /// The samples that go on, as a set of bits.
    pub(super) open: u32,
    /// The iterations that they have made.
    pub(super) n: u32,
    /// Whether some sample must go to the scalar kernel.
    pub(super) near: bool,
    /// Whether some samples have ended here.
    pub(super) some_ended: bool,
}

/// z, or c, of all lanes.
#[repr(C, align(32))]
pub(super) struct Points {
    pub(super) x: [f64; LANES],
    pub(super) y: [f64; LANES],
}

impl Points {
    const ZERO: Self = Self { x: [0.0; LANES], y: [0.0; LANES] };
}

/// The numbers of the lanes. A lane without a sample has c = z = 0 and stays there.
#[repr(C, align(32))]
pub(crate) struct LaneState {
    pub(super) c: Points,
    /// Which of the two states of z is the present one. The other is the one a block earlier.
    pub(super) now: usize,
    pub(super) z: [Points; 2],
    /// Earlier states, to find that one repeats.
    pub(super) saved: Points,
}

impl LaneState {
    /// All lanes without a sample.
    pub(super) fn new() -> Self {
        Self { c: Points::ZERO, now: 0, z: [Points::ZERO; 2], saved: Points::ZERO }
    }
}

/// Samples that walk together.
///
/// A sample that takes no part has a NaN for z: it fails the test |z|^2 <= r^2 from the start, so that no walk waits for it.
#[repr(C, align(32))]
pub(crate) struct Batch {
    pub(super) cx: [f64; BATCH],
    pub(super) cy: [f64; BATCH],
    pub(super) x: [f64; BATCH],
    pub(super) y: [f64; BATCH],
    /// Iterations that led to z.
    pub(super) n: [u32; BATCH],
    pub(super) results: [Escape; BATCH],
}

impl Batch {
    pub(super) fn new() -> Self {
        Self {
            cx: [0.0; BATCH],
            cy: [0.0; BATCH],
            x: [0.0; BATCH],
            y: [0.0; BATCH],
            n: [1; BATCH],
            results: [Escape::NONE; BATCH],
        }
    }

    /// Turns what a walk has counted into results.
    ///
    /// `inside` and `within` are how often |z|^2 was at most 4 and at most the square of the escape radius, `norms_sqr` the
    /// last |z|^2.
    #[inline(always)]
    pub(super) fn finish(
        &mut self,
        inside: &[u32; BATCH],
        within: &[u32; BATCH],
        norms_sqr: &[f32; BATCH],
        bailout: Bailout,
    ) {
        // A loop for each type of number, which is how compilers make the widest vectors of them.
        let mut beyond = [0; BATCH];
        for i in 0..BATCH {
            // Known to have few bits, an integer becomes a float in one instruction. From beyond 2 an orbit passes
            // the largest radius in less than a hundred iterations.
            beyond[i] = within[i].wrapping_sub(inside[i]) & 0xffff;
        }
        let mut fractions = [0.0; BATCH];
        if bailout.is_smooth() {
            for i in 0..BATCH {
                fractions[i] = smooth(beyond[i], norms_sqr[i]);
            }
        }
        for i in 0..BATCH {
            let escaped = inside[i] <= bailout.max_iter() - self.n[i];
            self.results[i] =
                if escaped { Escape::new(self.n[i] + inside[i], fractions[i]) } else { Escape::NONE };
        }
    }
}

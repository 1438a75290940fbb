//! The lanes: which sample is in which lane, since when, and when its state is saved or its limit reached.

use crate::kernel::simd::intake::Intake;
use crate::kernel::simd::isa::{BLOCK, Isa, LANES, LaneState, Task};
use crate::kernel::simd::outlet::Outlet;

/// Blocks that a sample spends in its lane before its state is saved for the first time.
const FIRST_SAVE: u32 = 16;

/// Blocks that the timing wheel spans. (G. Varghese, T. Lauck, "Hashed and hierarchical timing wheels", 1987.)
const TURN: u32 = 64;

/// The lanes with their samples.
pub(super) struct Lanes<'a, I> {
    isa: I,
    task: &'a Task,
    state: LaneState,
    /// Which lanes have escaped in the last block, and which are again in their saved state.
    left: u32,
    again: u32,
    /// Lanes with a sample.
    live: u32,
    /// Lanes with a saved state.
    watched: u32,
    /// Blocks made so far.
    block: u64,
    /// Lanes that may be due before a block, by its number modulo [`TURN`].
    wheel: [u32; TURN as usize],
    /// The block before which a lane is due: its state is to be saved, or its sample has reached `max_iter`. Where that
    /// is more than a turn of the wheel ahead, the lane is looked at once a turn.
    due: [u64; LANES],
    /// Iterations that a lane has made, less those of all blocks, modulo 2^32.
    base: [u32; LANES],
    /// Where its result goes.
    index: [usize; LANES],
}

impl<'a, I: Isa> Lanes<'a, I> {
    /// Lanes that all wait for their first sample.
    pub(super) fn new(isa: I, task: &'a Task) -> Self {
        let all = (1 << LANES) - 1;
        Self {
            isa,
            task,
            state: LaneState::new(),
            // As if each had found its saved state again, which is how a lane gets the next sample.
            left: 0,
            again: all,
            live: all,
            watched: all,
            block: 0,
            wheel: [0; TURN as usize],
            due: [u64::MAX; LANES],
            base: [0; LANES],
            index: [0; LANES],
        }
    }

    /// Deals with what the last block has found, and makes the next one. False when no lane has a sample any more.
    #[inline(always)]
    pub(super) fn advance(&mut self, intake: &mut Intake<I>, outlet: &mut Outlet<I>) -> bool {
        for i in bits(self.left) {
            let (c, before) = (&self.state.c, &self.state.z[1 - self.state.now]);
            let n = self.n(i).wrapping_sub(BLOCK);
            outlet.put(self.index[i], n, (before.x[i], before.y[i]), (c.x[i], c.y[i]));
            if n == 1 {
                intake.walk_next();
            }
            self.refill(i, intake, outlet);
        }
        // A lane that was just refilled is not watched any more.
        for i in bits(self.again & self.watched) {
            self.refill(i, intake, outlet);
        }
        let now = self.block as usize % TURN as usize;
        for i in bits(std::mem::take(&mut self.wheel[now])) {
            self.look_after(i, intake, outlet);
        }
        if self.live == 0 {
            return false;
        }
        (self.left, self.again) = self.isa.advance(&mut self.state, self.watched != 0);
        self.block += 1;
        true
    }

    /// Iterations that a lane has made. Exact until it passes `max_iter`, and not read after that.
    #[inline(always)]
    fn n(&self, i: usize) -> u32 {
        self.base[i].wrapping_add(BLOCK.wrapping_mul(self.block as u32))
    }

    /// Gives a lane the next sample, or c = z = 0 if there is none.
    #[inline(always)]
    fn refill(&mut self, i: usize, intake: &mut Intake<I>, outlet: &mut Outlet<I>) {
        self.watched &= !(1 << i);
        let next = intake.next(outlet);
        let LaneState { c, now, z, .. } = &mut self.state;
        let z = &mut z[*now];
        let Some(sample) = next else {
            (c.x[i], c.y[i], z.x[i], z.y[i]) = (0.0, 0.0, 0.0, 0.0);
            self.due[i] = u64::MAX;
            self.live &= !(1 << i);
            return;
        };
        (c.x[i], c.y[i]) = sample.c;
        (z.x[i], z.y[i]) = sample.z;
        self.index[i] = sample.index;
        self.base[i] = sample.n.wrapping_sub(BLOCK.wrapping_mul(self.block as u32));
        let first = if self.task.shortcuts.periodicity { FIRST_SAVE } else { u32::MAX };
        self.schedule(i, first.min((self.task.bailout.max_iter() - sample.n).div_ceil(BLOCK)));
    }

    /// Makes a lane due so many blocks later.
    #[inline(always)]
    fn schedule(&mut self, i: usize, blocks: u32) {
        self.due[i] = self.block + u64::from(blocks);
        self.wheel[(self.block + u64::from(blocks.min(TURN - 1))) as usize % TURN as usize] |= 1 << i;
    }

    /// Gives the lane of a sample that has reached `max_iter` to the next one, or saves the state of a lane.
    #[inline(always)]
    fn look_after(&mut self, i: usize, intake: &mut Intake<I>, outlet: &mut Outlet<I>) {
        // Not yet due where that is beyond this turn, or where the sample that was due has left.
        let wait = self.due[i] - self.block;
        if wait > 0 {
            self.schedule(i, u32::try_from(wait).unwrap_or(u32::MAX));
            return;
        }
        let before = self.n(i).wrapping_sub(BLOCK);
        let left = (self.task.bailout.max_iter() - before).saturating_sub(BLOCK);
        if left == 0 {
            self.refill(i, intake, outlet);
            return;
        }
        let LaneState { now, z, saved, .. } = &mut self.state;
        (saved.x[i], saved.y[i]) = (z[*now].x[i], z[*now].y[i]);
        self.watched |= 1 << i;
        // Next when its sample is twice as old (R. P. Brent, 1980).
        self.schedule(i, (before / BLOCK + 1).min(left.div_ceil(BLOCK)));
    }
}

/// The members of a set, each a lane.
#[inline(always)]
fn bits(mut set: u32) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let first = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (first < LANES).then_some(first)
    })
}

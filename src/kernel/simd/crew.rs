//! The lanes: who is in them, since when, and when to look after them.

use super::{BATCH, BLOCK, Isa, LANES, Lanes, PATIENCE, Run, State};

/// Blocks that the wheel spans. (G. Varghese, T. Lauck, "Hashed and hierarchical timing wheels", 1987.)
const TURN: u32 = 64;

/// The lanes with their samples.
pub(super) struct Crew {
    lanes: Lanes,
    /// Which lanes have escaped in the last block, and which have come back to their saved state.
    left: u32,
    again: u32,
    /// Lanes with a sample.
    live: u32,
    /// Lanes with a saved state.
    watched: u32,
    /// Blocks made so far.
    block: u64,
    /// Lanes to look after before a block, by its number modulo [`TURN`].
    wheel: [u32; TURN as usize],
    /// When a lane is really due, which may be some turns later: to save its state, or to give it up.
    due: [u64; LANES],
    /// Steps that a lane has made, less those of all blocks, modulo 2^32.
    steps: [u32; LANES],
    /// Where its result goes.
    index: [usize; LANES],
}

impl Crew {
    pub(super) fn new() -> Self {
        let all = |value| State { x: [value; LANES], y: [value; LANES] };
        Self {
            lanes: Lanes { c: all(0.0), now: 0, z: [all(0.0), all(0.0)], saved: all(0.0) },
            // All lanes are due for their first sample.
            left: 0,
            again: (1 << LANES) - 1,
            watched: (1 << LANES) - 1,
            live: (1 << LANES) - 1,
            block: 0,
            wheel: [0; TURN as usize],
            due: [u64::MAX; LANES],
            steps: [0; LANES],
            index: [0; LANES],
        }
    }

    /// Deals with what the last block has found, and makes the next one. False when there is nothing left to do.
    #[inline(always)]
    pub(super) fn work<I: Isa>(&mut self, run: &mut Run<I>) -> bool {
        // A lane that does both is in its last block of all: the escape counts.
        for i in bits(self.left) {
            let (c, before) = (&self.lanes.c, &self.lanes.z[1 - self.lanes.now]);
            let n = self.steps_of(i).wrapping_sub(BLOCK);
            run.put_aside(self.index[i], n, (before.x[i], before.y[i]), (c.x[i], c.y[i]));
            self.refill(i, run);
        }
        for i in bits(self.again & self.watched & !self.left) {
            self.refill(i, run);
        }
        let now = self.block as usize % TURN as usize;
        for i in bits(std::mem::take(&mut self.wheel[now])) {
            self.look_after(i, run);
        }
        if self.live == 0 {
            return false;
        }
        (self.left, self.again) = run.kernel.isa.advance(&mut self.lanes, self.watched != 0);
        self.block += 1;
        true
    }

    /// Steps that a lane has made. Exact until it passes `max_iter`, and then looked at no more.
    #[inline(always)]
    fn steps_of(&self, i: usize) -> u32 {
        self.steps[i].wrapping_add(BLOCK.wrapping_mul(self.block as u32))
    }

    /// Gives a lane to the next sample, or lets it rest at 0.
    #[inline(always)]
    fn refill<I: Isa>(&mut self, i: usize, run: &mut Run<I>) {
        let Lanes { c, now, z, .. } = &mut self.lanes;
        let z = &mut z[*now];
        self.watched &= !(1 << i);
        if run.open == 0 && !run.find_open() {
            (c.x[i], c.y[i], z.x[i], z.y[i]) = (0.0, 0.0, 0.0, 0.0);
            self.due[i] = u64::MAX;
            self.live &= !(1 << i);
            return;
        }
        let j = run.open.trailing_zeros() as usize % BATCH;
        run.open &= run.open - 1;
        (c.x[i], c.y[i]) = (run.fresh.cx[j], run.fresh.cy[j]);
        (z.x[i], z.y[i]) = (run.fresh.x[j], run.fresh.y[j]);
        self.index[i] = run.queue.taken - BATCH + j;
        self.steps[i] = run.steps.wrapping_sub(BLOCK.wrapping_mul(self.block as u32));
        let first = if run.kernel.shortcuts.periodicity { PATIENCE } else { u32::MAX };
        self.call(i, first.min((run.kernel.task.max_iter - run.steps).div_ceil(BLOCK)));
    }

    /// Has a lane looked after that many blocks later.
    #[inline(always)]
    fn call(&mut self, i: usize, blocks: u32) {
        self.due[i] = self.block + u64::from(blocks);
        self.wheel[(self.block + u64::from(blocks.min(TURN - 1))) as usize % TURN as usize] |= 1 << i;
    }

    /// Gives a lane up that has reached `max_iter`, or saves its state.
    #[inline(always)]
    fn look_after<I: Isa>(&mut self, i: usize, run: &mut Run<I>) {
        // Later than now where the wheel is too small, or where the sample that was due has left.
        let wait = self.due[i] - self.block;
        if wait > 0 {
            self.call(i, u32::try_from(wait).unwrap_or(u32::MAX));
            return;
        }
        let before = self.steps_of(i).wrapping_sub(BLOCK);
        let left = (run.kernel.task.max_iter - before).saturating_sub(BLOCK);
        if left == 0 {
            self.refill(i, run);
            return;
        }
        let Lanes { now, z, saved, .. } = &mut self.lanes;
        (saved.x[i], saved.y[i]) = (z[*now].x[i], z[*now].y[i]);
        self.watched |= 1 << i;
        // Next at twice the age, as R. Brent does.
        self.call(i, (before / BLOCK + 1).min(left.div_ceil(BLOCK)));
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

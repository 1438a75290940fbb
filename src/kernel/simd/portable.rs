//! The loops in plain Rust, for machines without AVX2 and FMA, and for tests.

use crate::kernel::bailout::Bailout;
use crate::kernel::interior::in_components;
use crate::kernel::simd::isa::{BATCH, BLOCK, Batch, Begun, Isa, LANES, LaneState, Task, WALK, is_near};
use crate::kernel::step::{norm_sqr, step};

/// Plain Rust, in a shape that the compiler vectorizes.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

/// Lanes that iterate together. Four times x and y fit into the registers of every machine.
const GROUP: usize = 4;

impl Isa for Portable {
    fn advance(self, lanes: &mut LaneState, watch: bool) -> (u32, u32) {
        let (mut left, mut again) = (0, 0);
        for from in (0..LANES).step_by(GROUP) {
            let z = &lanes.z[lanes.now];
            let part = |all: &[f64; LANES]| -> [f64; GROUP] { std::array::from_fn(|i| all[from + i]) };
            let (mut x, mut y) = (part(&z.x), part(&z.y));
            let (cx, cy) = (part(&lanes.c.x), part(&lanes.c.y));
            for _ in 0..BLOCK {
                for i in 0..GROUP {
                    (x[i], y[i]) = step(x[i], y[i], cx[i], cy[i]);
                }
            }
            let next = &mut lanes.z[1 - lanes.now];
            for i in 0..GROUP {
                (next.x[from + i], next.y[from + i]) = (x[i], y[i]);
                let inside = norm_sqr(x[i], y[i]) <= 4.0;
                left |= u32::from(!inside) << (from + i);
                let same = (x[i].to_bits() == lanes.saved.x[from + i].to_bits())
                    & (y[i].to_bits() == lanes.saved.y[from + i].to_bits());
                again |= u32::from(watch & same) << (from + i);
            }
        }
        lanes.now = 1 - lanes.now;
        (left, again)
    }

    fn begin(self, batch: &mut Batch, task: &Task, walk: bool) -> Begun {
        let mut begun = Begun { open: 0, n: 1, near: false, some_ended: false };
        let mut far = false;
        for i in 0..BATCH {
            let (cx, cy) = (batch.cx[i], batch.cy[i]);
            let near = is_near(cx, cy);
            let out = near | (task.shortcuts.components & in_components(cx, cy));
            (batch.x[i], batch.y[i]) = (if out { f64::NAN } else { cx }, cy);
            begun.open |= u32::from(!out) << i;
            begun.near |= near;
            far |= norm_sqr(cx, cy) > 4.0;
        }
        if begun.open != 0 && (walk | far) {
            let started = begun.open;
            batch.n = [1; BATCH];
            begun.open = self::walk(batch, task.bailout, WALK, started);
            begun.n += WALK;
            begun.some_ended = begun.open != started;
        }
        begun
    }

    fn walk_again(self, batch: &mut Batch, task: &Task) {
        let open = walk(batch, task.bailout, BLOCK, !0);
        debug_assert_eq!(open, 0, "only samples that have escaped walk again");
    }
}

/// Walks with those samples of a batch that are in `who`. Returns which have not escaped after `iterations`.
fn walk(batch: &mut Batch, bailout: Bailout, iterations: u32, who: u32) -> u32 {
    let mut open = 0;
    let (mut inside, mut within, mut norms_sqr) = ([u32::MAX; BATCH], [0; BATCH], [4.0; BATCH]);
    for i in (0..BATCH).filter(|i| who >> i & 1 != 0) {
        let (mut x, mut y, cx, cy) = (batch.x[i], batch.y[i], batch.cx[i], batch.cy[i]);
        let mut made = 0;
        while norm_sqr(x, y) <= 4.0 && made < iterations {
            (x, y) = step(x, y, cx, cy);
            made += 1;
        }
        if norm_sqr(x, y) <= 4.0 {
            open |= 1 << i;
            (batch.x[i], batch.y[i]) = (x, y);
            continue;
        }
        inside[i] = made;
        while norm_sqr(x, y) <= bailout.radius_sqr() {
            (x, y) = step(x, y, cx, cy);
            made += 1;
        }
        (within[i], norms_sqr[i]) = (made, norm_sqr(x, y) as f32);
    }
    batch.finish(&inside, &within, &norms_sqr, bailout);
    open
}

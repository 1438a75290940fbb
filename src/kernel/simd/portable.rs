//! The loops in plain Rust, for machines without AVX2 and FMA, and to compare with.

use super::{BATCH, BLOCK, Batch, Begun, Isa, LANES, Lanes, Task, WALK, is_near};
use crate::kernel::interior::in_components;
use crate::kernel::scalar::{norm, step};

/// Plain Rust, shaped for the compiler's own vectors.
#[derive(Clone, Copy)]
pub struct Portable;

/// Lanes that take their steps together. Four times two numbers fit any machine's registers.
const GROUP: usize = 4;

impl Isa for Portable {
    fn advance(self, lanes: &mut Lanes, watch: bool) -> (u32, u32) {
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
                let inside = norm(x[i], y[i]) <= 4.0;
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
            let out = near | (task.components & in_components(cx, cy));
            // Nobody waits for what is no number.
            (batch.x[i], batch.y[i]) = (if out { f64::NAN } else { cx }, cy);
            begun.open |= u32::from(!out) << i;
            begun.near |= near;
            far |= norm(cx, cy) > 4.0;
        }
        if begun.open != 0 && (walk | far) {
            let started = begun.open;
            batch.n = [1; BATCH];
            begun.open = self::walk(batch, task, WALK, started);
            begun.n += WALK;
            begun.some_ended = begun.open != started;
        }
        begun
    }

    fn walk_again(self, batch: &mut Batch, task: &Task) {
        let open = walk(batch, task, BLOCK, !0);
        debug_assert_eq!(open, 0, "only what has escaped walks again");
    }
}

/// Walks with those samples of a batch that are in `who`. Returns which have not escaped after `steps`.
fn walk(batch: &mut Batch, task: &Task, steps: u32, who: u32) -> u32 {
    let mut open = 0;
    let (mut inside, mut within, mut norms) = ([u32::MAX; BATCH], [0; BATCH], [4.0; BATCH]);
    for i in (0..BATCH).filter(|i| who >> i & 1 != 0) {
        let (mut x, mut y, cx, cy) = (batch.x[i], batch.y[i], batch.cx[i], batch.cy[i]);
        let mut made = 0;
        while norm(x, y) <= 4.0 && made < steps {
            (x, y) = step(x, y, cx, cy);
            made += 1;
        }
        if norm(x, y) <= 4.0 {
            open |= 1 << i;
            (batch.x[i], batch.y[i]) = (x, y);
            continue;
        }
        inside[i] = made;
        while norm(x, y) <= task.radius2 {
            (x, y) = step(x, y, cx, cy);
            made += 1;
        }
        (within[i], norms[i]) = (made, norm(x, y) as f32);
    }
    batch.finish(&inside, &within, &norms, task);
    open
}

//! The loops in plain Rust, for machines without AVX2 and FMA, and to compare with.

use super::{BATCH, BLOCK, Batch, Begun, Isa, LANES, Lanes, WALK};
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

    fn walk(self, batch: &mut Batch, radius2: f64) -> u32 {
        walk(batch, WALK, radius2)
    }

    fn walk_again(self, batch: &mut Batch, radius2: f64) {
        let open = walk(batch, BLOCK, radius2);
        debug_assert_eq!(open, 0, "only what has escaped walks again");
    }

    fn begin(self, batch: &mut Batch, components: bool, max_iter: u32) -> Begun {
        batch.begin(components, max_iter)
    }
}

fn walk(batch: &mut Batch, steps: u32, radius2: f64) -> u32 {
    let mut open = 0;
    let (mut inside, mut within, mut norms) = ([0; BATCH], [0; BATCH], [4.0; BATCH]);
    for i in 0..BATCH {
        let (mut x, mut y) = (batch.x[i], batch.y[i]);
        let mut size = norm(x, y);
        while size <= 4.0 && inside[i] < steps {
            (x, y) = step(x, y, batch.cx[i], batch.cy[i]);
            size = norm(x, y);
            inside[i] += 1;
        }
        if size <= 4.0 {
            open |= 1 << i;
            (batch.x[i], batch.y[i]) = (x, y);
            inside[i] = u32::MAX;
            continue;
        }
        within[i] = inside[i];
        while size <= radius2 {
            (x, y) = step(x, y, batch.cx[i], batch.cy[i]);
            size = norm(x, y);
            within[i] += 1;
        }
        norms[i] = size.max(4.0);
    }
    batch.finish(&inside, &within, &norms);
    open
}

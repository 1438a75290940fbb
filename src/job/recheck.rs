//! A spot check of shards: some of their numbers, computed again.

use crate::field::{Distance, Escape};
use crate::job::stitch::Stitch;
use crate::kernel::bailout::Kernel;
use crate::render::in_order::in_order;

/// Samples that are compared at once.
const PIECE: u32 = 1 << 14;

/// Computes these rows of samples again with `kernel`, on the current rayon pool. Returns the first sample that differs.
///
/// A checksum tells a damaged shard from a whole one, but not an honest worker from one that lies or computes wrongly. This
/// does, for what it looks at. `done` is called with the number of samples of each piece.
pub fn recheck(
    stitch: &Stitch,
    kernel: &dyn Kernel,
    rows: &[u32],
    done: impl Fn(u64) + Sync,
) -> Option<(u32, u32)> {
    let width = stitch.width();
    let pieces = width.div_ceil(PIECE);
    let checked: Result<(), (u32, u32)> = in_order(
        pieces * rows.len() as u32,
        || {
            let escapes = || vec![Escape::NONE; PIECE as usize];
            let distances = || vec![Distance::NONE; PIECE as usize];
            ([escapes(), escapes()], [distances(), distances()])
        },
        |([stored, computed], distances), piece| {
            let (y, left) = (rows[(piece / pieces) as usize], piece % pieces * PIECE);
            let columns = left..width.min(left + PIECE);
            let (stored, computed) = (&mut stored[..columns.len()], &mut computed[..columns.len()]);
            let detail = stitch.detail();
            let planes = if detail.has_distances() { columns.len() } else { 0 };
            let [one, other] = distances.each_mut().map(|plane| &mut plane[..planes]);
            stitch.results(detail, columns.clone(), y..y + 1, stored, one);
            kernel.results(detail, columns, y..y + 1, computed, other);
            done(stored.len() as u64);
            let differs = stored.iter().zip(&*computed).position(|(one, other)| one != other);
            let differs = differs.or(one.iter().zip(&*other).position(|(one, other)| one != other));
            Some((left + differs? as u32, y))
        },
        |differs| differs.map_or(Ok(()), Err),
    );
    checked.err()
}

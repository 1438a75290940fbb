//! Many samples of a deep view at once in AVX2 and FMA instructions.
//!
//! A row holds four samples, one in each lane of its vectors; a turn of it is that of [`row_avx2`](super::row_avx2). What is rare
//! goes through [`Reference::attend`], sample by sample. A lane whose sample is done gets the next one; when there are none
//! left, the samples of the last row move into the idle lanes of the others.
//!
//! Invariant: before each turn m < last in every lane of the rows in use. A lane that reaches the last Z, where the gap is
//! NaN, is attended in the same turn, and [`Reference::attend`] leaves m below it or ends the sample. An idle lane has
//! the state of a sample that has not ended (it repeats what some other lane does, and its result is dropped), so that the
//! same is true of it: [`Vectors::compact`] gives it one, or takes its row out of use.
//!
//! Measured on a core of Zen 5 at 4.2 GHz, with turns mostly of blocks: 11 ns for a turn of four samples where all that is
//! read lies in the first-level cache, 16 to 20 ns for a dense view whose reference and blocks take 22 MB, which is 1.7 and
//! 2.5 times as fast as samples in turns without vectors (see [`perturbation`](super::perturbation)). In the dense view
//! the time is cache misses of the blocks: prefetching made it 1.4 times as fast, with 8 blocks ahead a tenth faster than
//! with 2. Prefetching what the next iteration needs, just before the next turn, gained nothing, and neither did
//! three, six or eight vectors instead of four. With the derivative a whole picture takes 1.1 to 1.3 times as long.
#![allow(unsafe_code, reason = "vector instructions, which the type `Avx2` proves to be there")]

use num_complex::Complex;

use crate::kernel::bailout::Bailout;
use crate::kernel::cpu::Avx2;
use crate::kernel::deep::derivative::Follow;
use crate::kernel::deep::row_avx2::{Row, WIDTH, advance};
use crate::kernel::deep::sample::{Next, Reference, Results, Sample};

/// Rows.
const ROWS: usize = 4;
/// The index of an idle lane: there is no sample left for it.
const IDLE: usize = usize::MAX;
/// Turns between two comparisons of all n with `max_iter`. A sample that escapes between the limit and the comparison has
/// no count, as [`Reference::attend`] sees to.
const LIMIT_CHECK: u32 = 32;

/// The state of a lane apart from what is in its row.
#[derive(Clone, Copy)]
struct Lane<F> {
    /// Where the result goes.
    index: usize,
    /// n - m, which changes only where m is set back.
    base: u64,
    /// What does not change with every iteration; the rest is brought up to date in [`Vectors::attend`].
    sample: Sample,
    /// Up to date where `sample` is; between, the derivative is in the row.
    follow: F,
}

/// Iterates the samples that `next` gives, each with what follows it.
#[inline(always)]
pub(super) fn fill<F: Follow>(
    _: Avx2,
    reference: &Reference,
    bailout: Bailout,
    fresh: F,
    next: impl FnMut() -> Option<(usize, Sample)>,
    results: &mut Results,
) {
    // SAFETY: a value of `Avx2`, the first argument, exists only where the machine has AVX2 and FMA.
    unsafe {
        if reference.floor > 0.0 {
            run::<true, F>(reference, bailout, fresh, next, results);
        } else {
            run::<false, F>(reference, bailout, fresh, next, results);
        }
    }
}

/// All rows with their samples.
struct Vectors<'a, F> {
    reference: &'a Reference,
    bailout: Bailout,
    /// What follows a sample before its first iteration.
    fresh: F,
    rows: [Row; ROWS],
    lanes: [Lane<F>; ROWS * WIDTH],
}

/// Iterates all samples. `WIDE` where deltas may be too small for `f64`.
#[target_feature(enable = "avx2,fma")]
fn run<const WIDE: bool, F: Follow>(
    reference: &Reference,
    bailout: Bailout,
    fresh: F,
    mut next: impl FnMut() -> Option<(usize, Sample)>,
    results: &mut Results,
) {
    let Some((index, sample)) = next() else { return };
    let first = Lane { index, base: 0, sample, follow: fresh };
    let (rows, lanes) = ([Row::default(); ROWS], [first; ROWS * WIDTH]);
    let mut all = Vectors { reference, bailout, fresh, rows, lanes };
    let mut rows = 0;
    for l in 0..ROWS * WIDTH {
        if l > 0 {
            all.lanes[l] = match next() {
                Some((index, sample)) => Lane { index, sample, ..first },
                None => Lane { index: IDLE, ..first },
            };
        }
        all.enter(l);
        if all.lanes[l].index != IDLE {
            rows = l / WIDTH + 1;
        }
    }
    let mut until_check = LIMIT_CHECK;
    while rows > 0 {
        let mut r = 0;
        while r < rows {
            // SAFETY: the invariant of this file for rows in use, and `list` follows m in `Vectors::put` and in turns.
            let (attend, wide) = unsafe { advance::<WIDE, F>(reference, &mut all.rows[r]) };
            let mut left = attend | wide;
            let mut ended = false;
            while left != 0 {
                let l = r * WIDTH + left.trailing_zeros() as usize;
                let what = if WIDE && wide >> (l % WIDTH) & 1 != 0 { Next::Wide } else { Next::Attend };
                left &= left - 1;
                ended |= all.attend(l, what, &mut next, results);
            }
            if ended {
                rows = all.compact(r, rows);
            }
            r += 1;
        }
        until_check -= 1;
        if until_check == 0 {
            until_check = LIMIT_CHECK;
            for l in 0..ROWS * WIDTH {
                if l >= rows * WIDTH {
                    break;
                }
                let n = all.lanes[l].base + u64::from(all.rows[l / WIDTH].m[l % WIDTH]);
                if n >= u64::from(bailout.max_iter()) && all.attend(l, Next::Attend, &mut next, results) {
                    rows = all.compact(l / WIDTH, rows);
                }
            }
        }
    }
}

impl<F: Follow> Vectors<'_, F> {
    /// Attends to the sample of lane l, and gives the lane the next one if that has ended. Returns whether the lane is idle
    /// now, for which [`Vectors::compact`] must be called.
    #[inline(never)]
    #[target_feature(enable = "avx2,fma")]
    fn attend(
        &mut self,
        l: usize,
        what: Next,
        next: &mut impl FnMut() -> Option<(usize, Sample)>,
        results: &mut Results,
    ) -> bool {
        let (row, i) = (&self.rows[l / WIDTH], l % WIDTH);
        let lane = &mut self.lanes[l];
        let (sample, follow) = (&mut lane.sample, &mut lane.follow);
        let n = lane.base + u64::from(row.m[i]);
        // Where no turn was made since, the derivative may have more bits or exponents than fit into the row.
        if F::DERIVED && n > sample.n {
            follow.set_narrow(Complex::new(row.dr[i], row.di[i]));
        }
        (sample.m, sample.n) = (row.m[i], n);
        sample.z = Complex::new(row.zr[i], row.zi[i]);
        sample.w = Complex::new(row.wr[i], row.wi[i]);
        let Some(escape) = self.reference.attend(sample, what, self.bailout, follow) else {
            lane.base = sample.n - u64::from(sample.m);
            self.put(l);
            return false;
        };
        results.put(lane.index, escape, follow.distance());
        if let Some((index, sample)) = next() {
            *lane = Lane { index, base: 0, sample, follow: self.fresh };
            self.enter(l);
            return false;
        }
        lane.index = IDLE;
        true
    }

    /// Gives each idle lane of a row a sample of the last row in use, whose lane becomes idle in its place and goes on with a
    /// copy. Rows that are idle as a whole go out of use. Returns how many are left.
    fn compact(&mut self, row: usize, mut rows: usize) -> usize {
        let lanes = |row: usize| row * WIDTH..(row + 1) * WIDTH;
        for l in lanes(row) {
            if self.lanes[l].index != IDLE {
                continue;
            }
            if let Some(from) = lanes(rows - 1).find(|&l| self.lanes[l].index != IDLE) {
                self.copy(from, l);
                self.lanes[from].index = IDLE;
            }
            while self.lanes[lanes(rows - 1)].iter().all(|lane| lane.index == IDLE) {
                rows -= 1;
                if rows <= row {
                    return rows;
                }
            }
        }
        rows
    }

    /// Copies the state of a lane.
    fn copy(&mut self, from: usize, to: usize) {
        self.lanes[to] = self.lanes[from];
        let (a, i, j) = (self.rows[from / WIDTH], from % WIDTH, to % WIDTH);
        let b = &mut self.rows[to / WIDTH];
        b.zr[j] = a.zr[i];
        b.zi[j] = a.zi[i];
        b.wr[j] = a.wr[i];
        b.wi[j] = a.wi[i];
        b.list[j] = a.list[i];
        b.cr[j] = a.cr[i];
        b.ci[j] = a.ci[i];
        b.sr[j] = a.sr[i];
        b.si[j] = a.si[i];
        b.m[j] = a.m[i];
        b.fr[j] = a.fr[i];
        b.fi[j] = a.fi[i];
        b.dr[j] = a.dr[i];
        b.di[j] = a.di[i];
    }

    /// Puts the sample of lane l into its row.
    fn enter(&mut self, l: usize) {
        let (row, i, sample) = (&mut self.rows[l / WIDTH], l % WIDTH, &self.lanes[l].sample);
        (row.cr[i], row.ci[i]) = (sample.c.re, sample.c.im);
        (row.sr[i], row.si[i]) = (sample.scaled.re, sample.scaled.im);
        self.put(l);
    }

    /// Puts what changes with each iteration into the row of lane l.
    fn put(&mut self, l: usize) {
        let (row, i, lane) = (&mut self.rows[l / WIDTH], l % WIDTH, &self.lanes[l]);
        let sample = &lane.sample;
        (row.zr[i], row.zi[i]) = (sample.z.re, sample.z.im);
        (row.wr[i], row.wi[i]) = (sample.w.re, sample.w.im);
        row.m[i] = sample.m;
        let point = &self.reference.bla.points[sample.m as usize];
        row.list[i] = f64::from_bits(u64::from(point.radius) << 32 | u64::from(point.first));
        if F::DERIVED {
            let (f, d) = (self.reference.bla.rounded(sample.m) + sample.z, lane.follow.narrow());
            (row.fr[i], row.fi[i], row.dr[i], row.di[i]) = (f.re, f.im, d.re, d.im);
        }
    }
}

//! Many samples of a deep view at once in AVX2 and FMA instructions.
//!
//! A vector holds four samples, each at its own index m of the reference. A turn of a vector makes one iteration or block
//! with each of them, in the very operations of [`Reference::step`]; where some lanes have a block and others none, the latter
//! take block 0, which is a single iteration. What the lanes read at their indices is loaded as pairs of numbers and
//! transposed. What is rare goes through [`Reference::attend`], sample by sample. A lane whose sample is done gets the next
//! one; when there are none left, the samples of the last vector move into the idle lanes of the others.
//!
//! Invariant: before each turn m < last in every lane of the vectors in use. A lane that reaches the last Z, where the gap is
//! NaN, is attended in the same turn, and [`Reference::attend`] leaves m below it or ends the sample. An idle lane has
//! the state of a sample that has not ended (it repeats what some other lane does, and its result is dropped), so that the
//! same is true of it: [`Vectors::compact`] gives it one, or takes its vector out of use.
//!
//! Measured on a core of Zen 5 at 4.2 GHz, with turns mostly of blocks: 11 ns for a turn of four samples where all that is
//! read lies in the first-level cache, 16 to 20 ns for a dense view whose reference and blocks take 22 MB, which is 1.7 and
//! 2.5 times as fast as samples in turns without vectors (see [`perturbation`](super::perturbation)). In the dense view
//! the time is cache misses of the blocks: prefetching made it 1.4 times as fast, with 8 blocks ahead a tenth faster than
//! with 2. Prefetching what the next iteration needs, just before the next turn, gained nothing, and neither did
//! three, six or eight vectors instead of four.
#![allow(unsafe_code, reason = "vector instructions, which the type `Avx2` proves to be there")]

use std::arch::x86_64::*;

use num_complex::Complex;

use crate::field::Escape;
use crate::kernel::bailout::Bailout;
use crate::kernel::cpu::Avx2;
use crate::kernel::deep::bla::{BESIDE, Bla, Block};
use crate::kernel::deep::sample::{Next, Reference, Sample};

/// Samples in a vector.
const WIDTH: usize = 4;
/// Vectors.
const ROWS: usize = 4;
/// The index of an idle lane: there is no sample left for it.
const IDLE: usize = usize::MAX;
/// Turns between two comparisons of all n with `max_iter`. A sample that escapes between the limit and the comparison has
/// no count, as [`Reference::attend`] sees to.
const LIMIT_CHECK: u32 = 32;
/// How many blocks ahead to prefetch: about four turns of a sample, where two blocks start at each Z.
const AHEAD: usize = 8;

/// Four samples.
#[derive(Clone, Copy, Default)]
#[repr(C, align(32))]
struct Row {
    zr: [f64; WIDTH],
    zi: [f64; WIDTH],
    wr: [f64; WIDTH],
    wi: [f64; WIDTH],
    /// The bits of `OrbitPoint::first` and above them `OrbitPoint::radius`.
    list: [f64; WIDTH],
    cr: [f64; WIDTH],
    ci: [f64; WIDTH],
    sr: [f64; WIDTH],
    si: [f64; WIDTH],
    m: [u32; WIDTH],
}

/// The state of a lane apart from what is in its row.
#[derive(Clone, Copy)]
struct Lane {
    /// Where the result goes.
    index: usize,
    /// n - m, which changes only where m is set back.
    base: u64,
    /// What does not change with every iteration; the rest is brought up to date in [`Vectors::attend`].
    sample: Sample,
}

/// Iterates the samples that `next` gives into `out`.
#[inline(always)]
pub(super) fn fill(
    _: Avx2,
    reference: &Reference,
    bailout: Bailout,
    next: impl FnMut() -> Option<(usize, Sample)>,
    out: &mut [Escape],
) {
    // SAFETY: a value of `Avx2`, the first argument, exists only where the machine has AVX2 and FMA.
    unsafe {
        if reference.floor > 0.0 {
            run::<true>(reference, bailout, next, out);
        } else {
            run::<false>(reference, bailout, next, out);
        }
    }
}

/// All vectors with their samples.
struct Vectors<'a> {
    reference: &'a Reference,
    bailout: Bailout,
    rows: [Row; ROWS],
    lanes: [Lane; ROWS * WIDTH],
}

/// Iterates all samples. `WIDE` where deltas may be too small for `f64`.
#[target_feature(enable = "avx2,fma")]
fn run<const WIDE: bool>(
    reference: &Reference,
    bailout: Bailout,
    mut next: impl FnMut() -> Option<(usize, Sample)>,
    out: &mut [Escape],
) {
    let Some((index, sample)) = next() else { return };
    let first = Lane { index, base: 0, sample };
    let mut all = Vectors { reference, bailout, rows: [Row::default(); ROWS], lanes: [first; ROWS * WIDTH] };
    let mut rows = 0;
    for l in 0..ROWS * WIDTH {
        if l > 0 {
            all.lanes[l] = match next() {
                Some((index, sample)) => Lane { index, base: 0, sample },
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
            let (attend, wide) = advance::<WIDE>(reference, &mut all.rows[r]);
            let mut left = attend | wide;
            let mut ended = false;
            while left != 0 {
                let l = r * WIDTH + left.trailing_zeros() as usize;
                let what = if WIDE && wide >> (l % WIDTH) & 1 != 0 { Next::Wide } else { Next::Attend };
                left &= left - 1;
                ended |= all.attend(l, what, &mut next, out);
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
                if n >= u64::from(bailout.max_iter()) && all.attend(l, Next::Attend, &mut next, out) {
                    rows = all.compact(l / WIDTH, rows);
                }
            }
        }
    }
}

impl Vectors<'_> {
    /// Attends to the sample of lane l, and gives the lane the next one if that has ended. Returns whether the lane is idle
    /// now, for which [`Vectors::compact`] must be called.
    #[inline(never)]
    #[target_feature(enable = "avx2,fma")]
    fn attend(
        &mut self,
        l: usize,
        what: Next,
        next: &mut impl FnMut() -> Option<(usize, Sample)>,
        out: &mut [Escape],
    ) -> bool {
        let (row, i) = (&self.rows[l / WIDTH], l % WIDTH);
        let lane = &mut self.lanes[l];
        let sample = &mut lane.sample;
        sample.m = row.m[i];
        sample.n = lane.base + u64::from(row.m[i]);
        sample.z = Complex::new(row.zr[i], row.zi[i]);
        sample.w = Complex::new(row.wr[i], row.wi[i]);
        let Some(result) = self.reference.attend(sample, what, self.bailout, &mut ()) else {
            lane.base = sample.n - u64::from(sample.m);
            self.put(l);
            return false;
        };
        if let Some(slot) = out.get_mut(lane.index) {
            *slot = result;
        }
        if let Some((index, sample)) = next() {
            *lane = Lane { index, base: 0, sample };
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
        let (row, i, sample) = (&mut self.rows[l / WIDTH], l % WIDTH, &self.lanes[l].sample);
        (row.zr[i], row.zi[i]) = (sample.z.re, sample.z.im);
        (row.wr[i], row.wi[i]) = (sample.w.re, sample.w.im);
        row.m[i] = sample.m;
        let point = &self.reference.bla.points[sample.m as usize];
        row.list[i] = f64::from_bits(u64::from(point.radius) << 32 | u64::from(point.first));
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn load(from: &[f64; WIDTH]) -> __m256d {
    // SAFETY: reads the WIDTH numbers of the array.
    unsafe { _mm256_loadu_pd(from.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn store(to: &mut [f64; WIDTH], from: __m256d) {
    // SAFETY: writes the WIDTH numbers of the array.
    unsafe { _mm256_storeu_pd(to.as_mut_ptr(), from) }
}

type Pair = (__m256d, __m256d);

/// Loads a pair of numbers from each of four addresses: all first ones, and all second ones.
///
/// # Safety
/// Each address must point to two initialized `f64` in one allocation.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn pairs(at: [*const f64; WIDTH]) -> Pair {
    // SAFETY: each load reads the 16 bytes at one of the addresses, which the caller vouches for.
    unsafe {
        let half = |i: usize| {
            let low = _mm256_castpd128_pd256(_mm_loadu_pd(at[i]));
            _mm256_insertf128_pd::<1>(low, _mm_loadu_pd(at[i + 2]))
        };
        let (x, y) = (half(0), half(1));
        (_mm256_unpacklo_pd(x, y), _mm256_unpackhi_pd(x, y))
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn times(x: Pair, y: Pair) -> Pair {
    (_mm256_fmsub_pd(x.0, y.0, _mm256_mul_pd(x.1, y.1)), _mm256_fmadd_pd(x.0, y.1, _mm256_mul_pd(x.1, y.0)))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn times_add(x: Pair, y: Pair, z: Pair) -> Pair {
    (
        _mm256_fmadd_pd(x.0, y.0, _mm256_fnmadd_pd(x.1, y.1, z.0)),
        _mm256_fmadd_pd(x.0, y.1, _mm256_fmadd_pd(x.1, y.0, z.1)),
    )
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn chebyshev(z: Pair) -> __m256d {
    let sign = _mm256_set1_pd(-0.0);
    _mm256_max_pd(_mm256_andnot_pd(sign, z.0), _mm256_andnot_pd(sign, z.1))
}

/// Makes an iteration or block with four samples.
///
/// Returns those for [`Next::Attend`] and those for [`Next::Wide`], as sets of bits.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn advance<const WIDE: bool>(reference: &Reference, row: &mut Row) -> (u32, u32) {
    let bla = &reference.bla;
    debug_assert!(row.m.iter().all(|&m| m < bla.last()), "an iteration starts before the last Z");
    let before = (load(&row.zr), load(&row.zi));
    let m_before = row.m;
    let list = load(&row.list);
    let u = times((load(&row.wr), load(&row.wi)), before);
    let size = chebyshev(u);
    let holds = _mm256_castsi256_pd(_mm256_cmpgt_epi32(_mm256_castpd_si256(list), _mm256_castpd_si256(size)));
    let mut z;
    if _mm256_movemask_pd(holds) == 0 {
        z = (_mm256_add_pd(u.0, load(&row.cr)), _mm256_add_pd(u.1, load(&row.ci)));
        for m in &mut row.m {
            *m += 1;
        }
    } else {
        // A lane without a block takes block 0, which is a single iteration.
        let blocks = find_blocks(bla, _mm256_blendv_pd(_mm256_setzero_pd(), list, holds), size);
        z = leap(bla, row, blocks, u);
    }
    let mut wide = 0;
    if WIDE {
        let least = _mm256_min_pd(size, chebyshev(z));
        let below = _mm256_cmp_pd::<_CMP_LT_OQ>(least, _mm256_set1_pd(reference.floor));
        wide = _mm256_movemask_pd(below) as u32;
        if wide != 0 {
            z = (_mm256_blendv_pd(z.0, before.0, below), _mm256_blendv_pd(z.1, before.1, below));
            for (l, (m, before)) in row.m.iter_mut().zip(m_before).enumerate() {
                if wide >> l & 1 != 0 {
                    *m = before;
                }
            }
        }
    }
    (arrive(bla, row, z) & !wide, wide)
}

/// The longest block that holds in each lane. `list` is that of the rows, or 0 for block 0.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn find_blocks(bla: &Bla, list: __m256d, size: __m256d) -> [*const Block; WIDTH] {
    let (mut first, mut sizes) = ([0.0; WIDTH], [0.0; WIDTH]);
    store(&mut first, list);
    store(&mut sizes, size);
    let blocks = bla.blocks.as_ptr();
    let mut at = [blocks; WIDTH];
    let mut more = 0;
    for l in 0..WIDTH {
        let first = first[l].to_bits() as u32 as usize;
        let size = _mm256_set1_epi32((sizes[l].to_bits() >> 32) as i32);
        debug_assert!(first < bla.blocks.len() && bla.radii.len() == bla.blocks.len() + BESIDE);
        // SAFETY: `first` is an index of `blocks`, and `radii` has BESIDE = 8 entries more than `blocks` has, so that the 8
        // from first + 1 on exist.
        let radii = unsafe { _mm256_loadu_si256(bla.radii.as_ptr().add(first + 1).cast()) };
        let smaller = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(radii, size))) as u32;
        let longer = (!smaller).trailing_zeros();
        more |= longer;
        // SAFETY: the `longer` entries after `first` are radii and not HEAD, as only entries of blocks are. So
        // first + longer is an index of `blocks`.
        at[l] = unsafe { blocks.add(first + longer as usize) };
    }
    if more & BESIDE as u32 != 0 {
        find_longest(bla, &first, &sizes, &mut at);
    }
    at
}

/// Makes the iterations of a block in each lane, and returns z.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn leap(bla: &Bla, row: &mut Row, blocks: [*const Block; WIDTH], u: Pair) -> Pair {
    for (m, block) in row.m.iter_mut().zip(blocks) {
        // SAFETY: `find_blocks` returns pointers to elements of `bla.blocks`.
        let len = unsafe { (*block).len };
        *m += len;
        // What the next turns need if they go on like this one. An address beyond the end does no harm: a prefetch never
        // faults.
        _mm_prefetch::<_MM_HINT_T0>(block.wrapping_add(AHEAD).cast());
        _mm_prefetch::<_MM_HINT_T0>(bla.points.as_ptr().wrapping_add((*m + len) as usize).cast());
    }
    // SAFETY: all four point to elements of `bla.blocks`, in which a, b and s are two `f64` each.
    let [a, b, s] = unsafe {
        [
            pairs(blocks.map(|block| (&raw const (*block).a).cast())),
            pairs(blocks.map(|block| (&raw const (*block).b).cast())),
            pairs(blocks.map(|block| (&raw const (*block).s).cast())),
        ]
    };
    let scaled = (load(&row.sr), load(&row.si));
    times_add(times_add(s, u, a), u, times(b, scaled))
}

/// Stores z and what belongs to it at the new m. Returns the lanes to attend to as a set of bits.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn arrive(bla: &Bla, row: &mut Row, z: Pair) -> u32 {
    debug_assert!(row.m.iter().all(|&m| m <= bla.last()), "no block passes the last Z");
    // SAFETY: m was below `last` before this turn (see the invariant of this file), and neither a single iteration nor a
    // block, of which m + len <= last, passes it. So m <= last, the last index of `points`.
    let at = row.m.map(|m| unsafe { bla.points.as_ptr().add(m as usize) });
    // SAFETY: all four point to an `OrbitPoint`, which begins with z, two `f64`, followed by `gap`, one `f64`, and `first` and
    // `radius`, together 8 bytes that are read as one `f64`.
    let (reference, (gap, list)) = unsafe {
        (
            pairs(at.map(|point| (&raw const (*point).z).cast())),
            pairs(at.map(|point| (&raw const (*point).gap).cast())),
        )
    };
    let f = (_mm256_add_pd(reference.0, z.0), _mm256_add_pd(reference.1, z.1));
    let w = (_mm256_add_pd(reference.0, f.0), _mm256_add_pd(reference.1, f.1));
    store(&mut row.zr, z.0);
    store(&mut row.zi, z.1);
    store(&mut row.wr, w.0);
    store(&mut row.wi, w.1);
    store(&mut row.list, list);
    let excess = _mm256_fmadd_pd(z.0, w.0, _mm256_mul_pd(z.1, w.1));
    let escaped = _mm256_cmp_pd::<_CMP_NLE_UQ>(excess, gap);
    let rebase = _mm256_cmp_pd::<_CMP_LT_OQ>(chebyshev(f), chebyshev(z));
    _mm256_movemask_pd(_mm256_or_pd(escaped, rebase)) as u32
}

/// Finds the longest blocks without a limit on how many start at one Z. For lanes where the size is below all [`BESIDE`] radii
/// that were compared at once.
#[cold]
fn find_longest(bla: &Bla, first: &[f64; WIDTH], sizes: &[f64; WIDTH], at: &mut [*const Block; WIDTH]) {
    for l in 0..WIDTH {
        let (first, size) = (first[l].to_bits() as u32 as usize, (sizes[l].to_bits() >> 32) as i32);
        if first > 0 {
            let longer = bla.radii[first + 1..].iter().take_while(|radius| size < **radius).count();
            at[l] = &raw const bla.blocks[first + longer];
        }
    }
}

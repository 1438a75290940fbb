//! Many samples at once in AVX2 and FMA instructions.
//!
//! Four samples are a vector, wherever in the reference each of them is. A turn of a vector makes one step or block
//! with each sample, the very operations of [`Reference::step`]; a lane without a block takes the one that is a plain step,
//! if another lane has one. What the lanes need from their places is loaded as pairs of numbers and transposed.
//! What is rare goes through [`Reference::attend`], sample by sample. A lane whose sample is done gets the next one; when
//! there are none left, the last vector gives its samples to the others.
//!
//! Measured on a core of Zen 5 at 4.2 GHz, with a turn mostly of blocks: 11 ns for a turn of four samples where all that
//! is read lies in the first cache, 16 to 20 ns for a dense view whose reference and blocks take 22 MB, which is 1.7 and
//! 2.5 times as fast as [`Lanes::Portable`](super::Lanes). There the time goes into waiting for the blocks:
//! asking for those to come early made it 1.4 times as fast, farther ahead (8 blocks) a tenth better than near (2).
//! Asking by what the next step says, just before the next turn, gained nothing, and neither did three, six or eight
//! vectors instead of four.
#![allow(unsafe_code, reason = "vector instructions, which the type `Avx2` proves to be there")]

use std::arch::x86_64::*;

use num_complex::Complex;

use super::bla::{BESIDE, Block};
use super::perturbation::{Next, Reference, Sample};
use super::reference_orbit::Step;
use crate::Escape;
use crate::kernel::{Avx2, Bailout};

/// Samples in a vector.
const WIDTH: usize = 4;
/// Vectors in flight.
const ROWS: usize = 4;
/// The index of a lane that repeats what another does, since there are no samples left.
const IDLE: usize = usize::MAX;
/// Turns between two looks at `max_iter`. What a sample does beyond it is never seen.
const PATIENCE: u32 = 32;
/// Blocks that are loaded early: about four turns of a sample, where it finds two blocks at each place.
const AHEAD: usize = 8;

/// Four samples.
#[derive(Clone, Copy, Default)]
#[repr(C, align(32))]
struct Row {
    zr: [f64; WIDTH],
    zi: [f64; WIDTH],
    wr: [f64; WIDTH],
    wi: [f64; WIDTH],
    /// [`Step::first`] and above it [`Step::radius`].
    list: [f64; WIDTH],
    cr: [f64; WIDTH],
    ci: [f64; WIDTH],
    sr: [f64; WIDTH],
    si: [f64; WIDTH],
    m: [u32; WIDTH],
}

/// What a lane does, apart from what is in its row.
#[derive(Clone, Copy)]
struct Lane {
    /// Where the result goes.
    index: usize,
    /// Steps before the sample was last compared with the reference from its start.
    base: u64,
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
    // SAFETY: the first argument proves that the machine has these instructions.
    unsafe {
        if reference.floor > 0.0 {
            run::<true>(reference, bailout, next, out);
        } else {
            run::<false>(reference, bailout, next, out);
        }
    }
}

/// All vectors.
struct Crew<'a> {
    reference: &'a Reference,
    bailout: Bailout,
    rows: [Row; ROWS],
    lanes: [Lane; ROWS * WIDTH],
}

/// The loop. `WIDE` where deltas may be too small for `f64`.
#[target_feature(enable = "avx2,fma")]
fn run<const WIDE: bool>(
    reference: &Reference,
    bailout: Bailout,
    mut next: impl FnMut() -> Option<(usize, Sample)>,
    out: &mut [Escape],
) {
    let Some((index, sample)) = next() else { return };
    let first = Lane { index, base: 0, sample };
    let mut crew = Crew { reference, bailout, rows: [Row::default(); ROWS], lanes: [first; ROWS * WIDTH] };
    let mut rows = 0;
    for l in 0..ROWS * WIDTH {
        if l > 0 {
            crew.lanes[l] = match next() {
                Some((index, sample)) => Lane { index, base: 0, sample },
                None => Lane { index: IDLE, ..first },
            };
        }
        crew.enter(l);
        if crew.lanes[l].index != IDLE {
            rows = l / WIDTH + 1;
        }
    }
    let mut patience = PATIENCE;
    while rows > 0 {
        let mut r = 0;
        while r < rows {
            let (attend, wide) = advance::<WIDE>(reference, &mut crew.rows[r]);
            let mut left = attend | wide;
            let mut ended = false;
            while left != 0 {
                let l = r * WIDTH + left.trailing_zeros() as usize;
                let what = if WIDE && wide >> (l % WIDTH) & 1 != 0 { Next::Wide } else { Next::Attend };
                left &= left - 1;
                ended |= crew.attend(l, what, &mut next, out);
            }
            if ended {
                rows = crew.close_ranks(r, rows);
            }
            r += 1;
        }
        patience -= 1;
        if patience == 0 {
            patience = PATIENCE;
            for l in 0..ROWS * WIDTH {
                if l >= rows * WIDTH {
                    break;
                }
                let n = crew.lanes[l].base + u64::from(crew.rows[l / WIDTH].m[l % WIDTH]);
                if n >= u64::from(bailout.max_iter) && crew.attend(l, Next::Attend, &mut next, out) {
                    rows = crew.close_ranks(l / WIDTH, rows);
                }
            }
        }
    }
}

impl Crew<'_> {
    /// Lets lane l do what is rare, and gives it another sample when it is done; returns whether there are no more.
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
        let Some(result) = self.reference.attend(sample, what, self.bailout) else {
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

    /// Gives samples of the last row to the idle lanes of a row. Returns how many rows are left.
    fn close_ranks(&mut self, row: usize, mut rows: usize) -> usize {
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

    /// Lets a lane do what another one does.
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

    /// Puts there what changes with each step.
    fn put(&mut self, l: usize) {
        let (row, i, sample) = (&mut self.rows[l / WIDTH], l % WIDTH, &self.lanes[l].sample);
        (row.zr[i], row.zi[i]) = (sample.z.re, sample.z.im);
        (row.wr[i], row.wi[i]) = (sample.w.re, sample.w.im);
        row.m[i] = sample.m;
        let step = &self.reference.bla.orbit.steps[sample.m as usize];
        row.list[i] = f64::from_bits(u64::from(step.radius) << 32 | u64::from(step.first));
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn load(from: &[f64; WIDTH]) -> __m256d {
    // SAFETY: reads these four numbers.
    unsafe { _mm256_loadu_pd(from.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn store(to: &mut [f64; WIDTH], from: __m256d) {
    // SAFETY: writes these four numbers.
    unsafe { _mm256_storeu_pd(to.as_mut_ptr(), from) }
}

type Pair = (__m256d, __m256d);

/// The pairs of numbers at four places: all first ones, and all second ones.
///
/// # Safety
/// Two numbers must be there to be read.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn pairs(at: [*const f64; WIDTH]) -> Pair {
    // SAFETY: as promised above.
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

/// Makes a step or block with four samples.
///
/// Returns those for [`Next::Attend`] and those for [`Next::Wide`], as sets of bits.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn advance<const WIDE: bool>(reference: &Reference, row: &mut Row) -> (u32, u32) {
    let (steps, blocks, radii): (*const Step, *const Block, *const i32) =
        (reference.bla.orbit.steps.as_ptr(), reference.bla.blocks.as_ptr(), reference.bla.radii.as_ptr());
    let before = (load(&row.zr), load(&row.zi));
    let w = (load(&row.wr), load(&row.wi));
    let list = load(&row.list);
    let u = times(w, before);
    let size = chebyshev(u);
    let holds = _mm256_castsi256_pd(_mm256_cmpgt_epi32(_mm256_castpd_si256(list), _mm256_castpd_si256(size)));
    let mut z;
    let m_before = row.m;
    if _mm256_movemask_pd(holds) == 0 {
        z = (_mm256_add_pd(u.0, load(&row.cr)), _mm256_add_pd(u.1, load(&row.ci)));
        for m in &mut row.m {
            *m += 1;
        }
    } else {
        // A lane without a block takes the first of all, which is the plain step.
        let (mut first, mut sizes) = ([0.0; WIDTH], [0.0; WIDTH]);
        store(&mut first, _mm256_blendv_pd(_mm256_setzero_pd(), list, holds));
        store(&mut sizes, size);
        let mut at = [blocks; WIDTH];
        let mut more = 0;
        for l in 0..WIDTH {
            let first = first[l].to_bits() as u32 as usize;
            let size = _mm256_set1_epi32((sizes[l].to_bits() >> 32) as i32);
            // SAFETY: beyond the radius of each block there are BESIDE more.
            let radii = unsafe { _mm256_loadu_si256(radii.add(first + 1).cast()) };
            let smaller = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(radii, size))) as u32;
            let longer = (!smaller).trailing_zeros();
            more |= longer;
            // SAFETY: none of these lies beyond the last block, since its list ends there.
            at[l] = unsafe { blocks.add(first + longer as usize) };
        }
        if more & BESIDE as u32 != 0 {
            look_further(reference, &first, &sizes, &mut at);
        }
        for (m, block) in row.m.iter_mut().zip(at) {
            // SAFETY: a block that was just found.
            let len = unsafe { (*block).len };
            *m += len;
            // What will be needed if all goes on like this; no harm is done where it does not.
            _mm_prefetch::<_MM_HINT_T0>(block.wrapping_add(AHEAD).cast());
            _mm_prefetch::<_MM_HINT_T0>(steps.wrapping_add((*m + len) as usize).cast());
        }
        // SAFETY: each block has these numbers.
        let [a, b, s] = unsafe {
            [
                pairs(at.map(|block| (&raw const (*block).a).cast())),
                pairs(at.map(|block| (&raw const (*block).b).cast())),
                pairs(at.map(|block| (&raw const (*block).s).cast())),
            ]
        };
        let scaled = (load(&row.sr), load(&row.si));
        z = times_add(times_add(s, u, a), u, times(b, scaled));
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
    // SAFETY: no block reaches beyond the last Z, and a sample that is there is attended to, since its gap is
    // no number, and then compared with the start.
    let at = row.m.map(|m| unsafe { steps.add(m as usize) });
    // SAFETY: each step has these numbers, the last two of which are one of 64 bits.
    let (reference, (gap, list)) = unsafe {
        (
            pairs(at.map(|step| (&raw const (*step).z).cast())),
            pairs(at.map(|step| (&raw const (*step).gap).cast())),
        )
    };
    let f = (_mm256_add_pd(reference.0, z.0), _mm256_add_pd(reference.1, z.1));
    let w = (_mm256_add_pd(reference.0, f.0), _mm256_add_pd(reference.1, f.1));
    store(&mut row.zr, z.0);
    store(&mut row.zi, z.1);
    store(&mut row.wr, w.0);
    store(&mut row.wi, w.1);
    store(&mut row.list, list);
    let inside = _mm256_fmadd_pd(z.0, w.0, _mm256_mul_pd(z.1, w.1));
    let escaped = _mm256_cmp_pd::<_CMP_NLE_UQ>(inside, gap);
    let rebase = _mm256_cmp_pd::<_CMP_LT_OQ>(chebyshev(f), chebyshev(z));
    let attend = _mm256_movemask_pd(_mm256_or_pd(escaped, rebase)) as u32;
    (attend & !wide, wide)
}

/// Finds the blocks of those for which all radii in a vector are larger.
#[cold]
fn look_further(
    reference: &Reference,
    first: &[f64; WIDTH],
    sizes: &[f64; WIDTH],
    at: &mut [*const Block; WIDTH],
) {
    let bla = &reference.bla;
    for l in 0..WIDTH {
        let (first, size) = (first[l].to_bits() as u32 as usize, (sizes[l].to_bits() >> 32) as i32);
        if first > 0 {
            let longer = bla.radii[first + 1..].iter().take_while(|radius| size < **radius).count();
            at[l] = &raw const bla.blocks[first + longer];
        }
    }
}

//! Four samples of a deep view in the lanes of AVX2 vectors, and a turn of them.
//!
//! Each sample is at its own index m of the reference. A turn makes one iteration or block with each of them, in the very
//! operations of [`Reference::step`] and of what follows it; where some lanes have a block and others none, the latter take
//! block 0, which is a single iteration. What the lanes read at their indices is loaded as pairs of numbers and transposed.
#![allow(unsafe_code, reason = "vector instructions, called only with the proof that they are there")]

use std::arch::x86_64::*;

use crate::kernel::deep::bla::{BESIDE, Bla, Block};
use crate::kernel::deep::derivative::Follow;
use crate::kernel::deep::sample::Reference;

/// Samples in a row.
pub(super) const WIDTH: usize = 4;
/// How many blocks ahead to prefetch: about four turns of a sample, where two blocks start at each Z.
const AHEAD: usize = 8;

/// Four samples.
#[derive(Clone, Copy, Default)]
#[repr(C, align(32))]
pub(super) struct Row {
    pub(super) zr: [f64; WIDTH],
    pub(super) zi: [f64; WIDTH],
    pub(super) wr: [f64; WIDTH],
    pub(super) wi: [f64; WIDTH],
    /// The bits of `OrbitPoint::first` and above them `OrbitPoint::radius`.
    pub(super) list: [f64; WIDTH],
    pub(super) cr: [f64; WIDTH],
    pub(super) ci: [f64; WIDTH],
    pub(super) sr: [f64; WIDTH],
    pub(super) si: [f64; WIDTH],
    pub(super) m: [u32; WIDTH],
    /// f and d, where there is a derivative.
    pub(super) fr: [f64; WIDTH],
    pub(super) fi: [f64; WIDTH],
    pub(super) dr: [f64; WIDTH],
    pub(super) di: [f64; WIDTH],
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

#[inline]
#[target_feature(enable = "avx2,fma")]
fn double(z: Pair) -> Pair {
    (_mm256_add_pd(z.0, z.0), _mm256_add_pd(z.1, z.1))
}

/// Makes an iteration or block with four samples.
///
/// Returns those for `Next::Attend` and those for `Next::Wide`, as sets of bits.
///
/// # Safety
/// In every lane m < last, and `list` is what the row says for that m.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn advance<const WIDE: bool, F: Follow>(
    reference: &Reference,
    row: &mut Row,
) -> (u32, u32) {
    let bla = &reference.bla;
    debug_assert!(row.m.iter().all(|&m| m < bla.last()), "an iteration starts before the last Z");
    let before = (load(&row.zr), load(&row.zi));
    let m_before = row.m;
    let list = load(&row.list);
    let u = times((load(&row.wr), load(&row.wi)), before);
    let size = chebyshev(u);
    let holds = _mm256_castsi256_pd(_mm256_cmpgt_epi32(_mm256_castpd_si256(list), _mm256_castpd_si256(size)));
    let twice = times(double((load(&row.fr), load(&row.fi))), (load(&row.dr), load(&row.di)));
    let (mut z, mut d);
    if _mm256_movemask_pd(holds) == 0 {
        z = (_mm256_add_pd(u.0, load(&row.cr)), _mm256_add_pd(u.1, load(&row.ci)));
        d = (_mm256_add_pd(twice.0, _mm256_set1_pd(bla.one)), _mm256_add_pd(twice.1, _mm256_setzero_pd()));
        for m in &mut row.m {
            *m += 1;
        }
    } else {
        // A lane without a block takes block 0, which is a single iteration.
        let blocks = find_blocks(bla, _mm256_blendv_pd(_mm256_setzero_pd(), list, holds), size);
        (z, d) = leap(bla, row, blocks, u, twice);
    }
    let mut wide = 0;
    if WIDE {
        let least = _mm256_min_pd(size, chebyshev(z));
        let below = _mm256_cmp_pd::<_CMP_LT_OQ>(least, _mm256_set1_pd(reference.floor));
        wide = _mm256_movemask_pd(below) as u32;
        if wide != 0 {
            let of = (load(&row.dr), load(&row.di));
            d = (_mm256_blendv_pd(d.0, of.0, below), _mm256_blendv_pd(d.1, of.1, below));
            z = (_mm256_blendv_pd(z.0, before.0, below), _mm256_blendv_pd(z.1, before.1, below));
            for (l, (m, before)) in row.m.iter_mut().zip(m_before).enumerate() {
                if wide >> l & 1 != 0 {
                    *m = before;
                }
            }
        }
    }
    if F::DERIVED {
        store(&mut row.dr, d.0);
        store(&mut row.di, d.1);
    }
    (arrive::<F>(bla, row, z) & !wide, wide)
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

/// Makes the iterations of a block in each lane, and returns z and d. `twice` is 2 f d.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn leap(bla: &Bla, row: &mut Row, blocks: [*const Block; WIDTH], u: Pair, twice: Pair) -> (Pair, Pair) {
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
    let slope = times_add(s, double(u), a);
    (times_add(times_add(s, u, a), u, times(b, scaled)), times_add(slope, twice, b))
}

/// Stores z and what belongs to it at the new m. Returns the lanes to attend to as a set of bits.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn arrive<F: Follow>(bla: &Bla, row: &mut Row, z: Pair) -> u32 {
    debug_assert!(row.m.iter().all(|&m| m <= bla.last()), "no block passes the last Z");
    // SAFETY: m was below `last` before this turn (see `advance`), and neither a single iteration nor a
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
    if F::DERIVED {
        store(&mut row.fr, f.0);
        store(&mut row.fi, f.1);
    }
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

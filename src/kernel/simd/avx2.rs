//! The loops in AVX2 and FMA instructions.
//!
//! An iteration of four lanes is six instructions: three that multiply, on two ports, and three that add, on two others
//! (Zen 3). That is 1.5 cycles at best, if enough vectors are in flight to hide the latency of ten cycles from one z to
//! the next. Measured there: 9.3 cycles with one vector, 3.3 with three, 2.2 with five, 1.8 with seven; with a test
//! after every iteration instead of every block 3.5.
#![allow(unsafe_code, reason = "vector instructions, which the type `Avx2` proves to be there")]

use std::arch::asm;
use std::arch::x86_64::*;

use crate::kernel::bailout::Bailout;
use crate::kernel::cpu::Avx2;
use crate::kernel::interior::MARGIN;
use crate::kernel::simd::isa::{BATCH, BLOCK, Batch, Begun, Isa, LANES, LaneState, NEAR, Points, Task, WALK};

impl Isa for Avx2 {
    #[inline(always)]
    fn advance(self, lanes: &mut LaneState, watch: bool) -> (u32, u32) {
        // SAFETY: a value of `Avx2` exists only where the machine has AVX2 and FMA.
        unsafe { advance(lanes, watch) }
    }

    #[inline(always)]
    fn begin(self, batch: &mut Batch, task: &Task, walk: bool) -> Begun {
        // SAFETY: as above.
        unsafe {
            if task.bailout.is_smooth() {
                begin::<true>(batch, task, walk)
            } else {
                begin::<false>(batch, task, walk)
            }
        }
    }

    #[inline(always)]
    fn walk_again(self, batch: &mut Batch, task: &Task) {
        // SAFETY: as above.
        unsafe {
            if task.bailout.is_smooth() {
                walk_again::<true>(batch, task.bailout);
            } else {
                walk_again::<false>(batch, task.bailout);
            }
        }
    }
}

/// Numbers in a vector.
const WIDTH: usize = 4;
/// Vectors of lanes in flight.
const ROWS: usize = LANES / WIDTH;

/// The vectors of an array. An unaligned load costs nothing where the data is aligned, as it is here.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn load<const N: usize, const V: usize>(from: &[f64; N]) -> [__m256d; V] {
    const { assert!(N == V * WIDTH) };
    // SAFETY: v < V and N = V * WIDTH, so that v * WIDTH + WIDTH <= N: each load lies within the array.
    std::array::from_fn(|v| unsafe { _mm256_loadu_pd(from.as_ptr().add(v * WIDTH)) })
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn store<const N: usize, const V: usize>(to: &mut [f64; N], vectors: [__m256d; V]) {
    const { assert!(N == V * WIDTH) };
    for (v, vector) in vectors.into_iter().enumerate() {
        // SAFETY: v < V and N = V * WIDTH, so that v * WIDTH + WIDTH <= N: each store lies within the array.
        unsafe { _mm256_storeu_pd(to.as_mut_ptr().add(v * WIDTH), vector) };
    }
}

/// An iteration of one vector. Both parts of c come from memory: z takes 14 of 16 registers, `t` another one.
#[rustfmt::skip]
macro_rules! step {
    ($v:literal) => {
        concat!(
            "vmulpd {t}, {y", $v, "}, {y", $v, "}\n",
            "vmulpd {y", $v, "}, {x", $v, "}, {y", $v, "}\n",
            "vfmsub213pd {x", $v, "}, {x", $v, "}, {t}\n",
            "vaddpd {y", $v, "}, {y", $v, "}, {y", $v, "}\n",
            "vaddpd {x", $v, "}, {x", $v, "}, [{c} + 32 * ", $v, "]\n",
            "vaddpd {y", $v, "}, {y", $v, "}, [{c} + 32 * (7 + ", $v, ")]\n",
        )
    };
}

/// Makes [`BLOCK`] iterations.
///
/// In assembly because most of the time is spent here: the same in intrinsics takes between 2.1 and 2.9 cycles for a vector,
/// depending on which registers the compiler spills.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn block(c: &Points, x: &mut [__m256d; ROWS], y: &mut [__m256d; ROWS]) {
    const { assert!(ROWS == 7 && size_of::<Points>() == 2 * 7 * 32) };
    let [x0, x1, x2, x3, x4, x5, x6] = x;
    let [y0, y1, y2, y3, y4, y5, y6] = y;
    // SAFETY: reads 32 bytes at c + 32 k for k = 0 to 13, which are the 448 bytes of `Points` as asserted above, and writes
    // no memory. BLOCK > 0, so that the count reaches 0.
    unsafe {
        asm!(
            "2:",
            step!("0"), step!("1"), step!("2"), step!("3"), step!("4"), step!("5"), step!("6"),
            "dec {count:e}",
            "jnz 2b",
            c = in(reg) c,
            count = inout(reg) BLOCK => _,
            t = out(ymm_reg) _,
            x0 = inout(ymm_reg) *x0, y0 = inout(ymm_reg) *y0,
            x1 = inout(ymm_reg) *x1, y1 = inout(ymm_reg) *y1,
            x2 = inout(ymm_reg) *x2, y2 = inout(ymm_reg) *y2,
            x3 = inout(ymm_reg) *x3, y3 = inout(ymm_reg) *y3,
            x4 = inout(ymm_reg) *x4, y4 = inout(ymm_reg) *y4,
            x5 = inout(ymm_reg) *x5, y5 = inout(ymm_reg) *y5,
            x6 = inout(ymm_reg) *x6, y6 = inout(ymm_reg) *y6,
            options(pure, readonly, nostack),
        );
    }
}

#[target_feature(enable = "avx2,fma")]
fn advance(lanes: &mut LaneState, watch: bool) -> (u32, u32) {
    let z = &lanes.z[lanes.now];
    let (mut x, mut y) = (load(&z.x), load(&z.y));
    block(&lanes.c, &mut x, &mut y);
    lanes.now = 1 - lanes.now;
    let z = &mut lanes.z[lanes.now];
    store(&mut z.x, x);
    store(&mut z.y, y);
    let four = _mm256_set1_pd(4.0);
    let (mut left, mut again) = (0, 0);
    for v in 0..ROWS {
        let outside = _mm256_cmp_pd::<_CMP_NLE_UQ>(norm_sqr(x[v], y[v]), four);
        left |= (_mm256_movemask_pd(outside) as u32) << (v * WIDTH);
    }
    if watch {
        let saved: ([_; ROWS], [_; ROWS]) = (load(&lanes.saved.x), load(&lanes.saved.y));
        for v in 0..ROWS {
            let same = _mm256_and_si256(same_bits(x[v], saved.0[v]), same_bits(y[v], saved.1[v]));
            again |= (_mm256_movemask_pd(_mm256_castsi256_pd(same)) as u32) << (v * WIDTH);
        }
    }
    (left, again)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn norm_sqr(x: __m256d, y: __m256d) -> __m256d {
    _mm256_add_pd(_mm256_mul_pd(x, x), _mm256_mul_pd(y, y))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn same_bits(a: __m256d, b: __m256d) -> __m256i {
    _mm256_cmpeq_epi64(_mm256_castpd_si256(a), _mm256_castpd_si256(b))
}

/// A batch in registers.
struct Walk {
    cx: [__m256d; 4],
    cy: [__m256d; 4],
    x: [__m256d; 4],
    y: [__m256d; 4],
    /// For each sample the iterations made from |z| <= 2 (upper half) and from |z| at most the escape radius (lower half).
    counts: [__m256i; 4],
}

impl Walk {
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn new(batch: &Batch) -> Self {
        let counts = [_mm256_setzero_si256(); 4];
        Self { cx: load(&batch.cx), cy: load(&batch.cy), x: load(&batch.x), y: load(&batch.y), counts }
    }

    /// z of vector v after one iteration from x, y.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn next(&self, v: usize, x: __m256d, y: __m256d) -> (__m256d, __m256d) {
        let xy = _mm256_mul_pd(x, y);
        let xx_yy = _mm256_fmsub_pd(x, x, _mm256_mul_pd(y, y));
        (_mm256_add_pd(xx_yy, self.cx[v]), _mm256_add_pd(_mm256_add_pd(xy, xy), self.cy[v]))
    }

    /// Tests the samples of vector v and makes an iteration with those within the escape radius; the others stay.
    /// Returns which were within.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn step<const SMOOTH: bool>(&mut self, v: usize, radius_sqr: __m256d) -> __m256d {
        let (x, y) = (self.x[v], self.y[v]);
        let norm_sqr = norm_sqr(x, y);
        let inside = _mm256_cmp_pd::<_CMP_LE_OQ>(norm_sqr, _mm256_set1_pd(4.0));
        let within = if SMOOTH { _mm256_cmp_pd::<_CMP_LE_OQ>(norm_sqr, radius_sqr) } else { inside };
        let both =
            _mm256_blend_epi32::<0b1010_1010>(_mm256_castpd_si256(within), _mm256_castpd_si256(inside));
        self.counts[v] = _mm256_sub_epi32(self.counts[v], both);
        self.go(v, self.next(v, x, y), within);
        within
    }

    /// [`Walk::step`] for all vectors. False if all samples are beyond the radius.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn step_all<const SMOOTH: bool>(&mut self, radius_sqr: __m256d) -> bool {
        any(std::array::from_fn(|v| self.step::<SMOOTH>(v, radius_sqr)))
    }

    /// Makes `iterations` with those samples that are within |z| = 2 after them; the others stay.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn leap(&mut self, iterations: u32) {
        let (mut x, mut y) = (self.x, self.y);
        for _ in 0..iterations {
            for v in 0..4 {
                (x[v], y[v]) = self.next(v, x[v], y[v]);
            }
        }
        for v in 0..4 {
            let inside = _mm256_cmp_pd::<_CMP_LE_OQ>(norm_sqr(x[v], y[v]), _mm256_set1_pd(4.0));
            self.go(v, (x[v], y[v]), inside);
            let made = _mm256_and_si256(_mm256_castpd_si256(inside), _mm256_set1_epi32(iterations as i32));
            self.counts[v] = _mm256_add_epi32(self.counts[v], made);
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn go(&mut self, v: usize, (x, y): (__m256d, __m256d), which: __m256d) {
        self.x[v] = _mm256_blendv_pd(self.x[v], x, which);
        self.y[v] = _mm256_blendv_pd(self.y[v], y, which);
    }

    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn finish(&self, batch: &mut Batch, bailout: Bailout) {
        // Samples without a result may have any z, also NaN; the logarithms expect |z| >= 2.
        let norms_sqr = each(|v| _mm256_max_pd(norm_sqr(self.x[v], self.y[v]), _mm256_set1_pd(4.0)));
        let mut wide = [0.0; BATCH];
        store(&mut wide, norms_sqr);
        // SAFETY: both are arrays of 128 bytes without padding, and every pattern of bits is a valid u64.
        let counts: [u64; BATCH] = unsafe { std::mem::transmute(self.counts) };
        let (inside, within) = (counts.map(|both| (both >> 32) as u32), counts.map(|both| both as u32));
        batch.finish(&inside, &within, &wide.map(|norm_sqr| norm_sqr as f32), bailout);
    }
}

/// A vector of four for each quarter of a batch.
#[inline(always)]
fn each(f: impl FnMut(usize) -> __m256d) -> [__m256d; 4] {
    std::array::from_fn(f)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn any(masks: [__m256d; 4]) -> bool {
    let [a, b, c, d] = masks;
    let all = _mm256_or_pd(_mm256_or_pd(a, b), _mm256_or_pd(c, d));
    _mm256_testz_pd(all, all) == 0
}

/// The masks of a batch as a set of bits.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn set(masks: [__m256d; 4]) -> u32 {
    let [a, b, c, d] = masks.map(|mask| _mm256_movemask_pd(mask) as u32);
    a | b << 4 | c << 8 | d << 12
}

/// A count beyond every `max_iter` for those in the mask, so that they get no result.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn never(mask: __m256d) -> __m256i {
    _mm256_and_si256(_mm256_set1_epi64x(!0 << 32), _mm256_castpd_si256(mask))
}

/// [`interior::in_components`](crate::kernel::interior::in_components) for a vector.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn in_components(x: __m256d, y: __m256d) -> __m256d {
    let yy = _mm256_mul_pd(y, y);
    let u = _mm256_sub_pd(x, _mm256_set1_pd(0.25));
    let q = _mm256_add_pd(_mm256_mul_pd(u, u), yy);
    let product = _mm256_mul_pd(q, _mm256_add_pd(_mm256_add_pd(q, u), _mm256_set1_pd(MARGIN)));
    let cardioid = _mm256_cmp_pd::<_CMP_LT_OQ>(product, _mm256_mul_pd(_mm256_set1_pd(0.25), yy));
    let w = _mm256_add_pd(x, _mm256_set1_pd(1.0));
    let square = _mm256_add_pd(_mm256_mul_pd(w, w), yy);
    _mm256_or_pd(cardioid, _mm256_cmp_pd::<_CMP_LT_OQ>(square, _mm256_set1_pd(0.0625 - MARGIN)))
}

#[target_feature(enable = "avx2,fma")]
fn begin<const SMOOTH: bool>(batch: &mut Batch, task: &Task, walk: bool) -> Begun {
    let mut walker = Walk::new(batch);
    let zero = _mm256_setzero_pd();
    let (mut near, mut far, mut out) = ([zero; 4], [zero; 4], [zero; 4]);
    for v in 0..4 {
        let (cx, cy) = (walker.cx[v], walker.cy[v]);
        let norm_sqr = norm_sqr(cx, cy);
        let beyond = _mm256_sub_pd(norm_sqr, _mm256_set1_pd(4.0));
        far[v] = _mm256_cmp_pd::<_CMP_GT_OQ>(beyond, zero);
        let size = _mm256_andnot_pd(_mm256_set1_pd(-0.0), beyond);
        near[v] = _mm256_cmp_pd::<_CMP_LT_OQ>(size, _mm256_set1_pd(NEAR));
        out[v] = near[v];
        if task.shortcuts.components {
            out[v] = _mm256_or_pd(out[v], in_components(cx, cy));
        }
    }
    let near = any(near);
    // All bits set is a NaN: these samples take no part.
    walker.x = each(|v| _mm256_or_pd(walker.cx[v], out[v]));
    walker.y = walker.cy;
    let open = !set(out) & 0xffff;
    if open == 0 || !(walk | any(far)) {
        store(&mut batch.x, walker.x);
        store(&mut batch.y, walker.y);
        return Begun { open, n: 1, near, some_ended: false };
    }
    walker.counts = std::array::from_fn(|v| never(out[v]));
    batch.n = [1; BATCH];
    let radius_sqr = _mm256_set1_pd(task.bailout.radius_sqr());
    let mut left = WALK;
    while left > 0 && walker.step_all::<SMOOTH>(radius_sqr) {
        left -= 1;
    }
    let mut still = 0;
    if left == 0 {
        store(&mut batch.x, walker.x);
        store(&mut batch.y, walker.y);
        let inside =
            each(|v| _mm256_cmp_pd::<_CMP_LE_OQ>(norm_sqr(walker.x[v], walker.y[v]), _mm256_set1_pd(4.0)));
        while any(each(|v| _mm256_andnot_pd(inside[v], walker.step::<SMOOTH>(v, radius_sqr)))) {}
        for (counts, inside) in walker.counts.iter_mut().zip(inside) {
            *counts = _mm256_or_si256(*counts, never(inside));
        }
        still = set(inside);
    }
    walker.finish(batch, task.bailout);
    Begun { open: still, n: 1 + WALK, near, some_ended: still != open }
}

/// Bisects the block: since an orbit beyond |z| = 2 stays beyond, a sample that is inside after 12 iterations escapes later, and
/// one that is not starts again from where it was. After 12, 6 and 3 at most 3 or 4 single iterations are left.
#[target_feature(enable = "avx2,fma")]
fn walk_again<const SMOOTH: bool>(batch: &mut Batch, bailout: Bailout) {
    let radius_sqr = _mm256_set1_pd(bailout.radius_sqr());
    let mut walk = Walk::new(batch);
    for part in [2, 4, 8] {
        walk.leap(BLOCK / part);
    }
    while walk.step_all::<SMOOTH>(radius_sqr) {}
    walk.finish(batch, bailout);
}

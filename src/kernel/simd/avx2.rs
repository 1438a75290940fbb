//! The loops in AVX2 and FMA instructions.
//!
//! A step is six instructions: three that multiply, on two ports, and three that add, on two others (Zen 3). That is
//! 1.5 cycles for four lanes at best, if enough vectors are in flight to hide the ten cycles from one z to the
//! next. Measured there: 9.3 cycles with one vector, 3.3 with three, 2.2 with five, 1.8 with seven; testing
//! every step instead of every block 3.5.
#![allow(unsafe_code, reason = "vector instructions, which the type `Avx2` proves to be there")]

use std::arch::asm;
use std::arch::x86_64::*;

use super::{BATCH, BLOCK, Batch, Begun, Isa, LANES, Lanes, NEAR, State, Task, WALK};
use crate::kernel::interior::MARGIN;

/// Proof that the machine has AVX2 and FMA.
#[derive(Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    /// The proof, if the machine has them.
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }

    /// Calls `work`, compiled with these instructions.
    #[inline]
    pub(super) fn with_fma(self, work: impl FnOnce()) {
        /// `work` is inlined here, as no other caller has it.
        #[target_feature(enable = "avx2,fma")]
        fn call(work: impl FnOnce()) {
            work();
        }
        // SAFETY: `self` proves that the machine has these instructions.
        unsafe { call(work) }
    }
}

impl Isa for Avx2 {
    #[inline(always)]
    fn advance(self, lanes: &mut Lanes, watch: bool) -> (u32, u32) {
        // SAFETY: `self` proves that the machine has these instructions.
        unsafe { advance(lanes, watch) }
    }

    #[inline(always)]
    fn begin(self, batch: &mut Batch, task: &Task, walk: bool) -> Begun {
        // SAFETY: as above.
        unsafe {
            if task.smooth { begin::<true>(batch, task, walk) } else { begin::<false>(batch, task, walk) }
        }
    }

    #[inline(always)]
    fn walk_again(self, batch: &mut Batch, task: &Task) {
        // SAFETY: as above.
        unsafe {
            if task.smooth { walk_again::<true>(batch, task) } else { walk_again::<false>(batch, task) }
        }
    }
}

/// Numbers in a vector.
const WIDTH: usize = 4;
/// Vectors of lanes.
const ROWS: usize = LANES / WIDTH;

/// The vectors of an array. Unaligned loads cost nothing where the data happens to be aligned, as it is here.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn load<const N: usize, const V: usize>(from: &[f64; N]) -> [__m256d; V] {
    const { assert!(N == V * WIDTH) };
    // SAFETY: N is V times WIDTH, so all loads lie within the array.
    std::array::from_fn(|v| unsafe { _mm256_loadu_pd(from.as_ptr().add(v * WIDTH)) })
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn store<const N: usize, const V: usize>(to: &mut [f64; N], vectors: [__m256d; V]) {
    const { assert!(N == V * WIDTH) };
    for (v, vector) in vectors.into_iter().enumerate() {
        // SAFETY: N is V times WIDTH, so all stores lie within the array.
        unsafe { _mm256_storeu_pd(to.as_mut_ptr().add(v * WIDTH), vector) };
    }
}

/// The step of one vector. Both parts of c come from memory: z takes 14 registers, and `t` the last but one.
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

/// Makes [`BLOCK`] steps.
///
/// In assembly because most of the time is spent here, and the same in intrinsics takes between 2.1 and 2.9 cycles,
/// as the compiler happens to spill.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn block(c: &State, x: &mut [__m256d; ROWS], y: &mut [__m256d; ROWS]) {
    const { assert!(ROWS == 7 && size_of::<State>() == 2 * 7 * 32) };
    let [x0, x1, x2, x3, x4, x5, x6] = x;
    let [y0, y1, y2, y3, y4, y5, y6] = y;
    // SAFETY: reads the 14 vectors of c and nothing else.
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
fn advance(lanes: &mut Lanes, watch: bool) -> (u32, u32) {
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
        let outside = _mm256_cmp_pd::<_CMP_NLE_UQ>(norm(x[v], y[v]), four);
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
fn norm(x: __m256d, y: __m256d) -> __m256d {
    _mm256_add_pd(_mm256_mul_pd(x, x), _mm256_mul_pd(y, y))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn same_bits(a: __m256d, b: __m256d) -> __m256i {
    _mm256_cmpeq_epi64(_mm256_castpd_si256(a), _mm256_castpd_si256(b))
}

/// A batch on its way.
struct Walk {
    cx: [__m256d; 4],
    cy: [__m256d; 4],
    x: [__m256d; 4],
    y: [__m256d; 4],
    /// For each sample the steps made with |z| at most 2 (upper half) and at most the radius (lower half).
    counts: [__m256i; 4],
}

impl Walk {
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn new(batch: &Batch) -> Self {
        let counts = [_mm256_setzero_si256(); 4];
        Self { cx: load(&batch.cx), cy: load(&batch.cy), x: load(&batch.x), y: load(&batch.y), counts }
    }

    /// The state after one step.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn next(&self, v: usize, x: __m256d, y: __m256d) -> (__m256d, __m256d) {
        let xy = _mm256_mul_pd(x, y);
        let xx_yy = _mm256_fmsub_pd(x, x, _mm256_mul_pd(y, y));
        (_mm256_add_pd(xx_yy, self.cx[v]), _mm256_add_pd(_mm256_add_pd(xy, xy), self.cy[v]))
    }

    /// Looks at four samples and makes a step with those within the radius; the others stay.
    /// Returns which were within.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn step<const SMOOTH: bool>(&mut self, v: usize, radius2: __m256d) -> __m256d {
        let (x, y) = (self.x[v], self.y[v]);
        let norm = norm(x, y);
        let inside = _mm256_cmp_pd::<_CMP_LE_OQ>(norm, _mm256_set1_pd(4.0));
        let within = if SMOOTH { _mm256_cmp_pd::<_CMP_LE_OQ>(norm, radius2) } else { inside };
        let both =
            _mm256_blend_epi32::<0b1010_1010>(_mm256_castpd_si256(within), _mm256_castpd_si256(inside));
        self.counts[v] = _mm256_sub_epi32(self.counts[v], both);
        self.go(v, self.next(v, x, y), within);
        within
    }

    /// [`Walk::step`] for all vectors. False when nobody moved.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn step_all<const SMOOTH: bool>(&mut self, radius2: __m256d) -> bool {
        any(std::array::from_fn(|v| self.step::<SMOOTH>(v, radius2)))
    }

    /// Makes `steps` steps with those samples that are inside |z| = 2 after them.
    #[inline]
    #[target_feature(enable = "avx2,fma")]
    fn leap(&mut self, steps: u32) {
        let (mut x, mut y) = (self.x, self.y);
        for _ in 0..steps {
            for v in 0..4 {
                (x[v], y[v]) = self.next(v, x[v], y[v]);
            }
        }
        for v in 0..4 {
            let inside = _mm256_cmp_pd::<_CMP_LE_OQ>(norm(x[v], y[v]), _mm256_set1_pd(4.0));
            self.go(v, (x[v], y[v]), inside);
            let made = _mm256_and_si256(_mm256_castpd_si256(inside), _mm256_set1_epi32(steps as i32));
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
    fn finish(&self, batch: &mut Batch, task: &Task) {
        // What stays without a result may have any z; the logarithms expect one beyond 2.
        let norms = each(|v| _mm256_max_pd(norm(self.x[v], self.y[v]), _mm256_set1_pd(4.0)));
        let mut wide = [0.0; BATCH];
        store(&mut wide, norms);
        // SAFETY: both are 128 bytes without padding, and any bits make an integer.
        let counts: [u64; BATCH] = unsafe { std::mem::transmute(self.counts) };
        let (inside, within) = (counts.map(|both| (both >> 32) as u32), counts.map(|both| both as u32));
        batch.finish(&inside, &within, &wide.map(|norm| norm as f32), task);
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

/// The signs of a batch as a set of bits.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn set(masks: [__m256d; 4]) -> u32 {
    let [a, b, c, d] = masks.map(|mask| _mm256_movemask_pd(mask) as u32);
    a | b << 4 | c << 8 | d << 12
}

/// The largest count, for which no `max_iter` is enough, for those in the mask.
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
        let norm = norm(cx, cy);
        let beyond = _mm256_sub_pd(norm, _mm256_set1_pd(4.0));
        far[v] = _mm256_cmp_pd::<_CMP_GT_OQ>(beyond, zero);
        let size = _mm256_andnot_pd(_mm256_set1_pd(-0.0), beyond);
        near[v] = _mm256_cmp_pd::<_CMP_LT_OQ>(size, _mm256_set1_pd(NEAR));
        out[v] = near[v];
        if task.components {
            out[v] = _mm256_or_pd(out[v], in_components(cx, cy));
        }
    }
    let near = any(near);
    // All bits set is no number, and nobody waits for that.
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
    let radius2 = _mm256_set1_pd(task.radius2);
    let mut left = WALK;
    while left > 0 && walker.step_all::<SMOOTH>(radius2) {
        left -= 1;
    }
    let mut still = 0;
    if left == 0 {
        store(&mut batch.x, walker.x);
        store(&mut batch.y, walker.y);
        let inside =
            each(|v| _mm256_cmp_pd::<_CMP_LE_OQ>(norm(walker.x[v], walker.y[v]), _mm256_set1_pd(4.0)));
        while any(each(|v| _mm256_andnot_pd(inside[v], walker.step::<SMOOTH>(v, radius2)))) {}
        for (counts, inside) in walker.counts.iter_mut().zip(inside) {
            *counts = _mm256_or_si256(*counts, never(inside));
        }
        still = set(inside);
    }
    walker.finish(batch, task);
    Begun { open: still, n: 1 + WALK, near, some_ended: still != open }
}

#[target_feature(enable = "avx2,fma")]
fn walk_again<const SMOOTH: bool>(batch: &mut Batch, task: &Task) {
    let radius2 = _mm256_set1_pd(task.radius2);
    let mut walk = Walk::new(batch);
    for part in [2, 4, 8] {
        walk.leap(BLOCK / part);
    }
    while walk.step_all::<SMOOTH>(radius2) {}
    walk.finish(batch, task);
}

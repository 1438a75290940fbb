//! Many samples at once: the fast kernel.
//!
//! The law of this room: every result is that of [`escape`], count and fraction, bit for bit. So nothing is guessed
//! here; each trick below only leaves out work whose outcome is known.
//!
//! A sample goes through two stages:
//!
//! 1. *Walk.* The next [`BATCH`] samples in a row take their first steps together, each step tested. Most samples
//!    outside the set end here, fraction included.
//! 2. *Lanes.* What is left takes a free one of [`LANES`] lanes, which run [`BLOCK`] steps between two tests. A lane that
//!    leaves the disk is filled anew at once. Its start of the block is put aside, and when a batch of those has
//!    come together they walk the block again to find the step.
//!
//! Testing at the end of a block is exact because an orbit beyond |z| = 2 >= |c| only grows. In floating point
//! that needs a margin, so samples with |c| = 2 to within [`NEAR`] are left to the scalar kernel, and those further
//! out escape at step 1.
//!
//! Long orbits are watched for a state that comes back, as in [`interior`](super::interior), but only at the ends of
//! blocks, and not before [`PATIENCE`] blocks have passed: most views never pay for it.
//!
//! Who is in which lane is the affair of [`crew`]. What differs from machine to machine is [`Isa`]: three loops over
//! arrays of fixed length, in plain Rust in [`portable`], in the instructions of AVX2 and FMA in `avx2`.
//!
//! What was tried, on views where all samples take some hundred steps: finishing escaped lanes one by one instead of in
//! batches took 1.6 times as long, no refill 1.5 to 1.8 times, a scan of all lanes instead of the timing
//! wheel 1.2 times, and letting every batch walk first, where none ends there, 1.1 times. Two sets of lanes that take
//! turns, so that one is filled anew while the other runs, gained nothing.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod crew;
mod portable;

use std::ops::Range;

use num_complex::Complex;

use self::crew::Crew;
use super::scalar::{norm, smooth};
use super::{Bailout, Kernel, KernelChoice, Shortcuts, escape};
use crate::{Escape, Viewport};

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
pub use portable::Portable;

/// Lanes in flight: seven vectors of four hide the latency of a step, and 14 of 16 registers hold their z.
const LANES: usize = 28;
/// Samples that walk together: four vectors of four.
const BATCH: usize = 16;
/// Steps between two tests. Fewer cost tests, more cost steps that are made twice or for nothing.
const BLOCK: u32 = 24;
/// Steps of the first walk.
const WALK: u32 = 16;
/// Blocks before the state of a lane is saved for the first time.
const PATIENCE: u32 = 16;

/// How close to 4 |c|^2 may come before a sample goes to the scalar kernel.
///
/// Beyond |z|^2 = 4 the next |z| is at least |z|^2 - |c|, so with |c|^2 = 4 - d the next |z|^2 is at least 4 + d. The
/// roundings of a step and of two norms, each within 2^-51 there, together move |z|^2 by less than 2e-14.
const NEAR: f64 = 1e-12;

/// The best of these kernels that the machine has.
pub(super) fn best() -> KernelChoice {
    #[cfg(target_arch = "x86_64")]
    if Avx2::detect().is_some() {
        return KernelChoice::Avx2;
    }
    KernelChoice::Portable
}

/// Calls `work`, compiled with the FMA instruction where the machine has it.
#[inline]
pub(super) fn with_fma(work: impl FnOnce()) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = Avx2::detect() {
        return avx2.with_fma(work);
    }
    work();
}

/// The loops that each instruction set writes for itself. A value of the type proves that the machine has it.
pub trait Isa: Copy + Send + Sync {
    /// Makes [`BLOCK`] steps with all lanes, from one of the two states into the other.
    ///
    /// Returns as sets of bits which lanes are now beyond |z| = 2 (or no number), and, if `watch`, which are again in
    /// their saved state.
    fn advance(self, lanes: &mut Lanes, watch: bool) -> (u32, u32);

    /// Begins a batch: makes the first step, z = c, then up to [`WALK`] more, looking at each state; goes on with those
    /// that have escaped until all are beyond the radius, and writes the results. Without `walk` there is only
    /// the first step, unless samples escape there.
    ///
    /// Samples known not to escape take no part.
    fn begin(self, batch: &mut Batch, task: &Task, walk: bool) -> Begun;

    /// Finds the results of a batch of which it is known that all escape within [`BLOCK`] steps.
    fn walk_again(self, batch: &mut Batch, task: &Task);
}

/// What all samples have in common.
pub struct Task {
    max_iter: u32,
    /// Square of the escape radius.
    radius2: f64,
    /// Whether fractions are wanted.
    smooth: bool,
    components: bool,
}

/// How a batch has begun.
pub struct Begun {
    /// The samples that go on, as a set of bits.
    open: u32,
    /// The steps that they have made.
    n: u32,
    /// Whether some sample must go to the scalar kernel.
    near: bool,
    /// Whether some samples have ended here.
    some_ended: bool,
}

/// z of all lanes.
#[repr(C, align(32))]
struct State {
    x: [f64; LANES],
    y: [f64; LANES],
}

/// The numbers of the lanes. A lane without a sample has c = z = 0 and stays there.
#[repr(C, align(32))]
pub struct Lanes {
    c: State,
    /// Which of the two states of z is the present one. The other is the one a block earlier.
    now: usize,
    z: [State; 2],
    /// States to come back to.
    saved: State,
}

/// Samples that walk together.
#[repr(C, align(32))]
pub struct Batch {
    cx: [f64; BATCH],
    cy: [f64; BATCH],
    x: [f64; BATCH],
    y: [f64; BATCH],
    /// Steps that led to z.
    n: [u32; BATCH],
    results: [Escape; BATCH],
}

impl Batch {
    fn new() -> Self {
        Self {
            cx: [0.0; BATCH],
            cy: [0.0; BATCH],
            x: [0.0; BATCH],
            y: [0.0; BATCH],
            n: [1; BATCH],
            results: [Escape::NONE; BATCH],
        }
    }

    /// Turns what a walk has counted into results.
    ///
    /// `inside` and `within` are how often |z|^2 was at most 4 and at most the square of the radius, `norms` the last |z|^2.
    #[inline(always)]
    fn finish(&mut self, inside: &[u32; BATCH], within: &[u32; BATCH], norms: &[f32; BATCH], task: &Task) {
        // A loop for each type of number, which is how compilers make the widest vectors of them.
        let mut steps = [0; BATCH];
        for i in 0..BATCH {
            // Known to have few bits, an integer becomes a float in one instruction. From beyond 2 an orbit passes
            // the largest radius in less than a hundred steps.
            steps[i] = within[i].wrapping_sub(inside[i]) & 0xffff;
        }
        let mut fractions = [0.0; BATCH];
        if task.smooth {
            for i in 0..BATCH {
                fractions[i] = smooth(steps[i], norms[i]);
            }
        }
        for i in 0..BATCH {
            let escaped = inside[i] <= task.max_iter - self.n[i];
            self.results[i] =
                if escaped { Escape::new(self.n[i] + inside[i], fractions[i]) } else { Escape::NONE };
        }
    }
}

/// Whether a sample must go to the scalar kernel.
#[inline(always)]
fn is_near(cx: f64, cy: f64) -> bool {
    (norm(cx, cy) - 4.0).abs() < NEAR
}

/// The kernel that iterates many samples at once.
pub struct Simd<I> {
    isa: I,
    viewport: Viewport,
    /// Real part of each column.
    re: Vec<f64>,
    bailout: Bailout,
    shortcuts: Shortcuts,
    task: Task,
}

impl<I: Isa> Simd<I> {
    /// A kernel for the samples of `viewport`. The square of the escape radius must be finite.
    pub fn new(isa: I, viewport: &Viewport, bailout: Bailout, shortcuts: Shortcuts) -> Self {
        let re = (0..viewport.width()).map(|x| viewport.re(x)).collect();
        let task = Task {
            max_iter: bailout.max_iter,
            radius2: bailout.escape_radius * bailout.escape_radius,
            smooth: bailout.is_smooth(),
            components: shortcuts.components,
        };
        Self { isa, viewport: viewport.clone(), re, bailout, shortcuts, task }
    }
}

impl<I: Isa> Kernel for Simd<I> {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        debug_assert_eq!(out.len(), columns.len() * rows.len(), "one result per sample");
        if columns.is_empty() || rows.is_empty() {
            return;
        }
        let im = self.viewport.im(rows.start);
        Run {
            kernel: self,
            out,
            queue: Queue { x: columns.start, columns, rows, im, taken: 0 },
            fresh: Batch::new(),
            open: 0,
            steps: 0,
            walk: true,
            late: Batch::new(),
            late_index: [0; BATCH],
            late_count: 0,
        }
        .run();
    }
}

/// The samples of a rectangle that have not begun yet.
struct Queue {
    columns: Range<u32>,
    /// The rows, the present one first.
    rows: Range<u32>,
    /// The next column.
    x: u32,
    /// Imaginary part of the present row.
    im: f64,
    /// Samples taken so far: the place of the next result.
    taken: usize,
}

/// One call of [`Kernel::iterate`].
struct Run<'a, I> {
    kernel: &'a Simd<I>,
    out: &'a mut [Escape],
    queue: Queue,
    /// The last samples that walked; those in the set `open` wait for a lane.
    fresh: Batch,
    open: u32,
    /// The steps that they have made.
    steps: u32,
    /// Whether the next samples shall walk, or take a lane at once because lately all of them came to that.
    walk: bool,
    /// Samples that have escaped, with their state at the start of the block in which they did.
    late: Batch,
    late_index: [usize; BATCH],
    late_count: usize,
}

impl<I: Isa> Run<'_, I> {
    fn run(&mut self) {
        if self.find_open() {
            let mut crew = Crew::new();
            while crew.work(self) {}
        }
        self.walk_late();
    }

    /// Finds samples that need a lane. False at the end of the rectangle.
    #[inline(never)]
    fn find_open(&mut self) -> bool {
        let Simd { isa, task, .. } = self.kernel;
        while self.queue.taken < self.out.len() {
            let from = self.queue.taken;
            let here = BATCH.min(self.out.len() - from);
            self.gather(here);
            let begun = isa.begin(&mut self.fresh, task, self.walk);
            let out = &mut self.out[from..from + here];
            if begun.n == 1 {
                out.fill(Escape::NONE);
            } else {
                match <&mut [Escape; BATCH]>::try_from(&mut *out) {
                    Ok(out) => *out = self.fresh.results,
                    Err(_) => out.copy_from_slice(&self.fresh.results[..here]),
                }
                self.walk = begun.some_ended;
            }
            if begun.near {
                self.ask_scalar(from, here);
            }
            self.open = begun.open & ((1 << here) - 1);
            self.steps = begun.n;
            if self.open != 0 && begun.n < task.max_iter {
                return true;
            }
        }
        self.open = 0;
        false
    }

    /// Fetches the coordinates of the next samples, and fills up with what is no number and no one waits for.
    #[inline(always)]
    fn gather(&mut self, count: usize) {
        let Queue { columns, rows, x, im, taken } = &mut self.queue;
        let fresh = &mut self.fresh;
        // Also counts the unused places of the last batch, so that `taken - BATCH` is always where it began.
        *taken += BATCH;
        let mut filled = 0;
        while filled < count {
            let run = (count - filled).min((columns.end - *x) as usize);
            let re = &self.kernel.re[*x as usize..][..run];
            if let Ok(re) = <&[f64; BATCH]>::try_from(re) {
                (fresh.cx, fresh.cy) = (*re, [*im; BATCH]);
            } else {
                for (i, &re) in (filled..BATCH).zip(re) {
                    (fresh.cx[i], fresh.cy[i]) = (re, *im);
                }
            }
            filled += run;
            *x += run as u32;
            if *x == columns.end {
                *x = columns.start;
                rows.start += 1;
                if rows.start < rows.end {
                    *im = self.kernel.viewport.im(rows.start);
                }
            }
        }
        fresh.cx[count..].fill(f64::NAN);
    }

    /// Gives the samples of the batch that lie on the circle |c| = 2 to the scalar kernel.
    #[cold]
    fn ask_scalar(&mut self, from: usize, count: usize) {
        for i in 0..count {
            let c = Complex::new(self.fresh.cx[i], self.fresh.cy[i]);
            if is_near(c.re, c.im) {
                self.out[from + i] = escape(c, self.kernel.bailout, self.kernel.shortcuts);
            }
        }
    }

    /// Puts aside a sample that escapes within the block that starts with z after n steps.
    #[inline(always)]
    fn put_aside(&mut self, index: usize, n: u32, z: (f64, f64), c: (f64, f64)) {
        let (i, late) = (self.late_count % BATCH, &mut self.late);
        (late.x[i], late.y[i]) = z;
        (late.cx[i], late.cy[i]) = c;
        late.n[i] = n;
        self.late_index[i] = index;
        self.late_count += 1;
        // Samples that escape this early had better walked.
        self.walk |= n == 1;
        if self.late_count == BATCH {
            self.walk_late();
        }
    }

    /// Finds the counts of the samples that were put aside.
    #[inline(never)]
    fn walk_late(&mut self) {
        // Nobody waits for what is no number.
        self.late.x[self.late_count..].fill(f64::NAN);
        self.kernel.isa.walk_again(&mut self.late, &self.kernel.task);
        for (&index, &result) in self.late_index.iter().zip(&self.late.results).take(self.late_count) {
            self.out[index] = result;
        }
        self.late_count = 0;
    }
}

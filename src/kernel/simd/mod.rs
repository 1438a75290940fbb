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
//! The rest of a vector machine's work is in [`Isa`]: three loops over arrays of fixed length, in plain Rust in
//! [`portable`], in the instructions of AVX2 and FMA in `avx2`.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;

use std::ops::Range;

use num_complex::Complex;

use super::interior::in_components;
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
const BLOCK: u32 = 16;
/// Steps of the first walk.
const WALK: u32 = 16;
/// Blocks before the state of a lane is saved for the first time.
const PATIENCE: u64 = 8;

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

    /// Looks at the states of a batch, makes a step, and so on, `steps` times; then goes on with those that have escaped
    /// until all of them are beyond `radius2`, and writes the results.
    ///
    /// Returns as a set of bits which have not escaped, with their states left as they were after `steps`.
    fn walk(self, batch: &mut Batch, steps: u32, radius2: f64) -> u32;

    /// [`Batch::begin`], compiled for these instructions.
    fn begin(self, batch: &mut Batch, components: bool, max_iter: u32) -> Begun;
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
    /// States to come back to, not a number where there is none.
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
    /// An escape counts when it comes before this many further steps.
    room: [u32; BATCH],
    results: [Escape; BATCH],
}

/// What [`Batch::begin`] found.
pub struct Begun {
    /// No sample needs to walk.
    done: bool,
    /// Some sample must go to the scalar kernel.
    near: bool,
}

impl Batch {
    fn new() -> Self {
        Self {
            cx: [0.0; BATCH],
            cy: [0.0; BATCH],
            x: [0.0; BATCH],
            y: [0.0; BATCH],
            n: [1; BATCH],
            room: [0; BATCH],
            results: [Escape::NONE; BATCH],
        }
    }

    /// Makes the first step, z = c, with all samples that shall walk. The others get a z that is no number, which
    /// nobody waits for, and no room.
    #[inline(always)]
    fn begin(&mut self, components: bool, max_iter: u32) -> Begun {
        let mut begun = Begun { done: true, near: false };
        for i in 0..BATCH {
            let (cx, cy) = (self.cx[i], self.cy[i]);
            let near = is_near(cx, cy);
            let out = near | (components & in_components(cx, cy));
            self.x[i] = if out { f64::NAN } else { cx };
            self.y[i] = cy;
            self.room[i] = if out { 0 } else { max_iter };
            begun.done &= out;
            begun.near |= near;
        }
        begun
    }

    /// Turns what a walk has counted into results.
    ///
    /// `inside` and `within` are how often |z|^2 was at most 4 and at most the square of the radius.
    #[inline(always)]
    fn finish(&mut self, inside: &[u32; BATCH], within: &[u32; BATCH], norms: &[f64; BATCH]) {
        for i in 0..BATCH {
            let fraction = smooth(within[i].wrapping_sub(inside[i]), norms[i]);
            self.results[i] = if inside[i] < self.room[i] {
                Escape::new(self.n[i] + inside[i], fraction)
            } else {
                Escape::NONE
            };
        }
    }
}

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
}

impl<I: Isa> Simd<I> {
    /// A kernel for the samples of `viewport`. The square of the escape radius must be finite.
    pub fn new(isa: I, viewport: &Viewport, bailout: Bailout, shortcuts: Shortcuts) -> Self {
        let re = (0..viewport.width()).map(|x| viewport.re(x)).collect();
        Self { isa, viewport: viewport.clone(), re, bailout, shortcuts }
    }
}

impl<I: Isa> Kernel for Simd<I> {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        debug_assert_eq!(out.len(), columns.len() * rows.len(), "one result per sample");
        if columns.is_empty() || rows.is_empty() {
            return;
        }
        let im = self.viewport.im(rows.start);
        let queue = Queue { x: columns.start, columns, rows, im, taken: 0 };
        Run {
            kernel: self,
            out,
            queue,
            fresh: Batch::new(),
            open: 0,
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
    /// Samples that have escaped, with their state at the start of the block in which they did.
    late: Batch,
    late_index: [usize; BATCH],
    late_count: usize,
}

impl<I: Isa> Run<'_, I> {
    fn run(&mut self) {
        if !self.find_open() {
            return;
        }
        let isa = self.kernel.isa;
        let periodicity = self.kernel.shortcuts.periodicity;
        let max_iter = self.kernel.bailout.max_iter;
        // A sample takes its lane with this many steps made, and gives it up after this many blocks.
        let begun = 1 + WALK;
        let life = u64::from((max_iter - begun).div_ceil(BLOCK));

        let empty = |value| State { x: [value; LANES], y: [value; LANES] };
        let mut lanes = Lanes { c: empty(0.0), now: 0, z: [empty(0.0), empty(0.0)], saved: empty(f64::NAN) };
        // Per lane: where its result goes, the block it began at, and the block at which something is due: to
        // save the state, or to give up.
        let mut index = [0_usize; LANES];
        let mut born = [0_u64; LANES];
        let mut due = [u64::MAX; LANES];
        let mut watched = 0_u32;
        let mut live = 0_u32;
        let mut block = 0_u64;
        let mut wake = u64::MAX;

        macro_rules! refill {
            ($i:expr) => {
                let i = $i;
                let z = &mut lanes.z[lanes.now];
                if watched >> i & 1 != 0 {
                    watched ^= 1 << i;
                    (lanes.saved.x[i], lanes.saved.y[i]) = (f64::NAN, f64::NAN);
                }
                if self.open != 0 || self.find_open() {
                    let j = self.open.trailing_zeros() as usize % BATCH;
                    self.open &= self.open - 1;
                    (lanes.c.x[i], lanes.c.y[i]) = (self.fresh.cx[j], self.fresh.cy[j]);
                    (z.x[i], z.y[i]) = (self.fresh.x[j], self.fresh.y[j]);
                    index[i] = self.queue.taken - BATCH + j;
                    born[i] = block;
                    due[i] = block + if periodicity { life.min(PATIENCE) } else { life };
                    wake = wake.min(due[i]);
                } else {
                    (lanes.c.x[i], lanes.c.y[i]) = (0.0, 0.0);
                    (z.x[i], z.y[i]) = (0.0, 0.0);
                    due[i] = u64::MAX;
                    live &= !(1 << i);
                }
            };
        }

        for i in 0..LANES {
            live |= 1 << i;
            refill!(i);
        }
        while live != 0 {
            let (mut left, mut again) = isa.advance(&mut lanes, watched != 0);
            block += 1;
            while left != 0 {
                let i = left.trailing_zeros() as usize % LANES;
                left &= left - 1;
                let c = (lanes.c.x[i], lanes.c.y[i]);
                let before = &lanes.z[1 - lanes.now];
                // No overflow: a lane that is still in use has made fewer steps than max_iter.
                let n = begun + BLOCK * (block - 1 - born[i]) as u32;
                self.put_aside(index[i], n, (before.x[i], before.y[i]), c);
                again &= !(1 << i);
                refill!(i);
            }
            while again != 0 {
                let i = again.trailing_zeros() as usize % LANES;
                again &= again - 1;
                refill!(i);
            }
            if block >= wake {
                wake = u64::MAX;
                for i in 0..LANES {
                    if due[i] <= block {
                        let age = block - born[i];
                        if age >= life {
                            refill!(i);
                        } else {
                            let z = &lanes.z[lanes.now];
                            (lanes.saved.x[i], lanes.saved.y[i]) = (z.x[i], z.y[i]);
                            watched |= 1 << i;
                            due[i] = block + age.min(life - age);
                        }
                    }
                    wake = wake.min(due[i]);
                }
            }
        }
        self.walk_late();
    }

    /// Lets samples walk until some need a lane. False at the end of the rectangle.
    #[inline(never)]
    fn find_open(&mut self) -> bool {
        let Bailout { max_iter, escape_radius } = self.kernel.bailout;
        while self.queue.taken < self.out.len() {
            let from = self.queue.taken;
            let here = BATCH.min(self.out.len() - from);
            self.gather(here);
            let out = &mut self.out[from..from + here];
            let begun = self.kernel.isa.begin(&mut self.fresh, self.kernel.shortcuts.components, max_iter);
            if begun.done & !begun.near {
                out.fill(Escape::NONE);
                continue;
            }
            let open = self.kernel.isa.walk(&mut self.fresh, WALK, escape_radius * escape_radius);
            match <&mut [Escape; BATCH]>::try_from(&mut *out) {
                Ok(out) => *out = self.fresh.results,
                Err(_) => out.copy_from_slice(&self.fresh.results[..here]),
            }
            if begun.near {
                self.ask_scalar(from, here);
            }
            if open != 0 && max_iter > 1 + WALK {
                self.open = open;
                return true;
            }
        }
        false
    }

    /// Fetches the coordinates of the next samples.
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
        // Nobody waits for what is no number.
        for i in count..BATCH {
            fresh.cx[i] = f64::NAN;
        }
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
        late.room[i] = self.kernel.bailout.max_iter - n + 1;
        self.late_index[i] = index;
        self.late_count += 1;
        if self.late_count == BATCH {
            self.walk_late();
        }
    }

    /// Finds the counts of the samples that were put aside.
    #[inline(never)]
    fn walk_late(&mut self) {
        let radius = self.kernel.bailout.escape_radius;
        self.late.x[self.late_count..].fill(f64::NAN);
        let open = self.kernel.isa.walk(&mut self.late, BLOCK, radius * radius);
        debug_assert_eq!(open, 0, "only what has escaped is put aside");
        for (&index, &result) in self.late_index.iter().zip(&self.late.results).take(self.late_count) {
            self.out[index] = result;
        }
        self.late_count = 0;
    }
}

//! Many samples at once in `f64`: the fast kernel for views that are not deep.
//!
//! Invariant: every result equals that of [`escape`](crate::kernel::scalar::escape), count and fraction, bit for bit. So nothing
//! is approximated here; each technique below only leaves out work whose outcome is known.
//!
//! A sample passes through up to three stages, each in a file of its own:
//!
//! 1. [`intake`]: the next `BATCH` samples of the rectangle make their first iterations together, each followed by a test
//!    (a *walk*). Most samples outside the set end here, fraction included.
//! 2. [`lanes`]: each sample that goes on takes a free one of `LANES` lanes, which make `BLOCK` iterations between two tests. A
//!    lane whose sample has escaped or is known never to escape gets the next sample at once.
//! 3. [`outlet`]: a sample that escaped during a block is queued with its state at the start of that block. A full
//!    batch of those walks through the block again, which finds the iteration and the fraction.
//!
//! Calls go from the lanes to the other two and from the intake to the outlet, which holds the results; [`kernel`] owns all
//! three and runs the loop. What depends on the machine is behind [`isa`]: three loops over arrays of fixed length, in plain
//! Rust in [`portable`], in AVX2 and FMA instructions in `avx2`.
//!
//! # Why a test at the end of a block is exact
//!
//! Where |z| > 2 >= |c|, the next |z| is at least |z|^2 - |c| > |z|: an orbit that has left the disk of radius 2 never returns.
//! Rounding could undo that only where |c| is next to 2, so samples within [`NEAR`](isa::NEAR) of |c|^2 = 4 are
//! left to the scalar kernel; those farther out escape at the first iteration, z_1 = c.
//!
//! # Orbits that never escape
//!
//! A state that repeats, as in [`interior`](crate::kernel::interior), is looked for at the ends of blocks only, and not before
//! a sample has spent `FIRST_SAVE` blocks in its lane, so that most views never pay for it.
//!
//! # What was tried
//!
//! On views where all samples take some hundred iterations: finishing escaped lanes one by one instead of in batches took
//! 1.6 times as long, lanes that stay empty until all are done 1.5 to 1.8 times, a scan of all lanes instead of the timing
//! wheel 1.2 times, and a first walk for every batch, where none ends there, 1.1 times. Two sets of lanes that take
//! turns, so that one is refilled while the other runs, gained nothing.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
pub(crate) mod intake;
pub(crate) mod isa;
pub(crate) mod kernel;
pub(crate) mod lanes;
pub(crate) mod outlet;
pub(crate) mod portable;

//! Small and large pictures share the threads.
//!
//! Large pictures are rendered one after the other with all threads, small ones side by side with one thread each, the
//! largest first. The bytes of a picture depend on neither.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::cli::batch::jobs::Job;
use crate::cli::memory;
use crate::cli::render::Share;

/// Pictures of at most so many samples are small, however few there are. One thread iterates them in a fraction of a second.
const SMALL: u64 = 1 << 20;
/// Pieces that a small picture is cut into at most: more threads than that do not help it.
const PIECES: usize = 16;

/// Calls `work` once for each job, on a pool of as many threads as it may take.
pub(super) fn run(jobs: &[Job], pool: &ThreadPool, work: impl Fn(&Job, Share) + Sync) {
    let mut jobs: Vec<&Job> = jobs.iter().collect();
    jobs.sort_by_key(|job| Reverse(job.outline.samples));
    let samples: Vec<u64> = jobs.iter().map(|job| job.outline.samples).collect();
    let threads = pool.current_num_threads();
    let (large, beside) = divide(&samples, threads);
    let (large, small) = jobs.split_at(large);
    let (beside, rest) = small.split_at(beside);
    let whole = Share { threads, jobs: 1 };
    let together = |jobs: &[&Job]| jobs.iter().for_each(|job| pool.install(|| work(job, whole)));
    together(large);
    let begun = side_by_side(beside, threads, &work);
    together(&beside[begun..]);
    together(rest);
}

/// How many jobs, the largest first, get all threads, and how many of those behind them one thread each. The others get
/// all threads again, so that no thread is left without work at the end.
fn divide(samples: &[u64], threads: usize) -> (usize, usize) {
    if threads == 1 {
        return (samples.len(), 0);
    }
    // A picture that is more than a quarter of what a thread gets of the rest could be the last to end.
    let mut left: u64 = samples.iter().fold(0, |sum, samples| sum.saturating_add(*samples));
    let is_large = |samples: &&u64| {
        let large = **samples > SMALL && samples.saturating_mul(4 * threads as u64) > left;
        left = left.saturating_sub(**samples);
        large
    };
    let large = samples.iter().take_while(is_large).count();
    let small = samples.len() - large;
    let last = small % threads;
    (large, if 2 * last <= threads.min(PIECES) { small - last } else { small })
}

/// Runs jobs with a thread for each. Returns how many were run: all, unless there are no threads or no memory for it.
fn side_by_side(jobs: &[&Job], threads: usize, work: &(impl Fn(&Job, Share) + Sync)) -> usize {
    let bytes = jobs.iter().map(|job| job.outline.bytes).max().unwrap_or(0);
    let runners = threads.min(jobs.len()).min(memory::renders(bytes));
    let share = Share { threads: 1, jobs: runners as u64 };
    let next = AtomicUsize::new(0);
    let runner = || {
        // A pool of the thread itself. It can be made where the thread is in no other pool.
        let Ok(alone) = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build() else { return };
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            alone.install(|| work(job, share));
        }
    };
    thread::scope(|scope| {
        for _ in 0..runners {
            if thread::Builder::new().name("job".into()).spawn_scoped(scope, runner).is_err() {
                break;
            }
        }
    });
    next.into_inner().min(jobs.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_thread_is_left_without_work_for_long() {
        let small = |count| vec![100_000; count];
        assert_eq!(divide(&small(200), 2), (0, 200));
        assert_eq!(divide(&small(201), 2), (0, 200), "the last one with both threads");
        assert_eq!(divide(&small(1), 2), (0, 0));
        assert_eq!(divide(&small(7), 1), (7, 0), "one after the other");
        assert_eq!(divide(&small(100), 64), (0, 100), "36 small ones keep more threads busy side by side");
        assert_eq!(divide(&small(68), 64), (0, 64));
        let mut mixed = vec![100 * SMALL, 10 * SMALL];
        mixed.extend(small(100));
        assert_eq!(divide(&mixed, 2), (2, 100));
        assert_eq!(divide(&[8 * SMALL; 100], 2), (0, 100), "none takes long beside the others");
        assert_eq!(divide(&[8 * SMALL; 3], 2), (3, 0));
        assert_eq!(divide(&[], 2), (0, 0));
    }
}

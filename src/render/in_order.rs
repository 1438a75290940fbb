//! Pieces of work for all threads, with the results in order.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Pieces for each thread that may be handed out from the first one on that is not taken.
///
/// A piece can take many times as long as its neighbors; meanwhile the other threads continue.
pub(crate) const AHEAD: u32 = 8;
/// Pieces of the largest size for each thread that there is room for: the one in work, and one that waits. Smaller ones take less room, so
/// more of them may wait.
pub(crate) const WAITING: u64 = 2;

/// What the threads share while they work.
struct Line<T> {
    /// The next piece to hand out.
    next: u32,
    /// The next piece to take.
    taken: u32,
    /// Finished pieces that wait for an earlier one.
    finished: BTreeMap<u32, T>,
    /// Their bytes, and those of the piece that is being taken.
    bytes: u64,
    /// Pieces that are being worked on.
    begun: u64,
    /// Whether some thread is in `take`.
    taking: bool,
    /// Whether to hand out no more pieces, after an error or a panic.
    stop: bool,
}

/// Calls `work` for 0..count on all threads of the current pool and passes the results to `take` in order.
///
/// `work` is called for one piece at a time on each thread, with a state that belongs to the thread and was made by
/// `state`. At most [`AHEAD`] pieces for each thread wait for an earlier one. The first error that `take` returns ends
/// the work, and so does a panic.
pub(crate) fn in_order<S, T: Send, E: Send>(
    count: u32,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, u32) -> T + Sync,
    take: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<(), E> {
    in_order_within(Sizes { most: 0, of: |_: &T| 0 }, count, state, work, take)
}

/// The bytes of pieces, by which it is decided how many may wait.
pub(crate) struct Sizes<F> {
    /// The most that a piece can have.
    pub(crate) most: u64,
    /// How many one has.
    pub(crate) of: F,
}

/// The same in bounded memory: all pieces together that are worked on or wait have at most twice as many bytes as one of the largest
/// for each thread.
pub(crate) fn in_order_within<S, T: Send, E: Send>(
    sizes: Sizes<impl Fn(&T) -> u64 + Sync>,
    count: u32,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, u32) -> T + Sync,
    take: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<(), E> {
    let threads = rayon::current_num_threads();
    let ahead = AHEAD * threads as u32;
    let room = (WAITING * threads as u64).saturating_mul(sizes.most);
    let line = Mutex::new(Line {
        next: 0,
        taken: 0,
        finished: BTreeMap::new(),
        bytes: 0,
        begun: 0,
        taking: false,
        stop: false,
    });
    let moved = Condvar::new();
    let take = Mutex::new((take, Ok(())));
    rayon::broadcast(|_| {
        /// Ends the work of all threads if this one panics.
        struct Guard<'a, T>(&'a Mutex<Line<T>>, &'a Condvar);
        impl<T> Drop for Guard<'_, T> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    lock(self.0).stop = true;
                    self.1.notify_all();
                }
            }
        }
        let _guard = Guard(&line, &moved);
        // Made with the first piece: threads that find none take no memory.
        let mut own = None;
        loop {
            let mut now = lock(&line);
            // Some thread works on the first unfinished piece, or takes it, so this wait ends.
            while !now.stop
                && now.next < count
                && (now.next >= now.taken.saturating_add(ahead)
                    || now.bytes.saturating_add((now.begun + 1).saturating_mul(sizes.most)) > room)
            {
                now = moved.wait(now).unwrap_or_else(PoisonError::into_inner);
            }
            if now.stop || now.next >= count {
                return;
            }
            let piece = now.next;
            now.next += 1;
            now.begun += 1;
            drop(now);
            let result = work(own.get_or_insert_with(&state), piece);
            let mut now = lock(&line);
            now.begun -= 1;
            now.bytes += (sizes.of)(&result);
            now.finished.insert(piece, result);
            // One thread at a time calls `take`, without the lock on `line`, so the others continue.
            while !now.taking && !now.stop {
                let first = now.taken;
                let Some(result) = now.finished.remove(&first) else { break };
                now.taking = true;
                let bytes = (sizes.of)(&result);
                drop(now);
                let failed = {
                    let mut take = lock(&take);
                    take.1 = (take.0)(result);
                    take.1.is_err()
                };
                now = lock(&line);
                now.taking = false;
                now.taken += 1;
                now.bytes -= bytes;
                now.stop |= failed;
                moved.notify_all();
            }
        }
    });
    take.into_inner().unwrap_or_else(PoisonError::into_inner).1
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The pool reports a panic of another thread; a poisoned lock adds nothing.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc;
    use std::thread::sleep;
    use std::time::Duration;

    use super::*;

    /// Runs `work` in pools of several sizes, and fails if it does not return in time.
    fn in_pools(work: fn(u32)) {
        for threads in [1, 2, 7] {
            let (done, wait) = mpsc::channel();
            let thread = std::thread::spawn(move || {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build();
                pool.expect("threads").install(|| work(threads));
                // Fails if the receiver is gone after a timeout.
                let _ = done.send(());
            });
            let waited = wait.recv_timeout(Duration::from_secs(60));
            assert!(waited != Err(mpsc::RecvTimeoutError::Timeout), "{threads} threads hang");
            thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    }

    #[test]
    fn results_are_taken_in_order() {
        in_pools(|threads| {
            for count in [0, 1, 2, 7, 1000] {
                let states = AtomicU32::new(0);
                let mut taken = Vec::new();
                let result = in_order(
                    count,
                    || (states.fetch_add(1, Ordering::Relaxed), 0),
                    |(_, calls), piece| {
                        *calls += 1;
                        assert!(*calls <= count, "a state of its own for each thread");
                        // Pieces that end in another order than they begin.
                        sleep(Duration::from_micros(u64::from(piece * 7 % 11 * 10)));
                        piece
                    },
                    |piece| {
                        taken.push(piece);
                        Ok::<(), ()>(())
                    },
                );
                assert_eq!(result, Ok(()));
                assert_eq!(taken, (0..count).collect::<Vec<_>>());
                assert!(states.into_inner() <= threads.min(count), "none for a thread without a piece");
            }
        });
    }

    #[test]
    fn the_first_error_ends_the_work() {
        in_pools(|threads| {
            for (count, bad) in [(1, 0), (1000, 0), (1000, 37), (1000, 999)] {
                let (worked, mut taken) = (AtomicU32::new(0), 0);
                let result = in_order(
                    count,
                    || (),
                    |(), piece| {
                        worked.fetch_add(1, Ordering::Relaxed);
                        piece
                    },
                    |piece| {
                        taken += 1;
                        if piece >= bad { Err(piece) } else { Ok(()) }
                    },
                );
                assert_eq!((result, taken), (Err(bad), bad + 1));
                // All that was handed out before the error is at most so far ahead of it.
                assert!(worked.into_inner() <= count.min(bad + AHEAD * threads));
            }
        });
    }

    /// What `in_order` panics with, where each callback panics for the piece that is given for it.
    fn panics(state: bool, work: Option<u32>, take: Option<u32>) -> (String, u32) {
        // Without the hook, which would print a message for each.
        let fall = |text: &str| -> () { resume_unwind(Box::new(text.to_string())) };
        let mut taken = 0;
        let result = catch_unwind(AssertUnwindSafe(|| {
            in_order(
                500,
                || {
                    if state {
                        fall("state");
                    }
                },
                |(), piece| {
                    if work == Some(piece) {
                        fall("work");
                    }
                    piece
                },
                |piece| {
                    taken += 1;
                    if take == Some(piece) {
                        fall("take");
                    }
                    Ok::<(), ()>(())
                },
            )
        }));
        let panic = result.expect_err("a panic");
        (*panic.downcast::<String>().expect("a text"), taken)
    }

    #[test]
    fn a_panic_in_any_callback_reaches_the_caller() {
        in_pools(|_| {
            assert_eq!(panics(true, None, None), ("state".into(), 0));
            for piece in [0, 100, 499] {
                let (text, taken) = panics(false, Some(piece), None);
                assert_eq!(text, "work");
                assert!(taken <= piece, "nothing is taken from the missing piece on");
                assert_eq!(panics(false, None, Some(piece)), ("take".into(), piece + 1));
            }
        });
    }

    #[test]
    fn a_panic_in_one_of_many_states_ends_the_work() {
        in_pools(|threads| {
            let made = AtomicU32::new(0);
            let result = catch_unwind(AssertUnwindSafe(|| {
                let state = || {
                    if made.fetch_add(1, Ordering::Relaxed) + 1 == threads {
                        resume_unwind(Box::new(()));
                    }
                };
                // The others work, or wait for a piece that the missing thread will not make way for.
                in_order(100_000, state, |(), _| (), |()| Ok::<(), ()>(()))
            }));
            assert!(result.is_err());
        });
    }

    #[test]
    fn no_more_pieces_are_ahead_than_memory_was_counted_for() {
        in_pools(|threads| {
            let (begun, taken) = (AtomicU32::new(0), AtomicU32::new(0));
            // One thread that works on the first piece makes no other one.
            let most = if threads == 1 { 1 } else { AHEAD * threads };
            let result = in_order(
                300,
                || (),
                |(), piece| {
                    begun.fetch_add(1, Ordering::SeqCst);
                    assert!(piece < taken.load(Ordering::SeqCst) + AHEAD * threads);
                    if piece == 0 {
                        // The others go on as far as they may, and no further.
                        while begun.load(Ordering::SeqCst) < most {
                            sleep(Duration::from_millis(1));
                        }
                        sleep(Duration::from_millis(20));
                        assert_eq!(begun.load(Ordering::SeqCst), most);
                    }
                },
                |()| {
                    taken.fetch_add(1, Ordering::SeqCst);
                    Ok::<(), ()>(())
                },
            );
            assert_eq!((result, taken.into_inner()), (Ok(()), 300));
        });
    }
}

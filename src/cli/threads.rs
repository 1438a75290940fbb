//! How many threads, and the pool of them.

use std::cell::OnceCell;
use std::ops::Deref;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::cli::failure::{Failure, usage};
use crate::cli::memory;
use crate::cli::terminal::say;

/// The value of `--threads`.
pub(crate) fn option(text: &str) -> Result<usize, Failure> {
    read("--threads", text)
}

/// The number of threads: the option, else `MANDEL_THREADS`, else `RAYON_NUM_THREADS`, else the usable CPUs.
///
/// `num_cpus` follows CPU affinity and cgroup quotas and rounds a fractional quota up.
pub(crate) fn count(option: Option<usize>) -> Result<usize, Failure> {
    let variable = |name: &'static str| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
        Some((name, value.to_string_lossy().into_owned()))
    };
    match (option, variable("MANDEL_THREADS").or_else(|| variable("RAYON_NUM_THREADS"))) {
        (Some(threads), _) => Ok(threads),
        (None, Some((name, value))) => read(name, &value),
        (None, None) => Ok(num_cpus::get()),
    }
}

/// Reads a number of threads from `source`; 0 and 'auto' stand for the usable CPUs.
fn read(source: &str, value: &str) -> Result<usize, Failure> {
    let most = most();
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    match value.parse::<usize>() {
        _ if value == "auto" => Ok(num_cpus::get()),
        Ok(0) => Ok(num_cpus::get()),
        Ok(threads) if threads <= most => Ok(threads),
        _ if digits => Err(usage(format!("{source} must be 1..{most} or 'auto' (got {value})"))),
        _ => Err(usage(format!("{source} must be 1..N or 'auto' (got '{}')", value.escape_debug()))),
    }
}

/// The largest number of threads that may be asked for.
pub(crate) fn most() -> usize {
    (4 * num_cpus::get()).max(256)
}

/// Threads to work on.
pub(crate) enum Pool {
    Own(ThreadPool),
    /// That of the present thread alone. A thread can be in one pool only, and stays in it.
    Alone(&'static ThreadPool),
}

impl Deref for Pool {
    type Target = ThreadPool;

    fn deref(&self) -> &ThreadPool {
        match self {
            Self::Own(pool) => pool,
            Self::Alone(pool) => pool,
        }
    }
}

/// The pool of the present thread alone.
fn alone() -> Result<&'static ThreadPool, Failure> {
    thread_local! {
        static ALONE: OnceCell<&'static ThreadPool> = const { OnceCell::new() };
    }
    ALONE.with(|alone| {
        if let Some(pool) = alone.get() {
            return Ok(*pool);
        }
        let pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
        let pool =
            pool.map_err(|error| Failure::Limit(format!("the thread pool cannot be made: {error}")))?;
        Ok(*alone.get_or_init(|| Box::leak(Box::new(pool))))
    })
}

/// A pool of that many threads, or of fewer where the system refuses some, or where `ulimit -v` leaves no room for their
/// stacks and heaps beside `needed` bytes.
pub(crate) fn pool(threads: usize, needed: u64, quiet: bool) -> Result<Pool, Failure> {
    let usable = num_cpus::get();
    if threads > usable && !quiet {
        say(format_args!(
            "note: {threads} threads on {usable} usable CPU{}",
            if usable == 1 { "" } else { "s" }
        ));
    }
    let mut count = threads.min(memory::threads(needed));
    while count > 0 {
        if let Ok(pool) = ThreadPoolBuilder::new().num_threads(count).build() {
            if count < threads && !quiet {
                say(format_args!("note: the system refused {threads} threads; going on with {count}"));
            }
            return Ok(Pool::Own(pool));
        }
        count /= 2;
    }
    if !quiet {
        say("note: the system refused to start a thread; going on in this one");
    }
    alone().map(Pool::Alone)
}

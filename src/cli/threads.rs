//! How many threads, and the pool of them.

use mandel::Error;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{say, usage};

/// The number of threads: the option, else `MANDEL_THREADS`, else `RAYON_NUM_THREADS`, else the usable CPUs.
///
/// `num_cpus` follows CPU affinity and cgroup quotas and rounds a fractional quota up.
pub(crate) fn count(option: Option<&str>) -> Result<usize, Error> {
    let variable = |name: &str| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
        Some((name.to_string(), value.to_string_lossy().into_owned()))
    };
    let asked = option
        .map(|value| ("--threads".to_string(), value.to_string()))
        .or_else(|| variable("MANDEL_THREADS"))
        .or_else(|| variable("RAYON_NUM_THREADS"));
    let usable = num_cpus::get();
    let Some((source, value)) = asked else { return Ok(usable) };
    if value == "auto" {
        return Ok(usable);
    }
    let most = most();
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    match value.parse::<usize>() {
        Ok(0) => Ok(usable),
        Ok(threads) if threads <= most => Ok(threads),
        _ if digits => Err(usage(format!("{source} must be 1..{most} or 'auto' (got {value})"))),
        _ => Err(usage(format!("{source} must be 1..N or 'auto' (got '{}')", value.escape_debug()))),
    }
}

/// The largest number of threads that may be asked for.
pub(crate) fn most() -> usize {
    (4 * num_cpus::get()).max(256)
}

/// A pool of that many threads, or of fewer where the system refuses some.
pub(crate) fn pool(threads: usize, quiet: bool) -> Result<ThreadPool, Error> {
    let usable = num_cpus::get();
    if threads > usable && !quiet {
        say(format_args!(
            "note: {threads} threads on {usable} usable CPU{}",
            if usable == 1 { "" } else { "s" }
        ));
    }
    let mut count = threads;
    loop {
        match ThreadPoolBuilder::new().num_threads(count).build() {
            Ok(pool) => {
                if count < threads {
                    say(format_args!("note: the system refused {threads} threads; going on with {count}"));
                }
                return Ok(pool);
            }
            Err(_) if count > 1 => count /= 2,
            Err(_) => break,
        }
    }
    say("note: the system refused to start a thread; going on in this one");
    let alone = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
    alone.map_err(|error| Error::Limit(format!("the thread pool cannot be made: {error}")))
}

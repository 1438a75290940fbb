//! How much memory this process may still take.

use std::fs::read_to_string;

use mandel::{Allowance, Error};

/// Checks that `needed` bytes can be had.
pub(crate) fn check(needed: u64, what: &str, instead: &str) -> Result<(), Error> {
    match available() {
        Some(free) if needed > free => Err(Error::Limit(format!(
            "{what} needs {} of memory and {} are free; {instead}",
            bytes(needed),
            bytes(free)
        ))),
        _ => Ok(()),
    }
}

/// How long a reference orbit may become with the memory there is.
pub(crate) fn allowance() -> Allowance {
    available().map_or_else(Allowance::default, Allowance::of_bytes)
}

/// The least of free memory, address space limit and cgroup limit, where the system tells.
fn available() -> Option<u64> {
    [free_memory(), address_space(), cgroup()].into_iter().flatten().min()
}

fn free_memory() -> Option<u64> {
    kilobytes(&read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// What `ulimit -v` leaves.
fn address_space() -> Option<u64> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::As).current?;
    let used = kilobytes(&read_to_string("/proc/self/status").ok()?, "VmSize:")?;
    Some(limit.saturating_sub(used))
}

/// The memory limit of this process's cgroup, version 2 or 1.
fn cgroup() -> Option<u64> {
    let groups = read_to_string("/proc/self/cgroup").ok()?;
    let limits = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let file = match controllers {
            "" => format!("/sys/fs/cgroup{path}/memory.max"),
            list if list.split(',').any(|name| name == "memory") => {
                format!("/sys/fs/cgroup/memory{path}/memory.limit_in_bytes")
            }
            _ => return None,
        };
        read_to_string(file).ok()?.trim().parse::<u64>().ok()
    });
    limits.min()
}

fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.saturating_mul(1024))
}

/// A number of bytes for people.
pub(crate) fn bytes(count: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let unit = (count.max(1).ilog2() / 10) as usize;
    let value = count as f64 / (1_u64 << (10 * unit)) as f64;
    if unit == 0 || value >= 10.0 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

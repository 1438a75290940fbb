//! How much memory this process may still take.
//!
//! There are two kinds of limit. Some count what is resident: the free memory of the machine and the limits of control
//! groups. The other, `ulimit -v`, counts address space, of which a thread reserves far more than it ever touches.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use mandel::ReferenceOrbit;
use rustix::process::{Resource, getrlimit};

use crate::cli::failure::Failure;
use crate::cli::groups::{Version, folders};
use crate::cli::terminal::bytes;

/// What a thread reserves for its stack: 2 MiB (`std::thread`), a guard page, and the stack of its signal handlers, whose
/// size grows with the registers of the machine. Beside the 2 MiB, 16 KiB were measured.
const STACK: u64 = (2 << 20) + (64 << 10);
/// What glibc reserves for the heap of a thread that allocates for the first time (`HEAP_MAX_SIZE` in `malloc/arena.c`),
/// after it has mapped twice as much to find an aligned part. A thread that finds less address space works, but maps and
/// unmaps each small allocation by itself: a reference orbit took 70 times as long.
const ARENA: u64 = 64 << 20;
/// What a thread touches of its stack and its heap beside the buffers of a render. 20 KiB were measured for one that
/// iterates; the state of zlib takes 256 KiB and a little (`zconf.h`: a window of 15 bits, memory level 8).
const TOUCHED: u64 = 320 << 10;
/// What the process takes beside the buffers of a render once its scene is known: tables of the palette, buffers of the
/// outputs, texts, pages of the program that are used for the first time. A picture of one pixel took 0.8 MiB, 1.8 MiB in a build without
/// optimization; the rest is for other systems.
const PROCESS: u64 = 3 << 20;
/// With less address space than this no thread is started that is not needed.
const ROOMY: u64 = 1 << 30;

/// Checks that `needed` bytes can be had, with what that many threads touch.
///
/// The thread that watches for signals must already run. The address space of other threads is not checked here:
/// [`threads`] says how many there may be.
pub(crate) fn check(needed: u64, threads: usize, what: &str, instead: &str) -> Result<(), Failure> {
    let needed = whole(needed, threads);
    match available() {
        Some(free) if needed > free => Err(Failure::Limit(format!(
            "{what} needs {} of memory and {} are free; {instead}",
            bytes(needed),
            bytes(free)
        ))),
        _ => Ok(()),
    }
}

/// How many more threads can be started so that `needed` bytes can still be had. 0 says that only this thread can work.
pub(crate) fn threads(needed: u64) -> usize {
    address_space().map_or(usize::MAX, |free| threads_in(free, needed))
}

/// What is taken beside what the process has at its start: `needed` bytes, and what that many threads touch.
pub(crate) fn whole(needed: u64, threads: usize) -> u64 {
    needed.saturating_add(PROCESS).saturating_add(TOUCHED.saturating_mul(threads as u64))
}

/// Bytes of memory that the process has now, where the system tells.
pub(crate) fn resident() -> Option<u64> {
    kilobytes(&read_to_string("/proc/self/status").ok()?, "VmRSS:")
}

/// The most bytes of memory that the process has had so far, where the system tells.
pub(crate) fn peak() -> Option<u64> {
    kilobytes(&read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

fn threads_in(free: u64, needed: u64) -> usize {
    // The last thread, too, maps two arenas for a moment.
    let beside = needed.saturating_add(PROCESS + ARENA).saturating_add(of_meter(free));
    (free.saturating_sub(beside) / (STACK + ARENA)) as usize
}

/// How many renders can run at once, each in a thread of its own that takes `needed` bytes. 0 says that none can.
pub(crate) fn renders(needed: u64) -> usize {
    let resident = available().map_or(u64::MAX, |free| free.saturating_sub(PROCESS) / (TOUCHED + needed));
    let space = address_space().map_or(u64::MAX, |free| {
        free.saturating_sub(PROCESS + ARENA + of_meter(free)) / (STACK + ARENA + needed)
    });
    resident.min(space) as usize
}

/// Whether there is address space for a thread that only shows progress.
pub(crate) fn is_roomy() -> bool {
    address_space().is_none_or(|free| free >= ROOMY)
}

/// How many iterations a reference orbit may have with the memory there is, if `needed` bytes of it are left to others.
pub(crate) fn max_steps(needed: u64) -> u64 {
    let others = needed.saturating_add(PROCESS);
    available().map_or(u64::MAX, |free| ReferenceOrbit::max_steps(free.saturating_sub(others)))
}

/// The least of what machine, address space limit and control groups leave, where the system tells.
pub(crate) fn available() -> Option<u64> {
    let groups = read_to_string("/proc/self/cgroup").unwrap_or_default();
    let space = address_space().map(|free| free - of_meter(free));
    [free_memory(), space, control_groups(&groups, Path::new("/sys/fs/cgroup"))].into_iter().flatten().min()
}

/// What is set aside for a thread that shows progress: it is started where [`is_roomy`].
fn of_meter(free: u64) -> u64 {
    if free >= ROOMY { STACK + ARENA } else { 0 }
}

fn free_memory() -> Option<u64> {
    kilobytes(&read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// What `ulimit -v` leaves.
fn address_space() -> Option<u64> {
    let limit = getrlimit(Resource::As).current?;
    let used = kilobytes(&read_to_string("/proc/self/status").ok()?, "VmSize:")?;
    Some(limit.saturating_sub(used))
}

fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.saturating_mul(1024))
}

/// What a version of the interface to control groups calls its files, and the line of `memory.stat`.
struct Names {
    limit: &'static str,
    usage: &'static str,
    cache: &'static str,
}

const VERSION_1: Names =
    Names { limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", cache: "total_inactive_file" };
const VERSION_2: Names = Names { limit: "memory.max", usage: "memory.current", cache: "inactive_file" };

/// The least that the limits of the process's control groups leave, and those of all groups above them.
fn control_groups(groups: &str, root: &Path) -> Option<u64> {
    let room = |(group, version): (PathBuf, Version)| match version {
        Version::One => room(&group, &VERSION_1),
        Version::Two => room(&group, &VERSION_2),
    };
    folders(groups, root, "memory").into_iter().filter_map(room).min()
}

/// What the limit of one group leaves. Cached pages of files that were not used lately make way for ours.
fn room(group: &Path, names: &Names) -> Option<u64> {
    let number = |file: &str| read_to_string(group.join(file)).ok()?.trim().parse::<u64>().ok();
    let limit = number(names.limit)?;
    let usage = number(names.usage).unwrap_or(0);
    let statistics = read_to_string(group.join("memory.stat")).unwrap_or_default();
    let cache =
        statistics.lines().find_map(|line| line.strip_prefix(names.cache)?.trim().parse::<u64>().ok());
    Some(limit.saturating_sub(usage.saturating_sub(cache.unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Made-up control groups: folder, file, text.
    fn groups(files: &[(&str, &str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (group, file, text) in files {
            let group = root.path().join(group);
            fs::create_dir_all(&group).expect("a folder");
            fs::write(group.join(file), text).expect("a file");
        }
        root
    }

    #[test]
    fn the_least_room_of_all_groups_above_counts() {
        let root = groups(&[
            ("a/b", "memory.max", "max\n"),
            ("a", "memory.max", "1000\n"),
            ("a", "memory.current", "700\n"),
            ("a", "memory.stat", "anon 500\ninactive_anon 3\nactive_file 50\ninactive_file 150\n"),
            ("", "memory.max", "5000\n"),
            ("", "memory.current", "4000\n"),
            ("other", "memory.max", "1\n"),
        ]);
        let room = |text| control_groups(text, root.path());
        assert_eq!(room("0::/a/b\n"), Some(1000 - (700 - 150)));
        assert_eq!(room("0::/\n"), Some(1000));
        // The path of a host, of which a container sees nothing, and one above its own root.
        assert_eq!(room("0::/docker/0123\n"), Some(1000));
        assert_eq!(room("0::/../../a\n"), Some(450));
        assert_eq!(room("1:cpu:/a\n"), None);
        assert_eq!(room(""), None);
        fs::write(root.path().join("a/memory.current"), "2000\n").expect("a file");
        assert_eq!(room("0::/a/b\n"), Some(0));
    }

    #[test]
    fn groups_of_version_1_have_other_names() {
        let root = groups(&[
            ("memory/a/b", "memory.limit_in_bytes", "9223372036854771712\n"),
            ("memory/a", "memory.limit_in_bytes", "1000\n"),
            ("memory/a", "memory.usage_in_bytes", "600\n"),
            ("memory/a", "memory.stat", "inactive_file 1\ntotal_inactive_file 200\n"),
            ("unified/a/b", "memory.max", "1\n"),
        ]);
        let text = "9:name=systemd:/a/b\n4:cpu,memory:/a/b\n0::/a/b\n";
        assert_eq!(control_groups(text, root.path()), Some(600));
    }

    #[test]
    fn threads_leave_what_is_needed() {
        let whole = STACK + ARENA;
        for free in (0..200).map(|i| i * (10 << 20)) {
            for needed in [0, 10 << 20, 300 << 20] {
                let threads = threads_in(free, needed) as u64;
                assert!(
                    threads == 0 || threads * whole + ARENA + needed + PROCESS <= free,
                    "{free} {needed}"
                );
            }
        }
        assert_eq!(threads_in(whole + ARENA + PROCESS, 0), 1);
        assert_eq!(threads_in(whole + ARENA + PROCESS, 1), 0);
        // One thread less than there is address space for: that of the progress.
        assert_eq!(threads_in(20 * whole + ARENA + PROCESS, 0), 19);
    }
}

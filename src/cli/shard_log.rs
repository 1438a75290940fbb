//! What a shard took, in a file beside it. The shard itself says nothing of that: its bytes are the same wherever it is made.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use mandel::job::Job;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

use crate::cli::failure::{Failure, usage};
use crate::cli::interrupt::Unfinished;
use crate::cli::pieces::put;
use crate::cli::terminal::{reason, shown};

/// What a shard took.
pub(crate) struct Took {
    /// Of the clock.
    pub(crate) seconds: f64,
    pub(crate) threads: usize,
    /// The counts of all its samples, added up: what a program without shortcuts would iterate.
    pub(crate) iterations: u128,
}

/// Beside a shard whose folder cannot take it there is none, which is no error.
pub(crate) fn write(job: &Job, shard: u32, folder: &Path, took: &Took, to: &Unfinished) {
    let Took { seconds, threads, iterations } = took;
    let log = json!({
        "job": job.id().to_string(), "shard": shard, "shards": job.shards(), "threads": threads,
        "samples": job.extent(&[shard]).1, "seconds": seconds, "cpu_seconds": cpu_seconds(),
        "iterations": u64::try_from(*iterations).unwrap_or(u64::MAX),
    });
    let _ = put(path(folder, shard), to, |to| to.write_all(format!("{log}\n").as_bytes()));
}

/// The seconds of each shard that a log in this folder tells of: those of the clock, as a shard also waits for its disk.
/// Logs of other jobs, and what is none, tell of nothing.
pub(crate) fn read(job: &Job, folder: &Path) -> Result<BTreeMap<u32, f64>, Failure> {
    let fails = |error| usage(format!("--logs: {} cannot be read: {}", shown(folder), reason(&error)));
    fs::read_dir(folder).map_err(fails)?;
    let id = job.id().to_string();
    let seconds = |shard: u32| {
        let mut text = String::new();
        File::open(path(folder, shard)).ok()?.take(1 << 12).read_to_string(&mut text).ok()?;
        let log: Value = serde_json::from_str(&text).ok()?;
        let same = log["job"] == *id && log["shard"] == shard;
        log["seconds"].as_f64().filter(|seconds| same && (0.0..1e9).contains(seconds))
    };
    Ok((1..=job.shards()).filter_map(|shard| Some((shard, seconds(shard)?))).collect())
}

fn path(folder: &Path, shard: u32) -> PathBuf {
    folder.join(Job::shard_name(shard)).with_extension("log.json")
}

/// What all threads of this process have worked.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

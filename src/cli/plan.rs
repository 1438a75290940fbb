//! `mandel plan`: a render, cut into shards.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs;
use std::path::PathBuf;

use mandel::Detail;
use mandel::job::Job;
use serde_json::json;

use crate::cli::durability::Durability;
use crate::cli::emit::{Engine, script};
use crate::cli::failure::{Failure, print, usage};
use crate::cli::file_id::check_inputs;
use crate::cli::files::{EXISTS, in_the_way};
use crate::cli::interrupt::Unfinished;
use crate::cli::memory;
use crate::cli::pieces::{compute_orbit, put, put_orbit};
use crate::cli::request::check_name;
use crate::cli::run::RunArgs;
use crate::cli::scene::{SceneArgs, no_lattice};
use crate::cli::shard_log;
use crate::cli::terminal::{say, shown};
use crate::cli::threads;
use crate::cli::value::{Worded, whole};
use clap::ValueHint;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    scene: SceneArgs,

    /// How many shards
    ///
    /// A few for each worker, so that none waits long for the last one.
    #[arg(long, value_name = "N", help_heading = "Shards", allow_hyphen_values = true, value_parser = Worded(shards))]
    shards: u32,
    /// Keep distances too, for light and edges
    ///
    /// 'mandel stitch' makes light and edges of them. Shards get two to three times as large.
    #[arg(long, help_heading = "Shards")]
    distance: bool,
    /// Keep periods too, for --interior
    ///
    /// Periods and distances of points that do not escape, so that 'mandel stitch' can color them by these.
    #[arg(long, help_heading = "Shards")]
    periods: bool,
    /// File for the job
    ///
    /// A deep view has its reference orbit beside it.
    #[arg(short, long, value_name = "FILE", default_value = "job.json", help_heading = "Shards")]
    output: PathBuf,
    /// Replace a file that is already there
    #[arg(short, long, help_heading = "Shards")]
    force: bool,
    /// Print how well W workers are kept busy
    #[arg(long, value_name = "W", help_heading = "Shards", allow_hyphen_values = true, value_parser = Worded(workers))]
    simulate: Option<u32>,
    /// With --simulate, go by the times in these logs
    ///
    /// What shards in DIR took where they were made says how long all take.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Shards", requires = "simulate")]
    logs: Option<PathBuf>,
    /// Print a script that makes and stitches all shards
    #[arg(long, value_enum, value_name = "ENGINE", help_heading = "Shards", conflicts_with_all = ["json", "simulate"])]
    emit: Option<Engine>,

    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    durability: Durability,
    /// Print a summary as one JSON object
    ///
    /// With the predicted cost of each shard.
    #[arg(long, help_heading = "Run")]
    json: bool,
}

fn shards(text: &str) -> Result<u32, Failure> {
    whole("--shards", text, 1, 1 << 19, "")
}

fn workers(text: &str) -> Result<u32, Failure> {
    whole("--simulate", text, 1, 1_000_000, " workers")
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if let Some(option) = args.scene.color().given() {
        return Err(usage(format!("a job has no colors; give {option} to 'mandel stitch'")));
    }
    check_name("--output", &args.output, "job.json")?;
    let there = fs::metadata(&args.output).ok();
    if args.output.as_os_str() == "-" || there.is_some_and(|there| !there.is_file()) {
        let name = shown(&args.output);
        return Err(usage(format!("--output needs a file of its own, as in -o job.json (got {name})")));
    }
    if args.force {
        check_inputs(&args.scene.inputs(), [args.output.as_path()])?;
    }
    let progress = args.run.progress();
    let unfinished = Unfinished::watch(args.durability);
    let resolved = args.scene.resolve(None, progress, 1)?;
    if !args.run.quiet {
        resolved.notes().iter().for_each(say);
    }
    let (scene, known) = (resolved.scene, resolved.reference);
    // A built-in view may have a light of its own, which the picture then has as that of a single render has it.
    let detail = Detail { distances: args.distance, interiors: args.periods }.and(scene.coloring().detail());
    if scene.refines() {
        return Err(no_lattice());
    }
    // The preview: at most 2^22 costs, kept as they are found and once more while they are summed up.
    const NEEDED: u64 = 64 << 20;
    let pool = threads::pool(args.run.threads()?, NEEDED, args.run.quiet)?;
    let (job, orbit) = pool.install(|| {
        let orbit = compute_orbit(&scene, known, memory::max_steps(NEEDED), progress)?;
        Ok::<_, Failure>((Job::plan(&scene, args.shards, detail, orbit.clone())?, orbit))
    })?;
    let text = job.to_text();
    let there = fs::read(&args.output).is_ok_and(|there| there == text.as_bytes());
    if !there && !args.force && fs::symlink_metadata(&args.output).is_ok() {
        return Err(in_the_way(Failure::Exists(args.output.clone(), EXISTS)));
    }
    // Where there is a job, there is its orbit.
    if let Some(orbit) = &orbit {
        put_orbit(&scene, orbit, &args.output, &unfinished)?;
    }
    if !there {
        put(args.output.clone(), &unfinished, |to| to.write_all(text.as_bytes()))?;
    }
    args.tell(&job)
}

impl Args {
    fn simulated(&self, job: &Job, workers: u32) -> Result<Simulated, Failure> {
        let mut costs = job.costs();
        let mut measured = None;
        if let Some(folder) = &self.logs {
            let seconds = shard_log::read(job, folder)?;
            if seconds.is_empty() {
                return Err(usage(format!(
                    "--logs: {} has no log of a shard of this job; 'mandel render --job' writes one beside each shard",
                    shown(folder)
                )));
            }
            // A shard without a log takes what it would if all were as those that have one. In microseconds.
            let predicted: u64 = seconds.keys().map(|&shard| costs[shard as usize - 1]).sum();
            let rate = 1e6 * seconds.values().sum::<f64>() / predicted.max(1) as f64;
            for (cost, shard) in costs.iter_mut().zip(1..) {
                let micros = seconds.get(&shard).map_or(rate * *cost as f64, |seconds| 1e6 * seconds);
                *cost = micros.max(1.0) as u64;
            }
            measured = Some((1e-6 * makespan(&costs, workers) as f64, seconds.len()));
        }
        let mean = costs.iter().sum::<u64>() as f64 / costs.len() as f64;
        let largest = costs.iter().max().copied().unwrap_or(1) as f64 / mean;
        Ok(Simulated { workers, largest, efficiency: efficiency(&costs, workers), measured })
    }

    fn tell(&self, job: &Job) -> Result<(), Failure> {
        let costs = job.costs();
        let simulated = self.simulate.map(|workers| self.simulated(job, workers)).transpose()?;
        if !self.run.quiet {
            say(format_args!(
                "{}: {} shards, {} tiles of {} pixels a side, kernel {}",
                shown(&self.output),
                job.shards(),
                job.tile_count(),
                job.side(),
                job.kernel()
            ));
        }
        if self.json {
            let mut summary = json!({
                "job": job.id().to_string(),
                "kernel": job.kernel(),
                "orbit": job.orbit().map(|digest| digest.to_string()),
                "output": shown(&self.output),
                "shards": job.shards(),
                "tiles": job.tile_count(),
                "side": job.side(),
                "costs": costs,
            });
            if let Some(simulated) = &simulated {
                summary["simulated"] = simulated.json();
            }
            return print(&format!("{summary}\n"));
        }
        if let Some(simulated) = &simulated {
            return print(&simulated.text());
        }
        match self.emit {
            Some(engine) => print(&script(engine, &self.output, job.shards())),
            None => Ok(()),
        }
    }
}

/// What is to be expected of some workers.
struct Simulated {
    workers: u32,
    /// The costliest shard, in means.
    largest: f64,
    /// The part of the workers' time that is work.
    efficiency: f64,
    /// Seconds until all is done, and how many shards were measured.
    measured: Option<(f64, usize)>,
}

impl Simulated {
    fn json(&self) -> serde_json::Value {
        let mut json = json!({ "workers": self.workers, "efficiency": self.efficiency });
        if let Some((seconds, shards)) = self.measured {
            json["seconds"] = seconds.into();
            json["measured"] = shards.into();
        }
        json
    }

    fn text(&self) -> String {
        let Self { workers, largest, efficiency, .. } = self;
        let mut text = format!(
            "{workers} workers: {:.1} % of their time is work; the costliest shard is {largest:.2} times the mean\n",
            100.0 * efficiency
        );
        if let Some((seconds, shards)) = self.measured {
            text += &format!("{workers} workers: {seconds:.1} s, by what {shards} shards took\n");
        }
        text
    }
}

/// When all is done, where each worker takes the costliest shard left as soon as it is free.
fn makespan(costs: &[u64], workers: u32) -> u64 {
    let mut costs = costs.to_vec();
    costs.sort_unstable_by_key(|&cost| Reverse(cost));
    let mut free: BinaryHeap<Reverse<u64>> = (0..workers).map(|_| Reverse(0)).collect();
    for cost in &costs {
        let Reverse(from) = free.pop().unwrap_or(Reverse(0));
        free.push(Reverse(from + cost));
    }
    free.into_iter().map(|Reverse(end)| end).max().unwrap_or(1)
}

/// The part of the workers' time that is work.
fn efficiency(costs: &[u64], workers: u32) -> f64 {
    costs.iter().sum::<u64>() as f64 / (f64::from(workers) * makespan(costs, workers) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_wait_for_the_last_shard() {
        assert_eq!(efficiency(&[4, 4, 4, 4], 2), 1.0);
        assert_eq!(efficiency(&[4, 4, 4], 2), 0.75);
        assert_eq!(efficiency(&[8, 1, 1], 2), 10.0 / 16.0);
        // Never better than the total over all workers, or the largest shard, allows.
        let costs: Vec<u64> = (0..100).map(|i| i * 7919 % 101 + 1).collect();
        for workers in [1, 2, 7, 64, 1000] {
            let total: u64 = costs.iter().sum();
            let bound = total as f64 / (f64::from(workers) * 101.0);
            let found = efficiency(&costs, workers);
            assert!(
                found <= 1.0 && found <= bound.max(1.0) && found >= 0.5 * bound.min(1.0),
                "{workers}: {found}"
            );
        }
    }
}

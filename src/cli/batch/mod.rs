//! `mandel batch`: the jobs of a file, on all threads together.

mod jobs;
mod keys;
mod report;
mod resume;
mod schedule;
mod source;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::cli::batch::jobs::Job;
use crate::cli::batch::report::{Report, State};
use crate::cli::batch::source::Source;
use crate::cli::durability::Durability;
use crate::cli::edges::Edges;
use crate::cli::failure::Failure;
use crate::cli::file_id::check_inputs;
use crate::cli::files::Existing;
use crate::cli::interrupt::Unfinished;
use crate::cli::progress::{Meter, Progress, Stage};
use crate::cli::render::Share;
use crate::cli::run::RunArgs;
use crate::cli::terminal::{reason, say};
use crate::cli::threads;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Jobs as TOML or JSON Lines; - for standard input
    ///
    /// A text that begins with { is JSON Lines. In TOML, [[job]] begins a job. Its keys are the long options of 'mandel render' that describe a picture: at, center,
    /// zoom, size, palette, output, ..., and a name. [defaults] says what all jobs have in common, [job.matrix] lists
    /// values of which each combination is a job. An output is a pattern, as in "out/{name}-{palette}-{index:03}.png":
    /// {index} counts all jobs from 1, other fields are keys of the job. All files lie below the current folder, or where a link
    /// in it leads.
    #[arg(value_name = "JOBS")]
    file: PathBuf,
    /// Skip jobs whose pictures are there
    ///
    /// Complete and of the same scene; the others are made again.
    /// A PNG holds its scene. An NPY does not: it is skipped with the PNG of the same job, and made again if there is none.
    #[arg(long, conflicts_with = "no_clobber", help_heading = "Output")]
    resume: bool,
    /// Replace files that are already there
    #[arg(short, long, conflicts_with = "no_clobber", help_heading = "Output")]
    force: bool,
    /// Leave files that are already there as they are
    #[arg(long, help_heading = "Output")]
    no_clobber: bool,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    durability: Durability,
    /// Print a summary as one JSON object
    #[arg(long, help_heading = "Run")]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let start = Instant::now();
    let source = Source::read(&args.file)?;
    let jobs = jobs::read(&source)?;
    args.check_existing(&jobs)?;
    let unfinished = Unfinished::watch(args.durability);
    let threads = args.run.threads()?;
    let bytes = jobs.iter().map(|job| job.outline.bytes).max().unwrap_or(0);
    let pool = threads::pool(threads, bytes.saturating_mul(threads as u64), args.run.quiet)?;
    let pixels = jobs.iter().fold(0_u64, |sum, job| sum.saturating_add(job.outline.pixels));
    let progress = args.run.progress();
    let meter = Meter::start(progress, Stage::Pixels("pictures", pixels), Arc::default());
    let batch = Batch { args, unfinished, meter };
    let reports: Mutex<Vec<Option<Report>>> = Mutex::new(jobs.iter().map(|_| None).collect());
    schedule::run(&jobs, &pool, |job, share| {
        let report = batch.make(job, share);
        if let State::Failed(failure) = &report.state {
            say(format_args!("error: {}: {}: {}", source.place(job.at), job.label(), failure.told().0));
        }
        reports.lock().unwrap_or_else(PoisonError::into_inner)[job.number - 1] = Some(report);
    });
    drop(batch);
    let reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
    let done: Vec<(&Job, Report)> =
        jobs.iter().zip(reports).filter_map(|(job, report)| Some((job, report?))).collect();
    if args.json {
        report::json(&done, pool.current_num_threads(), start.elapsed())?;
    } else if !args.run.quiet {
        report::table(&done, pool.current_num_threads(), start.elapsed())?;
    }
    report::verdict(&done)
}

impl Args {
    fn existing(&self) -> Existing {
        match (self.force || self.resume, self.no_clobber) {
            (true, _) => Existing::Replace,
            (_, true) => Existing::Keep,
            _ => Existing::Refuse,
        }
    }

    /// Refuses files that are there before anything takes time.
    fn check_existing(&self, jobs: &[Job]) -> Result<(), Failure> {
        match self.existing() {
            Existing::Refuse => {}
            Existing::Keep => return Ok(()),
            Existing::Replace => {
                let apart = |job: &Job| {
                    check_inputs(&job.args.scene.inputs(), job.outputs.iter().map(PathBuf::as_path))
                };
                return jobs.iter().try_for_each(apart);
            }
        }
        let there = |path: &&PathBuf| fs::symlink_metadata(path).is_ok();
        match jobs.iter().flat_map(|job| &job.outputs).find(there) {
            Some(path) => Err(Failure::Exists(path.clone(), EXISTS)),
            None => Ok(()),
        }
    }
}

const EXISTS: &str =
    "use --resume to make what is missing, --force to make all again or --no-clobber to skip what is there";

/// What the jobs share while they run.
struct Batch<'a> {
    args: &'a Args,
    unfinished: Unfinished,
    meter: Meter,
}

impl Batch<'_> {
    /// Makes one job on the current pool.
    fn make(&self, job: &Job, share: Share) -> Report {
        let start = Instant::now();
        let mut notes = Vec::new();
        let state = self.try_make(job, share, &mut notes).unwrap_or_else(State::Failed);
        if !matches!(state, State::Done | State::Failed(_)) {
            self.meter.add(job.outline.pixels);
        }
        Report { state, notes, seconds: start.elapsed().as_secs_f64() }
    }

    fn try_make(&self, job: &Job, share: Share, notes: &mut Vec<String>) -> Result<State, Failure> {
        let mut render = job.args.job(share, Progress::Never)?;
        if self.args.resume && resume::is_complete(&job.outputs, render.scene(), self.args.force)? {
            return Ok(State::Complete);
        }
        notes.extend(render.notes());
        for folder in job.outputs.iter().filter_map(|path| path.parent()) {
            self.make_folder(folder)?;
        }
        let outputs = render.open(self.args.existing(), &self.unfinished)?;
        if outputs.is_empty() {
            return Ok(State::Kept);
        }
        let prepared = render.prepare(Progress::Never)?;
        let written = render.write(&prepared, outputs, &self.meter, &AtomicBool::new(false))?;
        notes.extend(Edges::notes(written.edges, prepared.scene()));
        Ok(State::Done)
    }

    /// Makes a folder, and those above it, where it is missing.
    fn make_folder(&self, folder: &Path) -> Result<(), Failure> {
        self.unfinished.durability.make_folder(folder).map_err(|error| Failure::Io {
            action: "make the folder",
            path: folder.into(),
            problem: reason(&error),
        })
    }
}

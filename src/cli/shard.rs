//! Shards on the command line: `render --job` makes one, `render --resume` all that are not yet there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use mandel::decode::ReadError;
use mandel::job::{Digest, Job, Stitch, Survey, make_shards, verify_file};
use mandel::render::{Render, default_rows_per_band};
use mandel::{Error, Level, Map, Plan, ReferenceOrbit, Scene};
use serde_json::json;

use crate::cli::failure::{Failure, print, usage};
use crate::cli::files::{NOTHING_LEFT, cannot_write, finish_all};
use crate::cli::interrupt::Unfinished;
use crate::cli::memory;
use crate::cli::picture::PictureArgs;
use crate::cli::pieces::{Source, compute_orbit, open, orbit_of, put, put_orbit, read_failure, read_job};
use crate::cli::progress::{Meter, Progress, Stage};
use crate::cli::resolved::Resolved;
use crate::cli::shard_log::{self, Took};
use crate::cli::shard_number::{ShardArg, shard_number};
use crate::cli::takes::Takes;
use crate::cli::terminal::{brief, reason, say, shown};
use crate::cli::threads;
use crate::cli::value::Worded;
use crate::cli::words::words;
use clap::ValueHint;

/// Options that make a part of a picture, or make it part by part.
#[derive(clap::Args)]
pub(crate) struct PieceArgs {
    /// Make a shard of this job instead of a picture
    ///
    /// 'mandel plan' makes a job.
    #[arg(long, value_name = "JOB", help_heading = "Shards", requires = "shard", requires = "out_dir",
        conflicts_with_all = ["scene", "center", "zoom", "width", "height", "region", "at", "aspect", "grid", "rotate", "max_iter",
            "size", "supersample", "ColorArgs", "output", "format", "force", "no_clobber", "no_metadata", "dry_run",
            "resume"])]
    job: Option<PathBuf>,
    /// Which shard, the first is 1/N; or 'env'
    ///
    /// 'env' reads K from the variable of a scheduler.
    #[arg(long, value_name = "K/N", help_heading = "Shards", requires = "job", value_parser = Worded(shard_number))]
    shard: Option<ShardArg>,
    /// The folder for it
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Shards", requires = "job")]
    out_dir: Option<PathBuf>,
    /// Keep finished parts in DIR, and go on from those
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Shards")]
    resume: Option<PathBuf>,
}

/// The shard to make.
pub(crate) struct Order<'a> {
    path: &'a Path,
    job: Job,
    shard: u32,
    folder: &'a Path,
}

impl PieceArgs {
    /// The shard to make, if one is asked for.
    pub(crate) fn order(&self) -> Result<Option<Order<'_>>, Failure> {
        let (Some(path), Some(shard), Some(folder)) = (&self.job, &self.shard, &self.out_dir) else {
            return Ok(None);
        };
        let job = read_job(path)?;
        let shard = shard.resolve(job.shards())?;
        Ok(Some(Order { path, job, shard, folder }))
    }

    /// The folder of finished parts.
    pub(crate) fn resume(&self) -> Option<&Path> {
        self.resume.as_deref()
    }
}

/// Makes a shard, unless it is there.
pub(crate) fn run(order: &Order, picture: &PictureArgs, level: Option<Level>) -> Result<(), Failure> {
    let start = Instant::now();
    let Order { path, job, shard, folder } = order;
    let unfinished = Unfinished::watch(picture.durability);
    make_folder(folder, &unfinished)?;
    let place = folder.join(Job::shard_name(*shard));
    if let Some(digest) = complete(job, *shard, &place, picture.run.quiet)? {
        return tell(picture, order, digest, 0, start);
    }
    let wanted = picture.run.threads()?;
    let needed = memory_of(wanted);
    memory::check(needed, wanted, "this shard", "use fewer threads")?;
    let pool = threads::pool(wanted, needed, picture.run.quiet)?;
    let orbit = pool.install(|| orbit_of(job, path, memory::max_steps(needed), picture.run.progress()))?;
    let maker = Folder { path: folder, level, picture, unfinished };
    let (_, samples) = job.extent(&[*shard]);
    let mut finished = None;
    pool.install(|| {
        let meter = Meter::start(picture.run.progress(), Stage::Pixels("shard", samples), Arc::default());
        maker.make(job, orbit, &[*shard], &meter, |digest, counts| finished = Some((digest, counts)))
    })?;
    match finished {
        Some((digest, iterations)) => {
            let (seconds, threads) = (start.elapsed().as_secs_f64(), pool.current_num_threads());
            let took = Took { seconds, threads, iterations };
            shard_log::write(job, *shard, folder, &took, &maker.unfinished);
            tell(picture, order, digest, samples, start)
        }
        None => Err(Error::Internal("a shard without a digest".into()).into()),
    }
}

/// Says what has happened. `samples` are those that were iterated.
fn tell(
    picture: &PictureArgs,
    order: &Order,
    digest: Digest,
    samples: u64,
    start: Instant,
) -> Result<(), Failure> {
    let (shard, of) = (order.shard, order.job.shards());
    let place = order.folder.join(Job::shard_name(shard));
    let seconds = start.elapsed().as_secs_f64();
    if !picture.run.quiet {
        let place = shown(&place);
        say(if samples == 0 {
            format!("{place}: shard {shard}/{of} is already complete")
        } else {
            format!("{place}: shard {shard}/{of}, {samples} samples, {seconds:.3} s")
        });
    }
    if picture.json {
        let summary = json!({
            "shard": shard, "shards": of, "output": shown(&place), "sha256": digest.to_string(),
            "job": order.job.id().to_string(), "kernel": order.job.kernel(), "samples": samples, "seconds": seconds,
        });
        print(&format!("{summary}\n"))?;
    }
    Ok(())
}

fn make_folder(folder: &Path, unfinished: &Unfinished) -> Result<(), Failure> {
    unfinished.durability.make_folder(folder).map_err(|error| cannot_write(folder, reason(&error)))?;
    unfinished.sweep(folder);
    Ok(())
}

/// The digest of a shard, if it is there and complete. Any other file of that name will be replaced.
fn complete(job: &Job, shard: u32, place: &Path, quiet: bool) -> Result<Option<Digest>, Failure> {
    match verify_file(job, place) {
        Ok(verified) if verified.shard == shard => Ok(Some(verified.digest)),
        Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(ReadError::Io(error)) => Err(read_failure(place, &ReadError::Io(error))),
        Ok(verified) => {
            note_replaced(place, &format!("it is shard {}", verified.shard), quiet);
            Ok(None)
        }
        // What another job has made may have taken long.
        Err(ReadError::Bad(error @ Error::Foreign { .. })) => Err(Failure::Input(format!(
            "{} is of another job: {}; name another --out-dir, or remove that file",
            shown(place),
            words(&error)
        ))),
        Err(ReadError::Bad(error)) => {
            note_replaced(place, &words(&error), quiet);
            Ok(None)
        }
    }
}

fn note_replaced(place: &Path, why: &str, quiet: bool) {
    if !quiet {
        say(format_args!("note: {} is made anew: {why}", shown(place)));
    }
}

/// Bytes for blocks that are made or wait for an earlier one, packed: at most 2 MiB of numbers in each.
fn memory_of(threads: usize) -> u64 {
    (threads as u64) * (24 << 20)
}

/// A folder of shards, and how they are made.
pub(crate) struct Folder<'a> {
    pub(crate) path: &'a Path,
    pub(crate) level: Option<Level>,
    pub(crate) picture: &'a PictureArgs,
    pub(crate) unfinished: Unfinished,
}

/// A failure, or a write error to which the caller adds the path.
enum Broken {
    Io(io::Error),
    Failure(Failure),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Folder<'_> {
    /// Makes shards on the current pool.
    fn make(
        &self,
        job: &Job,
        orbit: Option<Arc<ReferenceOrbit>>,
        shards: &[u32],
        meter: &Meter,
        mut made: impl FnMut(Digest, u128) + Send,
    ) -> Result<(), Failure> {
        let scene = job.scene();
        let plan = Plan::new(scene.samples(), scene.bailout(), self.level);
        let kernel = plan.kernel_within(orbit, u64::MAX, &Default::default())?;
        let place = |shard: u32| self.path.join(Job::shard_name(shard));
        let mut at = PathBuf::new();
        let result = make_shards(
            job,
            kernel.as_ref(),
            shards,
            |shard| {
                at = place(shard);
                open(place(shard), &self.unfinished).map_err(Broken::Failure)
            },
            |_, piece, digest, counts| {
                made(digest, counts);
                finish_all(vec![piece]).map(drop).map_err(Broken::Failure)
            },
            |samples| meter.add(samples),
        );
        result.map_err(|broken| match broken {
            Broken::Failure(failure) => failure,
            Broken::Io(error) => cannot_write(&at, format!("{}{NOTHING_LEFT}", reason(&error))),
        })
    }

    /// Refuses a folder that holds other things than parts: a typo should not fill it.
    fn check_free(&self) -> Result<(), Failure> {
        if self.path.join("job.json").exists() {
            return Ok(());
        }
        // What a run leaves that ended before there was a job.
        let ours = |name: &str| name.starts_with('.') || name.starts_with("orbit-");
        let mut names =
            fs::read_dir(self.path).into_iter().flatten().flatten().map(|entry| entry.file_name());
        match names.find(|name| !ours(&name.to_string_lossy())) {
            Some(name) => Err(usage(format!(
                "--resume: {} holds {} and no parts of a render; name a folder of its own",
                shown(self.path),
                shown(Path::new(&name))
            ))),
            None => Ok(()),
        }
    }

    /// Makes what is missing of a scene, and gives the picture of all of it.
    pub(crate) fn resume(
        &self,
        resolved: &mut Resolved,
        threads: usize,
        needed: u64,
        takes: Takes,
    ) -> Result<Source, Failure> {
        self.check_free()?;
        make_folder(self.path, &self.unfinished)?;
        let needed = needed.saturating_add(memory_of(threads));
        memory::check(needed, threads, "this render", "use a smaller size or fewer threads")?;
        let max_steps = memory::max_steps(needed);
        let path = self.path.join("job.json");
        let scene = &resolved.scene;
        let (job, orbit) = if path.exists() {
            let job = read_job(&path)?;
            if let Some(difference) = difference(job.scene(), scene) {
                return Err(usage(format!(
                    "{} holds parts of another scene, {difference}; name another folder, or ask for that scene (it is \
                     in {})",
                    shown(self.path),
                    shown(&path)
                )));
            }
            check_detail(&job, &path, takes)?;
            (job, None)
        } else {
            let progress = self.picture.run.progress();
            let orbit = compute_orbit(scene, resolved.reference.take(), max_steps, progress)?;
            let job = Job::plan(scene, Job::shards_to_resume(scene), takes.detail, orbit.clone())?;
            if let Some(orbit) = &orbit {
                put_orbit(scene, orbit, &path, &self.unfinished)?;
            }
            put(path.clone(), &self.unfinished, |to| to.write_all(job.to_text().as_bytes()))?;
            (job, orbit.map(|(orbit, _)| orbit))
        };
        let survey = self.complete(&job, &path, orbit, max_steps)?;
        source(&job, &survey, &resolved.scene, threads, takes, max_steps, &path)
    }

    /// Makes the shards that are not there.
    fn complete(
        &self,
        job: &Job,
        path: &Path,
        orbit: Option<Arc<ReferenceOrbit>>,
        max_steps: u64,
    ) -> Result<Survey, Failure> {
        let place = |shard: u32| self.path.join(Job::shard_name(shard));
        let there: Vec<PathBuf> = (1..=job.shards()).map(place).filter(|path| path.exists()).collect();
        let mut survey = mandel::job::survey(job, &there, || ());
        // A shard by the name of another one is in its way.
        survey.found.retain(|shard, (path, _)| *path == place(*shard));
        for (path, error) in &survey.bad {
            let Failure::Input(why) = read_failure(path, error) else {
                return Err(read_failure(path, error));
            };
            self.say(format_args!("note: {why}; it is made anew"));
        }
        let (done, missing): (Vec<u32>, Vec<u32>) =
            (1..=job.shards()).partition(|shard| survey.found.contains_key(shard));
        let (tiles, samples) = job.extent(&done);
        if tiles > 0 {
            self.say(format_args!("{}: {tiles} of {} tiles were done", shown(self.path), job.tile_count()));
        }
        if missing.is_empty() {
            return Ok(Survey { found: survey.found, ..Survey::default() });
        }
        let progress = self.picture.run.progress();
        let orbit = match orbit {
            Some(orbit) => Some(orbit),
            None => orbit_of(job, path, max_steps, progress)?,
        };
        let all = Stage::Pixels("picture", samples + job.extent(&missing).1);
        let meter = Meter::start(progress, all, Arc::default());
        meter.add(samples);
        self.make(job, orbit, &missing, &meter, |_, _| ())?;
        let made: Vec<PathBuf> = missing.iter().copied().map(place).collect();
        let made = mandel::job::survey(job, &made, || ());
        survey.found.extend(made.found);
        let missing = missing.into_iter().filter(|shard| !survey.found.contains_key(shard)).collect();
        Ok(Survey { found: survey.found, bad: made.bad, missing, ..Survey::default() })
    }

    fn say(&self, message: std::fmt::Arguments) {
        if !self.picture.run.quiet {
            say(message);
        }
    }
}

/// The first key of the numbers that two scenes differ in, in words.
fn difference(there: &Scene, asked: &Scene) -> Option<String> {
    let (there, asked) = (there.numbers_text(), asked.numbers_text());
    if there == asked {
        return None;
    }
    let line = |text: &str, other: &str| {
        let others: Vec<&str> = other.lines().collect();
        text.lines().find(|line| !others.contains(line)).map_or_else(|| "less".into(), brief)
    };
    Some(format!("with {} where {} is asked for", line(&there, &asked), line(&asked, &there)))
}

/// Refuses a job without what is wanted of it.
pub(crate) fn check_detail(job: &Job, path: &Path, takes: Takes) -> Result<(), Failure> {
    let detail = job.detail();
    if detail.covers(takes.detail) {
        return Ok(());
    }
    let (lacks, option) = match takes.detail.distances && !detail.distances {
        true => ("distances, which --light, --edge and --values distance need", "--distance"),
        false => ("periods, which --interior period and distance need", "--periods"),
    };
    Err(usage(format!(
        "{} keeps no {lacks}; plan with {option}, or name another folder for --resume",
        shown(path)
    )))
}

/// The picture of a complete set of shards, with the colors of `scene`.
pub(crate) fn source(
    job: &Job,
    survey: &Survey,
    scene: &Scene,
    threads: usize,
    takes: Takes,
    max_steps: u64,
    path: &Path,
) -> Result<Source, Failure> {
    if let Some((path, error)) = survey.bad.first() {
        return Err(read_failure(path, error));
    }
    if !survey.is_complete() {
        return Err(Failure::Input("shards are gone that were there a moment ago".into()));
    }
    // Twice as many bands as there are threads are in work or soon will be.
    let rows = default_rows_per_band(scene, threads).saturating_mul(2 * threads as u32 * scene.supersample());
    memory::check(Stitch::memory(job, rows), threads, "reading these shards", "use fewer threads")?;
    // The origin of the map of a window lies on the edge of the whole, of which there are no shards, and a curve is found from
    // samples between those of the shards.
    let window = scene.viewport().whole() != *scene.viewport();
    let curve = scene.coloring().map == Map::Auto;
    let iterates = takes.colors && (window || curve);
    let orbit = if iterates { orbit_of(job, path, max_steps, Progress::Never)? } else { None };
    let stitch = Arc::new(Stitch::new(job, survey, rows));
    let render = Render::with_kernel(scene, Box::new(Arc::clone(&stitch)), takes.colors, |lattice| {
        let plan = Plan::new(lattice, scene.bailout(), None);
        plan.kernel_along(orbit.clone(), max_steps, &Default::default())
    })?;
    Ok(Source::Shards(render, stitch))
}

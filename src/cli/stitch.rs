//! `mandel stitch`: the shards of a job, as a picture.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use mandel::decode::ReadError;
use mandel::encode::Format;
use mandel::job::{Job, Stitch, Survey, recheck, survey};
use mandel::{Draft, Plan, Scene};
use serde_json::json;

use crate::cli::color_args::ColorArgs;
use crate::cli::failure::{Failure, print, usage};
use crate::cli::interrupt::Unfinished;
use crate::cli::memory;
use crate::cli::picture::PictureArgs;
use crate::cli::pieces::{Source, orbit_of, read_failure, read_job, shards_in};
use crate::cli::progress::{Meter, Stage};
use crate::cli::render::{self, Share};
use crate::cli::resolved::Resolved;
use crate::cli::scene_file::SceneFile;
use crate::cli::shard::{check_detail, source};
use crate::cli::terminal::{brief, reason, say, shown};
use crate::cli::threads;
use crate::cli::value::{self, Worded};
use crate::cli::words::words;
use clap::ValueHint;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The job, as 'mandel plan' made it
    #[arg(value_name = "JOB")]
    job: PathBuf,
    /// Folders of shards
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath, required = true)]
    folders: Vec<PathBuf>,
    /// Print which shards are missing or damaged
    ///
    /// Their numbers, one a line; nothing else is done.
    #[arg(long, help_heading = "Shards", conflicts_with = "output")]
    missing: bool,
    /// Compute this part of all rows again
    ///
    /// Rows chosen at random. Shards that hold other numbers are refused.
    #[arg(long, value_name = "PERCENT", help_heading = "Shards", conflicts_with = "missing", allow_hyphen_values = true, value_parser = Worded(percent))]
    recheck: Option<f64>,
    /// Format where the file name has no suffix
    ///
    /// png, npy, dzi, ...; with --missing, 'array' prints 5,7,9-12.
    #[arg(long, value_name = "FORMAT", help_heading = "Output", value_parser = Worded(format))]
    format: Option<Style>,
    /// Take the colors of this scene text or picture
    ///
    /// Other options override them.
    #[arg(long, value_name = "FILE", help_heading = "Color")]
    scene: Option<PathBuf>,
    #[command(flatten)]
    color: ColorArgs,
    #[command(flatten)]
    picture: PictureArgs,
}

/// The value of `--format`.
#[derive(Clone, Copy)]
enum Style {
    Array,
    File(Format),
}

/// A part in percent, above 0.
fn percent(text: &str) -> Result<f64, Failure> {
    match value::real("--recheck", text.strip_suffix('%').unwrap_or(text))? {
        percent if percent > 0.0 && percent <= 100.0 => Ok(percent),
        _ => Err(usage(format!(
            "--recheck needs a part above 0 and up to 100%, as in 0.1% (got {})",
            brief(text)
        ))),
    }
}

fn format(text: &str) -> Result<Style, Failure> {
    if text == "array" { Ok(Style::Array) } else { value::format(text).map(Style::File) }
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    /// More threads than this read no faster, and each keeps bands of the picture.
    const THREADS: usize = 8;
    let start = Instant::now();
    let picture = &args.picture;
    let format = match (args.format, args.missing) {
        (Some(Style::Array), false) => return Err(usage("--format array needs --missing")),
        (Some(Style::File(format)), true) => {
            return Err(usage(format!("--missing prints numbers, not {format}; try --format array")));
        }
        (Some(Style::File(format)), false) => Some(format),
        _ => None,
    };
    let job = read_job(&args.job)?;
    let unfinished = Unfinished::watch(picture.durability);
    let share = Share { threads: picture.run.threads()?.min(THREADS), jobs: 1 };
    let paths = shards_in(&args.folders)?;
    if args.missing {
        let pool = threads::pool(share.threads, 0, picture.run.quiet)?;
        let survey = pool.install(|| survey(&job, &paths, || ()));
        return match picture.json {
            true => print(&format!("{}\n", json(&job, &survey))),
            false => print(&list(&redo(&survey), args.format.is_some())),
        };
    }
    let scene = args.scene(&job)?;
    let scene_file = args.scene.as_deref().map(|path| ("scene", path));
    let inputs = [("job", args.job.as_path())].into_iter().chain(scene_file).chain(args.color.inputs());
    let requests = picture.requests(format, &inputs.collect::<Vec<_>>())?;
    let mut work = render::Job::new(picture, share, requests, Resolved::known(scene.clone()), None)?;
    let outputs = work.open(picture.existing(), &unfinished)?;
    if outputs.is_empty() {
        return Ok(());
    }
    check_detail(&job, &args.job, work.takes())?;
    work.render(outputs, start, |work| {
        let survey = survey(&job, &paths, || ());
        check(&job, &args.job, &survey)?;
        if !picture.run.quiet {
            for (first, again) in &survey.same {
                say(format_args!("note: {} is the same shard as {}", shown(again), shown(first)));
            }
        }
        let max_steps = memory::max_steps(work.needed());
        let source = source(&job, &survey, &scene, share.threads, work.takes(), max_steps, &args.job)?;
        if let (Some(percent), Source::Shards(_, stitch)) = (args.recheck, &source) {
            args.recheck(&job, stitch, percent, max_steps)?;
        }
        Ok(source)
    })
}

impl Args {
    /// The scene of the job in the colors that were asked for.
    fn scene(&self, job: &Job) -> Result<Scene, Failure> {
        let mut draft = Draft::read(&job.scene().numbers_text())?;
        if let Some(path) = &self.scene {
            SceneFile::read(path)?.colors()?.give_colors(&mut draft);
        }
        self.color.put(&mut draft)?;
        if !job.detail().distances {
            // A light that nobody asked for is left out.
            (draft.light, draft.edge) = (draft.light.or(Some(None)), draft.edge.or(Some(None)));
        }
        Ok(draft.scene()?)
    }

    /// Computes some rows again, on the current pool.
    fn recheck(&self, job: &Job, stitch: &Stitch, percent: f64, max_steps: u64) -> Result<(), Failure> {
        let run = &self.picture.run;
        let samples = job.scene().samples();
        let orbit = orbit_of(job, &self.job, max_steps, run.progress())?;
        let kernel = Plan::new(samples, job.scene().bailout(), None).kernel_within(
            orbit,
            max_steps,
            &Arc::default(),
        )?;
        let rows = some_rows(samples.height(), percent, RandomState::new().hash_one(()));
        let total = rows.len() as u64 * u64::from(samples.width());
        let meter = Meter::start(run.progress(), Stage::Pixels("picture", total), Arc::default());
        let differs = recheck(stitch, kernel.as_ref(), &rows, |samples| meter.add(samples));
        drop(meter);
        if let Some(failure) = stitch.take_failure() {
            return Err(read_failure(&failure.0, &failure.1));
        }
        match differs {
            Some((x, y)) => {
                let (shard, path) = stitch.shard_of(x, y);
                Err(Failure::Input(format!(
                    "{}: shard {shard} holds another number at sample {x},{y} than this machine computes; make it \
                     again, or plan with this version of mandel",
                    shown(path)
                )))
            }
            None => {
                if !run.quiet {
                    say(format_args!("{} of {} rows computed again: equal", rows.len(), samples.height()));
                }
                Ok(())
            }
        }
    }
}

/// This part of the rows, at least one, spread over all of them: one at random out of each range of equal length.
fn some_rows(height: u32, percent: f64, seed: u64) -> Vec<u32> {
    let count = ((f64::from(height) * percent / 100.0).ceil() as u64).clamp(1, u64::from(height));
    let start = |i: u64| i * u64::from(height) / count;
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let row = |i: u64| start(i) + hasher.hash_one((seed, i)) % (start(i + 1) - start(i));
    (0..count).map(|i| row(i) as u32).collect()
}

/// What `--missing` prints as JSON.
fn json(job: &Job, survey: &Survey) -> serde_json::Value {
    let bad =
        survey.bad.iter().map(|(path, error)| json!({ "file": shown(path), "problem": problem(error) }));
    let differ = survey.differ.iter().map(|(_, first, other)| json!([shown(first), shown(other)]));
    json!({
        "job": job.id().to_string(),
        "shards": job.shards(),
        "missing": redo(survey),
        "bad": bad.collect::<Vec<_>>(),
        "differ": differ.collect::<Vec<_>>(),
    })
}

fn problem(error: &ReadError) -> String {
    match error {
        ReadError::Io(error) => format!("it cannot be read: {}", reason(error)),
        ReadError::Bad(error) => words(error),
    }
}

/// The shards that have to be made, or made again.
fn redo(survey: &Survey) -> Vec<u32> {
    let mut redo = survey.missing.clone();
    redo.extend(survey.differ.iter().map(|(shard, ..)| *shard));
    redo.sort_unstable();
    redo.dedup();
    redo
}

/// Numbers one a line, or as ranges in one line.
fn list(shards: &[u32], array: bool) -> String {
    if !array {
        return shards.iter().map(|shard| format!("{shard}\n")).collect();
    }
    if shards.is_empty() { String::new() } else { format!("{}\n", ranges(shards)) }
}

/// 5,7,9-12.
fn ranges(shards: &[u32]) -> String {
    let chunks = shards.chunk_by(|a, b| a + 1 == *b);
    let words = chunks.map(|chunk| match chunk {
        [one] => one.to_string(),
        _ => format!("{}-{}", chunk[0], chunk[chunk.len() - 1]),
    });
    words.collect::<Vec<_>>().join(",")
}

/// Refuses what is not one complete set of shards, with all that is wrong.
fn check(job: &Job, path: &Path, survey: &Survey) -> Result<(), Failure> {
    /// Lines that a person reads.
    const MOST: usize = 50;
    if survey.is_complete() {
        return Ok(());
    }
    let alone = survey.differ.is_empty() && survey.missing.is_empty();
    if let (true, [(path, error @ ReadError::Io(_))]) = (alone, &survey.bad[..]) {
        return Err(read_failure(path, error));
    }
    let mut lines = Vec::new();
    lines.extend(survey.bad.iter().map(|(path, error)| format!("{}: {}", shown(path), problem(error))));
    // One of the two may lie in the place of a shard that is missing.
    let same = survey.same.iter().filter(|_| !survey.missing.is_empty());
    lines
        .extend(same.map(|(first, again)| format!("{} is the same shard as {}", shown(again), shown(first))));
    for (shard, first, other) in &survey.differ {
        lines.push(format!("{} and {} differ, and both are shard {shard}", shown(first), shown(other)));
    }
    let hidden = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    lines.extend((hidden > 0).then(|| format!("and {hidden} more")));
    if !survey.missing.is_empty() {
        let (missing, of) = (ranges(&survey.missing), job.shards());
        let some = if missing.len() > 1000 { brief(&missing) } else { missing };
        lines.push(format!(
            "missing of {of}: {some}; 'mandel render --job {} --shard K/{of} --out-dir DIR' makes one",
            shown(path)
        ));
    }
    Err(Failure::Input(format!(
        "these shards make no picture, and nothing was written\n  {}",
        lines.join("\n  ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_spread_over_the_picture() {
        assert_eq!(some_rows(7, 100.0, 1), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(some_rows(1, 0.001, 2), [0]);
        let rows = some_rows(1 << 27, 0.001, 3);
        assert_eq!(rows.len(), 1343);
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1] && pair[1] < 1 << 27));
        assert_ne!(rows, some_rows(1 << 27, 0.001, 4));
    }

    #[test]
    fn lists_are_those_that_schedulers_read() {
        assert_eq!(list(&[5, 7, 9, 10, 11, 12], true), "5,7,9-12\n");
        assert_eq!(list(&[1, 2], true), "1-2\n");
        assert_eq!(list(&[1, 3], false), "1\n3\n");
        assert_eq!(list(&[], true), "");
    }
}

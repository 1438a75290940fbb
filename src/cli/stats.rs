//! `mandel stats`: how the counts of a field or a scene are distributed, and what to try.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mandel::decode::ReadError;
use mandel::encode::Values;
use mandel::render::Statistics;
use mandel::{Error, Escape, FieldProblem, Kernel, Plan, Scene};
use rayon::ThreadPool;
use serde_json::{Value, json};

use crate::cli::color;
use crate::cli::failure::{Failure, print, usage};
use crate::cli::memory;
use crate::cli::pieces::read_failure;
use crate::cli::progress::{Meter, Progress, Stage};
use crate::cli::run::RunArgs;
use crate::cli::scene::SceneArgs;
use crate::cli::terminal::shown;
use crate::cli::threads;
use crate::cli::value::Worded;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A file of numbers, a scene text or a picture
    ///
    /// A field as 'mandel color' reads it; a scene text or picture of mandel is iterated.
    #[arg(value_name = "FIELD|SCENE")]
    path: PathBuf,
    /// The limit of iterations of a field that does not say it
    ///
    /// [default: the largest count]
    #[arg(short = 'n', long, value_name = "N", allow_hyphen_values = true, value_parser = Worded(color::limit))]
    max_iter: Option<u32>,
    /// Prove the counts, and say how many rounding could not have changed
    ///
    /// For a scene, and a field that has one. A field of 'render --certainty' says it anyway.
    #[arg(long)]
    certainty: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    run: RunArgs,
}

/// What is told.
struct Counts {
    size: (u32, u32),
    max_iter: u32,
    statistics: Statistics,
}

/// The quantiles that are told, in percent.
const QUANTILES: [f64; 9] = [1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0];
/// Ranges in the histogram.
const RANGES: u32 = 16;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let counts = match args.field() {
        Some(counts) => counts?,
        None => args.scene()?,
    };
    print(&if args.json { format!("{}\n", counts.json()) } else { counts.table(&args.path) })
}

impl Args {
    /// The counts of a field; nothing if the file is none.
    fn field(&self) -> Option<Result<Counts, Failure>> {
        // A scene may come from standard input.
        if self.path.as_os_str() == "-" {
            return None;
        }
        let read = || -> Result<Option<Counts>, Failure> {
            let file = color::open(&self.path)?;
            let threads = self.run.threads()?;
            let field = match color::read_any(file, self.max_iter, threads)? {
                Err(ReadError::Bad(Error::Field(FieldProblem::Unknown))) => return Ok(None),
                field => field.map_err(|error| read_failure(&self.path, &error))?,
            };
            let stored = color::stored_scene(&self.path, &field)?;
            let of_scene = stored.as_ref().map(|(scene, _)| scene.bailout().max_iter());
            let max_iter = field.max_iter().or(of_scene).unwrap_or(1);
            let pool = threads::pool(threads, 0, self.run.quiet)?;
            let statistics = match (self.certainty, stored) {
                (true, Some((scene, _))) => self.proven(&pool, &scene, &field)?,
                (true, None) => {
                    return Err(usage(format!(
                        "{} does not say which view it is of, so nothing can be proven; leave out --certainty",
                        shown(&self.path)
                    )));
                }
                (false, _) => pool.install(|| {
                    Statistics::of(&field, field.size(), |rows, escapes| {
                        let mut certain = vec![false; escapes.len()];
                        field.has_certainty().then(|| field.certain(rows, &mut certain))?;
                        Some(certain.into_iter().filter(|certain| *certain).count() as u64)
                    })
                }),
            };
            match field.take_failure() {
                Some(error) => Err(read_failure(&self.path, &error)),
                None => Ok(Some(Counts { size: field.size(), max_iter, statistics })),
            }
        };
        read().transpose()
    }

    /// The counts of a scene, which is iterated.
    fn scene(&self) -> Result<Counts, Failure> {
        let args = SceneArgs::of_file(self.path.clone());
        let resolved = args.resolve(Some(Values::Smooth), self.run.progress(), 1)?;
        let threads = self.run.threads()?;
        let kernel = resolved.kernel(self.run.progress())?;
        let (samples, max_iter) = (resolved.scene.samples(), resolved.scene.bailout().max_iter());
        let size = (samples.width(), samples.height());
        let pool = threads::pool(threads, 0, self.run.quiet)?;
        let statistics = match self.certainty {
            true => self.proven(&pool, &resolved.scene, kernel.as_ref())?,
            false => pool.install(|| Statistics::of(kernel.as_ref(), size, |_, _| None)),
        };
        Ok(Counts { size, max_iter, statistics })
    }
}

impl Args {
    /// The statistics of a scene's results, which are proven as far as they can be.
    fn proven(&self, pool: &ThreadPool, scene: &Scene, kernel: &dyn Kernel) -> Result<Statistics, Failure> {
        let samples = scene.samples();
        let (steps, plan) = (Arc::default(), Plan::new(samples, scene.bailout(), None));
        let shown = if plan.is_deep() { self.run.progress() } else { Progress::Never };
        let meter = Meter::start(shown, Stage::Reference, Arc::clone(&steps));
        let prover = plan
            .prover(None, memory::max_steps(0), &steps)?
            .ok_or_else(|| usage("the counts of an exponential map are not proven; leave out --certainty"))?;
        drop(meter);
        let all = u64::from(samples.width()) * u64::from(samples.height());
        let meter = Meter::start(self.run.progress(), Stage::Pixels("proofs", all), Arc::default());
        let certain = |rows: Range<u32>, escapes: &[Escape]| {
            let places = rows.flat_map(|y| (0..samples.width()).map(move |x| (x, y)));
            let proven =
                places.zip(escapes).filter(|((x, y), escape)| prover.prove(*x, *y).is_of(escape.n()));
            let count = proven.count() as u64;
            meter.add(escapes.len() as u64);
            Some(count)
        };
        Ok(pool.install(|| Statistics::of(kernel, (samples.width(), samples.height()), certain)))
    }
}

impl Counts {
    fn json(&self) -> Value {
        let Self { size: (width, height), max_iter, statistics } = self;
        let quantile = |percent: f64| (percent.to_string(), json!(statistics.quantile(percent / 100.0)));
        let histogram = statistics
            .histogram(RANGES)
            .into_iter()
            .map(|(range, samples)| json!({ "from": range.start, "to": range.end, "samples": samples }));
        json!({
            "width": width,
            "height": height,
            "max_iter": max_iter,
            "samples": statistics.samples,
            "reached_max_iter": statistics.inside,
            "share_reached_max_iter": self.share(),
            "certain": statistics.certain,
            "share_certain": statistics.certain.map(|certain| certain as f64 / statistics.samples as f64),
            "minimum": statistics.extremes.map(|(least, _)| least),
            "maximum": statistics.extremes.map(|(_, most)| most),
            "mean": statistics.mean(),
            "quantiles": QUANTILES.map(quantile).into_iter().collect::<serde_json::Map<_, _>>(),
            "histogram": histogram.collect::<Vec<_>>(),
            "try": { "max_iter": statistics.max_iter(), "density": statistics.density() },
        })
    }

    /// The part of the samples that reached the limit.
    fn share(&self) -> f64 {
        self.statistics.inside as f64 / self.statistics.samples as f64
    }

    fn table(&self, path: &Path) -> String {
        let Self { size: (width, height), max_iter, statistics } = self;
        let percent = 100.0 * self.share();
        let mut lines = vec![
            format!("{}: {width}x{height} samples, max_iter {max_iter}", shown(path)),
            format!("reached max_iter  {} ({percent:.2} %)", statistics.inside),
        ];
        lines.extend(statistics.certain.map(|certain| {
            // Rounded down, so that it is 100 only where all are.
            let percent = (1e4 * certain as f64 / statistics.samples as f64).floor() / 100.0;
            format!("certain           {certain} ({percent:.2} % of the counts)")
        }));
        if let (Some((least, most)), Some(mean)) = (statistics.extremes, statistics.mean()) {
            lines.extend(
                [("minimum", least), ("maximum", most), ("mean", mean)]
                    .map(|(name, nu)| format!("{name:<16}  {nu:.2}")),
            );
            lines.extend(QUANTILES.iter().filter_map(|percent| {
                let nu = statistics.quantile(percent / 100.0)?;
                Some(format!("{:<16}  {nu:.2}", format!("{percent} % up to")))
            }));
            lines.push("smooth counts, in equal ranges of the logarithm:".into());
            let histogram = statistics.histogram(RANGES);
            let highest = histogram.iter().map(|(_, samples)| *samples).max().unwrap_or(1).max(1);
            lines.extend(histogram.into_iter().map(|(range, samples)| {
                let bar = "#".repeat((40 * samples).div_ceil(highest) as usize);
                format!("{:>12.1} to {:>12.1}  {samples:>12}  {bar}", range.start, range.end)
                    .trim_end()
                    .into()
            }));
        }
        if let (Some(max_iter), Some(density)) = (statistics.max_iter(), statistics.density()) {
            lines.push(format!("try --max-iter {max_iter}, and with --map log --density {density}"));
        }
        lines.join("\n") + "\n"
    }
}

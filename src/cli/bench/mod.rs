//! `mandel bench`: the same field again and again, by different numbers of threads, schedules and chunk sizes.

mod chart;
mod report;

use std::fmt;
use std::io::{IsTerminal, Write, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use clap::ValueEnum;
use mandel::encode::Values;
use mandel::render::bench::{self, Bench, Statistics, Variant};
use mandel::render::{Schedule, default_rows_per_band};
use mandel::{Escape, Kernel, Plan, ReferenceOrbit, Scene};

use crate::cli::bench::report::{Measurement, Report};
use crate::cli::durability::Durability;
use crate::cli::failure::{Failure, print, usage};
use crate::cli::files::{Existing, Output, finish_all, in_the_way};
use crate::cli::interrupt::Unfinished;
use crate::cli::progress::{Meter, Progress, Stage};
use crate::cli::request::{Request, check_name, is_stdout, plain};
use crate::cli::resolved::Resolved;
use crate::cli::scene::SceneArgs;
use crate::cli::terminal::{brief, say};
use crate::cli::value::{self, Auto, Named, Worded, whole};
use crate::cli::{memory, threads};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    scene: SceneArgs,

    /// Numbers of threads to compare: 1,2,4,8 or 1..8
    ///
    /// [default: powers of two up to the usable CPUs, and those]
    #[arg(
        short,
        long,
        value_name = "LIST",
        default_value = "auto",
        hide_default_value = true,
        allow_hyphen_values = true,
        help_heading = "Compare",
        value_parser = Worded(thread_counts)
    )]
    threads: ThreadCounts,
    /// Ways to share the rows among the threads
    #[arg(
        long,
        value_enum,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "dynamic",
        help_heading = "Compare"
    )]
    schedule: Vec<ScheduleArg>,
    /// Rows handed to a thread at a time, or 'auto'
    ///
    /// By the dynamic schedule: numbers, or 'auto'.
    #[arg(
        long,
        value_name = "LIST",
        default_value = "auto",
        allow_hyphen_values = true,
        help_heading = "Compare",
        value_parser = Worded(chunks)
    )]
    rows_per_chunk: Chunks,
    /// Kernel; every one gives the same numbers
    #[arg(long, value_name = "KERNEL", default_value = "auto", help_heading = "Compare", value_parser = Named(value::kernel, value::kernel_names))]
    kernel: &'static str,

    /// Timed runs of each variant, 1..1000, or 'auto'
    ///
    /// 'auto' makes at least 5 runs, and goes on until the mean of every variant is known to 1 %, for 30 runs or 30 seconds at most.
    #[arg(long, value_name = "N", default_value = "auto", allow_hyphen_values = true, help_heading = "Measure", value_parser = Worded(runs))]
    runs: Auto<u32>,
    /// Runs of each variant before those, not timed, 0..100
    #[arg(long, value_name = "N", default_value = "1", allow_hyphen_values = true, help_heading = "Measure", value_parser = Worded(|text| whole("--warmup", text, 0, 100, "")))]
    warmup: u32,
    /// When to show progress
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", help_heading = "Measure")]
    progress: Progress,

    /// All that was measured, as one JSON object
    ///
    /// - for standard output, here and below.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    json: Option<PathBuf>,
    /// One line for each variant, for a spreadsheet
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    csv: Option<PathBuf>,
    /// The table, as Markdown
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    markdown: Option<PathBuf>,
    /// A chart of the speed-up by number of threads
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    svg: Option<PathBuf>,
    /// Replace files that are already there
    #[arg(short, long, help_heading = "Output")]
    force: bool,
    #[command(flatten)]
    durability: Durability,
}

/// Without the chunk size that goes with it.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum ScheduleArg {
    /// Small chunks to whichever thread is free, as in a render
    Dynamic,
    /// One contiguous band of rows for each thread
    Static,
}

/// The files that a comparison can be written to.
#[derive(Clone, Copy)]
enum Export {
    Json,
    Csv,
    Markdown,
    Svg,
}

impl Export {
    /// The option that names the file.
    fn flag(self) -> &'static str {
        match self {
            Self::Json => "--json",
            Self::Csv => "--csv",
            Self::Markdown => "--markdown",
            Self::Svg => "--svg",
        }
    }
}

impl fmt::Display for Export {
    /// The usual suffix.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Markdown => "md",
            Self::Svg => "svg",
        })
    }
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let requests = args.exports()?;
    let Resolved { scene, reference, .. } = args.scene.resolve(Some(Values::Counts), args.progress, 1)?;
    let threads = args.threads.0.clone();
    let most = threads.iter().copied().max().unwrap_or(1);
    let schedules = args.schedules(&scene, most)?;
    let (runs, warmup) = (args.runs.0, args.warmup);
    let plan = Plan::new(scene.samples(), scene.bailout(), value::level(args.kernel)?);

    let unfinished = Unfinished::watch(args.durability);
    // Before the kernel, which keeps the coordinates of all columns and rows.
    let needed = memory_of(&scene);
    memory::check(needed, most, "this comparison", "use a smaller size")?;
    let mut outputs = args.open(&requests, &unfinished)?;
    let kernel = kernel(&plan, reference, needed, args.progress)?;
    let mut bench = Bench::new(&scene, kernel.as_ref());
    let variants = Variants { threads, schedules, warmup, runs };
    let (measurements, skipped) = variants.measure(&mut bench, samples(&scene), args.progress)?;
    if measurements.is_empty() {
        return Err(Failure::Limit("the system refused to start that many threads; ask for fewer".into()));
    }
    let report = Report {
        scene: &scene,
        kernel: plan.to_string(),
        usable: num_cpus::get(),
        warmup,
        iterations: bench.effective_iterations(),
        fingerprint: bench.fingerprint(),
        measurements,
        skipped,
    };
    if outputs.iter().any(Output::is_stdout) {
        say(report.table(false).trim_end());
    } else {
        print(&report.table(stdout().is_terminal()))?;
    }
    for note in report.notes() {
        say(format_args!("note: {note}"));
    }
    for output in &mut outputs {
        let text = match output.format {
            Export::Json => report.json(),
            Export::Csv => report.csv(),
            Export::Markdown => report.markdown(),
            Export::Svg => chart::svg(&report),
        };
        output.write_all(text.as_bytes()).map_err(output.failure())?;
    }
    finish_all(outputs).map_err(in_the_way)?;
    Ok(())
}

fn samples(scene: &Scene) -> u64 {
    u64::from(scene.samples().width()) * u64::from(scene.samples().height())
}

/// Bytes that a comparison takes beside the program and a reference orbit: the field, and the coordinates of its columns
/// and rows.
fn memory_of(scene: &Scene) -> u64 {
    let coordinates = u64::from(scene.samples().width()) + u64::from(scene.samples().height());
    samples(scene).saturating_mul(size_of::<Escape>() as u64).saturating_add(8 * coordinates)
}

/// Makes the kernel, and shows how far its reference orbit is. `needed` bytes are left to others.
fn kernel(
    plan: &Plan,
    reference: Option<Arc<ReferenceOrbit>>,
    needed: u64,
    progress: Progress,
) -> Result<Box<dyn Kernel>, Failure> {
    let steps = Arc::new(AtomicU64::new(0));
    let progress = if plan.is_deep() { progress } else { Progress::Never };
    let _meter = Meter::start(progress, Stage::Reference, steps.clone());
    Ok(plan.kernel_within(reference, memory::max_steps(needed), &steps)?)
}

/// What is compared, and how often.
struct Variants {
    threads: Vec<usize>,
    schedules: Vec<Schedule>,
    warmup: u32,
    /// Nothing for as many as the spread asks for.
    runs: Option<u32>,
}

/// The fewest and the most runs where the spread decides.
const LEAST_RUNS: u32 = 5;
const MOST_RUNS: u32 = 30;
/// No further round begins after so many seconds of them.
const MOST_SECONDS: f64 = 30.0;
/// The standard error of a mean, as a share of it, that is small enough.
const PRECISE: f64 = 0.01;

impl Variants {
    /// Measures all variants. Returns also the numbers of threads that the system refused.
    fn measure(
        &self,
        bench: &mut Bench,
        samples: u64,
        progress: Progress,
    ) -> Result<(Vec<Measurement>, Vec<usize>), Failure> {
        let most = self.runs.unwrap_or(MOST_RUNS);
        let kinds = self
            .schedules
            .iter()
            .flat_map(|&schedule| self.threads.iter().map(move |&threads| Variant { threads, schedule }));
        let mut variants: Vec<(Variant, Vec<f64>)> = kinds.map(|variant| (variant, Vec::new())).collect();
        // The field and the reference are there, so that nothing large is still needed, and one thread is tried in any
        // case. Threads of one pool leave their stacks and heaps to those of the next.
        let room = memory::threads(0).max(1);
        let runs = u64::from(self.warmup + most) * variants.len() as u64;
        let meter = Meter::start(progress, Stage::Pixels("runs", samples * runs), Arc::default());
        let mut skipped = Vec::new();
        let start = Instant::now();
        for round in 0..self.warmup + most {
            // One run of each, so that what slows the machine down for a while slows down all of them.
            let mut refused = Vec::new();
            for (variant, seconds) in &mut variants {
                let pool = (variant.threads <= room).then(|| bench::pool(variant.threads).ok()).flatten();
                let Some(pool) = pool else {
                    refused.push(variant.threads);
                    continue;
                };
                let time = bench.run(&pool, variant.schedule)?;
                meter.add(samples);
                if round >= self.warmup {
                    seconds.push(time);
                }
            }
            // Where there is no room for so many threads once, they are left out for good.
            variants.retain(|(variant, _)| !refused.contains(&variant.threads));
            skipped.extend(refused);
            let rounds = (round + 1).saturating_sub(self.warmup);
            let enough = || variants.iter().all(|(_, seconds)| is_precise(seconds));
            let late = || start.elapsed().as_secs_f64() > MOST_SECONDS;
            if self.runs.is_none() && rounds >= LEAST_RUNS && (enough() || late()) {
                break;
            }
        }
        skipped.sort_unstable();
        skipped.dedup();
        let timed = variants.into_iter().filter(|(_, seconds)| !seconds.is_empty());
        let measurements = timed.map(|(variant, seconds)| {
            let statistics = Statistics::of(&seconds);
            Measurement { variant, seconds, statistics }
        });
        Ok((measurements.collect(), skipped))
    }
}

/// Whether more runs would hardly move the mean.
fn is_precise(seconds: &[f64]) -> bool {
    let Statistics { mean, deviation, .. } = Statistics::of(seconds);
    deviation.is_some_and(|deviation| deviation / (seconds.len() as f64).sqrt() <= PRECISE * mean)
}

impl Args {
    fn exports(&self) -> Result<Vec<Request<Export>>, Failure> {
        let options = [
            (&self.json, Export::Json),
            (&self.csv, Export::Csv),
            (&self.markdown, Export::Markdown),
            (&self.svg, Export::Svg),
        ];
        let mut named: Vec<(&str, &PathBuf)> = Vec::new();
        let mut requests = Vec::new();
        for (path, format) in options {
            let (Some(path), flag) = (path, format.flag()) else { continue };
            check_name(flag, path, &format!("bench.{format}"))?;
            if let Some((other, _)) = named.iter().find(|(_, other)| plain(other) == plain(path)) {
                let place = if is_stdout(path) { "standard output" } else { "the same file" };
                return Err(usage(format!("{other} and {flag} both write to {place}; keep one")));
            }
            named.push((flag, path));
            requests.push(Request { path: Some(path.clone()), format, poster: false });
        }
        Ok(requests)
    }

    /// Opens all exports.
    fn open(
        &self,
        requests: &[Request<Export>],
        unfinished: &Unfinished,
    ) -> Result<Vec<Output<Export>>, Failure> {
        /// A kilobyte for the file system; what is written is text of a few lines.
        const SIZE: u64 = 1 << 10;
        let existing = if self.force { Existing::Replace } else { Existing::Refuse };
        let mut outputs = Vec::new();
        for request in requests {
            outputs.extend(Output::open(request, existing, SIZE, unfinished).map_err(in_the_way)?);
        }
        Output::check_apart(&outputs, |output| output.format.flag().into())?;
        Ok(outputs)
    }

    /// The schedules, with each chunk size for the dynamic one. An automatic size is that for the most threads, so
    /// that all variants have the same chunks.
    fn schedules(&self, scene: &Scene, most: usize) -> Result<Vec<Schedule>, Failure> {
        let mut schedules = Vec::new();
        for rows in &self.rows_per_chunk.0 {
            let rows = rows.0.unwrap_or_else(|| default_rows_per_band(scene, most));
            let rows_per_band = rows.min(scene.viewport().height());
            schedules.push(Schedule::Dynamic { rows_per_band });
        }
        if !self.schedule.contains(&ScheduleArg::Dynamic) {
            if !matches!(self.rows_per_chunk.0[..], [Auto(None)]) {
                return Err(usage(
                    "--rows-per-chunk is for the dynamic schedule; add --schedule dynamic,static",
                ));
            }
            schedules.clear();
        }
        if self.schedule.contains(&ScheduleArg::Static) {
            schedules.push(Schedule::Static);
        }
        // Not sorted: chunk sizes are shown in the order that was asked for.
        let mut known = Vec::new();
        schedules.retain(|schedule| {
            let new = !known.contains(schedule);
            known.push(*schedule);
            new
        });
        Ok(schedules)
    }
}

/// Timed runs of each variant.
fn runs(text: &str) -> Result<Auto<u32>, Failure> {
    value::auto(text, |text| whole("--runs", text, 1, 1000, " or 'auto'"))
}

/// Rows of pixels in a chunk, at least one number.
#[derive(Clone)]
struct Chunks(Vec<Auto<u32>>);

fn chunks(text: &str) -> Result<Chunks, Failure> {
    let items = items("--rows-per-chunk", text, "auto or 1,8,64")?;
    items.into_iter().map(value::rows_per_chunk).collect::<Result<_, _>>().map(Chunks)
}

/// Numbers of threads, in ascending order and each of them once.
#[derive(Clone)]
struct ThreadCounts(Vec<usize>);

/// Reads `1,2,4`, `1..8`, `1,4..6` or `auto`.
fn thread_counts(text: &str) -> Result<ThreadCounts, Failure> {
    let flag = "--threads";
    let mut counts = Vec::new();
    if text == "auto" {
        let usable = num_cpus::get();
        counts.extend((0..).map(|power| 1 << power).take_while(|&count| count < usable));
        counts.push(usable);
        return Ok(ThreadCounts(counts));
    }
    let most = u32::try_from(threads::most()).unwrap_or(u32::MAX);
    let number = |text: &str| whole(flag, text, 1, most, "");
    for item in items(flag, text, "1,2,4,8 or 1..8")? {
        let Some((first, last)) = item.split_once("..") else {
            counts.push(number(item)? as usize);
            continue;
        };
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(usage(format!("{flag}: the range {first}..{last} is reversed; try {last}..{first}")));
        }
        counts.extend((first..=last).map(|count| count as usize));
    }
    counts.sort_unstable();
    counts.dedup();
    Ok(ThreadCounts(counts))
}

/// The items of a list with commas, none of them empty.
fn items<'a>(flag: &str, text: &'a str, example: &str) -> Result<Vec<&'a str>, Failure> {
    let items: Vec<&str> = text.split(',').map(str::trim).collect();
    if items.contains(&"") {
        let problem = if items.len() == 1 { "needs a list" } else { "has an empty place in its list" };
        return Err(usage(format!("{flag} {problem}, as in {example} (got '{}')", brief(text))));
    }
    Ok(items)
}

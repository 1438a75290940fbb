//! `mandel bench`: the same field again and again, by different numbers of threads, schedules and chunk sizes.

mod chart;
mod report;

use std::fmt;
use std::io::{IsTerminal, Write, stdout};
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use mandel::bench::{self, Bench, Statistics, Variant};
use mandel::render::{self, Schedule};

use mandel::{Error, Escape, KernelChoice, Scene, plan};

use self::report::{Measurement, Report};
use super::files::{Existing, Output, Request, check_name, in_the_way, is_stdout, plain};
use super::interrupt::Unfinished;
use super::progress::{Meter, Progress, Stage};
use super::scene::{SceneArgs, brief, whole};
use super::{Failure, memory, print, say, threads, usage};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    scene: SceneArgs,

    /// Numbers of threads to compare: 1,2,4,8 or 1..8 [default: powers of two up to the usable CPUs, and those]
    #[arg(
        short,
        long,
        value_name = "LIST",
        default_value = "auto",
        hide_default_value = true,
        allow_hyphen_values = true,
        help_heading = "Compare"
    )]
    threads: String,
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
    /// Rows of pixels handed to a thread at a time by the dynamic schedule: numbers, or 'auto'
    #[arg(
        long,
        value_name = "LIST",
        default_value = "auto",
        allow_hyphen_values = true,
        help_heading = "Compare"
    )]
    rows_per_chunk: String,
    /// Kernel to iterate with; every one gives the same numbers
    #[arg(long, value_name = "KERNEL", default_value = "auto", help_heading = "Compare")]
    kernel: String,

    /// Timed runs of each variant, 1..1000
    #[arg(long, value_name = "N", default_value = "5", allow_hyphen_values = true, help_heading = "Measure")]
    runs: String,
    /// Runs of each variant before those, not timed, 0..100
    #[arg(long, value_name = "N", default_value = "1", allow_hyphen_values = true, help_heading = "Measure")]
    warmup: String,
    /// When to show progress
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", help_heading = "Measure")]
    progress: Progress,

    /// Everything that was measured, as one JSON object; - for standard output, here and below
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
    let scene = args.scene.scene(true, args.progress)?;
    let threads = thread_counts(&args.threads)?;
    let most = threads.iter().copied().max().unwrap_or(1);
    let schedules = args.schedules(&scene, most)?;
    let runs = whole("--runs", &args.runs, 1, 1000, "")?;
    let warmup = whole("--warmup", &args.warmup, 0, 100, "")?;
    let choice: KernelChoice = args.kernel.parse().map_err(|error| usage(format!("--kernel: {error}")))?;
    // Before the kernel, which keeps the coordinates of a row.
    let samples = u64::from(scene.samples().width()) * u64::from(scene.samples().height());
    memory::check(
        samples.saturating_mul(size_of::<Escape>() as u64),
        "this comparison",
        "use a smaller size",
    )?;
    let plan = plan(scene.samples(), scene.bailout(), choice);
    let kernel = plan.kernel()?;

    let unfinished = Unfinished::watch();
    let existing = if args.force { Existing::Replace } else { Existing::Refuse };
    let mut outputs = Vec::new();
    for request in &requests {
        /// A kilobyte for the file system; what is written is text of a few lines.
        const SIZE: u64 = 1 << 10;
        outputs.extend(Output::open(request, existing, SIZE, &unfinished).map_err(in_the_way)?);
    }

    let mut bench = Bench::new(&scene, kernel.as_ref());
    let mut measurements = Vec::new();
    let mut skipped = Vec::new();
    let variants = threads.len() * schedules.len();
    let stage = Stage::Pixels(samples * u64::from(warmup + runs) * variants as u64);
    let meter = Meter::start(args.progress, stage, Arc::default());
    for &schedule in &schedules {
        for &threads in &threads {
            let Ok(pool) = bench::pool(threads) else {
                skipped.push(threads);
                continue;
            };
            let mut seconds = Vec::new();
            for run in 0..warmup + runs {
                let time = bench.run(&pool, schedule)?;
                meter.add(samples);
                if run >= warmup {
                    seconds.push(time);
                }
            }
            let statistics = Statistics::of(&seconds);
            measurements.push(Measurement { variant: Variant { threads, schedule }, seconds, statistics });
        }
    }
    drop(meter);
    skipped.sort_unstable();
    skipped.dedup();
    if measurements.is_empty() {
        return Err(
            Error::Limit("the system refused to start that many threads; ask for fewer".into()).into()
        );
    }

    let report = Report {
        scene: &scene,
        kernel: &plan.name,
        usable: num_cpus::get(),
        warmup,
        runs,
        iterations: bench.effective_iterations(),
        fingerprint: bench.fingerprint(),
        measurements,
        skipped,
    };
    if requests.iter().any(|request| request.path.as_deref().is_some_and(is_stdout)) {
        say(report.table(false).trim_end());
    } else {
        print(&report.table(stdout().is_terminal()))?;
    }
    for note in report.notes() {
        say(format_args!("note: {note}"));
    }
    for mut output in outputs {
        let text = match output.format {
            Export::Json => report.json(),
            Export::Csv => report.csv(),
            Export::Markdown => report.markdown(),
            Export::Svg => chart::svg(&report),
        };
        output.write_all(text.as_bytes()).map_err(output.failure())?;
        output.finish().map_err(|failure| match failure {
            Failure::Error(error) => in_the_way(error).into(),
            other => other,
        })?;
    }
    Ok(())
}

impl Args {
    fn exports(&self) -> Result<Vec<Request<Export>>, Error> {
        let options = [
            ("--json", &self.json, Export::Json),
            ("--csv", &self.csv, Export::Csv),
            ("--markdown", &self.markdown, Export::Markdown),
            ("--svg", &self.svg, Export::Svg),
        ];
        let mut named: Vec<(&str, &PathBuf)> = Vec::new();
        let mut requests = Vec::new();
        for (flag, path, format) in options {
            let Some(path) = path else { continue };
            check_name(flag, path, &format!("bench.{format}"))?;
            if let Some((other, _)) = named.iter().find(|(_, other)| plain(other) == plain(path)) {
                let place = if is_stdout(path) { "standard output" } else { "the same file" };
                return Err(usage(format!("{other} and {flag} both write to {place}; keep one")));
            }
            named.push((flag, path));
            requests.push(Request { path: Some(path.clone()), format });
        }
        Ok(requests)
    }

    /// The schedules, with each chunk size for the dynamic one. An automatic size suits the most threads, so
    /// that all variants have the same chunks.
    fn schedules(&self, scene: &Scene, most: usize) -> Result<Vec<Schedule>, Error> {
        let flag = "--rows-per-chunk";
        let mut schedules = Vec::new();
        for text in items(flag, &self.rows_per_chunk, "auto or 1,8,64")? {
            let rows = match text {
                "auto" => render::default_rows_per_band(scene, most),
                text => whole(flag, text, 1, u32::MAX, " or 'auto'")?,
            };
            let rows_per_band = rows.min(scene.viewport().height());
            schedules.push(Schedule::Dynamic { rows_per_band });
        }
        if !self.schedule.contains(&ScheduleArg::Dynamic) {
            if self.rows_per_chunk != "auto" {
                return Err(usage(format!(
                    "{flag} is for the dynamic schedule; add --schedule dynamic,static"
                )));
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

/// Numbers of threads, in ascending order and each of them once: `1,2,4`, `1..8`, `1,4..6` or `auto`.
fn thread_counts(text: &str) -> Result<Vec<usize>, Error> {
    let flag = "--threads";
    let mut counts = Vec::new();
    if text == "auto" {
        let usable = num_cpus::get();
        counts.extend((0..).map(|power| 1 << power).take_while(|&count| count < usable));
        counts.push(usable);
        return Ok(counts);
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
    Ok(counts)
}

/// The items of a list with commas, none of them empty.
fn items<'a>(flag: &str, text: &'a str, example: &str) -> Result<Vec<&'a str>, Error> {
    let items: Vec<&str> = text.split(',').map(str::trim).collect();
    if items.contains(&"") {
        let problem = if items.len() == 1 { "needs a list" } else { "has an empty place in its list" };
        return Err(usage(format!("{flag} {problem}, as in {example} (got '{}')", brief(text))));
    }
    Ok(items)
}

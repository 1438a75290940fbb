//! `mandel render`: one scene, computed once, written to any number of files.

use std::io::{IsTerminal, stdout};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use clap::ValueEnum;
use mandel::encode::{Band, Compression, Format, Sink};
use mandel::render::{self, Making, Render, RenderError, Target, Watch};
use mandel::{Error, Plan, ReferenceOrbit, Scene};
use serde_json::json;

use crate::cli::command::command;
use crate::cli::edges::Edges;
use crate::cli::failure::{Failure, print, usage};
use crate::cli::files::{Existing, Output, Request, finish_all, requests};
use crate::cli::interrupt::Unfinished;
use crate::cli::memory;
use crate::cli::progress::{Meter, Progress, Stage};
use crate::cli::scene::{Resolved, SceneArgs};
use crate::cli::scene_file::KEYWORD;
use crate::cli::scene_json::scene_json;
use crate::cli::terminal::{say, shown};
use crate::cli::threads;
use crate::cli::value::{self, Auto, Worded};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    scene: SceneArgs,

    /// File to write, or - for standard output; may be repeated [default: mandel.png, mandel-2.png, ...]
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Vec<PathBuf>,
    /// Format where the file name has no suffix, as with -: png, npy [default: png]
    #[arg(long, value_name = "FORMAT", help_heading = "Output", value_parser = Worded(format))]
    format: Option<Format>,
    /// How hard to try to make a PNG small; the picture is the same
    #[arg(long, value_enum, default_value = "fast", help_heading = "Output")]
    compression: CompressionArg,
    /// Leave the scene, the program's name and the command out of the picture
    #[arg(long, help_heading = "Output")]
    no_metadata: bool,
    /// Replace files that are already there
    #[arg(short, long, conflicts_with = "no_clobber", help_heading = "Output")]
    force: bool,
    /// Leave files that are already there as they are, and do nothing for them
    #[arg(long, help_heading = "Output")]
    no_clobber: bool,

    /// Worker threads, or 'auto' [default: MANDEL_THREADS, RAYON_NUM_THREADS, or the usable CPUs]
    #[arg(short, long, value_name = "N", allow_hyphen_values = true, help_heading = "Run", value_parser = Worded(threads::option))]
    threads: Option<usize>,
    /// Rows of pixels handed to a thread at a time, or 'auto'
    #[arg(long, value_name = "N", default_value = "auto", allow_hyphen_values = true, help_heading = "Run", value_parser = Worded(value::rows_per_chunk))]
    rows_per_chunk: Auto<u32>,
    /// Kernel: auto, scalar, portable or avx2; every one gives the same numbers
    #[arg(long, value_name = "KERNEL", default_value = "auto", help_heading = "Run", value_parser = Worded(value::kernel))]
    kernel: &'static str,
    /// Print the scene as a text that --scene reads, with the max-iter that 'auto' finds, and do nothing
    #[arg(long, help_heading = "Run")]
    dry_run: bool,
    /// When to show progress
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", help_heading = "Run")]
    progress: Progress,
    /// Say nothing but errors
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Run")]
    quiet: bool,
    /// Say more: the scene, and how it is computed
    #[arg(short, long, help_heading = "Run")]
    verbose: bool,
    /// Print a summary as one JSON object on standard output
    #[arg(long, help_heading = "Run")]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum CompressionArg {
    /// Quickly
    Fast,
    /// Often a tenth smaller, five times the work
    Balanced,
    /// As small as it gets, slowly
    Best,
}

impl From<CompressionArg> for Compression {
    fn from(argument: CompressionArg) -> Self {
        match argument {
            CompressionArg::Fast => Self::Fast,
            CompressionArg::Balanced => Self::Balanced,
            CompressionArg::Best => Self::Best,
        }
    }
}

fn format(text: &str) -> Result<Format, Failure> {
    text.parse().map_err(|error| value::named("--format", &error))
}

/// What is to be done, fully resolved.
struct Job<'a> {
    args: &'a Args,
    requests: Vec<Request>,
    sinks: Vec<Box<dyn Sink>>,
    resolved: Resolved,
    plan: Plan,
    threads: usize,
    rows_per_chunk: u32,
    /// Bytes that the render takes beside the reference orbit.
    needed: u64,
    unfinished: Unfinished,
    start: Instant,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut job = Job::new(args)?;
    if args.dry_run {
        return job.tell();
    }
    if args.verbose {
        say(job.resolved.scene.to_text().trim_end());
        say(job.how());
    }
    if let Some(note) = job.resolved.digits_note().filter(|_| !args.quiet) {
        say(note);
    }
    let outputs = job.open()?;
    if outputs.is_empty() {
        // All files exist already.
        return if args.json { print(&format!("{}\n", json!({ "outputs": [] }))) } else { Ok(()) };
    }
    job.render(outputs)
}

impl Args {
    fn progress(&self) -> Progress {
        if self.quiet { Progress::Never } else { self.progress }
    }
}

impl<'a> Job<'a> {
    fn new(args: &'a Args) -> Result<Self, Failure> {
        let start = Instant::now();
        let requests = requests(&args.output, args.format)?;
        let threads = threads::count(args.threads)?;
        let level = value::level(args.kernel)?;
        let numbers = |request: &Request| !request.format.takes_colors();
        let resolved = args.scene.resolve(requests.iter().all(numbers), args.progress())?;
        let scene = &resolved.scene;
        let layout = render::layout(scene);
        let sink = |request: &Request| request.format.sink(layout, args.compression.into());
        let sinks: Vec<Box<dyn Sink>> = requests.iter().map(sink).collect();
        let rows = args.rows_per_chunk.0.unwrap_or_else(|| render::default_rows_per_band(scene, threads));
        let rows_per_chunk = render::rows_per_band(scene, rows, &sinks);
        let needed = render::memory(scene, threads, rows_per_chunk, &sinks);
        let unfinished = Unfinished::watch();
        // Before the plan, whose kernel allocates the coordinates of a row.
        memory::check(needed, threads, "this render", "use a smaller size or fewer threads")?;
        let plan = Plan::new(scene.samples(), scene.bailout(), level);
        Ok(Self { args, requests, sinks, resolved, plan, threads, rows_per_chunk, needed, unfinished, start })
    }

    /// Prints the scene, and says how it would be computed.
    fn tell(&self) -> Result<(), Failure> {
        if !self.args.quiet {
            say(self.how());
        }
        let scene = &self.resolved.scene;
        print(&if self.args.json { format!("{:#}\n", scene_json(scene)) } else { scene.to_text() })
    }

    /// How the scene is computed, in a line.
    fn how(&self) -> String {
        let plural = |count: u64| if count == 1 { "" } else { "s" };
        let (threads, rows) = (self.threads, self.rows_per_chunk);
        format!(
            "kernel {}: {}; {threads} thread{}, {rows} row{} to a chunk",
            self.plan,
            self.plan.reason(),
            plural(threads as u64),
            plural(rows.into()),
        )
    }

    /// Opens all outputs that are to be written, and drops the sinks of the others.
    fn open(&mut self) -> Result<Vec<Output>, Failure> {
        let args = self.args;
        let existing = match (args.force, args.no_clobber) {
            (true, _) => Existing::Replace,
            (_, true) => Existing::Keep,
            _ => Existing::Refuse,
        };
        let (mut outputs, mut sinks) = (Vec::new(), Vec::new());
        for (request, sink) in self.requests.iter().zip(self.sinks.drain(..)) {
            if request.is_stdout() && stdout().is_terminal() {
                return Err(usage("a picture is not written to a terminal; use -o FILE or a pipe"));
            }
            match Output::open(request, existing, sink.least_size(), &self.unfinished)? {
                Some(output) if args.json && output.is_stdout() => {
                    return Err(usage("--json and --output both write to standard output; keep one"));
                }
                Some(output) => {
                    outputs.push(output);
                    sinks.push(sink);
                }
                None if args.quiet => {}
                None => say(format_args!(
                    "{} is already there; left as it is",
                    request.path.as_deref().map(shown).unwrap_or_default()
                )),
            }
        }
        self.sinks = sinks;
        Output::check_apart(&outputs, |output| format!("--output {}", shown(output.path())))?;
        Ok(outputs)
    }

    /// Renders into the outputs and reports the result.
    fn render(mut self, mut outputs: Vec<Output>) -> Result<(), Failure> {
        let args = self.args;
        let pool = threads::pool(self.threads, self.needed, args.quiet)?;
        self.threads = pool.current_num_threads();
        let known = self.resolved.reference.take();
        let (scene, edges) = pool.install(|| self.write(known, &mut outputs))?;
        let names = finish_all(outputs)?;
        let seconds = self.start.elapsed().as_secs_f64();
        if !args.quiet {
            say(self.summary(&names, seconds));
            edges.notes(&scene).into_iter().for_each(say);
        }
        if args.json {
            let summary = json!({
                "scene": scene_json(&scene),
                "kernel": self.plan.to_string(),
                "kernel_reason": self.plan.reason().to_string(),
                "threads": self.threads,
                "rows_per_chunk": self.rows_per_chunk,
                "outputs": names,
                "seconds": seconds,
            });
            print(&format!("{summary}\n"))?;
        }
        Ok(())
    }

    /// Renders on the current pool into the outputs. Returns the scene with the origin of its coloring.
    fn write(
        &self,
        known: Option<Arc<ReferenceOrbit>>,
        outputs: &mut [Output],
    ) -> Result<(Scene, Edges), Failure> {
        let progress = self.args.progress();
        let colors = self.sinks.iter().any(|sink| sink.needs().colors);
        let render = {
            let steps = Arc::default();
            let shown = if self.plan.is_deep() { progress } else { Progress::Never };
            let _meter = Meter::start(shown, Stage::Reference, Arc::clone(&steps));
            let making = Making {
                plan: &self.plan,
                known,
                max_steps: memory::max_steps(self.needed),
                steps: &steps,
                colors,
            };
            Render::new(&self.resolved.scene, making)?
        };
        let scene = render.scene().clone();
        let text = scene.to_text();
        // Options cannot name an origin, so they give this picture only where it has that of its own view.
        let given = self.resolved.scene.coloring().origin;
        let own = |_: &String| given.is_none() || given == render.origin_of_view();
        let again = command(&scene).filter(own).unwrap_or_else(|| "mandel render --scene THIS_FILE".into());
        let software = concat!("mandel ", env!("CARGO_PKG_VERSION"));
        let texts = [("Software", software), ("Description", &again), (KEYWORD, &text)];
        let texts = if self.args.no_metadata { &[][..] } else { &texts };
        let (width, height) = (scene.viewport().width(), scene.viewport().height());
        let meter =
            Meter::start(progress, Stage::Pixels(u64::from(width) * u64::from(height)), Arc::default());
        let edges = Mutex::new(Edges::default());
        let band = |band: &Band| {
            let of_band = Edges::of(band.escapes, scene.samples().width());
            edges.lock().unwrap_or_else(PoisonError::into_inner).add(of_band);
            meter.add(band.rows.len() as u64 * u64::from(width));
        };
        let failures: Vec<_> = outputs.iter().map(Output::failure).collect();
        let pairs = self.sinks.iter().zip(outputs);
        let mut targets: Vec<Target> =
            pairs.map(|(sink, output)| Target { sink: sink.as_ref(), to: output, texts }).collect();
        let watch = Watch { band: &band, cancel: &AtomicBool::new(false) };
        render.run(&mut targets, self.rows_per_chunk, watch).map_err(|error| match error {
            RenderError::Write(index, error) => failures[index](error),
            RenderError::Cancelled => Error::Internal("a render ended that nobody cancelled".into()).into(),
        })?;
        Ok((scene, edges.into_inner().unwrap_or_else(PoisonError::into_inner)))
    }

    fn summary(&self, names: &[String], seconds: f64) -> String {
        let scene = &self.resolved.scene;
        let (width, height) = (scene.viewport().width(), scene.viewport().height());
        let k = scene.supersample();
        let samples = if k > 1 { format!(", {k}x{k} samples") } else { String::new() };
        format!(
            "{}: {width}x{height}{samples}, max_iter {}, {}, {} thread{}, {seconds:.3} s, {:.1} Mpixel/s",
            names.join(", "),
            scene.bailout().max_iter(),
            self.plan,
            self.threads,
            if self.threads == 1 { "" } else { "s" },
            f64::from(width) * f64::from(height) / seconds / 1e6,
        )
    }
}

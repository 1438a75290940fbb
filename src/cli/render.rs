//! `mandel render`: one scene, computed once, written to any number of files.

use std::io::{IsTerminal, stdout};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use clap::ValueEnum;
use mandel::encode::{Band, Compression, Format, Options, Sink, Values};
use mandel::render::{self, Making, Render, RenderError, Target, Watch};
use mandel::{Error, Plan, Scene};
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
    /// What an NPY holds [default: counts]
    #[arg(long, value_enum, help_heading = "Output")]
    values: Option<ValuesArg>,
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

#[derive(Clone, Copy, ValueEnum)]
enum ValuesArg {
    /// Escape counts as uint32, max-iter where nothing escaped
    Counts,
    /// Smooth iteration counts as float64, NaN where nothing escaped
    Smooth,
}

impl From<ValuesArg> for Values {
    fn from(argument: ValuesArg) -> Self {
        match argument {
            ValuesArg::Counts => Self::Counts,
            ValuesArg::Smooth => Self::Smooth,
        }
    }
}

fn format(text: &str) -> Result<Format, Failure> {
    text.parse().map_err(|error| value::named("--format", &error))
}

/// What a job may take of the machine.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    pub(crate) threads: usize,
    /// Jobs that run at once, each with as many threads.
    pub(crate) jobs: u64,
}

/// What is to be done, fully resolved.
pub(crate) struct Job<'a> {
    args: &'a Args,
    requests: Vec<Request>,
    sinks: Vec<Box<dyn Sink>>,
    resolved: Resolved,
    plan: Plan,
    share: Share,
    rows_per_chunk: u32,
    /// Bytes that the render takes beside the reference orbit.
    needed: u64,
}

/// What has been written.
pub(crate) struct Written {
    /// The files.
    pub(crate) names: Vec<String>,
    pub(crate) edges: Edges,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let start = Instant::now();
    let unfinished = Unfinished::watch();
    let share = Share { threads: threads::count(args.threads)?, jobs: 1 };
    let mut job = Job::new(args, share, args.progress())?;
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
    let outputs = job.open(args.existing(), &unfinished)?;
    if outputs.is_empty() {
        // All files exist already.
        return if args.json { print(&format!("{}\n", json!({ "outputs": [] }))) } else { Ok(()) };
    }
    job.render(outputs, start)
}

/// Whether only counts are wanted, no picture.
fn numbers(requests: &[Request]) -> bool {
    requests.iter().all(|request| !request.format.takes_colors())
}

/// Pixels of the picture.
pub(crate) fn pixels(scene: &Scene) -> u64 {
    u64::from(scene.viewport().width()) * u64::from(scene.viewport().height())
}

/// How large a render will be.
pub(crate) struct Outline {
    pub(crate) pixels: u64,
    pub(crate) samples: u64,
    /// Bytes that it takes with one thread.
    pub(crate) bytes: u64,
}

impl Args {
    /// Checks all that can be checked before anything takes time.
    pub(crate) fn outline(&self) -> Result<Outline, Failure> {
        let requests = requests(&self.output, self.format)?;
        let (_, scene) = self.scene.checked(self.numbers_alone(&requests))?;
        let (_, _, bytes) = self.bands(&requests, &scene, 1);
        let k = u64::from(scene.supersample());
        let pixels = pixels(&scene);
        Ok(Outline { pixels, samples: pixels.saturating_mul(k * k), bytes })
    }

    /// Sinks, rows of a band, and the bytes that the render takes beside the reference orbit.
    fn bands(&self, requests: &[Request], scene: &Scene, threads: usize) -> (Vec<Box<dyn Sink>>, u32, u64) {
        let layout = render::layout(scene);
        let values = self.values.map_or(Values::Counts, Values::from);
        let options = Options { compression: self.compression.into(), values };
        let sink = |request: &Request| request.format.sink(layout, options);
        let sinks: Vec<Box<dyn Sink>> = requests.iter().map(sink).collect();
        let rows = self.rows_per_chunk.0.unwrap_or_else(|| render::default_rows_per_band(scene, threads));
        let rows = render::rows_per_band(scene, rows, &sinks);
        let needed = render::memory(scene, threads, rows, &sinks);
        (sinks, rows, needed)
    }

    fn progress(&self) -> Progress {
        if self.quiet { Progress::Never } else { self.progress }
    }

    fn existing(&self) -> Existing {
        match (self.force, self.no_clobber) {
            (true, _) => Existing::Replace,
            (_, true) => Existing::Keep,
            _ => Existing::Refuse,
        }
    }

    /// The numbers that are wanted, where no picture is.
    fn numbers_alone(&self, requests: &[Request]) -> Option<Values> {
        numbers(requests).then(|| self.values.map_or(Values::Counts, Values::from))
    }

    /// Checks that `--values` has a file to go into, and a scene to come from.
    fn check_values(&self, scene: &Scene, numbers: bool) -> Result<(), Failure> {
        match self.values {
            Some(_) if !numbers => {
                Err(usage("--values is for NPY files, and there is none to write; add -o numbers.npy"))
            }
            Some(ValuesArg::Smooth) if !scene.bailout().is_smooth() => Err(usage(
                "--values smooth needs a scene with an escape radius, and this one has none; \
                 write escape_radius = 256 into its [iterate]",
            )),
            _ => Ok(()),
        }
    }
}

impl<'a> Job<'a> {
    /// Resolves what was asked for, and checks that there is memory for it. The thread that watches for signals already
    /// runs.
    pub(crate) fn new(args: &'a Args, share: Share, progress: Progress) -> Result<Self, Failure> {
        let Share { threads, jobs } = share;
        let requests = requests(&args.output, args.format)?;
        let level = value::level(args.kernel)?;
        let resolved = args.scene.resolve(args.numbers_alone(&requests), progress, jobs)?;
        let scene = &resolved.scene;
        args.check_values(scene, requests.iter().any(|request| !request.format.takes_colors()))?;
        let (sinks, rows_per_chunk, needed) = args.bands(&requests, scene, threads);
        // Before the plan, whose kernel allocates the coordinates of a row. Where jobs run side by side, there are so many
        // as fit.
        if jobs == 1 {
            memory::check(needed, threads, "this render", "use a smaller size or fewer threads")?;
        }
        let plan = Plan::new(scene.samples(), scene.bailout(), level);
        Ok(Self { args, requests, sinks, resolved, plan, share, rows_per_chunk, needed })
    }

    /// The scene, of which nothing but the origin of its map is left to be found.
    pub(crate) fn scene(&self) -> &Scene {
        &self.resolved.scene
    }

    /// What to say where the center has too few digits.
    pub(crate) fn digits_note(&self) -> Option<String> {
        self.resolved.digits_note()
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
        let (threads, rows) = (self.share.threads, self.rows_per_chunk);
        format!(
            "kernel {}: {}; {threads} thread{}, {rows} row{} to a chunk",
            self.plan,
            self.plan.reason(),
            plural(threads as u64),
            plural(rows.into()),
        )
    }

    /// Opens all outputs that are to be written. The sinks of the others go.
    pub(crate) fn open(
        &mut self,
        existing: Existing,
        unfinished: &Unfinished,
    ) -> Result<Vec<Output>, Failure> {
        let args = self.args;
        let (mut outputs, mut sinks) = (Vec::new(), Vec::new());
        for (request, sink) in self.requests.iter().zip(self.sinks.drain(..)) {
            if request.is_stdout() && stdout().is_terminal() {
                return Err(usage("a picture is not written to a terminal; use -o FILE or a pipe"));
            }
            match Output::open(request, existing, sink.least_size(), unfinished)? {
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

    /// Renders into the outputs, and says what has happened.
    fn render(mut self, outputs: Vec<Output>, start: Instant) -> Result<(), Failure> {
        let args = self.args;
        let pool = threads::pool(self.share.threads, self.needed, args.quiet)?;
        self.share.threads = pool.current_num_threads();
        let (scene, Written { names, edges }) = pool.install(|| {
            let render = self.prepare(args.progress())?;
            let pixels = Stage::Pixels(pixels(render.scene()));
            let meter = Meter::start(args.progress(), pixels, Arc::default());
            Ok::<_, Failure>((render.scene().clone(), self.write(&render, outputs, &meter)?))
        })?;
        let seconds = start.elapsed().as_secs_f64();
        if !args.quiet {
            say(self.summary(&names, seconds));
            edges.notes(&scene).into_iter().for_each(say);
        }
        if args.json {
            let summary = json!({
                "scene": scene_json(&scene),
                "kernel": self.plan.to_string(),
                "kernel_reason": self.plan.reason().to_string(),
                "threads": self.share.threads,
                "rows_per_chunk": self.rows_per_chunk,
                "outputs": names,
                "seconds": seconds,
            });
            print(&format!("{summary}\n"))?;
        }
        Ok(())
    }

    /// Makes kernel and painter on the current pool, which leaves nothing of the scene to be found.
    pub(crate) fn prepare(&mut self, progress: Progress) -> Result<Render, Failure> {
        let (steps, deep) = (Arc::default(), self.plan.is_deep());
        let shown = if deep { progress } else { Progress::Never };
        let _meter = Meter::start(shown, Stage::Reference, Arc::clone(&steps));
        let making = Making {
            plan: &self.plan,
            known: self.resolved.reference.take(),
            max_steps: if deep { memory::max_steps(self.needed) / self.share.jobs } else { u64::MAX },
            steps: &steps,
            colors: self.sinks.iter().any(|sink| sink.needs().colors),
        };
        Ok(Render::new(&self.resolved.scene, making)?)
    }

    /// Makes the numbers and colors on the current pool and writes them; complete outputs take their places.
    pub(crate) fn write(
        &self,
        render: &Render,
        mut outputs: Vec<Output>,
        meter: &Meter,
    ) -> Result<Written, Failure> {
        let scene = render.scene();
        let text = scene.to_text();
        // Options cannot name an origin, so they give this picture only where it has that of its own view.
        let given = self.resolved.scene.coloring().origin;
        let own = |_: &String| given.is_none() || given == render.origin_of_view();
        let again = command(scene).filter(own).unwrap_or_else(|| "mandel render --scene THIS_FILE".into());
        let software = concat!("mandel ", env!("CARGO_PKG_VERSION"));
        let texts = [("Software", software), ("Description", &again), (KEYWORD, &text)];
        let texts = if self.args.no_metadata { &[][..] } else { &texts };
        let width = u64::from(scene.viewport().width());
        let edges = Mutex::new(Edges::default());
        let band = |band: &Band| {
            let of_band = Edges::of(band.escapes, scene.samples().width());
            edges.lock().unwrap_or_else(PoisonError::into_inner).add(of_band);
            meter.add(band.rows.len() as u64 * width);
        };
        let failures: Vec<_> = outputs.iter().map(Output::failure).collect();
        let pairs = self.sinks.iter().zip(&mut outputs);
        let mut targets: Vec<Target> =
            pairs.map(|(sink, output)| Target { sink: sink.as_ref(), to: output, texts }).collect();
        let watch = Watch { band: &band, cancel: &AtomicBool::new(false) };
        render.run(&mut targets, self.rows_per_chunk, watch).map_err(|error| match error {
            RenderError::Write(index, error) => failures[index](error),
            RenderError::Cancelled => Error::Internal("a render ended that nobody cancelled".into()).into(),
        })?;
        let names = finish_all(outputs)?;
        Ok(Written { names, edges: edges.into_inner().unwrap_or_else(PoisonError::into_inner) })
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
            self.share.threads,
            if self.share.threads == 1 { "" } else { "s" },
            f64::from(width) * f64::from(height) / seconds / 1e6,
        )
    }
}

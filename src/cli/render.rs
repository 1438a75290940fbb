//! `mandel render`: one scene, computed once, written to any number of files.

use std::io::{IsTerminal, stderr, stdout};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use mandel::encode::{Band, Format, Sink, Values};
use mandel::render::{Making, Render, RenderError, Target, Watch, layout};
use mandel::{Detail, Error, Frame, Level, Plan, Prover, ReferenceOrbit, Scene};
use serde_json::json;

use crate::cli::edges::Edges;
use crate::cli::failure::{Failure, print, usage};
use crate::cli::files::{Existing, Output, finish_all};
use crate::cli::interrupt::Unfinished;
use crate::cli::memory;
use crate::cli::metadata::{Reading, metadata, place};
use crate::cli::picture::{PictureArgs, check_format};
use crate::cli::pieces::Source;
use crate::cli::preview::Preview;
use crate::cli::progress::{Meter, Progress, Stage};
use crate::cli::request::Request;
use crate::cli::resolved::Resolved;
use crate::cli::scene::{SceneArgs, no_lattice};
use crate::cli::scene_json::scene_json;
use crate::cli::shard::{self, Folder, PieceArgs};
use crate::cli::summary::{Summary, Written};
use crate::cli::takes::Takes;
use crate::cli::terminal::{say, shown};
use crate::cli::threads;
use crate::cli::value::{self, Named};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) scene: SceneArgs,

    /// Format where the file name has no suffix [default: png]
    ///
    /// As with -: png, npy, dzi, tiff, webp, qoi, jpg, ppm, pam, npz, exr.
    #[arg(long, value_name = "FORMAT", hide_possible_values = true, help_heading = "Output", value_parser = Named(value::format, value::format_names))]
    format: Option<Format>,
    #[command(flatten)]
    picture: PictureArgs,
    /// Kernel; every one gives the same numbers
    #[arg(long, value_name = "KERNEL", default_value = "auto", help_heading = "Run", value_parser = Named(value::kernel, value::kernel_names))]
    kernel: &'static str,
    /// Print the scene as a text, and do nothing
    ///
    /// --scene reads that text. It has the max-iter that 'auto' finds.
    #[arg(long, help_heading = "Run")]
    dry_run: bool,
    #[command(flatten)]
    pieces: PieceArgs,
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
    args: &'a PictureArgs,
    requests: Vec<Request>,
    sinks: Vec<Box<dyn Sink>>,
    resolved: Resolved,
    plan: Plan,
    share: Share,
    rows_per_chunk: u32,
    /// Bytes that the render takes beside the reference orbit.
    needed: u64,
    /// Where numbers are read from a file of all of them.
    reading: Option<Reading>,
    /// The reference orbit, once it is made, if counts are to be proven.
    orbit: Option<Arc<ReferenceOrbit>>,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let start = Instant::now();
    let picture = &args.picture;
    let level = value::level(args.kernel)?;
    if let Some(order) = args.pieces.order()? {
        return shard::run(&order, picture, level);
    }
    let unfinished = Unfinished::watch(picture.durability);
    let share = Share { threads: picture.run.threads()?, jobs: 1 };
    let mut job = args.job(share, picture.run.progress())?;
    if args.dry_run {
        return job.tell();
    }
    if picture.verbose {
        say(job.resolved.scene.to_text().trim_end());
        say(job.how());
    }
    if !picture.run.quiet {
        job.notes().iter().for_each(say);
    }
    let outputs = job.open(picture.existing(), &unfinished)?;
    if outputs.is_empty() {
        // Everything was already there.
        return if picture.json { print(&format!("{}\n", json!({ "outputs": [] }))) } else { Ok(()) };
    }
    let folder = args.pieces.resume();
    let arrays = job.requests.iter().any(|request| request.format.holds_numbers());
    if job.resolved.scene.refines() && (folder.is_some() || arrays) {
        return Err(no_lattice());
    }
    let folder = folder.map(|path| Folder { path, level, picture, unfinished: unfinished.clone() });
    job.render(outputs, start, |job| match &folder {
        Some(folder) => {
            let takes = job.takes();
            folder.resume(&mut job.resolved, job.share.threads, job.needed, takes)
        }
        None => Ok(Source::Kernel(job.prepare(picture.run.progress())?)),
    })
}

/// The numbers that are wanted, where no picture is.
fn numbers(requests: &[Request], picture: &PictureArgs) -> Option<Values> {
    let field = requests.iter().any(|request| request.format.is_field());
    requests.iter().all(|request| request.format.holds_numbers()).then(|| match picture.values() {
        Values::Counts if field => Values::Smooth,
        values => values,
    })
}

/// Pixels of the picture.
pub(crate) fn pixels(scene: &Scene) -> u64 {
    u64::from(scene.viewport().width()) * u64::from(scene.viewport().height())
}

/// How many of the threads find a band to work on.
fn busy(scene: &Scene, rows_per_chunk: u32, threads: usize) -> usize {
    threads.min(scene.viewport().height().div_ceil(rows_per_chunk) as usize)
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
        let requests = self.picture.requests(self.format, &self.scene.inputs())?;
        let (_, scene, _) = self.scene.checked(numbers(&requests, &self.picture))?;
        self.picture.check(&scene, &requests)?;
        let (_, _, bytes) = self.picture.bands(&requests, &scene, 1);
        let k = u64::from(scene.supersample());
        let pixels = pixels(&scene);
        Ok(Outline { pixels, samples: pixels.saturating_mul(k * k), bytes })
    }

    /// Resolves what was asked for. The thread that watches for signals already runs.
    pub(crate) fn job(&self, share: Share, progress: Progress) -> Result<Job<'_>, Failure> {
        let requests = self.picture.requests(self.format, &self.scene.inputs())?;
        let level = value::level(self.kernel)?;
        let resolved = self.scene.resolve(numbers(&requests, &self.picture), progress, share.jobs)?;
        Job::new(&self.picture, share, requests, resolved, level)
    }
}

impl<'a> Job<'a> {
    /// Checks that there is memory for a scene. The thread that watches for signals already runs.
    pub(crate) fn new(
        args: &'a PictureArgs,
        share: Share,
        requests: Vec<Request>,
        resolved: Resolved,
        level: Option<Level>,
    ) -> Result<Self, Failure> {
        let scene = &resolved.scene;
        args.check(scene, &requests)?;
        let (sinks, rows_per_chunk, needed) = args.bands(&requests, scene, share.threads);
        // Before the kernel allocates its coordinates. A batch has already chosen how many jobs fit into memory.
        if share.jobs == 1 {
            let advice = match sinks.iter().find(|sink| sink.footprint().whole > 0) {
                Some(_) => {
                    "write .png without --compression best, the other formats keep the whole picture in memory; or use a smaller size"
                }
                None => "use a smaller size or fewer threads",
            };
            memory::check(needed, busy(scene, rows_per_chunk, share.threads), "this render", advice)?;
        }
        let plan = Plan::new(scene.samples(), scene.bailout(), level);
        Ok(Self {
            args,
            requests,
            sinks,
            resolved,
            plan,
            share,
            rows_per_chunk,
            needed,
            reading: None,
            orbit: None,
        })
    }

    /// The same with numbers from a file.
    pub(crate) fn reading(self, reading: Reading) -> Self {
        Self { reading: Some(reading), ..self }
    }

    /// The scene, of which nothing but the origin of its map is left to be found.
    pub(crate) fn scene(&self) -> &Scene {
        &self.resolved.scene
    }

    /// What to say of the scene, a line each.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.resolved.notes()
    }

    /// Prints the scene, and says how it would be computed.
    fn tell(&self) -> Result<(), Failure> {
        if !self.args.run.quiet {
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

    /// Opens all outputs that are to be written, and keeps the sinks of those alone.
    pub(crate) fn open(
        &mut self,
        existing: Existing,
        unfinished: &Unfinished,
    ) -> Result<Vec<Output>, Failure> {
        let args = self.args;
        let max_iter = self.scene().bailout().max_iter();
        let (mut outputs, mut sinks) = (Vec::new(), Vec::new());
        for (request, sink) in self.requests.iter().zip(self.sinks.drain(..)) {
            if request.is_stdout() && stdout().is_terminal() {
                return Err(usage("a picture is not written to a terminal; use -o FILE or a pipe"));
            }
            check_format(request, sink.as_ref(), max_iter)?;
            match Output::open(request, existing, sink.least_size(), unfinished)? {
                Some(output) if args.json && output.is_stdout() => {
                    return Err(usage("--json and --output both write to standard output; keep one"));
                }
                Some(output) => {
                    outputs.push(output);
                    sinks.push(sink);
                }
                None if args.run.quiet => {}
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

    /// Renders into the outputs, and prints the summary.
    pub(crate) fn render(
        mut self,
        outputs: Vec<Output>,
        start: Instant,
        source: impl FnOnce(&mut Self) -> Result<Source, Failure> + Send,
    ) -> Result<(), Failure> {
        let args = self.args;
        let memory = memory::resident().map(|resident| {
            resident + memory::whole(self.needed, busy(self.scene(), self.rows_per_chunk, self.share.threads))
        });
        let pool = threads::pool(self.share.threads, self.needed, args.run.quiet)?;
        self.share.threads = pool.current_num_threads();
        let (scene, Written { names, edges, samples_per_pixel }) = pool.install(|| {
            let source = source(&mut self)?;
            let scene = source.render().scene().clone();
            let shown = if args.preview { Progress::Never } else { args.run.progress() };
            let meter = Meter::start(shown, Stage::Pixels("picture", pixels(&scene)), Arc::default());
            let written = self.write(source.render(), outputs, &meter, source.failed());
            Ok::<_, Failure>((scene, source.failure().map_or(written, Err)?))
        })?;
        let (kernel, reason) = self.made();
        let summary = Summary {
            scene: &scene,
            kernel,
            reason,
            threads: self.share.threads,
            rows_per_chunk: self.rows_per_chunk,
            outputs: names,
            samples_per_pixel,
            seconds: start.elapsed().as_secs_f64(),
            memory,
            view: self.reading.as_ref().is_none_or(|reading| reading.view),
        };
        if !args.run.quiet {
            say(summary.line());
            summary.memory_line().filter(|_| args.verbose).into_iter().for_each(say);
            if self.reading.is_none() {
                edges.notes(&scene).into_iter().for_each(say);
            }
        }
        if args.json { print(&format!("{}\n", summary.json())) } else { Ok(()) }
    }

    /// Bytes that the render takes beside the reference orbit.
    pub(crate) fn needed(&self) -> u64 {
        self.needed
    }

    /// Whether an output holds all numbers.
    pub(crate) fn writes_field(&self) -> bool {
        self.sinks.iter().any(|sink| sink.is_field())
    }

    /// What the outputs take.
    pub(crate) fn takes(&self) -> Takes {
        let needs = || self.sinks.iter().map(|sink| sink.needs());
        let colors = self.sinks.iter().any(|sink| sink.needs().is_picture() || sink.is_field());
        let numbers = Detail { distances: needs().any(|needs| needs.distances), interiors: false };
        let coloring = self.resolved.scene.coloring().detail();
        Takes { colors, detail: if colors { numbers.and(coloring) } else { numbers } }
    }

    /// Makes kernel and painter on the current pool, which leaves nothing of the scene to be found.
    pub(crate) fn prepare(&mut self, progress: Progress) -> Result<Render, Failure> {
        let (steps, deep) = (Arc::default(), self.plan.is_deep());
        let shown = if deep { progress } else { Progress::Never };
        let _meter = Meter::start(shown, Stage::Reference, Arc::clone(&steps));
        // An exponential map has those of two octaves.
        let lattices = match self.resolved.scene.viewport().frame() {
            Frame::Exponential { .. } => 2,
            _ if self.resolved.scene.refines() => 3,
            _ => 1,
        };
        // Each lattice has blocks of its own.
        let max_steps = match deep {
            true => memory::max_steps(self.needed) / self.share.jobs / lattices,
            false => u64::MAX,
        };
        let mut known = self.resolved.reference.take();
        if self.args.certainty {
            known = self.plan.reference(known, max_steps, &steps)?;
            self.orbit.clone_from(&known);
        }
        let making =
            Making { plan: &self.plan, known, max_steps, steps: &steps, colors: self.takes().colors };
        Ok(Render::new(&self.resolved.scene, making)?)
    }

    /// Makes the numbers and colors on the current pool and writes them; complete outputs take their places.
    pub(crate) fn write(
        &self,
        render: &Render,
        mut outputs: Vec<Output>,
        meter: &Meter,
        cancel: &AtomicBool,
    ) -> Result<Written, Failure> {
        let scene = render.scene();
        let texts = match self.args.no_metadata {
            true => Vec::new(),
            false => metadata(render, self.resolved.scene.coloring().origin, self.reading.as_ref()),
        };
        let places = place(scene, &texts);
        let texts: Vec<_> = texts.iter().map(|(keyword, text)| (*keyword, text.as_str())).collect();
        let all: Vec<_> =
            texts.iter().copied().chain(places.iter().map(|(k, text)| (*k, text.as_str()))).collect();
        let texts_of = |sink: &dyn Sink| if sink.names_place() { &all[..] } else { &texts[..] };
        let width = u64::from(scene.viewport().width());
        let (edges, added) = (Mutex::new(Edges::default()), AtomicU64::new(0));
        let band = |band: &Band| {
            added.fetch_add(band.added, Ordering::Relaxed);
            let of_band = Edges::of(band.escapes, scene.samples().width());
            edges.lock().unwrap_or_else(PoisonError::into_inner).add(of_band);
            meter.add(band.rows.len() as u64 * width);
        };
        let failures: Vec<_> = outputs.iter().map(Output::failure).collect();
        for (output, fails) in outputs.iter_mut().zip(&failures) {
            let page = output.poster().map(|poster| poster.page(scene, !self.args.no_metadata));
            page.transpose().map_err(fails)?;
        }
        let pairs = self.sinks.iter().zip(&mut outputs);
        let mut targets: Vec<Target> = pairs
            .map(|(sink, output)| Target { sink: sink.as_ref(), to: output, texts: texts_of(sink.as_ref()) })
            .collect();
        let (preview, mut to) = (self.preview(scene), stderr());
        targets.extend(preview.as_ref().map(|preview| Target { sink: preview, to: &mut to, texts: &[] }));
        let prover = self.prover()?;
        let watch = Watch { band: &band, cancel, prover: prover.as_deref() };
        // Whoever cancels knows why, and reports that instead.
        let cancelled = || Failure::Error(Error::Internal("the render was cancelled".into()));
        render.run(&mut targets, self.rows_per_chunk, watch).map_err(|error| match error {
            RenderError::Write(index, error) => failures[index](error),
            RenderError::Cancelled => cancelled(),
        })?;
        // It may have been set while the last band was made.
        if cancel.load(Ordering::Relaxed) {
            return Err(cancelled());
        }
        let names = finish_all(outputs)?;
        let k = f64::from(scene.supersample());
        let samples_per_pixel = k * k + added.into_inner() as f64 / pixels(scene) as f64;
        let edges = edges.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Written { names, edges, samples_per_pixel })
    }

    /// What proves the counts, if that is wanted.
    fn prover(&self) -> Result<Option<Box<dyn Prover>>, Failure> {
        if !self.args.certainty {
            return Ok(None);
        }
        let max_steps = memory::max_steps(self.needed) / self.share.jobs;
        Ok(self.plan.prover(self.orbit.clone(), max_steps, &AtomicU64::new(0))?)
    }

    /// The preview, if it is wanted.
    fn preview(&self, scene: &Scene) -> Option<Preview> {
        // Files that are already there may leave nothing but numbers to write.
        if self.args.preview && self.takes().colors { Preview::on_stderr(layout(scene)) } else { None }
    }

    /// With which kernel the numbers are made, and why.
    fn made(&self) -> (String, String) {
        match self.reading {
            Some(_) => ("not iterated".into(), "the numbers are those of a file".into()),
            None => (self.plan.to_string(), self.plan.reason().to_string()),
        }
    }
}

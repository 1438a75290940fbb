//! `mandel render`: one scene, computed once, written as often as asked.

use std::io::{IsTerminal, Write, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::ValueEnum;
use mandel::encode::png::{Compression, PngWriter, Strip, StripEncoder, rows_per_strip};
use mandel::encode::{Format, npy};
use mandel::render::{self, Band};
use mandel::{Bailout, Error, Escape, FloatExp, Kernel, KernelChoice, Plan, Scene, plan};
use serde_json::json;

use super::files::{Existing, Output, requests};
use super::interrupt::Unfinished;
use super::progress::{Meter, Progress, Stage};
use super::scene::{SceneArgs, whole};
use super::{Failure, memory, print, say, threads, usage};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    scene: SceneArgs,

    /// File to write, or - for standard output; may be repeated [default: mandel.png, mandel-2.png, ...]
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Vec<PathBuf>,
    /// Format where the file name has no suffix, as with -: png, npy [default: png]
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    format: Option<String>,
    /// How hard to try to make a PNG small; the picture is the same
    #[arg(long, value_enum, default_value = "fast", help_heading = "Output")]
    compression: CompressionArg,
    /// Replace files that are already there
    #[arg(short, long, conflicts_with = "no_clobber", help_heading = "Output")]
    force: bool,
    /// Leave files that are already there as they are, and do nothing for them
    #[arg(long, help_heading = "Output")]
    no_clobber: bool,

    /// Worker threads, or 'auto' [default: MANDEL_THREADS, RAYON_NUM_THREADS, or the usable CPUs]
    #[arg(short, long, value_name = "N", allow_hyphen_values = true, help_heading = "Run")]
    threads: Option<String>,
    /// Rows of pixels handed to a thread at a time, or 'auto'
    #[arg(long, value_name = "N", default_value = "auto", allow_hyphen_values = true, help_heading = "Run")]
    rows_per_chunk: String,
    /// Kernel: auto, scalar, portable or avx2; every one gives the same numbers
    #[arg(long, value_name = "KERNEL", default_value = "auto", help_heading = "Run")]
    kernel: String,
    /// Print the resolved scene, with the max-iter that 'auto' finds, and do nothing
    #[arg(long, help_heading = "Run")]
    dry_run: bool,
    /// When to show progress
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", help_heading = "Run")]
    progress: Progress,
    /// Say nothing but errors
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Run")]
    quiet: bool,
    /// Say more: the resolved scene
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

impl Args {
    fn progress(&self) -> Progress {
        if self.quiet { Progress::Never } else { self.progress }
    }
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let format = args
        .format
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error: Error| usage(format!("--format: {error}")))?;
    let requests = requests(&args.output, format)?;
    let numbers = requests.iter().all(|request| request.format == Format::Npy);
    let scene = args.scene.scene(numbers, args.progress())?;
    let threads = threads::count(args.threads.as_deref())?;
    let rows_per_chunk = match args.rows_per_chunk.as_str() {
        "auto" => render::default_rows_per_band(&scene, threads),
        text => whole("--rows-per-chunk", text, 1, u32::MAX, " or 'auto'")?,
    };
    // A PNG is made of strips of whole rows, whose number is fixed by the size; a chunk holds whole strips.
    let (width, height) = (scene.viewport().width(), scene.viewport().height());
    let strip = if numbers { 1 } else { rows_per_strip(width, height) };
    let rows_per_chunk = rows_per_chunk.min(height).next_multiple_of(strip);
    // Before the kernel, which keeps the coordinates of a row.
    memory::check(
        memory_estimate(&scene, threads, rows_per_chunk),
        "this render",
        "use a smaller size or fewer threads",
    )?;
    let choice: KernelChoice = args.kernel.parse().map_err(|error| usage(format!("--kernel: {error}")))?;
    let plan = plan(scene.samples(), scene.bailout(), choice);
    let facts = Facts { scene: &scene, plan: &plan, threads, rows_per_chunk };
    if args.dry_run {
        return print(&if args.json { format!("{}\n", facts.json()) } else { facts.text() });
    }
    if args.verbose {
        say(facts.text().trim_end());
    }
    if let Some(note) = args.scene.digits_note(scene.viewport()).filter(|_| !args.quiet) {
        say(note);
    }
    let unfinished = Unfinished::watch();
    let existing = match (args.force, args.no_clobber) {
        (true, _) => Existing::Replace,
        (_, true) => Existing::Keep,
        _ => Existing::Refuse,
    };
    let mut outputs = Vec::new();
    for request in &requests {
        if request.is_stdout() && stdout().is_terminal() {
            return Err(usage("a picture is not written to a terminal; use -o FILE or a pipe").into());
        }
        match Output::open(request, existing, least_size(&scene, request.format), &unfinished)? {
            Some(output) if args.json && output.is_stdout() => {
                return Err(usage("--json and --output both write to standard output; keep one").into());
            }
            Some(output) => outputs.push(output),
            None if args.quiet => {}
            None => say(format_args!(
                "{} is already there; left as it is",
                request.path.as_deref().map(mandel::error::shown).unwrap_or_default()
            )),
        }
    }
    if outputs.is_empty() {
        // Everything was already there.
        return if args.json { print(&format!("{}\n", json!({ "outputs": [] }))) } else { Ok(()) };
    }
    let pool = threads::pool(threads, args.quiet)?;
    let progress = args.progress();
    let start = Instant::now();
    let kernel = make_kernel(&plan, progress)?;
    let (names, edges) = pool.install(|| {
        write(&scene, kernel.as_ref(), rows_per_chunk, args.compression.into(), outputs, progress)
    })?;
    let seconds = start.elapsed().as_secs_f64();
    if !args.quiet {
        say(facts.summary(&names, pool.current_num_threads(), seconds));
        if let Some(note) = edges.note(&scene) {
            say(note);
        }
    }
    if args.json {
        let mut summary = facts.json();
        summary["outputs"] = json!(names);
        summary["threads"] = json!(pool.current_num_threads());
        summary["seconds"] = json!(seconds);
        print(&format!("{summary}\n"))?;
    }
    Ok(())
}

/// Makes the kernel, and shows how far that is where it takes a while.
fn make_kernel(plan: &Plan, progress: Progress) -> Result<Box<dyn Kernel>, Error> {
    let allowance = memory::allowance();
    let progress = if plan.bits.is_some() { progress } else { Progress::Never };
    let _meter = Meter::start(progress, Stage::Reference, allowance.steps.clone());
    plan.kernel_within(&allowance)
}

/// Renders into all outputs and returns their names.
fn write(
    scene: &Scene,
    kernel: &dyn Kernel,
    rows_per_chunk: u32,
    compression: Compression,
    mut outputs: Vec<Output>,
    progress: Progress,
) -> Result<(Vec<String>, Edges), Failure> {
    let (width, height) = (scene.viewport().width(), scene.viewport().height());
    let max_iter = scene.bailout().max_iter;
    let wants = |format| outputs.iter().any(|output: &Output| output.format == format);
    let painter = wants(Format::Png).then(|| render::painter(scene, kernel));
    let counts = wants(Format::Npy);
    let mut sinks =
        outputs.iter_mut().map(|output| Sink::start(output, scene)).collect::<Result<Vec<_>, _>>()?;
    let mut edges = Edges::default();
    let stage = Stage::Pixels(u64::from(width) * u64::from(height));
    let meter = Meter::start(progress, stage, Arc::default());
    let rows_per_strip = rows_per_strip(width, height);
    let work = |(pixels, encoder): &mut (Vec<u8>, StripEncoder), band: &Band| Piece {
        strips: painter.as_ref().map_or_else(Vec::new, |painter| {
            render::paint(painter, scene, band, pixels);
            let rows = (3 * width as usize).saturating_mul(rows_per_strip as usize);
            let strips = pixels.chunks(rows).zip(band.rows.clone().step_by(rows_per_strip as usize));
            strips.map(|(rows, top)| encoder.encode(rows, width, height - top <= rows_per_strip)).collect()
        }),
        counts: if counts { npy::counts(band.escapes, max_iter) } else { Vec::new() },
        edges: Edges::of(band.escapes, scene.samples().width()),
        area: band.rows.len() as u64 * u64::from(width),
    };
    let state = || (Vec::new(), StripEncoder::new(compression));
    render::bands(scene, kernel, rows_per_chunk, state, work, |piece| {
        for sink in &mut sinks {
            sink.write(&piece)?;
        }
        edges.add(piece.edges);
        meter.add(piece.area);
        Ok::<(), Failure>(())
    })?;
    for sink in sinks {
        sink.finish()?;
    }
    drop(meter);
    let names = outputs.into_iter().map(Output::finish).collect::<Result<_, _>>()?;
    Ok((names, edges))
}

/// What one band adds to the outputs.
struct Piece {
    strips: Vec<Strip>,
    counts: Vec<u8>,
    edges: Edges,
    area: u64,
}

/// An output being written in its format.
struct Sink<'a> {
    writer: Writer<'a>,
    failure: Box<dyn Fn(std::io::Error) -> Failure + Send>,
}

enum Writer<'a> {
    Png(Box<PngWriter<&'a mut Output>>),
    Npy(&'a mut Output),
}

impl<'a> Sink<'a> {
    /// Writes what stands before the first band.
    fn start(output: &'a mut Output, scene: &Scene) -> Result<Self, Failure> {
        let failure = Box::new(output.failure());
        let writer = match output.format {
            Format::Png => {
                let (width, height) = (scene.viewport().width(), scene.viewport().height());
                Writer::Png(Box::new(PngWriter::new(output, width, height).map_err(&failure)?))
            }
            Format::Npy => {
                let (width, height) = (scene.samples().width(), scene.samples().height());
                npy::write_header(output, width, height).map_err(&failure)?;
                Writer::Npy(output)
            }
        };
        Ok(Self { writer, failure })
    }

    fn write(&mut self, piece: &Piece) -> Result<(), Failure> {
        let written = match &mut self.writer {
            Writer::Png(png) => piece.strips.iter().try_for_each(|strip| png.write(strip)),
            Writer::Npy(output) => output.write_all(&piece.counts),
        };
        written.map_err(&self.failure)
    }

    /// Writes what stands after the last band.
    fn finish(self) -> Result<(), Failure> {
        match self.writer {
            Writer::Png(png) => png.finish().map_err(&self.failure),
            Writer::Npy(_) => Ok(()),
        }
    }
}

/// A number of JSON, or a text where many readers of JSON would make it 0 or infinite.
pub(super) fn number(x: FloatExp) -> serde_json::Value {
    if x.to_f64().is_normal() { json!(x.to_f64()) } else { json!(x.to_string()) }
}

/// How often a sample that reached max_iter lies beside one that escaped late: many of them mean that
/// the limit, not the set, draws the shape.
#[derive(Clone, Copy, Default)]
struct Edges {
    cut: u64,
    samples: u64,
}

impl Edges {
    fn of(escapes: &[Escape], width: u32) -> Self {
        let cut = escapes.chunks_exact(width as usize).flat_map(|row| row.windows(2));
        let cut = cut.filter(|pair| pair[0].n().is_none() != pair[1].n().is_none()).count() as u64;
        Self { cut, samples: escapes.len() as u64 }
    }

    fn add(&mut self, other: Self) {
        self.cut += other.cut;
        self.samples += other.samples;
    }

    fn note(self, scene: &Scene) -> Option<String> {
        let percent = 100.0 * self.cut as f64 / self.samples as f64;
        let max_iter = scene.bailout().max_iter;
        let better = max_iter.saturating_mul(4).min(Bailout::MAX_ITER);
        (percent >= 2.0 && better > max_iter).then(|| {
            format!(
                "note: {percent:.1} % of the samples reached max_iter beside ones that escaped; \
                 more detail may appear with --max-iter {better}"
            )
        })
    }
}

/// Bytes that a file of this format surely takes.
fn least_size(scene: &Scene, format: Format) -> u64 {
    match format {
        Format::Npy => npy::file_size(scene.samples().width(), scene.samples().height()),
        // Deflate shrinks by at most a factor of 1032.
        Format::Png => 3 * u64::from(scene.viewport().width()) * u64::from(scene.viewport().height()) / 1032,
    }
}

/// Bytes that a render takes at its peak, at most.
fn memory_estimate(scene: &Scene, threads: usize, rows_per_chunk: u32) -> u64 {
    let k = u64::from(scene.supersample());
    let width = u64::from(scene.viewport().width());
    let bands = u64::from(scene.viewport().height().div_ceil(rows_per_chunk));
    let band = width.saturating_mul(u64::from(rows_per_chunk));
    // Each pixel of a band in work: eight bytes for every sample, three for the pixel, as many filtered and
    // as many deflated. Of one that waits for its turn: four bytes for every count, three for the pixel.
    let working = bands.min(threads as u64).saturating_mul(band.saturating_mul(8 * k * k + 9));
    let waiting = bands.min(u64::from(render::AHEAD) * threads as u64);
    let coordinates = 8 * k * (width + u64::from(scene.viewport().height()));
    working
        .saturating_add(coordinates)
        .saturating_add(waiting.saturating_mul(band.saturating_mul(4 * k * k + 3)))
}

/// A render as words, for `--dry-run`, `--verbose`, `--json` and the summary.
struct Facts<'a> {
    scene: &'a Scene,
    plan: &'a Plan,
    threads: usize,
    rows_per_chunk: u32,
}

impl Facts<'_> {
    fn text(&self) -> String {
        let json = self.json();
        let mut text = String::new();
        for (key, value) in json.as_object().into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
            text += &format!("{:16}{value}\n", key.replace('_', " "));
        }
        text
    }

    fn json(&self) -> serde_json::Value {
        let (scene, viewport) = (self.scene, self.scene.viewport());
        let (plane_width, plane_height) = viewport.extent();
        let coloring = scene.coloring();
        json!({
            "center_re": viewport.center().re.to_string(),
            "center_im": viewport.center().im.to_string(),
            "plane_width": number(plane_width),
            "plane_height": number(plane_height),
            "zoom": number(FloatExp::from(4.0) / plane_height),
            "grid": format!("{:?}", viewport.grid()).to_lowercase(),
            "width": viewport.width(),
            "height": viewport.height(),
            "supersample": scene.supersample(),
            "max_iter": scene.bailout().max_iter,
            "palette": coloring.palette.name(),
            "reverse": coloring.palette.is_reversed(),
            "map": format!("{:?}", coloring.map).to_lowercase(),
            "density": coloring.density,
            "offset": coloring.offset,
            "bands": coloring.bands,
            "interior": coloring.interior.to_string(),
            "kernel": self.plan.name,
            "kernel_reason": self.plan.reason,
            "threads": self.threads,
            "rows_per_chunk": self.rows_per_chunk,
        })
    }

    fn summary(&self, names: &[String], threads: usize, seconds: f64) -> String {
        let viewport = self.scene.viewport();
        let pixels = f64::from(viewport.width()) * f64::from(viewport.height());
        let k = self.scene.supersample();
        let samples = if k > 1 { format!(", {k}x{k} samples") } else { String::new() };
        format!(
            "{}: {}x{}{samples}, max_iter {}, {}, {threads} thread{}, {seconds:.3} s, {:.1} Mpixel/s",
            names.join(", "),
            viewport.width(),
            viewport.height(),
            self.scene.bailout().max_iter,
            self.plan.name,
            if threads == 1 { "" } else { "s" },
            pixels / seconds / 1e6,
        )
    }
}

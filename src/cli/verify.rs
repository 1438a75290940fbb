//! `mandel verify`: some samples of a render, counted again with proof.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mandel::decode::{FieldFile, ReadError};
use mandel::encode::Values;
use mandel::render::{Compared, Recount, Tally, Verdict, recount, some_samples};
use mandel::{Error, FieldProblem, Kernel, Plan, Scene};
use serde_json::{Value, json};

use crate::cli::color;
use crate::cli::failure::{Failure, print, usage};
use crate::cli::pieces::read_failure;
use crate::cli::progress::{Meter, Stage};
use crate::cli::resolved::Resolved;
use crate::cli::run::RunArgs;
use crate::cli::scene::SceneArgs;
use crate::cli::scene_file::name;
use crate::cli::terminal::{brief, say};
use crate::cli::threads;
use crate::cli::value::{self, Worded};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A field, a scene text, or a picture made by mandel
    ///
    /// The numbers of a field are checked, as 'mandel color' reads it; a scene or the scene of a picture is iterated at the sampled
    /// points. The options below describe the view of a field that names none, or stand in place of the file.
    #[arg(value_name = "FIELD|SCENE")]
    path: Option<PathBuf>,
    /// Samples to count again
    ///
    /// A fixed pseudorandom choice, the same for the same view.
    #[arg(long, value_name = "N", default_value_t = 200, allow_hyphen_values = true, help_heading = "Check", value_parser = Worded(|text| value::whole("--sample", text, 1, MOST, "")))]
    sample: u32,
    /// End with exit code 1 unless so many are proven right
    ///
    /// Of all that are sampled: those that are undecided or not checked are not right.
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true, help_heading = "Check", value_parser = Worded(percent))]
    require: Option<f64>,
    /// Stop after this time
    ///
    /// Samples that are not finished by then are not checked.
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true, help_heading = "Check", value_parser = Worded(limit))]
    limit: Option<Duration>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    scene: SceneArgs,
    #[command(flatten)]
    run: RunArgs,
}

/// The most samples: they take half a gigabyte.
const MOST: u32 = 10_000_000;
/// Wrong samples that a person reads; JSON has all.
const SHOWN: usize = 20;

fn percent(text: &str) -> Result<f64, Failure> {
    match value::real("--require", text.strip_suffix('%').unwrap_or(text))? {
        percent if percent > 0.0 && percent <= 100.0 => Ok(percent),
        percent => Err(usage(format!(
            "--require needs a part above 0 and up to 100 percent, as in 99.9 (got {percent})"
        ))),
    }
}

fn limit(text: &str) -> Result<Duration, Failure> {
    let seconds = value::real("--limit", text)?;
    Duration::try_from_secs_f64(seconds).ok().filter(|limit| !limit.is_zero()).ok_or_else(|| {
        usage(format!(
            "--limit needs a time in seconds above 0 and below 1e19, as in 60 (got '{}')",
            brief(text)
        ))
    })
}

/// What is checked.
struct Subject {
    scene: Scene,
    /// What other programs say of their view, and missing digits.
    notes: Vec<String>,
    kernel: Box<dyn Kernel>,
    /// The file that the kernel reads, if it does.
    field: Option<(PathBuf, Arc<FieldFile>)>,
}

/// What is told.
struct Report {
    /// What was checked, in words.
    name: String,
    scene: Scene,
    compared: Compared,
    recounts: Vec<Recount>,
    tally: Tally,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let start = Instant::now();
    let Subject { scene, notes, kernel, field } = args.subject()?;
    if !args.run.quiet {
        notes.iter().for_each(say);
    }
    let smooth = field.as_ref().is_some_and(|(_, field)| field.is_smooth_alone());
    let compared = if smooth { Compared::SmoothCounts } else { Compared::Counts };
    let samples = some_samples(scene.samples(), args.sample);
    let pool = threads::pool(args.run.threads()?, 0, args.run.quiet)?;
    let meter = Meter::start(args.run.progress(), Stage::Samples(samples.len() as u64), Arc::default());
    let late = || args.limit.is_some_and(|limit| start.elapsed() >= limit);
    let (view, bailout) = (scene.samples(), scene.bailout());
    let recounts =
        pool.install(|| recount(kernel.as_ref(), view, bailout, compared, &samples, late, || meter.add(1)));
    drop(meter);
    if let Some((path, field)) = &field
        && let Some(error) = field.take_failure()
    {
        return Err(read_failure(path, &error));
    }
    let name = match (&field, &args.path) {
        (Some((path, _)), _) | (None, Some(path)) => name(path),
        (None, None) => "this scene".into(),
    };
    let tally = Tally::of(&recounts);
    let report = Report { name, scene, compared, recounts, tally };
    print(&if args.json { format!("{}\n", report.json()) } else { report.table() })?;
    args.require.map_or(Ok(()), |percent| report.require(percent))
}

impl Args {
    /// What the file or the options name.
    fn subject(&self) -> Result<Subject, Failure> {
        // A scene may come from standard input.
        let file = self.path.as_deref().filter(|path| path.as_os_str() != "-");
        if let Some(path) = file
            && let Some(field) = self.field(path)?
        {
            return Ok(field);
        }
        let scene = match &self.path {
            Some(path) => &self.scene.with_file(path)?,
            None => &self.scene,
        };
        let resolved = scene.resolve(None, self.run.progress(), 1)?;
        let (kernel, notes) = (resolved.kernel(self.run.progress())?, resolved.notes());
        Ok(Subject { scene: resolved.scene, notes, kernel, field: None })
    }

    /// A field with its scene; nothing if the file is none.
    fn field(&self, path: &Path) -> Result<Option<Subject>, Failure> {
        let threads = self.run.threads()?;
        // A file that does not say its limit is opened again when that is known.
        let field = match color::read_any(color::open(path)?, Some(1), threads)? {
            Err(ReadError::Bad(Error::Field(FieldProblem::Unknown))) => return Ok(None),
            field => field.map_err(|error| read_failure(path, &error))?,
        };
        if let Some((scene, _)) = color::stored_scene(path, &field)? {
            if self.scene.is_given() {
                return Err(usage(format!(
                    "{} names its own scene; leave out the options on the view",
                    name(path)
                )));
            }
            return Ok(Some(Subject::of_field(path, field, Resolved::known(scene))));
        }
        if !self.scene.is_given() {
            return Err(usage(format!(
                "{} names no scene; say which view it shows, with --scene FILE or --center, --zoom and --max-iter",
                name(path)
            )));
        }
        let resolved =
            self.scene.or_size(field.size()).resolve(Some(Values::Smooth), self.run.progress(), 1)?;
        let samples = resolved.scene.samples();
        let (size, (columns, rows)) = ((samples.width(), samples.height()), field.size());
        if size != (columns, rows) {
            let (width, height) = size;
            return Err(usage(format!(
                "{} holds {columns}x{rows} samples, and the scene has {width}x{height}; say --size and --supersample as it \
                 was made",
                name(path)
            )));
        }
        let max_iter = resolved.scene.bailout().max_iter();
        let field = color::read_any(color::open(path)?, Some(max_iter), threads)?;
        let field = field.map_err(|error| read_failure(path, &error))?;
        if field.max_iter().is_some_and(|own| own != max_iter) {
            return Err(usage(format!(
                "{} says how far it was iterated, {}; give that as --max-iter",
                name(path),
                field.max_iter().unwrap_or_default()
            )));
        }
        Ok(Some(Subject::of_field(path, field, resolved)))
    }
}

impl Subject {
    fn of_field(path: &Path, field: FieldFile, resolved: Resolved) -> Self {
        let (notes, field) = (resolved.notes(), Arc::new(field));
        let kernel = Box::new(Arc::clone(&field));
        Self { scene: resolved.scene, notes, kernel, field: Some((path.into(), field)) }
    }
}

impl Report {
    /// Samples of the whole view.
    fn all(&self) -> u64 {
        let samples = self.scene.samples();
        u64::from(samples.width()) * u64::from(samples.height())
    }

    /// The wrong samples, and what is exact there.
    fn wrong(&self) -> impl Iterator<Item = (&Recount, mandel::Escape)> {
        self.recounts.iter().filter_map(|recount| match recount.verdict {
            Verdict::Wrong(exact) => Some((recount, exact)),
            _ => None,
        })
    }

    /// A count as it is compared, if the sample escaped.
    fn value(&self, escape: mandel::Escape) -> Option<f64> {
        match self.compared {
            Compared::Counts => escape.n().map(f64::from),
            Compared::SmoothCounts => escape.smooth(),
        }
    }

    fn order(&self) -> &'static str {
        Plan::new(self.scene.samples(), self.scene.bailout(), None).order()
    }

    fn json(&self) -> Value {
        let Tally { right, wrong, undecided, unchecked } = self.tally;
        let number = |escape| {
            self.value(escape).map(|value| match self.compared {
                Compared::Counts => json!(value as u32),
                Compared::SmoothCounts => json!(value),
            })
        };
        let wrong_samples = self.wrong().map(|(recount, exact)| {
            let (x, y) = recount.sample;
            json!({ "x": x, "y": y, "found": number(recount.found), "exact": number(exact) })
        });
        json!({
            "width": self.scene.samples().width(),
            "height": self.scene.samples().height(),
            "max_iter": self.scene.bailout().max_iter(),
            "order": self.order(),
            "compared": match self.compared { Compared::Counts => "counts", Compared::SmoothCounts => "smooth" },
            "sampled": self.tally.sampled(),
            "right": right,
            "wrong": wrong,
            "undecided": undecided,
            "not_checked": unchecked,
            "share_right": self.tally.share(),
            "confidence_interval": self.tally.interval(self.all()).map(|(low, high)| [low, high]),
            "confidence": 0.95,
            "interval": "wilson",
            "wrong_samples": wrong_samples.collect::<Vec<_>>(),
        })
    }

    fn table(&self) -> String {
        let Tally { right, wrong, undecided, unchecked } = self.tally;
        let samples = self.scene.samples();
        let (width, height) = (samples.width(), samples.height());
        let mut lines = vec![
            format!("{}: {width}x{height} samples, max_iter {}", self.name, self.scene.bailout().max_iter()),
            format!("sampled      {}", self.tally.sampled()),
            format!("right        {right}"),
            format!("wrong        {wrong}"),
        ];
        lines.extend((undecided > 0).then(|| format!("undecided    {undecided}")));
        lines.extend((unchecked > 0).then(|| {
            format!("not checked  {unchecked} (time ran out; they may be those that take longest)")
        }));
        lines.push(match (self.tally.share(), self.tally.interval(self.all())) {
            (Some(share), Some((low, high))) => format!(
                "share right  {:.2} % of those proven; {:.2} to {:.2} % of the view with 95 % confidence (Wilson score)",
                100.0 * share,
                100.0 * low,
                100.0 * high
            ),
            _ => "share right  unknown: no sample is proven".into(),
        });
        let none = || "none".to_string();
        let words = |escape| self.value(escape).map_or_else(none, |value| value.to_string());
        lines.extend(self.wrong().take(SHOWN).map(|(recount, exact)| {
            let (x, y) = recount.sample;
            format!("wrong at column {x}, row {y}: {}, exact is {}", words(recount.found), words(exact))
        }));
        lines.extend((wrong > SHOWN as u64).then(|| format!("and {} more", wrong - SHOWN as u64)));
        lines.join("\n") + "\n"
    }

    /// Fails unless this part of all sampled is proven right.
    fn require(&self, percent: f64) -> Result<(), Failure> {
        let Tally { right, wrong, undecided, unchecked } = self.tally;
        let sampled = self.tally.sampled();
        if right as f64 * 100.0 >= percent * sampled as f64 {
            return Ok(());
        }
        let share = 100.0 * right as f64 / sampled as f64;
        Err(Failure::Told(
            format!(
                "{}: {right} of {sampled} samples ({share:.2} %) are proven right, and --require asks for {percent} %: \
                 {wrong} wrong, {undecided} undecided, {unchecked} not checked",
                self.name
            ),
            1,
        ))
    }
}

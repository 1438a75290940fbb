//! `mandel zoom`: a film that zooms into a point, as a file for each frame or as one stream.

mod frames;
mod outlook;
mod reel;
mod strip;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::ValueEnum;
use mandel::encode::Movie;
use mandel::film::{Film, Making, Path, Way};
use mandel::{Decimal, Extent, parse_magnitude};
use serde_json::json;

use crate::cli::durability::Durability;
use crate::cli::failure::{Failure, print, usage};
use crate::cli::file_id::{Input, check_inputs};
use crate::cli::interrupt::Unfinished;
use crate::cli::memory;
use crate::cli::progress::{Meter, Progress, Stage};
use crate::cli::resolved::Resolved;
use crate::cli::run::RunArgs;
use crate::cli::scene::SceneArgs;
use crate::cli::scene_file::SceneFile;
use crate::cli::terminal::{brief, say};
use crate::cli::threads;
use crate::cli::value::{self, Worded};
use crate::cli::zoom::frames::Frames;
use crate::cli::zoom::reel::Stream;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    scene: SceneArgs,

    /// Magnification of the first frame [default: 1]
    ///
    /// Or a scene with the same center that has it.
    #[arg(long, value_name = "Z|FILE", allow_hyphen_values = true, help_heading = "Film", value_parser = Worded(from))]
    from: Option<From>,
    /// Frames of the film; or say --seconds
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with = "seconds", help_heading = "Film", value_parser = Worded(frames))]
    frames: Option<u32>,
    /// Length of the film; or say --frames
    #[arg(long, value_name = "S", allow_hyphen_values = true, help_heading = "Film", value_parser = Worded(seconds))]
    seconds: Option<f64>,
    /// Frames in a second, as 30, 59.94 or 30000/1001
    #[arg(long, value_name = "F", default_value = "30", allow_hyphen_values = true, help_heading = "Film", value_parser = Worded(rate))]
    fps: Rate,
    /// Begin and end slowly, 0 to 0.5
    ///
    /// The part of the film in which the speed changes, at either end.
    #[arg(long, value_name = "X", default_value = "0", allow_hyphen_values = true, help_heading = "Film", value_parser = Worded(|text| value::real("--ease", text)))]
    ease: f64,
    /// Turn the picture along the way, in degrees
    #[arg(long, value_name = "DEG", default_value = "0", allow_hyphen_values = true, help_heading = "Film", value_parser = Worded(|text| value::real("--turn", text)))]
    turn: f64,
    /// How frames get their samples
    #[arg(long, value_enum, default_value = "auto", help_heading = "Film")]
    way: WayArg,
    /// Make the strip that frames can be cut out of, and no frames
    ///
    /// All octaves of the film as one exponential map, .exr or .npz, or a file for each octave as in 'o/{index:04}.exr'. With --dry-run,
    /// its scene is printed, for 'mandel render' and 'mandel plan'. --frames and --seconds say nothing then.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output", "resume", "ease", "turn", "way"], help_heading = "Film")]
    strip: Option<PathBuf>,
    /// Cut frames out of a strip, without iterating
    ///
    /// Of any size, number, speed and colors, from anywhere to anywhere on its way [default: all of it].
    #[arg(long, value_name = "FILE", conflicts_with_all = ["strip", "way"], help_heading = "Film")]
    from_strip: Option<PathBuf>,

    /// A pattern of file names, or one file
    ///
    /// A pattern has the number of the frame in it; one file is .y4m, .apng or .gif; - stands for y4m on standard output.
    #[arg(
        short,
        long,
        value_name = "PATTERN|FILE",
        default_value = "frames/{index:06}.png",
        help_heading = "Output"
    )]
    output: PathBuf,
    /// Format where the file name has no suffix [default: y4m]
    ///
    /// As with -: y4m, apng, gif.
    #[arg(long, value_name = "FORMAT", help_heading = "Output", value_parser = Worded(movie))]
    format: Option<Movie>,
    /// Colors of a y4m: for each pixel, or for each four
    #[arg(long, value_enum, default_value = "444", help_heading = "Output")]
    chroma: ChromaArg,
    /// Leave the scene out of the files
    #[arg(long, conflicts_with = "resume", help_heading = "Output")]
    no_metadata: bool,
    /// Replace files that are already there
    #[arg(short, long, conflicts_with = "resume", help_heading = "Output")]
    force: bool,
    /// Go on with a film
    ///
    /// Frames of this film that are there are kept, and the others are made.
    #[arg(long, help_heading = "Output")]
    resume: bool,

    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    durability: Durability,
    /// Say what would be made, and write nothing
    ///
    /// How many frames there will be, how they are made, and about how long that takes and how large they are.
    #[arg(long, help_heading = "Run")]
    dry_run: bool,
    /// Print a summary as one JSON object
    #[arg(long, help_heading = "Run")]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum WayArg {
    /// The faster of both, where both can
    Auto,
    /// Iterate each frame
    Direct,
    /// Iterate each octave once, and cut frames out of it
    Keys,
    /// Iterate all octaves as one strip, and cut frames out of it
    Strip,
}

impl WayArg {
    /// The way that was asked for, if one was.
    fn way(self) -> Option<Way> {
        match self {
            Self::Auto => None,
            Self::Direct => Some(Way::Direct),
            Self::Keys => Some(Way::Keys),
            Self::Strip => Some(Way::Strip),
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum ChromaArg {
    #[value(name = "444")]
    Full,
    #[value(name = "420")]
    Quarter,
}

/// Where the film begins.
#[derive(Clone)]
enum From {
    Zoom(Decimal),
    /// A scene whose view is the first frame.
    File(PathBuf),
}

/// Frames in a second, as a fraction.
#[derive(Clone, Copy)]
struct Rate(u32, u32);

fn from(text: &str) -> Result<From, Failure> {
    value::not_an_option("--from", text)?;
    match parse_magnitude(text) {
        Err(_) if std::path::Path::new(text).exists() => Ok(From::File(text.into())),
        Err(_) => Err(usage(format!(
            "--from needs a magnification, as 1 or 1e10, or a scene file, and there is no file '{}'",
            brief(text)
        ))),
        Ok(_) => value::extent("--from", text).map(From::Zoom),
    }
}

fn frames(text: &str) -> Result<u32, Failure> {
    value::whole("--frames", text, 1, MOST, "")
}

/// The most frames: ten hours of sixty in a second.
const MOST: u32 = 10 * 3600 * 60;

fn seconds(text: &str) -> Result<f64, Failure> {
    let seconds = value::real("--seconds", text)?;
    if seconds > 0.0 {
        Ok(seconds)
    } else {
        Err(usage(format!("--seconds must be above 0 (got {})", brief(text))))
    }
}

fn rate(text: &str) -> Result<Rate, Failure> {
    let wrong = || {
        usage(format!(
            "--fps must be above 0 and at most 1000, as 30, 59.94 or 30000/1001 (got '{}')",
            brief(text)
        ))
    };
    let (frames, seconds) = match text.split_once('/') {
        Some((frames, seconds)) => {
            (frames.parse().map_err(|_| wrong())?, seconds.parse().map_err(|_| wrong())?)
        }
        None => {
            let rate: f64 = text.parse().map_err(|_| wrong())?;
            ((rate * 1000.0).round().clamp(0.0, 1e7) as u32, 1000)
        }
    };
    let gcd = |mut a: u32, mut b: u32| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    if frames == 0 || seconds == 0 || u64::from(frames) > 1000 * u64::from(seconds) {
        return Err(wrong());
    }
    let by = gcd(frames, seconds);
    Ok(Rate(frames / by, seconds / by))
}

fn movie(text: &str) -> Result<Movie, Failure> {
    text.parse().map_err(|_| usage(format!("--format of a film is y4m, apng or gif (got '{}')", brief(text))))
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let start = Instant::now();
    if let Some(path) = &args.strip {
        return strip::make(args, path, start);
    }
    let target = Target::of(args)?;
    let unfinished = Unfinished::watch(args.durability);
    let threads = args.run.threads()?;
    let count = args.count()?;
    let (mut resolved, film, field) = match &args.from_strip {
        Some(path) => {
            let (film, field) = strip::read(args, path, count, threads)?;
            (Resolved::known(film.scene().clone()), film, Some(field))
        }
        None => {
            let resolved = args.scene.resolve(None, args.run.progress(), 1)?;
            let film = args.film(&resolved, count, args.way.way())?;
            (resolved, film, None)
        }
    };
    target.check(&film)?;
    memory::check(film.memory(threads), threads, "this film", "use a smaller size or fewer threads")?;
    if !args.run.quiet {
        resolved.notes().iter().for_each(say);
    }
    let opened = if args.dry_run { None } else { target.open(args, &film, &unfinished)? };
    let pool = threads::pool(threads, film.memory(threads), args.run.quiet)?;
    pool.install(|| {
        let film = prepared(film, &mut resolved, args.run.progress(), threads)?;
        if args.dry_run {
            return outlook::tell(&film, field.is_some(), args.json);
        }
        let total = u64::from(count) * pixels(&film);
        let meter = Meter::start(args.run.progress(), Stage::Pixels("frames", total), Arc::default());
        let whole = || field.as_ref().map_or(Ok(()), strip::Strip::check);
        let (names, made) = match (&target, opened) {
            (_, Some(stream)) => stream.write(&film, &meter, whole)?,
            (Target::Frames(frames), None) => frames.write(args, &film, &unfinished, &meter, whole)?,
            // A stream is opened, or its failure is reported.
            (Target::Stream(..), None) => return Ok(()),
        };
        drop(meter);
        args.tell(&film, &names, made, pool.current_num_threads(), start.elapsed().as_secs_f64())
    })
}

fn pixels(film: &Film) -> u64 {
    u64::from(film.scene().viewport().width()) * u64::from(film.scene().viewport().height())
}

/// The film with all that its frames share.
fn prepared(
    film: Film,
    resolved: &mut Resolved,
    progress: Progress,
    threads: usize,
) -> Result<Film, Failure> {
    let steps = Arc::default();
    let _meter = Meter::start(progress, Stage::Reference, Arc::clone(&steps));
    let making = Making {
        known: resolved.reference.take(),
        max_steps: memory::max_steps(film.memory(threads)),
        steps: &steps,
    };
    Ok(film.prepare(making)?)
}

impl Args {
    /// The files that are read.
    fn inputs(&self) -> Vec<Input<'_>> {
        let from = match &self.from {
            Some(From::File(path)) => Some(("scene", path.as_path())),
            _ => None,
        };
        let strip = self.from_strip.as_deref().map(|path| ("strip", path));
        self.scene.inputs().into_iter().chain(from).chain(strip).collect()
    }

    fn count(&self) -> Result<u32, Failure> {
        let Rate(frames, per) = self.fps;
        match (self.frames, self.seconds) {
            (Some(frames), _) => Ok(frames),
            (None, Some(seconds)) => {
                let count = (seconds * f64::from(frames) / f64::from(per)).round().max(1.0);
                if count > f64::from(MOST) {
                    return Err(usage(format!("a film of {count} frames; the most are {MOST}")));
                }
                Ok(count as u32)
            }
            (None, None) => Err(usage("how long is the film? Say --seconds 20, or --frames 600")),
        }
    }

    /// The film, of which nothing is computed yet.
    fn film(&self, resolved: &Resolved, count: u32, way: Option<Way>) -> Result<Film, Failure> {
        if let Some((given, needed)) = resolved.missing_digits() {
            return Err(usage(format!(
                "the center has {given} digits behind the point, and the last frame needs {needed}; give more digits, or \
                 a lower --to"
            )));
        }
        let scene = &resolved.scene;
        let zoom_of = |scene: &mandel::Scene| -> Result<Decimal, Failure> {
            if let mandel::Frame::Centered { extent: Extent::Zoom(zoom), .. } = scene.viewport().frame() {
                return Ok(zoom.clone());
            }
            let zoom = mandel::FloatExp::from(4.0) / scene.viewport().extent().1;
            Decimal::shortest(zoom).ok_or_else(|| usage("the view has no height"))
        };
        let from = match &self.from {
            None => "1".parse()?,
            Some(From::Zoom(zoom)) => zoom.clone(),
            Some(From::File(path)) => {
                let mut draft = SceneFile::read(path)?.draft()?;
                draft.size = Some((scene.viewport().width(), scene.viewport().height()));
                draft.crop = None;
                let first = draft.scene()?;
                if first.viewport().center() != scene.viewport().center() {
                    return Err(usage(format!(
                        "{} has another center than the last frame, and a film zooms into one point; use one center for both",
                        crate::cli::terminal::shown(path)
                    )));
                }
                zoom_of(&first)?
            }
        };
        Ok(Film::new(scene, Path::new(from, zoom_of(scene)?, count, self.ease, self.turn)?, way)?)
    }

    /// Says what was made.
    fn tell(&self, film: &Film, names: &str, made: u32, threads: usize, seconds: f64) -> Result<(), Failure> {
        let (viewport, frames) = (film.scene().viewport(), film.path().frames());
        let (width, height) = (viewport.width(), viewport.height());
        if !self.run.quiet {
            let kept = if made < frames { format!(", {made} of them made now") } else { String::new() };
            let plural = if threads == 1 { "" } else { "s" };
            say(format_args!(
                "{names}: {frames} frame{} of {width}x{height}{kept}, {:.1} octaves, way {}, max_iter {}, {threads} thread{plural}, \
                 {seconds:.3} s, {:.2} frames/s",
                if frames == 1 { "" } else { "s" },
                film.path().octaves(),
                film.way(),
                film.scene().bailout().max_iter(),
                f64::from(made) / seconds,
            ));
        }
        if self.json {
            let summary = json!({
                "output": names,
                "frames": frames,
                "made": made,
                "size": [width, height],
                "octaves": film.path().octaves(),
                "way": film.way().to_string(),
                "reference_orbits": film.reference_orbits(),
                "max_iter": film.scene().bailout().max_iter(),
                "threads": threads,
                "seconds": seconds,
            });
            print(&format!("{summary}\n"))?;
        }
        Ok(())
    }
}

/// Where a film goes.
enum Target {
    Frames(Frames),
    Stream(Movie),
}

impl Target {
    fn of(args: &Args) -> Result<Self, Failure> {
        let path = &args.output;
        if let Some(movie) = reel::movie(path, args.format)? {
            if args.resume {
                return Err(usage(
                    "--resume goes on with a film of one file for each frame; a single file is written from its beginning",
                ));
            }
            return Ok(Self::Stream(movie));
        }
        Ok(Self::Frames(Frames::read(path, args.resume)?))
    }

    /// Checks that the files can hold the frames.
    fn check(&self, film: &Film) -> Result<(), Failure> {
        match self {
            Self::Frames(frames) => frames.check(film),
            Self::Stream(movie) => reel::check(*movie, film),
        }
    }

    /// Opens a stream, or checks that no frame is in the way.
    fn open(&self, args: &Args, film: &Film, unfinished: &Unfinished) -> Result<Option<Stream>, Failure> {
        match self {
            Self::Frames(frames) => frames.check_free(args, film).map(|()| None),
            Self::Stream(movie) => {
                if args.force {
                    check_inputs(&args.inputs(), [args.output.as_path()])?;
                }
                Stream::open(args, *movie, unfinished).map(Some)
            }
        }
    }
}

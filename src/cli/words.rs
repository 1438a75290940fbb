//! Errors of the library in the words of the command line.

use mandel::encode::Format;
use mandel::{
    Bailout, Curve, Error, FieldProblem, FilmProblem, JobProblem, Level, MAX_SIDE, Palette, PaletteProblem,
    Scene, SceneProblem, Search,
};

use crate::cli::terminal::{brief, bytes, cut};

/// The message of an error: what was given, what was expected, and what to type instead.
pub(crate) fn words(error: &Error) -> String {
    match error {
        Error::Number { problem, .. } => problem.to_string(),
        Error::Size(width, height) => {
            format!("the size {width}x{height} is outside 1x1 to {MAX_SIDE}x{MAX_SIDE}")
        }
        Error::TooManySamples { supersample, pixels } => format!(
            "{supersample} samples for each of {pixels} pixels along a side are more than {MAX_SIDE}; use a \
             smaller size or less supersampling"
        ),
        Error::MaxIter(n) => format!("max_iter must be 1..{} (got {n})", Bailout::MAX_ITER),
        Error::EscapeRadius(radius) => {
            format!("escape_radius must be a number from 2 on, or \"none\" (got {radius:?})")
        }
        Error::Supersample(k) => {
            format!("supersample must be 1..{} (got {k})", Scene::MAX_SUPERSAMPLE)
        }
        Error::Projection => NO_EDGES.into(),
        Error::Endpoints => NO_ENDPOINTS.into(),
        Error::StripDepth(_) => format!("{error}; choose a wider or lower --size"),
        Error::Rotation(x) => format!("rotate must be a finite number of degrees, such as 30 (got {x:?})"),
        Error::UnknownLevel(name) => {
            format!("no kernel named '{}'; known: auto, {}", brief(name), Level::NAMES.join(", "))
        }
        Error::UnknownFormat(suffix) => {
            let known: Vec<String> = Format::all().map(|format| format!(".{format}")).collect();
            format!("unknown file type '.{}'; known: {}", brief(suffix), known.join(", "))
        }
        Error::NoOpacity(format) => format!(
            "a transparent interior needs a format with opacity, and {format} has none; use {}, or --interior \"#000\"",
            formats(Format::has_opacity)
        ),
        Error::NoDepth(format) => {
            format!("{format} has 8 bits a channel; use {} for 16", formats(Format::has_sixteen_bits))
        }
        Error::FormatSide(format, most) => {
            format!("{format} holds at most {most} pixels along a side; use .png for a larger picture")
        }
        Error::FormatBytes(format, most) => {
            format!("{format} holds at most {} of pixels; use .png for a larger picture", bytes(*most))
        }
        Error::NoSuchPair { preperiod, period } => format!(
            "there is no Misiurewicz point with preperiod {preperiod} and period {period}: the least are 2 and 1, \
             those of c = -2, counted from Z_0 = 0"
        ),
        Error::Crop { left, top, width, height, view } => format!(
            "a crop of {width}x{height} pixels at {left},{top} does not lie in a picture of {}x{}",
            view.0, view.1
        ),
        Error::NotFound(search) => not_found(search),
        Error::SceneText { line, column, problem } => {
            format!("{line}:{column}: {}", scene_problem(problem))
        }
        Error::Film(problem) => film_problem(problem),
        Error::Job(problem) => job_problem(problem),
        Error::Field(problem) => field_problem(problem),
        _ => colors(error).unwrap_or_else(|| limit(error)),
    }
}

/// What an exponential map cannot have.
const NO_EDGES: &str =
    "an exponential map has no edges: give --center and --zoom; its upper edge is a circle 4/Z across";
const NO_ENDPOINTS: &str =
    "the samples of an exponential map lie in the middle of its pixels; leave out --grid endpoints";

/// The message of a mistake in a coloring.
fn colors(error: &Error) -> Option<String> {
    Some(match error {
        Error::Density(x) => format!("density must be above 0 and at most 1e6 (got {x:?})"),
        Error::Offset(x) => format!("offset must be between -1e6 and 1e6 (got {x:?})"),
        Error::Curve => {
            let most = Curve::MAX_POINTS;
            format!(
                "a curve needs 2 to {most} points with counts that rise, up to 1e10, and places that do not fall, up to 1e6"
            )
        }
        Error::Light => {
            "a light needs an angle of at most 1e6 degrees, a height from 0.5 to 100 and a strength from 0 to 1".into()
        }
        Error::Edge => "an edge needs a width above 0 and at most 1e6 pixels".into(),
        Error::Color(text) => {
            format!("cannot read color '{}'; expected #rgb, #rrggbb, black or white", brief(text))
        }
        Error::Interior(text) => format!(
            "cannot read '{}'; expected #rgb, #rrggbb, black, white, transparent, period or distance",
            brief(text)
        ),
        Error::FewColors(_) => "a palette needs at least two colors, as in #001,#fff,#fa0,#001".into(),
        Error::Places => "the places of a palette must rise from 0 to 1".into(),
        Error::UnknownPalette(name) => {
            let meant = did_you_mean(name, Palette::names());
            format!("no palette named '{}'{meant} ('mandel palettes' lists them)", brief(name))
        }
        Error::PaletteFile { line, column, problem } => {
            format!("{line}:{column}: {}", palette_problem(problem))
        }
        Error::PaletteName { name: Some(name), known } if known.is_empty() => {
            format!("it has one palette without a name, and '{}' was asked for", brief(name))
        }
        Error::PaletteName { name, known } => {
            const MOST: usize = 12;
            let meant = name.as_deref().map(|name| did_you_mean(name, known.iter().map(String::as_str)));
            let meant = meant.unwrap_or_default();
            let names: Vec<String> = known.iter().take(MOST).map(|name| brief(name)).collect();
            let more = if known.len() > MOST { ", ..." } else { "" };
            let head = name.as_ref().map(|name| format!("no palette named '{}'{meant}; ", brief(name)));
            format!("{}it has {}: {}{more}", head.unwrap_or_default(), known.len(), names.join(", "))
        }
        _ => return None,
    })
}

/// What is wrong with a file of palettes.
fn palette_problem(problem: &PaletteProblem) -> String {
    match problem {
        PaletteProblem::Expected { expected, found } if found.is_empty() => {
            format!("{expected} expected, and the text ends")
        }
        PaletteProblem::Expected { expected, found } => {
            format!("{expected} expected (got '{}')", brief(found))
        }
        PaletteProblem::FewColors(0) => "a palette without a color; it needs at least two".into(),
        PaletteProblem::FewColors(_) => "a palette of a single color; it needs at least two".into(),
        PaletteProblem::Thirds(count) => {
            format!("{count} numbers, which are no multiple of three: red, green and blue of each color")
        }
        PaletteProblem::Picture(words) => format!("the picture cannot be read: {}", cut(words, 200)),
        PaletteProblem::Unknown => {
            "neither a picture nor a palette that is known: .map, .ugr, .ggr, .kfr, .kfp".into()
        }
        _ => problem.to_string(),
    }
}

/// The message of a limit that was met, or of a mistake that says all by itself.
fn limit(error: &Error) -> String {
    match error {
        Error::Instructions(what) => format!("this kernel needs a processor with {what}"),
        Error::LongReference { max_steps } => format!(
            "the reference orbit of this view takes more than {max_steps} iterations, and no more fit into memory; \
             use a smaller --max-iter, or a center near a small copy of the set ('mandel find' finds one)"
        ),
        Error::Undecided { bits, iterations } => format!(
            "{bits} bits do not tell whether this point has escaped after {iterations} iterations, and more \
             are not tried; a max_iter below {iterations} gets an answer"
        ),
        Error::Memory { max_bytes } => format!(
            "this search keeps more than the {} of memory that are free; use a smaller --max-iter",
            bytes(*max_bytes)
        ),
        Error::Internal(_) => format!("{error}; this is a bug in mandel"),
        _ => error.to_string(),
    }
}

fn field_problem(problem: &FieldProblem) -> String {
    match problem {
        FieldProblem::Unknown => "it is no file of numbers; NPY, NPZ, EXR and KFB are read".into(),
        FieldProblem::Type(name) => {
            format!("it has numbers of the type {}; <u4, <u8, <i4, <i8, <f4 and <f8 are read", brief(name))
        }
        FieldProblem::Shape(shape) => {
            format!("it has the shape {}; two sides of 1 to {MAX_SIDE} are read", brief(shape))
        }
        FieldProblem::Size { columns, rows, expected, found } => format!(
            "its header says {columns}x{rows} samples, which take {expected} bytes or more, and there are {found}"
        ),
        FieldProblem::Value { what, column, row } => {
            format!("{what} at sample {column},{row}, counted from the upper left, 0,0")
        }
        FieldProblem::Memory { needed, free } => {
            format!("it takes {} of memory and {} are free", bytes(*needed), bytes(*free))
        }
        _ => problem.to_string(),
    }
}

fn film_problem(problem: &FilmProblem) -> String {
    match problem {
        FilmProblem::NoFrames => "a film has at least one frame; try --frames 600".into(),
        FilmProblem::Outwards => {
            "--from must not be deeper than --to; films zoom in, and a player or ffmpeg's filter 'reverse' turns them round".into()
        }
        FilmProblem::Ease(ease) => format!(
            "--ease must be 0..0.5, the part of the film in which the speed changes at either end (got {ease:?})"
        ),
        FilmProblem::Turn(turn) => format!("--turn must be at most 1e6 degrees either way (got {turn:?})"),
        FilmProblem::Crop => "this scene is a part of a view; take the scene of the whole, without crop".into(),
        FilmProblem::Lattice => {
            "the frames of a film have square pixels sampled at their centers; leave out --aspect stretch and --grid endpoints"
                .into()
        }
        FilmProblem::Refined => {
            "the frames of a film have as many samples in all pixels; choose --supersample 1 to 8".into()
        }
        FilmProblem::Map(map) => format!(
            "--map {map} is found anew from all samples of a picture; choose --map auto, which is found from all of the film"
        ),
        FilmProblem::Keys(why) => format!("key frames cannot {why}; choose --way direct, or leave it out"),
        FilmProblem::Strip(why) => format!("a strip cannot {why}; leave that out, or make the film without a strip"),
        FilmProblem::Projection => {
            "the frames of a film are flat; leave out --projection exponential, or give its file to --from-strip".into()
        }
        FilmProblem::NoStrip => {
            "--from-strip needs the numbers of a whole exponential map, as 'mandel zoom --strip FILE.exr' makes them".into()
        }
        FilmProblem::Beyond(from, to) => {
            format!("at this size the strip has frames from --from {from} to --to {to}; stay within")
        }
        _ => problem.to_string(),
    }
}

fn job_problem(problem: &JobProblem) -> String {
    match problem {
        JobProblem::Syntax(words) => format!("no job: {}", brief(words)),
        JobProblem::Version(version) => format!(
            "this job has version {}, and mandel {} reads version 1; a newer mandel may read it",
            brief(version),
            env!("CARGO_PKG_VERSION")
        ),
        JobProblem::Scene(error) => format!("scene: {}", words(error)),
        JobProblem::Kernel { job, here } => format!(
            "the job is for kernel {}, and mandel {} has {here} for its view; use the mandel that planned it, or \
             plan it anew",
            brief(job),
            env!("CARGO_PKG_VERSION")
        ),
        JobProblem::Shards { shards, tiles } => {
            format!("--shards must be 1..{tiles}, the number of tiles of this picture (got {shards})")
        }
        JobProblem::TooLarge => {
            "the picture has more samples than a job can list; use a smaller size, or several crops".into()
        }
        _ => problem.to_string(),
    }
}

fn not_found(search: &Search) -> String {
    match search {
        Search::CenterEscapes => "no minibrot was found in this view: its center escapes, and no nucleus is \
                                  near; try a larger view, or another center"
            .into(),
        Search::NoNucleus(max_iter) => format!(
            "no minibrot of a period up to {max_iter} was found in this view; try a larger --max-iter, or a larger \
             view, which has lower periods"
        ),
        Search::NoWay(steps) => {
            format!("after {steps} steps no minibrot was in view to go on with; try another seed")
        }
        Search::NoMisiurewicz => {
            "no Misiurewicz point was found in this view; try a larger view, one that shows \
                                  the boundary of the set, or name a preperiod and period"
                .into()
        }
        Search::NoMisiurewiczUpTo(sum) => format!(
            "no Misiurewicz point with preperiod and period up to {sum} together was found in this view; try a \
             larger --max-iter or a larger view"
        ),
        Search::OtherPeriod { preperiod, period, found } => format!(
            "the point of preperiod {preperiod} in this view has period {found}, not {period}; ask for \
             {preperiod},{found} or move the view"
        ),
        Search::NoPair { preperiod, period } => format!(
            "no Misiurewicz point with preperiod {preperiod} and period {period} was found in this view; try a \
             larger view, or leave out preperiod and period to find the lowest ones"
        ),
        _ => search.to_string(),
    }
}

fn scene_problem(problem: &SceneProblem) -> String {
    match problem {
        SceneProblem::UnknownKey { key, known } => {
            let meant = did_you_mean(key, known.iter().copied());
            format!("unknown key '{}'{meant}; known: {}", brief(key), known.join(", "))
        }
        SceneProblem::Choice { key, given, known } => {
            let meant = did_you_mean(given, known.iter().map(String::as_str));
            format!("no {key} named '{}'{meant}; known: {}", brief(given), known.join(", "))
        }
        SceneProblem::Both(..) => format!("{problem}; keep one"),
        SceneProblem::Syntax(words) => cut(words, 200),
        SceneProblem::Version(version) if version.parse::<f64>().is_err() => {
            "'mandel' must be the number 1, the version of the scene".into()
        }
        SceneProblem::Version(version) => format!(
            "this scene has version {}, and mandel {} reads version 1; a newer mandel may read it",
            brief(version),
            env!("CARGO_PKG_VERSION")
        ),
        SceneProblem::Value { key, error } => format!("{key}: {}", words(error)),
        _ => problem.to_string(),
    }
}

/// "; did you mean 'inferno'?", if some known name is close.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|&(distance, known)| distance <= known.len() / 3)
        .map(|(_, known)| format!("; did you mean '{known}'?"))
        .unwrap_or_default()
}

/// The suffixes of the formats of which something holds, in words.
fn formats(holds: impl Fn(Format) -> bool) -> String {
    let known: Vec<String> =
        Format::all().filter(|&format| holds(format)).map(|format| format!(".{format}")).collect();
    match known.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => known.concat(),
    }
}

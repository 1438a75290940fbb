//! The strip of a film as a file: all its octaves as one exponential map, from which frames are cut without iterating.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use mandel::decode::FieldFile;
use mandel::encode::Format;
use mandel::film::{Film, Source, Way};
use mandel::render::Render;
use mandel::{
    Coloring, Draft, Error, Extent, FilmProblem, Frame, Grid, Interior, Map, ReferenceOrbit, Scene, Viewport,
};

use crate::cli::color::{open, read_any, stored_scene};
use crate::cli::failure::{Failure, print, usage};
use crate::cli::files::{cannot_write, in_the_way};
use crate::cli::interrupt::Unfinished;
use crate::cli::pattern::Pattern;
use crate::cli::picture::PictureArgs;
use crate::cli::pieces::{self, read_failure};
use crate::cli::render::{Job, Share};
use crate::cli::request::folder;
use crate::cli::resolved::Resolved;
use crate::cli::scene_json::scene_json;
use crate::cli::terminal::{brief, reason, say, shown};
use crate::cli::threads;
use crate::cli::zoom::{Args, From, prepared};

/// A strip that is read.
pub(super) struct Strip {
    field: Arc<FieldFile>,
    path: PathBuf,
}

impl Strip {
    /// Says what could not be read, if so.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.field.failed().load(Ordering::Relaxed)
            && let Some(error) = self.field.take_failure()
        {
            return Err(read_failure(&self.path, &error));
        }
        Ok(())
    }
}

/// Makes the strip of a film, or prints its scene.
pub(super) fn make(args: &Args, path: &Path, start: Instant) -> Result<(), Failure> {
    let octaves = path.to_str().filter(|text| text.contains('{'));
    let octaves =
        octaves.map(Pattern::read).transpose().map_err(|problem| usage(format!("--strip: {problem}")))?;
    let suffix = path.extension().and_then(|suffix| suffix.to_string_lossy().parse::<Format>().ok());
    if !suffix.is_some_and(Format::is_field) {
        return Err(usage(format!(
            "a strip is a file of numbers, .exr or .npz, as in strip.exr (got {})",
            shown(path)
        )));
    }
    let unfinished = Unfinished::watch(args.durability);
    let threads = args.run.threads()?;
    let mut resolved = args.scene.resolve(None, args.run.progress(), 1)?;
    // How many frames are cut out of it later changes nothing.
    let film = args.film(&resolved, 2, Some(Way::Strip))?;
    let pool = threads::pool(threads, 0, true)?;
    // With the map of the film, which the strip is to have however it is made.
    let film = pool.install(|| prepared(film, &mut resolved, args.run.progress(), threads))?;
    let (scene, orbit) = (film.strip_scene()?, film.orbit());
    drop((film, pool));
    if args.dry_run {
        return print(&if args.json { format!("{:#}\n", scene_json(&scene)) } else { scene.to_text() });
    }
    if !args.run.quiet {
        resolved.notes().iter().for_each(say);
    }
    let Some(pattern) = octaves else {
        return write(args, path, scene, orbit, &unfinished, start);
    };
    // The outermost octave comes last, as in the files of a zoom outwards that other programs write.
    let parts = mandel::film::octaves(&scene)?;
    let names = (0..parts.len()).map(|index| filled(&pattern, index)).collect::<Result<Vec<_>, _>>()?;
    if let [one, other, ..] = &names[..]
        && one == other
    {
        return Err(usage(format!(
            "--strip names one file for all octaves; put {{index:04}} into {}",
            shown(path)
        )));
    }
    if let Some(path) = names.iter().find(|path| !args.force && path.symlink_metadata().is_ok()) {
        return Err(in_the_way(Failure::Exists(path.clone(), "")));
    }
    for (part, path) in parts.into_iter().rev().zip(names) {
        args.durability.make_folder(folder(&path)).map_err(|error| cannot_write(&path, reason(&error)))?;
        write(args, &path, part, orbit.clone(), &unfinished, Instant::now())?;
    }
    Ok(())
}

fn filled(pattern: &Pattern, index: usize) -> Result<PathBuf, Failure> {
    let value = |name: &str| match name {
        "index" => Ok(index.to_string()),
        _ => Err(format!("no field '{{{}}}'; the one there is, is {{index:04}}", brief(name))),
    };
    pattern.fill(value).map_err(|problem| usage(format!("--strip: {problem}")))
}

/// Renders a strip, or an octave of one, into a file of numbers.
fn write(
    args: &Args,
    path: &Path,
    scene: Scene,
    orbit: Option<Arc<ReferenceOrbit>>,
    unfinished: &Unfinished,
    start: Instant,
) -> Result<(), Failure> {
    let picture = PictureArgs::numbers(
        path,
        args.run.clone(),
        args.durability,
        (args.force, args.no_metadata, args.json),
    );
    let share = Share { threads: args.run.threads()?, jobs: 1 };
    let strip = Resolved { reference: orbit, ..Resolved::known(scene) };
    let mut job = Job::new(&picture, share, picture.requests(None, &args.inputs())?, strip, None)?;
    let outputs = job.open(picture.existing(), unfinished).map_err(in_the_way)?;
    job.render(outputs, start, |job| Ok(pieces::Source::Kernel(job.prepare(args.run.progress())?)))
}

/// The film of a strip that is in a file.
pub(super) fn read(args: &Args, path: &Path, count: u32, threads: usize) -> Result<(Film, Strip), Failure> {
    if let Some(option) = args.scene.placed() {
        return Err(usage(format!(
            "{option} does not go with --from-strip, whose samples are there already; of the view, --from, --to, --size and \
             --rotate can be chosen"
        )));
    }
    if path.to_string_lossy().contains('{') {
        return Err(usage(format!(
            "files of single octaves are for other programs; --from-strip needs the strip in one file, as --strip z.npz makes it (got {})",
            shown(path)
        )));
    }
    let field = read_any(open(path)?, None, threads)?;
    let field = Arc::new(field.map_err(|error| read_failure(path, &error))?);
    let strip = Strip { field: Arc::clone(&field), path: path.into() };
    let (stored, draft) = stored_scene(path, &field)?.ok_or(Error::Film(FilmProblem::NoStrip))?;
    let (Frame::Exponential { center, .. }, view) = (stored.viewport().frame(), stored.samples()) else {
        return Err(Error::Film(FilmProblem::NoStrip).into());
    };
    if stored.viewport().whole() != *stored.viewport() {
        return Err(Error::Film(FilmProblem::NoStrip).into());
    }
    let coloring = coloring(args, &stored, draft, &strip, threads)?;
    let size = args.scene.size().unwrap_or(Scene::DEFAULT_SIZE);
    let (first, last) = Film::range_of_strip(view, size).ok_or(Error::Film(FilmProblem::NoStrip))?;
    let from = match &args.from {
        None => first,
        Some(From::Zoom(zoom)) => zoom.clone(),
        Some(From::File(_)) => {
            return Err(usage("--from is a magnification where frames are cut out of a strip"));
        }
    };
    let to = args.scene.zoom().cloned().unwrap_or(last);
    let frame = Frame::Centered { center: center.clone(), extent: Extent::Zoom(to.clone()) };
    let viewport = Viewport::new(frame, Grid::Centers, size)?.with_rotation(args.scene.rotation())?;
    let scene = Scene::new(viewport, stored.bailout(), Scene::DEFAULT_SUPERSAMPLE, coloring)?;
    let path = mandel::film::Path::new(from, to, count, args.ease, args.turn)?;
    let source = Source { view: view.clone(), kernel: Box::new(field) };
    Ok((Film::of_strip(&scene, path, source)?, strip))
}

/// The colors of a strip with those that were asked for, of which nothing is left to be found.
fn coloring(
    args: &Args,
    stored: &Scene,
    mut draft: Draft,
    strip: &Strip,
    threads: usize,
) -> Result<Coloring, Failure> {
    let (field, name) = (&strip.field, shown(&strip.path));
    args.scene.color().put(&mut draft)?;
    let scene = draft.scene()?;
    let coloring = scene.coloring();
    if coloring.map == Map::Histogram && coloring.curve.is_none() {
        return Err(Error::Film(FilmProblem::Map(coloring.map.to_string())).into());
    }
    // What depends on a width in pixels is refused in any case, with its own words.
    let pixels = coloring.shading.edge.is_some() || coloring.interior == Interior::Distance;
    if pixels {
        return Ok(coloring.clone());
    }
    if coloring.interior.takes_interiors() && !stored.coloring().interior.takes_interiors() {
        return Err(usage(format!(
            "{name} has no periods, which --interior period needs; choose another --interior, or make the strip with this one"
        )));
    }
    if coloring.detail().has_distances() && !field.has_distances() {
        return Err(usage(format!(
            "{name} has no distances, which --light needs; make the strip with this light, or with any other"
        )));
    }
    let render = threads::pool(threads, 0, true)?.install(|| {
        Render::with_kernel(&scene, Box::new(Arc::clone(field)), true, |lattice| Ok(field.nearest(lattice)))
    })?;
    strip.check()?;
    Ok(render.scene().coloring().clone())
}

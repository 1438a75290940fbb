//! `mandel color`: a file of numbers as a picture, without iterating.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use mandel::decode::{FieldFile, ReadError};
use mandel::encode::{Format, SCENE};
use mandel::render::Render;
use mandel::{Bailout, Distance, Draft, Escape, Kernel, Map, Scene, Supersample};

use crate::cli::color_args::ColorArgs;
use crate::cli::command::command;
use crate::cli::failure::{Failure, usage};
use crate::cli::interrupt::Unfinished;
use crate::cli::memory;
use crate::cli::metadata::Reading;
use crate::cli::picture::PictureArgs;
use crate::cli::pieces::{Source, read_failure};
use crate::cli::render::{Job, Share};
use crate::cli::resolved::Resolved;
use crate::cli::takes::Takes;
use crate::cli::terminal::{reason, say, shown};
use crate::cli::threads;
use crate::cli::value::{self, Named, Worded};
use crate::cli::words::words;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file of numbers
    ///
    /// NPZ or EXR made by mandel, NPY, EXR of Kalles Fraktaler or Fraktaler-3, or KFB.
    #[arg(value_name = "FIELD")]
    field: PathBuf,
    /// The limit of iterations of a field that does not say it
    ///
    /// [default: the largest count]
    #[arg(short = 'n', long, value_name = "N", allow_hyphen_values = true, help_heading = "Sampling", value_parser = Worded(limit))]
    max_iter: Option<u32>,
    #[command(flatten)]
    color: ColorArgs,
    /// Format where the file name has no suffix [default: png]
    ///
    /// As with -: png, npy, tiff, webp, qoi, jpg, ppm, pam, npz, exr.
    #[arg(long, value_name = "FORMAT", hide_possible_values = true, help_heading = "Output", value_parser = Named(value::format, value::format_names))]
    format: Option<Format>,
    #[command(flatten)]
    picture: PictureArgs,
}

/// A limit of iterations, which cannot be found without iterating.
pub(crate) fn limit(text: &str) -> Result<u32, Failure> {
    value::whole("--max-iter", text, 1, Bailout::MAX_ITER, "")
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let start = Instant::now();
    let picture = &args.picture;
    let inputs = [vec![("field", args.field.as_path())], args.color.inputs()].concat();
    let requests = picture.requests(args.format, &inputs)?;
    let file = open(&args.field)?;
    let unfinished = Unfinished::watch(picture.durability);
    let share = Share { threads: picture.run.threads()?, jobs: 1 };
    let field = read_any(file, args.max_iter, share.threads)?;
    let field = Arc::new(field.map_err(|error| read_failure(&args.field, &error))?);
    let (scene, reading) = args.scene(&field)?;
    let interiors = reading.interiors;
    let mut work = Job::new(picture, share, requests, Resolved::known(scene.clone()), None)?.reading(reading);
    args.check(&scene, &field, work.takes(), interiors)?;
    let outputs = work.open(picture.existing(), &unfinished)?;
    if outputs.is_empty() {
        return Ok(());
    }
    if field.has_certainty() && !picture.certainty && !picture.run.quiet && work.writes_field() {
        say(format_args!(
            "note: {} says which counts are certain, and what is written does not; --certainty proves them again",
            shown(&args.field)
        ));
    }
    work.render(outputs, start, |work| {
        let found = scene.coloring().curve.is_some();
        let kernel = Box::new(Arc::clone(&field));
        let render = Render::with_kernel(&scene, kernel, work.takes().colors, |lattice| {
            Ok(if found { Box::new(Nothing) } else { field.nearest(lattice) })
        })?;
        Ok(Source::Field(render, field, args.field.clone()))
    })
}

/// Opens a file of numbers, which are read from several places of it.
pub(crate) fn open(path: &Path) -> Result<File, Failure> {
    if path.as_os_str() == "-" {
        return Err(usage(
            "a field is read from several places of a file at once, which - is not; name a file",
        ));
    }
    if path.is_dir() {
        return Err(usage(format!("{} is a directory; name a file", shown(path))));
    }
    let fails = |error: io::Error| Failure::Io { action: "read", path: path.into(), problem: reason(&error) };
    if !path.metadata().map_err(fails)?.is_file() {
        return Err(Failure::Input(format!("{}: it is no regular file", shown(path))));
    }
    File::open(path).map_err(fails)
}

/// Reads what a file says of itself, if it holds numbers.
pub(crate) fn read_any(
    file: File,
    max_iter: Option<u32>,
    threads: usize,
) -> Result<Result<FieldFile, ReadError>, Failure> {
    let free = memory::available().unwrap_or(u64::MAX);
    let pool = threads::pool(threads, 0, true)?;
    Ok(pool.install(|| FieldFile::open(file, max_iter, free)))
}

impl Args {
    /// The scene of the field in the colors that were asked for, and what is known of it.
    fn scene(&self, field: &FieldFile) -> Result<(Scene, Reading), Failure> {
        let stored = stored_scene(&self.field, field)?;
        let mut draft = match &stored {
            Some((_, draft)) => draft.clone(),
            None => Draft {
                size: Some(field.size()),
                supersample: Some(Supersample::All(1)),
                max_iter: field.max_iter(),
                map: Some(Map::Auto),
                ..Draft::default()
            },
        };
        if self.max_iter.is_some_and(|n| draft.max_iter.is_some_and(|own| own != n)) {
            return Err(usage(format!(
                "{} says how far it was iterated, {}; leave out --max-iter",
                shown(&self.field),
                draft.max_iter.unwrap_or_default()
            )));
        }
        if self.picture.certainty && stored.is_none() {
            return Err(usage(format!(
                "{} does not say which view it is of, so nothing can be proven; leave out --certainty",
                shown(&self.field)
            )));
        }
        self.color.put(&mut draft)?;
        let scene = draft.scene()?;
        let own_curve = stored.as_ref().is_some_and(|(stored, _)| {
            let described = field.texts().into_iter().find(|(keyword, _)| keyword == "Description");
            let (then, now) = (stored.coloring(), scene.coloring());
            described.map(|(_, text)| text) == command(stored)
                && (then.map, &then.curve) == (now.map, &now.curve)
        });
        let interiors =
            stored.as_ref().is_some_and(|(stored, _)| stored.coloring().interior.takes_interiors());
        Ok((scene, Reading { view: stored.is_some(), own_curve, interiors }))
    }

    /// Checks that the field has what the picture takes.
    fn check(&self, scene: &Scene, field: &FieldFile, takes: Takes, interiors: bool) -> Result<(), Failure> {
        let name = shown(&self.field);
        if takes.detail.interiors && !interiors {
            return Err(usage(format!(
                "{name} has no periods, which --interior period and distance need; choose another --interior, or render it \
                 again with this one"
            )));
        }
        if takes.detail.distances && !field.has_distances() {
            return Err(usage(format!(
                "{name} has no distances, which --light, --edge and --values distance need; render it again with \
                 --values distance"
            )));
        }
        let coloring = scene.coloring();
        let found = match coloring.map {
            Map::Log => coloring.origin.is_some(),
            map => !map.is_curve() || coloring.curve.is_some(),
        };
        if takes.colors && !found && scene.viewport().whole() != *scene.viewport() {
            return Err(usage(format!(
                "{name} is a part of a view, and the map {} is found from all of it; leave out --map, or choose linear, \
                 sqrt, cyclic, or log with --origin",
                coloring.map
            )));
        }
        Ok(())
    }
}

/// The scene that a field names, and its text; nothing where it names none.
pub(crate) fn stored_scene(path: &Path, field: &FieldFile) -> Result<Option<(Scene, Draft)>, Failure> {
    let Some((_, text)) = field.texts().into_iter().find(|(keyword, _)| keyword == SCENE) else {
        return Ok(None);
    };
    let input = |problem: String| Failure::Input(format!("{}: {problem}", shown(path)));
    let draft = Draft::read(&text).map_err(|error| input(format!("its scene: {}", words(&error))))?;
    let scene = draft.clone().scene().map_err(|error| input(format!("its scene: {}", words(&error))))?;
    let size = (scene.samples().width(), scene.samples().height());
    if size != field.size() || scene.refines() {
        let ((width, height), (columns, rows)) = (size, field.size());
        return Err(input(format!("its scene has {width}x{height} samples, and it holds {columns}x{rows}")));
    }
    let max_iter = scene.bailout().max_iter();
    if field.max_iter().is_some_and(|n| n != max_iter) {
        return Err(input(format!("its scene has max_iter {max_iter}, and its numbers another one")));
    }
    Ok(Some((scene, draft)))
}

/// In place of a kernel with which a curve would be found that is known.
struct Nothing;

impl Kernel for Nothing {
    fn iterate(&self, _: Range<u32>, _: Range<u32>, out: &mut [Escape]) {
        out.fill(Escape::NONE);
    }

    fn distances(&self, _: Range<u32>, _: Range<u32>, _: &[Escape], out: &mut [Distance]) {
        out.fill(Distance::NONE);
    }
}

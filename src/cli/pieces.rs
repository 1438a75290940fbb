//! Files of a job: read with their names in every complaint, written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use mandel::decode::{FieldFile, ReadError};
use mandel::job::{Digest, Job, Stitch, orbit_digest, orbit_name, read_orbit, write_orbit};
use mandel::render::Render;
use mandel::{Plan, ReferenceOrbit, Scene};

use crate::cli::failure::{Failure, usage};
use crate::cli::files::{EXISTS, Existing, Output, finish_all};
use crate::cli::interrupt::Unfinished;
use crate::cli::progress::{Meter, Progress, Stage};
use crate::cli::request::{Request, folder};
use crate::cli::terminal::{reason, shown};
use crate::cli::words::words;

/// Where the numbers of a picture come from.
pub(crate) enum Source {
    /// They are computed.
    Kernel(Render),
    /// They are read from shards.
    Shards(Render, Arc<Stitch>),
    /// They are read from a file of all of them.
    Field(Render, Arc<FieldFile>, PathBuf),
}

impl Source {
    pub(crate) fn render(&self) -> &Render {
        let (Self::Kernel(render) | Self::Shards(render, _) | Self::Field(render, ..)) = self;
        render
    }

    /// Whether reading failed, and the picture is none.
    pub(crate) fn failed(&self) -> &AtomicBool {
        static NEVER: AtomicBool = AtomicBool::new(false);
        match self {
            Self::Kernel(_) => &NEVER,
            Self::Shards(_, stitch) => stitch.failed(),
            Self::Field(_, field, _) => field.failed(),
        }
    }

    /// Why reading failed.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let (path, error) = match self {
            Self::Kernel(_) => return None,
            Self::Shards(_, stitch) => stitch.take_failure()?,
            Self::Field(_, field, path) => (path.clone(), field.take_failure()?),
        };
        Some(read_failure(&path, &error))
    }
}

/// A file that cannot be used.
pub(crate) fn read_failure(path: &Path, error: &ReadError) -> Failure {
    match error {
        ReadError::Io(error) => Failure::Io { action: "read", path: path.into(), problem: reason(error) },
        ReadError::Bad(error @ mandel::Error::LongReference { .. }) => error.clone().into(),
        ReadError::Bad(error) => Failure::Input(format!("{}: {}", shown(path), words(error))),
    }
}

/// Reads a job.
pub(crate) fn read_job(path: &Path) -> Result<Job, Failure> {
    if path.is_dir() {
        return Err(usage(format!("{} is a directory; name the job file in it", shown(path))));
    }
    let fails = |error: io::Error| {
        let hint = if error.kind() == io::ErrorKind::NotFound { "; 'mandel plan' makes one" } else { "" };
        Failure::Io { action: "read", path: path.into(), problem: reason(&error) + hint }
    };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(Job::MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(fails)?;
    if bytes.len() as u64 > Job::MAX_BYTES {
        return Err(usage(format!("{} is longer than 1 MiB, and no job is", shown(path))));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| usage(format!("{} is no job: the text is not UTF-8", shown(path))))?;
    Job::read(&text).map_err(|error| usage(format!("{}: {}", shown(path), words(&error))))
}

/// Opens a file of a job, which will replace what was there.
pub(crate) fn open(path: PathBuf, unfinished: &Unfinished) -> Result<Output<&'static str>, Failure> {
    let request = Request { path: Some(path.clone()), format: "file", poster: false };
    let opened = Output::open(&request, Existing::Replace, 0, unfinished)?;
    // Only what is to be kept is not opened.
    opened.ok_or(Failure::Exists(path, EXISTS))
}

/// Writes a file whole.
pub(crate) fn put(
    path: PathBuf,
    unfinished: &Unfinished,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut piece = open(path, unfinished)?;
    write(&mut piece).map_err(piece.failure())?;
    finish_all(vec![piece]).map(drop)
}

/// The shards in some folders, whatever their names: files that end in `.mshd` and do not begin with a point.
pub(crate) fn shards_in(folders: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    for folder in folders {
        let fails = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => usage(format!("there is no folder {}", shown(folder))),
            _ => Failure::Io { action: "read", path: folder.clone(), problem: reason(&error) },
        };
        for entry in fs::read_dir(folder).map_err(fails)? {
            let path = entry.map_err(fails)?.path();
            let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if !hidden && path.extension().is_some_and(|suffix| suffix == "mshd") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    Ok(paths)
}

/// The reference orbit of a deep view, computed, with its digest.
pub(crate) fn compute_orbit(
    scene: &Scene,
    known: Option<Arc<ReferenceOrbit>>,
    max_steps: u64,
    progress: Progress,
) -> Result<Option<(Arc<ReferenceOrbit>, Digest)>, Failure> {
    let plan = Plan::new(scene.samples(), scene.bailout(), None);
    let steps = Arc::default();
    let shown = if plan.is_deep() { progress } else { Progress::Never };
    let _meter = Meter::start(shown, Stage::Reference, Arc::clone(&steps));
    let orbit = plan.reference(known, max_steps, &steps)?;
    Ok(orbit.map(|orbit| {
        let digest = orbit_digest(scene, &orbit);
        (orbit, digest)
    }))
}

/// Writes a reference orbit beside its job.
pub(crate) fn put_orbit(
    scene: &Scene,
    (orbit, digest): &(Arc<ReferenceOrbit>, Digest),
    beside: &Path,
    unfinished: &Unfinished,
) -> Result<(), Failure> {
    let path = folder(beside).join(orbit_name(*digest));
    put(path, unfinished, |to| write_orbit(scene, orbit, to).map(drop))
}

/// The reference orbit of a job: from the file beside it, or computed if that is gone.
pub(crate) fn orbit_of(
    job: &Job,
    path: &Path,
    max_steps: u64,
    progress: Progress,
) -> Result<Option<Arc<ReferenceOrbit>>, Failure> {
    let Some(digest) = job.orbit() else { return Ok(None) };
    let file = folder(path).join(orbit_name(digest));
    match File::open(&file) {
        Ok(open) => {
            let orbit = read_orbit(job.scene(), digest, max_steps, open);
            orbit.map(Some).map_err(|error| read_failure(&file, &error))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match compute_orbit(job.scene(), None, max_steps, progress)? {
                Some((orbit, found)) if found == digest => Ok(Some(orbit)),
                _ => Err(Failure::Input(format!(
                    "{}: the reference orbit that this mandel computes is not the one of the job; copy {} beside it, \
                     or plan it anew",
                    shown(path),
                    orbit_name(digest)
                ))),
            }
        }
        Err(error) => Err(read_failure(&file, &ReadError::Io(error))),
    }
}

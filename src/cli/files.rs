//! Where results go: every output is checked before the first iteration, and is complete or not there at all.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use mandel::encode::{Format, Out};
use tempfile::NamedTempFile;

use crate::cli::failure::{Failure, usage};
use crate::cli::file_id::FileId;
use crate::cli::interrupt::Unfinished;
use crate::cli::poster::Poster;
use crate::cli::request::{Request, folder, is_special, is_stdout};
use crate::cli::temporary::remove;
use crate::cli::terminal::{bytes, reason, shown};

/// What may happen to a file that is already there.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Existing {
    Refuse,
    Replace,
    Keep,
}

/// One result on its way to its place, in a format of a kind `F`, which is shown as its suffix.
pub(crate) struct Output<F = Format> {
    pub(crate) format: F,
    path: PathBuf,
    place: Place,
    /// What is written into at once, or the file that this output will take the place of.
    id: Option<FileId>,
    replace: bool,
    /// Whether another name may be taken if this one is gone by the end of the render.
    numbered: bool,
    unfinished: Unfinished,
}

enum Place {
    Stdout(BufWriter<io::Stdout>),
    /// A device, a pipe, or an open descriptor: written into, never renamed over.
    Device(BufWriter<File>),
    /// Renamed to its path when complete.
    File(BufWriter<NamedTempFile>),
    /// The same for a file with a folder beside it.
    Poster(Poster),
}

impl<F: Copy + Display> Output<F> {
    /// Checks that a result can be written where it is wanted, and opens the place.
    ///
    /// `size` is what will surely be written, in bytes. `None`: the file is there and is to be kept.
    pub(crate) fn open(
        request: &Request<F>,
        existing: Existing,
        size: u64,
        unfinished: &Unfinished,
    ) -> Result<Option<Self>, Failure> {
        let numbered = request.path.is_none();
        let path = request.path.clone().unwrap_or_else(|| free_name(request.format));
        let fails = |error: io::Error| cannot_write(&path, reason(&error));
        let (place, id) = if request.poster {
            if is_special(&path) {
                return Err(usage("a poster is a folder and two files; name it, as in -o poster.dzi"));
            }
            match Poster::names(&path).into_iter().find(|path| fs::symlink_metadata(path).is_ok()) {
                Some(_) if existing == Existing::Keep => return Ok(None),
                Some(path) if existing == Existing::Refuse => return Err(Failure::Exists(path, EXISTS)),
                _ => {}
            }
            check_folder(&path, size, request.format, unfinished)?;
            let poster = Poster::new(&path, unfinished).map_err(fails)?;
            (Place::Poster(poster), FileId::of_path(&path))
        } else if is_stdout(&path) {
            (Place::Stdout(BufWriter::with_capacity(BUFFER, io::stdout())), FileId::of_stdout())
        } else if is_special(&path) {
            let file = OpenOptions::new().write(true).open(&path).map_err(fails)?;
            let id = FileId::of(&file);
            (Place::Device(BufWriter::with_capacity(BUFFER, file)), id)
        } else {
            match fs::symlink_metadata(&path) {
                // A default name is free. If it is not when the output is complete, the next one is taken.
                _ if numbered => {}
                Ok(_) if existing == Existing::Keep => return Ok(None),
                Ok(_) if existing == Existing::Refuse => return Err(Failure::Exists(path, EXISTS)),
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fails(error)),
                _ => {}
            }
            check_folder(&path, size, request.format, unfinished)?;
            let temporary = unfinished.file(&path).map_err(fails)?;
            (Place::File(BufWriter::with_capacity(BUFFER, temporary)), FileId::of_path(&path))
        };
        Ok(Some(Self {
            format: request.format,
            place,
            id,
            replace: existing == Existing::Replace && !numbered,
            numbered,
            path,
            unfinished: unfinished.clone(),
        }))
    }

    /// Checks that no two outputs write into the same file, and mix there. `option` is how an output was asked for.
    pub(crate) fn check_apart(outputs: &[Self], option: impl Fn(&Self) -> String) -> Result<(), Failure> {
        for (index, output) in outputs.iter().enumerate() {
            if let Some(other) = outputs[..index].iter().find(|other| other.meets(output)) {
                let place = if output.is_stdout() { "standard output" } else { "the same file" };
                let (one, two) = (option(other), option(output));
                return Err(usage(format!("{one} and {two} both write to {place}; keep one")));
            }
        }
        Ok(())
    }

    fn meets(&self, other: &Self) -> bool {
        match (&self.place, &other.place) {
            (Place::Stdout(_), Place::Stdout(_)) => true,
            // Each makes a new file, for another name.
            (Place::File(_) | Place::Poster(_), Place::File(_) | Place::Poster(_)) => false,
            _ => self.id.is_some() && self.id == other.id,
        }
    }

    /// The poster, if this is one.
    pub(crate) fn poster(&mut self) -> Option<&mut Poster> {
        if let Place::Poster(poster) = &mut self.place { Some(poster) } else { None }
    }

    /// The path as it was given or found.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The name for messages.
    fn name(&self) -> String {
        if is_stdout(&self.path) { "standard output".into() } else { shown(&self.path) }
    }

    /// Whether this is what standard output writes into, by whatever name.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self.place, Place::Stdout(_)) || self.id.is_some() && self.id == FileId::of_stdout()
    }

    /// What a failure to write means, for this output.
    pub(crate) fn failure(&self) -> impl Fn(io::Error) -> Failure + Send + use<F> {
        let path = self.path.clone();
        let stdout = matches!(self.place, Place::Stdout(_));
        let rest = match self.place {
            Place::File(_) | Place::Poster(_) => NOTHING_LEFT,
            Place::Stdout(_) | Place::Device(_) => "",
        };
        move |error| match error.kind() {
            _ if stdout => Failure::stdout(&error),
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => cannot_write(&path, format!("{}{rest}", reason(&error))),
        }
    }
}

/// Completes all outputs, and only then puts any of them in its place. Returns their final names.
///
/// What cannot be taken back is written first: devices and pipes when their buffers are flushed. A rename fails
/// rarely, as where someone else took the name meanwhile. Then the files that were renamed before are removed, as far
/// as that works; only a file that was replaced stays replaced, since the old one is gone.
pub(crate) fn finish_all<F: Copy + Display>(mut outputs: Vec<Output<F>>) -> Result<Vec<String>, Failure> {
    for output in &mut outputs {
        output.flush().map_err(output.failure())?;
    }
    for output in &outputs {
        output.sync().map_err(output.failure())?;
    }
    let Some(unfinished) = outputs.first().map(|output| output.unfinished.clone()) else {
        return Ok(Vec::new());
    };
    // Held until all are renamed, so that an interrupt finds either all files in their places or none.
    let mut files = unfinished.lock();
    let (mut names, mut paths, mut made) = (Vec::new(), Vec::new(), Vec::new());
    let take_back = |made: &[PathBuf]| made.iter().for_each(|path| remove(path));
    for output in outputs {
        match output.put(&mut files) {
            Ok(Put { name, path, new }) => {
                names.push(name);
                paths.extend(path);
                made.extend(new);
            }
            Err(failure) => {
                take_back(&made);
                return Err(failure);
            }
        }
    }
    drop(files);
    let mut synced = BTreeSet::new();
    for path in &paths {
        if synced.insert(folder(path))
            && let Err(error) = unfinished.durability.sync_names(folder(path))
        {
            take_back(&made);
            let end = if made.contains(path) { NOTHING_LEFT } else { AT_RISK };
            return Err(cannot_write(path, format!("{}{end}", reason(&error))));
        }
    }
    Ok(names)
}

/// An output in its place.
struct Put {
    name: String,
    /// Nothing for what was written at once.
    path: Option<PathBuf>,
    /// The paths where nothing was before.
    new: Vec<PathBuf>,
}

impl<F: Copy + Display> Output<F> {
    /// Makes sure that the bytes are on the disk.
    fn sync(&self) -> io::Result<()> {
        match &self.place {
            Place::Stdout(_) | Place::Device(_) => Ok(()),
            Place::File(writer) => self.unfinished.durability.sync(writer.get_ref().as_file()),
            Place::Poster(poster) => poster.sync(),
        }
    }

    /// Puts a flushed output in its place.
    fn put(self, files: &mut Vec<PathBuf>) -> Result<Put, Failure> {
        let (failure, name) = (self.failure(), self.name());
        let Self { format, mut path, place, replace, numbered, .. } = self;
        let writer = match place {
            Place::Stdout(_) | Place::Device(_) => return Ok(Put { name, path: None, new: Vec::new() }),
            Place::File(writer) => writer,
            Place::Poster(poster) => {
                Unfinished::forget(files, poster.folder());
                return match poster.put(replace) {
                    Ok(new) => Ok(Put { name, path: Some(path), new }),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        Err(Failure::Exists(path, EXISTS))
                    }
                    Err(error) => Err(failure(error)),
                };
            }
        };
        // The buffer is empty after the flush.
        let (mut temporary, _) = writer.into_parts();
        Unfinished::forget(files, temporary.path());
        loop {
            let new = fs::symlink_metadata(&path).is_err();
            let persisted =
                if replace { temporary.persist(&path) } else { temporary.persist_noclobber(&path) };
            match persisted {
                Ok(_) => {
                    let new = new.then(|| path.clone()).into_iter().collect();
                    return Ok(Put { name: shown(&path), path: Some(path), new });
                }
                Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failure(error.error));
                }
                Err(_) if !numbered => return Err(Failure::Exists(path, EXISTS)),
                Err(error) => {
                    path = free_name(format);
                    temporary = error.file;
                }
            }
        }
    }
}

impl<F> Write for Output<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.place {
            Place::Stdout(writer) => writer.write(bytes),
            Place::Device(writer) => writer.write(bytes),
            Place::File(writer) => writer.write(bytes),
            Place::Poster(poster) => poster.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.place {
            Place::Stdout(writer) => writer.flush(),
            Place::Device(writer) => writer.flush(),
            Place::File(writer) => writer.flush(),
            Place::Poster(poster) => poster.flush(),
        }
    }
}

impl<F: Send> Out for Output<F> {
    fn write_at(&mut self, place: u64, bytes: &[u8]) -> io::Result<()> {
        let Place::File(writer) = &mut self.place else { return Err(io::ErrorKind::Unsupported.into()) };
        writer.flush()?;
        writer.get_ref().as_file().write_all_at(bytes, place)
    }

    fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        match &mut self.place {
            Place::Poster(poster) => poster.file(name, bytes),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// `mandel.png`, or the first of `mandel-2.png`, `mandel-3.png`, ... that is free.
fn free_name(format: impl Display) -> PathBuf {
    let plain = PathBuf::from(format!("mandel.{format}"));
    let numbered = (2_u32..).map(|number| PathBuf::from(format!("mandel-{number}.{format}")));
    std::iter::once(plain.clone())
        .chain(numbered)
        .find(|path| Poster::names(path).iter().chain([path]).all(|path| fs::symlink_metadata(path).is_err()))
        .unwrap_or(plain)
}

/// How a failure ends before which nothing was renamed, or all was taken back.
pub(crate) const NOTHING_LEFT: &str = "; nothing was left behind";

/// How a failure to sync the name of a file ends that has replaced another.
const AT_RISK: &str = "; the new file is in its place, but may be lost in a power failure";

/// What to do about a file in the way.
pub(crate) const EXISTS: &str = "use --force to replace it or --no-clobber to skip";

/// The words for a file in the way, where there is no `--no-clobber` to speak of.
pub(crate) fn in_the_way(failure: Failure) -> Failure {
    match failure {
        Failure::Exists(path, _) => {
            cannot_write(&path, "it already exists; use --force to replace it".into())
        }
        other => other,
    }
}

pub(crate) fn cannot_write(path: &Path, problem: String) -> Failure {
    Failure::Io { action: "write", path: path.into(), problem }
}

/// Checks that a file of `size` bytes can be made at `path`.
fn check_folder(
    path: &Path,
    size: u64,
    format: impl Display,
    unfinished: &Unfinished,
) -> Result<(), Failure> {
    let folder = folder(path);
    if !folder.is_dir() {
        return Err(cannot_write(path, format!("there is no folder {}", shown(folder))));
    }
    unfinished.sweep(folder);
    if let Some(free) = free_space(folder).filter(|free| size > *free) {
        let format = format.to_string().to_uppercase();
        let smaller = if format == "PNG" { "" } else { "write PNG, which is far smaller, or " };
        let problem = format!(
            "it needs {} as {format} and {} are free there; {smaller}use a smaller size",
            bytes(size),
            bytes(free)
        );
        return Err(cannot_write(path, problem));
    }
    Ok(())
}

/// The size of buffers for writing.
const BUFFER: usize = 1 << 16;

/// Bytes free for us in a folder, where the system tells.
fn free_space(folder: &Path) -> Option<u64> {
    let space = rustix::fs::statvfs(folder).ok()?;
    Some(space.f_bavail.saturating_mul(space.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::durability::Durability;

    #[test]
    fn a_rename_that_fails_takes_back_the_new_files_before_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let names = || fs::read_dir(folder.path()).expect("the folder").count();
        let path = |name| folder.path().join(name);
        fs::write(path("old.png"), "old").expect("a file");
        let unfinished = Unfinished::watch(Durability::default());
        let open = |name| {
            let request = Request { path: Some(path(name)), format: Format::default(), poster: false };
            let mut output = Output::open(&request, Existing::Replace, 1, &unfinished).expect("opens");
            output.iter_mut().for_each(|output| output.write_all(b"new").expect("room"));
            output
        };
        let outputs = || ["new.png", "old.png", "late.png"].into_iter().filter_map(open).collect();
        let complete: Vec<Output> = outputs();
        assert_eq!(names(), 1 + 3);
        // A folder takes the name while the outputs are written.
        fs::create_dir(path("late.png")).expect("a folder");
        let failure = finish_all(complete).expect_err("a folder is in the way");
        assert!(matches!(&failure, Failure::Io { path, .. } if path.ends_with("late.png")), "{failure:?}");
        assert_eq!(names(), 2, "old.png and the folder");
        fs::remove_dir(path("late.png")).expect("an empty folder");
        assert_eq!(finish_all(outputs()).expect("free names").len(), 3);
        assert_eq!(names(), 3);
        assert_eq!(fs::read(path("new.png")).expect("a file"), b"new");
        assert!(unfinished.lock().is_empty());
    }
}

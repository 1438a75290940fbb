//! Where results go: every output is checked before the first iteration, and is complete or not there at all.

use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{FileExt, FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mandel::encode::{Format, Out};
use tempfile::NamedTempFile;

use crate::cli::failure::{Failure, usage};
use crate::cli::file_id::FileId;
use crate::cli::interrupt::Unfinished;
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
}

/// What was asked of an output, before anything is opened.
pub(crate) struct Request<F = Format> {
    /// Nothing stands for the first default name that is free.
    pub(crate) path: Option<PathBuf>,
    pub(crate) format: F,
}

impl Request {
    /// Whether it is something that bytes can only be written into in order.
    pub(crate) fn is_special(&self) -> bool {
        self.path.as_deref().is_some_and(is_special)
    }

    /// Whether standard output is asked for by its name.
    pub(crate) fn is_stdout(&self) -> bool {
        self.path.as_deref().is_some_and(is_stdout)
    }
}

/// Reads the `-o` options. None at all stands for the default name.
pub(crate) fn requests(paths: &[PathBuf], format: Option<Format>) -> Result<Vec<Request>, Failure> {
    if paths.is_empty() {
        return Ok(vec![Request { path: None, format: format.unwrap_or_default() }]);
    }
    let mut requests: Vec<Request> = Vec::new();
    for path in paths {
        check_name("--output", path, "mandel.png")?;
        if requests.iter().any(|request| request.path.as_deref().map(plain) == Some(plain(path))) {
            return Err(usage(format!("--output names {} twice", shown(path))));
        }
        requests.push(Request { path: Some(path.clone()), format: format_of(path, format)? });
    }
    Ok(requests)
}

/// The format that a file is to have, from its suffix or from `--format`.
fn format_of(path: &Path, asked: Option<Format>) -> Result<Format, Failure> {
    let special = is_special(path);
    match (path.extension(), asked) {
        (Some(suffix), asked) if !special => {
            let known = suffix.to_string_lossy().parse()?;
            match asked {
                Some(asked) if asked != known => {
                    Err(usage(format!("--format and the suffix of {} differ; keep one", shown(path))))
                }
                _ => Ok(known),
            }
        }
        (_, Some(asked)) => Ok(asked),
        (_, None) if special => Ok(Format::default()),
        (_, None) => {
            let suffixes: Vec<String> = Format::all().map(|format| format!(".{format}")).collect();
            let (path, suffixes) = (shown(path), suffixes.join(" or "));
            Err(usage(format!("cannot tell the file type of {path}; add {suffixes}, or say --format")))
        }
    }
}

/// A path in one spelling of many: its folder without links and dots.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let folder = folder(path).canonicalize().unwrap_or_default();
    folder.join(path.file_name().unwrap_or_default())
}

/// The folder that a path names a file in.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Standard output, by any of its names.
pub(crate) fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path.as_os_str() == *name)
}

/// Checks that a path can be the name of a file.
pub(crate) fn check_name(flag: &str, path: &Path, example: &str) -> Result<(), Failure> {
    if path.as_os_str().is_empty() {
        return Err(usage(format!("{flag} needs a file name (got '')")));
    }
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir() {
        let example = shown(&path.join(example));
        return Err(usage(format!("{} is a directory; name a file, as in {example}", shown(path))));
    }
    Ok(())
}

/// Standard output, an open descriptor by its path, a device, a pipe.
fn is_special(path: &Path) -> bool {
    is_stdout(path)
        || path.as_os_str() == "/dev/stderr"
        || path.starts_with("/dev/fd")
        || path.starts_with("/proc")
        || fs::metadata(path).is_ok_and(|target| {
            let kind = target.file_type();
            kind.is_char_device() || kind.is_block_device() || kind.is_fifo() || kind.is_socket()
        })
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
        let (place, id) = if is_stdout(&path) {
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
            // The lock is held so that an interrupt finds the file either not yet made or listed.
            let mut files = unfinished.lock();
            let temporary = temporary(&path).map_err(fails)?;
            files.push(temporary.path().to_path_buf());
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
            (Place::File(_), Place::File(_)) => false,
            _ => self.id.is_some() && self.id == other.id,
        }
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
        let rest = if matches!(self.place, Place::File(_)) { "; nothing was left behind" } else { "" };
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
    let Some(unfinished) = outputs.first().map(|output| output.unfinished.clone()) else {
        return Ok(Vec::new());
    };
    // Held to the end, so that an interrupt finds either all files in their places or none.
    let mut files = unfinished.lock();
    let (mut names, mut made) = (Vec::new(), Vec::new());
    for output in outputs {
        match output.put(&mut files) {
            Ok((name, new)) => {
                names.push(name);
                made.extend(new);
            }
            Err(failure) => {
                for path in made {
                    let _ = fs::remove_file(path);
                }
                return Err(failure);
            }
        }
    }
    Ok(names)
}

impl<F: Copy + Display> Output<F> {
    /// Puts a flushed output in its place. Returns its name, and its path if no other file was there.
    fn put(self, files: &mut Vec<PathBuf>) -> Result<(String, Option<PathBuf>), Failure> {
        let (failure, name) = (self.failure(), self.name());
        let Self { format, mut path, place, replace, numbered, .. } = self;
        let Place::File(writer) = place else { return Ok((name, None)) };
        // The buffer is empty after the flush.
        let (mut temporary, _) = writer.into_parts();
        Unfinished::forget(files, temporary.path());
        loop {
            let new = fs::symlink_metadata(&path).is_err();
            let persisted =
                if replace { temporary.persist(&path) } else { temporary.persist_noclobber(&path) };
            match persisted {
                Ok(_) => return Ok((shown(&path), new.then_some(path))),
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
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.place {
            Place::Stdout(writer) => writer.flush(),
            Place::Device(writer) => writer.flush(),
            Place::File(writer) => writer.flush(),
        }
    }
}

impl Out for Output {
    fn write_at(&mut self, place: u64, bytes: &[u8]) -> io::Result<()> {
        let Place::File(writer) = &mut self.place else { return Err(io::ErrorKind::Unsupported.into()) };
        writer.flush()?;
        writer.get_ref().as_file().write_all_at(bytes, place)
    }
}

/// `mandel.png`, or the first of `mandel-2.png`, `mandel-3.png`, ... that is free.
fn free_name(format: impl Display) -> PathBuf {
    let plain = PathBuf::from(format!("mandel.{format}"));
    let numbered = (2_u32..).map(|number| PathBuf::from(format!("mandel-{number}.{format}")));
    std::iter::once(plain.clone())
        .chain(numbered)
        .find(|path| fs::symlink_metadata(path).is_err())
        .unwrap_or(plain)
}

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
    if unfinished.is_new(folder) {
        remove_abandoned(folder);
    }
    if let Some(free) = free_space(folder).filter(|free| size > *free) {
        let problem = format!(
            "it needs {} as {} and {} are free there; write PNG, which is far smaller, or fewer samples",
            bytes(size),
            format.to_string().to_uppercase(),
            bytes(free)
        );
        return Err(cannot_write(path, problem));
    }
    Ok(())
}

/// A file beside `path` that will take its place.
pub(crate) fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let temporary = tempfile::Builder::new()
        .prefix(&format!("{PREFIX}{}-", std::process::id()))
        .suffix(SUFFIX)
        // As any new file: readable as far as the umask allows.
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder(path))?;
    // A file that takes the place of another is for the same eyes.
    if let Some(old) = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file) {
        temporary.as_file().set_permissions(old.permissions())?;
    }
    Ok(temporary)
}

/// The size of buffers for writing.
const BUFFER: usize = 1 << 16;

/// Bytes free for us in a folder, where the system tells.
fn free_space(folder: &Path) -> Option<u64> {
    let space = rustix::fs::statvfs(folder).ok()?;
    Some(space.f_bavail.saturating_mul(space.f_frsize))
}

/// How the name of a temporary file begins; the process id follows.
const PREFIX: &str = ".mandel-";
/// How the name of a temporary file ends.
const SUFFIX: &str = ".tmp";
/// A temporary file of a dead process is removed after a day: on a shared folder the process may live on another machine.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes temporary files in a folder that killed renders left behind.
pub(crate) fn remove_abandoned(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.split('-').next()?.parse().ok())
            .and_then(rustix::process::Pid::from_raw)
        else {
            continue;
        };
        let gone = rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH);
        let age = entry.metadata().ok().and_then(|data| data.modified().ok()?.elapsed().ok());
        if gone && age.is_some_and(|age| age > ABANDONED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rename_that_fails_takes_back_the_new_files_before_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let names = || fs::read_dir(folder.path()).expect("the folder").count();
        let path = |name| folder.path().join(name);
        fs::write(path("old.png"), "old").expect("a file");
        let unfinished = Unfinished::watch();
        let open = |name| {
            let request = Request { path: Some(path(name)), format: Format::default() };
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

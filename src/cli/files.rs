//! Where results go: checked before the first iteration, complete or not there at all.

use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mandel::Error;
use mandel::encode::Format;
use mandel::error::shown;
use tempfile::NamedTempFile;

use super::interrupt::Unfinished;
use super::memory::bytes;
use super::{Failure, usage};

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
    pub(crate) path: Option<PathBuf>,
    pub(crate) format: F,
}

impl Request {
    /// Whether standard output is asked for.
    pub(crate) fn is_stdout(&self) -> bool {
        self.path.as_deref().is_some_and(is_stdout)
    }
}

/// Reads the `-o` options. None at all stands for the default name.
pub(crate) fn requests(paths: &[PathBuf], format: Option<Format>) -> Result<Vec<Request>, Error> {
    if paths.is_empty() {
        return Ok(vec![Request { path: None, format: format.unwrap_or(Format::Png) }]);
    }
    let mut requests: Vec<Request> = Vec::new();
    for path in paths {
        check_name("--output", path, "mandel.png")?;
        if requests.iter().any(|request| request.path.as_deref().map(plain) == Some(plain(path))) {
            return Err(usage(format!("--output names {} twice", shown(path))));
        }
        let suffix = path.extension().map(|suffix| suffix.to_string_lossy());
        let known = match (suffix, format) {
            (Some(suffix), format) if !is_special(path) => {
                let known = suffix.parse()?;
                if format.is_some_and(|format| format != known) {
                    return Err(usage(format!(
                        "--format and the suffix of {} differ; keep one",
                        shown(path)
                    )));
                }
                known
            }
            (_, Some(format)) => format,
            _ if is_special(path) => Format::Png,
            _ => {
                return Err(usage(format!(
                    "cannot tell the file type of {}; add .png or .npy, or say --format",
                    shown(path)
                )));
            }
        };
        requests.push(Request { path: Some(path.clone()), format: known });
    }
    Ok(requests)
}

/// A path in one spelling of many: its folder without links and dots.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let folder = folder(path).canonicalize().unwrap_or_default();
    folder.join(path.file_name().unwrap_or_default())
}

/// The folder that a path names a file in.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Standard output, by either of its names.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-" || path.as_os_str() == "/dev/stdout"
}

/// Checks that a path can be the name of a file.
pub(crate) fn check_name(flag: &str, path: &Path, example: &str) -> Result<(), Error> {
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
    ) -> Result<Option<Self>, Error> {
        let path = request.path.clone().unwrap_or_else(|| free_name(request.format));
        let fails = |action, problem| Error::Io { action, path: path.clone(), problem };
        let place = if is_stdout(&path) {
            Place::Stdout(BufWriter::with_capacity(1 << 16, io::stdout()))
        } else if is_special(&path) {
            let file = OpenOptions::new().write(true).open(&path);
            let file = file.map_err(|error| fails("write", reason(&error)))?;
            Place::Device(BufWriter::with_capacity(1 << 16, file))
        } else {
            match fs::symlink_metadata(&path) {
                Ok(_) if existing == Existing::Keep => return Ok(None),
                Ok(_) if existing == Existing::Refuse => return Err(Error::Exists(path)),
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(fails("write", reason(&error)));
                }
                _ => {}
            }
            let folder = folder(&path);
            if !folder.is_dir() {
                return Err(fails("write", format!("there is no folder {}", shown(folder))));
            }
            remove_abandoned(folder);
            if let Some(free) = free_space(folder).filter(|free| size > *free) {
                return Err(fails(
                    "write",
                    format!(
                        "it needs {} as {} and {} are free there; write PNG, which is far smaller, or fewer samples",
                        bytes(size),
                        request.format.to_string().to_uppercase(),
                        bytes(free)
                    ),
                ));
            }
            // The lock is held so that an interrupt finds the file either not yet made or listed.
            let mut files = unfinished.lock();
            let temporary = tempfile::Builder::new()
                .prefix(&format!("{PREFIX}{}-", std::process::id()))
                .suffix(SUFFIX)
                // As any new file: readable as far as the umask allows.
                .permissions(fs::Permissions::from_mode(0o666))
                .tempfile_in(folder)
                .and_then(|file| {
                    // A file that takes the place of another is for the same eyes.
                    let old = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file);
                    old.map_or(Ok(()), |old| file.as_file().set_permissions(old.permissions()))?;
                    Ok(file)
                })
                .map_err(|error| fails("write", reason(&error)))?;
            files.push(temporary.path().to_path_buf());
            Place::File(BufWriter::with_capacity(1 << 16, temporary))
        };
        Ok(Some(Self {
            format: request.format,
            place,
            replace: existing == Existing::Replace,
            numbered: request.path.is_none(),
            path,
            unfinished: unfinished.clone(),
        }))
    }

    /// The name for messages.
    pub(crate) fn name(&self) -> String {
        if is_stdout(&self.path) { "standard output".into() } else { shown(&self.path) }
    }

    /// Whether this is standard output.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self.place, Place::Stdout(_))
    }

    /// What a failure to write means, for this output.
    pub(crate) fn failure(&self) -> impl Fn(io::Error) -> Failure + Send + use<F> {
        let path = self.path.clone();
        let (stdout, file) = (self.is_stdout(), matches!(self.place, Place::File(_)));
        move |error| match error.kind() {
            _ if stdout => Failure::stdout(&error),
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => {
                let rest = if file { "; nothing was left behind" } else { "" };
                let problem = format!("{}{rest}", reason(&error));
                Failure::Error(Error::Io { action: "write", path: path.clone(), problem })
            }
        }
    }

    /// Completes the output and puts it in its place. Returns its final name.
    pub(crate) fn finish(mut self) -> Result<String, Failure> {
        let failure = self.failure();
        self.flush().map_err(&failure)?;
        let name = self.name();
        let Self { format, mut path, place, replace, numbered, unfinished } = self;
        let Place::File(writer) = place else { return Ok(name) };
        // The buffer is empty after the flush.
        let (mut temporary, _) = writer.into_parts();
        let mut files = unfinished.lock();
        Unfinished::forget(&mut files, temporary.path());
        loop {
            let persisted =
                if replace { temporary.persist(&path) } else { temporary.persist_noclobber(&path) };
            match persisted {
                Ok(_) => return Ok(shown(&path)),
                Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failure(error.error));
                }
                Err(_) if !numbered => return Err(Error::Exists(path).into()),
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

/// `mandel.png`, or the first of `mandel-2.png`, `mandel-3.png`, ... that is free.
fn free_name(format: impl Display) -> PathBuf {
    let plain = PathBuf::from(format!("mandel.{format}"));
    let numbered = (2_u32..).map(|number| PathBuf::from(format!("mandel-{number}.{format}")));
    std::iter::once(plain.clone())
        .chain(numbered)
        .find(|path| fs::symlink_metadata(path).is_err())
        .unwrap_or(plain)
}

/// The reason of a system error in lower case, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// The words for a file in the way, where there is no `--no-clobber` that the error could speak of.
pub(crate) fn in_the_way(error: Error) -> Error {
    match error {
        Error::Exists(path) => {
            let problem = "it already exists; use --force to replace it".into();
            Error::Io { action: "write", path, problem }
        }
        other => other,
    }
}

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
fn remove_abandoned(folder: &Path) {
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

//! What is asked of an output: its path and its format.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use mandel::encode::Format;

use crate::cli::failure::{Failure, usage};
use crate::cli::terminal::shown;

/// What was asked of an output, before anything is opened.
pub(crate) struct Request<F = Format> {
    /// Nothing stands for the first default name that is free.
    pub(crate) path: Option<PathBuf>,
    pub(crate) format: F,
    /// Whether the format makes files beside the one that is named.
    pub(crate) poster: bool,
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
        let format = format.unwrap_or_default();
        return Ok(vec![Request { path: None, format, poster: format.makes_files() }]);
    }
    let mut requests: Vec<Request> = Vec::new();
    for path in paths {
        check_name("--output", path, "mandel.png")?;
        if requests.iter().any(|request| request.path.as_deref().map(plain) == Some(plain(path))) {
            return Err(usage(format!("--output names {} twice", shown(path))));
        }
        let format = format_of(path, format)?;
        requests.push(Request { path: Some(path.clone()), format, poster: format.makes_files() });
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
pub(crate) fn is_special(path: &Path) -> bool {
    is_stdout(path)
        || path.as_os_str() == "/dev/stderr"
        || path.starts_with("/dev/fd")
        || path.starts_with("/proc")
        || fs::metadata(path).is_ok_and(|target| {
            let kind = target.file_type();
            kind.is_char_device() || kind.is_block_device() || kind.is_fifo() || kind.is_socket()
        })
}

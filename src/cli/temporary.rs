//! Files and folders under temporary names, beside the ones whose place they will take.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tempfile::{NamedTempFile, TempDir};

use crate::cli::request::folder;

/// A file beside `path` that will take its place.
pub(crate) fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let temporary = tempfile::Builder::new()
        .prefix(&prefix())
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

/// A folder beside `path`, for files that will take their places.
pub(crate) fn temporary_folder(path: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(&prefix()).suffix(SUFFIX).tempdir_in(folder(path))
}

/// Removes a file, or a folder with all that is in it, as far as that works.
///
/// A folder gets another name first, so that nobody makes files in it meanwhile.
pub(crate) fn remove(path: &Path) {
    if fs::remove_file(path).is_err() {
        let gone = path.with_extension("gone.tmp");
        let renamed = fs::rename(path, &gone).is_ok();
        let _ = fs::remove_dir_all(if renamed { &gone } else { path });
    }
}

fn prefix() -> String {
    format!("{PREFIX}{}-", std::process::id())
}

/// How the name of a temporary file begins; the process id follows.
const PREFIX: &str = ".mandel-";
/// How the name of a temporary file ends.
const SUFFIX: &str = ".tmp";
/// A temporary file of a dead process is removed after a day: on a shared folder the process may live on another machine.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes temporary files and folders in a folder that killed renders left behind.
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
            remove(&entry.path());
        }
    }
}

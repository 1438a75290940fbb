//! Which file is open, by whatever name.

use std::io::{IsTerminal, stdout};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{FileType, Stat, fstat, lstat, stat};

use crate::cli::failure::{Failure, usage};
use crate::cli::terminal::shown;

/// A file in which the bytes of two writers would mix: a regular file, a pipe, a socket, or a terminal.
///
/// Other devices have no identity here, because nothing is lost where two write into `/dev/null`.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// What this descriptor writes into.
    pub(crate) fn of(open: &(impl AsFd + IsTerminal)) -> Option<Self> {
        let stat = fstat(open).ok()?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile | FileType::Fifo | FileType::Socket => Some(Self::from(stat)),
            FileType::CharacterDevice if open.is_terminal() => Some(Self::from(stat)),
            _ => None,
        }
    }

    /// What standard output writes into; nothing where it is closed.
    pub(crate) fn of_stdout() -> Option<Self> {
        Self::of(&stdout())
    }

    /// The regular file of this name. A link is not followed: a file that is renamed to its name leaves its target alone.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        Self::of_regular(lstat(path).ok()?)
    }

    /// The regular file that is read under this name.
    fn of_input(path: &Path) -> Option<Self> {
        Self::of_regular(stat(path).ok()?)
    }

    fn of_regular(stat: Stat) -> Option<Self> {
        (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then(|| Self::from(stat))
    }
}

impl From<Stat> for FileId {
    fn from(stat: Stat) -> Self {
        Self { device: stat.st_dev, inode: stat.st_ino }
    }
}

/// A file that is read, and what it is.
pub(crate) type Input<'a> = (&'static str, &'a Path);

/// Refuses an output that would take the place of a file that is read for it, by whatever name.
pub(crate) fn check_inputs<'a>(
    inputs: &[Input],
    outputs: impl IntoIterator<Item = &'a Path>,
) -> Result<(), Failure> {
    let inputs: Vec<(Input, FileId)> =
        inputs.iter().filter_map(|input| Some((*input, FileId::of_input(input.1)?))).collect();
    if inputs.is_empty() {
        return Ok(());
    }
    for id in outputs.into_iter().filter_map(FileId::of_path) {
        if let Some(((what, path), _)) = inputs.iter().find(|(_, input)| *input == id) {
            let path = shown(path);
            return Err(usage(format!("--output names the {what} itself, {path}; choose another name")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn one_file_is_known_by_all_its_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name| folder.path().join(name);
        let one = File::create(path("one")).expect("a file");
        fs::hard_link(path("one"), path("two")).expect("a second name");
        std::os::unix::fs::symlink("one", path("link")).expect("a link");
        let (id, other) = (FileId::of(&one), File::create(path("other")).expect("a file"));
        assert!(id.is_some() && id != FileId::of(&other));
        assert!(id == FileId::of_path(&path("two")));
        assert!(FileId::of_path(&path("link")).is_none() && FileId::of_path(&path("none")).is_none());
        assert!(FileId::of_path(folder.path()).is_none());
        assert!(id == FileId::of_input(&path("link")) && FileId::of_input(&path("none")).is_none());
    }

    #[test]
    fn pipes_have_an_identity_and_null_devices_have_none() {
        let (_reader, writer) = std::io::pipe().expect("a pipe");
        let again = File::from(std::os::fd::OwnedFd::from(writer.try_clone().expect("a descriptor")));
        let writer = File::from(std::os::fd::OwnedFd::from(writer));
        assert!(FileId::of(&writer).is_some() && FileId::of(&writer) == FileId::of(&again));
        let null = fs::OpenOptions::new().write(true).open("/dev/null").expect("the device");
        assert!(FileId::of(&null).is_none());
    }
}

//! Files and folders under temporary names, beside the ones whose place they will take.
//!
//! Each is locked (`flock`) for as long as its render lives, since the system drops a lock with its process, however that
//! ends. A run removes what an earlier one left if it can take the lock itself. Neither process ids nor times tell as much:
//! both may be those of another machine or container.
//!
//! To make a file and to lock it are two steps. Whoever makes one therefore checks after locking that the name still means
//! this file, and makes another if a run that looked for leftovers was faster. That run checks the same before it removes
//! anything, so that it never removes what it has not locked.
//!
//! The locks of some network file systems hold on one machine alone, which cannot be told from outside. There nothing is
//! removed: a leftover takes room, a removed file hours. Files without a name (`O_TMPFILE`) would leave nothing behind, but
//! they cannot replace another file, and there are no such folders.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Gid, OFlags, Uid};
use tempfile::{Builder, NamedTempFile, TempDir};

use crate::cli::request::folder;

/// A file beside `path` that will take its place, locked while it is open.
pub(crate) fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let file = locked(|| {
        // As any new file: readable as far as the umask allows.
        let permissions = Permissions::from_mode(0o666);
        let file = builder().permissions(permissions).tempfile_in(folder(path))?;
        Ok(lock(file.as_file(), file.path()).then_some(file))
    })?;
    if let Some(old) = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file) {
        succeed(file.as_file(), &old)?;
    }
    Ok(file)
}

/// A folder beside `path`, for files that will take their places, and the handle that locks it.
pub(crate) fn temporary_folder(path: &Path) -> io::Result<(TempDir, File)> {
    locked(|| {
        let made = builder().tempdir_in(folder(path))?;
        // Gone if a run that looked for leftovers was faster.
        let handle = match File::open(made.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            handle => handle?,
        };
        Ok(lock(&handle, made.path()).then_some((made, handle)))
    })
}

fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    builder
}

/// How the name of a temporary file begins.
const PREFIX: &str = ".mandel-";
/// How the name of a temporary file ends.
const SUFFIX: &str = ".tmp";

/// Makes something until it is locked. More than one attempt is rare.
fn locked<T>(make: impl Fn() -> io::Result<Option<T>>) -> io::Result<T> {
    const ATTEMPTS: usize = 100;
    for _ in 0..ATTEMPTS {
        if let Some(made) = make()? {
            return Ok(made);
        }
    }
    Err(io::Error::other("another program removes or locks temporary files as soon as they are made"))
}

/// Locks what was just made. False if a run that looked for leftovers was faster.
fn lock(file: &File, path: &Path) -> bool {
    // Where there are no locks, no other run can take one either.
    !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) && names(path, file)
}

/// Whether a path is the name of an open file, and not of another one or a link.
fn names(path: &Path, file: &File) -> bool {
    let id = |data: fs::Metadata| (data.dev(), data.ino());
    fs::symlink_metadata(path).map(id).ok().is_some_and(|named| file.metadata().map(id).ok() == Some(named))
}

/// Gives a file that takes the place of another one its owner, group and permissions, so that it is for the same eyes.
///
/// Only root can give a file to another owner, and others only to a group of theirs. In another group its members may do
/// what everybody may.
fn succeed(file: &File, old: &fs::Metadata) -> io::Result<()> {
    let (owner, group) = (Uid::from_raw(old.uid()), Gid::from_raw(old.gid()));
    let kept = rustix::fs::fchown(file, Some(owner), Some(group))
        .or_else(|_| rustix::fs::fchown(file, None, Some(group)))
        .is_ok();
    let mode = old.permissions().mode();
    let same = kept || file.metadata()?.gid() == old.gid();
    file.set_permissions(Permissions::from_mode(if same {
        mode
    } else {
        mode & !0o070 | (mode & 0o007) << 3
    }))
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

/// Removes temporary files and folders in a folder that killed renders left behind.
pub(crate) fn remove_abandoned(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    if !is_of_one_machine(folder) {
        return;
    }
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if !name.starts_with(PREFIX.as_bytes()) || !name.ends_with(SUFFIX.as_bytes()) {
            continue;
        }
        let path = entry.path();
        // A pipe of that name is not waited for.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let Ok(file) = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(&path) else {
            continue;
        };
        if file.try_lock().is_ok() && names(&path, &file) {
            remove(&path);
        }
    }
}

/// Whether a folder lies on a file system of this machine, whose locks all see who can see the folder.
fn is_of_one_machine(folder: &Path) -> bool {
    /// From `linux/magic.h` and the sources of ZFS: ext2 to ext4, XFS, Btrfs, F2FS, bcachefs, ZFS, tmpfs, ramfs, overlayfs.
    const LOCAL: [u32; 9] = [
        0xEF53,
        0x5846_5342,
        0x9123_683E,
        0xF2F5_2010,
        0xCA45_1A4E,
        0x2FC1_2FC1,
        0x0102_1994,
        0x8584_58F6,
        0x794C_7630,
    ];
    rustix::fs::statfs(folder).is_ok_and(|system| LOCAL.contains(&(system.f_type as u32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(folder: &TempDir) -> usize {
        fs::read_dir(folder.path()).expect("the folder").count()
    }

    #[test]
    fn what_lives_is_left_alone_and_what_is_left_behind_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = temporary(&folder.path().join("a.png")).expect("a file");
        let (poster, lock) = temporary_folder(&folder.path().join("a.dzi")).expect("a folder");
        fs::write(poster.path().join("tile"), "").expect("a file");
        // Names like ours that are none of our files, or are locked by nobody knows whom.
        std::os::unix::fs::symlink("nowhere", folder.path().join(".mandel-link.tmp")).expect("a link");
        fs::write(folder.path().join(".mandel-other"), "").expect("a file");
        remove_abandoned(folder.path());
        assert_eq!(count(&folder), 4);
        // As after a kill, which drops the lock and removes nothing.
        let (path, left) = (poster.keep(), file.keep().expect("a file").1);
        drop(lock);
        remove_abandoned(folder.path());
        assert!(!path.exists() && !left.exists());
        assert_eq!(count(&folder), 2);
    }

    #[test]
    fn a_file_that_is_taken_before_it_is_locked_is_made_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = || builder().tempfile_in(folder.path()).expect("a file");
        // The cleaner has the lock.
        let file = made();
        let cleaner = File::open(file.path()).expect("a file");
        cleaner.try_lock().expect("nobody else's");
        assert!(!lock(file.as_file(), file.path()));
        // It has removed the file and is gone.
        remove(file.path());
        drop(cleaner);
        assert!(!lock(file.as_file(), file.path()));
        // Another file has got the name.
        fs::write(file.path(), "another").expect("a file");
        assert!(!lock(file.as_file(), file.path()));
        let file = made();
        assert!(lock(file.as_file(), file.path()));
        // A cleaner that waited finds that the name is gone, and one that is late that it means another file.
        let late = File::open(file.path()).expect("a file");
        file.persist(folder.path().join("a.png")).expect("a free name");
        assert!(late.try_lock().is_ok() && !names(&folder.path().join(".mandel-gone.tmp"), &late));
    }
}

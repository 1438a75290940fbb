//! Whether finished files are on the disk before they take their places, and their names after that.
//!
//! A rename is atomic for whoever looks at the folder, but a file system may write the new name before the bytes, and after a
//! power failure it is the name of an empty file. So a file is synced before it is renamed, and after that its folder, which
//! holds the name. All that is put in its place by this program is synced here.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::cli::request::folder;

/// Whether to wait until files are on the disk.
#[derive(Clone, Copy, Default, clap::Args)]
pub(crate) struct Durability {
    /// Do not wait until files are on the disk. Many small ones are written faster; after a power failure they may be missing or empty, never after a crash of the program
    #[arg(long, help_heading = "Run")]
    no_sync: bool,
}

impl Durability {
    pub(crate) fn sync(self, file: &File) -> io::Result<()> {
        if self.no_sync { Ok(()) } else { file.sync_all() }
    }

    /// Syncs the names in a folder. Where the folder may not be read or its file system cannot sync it, nothing is done.
    pub(crate) fn sync_names(self, folder: &Path) -> io::Result<()> {
        use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
        if self.no_sync {
            return Ok(());
        }
        match File::open(folder).and_then(|folder| folder.sync_all()) {
            Err(error) if matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => Ok(()),
            result => result,
        }
    }

    /// Syncs a folder with all that is in it, on the current pool: a file system writes many files at once faster than one
    /// after the other.
    pub(crate) fn sync_all(self, folder: &Path) -> io::Result<()> {
        if self.no_sync {
            return Ok(());
        }
        let (mut folders, mut files) = (vec![folder.to_path_buf()], Vec::new());
        let mut next = 0;
        while let Some(folder) = folders.get(next) {
            let entries: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
            for entry in entries {
                let to = if entry.file_type()?.is_dir() { &mut folders } else { &mut files };
                to.push(entry.path());
            }
            next += 1;
        }
        files.into_par_iter().try_for_each(|file| File::open(file)?.sync_all())?;
        folders.iter().try_for_each(|folder| self.sync_names(folder))
    }

    /// Makes a folder, and those above it, where it is missing.
    pub(crate) fn make_folder(self, path: &Path) -> io::Result<()> {
        let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let made: Vec<PathBuf> = path.ancestors().take_while(missing).map(Path::to_path_buf).collect();
        let result = fs::create_dir_all(path)
            .and_then(|()| made.iter().rev().try_for_each(|made| self.sync_names(folder(made))));
        if result.is_err() {
            made.iter().for_each(|made| drop(fs::remove_dir(made)));
        }
        result
    }
}

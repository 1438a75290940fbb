//! A poster on its way to its place: a description, a page that shows it, and a folder of tiles.

mod page;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use mandel::Scene;
use tempfile::TempDir;

use crate::cli::interrupt::Unfinished;

/// A poster in a temporary folder, in which its files have their final names.
pub(crate) struct Poster {
    path: PathBuf,
    /// Goes with all that is in it, unless it was taken out.
    folder: TempDir,
    /// Tells other runs that this one lives.
    _lock: File,
    description: BufWriter<File>,
    /// Folders of levels that are there.
    levels: BTreeSet<String>,
    unfinished: Unfinished,
}

impl Poster {
    /// All that a poster has: the folder of tiles, the page, and the description, whose path is given.
    pub(crate) fn names(path: &Path) -> [PathBuf; 3] {
        let with = |end: &str| {
            let mut name: OsString = path.file_stem().unwrap_or_default().into();
            name.push(end);
            path.with_file_name(name)
        };
        [with("_files"), with(".html"), path.to_path_buf()]
    }

    /// Makes the temporary folder.
    pub(crate) fn new(path: &Path, unfinished: &Unfinished) -> io::Result<Self> {
        let (folder, lock) = unfinished.folder(path)?;
        let [tiles, _, description] = Self::names(path).map(|path| inside(folder.path(), &path));
        let made = fs::create_dir(tiles).and_then(|()| File::create_new(description));
        // An interrupt that has taken the folder away holds the lock to the end of the process.
        let description = made.inspect_err(|_| drop(unfinished.lock()))?;
        Ok(Self {
            path: path.into(),
            folder,
            _lock: lock,
            description: BufWriter::new(description),
            levels: BTreeSet::new(),
            unfinished: unfinished.clone(),
        })
    }

    /// The temporary folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes a file in the folder of tiles.
    pub(crate) fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        // An interrupt that has taken the folder away holds the lock to the end of the process.
        self.make(name, bytes).inspect_err(|_| drop(self.unfinished.lock()))
    }

    fn make(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let [tiles, ..] = self.inside();
        if let Some((level, _)) = name.split_once('/')
            && !self.levels.contains(level)
        {
            fs::create_dir(tiles.join(level))?;
            self.levels.insert(level.into());
        }
        fs::write(tiles.join(name), bytes)
    }

    /// Makes the page that shows the poster.
    pub(crate) fn page(&mut self, scene: &Scene, metadata: bool) -> io::Result<()> {
        let [tiles, page, _] = self.inside();
        let tiles = tiles.file_name().unwrap_or_default().to_string_lossy();
        page::write(BufWriter::new(File::create_new(&page)?), scene, &tiles, metadata)
    }

    /// The paths in the temporary folder.
    fn inside(&self) -> [PathBuf; 3] {
        Self::names(&self.path).map(|path| inside(self.folder(), &path))
    }

    /// Syncs all files.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.unfinished.durability.sync_all(self.folder())
    }

    /// Puts everything in its place, the description last. What was there is moved into the temporary folder before, the
    /// description first, and goes with it: where there is a description, all that it describes is there too.
    /// Returns the paths where nothing was. If a rename fails, those before it are taken back.
    pub(crate) fn put(self, replace: bool) -> io::Result<Vec<PathBuf>> {
        let names = Self::names(&self.path);
        let old = self.folder().join("old");
        fs::create_dir(&old)?;
        let mut moves: Vec<(PathBuf, PathBuf)> = Vec::new();
        let mut new = Vec::new();
        for name in &names {
            match (fs::symlink_metadata(name).is_ok(), replace) {
                (true, true) => moves.push((name.clone(), inside(&old, name))),
                (true, false) => return Err(io::ErrorKind::AlreadyExists.into()),
                (false, _) => new.push(name.clone()),
            }
        }
        moves.reverse();
        moves.extend(self.inside().into_iter().zip(names).filter(|(from, _)| from.exists()));
        for (done, (from, to)) in moves.iter().enumerate() {
            if let Err(error) = fs::rename(from, to) {
                for (from, to) in moves[..done].iter().rev() {
                    let _ = fs::rename(to, from);
                }
                return Err(error);
            }
        }
        Ok(new)
    }
}

/// The path that a file has in a folder.
fn inside(folder: &Path, path: &Path) -> PathBuf {
    folder.join(path.file_name().unwrap_or_default())
}

impl Write for Poster {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.description.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.description.flush()
    }
}

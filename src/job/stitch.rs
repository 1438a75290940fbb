//! A kernel whose results were computed before: it reads them from shards.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::decode::read_error::{ReadError, damaged};
use crate::decode::recent::Recent;
use crate::field::{Detail, Distance, Escape};
use crate::job::job::Job;
use crate::job::shard::ENTRY;
use crate::job::survey::Survey;
use crate::job::tiles::Tiles;
use crate::job::verify::Unpacker;
use crate::kernel::bailout::Kernel;
use crate::render::in_order::lock;

/// The most files that are open at once.
const OPEN: usize = 256;

/// The results of a job, from its shards.
///
/// A kernel cannot fail: after a read error, which is kept, all samples read as not escaped, and [`Stitch::failed`] is set.
pub struct Stitch {
    job: Job,
    tiles: Tiles,
    /// Path of each shard, and where its index begins.
    shards: Vec<(PathBuf, u64)>,
    /// For each tile its shard, counted from 0, and the number of its first block there.
    places: Vec<(u32, u32)>,
    files: Mutex<Recent<u32, Arc<File>>>,
    blocks: Mutex<Recent<(u32, u32), Block>>,
    failure: Mutex<Option<(PathBuf, ReadError)>>,
    failed: AtomicBool,
}

/// A block, which the first thread that needs it reads while the others wait.
type Block = Arc<Mutex<Option<Planes>>>;

/// The results of a block, and its distances if the job has them.
type Planes = (Vec<Escape>, Vec<Distance>);

impl Stitch {
    /// The results of a complete set of shards. `rows` is how many rows of samples are read at once, by all threads together.
    ///
    /// # Panics
    /// Where a shard is missing.
    pub fn new(job: &Job, survey: &Survey, rows: u32) -> Self {
        assert!(survey.missing.is_empty(), "all shards are there");
        let tiles = job.tiles();
        let mut places = vec![(0, 0); tiles.count() as usize];
        for (shard, dealt) in job.dealt().iter().enumerate() {
            let mut first = 0;
            for &tile in dealt {
                places[tile as usize] = (shard as u32, first);
                first += tiles.blocks(tile);
            }
        }
        let shards = survey.found.values().map(|(path, verified)| (path.clone(), verified.index)).collect();
        let across = Self::blocks_kept(job, rows);
        Self {
            job: job.clone(),
            tiles,
            shards,
            places,
            files: Mutex::new(Recent::new(OPEN)),
            blocks: Mutex::new(Recent::new(across)),
            failure: Mutex::default(),
            failed: AtomicBool::new(false),
        }
    }

    /// As many blocks as `rows` rows of samples and one more row of blocks touch.
    fn blocks_kept(job: &Job, rows: u32) -> usize {
        let tiles = job.tiles();
        let columns = tiles.place(job.scene().samples().width() - 1, 0).0 as usize + 1;
        columns * (rows.div_ceil(tiles.rows_in_block()) as usize + 1)
    }

    /// Bytes that the blocks take that are kept.
    pub fn memory(job: &Job, rows: u32) -> u64 {
        let tiles = job.tiles();
        let planes = if job.detail().has_distances() { 2 } else { 1 };
        let block = planes * tiles.block(0, 0).samples() as u64 * size_of::<Escape>() as u64;
        block * Self::blocks_kept(job, rows) as u64 + 8 * u64::from(tiles.count())
    }

    /// What there is beside counts.
    pub(super) fn detail(&self) -> Detail {
        self.job.detail()
    }

    /// Samples in a row.
    pub(super) fn width(&self) -> u32 {
        self.job.scene().samples().width()
    }

    /// The file that holds a sample, and the number of its shard.
    pub fn shard_of(&self, x: u32, y: u32) -> (u32, &Path) {
        let (tile, _) = self.tiles.place(x, y);
        let (shard, _) = self.places[tile as usize];
        (shard + 1, &self.shards[shard as usize].0)
    }

    /// Whether something could not be read. It is set for others to stop by.
    pub fn failed(&self) -> &AtomicBool {
        &self.failed
    }

    /// The first file that could not be read, and why.
    pub fn take_failure(&self) -> Option<(PathBuf, ReadError)> {
        lock(&self.failure).take()
    }

    fn read(&self, tile: u32, block: u32) -> Result<Planes, (PathBuf, ReadError)> {
        let (shard, first) = self.places[tile as usize];
        let (path, index) = &self.shards[shard as usize];
        let named = |error: ReadError| (path.clone(), error);
        let open = || File::open(path).map(Arc::new);
        let mut files = lock(&self.files);
        let file = files.get(shard, open).or_else(|_| {
            // The system may allow fewer open files.
            files.shrink();
            files.get(shard, open)
        });
        drop(files);
        let file = file.map_err(|error| named(error.into()))?;
        let rect = self.tiles.block(tile, block);
        let read = || -> Result<Planes, ReadError> {
            let mut unpacker = Unpacker::new(&self.job);
            let mut place = [0; 8];
            let entry = index + 8 + ENTRY * u64::from(first + block);
            file.read_exact_at(&mut place, entry)?;
            let place = u64::from_le_bytes(place);
            let mut head = [0; 12];
            file.read_exact_at(&mut head, place)?;
            let entry = unpacker.head(head, &rect, place)?;
            let mut stored = vec![0; entry.stored as usize];
            let Some(place) = place.checked_add(12) else { return damaged("its index is damaged") };
            file.read_exact_at(&mut stored, place)?;
            let (mut escapes, mut distances) = (Vec::new(), Vec::new());
            unpacker.unpack(&stored, entry.checksum, &rect, (&mut escapes, &mut distances))?;
            Ok((escapes, distances))
        };
        read().map_err(named)
    }

    fn fail(&self, failure: (PathBuf, ReadError)) {
        lock(&self.failure).get_or_insert(failure);
        self.failed.store(true, Ordering::Relaxed);
    }

    /// Copies the part of a block that lies in `columns` x `rows`. `plane` takes the results or the distances of the block.
    fn copy<T: Copy>(
        &self,
        (tile, block): (u32, u32),
        columns: &Range<u32>,
        rows: &Range<u32>,
        plane: &Plane<T>,
        out: &mut [T],
    ) {
        let made: Result<Block, std::convert::Infallible> =
            lock(&self.blocks).get((tile, block), || Ok(Arc::default()));
        let Ok(kept) = made;
        let mut kept = lock(&kept);
        if kept.is_none() && !self.failed.load(Ordering::Relaxed) {
            match self.read(tile, block) {
                Ok(planes) => *kept = Some(planes),
                Err(failure) => self.fail(failure),
            }
        }
        let rect = self.tiles.block(tile, block);
        let (left, right) = (rect.columns.start.max(columns.start), rect.columns.end.min(columns.end));
        for y in rect.rows.start.max(rows.start)..rect.rows.end.min(rows.end) {
            let to = (y - rows.start) as usize * columns.len() + (left - columns.start) as usize;
            let to = &mut out[to..][..(right - left) as usize];
            let from =
                (y - rect.rows.start) as usize * rect.columns.len() + (left - rect.columns.start) as usize;
            match &*kept {
                Some(planes) => to.copy_from_slice(&(plane.of)(planes)[from..][..to.len()]),
                None => to.fill(plane.none),
            }
        }
    }
}

/// How to find a plane in a block, and what a sample has where that cannot be read.
struct Plane<T> {
    of: fn(&Planes) -> &[T],
    none: T,
}

impl Stitch {
    fn copy_all<T: Copy>(&self, columns: &Range<u32>, rows: &Range<u32>, plane: &Plane<T>, out: &mut [T]) {
        debug_assert_eq!(out.len(), columns.len() * rows.len(), "one result per sample");
        let mut y = rows.start;
        while y < rows.end {
            let mut x = columns.start;
            let mut below = rows.end;
            while x < columns.end {
                let (tile, block) = self.tiles.place(x, y);
                self.copy((tile, block), columns, rows, plane, out);
                let rect = self.tiles.block(tile, block);
                (x, below) = (rect.columns.end, rect.rows.end);
            }
            y = below;
        }
    }
}

impl Kernel for Stitch {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        let plane = Plane { of: |(escapes, _)| escapes, none: Escape::NONE };
        self.copy_all(&columns, &rows, &plane, out);
    }

    /// Those of a job whose shards hold none are 0.
    fn distances(&self, columns: Range<u32>, rows: Range<u32>, _: &[Escape], out: &mut [Distance]) {
        if !self.job.detail().has_distances() {
            return out.fill(Distance::NONE);
        }
        let plane = Plane { of: |(_, distances)| distances, none: Distance::NONE };
        self.copy_all(&columns, &rows, &plane, out);
    }

    /// Copies what there is of all samples.
    fn interiors(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        self.iterate(columns.clone(), rows.clone(), escapes);
        self.distances(columns, rows, escapes, distances);
    }
}

impl Kernel for Arc<Stitch> {
    fn interiors(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        self.as_ref().interiors(columns, rows, escapes, distances);
    }

    fn distances(&self, columns: Range<u32>, rows: Range<u32>, escapes: &[Escape], out: &mut [Distance]) {
        self.as_ref().distances(columns, rows, escapes, out);
    }

    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        self.as_ref().iterate(columns, rows, out);
    }
}

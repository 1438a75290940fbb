//! A file with the numbers of a picture.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::decode::bytes::Bytes;
use crate::decode::exr::ExrFile;
use crate::decode::kfb::Kfb;
use crate::decode::npy::{self, Array};
use crate::decode::npz::Npz;
use crate::decode::read_error::ReadError;
use crate::encode::exr_text::EXR_SIGNATURE;
use crate::encode::npy::MAGIC as NPY;
use crate::encode::sink::SCENE;
use crate::error::FieldProblem;
use crate::field::{Distance, Escape};
use crate::kernel::bailout::{Bailout, Kernel};
use crate::plane::viewport::{MAX_SIDE, Viewport};
use crate::render::in_order::{in_order, lock};

/// What a format gives of a file.
pub(super) trait Planes: Send + Sync {
    /// Columns and rows of samples.
    fn size(&self) -> (u32, u32);

    /// Whether there are distances.
    fn has_distances(&self) -> bool {
        false
    }

    /// The limit that was iterated to, where the file says it.
    fn max_iter(&self) -> Option<u32> {
        None
    }

    /// Whether only a limit tells which samples did not escape: those with a count that is not below it.
    fn takes_limit(&self) -> bool {
        false
    }

    /// Sets that limit.
    fn limit(&mut self, _: u32) {}

    /// The texts in the file, by keyword.
    fn texts(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The results of `columns` x `rows`, row by row.
    fn escapes(&self, columns: &Range<u32>, rows: &Range<u32>, out: &mut [Escape]) -> Result<(), ReadError>;

    /// Their distances: to the right and up.
    fn distances(&self, _: &Range<u32>, _: &Range<u32>, out: &mut [Distance]) -> Result<(), ReadError> {
        out.fill(Distance::NONE);
        Ok(())
    }
}

/// The numbers of a picture, in a file of any format that is read. Nothing of it stays in memory but what the format demands.
///
/// A kernel cannot fail: after a read error, which is kept, all samples read as not escaped, and [`FieldFile::failed`] is set.
pub struct FieldFile {
    planes: Box<dyn Planes>,
    max_iter: Option<u32>,
    failure: Mutex<Option<ReadError>>,
    failed: AtomicBool,
}

impl FieldFile {
    /// Opens a file, on the current rayon pool. Its format is found from its first bytes.
    ///
    /// `max_iter` is the limit of a file that does not say its own; without it that is the largest count. At most `memory` bytes are
    /// taken.
    ///
    /// # Errors
    /// [`ReadError`], where the file cannot be read, is of none of the formats, is damaged, or has a size that does not fit it;
    /// [`FieldProblem::Memory`] where more is needed.
    pub fn open(file: File, max_iter: Option<u32>, memory: u64) -> Result<Self, ReadError> {
        let file = Arc::new(file);
        let mut head = [0; 6];
        let length = read_up_to(&file, &mut head)?;
        let planes: Box<dyn Planes> = match &head[..length] {
            head if head == NPY => Box::new(npy::Counts::new(Array::new(Bytes::all(&file)?)?)?),
            [b'P', b'K', 3, 4, ..] => Box::new(Npz::new(&file, memory)?),
            [a, b, c, d, ..] if [*a, *b, *c, *d] == EXR_SIGNATURE => Box::new(ExrFile::new(&file, memory)?),
            [b'K', b'F', b'B', ..] => Box::new(Kfb::new(&file, memory)?),
            _ => return Err(FieldProblem::Unknown.into()),
        };
        let mut field =
            Self { planes, max_iter: None, failure: Mutex::default(), failed: AtomicBool::new(false) };
        field.max_iter = field.planes.max_iter();
        if field.planes.takes_limit() {
            let limit = max_iter.map_or_else(|| field.largest(), Ok)?;
            field.planes.limit(limit);
            field.max_iter = Some(limit);
        } else if field.max_iter.is_none() && !field.texts().iter().any(|(keyword, _)| keyword == SCENE) {
            field.max_iter = Some(max_iter.map_or_else(|| field.largest(), Ok)?);
        }
        Ok(field)
    }

    /// Columns and rows of samples.
    pub fn size(&self) -> (u32, u32) {
        self.planes.size()
    }

    /// The limit that was iterated to, unless only a text of the file says it.
    pub fn max_iter(&self) -> Option<u32> {
        self.max_iter
    }

    /// Whether there are distances.
    pub fn has_distances(&self) -> bool {
        self.planes.has_distances()
    }

    /// The texts in the file, by keyword.
    pub fn texts(&self) -> Vec<(String, String)> {
        self.planes.texts()
    }

    /// Whether something could not be read. It is set for others to stop by.
    pub fn failed(&self) -> &AtomicBool {
        &self.failed
    }

    /// Why something could not be read.
    pub fn take_failure(&self) -> Option<ReadError> {
        lock(&self.failure).take()
    }

    /// The largest count, at least 1.
    fn largest(&self) -> Result<u32, ReadError> {
        /// Samples that are read at once.
        const SAMPLES: u32 = 1 << 18;
        let (width, height) = self.size();
        let rows = (SAMPLES / width).max(1);
        let mut largest = 1;
        in_order(
            height.div_ceil(rows),
            Vec::new,
            |escapes: &mut Vec<Escape>, part| {
                let rows = part * rows..height.min((part + 1).saturating_mul(rows));
                escapes.resize(rows.len() * width as usize, Escape::NONE);
                self.planes.escapes(&(0..width), &rows, escapes)?;
                Ok::<_, ReadError>(escapes.iter().filter_map(|escape| escape.n()).max())
            },
            |part| {
                largest = part?.map_or(largest, |part| part.max(largest));
                Ok::<_, ReadError>(())
            },
        )?;
        Ok(largest)
    }

    fn fail(&self, error: ReadError) {
        lock(&self.failure).get_or_insert(error);
        self.failed.store(true, Ordering::Relaxed);
    }

    /// A kernel for another lattice over the same view: it has the results of the nearest samples.
    pub fn nearest(self: &Arc<Self>, lattice: &Viewport) -> Box<dyn Kernel> {
        Box::new(Nearest { field: Arc::clone(self), width: lattice.width(), height: lattice.height() })
    }
}

/// Checks a size in samples.
pub(super) fn size(width: u64, height: u64) -> Result<(u32, u32), ReadError> {
    let fits = |side: u64| u32::try_from(side).ok().filter(|side| (1..=MAX_SIDE).contains(side));
    match (fits(width), fits(height)) {
        (Some(width), Some(height)) => Ok((width, height)),
        _ => Err(FieldProblem::Shape(format!("{width}x{height}")).into()),
    }
}

/// Checks that there is so much memory.
pub(super) fn fits(needed: u64, memory: u64) -> Result<(), ReadError> {
    if needed > memory { Err(FieldProblem::Memory { needed, free: memory }.into()) } else { Ok(()) }
}

/// A mistake at a place: the sample of this index of `columns` x `rows`.
pub(super) fn at(what: &'static str, index: usize, columns: &Range<u32>, rows: &Range<u32>) -> ReadError {
    let (column, row) = (index % columns.len(), index / columns.len());
    FieldProblem::Value { what, column: columns.start + column as u32, row: rows.start + row as u32 }.into()
}

/// The result of a sample with this smooth count: NaN stands for no escape.
pub(super) fn smooth(nu: f64) -> Result<Escape, &'static str> {
    match nu {
        nu if nu.is_nan() => Ok(Escape::NONE),
        nu if nu.is_infinite() => Err("an infinite value"),
        nu if !(-1e4..f64::from(Bailout::MAX_ITER)).contains(&nu) => {
            Err("a count beyond 2^32 - 2 or far below 0")
        }
        nu => {
            let n = nu.floor().max(0.0);
            Ok(Escape::new(n as u32, (nu - n) as f32))
        }
    }
}

/// Fills as much of `out` as there is, and returns how much that was.
fn read_up_to(file: &File, out: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < out.len() {
        match file.read_at(&mut out[filled..], filled as u64)? {
            0 => break,
            more => filled += more,
        }
    }
    Ok(filled)
}

impl Kernel for FieldFile {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        debug_assert_eq!(out.len(), columns.len() * rows.len(), "one result per sample");
        if self.failed.load(Ordering::Relaxed) {
            return out.fill(Escape::NONE);
        }
        if let Err(error) = self.planes.escapes(&columns, &rows, out) {
            self.fail(error);
            out.fill(Escape::NONE);
        }
    }

    fn distances(&self, columns: Range<u32>, rows: Range<u32>, _: &[Escape], out: &mut [Distance]) {
        if self.failed.load(Ordering::Relaxed) {
            return out.fill(Distance::NONE);
        }
        if let Err(error) = self.planes.distances(&columns, &rows, out) {
            self.fail(error);
            out.fill(Distance::NONE);
        }
    }

    fn distances_along_rows(&self) -> bool {
        true
    }
}

impl Kernel for Arc<FieldFile> {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        self.as_ref().iterate(columns, rows, out);
    }

    fn distances(&self, columns: Range<u32>, rows: Range<u32>, escapes: &[Escape], out: &mut [Distance]) {
        self.as_ref().distances(columns, rows, escapes, out);
    }

    fn distances_along_rows(&self) -> bool {
        true
    }
}

/// The nearest samples of a coarser lattice.
struct Nearest {
    field: Arc<FieldFile>,
    width: u32,
    height: u32,
}

impl Kernel for Nearest {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        let (width, height) = self.field.size();
        // The sample in whose cell the middle of the cell of `i` lies.
        let nearest = |i: u32, of: u32, samples: u32| {
            ((2 * u64::from(i) + 1) * u64::from(samples) / (2 * u64::from(of))) as u32
        };
        let mut row = vec![Escape::NONE; width as usize];
        for (y, out) in rows.zip(out.chunks_exact_mut(columns.len())) {
            let y = nearest(y, self.height, height);
            self.field.iterate(0..width, y..y + 1, &mut row);
            for (x, out) in columns.clone().zip(out) {
                *out = row[nearest(x, self.width, width) as usize];
            }
        }
    }

    fn distances(&self, _: Range<u32>, _: Range<u32>, _: &[Escape], out: &mut [Distance]) {
        out.fill(Distance::NONE);
    }
}

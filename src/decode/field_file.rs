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
use crate::decode::planes::Planes;
use crate::decode::read_error::ReadError;
use crate::encode::exr_text::EXR_SIGNATURE;
use crate::encode::npy::MAGIC as NPY;
use crate::encode::sink::SCENE;
use crate::error::FieldProblem;
use crate::field::{Distance, Escape};
use crate::kernel::bailout::Kernel;
use crate::plane::viewport::Viewport;
use crate::render::in_order::{in_order, lock};

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

    /// Whether it says which counts are proven.
    pub fn has_certainty(&self) -> bool {
        self.planes.has_certainty()
    }

    /// Whether the counts of these rows are proven, sample by sample; none of them where the file does not say it, or cannot be read.
    pub fn certain(&self, rows: Range<u32>, out: &mut [bool]) {
        if let Err(error) = self.planes.certain(&(0..self.size().0), &rows, out) {
            self.fail(error);
            out.fill(false);
        }
    }

    /// Whether only smooth counts are right: a count is one of those rounded down, not the smallest n with |z_n| > 2.
    pub fn is_smooth_alone(&self) -> bool {
        self.planes.is_smooth_alone()
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
        for escape in out.iter_mut().filter(|escape| escape.n().is_none()) {
            *escape = Escape::NONE;
        }
    }

    fn distances(&self, columns: Range<u32>, rows: Range<u32>, escapes: &[Escape], out: &mut [Distance]) {
        if self.failed.load(Ordering::Relaxed) {
            return out.fill(Distance::NONE);
        }
        if let Err(error) = self.planes.distances(&columns, &rows, out) {
            self.fail(error);
            out.fill(Distance::NONE);
        }
        for (_, distance) in escapes.iter().zip(out).filter(|(escape, _)| escape.n().is_none()) {
            *distance = Distance::NONE;
        }
    }

    fn interiors(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        let mut read = || {
            self.planes.escapes(&columns, &rows, escapes)?;
            self.planes.distances(&columns, &rows, distances)
        };
        if !self.failed.load(Ordering::Relaxed)
            && let Err(error) = read()
        {
            self.fail(error);
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

    fn interiors(
        &self,
        columns: Range<u32>,
        rows: Range<u32>,
        escapes: &mut [Escape],
        distances: &mut [Distance],
    ) {
        self.as_ref().interiors(columns, rows, escapes, distances);
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

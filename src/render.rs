//! Spreads bands of rows over the current rayon pool, and gives the finished bands back in order.
//!
//! The caller lends the pool: `pool.install(|| render(..))`. Bands are handed out one after the other to
//! whichever thread is free, and at most a few more than there are threads are in flight, so memory depends on the width of
//! the picture and the number of threads, not on its height.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::kernel::Kernel;
use crate::{Error, Escape, Field, KernelChoice, Map, Painter, Pixmap, Scene, Viewport, plan};

/// Bands that may be finished ahead of the first unfinished one, for each thread.
///
/// A band can take many times as long as its neighbours; the others go on meanwhile.
pub const AHEAD: u32 = 8;

/// A band in work: a range of pixel rows and the samples in them.
pub struct Band<'a> {
    /// The rows of pixels.
    pub rows: Range<u32>,
    /// The results of all samples in these rows, row of samples by row of samples.
    pub escapes: &'a [Escape],
}

/// How the rows of a field are shared among the threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// Bands of this many rows of pixels, each to whichever thread is free: what every render does.
    Dynamic {
        /// Rows of pixels in a band.
        rows_per_band: u32,
    },
    /// One contiguous band for each thread, settled beforehand: what tutorials do, and the slower way
    /// wherever some rows are more work than others.
    Static,
}

/// Rows of pixels in a band, unless the caller asks for another number.
///
/// Enough samples that handing out a band costs nothing beside it, few enough that the last bands
/// keep all threads busy to the end: at least eight bands for each thread, as far as there are rows.
pub fn default_rows_per_band(scene: &Scene, threads: usize) -> u32 {
    /// Samples in a band. From 2^13 to 2^17 the least times of `mandel bench` were the same within noise;
    /// at 2^12, a row of a 4K picture, the whole set took up to a tenth more.
    const SAMPLES: u32 = 1 << 14;
    let row = u64::from(scene.samples().width()) * u64::from(scene.supersample());
    let share = scene.viewport().height() / (8 * threads as u32).max(1);
    ((u64::from(SAMPLES) / row) as u32).min(share).max(1)
}

/// Iterates a scene band by band.
///
/// `work` is called on the threads of the current pool, for one band at a time each, with a state that belongs
/// to the thread and was made by `state`; what it returns is passed to `take` in order from the top, from
/// whichever thread is free. The first error that `take` returns ends the render.
///
/// # Errors
/// The error of `take`.
pub fn bands<S, T: Send, E: Send>(
    scene: &Scene,
    kernel: &dyn Kernel,
    rows_per_band: u32,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &Band) -> T + Sync,
    take: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<(), E> {
    let (height, k) = (scene.viewport().height(), scene.supersample());
    let width = scene.samples().width();
    in_order(
        height.div_ceil(rows_per_band),
        || (Vec::new(), state()),
        |(escapes, state), band| {
            let top = band * rows_per_band;
            let rows = top..height.min(top.saturating_add(rows_per_band));
            escapes.resize(rows.len() * k as usize * width as usize, Escape::NONE);
            kernel.iterate(0..width, rows.start * k..rows.end * k, escapes);
            work(state, &Band { rows, escapes })
        },
        take,
    )
}

/// The smallest smooth count in a view, which the logarithmic map starts from; `None` where nothing escapes.
///
/// Only the border is looked at: the smooth count is -log2 of the potential of the set, the potential is
/// subharmonic, so its maximum over a view lies on the edge (J. Milnor, "Dynamics in One Complex Variable", section 9).
/// That makes it cheap, and known before the first band.
pub fn lowest(samples: &Viewport, kernel: &dyn Kernel) -> Option<Escape> {
    let (width, height) = (samples.width(), samples.height());
    // Lines of at most this many samples, so that a wide picture spreads over the threads too.
    const LINE: u32 = 1 << 10;
    let mut lines = Vec::new();
    for from in (0..width).step_by(LINE as usize) {
        for y in [0, height - 1] {
            lines.push((from..width.min(from + LINE), y..y + 1));
        }
    }
    for from in (0..height).step_by(LINE as usize) {
        for x in [0, width - 1] {
            lines.push((x..x + 1, from..height.min(from + LINE)));
        }
    }
    let mut lowest: Option<Escape> = None;
    let result: Result<(), std::convert::Infallible> = in_order(
        lines.len() as u32,
        Vec::new,
        |escapes: &mut Vec<Escape>, i| {
            let (columns, rows) = lines[i as usize].clone();
            escapes.resize(columns.len() * rows.len(), Escape::NONE);
            kernel.iterate(columns, rows, escapes);
            escapes.iter().copied().filter(|e| e.n().is_some()).reduce(Escape::lower)
        },
        |line| {
            lowest = line.into_iter().chain(lowest).reduce(Escape::lower);
            Ok(())
        },
    );
    let Ok(()) = result;
    lowest
}

/// The numbers of a whole scene: one result per sample.
///
/// # Errors
/// Those of [`Plan::kernel`](crate::Plan::kernel).
pub fn field(scene: &Scene) -> Result<Field, Error> {
    let samples = scene.samples();
    let kernel = plan(samples, scene.bailout(), KernelChoice::Auto).kernel()?;
    let mut escapes = vec![Escape::NONE; samples.width() as usize * samples.height() as usize];
    let schedule =
        Schedule::Dynamic { rows_per_band: default_rows_per_band(scene, rayon::current_num_threads()) };
    iterate(scene, kernel.as_ref(), schedule, &mut escapes);
    Ok(Field {
        width: samples.width(),
        height: samples.height(),
        max_iter: scene.bailout().max_iter,
        escapes,
    })
}

/// Iterates all samples of a scene into `out`, which holds exactly that many results.
pub fn iterate(scene: &Scene, kernel: &dyn Kernel, schedule: Schedule, out: &mut [Escape]) {
    let (height, k) = (scene.viewport().height(), scene.supersample());
    let width = scene.samples().width();
    let samples = |rows: &Range<u32>| rows.len() * k as usize * width as usize;
    debug_assert_eq!(out.len(), samples(&(0..height)), "one result for each sample");
    let bands: Vec<Range<u32>> = match schedule {
        Schedule::Dynamic { rows_per_band } => (0..height)
            .step_by(rows_per_band as usize)
            .map(|top| top..height.min(top.saturating_add(rows_per_band)))
            .collect(),
        Schedule::Static => {
            let threads = rayon::current_num_threads() as u64;
            let edge = |thread| (u64::from(height) * thread / threads) as u32;
            (0..threads).map(|thread| edge(thread)..edge(thread + 1)).collect()
        }
    };
    let mut rest = out;
    let bands: Vec<_> = bands
        .into_iter()
        .map(|rows| {
            let (band, below) = std::mem::take(&mut rest).split_at_mut(samples(&rows));
            rest = below;
            // Each lock is taken once; it is what lets threads share a list of exclusive slices.
            (rows, Mutex::new(band))
        })
        .collect();
    let work = |index: usize| {
        let (rows, band) = &bands[index];
        if !rows.is_empty() {
            kernel.iterate(0..width, rows.start * k..rows.end * k, &mut lock(band));
        }
    };
    match schedule {
        Schedule::Dynamic { .. } => {
            let result: Result<(), std::convert::Infallible> =
                in_order(bands.len() as u32, || (), |(), index| work(index as usize), |()| Ok(()));
            let Ok(()) = result;
        }
        Schedule::Static => {
            rayon::broadcast(|thread| work(thread.index()));
        }
    }
}

/// A whole scene as a picture.
///
/// # Errors
/// Those of [`Plan::kernel`](crate::Plan::kernel).
pub fn pixmap(scene: &Scene) -> Result<Pixmap, Error> {
    let kernel = plan(scene.samples(), scene.bailout(), KernelChoice::Auto).kernel()?;
    let painter = painter(scene, kernel.as_ref());
    let (width, height) = (scene.viewport().width(), scene.viewport().height());
    let mut bytes = Vec::with_capacity(3 * width as usize * height as usize);
    bands(
        scene,
        kernel.as_ref(),
        default_rows_per_band(scene, rayon::current_num_threads()),
        || (),
        |(), band| {
            let mut bytes = Vec::new();
            paint(&painter, scene, band, &mut bytes);
            bytes
        },
        |rows: Vec<u8>| {
            bytes.extend(rows);
            Ok::<(), Error>(())
        },
    )?;
    Ok(Pixmap { width, height, bytes })
}

/// The painter of a scene.
pub fn painter(scene: &Scene, kernel: &dyn Kernel) -> Painter {
    let coloring = scene.coloring();
    // The other maps begin at 0.
    let lowest = if coloring.map == Map::Log { lowest(scene.samples(), kernel) } else { None };
    coloring.painter(scene.bailout(), lowest)
}

/// Paints a band: its sRGB bytes take the place of what `bytes` held.
pub fn paint(painter: &Painter, scene: &Scene, band: &Band, bytes: &mut Vec<u8>) {
    let k = scene.supersample() as usize;
    let row = 3 * scene.viewport().width() as usize;
    bytes.resize(band.rows.len() * row, 0);
    let samples = band.escapes.chunks_exact(k * k * scene.viewport().width() as usize);
    for (samples, out) in samples.zip(bytes.chunks_exact_mut(row)) {
        painter.paint(samples, k, out);
    }
}

/// What the threads share while they work.
struct Line<T> {
    /// The next piece to hand out.
    next: u32,
    /// The next piece to take.
    taken: u32,
    /// Finished pieces that wait for an earlier one.
    finished: BTreeMap<u32, T>,
    /// Whether some thread is taking at the moment.
    taking: bool,
    /// Whether to hand out no more: an error, or a panic in another thread.
    stop: bool,
}

/// Calls `work` for 0..count on all threads of the current pool and passes the results to `take` in order.
fn in_order<S, T: Send, E: Send>(
    count: u32,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, u32) -> T + Sync,
    take: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<(), E> {
    let ahead = AHEAD * rayon::current_num_threads() as u32;
    let line = Mutex::new(Line { next: 0, taken: 0, finished: BTreeMap::new(), taking: false, stop: false });
    let moved = Condvar::new();
    let take = Mutex::new((take, Ok(())));
    rayon::broadcast(|_| {
        /// Lets the other threads go if this one panics.
        struct Guard<'a, T>(&'a Mutex<Line<T>>, &'a Condvar);
        impl<T> Drop for Guard<'_, T> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    lock(self.0).stop = true;
                    self.1.notify_all();
                }
            }
        }
        let _guard = Guard(&line, &moved);
        let mut state = state();
        loop {
            let mut now = lock(&line);
            // The first unfinished piece is always in work, so this wait ends.
            while !now.stop && now.next < count && now.next >= now.taken.saturating_add(ahead) {
                now = moved.wait(now).unwrap_or_else(PoisonError::into_inner);
            }
            if now.stop || now.next >= count {
                return;
            }
            let piece = now.next;
            now.next += 1;
            drop(now);
            let result = work(&mut state, piece);
            let mut now = lock(&line);
            now.finished.insert(piece, result);
            // One thread at a time takes, without holding up those that work.
            while !now.taking && !now.stop {
                let first = now.taken;
                let Some(result) = now.finished.remove(&first) else { break };
                now.taking = true;
                drop(now);
                let failed = {
                    let mut take = lock(&take);
                    take.1 = (take.0)(result);
                    take.1.is_err()
                };
                now = lock(&line);
                now.taking = false;
                now.taken += 1;
                now.stop |= failed;
                moved.notify_all();
            }
        }
    });
    take.into_inner().unwrap_or_else(PoisonError::into_inner).1
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere is reported by the pool; here it only ends the work.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

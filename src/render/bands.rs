//! Spreads rectangles of samples over the current rayon pool.
//!
//! The caller provides the pool: `pool.install(|| ..)`. Bands of rows are handed out in order to free threads, with a
//! bounded number in progress for each thread. So memory depends on the width of the picture and the number of threads,
//! not on the height.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Mutex;

use crate::error::Error;
use crate::field::{Detail, Distance, Escape, Field};
use crate::kernel::bailout::Kernel;
use crate::kernel::plan::Plan;
use crate::plane::rotation::Rotation;
use crate::plane::viewport::Viewport;
use crate::render::in_order::{Sizes, in_order, in_order_within, lock};
use crate::scene::scene::Scene;

/// How the rows of a field are shared among the threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// Bands of this many rows of pixels, each for the next free thread: the schedule of every render.
    Dynamic {
        /// Rows of pixels in a band.
        rows_per_band: u32,
    },
    /// One contiguous band for each thread, fixed beforehand. Slower wherever rows differ in cost.
    Static,
}

/// The default for the rows of pixels in a band.
///
/// Bands have enough samples that handing them out costs nothing in comparison. There are at least eight for each thread,
/// as far as there are rows, so that all threads are busy to the end.
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
/// `work` is called with the rows of pixels of a band and the results of all samples in them, on the threads of the
/// current pool, with a state that belongs to the thread; what it returns is passed to `take` in order from the top.
/// Distances are there where `detail` asks for some. `sizes` are those of what it returns.
/// The first error that `take` returns ends the render.
///
/// # Errors
/// The error of `take`.
pub(crate) fn bands<S, T: Send, E: Send>(
    (scene, kernel): (&Scene, &dyn Kernel),
    (rows_per_band, detail): (u32, Detail),
    sizes: Sizes<impl Fn(&T) -> u64 + Sync>,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, Range<u32>, &[Escape], &mut [Distance]) -> T + Sync,
    take: impl FnMut(T) -> Result<(), E> + Send,
) -> Result<(), E> {
    let (height, k) = (scene.viewport().height(), scene.supersample());
    let width = scene.samples().width();
    in_order_within(
        sizes,
        height.div_ceil(rows_per_band),
        || (Vec::new(), Vec::new(), state()),
        |(escapes, plane, state), band| {
            let top = band * rows_per_band;
            let rows = top..height.min(top.saturating_add(rows_per_band));
            escapes.resize(rows.len() * k as usize * width as usize, Escape::NONE);
            let of = rows.start * k..rows.end * k;
            plane.resize(if detail.has_distances() { escapes.len() } else { 0 }, Distance::NONE);
            kernel.results(detail, 0..width, of, escapes, plane);
            if !kernel.distances_along_rows() {
                turn(scene.samples(), plane);
            }
            work(state, rows, escapes, plane)
        },
        take,
    )
}

/// Turns distances in the plane along with the picture.
pub(crate) fn turn(samples: &Viewport, distances: &mut [Distance]) {
    if samples.rotation() == Rotation::NONE {
        return;
    }
    let turn = samples.rotation().to_picture();
    let (cos, sin) = (turn.re as f32, turn.im as f32);
    for distance in distances {
        let Distance { x, y } = *distance;
        *distance = Distance { x: x * cos - y * sin, y: x * sin + y * cos };
    }
}

/// The smallest smooth count in a view, which the logarithmic map starts from; `None` where nothing escapes.
///
/// Only the border is iterated: the smooth count is -log2 of the potential of the set, which is subharmonic, so its
/// maximum over a view lies on the border (J. Milnor, "Dynamics in One Complex Variable", section 9).
pub(crate) fn lowest(samples: &Viewport, kernel: &dyn Kernel) -> Option<Escape> {
    let (width, height) = (samples.width(), samples.height());
    // Samples of a line at most, so that the sides of a large picture occupy all threads.
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
    let result: Result<(), Infallible> = in_order(
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
/// Those of [`Plan::kernel`].
pub fn field(scene: &Scene) -> Result<Field, Error> {
    let samples = scene.samples();
    let kernel = Plan::new(samples, scene.bailout(), None).kernel()?;
    let mut escapes = vec![Escape::NONE; samples.width() as usize * samples.height() as usize];
    let schedule =
        Schedule::Dynamic { rows_per_band: default_rows_per_band(scene, rayon::current_num_threads()) };
    iterate(scene, kernel.as_ref(), schedule, &mut escapes);
    Ok(Field {
        width: samples.width(),
        height: samples.height(),
        max_iter: scene.bailout().max_iter(),
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
            // The mutex lets threads share a list of exclusive slices; each is locked once.
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
            let result: Result<(), Infallible> =
                in_order(bands.len() as u32, || (), |(), index| work(index as usize), |()| Ok(()));
            let Ok(()) = result;
        }
        Schedule::Static => {
            rayon::broadcast(|thread| work(thread.index()));
        }
    }
}

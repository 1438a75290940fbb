//! Measures how fast a scene is iterated for a number of threads and a schedule, and compares the times.
//!
//! The time is that of a whole field of numbers on a running pool: kernel and schedule, without colors, files and the
//! start of threads. The numbers of every run are checked against those of the first.

use std::fmt;
use std::time::Instant;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::Error;
use crate::field::Escape;
use crate::kernel::bailout::Kernel;
use crate::render::bands::{Schedule, iterate};
use crate::scene::scene::Scene;

/// One way to iterate a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Threads of the pool.
    pub threads: usize,
    /// How the rows are shared among them.
    pub schedule: Schedule,
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { threads, schedule } = self;
        let threads = format!("{threads} thread{}", if *threads == 1 { "" } else { "s" });
        match schedule {
            Schedule::Dynamic { rows_per_band } => {
                let rows = if *rows_per_band == 1 { "row" } else { "rows" };
                write!(f, "{threads} (dynamic, {rows_per_band} {rows})")
            }
            Schedule::Static => write!(f, "{threads} (static)"),
        }
    }
}

/// A pool of exactly this many threads, all of them started.
///
/// # Errors
/// [`Error::Threads`] where the system refuses a thread.
pub fn pool(threads: usize) -> Result<ThreadPool, Error> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| Error::Threads { threads, reason: error.to_string() })?;
    pool.broadcast(|_| ());
    Ok(pool)
}

/// A scene that is iterated again and again.
pub struct Bench<'a> {
    scene: &'a Scene,
    kernel: &'a dyn Kernel,
    field: Vec<Escape>,
    first: Option<(Variant, Summary)>,
}

/// A field in short, to compare it with others.
#[derive(Clone, Copy, PartialEq)]
struct Summary {
    fingerprint: u64,
    iterations: u64,
}

impl<'a> Bench<'a> {
    /// Makes room for the field of a scene: eight bytes a sample.
    pub fn new(scene: &'a Scene, kernel: &'a dyn Kernel) -> Self {
        let samples = scene.samples().width() as usize * scene.samples().height() as usize;
        Self { scene, kernel, field: vec![UNTOUCHED; samples], first: None }
    }

    /// Iterates the whole field on a pool, and returns the seconds that took.
    ///
    /// # Errors
    /// [`Error::Internal`] where the numbers are not those of the first run.
    pub fn run(&mut self, pool: &ThreadPool, schedule: Schedule) -> Result<f64, Error> {
        let variant = Variant { threads: pool.current_num_threads(), schedule };
        let Self { scene, kernel, field, first } = self;
        // A sample that is not written must not keep the result of an earlier run.
        field.fill(UNTOUCHED);
        let seconds = pool.install(|| {
            let start = Instant::now();
            iterate(scene, *kernel, schedule, field);
            start.elapsed().as_secs_f64()
        });
        let summary = Summary::of(field, scene.bailout().max_iter());
        match first {
            None => *first = Some((variant, summary)),
            Some((_, known)) if *known == summary => {}
            Some((other, _)) => {
                return Err(Error::Internal(format!("{other} and {variant} gave different counts")));
            }
        }
        // A time below the resolution of the clock may be 0, and times are divisors.
        Ok(seconds.max(1e-9))
    }

    /// The sum of all counts, `max_iter` where nothing escaped; 0 before the first run.
    ///
    /// *Effective* iterations: shortcuts skip some of them and give the same counts.
    pub fn effective_iterations(&self) -> u64 {
        self.first.map_or(0, |(_, summary)| summary.iterations)
    }

    /// A hash of all results in order, equal for all variants; 0 before the first run.
    pub fn fingerprint(&self) -> u64 {
        self.first.map_or(0, |(_, summary)| summary.fingerprint)
    }
}

/// No result of a sample, since a count is at least 1.
const UNTOUCHED: Escape = Escape::new(0, 0.0);

impl Summary {
    fn of(field: &[Escape], max_iter: u32) -> Self {
        let (mut fingerprint, mut iterations) = (0_u64, 0);
        for escape in field {
            let count = escape.count(max_iter);
            let bits = u64::from(count) << 32 | u64::from(escape.fraction().to_bits());
            // FxHash (Firefox, rustc).
            fingerprint = (fingerprint.rotate_left(5) ^ bits).wrapping_mul(0x517c_c1b7_2722_0a95);
            iterations += u64::from(count);
        }
        Self { fingerprint, iterations }
    }
}

/// Statistics of the times of one variant, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// The arithmetic mean.
    pub mean: f64,
    /// The standard deviation of the sample, with n - 1 in the denominator; `None` for a single run.
    pub deviation: Option<f64>,
    /// The fastest run.
    pub min: f64,
    /// The middle run, or the mean of the two in the middle. Comparisons use it, since it is robust against outliers.
    pub median: f64,
    /// The slowest run.
    pub max: f64,
}

impl Statistics {
    /// The statistics of at least one run.
    pub fn of(seconds: &[f64]) -> Self {
        debug_assert!(!seconds.is_empty(), "at least one run");
        let mut sorted = seconds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let mean = sorted.iter().sum::<f64>() / n as f64;
        let squares: f64 = sorted.iter().map(|time| (time - mean) * (time - mean)).sum();
        Self {
            mean,
            deviation: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()),
            min: sorted[0],
            median: (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0,
            max: sorted[n - 1],
        }
    }

    /// Whether the ranges of both overlap: then their order may be chance.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.min <= other.max && other.min <= self.max
    }
}

/// How a variant compares with the base, the one with the fewest threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    /// The time of the base divided by the time of the variant.
    pub speedup: f64,
    /// The speed-up divided by the factor by which there are more threads.
    pub efficiency: f64,
    /// The share of the base's time that more threads do not shorten, computed from this speed-up.
    ///
    /// The Karp-Flatt metric (A. H. Karp, H. P. Flatt, "Measuring parallel processor performance",
    /// Communications of the ACM 33(5), 1990): e = (1/S - 1/p) / (1 - 1/p) for the speed-up S of p times as
    /// many threads. Below 0 where the speed-up is more than p. `None` for the base itself.
    pub serial_fraction: Option<f64>,
}

impl Scaling {
    /// Compares threads and time with those of the base.
    pub fn new(base: (usize, f64), variant: (usize, f64)) -> Self {
        let speedup = base.1 / variant.1;
        let p = variant.0 as f64 / base.0 as f64;
        let serial = (1.0 / speedup - 1.0 / p) / (1.0 - 1.0 / p);
        Self { speedup, efficiency: speedup / p, serial_fraction: (p > 1.0).then_some(serial) }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::color::coloring::Coloring;
    use crate::error::ErrorKind;
    use crate::field::Distance;
    use crate::kernel::bailout::Bailout;
    use crate::kernel::plan::Plan;
    use crate::number::complex::parse_complex;
    use crate::plane::axis::Grid;
    use crate::plane::viewport::Viewport;
    use crate::render::bands::field;

    fn scene(size: (u32, u32), supersample: u32) -> Scene {
        let center = parse_complex("-0.65").expect("a point");
        let viewport = Viewport::with_height(center, 2.45, Grid::Centers, size).expect("a view");
        let bailout = Bailout::new(200).expect("a limit");
        Scene::new(viewport, bailout, supersample, Coloring::default()).expect("a scene")
    }

    #[test]
    fn statistics_of_known_times() {
        let statistics = Statistics::of(&[4.0, 2.0, 9.0, 5.0]);
        // The squares of the distances from the mean 5 are 1, 9, 16 and 0.
        let deviation = Some((26.0_f64 / 3.0).sqrt());
        assert_eq!(statistics, Statistics { mean: 5.0, deviation, min: 2.0, median: 4.5, max: 9.0 });
        let one = Statistics::of(&[3.0]);
        assert_eq!(one, Statistics { mean: 3.0, deviation: None, min: 3.0, median: 3.0, max: 3.0 });
        assert_eq!(Statistics::of(&[7.0, 1.0, 2.0]).median, 2.0);
        assert!(statistics.overlaps(&one) && !one.overlaps(&Statistics::of(&[3.5, 4.0])));
    }

    #[test]
    fn the_serial_fraction_is_found_again() {
        // Amdahl's law, turned round: a program that is serial to the share e.
        for e in [0.0, 0.125, 0.5, 1.0] {
            for (base, threads) in [(1, 4), (2, 8), (2, 3)] {
                let p = threads as f64 / base as f64;
                let scaling = Scaling::new((base, 8.0), (threads, 8.0 * (e + (1.0 - e) / p)));
                assert!((scaling.serial_fraction.expect("more threads") - e).abs() < 1e-12);
                assert!((scaling.efficiency * p - scaling.speedup).abs() < 1e-12);
            }
        }
        let base = Scaling::new((2, 8.0), (2, 8.0));
        assert_eq!(base, Scaling { speedup: 1.0, efficiency: 1.0, serial_fraction: None });
        let twice = Scaling::new((1, 8.0), (4, 4.0));
        assert_eq!((twice.speedup, twice.efficiency), (2.0, 0.5));
    }

    #[test]
    fn every_variant_gives_the_field_of_a_render() {
        for (size, supersample) in [((33, 21), 1), ((5, 2), 3), ((1, 1), 1)] {
            let scene = scene(size, supersample);
            let field = field(&scene).expect("a field");
            let kernel = Plan::new(scene.samples(), scene.bailout(), None).kernel().expect("a kernel");
            let mut bench = Bench::new(&scene, kernel.as_ref());
            for threads in [1, 2, 5] {
                let pool = pool(threads).expect("threads");
                let rows = [1, 4, u32::MAX].map(|rows_per_band| Schedule::Dynamic { rows_per_band });
                for schedule in rows.into_iter().chain([Schedule::Static]) {
                    assert!(bench.run(&pool, schedule).expect("equal counts") > 0.0);
                    assert_eq!(bench.field, field.escapes);
                }
            }
            let sum: u64 = field.counts().map(u64::from).sum();
            assert_eq!(bench.effective_iterations(), sum);
        }
    }

    /// Wrong on purpose: its counts grow from call to call.
    struct Fickle(AtomicU32);

    impl Kernel for Fickle {
        fn iterate(&self, _: Range<u32>, _: Range<u32>, out: &mut [Escape]) {
            out.fill(Escape::new(1 + self.0.fetch_add(1, Ordering::Relaxed), 0.0));
        }

        fn distances(&self, _: Range<u32>, _: Range<u32>, _: &[Escape], out: &mut [Distance]) {
            out.fill(Distance::NONE);
        }
    }

    #[test]
    fn other_counts_are_our_own_failure() {
        let scene = scene((3, 2), 1);
        let kernel = Fickle(AtomicU32::new(0));
        let mut bench = Bench::new(&scene, &kernel);
        bench.run(&pool(1).expect("a thread"), Schedule::Static).expect("nothing to compare with");
        let schedule = Schedule::Dynamic { rows_per_band: 2 };
        let error = bench.run(&pool(2).expect("threads"), schedule).expect_err("another count");
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(
            error.to_string(),
            "1 thread (static) and 2 threads (dynamic, 2 rows) gave different counts"
        );
    }
}

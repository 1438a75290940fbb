//! What was measured, as a table, Markdown, CSV, JSON and words.

use mandel::render::Schedule;
use mandel::render::bench::{Scaling, Statistics, Variant};
use mandel::{FloatExp, Scene};
use serde_json::{Value, json};

use crate::cli::terminal::brief;

/// The times of one variant.
pub(super) struct Measurement {
    pub(super) variant: Variant,
    pub(super) seconds: Vec<f64>,
    pub(super) statistics: Statistics,
}

/// A comparison, complete.
pub(super) struct Report<'a> {
    pub(super) scene: &'a Scene,
    pub(super) kernel: String,
    /// CPUs that this process may use.
    pub(super) usable: usize,
    pub(super) warmup: u32,
    /// The sum of all counts of the field.
    pub(super) iterations: u64,
    pub(super) fingerprint: u64,
    /// At least one; schedule by schedule, and by ascending number of threads in each.
    pub(super) measurements: Vec<Measurement>,
    /// Numbers of threads that the system refused.
    pub(super) skipped: Vec<usize>,
}

/// Headings of the table.
const HEADINGS: [&str; 11] = [
    "schedule",
    "rows",
    "threads",
    "median",
    "mean",
    "sd",
    "min",
    "speed-up",
    "efficiency",
    "serial",
    "Giter/s",
];
/// Characters of the longest bar.
const BAR: usize = 12;
/// Shorter runs tell more of starting and timing than of iterating.
const SHORT: f64 = 0.05;
/// A standard deviation above this share of the mean is called noise.
const NOISE: f64 = 0.05;

impl Report<'_> {
    /// Measurements of one schedule and chunk size each, and how their variants scale.
    pub(super) fn series(&self) -> impl Iterator<Item = (Schedule, Vec<(&Measurement, Scaling)>)> {
        self.measurements.chunk_by(|one, next| one.variant.schedule == next.variant.schedule).map(|series| {
            let time =
                |measurement: &Measurement| (measurement.variant.threads, measurement.statistics.median);
            let scaled = series.iter().map(|one| (one, Scaling::new(time(&series[0]), time(one))));
            (series[0].variant.schedule, scaled.collect())
        })
    }

    /// Timed runs of each variant.
    fn runs(&self) -> usize {
        self.measurements.iter().map(|one| one.seconds.len()).max().unwrap_or(0)
    }

    fn rows(&self) -> impl Iterator<Item = (&Measurement, Scaling)> {
        self.series().flat_map(|(_, series)| series)
    }

    /// Effective iterations per second of a median run.
    fn rate(&self, measurement: &Measurement) -> f64 {
        self.iterations as f64 / measurement.statistics.median
    }

    /// The scene in a few words.
    pub(super) fn title(&self) -> String {
        let viewport = self.scene.viewport();
        let k = self.scene.supersample();
        let samples = if k > 1 { format!(" with {k}x{k} samples") } else { String::new() };
        let max_iter = self.scene.bailout().max_iter();
        format!("{}x{}{samples}, max_iter {max_iter}", viewport.width(), viewport.height())
    }

    /// Where the scene lies.
    pub(super) fn place(&self) -> String {
        let viewport = self.scene.viewport();
        let (re, im) = (viewport.center().re.to_string(), viewport.center().im.to_string());
        let sign = if im.starts_with('-') { "" } else { "+" };
        let zoom = FloatExp::from(4.0) / viewport.extent().1;
        let degrees = viewport.rotation().degrees();
        let turned = if degrees == 0.0 { String::new() } else { format!(", rotated by {degrees} degrees") };
        format!(
            "{}{sign}{}i, zoom {}{turned}",
            brief(&re),
            brief(&im),
            if zoom.to_f64().is_finite() { digits(zoom.to_f64(), 4) } else { zoom.to_string() }
        )
    }

    /// What was compared on what.
    pub(super) fn setting(&self) -> String {
        format!(
            "{}, {} usable CPU{}, {} run{} of each after {} to warm up, speed-up by the median",
            self.kernel,
            self.usable,
            plural(self.usable),
            self.runs(),
            plural(self.runs()),
            self.warmup
        )
    }

    /// The unit of the times: its name, and how many there are in a second.
    fn unit(&self) -> (&'static str, f64) {
        let slowest = self.measurements.iter().map(|one| one.statistics.mean).fold(0.0, f64::max);
        match slowest {
            1.0.. => ("s", 1.0),
            1e-3.. => ("ms", 1e3),
            _ => ("us", 1e6),
        }
    }

    /// Headings and cells of the table and of Markdown.
    fn cells(&self) -> Vec<Vec<String>> {
        let (unit, per_second) = self.unit();
        let heading = |name: &str| match name {
            "median" | "mean" | "sd" | "min" => format!("{name} {unit}"),
            name => name.to_string(),
        };
        let time = |seconds: f64| format!("{:.3}", seconds * per_second);
        let row = |(one, scaling): (&Measurement, Scaling)| {
            let (schedule, rows) = schedule(one.variant.schedule);
            vec![
                schedule.to_string(),
                rows.map_or_else(|| "-".into(), |rows| rows.to_string()),
                one.variant.threads.to_string(),
                time(one.statistics.median),
                time(one.statistics.mean),
                one.statistics.deviation.map_or_else(|| "-".into(), time),
                time(one.statistics.min),
                format!("{:.2}", scaling.speedup),
                format!("{:.0} %", 100.0 * scaling.efficiency),
                scaling.serial_fraction.map_or_else(|| "-".into(), |serial| format!("{serial:.3}")),
                digits(self.rate(one) / 1e9, 3),
            ]
        };
        std::iter::once(HEADINGS.map(heading).to_vec()).chain(self.rows().map(row)).collect()
    }

    /// The table for a terminal, or plain; the bar shows the speed.
    pub(super) fn table(&self, terminal: bool) -> String {
        let cells = self.cells();
        let width = |column: usize| cells.iter().map(|row| row[column].len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
        let fastest = self.measurements.iter().map(|one| self.rate(one)).fold(0.0, f64::max);
        let bars = self.measurements.iter().map(|one| {
            let length = (self.rate(one) / fastest * BAR as f64).round() as usize;
            if terminal { "\u{2588}" } else { "#" }.repeat(length.max(1))
        });
        let mut text = format!("{}, {}\n{}\n\n", self.title(), self.place(), self.setting());
        for (row, bar) in cells.iter().zip(std::iter::once(String::new()).chain(bars)) {
            let mut line = format!("{:<width$}", row[0], width = widths[0]);
            for (cell, width) in row.iter().zip(&widths).skip(1) {
                line += &format!("  {cell:>width$}");
            }
            line += &format!("  {bar}");
            text += line.trim_end();
            text.push('\n');
        }
        text
    }

    pub(super) fn markdown(&self) -> String {
        let mut text = format!("{}, {}  \n{}\n\n", self.title(), self.place(), self.setting());
        for (i, row) in self.cells().iter().enumerate() {
            text += &format!("| {} |\n", row.join(" | "));
            if i == 0 {
                text += &format!("| :-- |{}\n", " --: |".repeat(HEADINGS.len() - 1));
            }
        }
        text
    }

    pub(super) fn csv(&self) -> String {
        let mut text = String::from(
            "schedule,rows_per_chunk,threads,runs,mean_s,stddev_s,min_s,median_s,max_s,speedup,efficiency,\
             serial_fraction,effective_iterations_per_s\n",
        );
        for (one, scaling) in self.rows() {
            let (schedule, rows) = schedule(one.variant.schedule);
            let Statistics { mean, deviation, min, median, max } = one.statistics;
            let optional = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
            text += &format!(
                "{schedule},{},{},{},{mean},{},{min},{median},{max},{},{},{},{}\n",
                rows.map_or_else(String::new, |rows| rows.to_string()),
                one.variant.threads,
                one.seconds.len(),
                optional(deviation),
                scaling.speedup,
                scaling.efficiency,
                optional(scaling.serial_fraction),
                self.rate(one),
            );
        }
        text
    }

    pub(super) fn json(&self) -> String {
        let viewport = self.scene.viewport();
        let (width, height) = viewport.extent();
        let variants = self.rows().map(|(one, scaling)| {
            let (schedule, rows) = schedule(one.variant.schedule);
            json!({
                "schedule": schedule,
                "rows_per_chunk": rows,
                "threads": one.variant.threads,
                "seconds": one.seconds,
                "mean_s": one.statistics.mean,
                "stddev_s": one.statistics.deviation,
                "min_s": one.statistics.min,
                "median_s": one.statistics.median,
                "max_s": one.statistics.max,
                "speedup": scaling.speedup,
                "efficiency": scaling.efficiency,
                "serial_fraction": scaling.serial_fraction,
                "effective_iterations_per_s": self.rate(one),
            })
        });
        let object = json!({
            "mandel": env!("CARGO_PKG_VERSION"),
            "scene": {
                "center_re": viewport.center().re.to_string(),
                "center_im": viewport.center().im.to_string(),
                "plane_width": number(width),
                "plane_height": number(height),
                "rotate": viewport.rotation().degrees(),
                "width": viewport.width(),
                "height": viewport.height(),
                "supersample": self.scene.supersample(),
                "max_iter": self.scene.bailout().max_iter(),
            },
            "kernel": self.kernel,
            "usable_cpus": self.usable,
            "warmup": self.warmup,
            "runs": self.runs(),
            "effective_iterations": self.iterations,
            "fingerprint": format!("{:016x}", self.fingerprint),
            "variants": variants.collect::<Vec<_>>(),
            "skipped_threads": self.skipped,
            "notes": self.notes(),
        });
        format!("{object:#}\n")
    }

    /// What to know before reading anything into the numbers.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.measurements.len() > 1 {
            notes.push("every variant gave the same counts".into());
        }
        if !self.skipped.is_empty() {
            let skipped: Vec<String> = self.skipped.iter().map(usize::to_string).collect();
            notes.push(format!("the system refused {} threads; left out", skipped.join(", ")));
        }
        if let Some(most) = self.measurements.iter().map(|one| one.variant.threads).max()
            && most > self.usable
        {
            notes.push(format!(
                "only {} CPU{} can be used here; more threads than that take turns and cannot be faster",
                self.usable,
                plural(self.usable)
            ));
        }
        notes.extend(self.length_note());
        if self.runs() == 1 {
            notes.push("one run tells little; use --runs 5 or more to see how much times vary".into());
        } else {
            notes.extend(self.noise_note());
            notes.extend(self.order_note());
        }
        notes
    }

    /// Whether runs are too short to tell much.
    fn length_note(&self) -> Option<String> {
        let median = |one: &Measurement| one.statistics.median;
        let shortest = self.measurements.iter().map(median).fold(f64::INFINITY, f64::min);
        (shortest < SHORT).then(|| {
            format!(
                "runs of {} ms are short, and small disturbances show; a larger scene, as with -s 4k, tells more",
                digits(1e3 * shortest, 2)
            )
        })
    }

    /// Whether the times of some variant vary much.
    fn noise_note(&self) -> Option<String> {
        let noise = |one: &Measurement| one.statistics.deviation.unwrap_or(0.0) / one.statistics.mean;
        let worst = self.measurements.iter().max_by(|one, other| noise(one).total_cmp(&noise(other)))?;
        (noise(worst) > NOISE).then(|| {
            format!(
                "this machine is busy or uneven: {} varied by {:.0} % of the mean; more --runs or a larger scene help",
                worst.variant,
                100.0 * noise(worst)
            )
        })
    }

    /// Which variants may be as fast as the fastest one.
    fn order_note(&self) -> Option<String> {
        let median = |one: &&Measurement| one.statistics.median;
        let fastest = self.measurements.iter().min_by(|one, other| median(one).total_cmp(&median(other)))?;
        let is_near = |one: &&Measurement| {
            one.variant != fastest.variant && one.statistics.overlaps(&fastest.statistics)
        };
        let near: Vec<String> =
            self.measurements.iter().filter(is_near).map(|one| one.variant.to_string()).collect();
        (!near.is_empty())
            .then(|| format!("too close to tell from the fastest, {}: {}", fastest.variant, near.join(", ")))
    }
}

/// The name of a schedule, and its chunk size.
pub(super) fn schedule(schedule: Schedule) -> (&'static str, Option<u32>) {
    match schedule {
        Schedule::Dynamic { rows_per_band } => ("dynamic", Some(rows_per_band)),
        Schedule::Static => ("static", None),
    }
}

/// A number of JSON, or a text where many readers of JSON would make it 0 or infinite.
fn number(x: FloatExp) -> Value {
    if x.to_f64().is_normal() { json!(x.to_f64()) } else { json!(x.to_string()) }
}

/// A positive number with about that many digits.
fn digits(value: f64, digits: i32) -> String {
    if !(1e-3..1e6).contains(&value) {
        return format!("{value:.*e}", digits as usize - 1);
    }
    let decimals = (digits - 1 - value.log10().floor() as i32).max(0);
    let text = format!("{value:.*}", decimals as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// The ending of a noun.
fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

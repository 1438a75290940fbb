//! The speed-up by number of threads, drawn as SVG.

use mandel::render::Schedule;
use mandel::render::bench::Scaling;

use crate::cli::bench::report::{Measurement, Report, schedule};

/// Left, top, width and height of the frame that the lines are drawn in.
const FRAME: (f64, f64, f64, f64) = (70.0, 80.0, 470.0, 330.0);
/// Width of the picture.
const WIDTH: f64 = 760.0;
/// Height of a line of the legend.
const LINE: f64 = 22.0;
/// Colors that people with any kind of color vision tell apart (M. Okabe, K. Ito, "Color universal design", 2008).
const COLORS: [&str; 6] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"];

/// Measurements of one schedule and chunk size, and how they scale.
type Series<'a> = (Schedule, Vec<(&'a Measurement, Scaling)>);

pub(super) fn svg(report: &Report) -> String {
    let (left, top, width, height) = FRAME;
    let (right, bottom) = (left + width, top + height);
    let series: Vec<Series> = report.series().collect();
    let axes = Axes::of(&series);
    let total = (bottom + 70.0).max(top + LINE * (series.len() + 3) as f64);
    let head = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {total}\" width=\"{WIDTH}\" height=\"{total}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"14\" fill=\"#222\">\n\
         <title>Speed-up by number of threads</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{left}\" y=\"32\" font-size=\"20\" font-weight=\"bold\">Speed-up by number of threads</text>\n\
         <text x=\"{left}\" y=\"54\" font-size=\"12\" fill=\"#555\">{}</text>\n\
         <text x=\"{left}\" y=\"{}\" font-size=\"12\" fill=\"#555\">{}</text>\n",
        escaped(&format!("{}, {}", report.title(), report.place())),
        bottom + 60.0,
        escaped(&report.setting()),
    );
    let mut legend = Legend { x: right + 24.0, y: top + 10.0 };
    let bounds = axes.bounds(report.usable, &mut legend);
    head + &axes.grid() + &bounds + &axes.lines(&series, &mut legend) + "</svg>\n"
}

/// From threads, of which the axis begins at 1, and speed-up to places in the picture.
struct Axes {
    /// The fewest and the most threads.
    least: f64,
    most: f64,
    /// Distances between marks.
    x_step: f64,
    y_step: f64,
    /// The speed-up at the upper edge.
    y_end: f64,
}

impl Axes {
    fn of(series: &[Series]) -> Self {
        let points = || series.iter().flat_map(|(_, series)| series);
        let threads = points().map(|(one, _)| one.variant.threads);
        let (least, most) = (threads.clone().min().unwrap_or(1) as f64, threads.max().unwrap_or(1) as f64);
        // The highest line decides, which is the ideal one unless something is better than that.
        let highest = points().map(|(_, scaling)| scaling.speedup).fold(most / least, f64::max);
        let (x_step, y_step) = (step(most).max(1.0), step(highest));
        Self { least, most, x_step, y_step, y_end: (highest / y_step - 1e-9).ceil() * y_step }
    }

    fn x(&self, threads: f64) -> f64 {
        FRAME.0 + FRAME.2 * (threads - 1.0) / (self.most - 1.0).max(1.0)
    }

    fn y(&self, speedup: f64) -> f64 {
        FRAME.1 + FRAME.3 - FRAME.3 * speedup / self.y_end
    }

    /// Frame, marks and their numbers.
    fn grid(&self) -> String {
        let (left, top, width, height) = FRAME;
        let (right, bottom) = (left + width, top + height);
        let mut svg = String::new();
        for i in 0..=(self.y_end / self.y_step).round() as u32 {
            let speedup = f64::from(i) * self.y_step;
            let (at, text) = (self.y(speedup), trimmed(speedup));
            svg += &format!(
                "<line x1=\"{left}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#e4e4e4\"/>\n\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>\n",
                left - 8.0,
                at + 5.0
            );
        }
        // From 1 on: no work is done by 0 threads.
        let marks = (1..=(self.most / self.x_step).floor() as u32).map(|i| f64::from(i) * self.x_step);
        let first = (self.x_step > 1.0).then_some(1.0);
        for threads in first.into_iter().chain(marks) {
            let at = self.x(threads);
            svg += &format!(
                "<line x1=\"{at:.1}\" y1=\"{bottom}\" x2=\"{at:.1}\" y2=\"{}\" stroke=\"#222\"/>\n\
                 <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                bottom + 5.0,
                bottom + 21.0,
                trimmed(threads)
            );
        }
        svg + &format!(
            "<path d=\"M{left} {top}V{bottom}H{right}\" fill=\"none\" stroke=\"#222\"/>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">threads</text>\n\
             <text transform=\"translate(24 {}) rotate(-90)\" text-anchor=\"middle\">speed-up over {}</text>\n",
            (left + right) / 2.0,
            bottom + 42.0,
            (top + bottom) / 2.0,
            if self.least == 1.0 { "1 thread".into() } else { format!("{} threads", self.least) },
        )
    }

    /// The ideal speed-up, and the number of CPUs where there are more threads.
    fn bounds(&self, usable: usize, legend: &mut Legend) -> String {
        let ideal = "stroke=\"#888\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\"";
        let mut svg = format!(
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" {ideal}/>\n{}",
            self.x(self.least),
            self.y(1.0),
            self.x(self.most),
            self.y(self.most / self.least),
            legend.next(ideal, "ideal")
        );
        if (usable as f64) < self.most {
            let cpus = "stroke=\"#888\" stroke-width=\"1.5\" stroke-dasharray=\"1 4\"";
            let (at, top, bottom) = (self.x(usable as f64), FRAME.1, FRAME.1 + FRAME.3);
            svg += &format!("<line x1=\"{at:.1}\" y1=\"{top}\" x2=\"{at:.1}\" y2=\"{bottom}\" {cpus}/>\n");
            svg += &legend.next(cpus, "usable CPUs");
        }
        svg
    }

    /// What was measured.
    fn lines(&self, series: &[Series], legend: &mut Legend) -> String {
        let mut svg = String::new();
        for ((kind, series), color) in series.iter().zip(COLORS.iter().cycle()) {
            let place = |(one, scaling): &(&Measurement, Scaling)| {
                (self.x(one.variant.threads as f64), self.y(scaling.speedup))
            };
            let points: Vec<(f64, f64)> = series.iter().map(place).collect();
            let list: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let line = format!("stroke=\"{color}\" stroke-width=\"2.5\"");
            svg += &format!(
                "<polyline points=\"{}\" fill=\"none\" stroke-linejoin=\"round\" {line}/>\n",
                list.join(" ")
            );
            for (x, y) in points {
                svg += &format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{color}\"/>\n");
            }
            let name = match schedule(*kind) {
                (name, Some(1)) => format!("{name}, 1 row"),
                (name, Some(rows)) => format!("{name}, {rows} rows"),
                (name, None) => name.into(),
            };
            svg += &legend.next(&line, &name);
        }
        svg
    }
}

/// Where the next line of the legend goes.
struct Legend {
    x: f64,
    y: f64,
}

impl Legend {
    fn next(&mut self, line: &str, name: &str) -> String {
        let (x, y) = (self.x, self.y);
        self.y += LINE;
        format!(
            "<line x1=\"{x}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" {line}/>\n<text x=\"{}\" y=\"{}\">{}</text>\n",
            x + 28.0,
            x + 36.0,
            y + 5.0,
            escaped(name)
        )
    }
}

/// A distance between marks, 1, 2 or 5 times a power of ten, that makes at most ten of them up to `end`.
fn step(end: f64) -> f64 {
    let power = 10.0_f64.powf((end / 10.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    steps.into_iter().find(|step| end / step <= 10.0 + 1e-9).unwrap_or(end)
}

/// A number at a mark, without zeros that say nothing.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

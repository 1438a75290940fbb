//! `mandel find`: the minibrot or Misiurewicz point in a view, to all its digits.

use std::sync::Arc;

use mandel::{
    Bailout, ComplexExp, Decimal, Draft, Error, Extent, FloatExp, Misiurewicz, Nucleus, Search, Shape,
    format_complex,
};
use num_complex::Complex;
use serde_json::{Value, json};

use crate::cli::failure::{Failure, print, usage};
use crate::cli::memory;
use crate::cli::progress::{Meter, Progress, Stage};
use crate::cli::scene_file;
use crate::cli::terminal::brief;
use crate::cli::value::{Center, Worded, center, extent, whole};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Center of the view: -0.75+0.1i, -0.75,0.1, or @FILE
    ///
    /// Any number of digits: -0.75+0.1i, -0.75,0.1, 0.1i or -1.75; @FILE reads them from a file.
    #[arg(short, long, value_name = "C", allow_hyphen_values = true, required_unless_present = "explore", value_parser = Worded(center))]
    center: Option<Center>,
    /// Magnification: the view is 4/Z high
    #[arg(short, long, value_name = "Z", allow_hyphen_values = true, required_unless_present_any = ["height", "explore"], value_parser = Worded(|text| extent("--zoom", text)))]
    zoom: Option<Decimal>,
    /// Height of the view in the plane
    #[arg(long, value_name = "H", allow_hyphen_values = true, conflicts_with = "zoom", value_parser = Worded(|text| extent("--height", text)))]
    height: Option<Decimal>,
    /// List up to N nuclei of the view, by period
    ///
    /// Of those to which the points of a lattice of 16x16 over the view lead, those of the lowest periods; of equal ones, the nearest to
    /// the center first. The first period is not proven to be the lowest.
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with = "misiurewicz", value_parser = Worded(|text| whole("--count", text, 1, 256, "")))]
    count: Option<u32>,
    /// Walk to a deep place that is worth looking at, and print its scene
    ///
    /// From minibrot to minibrot: of the twelve of lowest period in a view, SEED chooses one, and the next view is that of the Julia set
    /// around it. The walk ends with the first whose magnification is at least --zoom [1e12]. The same number leads to the same place.
    #[arg(long, value_name = "SEED", allow_hyphen_values = true, conflicts_with_all = ["center", "height", "misiurewicz", "count", "max_iter"], value_parser = Worded(seed))]
    explore: Option<u64>,
    /// Find a Misiurewicz point instead
    ///
    /// That of this preperiod and period, or the lowest in the view. Preperiods are counted from Z_0 = 0: -2 has preperiod 2 and period 1, i has 2 and 2.
    #[arg(long, value_name = "PREPERIOD,PERIOD", num_args = 0..=1, value_parser = Worded(pair))]
    misiurewicz: Option<Option<(u32, u32)>>,
    /// The highest period to look for
    ///
    /// Or preperiod and period together [default: 1000000, and 50000 together].
    #[arg(short = 'n', long, value_name = "N", allow_hyphen_values = true, value_parser = Worded(limit_of_search))]
    max_iter: Option<u32>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The default for the highest period: takes about a second at 1e100.
const MAX_PERIOD: u32 = 1_000_000;
/// The default for the periods of a list. Each point of the lattice may take so many iterations.
const MAX_LISTED: u32 = 20_000;
/// The default for the magnification at which a walk ends.
const EXPLORED: f64 = 1e12;
/// The default for preperiod and period together. The search compares each point of the orbit with all before it.
const MAX_SUM: u32 = 50_000;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    if let Some(seed) = args.explore {
        return explore(seed, args);
    }
    let center = match &args.center {
        Some(Center::Point(c)) => c.clone(),
        Some(Center::File(path)) => scene_file::center(path)?,
        None => return Err(usage("--center must say where the view is")),
    };
    let height = match (&args.zoom, &args.height) {
        (Some(zoom), _) => FloatExp::from(4.0) / zoom.to_floatexp(),
        (None, Some(height)) => height.to_floatexp(),
        (None, None) => return Err(usage("--zoom or --height must say how large the view is")),
    };
    let default = if args.misiurewicz.is_some() { MAX_SUM } else { MAX_PERIOD };
    let max_iter = args.max_iter.unwrap_or(default);
    // The search covers the disk that touches the upper and lower edge.
    let radius = height / FloatExp::from(2.0);
    if let Some(count) = args.count {
        let nuclei = Nucleus::several(&center, radius, args.max_iter.unwrap_or(MAX_LISTED))?;
        if !nuclei.is_empty() {
            return list(&nuclei[..nuclei.len().min(count as usize)], args.json);
        }
    }
    let report = match &args.misiurewicz {
        None => {
            let found = Nucleus::find(&center, radius, max_iter);
            nucleus(&found.map_err(|error| elsewhere(error, &center, radius))?)?
        }
        Some(pair) => {
            let point = match pair {
                None => {
                    Misiurewicz::find(&center, radius, max_iter, memory::available().unwrap_or(u64::MAX))?
                }
                Some((preperiod, period)) => Misiurewicz::of(&center, radius, *preperiod, *period)?,
            };
            misiurewicz(&point, height)
        }
    };
    print(&if args.json { report.json() } else { report.text() })
}

/// Walks to a deep place, and prints its scene.
fn explore(seed: u64, args: &Args) -> Result<(), Failure> {
    let zoom = args.zoom.as_ref().map_or(FloatExp::from(EXPLORED), Decimal::to_floatexp);
    let found = Arc::default();
    let meter = Meter::start(Progress::Auto, Stage::Walk, Arc::clone(&found));
    let way = Nucleus::explore(seed, zoom, &found)?;
    drop(meter);
    let Some(last) = way.last() else { return Ok(()) };
    let periods: Vec<u32> = way.iter().map(|nucleus| nucleus.period).collect();
    let minibrot = nucleus(last)?;
    let zoom = FloatExp::from(4.0) / last.julia_height();
    let mut report =
        Report { found: "julia set", center: last.center.clone(), zoom, rotate: 0.0, ..minibrot };
    report.values.retain(|(name, _)| *name != "lowest_period");
    report.values.extend([("seed", seed.into()), ("periods", periods.into())]);
    if args.json {
        return print(&report.json());
    }
    let scene = Draft {
        center: Some(report.center.clone()),
        extent: Some(Extent::Zoom(Decimal::shortest(zoom).ok_or(Error::Extent)?)),
        max_iter: Some(report.max_iter),
        ..Draft::default()
    };
    let facts: String =
        report.text().lines().map(|line| format!("# {line}").trim_end().to_string() + "\n").collect();
    print(&(facts + &scene.scene()?.to_text()))
}

/// Prints nuclei in a table.
fn list(nuclei: &[Nucleus], json: bool) -> Result<(), Failure> {
    let reports: Vec<Report> = nuclei.iter().map(nucleus).collect::<Result<_, _>>()?;
    if json {
        let objects: Vec<Value> = reports.iter().map(Report::object).collect();
        return print(&format!("{}\n", json!({ "nuclei": objects })));
    }
    let mut text = format!("{:<9} {:<9} {:<13} center\n", "period", "found", "zoom");
    for (nucleus, report) in nuclei.iter().zip(&reports) {
        let (zoom, center) = (report.zoom.to_string(), format_complex(&report.point));
        text += &format!("{:<9} {:<9} {zoom:<13} {center}\n", nucleus.period, report.found);
    }
    print(&text)
}

/// Names a view that has a nucleus inside, where one is known.
fn elsewhere(error: Error, center: &Complex<Decimal>, radius: FloatExp) -> Failure {
    if let Error::NotFound(Search::CenterEscapes) = error
        && let Some(wider) = Nucleus::wider(center, radius, MAX_LISTED)
    {
        let zoom = FloatExp::from(2.0) / wider;
        return usage(format!(
            "no minibrot was found in this view: its center escapes, and no nucleus is near; a larger view has one: try \
             --zoom {zoom}"
        ));
    }
    let Error::NotFound(Search::NucleusOutside { period, radii }) = error else { return error.into() };
    let radii = FloatExp::from(radii);
    // A tenth more than puts it on the edge.
    let zoom = FloatExp::from(2.0 / 1.1) / (radii * radius);
    usage(format!(
        "no minibrot was found in this view; its center leads to a nucleus of period {period}, {radii} times as \
         far away as the upper edge of the view; a zoom of {zoom} has it inside"
    ))
}

/// What was found: named values in the order in which they are printed, and the view to render.
struct Report {
    found: &'static str,
    point: Complex<Decimal>,
    values: Vec<(&'static str, Value)>,
    /// The center of the view.
    center: Complex<Decimal>,
    zoom: FloatExp,
    /// Degrees by which the view is turned.
    rotate: f64,
    max_iter: u32,
}

impl Report {
    /// The words that render the view.
    fn command(&self) -> Vec<String> {
        let mut words = ["mandel", "render", "-c"].map(String::from).to_vec();
        words.extend([format_complex(&self.center), "-z".into(), self.zoom.to_string()]);
        if self.rotate != 0.0 {
            words.extend(["--rotate".into(), self.rotate.to_string()]);
        }
        words.extend(["-n".into(), self.max_iter.to_string()]);
        words
    }

    fn text(&self) -> String {
        let mut lines = vec![("found", self.found.into()), ("center", format_complex(&self.point))];
        lines.extend(self.values.iter().map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), String::from);
            (*name, text)
        }));
        lines.push(("zoom", self.zoom.to_string()));
        let lines: String =
            lines.iter().map(|(name, text)| format!("{:<19} {text}\n", name.replace('_', " "))).collect();
        format!("{lines}\n{}\n", self.command().join(" "))
    }

    fn json(&self) -> String {
        format!("{}\n", self.object())
    }

    fn object(&self) -> Value {
        let mut object = json!({
            "found": self.found,
            "center_re": self.point.re.to_string(),
            "center_im": self.point.im.to_string(),
        });
        for (name, value) in &self.values {
            object[*name] = value.clone();
        }
        object["zoom"] = self.zoom.to_string().into();
        object["max_iter"] = self.max_iter.into();
        object["command"] = self.command().into();
        object
    }
}

/// Near a minibrot of period p, p iterations act like one of the whole set; this many of those show its outline.
const ROUNDS: u32 = 50;
/// Iterations for the surroundings.
const SURROUNDINGS: u32 = 1000;

fn nucleus(nucleus: &Nucleus) -> Result<Report, Failure> {
    let four = FloatExp::from(4.0);
    let (center, height) = nucleus.framing()?;
    let orientation = degrees(nucleus.size);
    let mut values = vec![
        ("period", nucleus.period.into()),
        ("lowest_period", if nucleus.lowest { "proven" } else { "not proven" }.into()),
        ("size", nucleus.size.abs().to_string().into()),
        ("orientation_degrees", orientation.into()),
    ];
    if nucleus.shape == Shape::Cardioid && nucleus.period > 1 {
        values.push(("julia_zoom", (four / nucleus.julia_height()).to_string().into()));
    }
    Ok(Report {
        found: match nucleus.shape {
            _ if nucleus.period == 1 => "set",
            Shape::Cardioid => "minibrot",
            Shape::Disk => "disk",
        },
        point: nucleus.center.clone(),
        values,
        center,
        zoom: four / height,
        // The minibrot is turned by its orientation against the whole set.
        rotate: -orientation,
        max_iter: limit(u64::from(ROUNDS) * u64::from(nucleus.period)),
    })
}

fn misiurewicz(point: &Misiurewicz, height: FloatExp) -> Report {
    let zoom = FloatExp::from(4.0) / height;
    let (re, im) = point.multiplier.parts();
    let factor = point.multiplier.abs();
    // Each period enlarges a distance from the cycle by the factor, so samples at the edge of the view leave it after
    // log(zoom) / log(factor) periods.
    let log2 = |x: FloatExp| f64::from(x.exponent()) + libm::log2(x.mantissa());
    let periods = (log2(zoom) / log2(factor)).max(0.0) as u64 + 1;
    Report {
        found: "misiurewicz point",
        point: point.center.clone(),
        values: vec![
            ("preperiod", point.preperiod.into()),
            ("period", point.period.into()),
            ("multiplier_re", re.to_string().into()),
            ("multiplier_im", im.to_string().into()),
            ("zoom_factor", factor.to_string().into()),
            ("rotation_degrees", degrees(point.multiplier).into()),
        ],
        center: point.center.clone(),
        zoom,
        rotate: 0.0,
        max_iter: limit(u64::from(point.preperiod) + 2 * periods * u64::from(point.period)),
    }
}

/// A max_iter for what takes so many iterations, and its surroundings.
fn limit(iterations: u64) -> u32 {
    u32::try_from(iterations + u64::from(SURROUNDINGS)).unwrap_or(Bailout::MAX_ITER).min(Bailout::MAX_ITER)
}

/// The argument in degrees, above -180 to 180, to a ten-thousandth.
fn degrees(z: ComplexExp) -> f64 {
    let (re, im) = z.mantissas();
    let turned = libm::atan2(im, re).to_degrees();
    // Adding 0 turns -0 into 0.
    let rounded = libm::round(turned * 1e4) / 1e4 + 0.0;
    if rounded == -180.0 { 180.0 } else { rounded }
}

fn limit_of_search(text: &str) -> Result<u32, Failure> {
    whole("--max-iter", text, 1, Bailout::MAX_ITER, "")
}

fn seed(text: &str) -> Result<u64, Failure> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or_else(|| {
        usage(format!(
            "--explore needs a whole number from 0 to {} (got '{}'); try --explore 7",
            u64::MAX,
            brief(text)
        ))
    })
}

fn pair(text: &str) -> Result<(u32, u32), Failure> {
    let Some((preperiod, period)) = text.split_once(',') else {
        return Err(usage(format!(
            "--misiurewicz needs PREPERIOD,PERIOD (got '{}'); try --misiurewicz 2,1, or no value for the lowest pair",
            brief(text)
        )));
    };
    let most = Bailout::MAX_ITER / 2;
    let name = "--misiurewicz: preperiod";
    let preperiod = whole(name, preperiod, 2, most, ", counted from Z_0 = 0")?;
    Ok((preperiod, whole("--misiurewicz: period", period, 1, most, "")?))
}

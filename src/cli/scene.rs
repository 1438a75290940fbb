//! Scene options: from what was typed to a [`Scene`].

use std::f64::consts::LOG10_2;

use clap::{Args, ValueEnum};
use mandel::{
    Aspect, Bailout, Coloring, Decimal, Error, FloatExp, Grid, KernelChoice, Map, Palette, Scene, View,
    Viewport, auto_max_iter, parse_complex, plan,
};
use num_complex::Complex;

use super::progress::{Meter, Progress, Stage};
use super::{memory, usage};

/// Options that describe a picture. Values stay text here, so that every error can be put in our own words.
#[derive(Args)]
pub(crate) struct SceneArgs {
    /// Center of the view: -0.75+0.1i, -0.75,0.1, 0.1i or -1.75
    #[arg(short, long, value_name = "C", allow_hyphen_values = true, help_heading = "View")]
    center: Option<String>,
    /// Magnification: the view is 4/Z high
    #[arg(short, long, value_name = "Z", allow_hyphen_values = true, help_heading = "View")]
    zoom: Option<String>,
    /// Width of the view in the plane
    #[arg(long, value_name = "W", allow_hyphen_values = true, help_heading = "View")]
    width: Option<String>,
    /// Height of the view in the plane
    #[arg(long, value_name = "H", allow_hyphen_values = true, help_heading = "View")]
    height: Option<String>,
    /// View by its edges, instead of center and size
    #[arg(long, value_name = "XMIN,XMAX,YMIN,YMAX", allow_hyphen_values = true, help_heading = "View")]
    region: Option<String>,
    /// A built-in view: home, seahorse, elephant, mini, and from 1e14 to 1e8000 twins, crown, wreath, star, leaves,
    /// needle, safari, ssssssssss, dendrite, blossom, branches, urchin
    #[arg(long, value_name = "NAME", help_heading = "View")]
    at: Option<String>,
    /// Where region and picture differ in shape
    #[arg(long, value_enum, default_value = "fit", help_heading = "View")]
    aspect: AspectArg,
    /// Where the samples lie
    #[arg(long, value_enum, default_value = "centers", help_heading = "View")]
    grid: GridArg,

    /// Steps after which a point is given up, or 'auto' [default: that of the view: 1000, or auto if it is deep]
    #[arg(short = 'n', long, value_name = "N", allow_hyphen_values = true, help_heading = "Sampling")]
    max_iter: Option<String>,
    /// Picture size: 1920x1080, hd, fhd, qhd, 4k, 8k, 16k, or N for a square [default: fhd]
    #[arg(short, long, value_name = "SIZE", allow_hyphen_values = true, help_heading = "Sampling")]
    size: Option<String>,
    /// K by K samples for each pixel, 1..8 [default: 2, and 1 where only counts are made]
    #[arg(long, value_name = "K", allow_hyphen_values = true, help_heading = "Sampling")]
    supersample: Option<String>,

    /// A palette's name ('mandel palettes' lists them), or colors: "#001,#fff,#fa0,#001" [default: glacier]
    #[arg(short, long, value_name = "NAME|COLORS", help_heading = "Color")]
    palette: Option<String>,
    /// How counts are laid along the palette
    #[arg(long, value_enum, default_value = "log", help_heading = "Color")]
    map: MapArg,
    /// Pass through the palette this many times as fast, up to 1e6 [default: that of the view, 1]
    #[arg(long, value_name = "X", allow_hyphen_values = true, help_heading = "Color")]
    density: Option<String>,
    /// Start this far into the palette; 1 is one whole pass
    #[arg(long, value_name = "X", default_value = "0", allow_hyphen_values = true, help_heading = "Color")]
    offset: String,
    /// Run through the palette backwards
    #[arg(long, help_heading = "Color")]
    reverse: bool,
    /// Bands of whole counts, and a palette's own steps, instead of smooth color
    #[arg(long, help_heading = "Color")]
    bands: bool,
    /// Color of points that do not escape: #rgb, #rrggbb, black or white
    #[arg(long, value_name = "COLOR", default_value = "black", help_heading = "Color")]
    interior: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum AspectArg {
    /// Pixels stay square; the view grows to contain the region
    Fit,
    /// The view is the region; pixels may not be square
    Stretch,
}

#[derive(Clone, Copy, ValueEnum)]
enum GridArg {
    /// In the middle of each pixel
    Centers,
    /// The first and last on the edges of the view, as with numpy.linspace
    Endpoints,
}

#[derive(Clone, Copy, ValueEnum)]
enum MapArg {
    /// By the logarithm, from the lowest count in view
    Log,
    /// One pass from 0 to max-iter
    Linear,
    /// One pass from 0 to max-iter, by the square root
    Sqrt,
    /// A pass every 64 iterations
    Cyclic,
}

/// The default size of a picture.
const SIZE: (u32, u32) = (1920, 1080);
/// The default supersampling of a picture.
const SUPERSAMPLE: u32 = 2;
/// Sizes by name.
const SIZES: [(&str, (u32, u32)); 6] = [
    ("hd", (1280, 720)),
    ("fhd", SIZE),
    ("qhd", (2560, 1440)),
    ("4k", (3840, 2160)),
    ("8k", (7680, 4320)),
    ("16k", (15360, 8640)),
];
/// A center of so few digits is meant as it stands: i, -0.75, 0.3125.
const EXACT_DIGITS: i64 = 4;
const POINT_EXAMPLES: &str = "examples: -0.75+0.1i   0.1i   -1.75   \"-0.75,0.1\"";

impl SceneArgs {
    /// The scene that was asked for. `numbers` says that no picture is wanted, only counts.
    pub(crate) fn scene(&self, numbers: bool, progress: Progress) -> Result<Scene, Error> {
        let view = self.view()?;
        let viewport = self.viewport(view)?;
        // What a built-in view asks for says nothing about another place far below it.
        let elsewhere = self.at.is_none() && is_deep(&viewport);
        let max_iter = match self.max_iter.as_deref() {
            Some("auto") => preview(&viewport, progress)?,
            None if elsewhere => preview(&viewport, progress)?,
            None => view.max_iter,
            Some(text) => whole("--max-iter", text, 1, Bailout::MAX_ITER, " or 'auto'")?,
        };
        let supersample = match &self.supersample {
            None if numbers => 1,
            None => SUPERSAMPLE,
            Some(text) => whole("--supersample", text, 1, Scene::MAX_SUPERSAMPLE, "")?,
        };
        let mut bailout = Bailout::new(max_iter)?;
        if numbers {
            bailout.escape_radius = Bailout::COUNTS_ALONE;
        }
        Scene::new(viewport, bailout, supersample, self.coloring(view)?)
    }

    /// What to say where the center has fewer digits than the view can tell apart.
    pub(crate) fn digits_note(&self, viewport: &Viewport) -> Option<String> {
        self.center.as_ref()?;
        // One digit more than the spacing has zeros tells neighbors apart.
        let needed = (f64::from(-viewport.spacing().1.exponent()) * LOG10_2).ceil() as i64 + 1;
        let given = viewport.center().re.decimals().max(viewport.center().im.decimals());
        (given > EXACT_DIGITS && given < needed && is_deep(viewport)).then(|| {
            format!(
                "note: the center has {given} digits behind the point, and the samples of this view differ in \
                 digit {needed}; what is missing counts as zeros"
            )
        })
    }

    /// The built-in view that defaults are taken from.
    fn view(&self) -> Result<View, Error> {
        let Some(name) = &self.at else { return Ok(View::ALL[0]) };
        View::named(name).ok_or_else(|| {
            let names: Vec<&str> = View::ALL.iter().map(|view| view.name).collect();
            let meant = did_you_mean(name, names.iter().copied());
            usage(format!("no view named '{}'{meant}; known: {}", name.escape_debug(), names.join(", ")))
        })
    }

    fn viewport(&self, view: View) -> Result<Viewport, Error> {
        let grid = match self.grid {
            GridArg::Centers => Grid::Centers,
            GridArg::Endpoints => Grid::Endpoints,
        };
        let size = self.size.as_deref().map_or(Ok(SIZE), parse_size)?;
        let given = [
            ("--at", self.at.is_some()),
            ("--center", self.center.is_some()),
            ("--zoom", self.zoom.is_some()),
            ("--width", self.width.is_some()),
            ("--height", self.height.is_some()),
        ];
        if let Some(region) = &self.region {
            if let Some((other, _)) = given.iter().find(|(_, given)| *given) {
                return Err(usage(format!("--region and {other} both place the view; keep one")));
            }
            let aspect = match self.aspect {
                AspectArg::Fit => Aspect::Fit,
                AspectArg::Stretch => Aspect::Stretch,
            };
            return Viewport::region(&parse_region(region)?, grid, aspect, size);
        }
        if matches!(self.aspect, AspectArg::Stretch) {
            return Err(usage("--aspect stretch needs --region, which alone has a shape of its own"));
        }
        let extents: Vec<&str> =
            given[2..].iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        if let [one, other, ..] = extents[..] {
            return Err(usage(format!("{one} and {other} both set the size of the view; keep one")));
        }
        let center = match &self.center {
            Some(text) => point("--center", text)?,
            None => parse_complex(view.center)?,
        };
        if let Some(text) = &self.width {
            return Viewport::with_width(center, extent("--width", text)?, grid, size);
        }
        let height = match (&self.zoom, &self.height) {
            (Some(text), _) => FloatExp::from(4.0) / extent("--zoom", text)?,
            (_, Some(text)) => extent("--height", text)?,
            _ => {
                // A built-in view is seen whole, also in a picture that is higher than wide.
                let (width, height) = (view.width.parse::<Decimal>()?, view.height.parse::<Decimal>()?);
                let size = [size.0, size.1].map(|side| FloatExp::from(f64::from(side)));
                let (high, wide) = (height.to_floatexp(), width.to_floatexp() * size[1] / size[0]);
                if high < wide { wide } else { high }
            }
        };
        Viewport::with_height(center, height, grid, size)
    }

    fn coloring(&self, view: View) -> Result<Coloring, Error> {
        let palette = match &self.palette {
            None => Palette::default(),
            Some(list) if list.contains(['#', ',']) => {
                Palette::from_list(list).map_err(|error| usage(format!("--palette: {error}")))?
            }
            Some(name) => palette(name)?,
        };
        Ok(Coloring {
            palette: if self.reverse { palette.reversed() } else { palette },
            map: match self.map {
                MapArg::Log => Map::Log,
                MapArg::Linear => Map::Linear,
                MapArg::Sqrt => Map::Sqrt,
                MapArg::Cyclic => Map::Cyclic,
            },
            density: self.density.as_ref().map_or(Ok(view.density), |text| real("--density", text))?,
            offset: real("--offset", &self.offset)?,
            bands: self.bands,
            interior: self.interior.parse().map_err(|error| usage(format!("--interior: {error}")))?,
        })
    }
}

/// `max_iter` from the view itself, which takes a while where the reference orbit does.
fn preview(viewport: &Viewport, progress: Progress) -> Result<u32, Error> {
    let allowance = memory::allowance();
    let progress = if is_deep(viewport) { progress } else { Progress::Never };
    let _meter = Meter::start(progress, Stage::Reference, allowance.steps.clone());
    auto_max_iter(viewport, &allowance)
}

/// Whether samples lie too close together for direct iteration.
fn is_deep(viewport: &Viewport) -> bool {
    Bailout::new(1).is_ok_and(|bailout| plan(viewport, bailout, KernelChoice::Auto).bits.is_some())
}

/// A palette by name, or words that help to find it.
pub(crate) fn palette(name: &str) -> Result<Palette, Error> {
    Palette::named(name).ok_or_else(|| {
        let meant = did_you_mean(name, Palette::names());
        usage(format!("no palette named '{}'{meant} ('mandel palettes' lists them)", name.escape_debug()))
    })
}

/// "; did you mean 'inferno'?", if some known name is close.
fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|&(distance, known)| distance <= known.len() / 3)
        .map(|(_, known)| format!("; did you mean '{known}'?"))
        .unwrap_or_default()
}

/// A point of the plane that was given as the value of `flag`.
pub(crate) fn point(flag: &str, text: &str) -> Result<Complex<Decimal>, Error> {
    not_an_option(flag, text)?;
    parse_complex(text).map_err(|error| cannot_read(flag, text, &error, POINT_EXAMPLES))
}

/// A number above 0 that sets the size of the view.
pub(crate) fn extent(flag: &str, text: &str) -> Result<FloatExp, Error> {
    let example =
        if flag == "--zoom" { "examples: 100   2.5   1e1000" } else { "examples: 3   0.0065   1e-400" };
    let number: Decimal = text.trim().parse().map_err(|error| cannot_read(flag, text, &error, example))?;
    if number.is_zero() || number.is_negative() {
        let hint = if flag == "--zoom" {
            "zoom 1 shows a height of 4, larger numbers go deeper"
        } else {
            "it is an extent in the plane; the whole set is 2.5 high"
        };
        return Err(usage(format!("{flag} must be greater than 0 (got {}); {hint}", brief(text))));
    }
    let number = number.to_floatexp();
    let outward = if flag == "--zoom" { -number.exponent() } else { number.exponent() };
    if outward > 1000 {
        return Err(usage(format!(
            "{flag} {} shows more of the plane than f64 numbers reach, which end at 1e308; the whole set is 2.5 high",
            brief(text)
        )));
    }
    Ok(number)
}

fn parse_region(text: &str) -> Result<[Decimal; 4], Error> {
    let example = "examples: -2,1,-1.5,1.5   0.27,0.28,0,0.0075";
    let parts: Vec<&str> = text.split(',').collect();
    let Ok(parts) = <[&str; 4]>::try_from(parts) else {
        return Err(usage(format!(
            "--region needs four numbers XMIN,XMAX,YMIN,YMAX (got '{}')\n  {example}",
            brief(text)
        )));
    };
    let read = |part: &str| {
        part.trim().parse::<Decimal>().map_err(|error| cannot_read("--region", part, &error, example))
    };
    let [xmin, xmax, ymin, ymax] = parts.map(read);
    let bounds = [xmin?, xmax?, ymin?, ymax?];
    for (i, axis) in [(0, 'x'), (2, 'y')] {
        if bounds[i] >= bounds[i + 1] {
            let mut better = parts;
            for i in [0, 2] {
                if bounds[i] > bounds[i + 1] {
                    better.swap(i, i + 1);
                }
            }
            let way_out = if bounds[i] == bounds[i + 1] {
                "the region is empty".into()
            } else {
                format!("did you swap them? try --region {}", brief(&better.join(",")))
            };
            return Err(usage(format!(
                "--region: {axis}min ({}) is not below {axis}max ({}); {way_out}",
                brief(parts[i]),
                brief(parts[i + 1])
            )));
        }
    }
    Ok(bounds)
}

fn parse_size(text: &str) -> Result<(u32, u32), Error> {
    let lower = text.trim().to_lowercase();
    if let Some((_, size)) = SIZES.iter().find(|(name, _)| *name == lower) {
        return Ok(*size);
    }
    let side = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        // A number of digits too large for u64 is a size, if an absurd one.
        plain.then(|| digits.parse::<u64>().unwrap_or(u64::MAX))
    };
    let sides = match lower.split_once(['x', '×']) {
        Some((width, height)) => side(width).zip(side(height)),
        None => side(&lower).map(|n| (n, n)),
    };
    let Some((width, height)) = sides else {
        return Err(usage(format!(
            "cannot read size '{}'\n  expected WIDTHxHEIGHT or a name (hd, fhd, 4k, ...); try --size 1920x1080",
            brief(text)
        )));
    };
    let most = mandel::viewport::MAX_SIDE;
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(width), Ok(height)) if width.min(height) >= 1 && width.max(height) <= most => Ok((width, height)),
        _ => Err(usage(format!("--size must be 1x1 to {most}x{most} (got {})", brief(text)))),
    }
}

/// A whole number from `least` to `most`.
pub(crate) fn whole(flag: &str, text: &str, least: u32, most: u32, or: &str) -> Result<u32, Error> {
    let digits: String = text.trim().chars().filter(|c| *c != '_').collect();
    match digits.parse() {
        Ok(number) if (least..=most).contains(&number) && !digits.starts_with('+') => Ok(number),
        _ => Err(usage(format!("{flag} must be {least}..{most}{or} (got '{}')", brief(text)))),
    }
}

fn real(flag: &str, text: &str) -> Result<f64, Error> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(usage(format!("{flag} needs a number (got '{}')", brief(text)))),
    }
}

/// An option that stands where a value should: `-c -o x.png`.
///
/// Coordinates may begin with a minus, so the parser of the command line takes any next word as their value.
pub(crate) fn not_an_option(flag: &str, text: &str) -> Result<(), Error> {
    let mut chars = text.chars();
    let dash = chars.next() == Some('-');
    // A minus may stand before a digit, a point, or the imaginary unit alone.
    let option = dash
        && chars.next().is_some_and(|c| c == '-' && chars.next().is_some_and(char::is_alphabetic))
        || dash && text.len() == 2 && text[1..].chars().all(|c| c.is_alphabetic() && !"ij".contains(c));
    if option {
        return Err(usage(format!(
            "{flag} needs a value, but the next word is the option '{}'",
            brief(text)
        )));
    }
    Ok(())
}

/// Points at the place where a number goes wrong.
fn cannot_read(flag: &str, text: &str, error: &Error, examples: &str) -> Error {
    let (position, problem) = match error {
        Error::Number { position, problem } => (*position, problem.clone()),
        other => (0, other.to_string()),
    };
    let head = format!("cannot read {} '", flag.trim_start_matches('-'));
    if text.chars().count() > WIDE {
        return usage(format!("{head}{}': {problem}\n  {examples}", brief(text)));
    }
    let plain: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    // "error: " stands before the first line.
    let blanks = " ".repeat("error: ".len() + head.chars().count() + position);
    usage(format!("{head}{plain}'\n{blanks}^ {problem}\n  {examples}"))
}

/// The longest text that is repeated whole in a message.
const WIDE: usize = 60;

/// A text for a message: not too long, and without control characters.
pub(crate) fn brief(text: &str) -> String {
    let count = text.chars().count();
    let shown: String = text.chars().take(WIDE).map(|c| if c.is_control() { '?' } else { c }).collect();
    if count > WIDE { format!("{shown}... ({count} characters)") } else { shown }
}

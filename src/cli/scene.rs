//! Scene options: from arguments and a scene file to a [`Scene`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use mandel::encode::Values;
use mandel::{
    Aspect, AutoMaxIter, Bailout, Decimal, Draft, Edge, Error, Escape, Extent, Grid, Interior, Light,
    Location, Map, Plan, Rotation, Scene, Smoothing, Supersample, auto_max_iter,
};
use num_complex::Complex;

use crate::cli::failure::{Failure, usage};
use crate::cli::memory;
use crate::cli::palette::{self, PaletteArg};
use crate::cli::progress::{Meter, Progress, Stage};
use crate::cli::resolved::Resolved;
use crate::cli::scene_file::{self, SceneFile};
use crate::cli::terminal::brief;
use crate::cli::value::{self, Auto, Center, Shade, Worded};
use crate::cli::words::did_you_mean;

/// Options that describe a picture.
#[derive(Args, Clone, Default)]
pub(crate) struct SceneArgs {
    /// A scene text ('--dry-run' prints one), a picture or NPZ made by mandel, or a location of Kalles Fraktaler, Fraktaler-3, DeepDrill, Fractint
    /// (FILE:ENTRY), XaoS or Mandelbrot.site, also in a picture; - for standard input. Other options override it
    #[arg(long, value_name = "FILE", help_heading = "View")]
    scene: Option<PathBuf>,
    /// Center of the view: -0.75+0.1i, -0.75,0.1, 0.1i or -1.75, as pasted from a page, or @FILE for a file that holds it
    #[arg(short, long, value_name = "C", allow_hyphen_values = true, help_heading = "View", value_parser = Worded(value::center))]
    center: Option<Center>,
    /// Magnification: the view is 4/Z high. 1e30, 10^30, 2^100, 1,000,000
    #[arg(short, long, value_name = "Z", allow_hyphen_values = true, help_heading = "View", value_parser = Worded(|text| value::extent("--zoom", text)))]
    zoom: Option<Decimal>,
    /// Width of the view in the plane
    #[arg(long, value_name = "W", allow_hyphen_values = true, help_heading = "View", value_parser = Worded(|text| value::extent("--width", text)))]
    width: Option<Decimal>,
    /// Height of the view in the plane
    #[arg(long, value_name = "H", allow_hyphen_values = true, help_heading = "View", value_parser = Worded(|text| value::extent("--height", text)))]
    height: Option<Decimal>,
    /// View by its edges, instead of center and size
    #[arg(long, value_name = "XMIN,XMAX,YMIN,YMAX", allow_hyphen_values = true, help_heading = "View", value_parser = Worded(value::region))]
    region: Option<[Decimal; 4]>,
    /// A built-in view: home, seahorse, elephant, mini, and from 1e14 to 1e8000 twins, crown, wreath, star, leaves,
    /// needle, safari, ssssssssss, dendrite, blossom, branches, urchin
    #[arg(long, value_name = "NAME", help_heading = "View", value_parser = Worded(location))]
    at: Option<Location>,
    /// Where region and picture differ in shape [default: fit]
    #[arg(long, value_enum, help_heading = "View")]
    aspect: Option<AspectArg>,
    /// Turn the picture about its center, counter-clockwise, by any angle in degrees [default: 0]
    #[arg(long, value_name = "DEG", allow_hyphen_values = true, help_heading = "View", value_parser = Worded(rotation))]
    rotate: Option<Rotation>,
    /// Where the samples lie [default: centers]
    #[arg(long, value_enum, help_heading = "View")]
    grid: Option<GridArg>,

    /// Iterations after which a point is given up, or 'auto' [default: that of the view: 1000, or auto if it is deep]
    #[arg(short = 'n', long, value_name = "N", allow_hyphen_values = true, help_heading = "Sampling", value_parser = Worded(value::max_iter))]
    max_iter: Option<Auto<u32>>,
    /// Picture size: 1920x1080, hd, fhd, qhd, 4k, 8k, 16k, or N for a square [default: fhd]
    #[arg(short, long, value_name = "SIZE", allow_hyphen_values = true, help_heading = "Sampling", value_parser = Worded(value::size))]
    size: Option<(u32, u32)>,
    /// K by K samples for each pixel, 1..8, or 'auto': 2 by 2, and up to 8 by 8 where they disagree [default: 2, and 1 where only
    /// counts are made]
    #[arg(long, value_name = "K", allow_hyphen_values = true, help_heading = "Sampling", value_parser = Worded(supersample))]
    supersample: Option<Auto<u32>>,

    #[command(flatten)]
    color: ColorArgs,
}

/// Options that say how numbers become colors.
#[derive(Args, Clone, Default)]
pub(crate) struct ColorArgs {
    /// Take all colors of this scene text, or PNG made by mandel, with the map that was found for it: frames of a film look alike.
    /// Other options override them
    #[arg(long, value_name = "FILE", help_heading = "Color")]
    colors: Option<PathBuf>,
    /// A palette's name ('mandel palettes' lists them), colors: "#001,#fff,#fa0,#001", or a file: .map, .ugr (FILE:NAME), .ggr,
    /// .kfr, .kfp, or a picture, whose diagonal is taken [default: glacier]
    #[arg(short, long, value_name = "NAME|COLORS|FILE", help_heading = "Color", value_parser = Worded(palette::palette))]
    palette: Option<PaletteArg>,
    /// How counts are laid along the palette [default: auto, and log for home, seahorse, elephant, mini]
    #[arg(long, value_enum, help_heading = "Color")]
    map: Option<MapArg>,
    /// Pass through the palette this many times as fast, up to 1e6 [default: that of the view, 1]
    #[arg(long, value_name = "X", allow_hyphen_values = true, help_heading = "Color", value_parser = Worded(|text| value::real("--density", text)))]
    density: Option<f64>,
    /// Start this far into the palette; 1 is one whole pass [default: 0]
    #[arg(long, value_name = "X", allow_hyphen_values = true, help_heading = "Color", value_parser = Worded(|text| value::real("--offset", text)))]
    offset: Option<f64>,
    /// The count that the logarithmic map begins at [default: the lowest in view]
    #[arg(long, value_name = "N", allow_hyphen_values = true, help_heading = "Color", value_parser = Worded(origin))]
    origin: Option<u32>,
    /// Run through the palette backwards; =false to override a scene
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Color")]
    reverse: Option<bool>,
    /// Bands of whole counts, and a palette's own steps, instead of smooth color; =false to override a scene
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Color")]
    bands: Option<bool>,
    /// Points that do not escape: a color (#rgb, #rrggbb, black or white), transparent, 'period' for a color of the palette for each
    /// period of the cycle that they come to, or 'distance' for the palette from the boundary inwards [default: black]
    #[arg(long, value_name = "COLOR|HOW", help_heading = "Color", value_parser = Worded(interior))]
    interior: Option<Interior>,
    /// Light from this direction on the relief around the set: degrees from the right, counter-clockwise; 135 is the upper left.
    /// HEIGHT from 0.5 makes it milder [1.2], STRENGTH from 0 to 1 weaker [1]; 'none' to override a scene
    #[arg(long, value_name = "ANGLE[,HEIGHT[,STRENGTH]]", allow_hyphen_values = true, help_heading = "Color", value_parser = Worded(value::light))]
    light: Option<Shade<Light>>,
    /// Show filaments thinner than a pixel: what is within X pixels of the set turns to the interior's color, or to COLOR; 'none' to
    /// override a scene
    #[arg(long, value_name = "X[,COLOR]", allow_hyphen_values = true, help_heading = "Color", value_parser = Worded(value::edge))]
    edge: Option<Shade<Edge>>,
    /// Round colors up or down by the place of the pixel, so that slow gradients show no steps in 8 bits; =false to override a scene
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Color")]
    dither: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
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
    /// The palette goes where the structure is, found from a preview
    Auto,
    /// Equal parts of the palette for equal parts of the picture; keeps all counts in memory
    Histogram,
    /// By the logarithm, from the lowest count in view
    Log,
    /// One pass from 0 to max-iter
    Linear,
    /// One pass from 0 to max-iter, by the square root
    Sqrt,
    /// A pass every 64 iterations
    Cyclic,
}

fn location(name: &str) -> Result<Location, Failure> {
    Location::named(name).ok_or_else(|| {
        let names: Vec<&str> = Location::ALL.iter().map(|place| place.name).collect();
        let meant = did_you_mean(name, names.iter().copied());
        usage(format!("no view named '{}'{meant}; known: {}", name.escape_debug(), names.join(", ")))
    })
}

fn supersample(text: &str) -> Result<Auto<u32>, Failure> {
    value::auto(text, |text| value::whole("--supersample", text, 1, Scene::MAX_SUPERSAMPLE, " or 'auto'"))
}

fn origin(text: &str) -> Result<u32, Failure> {
    value::whole("--origin", text, 0, Bailout::MAX_ITER, "")
}

fn rotation(text: &str) -> Result<Rotation, Failure> {
    value::not_an_option("--rotate", text)?;
    text.trim().parse().ok().and_then(|degrees| Rotation::new(degrees).ok()).ok_or_else(|| {
        usage(format!(
            "--rotate needs an angle in degrees (got '{}'); try --rotate 30, or -30 for clockwise",
            brief(text)
        ))
    })
}

fn interior(text: &str) -> Result<Interior, Failure> {
    text.parse().map_err(|error| value::named("--interior", &error))
}

impl ColorArgs {
    /// Puts the colors that the options name in place of those of a draft.
    pub(crate) fn put(&self, draft: &mut Draft) -> Result<(), Failure> {
        if let Some(path) = &self.colors {
            SceneFile::read(path)?.colors()?.give_colors(draft);
        }
        let map = self.map.map(|map| match map {
            MapArg::Auto => Map::Auto,
            MapArg::Histogram => Map::Histogram,
            MapArg::Log => Map::Log,
            MapArg::Linear => Map::Linear,
            MapArg::Sqrt => Map::Sqrt,
            MapArg::Cyclic => Map::Cyclic,
        });
        draft.palette = self.palette.as_ref().map(PaletteArg::palette).transpose()?.or(draft.palette.take());
        if map.is_some_and(|map| draft.map != Some(map)) {
            // It belonged to another map.
            draft.curve = None;
            if draft.map.is_some() {
                draft.origin = None;
            }
        }
        draft.map = map.or(draft.map);
        draft.origin = self.origin.map(|n| Escape::new(n, 0.0)).or(draft.origin);
        draft.density = self.density.or(draft.density);
        draft.offset = self.offset.or(draft.offset);
        draft.interior = self.interior.or(draft.interior);
        draft.light = self.light.map(|light| light.0).or(draft.light);
        draft.edge = self.edge.map(|edge| edge.0).or(draft.edge);
        draft.dither = self.dither.or(draft.dither);
        draft.bands = self.bands.or(draft.bands);
        draft.reverse = self.reverse.or(draft.reverse);
        Ok(())
    }

    /// An option that was given, if any.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let given = [
            ("--colors", self.colors.is_some()),
            ("--palette", self.palette.is_some()),
            ("--map", self.map.is_some()),
            ("--density", self.density.is_some()),
            ("--offset", self.offset.is_some()),
            ("--origin", self.origin.is_some()),
            ("--reverse", self.reverse.is_some()),
            ("--bands", self.bands.is_some()),
            ("--interior", self.interior.is_some()),
            ("--light", self.light.is_some()),
            ("--edge", self.edge.is_some()),
            ("--dither", self.dither.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }
}

impl SceneArgs {
    /// The scene of a file as it is.
    pub(crate) fn of_file(path: PathBuf) -> Self {
        Self { scene: Some(path), ..Self::default() }
    }

    /// These options with a file as the scene, unless they name one themselves.
    pub(crate) fn with_file(&self, path: &Path) -> Result<Self, Failure> {
        match &self.scene {
            None => Ok(Self { scene: Some(path.into()), ..self.clone() }),
            Some(other) => Err(usage(format!(
                "{} and --scene {} both say what the scene is; keep one",
                scene_file::name(path),
                scene_file::name(other)
            ))),
        }
    }

    /// These options with a size, unless they name one or a file that may.
    pub(crate) fn or_size(&self, size: (u32, u32)) -> Self {
        let own = self.size.or(if self.scene.is_some() { None } else { Some(size) });
        Self { size: own, ..self.clone() }
    }

    /// Whether any of the options is given.
    pub(crate) fn is_given(&self) -> bool {
        let view =
            self.scene.is_some() || self.center.is_some() || self.region.is_some() || self.at.is_some();
        let extent = self.zoom.is_some() || self.width.is_some() || self.height.is_some();
        let lattice = self.aspect.is_some() || self.rotate.is_some() || self.grid.is_some();
        let sampling = self.max_iter.is_some() || self.size.is_some() || self.supersample.is_some();
        view || extent || lattice || sampling || self.color.given().is_some()
    }

    /// The options on colors.
    pub(crate) fn color(&self) -> &ColorArgs {
        &self.color
    }

    /// The scene that was asked for. `numbers` says that no picture is wanted, and which numbers are; memory is left for `jobs`
    /// renders at once.
    pub(crate) fn resolve(
        &self,
        numbers: Option<Values>,
        progress: Progress,
        jobs: u64,
    ) -> Result<Resolved, Failure> {
        let (mut draft, first, notes) = self.checked(numbers)?;
        let centered = draft.center.is_some() && self.at.is_none();
        let deep = Plan::new(first.viewport(), first.bailout(), None).is_deep();
        // The limit of the default view does not suit a deep view elsewhere.
        let default = self.at.or((!deep).then_some(Location::ALL[0])).map(|place| place.max_iter);
        let reference = match self.max_iter.map_or(draft.max_iter.or(default), |Auto(n)| n) {
            Some(n) => {
                draft.max_iter = Some(n);
                None
            }
            None => {
                let found = preview(&first, if deep { progress } else { Progress::Never }, jobs)?;
                draft.max_iter = Some(found.max_iter);
                found.reference
            }
        };
        Ok(Resolved { scene: draft.scene()?, reference, centered, notes })
    }

    /// What was asked for, its scene but for a `max_iter` that is to be found, and what differs from its file: all that can be
    /// checked before anything takes time.
    pub(crate) fn checked(&self, numbers: Option<Values>) -> Result<(Draft, Scene, Vec<String>), Failure> {
        let (mut draft, notes) = self.draft()?;
        if numbers == Some(Values::Counts) {
            draft.smoothing = Some(Smoothing::Off);
        }
        if numbers.is_some() {
            draft.supersample = draft.supersample.or(Some(Supersample::All(1)));
        }
        if numbers.is_some() && draft.supersample == Some(Supersample::Auto) {
            return Err(no_lattice());
        }
        let first = Draft { max_iter: draft.max_iter.or(Some(1)), ..draft.clone() }.scene()?;
        let map = first.coloring().map;
        if self.color.origin.is_some() && map != Map::Log {
            return Err(usage(format!(
                "--origin is where the map log begins, and the map is {map}; add --map log"
            )));
        }
        Ok((draft, first, notes))
    }

    /// The settings of the file, replaced by those that the options give.
    fn draft(&self) -> Result<(Draft, Vec<String>), Failure> {
        let stdin = |path: &Path| path.as_os_str() == "-";
        if self.scene.as_deref().is_some_and(stdin)
            && matches!(&self.center, Some(Center::File(path)) if stdin(path))
        {
            return Err(usage("--scene - and --center @- both read standard input; keep one"));
        }
        let file = self.scene.as_deref().map(SceneFile::read).transpose()?;
        let mut draft = file.as_ref().map(SceneFile::draft).transpose()?.unwrap_or_default();
        self.place(&mut draft)?;
        if let Some(rotation) = self.rotate {
            draft.rotation = Some(rotation);
            (draft.crop, draft.origin, draft.curve) = (None, None, None);
        }
        if let Some(size) = self.size {
            draft.size = Some(size);
            draft.crop = None;
        }
        let grid = self.grid.map(|grid| match grid {
            GridArg::Centers => Grid::Centers,
            GridArg::Endpoints => Grid::Endpoints,
        });
        draft.grid = grid.or(draft.grid);
        let supersample = self.supersample.map(|Auto(k)| k.map_or(Supersample::Auto, Supersample::All));
        draft.supersample = supersample.or(draft.supersample);
        self.color.put(&mut draft)?;
        Ok((draft, file.map_or_else(Vec::new, |file| file.notes())))
    }

    /// Replaces the part of the plane in the file by that of the options.
    fn place(&self, draft: &mut Draft) -> Result<(), Failure> {
        let given = [
            ("--at", self.at.is_some()),
            ("--center", self.center.is_some()),
            ("--zoom", self.zoom.is_some()),
            ("--width", self.width.is_some()),
            ("--height", self.height.is_some()),
        ];
        if self.region.is_none() && !given.iter().any(|(_, given)| *given) {
            return match (self.aspect, &mut draft.region) {
                (Some(aspect), Some((_, of_file))) => {
                    *of_file = aspect.into();
                    Ok(())
                }
                (Some(AspectArg::Stretch), None) => Err(stretch()),
                _ => Ok(()),
            };
        }
        // Crop, origin and curve were resolved for the view of the file.
        (draft.crop, draft.origin, draft.curve) = (None, None, None);
        if let Some(region) = &self.region {
            if let Some((other, _)) = given.iter().find(|(_, given)| *given) {
                return Err(usage(format!("--region and {other} both place the view; keep one")));
            }
            let aspect = self.aspect.map_or(Aspect::Fit, Aspect::from);
            (draft.center, draft.extent, draft.region) = (None, None, Some((region.clone(), aspect)));
            draft.rotation = None;
            return Ok(());
        }
        if self.aspect == Some(AspectArg::Stretch) {
            return Err(stretch());
        }
        let extents: Vec<&str> =
            given[2..].iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        if let [one, other, ..] = extents[..] {
            return Err(usage(format!("{one} and {other} both set the size of the view; keep one")));
        }
        if let Some(([xmin, xmax, ymin, ymax], _)) = draft.region.take() {
            let middle = |low: &Decimal, high: &Decimal| (low.clone() + high.clone()).half();
            draft.center = Some(Complex::new(middle(&xmin, &xmax), middle(&ymin, &ymax)));
            draft.extent = Some(Extent::Contains { width: xmax - xmin, height: ymax - ymin });
        }
        if let Some(place) = self.at {
            (draft.center, draft.extent) = (Some(place.center()?), Some(place.extent()?));
            draft.rotation = None;
            (draft.max_iter, draft.density) = (None, None);
        }
        match &self.center {
            Some(Center::Point(c)) => draft.center = Some(c.clone()),
            Some(Center::File(path)) => draft.center = Some(scene_file::center(path)?),
            None => {}
        }
        let extent = self.zoom.clone().map(Extent::Zoom);
        let extent = extent.or(self.width.clone().map(Extent::Width));
        let extent = extent.or(self.height.clone().map(Extent::Height));
        draft.extent = extent.or(draft.extent.take());
        Ok(())
    }
}

impl From<AspectArg> for Aspect {
    fn from(argument: AspectArg) -> Self {
        match argument {
            AspectArg::Fit => Self::Fit,
            AspectArg::Stretch => Self::Stretch,
        }
    }
}

/// What numbers and shards need.
pub(crate) fn no_lattice() -> Failure {
    usage(
        "--supersample auto samples some pixels more than others, which arrays and shards cannot; choose --supersample 1 to 8",
    )
}

fn stretch() -> Failure {
    usage("--aspect stretch needs --region, which alone has a shape of its own")
}

/// `max_iter` from the view itself, which takes a while where the reference orbit does.
fn preview(scene: &Scene, progress: Progress, jobs: u64) -> Result<AutoMaxIter, Error> {
    let steps = Arc::default();
    let _meter = Meter::start(progress, Stage::Reference, Arc::clone(&steps));
    auto_max_iter(scene.viewport(), &scene.finest()?, memory::max_steps(0) / jobs, &steps)
}

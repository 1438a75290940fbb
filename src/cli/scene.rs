//! Scene options: from arguments and a scene file to a [`Scene`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use mandel::encode::Values;
use mandel::{
    Aspect, AutoMaxIter, Decimal, Draft, Error, Extent, FloatExp, Grid, Location, Map, Plan, Projection,
    Rotation, Scene, Smoothing, Supersample, auto_max_iter,
};
use num_complex::Complex;

use crate::cli::color_args::ColorArgs;
use crate::cli::failure::{Failure, usage};
use crate::cli::file_id::Input;
use crate::cli::memory;
use crate::cli::place::{names, place};
use crate::cli::progress::{Meter, Progress, Stage};
use crate::cli::resolved::Resolved;
use crate::cli::scene_file::{self, SceneFile};
use crate::cli::terminal::brief;
use crate::cli::value::{self, Auto, Center, Named, Worded};

/// Options that describe a picture.
#[derive(Args, Clone, Default)]
pub(crate) struct SceneArgs {
    /// A scene, picture or location file to begin with
    ///
    /// A scene text ('--dry-run' prints one), a picture or NPZ made by mandel, or a location of Kalles Fraktaler, Fraktaler-3,
    /// DeepDrill, Fractint (FILE:ENTRY), XaoS or Mandelbrot.site, also in a picture; - for standard input. Other options override it.
    #[arg(long, value_name = "FILE", help_heading = "View")]
    scene: Option<PathBuf>,
    /// Center of the view: -0.75+0.1i, -0.75,0.1, or @FILE
    ///
    /// Any number of digits, as pasted from a page: -0.75+0.1i, -0.75,0.1, 0.1i or -1.75; @FILE reads them from a file.
    #[arg(short, long, value_name = "C", allow_hyphen_values = true, help_heading = "View", value_parser = Worded(value::center))]
    center: Option<Center>,
    /// Magnification: the view is 4/Z high
    ///
    /// Written as 1e30, 10^30, 2^100 or 1,000,000.
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
    /// A built-in view; 'mandel views' lists them
    ///
    /// home, seahorse, elephant, mini, and from 1e14 to 1e8000 twins, crown, wreath, star, leaves, needle, safari, ssssssssss,
    /// dendrite, blossom, branches, urchin.
    #[arg(long, value_name = "NAME", hide_possible_values = true, help_heading = "View", value_parser = Named(place, names))]
    at: Option<Location>,
    /// How the plane is laid out [default: flat]
    ///
    /// As it is, or the rings around the center as rows from the top down, angles from left to right. The upper edge then is a circle
    /// 4/Z across, and the height of the picture says how far it goes in.
    #[arg(long, value_enum, help_heading = "View")]
    projection: Option<ProjectionArg>,
    /// Where region and picture differ in shape [default: fit]
    #[arg(long, value_enum, help_heading = "View")]
    aspect: Option<AspectArg>,
    /// Turn the picture counter-clockwise, in degrees [default: 0]
    #[arg(long, value_name = "DEG", allow_hyphen_values = true, help_heading = "View", value_parser = Worded(rotation))]
    rotate: Option<Rotation>,
    /// Where the samples lie [default: centers]
    #[arg(long, value_enum, help_heading = "View")]
    grid: Option<GridArg>,

    /// Iterations after which a point is given up, or 'auto'
    ///
    /// [default: that of the view: 1000, and auto beyond a zoom of 4096]
    #[arg(short = 'n', long, value_name = "N", allow_hyphen_values = true, help_heading = "Sampling", value_parser = Worded(value::max_iter))]
    max_iter: Option<Auto<u32>>,
    /// Picture size: 1920x1080, 4k, or N for a square [default: fhd]
    ///
    /// Names are hd, fhd, qhd, 4k, 8k and 16k.
    #[arg(short, long, value_name = "SIZE", allow_hyphen_values = true, hide_possible_values = true, help_heading = "Sampling", value_parser = Named(value::size, value::size_names))]
    size: Option<(u32, u32)>,
    /// K by K samples for each pixel, 1..8, or 'auto' [default: 2]
    ///
    /// 'auto' takes 2 by 2, and up to 8 by 8 where they disagree. Where only counts are made, the default is 1.
    #[arg(long, value_name = "K", allow_hyphen_values = true, help_heading = "Sampling", value_parser = Worded(supersample))]
    supersample: Option<Auto<u32>>,

    #[command(flatten)]
    color: ColorArgs,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum AspectArg {
    /// Pixels stay square; the view grows to contain the region
    Fit,
    /// The view is the region; pixels may not be square
    Stretch,
}

#[derive(Clone, Copy, ValueEnum)]
enum ProjectionArg {
    /// As it is
    Flat,
    /// The exponential map: a strip that a zoom into the center moves up
    Exponential,
}

#[derive(Clone, Copy, ValueEnum)]
enum GridArg {
    /// In the middle of each pixel
    Centers,
    /// The first and last on the edges of the view, as with numpy.linspace
    Endpoints,
}

fn supersample(text: &str) -> Result<Auto<u32>, Failure> {
    value::auto(text, |text| value::whole("--supersample", text, 1, Scene::MAX_SUPERSAMPLE, " or 'auto'"))
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

impl SceneArgs {
    /// The scene of a file as it is.
    pub(crate) fn of_file(path: PathBuf) -> Self {
        Self { scene: Some(path), ..Self::default() }
    }

    /// A built-in view in that size.
    pub(crate) fn of_place(place: Location, size: (u32, u32)) -> Self {
        Self { at: Some(place), size: Some(size), ..Self::default() }
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
        let own = self.zoom.is_some() || self.rotate.is_some() || self.size.is_some();
        own || self.placed().is_some() || self.color.given().is_some()
    }

    /// The files that are read.
    pub(crate) fn inputs(&self) -> Vec<Input<'_>> {
        let scene = self.scene.as_deref().map(|path| ("scene", scene_file::entry(path).0));
        let center = match &self.center {
            Some(Center::File(path)) => Some(("center", scene_file::entry(path).0)),
            _ => None,
        };
        scene.into_iter().chain(center).chain(self.color.inputs()).collect()
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
        // The limit of the default view does not suit one that is far smaller, whatever its size in pixels.
        let near = !deep && first.viewport().extent().1 >= FloatExp::new(1.0, LEAST_HEIGHT);
        let default = self.at.or(near.then_some(Location::ALL[0])).map(|place| place.max_iter);
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

    /// The options that do not go with a view that is given otherwise, if one was given: all that place it but `--zoom`, and `--max-iter`.
    pub(crate) fn placed(&self) -> Option<&'static str> {
        let given = [
            ("--scene", self.scene.is_some()),
            ("--center", self.center.is_some()),
            ("--width", self.width.is_some()),
            ("--height", self.height.is_some()),
            ("--region", self.region.is_some()),
            ("--at", self.at.is_some()),
            ("--projection", self.projection.is_some()),
            ("--aspect", self.aspect.is_some()),
            ("--grid", self.grid.is_some()),
            ("--max-iter", self.max_iter.is_some()),
            ("--supersample", self.supersample.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }

    /// The size that was given.
    pub(crate) fn size(&self) -> Option<(u32, u32)> {
        self.size
    }

    /// The angle that was given, or none.
    pub(crate) fn rotation(&self) -> Rotation {
        self.rotate.unwrap_or(Rotation::NONE)
    }

    /// The magnification that was given.
    pub(crate) fn zoom(&self) -> Option<&Decimal> {
        self.zoom.as_ref()
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
        if let Some(projection) = self.projection {
            draft.projection = Some(match projection {
                ProjectionArg::Flat => Projection::Flat,
                ProjectionArg::Exponential => Projection::Exponential,
            });
            (draft.crop, draft.origin, draft.curve) = (None, None, None);
        }
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

/// Views that are less than 2 to this power high find their limit: at a zoom of 4096 some places need more than a thousand iterations.
const LEAST_HEIGHT: i32 = -10;

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

//! A film: the scene of every frame, and the frames in order.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::color::coloring::{Coloring, Map};
use crate::color::interior::Interior;
use crate::error::{Error, FilmProblem};
use crate::film::colors;
use crate::film::keys::Keys;
use crate::film::path::Path;
use crate::film::strip::{self, Strip};
use crate::film::zoom::Zoom;
use crate::kernel::bailout::Kernel;
use crate::kernel::deep::reference_orbit::ReferenceOrbit;
use crate::kernel::plan::Plan;
use crate::number::decimal::Decimal;
use crate::number::floatexp::FloatExp;
use crate::pixmap::Pixmap;
use crate::plane::axis::Grid;
use crate::plane::frame::{Aspect, Frame};
use crate::plane::strip::octave;
use crate::plane::viewport::Viewport;
use crate::render::bands::lowest;
use crate::render::pipeline::Render;
use crate::scene::scene::Scene;

/// How frames get their samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Each frame is iterated.
    Direct,
    /// Each octave is iterated once, and frames are cut out of it.
    Keys,
    /// All octaves are one exponential map, and frames are windows of it.
    Strip,
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::Keys => "keys",
            Self::Strip => "strip",
        })
    }
}

impl FromStr for Way {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Direct, Self::Keys, Self::Strip].into_iter().find(|way| way.to_string() == text).ok_or(())
    }
}

/// A zoom into the center of a scene.
///
/// Each frame is a function of the film, whatever other frames are made, and in which order. Frames share a reference orbit,
/// that of the last one. So a sample whose count hangs on roundings may have another count than in a render of the frame's scene
/// alone; all others have the same.
pub struct Film {
    zoom: Zoom,
    way: Way,
    /// The samples of a strip.
    strip: Option<Source>,
}

/// By how much a magnification may differ from the one that a strip was made for, by rounding.
const ROUNDING: f64 = 1e-12;

/// Where the samples of a strip come from.
pub struct Source {
    /// The whole of an exponential map.
    pub view: Viewport,
    /// What has its samples.
    pub kernel: Box<dyn Kernel>,
}

/// What a [`Film`] is made with. Its frames depend on none of it.
pub struct Making<'a> {
    /// A reference orbit to use if it fits.
    pub known: Option<Arc<ReferenceOrbit>>,
    /// The most iterations of the reference orbit.
    pub max_steps: u64,
    /// Set to the iterations it has so far.
    pub steps: &'a AtomicU64,
}

impl Film {
    /// A film of a scene, whose view gives the center, the size of the frames and the angle of the first one. Nothing is computed.
    ///
    /// `way` is the faster one of those that can make it unless the caller names another.
    ///
    /// # Errors
    /// [`Error::Film`] where scene, path and way make no film, and what [`Viewport::new`](crate::Viewport::new) says of its frames.
    pub fn new(scene: &Scene, path: Path, way: Option<Way>) -> Result<Self, Error> {
        let viewport = scene.viewport();
        let stretched = matches!(viewport.frame(), Frame::Region { aspect: Aspect::Stretch, .. });
        let coloring = scene.coloring();
        let problem = if matches!(viewport.frame(), Frame::Exponential { .. }) {
            Some(FilmProblem::Projection)
        } else if viewport.whole() != *viewport {
            Some(FilmProblem::Crop)
        } else if stretched || viewport.grid() != Grid::Centers {
            Some(FilmProblem::Lattice)
        } else if scene.refines() {
            Some(FilmProblem::Refined)
        } else if coloring.map == Map::Histogram && coloring.curve.is_none() {
            Some(FilmProblem::Map(coloring.map.to_string()))
        } else {
            None
        };
        if let Some(problem) = problem {
            return Err(Error::Film(problem));
        }
        let obstacle = keys_obstacle(coloring, &path);
        let way = match (way, obstacle) {
            (Some(Way::Keys), Some(obstacle)) => return Err(Error::Film(FilmProblem::Keys(obstacle))),
            (Some(Way::Strip), _) => {
                if let Some(obstacle) = strip_obstacle(coloring, &path) {
                    return Err(Error::Film(FilmProblem::Strip(obstacle)));
                }
                Way::Strip
            }
            (Some(way), _) => way,
            (None, Some(_)) => Way::Direct,
            (None, None) if Keys::samples(scene, &path) < samples(scene, &path) => Way::Keys,
            (None, None) => Way::Direct,
        };
        let mut zoom = Zoom { scene: scene.clone(), path, orbit: None, max_steps: u64::MAX };
        zoom.frame(0, true)?;
        zoom.scene = zoom.frame(zoom.path.frames() - 1, false)?;
        if way == Way::Strip {
            strip::view(&zoom.scene, &zoom.path)?;
        }
        Ok(Self { zoom, way, strip: None })
    }

    /// A film from the samples of a strip, around its center. Nothing of the map may be left open.
    ///
    /// # Errors
    /// Those of [`Film::new`], and [`Error::Film`] for a view that is not the whole of an exponential map, or frames beyond it.
    pub fn of_strip(scene: &Scene, path: Path, source: Source) -> Result<Self, Error> {
        let mut film = Self::new(scene, path, Some(Way::Strip))?;
        let (view, viewport) = (&source.view, scene.viewport());
        if view.octaves().is_none() || view.whole() != *view {
            return Err(Error::Film(FilmProblem::NoStrip));
        }
        let (first, last) = strip::range(view, (viewport.width(), viewport.height()));
        let beyond = |zoom: &Decimal, other: FloatExp| (zoom.to_floatexp() / other).to_f64();
        // A row of the strip is rounded to.
        if beyond(film.path().from(), first) < 0.99 || beyond(film.path().to(), last) > 1.01 {
            let text =
                |zoom: FloatExp| Decimal::shortest(zoom).map_or_else(String::new, |zoom| zoom.to_string());
            return Err(Error::Film(FilmProblem::Beyond(text(first), text(last))));
        }
        film.strip = Some(source);
        Ok(film)
    }

    /// The scene of the strip that the frames can be cut out of: what a [`Source`] has the samples of.
    ///
    /// # Errors
    /// [`Error::Film`] for a coloring that strips cannot have, and [`Error::Size`] where there would be too many rows.
    pub fn strip_scene(&self) -> Result<Scene, Error> {
        let scene = &self.zoom.scene;
        let view = strip::view(scene, self.path())?.with_rotation(scene.viewport().rotation())?;
        Scene::new(view, scene.bailout(), 1, scene.coloring().clone())
    }

    /// The magnifications of the first and the last frame of a size that a strip has, with as few digits as tell them; nothing where they are beyond
    /// [`MAX_DIGITS`](crate::MAX_DIGITS), or the view is no exponential map.
    pub fn range_of_strip(view: &Viewport, size: (u32, u32)) -> Option<(Decimal, Decimal)> {
        view.octaves()?;
        let (first, last) = strip::range(view, size);
        // A strip has whole rows, so it goes on by up to one of them below the last frame that it was made for.
        let row = libm::exp2(-1.0 / f64::from(octave(view.width())));
        let near = |end: FloatExp, below: f64| {
            let end = Decimal::shortest(end)?;
            let least = Decimal::from(end.to_floatexp() * FloatExp::from(below));
            Some((1..17).map(|digits| end.rounded_down(digits)).find(|near| *near >= least).unwrap_or(end))
        };
        let first = first * FloatExp::from(1.0 + ROUNDING);
        Some((near(first, 1.0 - 2.0 * ROUNDING)?, near(last * FloatExp::from(1.0 + ROUNDING), row)?))
    }

    /// Computes what all frames share: the reference orbit of the last one, and the map. Uses the current rayon pool.
    ///
    /// The automatic map is found from previews all along the way, and the logarithmic one begins at the lowest count of the
    /// first frame, where the scene does not say them. Both are the same for all frames, so that a count keeps its color.
    ///
    /// # Errors
    /// Those of [`Plan::reference`].
    pub fn prepare(self, making: Making) -> Result<Self, Error> {
        let Making { known, max_steps, steps } = making;
        let Self { mut zoom, way, strip } = self;
        if strip.is_some() {
            return Ok(Self { zoom, way, strip });
        }
        let finest = match way {
            Way::Direct => zoom.scene.samples().clone(),
            Way::Keys => zoom.scene.viewport().refined(Keys::supersample(&zoom.scene))?,
            Way::Strip => strip::view(&zoom.scene, &zoom.path)?,
        };
        let plan = Plan::new(&finest, zoom.scene.bailout(), None);
        (zoom.orbit, zoom.max_steps) = (plan.reference(known, max_steps, steps)?, max_steps);
        let mut coloring = zoom.scene.coloring().clone();
        match coloring.map {
            Map::Auto if coloring.curve.is_none() => coloring.curve = colors::curve(&zoom)?,
            Map::Log if coloring.origin.is_none() => {
                let first = zoom.frame(0, true)?;
                coloring.origin = lowest(first.samples(), zoom.kernel(first.samples())?.as_ref());
            }
            _ => {}
        }
        zoom.scene = zoom.scene.with_coloring(coloring);
        let strip = match way {
            Way::Strip => Some(Source { kernel: zoom.kernel(&finest)?, view: finest }),
            _ => None,
        };
        Ok(Self { zoom, way, strip })
    }

    /// The way its frames are made.
    pub fn way(&self) -> Way {
        self.way
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.zoom.path
    }

    /// The scene of the last frame, but for the turn along the way.
    pub fn scene(&self) -> &Scene {
        &self.zoom.scene
    }

    /// The scene of a frame.
    ///
    /// # Errors
    /// Those of [`Viewport::new`](crate::Viewport::new), which [`Film::new`] has ruled out for the first and the last frame.
    pub fn frame(&self, i: u32) -> Result<Scene, Error> {
        self.zoom.frame(i, true)
    }

    /// The reference orbit, once the film is prepared.
    pub fn orbit(&self) -> Option<Arc<ReferenceOrbit>> {
        self.zoom.orbit.clone()
    }

    /// What tells the strip that the frames are cut out of from others of the same scene: columns, rows, magnification and angle.
    pub fn strip_name(&self) -> Option<String> {
        let view = self.strip_view().filter(|_| self.way == Way::Strip)?;
        let zoom = Decimal::shortest(FloatExp::from(4.0) / view.extent().1)?;
        let degrees = view.rotation().degrees();
        Some(format!("{}x{} from {zoom}, {degrees:?} degrees", view.width(), view.height()))
    }

    /// How many reference orbits all frames take together.
    pub fn reference_orbits(&self) -> u32 {
        u32::from(self.zoom.orbit.is_some())
    }

    /// The middle of a frame, a quarter of its pixels, iterated directly; and how many samples that were.
    ///
    /// # Errors
    /// Those of [`Film::frame`].
    pub fn middle(&self, i: u32) -> Result<(Pixmap, f64), Error> {
        let scene = self.frame(i)?;
        let (width, height) = (scene.viewport().width(), scene.viewport().height());
        let (w, h) = (width.div_ceil(2), height.div_ceil(2));
        let part = scene.viewport().crop((width - w) / 2, (height - h) / 2, w, h)?;
        let scene = Scene::new(part, scene.bailout(), scene.supersample(), scene.coloring().clone())?;
        let kernel = self.zoom.kernel(scene.samples())?;
        let render = Render::with_kernel(&scene, kernel, true, |lattice| self.zoom.kernel(lattice))?;
        let samples = scene.samples();
        Ok((render.pixmap(), f64::from(samples.width()) * f64::from(samples.height())))
    }

    /// Colors that the frames have: those of the palette, and mixtures with that of the interior, as they stand along edges
    /// and where a light falls away.
    pub fn colors(&self) -> Vec<[u8; 3]> {
        let coloring = self.zoom.scene.coloring();
        let inside = coloring.interior.color().0;
        let of = |color: [u8; 3], part: u32| {
            let mixed = |c: usize| (u32::from(color[c]) * part + u32::from(inside[c]) * (4 - part)) / 4;
            [0, 1, 2].map(|c| mixed(c) as u8)
        };
        let palette = coloring.palette.strip(256);
        palette.iter().flat_map(|color| [0, 2, 3, 4].map(|part| of(color.0, part))).collect()
    }

    /// The samples that are iterated, about.
    pub fn samples(&self) -> f64 {
        match self.way {
            Way::Direct => samples(&self.zoom.scene, &self.zoom.path),
            Way::Keys => Keys::samples(&self.zoom.scene, &self.zoom.path),
            Way::Strip => {
                self.strip_view().map_or(0.0, |view| f64::from(view.width()) * f64::from(view.height()))
            }
        }
    }

    /// The view of its strip.
    fn strip_view(&self) -> Option<Viewport> {
        let known = self.strip.as_ref().map(|source| source.view.clone());
        known.or_else(|| strip::view(&self.zoom.scene, &self.zoom.path).ok())
    }

    /// Bytes that making the frames takes at its peak, beside the reference orbit and its blocks.
    pub fn memory(&self, threads: usize) -> u64 {
        let viewport = self.zoom.scene.viewport();
        let frame = 3 * u64::from(viewport.width()) * u64::from(viewport.height());
        match self.way {
            Way::Direct => 4 * frame,
            // Each thread has a frame in work and up to eight wait for an earlier one.
            Way::Keys => Keys::memory(&self.zoom.scene) + 9 * threads as u64 * frame,
            Way::Strip => {
                let size = (viewport.width(), viewport.height());
                let strip = self.strip_view().map_or(0, |view| Strip::memory(&view, size, threads));
                strip + 9 * threads as u64 * frame
            }
        }
    }

    /// Makes the frames of these indices, which ascend. `work` is called with each on the threads of the current rayon pool,
    /// and `take` with what it returns, in order.
    ///
    /// # Errors
    /// The first error of `take`, which ends the film, or those of [`Film::frame`].
    pub fn make<T: Send, E: Send + From<Error>>(
        &self,
        frames: &[u32],
        work: impl Fn(u32, Pixmap) -> T + Sync,
        mut take: impl FnMut(u32, T) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        if self.way == Way::Keys {
            return Keys::new(&self.zoom)?.make(frames, &work, &mut take);
        }
        if let (Way::Strip, Some(Source { view, kernel })) = (self.way, &self.strip) {
            return Strip::new(&self.zoom, view, kernel.as_ref()).make(frames, &work, &mut take);
        }
        for &i in frames {
            let scene = self.frame(i)?;
            let kernel = self.zoom.kernel(scene.samples())?;
            let render = Render::with_kernel(&scene, kernel, true, |lattice| self.zoom.kernel(lattice))?;
            take(i, work(i, render.pixmap()))?;
        }
        Ok(())
    }
}

/// The samples of all frames.
fn samples(scene: &Scene, path: &Path) -> f64 {
    let samples = scene.samples();
    f64::from(samples.width()) * f64::from(samples.height()) * f64::from(path.frames())
}

/// Why key frames cannot make a film, if so.
fn keys_obstacle(coloring: &Coloring, path: &Path) -> Option<&'static str> {
    if path.turn() != 0.0 { Some("turn along the way") } else { flat_obstacle(coloring) }
}

/// Why a strip cannot make a film, if so.
fn strip_obstacle(coloring: &Coloring, path: &Path) -> Option<&'static str> {
    if path.turn() != 0.0 && coloring.shading.light.is_some() {
        Some("turn under a light")
    } else {
        flat_obstacle(coloring)
    }
}

/// Why pictures of another size cannot be cut into frames, if so.
fn flat_obstacle(coloring: &Coloring) -> Option<&'static str> {
    if coloring.interior == Interior::Transparent {
        Some("have transparency")
    } else if coloring.interior == Interior::Distance {
        Some("have an interior by its distance, which is relative to the size of a picture")
    } else if coloring.shading.edge.is_some() {
        Some("have an edge, whose width is in pixels")
    } else {
        None
    }
}

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
use crate::film::zoom::Zoom;
use crate::kernel::deep::reference_orbit::ReferenceOrbit;
use crate::kernel::plan::Plan;
use crate::pixmap::Pixmap;
use crate::plane::axis::Grid;
use crate::plane::frame::{Aspect, Frame};
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
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::Keys => "keys",
        })
    }
}

impl FromStr for Way {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Direct, Self::Keys].into_iter().find(|way| way.to_string() == text).ok_or(())
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
        let problem = if viewport.whole() != *viewport {
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
            (Some(way), _) => way,
            (None, Some(_)) => Way::Direct,
            (None, None) if Keys::samples(scene, &path) < samples(scene, &path) => Way::Keys,
            (None, None) => Way::Direct,
        };
        let mut zoom = Zoom { scene: scene.clone(), path, orbit: None, max_steps: u64::MAX };
        zoom.frame(0, true)?;
        zoom.scene = zoom.frame(zoom.path.frames() - 1, false)?;
        Ok(Self { zoom, way })
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
        let Self { mut zoom, way } = self;
        let finest = match way {
            Way::Direct => zoom.scene.samples().clone(),
            Way::Keys => zoom.scene.viewport().refined(Keys::supersample(&zoom.scene))?,
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
        Ok(Self { zoom, way })
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
        }
    }

    /// Bytes that making the frames takes at its peak, beside the reference orbit and its blocks.
    pub fn memory(&self, threads: usize) -> u64 {
        let viewport = self.zoom.scene.viewport();
        let frame = 3 * u64::from(viewport.width()) * u64::from(viewport.height());
        match self.way {
            Way::Direct => 4 * frame,
            // Each thread has a frame in work and up to eight wait for an earlier one.
            Way::Keys => Keys::memory(&self.zoom.scene) + 9 * threads as u64 * frame,
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
    if path.turn() != 0.0 {
        Some("do not turn along the way")
    } else if coloring.interior == Interior::Transparent {
        Some("have no transparency")
    } else if coloring.interior == Interior::Distance {
        Some("have no interior by its distance, which is relative to the size of a picture")
    } else if coloring.shading.edge.is_some() {
        Some("have no edge, whose width is in pixels")
    } else {
        None
    }
}

//! Key frames: every octave of a film once, and frames cut out of them.
//!
//! Key frame j shows the view 2^j times as wide as the last frame, with twice as many pixels along each side (or k times, where a
//! pixel has k by k samples and k is larger), one sample each. Of all but the deepest one only the ring is iterated that the next
//! one leaves over: the lattices are nested, so that four pixels of key frame j - 1 are exactly one of key frame j. Their mean, in
//! linear light, is what the supersampling of that pixel would give. Only three key frames down are they taken; the sixteenth in the
//! middle is iterated anew, in the lattice of key frame j.
//!
//! A frame lies between two octaves. Each of its pixels is the mean of the key frame over its area. As it comes to the end of
//! its octave, the middle half of the key frame fills it, and that half is the next key frame at half its size: so the frames on either
//! side of the change have the same samples, and there is no seam, neither in a frame nor in time.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::ops::Range;

use crate::color::painter::Painter;
use crate::error::Error;
use crate::field::{Distance, Escape};
use crate::film::blend::LightMap;
use crate::film::guess::{CELL, Guess};
use crate::film::path::Path;
use crate::film::zoom::Zoom;
use crate::kernel::bailout::Kernel;
use crate::kernel::plan::Plan;
use crate::pixmap::Pixmap;
use crate::plane::viewport::Viewport;
use crate::render::bands::turn;
use crate::render::in_order::in_order;
use crate::scene::scene::Scene;

/// How many key frames below its own a key frame has samples of.
const DEPTH: u32 = 3;
/// Sides are multiples of this: a key frame is halved [`DEPTH`] times, and the rings are made of whole cells.
const UNIT: u32 = (2 << DEPTH) * 4;
/// The part of samples that is iterated where others are guessed: between a third and nine tenths in what was tried.
const ITERATED: f64 = 0.6;

/// What an octave has that its key frame is made of.
struct Ring {
    octave: u32,
    /// The ring at full size, halved, and so on [`DEPTH`] times. What is inside the ring is black.
    sizes: Vec<LightMap>,
    /// The middle, in the lattice of this key frame.
    core: Option<LightMap>,
}

/// Makes the frames of a film from its key frames.
pub(super) struct Keys<'a> {
    zoom: &'a Zoom,
    painter: Painter,
    width: u32,
    height: u32,
}

impl<'a> Keys<'a> {
    pub(super) fn new(zoom: &'a Zoom) -> Result<Self, Error> {
        let (scene, (width, height)) = (&zoom.scene, size(&zoom.scene));
        // A light that fades with the distance from the set as a part of the height would fade by octaves.
        let painter = Painter::new(scene.coloring(), scene.bailout().max_iter(), u32::MAX);
        Ok(Self { zoom, painter, width, height })
    }

    /// Samples along a pixel of a frame where the key frame is largest.
    pub(super) fn supersample(scene: &Scene) -> u32 {
        scene.supersample().max(2)
    }

    /// How many samples are iterated for a whole film, about.
    pub(super) fn samples(scene: &Scene, path: &Path) -> f64 {
        let (width, height) = size(scene);
        let ring = f64::from(width) * f64::from(height) * 0.75;
        let guessed = if guesses(scene) { ITERATED } else { 1.0 };
        ring * guessed * (path.octaves().ceil() + 4.0 / 3.0)
    }

    /// Bytes that the key frames take at the peak.
    pub(super) fn memory(scene: &Scene) -> u64 {
        let (width, height) = size(scene);
        let light = 6 * u64::from(width) * u64::from(height);
        // Rings at full size and three smaller ones, 1 + 1/4 + 1/16 + 1/64; and the key frame.
        light * u64::from(DEPTH + 2) * 4 / 3 + light
    }

    /// Makes frames as [`Film::make`](super::Film::make) does.
    pub(super) fn make<T: Send, E: Send + From<Error>>(
        &self,
        frames: &[u32],
        work: &(impl Fn(u32, Pixmap) -> T + Sync),
        take: &mut (impl FnMut(u32, T) -> Result<(), E> + Send),
    ) -> Result<(), E> {
        let mut rings: VecDeque<Ring> = VecDeque::new();
        let of_octave = |pair: &[u32]| self.octave(pair[0]) == self.octave(pair[1]);
        for group in frames.chunk_by(|a, b| of_octave(&[*a, *b])) {
            let octave = self.octave(group[0]);
            let needed = octave.saturating_sub(DEPTH)..=octave;
            rings.retain(|ring| needed.contains(&ring.octave));
            for octave in needed.rev() {
                if rings.iter().all(|ring| ring.octave != octave) {
                    rings.push_back(self.ring(octave)?);
                }
            }
            let key = self.key(&rings, octave);
            in_order(
                group.len() as u32,
                || (),
                |(), i| (group[i as usize], work(group[i as usize], self.frame(group[i as usize], &key))),
                |(i, done)| take(i, done),
            )?;
        }
        Ok(())
    }

    /// The octave of a frame: key frame j has those at least as deep, and less than twice.
    fn octave(&self, i: u32) -> u32 {
        // The first frame may lie above its octave by a rounding.
        (self.zoom.path.above(i) - 1e-9).max(0.0).ceil() as u32
    }

    /// A frame, cut out of the key frame of its octave.
    fn frame(&self, i: u32, key: &LightMap) -> Pixmap {
        let scene = &self.zoom.scene;
        let (width, height) = (scene.viewport().width(), scene.viewport().height());
        let below = f64::from(self.octave(i)) - self.zoom.path.above(i);
        let scale = f64::from(Self::supersample(scene)) * libm::exp2(-below.max(0.0));
        let bytes = key.middle((width, height), scale, scene.coloring().dither);
        Pixmap { width, height, alpha: false, bytes }
    }

    /// The key frame of an octave, put together from the rings of this octave and those below it.
    fn key(&self, rings: &VecDeque<Ring>, octave: u32) -> LightMap {
        let mut parts = rings.iter().filter(|ring| ring.octave <= octave);
        let Some(first) = parts.next() else { return LightMap::new(self.width, self.height) };
        let mut key = first.sizes[0].clone();
        parts.for_each(|ring| key.put(&ring.sizes[(octave - ring.octave) as usize]));
        if let Some(core) = &first.core {
            key.put(core);
        }
        key
    }

    /// Iterates and colors the ring of an octave.
    fn ring(&self, octave: u32) -> Result<Ring, Error> {
        let (width, height) = (self.width, self.height);
        let k = Self::supersample(&self.zoom.scene);
        // A cell more on each side, so that the samples behind the last cell exist.
        let lattice = (width + 2 * CELL, height + 2 * CELL);
        let part = f64::from(lattice.1) / f64::from(k * self.zoom.scene.viewport().height());
        let view = self.zoom.view(self.zoom.path.above_last(octave.into()), part, lattice)?;
        let kernel = self.zoom.kernel(&view)?;
        let deep = Plan::new(&view, self.zoom.scene.bailout(), None).is_deep();
        let lattice = Lattice {
            view: &view,
            kernel: kernel.as_ref(),
            painter: &self.painter,
            scene: &self.zoom.scene,
            // Direct iteration of a sample costs less than to decide about it.
            guesses: deep && guesses(&self.zoom.scene),
        };
        let hole = if octave == 0 { (0, 0) } else { (width / 2, height / 2) };
        let mut sizes = vec![lattice.paint((width, height), hole)];
        for i in 0..DEPTH as usize {
            sizes.push(sizes[i].halved());
        }
        let core = (width >> (DEPTH + 1), height >> (DEPTH + 1));
        let core = (octave > DEPTH).then(|| lattice.paint(core, (0, 0)));
        Ok(Ring { octave, sizes, core })
    }
}

/// The size of a key frame: whole units, with the pixels of a frame in the middle.
fn size(scene: &Scene) -> (u32, u32) {
    let (k, viewport) = (Keys::supersample(scene), scene.viewport());
    ((k * viewport.width()).next_multiple_of(UNIT), (k * viewport.height()).next_multiple_of(UNIT))
}

/// Whether samples may be guessed: not what has distances, nor whole counts, which have steps.
fn guesses(scene: &Scene) -> bool {
    let coloring = scene.coloring();
    !coloring.detail().has_distances() && !coloring.bands && scene.bailout().is_smooth()
}

/// The lattice of a key frame, with a cell more on each side.
struct Lattice<'a> {
    view: &'a Viewport,
    kernel: &'a dyn Kernel,
    painter: &'a Painter,
    scene: &'a Scene,
    guesses: bool,
}

impl Lattice<'_> {
    /// The middle of the lattice in colors, without a smaller middle of it, on the current rayon pool.
    fn paint(&self, size: (u32, u32), hole: (u32, u32)) -> LightMap {
        let mut map = LightMap::new(size.0, size.1);
        let (left, top) = ((self.view.width() - size.0) / 2, (self.view.height() - size.1) / 2);
        // What is in the hole, in the coordinates of the map.
        let inside = |side: u32, hole: u32| (side - hole) / 2..(side + hole) / 2;
        let (columns, rows) = (inside(size.0, hole.0), inside(size.1, hole.1));
        let row = map.row();
        let mut light = std::mem::take(&mut map.light);
        let mut bands = light.chunks_mut(row * CELL as usize);
        let result: Result<(), Infallible> = in_order(
            size.1.div_ceil(CELL),
            || (),
            |(), band| {
                let y = band * CELL;
                let height = CELL.min(size.1 - y);
                let parts: [Range<u32>; 2] = match rows.contains(&y) {
                    true => [0..columns.start, columns.end..size.0],
                    false => [0..size.0, 0..0],
                };
                parts.map(|part| {
                    (part.clone(), self.rows(left + part.start..left + part.end, top + y, height))
                })
            },
            |parts| {
                let Some(band) = bands.next() else { return Ok(()) };
                for (part, pixels) in parts {
                    let (from, len) = (3 * part.start as usize, 3 * part.len());
                    if len > 0 {
                        let rows = band.chunks_exact_mut(row).zip(pixels.chunks_exact(len));
                        rows.for_each(|(out, pixels)| out[from..from + len].copy_from_slice(pixels));
                    }
                }
                Ok(())
            },
        );
        let Ok(()) = result;
        map.light = light;
        map
    }

    /// Some rows of pixels.
    fn rows(&self, columns: Range<u32>, top: u32, height: u32) -> Vec<u16> {
        let mut light = vec![0; 3 * columns.len() * height as usize];
        if columns.is_empty() {
            return light;
        }
        let detail = self.scene.coloring().detail();
        let count = columns.len() * height as usize;
        let mut distances = vec![Distance::NONE; if detail.has_distances() { count } else { 0 }];
        let escapes = if self.guesses && columns.len().is_multiple_of(CELL as usize) && height == CELL {
            Guess::new(self.kernel, self.painter, columns.clone(), top).results()
        } else {
            let mut escapes = vec![Escape::NONE; count];
            let rows = top..top + height;
            self.kernel.results(detail, columns.clone(), rows, &mut escapes, &mut distances);
            if !self.kernel.distances_along_rows() {
                turn(self.view, &mut distances);
            }
            escapes
        };
        let width = columns.len();
        for (i, out) in light.chunks_exact_mut(3 * width).enumerate() {
            let place = i * width..(i + 1) * width;
            let distances = distances.get(place.clone()).unwrap_or_default();
            self.painter.paint(&escapes[place], distances, 1, out);
        }
        light
    }
}

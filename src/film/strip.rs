//! Frames from a strip: the exponential map of a film, of which each frame is a window.
//!
//! A pixel of a frame lies at an angle and a distance from the center, which are a column and a row of the strip; from frame to
//! frame the row changes by a constant alone. The strip is painted in linear light and halved again and again, so that there is a
//! picture of it about as fine as a frame is at each distance from the center. A pixel is the mean of samples in those pictures,
//! linear in between both within a picture and from one to the next coarser one (trilinear filtering; L. Williams, "Pyramidal
//! parametrics", 1983).

use std::collections::VecDeque;
use std::convert::Infallible;
use std::f64::consts::TAU;
use std::ops::Range;

use num_complex::Complex;

use crate::color::painter::Painter;
use crate::error::Error;
use crate::field::{Detail, Distance, Escape};
use crate::film::blend::LightMap;
use crate::film::path::Path;
use crate::film::zoom::Zoom;
use crate::kernel::bailout::Kernel;
use crate::number::decimal::Decimal;
use crate::number::floatexp::FloatExp;
use crate::pixmap::Pixmap;
use crate::plane::axis::Grid;
use crate::plane::frame::Frame;
use crate::plane::strip::octave;
use crate::plane::viewport::{MAX_SIDE, Viewport};
use crate::render::in_order::in_order;
use crate::scene::scene::Scene;

/// Rows that are painted at once, and how often they are halved at most.
const CHUNK: u32 = 256;
const LEVELS: u32 = CHUNK.trailing_zeros();
/// Samples along a pixel of a frame.
const ALONG: u32 = 2;
/// How much finer the picture is that a sample is taken from than the samples are: with as many of both, linear interpolation
/// would blur more than the mean over a pixel does.
const FINER: f64 = 0.5;
/// The strip ends where a pixel of the last frame is as wide as this many distances from the center.
const INNER: f64 = 2.0;

/// The view of the strip that a film is cut out of.
///
/// It reaches from the corners of the first frame to the middle of the last one. Halfway along the sides, in the geometric mean, it
/// has as many samples along a pixel as the scene.
pub(super) fn view(scene: &Scene, path: &Path) -> Result<Viewport, Error> {
    let (width, height) = (f64::from(scene.viewport().width()), f64::from(scene.viewport().height()));
    let samples = f64::from(scene.supersample()) * TAU * (width * height).sqrt() / 2.0;
    let columns = (samples.ceil().min(f64::from(MAX_SIDE / 2)) as u32).next_multiple_of(CHUNK);
    let corner = libm::hypot(width, height) / 2.0;
    let octaves = path.octaves() + libm::log2(corner * INNER);
    let rows = (octaves.max(0.0) * f64::from(octave(columns))).ceil().max(1.0);
    if rows > f64::from(MAX_SIDE) {
        return Err(Error::Size(columns, u32::MAX));
    }
    let zoom = path.from().to_floatexp() / FloatExp::from(corner * 2.0 / height);
    let zoom = Decimal::shortest(zoom).ok_or(Error::Extent)?;
    let frame = Frame::Exponential { center: scene.viewport().center().clone(), zoom };
    Viewport::new(frame, Grid::Centers, (columns, rows as u32))
}

/// The octaves of a strip as scenes of their own, from the outermost one on; rows below the last whole one are left out.
///
/// # Errors
/// None for the scene of a strip.
pub fn octaves(strip: &Scene) -> Result<Vec<Scene>, Error> {
    let viewport = strip.viewport();
    let rows = octave(viewport.width());
    let part = |i: u32| {
        let part = viewport.crop(0, i * rows, viewport.width(), rows)?;
        Scene::new(part, strip.bailout(), strip.supersample(), strip.coloring().clone())
    };
    (0..viewport.height() / rows).map(part).collect()
}

/// The magnifications of the first and the last frame of this size that a strip has.
pub(super) fn range(view: &Viewport, (width, height): (u32, u32)) -> (FloatExp, FloatExp) {
    let corner = libm::hypot(f64::from(width), f64::from(height)) / 2.0;
    let radius = view.extent().1 * FloatExp::from(0.5);
    // The height of a frame with that radius at its corner.
    let first = radius * FloatExp::from(f64::from(height) / corner);
    let octaves = f64::from(view.height()) / f64::from(octave(view.width()));
    let whole = octaves.floor();
    let inner = radius * FloatExp::new(libm::exp2(whole - octaves), -(whole as i32));
    let last = inner * FloatExp::from(INNER * f64::from(height));
    (FloatExp::from(4.0) / first, FloatExp::from(4.0) / last)
}

/// A piece of the strip in colors, and halved.
struct Chunk {
    levels: Vec<LightMap>,
}

/// Where a sample of a frame lies: columns from the nearest axis, and rows inwards from the distance of one pixel.
type Place = (f32, f32);

/// Makes the frames of a film from a strip.
pub(super) struct Strip<'a> {
    zoom: &'a Zoom,
    view: &'a Viewport,
    kernel: &'a dyn Kernel,
    painter: Painter,
    /// Rows over which the distance halves.
    octave: f64,
    levels: u32,
    /// How often the strip is halved for a sample at the distance of a pixel from the center.
    level_of_pixel: f64,
    /// The direction outwards in the frame, for each column; empty where nobody takes distances.
    outwards: Vec<Complex<f64>>,
    /// The places of the samples in the lower right quarter of a frame, row by row from its middle.
    places: Vec<Place>,
}

impl<'a> Strip<'a> {
    /// Frames from the samples of `view`, an exponential map, which `kernel` has.
    pub(super) fn new(zoom: &'a Zoom, view: &'a Viewport, kernel: &'a dyn Kernel) -> Self {
        let scene = &zoom.scene;
        // As for key frames, a light does not fade.
        let painter = Painter::new(scene.coloring(), scene.bailout().max_iter(), u32::MAX);
        let levels = view.width().trailing_zeros().min(LEVELS);
        let octave = octave(view.whole().width());
        let mut strip = Self {
            zoom,
            view,
            kernel,
            painter,
            octave: f64::from(octave),
            levels,
            // Samples of the strip in the distance of two samples of the frame, as a power of two.
            level_of_pixel: libm::log2(f64::from(view.width()) / TAU / f64::from(ALONG)) - FINER,
            outwards: if scene.coloring().detail().has_distances() {
                outwards(scene, view)
            } else {
                Vec::new()
            },
            places: Vec::new(),
        };
        strip.places = strip.places();
        strip
    }

    /// Bytes that are taken at the peak, beside the frames in work.
    pub(super) fn memory(view: &Viewport, size: (u32, u32), threads: usize) -> u64 {
        let corner = libm::hypot(f64::from(size.0), f64::from(size.1)) / 2.0;
        let rows = libm::log2(corner * INNER) * f64::from(octave(view.width())) + 4.0 * f64::from(CHUNK);
        let light =
            rows.min(f64::from(view.height()) + f64::from(CHUNK)) as u64 * u64::from(view.width()) * 6;
        let places = u64::from(ALONG * ALONG) * u64::from(size.0) * u64::from(size.1) / 4 * 8;
        // Results of a row with its distances, and the picture of a frame.
        let frame = 6 * u64::from(size.0) * u64::from(size.1);
        light * 4 / 3 + places + threads as u64 * (22 * u64::from(view.width()) + frame)
    }

    /// Makes frames as [`Film::make`](super::Film::make) does.
    pub(super) fn make<T: Send, E: Send + From<Error>>(
        &self,
        frames: &[u32],
        work: &(impl Fn(u32, Pixmap) -> T + Sync),
        take: &mut (impl FnMut(u32, T) -> Result<(), E> + Send),
    ) -> Result<(), E> {
        let mut chunks: VecDeque<Chunk> = VecDeque::new();
        let mut first = 0;
        for group in frames.chunk_by(|a, b| self.chunks(*a).start == self.chunks(*b).start) {
            // Frames ascend, and so do the chunks that they need.
            let (from, to) = (self.chunks(group[0]).start, self.chunks(group[group.len() - 1]).end);
            while first < from {
                chunks.pop_front();
                first += 1;
            }
            if chunks.is_empty() {
                first = from;
            }
            while first + (chunks.len() as u32) < to {
                chunks.push_back(self.chunk(first + chunks.len() as u32));
            }
            in_order(
                group.len() as u32,
                || (),
                |(), i| {
                    let i = group[i as usize];
                    (i, work(i, self.frame(i, first, &chunks)))
                },
                |(i, done)| take(i, done),
            )?;
        }
        Ok(())
    }

    /// The row of the strip at the distance of a pixel from the center of frame `i`.
    fn base(&self, i: u32) -> f64 {
        let height = f64::from(self.zoom.scene.viewport().height());
        let pixel = FloatExp::from(4.0 / height) / self.zoom.path.to().to_floatexp();
        let ratio = self.view.extent().1 * FloatExp::from(0.5) / pixel;
        let octaves = f64::from(ratio.exponent()) + libm::log2(ratio.mantissa());
        self.octave * (octaves - self.zoom.path.above(i))
    }

    /// The chunks that a frame has samples of, with the rows beside those.
    fn chunks(&self, i: u32) -> Range<u32> {
        let (base, viewport) = (self.base(i), self.zoom.scene.viewport());
        let corner = libm::hypot(viewport.width().into(), viewport.height().into()) / 2.0;
        let last = self.view.height().div_ceil(CHUNK);
        let chunk = |row: f64| (row / f64::from(CHUNK)).floor().clamp(0.0, f64::from(last - 1)) as u32;
        let margin = f64::from(1 << self.levels);
        let top = chunk(base - self.octave * libm::log2(corner) - margin);
        let inner = libm::log2(f64::from(ALONG) * 2.0);
        top..chunk(base + self.octave * inner + margin) + 1
    }

    /// Iterates or reads a chunk and paints it, on the current rayon pool.
    fn chunk(&self, index: u32) -> Chunk {
        let mut map = LightMap::new(self.view.width(), CHUNK);
        let top = index * CHUNK;
        let rows = CHUNK.min(self.view.height() - top);
        let mut light = std::mem::take(&mut map.light);
        let mut lines = light.chunks_exact_mut(map.row());
        let detail = self.zoom.scene.coloring().detail();
        let result: Result<(), Infallible> = in_order(
            CHUNK,
            || (),
            // Below the strip its last row goes on.
            |(), y| self.row(top + y.min(rows - 1), detail),
            |row| {
                lines.next().into_iter().for_each(|line| line.copy_from_slice(&row));
                Ok(())
            },
        );
        let Ok(()) = result;
        map.light = light;
        let mut levels = vec![map];
        for level in 0..self.levels as usize {
            levels.push(levels[level].halved());
        }
        Chunk { levels }
    }

    /// A row of the strip in colors.
    fn row(&self, y: u32, detail: Detail) -> Vec<u16> {
        let width = self.view.width() as usize;
        let mut escapes = vec![Escape::NONE; width];
        let mut distances = vec![Distance::NONE; if detail.has_distances() { width } else { 0 }];
        self.kernel.results(detail, 0..self.view.width(), y..y + 1, &mut escapes, &mut distances);
        for (outwards, distance) in self.outwards.iter().zip(&mut distances) {
            // From the strip, x clockwise and y outwards, to the frame.
            let there = Complex::new(f64::from(distance.y), -f64::from(distance.x)) * outwards;
            *distance = Distance { x: there.re as f32, y: there.im as f32 };
        }
        let mut light = vec![0; 3 * width];
        self.painter.paint(&escapes, &distances, 1, &mut light);
        light
    }

    /// Columns and rows of samples in a quarter of a frame.
    fn quarter(&self) -> (u32, u32) {
        let viewport = self.zoom.scene.viewport();
        ((ALONG * viewport.width()).div_ceil(2), (ALONG * viewport.height()).div_ceil(2))
    }

    fn places(&self) -> Vec<Place> {
        let viewport = self.zoom.scene.viewport();
        let (columns, rows) = self.quarter();
        let columns_of_turn = f64::from(self.view.width()) / TAU;
        // The distance of a sample from the middle, in pixels. With an odd number of samples the first one lies in the middle.
        let from_middle = |i: u32, pixels: u32| {
            let first = if (ALONG * pixels).is_multiple_of(2) { 0.5 } else { 0.0 };
            (f64::from(i) + first) / f64::from(ALONG)
        };
        let mut places = Vec::with_capacity(columns as usize * rows as usize);
        for j in 0..rows {
            let y = from_middle(j, viewport.height());
            places.extend((0..columns).map(|i| {
                let x = from_middle(i, viewport.width());
                let distance = libm::hypot(x, y).max(0.5 / f64::from(ALONG));
                ((libm::atan2(y, x) * columns_of_turn) as f32, (-libm::log2(distance) * self.octave) as f32)
            }));
        }
        places
    }

    /// A frame. `chunks` are those from `first` on.
    fn frame(&self, i: u32, first: u32, chunks: &VecDeque<Chunk>) -> Pixmap {
        let scene = &self.zoom.scene;
        let (width, height) = (scene.viewport().width(), scene.viewport().height());
        let mut map = LightMap::new(width, height);
        let window = Window { strip: self, chunks };
        let columns = self.view.width() as f32;
        let angle =
            self.zoom.path.rotation(i, scene.viewport().rotation()).map_or(0.0, |turn| turn.degrees());
        let turned = (f64::from(self.view.width()) * angle / 360.0).rem_euclid(f64::from(columns)) as f32;
        let base = self.base(i) - f64::from(first * CHUNK);
        let (across, down) = self.quarter();
        // The index from the middle, and whether it is on the side of lower numbers.
        let fold = |i: u32, samples: u32| {
            if i < samples / 2 { ((samples - 1) / 2 - i, true) } else { (i - samples / 2, false) }
        };
        let row = map.row();
        for (y, line) in (0..height).zip(map.light.chunks_exact_mut(row)) {
            for (x, out) in (0..width).zip(line.chunks_exact_mut(3)) {
                let mut sum = [0.5_f32; 3];
                for (sx, sy) in (0..ALONG * ALONG).map(|k| (k % ALONG, k / ALONG)) {
                    let (column, left) = fold(x * ALONG + sx, width * ALONG);
                    let (line, up) = fold(y * ALONG + sy, height * ALONG);
                    debug_assert!(column < across && line < down, "in a quarter");
                    let (angle, inwards) = self.places[line as usize * across as usize + column as usize];
                    // Columns are angles, clockwise from the right.
                    let angle = match (left, up) {
                        (false, false) => angle,
                        (true, false) => columns / 2.0 - angle,
                        (true, true) => columns / 2.0 + angle,
                        (false, true) => columns - angle,
                    };
                    let color = window.color(angle + turned, base + f64::from(inwards), inwards);
                    sum.iter_mut().zip(color).for_each(|(sum, light)| *sum += light);
                }
                let mean = sum.map(|sum| (sum / (ALONG * ALONG) as f32).min(65535.0) as u16);
                out.copy_from_slice(&mean);
            }
        }
        let bytes = map.middle((width, height), 1.0, scene.coloring().dither);
        Pixmap { width, height, alpha: false, bytes }
    }
}

/// The direction outwards for each column, in frames before they turn along the way. The strip may be turned itself.
fn outwards(scene: &Scene, view: &Viewport) -> Vec<Complex<f64>> {
    let start = scene.viewport().rotation().to_picture() * view.rotation().to_picture();
    let column = |x| {
        let (re, im) = view.offset(x, 0).mantissas();
        Complex::new(re, im) / (re * re + im * im).sqrt() * start
    };
    (0..view.width()).map(column).collect()
}

/// The part of a strip that a frame is made of.
struct Window<'a> {
    strip: &'a Strip<'a>,
    chunks: &'a VecDeque<Chunk>,
}

impl Window<'_> {
    /// The color at an angle in columns and a row from the first chunk on, where a pixel is so many rows `inwards` from where
    /// it would be as far as a pixel from the center.
    fn color(&self, angle: f32, row: f64, inwards: f32) -> [f32; 3] {
        let Strip { octave, levels, level_of_pixel, .. } = self.strip;
        let level = (level_of_pixel + f64::from(inwards) / octave).clamp(0.0, f64::from(*levels)) as f32;
        let (fine, part) = (level.floor(), level - level.floor());
        let color = self.at(fine as u32, angle, row as f32);
        if part == 0.0 {
            return color;
        }
        let coarse = self.at(fine as u32 + 1, angle, row as f32);
        [0, 1, 2].map(|c| color[c] + (coarse[c] - color[c]) * part)
    }

    /// The color in the picture that was halved `level` times, between its pixels.
    fn at(&self, level: u32, angle: f32, row: f32) -> [f32; 3] {
        let width = self.strip.view.width() >> level;
        let scale = 1.0 / (1 << level) as f32;
        let (x, y) = (angle * scale - 0.5, row * scale - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (part_x, part_y) = (x - left, y - top);
        let column = |x: i64| (x.rem_euclid(i64::from(width))) as usize;
        let (left, right) = (column(left as i64), column(left as i64 + 1));
        let lines = [self.line(level, top as i64), self.line(level, top as i64 + 1)];
        let between = |c: usize| {
            let along = |line: &[u16]| {
                let (a, b) = (f32::from(line[3 * left + c]), f32::from(line[3 * right + c]));
                a + (b - a) * part_x
            };
            let (upper, lower) = (along(lines[0]), along(lines[1]));
            upper + (lower - upper) * part_y
        };
        [between(0), between(1), between(2)]
    }

    /// A row of a picture that was halved `level` times; the first or last one there is for one beyond.
    fn line(&self, level: u32, row: i64) -> &[u16] {
        let rows = CHUNK >> level;
        let total = i64::from(rows) * self.chunks.len() as i64;
        let row = row.clamp(0, total - 1) as u32;
        let map = &self.chunks[(row / rows) as usize].levels[level as usize];
        &map.light[(row % rows) as usize * map.row()..][..map.row()]
    }
}

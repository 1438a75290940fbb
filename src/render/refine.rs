//! More samples for the pixels that need them.
//!
//! A pixel whose samples disagree is sampled again on a finer lattice, and once more on the finest one if they still do. Whether they
//! do is read off their numbers and the map alone, for each pixel by itself: so the picture depends neither on bands nor on how it
//! was cropped.

use std::ops::Range;

use crate::color::painter::{Channel, Painter};
use crate::error::Error;
use crate::field::{Detail, Distance, Escape};
use crate::kernel::bailout::Kernel;
use crate::plane::viewport::Viewport;
use crate::render::bands::turn;
use crate::scene::scene::Scene;

/// The finer lattices: samples along a pixel, and the disagreement in passes of the palette beyond which they are taken.
///
/// Chosen by comparing six views with 8x8 samples in all pixels (`docs/performance.md`): a lower first number finds more of what
/// lies between 2x2 samples, the second one decides how much is spent on chaos.
pub(super) const LEVELS: [(u32, f32); 2] = [(4, 0.003), (8, 0.2)];

/// One finer lattice.
struct Level {
    supersample: u32,
    disagreement: f32,
    samples: Viewport,
    kernel: Box<dyn Kernel>,
}

/// The finer lattices of a picture.
pub(super) struct Refinement {
    levels: Vec<Level>,
    /// What colors take.
    detail: Detail,
}

/// The samples of some pixels of a row, `k` rows of them.
#[derive(Clone, Copy)]
pub(super) struct Samples<'a> {
    pub(super) escapes: &'a [Escape],
    /// Empty where colors take none.
    pub(super) distances: &'a [Distance],
    pub(super) k: u32,
}

/// What a thread keeps while it refines.
#[derive(Default)]
pub(super) struct Buffers {
    escapes: Vec<Escape>,
    distances: Vec<Distance>,
}

impl Refinement {
    /// The lattices of a scene, with a kernel for each from `kernel`.
    pub(super) fn new(
        scene: &Scene,
        kernel: impl Fn(&Viewport) -> Result<Box<dyn Kernel>, Error>,
    ) -> Result<Self, Error> {
        let mut levels = Vec::new();
        for (supersample, disagreement) in LEVELS {
            let samples = scene.viewport().refined(supersample)?;
            let kernel = kernel(&samples)?;
            levels.push(Level { supersample, disagreement, samples, kernel });
        }
        Ok(Self { levels, detail: scene.coloring().detail() })
    }

    /// Paints the pixels of row `y` again that need it. `samples` are those that they were painted of. Returns how many samples were
    /// added.
    pub(super) fn refine<T: Channel>(
        &self,
        painter: &Painter,
        y: u32,
        samples: Samples,
        pixels: &mut [T],
        buffers: &mut [Buffers],
    ) -> u64 {
        self.refine_run(painter, (0, y), samples, pixels, (&self.levels, buffers))
    }

    /// The same for a run of pixels from (`left`, `y`) on, with the next levels.
    fn refine_run<T: Channel>(
        &self,
        painter: &Painter,
        (left, y): (u32, u32),
        samples: Samples,
        pixels: &mut [T],
        (levels, buffers): (&[Level], &mut [Buffers]),
    ) -> u64 {
        let ([level, finer @ ..], [buffer, rest @ ..]) = (levels, buffers) else { return 0 };
        let Buffers { escapes, distances } = buffer;
        let mut added = 0;
        for run in runs(painter, samples, level.disagreement) {
            let k = level.supersample;
            let columns = (left + run.start) * k..(left + run.end) * k;
            let rows = y * k..(y + 1) * k;
            escapes.resize(columns.len() * rows.len(), Escape::NONE);
            distances.resize(if self.detail.has_distances() { escapes.len() } else { 0 }, Distance::NONE);
            level.kernel.results(self.detail, columns, rows, escapes, distances);
            turn(&level.samples, distances);
            added += escapes.len() as u64;
            let channels = painter.channels();
            let out = &mut pixels[channels * run.start as usize..channels * run.end as usize];
            painter.paint(escapes, distances, k as usize, out);
            let samples = Samples { escapes, distances, k };
            added += self.refine_run(painter, (left + run.start, y), samples, out, (finer, rest));
        }
        added
    }
}

/// The buffers that a thread needs.
pub(super) fn buffers() -> [Buffers; LEVELS.len()] {
    Default::default()
}

/// The pixels of a row whose samples disagree by more than `limit`, as runs.
fn runs(painter: &Painter, samples: Samples, limit: f32) -> Vec<Range<u32>> {
    let Samples { escapes, distances, k } = samples;
    let mut runs: Vec<Range<u32>> = Vec::new();
    for (x, disagreement) in (0..).zip(painter.disagreements(escapes, distances, k as usize)) {
        if disagreement > limit {
            match runs.last_mut() {
                Some(run) if run.end == x => run.end += 1,
                _ => runs.push(x..x + 1),
            }
        }
    }
    runs
}

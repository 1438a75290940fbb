//! What the tiles of a picture will cost, from a few of its samples.
//!
//! A cost is a number of iterations. It depends on the scene alone, not on a clock, so that a plan is the same on every
//! machine.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::error::{Error, JobProblem};
use crate::field::Escape;
use crate::job::tiles::{Rect, Tiles, level};
use crate::kernel::deep::reference_orbit::ReferenceOrbit;
use crate::kernel::interior::in_components;
use crate::kernel::plan::Plan;
use crate::render::in_order::in_order;
use crate::scene::scene::Scene;

/// Pixels along a cell, of which one sample is iterated: 1/1024 of the pixels.
const CELL: u32 = 32;
/// Fewer cells say too little about a small picture.
const FEWEST: u64 = 1 << 12;
/// The most cells.
const MOST: u64 = 1 << 22;
/// Pixels along a tile, unless it has to be smaller to share the work well, or larger because there would be too many.
const SIDE: u32 = 256;
/// The least pixels along a tile.
const LEAST: u32 = 8;
/// Samples along a tile, so that a tile of a supersampled picture is not much more work than another.
const SAMPLES: u32 = 512;
/// Tiles for each shard, where there are enough.
const TILES: u64 = 16;
/// What a sample costs beside its iterations.
const BASE: u64 = 16;

/// The costs of the cells of a scene.
struct Preview {
    /// Samples along a cell.
    cell: u32,
    columns: u32,
    rows: u32,
    costs: Vec<u32>,
}

impl Preview {
    fn new(scene: &Scene, orbit: Option<Arc<ReferenceOrbit>>) -> Result<Self, Error> {
        let (width, height) = (scene.viewport().width(), scene.viewport().height());
        let cells = |cell: u32| u64::from(width.div_ceil(cell)) * u64::from(height.div_ceil(cell));
        let mut cell = CELL;
        while cells(cell) < FEWEST && cell > 1 {
            cell /= 2;
        }
        while cells(cell) > MOST {
            cell *= 2;
        }
        let cell = cell * scene.supersample();
        let samples = scene.samples().every(cell);
        let bailout = scene.bailout();
        let plan = Plan::new(&samples, bailout, None);
        let kernel = plan.kernel_within(orbit, u64::MAX, &AtomicU64::new(0))?;
        let (columns, rows) = (samples.width(), samples.height());
        let shallow = !plan.is_deep();
        let mut costs = Vec::with_capacity(columns as usize * rows as usize);
        let result: Result<(), Infallible> = in_order(
            rows,
            || vec![Escape::NONE; columns as usize],
            |escapes, y| {
                kernel.iterate(0..columns, y..y + 1, escapes);
                let inside = |x: u32| {
                    let c = samples.point(x, y);
                    shallow && in_components(c.re, c.im)
                };
                let cost = |(x, escape): (u32, &Escape)| match escape.n() {
                    Some(n) => n,
                    None if inside(x) => 0,
                    None => bailout.max_iter(),
                };
                (0..columns).zip(&*escapes).map(cost).collect::<Vec<u32>>()
            },
            |row| {
                costs.extend(row);
                Ok(())
            },
        );
        let Ok(()) = result;
        Ok(Self { cell, columns, rows, costs })
    }

    /// What a tile costs: its samples, each as the mean of the cells that the tile touches.
    fn cost(&self, Rect { columns, rows }: &Rect) -> u128 {
        let range = |from: u32, to: u32, all: u32| {
            let first = (from / self.cell).min(all - 1);
            first..to.div_ceil(self.cell).clamp(first + 1, all)
        };
        let (xs, ys) =
            (range(columns.start, columns.end, self.columns), range(rows.start, rows.end, self.rows));
        let cells = (xs.len() * ys.len()) as u128;
        let row = |y: u32| {
            let row = &self.costs[y as usize * self.columns as usize..][..self.columns as usize];
            row[xs.start as usize..xs.end as usize]
                .iter()
                .map(|&n| u128::from(u64::from(n) + BASE))
                .sum::<u128>()
        };
        ys.map(row).sum::<u128>() * (columns.len() * rows.len()) as u128 / cells
    }
}

/// Pixels along a tile, and the level of the cost of each tile.
///
/// As large as tiles may be so that there are 16 for each shard, and none costs more than a tenth of a shard, where that
/// can be had.
pub(super) fn tiles(
    scene: &Scene,
    shards: u32,
    orbit: Option<Arc<ReferenceOrbit>>,
) -> Result<(u32, Vec<u8>), Error> {
    let mut side = SIDE;
    while side > LEAST && side * scene.supersample() > SAMPLES {
        side /= 2;
    }
    while Tiles::new(scene, side).is_none() {
        side = side.checked_mul(2).filter(|side| *side <= 1 << 16).ok_or(Error::Job(JobProblem::TooLarge))?;
    }
    let preview = Preview::new(scene, orbit)?;
    loop {
        let Some(tiles) = Tiles::new(scene, side) else { return Err(Error::Job(JobProblem::TooLarge)) };
        let costs: Vec<u128> = (0..tiles.count()).map(|tile| preview.cost(&tiles.rect(tile))).collect();
        let (largest, total) = (costs.iter().copied().max().unwrap_or(1), costs.iter().sum::<u128>());
        let shards_of = u128::from(shards.max(1));
        let shared =
            u64::from(tiles.count()) >= TILES * u64::from(shards) && largest * 10 * shards_of <= total;
        if shared || side / 2 < LEAST || Tiles::new(scene, side / 2).is_none() {
            if shards == 0 || shards > tiles.count() {
                return Err(Error::Job(JobProblem::Shards { shards, tiles: tiles.count() }));
            }
            return Ok((side, costs.iter().map(|&cost| level(cost, largest)).collect()));
        }
        side /= 2;
    }
}

//! How a picture is cut into tiles, and the tiles dealt to shards.

use std::ops::Range;

use crate::scene::scene::Scene;

/// The most tiles of a job.
const MAX_TILES: u64 = 1 << 19;
/// Bytes of a sample in memory and, with its fraction, in a block.
const SAMPLE: u64 = 8;
/// The most bytes of a block before it is packed.
const BLOCK: u64 = 1 << 20;
/// Bytes of all blocks beside each other across the picture, if a row of samples is not longer: what stitching keeps.
const ACROSS: u64 = 8 << 20;

/// A rectangle of samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rect {
    pub(crate) columns: Range<u32>,
    pub(crate) rows: Range<u32>,
}

impl Rect {
    /// Samples in it.
    pub(crate) fn samples(&self) -> usize {
        self.columns.len() * self.rows.len()
    }
}

/// Squares of samples that cover a picture, numbered row by row, each cut into blocks of whole rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tiles {
    /// Columns and rows of samples.
    width: u32,
    height: u32,
    /// Samples along a side.
    side: u32,
    /// Rows of samples in a block.
    block: u32,
}

impl Tiles {
    /// Tiles of `side` pixels along each side; nothing where they would be too large or too many.
    pub(crate) fn new(scene: &Scene, side: u32) -> Option<Self> {
        /// So that a row of samples of a tile is half a block at most.
        const WIDEST: u32 = 1 << 16;
        let (width, height) = (scene.samples().width(), scene.samples().height());
        let side = side.checked_mul(scene.supersample()).filter(|side| (1..=WIDEST).contains(side))?;
        let across = ACROSS / (SAMPLE * u64::from(width));
        let high = BLOCK / (SAMPLE * u64::from(side));
        let rows = across.min(high).max(1);
        // A power of two, so that the bands of most renders do not straddle blocks.
        let tiles = Self { width, height, side, block: 1 << rows.ilog2() };
        let count = u64::from(tiles.columns()) * u64::from(height.div_ceil(side));
        let blocks = count * u64::from(side.div_ceil(tiles.block));
        (count <= MAX_TILES && blocks <= u64::from(u32::MAX)).then_some(tiles)
    }

    /// Tiles in a row.
    fn columns(&self) -> u32 {
        self.width.div_ceil(self.side)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u32 {
        self.columns() * self.height.div_ceil(self.side)
    }

    /// The samples of a tile.
    pub(crate) fn rect(&self, tile: u32) -> Rect {
        let (column, row) = (tile % self.columns(), tile / self.columns());
        let range = |i: u32, all: u32| i * self.side..all.min((i * self.side).saturating_add(self.side));
        Rect { columns: range(column, self.width), rows: range(row, self.height) }
    }

    /// How many blocks a tile has.
    pub(crate) fn blocks(&self, tile: u32) -> u32 {
        (self.rect(tile).rows.len() as u32).div_ceil(self.block)
    }

    /// The samples of a block of a tile.
    pub(crate) fn block(&self, tile: u32, block: u32) -> Rect {
        let Rect { columns, rows } = self.rect(tile);
        let top = rows.start + block * self.block;
        Rect { columns, rows: top..rows.end.min(top + self.block) }
    }

    /// The block of which tile holds a sample.
    pub(crate) fn place(&self, x: u32, y: u32) -> (u32, u32) {
        (y / self.side * self.columns() + x / self.side, y % self.side / self.block)
    }

    /// Rows of samples in a block.
    pub(crate) fn rows_in_block(&self) -> u32 {
        self.block
    }
}

/// The tiles of each shard, in ascending order.
///
/// Tiles are sorted by cost and dealt back and forth, so that all shards cost about the same: 0, 1, 2, 2, 1, 0, 0, ...
pub(super) fn deal(costs: &[u8], shards: u32) -> Vec<Vec<u32>> {
    let mut order: Vec<u32> = (0..costs.len() as u32).collect();
    // A stable sort: tiles of the same cost stay in order.
    order.sort_by_key(|&tile| std::cmp::Reverse(costs[tile as usize]));
    let mut dealt = vec![Vec::new(); shards as usize];
    for (turn, hand) in order.chunks(shards as usize).enumerate() {
        for (i, &tile) in hand.iter().enumerate() {
            let shard = if turn % 2 == 0 { i } else { shards as usize - 1 - i };
            dealt[shard].push(tile);
        }
    }
    dealt.iter_mut().for_each(|tiles| tiles.sort_unstable());
    dealt
}

/// The levels of [`level`].
pub(super) const LEVELS: u8 = 64;

/// A cost relative to the largest one, to two bits behind the leading one: 63 is the largest, and four levels are a factor of 2.
pub(super) fn level(cost: u128, largest: u128) -> u8 {
    let float = |cost: u128| {
        let cost = cost.max(1) << 2;
        let exponent = cost.ilog2();
        4 * exponent + ((cost >> (exponent - 2)) & 3) as u32
    };
    (u32::from(LEVELS - 1) + float(cost)).saturating_sub(float(largest)) as u8
}

/// What a level stands for, up to a factor that all levels share.
pub(super) fn cost(level: u8) -> u64 {
    u64::from(4 + level % 4) << (level / 4)
}

//! Shards, made.

use std::io::{self, Write};

use crate::field::{Distance, Escape};
use crate::job::digest::Digest;
use crate::job::job::Job;
use crate::job::shard::{Packer, ShardWriter};
use crate::kernel::bailout::Kernel;
use crate::render::in_order::in_order;

/// Makes the shards of these numbers, one file after the other, on all threads of the current rayon pool.
///
/// `open` gives the place for a shard before its first byte, `done` takes it back after its last one, with its digest and
/// the sum of its counts, `made` is called with
/// the number of samples of each block.
///
/// # Errors
/// The first error of `open`, `done`, or of writing.
pub fn make_shards<W: Write + Send, E: From<io::Error> + Send>(
    job: &Job,
    kernel: &dyn Kernel,
    shards: &[u32],
    mut open: impl FnMut(u32) -> Result<W, E> + Send,
    mut done: impl FnMut(u32, W, Digest, u128) -> Result<(), E> + Send,
    made: impl Fn(u64) + Sync,
) -> Result<(), E> {
    let tiles = job.tiles();
    // The tiles in order, each with the number of its first block.
    let mut list: Vec<(u32, u32, u32)> = Vec::new();
    let mut blocks = 0;
    for &shard in shards {
        for &tile in &job.dealt()[shard as usize - 1] {
            list.push((blocks, shard, tile));
            blocks += tiles.blocks(tile);
        }
    }
    let find = |piece: u32| list[list.partition_point(|&(first, ..)| first <= piece) - 1];
    let mut writer: Option<(u32, ShardWriter<W>)> = None;
    let mut next = 0;
    in_order(
        blocks,
        || (Packer::new(), Vec::new(), Vec::new()),
        |(packer, escapes, distances), piece| {
            let (first, shard, tile) = find(piece);
            let rect = tiles.block(tile, piece - first);
            escapes.resize(rect.samples(), Escape::NONE);
            let samples = escapes.len() as u64;
            let planes = if job.detail().has_distances() { escapes.len() } else { 0 };
            distances.resize(planes, Distance::NONE);
            kernel.results(job.detail(), rect.columns, rect.rows, escapes, distances);
            made(samples);
            (shard, packer.pack(escapes, distances, job))
        },
        |(shard, packed)| {
            if writer.is_none() {
                writer = Some((shard, ShardWriter::new(job, shard, open(shard)?)?));
            }
            if let Some((_, writer)) = &mut writer {
                writer.block(packed)?;
            }
            next += 1;
            let ends = next == blocks || find(next).1 != shard;
            if let Some((shard, writer)) = writer.take_if(|_| ends) {
                let (to, digest, counts) = writer.finish()?;
                done(shard, to, digest, counts)?;
            }
            Ok(())
        },
    )
}

//! What a scene and its formats ask of a render: sizes, bands, and memory.

use crate::color::coloring::Map;
use crate::color::interior::Interior;
use crate::encode::footprint::Footprint;
use crate::encode::sink::{Layout, Sink};
use crate::field::Detail;
use crate::render::in_order::WAITING;
use crate::render::refine::LEVELS;
use crate::render::stored::Stored;
use crate::scene::scene::Scene;

/// The layout of a scene for formats.
pub fn layout(scene: &Scene) -> Layout {
    let viewport = scene.viewport();
    Layout {
        width: viewport.width(),
        height: viewport.height(),
        supersample: scene.supersample(),
        max_iter: scene.bailout().max_iter(),
        alpha: scene.coloring().interior == Interior::Transparent,
    }
}

/// The least number of rows from `wanted` on that makes bands of whole strips in every format.
pub fn rows_per_band(scene: &Scene, wanted: u32, sinks: &[Box<dyn Sink>]) -> u32 {
    let strips = sinks.iter().fold(1, |rows, sink| lcm(rows, sink.needs().rows));
    wanted.min(scene.viewport().height()).next_multiple_of(strips)
}

fn lcm(a: u32, b: u32) -> u32 {
    let gcd = |mut a: u32, mut b: u32| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    a / gcd(a, b) * b
}

/// What somebody takes of the samples of a scene.
pub(super) fn detail<'a>(scene: &Scene, sinks: impl Iterator<Item = &'a dyn Sink>) -> Detail {
    let coloring = scene.coloring().detail();
    sinks.fold(Detail::default(), |all, sink| {
        let needs = sink.needs();
        // Files of all numbers have what a picture of the scene is made of.
        let colors = if needs.is_picture() || sink.is_field() { coloring } else { Detail::default() };
        all.and(Detail { distances: needs.distances, interiors: false }).and(colors)
    })
}

/// Bytes that the pieces of a band take at most in all formats together.
pub(super) fn piece<'a>(scene: &Scene, rows_per_band: u32, sinks: impl Iterator<Item = &'a dyn Sink>) -> u64 {
    pixels(scene, rows_per_band).saturating_mul(sinks.map(|sink| sink.footprint().piece).sum())
}

/// Pixels in a band.
fn pixels(scene: &Scene, rows_per_band: u32) -> u64 {
    u64::from(scene.viewport().width()) * u64::from(rows_per_band.min(scene.viewport().height()))
}

/// Bytes that a render takes at its peak, at most, beside the program itself and a reference orbit.
pub fn memory(scene: &Scene, threads: usize, rows_per_band: u32, sinks: &[Box<dyn Sink>]) -> u64 {
    let sinks = || sinks.iter().map(AsRef::as_ref);
    let all = sinks().map(Sink::footprint).fold(Footprint::default(), |all, of| Footprint {
        encoder: all.encoder.saturating_add(of.encoder),
        band: all.band + of.band,
        piece: all.piece + of.piece,
        whole: all.whole + of.whole,
        kept: all.kept.saturating_add(of.kept),
    });
    let (k, threads) = (u64::from(scene.supersample()), threads as u64);
    let (width, height) = (u64::from(scene.viewport().width()), u64::from(scene.viewport().height()));
    let bands = u64::from(scene.viewport().height().div_ceil(rows_per_band));
    let colors = sinks().any(|sink| sink.needs().is_picture() || sink.is_field());
    let distances = detail(scene, sinks()).has_distances();
    // Eight bytes for the result of a sample; as many for its distance, and sixteen while samples are sorted for those.
    let sample = if distances { 32 } else { 8 } + u64::from(sinks().any(|sink| sink.needs().certain));
    let light = sinks().any(|sink| sink.needs().light) || scene.coloring().dither;
    let flat = sinks().any(|sink| sink.needs().colors);
    let channels = layout(scene).channels() as u64;
    let pixel = sample * k * k + channels * (u64::from(flat) + 2 * u64::from(light)) + all.band;
    // A thread also has a row of each finer lattice, where the whole row is refined, and a pixel of it.
    let finer = || LEVELS.iter().map(|(k, _)| u64::from(*k)).filter(|_| scene.refines() && colors);
    let rows = finer().map(|k| k * k).sum::<u64>() * if distances { 24 } else { 8 };
    let band = pixels(scene, rows_per_band);
    let thread =
        band.saturating_mul(pixel).saturating_add(rows.saturating_mul(width)).saturating_add(all.encoder);
    // Pieces of bands in work and of those that wait to be appended.
    let pieces = bands.min(WAITING * threads).saturating_mul(piece(scene, rows_per_band, sinks()));
    // Each lattice has the coordinates of its columns.
    let coordinates = 8 * (k + finer().sum::<u64>()) * width;
    let stored = if colors { stored(scene) } else { 0 };
    bands
        .min(threads)
        .saturating_mul(thread)
        .saturating_add(pieces)
        .saturating_add(coordinates)
        .saturating_add(stored)
        .saturating_add(all.kept)
        .saturating_add(all.whole.saturating_mul(width).saturating_mul(height))
}

/// Bytes of the results that are stored to find the map of a scene.
fn stored(scene: &Scene) -> u64 {
    let all = scene.samples().whole();
    match scene.coloring().map {
        Map::Histogram if scene.coloring().curve.is_none() => {
            Stored::BYTES.saturating_mul(u64::from(all.width())).saturating_mul(u64::from(all.height()))
        }
        _ => 0,
    }
}

//! What a scene and its formats ask of a render: sizes, bands, and memory.

use crate::color::coloring::Map;
use crate::color::interior::Interior;
use crate::encode::sink::{Layout, Sink};
use crate::field::Detail;
use crate::render::in_order::AHEAD;
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

/// Bytes that a render takes at its peak, at most, beside the program itself and a reference orbit.
pub fn memory(scene: &Scene, threads: usize, rows_per_band: u32, sinks: &[Box<dyn Sink>]) -> u64 {
    let k = u64::from(scene.supersample());
    let (width, height) = (u64::from(scene.viewport().width()), u64::from(scene.viewport().height()));
    let bands = u64::from(scene.viewport().height().div_ceil(rows_per_band));
    let band = width.saturating_mul(u64::from(rows_per_band));
    // Each pixel of a band in work: eight bytes for every sample, the pixel in each kind that is wanted, and what encoders make of
    // it: as many bytes filtered and as many deflated, and of 16 bits as many converted. Of one that waits to be appended: eight
    // bytes for every smooth count where numbers are taken, and the pixel.
    let needs = || sinks.iter().map(|sink| sink.needs());
    let channels = layout(scene).channels() as u64;
    let light = needs().any(|needs| needs.light) || scene.coloring().dither;
    let deep = needs().filter(|needs| needs.light).count() as u64;
    let flat = needs().filter(|needs| needs.colors).count() as u64;
    let pixel = channels * (1 + 2 * u64::from(light) + 2 * flat + 6 * deep);
    // Files of all numbers have up to 28 bytes for each sample, which may be there as they are, sorted, and packed.
    let field = 28 * k * k * sinks.iter().filter(|sink| sink.is_field()).count() as u64;
    let planes = 1 + u64::from(detail(scene, sinks.iter().map(AsRef::as_ref)).has_distances());
    // Distances take eight bytes more, and sorting the samples while they are computed sixteen.
    let working = bands
        .min(threads as u64)
        .saturating_mul(band.saturating_mul(8 * (3 * planes - 2) * k * k + pixel + 3 * field));
    let numbers = if needs().any(|needs| needs.numbers) { 8 * k * k } else { 0 };
    let waiting = bands.min(u64::from(AHEAD) * threads as u64);
    // The finer lattices have coordinates of their own, and each thread a row of pixels of each.
    let finer = || LEVELS.iter().map(|(k, _)| u64::from(*k)).filter(|_| scene.refines());
    let coordinates = 8 * (k + finer().sum::<u64>()) * (width + height);
    let samples = finer().map(|k| k * k).sum::<u64>() * 8 * (2 * planes - 1);
    let working = working.saturating_add((threads as u64).saturating_mul(samples.saturating_mul(width)));
    // The whole picture, and what its encoder has at the end: the file, and a copy of the samples or an intermediate form.
    let whole: u64 =
        needs().filter(|needs| needs.whole).map(|needs| 3 * channels * (1 + u64::from(needs.light))).sum();
    let coloring = scene.coloring();
    let colors = sinks.iter().any(|sink| sink.needs().is_picture() || sink.is_field());
    let all = scene.samples().whole();
    let stored = match coloring.map {
        Map::Histogram if colors && coloring.curve.is_none() => {
            Stored::BYTES.saturating_mul(u64::from(all.width())).saturating_mul(u64::from(all.height()))
        }
        _ => 0,
    };
    working
        .saturating_add(stored)
        .saturating_add(coordinates)
        .saturating_add(needs().map(|needs| needs.kept).sum())
        .saturating_add(
            waiting.saturating_mul(band.saturating_mul(numbers + field + channels * (flat + 2 * deep))),
        )
        .saturating_add(whole.saturating_mul(width).saturating_mul(height))
}

//! How well bands keep many threads busy, on a machine that has few: `cargo bench --bench schedule`.
//!
//! Measures the cost of every band of some views on one thread, and hands the bands in order to the first of P imaginary
//! threads that is free, as the renderer does. Efficiency is total cost / (P * end of the last band). For comparison the
//! same rows cut into P equal bands, one for each thread, as NumPy's tutorial does.
#![allow(clippy::print_stdout, reason = "prints its table")]

use std::time::Instant;

use mandel::encode::{Band, Compression, Depth, Png, Sink};
use mandel::render::{Render, layout};
use mandel::{Bailout, Coloring, Escape, Grid, Scene, Viewport, parse_complex};

/// Name, center, height, max_iter, size.
type View = (&'static str, &'static str, f64, u32, (u32, u32));

const VIEWS: [View; 5] = [
    ("full set 4K", "-0.75", 2.5, 1000, (3840, 2160)),
    ("seahorse 4K", "-0.743643887037151+0.131825904205330i", 0.000051299 * 9.0 / 16.0, 5000, (3840, 2160)),
    ("elephant 4K", "0.275+0.006i", 0.01 * 9.0 / 16.0, 5000, (3840, 2160)),
    ("mini 4K", "-1.7548776662", 0.02 * 9.0 / 16.0, 50000, (3840, 2160)),
    ("full set 8K", "-0.75", 2.5, 1000, (7680, 4320)),
];

fn main() {
    println!("{:14}{:>8}{:>10}{:>10}{:>10}", "view", "threads", "bands", "dynamic", "static");
    for (name, center, height, max_iter, size) in VIEWS {
        let center = parse_complex(center).expect("a point");
        let viewport = Viewport::with_height(center, height, Grid::Centers, size).expect("a view");
        let bailout = Bailout::new(max_iter).expect("a limit");
        let scene = Scene::new(viewport, bailout, 1, Coloring::default()).expect("a scene");
        let costs = costs(&scene);
        let total: f64 = costs.iter().sum();
        for threads in [2, 4, 8, 16, 32, 64] {
            let efficiency = |end: f64| 100.0 * total / (threads as f64 * end);
            println!(
                "{name:14}{threads:>8}{:>10}{:>8.1} %{:>8.1} %",
                costs.len(),
                efficiency(dynamic(&costs, threads)),
                efficiency(fixed(&costs, threads))
            );
        }
    }
}

/// Seconds to iterate, color and deflate each band: the least of three times, since noise only adds.
fn costs(scene: &Scene) -> Vec<f64> {
    let render = Render::of(scene).expect("a kernel");
    let png = Png::new(layout(scene), Compression::Fast, Depth::Eight);
    let (width, height) = (scene.viewport().width(), scene.viewport().height());
    let rows_per_band = png.needs().rows;
    let mut encoder = png.encoder();
    let (mut pixels, mut pieces) = (Vec::new(), Vec::new());
    let mut band = |top: u32| {
        let rows = top..height.min(top + rows_per_band);
        let mut escapes = vec![Escape::NONE; rows.len() * width as usize];
        let start = Instant::now();
        render.kernel().iterate(0..width, rows.clone(), &mut escapes);
        render.paint(&escapes, &[], &mut pixels);
        encoder.encode(&Band { rows, escapes: &escapes, pixels: &pixels, ..Band::default() }, &mut pieces);
        let seconds = start.elapsed().as_secs_f64();
        pieces.clear();
        seconds
    };
    let tops = (0..height).step_by(rows_per_band as usize);
    tops.map(|top| (0..3).map(|_| band(top)).fold(f64::INFINITY, f64::min)).collect()
}

/// The end of the last band when each goes to the first thread that is free.
fn dynamic(costs: &[f64], threads: usize) -> f64 {
    let mut ends = vec![0.0; threads];
    for cost in costs {
        let first = (0..threads).min_by(|&a, &b| f64::total_cmp(&ends[a], &ends[b])).expect("a thread");
        ends[first] += cost;
    }
    ends.into_iter().fold(0.0, f64::max)
}

/// The end of the last of `threads` equal pieces.
fn fixed(costs: &[f64], threads: usize) -> f64 {
    let piece = costs.len().div_ceil(threads);
    costs.chunks(piece).map(|costs| costs.iter().sum()).fold(0.0, f64::max)
}

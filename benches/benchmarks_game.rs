//! The Mandelbrot bitmap of the Benchmarks Game at N = 16000: `cargo bench --bench benchmarks_game`.
//!
//! 50 steps for each of 256 million points, one bit a point; the MD5 of the file is known from many programs.
//! `THREADS=1 cargo bench ...` for another number of threads than there are CPUs.
#![allow(clippy::print_stdout, reason = "prints its table")]

use std::convert::Infallible;
use std::time::Instant;

use md5::{Digest, Md5};

use mandel::{Aspect, Bailout, Coloring, Decimal, Grid, KernelChoice, Scene, Viewport, plan, render};

const SIZE: u32 = 16_000;
const MD5: &str = "8c2ed8883de64eccd3154ac612021fe8";

fn main() {
    // The samples are x = 2 i / N - 1.5 and y = 2 j / N - 1 for i and j from 0 to N - 1.
    let bounds: [Decimal; 4] =
        ["-1.5", "0.499875", "-1", "0.999875"].map(|text| text.parse().expect("a number"));
    let viewport = Viewport::region(&bounds, Grid::Endpoints, Aspect::Stretch, (SIZE, SIZE)).expect("a view");
    let bailout = Bailout { max_iter: 50, escape_radius: 2.0 };
    let scene = Scene::new(viewport, bailout, 1, Coloring::default()).expect("a scene");
    let threads = std::env::var("THREADS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let mut times: Vec<f64> = (0..7)
        .map(|_| {
            let start = Instant::now();
            let bitmap = pool.install(|| bitmap(&scene));
            let seconds = start.elapsed().as_secs_f64();
            let hash: String = Md5::digest(&bitmap).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, MD5);
            seconds
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "N = {SIZE}, {} threads: {:.3} s (least), {:.3} s (median), MD5 {MD5}",
        pool.current_num_threads(),
        times[0],
        times[times.len() / 2]
    );
}

/// The file: its first row has the smallest imaginary part, which is our last.
fn bitmap(scene: &Scene) -> Vec<u8> {
    let kernel = plan(scene.samples(), scene.bailout(), KernelChoice::Auto).kernel().expect("a kernel");
    let header = format!("P4\n{SIZE} {SIZE}\n");
    let row = SIZE as usize / 8;
    let mut file = vec![0; header.len() + row * SIZE as usize];
    file[..header.len()].copy_from_slice(header.as_bytes());
    let mut end = file.len();
    let result: Result<(), Infallible> = render::bands(
        scene,
        kernel.as_ref(),
        2,
        || (),
        |(), band| {
            let bits = band.escapes.chunks_exact(8).map(|samples| {
                samples.iter().fold(0, |byte, sample| byte << 1 | u8::from(sample.n().is_none()))
            });
            bits.collect::<Vec<u8>>()
        },
        |bits| {
            for bits in bits.chunks_exact(row) {
                file[end - row..end].copy_from_slice(bits);
                end -= row;
            }
            Ok(())
        },
    );
    let Ok(()) = result;
    file
}

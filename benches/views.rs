//! Six views at 3840x2160 on one thread against the scalar loop: `cargo bench --bench views`.
//!
//! The scalar kernel runs with the FMA instruction where the machine has it, and without shortcuts, on one row in 60 (for a
//! bounded number of iterations); its time for the whole view is estimated from its iterations per second there and those of
//! the whole. `VERIFY=1` also compares every sample with the scalar kernel (with shortcuts; some minutes).
#![allow(clippy::print_stdout, reason = "prints its table")]

use std::time::Instant;

use mandel::encode::{Compression, Depth, Layout, Png, Sink};
use mandel::internals::Scalar;
use mandel::{
    Bailout, Decimal, Escape, Extent, Frame, Grid, Kernel, Plan, Shortcuts, Viewport, parse_complex,
};

const WIDTH: u32 = 3840;
const HEIGHT: u32 = 2160;

/// Name, center, width in the plane, max_iter.
const VIEWS: [(&str, &str, f64, u32); 6] = [
    ("full set n 1000", "-0.75", 2.5 * 16.0 / 9.0, 1000),
    ("full set n 10000", "-0.75", 2.5 * 16.0 / 9.0, 10_000),
    ("seahorse", "-0.743643887037151+0.131825904205330i", 0.000_051_299, 5000),
    ("elephant", "0.275+0.006i", 0.01, 5000),
    ("dense", "-0.16070135+1.0375665i", 1e-5, 5000),
    ("mini", "-1.7548776662", 0.02, 50_000),
];

fn main() {
    println!("{:18}{:>10}{:>12}{:>12}{:>9}", "view", "seconds", "scalar est.", "G iter.", "ratio");
    for (name, center, width, max_iter) in VIEWS {
        let center = parse_complex(center).expect("a point");
        let width = Decimal::shortest(width.into()).expect("a finite width");
        let frame = Frame::Centered { center, extent: Extent::Width(width) };
        let viewport = Viewport::new(frame, Grid::Centers, (WIDTH, HEIGHT)).expect("a view");
        let bailout = Bailout::new(max_iter).expect("a limit");
        let iterations =
            |escapes: &[Escape]| -> u64 { escapes.iter().map(|e| u64::from(e.count(max_iter))).sum() };

        let kernel = Plan::new(&viewport, bailout, None).kernel().expect("a kernel");
        let mut escapes = vec![Escape::NONE; (WIDTH * HEIGHT) as usize];
        // In bands, as a render does; the least of five times, since noise only adds.
        let seconds =
            (0..5).map(|_| time(|| iterate(kernel.as_ref(), &mut escapes))).fold(f64::INFINITY, f64::min);
        let all = iterations(&escapes);

        let plain = Scalar::new(&viewport, bailout, Shortcuts::NONE);
        let mut row = vec![Escape::NONE; WIDTH as usize];
        let (mut plain_iterations, mut plain_seconds) = (0, 0.0);
        for y in (0..HEIGHT).step_by(60) {
            plain_seconds += time(|| plain.iterate(0..WIDTH, y..y + 1, &mut row));
            plain_iterations += iterations(&row);
            if plain_seconds > 20.0 {
                break;
            }
        }
        let estimate = plain_seconds * all as f64 / plain_iterations as f64;
        println!(
            "{name:18}{seconds:>10.3}{estimate:>12.1}{:>12.2}{:>8.1}x",
            all as f64 / 1e9,
            estimate / seconds
        );
        if std::env::var_os("VERIFY").is_some() {
            let scalar = Scalar::new(&viewport, bailout, Shortcuts::ALL);
            let mut truth = vec![Escape::NONE; escapes.len()];
            iterate(&scalar, &mut truth);
            let different = truth.iter().zip(&escapes).filter(|(a, b)| a != b).count();
            println!("{:18}{different} of {} samples differ from the scalar kernel", "", truth.len());
        }
    }
}

fn iterate(kernel: &dyn Kernel, out: &mut [Escape]) {
    let layout =
        Layout { width: WIDTH, height: HEIGHT, supersample: 1, max_iter: Bailout::MAX_ITER, alpha: false };
    let rows = Png::new(layout, Compression::Balanced, Depth::Eight).needs().rows;
    for (y, out) in (0..HEIGHT).step_by(rows as usize).zip(out.chunks_mut((WIDTH * rows) as usize)) {
        kernel.iterate(0..WIDTH, y..HEIGHT.min(y + rows), out);
    }
}

fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

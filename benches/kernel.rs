//! Iterations per second of the kernels, on one thread.
//!
//! The number of elements is that of the iterations which the scalar loop would make, so a shortcut shows as speed. The scalar
//! kernel uses the FMA instruction where there is one.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mandel::internals::direct;
use mandel::{Bailout, Escape, Grid, Level, Shortcuts, Viewport, parse_complex};

/// A name, a center, a height, `max_iter` and whether to take shortcuts.
type Case = (&'static str, &'static str, f64, u32, Shortcuts);

const CASES: [Case; 6] = [
    ("long orbits", "-0.1", 0.2, 2000, Shortcuts::NONE),
    ("early escape", "-0.7+2.5i", 1.0, 1000, Shortcuts::NONE),
    ("whole set", "-0.75", 2.5, 1000, Shortcuts::ALL),
    ("seahorse", "-0.743643887037151+0.131825904205330i", 2.9e-5, 5000, Shortcuts::ALL),
    ("dense", "-0.16070135+1.0375665i", 5.6e-6, 5000, Shortcuts::ALL),
    ("mini", "-1.7548776662", 0.011, 5000, Shortcuts::ALL),
];

fn kernels(criterion: &mut Criterion) {
    for (name, center, height, max_iter, shortcuts) in CASES {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        // The software FMA of the portable kernel is not worth measuring.
        for level in Level::all().into_iter().filter(|&level| level != Level::Portable) {
            // Enough samples for all lanes, few enough for the scalar kernel.
            let (width, height_px) = (320, 180);
            let center = parse_complex(center).expect("a point");
            let viewport =
                Viewport::with_height(center, height, Grid::Centers, (width, height_px)).expect("a view");
            let bailout = Bailout::new(max_iter).expect("a limit");
            let kernel = direct(level, &viewport, bailout, shortcuts);
            let mut out = vec![Escape::NONE; (width * height_px) as usize];

            kernel.iterate(0..width, 0..height_px, &mut out);
            group.throughput(Throughput::Elements(out.iter().map(|e| u64::from(e.count(max_iter))).sum()));
            group.bench_function(level.to_string(), |bencher| {
                bencher.iter(|| kernel.iterate(0..width, 0..height_px, &mut out));
            });
        }
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);

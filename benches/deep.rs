//! The stages of a deep view: `cargo bench --bench deep`.
//!
//! Iterations of the reference orbit by its bits, and iterations of samples a second, one by one and with blocks. Those of
//! samples are what their counts stand for, on one thread.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mandel::internals::Perturbation;
use mandel::{
    Bailout, Escape, FloatExp, Grid, Kernel, Level, Location, ReferenceOrbit, Viewport, parse_complex,
};

fn reference_orbit(criterion: &mut Criterion) {
    const LAST: u32 = 1000;
    // Inside the main cardioid, where the derivative stays small, so that every iteration has all the bits.
    let c = parse_complex("-0.1234567+0.3141592i").expect("a point");
    let mut group = criterion.benchmark_group("reference_orbit");
    group.throughput(Throughput::Elements(LAST.into())).sample_size(10);
    for bits in [128, 1024, 4096, 16384] {
        let spacing = FloatExp::new(1.0, 48 - bits);
        group.bench_function(BenchmarkId::from_parameter(bits), |bencher| {
            bencher.iter(|| {
                let mut orbit = ReferenceOrbit::at(black_box(c.clone()), spacing, FloatExp::ZERO);
                orbit.extend(LAST, u64::MAX, &AtomicU64::new(0)).expect("an orbit");
                orbit
            });
        });
    }
}

fn samples(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("samples");
    group.sample_size(10);
    for (name, size, approximate) in [
        ("twins", (64, 36), false),
        ("leaves", (16, 9), false),
        ("leaves", (96, 54), true),
        ("star", (96, 54), true),
    ] {
        let place = Location::named(name).expect("a built-in place");
        let viewport = Viewport::new(place.frame().expect("a frame"), Grid::Centers, size).expect("a view");
        let bailout = Bailout::new(place.max_iter).expect("a limit").counts_alone();
        let mut orbit = ReferenceOrbit::new(&viewport);
        let last = ReferenceOrbit::needed(&viewport, bailout);
        orbit.extend(last, u64::MAX, &AtomicU64::new(0)).expect("an orbit");
        let kernel = Perturbation::with_blocks(&viewport, bailout, Arc::new(orbit), approximate)
            .with_level(Level::best());
        let mut out = vec![Escape::NONE; size.0 as usize * size.1 as usize];
        kernel.iterate(0..size.0, 0..size.1, &mut out);
        let iterations: u64 = out.iter().map(|escape| u64::from(escape.count(place.max_iter))).sum();
        group.throughput(Throughput::Elements(iterations));
        let stage = if approximate { "blocks" } else { "plain" };
        group.bench_function(BenchmarkId::new(stage, name), |bencher| {
            bencher.iter(|| kernel.iterate(0..size.0, 0..size.1, black_box(&mut out)));
        });
    }
}

criterion_group!(benches, reference_orbit, samples);
criterion_main!(benches);

//! The stages of a deep view: `cargo bench --bench deep`.
//!
//! Steps of the reference orbit by its bits, and steps of samples a second, one by one and with blocks. Steps of samples
//! are those that their counts stand for, on one thread.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mandel::kernel::deep::reference_orbit::ReferenceOrbit;
use mandel::kernel::{Lanes, Perturbation};
use mandel::{
    Allowance, Bailout, Escape, FloatExp, Grid, Kernel, KernelChoice, View, Viewport, parse_complex,
};

fn reference_orbit(criterion: &mut Criterion) {
    const STEPS: u32 = 1000;
    // Inside the main cardioid, where the derivative stays small, so that every step has all the bits.
    let c = parse_complex("-0.1234567+0.3141592i").expect("a point");
    let mut group = criterion.benchmark_group("reference_orbit");
    group.throughput(Throughput::Elements(STEPS.into())).sample_size(10);
    for bits in [128, 1024, 4096, 16384] {
        let spacing = FloatExp::new(1.0, 48 - bits);
        group.bench_function(BenchmarkId::from_parameter(bits), |bencher| {
            bencher.iter(|| {
                ReferenceOrbit::new(black_box(&c), spacing, FloatExp::ZERO, STEPS, &Allowance::default())
                    .expect("an orbit")
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
        let view = View::named(name).expect("a built-in view");
        let center = parse_complex(view.center).expect("a point");
        let height = view.height.parse::<mandel::Decimal>().expect("a number").to_floatexp();
        let viewport = Viewport::with_height(center.clone(), height, Grid::Centers, size).expect("a view");
        let bailout =
            Bailout { escape_radius: Bailout::COUNTS_ALONE, ..Bailout::new(view.max_iter).expect("a limit") };
        let allowance = Allowance::default();
        let kernel = Perturbation::with_reference(&viewport, bailout, &center, approximate, &allowance)
            .expect("a kernel")
            .with_lanes(Lanes::new(KernelChoice::Auto).expect("loops"));
        let mut out = vec![Escape::NONE; size.0 as usize * size.1 as usize];
        kernel.iterate(0..size.0, 0..size.1, &mut out);
        let steps: u64 = out.iter().map(|escape| u64::from(escape.count(view.max_iter))).sum();
        group.throughput(Throughput::Elements(steps));
        let stage = if approximate { "blocks" } else { "plain" };
        group.bench_function(BenchmarkId::new(stage, name), |bencher| {
            bencher.iter(|| kernel.iterate(0..size.0, 0..size.1, black_box(&mut out)));
        });
    }
}

criterion_group!(benches, reference_orbit, samples);
criterion_main!(benches);

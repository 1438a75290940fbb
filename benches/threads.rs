//! A whole field by number of threads: `cargo bench --bench threads`.
//!
//! Each count has a pool of its own; the ratio of two lines is the speed-up.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mandel::{Bailout, Coloring, Grid, Location, Scene, Viewport, render};

fn scene(name: &str) -> Scene {
    let place = Location::named(name).expect("built in");
    let frame = place.frame().expect("a view");
    let viewport = Viewport::new(frame, Grid::Centers, (640, 360)).expect("a view");
    let bailout = Bailout::new(place.max_iter).expect("a limit");
    Scene::new(viewport, bailout, 1, Coloring::default()).expect("a scene")
}

fn threads(criterion: &mut Criterion) {
    let most = std::thread::available_parallelism().map_or(1, usize::from);
    let counts = (0..).map(|power| 1 << power).take_while(|&count| count < most).chain([most]);
    let counts: Vec<usize> = counts.collect();
    for name in ["home", "seahorse"] {
        let scene = scene(name);
        let mut group = criterion.benchmark_group(format!("threads/{name}"));
        group.sample_size(20);
        group.throughput(Throughput::Elements(640 * 360));
        for &count in &counts {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().expect("threads");
            group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
                bencher.iter(|| pool.install(|| render::field(&scene).expect("a field")));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, threads);
criterion_main!(benches);

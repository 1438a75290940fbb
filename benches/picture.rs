//! The stages behind the kernel, one at a time, and the whole: `cargo bench --bench picture`.
//!
//! One thread each, but for the whole; elements are pixels.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mandel::encode::{Band, Compression, Depth, Png, Sink};
use mandel::render::{self, Render, Target, Watch};
use mandel::{Bailout, Coloring, Grid, Location, Map, Scene, Viewport};

const SIZE: (u32, u32) = (1920, 1080);
const PIXELS: u64 = SIZE.0 as u64 * SIZE.1 as u64;

fn scene(supersample: u32, map: Map) -> Scene {
    let home = Location::ALL[0];
    let viewport = Viewport::new(home.frame().expect("a view"), Grid::Centers, SIZE).expect("a view");
    let bailout = Bailout::new(home.max_iter).expect("a limit");
    Scene::new(viewport, bailout, supersample, Coloring { map, ..Coloring::default() }).expect("a scene")
}

fn coloring(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("coloring");
    group.throughput(Throughput::Elements(PIXELS)).sample_size(20);
    for (name, supersample, map) in
        [("log", 1, Map::Log), ("log 2x2", 2, Map::Log), ("linear", 1, Map::Linear)]
    {
        let scene = scene(supersample, map);
        let field = render::field(&scene).expect("a field");
        let render = Render::of(&scene).expect("a kernel");
        let mut pixels = Vec::new();
        group.bench_function(name, |bencher| bencher.iter(|| render.paint(&field.escapes, &[], &mut pixels)));
    }
    group.finish();
}

fn deflate(criterion: &mut Criterion) {
    let scene = scene(2, Map::Log);
    let pixmap = render::pixmap(&scene).expect("a picture");
    let band = Band { rows: 0..SIZE.1, pixels: &pixmap.bytes, ..Band::default() };
    let mut group = criterion.benchmark_group("deflate");
    group.throughput(Throughput::Elements(PIXELS)).sample_size(10);
    for compression in [Compression::Fast, Compression::Balanced] {
        let png = Png::new(render::layout(&scene), compression, Depth::Eight);
        let mut encoder = png.encoder();
        group.bench_function(format!("{compression:?}"), |bencher| {
            bencher.iter(|| {
                let mut pieces = Vec::new();
                encoder.encode(&band, &mut pieces);
                pieces
            });
        });
    }
    group.finish();
}

fn whole(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("whole");
    group.throughput(Throughput::Elements(PIXELS)).sample_size(20);
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    for supersample in [1, 2] {
        let scene = scene(supersample, Map::Log);
        for threads in [1, all] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let name = BenchmarkId::new(format!("{supersample}x{supersample}"), threads);
            group.bench_function(name, |bencher| bencher.iter(|| pool.install(|| png(&scene))));
        }
    }
    group.finish();
}

/// A scene as the bytes of a PNG.
fn png(scene: &Scene) -> Vec<u8> {
    let png = Png::new(render::layout(scene), Compression::Fast, Depth::Eight);
    let mut bytes = Vec::new();
    let target = Target { sink: &png, to: &mut bytes, texts: &[] };
    let render = Render::of(scene).expect("a kernel");
    render.run(&mut [target], png.needs().rows, Watch::none()).expect("memory");
    bytes
}

criterion_group!(benches, coloring, deflate, whole);
criterion_main!(benches);

//! The stages behind the kernel, one at a time, and the whole: `cargo bench --bench picture`.
//!
//! One thread each, but for the whole; elements are pixels.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mandel::encode::png::{Compression, PngWriter, StripEncoder, rows_per_strip};
use mandel::render::{self, Band};
use mandel::{Bailout, Coloring, Grid, KernelChoice, Map, Scene, View, Viewport, parse_complex, plan};

const SIZE: (u32, u32) = (1920, 1080);
const PIXELS: u64 = SIZE.0 as u64 * SIZE.1 as u64;

fn scene(supersample: u32, map: Map) -> Scene {
    let home = View::ALL[0];
    let center = parse_complex(home.center).expect("a point");
    let viewport = Viewport::with_height(center, 2.45, Grid::Centers, SIZE).expect("a view");
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
        let kernel = plan(scene.samples(), scene.bailout(), KernelChoice::Auto).kernel().expect("a kernel");
        let painter = render::painter(&scene, kernel.as_ref());
        let mut bytes = Vec::new();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let band = Band { rows: 0..SIZE.1, escapes: &field.escapes };
                render::paint(&painter, &scene, &band, &mut bytes);
            });
        });
    }
    group.finish();
}

fn deflate(criterion: &mut Criterion) {
    let pixmap = render::pixmap(&scene(2, Map::Log)).expect("a picture");
    let strip = 3 * (SIZE.0 * rows_per_strip(SIZE.0, SIZE.1)) as usize;
    let mut group = criterion.benchmark_group("deflate");
    group.throughput(Throughput::Elements(PIXELS)).sample_size(10);
    for compression in [Compression::Fast, Compression::Balanced] {
        let mut encoder = StripEncoder::new(compression);
        group.bench_function(format!("{compression:?}"), |bencher| {
            bencher.iter(|| {
                for rows in pixmap.bytes.chunks(strip) {
                    std::hint::black_box(encoder.encode(rows, SIZE.0, false));
                }
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
    let kernel = plan(scene.samples(), scene.bailout(), KernelChoice::Auto).kernel().expect("a kernel");
    let painter = render::painter(scene, kernel.as_ref());
    let mut bytes = Vec::new();
    let mut writer = PngWriter::new(&mut bytes, SIZE.0, SIZE.1).expect("memory");
    render::bands(
        scene,
        kernel.as_ref(),
        rows_per_strip(SIZE.0, SIZE.1),
        || (Vec::new(), StripEncoder::new(Compression::Fast)),
        |(pixels, encoder), band| {
            render::paint(&painter, scene, band, pixels);
            encoder.encode(pixels, SIZE.0, band.rows.end == SIZE.1)
        },
        |strip| writer.write(&strip),
    )
    .expect("memory");
    writer.finish().expect("memory");
    bytes
}

criterion_group!(benches, coloring, deflate, whole);
criterion_main!(benches);

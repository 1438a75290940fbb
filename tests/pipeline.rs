//! A scene into files: the same bytes however it is made, and how a render ends early.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use mandel::encode::{Band, Format, Npy, Options, Out, Sink, Texts, Values};
use mandel::render::{self, Render, RenderError, Target, Watch};
use mandel::{Bailout, Coloring, Grid, Location, Scene, Viewport};

fn scene(size: (u32, u32), supersample: u32) -> Scene {
    let home = Location::named("home").expect("built in");
    let viewport = Viewport::new(home.frame().expect("a view"), Grid::Centers, size).expect("a view");
    Scene::new(viewport, Bailout::new(200).expect("a limit"), supersample, Coloring::default())
        .expect("a scene")
}

/// All formats: PNG, NPY, and those of all numbers.
fn sinks(scene: &Scene) -> Vec<Box<dyn Sink>> {
    Format::all().map(|format| format.sink(render::layout(scene), Options::default())).collect()
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

/// Renders into all formats at once, into memory.
fn files(scene: &Scene, threads: usize, rows: u32, texts: Texts) -> Vec<Vec<u8>> {
    let sinks = sinks(scene);
    let mut files = vec![Vec::new(); sinks.len()];
    let mut targets: Vec<Target> =
        sinks.iter().zip(&mut files).map(|(sink, to)| Target { sink: sink.as_ref(), to, texts }).collect();
    let rows = render::rows_per_band(scene, rows, &sinks);
    pool(threads).install(|| {
        let render = Render::of(scene).expect("a kernel");
        render.run(&mut targets, rows, Watch::none()).expect("memory");
    });
    files
}

#[test]
fn neither_threads_nor_bands_change_a_byte() {
    for (size, supersample) in [((61, 83), 1), ((40, 33), 2), ((1, 1), 3)] {
        let scene = scene(size, supersample);
        let texts: Texts = &[("Software", "mandel"), ("mandel", "a scene")];
        let first = files(&scene, 1, 1, texts);
        for threads in [1, 2, 7] {
            for rows in [1, 5, 12, 1000, u32::MAX] {
                assert!(
                    files(&scene, threads, rows, texts) == first,
                    "{size:?}, {threads} threads, {rows} rows"
                );
            }
        }
        // What is in the files is the picture and the counts.
        let png = image::load_from_memory(&first[0]).expect("a PNG").into_rgb8();
        assert!(png.into_raw() == render::pixmap(&scene).expect("a picture").bytes);
        let counts = render::field(&scene).expect("a field");
        let counts: Vec<u8> = counts.counts().flat_map(u32::to_le_bytes).collect();
        assert!(first[1].ends_with(&counts) && first[1].len() - counts.len() == 128);
        assert!(sinks(&scene).iter().zip(&first).all(|(sink, file)| sink.least_size() <= file.len() as u64));
    }
}

#[test]
fn smooth_counts_are_those_of_the_field() {
    let scene = scene((61, 83), 2);
    let mut file = Vec::new();
    let npy = Npy::new(render::layout(&scene), Values::Smooth);
    let mut target = [Target { sink: &npy, to: &mut file, texts: &[] }];
    let render = Render::of(&scene).expect("a kernel");
    pool(2).install(|| render.run(&mut target, 5, Watch::none())).expect("memory");
    let field = render::field(&scene).expect("a field");
    let (header, data) = file.split_at(128);
    assert!(
        String::from_utf8_lossy(header)
            .contains("'descr': '<f8', 'fortran_order': False, 'shape': (166, 122)")
    );
    let (mut smooth, mut inside) = (0, 0);
    assert_eq!(data.len(), 8 * field.escapes.len());
    for (bytes, escape) in data.chunks_exact(8).zip(&field.escapes) {
        let value = f64::from_le_bytes(bytes.try_into().expect("eight bytes"));
        match escape.n() {
            Some(n) => assert_eq!(value, f64::from(n) + f64::from(escape.fraction())),
            None => assert!(value.is_nan()),
        }
        smooth += u32::from(value.fract() != 0.0 && !value.is_nan());
        inside += u32::from(value.is_nan());
    }
    assert!(smooth > 1000 && inside > 1000, "{smooth} {inside}");
}

#[test]
fn every_row_is_shown_to_the_watcher_once() {
    let scene = scene((20, 50), 2);
    let sinks = sinks(&scene);
    let mut file = Vec::new();
    let mut target = [Target { sink: sinks[0].as_ref(), to: &mut file, texts: &[] }];
    let rows = Mutex::new(Vec::new());
    let band = |band: &Band| {
        assert_eq!(band.escapes.len(), 4 * 20 * band.rows.len());
        assert_eq!(band.pixels.len(), 3 * 20 * band.rows.len());
        rows.lock().expect("no panic").extend(band.rows.clone());
    };
    let watch = Watch { band: &band, ..Watch::none() };
    let rows_per_band = render::rows_per_band(&scene, 4, &sinks);
    pool(3)
        .install(|| Render::of(&scene).expect("a kernel").run(&mut target, rows_per_band, watch))
        .expect("memory");
    let mut rows = rows.into_inner().expect("no panic");
    rows.sort_unstable();
    assert_eq!(rows, (0..50).collect::<Vec<_>>());
}

#[test]
fn a_cancelled_render_ends_soon_and_leaves_the_pool_usable() {
    let scene = scene((20, 3000), 1);
    let sinks = sinks(&scene);
    let numbers = sinks[1].as_ref();
    for threads in [1, 2, 7] {
        pool(threads).install(|| {
            let render = Render::of(&scene).expect("a kernel");
            let (bands, cancel) = (AtomicU32::new(0), AtomicBool::new(false));
            let stop = |_: &Band| {
                cancel.store(true, Ordering::SeqCst);
                bands.fetch_add(1, Ordering::SeqCst);
            };
            let mut file = Vec::new();
            let targets = &mut [Target { sink: numbers, to: &mut file, texts: &[] }];
            let result = render.run(targets, 1, Watch { band: &stop, cancel: &cancel, ..Watch::none() });
            assert!(matches!(result, Err(RenderError::Cancelled)), "{result:?}");
            // Each thread may have been in a band.
            assert!(bands.into_inner() <= threads as u32);
            let mut file = Vec::new();
            let targets = &mut [Target { sink: numbers, to: &mut file, texts: &[] }];
            render.run(targets, 1, Watch::none()).expect("memory");
            assert_eq!(file.len(), 128 + 4 * 20 * 3000);
        });
    }
}

#[test]
fn a_render_cancelled_in_its_only_band_is_cancelled() {
    let scene = scene((5, 4), 1);
    let sinks = sinks(&scene);
    let mut file = Vec::new();
    let cancel = AtomicBool::new(false);
    let stop = |_: &Band| cancel.store(true, Ordering::SeqCst);
    let targets = &mut [Target { sink: sinks[0].as_ref(), to: &mut file, texts: &[] }];
    let render = Render::of(&scene).expect("a kernel");
    let result = render.run(targets, 4, Watch { band: &stop, cancel: &cancel, ..Watch::none() });
    assert!(matches!(result, Err(RenderError::Cancelled)), "{result:?}");
}

/// Takes so many bytes and no more; at places, none beyond.
struct Full(usize);

impl Out for Full {
    fn write_at(&mut self, place: u64, bytes: &[u8]) -> io::Result<()> {
        if place as usize + bytes.len() > self.0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        if taken == 0 && !bytes.is_empty() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_names_the_target_that_it_is_of() {
    let scene = scene((50, 70), 1);
    let sinks = sinks(&scene);
    let rows = render::rows_per_band(&scene, 1, &sinks);
    let sizes: Vec<usize> = files(&scene, 1, rows, &[]).iter().map(Vec::len).collect();
    for (i, sink) in sinks.iter().enumerate() {
        // At the start, in the middle, and at the very end.
        let all = sizes[i];
        for room in [0, 20, all / 2, all - 1, all] {
            let (mut good, mut full) = (Vec::new(), Full(room));
            let targets = &mut [
                Target { sink: sink.as_ref(), to: &mut good, texts: &[] },
                Target { sink: sink.as_ref(), to: &mut full, texts: &[] },
            ];
            let run = || Render::of(&scene).expect("a kernel").run(targets, rows, Watch::none());
            match pool(2).install(run) {
                Ok(()) => assert_eq!(room, all),
                Err(RenderError::Write(1, error)) => {
                    assert!(room < all && error.kind() == io::ErrorKind::StorageFull, "{room}: {error}");
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
}

#[test]
#[should_panic(expected = "bands of whole strips")]
fn bands_of_parts_of_strips_are_refused() {
    let scene = scene((20, 100), 1);
    let sinks = sinks(&scene);
    let rows = sinks[0].needs().rows;
    assert!(rows > 1);
    let mut file = Vec::new();
    let targets = &mut [Target { sink: sinks[0].as_ref(), to: &mut file, texts: &[] }];
    let _ = Render::of(&scene).expect("a kernel").run(targets, rows + 1, Watch::none());
}

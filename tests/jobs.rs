//! Jobs and their shards: the same numbers however they are made, and nothing else is taken for them.

use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mandel::decode::ReadError;
use mandel::encode::{Format, Options, Sink};
use mandel::job::{Digest, Job, Stitch, make_shards, orbit_digest, read_orbit, survey, verify, write_orbit};
use mandel::render::{self, Render, Target, Watch};
use mandel::{
    Bailout, Coloring, Detail, Distance, Error, ErrorKind, Escape, Grid, JobProblem, Kernel, Level, Location,
    Map, Plan, ReferenceOrbit, Rotation, Scene, Viewport,
};

fn scene(place: &str, size: (u32, u32), max_iter: u32, supersample: u32) -> Scene {
    let place = Location::named(place).expect("built in");
    let viewport = Viewport::new(place.frame().expect("a view"), Grid::Centers, size).expect("a view");
    Scene::new(viewport, Bailout::new(max_iter).expect("a limit"), supersample, Coloring::default())
        .expect("a scene")
}

fn orbit(scene: &Scene) -> Option<Arc<ReferenceOrbit>> {
    let plan = Plan::new(scene.samples(), scene.bailout(), None);
    plan.reference(None, u64::MAX, &AtomicU64::new(0)).expect("short")
}

fn plan(scene: &Scene, shards: u32) -> Job {
    let orbit = orbit(scene).map(|orbit| (orbit.clone(), orbit_digest(scene, &orbit)));
    Job::plan(scene, shards, Detail::default(), orbit).expect("a job")
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

/// The files of these shards, with the digest of each.
fn make(job: &Job, kernel: &dyn Kernel, shards: &[u32], threads: usize) -> Vec<(Vec<u8>, Digest)> {
    let mut files = Vec::new();
    let made = AtomicU64::new(0);
    let done = |_, file, digest, _| {
        files.push((file, digest));
        Ok(())
    };
    let count = |samples| {
        made.fetch_add(samples, Ordering::Relaxed);
    };
    pool(threads)
        .install(|| make_shards(job, kernel, shards, |_| Ok(Vec::new()), done, count))
        .unwrap_or_else(|error: std::io::Error| panic!("{error}"));
    assert_eq!(made.into_inner(), job.extent(shards).1);
    files
}

fn kernel(job: &Job, level: Option<Level>) -> Box<dyn Kernel> {
    let scene = job.scene();
    let plan = Plan::new(scene.samples(), scene.bailout(), level);
    plan.kernel_within(orbit(scene), u64::MAX, &AtomicU64::new(0)).expect("a kernel")
}

/// PNG and NPY of a scene.
fn files(render: &Render, threads: usize, rows: u32) -> Vec<Vec<u8>> {
    let scene = render.scene();
    let sinks: Vec<Box<dyn Sink>> =
        Format::all().map(|format| format.sink(render::layout(scene), Options::default())).collect();
    let mut files = vec![Vec::new(); sinks.len()];
    let texts = &[("mandel", &*scene.to_text())];
    let mut targets: Vec<Target> =
        sinks.iter().zip(&mut files).map(|(sink, to)| Target { sink: sink.as_ref(), to, texts }).collect();
    let rows = render::rows_per_band(scene, rows, &sinks);
    pool(threads).install(|| render.run(&mut targets, rows, Watch::none()).expect("memory"));
    files
}

/// Shards in a folder.
fn put(folder: &tempfile::TempDir, shards: &[(Vec<u8>, Digest)]) -> Vec<PathBuf> {
    let names = (1..).map(|shard| folder.path().join(Job::shard_name(shard)));
    let paths: Vec<PathBuf> = names.take(shards.len()).collect();
    paths.iter().zip(shards).for_each(|(path, (bytes, _))| fs::write(path, bytes).expect("room"));
    paths
}

#[test]
fn stitched_shards_are_the_picture() {
    let deep = scene("twins", (45, 31), 3000, 1);
    let home = scene("home", (150, 90), 300, 2);
    let window = home.viewport().crop(20, 30, 101, 40).expect("a window");
    let window = Scene::new(window, home.bailout(), 2, Coloring::default()).expect("a scene");
    let counts = home.bailout().counts_alone();
    let counts = Scene::new(home.viewport().clone(), counts, 1, Coloring::default()).expect("a scene");
    let turn = |scene: &Scene| {
        let view = scene.viewport().clone().with_rotation(Rotation::new(30.0).expect("an angle"));
        let view = view.expect("a view");
        Scene::new(view, scene.bailout(), scene.supersample(), Coloring::default()).expect("a scene")
    };
    let (turned, turned_deep, turned_window) = (turn(&home), turn(&deep), turn(&window));
    let upright = [home, window, counts, deep, scene("seahorse", (1, 300), 100, 1)];
    for scene in upright.into_iter().chain([turned, turned_deep, turned_window]) {
        let direct = files(&Render::of(&scene).expect("a kernel"), 2, 5);
        for (shards, threads) in [(1, 2), (7, 1), (24, 7)] {
            let job = plan(&scene, shards);
            let all: Vec<u32> = (1..=shards).collect();
            let made = make(&job, kernel(&job, None).as_ref(), &all, threads);
            let folder = tempfile::tempdir().expect("a folder");
            let found = pool(threads).install(|| survey(&job, &put(&folder, &made), || ()));
            assert!(found.is_complete() && found.same.is_empty(), "{found:?}");
            for rows in [1, 40] {
                let stitch = Arc::new(Stitch::new(&job, &found, rows));
                let render = Render::with_kernel(&scene, Box::new(stitch.clone()), true, |whole| {
                    Plan::new(whole, scene.bailout(), None).kernel()
                });
                let render = render.expect("a kernel");
                assert!(files(&render, threads, rows) == direct, "{shards} shards, {threads} threads");
                assert!(stitch.take_failure().is_none());
            }
        }
    }
}

#[test]
fn a_thousand_shards_are_the_picture() {
    const SHARDS: u32 = 1000;
    let scene = scene("seahorse", (320, 240), 300, 1);
    let job = plan(&scene, SHARDS);
    let all: Vec<u32> = (1..=SHARDS).collect();
    let made = make(&job, kernel(&job, None).as_ref(), &all, 2);
    let folder = tempfile::tempdir().expect("a folder");
    let found = pool(2).install(|| survey(&job, &put(&folder, &made), || ()));
    assert!(found.is_complete() && found.found.len() == SHARDS as usize, "{found:?}");
    // More files than are kept open at once.
    let stitch = Arc::new(Stitch::new(&job, &found, 40));
    let render = Render::with_kernel(&scene, Box::new(stitch.clone()), true, |whole| {
        Plan::new(whole, scene.bailout(), None).kernel()
    });
    let direct = files(&Render::of(&scene).expect("a kernel"), 2, 5);
    assert!(files(&render.expect("a kernel"), 2, 40) == direct);
    assert!(stitch.take_failure().is_none());
}

#[test]
fn the_bytes_of_a_shard_depend_on_the_job_alone() {
    for scene in [scene("home", (97, 61), 300, 1), scene("twins", (40, 30), 3000, 1)] {
        let job = plan(&scene, 3);
        let first = make(&job, kernel(&job, None).as_ref(), &[1, 2, 3], 1);
        for (threads, level) in [(2, Level::Scalar), (7, Level::Portable), (2, Level::best())] {
            let kernel = kernel(&job, Some(level));
            assert!(make(&job, kernel.as_ref(), &[1, 2, 3], threads) == first, "{level}, {threads} threads");
            // In another order, and one by one.
            for (shard, file) in first.iter().enumerate().rev() {
                assert!(make(&job, kernel.as_ref(), &[shard as u32 + 1], threads) == [file.clone()]);
            }
        }
        for (shard, (bytes, digest)) in first.iter().enumerate() {
            let verified = verify(&job, &bytes[..]).expect("a shard");
            assert_eq!((verified.shard, verified.digest), (shard as u32 + 1, *digest));
        }
        assert_eq!(pool(7).install(|| plan(&scene, 3)), job);
    }
}

/// The error of a shard that is not one.
fn refused(job: &Job, bytes: &[u8]) -> Option<Error> {
    match verify(job, bytes) {
        Ok(_) => None,
        Err(ReadError::Bad(error)) => {
            assert_eq!(error.kind(), ErrorKind::Input);
            Some(error)
        }
        Err(ReadError::Io(error)) => panic!("{error}"),
    }
}

#[test]
fn no_changed_byte_and_no_cut_goes_unseen() {
    let job = plan(&scene("home", (40, 30), 200, 2), 4);
    let (bytes, _) = make(&job, kernel(&job, None).as_ref(), &[2], 1).remove(0);
    assert!(refused(&job, &bytes).is_none());
    let mut random = 1_u64;
    for _ in 0..400 {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let (place, bit) = ((random >> 33) as usize % bytes.len(), random >> 30 & 7);
        let mut changed = bytes.clone();
        changed[place] ^= 1 << bit;
        assert!(refused(&job, &changed).is_some(), "byte {place}");
    }
    // The ends of all parts are among these.
    for length in 0..bytes.len() {
        if length < 600 || length.is_multiple_of(29) || length + 1000 > bytes.len() {
            assert!(refused(&job, &bytes[..length]).is_some(), "{length} of {} bytes", bytes.len());
        }
    }
    assert_eq!(
        refused(&job, &[&bytes[..], b"x"].concat()),
        Some(Error::Damaged("there is something behind its end"))
    );
    // A header of 4 GiB is not read.
    let mut long = bytes.clone();
    long[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(refused(&job, &long), Some(Error::Damaged("the header is longer than 64 KiB")));
}

/// A kernel that says the same of all samples.
struct Lies(Escape);

impl Kernel for Lies {
    fn iterate(&self, _: Range<u32>, _: Range<u32>, out: &mut [Escape]) {
        out.fill(self.0);
    }

    fn distances(&self, _: Range<u32>, _: Range<u32>, _: &[Escape], out: &mut [Distance]) {
        out.fill(Distance::NONE);
    }
}

#[test]
fn shards_of_something_else_are_told_from_damaged_ones() {
    let home = scene("home", (40, 30), 200, 2);
    let job = plan(&home, 4);
    let other = plan(&home, 5);
    let foreign = make(&other, kernel(&other, None).as_ref(), &[2], 1).remove(0).0;
    let expected = (other.id().to_string(), job.id().to_string());
    match refused(&job, &foreign) {
        Some(Error::Foreign { what: "job", found, expected: id }) => assert_eq!((found, id), expected),
        other => panic!("{other:?}"),
    }
    // The same bytes, but for the name of the kernel.
    let (bytes, _) = make(&job, kernel(&job, None).as_ref(), &[2], 1).remove(0);
    let length = u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes")) as usize;
    let header = String::from_utf8(bytes[20..20 + length].to_vec()).expect("text");
    let header = header.replace("f64-fma-1", "f64-fma-2");
    let mut changed = bytes.clone();
    changed[16..20].copy_from_slice(&crc32fast::hash(header.as_bytes()).to_le_bytes());
    changed[20..20 + length].copy_from_slice(header.as_bytes());
    assert!(matches!(refused(&job, &changed), Some(Error::Foreign { what: "kernel", .. })));
    // Counts that no sample can have, in a file that is otherwise right.
    for lie in [Escape::new(201, 0.0), Escape::new(5, f32::NAN)] {
        let (bytes, _) = make(&job, &Lies(lie), &[2], 1).remove(0);
        assert_eq!(refused(&job, &bytes), Some(Error::Damaged("it holds counts that no sample can have")));
    }
    let (bytes, _) = make(&job, &Lies(Escape::new(200, 0.5)), &[2], 1).remove(0);
    assert!(refused(&job, &bytes).is_none(), "a lie that can be");
}

#[test]
fn a_survey_names_all_that_is_there() {
    let job = plan(&scene("home", (40, 30), 200, 2), 5);
    let made = make(&job, kernel(&job, None).as_ref(), &[1, 2, 3, 4, 5], 2);
    let lie = make(&job, &Lies(Escape::new(3, 0.0)), &[2], 1);
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let files = [
        ("a", &made[0].0[..]),
        ("b", &made[1].0),
        ("c", &made[0].0),
        ("d", &lie[0].0),
        ("e", b""),
        ("f", &made[3].0[..100]),
    ];
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| path(name)).collect();
    for (path, (_, bytes)) in paths.iter().zip(files) {
        File::create(path).and_then(|mut file| file.write_all(bytes)).expect("room");
    }
    let found = survey(&job, &[&paths[..], &[path("none")]].concat(), || ());
    assert_eq!(found.found.keys().copied().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(found.same, [(path("a"), path("c"))]);
    assert_eq!(found.differ, [(2, path("b"), path("d"))]);
    assert_eq!(found.missing, [3, 4, 5]);
    let bad: Vec<&PathBuf> = found.bad.iter().map(|(path, _)| path).collect();
    assert_eq!(bad, [&path("e"), &path("f"), &path("none")]);
    assert!(matches!(found.bad[2].1, ReadError::Io(_)) && !found.is_complete());
}

#[test]
fn a_shard_that_changes_under_the_stitch_is_an_error() {
    let scene = scene("home", (60, 40), 200, 1);
    let job = plan(&scene, 2);
    let folder = tempfile::tempdir().expect("a folder");
    let paths = put(&folder, &make(&job, kernel(&job, None).as_ref(), &[1, 2], 2));
    let found = survey(&job, &paths, || ());
    fs::write(&paths[1], &fs::read(&paths[1]).expect("a file")[..300]).expect("room");
    let stitch = Stitch::new(&job, &found, 10);
    let mut out = vec![Escape::new(1, 0.0); 60 * 40];
    stitch.iterate(0..60, 0..40, &mut out);
    assert!(stitch.failed().load(Ordering::Relaxed));
    let (path, error) = stitch.take_failure().expect("an error");
    assert!(path == paths[1] && matches!(error, ReadError::Bad(_)), "{error:?}");
}

#[test]
fn a_job_is_its_text_and_has_no_colors() {
    for scene in [scene("home", (500, 300), 300, 2), scene("twins", (64, 36), 3000, 1)] {
        let job = plan(&scene, 7);
        let text = job.to_text();
        let read = Job::read(&text).expect("a job");
        assert!(read == job && read.to_text() == text);
        assert_eq!(job.id(), Digest::of(text.as_bytes()));
        assert_eq!(job.id().to_string().parse(), Ok(job.id()));
        // Spelled otherwise it is the same job.
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(Job::read(&format!("{value:#}\n")).expect("a job").id(), job.id());
        let coloring = Coloring { map: Map::Linear, density: 3.0, ..Coloring::default() };
        let (viewport, k) = (scene.viewport().clone(), scene.supersample());
        let colored = Scene::new(viewport, scene.bailout(), k, coloring).expect("a scene");
        assert_eq!(plan(&colored, 7), job);
        assert_ne!(plan(&scene, 8).id(), job.id());
        // All tiles are dealt, and evenly.
        let costs = job.costs();
        let (least, most) = (costs.iter().min().expect("shards"), costs.iter().max().expect("shards"));
        assert!(most - least <= most / 4, "{costs:?}");
        let all: Vec<u32> = (1..=7).collect();
        let samples = u64::from(scene.samples().width()) * u64::from(scene.samples().height());
        assert_eq!(job.extent(&all), (job.tile_count().into(), samples));
    }
}

#[test]
fn a_job_that_makes_no_sense_is_refused() {
    let home = scene("home", (100, 60), 300, 2);
    let text = plan(&home, 3).to_text();
    let problem = |text: &str| match Job::read(text) {
        Err(Error::Job(problem)) => problem,
        other => panic!("{other:?}"),
    };
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        problem(&text.replacen(from, to, 1))
    };
    assert!(matches!(problem("{"), JobProblem::Syntax(_)));
    assert!(matches!(problem("[]"), JobProblem::Syntax(_)));
    assert!(matches!(problem(&text.replacen('{', "{\"shards\":\"3\",", 1)), JobProblem::Syntax(_)));
    assert!(matches!(problem("{}"), JobProblem::Value { key: "mandel_job", .. }));
    assert_eq!(changed("\"mandel_job\":1", "\"mandel_job\":2"), JobProblem::Version("2".into()));
    assert_eq!(changed("\"side\"", "\"color\":1,\"side\""), JobProblem::UnknownKey("color".into()));
    assert!(matches!(changed("f64-fma-1", "f64-fma-0"), JobProblem::Kernel { .. }));
    assert!(matches!(changed("\"shards\":\"3\"", "\"shards\":3"), JobProblem::Value { key: "shards", .. }));
    assert!(matches!(changed("\"shards\":\"3\"", "\"shards\":\"0\""), JobProblem::Shards { .. }));
    assert!(matches!(changed("\"shards\":\"3\"", "\"shards\":\"99999\""), JobProblem::Shards { .. }));
    assert!(matches!(changed("\"side\":\"", "\"side\":\"9"), JobProblem::Value { .. }));
    assert!(matches!(changed("\"costs\":\"", "\"costs\":\"A"), JobProblem::Value { key: "costs", .. }));
    assert!(matches!(changed("\"costs\":\"", "\"costs\":\"?"), JobProblem::Value { key: "costs", .. }));
    assert!(matches!(changed("\"orbit\":null", "\"orbit\":\"x\""), JobProblem::Value { key: "orbit", .. }));
    let orbit = format!("\"orbit\":\"{}\"", "0".repeat(64));
    assert!(matches!(changed("\"orbit\":null", &orbit), JobProblem::Value { key: "orbit", .. }));
    assert!(matches!(changed("max_iter = 300", "max_iter = 0"), JobProblem::Scene(_)));
    assert!(matches!(
        Job::plan(&home, 0, Detail::default(), None),
        Err(Error::Job(JobProblem::Shards { shards: 0, .. }))
    ));
    assert!(matches!(
        Job::plan(&home, 9999, Detail::default(), None),
        Err(Error::Job(JobProblem::Shards { shards: 9999, .. }))
    ));
}

#[test]
fn an_orbit_is_read_as_it_was_written() {
    let scene = scene("twins", (40, 30), 3000, 1);
    let made = orbit(&scene).expect("deep");
    let mut bytes = Vec::new();
    let digest = write_orbit(&scene, &made, &mut bytes).expect("memory");
    assert_eq!(digest, orbit_digest(&scene, &made));
    let read = |bytes: &[u8], digest, most| read_orbit(&scene, digest, most, Cursor::new(bytes));
    let orbit = read(&bytes, digest, u64::MAX).expect("an orbit");
    let mut again = Vec::new();
    assert_eq!(write_orbit(&scene, &orbit, &mut again).expect("memory"), digest);
    assert!(again == bytes);
    assert!((orbit.last(), orbit.end()) == (made.last(), made.end()) && orbit.serves(scene.samples()));
    // Further than it goes, it is computed.
    let mut longer = ReferenceOrbit::clone(&orbit);
    longer.extend(orbit.last() + 100, u64::MAX, &AtomicU64::new(0)).expect("short");
    assert!(longer.reaches(orbit.last() + 100));
    // What is not needed changes nothing.
    assert_eq!(orbit_digest(&scene, &longer), digest);
    let bad = |bytes: &[u8]| matches!(read(bytes, digest, u64::MAX), Err(ReadError::Bad(_)));
    for place in (0..bytes.len()).step_by(bytes.len() / 300 + 1) {
        let mut changed = bytes.clone();
        changed[place] ^= 4;
        assert!(bad(&changed), "byte {place}");
        assert!(bad(&bytes[..place]), "{place} bytes");
    }
    assert!(matches!(
        read(&bytes, Digest::of(b""), u64::MAX),
        Err(ReadError::Bad(Error::Foreign { what: "SHA-256", .. }))
    ));
    assert!(matches!(read(&bytes, digest, 10), Err(ReadError::Bad(Error::LongReference { max_steps: 10 }))));
}

//! Everything that reads what others wrote, as functions of bytes. They return whatever the bytes are; a panic is a bug.
//!
//! The fuzz targets in `fuzz/` call the same functions.

use std::fs::File;
use std::io::Write;
use std::sync::OnceLock;

use mandel::decode::FieldFile;
use mandel::job::{Job, read_orbit, verify};
use mandel::location::{Found, Program};
use mandel::{
    Decimal, Detail, Distance, Draft, Escape, Kernel, Palette, Plan, Scene, encode, parse_complex,
    parse_magnitude, parse_pasted,
};

/// A parser that ignores what it gives.
pub(crate) type Parser = fn(&[u8]);

/// All of them, by name.
pub(crate) const PARSERS: [(&str, Parser); 11] = [
    ("numbers", numbers),
    ("scene_text", scene_text),
    ("location", location),
    ("palette", palette),
    ("field", field),
    ("png_text", png_text),
    ("picture_text", picture_text),
    ("png_chunk", png_chunk),
    ("job", job),
    ("shard", shard),
    ("orbit", orbit),
];

/// The most memory that a file of numbers may take, in bytes.
const MEMORY: u64 = 64 << 20;

/// Coordinates and magnifications. What is read is written and read again as the same.
pub(crate) fn numbers(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let same = |number: &Decimal| {
        let again: Decimal = number.to_string().parse().expect("a number as it is written");
        assert!(again == *number, "{number} is read as {again}");
        number.to_floatexp()
    };
    if let Ok(number) = text.parse::<Decimal>() {
        same(&number);
    }
    for c in [parse_complex(text), parse_pasted(text)].into_iter().flatten() {
        same(&c.re);
        same(&c.im);
    }
    if let Ok(zoom) = parse_magnitude(text) {
        same(&zoom);
    }
}

/// Scene texts. What is read is written and read again as the same.
pub(crate) fn scene_text(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(scene) = Draft::read(text).and_then(Draft::scene) else { return };
    let again = Draft::read(&scene.to_text()).and_then(Draft::scene);
    assert!(again.as_ref() == Ok(&scene), "{} is read as {again:?}", scene.to_text());
    let _ = (scene.to_fraktaler3(), scene.to_kalles_fraktaler());
}

/// Locations of other programs, as whosever they may be taken.
pub(crate) fn location(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let programs = [
        Program::KallesFraktaler,
        Program::Fraktaler3,
        Program::DeepDrill,
        Program::Fractint,
        Program::Xaos,
        Program::MandelbrotSite,
    ];
    let _ = Program::of(text);
    for program in programs {
        for entry in [None, Some("Spiral")] {
            if let Ok(found) = Found::read(program, text, entry) {
                let _ = found.draft.scene();
            }
        }
    }
}

/// Palettes of other programs, and pictures.
pub(crate) fn palette(bytes: &[u8]) {
    let names = Palette::names_in(bytes).unwrap_or_default();
    for name in names.iter().map(|name| Some(name.as_str())).take(4).chain([None]) {
        for map in [false, true] {
            let _ = Palette::from_file(bytes, name, map);
        }
    }
}

/// Files of numbers: NPY, NPZ, EXR, KFB. Some of what they hold is read.
pub(crate) fn field(bytes: &[u8]) {
    let Ok(field) = FieldFile::open(file(bytes), None, MEMORY) else { return };
    let (width, height) = field.size();
    for rows in [0..height.min(2), height - 1..height] {
        let columns = 0..width.min(64);
        let samples = columns.len() * rows.len();
        let (mut escapes, mut distances) = (vec![Escape::NONE; samples], vec![Distance::NONE; samples]);
        field.iterate_with_distances(columns.clone(), rows.clone(), &mut escapes, &mut distances);
        field.interiors(columns, rows, &mut escapes, &mut distances);
    }
    let _ = field.take_failure();
}

/// A file without a name that holds these bytes.
fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    file
}

/// The texts of a PNG.
pub(crate) fn png_text(bytes: &[u8]) {
    let _ = encode::texts(bytes);
}

/// One chunk of a PNG that is whole otherwise: its name and what it holds.
pub(crate) fn png_chunk(bytes: &[u8]) {
    let Some((name, body)) = bytes.split_first_chunk::<4>() else { return };
    let mut png = encode::SIGNATURE.to_vec();
    for (name, body) in [(name, body), (b"IEND", &[][..])] {
        png.extend((body.len() as u32).to_be_bytes());
        let start = png.len();
        png.extend(name);
        png.extend(body);
        png.extend(crc32fast::hash(&png[start..]).to_be_bytes());
    }
    let _ = encode::texts(&png[..]);
}

/// The texts of the other pictures.
pub(crate) fn picture_text(bytes: &[u8]) {
    let _ = encode::exr_strings(bytes);
    let _ = encode::jpeg_comment(bytes);
    let _ = encode::dzi_texts(bytes);
}

/// Plans of jobs. What is read is written and read again as the same.
pub(crate) fn job(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(job) = Job::read(text) else { return };
    let again = Job::read(&job.to_text());
    assert!(again.is_ok_and(|again| again.id() == job.id()), "{text}");
}

/// Shards of the job of [`shard_job`].
pub(crate) fn shard(bytes: &[u8]) {
    let _ = verify(shard_job(), bytes);
}

/// A small job, whose shards are read.
pub(crate) fn shard_job() -> &'static Job {
    static JOB: OnceLock<Job> = OnceLock::new();
    JOB.get_or_init(|| {
        let scene = scene("[view]\nsize = \"24x16\"\nsupersample = 1\n[iterate]\nmax_iter = 50\n");
        let detail = Detail { distances: true, interiors: false };
        Job::plan(&scene, 1, detail, None).expect("a job")
    })
}

/// Reference orbits of the view of [`deep_scene`].
pub(crate) fn orbit(bytes: &[u8]) {
    let _ = read_orbit(deep_scene(), mandel::job::orbit_digest(deep_scene(), deep_orbit()), 1 << 20, bytes);
}

/// A small deep view.
pub(crate) fn deep_scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let view = "[view]\ncenter = \"i\"\nzoom = \"1e30\"\nsize = \"8x5\"\nsupersample = 1\n";
        scene(&format!("{view}[iterate]\nmax_iter = 300\n"))
    })
}

/// Its reference orbit.
pub(crate) fn deep_orbit() -> &'static mandel::ReferenceOrbit {
    static ORBIT: OnceLock<std::sync::Arc<mandel::ReferenceOrbit>> = OnceLock::new();
    ORBIT.get_or_init(|| {
        let scene = deep_scene();
        let plan = Plan::new(scene.samples(), scene.bailout(), None);
        plan.reference(None, u64::MAX, &Default::default()).expect("an orbit").expect("a deep view")
    })
}

fn scene(text: &str) -> Scene {
    Draft::read(text).and_then(Draft::scene).expect("a scene")
}

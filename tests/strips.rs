//! The exponential map: where its samples lie, that kernels agree on it, and the films that are cut out of it.

mod folder;

use std::fs;
use std::ops::Range;
use std::process::Output;

use folder::Folder;
use mandel::internals::{Scalar, direct};
use mandel::{
    Bailout, Decimal, Distance, Error, Escape, FloatExp, Frame, Grid, Kernel, Level, Plan, Rotation,
    Shortcuts, Viewport, exact_escape, parse_complex,
};

/// Center, magnification, columns, rows, limit: shallow, deep at the end, beyond the end of `f64`.
const STRIPS: [(&str, &str, u32, u32, u32); 3] = [
    ("-0.743643887037151+0.13182590420533i", "1", 36, 60, 2000),
    ("-1.759817130804847813610825010561798-0.012593310799849i", "0.5", 18, 100, 4036),
    ("i", "1e300", 18, 60, 3000),
];

fn strip((center, zoom, columns, rows, _): (&str, &str, u32, u32, u32)) -> Viewport {
    let center = parse_complex(center).expect("a point");
    let frame = Frame::Exponential { center, zoom: zoom.parse().expect("a number") };
    Viewport::new(frame, Grid::Centers, (columns, rows)).expect("a strip")
}

fn bailout(max_iter: u32) -> Bailout {
    Bailout::new(max_iter).expect("a limit")
}

fn results(kernel: &dyn Kernel, columns: Range<u32>, rows: Range<u32>) -> Vec<(Escape, Distance)> {
    let samples = columns.len() * rows.len();
    let (mut escapes, mut distances) = (vec![Escape::NONE; samples], vec![Distance::NONE; samples]);
    kernel.iterate_with_distances(columns, rows, &mut escapes, &mut distances);
    escapes.into_iter().zip(distances).collect()
}

#[test]
fn rows_are_circles_and_columns_are_rays_clockwise() {
    for (center, zoom) in [("-0.75+0.1i", "1"), ("i", "1e40"), ("-2", "1e5000")] {
        // Four rows to an octave: 36 ln 2 / (2 pi) = 3.97.
        let view = strip((center, zoom, 36, 40, 1));
        let radius = |y| view.offset(0, y).abs();
        for y in 0..36 {
            let half = (radius(y + 4) / radius(y)).to_f64();
            assert!((half - 0.5).abs() < 1e-14, "{zoom} {y}: {half}");
        }
        let outer = radius(0).to_f64().log2() - (2.0 / zoom.parse::<f64>().expect("a number")).log2();
        assert!(zoom == "1e5000" || (outer + 0.125).abs() < 1e-12, "half a row below the edge: {outer}");
        for x in 0..36 {
            let (re, im) = view.offset(x, 7).mantissas();
            let angle = -(f64::from(x) + 0.5) / 36.0 * std::f64::consts::TAU;
            let off = im.atan2(re) - angle;
            assert!((off / std::f64::consts::TAU).fract().abs() < 1e-15 || off.cos() > 1.0 - 1e-15, "{x}");
        }
    }
    let endpoints =
        Frame::Exponential { center: parse_complex("0").expect("a point"), zoom: Decimal::from(1) };
    assert_eq!(Viewport::new(endpoints, Grid::Endpoints, (4, 4)), Err(Error::Endpoints));
}

#[test]
fn parts_of_a_strip_have_its_points() {
    for case in STRIPS {
        let view = strip(case);
        let crop = view.crop(5, 13, 7, 20).expect("a crop");
        assert_eq!((crop.point(2, 3), crop.offset(2, 3)), (view.point(7, 16), view.offset(7, 16)));
        let turned = view.clone().with_rotation(Rotation::new(90.0).expect("an angle")).expect("a view");
        // A picture that is turned by a quarter has what was below at the right.
        let quarter = (turned.offset(0, 3) - view.offset(case.2 / 4, 3)).abs() / view.offset(0, 3).abs();
        assert!(case.2 % 4 != 0 || quarter.to_f64() < 1e-15);
    }
}

#[test]
fn kernels_agree_however_a_strip_is_cut() {
    for case in STRIPS {
        let view = strip(case);
        let (width, height) = (view.width(), view.height());
        let kernel = |level| Plan::new(&view, bailout(case.4), Some(level)).kernel().expect("a kernel");
        let truth = results(kernel(Level::Scalar).as_ref(), 0..width, 0..height);
        assert!(truth.iter().any(|(escape, _)| escape.n().is_some()), "{case:?}");
        for level in Level::all() {
            let kernel = kernel(level);
            assert_eq!(results(kernel.as_ref(), 0..width, 0..height), truth, "{case:?} {level}");
            // From the center outwards, a part of a row at a time.
            for y in (0..height).rev().step_by(7) {
                let row = &truth[(y * width) as usize..][..width as usize];
                assert_eq!(results(kernel.as_ref(), 3..11, y..y + 1), row[3..11], "{case:?} {level} {y}");
            }
        }
        let crop = view.crop(4, 9, 12, 30).expect("a crop");
        let part = results(
            Plan::new(&crop, bailout(case.4), None).kernel().expect("a kernel").as_ref(),
            0..12,
            0..30,
        );
        for (i, found) in part.iter().enumerate() {
            let (x, y) = (4 + i as u32 % 12, 9 + i as u32 / 12);
            assert_eq!(*found, truth[(y * width + x) as usize], "{case:?} {x},{y}");
        }
    }
}

#[test]
fn shallow_samples_are_those_of_the_scalar_kernel() {
    let view = strip(STRIPS[0]);
    let (width, rows, bailout) = (view.width(), 0..30, bailout(STRIPS[0].4));
    let mut truth = vec![Escape::NONE; width as usize * rows.len()];
    Scalar::new(&view, bailout, Shortcuts::ALL).iterate(0..width, rows.clone(), &mut truth);
    let mut found = truth.clone();
    Plan::new(&view, bailout, None).kernel().expect("a kernel").iterate(0..width, rows.clone(), &mut found);
    assert_eq!(found, truth);
    for level in Level::all() {
        direct(level, &view, bailout, Shortcuts::ALL).iterate(0..width, rows.clone(), &mut found);
        assert_eq!(found, truth, "{level}");
    }
}

#[test]
fn deep_counts_are_exact() {
    let (view, max_iter) = (strip(STRIPS[1]), STRIPS[1].4);
    let kernel = Plan::new(&view, bailout(max_iter), None).kernel().expect("a kernel");
    let (mut right, mut all) = (0, 0);
    for (x, y) in (0..view.height()).step_by(3).map(|y| (y * 7 % view.width(), y)) {
        let mut escape = [Escape::NONE];
        kernel.iterate(x..x + 1, y..y + 1, &mut escape);
        let (re, im) = view.offset(x, y).parts();
        let center = view.center().clone();
        let c = num_complex::Complex::new(center.re + Decimal::from(re), center.im + Decimal::from(im));
        let exact = exact_escape(&c, bailout(max_iter)).expect("a proof");
        all += 1;
        right += u32::from(exact.escape.n() == escape[0].n());
    }
    assert!(right >= all - 1, "{right} of {all}: one may hang on roundings");
}

/// Against flat views of one sample at the same points: the same length in the plane, and the direction that the strip has there.
#[test]
fn distances_lie_along_the_strip() {
    let view = strip(STRIPS[0]);
    let kernel = Plan::new(&view, bailout(STRIPS[0].4), None).kernel().expect("a kernel");
    let all = results(kernel.as_ref(), 0..view.width(), 0..view.height());
    let mut checked = 0;
    for (i, (escape, along)) in all.into_iter().enumerate().filter(|(_, (escape, _))| escape.n().is_some()) {
        let (x, y) = (i as u32 % view.width(), i as u32 / view.width());
        if y >= 30 {
            break;
        }
        let (offset, c) = (view.offset(x, y).to_f64(), view.point(x, y));
        // Half of a row above and below: neighbors in this row and across are as far apart, to within the rounding of an octave.
        let spacing = offset.norm() * (std::f64::consts::TAU / 36.0).min(std::f64::consts::LN_2 / 4.0);
        let place = num_complex::Complex::new(FloatExp::from(c.re).into(), FloatExp::from(c.im).into());
        let flat = Viewport::with_height(place, spacing, Grid::Centers, (1, 1)).expect("a view");
        let (_, plane) = results(&Scalar::new(&flat, bailout(STRIPS[0].4), Shortcuts::ALL), 0..1, 0..1)[0];
        let outwards = offset / offset.norm();
        let turned = num_complex::Complex::new(f64::from(plane.x), f64::from(plane.y)) * outwards.conj();
        let expected = num_complex::Complex::new(-turned.im, turned.re);
        let found = num_complex::Complex::new(f64::from(along.x), f64::from(along.y));
        assert!((found - expected).norm() < 1e-5 * expected.norm(), "{escape:?} {x},{y}: {found} {expected}");
        checked += 1;
    }
    assert!(checked > 100);
}

impl Folder {
    fn run(&self, args: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_mandel")).args(args).output().expect("the program runs")
    }

    fn succeed(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    fn refuse(&self, args: &[&str], code: i32, part: &str) {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(part), "{args:?}: {}", stderr(&output));
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A film into a deep built-in place, small.
const FILM: [&str; 10] = ["zoom", "--at", "star", "--to", "1e16", "-n", "2000", "-q", "-s", "32x18"];

fn film<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&FILM[..], more].concat()
}

fn pixels(path: &std::path::Path) -> Vec<u8> {
    image::open(path).expect("a picture").into_rgb8().into_raw()
}

#[test]
fn frames_are_cut_out_of_a_strip_in_a_file() {
    let folder = Folder::new();
    folder.succeed(&film(&["--strip", "z.exr"]));
    let cut = |threads: &str, frames: &str, name: &str| {
        let output = format!("{name}/{{index:02}}.png");
        folder.succeed(&[
            "zoom",
            "--from-strip",
            "z.exr",
            "-s",
            "32x18",
            "--from",
            "1",
            "--to",
            "1e16",
            "-q",
            "--frames",
            frames,
            "-t",
            threads,
            "-o",
            &output,
        ]);
        let path = |index: u32| folder.path(&format!("{name}/{index:02}.png"));
        (0..frames.parse().expect("a number"))
            .map(|index| fs::read(path(index)).expect("a frame"))
            .collect::<Vec<_>>()
    };
    let five = cut("1", "5", "one");
    assert_eq!(cut("3", "5", "three"), five);
    // Whatever else is made, but for the number of the frame in the file.
    let middle = |name: &str, index: u32| pixels(&folder.path(&format!("{name}/{index:02}.png")));
    cut("2", "9", "more");
    for i in 0..5 {
        assert_eq!(middle("more", 2 * i), middle("one", i), "{i}");
    }
    // Where frames that are iterated have the same, and the same as those of the strip without a file.
    folder.succeed(&film(&["--frames", "5", "--way", "direct", "-o", "direct/{index:02}.png"]));
    folder.succeed(&film(&["--frames", "5", "--way", "strip", "-o", "strip/{index:02}.png"]));
    let mean = |a: &[u8], b: &[u8]| {
        a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
    };
    for i in 0..3 {
        let (cut, direct) = (middle("one", i), middle("direct", i));
        let off = mean(&cut, &direct);
        // A pixel to the right, and a row down.
        for shift in [3, 3 * 32] {
            let shifted = mean(&cut[shift..], &direct);
            assert!(off < 0.8 * shifted, "{i}: {off} {shifted}");
        }
        assert!(mean(&cut, &middle("strip", i)) < 0.5, "{i}");
    }
}

#[test]
fn a_film_of_a_strip_goes_on_with_that_strip_alone() {
    let folder = Folder::new();
    let place = ["zoom", "-c", "-1.25", "-n", "200", "-q", "--map", "cyclic"];
    let run = |more: &[&'static str]| [&place[..], more].concat();
    folder.succeed(&run(&["--to", "160", "-s", "16x16", "--strip", "z.npz"]));
    folder.succeed(&run(&["--to", "160", "-s", "32x32", "--strip", "wide.npz", "--rotate", "30"]));
    let cut = |strip: &'static str, more: &[&'static str]| {
        let from =
            ["zoom", "--from-strip", strip, "-s", "16x16", "--frames", "3", "-q", "-o", "f/{index}.png"];
        [&from[..], more].concat()
    };
    folder.succeed(&cut("z.npz", &[]));
    let film = fs::read_to_string(folder.path("f/2.png")).unwrap_or_else(|_| {
        String::from_utf8_lossy(&fs::read(folder.path("f/2.png")).expect("a frame")).into_owned()
    });
    assert!(film.contains("from = \"1\"") && film.contains("to = \"160\""), "{film}");
    let last = fs::read(folder.path("f/2.png")).expect("a frame");
    fs::remove_file(folder.path("f/2.png")).expect("a frame");
    folder.refuse(&cut("wide.npz", &["--resume", "--to", "160"]), 4, "no frame of this film");
    folder.succeed(&cut("z.npz", &["--resume"]));
    assert_eq!(fs::read(folder.path("f/2.png")).expect("a frame"), last);
}

#[test]
fn a_strip_is_planned_sharded_and_rendered_like_a_picture() {
    let folder = Folder::new();
    folder.succeed(&film(&["--strip", "z.npz"]));
    fs::write(folder.path("z.toml"), folder.succeed(&film(&["--strip", "z.npz", "--dry-run"])))
        .expect("a file");
    folder.succeed(&["plan", "--scene", "z.toml", "--shards", "5", "-o", "job.json", "-q"]);
    for shard in ["1/5", "2/5", "3/5", "4/5", "5/5"] {
        folder.succeed(&["render", "--job", "job.json", "--shard", shard, "--out-dir", "d", "-q"]);
    }
    folder.succeed(&["stitch", "job.json", "d", "-q", "-o", "s.npy"]);
    folder.succeed(&["render", "--scene", "z.toml", "-o", "r.npy", "-q"]);
    assert_eq!(
        fs::read(folder.path("s.npy")).expect("a file"),
        fs::read(folder.path("r.npy")).expect("a file")
    );
}

#[test]
fn octaves_of_a_strip_are_files_from_the_inside_out() {
    let folder = Folder::new();
    folder.succeed(&[
        "zoom",
        "-c",
        "-1.25",
        "--to",
        "16",
        "-n",
        "200",
        "-q",
        "-s",
        "16x16",
        "--strip",
        "o/{index:02}.exr",
    ]);
    // 256 columns, and 256 ln 2 / (2 pi) rows: four octaves of the film, and those to the middle of its last frame.
    let size = |index: u32| {
        let json = folder.succeed(&["stats", &format!("o/{index:02}.exr"), "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        (json["samples"].clone(), json)
    };
    assert_eq!(size(0).0, 256 * 28, "{}", size(0).1);
    assert!(folder.path("o/07.exr").exists() && !folder.path("o/09.exr").exists());
    fs::remove_file(folder.path("o/00.exr")).expect("a file");
    folder.refuse(
        &["zoom", "-c", "-1.25", "--to", "16", "-n", "200", "-s", "16x16", "--strip", "o/{index:02}.exr"],
        4,
        "01.exr",
    );
    assert!(!folder.path("o/00.exr").exists(), "nothing is made where a later file is in the way");
}

#[test]
fn what_is_no_strip_is_refused_and_nothing_is_written() {
    let folder = Folder::new();
    folder.succeed(&[
        "zoom", "-c", "-1.25", "--to", "16", "-n", "200", "-q", "-s", "16x16", "--strip", "z.exr",
    ]);
    let cut = |more: &[&'static str]| {
        [&["zoom", "--frames", "3", "-s", "16x16", "-o", "f/{index}.png"], more].concat()
    };
    let whole = fs::read(folder.path("z.exr")).expect("a file");
    fs::write(folder.path("short.exr"), &whole[..whole.len() - 100]).expect("a file");
    let mut damaged = whole.clone();
    let place = damaged.len() - 500;
    damaged[place..place + 40].fill(0x55);
    fs::write(folder.path("damaged.exr"), damaged).expect("a file");
    folder.succeed(&["render", "-s", "16", "-n", "50", "-o", "flat.exr", "-q"]);
    for (more, code, part) in [
        (&["--from-strip", "none.exr"][..], 4, "cannot read none.exr: no such file or directory"),
        (&["--from-strip", "flat.exr"], 2, "exponential map"),
        (&["--from-strip", "short.exr"], 3, "short.exr"),
        (&["--from-strip", "damaged.exr"], 3, "damaged.exr"),
        (&["--from-strip", "z.exr", "-c", "0"], 2, "--center does not go with --from-strip"),
        (&["--from-strip", "z.exr", "--to", "1e9"], 2, "stay within"),
        (&["--from-strip", "z.exr", "--from", "0.01"], 2, "stay within"),
        (&["--from-strip", "z.exr", "--light", "45"], 2, "has no distances"),
        (&["--from-strip", "z.exr", "--edge", "1"], 2, "a strip cannot have an edge"),
        (&["--from-strip", "z.exr", "--interior", "transparent"], 2, "a strip cannot have transparency"),
        (
            &["--from-strip", "z.exr", "--interior", "distance"],
            2,
            "a strip cannot have an interior by its distance",
        ),
        (&["--from-strip", "z.exr", "--map", "histogram"], 2, "choose --map auto"),
        (&["--from-strip", "o/{index}.exr"], 2, "the strip in one file"),
    ] {
        folder.refuse(&cut(more), code, part);
    }
    folder.refuse(&film(&["--strip", "z.png"]), 2, "a file of numbers");
    folder.refuse(&film(&["--strip", "z.exr"]), 4, "already exists");
    folder.refuse(&film(&["--strip", "{frame}.exr"]), 2, "{index:04}");
    folder.refuse(&["zoom", "--projection", "exponential", "--frames", "3"], 2, "--from-strip");
    folder.refuse(&["render", "--projection", "exponential", "--region=-2,1,-1,1"], 2, "--center and --zoom");
    // Any size of a view says how wide the upper edge is.
    for size in [["--at", "seahorse"], ["--width", "0.1"], ["--height", "0.1"], ["--zoom", "40"]] {
        folder.succeed(
            &[
                &["render", "--projection", "exponential", "-s", "16x20", "-q", "-f", "-o", "a.png"],
                &size[..],
            ]
            .concat(),
        );
    }
    folder.refuse(
        &["render", "--projection", "exponential", "-n", "9", "-s", "1x1000000"],
        2,
        "a wider or lower --size",
    );
    assert_eq!(fs::read(folder.path("z.exr")).expect("a file"), whole);
    // A byte that is another one, in numbers that are stored as they are.
    folder.succeed(&film(&["--strip", "z.npz"]));
    let mut changed = fs::read(folder.path("z.npz")).expect("a file");
    let place = changed.len() / 2;
    changed[place] ^= 1;
    fs::write(folder.path("changed.npz"), changed).expect("a file");
    folder.refuse(&cut(&["--from-strip", "changed.npz"]), 3, "checksum differs");
    folder.refuse(&["verify", "changed.npz"], 3, "checksum differs");
    folder.refuse(&["verify", "short.exr"], 3, "cut short");
}

//! The program from outside: what people type, what they get back.

mod folder;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use folder::Folder;

impl Folder {
    fn mandel(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_mandel"));
        command.args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.mandel(args).output().expect("the program starts")
    }

    /// Runs, expects success, and gives standard output.
    fn succeed(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs, expects this exit code and this standard error, and that nothing was left behind.
    fn fail(&self, args: &[&str], code: i32, message: &str) {
        let before = self.names();
        let output = self.run(args);
        assert_eq!(stderr(&output).trim_end(), message, "{args:?}");
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        assert_eq!(self.names(), before, "{args:?} changed the folder");
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("the folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path).expect("a file")
}

/// A small picture, quickly.
const SMALL: [&str; 5] = ["render", "--size", "64x36", "-n", "100"];

fn small<'a>(more: &[&'a str]) -> Vec<&'a str> {
    SMALL.iter().copied().chain(more.iter().copied()).collect()
}

#[test]
fn names_are_found_that_are_not_yet_taken() {
    let folder = Folder::new();
    for _ in 0..3 {
        folder.succeed(&SMALL);
    }
    folder.succeed(&small(&["--format", "npy"]));
    assert_eq!(folder.names(), ["mandel-2.png", "mandel-3.png", "mandel.npy", "mandel.png"]);
}

#[test]
fn one_render_makes_several_files() {
    let folder = Folder::new();
    folder.succeed(&small(&["-o", "a.png", "-o", "b.npy", "--supersample", "3"]));
    let picture = image::open(folder.path("a.png")).expect("a picture");
    assert_eq!((picture.width(), picture.height()), (64, 36));
    let counts = read(folder.path("b.npy"));
    assert!(counts.starts_with(b"\x93NUMPY\x01\x00"));
    let header = String::from_utf8_lossy(&counts[..128]).into_owned();
    assert!(header.contains("'descr': '<u4', 'fortran_order': False, 'shape': (108, 192)"), "{header}");
    assert_eq!(counts.len(), 128 + 4 * 108 * 192);
    // Where only numbers are wanted, one sample stands for each pixel.
    folder.succeed(&small(&["-o", "c.npy"]));
    assert_eq!(read(folder.path("c.npy")).len(), 128 + 4 * 36 * 64);
}

#[test]
fn smooth_counts_are_counts_with_a_fraction() {
    let folder = Folder::new();
    folder.succeed(&small(&["-o", "counts.npy", "--values", "counts"]));
    folder.succeed(&small(&["-o", "alone.npy", "--values", "smooth"]));
    folder.succeed(&small(&["-o", "a.png", "-o", "beside.npy", "--values", "smooth", "--supersample", "1"]));
    let smooth = read(folder.path("alone.npy"));
    assert!(smooth == read(folder.path("beside.npy")));
    assert_eq!(smooth.len(), 128 + 8 * 36 * 64);
    let counts = read(folder.path("counts.npy"));
    let mut near = 0;
    for (count, value) in counts[128..].chunks_exact(4).zip(smooth[128..].chunks_exact(8)) {
        let count = u32::from_le_bytes(count.try_into().expect("4 bytes"));
        let value = f64::from_le_bytes(value.try_into().expect("8 bytes"));
        assert!(!value.is_nan() || count == 100, "{count}");
        near += u32::from((value - f64::from(count)).abs() <= 1.0);
    }
    // All others do not escape, or begin next to |z| = 2 and take their time.
    assert!(near > 36 * 64 / 2, "{near}");
    folder.fail(
        &small(&["-o", "b.png", "--values", "smooth"]),
        2,
        "error: --values is for files of numbers, and there is none to write; add -o numbers.npy",
    );
    let text = folder.succeed(&small(&["-q", "--dry-run", "-o", "x.npy"]));
    fs::write(folder.path("whole.toml"), text).expect("a file");
    folder.fail(
        &["render", "--scene", "whole.toml", "-o", "b.npy", "--values", "smooth"],
        2,
        "error: --values smooth needs a scene with an escape radius, and this one has none; write \
         escape_radius = 256 into its [iterate]",
    );
}

#[test]
fn the_same_bytes_for_every_thread_count_and_chunk() {
    let folder = Folder::new();
    let sizes = [("1x1", "0"), ("1x999", "0"), ("999x1", "0"), ("641x479", "0"), ("321x239", "33")];
    for (size, degrees) in sizes {
        let mut first: Option<(Vec<u8>, Vec<u8>)> = None;
        for (threads, rows) in [("1", "auto"), ("2", "1"), ("3", "7"), ("7", "1000"), ("2", "auto")] {
            folder.succeed(&[
                "render",
                "-s",
                size,
                "--rotate",
                degrees,
                "-n",
                "300",
                "-t",
                threads,
                "--rows-per-chunk",
                rows,
                "-f",
                "-q",
                "-o",
                "a.png",
                "-o",
                "a.npy",
            ]);
            let bytes = (read(folder.path("a.png")), read(folder.path("a.npy")));
            match &first {
                None => first = Some(bytes),
                Some(first) => assert!(*first == bytes, "{size}, {threads} threads, {rows} rows"),
            }
        }
    }
}

#[test]
fn standard_output_gets_the_same_picture() {
    let folder = Folder::new();
    folder.succeed(&small(&["-o", "a.png"]));
    let output = folder.run(&small(&["-o", "-"]));
    assert!(output.status.success());
    assert!(output.stdout == read(folder.path("a.png")));
    let output = folder.run(&small(&["-o", "-", "--format", "npy"]));
    assert!(output.stdout.starts_with(b"\x93NUMPY"));
}

#[test]
fn devices_are_written_into_and_not_replaced() {
    let folder = Folder::new();
    folder.succeed(&small(&["-o", "/dev/null"]));
    let kind = fs::metadata("/dev/null").expect("the device").file_type();
    assert!(std::os::unix::fs::FileTypeExt::is_char_device(&kind));
    let output = folder.run(&small(&["-o", "/dev/full"]));
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(stderr(&output).trim_end(), "error: cannot write /dev/full: no space left on device");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
    let output = folder.mandel(&small(&["-o", "-"])).stdout(full).output().expect("starts");
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_link_is_replaced_and_its_target_untouched() {
    let folder = Folder::new();
    fs::write(folder.path("victim"), "old").expect("a file");
    std::os::unix::fs::symlink("victim", folder.path("o.png")).expect("a link");
    folder.fail(
        &small(&["-o", "o.png"]),
        4,
        "error: o.png already exists; use --force to replace it or --no-clobber to skip",
    );
    folder.succeed(&small(&["-o", "o.png", "--force"]));
    assert_eq!(read(folder.path("victim")), b"old");
    assert!(fs::symlink_metadata(folder.path("o.png")).expect("a file").is_file());
}

#[test]
fn a_new_file_has_the_usual_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    fs::write(folder.path("plain"), "").expect("a file");
    folder.succeed(&small(&["-o", "a.png"]));
    let mode = |name| fs::metadata(folder.path(name)).expect("a file").permissions().mode();
    assert_eq!(mode("a.png"), mode("plain"));
}

#[test]
fn a_name_that_is_not_text_works() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new();
    let name = std::ffi::OsStr::from_bytes(b"o\xff.png");
    let status = folder.mandel(&small(&["-q", "-o"])).arg(name).status().expect("starts");
    assert!(status.success());
    assert!(folder.0.path().join(name).exists());
}

#[test]
fn a_closed_pipe_ends_quietly() {
    use std::os::unix::process::ExitStatusExt;
    let folder = Folder::new();
    for args in
        [&["render", "-s", "900", "-o", "-"][..], &["palettes", "--color", "always"], &["point", "0.3"]]
    {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = folder.mandel(args).stdout(writer).output().expect("starts");
        assert_eq!(output.status.signal(), Some(13), "{args:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("error"), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn an_interrupt_removes_the_unfinished_file_and_keeps_the_old_one() {
    use std::os::unix::process::ExitStatusExt;
    for (name, number) in [("INT", 2), ("TERM", 15)] {
        let folder = Folder::new();
        fs::write(folder.path("o.png"), "old").expect("a file");
        // Four billion steps for each of the samples near the center of a component's edge.
        let args = ["render", "-c", "-0.75", "--height", "1e-9", "-n", "4294967294", "-o", "o.png", "-f"];
        let mut child = folder.mandel(&args).stderr(Stdio::null()).spawn().expect("starts");
        while folder.names().len() < 2 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let kill = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
        assert!(kill.expect("kill").success());
        assert_eq!(child.wait().expect("ends").signal(), Some(number));
        assert_eq!(folder.names(), ["o.png"]);
        assert_eq!(read(folder.path("o.png")), b"old");
    }
}

#[test]
fn model_errors() {
    let folder = Folder::new();
    fs::write(folder.path("poster.png"), "old").expect("a file");
    let cases: [(&[&str], i32, &str); 13] = [
        (
            &["render", "--size", "1920*1080"],
            2,
            "error: cannot read size '1920*1080'\n  expected WIDTHxHEIGHT or a name (hd, fhd, 4k, ...); try --size 1920x1080",
        ),
        (&["version"], 2, "error: there is no command 'version'; type mandel --version"),
        (
            &["--at", "seahorse", "-o", "x.png"],
            2,
            "error: --at is an option of a command, and stands behind it; type mandel render --at ...",
        ),
        (
            &["render", "--center", "0.25+-0.1"],
            2,
            "error: cannot read center '0.25+-0.1'\n                                ^ a second sign\n  \
             examples: -0.75+0.1i   0.1i   -1.75   \"-0.75,0.1\"",
        ),
        (
            &["render", "-c", "-o", "x.png"],
            2,
            "error: --center needs a value, but the next word is the option '-o'",
        ),
        (
            &["render", "--zoom", "0"],
            2,
            "error: --zoom must be greater than 0 (got 0); zoom 1 shows a height of 4, larger numbers go deeper",
        ),
        (
            &["render", "--zoom", "2", "--width", "3"],
            2,
            "error: --zoom and --width both set the size of the view; keep one",
        ),
        (
            &["render", "--region", "1,0,-1,1"],
            2,
            "error: --region: xmin (1) is not below xmax (0); did you swap them? try --region 0,1,-1,1",
        ),
        (
            &["render", "--palette", "infreno"],
            2,
            "error: no palette named 'infreno' ('mandel palettes' lists them), no list of colors such as #001,#fff,#fa0,#001, and no \
             file of that name; did you mean 'inferno'?",
        ),
        (
            &["render", "-o", "out.jpgg"],
            2,
            "error: unknown file type '.jpgg'; known: .png, .npy, .dzi, .tiff, .webp, .qoi, .jpg, .ppm, .pam, .npz, .exr",
        ),
        (
            &["render", "-o", "poster.png"],
            4,
            "error: poster.png already exists; use --force to replace it or --no-clobber to skip",
        ),
        (&["render", "--threads", "-2"], 2, "error: --threads must be 1..N or 'auto' (got '-2')"),
        (
            &["render", "-o", "none/poster.png"],
            4,
            "error: cannot write none/poster.png: there is no folder none",
        ),
    ];
    for (args, code, message) in cases {
        folder.fail(args, code, message);
    }
    assert_eq!(read(folder.path("poster.png")), b"old");
}

#[test]
fn nonsense_is_refused_with_its_option_named() {
    let folder = Folder::new();
    fs::create_dir(folder.path("dir")).expect("a folder");
    let digits = "9".repeat(100_001);
    let cases: &[(&[&str], i32, &str)] = &[
        (&["--size", "0x0"], 2, "--size must be 1x1 to"),
        (&["--size", "0x10"], 2, "--size"),
        (&["--size", "-5x10"], 2, "size"),
        (&["--size", ""], 2, "size"),
        (&["--size", "2147483648x1"], 2, "--size"),
        (&["--size", "99999999999999999999999x1"], 2, "--size"),
        (&["--size", "1e3"], 2, "size"),
        (&["--center", "nan"], 2, "center"),
        (&["--center", "inf"], 2, "center"),
        (&["--center", ""], 2, "center"),
        (&["--center", "0x10"], 2, "center"),
        (&["--center", "1,5,7"], 2, "center"),
        (&["--center", &digits], 2, "digits"),
        (&["--center", "1e999"], 2, "1.8e308"),
        (&["--zoom", "NaN"], 2, "zoom"),
        (&["--zoom", "-1"], 2, "--zoom"),
        (&["--zoom", "1e-400"], 2, "--zoom"),
        (&["--height", "1e400"], 2, "--height"),
        (&["--zoom", &digits], 2, "digits"),
        (&["--height", "inf"], 2, "height"),
        (&["--width", "0"], 2, "--width"),
        (&["--region", "1,2,3"], 2, "--region needs four numbers"),
        (&["--region", "-2,1,0,0"], 2, "--region"),
        (&["--region", "-2,1,-1,1", "--zoom", "3"], 2, "--region and --zoom"),
        (&["--aspect", "stretch"], 2, "--region"),
        (&["--rotate", "abc"], 2, "--rotate needs an angle in degrees (got 'abc'); try --rotate 30"),
        (&["--rotate", "nan"], 2, "--rotate"),
        (&["--rotate", "-inf"], 2, "--rotate"),
        (&["--rotate", "1e999"], 2, "--rotate"),
        (&["--rotate", "-o"], 2, "--rotate needs a value"),
        (&["--rotate"], 2, "--rotate"),
        (&["--at", "seahorze"], 2, "did you mean 'seahorse'?"),
        (&["-n", "0"], 2, "--max-iter must be 1..4294967294 or 'auto'"),
        (&["-n", "-1"], 2, "--max-iter"),
        (&["-n", "4294967295"], 2, "--max-iter"),
        (&["-n", "18446744073709551616"], 2, "--max-iter"),
        (&["--supersample", "9"], 2, "--supersample must be 1..8 or 'auto'"),
        (
            &["--supersample", "auto", "-o", "x.npy"],
            2,
            "--supersample auto samples some pixels more than others",
        ),
        (&["--supersample", "auto", "-o", "x.png", "-o", "x.npy"], 2, "choose --supersample 1 to 8"),
        (&["--supersample", "auto", "--resume", "parts"], 2, "choose --supersample 1 to 8"),
        (&["--light", "up"], 2, "--light needs an angle of at most 1e6 degrees"),
        (&["--light", "0,0.1"], 2, "a height from 0.5 to 100"),
        (&["--light", "0,1,2"], 2, "a strength from 0 to 1"),
        (&["--light", "-z"], 2, "the next word is the option '-z'"),
        (&["--edge", "0"], 2, "--edge needs a width in pixels above 0"),
        (&["--edge", "1,blue"], 2, "--edge: cannot read color 'blue'"),
        (&["--origin", "-1"], 2, "--origin must be 0.."),
        (&["--origin", "3", "--map", "auto"], 2, "--origin is where the map log begins"),
        (&["--map", "middle"], 2, "auto, histogram, log, linear, sqrt, cyclic"),
        (&["--threads", "100000"], 2, "--threads must be 1.."),
        (&["--threads", "1.5"], 2, "--threads"),
        (&["--rows-per-chunk", "0"], 2, "--rows-per-chunk"),
        (&["--kernel", "gpu"], 2, "--kernel"),
        (&["--map", "cubic"], 2, "--map"),
        (&["--density", "0"], 2, "density"),
        (&["--density", "nan"], 2, "--density"),
        (&["--offset", "inf"], 2, "--offset"),
        (&["--interior", "reddish"], 2, "--interior"),
        (&["--interior", "transparent", "-o", "a.jpg"], 2, "needs a format with opacity, and jpg has none"),
        (&["--depth", "12"], 2, "--depth is 8 or 16"),
        (&["--depth", "16", "-o", "a.webp"], 2, "webp has 8 bits a channel"),
        (&["--depth", "16", "-o", "a.npy"], 2, "--depth is for pictures"),
        (&["--quality", "90"], 2, "--quality is for JPEG"),
        (&["--preview", "-o", "a.npy"], 2, "--preview draws a picture"),
        (&["--quality", "101", "-o", "a.jpg"], 2, "--quality must be 1..100"),
        (&["-s", "20000x10", "-o", "a.webp"], 2, "webp holds at most 16384 pixels along a side"),
        (&["--palette", "#123"], 2, "--palette"),
        (&["--palette", "#12345,#000"], 2, "--palette"),
        (&["-o", ""], 2, "--output"),
        (&["-o", "dir"], 2, "directory"),
        (&["-o", "new.png/"], 2, "directory"),
        (&["-o", "plain"], 2, "--format"),
        (&["-o", "a.png", "-o", "a.png"], 2, "twice"),
        (&["-o", "x.gif"], 2, "unknown file type '.gif'"),
        (&["-o", "/proc/x.png"], 4, "cannot write"),
        (&["--size", "1000000x1000000", "-o", "x.npy"], 4, "TiB as NPY and"),
        (&["--json", "-o", "-"], 2, "--json"),
    ];
    let before = folder.names();
    for (args, code, part) in cases {
        let mut all = vec!["render"];
        all.extend(*args);
        let output = folder.run(&all);
        let text = stderr(&output);
        let shown: String = text.chars().take(300).collect();
        assert_eq!(output.status.code(), Some(*code), "{part}: {shown}");
        assert!(text.starts_with("error: ") && text.contains(part), "{part}: {shown}");
        assert!(text.len() < 1000, "{part}: {} characters", text.len());
        assert_eq!(folder.names(), before, "{part}");
    }
}

#[test]
fn a_file_already_there_can_be_kept_or_replaced() {
    let folder = Folder::new();
    fs::write(folder.path("a.png"), "old").expect("a file");
    folder.succeed(&small(&["-o", "a.png", "--no-clobber"]));
    assert_eq!(read(folder.path("a.png")), b"old");
    folder.succeed(&small(&["-o", "a.png", "--force"]));
    assert!(read(folder.path("a.png")).starts_with(b"\x89PNG"));
    assert_eq!(folder.names(), ["a.png"]);
}

#[test]
fn points_are_counted() {
    let folder = Folder::new();
    assert_eq!(
        folder.succeed(&["point", "2"]),
        "c       2+0i\ncount   2\nsmooth  1.607978\nproven  by exact arithmetic\n"
    );
    let tip = "c       -2+0i\ndid not escape within 1000 iterations\nproven  by exact arithmetic\n";
    assert_eq!(folder.succeed(&["point", "-2"]), tip);
    let json = folder.succeed(&["point", "-0.75+0.001i", "-n", "100000", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["n"], 3143);
    assert_eq!(json["escaped"], true);
    assert_eq!(json["re"], "-0.75");
    assert_eq!((json["kernel"].clone(), json["bits"].clone()), ("exact".into(), 128.into()));
    assert_eq!(json["f64_count"], 3143);
    assert_eq!(json["proven"], true);
}

#[test]
fn points_are_counted_exactly() {
    let folder = Folder::new();
    let shallow = "c       -0.732+0.172i\ncount   1241\nsmooth  1241.152987\n\
                   proven  by ball arithmetic of 128 bits\nf64     1670 (what a picture in double precision shows)\n";
    assert_eq!(folder.succeed(&["point", "-0.732+0.172i", "-n", "2000"]), shallow);
    assert_eq!(
        folder.succeed(&["point", "-2.000000000000000000000000000001"]).lines().nth(1),
        Some("count   1")
    );
    let forever = "c       0+0i\ndid not escape within 4000000000 iterations\nproven  by exact arithmetic\n";
    assert_eq!(folder.succeed(&["point", "0", "-n", "4000000000"]), forever);
    let csv = include_str!("data/exact_points.csv");
    let deep = csv.lines().find(|line| line.starts_with("deep 1e-93")).expect("a deep point");
    let fields: Vec<&str> = deep.rsplit(',').collect();
    let c = format!("{},{}", fields[5], fields[4]);
    let json = folder.succeed(&["point", &c, "-n", fields[2], "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((json["n"].clone(), json["f64_count"].clone()), (29928.into(), 1036.into()));
}

#[test]
fn a_dry_run_prints_the_scene_and_makes_nothing() {
    let folder = Folder::new();
    let text = folder.succeed(&["render", "--at", "seahorse", "--dry-run"]);
    for part in ["mandel = 1\n", "max_iter = 4000\n", "center = \"-0.7453+0.1127i\"\n"] {
        assert!(text.contains(part), "{text}");
    }
    let output = folder.run(&["render", "-z", "16", "--dry-run", "--json", "-t", "3"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((json["mandel"].clone(), json["view"]["zoom"].clone()), (1.into(), "16".into()));
    assert_eq!(json["view"]["size"], "1920x1080");
    let how = stderr(&output);
    assert!(how.starts_with("kernel f64-fma-1 ") && how.contains("; 3 threads, "), "{how}");
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn the_thread_count_comes_from_the_first_place_that_names_one() {
    let folder = Folder::new();
    let threads = |args: &[&str], variables: &[(&str, &str)]| {
        let mut all = vec!["render", "--dry-run"];
        all.extend(args);
        let output = folder.mandel(&all).envs(variables.iter().copied()).output().expect("starts");
        planned_threads(&output)
    };
    let both = [("MANDEL_THREADS", "5"), ("RAYON_NUM_THREADS", "6")];
    assert_eq!(threads(&["-t", "4"], &both), 4);
    assert_eq!(threads(&[], &both), 5);
    assert_eq!(threads(&[], &both[1..]), 6);
    let usable = threads(&[], &[]);
    assert_eq!(threads(&["-t", "auto"], &both), usable);
    assert_eq!(threads(&["-t", "0"], &both), usable);
    let output =
        folder.mandel(&["render", "--dry-run"]).env("MANDEL_THREADS", "many").output().expect("starts");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output).trim_end(), "error: MANDEL_THREADS must be 1..N or 'auto' (got 'many')");
}

/// The number of threads that a dry run names.
fn planned_threads(output: &Output) -> u64 {
    let how = stderr(output);
    let words: Vec<&str> = how.split_whitespace().collect();
    let at = words.iter().position(|word| word.starts_with("thread")).expect("threads are named");
    words[at - 1].parse().expect("a number")
}

/// The default follows CPU affinity. Skipped where `taskset` is not installed.
#[cfg(target_os = "linux")]
#[test]
fn one_usable_cpu_means_one_thread() {
    let folder = Folder::new();
    let output = Command::new("taskset")
        .args(["-c", "0", env!("CARGO_BIN_EXE_mandel"), "render", "--dry-run"])
        .env_remove("MANDEL_THREADS")
        .env_remove("RAYON_NUM_THREADS")
        .current_dir(folder.0.path())
        .output();
    let Ok(output) = output else {
        return; // taskset is not installed
    };
    assert_eq!(planned_threads(&output), 1);
}

#[test]
fn palettes_are_a_plain_list_in_a_pipe() {
    let folder = Folder::new();
    let list = folder.succeed(&["palettes"]);
    let stops = "glacier ember ultra dusk aurora ink copper forest pastel print contrast";
    let matplotlib = "hot viridis inferno magma plasma cividis turbo twilight twilight_shifted";
    assert_eq!(list, format!("{stops} {matplotlib} ").replace(' ', "\n"));
    assert!(!list.contains('\x1b'));
    assert!(folder.succeed(&["palettes", "--color", "always"]).contains("\x1b[38;2;4;8;30"));
}

#[test]
fn too_few_iterations_are_noted() {
    let folder = Folder::new();
    let output = folder.run(&["render", "--at", "seahorse", "-n", "300", "-s", "320x180"]);
    assert!(stderr(&output).contains("more detail may appear with --max-iter 1200"), "{}", stderr(&output));
    let output = folder.run(&["render", "-s", "320x180"]);
    assert!(!stderr(&output).contains("note"), "{}", stderr(&output));
}

#[test]
fn max_iter_can_come_from_the_view() {
    let folder = Folder::new();
    let max_iter = |args: &[&str]| {
        let mut all = vec!["render", "--dry-run", "--json", "-n", "auto"];
        all.extend(args);
        let json: serde_json::Value = serde_json::from_str(&folder.succeed(&all)).expect("JSON");
        json["iterate"]["max_iter"].as_u64().expect("a number")
    };
    assert!((250..=1000).contains(&max_iter(&[])));
    assert!((1000..=16_000).contains(&max_iter(&["--at", "seahorse"])));
    // Nothing escapes inside the cardioid; the search ends all the same.
    assert!(max_iter(&["-c", "0", "--height", "0.1"]) >= 250);
}

#[test]
fn a_summary_as_json() {
    let folder = Folder::new();
    let json: serde_json::Value =
        serde_json::from_str(&folder.succeed(&small(&["--json", "-t", "2", "-o", "a.png"]))).expect("JSON");
    assert_eq!(json["outputs"][0], "a.png");
    assert_eq!(json["threads"], 2);
    assert!(json["seconds"].as_f64().expect("a number") >= 0.0);
}

/// A small comparison, quickly.
fn bench<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ["bench", "-s", "64x36", "-n", "100", "--runs", "2"].iter().copied().chain(more.iter().copied()).collect()
}

#[test]
fn a_comparison_is_written_in_every_format() {
    let folder = Folder::new();
    let variants = ["-t", "2,1,3..4", "--schedule", "static,dynamic", "--rows-per-chunk", "36,auto,36"];
    let exports = ["--json", "a.json", "--csv", "a.csv", "--markdown", "a.md", "--svg", "a.svg"];
    let output = folder.run(&bench(&[&variants[..], &exports].concat()));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(folder.names(), ["a.csv", "a.json", "a.md", "a.svg"]);
    assert!(stderr(&output).contains("note: every variant gave the same counts"), "{}", stderr(&output));

    // Two lines that say what was measured, an empty one, the headings, and a line with a bar for each variant.
    let table = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4 + 12, "{table}");
    assert!(lines[0].starts_with("64x36, max_iter 100, -0.65+0i, zoom 1.633"), "{table}");
    assert!(lines[1].contains("usable CPU") && lines[1].contains("2 runs"), "{table}");
    assert!(lines[4].starts_with("dynamic ") && lines[15].starts_with("static "), "{table}");
    assert!(lines[4..].iter().all(|line| line.ends_with('#')), "{table}");
    assert!(table.is_ascii());

    let text = fs::read_to_string(folder.path("a.json")).expect("text");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let variants = json["variants"].as_array().expect("variants");
    let shape = |variant: &serde_json::Value| {
        let rows = variant["rows_per_chunk"].as_u64();
        (rows, variant["threads"].as_u64().expect("a number"))
    };
    let shapes: Vec<_> = variants.iter().map(shape).collect();
    let expected = [Some(36), Some(1), None].map(|rows| [1, 2, 3, 4].map(|threads| (rows, threads))).concat();
    assert_eq!(shapes, expected);
    for variant in variants {
        let times: Vec<f64> =
            variant["seconds"].as_array().expect("times").iter().filter_map(|time| time.as_f64()).collect();
        assert_eq!(times.len(), 2);
        assert_eq!(variant["min_s"].as_f64(), times.iter().copied().reduce(f64::min));
        assert!(variant["stddev_s"].is_f64());
        assert_eq!(variant["serial_fraction"].is_null(), variant["threads"] == 1);
    }
    assert_eq!(json["scene"]["supersample"], 1);
    // The sum of the counts, as a render writes them.
    folder.succeed(&small(&["-o", "a.npy"]));
    let counts = read(folder.path("a.npy")).split_off(128);
    let counts = counts.chunks_exact(4).map(|bytes| u32::from_le_bytes(bytes.try_into().expect("4 bytes")));
    assert_eq!(json["effective_iterations"], counts.map(u64::from).sum::<u64>());

    let csv = fs::read_to_string(folder.path("a.csv")).expect("text");
    assert_eq!(csv.lines().count(), 1 + 12);
    assert!(csv.lines().all(|line| line.split(',').count() == 13), "{csv}");
    let markdown = fs::read_to_string(folder.path("a.md")).expect("text");
    let rows: Vec<&str> = markdown.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 2 + 12, "{markdown}");
    assert!(rows.iter().all(|row| row.matches('|').count() == 12), "{markdown}");
    let svg = fs::read_to_string(folder.path("a.svg")).expect("text");
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"), "{svg}");
    assert_eq!(svg.matches("<polyline ").count(), 3);
    assert_eq!(svg.matches("<circle ").count(), 12);
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn a_comparison_goes_to_standard_output_alone() {
    let folder = Folder::new();
    let output =
        folder.run(&["bench", "-s", "64x36", "-t", "1", "--runs", "1", "--warmup", "0", "--json", "-"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON alone");
    assert!(json["variants"][0]["stddev_s"].is_null());
    assert!(stderr(&output).contains("dynamic"), "the table is on standard error");
    assert!(stderr(&output).contains("note: one run tells little"), "{}", stderr(&output));
    assert!(folder.names().is_empty());
}

#[test]
fn a_comparison_refuses_nonsense() {
    let folder = Folder::new();
    let most = (4 * num_cpus()).max(256);
    let cases = [
        (&["--runs", "0"][..], "--runs must be 1..1000 or 'auto' (got '0')".to_string()),
        (&["--runs", "1001"], "--runs must be 1..1000 or 'auto' (got '1001')".into()),
        (&["--warmup", "-1"], "--warmup must be 0..100 (got '-1')".into()),
        (&["-t", "1,0"], format!("--threads must be 1..{most} (got '0')")),
        (&["-t", "100000"], format!("--threads must be 1..{most} (got '100000')")),
        (&["-t", "1..100000"], format!("--threads must be 1..{most} (got '100000')")),
        (&["-t", ""], "--threads needs a list, as in 1,2,4,8 or 1..8 (got '')".into()),
        (
            &["-t", "1,,2"],
            "--threads has an empty place in its list, as in 1,2,4,8 or 1..8 (got '1,,2')".into(),
        ),
        (&["-t", "8..1"], "--threads: the range 8..1 is reversed; try 1..8".into()),
        (&["-t", "1.."], format!("--threads must be 1..{most} (got '')")),
        (&["--rows-per-chunk", "4,0"], "--rows-per-chunk must be 1..4294967295 or 'auto' (got '0')".into()),
        (
            &["--schedule", "static", "--rows-per-chunk", "4"],
            "--rows-per-chunk is for the dynamic schedule; add --schedule dynamic,static".into(),
        ),
        (&["--json", "-", "--csv", "-"], "--json and --csv both write to standard output; keep one".into()),
        (&["--csv", "x", "--svg", "x"], "--csv and --svg both write to the same file; keep one".into()),
        (&["--svg", "."], ". is a directory; name a file, as in ./bench.svg".into()),
    ];
    for (args, message) in cases {
        folder.fail(&[&["bench"], args].concat(), 2, &format!("error: {message}"));
    }
    let output = folder.run(&["bench", "--schedule", "guided"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("'guided'") && stderr(&output).contains("dynamic, static"));
}

/// CPUs that this process may use, as the program sees them.
fn num_cpus() -> usize {
    let folder = Folder::new();
    let json = folder.succeed(&bench(&["-t", "1", "--json", "-"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    json["usable_cpus"].as_u64().expect("a number") as usize
}

#[test]
fn a_comparison_looks_at_its_files_before_it_measures() {
    let folder = Folder::new();
    fs::write(folder.path("old.csv"), "old").expect("a file");
    // Would take years.
    let long = ["bench", "-c", "-0.75", "--height", "1e-9", "-n", "4294967294", "--json", "new.json"];
    let with = |more: &[&'static str]| [&long, more].concat();
    let exists = "error: cannot write old.csv: it already exists; use --force to replace it";
    folder.fail(&with(&["--csv", "old.csv"]), 4, exists);
    let missing = "error: cannot write no/where.svg: there is no folder no";
    folder.fail(&with(&["--svg", "no/where.svg"]), 4, missing);
    assert_eq!(read(folder.path("old.csv")), b"old");
    folder.succeed(&bench(&["-t", "1", "--csv", "old.csv", "-f"]));
    assert!(read(folder.path("old.csv")).starts_with(b"schedule,"));
}

#[test]
fn an_interrupted_comparison_leaves_nothing_behind() {
    use std::os::unix::process::ExitStatusExt;
    let folder = Folder::new();
    let args = ["bench", "-c", "-0.75", "--height", "1e-9", "-n", "4294967294", "--json", "a.json"];
    let mut child = folder.mandel(&args).stderr(Stdio::null()).spawn().expect("starts");
    while folder.names().is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill").success());
    assert_eq!(child.wait().expect("ends").signal(), Some(2));
    assert!(folder.names().is_empty());
}

#[test]
fn limits_of_the_shell_are_errors_with_a_message() {
    let folder = Folder::new();
    let program = env!("CARGO_BIN_EXE_mandel");
    for (limit, options, code, part) in [
        ("-f 10", "-s 400 -o a.png", 4, "cannot write a.png: file too large; nothing was left behind"),
        ("-v 3000000", "-s 2147483647x1 --supersample 1 -n 1 -o a.npy", 5, "of memory and"),
        ("-v 3000000", "-s 1000000000x1 --supersample 1 --dry-run", 5, "of memory and"),
    ] {
        let script = format!("ulimit {limit}; exec {program} render {options}");
        let output = Command::new("sh").args(["-c", &script]).current_dir(folder.0.path()).output();
        let output = output.expect("sh");
        assert_eq!(output.status.code(), Some(code), "{script}: {}", stderr(&output));
        assert!(stderr(&output).contains(part), "{script}: {}", stderr(&output));
        assert_eq!(folder.names(), [""; 0], "{script}");
    }
}

#[test]
fn the_whole_set_is_seen_in_any_shape() {
    let folder = Folder::new();
    for (size, width, height) in
        [("1920x1080", 2.45 * 16.0 / 9.0, 2.45), ("800", 2.8, 2.8), ("90x160", 2.8, 2.8 * 16.0 / 9.0)]
    {
        let json = folder.succeed(&[
            "bench", "-s", size, "-n", "1", "-t", "1", "--runs", "1", "--warmup", "0", "--json", "-",
        ]);
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let extent = |key: &str| json["scene"][key].as_f64().expect("a number");
        assert!((extent("plane_width") - width).abs() < 1e-9, "{size}");
        assert!((extent("plane_height") - height).abs() < 1e-9, "{size}");
    }
}

#[test]
fn a_replaced_file_stays_as_private_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    fs::write(folder.path("a.png"), "old").expect("a file");
    fs::set_permissions(folder.path("a.png"), fs::Permissions::from_mode(0o600)).expect("permissions");
    folder.succeed(&small(&["-f", "-o", "a.png"]));
    assert_eq!(fs::metadata(folder.path("a.png")).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn small_things_that_people_type() {
    let folder = Folder::new();
    folder.succeed(&["render", "--grid", "endpoints", "-s", "1", "-q", "-o", "one.png"]);
    folder.fail(&["render", "-o", "a.png", "-o", "./a.png"], 2, "error: --output names ./a.png twice");
    folder.fail(
        &["render", "--format", "png", "-o", "a.npy"],
        2,
        "error: --format and the suffix of a.npy differ; keep one",
    );
    folder.fail(
        &["render", "--region", "1,-2,1,-1"],
        2,
        "error: --region: xmin (1) is not below xmax (-2); did you swap them? try --region -2,1,-1,1",
    );
    let kept = folder.succeed(&["render", "-o", "one.png", "--no-clobber", "--json", "-q"]);
    assert_eq!(kept, "{\"outputs\":[]}\n");
    let output = folder.mandel(&["render", "--dry-run"]).env("MANDEL_THREADS", "").output().expect("starts");
    assert!(output.status.success());
    let appended = Command::new("sh")
        .args([
            "-c",
            &format!("echo keep >k; {} render -q -s 16 -o /dev/stdout >>k", env!("CARGO_BIN_EXE_mandel")),
        ])
        .current_dir(folder.0.path())
        .status();
    assert!(appended.expect("sh").success());
    assert!(read(folder.path("k")).starts_with(b"keep\n\x89PNG"));
}

/// A view of two islands at 1e14, small.
const DEEP: [&str; 6] = ["render", "--at", "twins", "-s", "40x30", "-q"];

#[test]
fn deep_views_are_the_same_bytes_for_every_thread_count_and_kernel() {
    let folder = Folder::new();
    let bytes = |name: &str, more: &[&str]| {
        let (png, npy) = (format!("{name}.png"), format!("{name}.npy"));
        folder.succeed(&[&DEEP[..], more, &["-o", &png, "-o", &npy]].concat());
        (fs::read(folder.path(&png)).expect("a picture"), fs::read(folder.path(&npy)).expect("counts"))
    };
    let truth = bytes("one", &["-t", "1", "--kernel", "scalar"]);
    for more in [
        &["-t", "2"][..],
        &["-t", "7", "--rows-per-chunk", "1"],
        &["-t", "1", "--kernel", "portable"],
        &["--kernel", "auto"],
    ] {
        assert!(bytes("other", &[more, &["-f"]].concat()) == truth, "{more:?}");
    }
}

#[test]
fn the_plan_for_a_deep_view_is_told() {
    let folder = Folder::new();
    let plan = |zoom: &str| {
        let output =
            folder.run(&["render", "-c", "-1.75+0.01i", "-z", zoom, "-n", "99", "--dry-run", "--json"]);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (stderr(&output).strip_prefix("kernel ").expect("a kernel").to_string(), json["view"]["zoom"].clone())
    };
    assert!(plan("1e5").0.starts_with("f64-fma-1 "));
    let (name, zoom) = plan("1e20");
    assert!(name.starts_with("perturbation-1 ") && !name.contains("extended"), "{name}");
    assert_eq!(zoom, "1e20");
    let (name, zoom) = plan("1e1000");
    assert!(name.starts_with("perturbation-1 extended "), "{name}");
    assert_eq!(zoom, "1e1000");
}

#[test]
fn what_is_missing_far_down_is_said() {
    let folder = Folder::new();
    let args = ["render", "-c", "-0.74364388703715875221+0.2i", "-z", "1e1000", "-n", "50", "-s", "8", "-o"];
    let output = folder.run(&[&args[..], &["few.png"]].concat());
    assert!(stderr(&output).contains("20 digits behind the point"), "{}", stderr(&output));
    assert!(stderr(&output).contains("differ in digit 1002"), "{}", stderr(&output));
    // A center of few digits is meant as it stands, and nothing is said where nobody listens.
    for more in [&["short.png", "-c", "i"][..], &["quiet.png", "-q"]] {
        let args = ["render", "-z", "1e1000", "-n", "50", "-s", "8", "-o"];
        let center = if more.contains(&"-c") { &[][..] } else { &["-c", "-0.74364388703715875221+0.2i"][..] };
        let output = folder.run(&[&args[..], more, center].concat());
        assert!(!stderr(&output).contains("digits"), "{}", stderr(&output));
    }
    let output =
        folder.run(&["render", "-c", &format!("-0.{}", "7".repeat(100_001)), "-z", "9", "-o", "x.png"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("100001 digits; at most 100000 are read"), "{}", stderr(&output));
    folder.succeed(&["render", "-z", "1e100000", "-s", "8", "-q", "-o", "inside.png"]);
}

#[test]
fn max_iter_comes_from_a_deep_view() {
    let folder = Folder::new();
    let json =
        folder.succeed(&["render", "-c", "i", "-z", "1e100", "-s", "20x10", "-q", "--json", "-o", "tip.png"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    // Every sample escapes after 266 to 275 steps.
    assert_eq!(json["scene"]["iterate"]["max_iter"], 500);
    // Half of the samples escape at once, the others after 1661 steps and more.
    let json = folder.succeed(&["render", "-c", "-2", "-z", "1e1000", "-s", "20x10", "--dry-run", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["iterate"]["max_iter"], 2000);
}

//! Scenes from outside: as text, in pictures, and damaged.

mod folder;

use std::fs;
use std::io::Write;
use std::process::{Output, Stdio};

use folder::Folder;

impl Folder {
    fn run(&self, args: &[&str], input: &[u8]) -> Output {
        let mut child = self
            .command(env!("CARGO_BIN_EXE_mandel"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // Whoever does not read it all has closed the pipe.
        let _ = child.stdin.take().expect("a pipe").write_all(input);
        child.wait_with_output().expect("an end")
    }

    fn succeed(&self, args: &[&str]) -> String {
        let output = self.run(args, b"");
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("a file")
    }

    /// Reads this scene file, expects this exit code and this text in the message, and that nothing is written.
    fn refuse(&self, bytes: &[u8], code: i32, part: &str) {
        fs::write(self.path("bad.toml"), bytes).expect("a file");
        self.refuse_path("bad.toml", code, part);
    }

    fn refuse_path(&self, name: &str, code: i32, part: &str) {
        for args in [&["render", "--scene", name, "-s", "16", "-o", "x.png"][..], &["info", name]] {
            let output = self.run(args, b"");
            let message: String = stderr(&output).chars().take(500).collect();
            assert_eq!(output.status.code(), Some(code), "{part}: {message}");
            assert!(message.starts_with("error: ") && message.contains(part), "{part}: {message}");
            assert!(stderr(&output).len() < 1000, "{part}: {} bytes of message", stderr(&output).len());
            assert!(!self.path("x.png").exists(), "{part}");
        }
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_picture_is_made_again_from_itself() {
    let folder = Folder::new();
    let scenes: [&[&str]; 9] = [
        &["-s", "64x36", "-n", "200"],
        &["--region", "-2,1,-1.5,1.5", "-s", "40", "-n", "150", "--grid", "endpoints", "-p", "hot"],
        &["--at", "twins", "-s", "32x24"],
        &["-c", "i", "-z", "1e300", "-s", "20x16", "--density", "2.5", "--offset", "-0.3"],
        &["--at", "seahorse", "--rotate", "-30", "-s", "31x20", "-n", "300"],
        &[
            "--region",
            "-2,1,-1,1",
            "--aspect",
            "stretch",
            "--grid",
            "endpoints",
            "--rotate",
            "1e-7",
            "-s",
            "40",
        ],
        &["-c", "i", "-z", "1e300", "--rotate", "123.456", "-s", "20x16"],
        &["-s", "32", "-n", "99", "-p", "#001,#fff,#fa0,#001", "--reverse", "--bands", "--map", "cyclic"],
        &["--width", "0.02", "-c", "-1.75", "-s", "30x20", "--interior", "#123", "--supersample", "3"],
    ];
    for scene in scenes {
        let args = |more: &[&'static str]| [&["render", "-q", "-f"], scene, more].concat();
        folder.succeed(&args(&["-o", "a.png"]));
        folder.succeed(&["render", "-q", "-f", "--scene", "a.png", "-o", "b.png"]);
        assert!(folder.read("a.png") == folder.read("b.png"), "{scene:?}");
        // The text that `info` prints is a scene, and so is what a dry run prints.
        fs::write(folder.path("a.toml"), folder.succeed(&["info", "a.png"])).expect("a file");
        folder.succeed(&["render", "-q", "-f", "--scene", "a.toml", "-o", "b.png"]);
        assert!(folder.read("a.png") == folder.read("b.png"), "{scene:?}");
        fs::write(folder.path("a.toml"), folder.succeed(&args(&["--dry-run"]))).expect("a file");
        folder.succeed(&["render", "-q", "-f", "--scene", "a.toml", "-o", "b.png"]);
        assert!(folder.read("a.png") == folder.read("b.png"), "{scene:?}");
        // So does the command in it, where there is one.
        let info = folder.succeed(&["info", "a.png"]);
        let command =
            info.lines().find_map(|line| line.strip_prefix("# Description: mandel ")).expect("a command");
        let words: Vec<&str> = command.split(' ').map(|word| word.trim_matches('"')).collect();
        folder.succeed(&[&words[..], &["-q", "-f", "-o", "b.png"]].concat());
        assert!(folder.read("a.png") == folder.read("b.png"), "{command}");
    }
}

#[test]
fn metadata_can_be_left_out() {
    let folder = Folder::new();
    folder.succeed(&["render", "-q", "-s", "32", "-n", "99", "-o", "a.png"]);
    folder.succeed(&["render", "-q", "-s", "32", "-n", "99", "-o", "b.png", "--no-metadata"]);
    let pixels = |name: &str| image::open(folder.path(name)).expect("a picture").into_rgb8();
    assert!(pixels("a.png") == pixels("b.png"));
    assert!(!String::from_utf8_lossy(&folder.read("b.png")).contains("mandel"));
    folder.refuse_path("b.png", 3, "is a PNG without a scene");
    // Formats that carry none say so.
    for (format, part) in [
        ("webp", "b.webp is a WebP: mandel writes no scene into it; PNG, posters, NPZ and EXR carry one"),
        ("jpg", "b.jpg is a JPEG without a scene: mandel writes no scene into it"),
        ("qoi", "b.qoi is a QOI: mandel writes no scene"),
        ("ppm", "b.ppm is a PPM: mandel writes no scene"),
        ("pam", "b.pam is a PAM: mandel writes no scene"),
        ("npy", "b.npy is an NPY: mandel writes no scene"),
        ("tiff", "b.tiff is a TIFF: the scene is its text ImageDescription"),
    ] {
        let name = format!("b.{format}");
        let output = folder.run(&["render", "-s", "8", "-n", "50", "-q", "-o", &name], b"");
        assert!(output.status.success(), "{}", stderr(&output));
        folder.refuse_path(&name, 3, part);
    }
}

#[test]
fn options_override_a_scene() {
    let folder = Folder::new();
    folder.succeed(&[
        "render", "-q", "--at", "seahorse", "-s", "48x32", "-n", "300", "-p", "ember", "-o", "a.png",
    ]);
    let with = |more: &[&str]| folder.succeed(&[&["render", "--dry-run", "--scene", "a.png"], more].concat());
    let text = with(&[]);
    let origin = text.lines().find(|line| line.starts_with("origin")).expect("an origin");
    let larger = with(&["-s", "96x64", "-p", "viridis"]);
    assert!(larger.contains("size = \"96x64\"") && larger.contains("palette = \"viridis\""), "{larger}");
    assert!(larger.contains("max_iter = 300") && larger.contains(origin), "{larger}");
    // What was found for one view says nothing about another.
    let elsewhere = with(&["-z", "16"]);
    assert!(elsewhere.contains("zoom = \"16\"") && !elsewhere.contains("origin"), "{elsewhere}");
    assert!(elsewhere.contains("center = \"-0.7453+0.1127i\""), "{elsewhere}");
    let built_in = with(&["--at", "elephant"]);
    assert!(built_in.contains("max_iter = 1000") && built_in.contains("palette = \"ember\""), "{built_in}");
    // A rotation stays with a moved view and goes with another one; crop and origin go with a change of it.
    folder.succeed(&["render", "-q", "--scene", "a.png", "--rotate", "30", "-o", "turned.png"]);
    let with =
        |more: &[&str]| folder.succeed(&[&["render", "--dry-run", "--scene", "turned.png"], more].concat());
    assert!(with(&[]).contains("rotate = 30.0\n") && with(&["-z", "16"]).contains("rotate = 30.0\n"));
    for more in [&["--at", "elephant"][..], &["--region", "-2,1,-1,1"], &["--rotate", "0"]] {
        let text = with(more);
        assert!(!text.contains("rotate") && !text.contains("origin"), "{text}");
    }
    assert!(with(&["--at", "elephant", "--rotate", "-7"]).contains("rotate = -7.0\n"));
    // A scene may come through a pipe, and may be no more than somebody's own defaults.
    let output = folder.run(&["render", "--scene", "-", "--dry-run"], b"[color]\npalette = 'magma'\n");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("palette = \"magma\"") && text.contains("size = \"1920x1080\""), "{text}");
}

#[test]
fn numbers_are_kept_as_they_were_typed() {
    let folder = Folder::new();
    for (typed, kept) in [("1e30", "1e30"), ("1234.5678", "1234.5678"), ("1e1000", "1e1000"), ("3.3", "3.3")]
    {
        let text = folder.succeed(&["render", "-c", "i", "-z", typed, "-n", "9", "--dry-run"]);
        assert!(text.contains(&format!("zoom = \"{kept}\"\n")), "{text}");
    }
    // A center from a file, broken over lines, with a byte order mark and the line ends of Windows.
    fs::write(folder.path("c.txt"), "\u{feff}-0.743\r\n643 887 + 0.131\r\n825i\r\n").expect("a file");
    let text = folder.succeed(&["render", "-c", "@c.txt", "-z", "100", "--dry-run"]);
    assert!(text.contains("center = \"-0.743643887+0.131825i\""), "{text}");
    let text = folder.succeed(&["render", "-c", "-0.743 643\n887 + 0.131 825 i", "-z", "100", "--dry-run"]);
    assert!(text.contains("center = \"-0.743643887+0.131825i\""), "{text}");
    for (args, code, part) in [
        (&["-c", "@none.txt"][..], 4, "cannot read none.txt: no such file or directory"),
        (&["-c", "@"], 2, "--center needs a file name"),
        (&["-c", "@."], 2, "is a directory"),
    ] {
        let output = folder.run(&[&["render", "--dry-run"], args].concat(), b"");
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
}

#[test]
fn a_scene_text_that_is_wrong_is_refused_with_its_place() {
    let folder = Folder::new();
    let long = format!("[view]\ncenter = \"0.{}\"\n", "1".repeat(100_001));
    let cases: [(&[u8], i32, &str); 17] = [
        (b"[view]\nzoon = \"3\"\n", 2, "bad.toml:2:1: unknown key 'zoon'; did you mean 'zoom'?"),
        (b"[vew]\nzoom = \"3\"\n", 2, "bad.toml:1:2: unknown key 'vew'; did you mean 'view'?"),
        (b"[view]\nzoom = 3\nzoom = 4\n", 2, "bad.toml:3:1: duplicate key"),
        (b"[view]\nsize = 300\n", 2, "bad.toml:2:8: 'size' must be"),
        (b"[iterate]\nmax_iter = \"many\"\n", 2, "bad.toml:2:12: 'max_iter' must be"),
        (b"[iterate]\nmax_iter = 0\n", 2, "bad.toml:2:12: max_iter: max_iter must be 1..4294967294"),
        (b"[iterate]\nmax_iter = 12345678901234567890123456789\n", 2, "bad.toml:2:12: "),
        (b"[color]\npalette = \"infreno\"\n", 2, "did you mean 'inferno'?"),
        (b"[color]\nmap = \"lag\"\n", 2, "did you mean 'log'?"),
        (b"[view]\r\n\r\nzoom = \"0\"\r\n", 2, "bad.toml:3:8: zoom"),
        (b"\xef\xbb\xbf[view]\nzoom = true\n", 2, "bad.toml:2:8: "),
        (b"mandel = 2\n", 2, "bad.toml:1:10: this scene has version 2"),
        (b"[view]\ncenter = \"1+\xff\"\n", 3, "bad.toml:2:13: the text is not UTF-8"),
        (b"[view]\ncenter = \"0.25+-0.1\"\n", 2, "bad.toml:2:10: center: a second sign"),
        (b"[view\n", 2, "bad.toml:1:"),
        (long.as_bytes(), 2, "bad.toml:2:10: center: 100001 digits"),
        (b"[view]\nzoom = 1\nwidth = 2\n", 2, "bad.toml:3:9: "),
    ];
    for (bytes, code, part) in cases {
        folder.refuse(bytes, code, part);
    }
    folder.refuse("[".repeat(200_000).as_bytes(), 2, "bad.toml:1:");
    folder.refuse(format!("a = {}", "[".repeat(200_000)).as_bytes(), 2, "bad.toml:1:");
    folder.refuse(&vec![b' '; (1 << 20) + 1], 3, "longer than 1 MiB");
    folder.refuse_path(".", 2, "is a directory");
    folder.refuse_path("none.toml", 4, "cannot read none.toml: no such file or directory");
    // A sparse file: a gibibyte of zeros that takes no room.
    let zeros = fs::File::create(folder.path("zeros")).expect("a file");
    zeros.set_len(1 << 30).expect("a sparse file");
    folder.refuse_path("zeros", 3, "zeros:1:1: ");
    // A number without quotes is read exactly: 29 digits, and more than f64 reaches.
    let exact =
        "[view]\nzoom = 12345678901234567890123456789e400\ncenter = -0.12345678901234567890123456789\n";
    fs::write(folder.path("exact.toml"), exact).expect("a file");
    let text = folder.succeed(&["render", "--scene", "exact.toml", "-n", "9", "-s", "8", "--dry-run"]);
    assert!(text.contains("zoom = \"1.2345678901234567890123456789e428\""), "{text}");
    assert!(text.contains("center = \"-0.12345678901234567890123456789\""), "{text}");
}

#[test]
fn a_damaged_picture_is_refused() {
    let folder = Folder::new();
    folder.succeed(&["render", "-q", "-s", "16", "-n", "50", "-o", "a.png"]);
    let whole = folder.read("a.png");
    for cut in [7, 8, 20, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(folder.path("cut.png"), &whole[..cut]).expect("a file");
        // Less than a signature is read as text, and is none.
        let part = if cut < 8 { "cut.png:" } else { "cut.png: the PNG is cut short" };
        folder.refuse_path("cut.png", 3, part);
    }
    for place in [12, 40, whole.len() / 3, whole.len() / 2, whole.len() - 10] {
        let mut bytes = whole.clone();
        bytes[place] ^= 4;
        fs::write(folder.path("flipped.png"), &bytes).expect("a file");
        folder.refuse_path("flipped.png", 3, "flipped.png: ");
    }
    // A text that unpacks to a gibibyte.
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..1024 {
        packed.write_all(&[b' '; 1 << 20]).expect("memory");
    }
    let mut chunk = b"iTXtmandel\0\x01\0\0\0".to_vec();
    chunk.extend(packed.finish().expect("memory"));
    let mut bomb = whole[..33].to_vec();
    bomb.extend((chunk.len() as u32 - 4).to_be_bytes());
    bomb.extend(&chunk);
    bomb.extend(crc32fast::hash(&chunk).to_be_bytes());
    bomb.extend(&whole[33..]);
    fs::write(folder.path("bomb.png"), &bomb).expect("a file");
    folder.refuse_path("bomb.png", 3, "bomb.png: ");
}

#[test]
fn a_picture_names_a_command_only_if_that_gives_it() {
    let folder = Folder::new();
    folder.succeed(&["render", "-q", "--at", "seahorse", "-s", "64x40", "-n", "300", "-o", "small.png"]);
    folder.succeed(&["render", "-q", "--scene", "small.png", "-s", "96x60", "-o", "large.png"]);
    // The larger picture has the origin of the smaller one, which no option can say.
    let info = folder.succeed(&["info", "large.png"]);
    assert!(info.contains("# Description: mandel render --scene THIS_FILE\n"), "{info}");
    folder.succeed(&["render", "-q", "--scene", "large.png", "-o", "again.png"]);
    assert!(folder.read("large.png") == folder.read("again.png"));
}

#[test]
fn switches_of_a_scene_can_be_switched_off() {
    let folder = Folder::new();
    fs::write(folder.path("on.toml"), "[color]\nreverse = true\nbands = true\n").expect("a file");
    let with =
        |more: &[&str]| folder.succeed(&[&["render", "--dry-run", "--scene", "on.toml"], more].concat());
    assert!(with(&[]).contains("reverse = true") && with(&[]).contains("bands = true"));
    let off = with(&["--reverse=false", "--bands=false"]);
    assert!(off.contains("reverse = false") && off.contains("bands = false"), "{off}");
    let output = folder.run(&["render", "--scene", "-", "--dry-run"], b" \n");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("standard input is empty"), "{}", stderr(&output));
}

#[test]
fn what_was_typed_cannot_steer_the_terminal() {
    let folder = Folder::new();
    for args in
        [&["render", "--no-such\u{1b}[31moption"][..], &["rend\u{7}er"], &["render", "--map", "\u{1b}[2J"]]
    {
        let output = folder.run(args, b"");
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(!stderr(&output).contains(['\u{1b}', '\u{7}']), "{:?}", stderr(&output));
    }
}

#[test]
fn a_blank_picture_is_noted() {
    let folder = Folder::new();
    let args = ["render", "-c", "-0.7453+0.1127i", "-z", "5.4E+113", "-s", "32x18", "-o", "blank.png"];
    let output = folder.run(&args, b"");
    assert!(stderr(&output).contains("the picture is blank"), "{}", stderr(&output));
    let args = ["render", "-c", "0.2501", "-z", "3000", "-s", "320x180", "-n", "86", "-o", "nearly.png"];
    let output = folder.run(&args, b"");
    assert!(stderr(&output).contains("note: only 98 of 230400 samples escaped"), "{}", stderr(&output));
}

/// The median difference of the bytes of two pictures.
fn median_difference(folder: &Folder, one: &str, other: &str) -> u8 {
    let open = |name: &str| image::open(folder.path(name)).expect(name).to_rgb8();
    let (one, other) = (open(one), open(other));
    let pairs = one.as_raw().iter().zip(other.as_raw());
    let mut differences: Vec<u8> = pairs.map(|(a, b)| a.abs_diff(*b)).collect();
    let middle = differences.len() / 2;
    *differences.select_nth_unstable(middle).1
}

#[test]
fn frames_of_a_zoom_look_alike_with_the_colors_of_one_of_them() {
    let folder = Folder::new();
    let branches = mandel::Location::named("branches").expect("built in").center;
    for (center, zoom) in [("-0.7436438870371587+0.1318259042053119i", "1e5"), (branches, "1e1201")] {
        fs::write(folder.path("c.txt"), center).expect("room");
        let frame = |name: &str, zoom: &str, colors: &[&str]| {
            let view = ["render", "-c", "@c.txt", "-z", zoom, "-s", "160x90", "-n", "45000", "-q", "-f"];
            folder.succeed(&[&view[..], &["-o", name], colors].concat());
        };
        frame("first.png", zoom, &["--light", "135"]);
        frame("same.png", zoom, &["--colors", "first.png"]);
        // What was found for a view is not that of the view turned.
        let turned = folder.succeed(&["render", "--scene", "first.png", "--rotate", "10", "--dry-run"]);
        assert!(turned.contains("rotate = 10.0") && !turned.contains("curve"), "{turned}");
        // One of 350 frames to an octave.
        frame("next.png", &zoom.replace("1e", "1.002e"), &["--colors", "first.png"]);
        let pixels = |name: &str| image::open(folder.path(name)).expect(name).to_rgb8();
        assert!(pixels("first.png") == pixels("same.png"), "{zoom}");
        assert!(median_difference(&folder, "first.png", "next.png") < 2, "{zoom}");
    }
}

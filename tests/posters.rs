//! Posters: a Deep Zoom pyramid and its page, complete or not there at all.

mod folder;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use folder::Folder;

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

    /// All files, by their path.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        fn add(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
            for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                match entry.path().is_dir() {
                    true => add(&entry.path(), &format!("{name}/"), files),
                    false => drop(files.insert(name, fs::read(entry.path()).expect("a file"))),
                }
            }
        }
        let mut files = BTreeMap::new();
        add(self.0.path(), "", &mut files);
        files
    }

    fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const SMALL: [&str; 6] = ["render", "-q", "-s", "600x300", "-n", "200"];

#[test]
fn a_poster_is_the_picture_in_tiles() {
    let folder = Folder::new();
    folder.succeed(&[&SMALL[..], &["-o", "poster.dzi", "-o", "picture.png"]].concat());
    let picture = image::open(folder.path("picture.png")).expect("a picture").into_rgb8();
    let tile =
        |name: &str| image::open(folder.path(&format!("poster_files/{name}"))).expect(name).into_rgb8();
    assert_eq!(tile("10/0_0.png").dimensions(), (257, 257));
    let inner = tile("10/1_1.png");
    assert_eq!(inner.dimensions(), (258, 45));
    for (x, y, pixel) in inner.enumerate_pixels() {
        assert_eq!(pixel, picture.get_pixel(255 + x, 255 + y));
    }
    assert_eq!(tile("0/0_0.png").dimensions(), (1, 1));
    // Tiles say nothing but their pixels.
    let files = folder.files();
    assert!(!files["poster_files/10/0_0.png"].windows(4).any(|word| word == b"iTXt"));
    assert_eq!(files.keys().filter(|name| name.starts_with("poster_files/10/")).count(), 6);
}

#[test]
fn neither_threads_nor_chunks_nor_shards_change_a_poster() {
    let folder = Folder::new();
    let scene = ["-s", "700x600", "-n", "100"];
    let make = |more: &[&str]| {
        folder.succeed(&[&["render", "-q", "-f", "-o", "a.dzi"], &scene[..], more].concat());
        folder.files()
    };
    let first = make(&["-t", "1"]);
    assert!(make(&["-t", "2", "--rows-per-chunk", "50"]) == first);
    assert!(make(&["-t", "7", "--rows-per-chunk", "1"]) == first);
    folder.succeed(&[&["plan", "-o", "job.json", "--shards", "2"], &scene[..]].concat());
    for shard in ["1/2", "2/2"] {
        folder.succeed(&["render", "-q", "--job", "job.json", "--shard", shard, "--out-dir", "d"]);
    }
    folder.succeed(&["stitch", "-q", "job.json", "d", "-o", "a.dzi", "-f"]);
    let mut stitched = folder.files();
    stitched.retain(|name, _| name.starts_with("a"));
    assert!(stitched == first);
}

#[test]
fn a_poster_that_is_there_is_refused_kept_or_replaced_whole() {
    let folder = Folder::new();
    folder.succeed(&[&SMALL[..], &["-o", "poster.dzi"]].concat());
    let first = folder.files();
    let again = |more: &[&'static str]| {
        [&["render", "-q", "-s", "100", "-n", "50", "-o", "poster.dzi"], more].concat()
    };
    folder.refuse(&again(&[]), 4, "poster_files already exists; use --force");
    folder.succeed(&again(&["--no-clobber"]));
    assert!(folder.files() == first);
    // Each of its three parts is in the way.
    for part in ["poster_files", "poster.html", "poster.dzi"] {
        let alone = Folder::new();
        fs::write(alone.path(part), "mine").expect("a file");
        alone.refuse(&again(&[]), 4, &format!("{part} already exists"));
        assert_eq!(alone.names(), [part]);
    }
    folder.succeed(&again(&["-f"]));
    let names = folder.names();
    assert_eq!(names.len(), 2 + 8, "levels 0 to 7 of one tile each: {names:?}");
    let fresh = Folder::new();
    fresh.succeed(&again(&[]));
    assert!(folder.files() == fresh.files(), "nothing of the old one is left");
}

#[test]
fn an_error_or_an_interrupt_leaves_nothing_behind() {
    let program = env!("CARGO_BIN_EXE_mandel");
    for old in [false, true] {
        let folder = Folder::new();
        if old {
            folder.succeed(&[&SMALL[..], &["-o", "poster.dzi"]].concat());
        }
        let before = folder.files();
        // Tiles of more than 5 KiB are too large for the shell's limit.
        let script = format!("ulimit -f 10; exec {program} render -q -f --at seahorse -s 900 -o poster.dzi");
        let output = folder.command("sh").args(["-c", &script]).output().expect("sh");
        assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
        assert!(stderr(&output).contains("cannot write poster.dzi: file too large; nothing was left behind"));
        assert!(folder.files() == before);
        // Four billion steps for each of the samples near the center of a component's edge; above them tiles are complete.
        let args = [
            "render",
            "-q",
            "-f",
            "-c",
            "-0.75+0.0001i",
            "--height",
            "0.0004",
            "-s",
            "300x2000",
            "-n",
            "4294967294",
        ];
        let mut child = folder
            .command(program)
            .args(args)
            .args(["-o", "poster.dzi"])
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        while folder.files().len() < before.len() + 2 {
            std::thread::sleep(Duration::from_millis(10));
        }
        let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(kill.expect("kill").success());
        assert_eq!(child.wait().expect("ends").signal(), Some(2));
        assert!(folder.files() == before);
        assert_eq!(fs::read_dir(folder.0.path()).expect("a folder").count(), if old { 3 } else { 0 });
    }
}

#[test]
fn a_poster_is_a_folder_and_not_a_stream() {
    let folder = Folder::new();
    folder.refuse(&["render", "-s", "16", "--format", "dzi", "-o", "-"], 2, "name it, as in -o poster.dzi");
    folder.refuse(
        &["render", "-s", "16", "--format", "dzi", "-o", "/dev/null"],
        2,
        "name it, as in -o poster.dzi",
    );
    folder.refuse(&["render", "-s", "16", "-o", "no/poster.dzi"], 4, "there is no folder no");
    // A default name has none of its parts.
    fs::write(folder.path("mandel.html"), "mine").expect("a file");
    folder.succeed(&["render", "-q", "-s", "1", "-n", "9", "--format", "dzi"]);
    assert_eq!(folder.names(), ["mandel-2.dzi", "mandel-2.html", "mandel-2_files/0/0_0.png", "mandel.html"]);
}

#[test]
fn the_scene_is_in_the_description() {
    let folder = Folder::new();
    folder.succeed(&[
        "render",
        "-q",
        "-s",
        "64x48",
        "-n",
        "99",
        "-p",
        "#001,#fff",
        "-o",
        "a.dzi",
        "-o",
        "a.png",
    ]);
    assert_eq!(folder.succeed(&["info", "a.dzi"]), folder.succeed(&["info", "a.png"]));
    folder.succeed(&["render", "-q", "--scene", "a.dzi", "-o", "b.png"]);
    assert!(folder.files()["a.png"] == folder.files()["b.png"]);
    folder.succeed(&["render", "-q", "-f", "--no-metadata", "-s", "64x48", "-n", "99", "-o", "a.dzi"]);
    folder.refuse(&["info", "a.dzi"], 3, "a.dzi is a poster without a scene");
    let page = String::from_utf8(folder.files()["a.html"].clone()).expect("text");
    assert!(page.contains("\"plane\":null"));
    // A batch knows a complete poster again.
    fs::write(folder.path("jobs.toml"), "[[job]]\nsize = 40\noutput = 'p.dzi'\n").expect("a file");
    folder.succeed(&["batch", "-q", "jobs.toml"]);
    assert!(folder.succeed(&["batch", "--json", "--resume", "-q", "jobs.toml"]).contains("complete"));
}

#[test]
fn the_page_needs_no_other_file_than_the_tiles() {
    let folder = Folder::new();
    let name = "a <b> & \"c\".dzi";
    folder.succeed(&[
        "render",
        "-q",
        "-s",
        "64x48",
        "-c",
        "-0.5+0.25i",
        "-z",
        "3e20",
        "--rotate",
        "12.5",
        "-o",
        name,
    ]);
    let page = String::from_utf8(folder.files()["a <b> & \"c\".html"].clone()).expect("text");
    for part in [
        "<title>a &lt;b> &amp; \"c\"</title>",
        "Redistribution and use in source and binary forms",
        "OpenSeadragon",
        r#""tiles":"a \u003cb> & \"c\"_files""#,
        r#""center":["-0.5","0.25"]"#,
        r#""rotate":12.5"#,
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("@@") && !page.contains("sourceMappingURL"));
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("src=") || !page.contains("<script src"), "nothing is loaded");
}

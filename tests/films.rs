//! Films: frames of one scene, the same whatever else is made, complete or not there at all.

mod folder;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::process::{Output, Stdio};

use folder::Folder;

impl Folder {
    fn run(&self, args: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_mandel")).args(args).output().expect("the program runs")
    }

    fn succeed(&self, args: &[&str]) -> Vec<u8> {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stderr(&output));
        output.stdout
    }

    fn refuse(&self, args: &[&str], code: i32, part: &str) {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(part), "{args:?}: {}", stderr(&output));
    }

    /// The files of a folder, by name.
    fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(self.path(name)).expect("a folder");
        entries
            .map(|entry| entry.expect("an entry"))
            .map(|entry| {
                (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("a file"))
            })
            .collect()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A film into a deep built-in place, small.
const PLACE: [&str; 10] = ["zoom", "--at", "star", "--to", "1e18", "-n", "2000", "-q", "-s", "64x36"];

fn film<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&PLACE[..], more].concat()
}

fn pixels(png: &[u8]) -> Vec<u8> {
    image::load_from_memory(png).expect("a picture").into_rgb8().into_raw()
}

/// Mean and 99th percentile of the differences of channels.
fn differences(a: &[u8], b: &[u8]) -> (f64, u8) {
    let mut all: Vec<u8> = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).collect();
    all.sort_unstable();
    let mean = all.iter().map(|&d| f64::from(d)).sum::<f64>() / all.len() as f64;
    (mean, all[all.len() * 99 / 100])
}

#[test]
fn frames_do_not_depend_on_threads_or_on_what_else_is_made() {
    let folder = Folder::new();
    for way in ["keys", "direct"] {
        let frames = |threads: &str, name: &str| {
            let output = format!("{name}/{{index:02}}.png");
            folder.succeed(&film(&["--frames", "9", "--way", way, "-t", threads, "-o", &output]));
            folder.files(name)
        };
        let (one, three) = (frames("1", &format!("{way}1")), frames("3", &format!("{way}3")));
        assert_eq!(one.keys().next_back().map(String::as_str), Some("08.png"));
        assert!(one.len() == 9 && one == three, "{way}");
        // Some frames are gone, one is damaged: they are made again, the others are kept.
        let path = |name: &str| folder.path(&format!("{way}1/{name}"));
        for name in ["00.png", "04.png", "08.png"] {
            fs::remove_file(path(name)).expect("a file");
        }
        fs::write(path("05.png"), &one["05.png"][..one["05.png"].len() - 20]).expect("a file");
        let output = format!("{way}1/{{index:02}}.png");
        let summary =
            folder.succeed(&film(&["--frames", "9", "--way", way, "-o", &output, "--resume", "--json"]));
        let summary: serde_json::Value = serde_json::from_slice(&summary).expect("JSON");
        assert_eq!((summary["made"].as_u64(), summary["reference_orbits"].as_u64()), (Some(4), Some(1)));
        assert!(folder.files(&format!("{way}1")) == one, "{way}");
    }
}

/// Against frames of 64 samples a pixel, those cut out of key frames are no worse than those of four samples a pixel.
#[test]
fn key_frames_are_as_good_as_direct_ones() {
    let folder = Folder::new();
    for (way, samples, name) in [("keys", "2", "keys"), ("direct", "2", "direct"), ("direct", "8", "truth")] {
        let output = format!("{name}/{{index:02}}.png");
        let more = ["--frames", "7", "--way", way, "--supersample", samples, "-o", &output];
        folder.succeed(&film(&more));
    }
    let [keys, direct, truth] = ["keys", "direct", "truth"].map(|name| folder.files(name));
    let off = |frames: &BTreeMap<String, Vec<u8>>| {
        frames.iter().map(|(name, png)| differences(&pixels(png), &pixels(&truth[name])).0).sum::<f64>()
    };
    let (off_keys, off_direct) = (off(&keys), off(&direct));
    assert!(off_keys < 1.2 * off_direct, "{off_keys} {off_direct}");
    // The last frame has the very samples of its key frame, as far as they are not guessed.
    let (mean, percentile) = differences(&pixels(&keys["06.png"]), &pixels(&direct["06.png"]));
    assert!(mean < 0.5 && percentile <= 4, "{mean} {percentile}");
}

#[test]
fn frames_say_what_they_are() {
    let folder = Folder::new();
    folder.succeed(&film(&["--frames", "3", "--way", "direct", "--turn", "90", "-o", "f/{index}.png"]));
    let info = String::from_utf8(folder.succeed(&["info", "f/1.png"])).expect("text");
    assert!(
        info.contains("# mandel-film: film = 1 frame = 1 frames = 3 from = \"1\" to = \"1e18\""),
        "{info}"
    );
    assert!(info.contains("rotate = 45.0"), "{info}");
    // The scene of a direct frame is that of the picture.
    folder.succeed(&["render", "--scene", "f/2.png", "-q", "-o", "again.png"]);
    let again = fs::read(folder.path("again.png")).expect("a file");
    assert!(pixels(&again) == pixels(&folder.files("f")["2.png"]));
    folder.succeed(&film(&["--frames", "1", "--no-metadata", "-o", "bare-{index}.png"]));
    folder.refuse(&["info", "bare-0.png"], 3, "without a scene");
}

#[test]
fn a_stream_has_all_frames() {
    let folder = Folder::new();
    let y4m = folder.succeed(&film(&["--frames", "7", "--fps", "29.97", "-o", "-"]));
    let header = b"YUV4MPEG2 W64 H36 F2997:100 Ip A1:1 C444 XYSCSS=444 XCOLORRANGE=LIMITED\n";
    assert!(y4m.starts_with(header));
    assert_eq!(y4m.len(), header.len() + 7 * (6 + 3 * 64 * 36));
    let quarter = folder.succeed(&film(&["--frames", "2", "--chroma", "420", "-o", "-", "-t", "1"]));
    assert!(quarter.ends_with(&[128; 0]) && quarter.windows(9).any(|text| text == b" C420jpeg"));
    folder.succeed(&film(&["--frames", "5", "--fps", "10", "-o", "film.apng"]));
    folder.succeed(&film(&["--frames", "5", "--fps", "30000/1001", "-o", "film.gif"]));
    let read = |name: &str| fs::read(folder.path(name)).expect("a file");
    let apng = read("film.apng");
    let count = |kind: &[u8]| apng.windows(4).filter(|text| *text == kind).count();
    assert_eq!((count(b"acTL"), count(b"fcTL"), count(b"IDAT"), count(b"fdAT")), (1, 5, 1, 4));
    let decoder = png::Decoder::new(std::io::Cursor::new(&apng));
    let mut reader = decoder.read_info().expect("a PNG");
    let mut frame = vec![0; 3 * 64 * 36];
    for i in 0..5 {
        reader.next_frame(&mut frame).unwrap_or_else(|error| panic!("frame {i}: {error}"));
    }
    folder.succeed(&film(&["--frames", "5", "-o", "f/{index}.png"]));
    assert!(frame == pixels(&folder.files("f")["4.png"]), "the last frame");
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut gif = options.read_info(std::io::Cursor::new(read("film.gif"))).expect("a GIF");
    let mut delays = Vec::new();
    while let Some(frame) = gif.read_next_frame().expect("a frame") {
        assert_eq!((frame.width, frame.height), (64, 36));
        delays.push(frame.delay);
    }
    assert_eq!(delays, [3, 4, 3, 3, 4], "5 frames at 29.97 take 0.167 s");
}

#[test]
fn a_reader_that_goes_away_ends_a_film_quietly() {
    let folder = Folder::new();
    let mut command = folder.command(env!("CARGO_BIN_EXE_mandel"));
    let args = film(&["--frames", "5000", "--way", "keys", "-o", "-"]);
    let mut child =
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut some = [0; 1000];
    child.stdout.take().expect("a pipe").read_exact(&mut some).expect("the first frame");
    let output = child.wait_with_output().expect("it ends");
    assert!(!output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
}

#[test]
fn colors_hold_still() {
    let folder = Folder::new();
    let still = [
        "zoom", "--at", "star", "--from", "1e40", "--to", "1e40", "-n", "3000", "-q", "-s", "48x27",
        "--frames", "4",
    ];
    folder.succeed(&[&still[..], &["-o", "s/{index}.png"]].concat());
    let frames: Vec<Vec<u8>> = folder.files("s").values().map(|png| pixels(png)).collect();
    assert!(frames.len() == 4 && frames.iter().all(|frame| *frame == frames[0]));
}

#[test]
fn what_makes_no_film_is_refused() {
    let folder = Folder::new();
    let zoom = |more: &[&'static str]| [&["zoom", "-s", "32x18"], more].concat();
    folder.refuse(&zoom(&["--at", "star"]), 2, "--seconds 20, or --frames 600");
    folder.refuse(&zoom(&["--at", "star", "--frames", "0"]), 2, "--frames must be 1..");
    folder.refuse(&zoom(&["--at", "star", "--seconds", "0"]), 2, "--seconds must be above 0");
    folder.refuse(&zoom(&["--at", "star", "--seconds", "1", "--fps", "0"]), 2, "--fps must be above 0");
    folder.refuse(
        &zoom(&["--at", "star", "--frames", "2", "--from", "1e99"]),
        2,
        "--from must not be deeper",
    );
    folder.refuse(&zoom(&["--at", "star", "--frames", "2", "--ease", "0.7"]), 2, "--ease must be 0..0.5");
    folder.refuse(&zoom(&["--at", "star", "--frames", "2", "-o", "x.png"]), 2, "put {index:06} into it");
    folder.refuse(&zoom(&["--at", "star", "--frames", "2", "-o", "{name}.png"]), 2, "no field '{name}'");
    folder.refuse(&zoom(&["--at", "star", "--frames", "2", "-o", "{index}.npy"]), 2, "a file for each frame");
    folder.refuse(&zoom(&["--at", "star", "--frames", "2", "--resume", "-o", "-"]), 2, "from its beginning");
    folder.refuse(
        &["zoom", "--at", "star", "--frames", "2", "-o", "q.mp4"],
        2,
        "(got 'q.mp4'); for .mp4, pipe it into ffmpeg: -o - | ffmpeg -i - film.mp4",
    );
    folder.refuse(&zoom(&["--at", "star", "--frames", "2", "--map", "histogram"]), 2, "choose --map auto");
    folder.refuse(
        &zoom(&["--at", "star", "--frames", "2", "--supersample", "auto"]),
        2,
        "--supersample 1 to 8",
    );
    folder.refuse(
        &zoom(&["--at", "star", "--frames", "2", "--way", "keys", "--turn", "9"]),
        2,
        "choose --way direct",
    );
    folder.refuse(
        &zoom(&["-c", "-1.7499123456789+0.00000123i", "--to", "1e30", "-n", "500", "--frames", "2"]),
        2,
        "the center has 13 digits behind the point, and the last frame needs 32",
    );
    folder.refuse(
        &zoom(&["--at", "star", "--frames", "2", "--from", "none.toml"]),
        2,
        "there is no file 'none.toml'",
    );
    folder.refuse(
        &zoom(&["--at", "star", "--frames", "2", "--from", "0"]),
        2,
        "--from must be greater than 0",
    );
    fs::write(folder.path("first.toml"), "[view]\ncenter = \"0.25\"\nzoom = \"3\"\n").expect("a file");
    folder.refuse(&zoom(&["--at", "star", "--frames", "2", "--from", "first.toml"]), 2, "another center");
}

#[test]
fn frames_in_the_way_are_left_alone() {
    let folder = Folder::new();
    let make =
        |more: &[&'static str]| film(&[&["--frames", "3", "-o", "f/{index}.png"], more].concat()).to_vec();
    folder.succeed(&make(&[]));
    let before = folder.files("f");
    folder.refuse(&make(&[]), 4, "--resume to go on");
    folder.refuse(&make(&["--resume", "-p", "copper"]), 4, "no frame of this film");
    fs::write(folder.path("f/1.png"), "a letter").expect("a file");
    folder.refuse(&make(&["--resume"]), 4, "no frame of this film");
    assert_eq!(folder.files("f")["1.png"], b"a letter");
    folder.succeed(&make(&["--force"]));
    assert!(folder.files("f") == before);
    folder.succeed(&make(&["--resume"]));
    assert!(folder.files("f") == before);
}

#[test]
fn an_outlook_writes_nothing() {
    let folder = Folder::new();
    let text = String::from_utf8(folder.succeed(&film(&["--seconds", "2", "--dry-run"]))).expect("text");
    assert!(text.contains("60 frames of 64x36, 59.8 octaves, from 1 to 1e18\nway keys, "), "{text}");
    let json = folder.succeed(&film(&["--frames", "60", "--dry-run", "--json"]));
    let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(json["frames"], 60);
    assert!(json["seconds"].as_f64() > Some(0.0) && json["png_bytes"].as_f64() > Some(0.0));
    assert_eq!(fs::read_dir(folder.0.path()).expect("the folder").count(), 0);
}

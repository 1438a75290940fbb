//! Palettes from files of other programs.

mod folder;

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use folder::Folder;
use image::{Rgb as Pixel, RgbImage};
use mandel::{Draft, Palette, Rgb};

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
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {message}");
        assert!(message.starts_with("error: ") && message.contains(part), "{args:?}: {message}");
        assert!(message.len() < 1000 && message.trim_end().lines().count() == 1, "{message}");
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn data(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/data/palettes", name].iter().collect()
}

/// The palette in a file of `tests/data/palettes`.
fn palette(name: &str, of: Option<&str>) -> Palette {
    Palette::from_file(&fs::read(data(name)).expect("a file"), of, false).expect(name)
}

fn stops(palette: &Palette) -> Vec<(f64, Rgb)> {
    palette.own_stops().expect("stops").to_vec()
}

/// Checks that a palette passes within `tolerance` of a color at a place.
fn near(palette: &Palette, place: f64, color: [u8; 3], tolerance: u8) {
    let Rgb(found) = palette.strip(100_001)[(place * 100_000.0).round() as usize];
    assert!((0..3).all(|c| found[c].abs_diff(color[c]) <= tolerance), "{found:?} at {place}, not {color:?}");
}

#[test]
fn a_fractint_map_is_a_ring_without_its_first_color() {
    let ring = [[252, 0, 0], [17, 34, 255], [1, 2, 3], [252, 0, 0]].map(Rgb);
    assert_eq!(palette("short.map", None), Palette::from_colors(ring.to_vec()).expect("a palette"));
    assert!(palette("short.map", None).is_cyclic());
}

#[test]
fn a_whole_map_of_six_bits_reaches_white() {
    let map = |scale: u32| -> String {
        (0..256).map(|i| format!("{0} {0} {0}\r\n", scale * (i % 64))).chain(["7 7 7\n".into()]).collect()
    };
    let read = |text: String| Palette::from_file(text.as_bytes(), None, false).expect("a map");
    assert_eq!(stops(&read(map(4)))[62].1, Rgb([255; 3]));
    assert_eq!(stops(&read(map(4)))[31].1, Rgb([129; 3]));
    // Other numbers mean what they say.
    assert_eq!(stops(&read(map(3)))[62].1, Rgb([189; 3]));
    assert_eq!(stops(&read(map(4))).len(), 256, "255 colors, and the first again");
}

#[test]
fn ultra_fractal_gradients_are_found_by_name() {
    let file = fs::read(data("several.ugr")).expect("a file");
    let names = Palette::names_in(&file).expect("names");
    assert_eq!(names, ["Night Sky", "smooth-one", "single", "empty", "same_place"]);
    // Black at 0, red at 200, blue at -100, which is 300; blue is the highest byte.
    let night = palette("several.ugr", Some("night sky"));
    assert!(night.is_cyclic());
    for (place, color) in [(0.0, [0; 3]), (0.5, [255, 0, 0]), (0.75, [0, 0, 255]), (1.0, [0; 3])] {
        near(&night, place, color, 0);
    }
    // Linear in between.
    for i in 1..100 {
        let f = f64::from(i) / 100.0;
        near(&night, f / 2.0, [(255.0 * f).round() as u8, 0, 0], 4);
    }
    // A smooth gradient without a color at 0 has the color there that the curve has across the end.
    let smooth = palette("several.ugr", Some("smooth-one"));
    near(&smooth, 0.0, [128; 3], 1);
    near(&smooth, 0.75, [255; 3], 0);
    let same = palette("several.ugr", Some("same_place"));
    near(&same, 0.025, [255, 0, 0], 0);
    // The only gradient needs no name.
    near(&palette("only.ugr", None), 0.5, [0, 255, 0], 0);
}

#[test]
fn gimp_gradients_blend_and_jump() {
    let plain = palette("plain.ggr", None);
    for (place, color) in [
        (0.0, [0; 3]),
        (0.125, [128, 0, 0]),
        // A sine is a quarter of its way at a third.
        (0.25 + 0.5 / 3.0, [191, 0, 64]),
        (0.749, [0, 0, 255]),
        (0.751, [255; 3]),
        (0.799, [255; 3]),
        (0.801, [0, 255, 0]),
        (1.0, [0, 255, 0]),
    ] {
        near(&plain, place, color, 3);
    }
    assert!(!plain.is_cyclic());
    // From red over yellow to green, and by a circle that decreases, with falling hue, back.
    let hue = palette("old_hue.ggr", None);
    near(&hue, 0.25, [255, 255, 0], 3);
    near(&hue, 0.75, [68, 255, 0], 4);
    near(&palette("foreground.ggr", None), 0.5, [128; 3], 2);
}

#[test]
fn kalles_fraktalers_colors_are_a_ring_with_half_waves() {
    let ring = palette("place.kfr", None);
    assert!(ring.is_cyclic());
    near(&ring, 1.0 / 3.0, [255, 128, 0], 0);
    near(&ring, 1.0 / 6.0, [128, 64, 0], 1);
    // sin^2(pi/8) of the way from orange to blue at a quarter.
    near(&ring, 1.0 / 3.0 + 1.0 / 12.0, [221, 136, 37], 3);
}

#[test]
fn pictures_give_the_colors_of_their_diagonal() {
    let folder = Folder::new();
    let encoded = |picture: &RgbImage, name: &str| {
        picture.save(folder.path(name)).expect("a picture");
        Palette::from_file(&fs::read(folder.path(name)).expect("a file"), None, false).expect("a palette")
    };
    // A strip is taken pixel by pixel, however high.
    let color = |x: u32| [x as u8, 255 - x as u8, (x * 7) as u8];
    for (name, size) in [("row.png", (256, 1)), ("strip.png", (256, 20)), ("lossless.webp", (200, 3))] {
        let strip = RgbImage::from_fn(size.0, size.1, |x, _| Pixel(color(x)));
        let wanted = (0..size.0).map(|x| Rgb(color(x))).collect();
        assert_eq!(encoded(&strip, name), Palette::from_colors(wanted).expect("a palette"), "{name}");
    }
    let column = RgbImage::from_fn(2, 100, |_, y| Pixel(color(y)));
    assert_eq!(stops(&encoded(&column, "column.png"))[99].1, Rgb(color(99)));
    // A photograph: the mean of black and white in linear light is 188.
    let photograph = RgbImage::from_fn(640, 480, |x, y| Pixel([if (x + y) % 2 == 0 { 0 } else { 255 }; 3]));
    let palette = encoded(&photograph, "photograph.png");
    assert_eq!(stops(&palette).len(), 64);
    near(&palette, 0.3, [188; 3], 3);
    near(&encoded(&photograph, "photograph.jpg"), 0.3, [188; 3], 12);
    // Other pictures are named as such.
    fs::write(folder.path("x.tif"), b"II*\0rest").expect("a file");
    folder.refuse(&["palettes", "--show", "x.tif"], 3, "x.tif:1:1: the picture cannot be read: ");
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_its_place() {
    let folder = Folder::new();
    for (name, part) in [
        ("two_numbers.map", ":2:1: three numbers, of red, green and blue expected (got '12 13')"),
        ("too_bright.map", ":2:5: a whole number from 0 to 255 expected (got '256')"),
        ("negative.map", ":2:3: a whole number from 0 to 255 expected (got '-2')"),
        ("one_color.map", ":2:6: a palette of a single color; it needs at least two"),
        ("no_color.map", ":1:16: a palette without a color; it needs at least two"),
        ("no_end.ugr", ":3:17: the } of a gradient expected, and the text ends"),
        ("bad_color.ugr", ":3:16: a color from 0 to 16777215"),
        ("bad_index.ugr", ":3:8: a whole number expected (got 'x')"),
        ("no_index.ugr", ":3:2: index= before each color= expected"),
        ("no_name.ugr", ":1:1: the name of a gradient before its { expected"),
        ("several.ugr:single", ":18:1: a palette of a single color"),
        ("several.ugr:empty", ":22:1: a palette without a color"),
        ("gap.ggr", ":4:1: a segment that does not begin where the one before ends"),
        ("half.ggr", ":3:30: a last segment that ends at 1 expected, and the text ends"),
        ("missing.ggr", ":4:28: 13 or 15 numbers of a segment expected, and the text ends"),
        ("twelve.ggr", ":3:1: 13 or 15 numbers of a segment expected"),
        ("nan.ggr", ":3:13: a number from 0 to 1 expected (got 'nan')"),
        ("blend.ggr", ":3:25: a blend from 0 to 5 expected (got '6')"),
        ("falling.ggr", ":3:1: places of a segment that rise expected"),
        ("count.ggr", ":2:1: 1 to 1024 segments expected (got '9999999999')"),
        ("thirds.kfp", ":1:22: 5 numbers, which are no multiple of three"),
        ("one.kfp", ":2:9: a palette of a single color"),
        ("none.kfp", ":2:8: a palette without a color"),
        ("negative.kfp", ":1:19: a whole number from 0 to 255 expected (got '-1')"),
    ] {
        let path = data(name);
        let path = path.to_str().expect("a path");
        let place = path.split(".ugr:").next().map(|path| path.trim_end_matches(".ugr")).expect("a path");
        for args in [&["palettes", "--convert", path][..], &["render", "-s", "16", "-p", path, "-o", "x.png"]]
        {
            folder.refuse(args, 3, part);
            folder.refuse(args, 3, place);
        }
        assert!(!folder.path("x.png").exists());
    }
}

#[test]
fn names_in_files_are_told() {
    let folder = Folder::new();
    let path = |name: &str| data(name).to_str().expect("a path").to_string();
    let several = path("several.ugr");
    folder.refuse(
        &["palettes", "--convert", &several],
        2,
        "it has 5: Night Sky, smooth-one, single, empty, same_place",
    );
    folder.refuse(&["render", "-p", &format!("{several}:smoth-one")], 2, "did you mean 'smooth-one'?");
    folder.refuse(
        &["render", "-p", &format!("{}:x", path("plain.ggr"))],
        2,
        "it has one palette without a name",
    );
    for word in ["no-such.map", "no,such.jpg", "viridos", "viridis.map:x"] {
        let output = folder.run(&["render", "-p", word]);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2));
        for part in ["no palette named", "no list of colors such as", "and no file of that name"] {
            assert!(message.contains(part) && message.contains(word), "{message}");
        }
    }
    folder.refuse(&["render", "-p", "#000,blue"], 2, "--palette: cannot read color 'blue'");
    folder.refuse(&["render", "-p", "."], 2, ". is a directory; name a file");
}

#[test]
fn a_picture_carries_the_palette_of_the_file_it_was_made_with() {
    let folder = Folder::new();
    for name in ["short.map", "several.ugr:Night Sky", "plain.ggr", "place.kfr"] {
        let path = data(name);
        let path = path.to_str().expect("a path");
        folder.succeed(&["render", "-q", "-f", "-s", "48x32", "-p", path, "-o", "a.png"]);
        folder.succeed(&["render", "-q", "-f", "--scene", "a.png", "-o", "b.png"]);
        assert!(
            fs::read(folder.path("a.png")).expect("a file")
                == fs::read(folder.path("b.png")).expect("a file")
        );
        // What is printed is a scene with that palette.
        let text = folder.succeed(&["palettes", "--convert", path]);
        fs::write(folder.path("colors.toml"), &text).expect("a file");
        let colors = Draft::read(&text).expect("a scene").palette.expect("a palette");
        folder.succeed(&[
            "render",
            "-q",
            "-f",
            "-s",
            "48x32",
            "--colors",
            "colors.toml",
            "--map",
            "log",
            "-o",
            "c.png",
        ]);
        let scene = folder.succeed(&["info", "c.png"]);
        assert_eq!(Draft::read(&scene).expect("a scene").palette, Some(colors), "{name}");
        assert!(
            image::open(folder.path("a.png")).expect("a") == image::open(folder.path("c.png")).expect("c")
        );
    }
}

#[test]
fn palettes_of_files_are_shown() {
    let folder = Folder::new();
    let only = data("only.ugr");
    let shown = folder.succeed(&["palettes", "--show", only.to_str().expect("a path")]);
    assert!(shown.starts_with("only: ") && shown.ends_with(" colors, cyclic\n"), "{shown}");
    let strip = folder.succeed(&["palettes", "--color", "always", "--show", only.to_str().expect("a path")]);
    assert!(strip.contains("\x1b[38;2;255;0;0;"), "{strip}");
    assert_eq!(
        folder.succeed(&["palettes", "--show", "#000,#fff"]),
        "#000000,#ffffff: 2 colors, forth and back\n"
    );
    assert_eq!(folder.succeed(&["palettes", "--convert", "hot"]), "[color]\npalette = \"hot\"\n");
}

#[test]
fn readers_are_bounded() {
    let folder = Folder::new();
    let large = fs::File::create(folder.path("large.map")).expect("a file");
    large.set_len(1 << 30).expect("a hole");
    folder.refuse(&["palettes", "--show", "large.map"], 3, "large.map: more than 32 MiB");
    folder.refuse(&["palettes", "--show", "/dev/zero"], 3, "/dev/zero: more than 32 MiB");
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path(name), bytes).expect("a file");
    write("long.map", "1 2 3\n".repeat(1 << 20).as_bytes());
    folder.refuse(&["palettes", "--show", "long.map"], 3, "long.map:1:1: more than 4 MiB of text");
    write("deep.ugr", ("a { gradient:".to_string() + &"{".repeat(200_000)).as_bytes());
    folder.refuse(&["palettes", "--show", "deep.ugr"], 3, "deep.ugr:1:200014: the } of a gradient");
    write("many.ugr", "a{gradient:}\n".repeat(20_000).as_bytes());
    folder.refuse(&["palettes", "--show", "many.ugr"], 3, "many.ugr:10001:1: ");
    write("many.kfp", ("Colors: ".to_string() + &"1,".repeat(1 << 20)).as_bytes());
    folder.refuse(&["palettes", "--show", "many.kfp"], 3, "many.kfp:1:6153: more than 1024 colors");
    write("digits.map", ("0 0 0\n".to_string() + &"9".repeat(1_000_000)).as_bytes());
    folder.refuse(&["palettes", "--show", "digits.map"], 3, "digits.map:2:1: ");
    // A picture whose header claims 2^31 - 1 pixels on each side.
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0".to_vec();
    let crc = crc32fast::hash(&png[12..]);
    png.extend(crc.to_be_bytes());
    write("claims.png", &png);
    folder.refuse(&["palettes", "--show", "claims.png"], 3, "claims.png:1:1: the picture cannot be read: ");
}

#[test]
fn no_content_makes_a_reader_fail_otherwise() {
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let parts: [&[u8]; 16] = [
        b"\n",
        b"0",
        b"255 ",
        b"-",
        b"{",
        b"}",
        b";",
        b"\"",
        b"=",
        b"gradient:",
        b"index=399 color=255 ",
        b"Colors: 1,2,3,",
        b"GIMP Gradient\n1\n",
        b"0 .5 1 0 0 0 1 1 1 1 1 0 0",
        b"\xff",
        b"\r",
    ];
    for entry in fs::read_dir(data("")).expect("files") {
        let bytes = fs::read(entry.expect("a file").path()).expect("a file");
        for _ in 0..100 {
            let mut bytes = bytes.clone();
            for _ in 0..=random(3) {
                let (at, end) = (random(bytes.len() + 1), random(bytes.len() + 1));
                let part = parts[random(parts.len())].iter().copied();
                bytes.splice(at..end.clamp(at, (at + 9).min(bytes.len())), part);
            }
            let names = Palette::names_in(&bytes).unwrap_or_default();
            for name in names.iter().map(|name| Some(name.as_str())).chain([None]) {
                if let Ok(palette) = Palette::from_file(&bytes, name, true) {
                    assert!((2..=10_000).contains(&stops(&palette).len()));
                }
            }
        }
    }
}

//! Files of numbers: what is written is read again to the last bit, what others write is read, and damaged ones are refused.

mod folder;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::process::Output;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use folder::Folder;
use mandel::decode::{FieldFile, ReadError};
use mandel::encode::{Beside, Layout, Npz, Out, Sink};
use mandel::{Distance, Escape, Kernel};

impl Folder {
    fn run(&self, args: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_mandel")).args(args).output().expect("the program starts")
    }

    fn succeed(&self, line: &str) -> String {
        let args: Vec<&str> = line.split_whitespace().collect();
        let output = self.run(&args);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", stderr(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    fn refuse(&self, line: &str, code: i32, part: &str) {
        let args: Vec<&str> = line.split_whitespace().collect();
        let output = self.run(&args);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{line}: {message}");
        assert!(message.starts_with("error: ") && message.contains(part), "{line}: {message}");
        assert!(message.len() < 500, "{line}: {} bytes of message", message.len());
        assert!(!self.path("x.png").exists(), "{line}");
    }

    /// Expects that a file of these bytes is refused as input.
    fn refuse_bytes(&self, bytes: &[u8], part: &str) {
        fs::write(self.path("bad"), bytes).expect("a file");
        self.refuse("color bad -o x.png", 3, part);
        self.refuse("stats bad", 3, part);
    }

    /// Changes bytes of a file, about 500 one by one, and reads it: whatever it says then, it is read or refused.
    fn survives_any_byte(&self, bytes: &[u8]) {
        for i in (0..bytes.len()).step_by(bytes.len().div_ceil(500)) {
            for change in [1, 0xff] {
                let mut changed = bytes.to_vec();
                changed[i] ^= change;
                fs::write(self.path("changed"), changed).expect("a file");
                let file = fs::File::open(self.path("changed")).expect("a file");
                let Ok(field) = FieldFile::open(file, None, 1 << 20) else { continue };
                let (width, height) = (field.size().0.min(20), field.size().1.min(20));
                let mut out = vec![Escape::NONE; (width * height) as usize];
                field.iterate(0..width, 0..height, &mut out);
                let distances = &mut vec![Distance::NONE; out.len()];
                field.distances(0..width, 0..height, &out, distances);
                assert!(!matches!(field.take_failure(), Some(ReadError::Io(_))), "byte {i}");
            }
        }
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect(name)
    }

    fn pixels(&self, name: &str) -> Vec<u8> {
        image::open(self.path(name)).expect(name).into_rgb8().into_raw()
    }

    /// The pixels that these bytes are colored to with these options.
    fn colored(&self, bytes: &[u8], options: &str) -> Vec<u8> {
        fs::write(self.path("field"), bytes).expect("a file");
        self.succeed(&format!("color field -q -f -o colored.png {options}"));
        self.pixels("colored.png")
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_picture_of_a_field_is_that_of_a_render_byte_for_byte() {
    let folder = Folder::new();
    let crop = "[view]\nsize = \"90x60\"\ncrop = [10, 7, 33, 21]\n";
    fs::write(folder.path("crop.toml"), crop).expect("a file");
    for view in [
        "-s 60x40",
        "-s 61x43 --supersample 1 --map linear --offset 0.3 --reverse",
        "-s 41x23 --supersample 3 --light 135 --edge 1",
        "-s 60x40 -c -0.745+0.1i -z 300 --map auto -p inferno",
        "-s 60x40 -c -0.745+0.1i -z 300 --map histogram --rotate 30",
        "-s 40x30 --map cyclic --bands --rotate -12.5 --light 60",
        "-s 40x30 --at seahorse -n 77 --origin 5",
        "-s 40x30 --interior transparent",
        "-s 40x30 --interior period",
        "-s 40x30 --at mini --interior distance --light 135 --rotate 20",
        "-s 32x18 --at seahorse --interior distance --map histogram",
        "-s 32x18 --at urchin --supersample 1",
        "-s 24x14 --at blossom --map log",
        "--scene crop.toml",
        "--scene crop.toml --map auto --light 10 --palette #012,#fa0,#fff",
    ] {
        folder.succeed(&format!("render {view} -q -f -o direct.png -o a.npz -o a.exr"));
        for field in ["a.npz", "a.exr"] {
            // Each field makes the other one too.
            folder.succeed(&format!("color {field} -q -f -o again.png -o b.npz -o b.exr"));
            for (one, other) in [("direct.png", "again.png"), ("a.npz", "b.npz"), ("a.exr", "b.exr")] {
                assert!(folder.read(one) == folder.read(other), "{view}: {other} of {field}");
            }
        }
    }
}

#[test]
fn other_colors_are_those_of_a_render_with_them() {
    let folder = Folder::new();
    let view = "--at elephant -s 60x40 --supersample 2";
    folder.succeed(&format!("render {view} -q --values distance -o a.npz -o a.exr"));
    for colors in [
        "-p inferno --density 2",
        "--map linear -p #000,#fff --bands",
        "--map log --interior #123456",
        "--map histogram",
        "--light 135,2 --edge 0.5",
    ] {
        folder.succeed(&format!("render {view} {colors} -q -f -o direct.png"));
        for field in ["a.npz", "a.exr"] {
            folder.succeed(&format!("color {field} {colors} -q -f -o again.png"));
            assert!(folder.read("direct.png") == folder.read("again.png"), "{colors}, {field}");
        }
    }
    // A field with periods has them for other colors, and is one without where they are not asked for.
    folder.succeed(&format!("render {view} --interior period -q -f -o c.npz -o c.exr"));
    for colors in ["--interior distance --light 100", "--interior #123456", "--interior black --light 100"] {
        folder.succeed(&format!("render {view} {colors} -q -f -o direct.png -o direct.npz"));
        for field in ["c.npz", "c.exr"] {
            folder.succeed(&format!("color {field} {colors} -q -f -o again.png -o again.npz"));
            assert!(folder.read("direct.png") == folder.read("again.png"), "{colors}, {field}");
        }
    }
    // The curve of the automatic map is found from nearby samples where the field names none.
    folder.succeed(&format!("render {view} --map auto -q -f -o direct.png"));
    folder.succeed("color a.npz --map auto -q -f -o again.png");
    let (direct, again) = (folder.pixels("direct.png"), folder.pixels("again.png"));
    let far = direct.iter().zip(&again).filter(|(a, b)| a.abs_diff(**b) > 60).count();
    assert!(far < direct.len() / 20, "{far} of {}", direct.len());
    assert!(String::from_utf8_lossy(&folder.read("again.png")).contains("--scene THIS_FILE"));
}

#[test]
fn numbers_alone_have_one_sample_a_pixel_and_name_the_whole_scene() {
    let folder = Folder::new();
    folder.succeed("render -c -0.745+0.1i -z 300 -s 50x40 -q -o a.npz");
    let text = String::from_utf8_lossy(&folder.read("a.npz")).into_owned();
    assert!(text.contains("supersample = 1") && text.contains("curve = [["), "{text}");
    folder.succeed("render -c -0.745+0.1i -z 300 -s 50x40 --supersample 1 -q -o direct.png");
    folder.succeed("color a.npz -q -o again.png");
    assert!(folder.read("direct.png") == folder.read("again.png"));
}

/// An array in version 1.0 of the format.
fn npy(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

/// Smooth counts of 6x4 samples; NaN where nothing escaped. Their fractions have few bits.
fn smooth() -> Vec<f64> {
    (0..24)
        .map(|i| if i % 7 == 3 { f64::NAN } else { f64::from(i * i) + 2.0 + f64::from(i % 4) / 4.0 })
        .collect()
}

#[test]
fn arrays_of_all_types_are_read() {
    let folder = Folder::new();
    let counts: Vec<u32> = smooth().iter().map(|nu| if nu.is_nan() { 1000 } else { *nu as u32 }).collect();
    let of = |kind: &str, bytes: fn(u32) -> Vec<u8>| {
        npy(kind, "(4, 6)", &counts.iter().flat_map(|n| bytes(*n)).collect::<Vec<_>>())
    };
    let plain = folder.colored(&of("<u4", |n| n.to_le_bytes().to_vec()), "");
    for array in [
        of("<i4", |n| n.to_le_bytes().to_vec()),
        of("<u8", |n| u64::from(n).to_le_bytes().to_vec()),
        of("<i8", |n| u64::from(n).to_le_bytes().to_vec()),
    ] {
        assert!(folder.colored(&array, "") == plain);
    }
    // The largest count is the limit, so its samples did not escape; with a higher one all did.
    assert_eq!(plain[9..12], [0, 0, 0]);
    assert_ne!(folder.colored(&of("<u4", |n| n.to_le_bytes().to_vec()), "-n 2000")[9..12], [0, 0, 0]);
    let double: Vec<u8> = smooth().iter().flat_map(|nu| nu.to_le_bytes()).collect();
    let single: Vec<u8> = smooth().iter().flat_map(|nu| (*nu as f32).to_le_bytes()).collect();
    let double = folder.colored(&npy("<f8", "(4, 6)", &double), "-n 1000");
    assert!(folder.colored(&npy("<f4", "(4, 6)", &single), "-n 1000") == double);
    assert!(double != plain && double[9..12] == [0, 0, 0]);
    // A picture of numbers without a view names none.
    let png = folder.read("colored.png");
    assert!(!String::from_utf8_lossy(&png).contains("center"));
    let summary = folder.succeed("color field -n 1000 -q -f --json -o colored.png");
    assert!(!summary.contains("\"view\"") && summary.contains("\"not iterated\""), "{summary}");
}

/// An archive with these members; deflated ones if asked.
fn zip(members: &[(&str, &[u8])], deflate: bool) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let mut packed = content.to_vec();
        if deflate {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content).expect("memory");
            packed = encoder.finish().expect("memory");
        }
        let mut head = vec![20, 0, 0, 0, if deflate { 8 } else { 0 }, 0, 0, 0, 33, 0];
        head.extend(crc32fast::hash(content).to_le_bytes());
        head.extend((packed.len() as u32).to_le_bytes());
        head.extend((content.len() as u32).to_le_bytes());
        head.extend([name.len() as u8, 0, 0, 0]);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&head);
        directory.extend([0; 10]);
        directory.extend((bytes.len() as u32).to_le_bytes());
        directory.extend(name.bytes());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(head);
        bytes.extend(name.bytes());
        bytes.extend(packed);
    }
    let place = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([members.len() as u8, 0, members.len() as u8, 0]);
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(place.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

#[test]
fn archives_that_numpy_wrote_are_read() {
    let folder = Folder::new();
    let data: Vec<u8> = (0..24_u32).flat_map(|n| (n * n + 1).to_le_bytes()).collect();
    let array = npy("<u4", "(4, 6)", &data);
    let alone = folder.colored(&array, "");
    for deflate in [false, true] {
        assert!(folder.colored(&zip(&[("arr_0.npy", &array)], deflate), "") == alone);
        assert!(folder.colored(&zip(&[("other.npy", b"?"), ("counts.npy", &array)], deflate), "") == alone);
        let two = zip(&[("a.npy", &array), ("b.npy", &array)], deflate);
        folder.refuse_bytes(&two, "it has no array of the name counts");
    }
    let wide = npy("<f4", "(4, 7)", &[0; 112]);
    folder.refuse_bytes(&zip(&[("counts.npy", &array), ("fraction.npy", &wide)], false), "do not fit");
    let scene = b"mandel = 1\n[view]\nsize = \"7x4\"\nsupersample = 1\n";
    let other = zip(&[("counts.npy", &array), ("scene.toml", scene)], true);
    folder.refuse_bytes(&other, "its scene has 7x4 samples, and it holds 6x4");
    folder.refuse_bytes(
        &zip(&[("counts.npy", &array), ("scene.toml", b"# a: b\nview = 1\n")], true),
        "its scene: ",
    );
    let whole = zip(&[("counts.npy", &array)], true);
    folder.survives_any_byte(&whole);
    folder.survives_any_byte(&zip(&[("counts.npy", &array)], false));
    for cut in [5, 30, 60, whole.len() - 30, whole.len() - 1] {
        folder.refuse_bytes(&whole[..cut], "");
    }
    // A member that claims to unpack to gigabytes.
    let mut huge = whole;
    let entry = huge.windows(4).rposition(|four| four == b"PK\x01\x02").expect("a directory");
    huge[entry + 24..entry + 28].copy_from_slice(&0xf000_0000_u32.to_le_bytes());
    folder.refuse_bytes(&huge, "a size that it cannot unpack to");
    // Gigabytes of zeros in a few bytes, which the header of the array does not announce, and which it does.
    let zeros = vec![0; 4 * 4200 * 4200];
    let lie = zip(&[("counts.npy", &[&npy("<u4", "(4, 6)", &[])[..], &zeros[..1 << 20]].concat())], true);
    folder.refuse_bytes(&lie, "6x4 samples, which take 96 bytes or more");
    let bomb = zip(&[("counts.npy", &npy("<u4", "(4200, 4200)", &zeros))], true);
    folder.refuse_bytes(&bomb, "unpacks to far more than it is");
}

/// A channel of an EXR: name, type by its number, and the bytes of a sample.
type Channel = (&'static str, u32, fn(f64) -> Vec<u8>);

/// An uncompressed EXR of `smooth`, with a row in each block.
fn exr(channels: &[Channel], attributes: &[(&str, &str, Vec<u8>)]) -> Vec<u8> {
    let mut list = Vec::new();
    for (name, kind, _) in channels {
        list.extend(name.bytes().chain([0]));
        list.extend([*kind, 0, 1, 1].iter().flat_map(|number| number.to_le_bytes()));
    }
    list.push(0);
    // The data window begins elsewhere than at 0,0.
    let window: Vec<u8> = [-3, 5, 2, 8_i32].iter().flat_map(|side| side.to_le_bytes()).collect();
    let fixed = [
        ("channels", "chlist", list),
        ("compression", "compression", vec![0]),
        ("dataWindow", "box2i", window.clone()),
        ("displayWindow", "box2i", window),
        ("lineOrder", "lineOrder", vec![0]),
        ("pixelAspectRatio", "float", 1_f32.to_le_bytes().to_vec()),
        ("screenWindowCenter", "v2f", vec![0; 8]),
        ("screenWindowWidth", "float", 1_f32.to_le_bytes().to_vec()),
    ];
    let mut bytes = b"\x76\x2f\x31\x01\x02\x00\x00\x00".to_vec();
    for (name, kind, value) in fixed.iter().chain(attributes) {
        bytes.extend(name.bytes().chain([0]).chain(kind.bytes()).chain([0]));
        bytes.extend((value.len() as u32).to_le_bytes());
        bytes.extend(value);
    }
    bytes.push(0);
    let rows: Vec<Vec<u8>> = smooth()
        .chunks(6)
        .map(|row| channels.iter().flat_map(|(.., of)| row.iter().flat_map(|nu| of(*nu))).collect())
        .collect();
    let first = bytes.len() + 8 * rows.len();
    for y in 0..rows.len() {
        bytes.extend(((first + y * (8 + rows[0].len())) as u64).to_le_bytes());
    }
    for (y, row) in rows.iter().enumerate() {
        bytes.extend((5 + y as i32).to_le_bytes());
        bytes.extend((row.len() as u32).to_le_bytes());
        bytes.extend(row);
    }
    bytes
}

fn word(number: u32) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

const N: Channel = ("N", 0, |nu| word(if nu.is_nan() { u32::MAX } else { nu as u32 + 1024 }));
const NF: Channel = ("NF", 2, |nu| word(if nu.is_nan() { 0 } else { (nu.fract() as f32).to_bits() }));
const NOTHING: Channel = ("T", 2, |_| word(0));

fn attributes() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    vec![("Iterations", "int", word(1000)), ("IterationsBias", "int", word(1024))]
}

#[test]
fn exr_of_other_programs_is_read() {
    let folder = Folder::new();
    let data: Vec<u8> = smooth().iter().flat_map(|nu| nu.to_le_bytes()).collect();
    let plain = folder.colored(&npy("<f8", "(4, 6)", &data), "-n 1000");
    assert!(folder.colored(&exr(&[N, NF, NOTHING], &attributes()), "") == plain);
    // Counts in two halves, and attributes as texts.
    let low: Channel = ("N0", 0, N.2);
    let high: Channel = ("N1", 0, |nu| word(if nu.is_nan() { u32::MAX } else { 0 }));
    let texts =
        [("Iterations", "string", b"1000".to_vec()), ("IterationsBias", "string", b" 1024 ".to_vec())];
    assert!(folder.colored(&exr(&[low, high, NF], &texts), "") == plain);
    // No fraction at all.
    let whole: Vec<u8> = smooth().iter().flat_map(|nu| nu.floor().to_le_bytes()).collect();
    let whole = folder.colored(&npy("<f8", "(4, 6)", &whole), "-n 1000");
    assert!(folder.colored(&exr(&[N], &attributes()), "") == whole && whole != plain);
    // With distances there is light.
    let (x, y): (Channel, Channel) = (("DEX", 2, |_| word(0)), ("DEY", 2, |_| word(1_f32.to_bits())));
    let lit = folder.colored(&exr(&[x, y, N, NF], &attributes()), "--light -90");
    assert!(lit != plain && lit != folder.colored(&exr(&[x, y, N, NF], &attributes()), "--light 90"));
    folder.refuse("color field --light 135 --max-iter 77 -o x.png", 2, "says how far it was iterated, 1000");
    fs::write(folder.path("field"), exr(&[N, NF], &attributes())).expect("a file");
    folder.refuse("color field --light 135 -o x.png", 2, "field has no distances");
    folder.refuse("color field --values distance -o x.npy", 2, "render it again with --values distance");
    folder.refuse("color field --interior period -o x.png", 2, "field has no periods");
}

#[test]
fn other_programs_open_the_place_of_an_exr() {
    let folder = Folder::new();
    folder.succeed("render -c -0.745+0.1i -z 300 -s 50x40 -n 700 --rotate 20 -q -o a.exr -o a.npz");
    let bytes = folder.read("a.exr");
    let text = String::from_utf8_lossy(&bytes);
    for part in [
        "KallesFraktaler2+\0string\0",
        "Im: -0.1\r\nZoom: 300\r\nIterations: 700\r\n",
        "location.imag = \"-0.1\"",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!String::from_utf8_lossy(&folder.read("a.npz")).contains("Kalles"));
    // The scene in it is ours.
    assert!(folder.succeed("info a.exr").contains("center = \"-0.745+0.1i\""));
}

#[test]
fn damaged_exr_is_refused() {
    let folder = Folder::new();
    let whole = exr(&[N, NF], &attributes());
    let blue: Channel = ("B", 2, |_| word(0));
    folder.refuse_bytes(&exr(&[blue], &attributes()), "it has no channel N");
    let half: Channel = ("NF", 1, |_| vec![0; 2]);
    folder.refuse_bytes(&exr(&[N, half], &attributes()), "of the type F16, in channel NF");
    let infinite: Channel = ("NF", 2, |nu| word(if nu == 18.0 { f32::INFINITY } else { 0.0 }.to_bits()));
    folder.refuse_bytes(&exr(&[N, infinite], &attributes()), "an infinite value at sample 4,0");
    let far: Channel = ("N0", 0, |_| word(7));
    folder.refuse_bytes(&exr(&[far, ("N1", 0, |_| word(7))], &attributes()), "a count beyond 2^32 - 2");
    folder.refuse_bytes(&exr(&[N], &[("Iterations", "string", b"many".to_vec())]), "is no number");
    for cut in [4, 8, 100, whole.len() / 2, whole.len() - 1] {
        folder.refuse_bytes(&whole[..cut], "");
    }
    // Sizes that the file cannot hold.
    let window = whole.windows(6).position(|six| six == b"box2i\0").expect("a window") + 10;
    for (right, bottom) in [(1 << 30, 1 << 30), (i32::MAX, 8), (2, i32::MAX), (-5, 8)] {
        let mut huge = whole.clone();
        huge[window + 8..window + 12].copy_from_slice(&i32::to_le_bytes(right));
        huge[window + 12..window + 16].copy_from_slice(&i32::to_le_bytes(bottom));
        folder.refuse_bytes(&huge, "");
    }
    folder.survives_any_byte(&whole);
    folder.succeed("render -s 20x18 -q --no-metadata --light 0 -o own.exr");
    folder.survives_any_byte(&folder.read("own.exr"));
}

/// A map of Kalles Fraktaler of `smooth`.
fn kfb() -> Vec<u8> {
    let mut bytes = b"KFB".to_vec();
    bytes.extend([6_u32, 4].iter().flat_map(|side| side.to_le_bytes()));
    let columns = || (0..6).flat_map(|x| (0..4).map(move |y| smooth()[6 * y + x]));
    bytes.extend(columns().flat_map(|nu| word(if nu.is_nan() { 1000 } else { nu as u32 })));
    bytes.extend(word(1));
    bytes.extend(word(2));
    bytes.extend([1, 2, 3, 4, 5, 6]);
    bytes.extend(word(1000));
    bytes.extend(
        columns().flat_map(|nu| word(if nu.is_nan() { 0 } else { (1.0 - nu.fract() as f32).to_bits() })),
    );
    bytes
}

#[test]
fn maps_of_kalles_fraktaler_are_read() {
    let folder = Folder::new();
    let data: Vec<u8> = smooth().iter().flat_map(|nu| nu.to_le_bytes()).collect();
    let plain = folder.colored(&npy("<f8", "(4, 6)", &data), "-n 1000");
    let map = kfb();
    assert!(folder.colored(&map, "") == plain);
    let with_distances = [&map[..], &[0; 96]].concat();
    assert!(folder.colored(&with_distances, "") == plain);
    for cut in [3, 11, 100, map.len() - 1] {
        folder.refuse_bytes(&map[..cut], "");
    }
    folder.refuse_bytes(&[&map[..], &[0; 3]].concat(), "6x4 samples, which take 221 bytes or more");
    let mut infinite = map.clone();
    infinite[221 - 92..221 - 88].copy_from_slice(&f32::INFINITY.to_le_bytes());
    folder.refuse_bytes(&infinite, "an infinite value at sample 0,1");
    folder.survives_any_byte(&map);
    let mut huge = map;
    huge[3..11].fill(0x7f);
    folder.refuse_bytes(&huge, "2139062143x2139062143 samples");
}

#[test]
fn damaged_arrays_are_refused() {
    let folder = Folder::new();
    let four = [0; 16];
    folder.survives_any_byte(&npy("<f8", "(1, 2)", &four));
    for (bytes, part) in [
        (npy("<f2", "(2, 2)", &four), "numbers of the type <f2"),
        (npy(">u4", "(2, 2)", &four), "numbers of the type >u4"),
        (npy("<u4", "(2, 3)", &four), "3x2 samples, which take 24 bytes or more, and there are 16"),
        (npy("<u4", "(4,)", &four), "the shape [4]"),
        (npy("<u4", "(2, 2, 1)", &four), "the shape [2, 2, 1]"),
        (npy("<u4", "(0, 2)", &[]), "the shape 2x0"),
        (npy("<f4", "(1, 2, 2)", &four), "two numbers for each sample are distances"),
        (
            npy("<u4", "(18446744073709551615, 18446744073709551615)", &four),
            "18446744073709551615 bytes or more",
        ),
        (npy("<i4", "(1, 2)", &[1, 0, 0, 0, 255, 255, 255, 255]), "a count below 0 at sample 1,0"),
        (npy("<u8", "(1, 1)", &[255, 255, 255, 255, 255, 0, 0, 0]), "a count beyond 2^32 - 2"),
        (npy("<f8", "(1, 1)", &f64::NEG_INFINITY.to_le_bytes()), "an infinite value at sample 0,0"),
        (npy("<f8", "(1, 1)", &1e300_f64.to_le_bytes()), "a count beyond 2^32 - 2"),
        (b"\x93NUMPY\x09\x00\x02\x00{}".to_vec(), "has version 9"),
        (b"\x93NUMPY\x01\x00\x02\x00{}".to_vec(), "is no dictionary"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f".to_vec(), "more than 65536"),
        (b"\x93NUMPY\x01\x00\xff\x00{".to_vec(), "it is cut short"),
    ] {
        folder.refuse_bytes(&bytes, part);
    }
    let fortran = String::from_utf8_lossy(&npy("<u4", "(2, 2)", &[])).replace("False", "True");
    let mut fortran: Vec<u8> =
        fortran.chars().map(|c| if c == '\u{fffd}' { 0x93 } else { c as u8 }).collect();
    // One character less.
    fortran[8] -= 1;
    fortran.extend(four);
    folder.refuse_bytes(&fortran, "Fortran order");
    fs::write(folder.path("bad"), b"nothing").expect("a file");
    folder.refuse("color bad -o x.png", 3, "it is no file of numbers; NPY, NPZ, EXR and KFB are read");
}

#[test]
fn what_makes_no_sense_is_said() {
    let folder = Folder::new();
    folder.succeed("render -s 20x10 -q -o a.npz -o a.exr");
    folder.refuse("color a.npz -f -o a.npz", 2, "--output names the field itself, a.npz");
    folder.refuse("color none.npz -o x.png", 4, "cannot read none.npz: no such file or directory");
    folder.refuse("color - -o x.png", 2, "name a file");
    folder.refuse("color . -o x.png", 2, "is a directory");
    folder.refuse("color a.npz -o x.gif", 2, "unknown file type '.gif'; known: .png, .npy, ");
    folder.refuse("color a.exr -n 5 -o x.png", 2, "says how far it was iterated, 1000");
    folder.refuse("color a.npz --format exr -o -", 2, "name a file, as in -o numbers.exr");
    folder.refuse("render -s 20x10 --supersample auto -o x.npz", 2, "--supersample auto");
    folder.refuse("render -s 20x10 -n 4294967294 -o x.exr", 2, "an EXR holds counts");
    folder.succeed("render -s 20x10 --no-metadata -q -o bare.npz -o bare.exr");
    folder.succeed("color bare.npz -q -o 1.png");
    folder.succeed("color bare.exr -q -o 2.png");
    // A part of a view has the map of the whole, which cannot be found from the part.
    fs::write(folder.path("crop.toml"), "[view]\nsize = \"90x60\"\ncrop = [10, 7, 33, 21]\n")
        .expect("a file");
    folder.succeed("render --scene crop.toml --map linear -q -o crop.npz");
    folder.succeed("color crop.npz --map sqrt -q -o 3.png");
    folder.succeed("color crop.npz --map log --origin 2 -q -o 4.png");
    folder.refuse("color crop.npz --map auto -o x.png", 2, "crop.npz is a part of a view");
}

#[test]
fn statistics_of_a_field_are_those_of_its_scene() {
    let folder = Folder::new();
    folder.succeed("render --at elephant -s 80x50 -q --supersample 1 -o a.npz -o a.exr -o a.png");
    let of = |name: &str| folder.succeed(&format!("stats {name} --json"));
    let npz = of("a.npz");
    for other in ["a.exr", "a.png"] {
        assert_eq!(of(other), npz, "{other}");
    }
    for key in [
        "\"samples\":4000",
        "\"share_reached_max_iter\"",
        "\"50\":",
        "\"histogram\"",
        "\"try\":{\"max_iter\"",
    ] {
        assert!(npz.contains(key), "{key}: {npz}");
    }
    let table = folder.succeed("stats a.npz");
    assert!(table.contains("reached max_iter") && table.contains("try --max-iter "), "{table}");
}

/// A file that is written at places.
struct Sparse(fs::File);

impl Write for Sparse {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Out for Sparse {
    fn write_at(&mut self, place: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, place)
    }
}

#[test]
fn an_archive_beyond_four_gigabytes_is_read() {
    let folder = Folder::new();
    let path = folder.path("large.npz");
    let layout = Layout { width: 70_000, height: 70_000, supersample: 1, max_iter: 9, alpha: false };
    // Nothing is written but what stands around the numbers, which are all 0 then: no sample escaped.
    let mut sparse = Sparse(fs::File::create(&path).expect("a file"));
    let archive = Npz::new(layout, Beside { distances: true, certain: false });
    let begun = archive.begin(&mut sparse, &[("mandel", "mandel = 1\n")]).expect("room");
    begun.finish().expect("room");
    assert!(fs::metadata(&path).expect("a file").len() > 17 * 70_000 * 70_000);
    let field = FieldFile::open(fs::File::open(&path).expect("a file"), None, 1 << 20).expect("a field");
    assert_eq!((field.size(), field.has_distances()), ((70_000, 70_000), true));
    assert_eq!(field.texts(), [("mandel".to_string(), "mandel = 1\n".to_string())]);
    let mut out = [Escape::new(1, 0.5); 5];
    field.iterate(69_995..70_000, 69_999..70_000, &mut out);
    assert!(out == [Escape::NONE; 5] && field.take_failure().is_none());
}

#[test]
fn the_scene_of_an_npz_is_read_like_that_of_a_picture() {
    let folder = Folder::new();
    folder.succeed("render --at mini -s 30x20 -q -o a.png -o a.npz");
    folder.succeed("render --scene a.npz -q -o b.png");
    assert!(
        fs::read(folder.path("a.png")).expect("a file") == fs::read(folder.path("b.png")).expect("a file")
    );
}

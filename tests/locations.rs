//! Locations of other programs: what they say is kept to the last digit, and what cannot be rendered is refused with its place.

mod folder;

use std::fs;
use std::process::Output;

use folder::Folder;
use mandel::location::{Found, Program};
use mandel::{Draft, Extent, Scene, format_complex};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mandel");

/// A file in `tests/data/foreign`.
fn data(name: &str) -> Vec<u8> {
    fs::read(format!("{}/tests/data/foreign/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a file")
}

/// Center, zoom, rotation and limit of iterations.
type Place<'a> = (&'a str, &'a str, f64, Option<u32>);

fn place(draft: &Draft) -> (String, String, f64, Option<u32>) {
    let zoom = match &draft.extent {
        Some(Extent::Zoom(zoom)) => zoom.to_string(),
        other => format!("{other:?}"),
    };
    let center = draft.center.as_ref().map(format_complex).unwrap_or_default();
    (center, zoom, draft.rotation.map_or(0.0, |rotation| rotation.degrees()), draft.max_iter)
}

fn found(name: &str, entry: Option<&str>) -> Found {
    let text = String::from_utf8(data(name)).expect("text");
    let program = Program::of(&text).expect("a location");
    Found::read(program, &text, entry).expect("a location that can be rendered")
}

/// The problem of a text, with its line and column.
fn problem(text: &str) -> String {
    let program = Program::of(text).unwrap_or_else(|| panic!("no location: {text:.60}"));
    let error = Found::read(program, text, None).expect_err(text);
    format!("{}:{}: {}", error.line, error.column, error.problem)
}

impl Folder {
    fn run(&self, args: &[&str]) -> Output {
        self.command(PROGRAM).args(args).output().expect("the program runs")
    }

    fn succeed(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {stderr}");
        String::from_utf8(output.stdout).expect("text")
    }

    fn refuse(&self, args: &[&str], code: i32, part: &str) {
        let output = self.run(args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr:.500}");
        assert!(stderr.starts_with("error: ") && stderr.contains(part), "{args:?}: {stderr:.500}");
        assert!(stderr.len() < 1000, "{} bytes of message", stderr.len());
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).expect("a file");
    }
}

#[test]
fn every_program_is_known_by_what_its_file_says() {
    let cases: [(&str, Option<&str>, Program, Place<'_>); 9] = [
        (
            "kalles-fraktaler.kfr",
            None,
            Program::KallesFraktaler,
            ("-1.7487+0.00125i", "5000", 30.5, Some(900)),
        ),
        (
            "kalles-fraktaler-old.kfr",
            None,
            Program::KallesFraktaler,
            ("-0.75-0.1i", "1e14", -28.64788975654116, Some(4036)),
        ),
        ("fraktaler-3.f3.toml", None, Program::Fraktaler3, ("-1.7487-0.00125i", "5000", -45.25, Some(900))),
        (
            "fraktaler-3-tables.f3.toml",
            None,
            Program::Fraktaler3,
            ("-1.7487-0.00125i", "5000", 10.0, Some(1024)),
        ),
        ("deepdrill.ini", None, Program::DeepDrill, ("-1.7487-0.00125i", "5000", 0.0, Some(900))),
        ("fractint.par", Some("Turned"), Program::Fractint, ("-1.7487+0.00125i", "5000", 30.0, Some(900))),
        ("fractint.par", Some("switch"), Program::Fractint, ("-0.5", "1", 0.0, Some(150))),
        ("fractint.par", Some("Moved"), Program::Fractint, ("-0.5+0.25i", "8", 0.0, Some(150))),
        (
            "xaos.xpf",
            None,
            Program::Xaos,
            (
                "-1.7487-0.00125i",
                "Some(Contains { width: Decimal { mantissa: 12, exponent: -4 }, height: Decimal { mantissa: 8, exponent: -4 } })",
                -7.25,
                Some(388),
            ),
        ),
    ];
    for (name, entry, program, (center, zoom, rotation, max_iter)) in cases {
        let found = found(name, entry);
        assert_eq!(found.program, program, "{name}");
        assert_eq!(place(&found.draft), (center.into(), zoom.into(), rotation, max_iter), "{name} {entry:?}");
    }
    for (name, note) in [
        ("kalles-fraktaler.kfr", "the center is the conjugate"),
        ("kalles-fraktaler-old.kfr", "Ratio 381.176471"),
        ("fraktaler-3.f3.toml", "the size 640x480 is left out"),
        ("deepdrill.ini", "left out: [image], [palette]"),
        ("xaos.xpf", "colors and filters"),
    ] {
        let notes = found(name, None).notes;
        assert!(notes.iter().any(|given| given.contains(note)), "{name}: {notes:?}");
    }
    // With the axis upward nothing is mirrored.
    assert!(found("fraktaler-3-tables.f3.toml", None).notes.is_empty());
}

#[test]
fn corners_give_a_region_or_a_view_that_is_turned() {
    let edges = found("fractint.par", Some("edges")).draft;
    let (bounds, _) = edges.region.clone().expect("a region");
    assert_eq!(bounds.map(|bound| bound.to_string()), ["-2.5", "1.5", "-1.5", "1.5"]);
    assert_eq!(edges.max_iter, Some(678));
    assert_eq!(
        found("fractint.par", Some("bare")).draft.region,
        edges.region,
        "the whole set is the default"
    );
    // 8 wide and 6 high, turned by the angle of the triangle with the sides 3, 4 and 5.
    let turned = found("fractint.par", Some("corners")).draft;
    let Some(Extent::Contains { width, height }) = turned.extent.clone() else { panic!("{turned:?}") };
    assert_eq!((width.to_f64(), height.to_f64()), (8.0, 6.0));
    let degrees = turned.rotation.expect("a rotation").degrees();
    assert!((degrees - 0.6_f64.atan2(0.8).to_degrees()).abs() < 1e-12, "{degrees}");
    // Its corners are where the file says.
    let draft = Draft { size: Some((800, 600)), ..turned };
    let scene = draft.scene().expect("a scene");
    for ((x, y), (re, im)) in [((0, 0), (-1.4, 4.8)), ((799, 599), (1.4, -4.8)), ((0, 599), (-5.0, 0.0))] {
        let point = scene.viewport().point(x, y);
        // The first sample is half a pixel inside.
        assert!((point.re - re).abs() + (point.im - im).abs() < 0.015, "{point} for {re}, {im}");
    }
}

#[test]
fn what_cannot_be_rendered_is_refused_with_its_place() {
    let kfr = "Re: 0\nIm: 0\nZoom: 1\n";
    let f3 = "program = \"fraktaler-3\"\nlocation.real = \"0\"\n";
    let ini = "[location]\nreal = 0\nimag = 0\nzoom = 1\n";
    let cases = [
        (format!("{kfr}FractalType: 1\n"), "4:14: 'FractalType 1' asks for another formula"),
        (format!("{kfr}Power: 3\r\n"), "4:8: 'Power 3' asks for another power"),
        (format!("{kfr}SeedR: 0.5"), "4:8: 'SeedR 0.5' asks for a seed"),
        (format!("{kfr}StretchAmount: -1\n"), "4:16: 'StretchAmount -1' asks for a stretched view"),
        (format!("{f3}[[formula]]\npower = 3\n"), "4:9: 'power 3' asks for another power"),
        (format!("{f3}[[formula]]\nabs_x = true\n"), "4:9: 'abs_x true' asks for another formula"),
        (format!("{f3}[[formula]]\n[[formula]]\n"), "4:1: 'formula' asks for a hybrid formula"),
        (format!("{f3}[[formula]]\nopcodes = \"sqr absx add\"\n"), "4:11: 'opcodes sqr absx add' asks for"),
        (format!("{f3}transform.stretch_amount = 5\n"), "3:28: 'stretch_amount 5' asks for a stretched view"),
        (format!("{f3}transform.exponential_map = true\n"), "3:29: 'exponential_map true' asks for"),
        ("A {\n type=julia\n}".into(), "2:7: 'type julia' asks for another formula"),
        ("A {\n type=mandel params=0/0.5\n}".into(), "2:21: 'params 0/0.5' asks for a start"),
        ("A {\n center-mag=0/0/1/1.5\n}".into(), "2:13: 'center-mag 0/0/1/1.5' asks for a stretched view"),
        ("A {\n center-mag=0/0/1/1/0/9\n}".into(), "asks for a skewed view"),
        ("A {\n corners=0/2/0/1/0.5/0\n}".into(), "2:10: 'corners 0/2/0/1/0.5/0' asks for a skewed view"),
        ("A {\n corners=2/0/0/1/2/0\n}".into(), "asks for a mirrored view"),
        ("(formula 'barnsley1)".into(), "1:10: 'formula 'barnsley1' asks for another formula"),
        ("(initstate)\n(julia #t)".into(), "2:8: 'julia #t' asks for a Julia set"),
        ("(perturbation 0.1 0)".into(), "asks for a start other than 0"),
        ("(plane 3)".into(), "asks for another plane"),
        ("{\"re\":\"0\",\"im\":\"0\",\"z\":\"3\",\"e\":\"3\"}".into(), "'e 3' asks for another power"),
        // Malformed.
        ("Re: 0\nZoom: 1\n".into(), "there is no Im"),
        ("Zoom: 1\nColors: 0,0,0,\n".into(), "there is no location, but a palette"),
        ("Re: 0\nIm: 0.1.2\nZoom: 1\n".into(), "2:8: Im: a second decimal point"),
        ("Re: 0\nIm: zero\nZoom: 1\n".into(), "2:5: Im: "),
        ("Re: 0\nIm: 0\nZoom: 0\n".into(), "3:7: 'Zoom' must be a number above 0"),
        ("Re: 0\nIm: 0\nZoom: 1e100001\n".into(), "3:7: Zoom: a power of ten beyond"),
        (format!("{kfr}Iterations: 0"), "4:13: 'Iterations' must be a whole number"),
        (format!("{kfr}Iterations: 99999999999"), "4:13: 'Iterations' must be a whole number"),
        (format!("{kfr}RotateAngle: inf"), "4:14: 'RotateAngle' must be a number"),
        (format!("{f3}location.zoom = true\n"), "3:17: zoom: "),
        (format!("{f3}x = [\n"), "3:6: unclosed array"),
        (format!("{f3}location.real = \"1\"\n"), "3:10: duplicate key"),
        (format!("{ini}depth = many\n"), "5:9: 'depth' must be a whole number"),
        (format!("{ini}what is this\n"), "5:1: neither a [section] nor"),
        ("[location]\nreal = 1\n".into(), "there is no imag"),
        ("A {\n type=mandel\n".into(), "1:1: the entry has no '}'"),
        ("A {\n sound=no\n}".into(), "1:1: there is no corners="),
        ("A {\n corners=0/1/0\n}".into(), "2:10: 'corners' must be xmin/xmax"),
        ("A {\n center-mag=0/0x/1\n}".into(), "2:16: center-mag: 'x' does not belong"),
        ("A {\n center-mag=0/0\n}".into(), "2:13: 'center-mag' must be x/y/mag"),
        ("(view 0 0 1)".into(), "1:1: (view) needs more values"),
        ("(view 0 0 -1 1)".into(), "1:11: 'view' must be a number above 0"),
        ("(view 0 0\n1 1".into(), "1:1: a command without a ')'"),
        ("(view (view".into(), "1:7: a '(' inside of a command"),
        ("(initstate) view".into(), "1:13: a word outside of a command"),
        ("(message \"what".into(), "1:10: a text without an end"),
        ("{\"re\": \n]".into(), "2:1: not a JSON object"),
        ("https://mandelbrot.site/?re=0&im=0".into(), "there is no z"),
    ];
    for (text, expected) in cases {
        let problem = problem(&text);
        assert!(problem.contains(expected), "{text}\n{problem}");
    }
}

#[test]
fn a_location_is_converted_to_the_last_digit() {
    let folder = Folder::new();
    let digits = "1234567890".repeat(110);
    let kfr = format!(
        "Re: -1.74{digits}\r\nIm: -0.0000{digits}7\r\nZoom: 1.0000000000000000000000001E1086\r\nIterations: 600100\r\nRotateAngle: -123.4567\r\n"
    );
    folder.write("a.kfr", &kfr);
    folder.succeed(&["convert", "a.kfr", "-o", "a.toml"]);
    folder.succeed(&["convert", "a.toml", "-q", "-o", "a.f3.toml"]);
    folder.succeed(&["convert", "a.f3.toml", "-q", "-o", "b.kfr"]);
    folder.succeed(&["convert", "b.kfr", "-q", "-o", "b.f3.toml"]);
    let read = |name: &str| fs::read_to_string(folder.path(name)).expect("text");
    let written = read("b.kfr");
    let lines: Vec<&str> = written.split("\r\n").collect();
    for line in kfr.trim_end().split("\r\n") {
        // A number has one text, without zeros at its end.
        let line = if line.starts_with("Re") { line.trim_end_matches('0') } else { line };
        assert!(lines.contains(&line), "{line}");
    }
    assert_eq!(read("a.f3.toml"), read("b.f3.toml"));
    assert!(read("a.f3.toml").contains("transform.rotate = -123.4567\n"));
    // It is the picture that is kept.
    let scene = Scene::read(&read("a.toml")).expect("a scene");
    assert!(!scene.viewport().center().im.is_negative());
    let names =
        ["a.kfr", "a.toml", "a.f3.toml", "b.kfr"].map(|name| folder.succeed(&["info", "--json", name]));
    let scene = |json: &str| json[..json.find("\"color\"").expect("colors")].to_string();
    assert!(names.iter().all(|json| scene(json) == scene(&names[0])));
}

#[test]
fn a_conversion_says_what_it_leaves_out() {
    let folder = Folder::new();
    folder.write(
        "wide.toml",
        "[view]\nregion = \"-2,1,-1.5,1.5\"\nsize = \"40x20\"\n[iterate]\nmax_iter = 99\n",
    );
    folder.succeed(&["convert", "wide.toml", "-o", "wide.kfr"]);
    let kfr = fs::read_to_string(folder.path("wide.kfr")).expect("text");
    assert!(kfr.contains("Re: -0.5\r\n") && kfr.contains("Zoom: 1.3333333333333333\r\n"), "{kfr}");
    assert!(kfr.contains("Colors: ") && kfr.contains("Iterations: 99\r\n"), "{kfr}");
    folder.refuse(&["convert", "wide.toml", "-o", "wide.kfr"], 4, "use --force to replace it");
    folder.refuse(&["convert", "wide.toml", "-o", "wide.ini"], 2, "name it .toml, .kfr or .f3.toml");
    folder.write("flat.toml", "[view]\nregion = \"-2,1,-1,1\"\naspect = \"stretch\"\n");
    folder.refuse(&["convert", "flat.toml", "-o", "flat.f3.toml"], 2, "pixels are square");
    assert!(!folder.path("flat.f3.toml").exists());
    let output = folder.run(&["convert", "flat.toml", "-o", "flat2.toml"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("1000 is written"), "{output:?}");
}

#[test]
fn the_program_reads_them_by_name_and_by_entry() {
    let folder = Folder::new();
    folder.write("a.txt", data("fractint.par"));
    folder.write("b", data("kalles-fraktaler.kfr"));
    folder.refuse(
        &["info", "a.txt"],
        2,
        "a.txt has 6 entries; name one, as in a.txt:ENTRY: Edges, Turned, Corners",
    );
    folder.refuse(&["info", "a.txt:Truned"], 2, "did you mean 'Turned'?");
    folder.refuse(&["info", "b:Turned"], 2, "b has no entries");
    folder.refuse(&["info", "c:Turned"], 4, "cannot read c:Turned: no such file or directory");
    let info = folder.succeed(&["info", "a.txt:Turned"]);
    assert!(info.starts_with("# program: Fractint\n# note: its colors are left out: colors\n"), "{info}");
    assert!(info.contains("rotate = 30.0\n"), "{info}");
    let info = folder.succeed(&["info", "b"]);
    assert!(info.starts_with("# program: Kalles Fraktaler\n# note: "), "{info}");
    let json = folder.succeed(&["info", "--json", "b"]);
    assert!(json.contains("\"program\":\"Kalles Fraktaler\",\"notes\":[\""), "{json}");
    // What it prints is a scene again.
    folder.write("b.toml", &info);
    let dry = |file: &str| folder.succeed(&["render", "--scene", file, "-s", "32x18", "--dry-run"]);
    let numbers = |text: &str| text[..text.find("[color]").expect("colors")].to_string();
    assert_eq!(numbers(&dry("b")), numbers(&dry("b.toml")));
    let output = folder.run(&["render", "--scene", "b", "-s", "16", "-n", "50", "-o", "b.png"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("note: Kalles Fraktaler draws"), "{output:?}");
    // A center from any of them.
    let text = folder.succeed(&["render", "-c", "@b", "-z", "9", "--dry-run"]);
    assert!(text.contains("center = \"-1.7487+0.00125i\""), "{text}");
    let text = folder.succeed(&["render", "-c", "@a.txt:Edges", "-z", "9", "--dry-run"]);
    assert!(text.contains("center = \"-0.5\""), "{text}");
    folder.refuse(&["render", "--colors", "b", "--dry-run"], 2, "colors are not read");
}

#[test]
fn a_picture_that_is_mirrored_there_stands_as_it_does_there() {
    let folder = Folder::new();
    // The same rows as the lower half of the plane from the upper edge down.
    folder.write("a.kfr", "Re: -0.7453\nIm: 0.1127\nZoom: 300\nIterations: 300\n");
    folder.succeed(&["render", "-q", "--scene", "a.kfr", "-s", "40x30", "-o", "a.npy", "--values", "counts"]);
    folder.succeed(&[
        "render",
        "-q",
        "-c",
        "-0.7453+0.1127i",
        "-z",
        "300",
        "-n",
        "300",
        "-s",
        "40x30",
        "-o",
        "b.npy",
        "--values",
        "counts",
    ]);
    let rows = |name: &str| {
        let bytes = fs::read(folder.path(name)).expect("a file");
        bytes[bytes.len() - 4 * 40 * 30..].chunks(4 * 40).map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let mut mirrored = rows("b.npy");
    mirrored.reverse();
    assert!(rows("a.npy") == mirrored);
}

/// A chunk of a PNG.
fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let named = [name, data].concat();
    [&(data.len() as u32).to_be_bytes(), &named[..], &crc32fast::hash(&named).to_be_bytes()].concat()
}

fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    [&mandel::encode::SIGNATURE[..], &chunks.concat(), &chunk(b"IEND", &[])].concat()
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(bytes).expect("memory");
    zlib.finish().expect("memory")
}

#[test]
fn pictures_of_other_programs_carry_their_locations() {
    let folder = Folder::new();
    let kfr = data("kalles-fraktaler.kfr");
    let f3 = data("fraktaler-3.f3.toml");
    let params = br#"{"re":"-1.7487","im":"0.00125","z":"13","i":"900","e":"2","c":"turbo"}"#;
    let url = b"https://mandelbrot.site/?re=-1.7487&im=0.00125&z=13&i=900&e=2&c=turbo";
    let text = |keyword: &str, text: &[u8]| chunk(b"tEXt", &[keyword.as_bytes(), b"\0", text].concat());
    let jpeg = |comment: &[u8]| {
        let (one, two) = comment.split_at(comment.len() / 2);
        let segment = |kind: u8, data: &[u8]| {
            [&[0xff, kind][..], &(data.len() as u16 + 2).to_be_bytes(), data].concat()
        };
        [
            &[0xff, 0xd8][..],
            &segment(0xe0, b"JFIF"),
            &segment(0xfe, one),
            &segment(0xfe, two),
            &[0xff, 0xda, 0, 2],
        ]
        .concat()
    };
    let exr = |attributes: &[(&str, &str, &[u8])]| {
        let mut bytes = vec![0x76, 0x2f, 0x31, 0x01, 2, 0, 0, 0];
        for (name, kind, value) in attributes {
            bytes.extend([name.as_bytes(), b"\0", kind.as_bytes(), b"\0"].concat());
            bytes.extend((value.len() as u32).to_le_bytes());
            bytes.extend(*value);
        }
        bytes.push(0);
        bytes
    };
    let zipped_text = chunk(b"zTXt", &[b"Comment\0\0", &zipped(&kfr)[..]].concat());
    let international = chunk(b"iTXt", &[b"comment\0\x01\0\0\0", &zipped(&kfr)[..]].concat());
    let cases = [
        ("kf.png", png(&[text("Comment", &kfr)]), "Kalles Fraktaler"),
        // As optimisers and converters leave it: packed, of another kind, in lower case.
        ("optimised.png", png(&[chunk(b"IDAT", b"x"), zipped_text]), "Kalles Fraktaler"),
        ("other.png", png(&[international]), "Kalles Fraktaler"),
        ("f3.png", png(&[text("Software", b"x"), text("Comment", &f3)]), "Fraktaler-3"),
        ("xaos.png", png(&[text("Title", &data("xaos.xpf"))]), "XaoS"),
        (
            "site.png",
            png(&[text("mandelbrot:url", url), text("mandelbrot:params", params)]),
            "Mandelbrot.site",
        ),
        ("params.png", png(&[text("mandelbrot:params", params)]), "Mandelbrot.site"),
        ("kf.jpg", jpeg(&kfr), "Kalles Fraktaler"),
        (
            "kf.exr",
            exr(&[("channels", "chlist", b"\0"), ("KallesFraktaler2+", "string", &kfr)]),
            "Kalles Fraktaler",
        ),
        (
            "f3.exr",
            exr(&[("Fraktaler3", "string", &f3), ("KallesFraktaler2+", "string", &kfr)]),
            "Fraktaler-3",
        ),
    ];
    for (name, bytes, program) in cases {
        folder.write(name, bytes);
        let info = folder.succeed(&["info", name]);
        assert!(info.starts_with(&format!("# program: {program}\n")), "{name}: {info}");
        assert!(info.contains("center = \"-1.7487"), "{name}: {info}");
    }
    let info = folder.succeed(&["info", "site.png"]);
    assert!(info.contains("zoom = \"1024\"") && info.contains("max_iter = 900"), "{info}");
    let own = b"[view]\ncenter = \"0.25\"\n";
    folder.write("own.exr", exr(&[("mandel", "string", own)]));
    assert!(folder.succeed(&["info", "own.exr"]).contains("center = \"0.25\""));
    // What is wrong in it is told with its place in the text.
    folder.write("bad.png", png(&[text("Comment", b"Re: 0\nIm: x\nZoom: 1\n")]));
    folder.refuse(&["info", "bad.png"], 3, "bad.png, text 'Comment':2:5: Im: ");
    for (name, bytes, part) in [
        ("stripped.png", png(&[]), "is a PNG without a scene"),
        ("gimp.png", png(&[text("Comment", b"Created with GIMP")]), "or its texts were removed"),
        ("plain.jpg", jpeg(b"hello"), "is a JPEG without a scene"),
        ("plain.exr", exr(&[]), "is an EXR without a scene"),
        ("cut.jpg", jpeg(&kfr)[..40].to_vec(), "the JPEG is cut short"),
        (
            "cut.exr",
            exr(&[("Fraktaler3", "string", &f3)])[..60].to_vec(),
            "the header of the EXR is cut short",
        ),
        ("huge.exr", [&exr(&[])[..8], b"a\0string\0\xff\xff\xff\xff"].concat(), "longer than 2 MiB"),
        ("name.exr", [&exr(&[])[..8], &[b'a'; 300]].concat(), "a name is too long"),
    ] {
        folder.write(name, bytes);
        folder.refuse(&["info", name], 3, part);
    }
    let bomb = chunk(b"zTXt", &[b"Comment\0\0", &zipped(&vec![b' '; 64 << 20])[..]].concat());
    folder.write("bomb.png", png(&[bomb]));
    folder.refuse(&["info", "bomb.png"], 3, "longer than 2 MiB");
}

#[test]
fn hostile_texts_are_refused_at_once() {
    let folder = Folder::new();
    let nines = "9".repeat(1_000_000);
    let long = "9".repeat(100_001);
    let deep = "[".repeat(200_000);
    let round = "(".repeat(200_000);
    let cases = [
        (format!("Re: 0.{nines}\nIm: 0\nZoom: 1\n"), "1:5: Re: 1000000 digits; at most 100000 are read"),
        (format!("location.real = \"0.{long}\"\n"), "1:17: real: 100001 digits"),
        (format!("[location]\nreal = 0.{long}\n"), "2:8: real: 100001 digits"),
        (format!("A {{ center-mag=0.{nines}/0/1 }}"), "1:16: center-mag: 1000000 digits"),
        (format!("(view 0 {nines} 1 1)"), "1:9: view: 1000000 digits"),
        (format!("location.real = \"0\"\nx = {deep}"), ":2:"),
        (format!("(view {round}"), ":1:7: a '(' inside"),
        (format!("{{\"re\": {deep}"), "not a JSON object"),
        (format!("A {{ {}", "x=1 ; \n".repeat(100_000)), "1:1: the entry has no '}'"),
        (format!("Re: 0\nIm: 0\n{}", "Zoom 1\n".repeat(200_000)), "longer than 1 MiB"),
        ("A {\n".repeat(300_000), "longer than 1 MiB"),
        ("{\"re\":\"0\",\"im\":\"0\",\"z\":\"1e9\"}".into(), "'z' must be a zoom level up to 332000"),
    ];
    for (text, part) in cases {
        folder.write("hostile", &text);
        folder.refuse(&["info", "hostile"], 3, part);
        folder.refuse(&["render", "--scene", "hostile", "-o", "x.png"], 3, part);
    }
    // A million entries, sections and commands end as well.
    folder.write("many", "a{}".repeat(340_000));
    folder.refuse(&["info", "many"], 2, "has 340000 entries");
    let sections: String = (0..90_000).map(|i| format!("[{i}]\n")).collect();
    folder.write("many", sections + "[location]\nreal = 0\nimag = 0\nzoom = 1\n");
    folder.succeed(&["info", "many"]);
    folder.write("many", "(a)".repeat(340_000));
    folder.succeed(&["info", "many"]);
    assert!(!folder.path("x.png").exists());
}

#[test]
fn coordinates_are_taken_as_they_are_pasted() {
    let folder = Folder::new();
    let center = |text: &str| folder.succeed(&["render", "-c", text, "-z", "10^2", "--dry-run"]);
    for text in ["-0.75 0.1", "(-0.75, 0.1)", "-0.75 + 0.1*i", "Re: -0.75\r\nIm: 0.1", "-0.7 5\n0.1"] {
        let scene = center(text);
        assert!(
            scene.contains("center = \"-0.75+0.1i\"") && scene.contains("zoom = \"100\""),
            "{text}: {scene}"
        );
        folder.write("c.txt", text);
        assert_eq!(center("@c.txt"), scene, "{text}");
    }
    for (text, part) in [
        ("-0,75", "can be read as -0.75 or as -0+75i"),
        ("-1 5", "can be read as -15 and as -1+5i"),
        ("-0,75 0,1", "a decimal number needs a point"),
    ] {
        let part = part.replace(" or as ", " and as ");
        folder.refuse(&["render", "-c", text, "--dry-run"], 2, &part);
        folder.write("c.txt", text);
        folder.refuse(&["render", "-c", "@c.txt", "--dry-run"], 3, &part);
    }
    folder.write("c.txt", "-0.75\n0.1.2");
    folder.refuse(&["render", "-c", "@c.txt", "--dry-run"], 3, "c.txt:2:4: a second decimal point");
    for (zoom, kept) in [
        ("2^100", "1.267650600228229401496703205376e30"),
        ("1,000,000", "1e6"),
        ("5.4 E113", "5.4e113"),
        ("1.0e5x", "100000"),
    ] {
        let scene = folder.succeed(&["render", "-c", "-2", "-z", zoom, "-n", "9", "--dry-run"]);
        assert!(scene.contains(&format!("zoom = \"{kept}\"")), "{zoom}: {scene}");
    }
    folder.refuse(&["render", "-z", "1,000"], 2, "can be read as 1000 and as 1.000");
}

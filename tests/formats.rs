//! Every format of pictures holds the same picture.

use std::io::Cursor;
use std::sync::atomic::AtomicU64;

use mandel::encode::{Compression, Depth, Format, Options};
use mandel::render::{Making, Render, Target, Watch, layout};
use mandel::{Bailout, Coloring, Grid, Interior, Location, Plan, Scene, Viewport};

fn scene(interior: Interior) -> Scene {
    let place = Location::named("mini").expect("a view");
    let view = Viewport::new(place.frame().expect("a place"), Grid::Centers, (90, 70)).expect("a size");
    let coloring = Coloring { interior, ..Coloring::default() };
    Scene::new(view, Bailout::new(600).expect("a limit"), 2, coloring).expect("a scene")
}

/// The file of a scene, made in bands of `rows` rows.
fn file(scene: &Scene, suffix: &str, options: Options, rows: u32) -> Vec<u8> {
    let format: Format = suffix.parse().expect("a format");
    format.check(layout(scene), options).expect("a picture that fits");
    let sink = format.sink(layout(scene), options);
    let plan = Plan::new(scene.samples(), scene.bailout(), None);
    let steps = &AtomicU64::new(0);
    let making = Making { plan: &plan, known: None, max_steps: u64::MAX, steps, colors: true };
    let render = Render::new(scene, making).expect("a render");
    let rows = rows.next_multiple_of(sink.needs().rows);
    let mut bytes = Vec::new();
    let texts = [("Software", "a program"), ("mandel", "the scene")];
    let mut target = [Target { sink: sink.as_ref(), to: &mut bytes, texts: &texts }];
    render.run(&mut target, rows, Watch::none()).expect("memory");
    bytes
}

/// Channels of 16 bits of a picture in any format, and how many to a pixel.
fn decoded(suffix: &str, bytes: &[u8]) -> (Vec<u16>, usize) {
    match suffix {
        "tiff" => {
            let mut tiff = tiff::decoder::Decoder::new(Cursor::new(bytes)).expect("a TIFF");
            let channels = usize::from(tiff.colortype().expect("pixels").num_samples());
            let samples = match tiff.read_image().expect("pixels") {
                tiff::decoder::DecodingResult::U8(samples) => {
                    samples.into_iter().map(|byte| u16::from(byte) * 257).collect()
                }
                tiff::decoder::DecodingResult::U16(samples) => samples,
                _ => panic!("other channels"),
            };
            (samples, channels)
        }
        "ppm" | "pam" => {
            let end: &[u8] = if suffix == "ppm" { b"5\n" } else { b"ENDHDR\n" };
            let start =
                bytes.windows(end.len()).position(|window| window == end).expect("a header") + end.len();
            let header = String::from_utf8_lossy(&bytes[..start]);
            let channels = if header.contains("RGB_ALPHA") { 4 } else { 3 };
            let data = &bytes[start..];
            let samples = match header.contains("65535") {
                true => data.as_chunks().0.iter().map(|&pair| u16::from_be_bytes(pair)).collect(),
                false => data.iter().map(|&byte| u16::from(byte) * 257).collect(),
            };
            (samples, channels)
        }
        _ => {
            let image = image::load_from_memory(bytes).expect("a picture");
            let channels = usize::from(image.color().channel_count());
            let samples = match channels {
                4 => image.into_rgba16().into_raw(),
                _ => image.into_rgb16().into_raw(),
            };
            (samples, channels)
        }
    }
}

#[test]
fn every_format_holds_the_same_pixels() {
    for interior in [Interior::default(), Interior::Transparent] {
        let scene = scene(interior);
        for depth in [Depth::Eight, Depth::Sixteen] {
            let options = Options { depth, ..Options::default() };
            let truth = decoded("png", &file(&scene, "png", options, 1));
            assert_eq!(truth.1, if interior == Interior::Transparent { 4 } else { 3 });
            for format in Format::all().filter(|format| format.takes_colors() && !format.has_quality()) {
                // Half floats, and tiles: `tests/formats_check.py`, `tests/posters.rs`.
                let other = ["exr", "dzi"].contains(&format.to_string().as_str());
                if other || format.check(layout(&scene), options).is_err() {
                    continue;
                }
                let suffix = format.to_string();
                let bytes = file(&scene, &suffix, options, 1);
                assert!(decoded(&suffix, &bytes) == truth, "{suffix}, {interior}, {depth:?}");
                assert!(bytes == file(&scene, &suffix, options, 33), "{suffix}: bands");
            }
            let best = file(&scene, "png", Options { compression: Compression::Best, ..options }, 1);
            assert!(decoded("png", &best) == truth, "{depth:?}");
        }
    }
}

#[test]
fn sixteen_bits_round_to_the_eight_of_the_picture() {
    let scene = scene(Interior::default());
    let sixteen = Options { depth: Depth::Sixteen, ..Options::default() };
    let (eight, _) = decoded("png", &file(&scene, "png", Options::default(), 1));
    let (sixteen, _) = decoded("png", &file(&scene, "png", sixteen, 1));
    // Half a step of 8 bits, and the rounding of linear light, at most half of a step of 12.92 in 16 bits.
    let most = eight.iter().zip(&sixteen).map(|(eight, sixteen)| eight.abs_diff(*sixteen)).max();
    assert!(most.is_some_and(|most| (100..=129 + 7).contains(&most)), "{most:?}");
}

#[test]
fn a_transparent_interior_leaves_what_escapes_as_it_is() {
    let opaque = decoded("png", &file(&scene(Interior::default()), "png", Options::default(), 1)).0;
    let clear = decoded("png", &file(&scene(Interior::Transparent), "png", Options::default(), 1)).0;
    let mut seen = [0; 3];
    for (clear, opaque) in clear.chunks_exact(4).zip(opaque.chunks_exact(3)) {
        match clear[3] {
            65535 => assert_eq!(clear[..3], *opaque),
            0 => assert_eq!((&clear[..3], opaque), (&[0; 3][..], &[0; 3][..])),
            _ => {}
        }
        seen[match clear[3] {
            65535 => 0,
            0 => 1,
            _ => 2,
        }] += 1;
    }
    assert!(seen.iter().all(|&pixels| pixels > 50), "{seen:?}");
}

#[test]
fn a_jpeg_is_close_to_the_picture_and_closer_at_a_higher_quality() {
    let scene = scene(Interior::default());
    let (truth, _) = decoded("png", &file(&scene, "png", Options::default(), 1));
    let error = |quality| {
        let (pixels, _) = decoded("jpg", &file(&scene, "jpg", Options { quality, ..Options::default() }, 1));
        pixels.iter().zip(&truth).map(|(a, b)| f64::from(a.abs_diff(*b)) / 257.0).sum::<f64>()
            / truth.len() as f64
    };
    let (fine, coarse) = (error(100), error(20));
    assert!(fine < 3.0 && fine < coarse, "{fine}, {coarse}");
}

#[test]
fn a_format_says_what_it_cannot_hold() {
    let small = layout(&scene(Interior::Transparent));
    let large = mandel::encode::Layout { width: 20_000, height: 100_000, alpha: false, ..small };
    let refused = |suffix: &str, layout, depth| {
        let format: Format = suffix.parse().expect("a format");
        format.check(layout, Options { depth, ..Options::default() }).is_err()
    };
    for (suffix, clear, sixteen, big) in [
        ("png", false, false, false),
        ("npy", false, false, false),
        ("tif", false, false, true),
        ("webp", false, true, true),
        ("qoi", false, true, false),
        ("jpeg", true, true, true),
        ("ppm", true, false, false),
        ("pam", false, false, false),
    ] {
        assert_eq!(refused(suffix, small, Depth::Eight), clear, "{suffix}");
        let opaque = mandel::encode::Layout { alpha: false, ..small };
        assert_eq!(refused(suffix, opaque, Depth::Sixteen), sixteen, "{suffix}");
        assert_eq!(refused(suffix, large, Depth::Eight), big, "{suffix}");
    }
}

#[test]
fn a_tiff_carries_the_scene() {
    let bytes = file(&scene(Interior::default()), "tiff", Options::default(), 1);
    let mut tiff = tiff::decoder::Decoder::new(Cursor::new(bytes)).expect("a TIFF");
    let text = tiff.get_tag_ascii_string(tiff::tags::Tag::ImageDescription).expect("a description");
    assert_eq!(text, "the scene");
}

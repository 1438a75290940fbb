//! The texts in a PNG: what is written is read back, and damaged or malicious files are refused.

use std::io::{Read, Write, repeat};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use mandel::encode::{self, Layout, MAX_TEXT, Png, SIGNATURE, Sink, Texts, TextsError, texts};
use mandel::render::{Render, Target, Watch};
use mandel::{Bailout, Coloring, Error, Grid, Location, Scene, Viewport};

/// A small picture with these texts.
fn png(texts: Texts) -> Vec<u8> {
    let home = Location::named("home").expect("built in");
    let viewport = Viewport::new(home.frame().expect("a view"), Grid::Centers, (6, 4)).expect("a view");
    let bailout = Bailout::new(50).expect("a limit");
    let scene = Scene::new(viewport, bailout, 1, Coloring::default()).expect("a scene");
    let layout = Layout { width: 6, height: 4, supersample: 1, max_iter: 50, alpha: false };
    let png = Png::new(layout, encode::Compression::Fast, encode::Depth::Eight);
    let mut bytes = Vec::new();
    let targets = &mut [Target { sink: &png, to: &mut bytes, texts }];
    let render = Render::of(&scene).expect("a kernel");
    render.run(targets, png.needs().rows, Watch::none()).expect("memory");
    bytes
}

/// What is wrong with a file, in words.
fn problem(bytes: &[u8]) -> &'static str {
    match texts(bytes) {
        Err(TextsError::Damaged(Error::Damaged(problem))) => problem,
        other => panic!("not refused as damaged: {other:?}"),
    }
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let named = [name, data].concat();
    let crc = crc32fast::hash(&named);
    [&(data.len() as u32).to_be_bytes(), &named[..], &crc.to_be_bytes()].concat()
}

/// A file of these chunks and an end, as far as a reader of texts looks at it.
fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    [&SIGNATURE[..], &chunks.concat(), &chunk(b"IEND", &[])].concat()
}

/// A text chunk whose text is `data` in packed form.
fn packed(data: impl Read) -> Vec<u8> {
    let mut zlib = ZlibEncoder::new(b"mandel\0\x01\0\0\0".to_vec(), Compression::best());
    std::io::copy(&mut { data }, &mut zlib).expect("memory");
    chunk(b"iTXt", &zlib.finish().expect("memory"))
}

#[test]
fn texts_are_read_back() {
    let long = "center = \"-0.65 \u{1d4dc} \u{fc}\"\n".repeat(5000);
    let written: Texts =
        &[("mandel", &long), ("Software", "mandel"), ("Empty", ""), ("Short", "a\nb \u{2260} c")];
    let bytes = png(written);
    assert!(bytes.len() < long.len() / 10, "a long text is compressed");
    let read = texts(&bytes[..]).expect("texts");
    let read: Vec<(&str, &str)> = read.iter().map(|(keyword, text)| (&keyword[..], &text[..])).collect();
    assert_eq!(read, written);
    image::load_from_memory(&bytes).expect("others read it too");
    assert_eq!(texts(&png(&[])[..]).expect("no texts"), []);
}

#[test]
fn a_file_that_is_no_png_is_refused() {
    assert_eq!(problem(b"mandel = 1\n[view]\n"), "the file is not a PNG");
    assert_eq!(problem(b"GIF89a  "), "the file is not a PNG");
    assert!(matches!(texts(repeat(0)), Err(TextsError::Damaged(_))), "zeros without end");
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    let bytes = png(&[("mandel", "a scene")]);
    for length in 0..bytes.len() {
        assert_eq!(problem(&bytes[..length]), "the PNG is cut short", "{length} of {}", bytes.len());
    }
    texts(&bytes[..]).expect("all of it");
}

/// A checksum finds every change of one bit, and a wrong length leads to bytes that are no checksum.
#[test]
fn every_flipped_bit_is_found() {
    let bytes = png(&[("mandel", "a scene")]);
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(texts(&flipped[..]).is_err(), "bit {bit}");
    }
}

/// The most memory that this process has had, in bytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(1024 * line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?)
}

#[test]
fn texts_that_unpack_to_more_than_the_limit_are_refused() {
    let read = texts(&file(&[packed(repeat(b'x').take(MAX_TEXT))])[..]).expect("a text as long as it may be");
    assert_eq!(read[0].1.len() as u64, MAX_TEXT);
    let (one, all) = ("a text in the PNG is longer than 2 MiB", "the texts in the PNG are longer than 2 MiB");
    let over = [packed(repeat(b'x').take(MAX_TEXT + 1))];
    let bomb = [packed(repeat(0).take(1 << 28))];
    let mebibyte = packed(repeat(b'x').take(1 << 20));
    let many = vec![mebibyte; 500];
    let empty = vec![chunk(b"iTXt", b"m\0\0\0\0\0"); 1 << 17];
    let unpacked = [chunk(b"iTXt", &vec![b'm'; MAX_TEXT as usize + 1])];
    let before = peak_memory();
    for (chunks, expected) in [(&over[..], one), (&bomb, one), (&many, all), (&empty, all), (&unpacked, one)]
    {
        let file = file(chunks);
        assert!(file.len() < 4 << 20);
        assert_eq!(problem(&file), expected);
    }
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        assert!(after - before < 40 << 20, "from {before} to {after}");
    }
}

#[test]
fn lengths_beyond_the_file_are_refused() {
    for name in [b"iTXt", b"IDAT"] {
        for length in [1_u32 << 31, u32::MAX, i32::MAX as u32] {
            let mut file = file(&[chunk(name, b"mandel\0\0\0\0\0a scene")]);
            file[8..12].copy_from_slice(&length.to_be_bytes());
            problem(&file);
        }
    }
}

#[test]
fn text_chunks_that_make_no_sense_are_refused() {
    let cut = "the PNG is damaged: a text chunk is cut short";
    let unpack = "the PNG is damaged: a text cannot be unpacked";
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(b"a scene").expect("memory");
    let zlib = zlib.finish().expect("memory");
    let short = [b"mandel\0\x01\0\0\0", &zlib[..zlib.len() - 6]].concat();
    for (data, expected) in [
        (&b""[..], cut),
        (b"mandel", cut),
        (b"mandel\0\0", cut),
        (b"mandel\0\0\0", cut),
        (b"mandel\0\0\0en\0", cut),
        (b"mandel\0\x01\0\0\0", unpack),
        (b"mandel\0\x01\0\0\0no stream", unpack),
        (&short, unpack),
        (b"mandel\0\0\0\0\0\xff\xfe", "the PNG is damaged: a text is not UTF-8"),
    ] {
        assert_eq!(problem(&file(&[chunk(b"iTXt", data)])), expected, "{data:?}");
    }
}

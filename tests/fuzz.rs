//! Hostile inputs for every parser of the library: it may refuse them, and may not panic or take memory beyond its limits.
//!
//! Each parser gets 10,000 changed inputs, the same ones on every machine; `MANDEL_FUZZ_INPUTS` is another number. A failure
//! names the number of the input. `fuzz/` has the same parsers for cargo-fuzz, which looks for new paths instead.
#![allow(clippy::print_stdout, reason = "what is skipped is said")]

#[path = "fuzz/corpus.rs"]
mod corpus;
mod folder;
#[path = "fuzz/mutate.rs"]
mod mutate;
#[path = "fuzz/parsers.rs"]
mod parsers;

use std::panic::catch_unwind;
use std::sync::OnceLock;

use parsers::{PARSERS, Parser};

/// Inputs for a parser.
fn inputs() -> u64 {
    let number = std::env::var("MANDEL_FUZZ_INPUTS").unwrap_or_else(|_| "10000".into());
    number.parse().expect("MANDEL_FUZZ_INPUTS is a whole number")
}

/// Bytes that all parsers together may take beyond what there is: four times the limit for the picture of a palette.
const MEMORY: u64 = 1 << 30;

/// Limits the memory of this process, so that an allocation without bounds ends it.
fn limit_memory() {
    static LIMITED: OnceLock<()> = OnceLock::new();
    LIMITED.get_or_init(|| {
        // Pages of its own that are written to or may be; reserved address space is none.
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
        let now = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        let Some(now) = now else { return println!("skipped: the limit of memory, which needs /proc") };
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Data);
        limit.current = Some(now * 1024 + MEMORY);
        setrlimit(Resource::Data, limit).expect("a lower limit");
    });
}

/// Gives a parser the corpus as it is, then changed.
fn hold(name: &str, corpus: &[Vec<u8>]) {
    let (_, parser) = PARSERS.iter().find(|(known, _)| *known == name).expect("a parser");
    hold_with(name, *parser, corpus);
}

fn hold_with(name: &str, parser: Parser, corpus: &[Vec<u8>]) {
    assert!(!corpus.is_empty());
    corpus.iter().for_each(|good| parser(good));
    limit_memory();
    for number in 0..inputs() {
        let input = mutate::input(corpus, number);
        if catch_unwind(|| parser(&input)).is_err() {
            let shown: Vec<u8> = input.iter().copied().take(4000).collect();
            panic!("{name}, input {number} of {} bytes: {}", input.len(), shown.escape_ascii());
        }
    }
}

#[test]
fn numbers() {
    hold("numbers", &corpus::numbers());
}

#[test]
fn scene_texts() {
    hold("scene_text", &corpus::scenes());
}

#[test]
fn locations_of_kalles_fraktaler() {
    hold("location", &corpus::data("foreign", &["kfr"]));
}

#[test]
fn locations_of_fraktaler_3() {
    hold("location", &corpus::data("foreign", &["toml"]));
}

#[test]
fn locations_of_all_programs() {
    hold("location", &corpus::locations());
}

#[test]
fn palettes_of_ultra_fractal() {
    hold("palette", &corpus::data("palettes", &["ugr"]));
}

#[test]
fn palettes_of_gimp() {
    hold("palette", &corpus::data("palettes", &["ggr"]));
}

#[test]
fn palettes_of_fractint() {
    hold("palette", &corpus::data("palettes", &["map"]));
}

#[test]
fn palettes_of_kalles_fraktaler() {
    hold("palette", &corpus::data("palettes", &["kfr", "kfp"]));
}

#[test]
fn palettes_from_pictures() {
    hold("palette", &corpus::rendered(&["a.png", "a.jpg", "a.qoi", "a.webp"], ""));
}

#[test]
fn npy() {
    hold("field", &corpus::npy());
}

#[test]
fn npz() {
    hold("field", &corpus::rendered(&["a.npz"], "--values distance"));
}

#[test]
fn exr() {
    hold("field", &corpus::rendered(&["a.exr"], "--values distance"));
}

#[test]
fn kfb() {
    hold("field", &[corpus::kfb()]);
}

#[test]
fn texts_of_png() {
    hold("png_text", &corpus::rendered(&["a.png"], ""));
    hold("png_chunk", &corpus::png_chunks());
}

#[test]
fn texts_of_other_pictures() {
    hold("picture_text", &corpus::rendered(&["a.exr", "a.jpg", "a.dzi"], ""));
}

#[test]
fn jobs() {
    hold("job", &corpus::jobs());
}

#[test]
fn shards() {
    hold("shard", &corpus::shards());
}

#[test]
fn orbits() {
    hold("orbit", &corpus::orbits());
}

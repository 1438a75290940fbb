//! What a render is expected to take of memory, against what it took.

#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "the figures of the document")]

use std::process::Command;

/// Renders, and whether what they take depends on how well their pixels are packed: then less than two thirds may be taken of what is
/// expected, which holds for pixels that cannot be packed at all.
const RENDERS: [(&str, bool); 25] = [
    ("-s 1x1 -o a.png", false),
    ("-s 800x600 -o a.png", false),
    ("-s 1920x1080 -o a.png", false),
    ("-s 1600x1200 -t 1 -o a.png", false),
    ("-s 1600x1200 -t 3 -o a.png", false),
    ("-s 2000000x4 --supersample 1 -n 50 -o a.png", false),
    ("-s 400000x4 -n 50 -o a.png", false),
    ("-s 4x400000 --supersample 1 -n 50 -o a.png", false),
    ("-s 16000x40 --supersample 4 -n 50 -o a.png", false),
    ("-s 800x600 --map histogram -o a.png", false),
    ("-s 800x600 --supersample auto -o a.png", false),
    ("-s 800x600 --depth 16 -o a.png", false),
    ("-s 800x600 --light 45 -o a.png", false),
    ("-s 2000x1500 --supersample 1 -o a.webp", false),
    ("-s 2000x1500 --supersample 1 -o a.tif", false),
    ("-s 2000x1500 --supersample 1 -o a.jpg", false),
    ("-s 2000x1500 --supersample 1 -o a.qoi", false),
    ("-s 2000x1500 --supersample 1 --compression best -o a.png", true),
    ("-s 2000x1500 --supersample 1 -o a.dzi", true),
    ("-s 2000x1500 --supersample 1 -o a.npy", false),
    ("-s 2000x1500 --supersample 1 -o a.npz --values distance", false),
    ("-s 2000x1500 --supersample 1 -o a.exr", true),
    ("-s 1000x600 -n 100 -t 256 -o a.exr --certainty", true),
    ("-s 2000x1500 -o a.exr -o b.png -o c.npy", true),
    ("-s 2000x1500 --supersample 1 --rows-per-chunk 500 -o a.exr", true),
];

#[test]
fn memory_is_what_was_expected() {
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, packed) in RENDERS {
        let output = Command::new(env!("CARGO_BIN_EXE_mandel"))
            .current_dir(folder.path())
            .args(["render", "--json", "--quiet", "--force", "--no-sync"])
            .args(arguments.split(' '))
            .output()
            .expect("a process");
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let number = |key: &str| summary[key].as_u64().expect("a number") as f64 / f64::from(1 << 20);
        let (peak, expected) = (number("memory_peak"), number("memory_expected"));
        let ratio = expected / peak;
        println!("{ratio:5.2} {peak:8.1} MiB of {expected:8.1} expected: {arguments}");
        assert!(ratio >= 1.0, "{arguments}: {peak:.1} MiB at the peak, {expected:.1} expected");
        assert!(packed || ratio <= 1.5, "{arguments}: {peak:.1} MiB at the peak, {expected:.1} expected");
    }
}

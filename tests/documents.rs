//! The commands of the README and of `docs/` work. What this machine need not have is not run: `NOT_RUN` says why, and what tries it.

mod folder;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use folder::Folder;

/// The `PATH` on which `mandel` is the program of this build.
fn path() -> OsString {
    let program = Path::new(env!("CARGO_BIN_EXE_mandel"));
    let others = std::env::var_os("PATH").unwrap_or_default();
    let folder = program.parent().expect("a folder").to_path_buf();
    std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&others))).expect("a path")
}

impl Folder {
    /// Runs a script, and expects that each of its commands succeeds.
    fn runs(&self, script: &str) {
        let output = self
            .command("bash")
            .args(["-e", "-o", "pipefail", "-c", script])
            .env("PATH", path())
            .output()
            .expect("bash");
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The recipes of a text, run as printed in a folder of their own, which is left with what they made.
fn run_recipes(text: &str) -> Folder {
    let folder = Folder::new();
    if let Some(jobs) = text.split("```toml\n# jobs.toml\n").nth(1).and_then(|rest| rest.split("```").next())
    {
        fs::write(folder.path("jobs.toml"), jobs).expect("a file");
    }
    let is_command = |line: &&str| {
        ["mandel ", "printf "].iter().any(|word| line.starts_with(word)) && !line.starts_with("mandel = ")
    };
    let recipes: Vec<&str> = text.lines().filter(is_command).collect();
    assert!(!recipes.is_empty(), "recipes");
    recipes.into_iter().for_each(|recipe| folder.runs(recipe));
    folder
}

/// Small sizes keep them quick.
#[test]
fn the_recipes_of_the_readme_work_as_printed() {
    let folder = run_recipes(include_str!("../README.md"));
    for name in ["wallpaper.png", "own.png", "inferno.png", "wall.png", "mine.png", "frames/000149.png"] {
        assert!(folder.path(name).exists(), "{name}");
    }
}

#[test]
fn the_recipes_of_the_documents_work_as_printed() {
    for (text, made) in [
        (include_str!("../docs/scenes.md"), "again.png"),
        (include_str!("../docs/deep.md"), "branches.png"),
        (include_str!("../docs/find.md"), ""),
        (include_str!("../docs/threads.md"), "speedup.svg"),
        (include_str!("../docs/numpy.md"), "counts.npy"),
        (include_str!("../docs/batch.md"), "palettes/hot.png"),
    ] {
        assert!(run_recipes(text).path(made).exists(), "{made}");
    }
}

/// Documents whose commands take minutes as printed, or files that a reader has: here they are run with what `SMALLER` puts in place of
/// their sizes, and in a folder with such files, some of which these commands make.
const DOCUMENTS: [(&str, &str, &str); 6] = [
    ("films.md", include_str!("../docs/films.md"), ""),
    ("palettes.md", include_str!("../docs/palettes.md"), "mandel render -q -s 64x36 -o photo.jpg"),
    ("formats.md", include_str!("../docs/formats.md"), ""),
    ("cluster.md", include_str!("../docs/cluster.md"), ""),
    ("performance.md", include_str!("../docs/performance.md"), ""),
    (
        "reliability.md",
        include_str!("../docs/reliability.md"),
        "mandel render -q -s 64x36 -o picture.png -o field.npz
         mandel render -q --at seahorse -n 4000 -o counts.npy -s 64x36
         mandel render -q --at seahorse -s 64x36 --dry-run > scene.toml",
    ),
];

/// How lines begin that need more than this program and a shell, and what tries them.
const NOT_RUN: [(&str, &str); 9] = [
    ("ffmpeg ", "needs ffmpeg"),
    ("mandel info collection.par ", "ends with exit code 2, as it says; tests/locations.rs"),
    ("python3 -m venv ", "tests/python_check.sh"),
    ("pip install ", "tests/python_check.sh"),
    ("mandel-dask ", "tests/python_check.sh"),
    ("dask ", "tests/python_check.sh starts a scheduler and workers"),
    ("cargo test ", "this suite"),
    ("MANDEL_FUZZ_INPUTS=", "minutes of tests/fuzz.rs"),
    ("fuzz/seeds.sh ", "needs nightly and cargo-fuzz"),
];

/// What is printed, and what is run instead: fewer pixels, frames, shards, views and seconds of the same command.
const SMALLER: [(&str, &str); 37] = [
    ("| ffmpeg ", "| cat > film.y4m; : "), // what makes the film is run
    ("--seconds 20 ", "--seconds 0.1 "),
    ("--seconds 9 ", "--seconds 0.1 "),
    ("--to 1e30 ", "--to 1e14 "),
    ("--to 1e5 ", "--to 20 "),
    ("-s hd", "-s 64x36"),
    ("-s 4k", "-s 64x36"),
    ("-s 640x360", "-s 64x36"),
    ("-s 480x270", "-s 64x36"),
    ("-s 960x540", "-s 64x36"),
    ("-s 384x216", "-s 64x36"),
    ("-s 1024x4096", "-s 64x256"),
    ("-s 4525x2546", "-s 64x36"),
    ("-s 65536x65536", "-s 256x256"),
    ("-s 16384x16384", "-s 256x256"),
    ("-s 8192x8192", "-s 256x256"),
    ("-n 50000 ", "-n 500 "),
    ("-n 20000 ", "-n 500 "),
    ("| parallel --joblog D.log --resume-failed --retries 3 ", "| xargs -I{} "), // tests/shards.rs has parallel itself
    ("seq 200 |", "seq 3 |"),
    ("{}/200 ", "{}/3 "),
    ("--shards 200 ", "--shards 3 "),
    ("--shards 1000 ", "--shards 2 "),
    (
        "--shard 1/1000 --out-dir D",
        "--shard 1/2 --out-dir D; mandel render --job job.json --shard 2/2 --out-dir D",
    ),
    ("--shards 24 ", "--shards 3 "),
    ("{}/24 ", "{}/3 "),
    ("seq 24 ", "seq 3 "),
    ("seq 200)", "seq 3)"),
    ("seq 500)", "seq 3)"),
    ("in 1 2 3 4 5;", "in 1;"),
    ("in home seahorse elephant mini;", "in home;"),
    (
        "in twins crown wreath star leaves needle safari ssssssssss dendrite blossom branches urchin;",
        "in twins;",
    ),
    ("--at star ", "--at twins "),
    ("--at crown ", "--at twins "),
    ("--limit 45", "--limit 0.5"),
    ("--sample 1000", "--sample 20"),
    ("--require 98 ", "--require 50 "),
];

/// Files that the documents speak of: what a reader has, or what the text says is there.
fn filled(made: &str) -> Folder {
    let folder = Folder::new();
    let write = |name: &str, text: &str| fs::write(folder.path(name), text).expect("a file");
    write("dragon.kfr", include_str!("data/foreign/kalles-fraktaler.kfr"));
    write("collection.par", &include_str!("data/foreign/fractint.par").replace("Turned ", "Spiral7 "));
    write("volcano.map", include_str!("data/palettes/short.map"));
    write("blatte1.ugr", &include_str!("data/palettes/several.ugr").replace("Night Sky ", "blatte10 "));
    folder.runs(made);
    folder
}

/// The blocks of shell in a text, each as a script without the lines that are not run.
fn scripts(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let is_run = |line: &&str| !NOT_RUN.iter().any(|(begin, _)| line.starts_with(begin));
    let script = |block: &str| block.lines().filter(is_run).map(|line| format!("{line}\n")).collect();
    blocks.map(script).collect()
}

#[test]
fn the_commands_of_the_other_documents_work_with_small_sizes() {
    for (name, text, made) in DOCUMENTS {
        let mut ran = 0;
        // A section has a folder of its own, as readers begin with any of them.
        for section in text.split("\n## ") {
            let scripts = scripts(section);
            if scripts.is_empty() {
                continue;
            }
            let folder = filled(made);
            for script in scripts {
                let small = |text: String, (printed, run): &(&str, &str)| text.replace(printed, run);
                folder.runs(&SMALLER.iter().fold(script, small));
                ran += 1;
            }
        }
        assert!(ran > 0, "{name}");
    }
}

/// What a document no longer says is not named here either.
#[test]
fn what_is_left_out_or_made_small_is_printed_somewhere() {
    let says = |part: &str| DOCUMENTS.iter().any(|(_, text, _)| text.contains(part));
    for (part, _) in SMALLER.iter().chain(&NOT_RUN) {
        assert!(says(part), "no document has '{part}'");
    }
}

/// The tests that [reliability.md](../docs/reliability.md) names are there.
#[test]
fn the_tests_that_documents_name_are_there() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut named = 0;
    for (name, text, _) in DOCUMENTS {
        for rest in text.split("cargo test --test ").skip(1) {
            let words: Vec<&str> = rest.split(['`', '\n', ' ']).take(2).collect();
            let source = fs::read_to_string(tests.join(format!("{}.rs", words[0]))).expect(words[0]);
            let part = words.get(1).copied().unwrap_or_default();
            let is_filter = part.starts_with(char::is_alphabetic) && part.contains('_');
            assert!(!is_filter || source.contains(&format!("fn {part}")), "{name}: {words:?}");
            named += 1;
        }
    }
    assert!(named > 5, "{named}");
}

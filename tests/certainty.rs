//! Nothing that is called certain is wrong: proofs by rounded iteration against proven counts.
#![allow(clippy::print_stdout, reason = "the long check reports what it finds")]

mod folder;

use std::process::Command;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use folder::Folder;
use mandel::render::{exact_point, some_samples};
use mandel::{Plan, Proof, Scene, exact_escape};
use rayon::prelude::*;

/// The scene of a view that is given on the command line.
fn scene(view: &str) -> Scene {
    let output = Command::new(env!("CARGO_BIN_EXE_mandel"))
        .args("render --dry-run --quiet --supersample 1".split(' '))
        .args(view.split(' '))
        .output()
        .expect("a process");
    assert!(output.status.success(), "{view}: {}", String::from_utf8_lossy(&output.stderr));
    Scene::read(&String::from_utf8(output.stdout).expect("a text")).expect("a scene")
}

/// Compares the proofs of some samples with their exact counts; returns how many there are, and how many were proven.
fn check(view: &str, count: u32) -> (usize, u32) {
    let scene = scene(view);
    let (samples, bailout) = (scene.samples(), scene.bailout());
    let plan = Plan::new(samples, bailout, None);
    let prover = plan.prover(None, u64::MAX, &AtomicU64::new(0)).expect("an orbit").expect("a prover");
    let certain = AtomicU32::new(0);
    let places = some_samples(samples, count);
    places.par_iter().for_each(|&(x, y)| {
        let proof = prover.prove(x, y);
        if proof == Proof::Unknown {
            return;
        }
        certain.fetch_add(1, Ordering::Relaxed);
        let exact = exact_escape(&exact_point(samples, bailout, (x, y)), bailout.counts_alone());
        let n = exact.expect("a count").escape.n();
        assert!(proof.is_of(n), "{view}: sample {x},{y} is {n:?}, and was proven to be {proof:?}");
    });
    (places.len(), certain.into_inner())
}

/// Views, and the least share of their samples that can be proven.
const VIEWS: [(&str, f64); 14] = [
    ("-s 1200x800", 0.99),
    ("--at seahorse -s 800x600", 0.9),
    ("--at mini -s 800x600", 0.9),
    ("-c 0.25 -z 1e3 -n 5000 -s 400x300", 0.9),
    ("-c -0.743643887037151+0.131825904205330i -z 1e9 -n 3000 -s 640x360", 0.5),
    ("-c -0.743643887037151+0.131825904205330i -z 1e12 -n 3000 -s 640x360", 0.9),
    ("-c -1.4011551890920505 -z 1e6 -n 2000 -s 400x300", 0.3),
    ("-c 1.2+1.6i -z 1e18 -n 100 -s 61x61", 0.9),
    ("-c -2 -z 1e200 -n 1000 -s 41x41", 0.5),
    ("--at twins -s 320x180", 0.9),
    ("--at leaves -s 320x180", 0.5),
    ("--at needle -s 320x180", 0.5),
    ("--at dendrite -s 64x36", 0.5),
    ("--at crown -s 64x36", 0.1),
];

#[test]
fn what_is_certain_is_right() {
    for (view, least) in &VIEWS[..10] {
        let (all, certain) = check(view, 60);
        let share = f64::from(certain) / all as f64;
        println!("{view}: {certain} of {all} certain");
        assert!(share >= *least, "{view}: {certain} of {all} certain");
    }
}

/// Runs `mandel`, which has to succeed, in a folder; returns its standard output.
fn run(folder: &Folder, words: &str) -> String {
    let output =
        folder.command(env!("CARGO_BIN_EXE_mandel")).args(words.split(' ')).output().expect("a process");
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("a text")
}

fn certain(folder: &Folder, words: &str) -> Option<u64> {
    let report: serde_json::Value =
        serde_json::from_str(&run(folder, &format!("stats --json {words}"))).expect("JSON");
    report["certain"].as_u64()
}

#[test]
fn files_say_what_is_certain() {
    let folder = Folder::new();
    let views = [
        "-c -0.743643887037151+0.131825904205330i -z 1e9 -n 3000 -s 64x36 --supersample 1",
        "--at twins -s 40x25 --supersample 1",
    ];
    for view in views {
        run(&folder, &format!("render {view} -q -f --certainty -t 1 -o a.npz -o a.exr"));
        run(&folder, &format!("render {view} -q -f --certainty -t 2 --rows-per-chunk 16 -o b.npz -o b.exr"));
        let read = |name: &str| std::fs::read(folder.path(name)).expect("a file");
        assert!(read("a.npz") == read("b.npz") && read("a.exr") == read("b.exr"), "{view}");
        let all = certain(&folder, "a.npz").expect("a number");
        assert!(all > 800, "{view}: {all}");
        assert_eq!(certain(&folder, "a.exr"), Some(all));
        std::fs::write(folder.path("a.toml"), run(&folder, &format!("render {view} --dry-run -q")))
            .expect("room");
        assert_eq!(certain(&folder, "--certainty a.toml"), Some(all));
        // Of a field without the array, its counts are compared with the proofs.
        let output =
            folder.command(env!("CARGO_BIN_EXE_mandel")).args("color a.npz -f -o c.npz".split(' ')).output();
        let note = output.expect("a process").stderr;
        assert!(String::from_utf8_lossy(&note).contains("note: a.npz says which counts are certain"));
        assert_eq!(certain(&folder, "c.npz"), None);
        assert_eq!(certain(&folder, "--certainty c.npz"), Some(all));
        run(&folder, "color a.npz --certainty -q -f -o c.npz");
        assert!(read("a.npz").len() == read("c.npz").len());
        assert_eq!(certain(&folder, "c.npz"), Some(all));
    }
    assert!(run(&folder, "stats a.npz").contains("certain           1000 (100.00 % of the counts)"));
}

#[test]
fn certainty_needs_a_view_and_a_place_for_it() {
    let folder = Folder::new();
    run(&folder, "render -s 20x10 -q -o a.npy");
    for (words, part) in [
        ("render -s 20x10 --certainty -o a.png", "--certainty is for NPZ and EXR"),
        (
            "render --projection exponential -c i -z 1e6 -s 64x40 --supersample 1 --certainty -o b.npz",
            "exponential map",
        ),
        ("stats --certainty a.npy", "a.npy does not say which view it is of"),
        ("color a.npy --certainty -o b.npz", "a.npy does not say which view it is of"),
    ] {
        let output =
            folder.command(env!("CARGO_BIN_EXE_mandel")).args(words.split(' ')).output().expect("a process");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && stderr.contains(part), "{words}: {stderr}");
    }
}

#[test]
#[ignore = "takes a quarter of an hour in release"]
fn what_is_certain_of_ten_thousand_samples_is_right() {
    let count = std::env::var("MANDEL_SAMPLES").map_or(10_000, |text| text.parse().expect("a number"));
    for (view, _) in VIEWS {
        let (all, certain) = check(view, count);
        println!("{view}: {certain} of {all} certain, none of them wrong");
    }
}

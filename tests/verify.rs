//! `mandel verify`: what it finds, and what it says of what it did not look at.

mod folder;

use std::fs;

use folder::Folder;
use serde_json::Value;

impl Folder {
    /// Runs `mandel` with these words, and gives the exit code, standard output and standard error.
    fn run(&self, words: &str) -> (i32, String, String) {
        let output = self.command(env!("CARGO_BIN_EXE_mandel")).args(words.split_whitespace()).output();
        let output = output.expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (output.status.code().expect("a code"), text(output.stdout), text(output.stderr))
    }

    fn succeed(&self, words: &str) -> String {
        let (code, stdout, stderr) = self.run(words);
        assert_eq!(code, 0, "{words}: {stderr}");
        stdout
    }

    fn report(&self, words: &str) -> Value {
        serde_json::from_str(&self.succeed(&format!("verify --json {words}"))).expect("JSON")
    }

    fn fail(&self, words: &str, code: i32, part: &str) {
        let (found, _, stderr) = self.run(&format!("verify {words}"));
        assert_eq!(found, code, "{words}: {stderr}");
        assert!(stderr.contains(part), "{words}: {stderr}");
    }
}

#[test]
fn one_count_that_was_changed_is_found() {
    let folder = Folder::new();
    folder.succeed("render --at mini -s 16x12 --supersample 1 -n 200 -q -o a.npz -o a.npy");
    let whole = folder.report("a.npz");
    assert_eq!((whole["sampled"].as_u64(), whole["right"].as_u64()), (Some(192), Some(192)), "{whole}");
    assert_eq!(whole["confidence_interval"], serde_json::json!([1.0, 1.0]), "all samples were looked at");
    folder.succeed("verify a.npz --require 100");

    // An NPY has its numbers at the end, four bytes each: sample 5,0, which escapes, is one too high.
    let mut bytes = fs::read(folder.path("a.npy")).expect("a file");
    let place = bytes.len() - 4 * (16 * 12 - 5);
    bytes[place] += 1;
    fs::write(folder.path("a.npy"), &bytes).expect("room");
    let view = "--at mini -n 200 --supersample 1";
    let damaged = folder.report(&format!("a.npy {view}"));
    let wrong = damaged["wrong_samples"].as_array().expect("a list");
    assert_eq!((damaged["right"].as_u64(), wrong.len()), (Some(191), 1), "{damaged}");
    assert_eq!((wrong[0]["x"].as_u64(), wrong[0]["y"].as_u64()), (Some(5), Some(0)));
    assert_eq!(wrong[0]["found"].as_u64(), wrong[0]["exact"].as_u64().map(|n| n + 1));
    let words = "a.npy: 191 of 192 samples (99.48 %) are proven right, and --require asks for 99.9 %: 1 wrong, 0 undecided";
    folder.fail(&format!("a.npy {view} --require 99.9"), 1, words);
    folder.succeed(&format!("verify a.npy {view} --require 99%"));
}

#[test]
fn the_sampled_points_are_those_of_the_file() {
    let folder = Folder::new();
    // A crop, turned, with nine samples a pixel, and with the edges of numpy.linspace.
    let crop = "[view]\nregion = \"-0.75,-0.74,0.1,0.11\"\nsize = \"40x30\"\nsupersample = 3\ncrop = [7, 5, 20, 11]\n";
    let turned = "[view]\ncenter = \"-0.7453+0.1127i\"\nzoom = \"600\"\nrotate = 33.3\nsize = \"40x30\"\n";
    let ends = "[view]\nregion = \"-0.75,-0.74,0.1,0.11\"\ngrid = \"endpoints\"\nsize = \"30x30\"\n";
    for (name, scene) in [("crop", crop), ("turned", turned), ("ends", ends)] {
        let text = format!("{scene}[iterate]\nmax_iter = 300\n");
        fs::write(folder.path("scene.toml"), text).expect("room");
        folder.succeed(&format!("render --scene scene.toml -q -o {name}.npz -o {name}.exr -o {name}.png"));
        let [npz, exr, png, scene] = ["npz", "exr", "png"]
            .map(|end| format!("{name}.{end}"))
            .map(Some)
            .into_iter()
            .chain([None])
            .map(|file| folder.report(&format!("{} --sample 300", file.unwrap_or("scene.toml".into()))))
            .collect::<Vec<_>>()
            .try_into()
            .expect("four");
        assert!(npz["right"].as_u64() >= Some(299), "{name}: {npz}");
        assert!([exr, png, scene].iter().all(|other| *other == npz), "{name}");
    }
    // Another view of the same size is wrong nearly everywhere.
    folder.succeed("render --at seahorse -s 20x10 -n 300 -q -o a.npy");
    let other = folder.report("a.npy --at elephant -n 300");
    assert!(other["wrong"].as_u64() > Some(100), "{other}");
}

#[test]
fn smooth_counts_are_compared_as_such() {
    let folder = Folder::new();
    folder.succeed("render --at mini -s 40x30 -n 200 -q --values smooth -o a.npy");
    let report = folder.report("a.npy --at mini -n 200");
    assert_eq!(
        (report["compared"].as_str(), report["right"].as_u64()),
        (Some("smooth"), Some(200)),
        "{report}"
    );
}

#[test]
fn deep_views_are_checked_at_their_exact_points() {
    let folder = Folder::new();
    let report = folder.report("-c i -z 1e40 -s 40x30 -n 400 --supersample 2");
    assert_eq!(report["order"], "perturbation-1");
    assert!(report["right"].as_u64() >= Some(199), "{report}");
    assert_eq!(report, folder.report("-c i -z 1e40 -s 40x30 -n 400 --supersample 2 -t 3"));
}

#[test]
fn what_was_not_checked_is_not_right() {
    let folder = Folder::new();
    let view = "-c -0.7453+0.1127i -z 1e6 -s 400x300 -n 4000";
    let report = folder.report(&format!("{view} --limit 1e-9"));
    assert_eq!((report["right"].as_u64(), report["not_checked"].as_u64()), (Some(0), Some(200)), "{report}");
    assert!(report["share_right"].is_null() && report["confidence_interval"].is_null());
    folder.fail(&format!("{view} --limit 1e-9 --require 1"), 1, "0 wrong, 0 undecided, 200 not checked");
}

#[test]
fn mistakes_are_named() {
    let folder = Folder::new();
    folder.succeed("render --at mini -s 8x6 --supersample 1 -n 50 -q -o a.npz -o a.npy");
    folder.fail("a.npz -n 50", 2, "a.npz names its own scene; leave out the options");
    folder.fail("a.npy", 2, "a.npy names no scene; say which view it shows");
    folder.fail("a.npy --at mini -s 9 -n 50", 2, "a.npy holds 8x6 samples, and the scene has 9x9");
    folder.fail("none.npz", 4, "cannot read none.npz: no such file or directory");
    folder.fail("a.npz --sample 0", 2, "--sample");
    folder.fail("--require 0", 2, "--require needs a part above 0 and up to 100 percent");
    folder.fail("--limit -1", 2, "--limit needs a time in seconds above 0");
    fs::write(folder.path("a.toml"), "[view]\nzoom = \"2\"\n").expect("room");
    folder.fail("a.toml --scene a.toml", 2, "a.toml and --scene a.toml both say what the scene is");
}

//! Limits of the machine and of a name: what cannot be is refused in words, and nothing is left behind.

mod folder;

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::process::Output;

use folder::Folder;

const PROGRAM: &str = env!("CARGO_BIN_EXE_mandel");

impl Folder {
    /// Runs a line of shell, in which `mandel` is the program.
    fn sh(&self, line: &str) -> Output {
        let script = format!("mandel() {{ \"$MANDEL\" \"$@\"; }}; {line}");
        self.command("sh").args(["-c", &script]).env("MANDEL", PROGRAM).output().expect("sh")
    }

    /// Runs a line, expects this exit code, and gives standard error.
    fn ends(&self, line: &str, code: i32) -> String {
        let output = self.sh(line);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{line}: {stderr}");
        stderr
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("the folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("a file")
    }
}

/// A view whose reference orbit does not end: the center is where the main cardioid meets the disk of period 2.
const ENDLESS: &str = "-c -0.75 -z 1e30 -n 1000000000 -s 16x9";

#[test]
fn no_limit_of_address_space_ends_in_an_abort() {
    let folder = Folder::new();
    // From a limit that the program hardly starts in, which its own size decides, to one with room for all that its threads
    // reserve.
    let starts = |limit: &u32| folder.sh(&format!("ulimit -v {limit}; mandel --version")).status.success();
    let mut limit = 200 + (12_000..).step_by(100).find(starts).expect("a limit");
    let mut codes = Vec::new();
    while limit < 1_200_000 {
        for threads in [1, 4] {
            let line =
                format!("ulimit -v {limit}; mandel render -f -q -s 1200x300 -n 50 -t {threads} -o a.png");
            let output = folder.sh(&line);
            let code = output.status.code();
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(matches!(code, Some(0 | 5)), "{line}: {code:?}, {stderr}");
            assert!(code == Some(0) || stderr.contains("of memory and"), "{line}: {stderr}");
            codes.extend(code);
        }
        assert!(folder.names().iter().all(|name| name == "a.png"), "{:?}", folder.names());
        limit += limit / 3;
    }
    assert!(codes.contains(&5) && codes.ends_with(&[0, 0]), "{codes:?}");
}

#[test]
fn threads_that_do_not_fit_into_the_address_space_are_left_out() {
    let folder = Folder::new();
    let note = folder.ends("ulimit -v 600000; mandel render -s 64 -t 200 -o a.png", 0);
    assert!(note.contains("the system refused 200 threads; going on with "), "{note}");
    let note = folder.ends("ulimit -v 100000; mandel render -s 64 -t 2 -o b.png -o b.npz", 0);
    // A field is opened on a pool, and read on another.
    for words in
        ["stats b.npz", "stats --certainty b.npz", "verify b.npz --sample 9", "color b.npz -f -o c.png"]
    {
        folder.ends(&format!("ulimit -v 100000; mandel {words}"), 0);
    }
    assert!(note.contains("going on in this one"), "{note}");
    assert_eq!(folder.read("a.png"), folder.read("b.png"));
}

#[test]
fn a_preview_of_a_huge_view_takes_no_memory() {
    let folder = Folder::new();
    let size = "-s 2147483647x2147483647 --supersample 1";
    for view in ["", "-c -1.75 -z 1e40"] {
        let line = format!("ulimit -v 500000; mandel render -n auto --dry-run {size} {view}");
        let output = folder.sh(&line);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 5)), "{line}: {stderr}");
    }
}

#[test]
fn a_comparison_takes_no_more_memory_than_a_render() {
    let folder = Folder::new();
    for command in ["render -q -o a.png", "bench -t 1 --runs 1 --progress never --csv a.csv"] {
        let words = folder.ends(&format!("ulimit -v 300000; mandel {command} {ENDLESS}"), 5);
        assert!(words.contains("no more fit into memory"), "{command}: {words}");
    }
    let words = folder.ends("ulimit -v 300000; mandel bench -t 1 -s 40000x40000 -n 1", 5);
    assert!(words.contains("this comparison needs 12 GiB of memory and"), "{words}");
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn renders_at_the_same_time_get_names_of_their_own() {
    let folder = Folder::new();
    let line = "for i in 1 2 3 4 5 6 7 8; do mandel render -f -q -s 64x36 -n 100 -t 1 & done; wait";
    folder.ends(line, 0);
    let expected: Vec<String> =
        (1..=8).map(|i| if i == 1 { "mandel.png".into() } else { format!("mandel-{i}.png") }).collect();
    let mut names = folder.names();
    names.sort_by_key(|name| (name.len(), name.clone()));
    assert_eq!(names, expected);
}

#[test]
fn two_outputs_never_write_into_one_place() {
    let folder = Folder::new();
    let render = "mandel render -q -s 64x36 -n 100";
    for (options, redirection) in [
        ("-o - -o /dev/stdout", "| cat"),
        ("-o - -o /dev/stdout", "> out"),
        ("-o - -o /dev/fd/1", "| cat"),
        ("-o - -o /proc/self/fd/1", "> out"),
        ("-o /dev/fd/3 -o -", "3>&1 > out"),
        ("-o - -o /dev/fd/3", "3>&1 | cat"),
        ("-o - -o /dev/fd/3", "> out 3>&1"),
        ("-o /dev/fd/3 -o /dev/fd/4", "3> out 4>&3"),
        ("-f -o - -o out.png", "> out.png"),
        ("--json -o /dev/fd/1", "| cat"),
        ("--json -o /proc/self/fd/1", "> out"),
        ("--json -o /dev/fd/3", "> out 3>&1"),
        ("--json -f -o out.png", "> out.png"),
    ] {
        // The exit code of the program, not of `cat`. In the third line from the top, 3 is the old standard output.
        let same = redirection != "3>&1 > out";
        let output = folder.sh(&format!("{{ {render} {options}; echo $? >&2; }} {redirection}"));
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = format!("{options} {redirection}: {stderr}");
        assert_eq!(stderr.ends_with("2\n"), same, "{line}");
        assert_eq!(stderr.contains("both write to"), same, "{line}");
        assert!(!same || output.stdout.is_empty(), "{line}");
        for name in folder.names() {
            assert!(!same || folder.read(&name).is_empty(), "{line}");
            fs::remove_file(folder.0.path().join(name)).expect("a file");
        }
    }
}

#[test]
fn outputs_that_do_not_mix_are_written() {
    let folder = Folder::new();
    let render = "mandel render -q -s 64x36 -n 100";
    folder.ends(&format!("{render} -o a.png"), 0);
    let picture = folder.read("a.png");
    // Whatever goes to /dev/null may go there twice.
    folder.ends(&format!("{render} -o - -o /dev/null > /dev/null"), 0);
    assert!(fs::metadata("/dev/null").expect("the device").file_type().is_char_device());
    // Two names of one file get a file each.
    folder.ends(&format!("ln a.png b.png; {render} -f -o a.png -o b.png"), 0);
    // Standard output is the old file of that name, into which nothing is written.
    folder.ends(&format!("{render} -f -o b.png > b.png"), 0);
    let output = folder.sh(&format!("{render} -o - -o /dev/fd/3 3> c.png"));
    assert!(output.stdout == picture);
    for name in ["a.png", "b.png", "c.png"] {
        assert!(folder.read(name) == picture, "{name}");
    }
}

#[test]
fn exports_of_a_comparison_never_write_into_one_place() {
    let folder = Folder::new();
    let bench = "mandel bench -s 64x36 -n 100 -t 1 --runs 1 --warmup 0";
    for (line, words) in [
        ("--json - --csv /dev/stdout | cat", "--json and --csv both write to standard output; keep one"),
        ("--json /dev/fd/1 --svg - | cat", "--json and --svg both write to standard output; keep one"),
        (
            "--csv /dev/fd/3 --svg /dev/fd/4 3> out 4>&3",
            "--csv and --svg both write to the same file; keep one",
        ),
    ] {
        let stderr = String::from_utf8_lossy(&folder.sh(&format!("{bench} {line}")).stderr).into_owned();
        assert_eq!(stderr.trim_end(), format!("error: {words}"));
    }
    // The table makes way for an export, by whatever name that is standard output.
    for line in ["--json /dev/fd/1 | cat", "--json /dev/fd/3 3>&1 | cat"] {
        let stdout = folder.sh(&format!("{bench} {line}")).stdout;
        let json: Result<serde_json::Value, _> = serde_json::from_slice(&stdout);
        assert!(json.is_ok(), "{line}: {}", String::from_utf8_lossy(&stdout));
    }
}

#[test]
fn all_files_of_a_run_come_to_be_or_none() {
    let folder = Folder::new();
    let bench = "mandel bench -s 64x36 -n 100 -t 1 --runs 1 --warmup 0";
    let words = folder.ends(&format!("{bench} --markdown a.md --svg /dev/full"), 4);
    assert!(words.contains("error: cannot write /dev/full: no space left on device"), "{words}");
    let words = folder.ends(&format!("{bench} --svg a.svg --json - > /dev/full"), 4);
    assert!(words.contains("error: cannot write standard output: no space left on device"), "{words}");
    folder.ends("mandel render -q -s 64x36 -o a.png -o a.npy -o /dev/full", 4);
    folder.ends("mandel render -q -s 64x36 -o a.png -o - > /dev/full", 4);
    for help in ["--help", "--version", "render -h", "palettes"] {
        let words = folder.ends(&format!("mandel {help} > /dev/full"), 4);
        assert!(words.contains("cannot write standard output: no space left on device"), "{help}: {words}");
    }
    assert_eq!(folder.names(), [""; 0]);
}

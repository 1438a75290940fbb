//! A render in pieces, from outside: planned, made by many processes, stitched, continued.

mod folder;

use std::fs;
use std::io::Write;
use std::ops::Range;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use folder::Folder;
use mandel::job::{Job, make_shards};
use mandel::{Distance, Escape, Kernel, Plan};

/// Variables of schedulers, which the tests may run under.
const TASKS: [&str; 7] = [
    "SLURM_ARRAY_TASK_ID",
    "JOB_COMPLETION_INDEX",
    "AWS_BATCH_JOB_ARRAY_INDEX",
    "HQ_TASK_ID",
    "PBS_ARRAY_INDEX",
    "SGE_TASK_ID",
    "OMPI_COMM_WORLD_RANK",
];

impl Folder {
    /// The program with these words, which blanks separate.
    fn mandel(&self, words: &str) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_mandel"));
        command.args(words.split_whitespace());
        for variable in TASKS {
            command.env_remove(variable);
        }
        command
    }

    /// Runs, and gives the exit code, standard output and standard error.
    fn run(&self, words: &str) -> (i32, String, String) {
        told(&self.mandel(words).output().expect("the program starts"))
    }

    /// Runs, expects success, and gives standard output and standard error.
    fn succeed(&self, words: &str) -> (String, String) {
        let (code, stdout, stderr) = self.run(words);
        assert_eq!(code, 0, "{words}: {stderr}");
        (stdout, stderr)
    }

    /// Runs, expects this exit code, and gives standard error.
    fn fail(&self, words: &str, code: i32) -> String {
        let (found, _, stderr) = self.run(words);
        assert_eq!(found, code, "{words}: {stderr}");
        stderr
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect(name)
    }

    fn same(&self, one: &str, other: &str) {
        assert!(self.read(one) == self.read(other), "{one} and {other} differ");
    }

    /// The names in a folder, without those that begin with a point.
    fn names(&self, folder: &str) -> Vec<String> {
        names(&self.path(folder))
    }

    /// Makes all shards of `job.json` in `d`.
    fn make(&self, shards: u32) {
        for shard in 1..=shards {
            self.succeed(&format!("render --job job.json --shard {shard}/{shards} --out-dir d -q"));
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

const HOME: &str = "-s 150x90 -n 300";

#[test]
fn pieces_make_the_bytes_of_one_render() {
    let views = [
        (HOME, "-p inferno --map linear"),
        ("--at seahorse -s 120x80 -n 400 --grid endpoints", ""),
        ("--at twins -s 40x30 -n 3000 --supersample 1", "--bands"),
    ];
    for (view, colors) in views {
        for shards in [1, 7] {
            let folder = Folder::new();
            folder.succeed(&format!("plan {view} --shards {shards} -o job.json"));
            for shard in (1..=shards).rev() {
                let threads = [1, 2, 7][shard as usize % 3];
                let kernel = ["auto", "scalar", "portable"][shard as usize % 3];
                folder.succeed(&format!(
                    "render --job job.json --shard {shard}/{shards} --out-dir d -t {threads} --kernel {kernel}"
                ));
            }
            let direct = format!("render {view} {colors} -q -o direct.png -o direct.npy");
            folder.succeed(&direct);
            folder.succeed(&format!("stitch job.json d {colors} -q -t 7 -o all.png -o all.npy"));
            folder.same("direct.png", "all.png");
            folder.same("direct.npy", "all.npy");
            folder.succeed("stitch job.json d --scene direct.png -f -q -o all.png");
            folder.same("direct.png", "all.png");
            folder.succeed(&format!("render {view} {colors} -q --resume parts -o again.png -o again.npy"));
            folder.same("direct.png", "again.png");
            folder.same("direct.npy", "again.npy");
        }
    }
}

#[test]
fn a_finished_shard_is_not_made_again() {
    let folder = Folder::new();
    folder.succeed(&format!("plan {HOME} --shards 3 -o job.json"));
    // Planning again gives the same job, which is no reason to complain.
    folder.succeed(&format!("plan {HOME} --shards 3 -o job.json"));
    folder.fail(&format!("plan {HOME} --shards 4 -o job.json"), 4);
    let make = "render --job job.json --shard 2/3 --out-dir d --json";
    let (first, stderr) = folder.succeed(make);
    assert!(stderr.starts_with("d/shard-2.mshd: shard 2/3, "), "{stderr}");
    let made = fs::metadata(folder.path("d/shard-2.mshd")).and_then(|data| data.modified()).expect("a file");
    let (second, stderr) = folder.succeed(make);
    assert_eq!(stderr, "d/shard-2.mshd: shard 2/3 is already complete\n");
    let again = fs::metadata(folder.path("d/shard-2.mshd")).and_then(|data| data.modified()).expect("a file");
    assert_eq!(made, again);
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    let (first, second) = (read(&first), read(&second));
    assert!(first["samples"].as_u64() > Some(0) && second["samples"] == 0, "{second}");
    assert_eq!(first["sha256"], second["sha256"]);
    // Anything else of that name makes way.
    let bytes = folder.read("d/shard-2.mshd");
    for other in [&b""[..], b"something else", &bytes[..bytes.len() - 1]] {
        fs::write(folder.path("d/shard-2.mshd"), other).expect("room");
        let (_, stderr) = folder.succeed(make);
        assert!(stderr.starts_with("note: d/shard-2.mshd is made anew: it is "), "{stderr}");
        assert!(folder.read("d/shard-2.mshd") == bytes);
    }
    assert_eq!(folder.names("d"), ["shard-2.log.json", "shard-2.mshd"]);
}

#[test]
fn stitch_names_all_that_is_wrong() {
    let folder = Folder::new();
    folder.succeed(&format!("plan {HOME} --shards 9 -o job.json"));
    folder.make(9);
    folder.succeed(&format!("plan {HOME} --shards 8 -o other.json"));
    folder.succeed("render --job other.json --shard 5/8 --out-dir other -q");
    let whole = folder.read("d/shard-1.mshd");
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path(name), bytes).expect("room");
    // A second copy is no problem.
    write("d/copy.mshd", &whole);
    let (_, stderr) = folder.succeed("stitch job.json d -o all.png");
    assert!(stderr.contains("note: d/shard-1.mshd is the same shard as d/copy.mshd"), "{stderr}");
    fs::remove_file(folder.path("all.png")).expect("a file");
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    write("d/copy.mshd", &changed);
    write("d/shard-2.mshd", b"");
    write("d/shard-3.mshd", &whole[..whole.len() / 3]);
    fs::copy(folder.path("other/shard-5.mshd"), folder.path("d/shard-5.mshd")).expect("a copy");
    // A shard in the place of another one.
    fs::copy(folder.path("d/shard-6.mshd"), folder.path("d/shard-9.mshd")).expect("a copy");
    for shard in [7, 8] {
        fs::remove_file(folder.path(&format!("d/shard-{shard}.mshd"))).expect("a file");
    }
    write("d/.mandel-1-x.tmp", b"unfinished");
    let stderr = folder.fail("stitch job.json d -o all.png -o all.npy", 3);
    for part in [
        "\n  d/copy.mshd: ",
        "\n  d/shard-2.mshd: it is cut short\n",
        "\n  d/shard-3.mshd: it is cut short\n",
        "\n  d/shard-5.mshd: its job is ",
        "\n  d/shard-9.mshd is the same shard as d/shard-6.mshd\n",
        "\n  missing of 9: 2-3,5,7-9; 'mandel render --job job.json --shard K/9 --out-dir DIR' makes one\n",
    ] {
        assert!(stderr.contains(part), "{part:?} in {stderr}");
    }
    assert!(!folder.path("all.png").exists() && !folder.path("all.npy").exists());
    assert_eq!(folder.succeed("stitch job.json d --missing --format array").0, "2-3,5,7-9\n");
    assert_eq!(folder.succeed("stitch job.json d --missing").0, "2\n3\n5\n7\n8\n9\n");
    let json = folder.succeed("stitch job.json d --missing --json").0;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["shards"], &json["missing"]), (&9.into(), &serde_json::json!([2, 3, 5, 7, 8, 9])));
    assert_eq!(json["bad"][1], serde_json::json!({ "file": "d/shard-2.mshd", "problem": "it is cut short" }));
    fs::remove_file(folder.path("d/copy.mshd")).expect("a file");
    // A shard of another job is not replaced unasked.
    let stderr = folder.fail("render --job job.json --shard 5/9 --out-dir d -q", 3);
    assert!(
        stderr.contains("d/shard-5.mshd is of another job") && stderr.contains("remove that file"),
        "{stderr}"
    );
    fs::remove_file(folder.path("d/shard-5.mshd")).expect("a file");
    folder.make(9);
    assert_eq!(folder.succeed("stitch job.json d --missing").0, "");
    folder.succeed("stitch job.json d -o all.png");
    assert_eq!(folder.names("."), ["all.png", "d", "job.json", "other", "other.json"]);
}

#[test]
fn distances_travel_in_shards() {
    let folder = Folder::new();
    let view = "--at seahorse -s 90x60 -n 500";
    folder.succeed(&format!(
        "render {view} --light 135 --edge 0.5 -q -o direct.png -o direct.npy --values distance"
    ));
    folder.succeed(&format!("plan {view} --shards 3 --distance -o job.json"));
    folder.make(3);
    folder.succeed(
        "stitch job.json d --light 135 --edge 0.5 -q -o all.png -o all.npy --values distance --recheck 5%",
    );
    folder.same("direct.png", "all.png");
    folder.same("direct.npy", "all.npy");
    // A map that looks at all samples, and one that looks at samples between those of the shards.
    for map in ["histogram", "auto"] {
        folder.succeed(&format!("render {view} --map {map} -f -q -o direct-map.png"));
        folder.succeed(&format!("stitch job.json d --map {map} -f -q -o all-map.png"));
        folder.same("direct-map.png", "all-map.png");
    }
    folder.succeed(&format!("render {view} --light 135 --edge 0.5 --resume parts -q -o again.png"));
    folder.same("direct.png", "again.png");
    folder.succeed(&format!("plan {view} --shards 3 -o plain.json"));
    let stderr = folder.fail("stitch plain.json d --light 135 -o x.png", 2);
    assert!(stderr.contains("plan with --distance"), "{stderr}");
    folder.succeed(&format!("render {view} --resume plain -q -o plain.png"));
    let stderr = folder.fail(&format!("render {view} --edge 1 --resume plain -o x.png"), 2);
    assert!(stderr.contains("name another folder for --resume"), "{stderr}");
}

#[test]
fn periods_travel_in_shards() {
    let folder = Folder::new();
    for (name, view) in [
        ("smooth", "--at mini -s 90x60 -n 500"),
        (
            "deep",
            "-c -1.7598171308048479165828760533-0.0125933107997496573193888668543i -z 1e19 -s 48x32 -n 5000",
        ),
    ] {
        for (interior, i) in [("period", 1), ("distance", 2), ("distance --light 135 --edge 0.5", 3)] {
            folder.succeed(&format!("render {view} --interior {interior} -q -o direct-{name}-{i}.png"));
        }
        folder.succeed(&format!("plan {view} --shards 3 --distance --periods -o {name}.json"));
        for shard in 1..=3 {
            folder.succeed(&format!("render --job {name}.json --shard {shard}/3 --out-dir {name} -q"));
        }
        for (interior, i) in [("period", 1), ("distance", 2), ("distance --light 135 --edge 0.5", 3)] {
            folder.succeed(&format!(
                "stitch {name}.json {name} --interior {interior} -q --recheck 5% -o all-{name}-{i}.png"
            ));
            folder.same(&format!("direct-{name}-{i}.png"), &format!("all-{name}-{i}.png"));
        }
        // Numbers are those of samples that escape, and so are the colors that take no others.
        folder.succeed(&format!(
            "render {view} --light 135 -q -o direct.png -o direct.npy --values distance -f"
        ));
        folder.succeed(&format!(
            "stitch {name}.json {name} --light 135 -q -o all.png -o all.npy --values distance -f"
        ));
        folder.same("direct.png", "all.png");
        folder.same("direct.npy", "all.npy");
        folder.succeed(&format!(
            "render {view} --interior period --resume parts-{name} -q -o again-{name}.png"
        ));
        folder.same(&format!("direct-{name}-1.png"), &format!("again-{name}.png"));
    }
    folder.succeed("plan --at mini -s 90x60 -n 500 --shards 3 --distance -o plain.json");
    for shard in 1..=3 {
        folder.succeed(&format!("render --job plain.json --shard {shard}/3 --out-dir plain -q"));
    }
    let stderr = folder.fail("stitch plain.json plain --interior period -o x.png", 2);
    assert!(stderr.contains("keeps no periods") && stderr.contains("plan with --periods"), "{stderr}");
}

/// A kernel that computes one sample wrongly.
struct Wrong {
    kernel: Box<dyn Kernel>,
    at: (u32, u32),
}

impl Kernel for Wrong {
    fn iterate(&self, columns: Range<u32>, rows: Range<u32>, out: &mut [Escape]) {
        self.kernel.iterate(columns.clone(), rows.clone(), out);
        if columns.contains(&self.at.0) && rows.contains(&self.at.1) {
            out[(self.at.1 - rows.start) as usize * columns.len() + (self.at.0 - columns.start) as usize] =
                Escape::new(1, 0.0);
        }
    }

    fn distances(&self, _: Range<u32>, _: Range<u32>, _: &[Escape], out: &mut [Distance]) {
        out.fill(Distance::NONE);
    }
}

#[test]
fn a_spot_check_finds_what_is_computed_wrongly() {
    let folder = Folder::new();
    folder.succeed(&format!("plan {HOME} --shards 6 -o job.json"));
    folder.make(6);
    let (_, stderr) = folder.succeed("stitch job.json d --recheck 3% -o some.png");
    assert!(stderr.contains("6 of 180 rows computed again: equal"), "{stderr}");
    let job = Job::read(&String::from_utf8(folder.read("job.json")).expect("text")).expect("a job");
    let kernel = Plan::new(job.scene().samples(), job.scene().bailout(), None)
        .kernel_within(None, u64::MAX, &Default::default())
        .expect("a kernel");
    let wrong = Wrong { kernel, at: (150, 90) };
    let mut files = Vec::new();
    let done = |shard: u32, file: Vec<u8>, _, _| {
        files.push((shard, file));
        Ok::<_, std::io::Error>(())
    };
    make_shards(&job, &wrong, &[1, 2, 3, 4, 5, 6], |_| Ok(Vec::new()), done, |_| ()).expect("shards");
    let path = |shard: u32| folder.path(&format!("d/shard-{shard}.mshd"));
    let lie = |(shard, file): &&(u32, Vec<u8>)| fs::read(path(*shard)).expect("a shard") != *file;
    let (shard, file) = files.iter().find(lie).expect("a shard with the wrong sample");
    fs::write(path(*shard), file).expect("room");
    folder.succeed("stitch job.json d -o unseen.png -q");
    let stderr = folder.fail("stitch job.json d --recheck 100% -o all.png", 3);
    let words = format!("d/shard-{shard}.mshd: shard {shard} holds another number at sample 150,90");
    assert!(stderr.contains(&words), "{stderr}");
    for bad in ["0", "101", "x", "-1"] {
        folder.fail(&format!("stitch job.json d --recheck {bad} -o all.png"), 2);
    }
    assert_eq!(folder.names("."), ["d", "job.json", "some.png", "unseen.png"]);
}

#[test]
fn mistakes_have_their_exit_codes() {
    let folder = Folder::new();
    folder.succeed(&format!("plan {HOME} --shards 3 -o job.json"));
    let usage = |words: &str, part: &str| {
        let stderr = folder.fail(words, 2);
        assert!(stderr.contains(part), "{words}: {stderr}");
    };
    usage("render --job job.json --shard 4/3 --out-dir d", "--shard: K must be 1..3");
    usage("render --job job.json --shard 1/4 --out-dir d", "the job has 3 shards");
    let missing = folder.fail("render --job none.json --shard 1/3 --out-dir d", 4);
    assert!(
        missing.contains("cannot read none.json: no such file or directory; 'mandel plan' makes one"),
        "{missing}"
    );
    usage("render --job job.json --shard 1/3", "--out-dir");
    usage("render --job job.json --shard 1/3 --out-dir d -o x.png", "cannot be used with");
    usage("render --job job.json --shard 1/3 --out-dir d -p inferno", "cannot be used with");
    usage("render --job job.json --shard 1/3 --out-dir d -z 3", "cannot be used with");
    usage(&format!("plan {HOME} --shards 3 -p inferno -o x.json"), "give --palette to 'mandel stitch'");
    usage("plan -s 4x4 --shards 17 -o x.json", "--shards must be 1..1,");
    usage("stitch job.json none -o x.png", "there is no folder none");
    usage("stitch job.json . --format array -o x.png", "--format array needs --missing");
    fs::write(folder.path("bad.json"), "{\"mandel_job\":1,\"colour\":2}").expect("room");
    usage("stitch bad.json . -o x.png", "bad.json: unknown key 'colour'");
    usage("render --job bad.json --shard 1/3 --out-dir d", "bad.json: unknown key 'colour'");
    fs::write(folder.path("file"), "").expect("room");
    folder.fail("render --job job.json --shard 1/3 --out-dir file", 4);
    assert_eq!(folder.names("."), ["bad.json", "file", "job.json"]);
}

#[test]
fn schedulers_say_which_shard() {
    let folder = Folder::new();
    folder.succeed(&format!("plan {HOME} --shards 24 -o job.json"));
    let run = |set: &[(&str, &str)]| {
        let mut command = folder.mandel("render --job job.json --shard env --out-dir d");
        told(&command.envs(set.iter().copied()).output().expect("the program starts"))
    };
    for (name, value, shard) in [
        ("SLURM_ARRAY_TASK_ID", "3", 3),
        ("JOB_COMPLETION_INDEX", "0", 1),
        ("AWS_BATCH_JOB_ARRAY_INDEX", "23", 24),
        ("HQ_TASK_ID", "24", 24),
        ("PBS_ARRAY_INDEX", "5", 5),
        ("SGE_TASK_ID", "6", 6),
        ("OMPI_COMM_WORLD_RANK", "6", 7),
    ] {
        let (code, _, stderr) = run(&[(name, value)]);
        assert!(code == 0 && stderr.contains(&format!("shard {shard}/24")), "{name}={value}: {stderr}");
    }
    let (code, _, stderr) = run(&[("SLURM_ARRAY_TASK_ID", "3"), ("HQ_TASK_ID", "4")]);
    assert!(
        code == 2 && stderr.contains("SLURM_ARRAY_TASK_ID=3 stands for shard 3, and HQ_TASK_ID=4"),
        "{stderr}"
    );
    let (code, _, stderr) = run(&[]);
    assert!(code == 2 && stderr.contains("none of these variables is set"), "{stderr}");
    assert_eq!(run(&[("HQ_TASK_ID", "0")]).0, 2);
    // Without 'env' they mean nothing: a plain render in an array is a plain render.
    let mut plain = folder.mandel("render -s 20x10 -n 50 -q -o a.png");
    assert!(plain.env("SLURM_ARRAY_TASK_ID", "3").status().expect("starts").success());
}

#[test]
fn two_writers_of_one_shard_leave_a_whole_one() {
    let folder = Folder::new();
    folder.succeed(&format!("plan {HOME} --shards 2 -o job.json"));
    let make = "render --job job.json --shard 1/2 --out-dir d -q -t 1";
    folder.succeed(make);
    let bytes = folder.read("d/shard-1.mshd");
    for _ in 0..100 {
        fs::remove_file(folder.path("d/shard-1.mshd")).expect("a file");
        let mut writers: Vec<Child> =
            (0..2).map(|_| folder.mandel(make).spawn().expect("the program starts")).collect();
        assert!(writers.iter_mut().all(|writer| writer.wait().expect("ends").success()));
        assert!(folder.read("d/shard-1.mshd") == bytes);
        assert_eq!(folder.names("d"), ["shard-1.log.json", "shard-1.mshd"]);
    }
}

#[test]
fn the_orbit_is_computed_once_and_checked() {
    let folder = Folder::new();
    folder.succeed("plan --at twins -s 40x30 -n 3000 --shards 2 -o job.json");
    let name = folder.names(".").into_iter().find(|name| name.ends_with(".morb")).expect("an orbit");
    let whole = folder.read(&name);
    let job: serde_json::Value = serde_json::from_slice(&folder.read("job.json")).expect("JSON");
    assert_eq!(name, format!("orbit-{}.morb", job["orbit"].as_str().expect("a digest")));
    let make = "render --job job.json --shard 1/2 --out-dir d -q";
    folder.succeed(make);
    let bytes = folder.read("d/shard-1.mshd");
    let again = || fs::remove_file(folder.path("d/shard-1.mshd")).expect("a file");
    // Without the file it is computed.
    again();
    fs::remove_file(folder.path(&name)).expect("a file");
    folder.succeed(make);
    assert!(folder.read("d/shard-1.mshd") == bytes);
    // A damaged one is named.
    again();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    fs::write(folder.path(&name), changed).expect("room");
    let stderr = folder.fail(make, 3);
    assert!(stderr.contains(&name), "{stderr}");
    // A job that names another one than its view has.
    let text = String::from_utf8(folder.read("job.json")).expect("text");
    let text = text.replace(job["orbit"].as_str().expect("a digest"), &"0".repeat(64));
    fs::write(folder.path("lie.json"), text).expect("room");
    let stderr = folder.fail("render --job lie.json --shard 1/2 --out-dir d -q", 3);
    assert!(stderr.contains("is not the one of the job"), "{stderr}");
    assert_eq!(folder.names("d"), ["shard-1.log.json"]);
}

#[test]
fn a_killed_render_goes_on_where_it_was() {
    let folder = Folder::new();
    let view = "--at seahorse -s 400x300 -n 3000 --supersample 2";
    folder.succeed(&format!("render {view} -q -o direct.png"));
    let resume = format!("render {view} --resume parts -o all.png -t 2");
    let finished = || folder.names("parts").iter().filter(|name| name.starts_with("shard")).count();
    let mut before = 0;
    for _ in 0..3 {
        let mut child = folder.mandel(&resume).stderr(Stdio::null()).spawn().expect("the program starts");
        let start = Instant::now();
        // Once there is more than before; it may be done before it is killed.
        while finished() <= before && start.elapsed() < Duration::from_secs(60) {
            if child.try_wait().expect("a status").is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().expect("a child");
        child.wait().expect("ends");
        before = finished();
        assert!(before > 0);
    }
    // A shard that was damaged meanwhile is made anew.
    fs::write(folder.path("parts/shard-1.mshd"), "x").expect("room");
    if folder.path("all.png").exists() {
        fs::remove_file(folder.path("all.png")).expect("a file");
    }
    let (_, stderr) = folder.succeed(&resume);
    assert!(stderr.contains("tiles were done"), "{stderr}");
    assert!(stderr.contains("note: parts/shard-1.mshd: it is cut short; it is made anew"), "{stderr}");
    folder.same("direct.png", "all.png");
    let stderr = folder.fail("render --at seahorse -s 400x300 -n 2999 --resume parts -o other.png", 2);
    let words =
        "parts holds parts of another scene, with max_iter = 3000 where max_iter = 2999 is asked for;";
    assert!(stderr.contains(words), "{stderr}");
    // Other colors are not another scene.
    folder.succeed(&format!("render {view} -p inferno --resume parts -q -o inferno.png"));
    folder.succeed(&format!("render {view} -p inferno -q -o direct.png -f"));
    folder.same("direct.png", "inferno.png");
}

#[test]
fn scripts_name_the_job_and_all_shards() {
    let folder = Folder::new();
    for engine in ["slurm", "parallel", "k8s", "hq", "openjd"] {
        let (script, _) = folder.succeed(&format!("plan {HOME} --shards 24 -o job.json --emit {engine}"));
        for part in ["job.json", "job.shards", "job.png", "24"] {
            assert!(script.contains(part), "{engine}: {part} in {script}");
        }
        assert!(
            !script.contains("@N@") && !script.contains("@JOB@") && !script.contains("@DIR@"),
            "{script}"
        );
    }
    let (text, _) = folder.succeed(&format!("plan {HOME} --shards 24 -o job.json --simulate 4"));
    assert!(text.starts_with("4 workers: ") && text.contains("% of their time is work"), "{text}");
}

#[test]
fn logs_say_what_shards_took() {
    let folder = Folder::new();
    let plan = format!("plan {HOME} --shards 4 -o job.json -q --json --simulate 2");
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    let predicted = read(&folder.succeed(&plan).0);
    assert!(predicted["simulated"].get("seconds").is_none(), "{predicted}");
    let stderr = folder.fail(&format!("{plan} --logs none"), 2);
    assert!(stderr.contains("--logs: none cannot be read: "), "{stderr}");
    let stderr = folder.fail(&format!("{plan} --logs ."), 2);
    assert!(stderr.contains("--logs: . has no log of a shard of this job"), "{stderr}");
    let stderr = folder.fail(&format!("plan {HOME} --shards 4 --logs d"), 2);
    assert!(stderr.contains("--simulate"), "{stderr}");
    folder.succeed("render --job job.json --shard 1/4 --out-dir d -q -t 1");
    let log = read(&String::from_utf8(folder.read("d/shard-1.log.json")).expect("text"));
    assert_eq!((&log["job"], &log["threads"]), (&predicted["job"], &1.into()), "{log}");
    for key in ["samples", "iterations", "cpu_seconds"] {
        assert!(log[key].as_f64() > Some(0.0), "{key} of {log}");
    }
    // Three shards of one second, one of two: the last is predicted where it has no log.
    let write = |shard: u32, seconds: f64| {
        let mut log = log.clone();
        (log["shard"], log["seconds"]) = (shard.into(), seconds.into());
        fs::write(folder.path(&format!("d/shard-{shard}.log.json")), log.to_string()).expect("room");
    };
    (1..=3).for_each(|shard| write(shard, 1.0));
    fs::write(folder.path("d/shard-4.log.json"), "{\"shard\":4}").expect("room");
    let found = &read(&folder.succeed(&format!("{plan} --logs d")).0)["simulated"];
    assert_eq!(found["measured"], 3);
    let seconds = found["seconds"].as_f64().expect("a number");
    assert!((1.9..2.2).contains(&seconds), "{found}");
    write(4, 2.0);
    let found = &read(&folder.succeed(&format!("{plan} --logs d")).0)["simulated"];
    assert_eq!((&found["measured"], &found["seconds"]), (&4.into(), &3.0.into()));
    let (text, _) = folder.succeed(&format!("plan {HOME} --shards 4 -o job.json -q --simulate 2 --logs d"));
    assert!(text.contains("\n2 workers: 3.0 s, by what 4 shards took\n"), "{text}");
}

/// The most memory that a program has taken, in KiB, as long as it could be asked.
fn peak(mut child: Child) -> u64 {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let found = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(found.unwrap_or(0));
        if let Some(status) = child.try_wait().expect("a status") {
            assert!(status.success());
            return peak;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn stitching_takes_memory_for_a_few_rows() {
    if !Path::new("/proc/self/status").exists() {
        return;
    }
    const SIDE: u64 = 4096;
    let folder = Folder::new();
    folder.succeed(&format!("plan -s {SIDE} -n 60 --supersample 1 --shards 3 -o job.json"));
    folder.make(3);
    let stitch = folder.mandel("stitch job.json d -q -t 2 -o all.png -o all.npy").spawn();
    let (peak, bound) = (peak(stitch.expect("the program starts")), (64 << 10) + 16 * SIDE / 1024);
    // All numbers at once would take 128 MiB.
    assert!(peak > 1 << 10 && peak <= bound, "{peak} KiB, and {bound} are allowed");
}

/// Whether a program is installed; says so where it is not.
fn installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        let _ = writeln!(std::io::stderr(), "skipped: {program} is not installed");
    }
    found
}

#[test]
fn gnu_parallel_is_killed_and_run_again() {
    if !installed("parallel") {
        return;
    }
    let folder = Folder::new();
    let view = "--at seahorse -s 400x300 -n 3000";
    let mut plan = folder.mandel(&format!("plan {view} --shards 24 -q --emit parallel -o"));
    let script = plan.arg("a job.json").output().expect("the program starts");
    fs::write(folder.path("run"), &script.stdout).expect("room");
    let program = Path::new(env!("CARGO_BIN_EXE_mandel")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let run = || {
        let mut command = Command::new("sh");
        command.arg("run").current_dir(folder.0.path()).env("PATH", &path).env("JOBS", "2");
        command.env("HOME", folder.0.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null()).process_group(0);
        command
    };
    let made = || folder.names("a job.shards").iter().filter(|name| name.starts_with("shard")).count();
    let mut killed = run().spawn().expect("a shell");
    let start = Instant::now();
    while made() < 3 && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    // The shell and all that it started, but for what parallel has put in groups of their own.
    let group = format!("-{}", killed.id());
    Command::new("kill").args(["-KILL", "--", &group]).status().expect("a signal");
    killed.wait().expect("ends");
    assert!(made() >= 3 && !folder.path("a job.png").exists());
    assert!(run().status().expect("a shell").success());
    folder.succeed(&format!("render {view} -q -o direct.png"));
    folder.same("direct.png", "a job.png");
}

#[test]
fn a_folder_that_fills_leaves_nothing_behind() {
    let folder = Folder::new();
    folder.succeed(&format!("plan {HOME} --shards 1 -o job.json"));
    // No file may grow beyond 16 blocks of 512 bytes.
    let program = env!("CARGO_BIN_EXE_mandel");
    let limited = format!("ulimit -f 16; exec {program} render --job job.json --shard 1/1 --out-dir d");
    let output =
        Command::new("sh").args(["-c", &limited]).current_dir(folder.0.path()).output().expect("a shell");
    let (code, _, stderr) = told(&output);
    assert_eq!(code, 4, "{stderr}");
    assert!(
        stderr.contains("cannot write d/shard-1.mshd: ") && stderr.contains("nothing was left behind"),
        "{stderr}"
    );
    assert_eq!(folder.names("d"), [""; 0]);
    folder.succeed("render --job job.json --shard 1/1 --out-dir d");
}

#[test]
fn a_kill_at_any_system_call_leaves_the_old_file_or_the_new_one() {
    if !installed("strace") {
        return;
    }
    let folder = Folder::new();
    folder.succeed(&format!("plan {HOME} --shards 2 -o job.json"));
    folder.succeed("render --job job.json --shard 1/2 --out-dir whole -q");
    let whole = folder.read("whole/shard-1.mshd");
    let make = ["render", "--job", "job.json", "--shard", "1/2", "--out-dir", "d", "-q", "-t", "1"];
    let place = folder.path("d/shard-1.mshd");
    fs::create_dir(folder.path("d")).expect("a folder");
    let old = b"something else";
    let mut outcomes = [0; 3];
    for call in ["write", "fsync", "rename,renameat,renameat2,linkat", "openat"] {
        // The program opens some libraries and files of the system first.
        for when in if call == "openat" { 5..40 } else { 1..12 } {
            let before = when % 2 == 0;
            if before {
                fs::write(&place, old).expect("room");
            } else if place.exists() {
                fs::remove_file(&place).expect("a file");
            }
            let inject = format!("inject={call}:signal=KILL:when={when}");
            let mut traced = Command::new("strace");
            traced.args(["-f", "-qq", "-o", "trace", "-e", &inject, env!("CARGO_BIN_EXE_mandel")]).args(make);
            let traced = traced.current_dir(folder.0.path()).stderr(Stdio::null()).status().expect("strace");
            match fs::read(&place) {
                Ok(bytes) if bytes == whole => outcomes[0] += 1,
                Ok(bytes) => {
                    assert!(before && bytes == old && !traced.success(), "{call} {when}");
                    outcomes[1] += 1;
                }
                Err(_) => {
                    assert!(!before && !traced.success(), "{call} {when}");
                    outcomes[2] += 1;
                }
            }
        }
    }
    // All three happen, unless tracing is forbidden here.
    assert!(outcomes.iter().all(|&count| count > 0) || outcomes[0] == 0, "{outcomes:?}");
}

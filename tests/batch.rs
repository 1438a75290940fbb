//! Many pictures from one file of jobs.

mod folder;

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use folder::Folder;

impl Folder {
    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect(name)
    }

    fn mandel(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_mandel"));
        command.args(args);
        command
    }

    /// Writes `jobs.toml` and runs it.
    fn batch(&self, jobs: &str, options: &[&str]) -> Output {
        fs::write(self.path("jobs.toml"), jobs).expect("a file");
        let args: Vec<&str> = ["batch", "jobs.toml"].into_iter().chain(options.iter().copied()).collect();
        self.mandel(&args).output().expect("the program starts")
    }

    /// Runs jobs that succeed, and gives the JSON summary.
    fn succeed(&self, jobs: &str, options: &[&str]) -> serde_json::Value {
        let options: Vec<&str> = options.iter().copied().chain(["--json"]).collect();
        let output = self.batch(jobs, &options);
        assert_eq!(output.status.code(), Some(0), "{jobs}: {}", stderr(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Runs jobs that are refused with these words, as mistakes of the file, before anything is made.
    fn refuse(&self, jobs: &str, words: &str) {
        self.refuse_with(2, jobs, words);
    }

    /// The same with another exit code.
    fn refuse_with(&self, code: i32, jobs: &str, words: &str) {
        let before = self.files();
        let output = self.batch(jobs, &[]);
        let _ = fs::remove_file(self.path("jobs.toml"));
        assert!(stderr(&output).starts_with(&format!("error: {words}")), "{jobs}: {}", stderr(&output));
        assert_eq!(output.status.code(), Some(code), "{jobs}");
        assert_eq!(self.files(), before, "{jobs}");
    }

    fn stdin(&self, text: &str, options: &[&str]) -> Output {
        let args: Vec<&str> = ["batch", "-"].into_iter().chain(options.iter().copied()).collect();
        let mut command = self.mandel(&args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // The program may end before it has read all of what is too long.
        let _ = child.stdin.take().expect("a pipe").write_all(text.as_bytes());
        child.wait_with_output().expect("the program ends")
    }

    /// Names of all files but temporary ones, with their folders.
    fn files(&self) -> Vec<String> {
        let (mut names, mut folders) = (Vec::new(), vec![self.0.path().to_path_buf()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    names.push(path.strip_prefix(self.0.path()).expect("below").display().to_string());
                }
            }
        }
        names.retain(|name| !name.contains(".mandel-"));
        names.sort();
        names
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What the jobs of these tests have in common: small pictures, quickly.
const SMALL: &str = "[defaults]\nsize = \"64x36\"\nmax-iter = 100\n";

fn small(jobs: &str) -> String {
    format!("{SMALL}{jobs}")
}

#[test]
fn names_are_made_of_fields_and_a_matrix_of_its_values() {
    let folder = Folder::new();
    let jobs = small(
        r#"output = "out/{name}/{palette}-{zoom}-{index:03}.png"
        [[job]]
        name = "sea horse"
        at = "seahorse"
        [job.matrix]
        zoom = [100, "1e3", 2.50]
        palette = ["hot", "ember"]
        [[job]]
        name = "b"
        palette = "ultra"
        zoom = 0.50
        output = ["{{{name}}}.npy", "{name}-{index:01}.png"]
        "#,
    );
    let summary = folder.succeed(&jobs, &[]);
    assert_eq!(summary["done"], 7);
    assert_eq!(summary["jobs"][2]["outputs"][0], "out/sea horse/hot-1e3-003.png");
    assert_eq!(summary["jobs"][6]["name"], "b");
    let expected = [
        "b-7.png",
        "jobs.toml",
        "out/sea horse/ember-100-002.png",
        "out/sea horse/ember-1e3-004.png",
        "out/sea horse/ember-2.50-006.png",
        "out/sea horse/hot-100-001.png",
        "out/sea horse/hot-1e3-003.png",
        "out/sea horse/hot-2.50-005.png",
        "{b}.npy",
    ];
    assert_eq!(folder.files(), expected);
    // A person gets a table.
    let table = folder.batch(&jobs, &["--force"]);
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("name") && lines[7].starts_with("b          {b}.npy, b-7.png"), "{table}");
    assert_eq!(lines[8], "notes on 6 of the jobs; --json shows them");
    assert!(lines[9].starts_with("7 done: "), "{table}");
}

#[test]
fn a_job_has_the_bytes_of_a_single_render() {
    let folder = Folder::new();
    let jobs = small(
        r#"palette = "hot"
        output = "{index}.png"
        [[job]]
        center = "-1.74976"
        zoom = 1e2
        reverse = true
        max-iter = "auto"
        [[job]]
        at = "twins"
        size = "16x9"
        output = ["{index}.png", "{index}.npy"]
        [[job]]
        scene = "scene.toml"
        bands = true
        compression = "best"
        no-metadata = true
        [[job]]
        size = "1200x800"
        [[job]]
        region = "-2,1,-1.5,1.5"
        aspect = "stretch"
        output = "{index}.npy"
        "#,
    );
    let scene = folder.mandel(&["render", "--at", "mini", "--dry-run", "-q"]).output().expect("starts");
    fs::write(folder.path("scene.toml"), scene.stdout).expect("a file");
    let each: [&[&str]; 5] = [
        &["-c", "-1.74976", "-z", "1e2", "--reverse", "-n", "auto", "-o", "single.png"],
        &["--at", "twins", "-s", "16x9", "-o", "single.png", "-o", "single.npy"],
        &["--scene", "scene.toml", "--bands", "--compression", "best", "--no-metadata", "-o", "single.png"],
        &["-s", "1200x800", "-o", "single.png"],
        &["--region", "-2,1,-1.5,1.5", "--aspect", "stretch", "-o", "single.npy"],
    ];
    for threads in ["1", "2", "5"] {
        folder.succeed(&jobs, &["--force", "--threads", threads]);
        for (number, options) in (1..).zip(each) {
            let common = ["-p", "hot", "-s", "64x36", "-n", "100"];
            // An option of the job takes the place of the default.
            let common = common.chunks(2).filter(|pair| !options.contains(&pair[0])).flatten().copied();
            let args: Vec<&str> =
                ["render", "-q", "-f"].into_iter().chain(common).chain(options.iter().copied()).collect();
            assert!(folder.mandel(&args).status().expect("starts").success(), "{args:?}");
            for suffix in ["png", "npy"] {
                if options.contains(&format!("single.{suffix}").as_str()) {
                    let (one, other) = (format!("{number}.{suffix}"), format!("single.{suffix}"));
                    assert!(folder.read(&one) == folder.read(&other), "{threads} threads: {one}, {args:?}");
                }
            }
        }
    }
}

#[test]
fn mistakes_are_found_with_their_place_before_anything_is_made() {
    let folder = Folder::new();
    let job = |keys: &str| format!("[[job]]\noutput = \"x.png\"\n{keys}");
    for (keys, words) in [
        (
            "  palete = 'hot'",
            "jobs.toml:3:3: unknown key 'palete'; did you mean 'palette'?; known: name, matrix,",
        ),
        ("max_iter = 3", "jobs.toml:3:1: unknown key 'max_iter'; did you mean 'max-iter'?"),
        ("threads = 3", "jobs.toml:3:1: 'threads' is for the whole batch: type mandel batch --threads ..."),
        ("force = true", "jobs.toml:3:1: 'force' is for the whole batch: type mandel batch --force"),
        ("dry-run = true", "jobs.toml:3:1: 'dry-run' says nothing of a picture"),
        ("zoom = '1y'", "jobs.toml:3:1:\n       cannot read zoom '1y'\n                          ^ 'y' does"),
        ("size = 'big'", "jobs.toml:3:1:\n       cannot read size 'big'"),
        ("map = 'logg'", "jobs.toml:3:1:\n       invalid value 'logg' for '--map <MAP>'"),
        ("at = 'seahorze'", "jobs.toml:3:1: no view named 'seahorze'; did you mean 'seahorse'?"),
        (
            "palette = 'hott'",
            "jobs.toml:3:1: no palette named 'hott' ('mandel palettes' lists them), no list of colors such as #001,#fff,#fa0,#001, and no file of that name; did you mean 'hot'?",
        ),
        ("zoom = 1\nzoom = 2", "jobs.toml:4:1: duplicate key"),
        ("zoom = true", "jobs.toml:3:8: 'zoom' must be a text or a decimal number"),
        ("zoom = 0x10", "jobs.toml:3:8: 'zoom' must be a text or a decimal number"),
        ("reverse = 'yes'", "jobs.toml:3:11: 'reverse' must be true or false"),
        ("name = ''", "jobs.toml:3:8: 'name' must be a text"),
        ("scene = '-'", "jobs.toml:3:9: a job reads no standard input"),
        ("region = '-2,1,-1,1'\nzoom = 3", "jobs.toml:1:1: job 1: --region and --zoom both place the view"),
        ("matrix = 3", "jobs.toml:3:10: 'matrix' must be a table"),
        ("[job.matrix]\nzoom = 3", "jobs.toml:4:8: 'zoom' must be a list of values in a matrix"),
        ("[job.matrix]\nzoom = []", "jobs.toml:4:8: 'zoom' must be a list of values in a matrix"),
        ("[job.matrix]\nzoom = [1, '2y']", "jobs.toml:4:12:\n       cannot read zoom '2y'"),
        (
            "zoom = 1\n[job.matrix]\nzoom = [2]",
            "jobs.toml:5:1: 'zoom' stands both in the job and in its matrix",
        ),
        ("[job.matrix]\nzom = [2]", "jobs.toml:4:1: unknown key 'zom'; did you mean 'zoom'?"),
        ("[[job]]\noutput = './x.png'", "jobs.toml:3:1: job 1 and job 2 both write ./x.png"),
        ("[job.matrix]\nzoom = [1, 2]", "jobs.toml:1:1: job 1 and job 2 both write x.png"),
        ("[[jobs]]\nat = 'mini'", "jobs.toml:3:3: unknown key 'jobs'; did you mean 'job'?"),
        ("= 3", "jobs.toml:3:1: "),
    ] {
        folder.refuse(&job(keys), words);
    }
    for (jobs, words) in [
        ("", "jobs.toml:1:1: no jobs; write [[job]], once for each"),
        ("[job]\nat = 'mini'", "jobs.toml:1:2: write [[job]], once for each job"),
        ("defaults = 3", "jobs.toml:1:1: write [defaults] as a table of keys"),
        ("[defaults]\nname = 'x'", "jobs.toml:2:1: unknown key 'name'"),
        (
            "[[job]]\nname = 'x'",
            "jobs.toml:1:1: job 1 ('x') has no output; add one, as in output = \"{name}.png\"",
        ),
        (
            "[[job]]\nname = 'x'\noutput = '1.png'\n[[job]]\nname = 'x'\noutput = '2.png'",
            "jobs.toml:4:1: the job at jobs.toml:1:1 is named 'x' too",
        ),
    ] {
        folder.refuse(jobs, words);
    }
    let missing = "jobs.toml:1:1: job 1: cannot read none.toml: no such file or directory";
    folder.refuse_with(4, &job("scene = 'none.toml'"), missing);
}

#[test]
fn outputs_stay_in_the_folder_and_know_their_fields() {
    let folder = Folder::new();
    fs::create_dir(folder.path("real")).expect("a folder");
    std::os::unix::fs::symlink("real", folder.path("link")).expect("a link");
    for (output, words) in [
        ("../x.png", "'../x.png' leaves the current folder"),
        ("/tmp/x.png", "'/tmp/x.png' leaves the current folder"),
        ("{name}/x.png", "'../x.png' leaves the current folder"),
        ("{palette}.png", "job 1 ('..') says no palette for '{palette}'; add one"),
        ("{pallete}.png", "no field 'pallete'; did you mean 'palette'?; known: index, name, scene"),
        ("{output}.png", "no field 'output'"),
        ("{interior:03}.png", "'{interior:03}' is 'black' here, and only whole numbers have a width"),
        ("{scene}.png", "'{scene}' is 'a/b.toml' here, and no field may hold a '/'"),
        ("{name.png", "a '{' without its '}'"),
        ("{index:3}.png", "cannot read the field '{index:3}'"),
    ] {
        let jobs =
            format!("[[job]]\nname = '..'\nscene = 'a/b.toml'\ninterior = 'black'\noutput = '{output}'\n");
        folder.refuse(&jobs, &format!("jobs.toml:5:1: {words}"));
    }
    folder.refuse(
        "[[job]]\noutput = '-'",
        "jobs.toml:2:10: a job reads no standard input and writes no standard",
    );
    // One folder by two names.
    let jobs = "[[job]]\noutput = 'real/new/x.png'\n[[job]]\noutput = 'link/new/x.png'\n";
    folder.refuse(jobs, "jobs.toml:3:1: job 1 and job 2 both write link/new/x.png");
}

#[test]
fn a_matrix_has_a_limit_and_so_has_the_file() {
    let folder = Folder::new();
    let list = (0..1000).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
    let matrix = format!("[job.matrix]\nzoom = [{list}]\ndensity = [{list}]\noffset = [{list}]\n");
    folder.refuse(
        &format!("[[job]]\noutput = '{{index}}.png'\n{matrix}"),
        "jobs.toml:1:1: 1000000000 jobs with those of this one; a batch has at most 100000",
    );
    let output = folder.batch(&format!("#{}\n", "x".repeat(1 << 20)), &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("jobs.toml:1:1: the text is longer than 1 MiB"), "{}", stderr(&output));
}

#[test]
fn one_failure_does_not_stop_the_others() {
    let folder = Folder::new();
    fs::write(folder.path("blocked"), "a file, not a folder").expect("a file");
    let jobs = small(
        r#"output = "{name}.png"
        [[job]]
        name = "before"
        [[job]]
        name = "bad"
        output = "blocked/{name}.png"
        [[job]]
        name = "huge"
        size = "2147483647x1"
        supersample = 1
        rows-per-chunk = 1
        [[job]]
        name = "after"
        "#,
    );
    folder.refuse(&jobs, "jobs.toml:14:9: 'rows-per-chunk' says nothing of a picture");
    let jobs = jobs.replace("        rows-per-chunk = 1\n", "");
    let limited = "ulimit -v 2000000; \"$0\" batch jobs.toml --json";
    fs::write(folder.path("jobs.toml"), jobs).expect("a file");
    let mut command = Command::new("sh");
    command.args(["-c", limited, env!("CARGO_BIN_EXE_mandel")]).current_dir(folder.0.path());
    let output = command.output().expect("sh");
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let states: Vec<_> = (0..4).map(|i| summary["jobs"][i]["state"].as_str().expect("a text")).collect();
    assert_eq!(states, ["done", "failed", "failed", "done"]);
    assert_eq!((&summary["jobs"][1]["exit_code"], &summary["jobs"][2]["exit_code"]), (&4.into(), &5.into()));
    let words = stderr(&output);
    assert!(
        words.contains("error: jobs.toml:7:9: job 2 ('bad'): cannot make the folder blocked: "),
        "{words}"
    );
    assert!(words.contains(": job 3 ('huge'): this render needs "), "{words}");
    assert!(words.trim_end().ends_with("error: 2 of 4 jobs failed"), "{words}");
    // The code of the first one in the file.
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(folder.files(), ["after.png", "before.png", "blocked", "jobs.toml"]);
}

#[test]
fn json_lines_come_from_standard_input() {
    let folder = Folder::new();
    let lines = concat!(
        "\n{\"name\": \"a\\u0062\", \"size\": \"64x36\", \"zoom\": 1.50, \"output\": \"{name}-{zoom}.png\"}\n",
        "{\"size\": \"64x36\", \"reverse\": true, \"output\": [\"{index}.npy\", \"{index}.png\"],",
        " \"matrix\": {\"palette\": [\"hot\"]}}\n"
    );
    let output = folder.stdin(lines, &["-q"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!((stderr(&output).as_str(), output.stdout.len()), ("", 0));
    assert_eq!(folder.files(), ["2.npy", "2.png", "ab-1.50.png"]);
    for (line, words) in [
        ("{\"zom\": 3}", "standard input:1:2: unknown key 'zom'; did you mean 'zoom'?"),
        ("{\"size\": 3}\n {\"at\": \"x\",\n  \"at\": 3}", "standard input:3:3: duplicate key 'at'"),
        ("{\"zoom\": null}", "standard input:1:10: 'zoom' must be a text or a decimal number"),
        ("{\"output\": \"3.png\", \"zoom\": 3y}", "standard input:1:30: expected `,` or `}`"),
        ("{}\n[3]", "standard input:2:"),
        ("{}", "standard input:1:1: job 1 has no output"),
    ] {
        let output = folder.stdin(line, &[]);
        assert!(stderr(&output).starts_with(&format!("error: {words}")), "{line}: {}", stderr(&output));
        assert_eq!(output.status.code(), Some(2));
    }
    let toml = folder.stdin("[[job]]\nsize = 8\noutput = 't.png'", &["-q"]);
    assert_eq!(toml.status.code(), Some(0), "{}", stderr(&toml));
}

#[test]
fn files_that_are_there_are_refused_replaced_or_kept() {
    let folder = Folder::new();
    fs::write(folder.path("2.png"), "old").expect("a file");
    let jobs = small("output = '{index}.png'\n[[job]]\n[[job]]\n[[job]]\n");
    let output = folder.batch(&jobs, &[]);
    assert_eq!(
        stderr(&output).trim_end(),
        "error: 2.png already exists; use --resume to make what is missing, --force to make all again or \
         --no-clobber to skip what is there"
    );
    assert_eq!((output.status.code(), folder.files().len()), (Some(4), 2));
    // What mandel has not made is not replaced by a resumed run either.
    let output = folder.batch(&jobs, &["--resume", "-q"]);
    let words = "job 2: 2.png already exists; mandel has not made it, or not with its scene in it";
    assert!(stderr(&output).contains(words), "{}", stderr(&output));
    assert_eq!((output.status.code(), folder.read("2.png")), (Some(4), b"old".to_vec()));
    assert_eq!(folder.succeed(&jobs, &["--no-clobber"])["kept"], 3);
    assert_eq!(folder.read("2.png"), b"old");
    let resumed = folder.succeed(&jobs, &["--resume", "--force"]);
    assert_eq!((&resumed["complete"], &resumed["done"]), (&2.into(), &1.into()));
    assert!(folder.read("2.png").starts_with(b"\x89PNG"));
}

#[test]
fn a_resumed_run_makes_what_is_missing_damaged_or_of_another_scene() {
    let folder = Folder::new();
    let jobs = |zoom: u32| {
        small(&format!(
            r#"output = "{{name}}.png"
            [[job]]
            name = "plain"
            [[job]]
            name = "zoomed"
            zoom = {zoom}
            max-iter = "auto"
            [[job]]
            name = "both"
            output = ["{{name}}.png", "{{name}}.npy"]
            [[job]]
            name = "counts"
            output = "{{name}}.npy"
            "#
        ))
    };
    let made = |summary: &serde_json::Value| {
        let jobs = summary["jobs"].as_array().expect("a list").iter();
        let made = jobs.filter(|job| job["state"] == "done");
        made.map(|job| job["name"].as_str().expect("a text").to_string()).collect::<Vec<_>>()
    };
    folder.succeed(&jobs(1), &[]);
    let names = ["plain.png", "zoomed.png", "both.png", "both.npy", "counts.npy"];
    let first = names.map(|name| folder.read(name));
    // Counts alone do not say what they are counts of.
    assert_eq!(made(&folder.succeed(&jobs(1), &["--resume"])), ["counts"]);
    assert_eq!(made(&folder.succeed(&jobs(2), &["--resume"])), ["zoomed", "counts"]);
    assert_eq!(made(&folder.succeed(&jobs(1), &["--resume"])), ["zoomed", "counts"]);
    fs::write(folder.path("plain.png"), &first[0][..first[0].len() - 20]).expect("a file");
    fs::remove_file(folder.path("both.npy")).expect("a file");
    assert_eq!(made(&folder.succeed(&jobs(1), &["--resume"])), ["plain", "both", "counts"]);
    fs::write(folder.path("both.png"), "").expect("a file");
    assert_eq!(made(&folder.succeed(&jobs(1), &["--resume"])), ["both", "counts"]);
    assert!(names.map(|name| folder.read(name)) == first);
}

#[test]
fn killed_at_any_time_and_resumed_the_files_are_the_same() {
    let jobs = "[defaults]\nat = 'seahorse'\nsize = '160x90'\noutput = 'out/{index:03}.png'\n\
        [[job]]\n[job.matrix]\ndensity = [1, 2]\npalette = ['hot', 'ember', 'glacier']\noffset = [0, 0.1, 0.2, 0.3]\n\
        [[job]]\nsize = '640x360'\noutput = ['out/{index}.npy', 'out/{index}.png']\n";
    let undisturbed = Folder::new();
    undisturbed.succeed(jobs, &[]);
    let files = undisturbed.files();
    assert_eq!(files.len(), 24 + 2 + 1);
    let folder = Folder::new();
    fs::write(folder.path("jobs.toml"), jobs).expect("a file");
    for kill in 0..10 {
        let mut command = folder.mandel(&["batch", "jobs.toml", "--resume", "-q"]);
        let mut child = command.spawn().expect("the program starts");
        sleep(Duration::from_millis(5 + kill * 37 % 90));
        child.kill().expect("a process of ours");
        child.wait().expect("it ends");
        for name in folder.files() {
            assert!(folder.read(&name) == undisturbed.read(&name), "{name} after kill {kill}");
        }
        if kill == 4 {
            // From the beginning again.
            let _ = fs::remove_dir_all(folder.path("out"));
        }
    }
    folder.succeed(jobs, &["--resume"]);
    assert_eq!(folder.files(), files);
    for name in files {
        assert!(folder.read(&name) == undisturbed.read(&name), "{name}");
    }
}

#[test]
fn an_interrupt_keeps_what_is_done_and_removes_what_is_not() {
    use std::os::unix::process::ExitStatusExt;
    let folder = Folder::new();
    // Four billion iterations for each of the samples near the center of a component's edge.
    let jobs = "[defaults]\nsize = '64x36'\noutput = '{name}.png'\n[[job]]\nname = 'quick'\n\
        [[job]]\nname = 'endless'\ncenter = '-0.75'\nheight = '1e-9'\nmax-iter = 4294967294\n";
    fs::write(folder.path("jobs.toml"), jobs).expect("a file");
    let mut command = folder.mandel(&["batch", "jobs.toml", "-q", "-t", "2"]);
    let mut child = command.spawn().expect("the program starts");
    while !folder.path("quick.png").exists() {
        sleep(Duration::from_millis(10));
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill").success());
    assert_eq!(child.wait().expect("it ends").signal(), Some(2));
    let names = fs::read_dir(folder.0.path()).expect("the folder").count();
    assert_eq!((names, folder.files()), (2, vec!["jobs.toml".into(), "quick.png".into()]));
}

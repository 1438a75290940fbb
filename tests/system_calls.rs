//! Errors and signals at single system calls, and the order of the calls that a power failure depends on.
//!
//! All needs strace, and is skipped where that is missing or may not trace.

mod folder;
mod shell;

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Output};

use folder::Folder;
use shell::{PROGRAM, TINY, skipped, stderr};

impl Folder {
    /// The program under strace, with a trace in the file `trace`.
    fn strace(&self, options: &[&str], words: &str) -> Output {
        let mut command = self.command("strace");
        command.args(["-f", "-qq", "-o", "trace"]).args(options).arg(PROGRAM).args(words.split(' '));
        command.output().expect("strace")
    }
}

/// Whether strace is here and may trace.
fn traces() -> bool {
    let works = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    let works = works.is_ok_and(|output| output.status.success());
    if !works {
        skipped("strace is not installed, or may not trace");
    }
    works
}

/// The calls of a trace that matter for durability, in order: their names and what they are about.
fn calls(trace: &str) -> Vec<(String, String)> {
    let call = |line: &str| {
        let line = line.split_once(' ')?.1.trim_start();
        let (name, rest) = line.split_once('(')?;
        let rest = rest.rsplit_once(" = ").filter(|(_, result)| !result.starts_with('-'))?.0.trim_end();
        (name == "fsync" || name == "openat" || name.starts_with("rename"))
            .then(|| (name.into(), rest.into()))
    };
    trace.lines().filter_map(call).collect()
}

#[test]
fn files_are_synced_before_their_names() {
    let folder = Folder::new();
    if !traces() {
        return;
    }
    fs::create_dir(folder.path("d")).expect("a folder");
    let only = ["-y", "-e", "trace=/^(fsync|openat|rename)"];
    // No other folder than that of the output is used.
    let output = folder.strace(&only, &format!("{TINY} -f -o d/a.png -o d/a.npy -o b.png"));
    assert!(output.status.success(), "{}", stderr(&output));
    let trace = calls(&String::from_utf8(folder.read("trace")).expect("text"));
    let made = trace.iter().filter(|(name, about)| name == "openat" && about.contains("O_CREAT"));
    let made: Vec<&str> = made.map(|(_, about)| about.as_str()).collect();
    assert_eq!(made.len(), 3);
    for file in made {
        assert!(file.contains("O_EXCL") && file.contains("/.mandel-"), "{file}");
    }
    let names: Vec<&str> =
        trace.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "openat").collect();
    let rename = names.iter().copied().find(|name| name.starts_with("rename")).expect("one");
    assert_eq!(names, [&["fsync"; 3][..], &[rename; 3], &["fsync"; 2]].concat());
    let synced: Vec<&str> =
        trace.iter().filter(|(name, _)| name == "fsync").map(|(_, about)| &about[..]).collect();
    assert!(synced[..3].iter().all(|file| file.contains("/.mandel-")), "{synced:?}");
    assert!(synced[3].ends_with("/d>)") && !synced[4].contains("/d>"), "{synced:?}");
    for (words, syncs) in [
        (format!("{TINY} -o c.png --no-sync"), 0),
        (format!("{TINY} -o c.dzi --no-sync"), 0),
        // Three tiles at least, a page and a description, four folders of them, and that of the poster.
        (format!("{TINY} -f -o c.dzi"), 3 + 2 + 4 + 1),
        ("plan -q -s 64x36 --shards 1 -o job.json".into(), 2),
        // A new folder in an old one, a shard and its log.
        ("render -q --job job.json --shard 1/1 --out-dir e".into(), 1 + 2 + 2),
        ("stitch -q job.json e -o e.png".into(), 2),
        ("zoom -q --frames 2 -s 64x36 -n 100 -z 2 -o f/{index}.png".into(), 1 + 2 * 2),
        ("zoom -q --frames 2 -s 64x36 -n 100 -z 2 -o f.gif".into(), 2),
        ("convert -q c.png -o c.toml".into(), 2),
        ("bench -s 64x36 -n 9 -t 1 --runs 1 --json b.json".into(), 2),
        ("bench -s 64x36 -n 9 -t 1 --runs 1 --json c.json --no-sync".into(), 0),
    ] {
        let output = folder.strace(&only, &words);
        assert!(output.status.success(), "{words}: {}", stderr(&output));
        let found = String::from_utf8_lossy(&folder.read("trace")).matches(" fsync(").count();
        assert!(found == syncs || found > syncs && words.ends_with("-f -o c.dzi"), "{words}: {found} syncs");
    }
}

/// Checks that nothing of a run is there but whole files, that they took their places in this order, and that the next run
/// makes all of them and leaves no temporary files.
fn settle(folder: &Folder, whole: &[(&str, Vec<u8>)], words: &str, about: &str) {
    let mut earlier = true;
    for (name, bytes) in whole {
        let found = fs::read(folder.path(name)).ok();
        let new = found.as_ref() == Some(bytes);
        assert!(new || found.is_none_or(|found| found == b"old"), "{about}: {name} is torn");
        assert!(earlier || !new, "{about}: {name} is there, and not what comes before it");
        earlier = new;
    }
    folder.ends(&format!("mandel {words}"), 0);
    assert_eq!(folder.temporaries(), 0, "{about}: {:?}", folder.names());
    for (name, bytes) in whole {
        assert!(folder.read(name) == *bytes, "{about}: {name} after the next run");
    }
}

/// What is killed: its words, and the files that it makes.
const KILLED: [(&str, &[&str]); 4] = [
    ("render -q -s 64x36 -n 100 -t 1 -f -o a.png -o a.npy", &["a.png", "a.npy"]),
    ("render -q -s 64x36 -n 100 -t 1 -f -o a.dzi", &["a_files/0/0_0.png", "a.html", "a.dzi"]),
    ("batch -q -t 1 --resume jobs.toml", &["out/1.png", "out/2.png"]),
    ("render -q -s 64x36 -n 100 -t 1 -f --resume parts -o b.png", &["b.png"]),
];

/// Kills runs at system calls, at most at `most` places of each call. Returns how many runs there were and how many died.
fn kill_sweep(words: &str, files: &[&str], most: usize) -> (usize, usize) {
    let folder = Folder::new();
    let jobs = "[defaults]\nsize = '64x36'\nmax-iter = 100\noutput = 'out/{index}.png'\n[[job]]\n[[job]]\nmax-iter = 90\n";
    fs::write(folder.path("jobs.toml"), jobs).expect("room");
    assert!(folder.strace(&[], words).status.success());
    let whole: Vec<(&str, Vec<u8>)> = files.iter().map(|name| (*name, folder.read(name))).collect();
    let trace = String::from_utf8_lossy(&folder.read("trace")).into_owned();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in trace.lines() {
        if let Some((name, _)) = line.split_once(' ').and_then(|(_, call)| call.trim_start().split_once('('))
        {
            *counts.entry(name).or_default() += 1;
        }
    }
    let wanted = |name: &str| {
        let few = ["openat", "flock", "write", "fsync", "rename", "renameat", "renameat2", "unlink"];
        // Strace cannot inject into these.
        most == usize::MAX && name != "execve" && !name.starts_with("<...") || few.contains(&name)
    };
    let (mut runs, mut died) = (0, 0);
    for (name, count) in counts.into_iter().filter(|(name, _)| wanted(name)) {
        let places = count.min(most);
        for place in 0..places {
            // The last ones are those of the outputs; the program is loaded by the first ones.
            let when = count - place;
            for file in files {
                let _ = fs::remove_file(folder.path(file));
            }
            let _ = fs::remove_dir_all(folder.path("parts"));
            if runs % 2 == 1 && words.contains("-f ") {
                files.iter().for_each(|name| fs::write(folder.path(name), "old").expect("room"));
            }
            let inject = format!("inject={name}:signal=KILL:when={when}");
            let killed = !folder.strace(&["-e", &inject], words).status.success();
            (runs, died) = (runs + 1, died + usize::from(killed));
            settle(&folder, &whole, words, &format!("{words} killed at {name} {when}"));
        }
    }
    (runs, died)
}

#[test]
fn a_kill_at_a_system_call_leaves_whole_files_or_none() {
    if traces() {
        for (words, files) in KILLED {
            let (runs, died) = kill_sweep(words, files, 2);
            assert!(died > 0 || runs == 0, "none of {runs} runs of {words} died");
        }
    }
}

#[test]
#[ignore = "some minutes: cargo test --test system_calls -- --ignored --nocapture a_kill_at_any_system_call"]
fn a_kill_at_any_system_call() {
    if traces() {
        for (words, files) in KILLED {
            let (runs, died) = kill_sweep(words, files, usize::MAX);
            shell::tell(format_args!(
                "{words}: {runs} runs, {died} killed, 0 torn files, 0 temporary files after the next run"
            ));
        }
    }
}

#[test]
fn an_error_of_a_system_call_is_an_exit_code() {
    if !traces() {
        return;
    }
    let folder = Folder::new();
    let words = format!("{TINY} -f -o a.png -o a.npy");
    let fails = |inject: &str, words: &str, part: &str| {
        let before = folder.names();
        let output = folder.strace(&["-e", &format!("inject={inject}")], words);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(4), "{inject}: {said}");
        assert!(said.starts_with("error: cannot write ") && said.contains(part), "{inject}: {said}");
        assert_eq!(folder.names(), before, "{inject}: {said}");
    };
    fs::write(folder.path("trace"), "").expect("room");
    let nothing = "; nothing was left behind";
    // Two files, then their folder.
    for when in 1..=3 {
        fails(&format!("fsync:error=EIO:when={when}"), &words, &format!("input/output error{nothing}"));
    }
    fails("/^rename:error=EXDEV:when=1", &words, nothing);
    fails("/^rename:error=EXDEV:when=2", &words, nothing);
    fails("fsync:error=EIO:when=1", &format!("{TINY} -f -o a.dzi"), nothing);
    fails("fsync:error=EIO:when=1", "plan -q -s 64x36 --shards 1 -o job.json", nothing);
    fails("fsync:error=EIO", &format!("{TINY} --resume new -o a.png"), "");
    // A file that was replaced is no longer what it was, and that is said.
    folder.ends(&format!("mandel {words}"), 0);
    let whole = (folder.read("a.png"), folder.read("a.npy"));
    fails("fsync:error=EIO:when=3", &words, "a.png: input/output error; the new file is in its place");
    assert!(whole == (folder.read("a.png"), folder.read("a.npy")));
    for when in 1..=2 {
        fails(&format!("fsync:error=ENOSPC:when={when}"), &words, "no space left on device");
    }
    // Some file systems cannot sync a folder, and calls that are interrupted are made again.
    for inject in ["fsync:error=EINVAL:when=3", "write:error=EINTR:when=2", "fsync:error=EINTR:when=1"] {
        let output = folder.strace(&["-e", &format!("inject={inject}")], &words);
        assert!(output.status.success(), "{inject}: {}", stderr(&output));
    }
    assert!(whole == (folder.read("a.png"), folder.read("a.npy")));
    assert_eq!(folder.temporaries(), 0);
}

#[test]
fn errors_of_any_open_and_any_write_end_in_words() {
    if !traces() {
        return;
    }
    let folder = Folder::new();
    let words = format!("{TINY} -f -o a.png -o a.npy");
    assert!(folder.strace(&[], &words).status.success());
    let trace = String::from_utf8_lossy(&folder.read("trace")).into_owned();
    let count = |name: &str| trace.lines().filter(|line| line.contains(&format!(" {name}("))).count();
    for (call, error) in [("write", "ENOSPC"), ("write", "EIO"), ("openat", "EMFILE"), ("openat", "EACCES")] {
        let last = count(call);
        for when in last.saturating_sub(8)..=last {
            let inject = format!("inject={call}:error={error}:when={}", when.max(1));
            let output = folder.strace(&["-e", &inject], &words);
            let said = stderr(&output);
            // What is not needed may fail: limits of memory that cannot be read, a folder that cannot be synced.
            assert!(matches!(output.status.code(), Some(0 | 4 | 5)), "{inject}: {:?} {said}", output.status);
            assert!(!said.contains("panicked"), "{inject}: {said}");
            assert_eq!(folder.temporaries(), 0, "{inject}");
        }
    }
}

#[test]
fn no_threads_is_one_thread() {
    if !traces() {
        return;
    }
    let folder = Folder::new();
    folder.ends("mandel render -q -s 64x36 -n 100 -t 4 -o a.png", 0);
    for when in ["1+", "2+", "3", "4"] {
        let inject = format!("inject=clone3,clone:error=EAGAIN:when={when}");
        let output = folder.strace(&["-e", &inject], "render -s 64x36 -n 100 -t 4 -f -o b.png");
        let said = stderr(&output);
        assert!(output.status.success(), "{when}: {said}");
        assert!(said.contains("the system refused"), "{when}: {said}");
        assert!(folder.read("a.png") == folder.read("b.png"));
    }
    let jobs = "[[job]]\nsize = '64x36'\nmax-iter = 100\noutput = ['c.png', 'c.npy']\n";
    fs::write(folder.path("jobs.toml"), jobs).expect("room");
    for words in [
        "batch -t 4 -f jobs.toml",
        "zoom --frames 2 -s 64x36 -n 100 -z 2 -t 4 -f -o f.gif",
        "render -s 64x36 -n 100 -t 4 -f -o c.dzi",
        "plan -s 64x36 --shards 1 -t 4 -o job.json",
        "render --job job.json --shard 1/1 --out-dir d -t 4",
        "stitch job.json d -t 4 -f -o d.png",
        "bench -s 64x36 -n 9 -t 1 --runs 1",
        "find -c -1.75 -z 50",
    ] {
        let output = folder.strace(&["-e", "inject=clone3,clone:error=EAGAIN"], words);
        let said = stderr(&output);
        assert!(matches!(output.status.code(), Some(0 | 5)), "{words}: {:?} {said}", output.status);
        assert!(!said.contains("panicked"), "{words}: {said}");
    }
    assert_eq!(folder.temporaries(), 0);
}

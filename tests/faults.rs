//! What can go wrong around a render: full disks, signals, errors of system calls, hostile files.
//!
//! | fault | test |
//! | --- | --- |
//! | full disk | `a_full_disk_leaves_the_old_file_and_nothing_else`; `shards::a_folder_that_fills_leaves_nothing_behind` |
//! | `/dev/full`, also as standard output | `cli::devices_are_written_into_and_not_replaced`, `limits::all_files_of_a_run_come_to_be_or_none` |
//! | a device by another name | `a_device_is_never_replaced` |
//! | SIGINT, SIGTERM | `cli::an_interrupt_removes_the_unfinished_file_and_keeps_the_old_one`, `batch::an_interrupt_keeps_what_is_done_and_removes_what_is_not`, `posters::an_error_or_an_interrupt_leaves_nothing_behind` |
//! | SIGKILL | `what_was_killed_is_removed_by_the_next_run_and_what_lives_is_not`, `batch::killed_at_any_time_and_resumed_the_files_are_the_same`, `shards::a_killed_render_goes_on_where_it_was` |
//! | SIGKILL at a system call | `system_calls::a_kill_at_a_system_call_leaves_whole_files_or_none`, all calls in `system_calls::a_kill_at_any_system_call`; `shards::a_kill_at_any_system_call_leaves_the_old_file_or_the_new_one` |
//! | an error of a system call | `system_calls::an_error_of_a_system_call_is_an_exit_code`, `system_calls::errors_of_any_open_and_any_write_end_in_words`, `system_calls::no_threads_is_one_thread` |
//! | power failure | `system_calls::files_are_synced_before_their_names` |
//! | closed pipe | `cli::a_closed_pipe_ends_quietly`, `films::a_reader_that_goes_away_ends_a_film_quietly` |
//! | read-only file system | `a_read_only_file_system_is_seen_before_anything_is_computed` |
//! | the output is a directory, or there | `cli::nonsense_is_refused_with_its_option_named`, `cli::a_file_already_there_can_be_kept_or_replaced` |
//! | owner, group and permissions of what is replaced | `a_replaced_file_keeps_its_owner`, `cli::a_replaced_file_stays_as_private_as_it_was` |
//! | address space | `limits::no_limit_of_address_space_ends_in_an_abort` |
//! | memory of a control group, quota of CPU time | `control_groups_limit_memory_and_threads` |
//! | sizes, numbers and thread counts without sense; too large pictures | `cli::nonsense_is_refused_with_its_option_named` |
//! | endless orbits | `cli::an_interrupt_removes_the_unfinished_file_and_keeps_the_old_one` |
//! | damaged PNG | `scenes::a_damaged_picture_is_refused` |
//! | damaged shards | `jobs::no_changed_byte_and_no_cut_goes_unseen`, `shards::stitch_names_all_that_is_wrong` |
//! | hostile jobs | `hostile_jobs_are_refused`, `jobs::a_job_that_makes_no_sense_is_refused` |
//! | hostile NPY | `fields::damaged_arrays_are_refused` |
//! | a link as output | `cli::a_link_is_replaced_and_its_target_untouched` |
//! | a link as temporary file | `system_calls::files_are_synced_before_their_names`: made with `O_EXCL`, in the folder of the output |
//! | many writers of one file | `many_writers_of_one_file_leave_a_whole_one`, `limits::renders_at_the_same_time_get_names_of_their_own` |
//! | names that are no UTF-8 | `cli::a_name_that_is_not_text_works` |
//! | locale, clock | `neither_locale_nor_clock_changes_a_byte` |
//! | standard streams closed | `closed_streams_get_into_no_file` |
//! | few open files | `a_job_of_many_shards_is_stitched_with_few_open_files` |
//! | input as output | `an_input_is_never_the_output`, `fields::what_makes_no_sense_is_said` |
//! | control characters in names | `names_of_files_cannot_steer_the_terminal`, `scenes::what_was_typed_cannot_steer_the_terminal` |
//!
//! What needs root, a control group or another program is skipped where that is missing.

mod folder;
mod shell;

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use folder::Folder;
use shell::{PROGRAM, TINY, is_temporary, skipped, stderr};

/// A picture that takes years, should anything be computed of it.
const ENDLESS: &str = "render -q -c -0.75 --height 1e-9 -n 4294967294";

impl Folder {
    /// Starts the program with words between blanks.
    fn start(&self, words: &str) -> Child {
        let mut command = self.command(PROGRAM);
        command.args(words.split(' ')).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the program starts")
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A file system of a mebibyte.
struct Small(PathBuf);

impl Small {
    fn mounted(path: PathBuf) -> Option<Self> {
        fs::create_dir(&path).expect("a folder");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(&path).output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(path));
        }
        skipped("no tmpfs can be mounted");
        None
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_leaves_the_old_file_and_nothing_else() {
    let folder = Folder::new();
    let Some(_small) = Small::mounted(folder.path("full")) else { return };
    fs::write(folder.path("full/o.png"), "old").expect("room");
    let large = "--at seahorse -n 500 -s 1600x1200 --supersample 1";
    fs::write(
        folder.path("jobs.toml"),
        "[[job]]\nat = 'seahorse'\nsize = '1600x1200'\nsupersample = 1\noutput = 'full/o.png'\n",
    )
    .expect("room");
    folder.ends(&format!("mandel plan -q {large} --shards 1 -o job.json"), 0);
    let before = folder.names();
    for (words, name) in [
        (format!("render -q -f {large} -o full/o.png"), "full/o.png"),
        (format!("render -q -f {large} -o small.png -o full/o.png"), "full/o.png"),
        (format!("render -q -f {large} -o full/o.dzi"), "full/o.dzi"),
        (format!("render -q -f {large} -o full/o.tiff"), "full/o.tiff"),
        ("batch -q -f jobs.toml".into(), "full/o.png"),
        ("render -q --job job.json --shard 1/1 --out-dir full".into(), "full/shard-1.mshd"),
        (format!("zoom -q --frames 1 --from 600 -f {large} -o full/{{index}}.png"), "full/0.png"),
        (format!("zoom -q --frames 3 -f {large} -o full/film.y4m"), "full/film.y4m"),
    ] {
        let words = folder.ends(&format!("mandel {words}"), 4);
        let expected = format!("cannot write {name}: no space left on device; nothing was left behind");
        assert!(words.contains(&expected), "{words}");
        assert_eq!(folder.names(), before, "{words}");
        assert_eq!(folder.read("full/o.png"), b"old");
    }
    // What will surely not fit is not begun.
    let words = folder.ends(&format!("mandel render {large} -o full/o.npy"), 4);
    assert!(
        words.contains("cannot write full/o.npy: it needs 7.3 MiB as NPY and 1020 KiB are free there"),
        "{words}"
    );
    assert_eq!(folder.names(), before);
}

#[test]
fn a_read_only_file_system_is_seen_before_anything_is_computed() {
    let folder = Folder::new();
    let Some(small) = Small::mounted(folder.path("fixed")) else { return };
    folder.ends(&format!("mandel {TINY} -o fixed/old.png"), 0);
    let old = folder.read("fixed/old.png");
    let mount = Command::new("mount").args(["-o", "remount,ro"]).arg(&small.0).output().expect("mount");
    assert!(mount.status.success());
    for name in ["new.png", "old.png", "new.dzi"] {
        let words = folder.ends(&format!("timeout 60 $MANDEL {ENDLESS} -f -o fixed/{name}"), 4);
        let expected = format!("error: cannot write fixed/{name}: read-only file system");
        assert!(words.contains(&expected), "{words}");
    }
    assert_eq!(folder.read("fixed/old.png"), old);
}

#[test]
fn a_device_is_never_replaced() {
    let folder = Folder::new();
    if !folder.sh("mknod null c 1 3").status.success() {
        return skipped("no device can be made");
    }
    for force in ["", "-f"] {
        folder.ends(&format!("mandel {TINY} {force} --format png -o null"), 0);
        assert!(fs::metadata(folder.path("null")).expect("there").file_type().is_char_device());
    }
    assert_eq!(folder.names(), ["null"]);
}

/// Waits until that many temporary files and folders are there.
fn wait_for(folder: &Folder, temporaries: usize) {
    let there = || fs::read_dir(folder.0.path()).expect("the folder").flatten();
    while there().filter(|entry| is_temporary(&entry.file_name().to_string_lossy())).count() < temporaries {
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn what_was_killed_is_removed_by_the_next_run_and_what_lives_is_not() {
    let folder = Folder::new();
    let start = |name: &str| folder.start(&format!("{ENDLESS} -o {name}"));
    let mut killed = [start("a.png"), start("a.dzi"), start("a.npz")];
    wait_for(&folder, 3);
    let mut lives = [start("b.png"), start("b.dzi")];
    wait_for(&folder, 5);
    folder.ends(&format!("mandel {TINY} -o c.png"), 0);
    assert_eq!(folder.sh("ls -d .mandel-*.tmp | wc -l").stdout, b"5\n");
    for child in &mut killed {
        child.kill().expect("a process of ours");
        child.wait().expect("it ends");
    }
    for next in ["-o c.png -f", "-o d.dzi"] {
        folder.ends(&format!("mandel {TINY} {next}"), 0);
        assert_eq!(folder.sh("ls -d .mandel-*.tmp | wc -l").stdout, b"2\n", "{next}");
    }
    for child in &mut lives {
        child.kill().expect("a process of ours");
        child.wait().expect("it ends");
    }
    // A plan, too, makes a file here.
    folder.ends("mandel plan -q -s 64x36 --shards 1 -o job.json", 0);
    assert_eq!(folder.temporaries(), 0, "{:?}", folder.names());
    // And a shard that is already there, none.
    folder.ends("mandel render -q --job job.json --shard 1/1 --out-dir d", 0);
    fs::write(folder.path("d/.mandel-x.tmp"), "left behind").expect("room");
    folder.ends("mandel render -q --job job.json --shard 1/1 --out-dir d", 0);
    assert_eq!(folder.temporaries(), 0);
}

#[test]
fn a_replaced_file_keeps_its_owner() {
    if !is_root() {
        return skipped("only root can give a file away");
    }
    let folder = Folder::new();
    let path = folder.path("a.png");
    let give = |owner, group, mode| {
        fs::write(&path, "old").expect("room");
        std::os::unix::fs::chown(&path, Some(owner), Some(group)).expect("root");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("root");
    };
    let found = || {
        let data = fs::metadata(&path).expect("there");
        (data.uid(), data.gid(), data.permissions().mode() & 0o7777)
    };
    give(12345, 54321, 0o640);
    folder.ends(&format!("mandel {TINY} -f -o a.png"), 0);
    assert_eq!(found(), (12345, 54321, 0o640));
    // Someone else who may write into the folder. Their group must not read what the old one was to read.
    fs::set_permissions(folder.0.path(), fs::Permissions::from_mode(0o777)).expect("ours");
    let mut command = folder.command(PROGRAM);
    command.args(format!("{TINY} -f -o a.png").split(' ')).uid(2222).gid(3333);
    match command.output() {
        Ok(output) => assert!(output.status.success(), "{}", stderr(&output)),
        Err(_) => return skipped("others may not run the program where it is"),
    }
    assert_eq!(found(), (2222, 3333, 0o600));
}

/// A control group that goes with this value.
struct Group(PathBuf);

impl Group {
    /// Makes a group and writes a limit into it: a folder, a file and a value for each version of the interface.
    fn limited(versions: [(&str, &str, &str); 2]) -> Option<Self> {
        let made = versions.into_iter().find_map(|(folder, file, limit)| {
            let path = Path::new(folder).join(format!("mandel-{}", std::process::id()));
            let made = fs::create_dir(&path).is_ok().then(|| Self(path));
            made.filter(|group| fs::write(group.0.join(file), limit).is_ok())
        });
        if made.is_none() {
            skipped(&format!("no control group with {} can be made", versions[1].1));
        }
        made
    }

    /// A line of shell that runs in it.
    fn line(&self, words: &str) -> String {
        format!("echo $$ > {}/cgroup.procs && exec \"$MANDEL\" {words}", self.0.display())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn control_groups_limit_memory_and_threads() {
    let folder = Folder::new();
    if let Some(group) = Group::limited([
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "50M"),
        ("/sys/fs/cgroup", "memory.max", "50M"),
    ]) {
        // Rows are streamed: the picture has 100 megabytes of pixels.
        let picture = "-s 8192x4096 --supersample 1 -n 50 -t 2";
        folder.ends(&group.line(&format!("render -q {picture} -o a.png")), 0);
        let words = folder.ends(&group.line(&format!("render -q {picture} -o a.webp")), 5);
        assert!(words.contains("this render needs") && words.contains("of memory and"), "{words}");
        assert_eq!(folder.names(), ["a.png"]);
    }
    for (quota, threads) in [("50000", 1), ("150000", 2)] {
        let group = Group::limited([
            ("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", quota),
            ("/sys/fs/cgroup", "cpu.max", &format!("{quota} 100000")),
        ]);
        if let Some(group) = group {
            let words = folder.ends(&group.line("render --dry-run -s 64x36"), 0);
            let usable = std::thread::available_parallelism().map_or(1, usize::from).min(threads);
            assert!(words.contains(&format!("; {usable} thread")), "{quota}: {words}");
        }
    }
}

#[test]
fn hostile_jobs_are_refused() {
    let folder = Folder::new();
    folder.ends("mandel plan -q -s 64x36 --shards 1 -o job.json", 0);
    let job = String::from_utf8(folder.read("job.json")).expect("text");
    let hole = fs::File::create(folder.path("hole.json")).expect("room");
    hole.set_len(1 << 30).expect("a hole");
    let write = |name: &str, text: &str| fs::write(folder.path(name), text).expect("room");
    write("deep.json", &"[".repeat(200_000));
    write("key.json", &job.replacen('{', "{\"a\\u001b[31mb\":1,", 1));
    write("twice.json", &job.replacen('{', "{\"shards\":\"1\",", 1));
    fs::write(folder.path("bytes.json"), b"\xff\xfe").expect("room");
    for (name, part) in [
        ("hole.json", "is longer than 1 MiB"),
        ("deep.json", ""),
        ("key.json", "unknown key 'a"),
        ("twice.json", "the key 'shards' stands there twice"),
        ("bytes.json", "the text is not UTF-8"),
    ] {
        for words in ["render --shard 1/1 --out-dir d --job", "stitch -o a.png"] {
            let folders = if words.starts_with("stitch") { "." } else { "" };
            let said = folder.ends(&format!("ulimit -v 400000; mandel {words} {name} {folders}"), 2);
            assert!(said.contains(name) && said.contains(part), "{name}: {said}");
            assert!(said.len() < 1000 && !said.contains('\u{1b}'), "{name}: {said}");
        }
    }
    assert!(!folder.path("d").exists() && !folder.path("a.png").exists());
}

#[test]
fn many_writers_of_one_file_leave_a_whole_one() {
    let folder = Folder::new();
    folder.ends(
        "for i in 1 2 3 4 5 6 7 8; do mandel render -q -s 300x200 -n 5$i -t 1 -f -o a.png & done; wait",
        0,
    );
    let found = folder.read("a.png");
    let any = (1..=8).any(|i| {
        folder.ends(&format!("mandel render -q -s 300x200 -n 5{i} -t 1 -f -o b.png"), 0);
        folder.read("b.png") == found
    });
    assert!(any, "the file is none of those that were written");
    assert_eq!(folder.names(), ["a.png", "b.png"]);
}

#[test]
fn neither_locale_nor_clock_changes_a_byte() {
    let folder = Folder::new();
    folder.ends(&format!("mandel {TINY} -o a.png -o a.npz -o a.exr"), 0);
    for with in [
        "LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 LC_NUMERIC=de_DE.UTF-8",
        "TZ=Pacific/Kiritimati",
        "faketime -f -30d",
    ] {
        if with.starts_with("faketime") && !folder.sh("command -v faketime").status.success() {
            skipped("faketime is not installed");
            continue;
        }
        folder.ends(&format!("{with} \"$MANDEL\" {TINY} -f -o b.png -o b.npz -o b.exr"), 0);
        for suffix in ["png", "npz", "exr"] {
            assert!(
                folder.read(&format!("a.{suffix}")) == folder.read(&format!("b.{suffix}")),
                "{with}: {suffix}"
            );
        }
    }
}

#[test]
fn closed_streams_get_into_no_file() {
    let folder = Folder::new();
    folder.ends(&format!("mandel {TINY} -o a.png"), 0);
    let whole = folder.read("a.png");
    for closed in [">&- 2>&-", "<&- >&- 2>&-", "<&-", "2>&-"] {
        // Notes and the summary go nowhere.
        folder.ends(&format!("mandel render --json -v -s 64x36 -n 100 -t 1 -f -o a.png {closed}"), 0);
        assert!(folder.read("a.png") == whole, "{closed}");
        folder.ends(&format!("mandel {TINY} -o none/a.png {closed}"), 4);
        folder.ends(&format!("mandel render --no-such-option {closed}"), 2);
    }
    assert_eq!(folder.names(), ["a.png"]);
}

#[test]
fn a_job_of_many_shards_is_stitched_with_few_open_files() {
    let folder = Folder::new();
    folder.ends("mandel plan -q -s 640x360 -n 50 --shards 30 -o job.json", 0);
    folder.ends(
        "for i in $(seq 30); do mandel render -q --job job.json --shard $i/30 --out-dir d --no-sync; done",
        0,
    );
    folder.ends("ulimit -n 16; mandel stitch -q job.json d -o a.png", 0);
    folder.ends("mandel render -q -s 640x360 -n 50 -o b.png", 0);
    assert!(folder.read("a.png") == folder.read("b.png"));
}

#[test]
fn an_input_is_never_the_output() {
    let folder = Folder::new();
    folder.ends(&format!("mandel {TINY} -p '#000,#f00,#ff0' -o a.png"), 0);
    let whole = folder.read("a.png");
    folder.ends("mandel render -q --scene a.png -o a.png", 4);
    assert!(folder.read("a.png") == whole);
    // What is read is not what is replaced, by whatever name it is read.
    folder.ends("ln -s a.png link.png; ln a.png b.png; cp a.png 0.png; mandel render -q --scene a.png --dry-run > s.toml", 0);
    fs::write(folder.path("jobs.toml"), "[[job]]\nscene = 'a.png'\noutput = 'a.png'\n").expect("room");
    let before = folder.names();
    for (words, what, name) in [
        ("render --scene a.png -f -o a.png", "scene", "a.png"),
        ("render --scene link.png -f -o a.png", "scene", "link.png"),
        ("render --scene a.png -f -o ./a.png -o c.png", "scene", "a.png"),
        ("render --scene b.png -f -o a.png", "scene", "b.png"),
        ("render --colors a.png -f -o a.png", "scene", "a.png"),
        ("render -p a.png -s 64x36 -f -o a.png", "palette", "a.png"),
        ("render -p link.png -s 64x36 -f -o a.png", "palette", "link.png"),
        ("zoom --scene 0.png --frames 2 -f -o {index}.png", "scene", "0.png"),
        ("convert s.toml -f -o s.toml", "file", "s.toml"),
        ("plan --scene s.toml --shards 1 -f -o s.toml", "scene", "s.toml"),
        ("batch -f jobs.toml", "scene", "a.png"),
        ("render --scene s.toml -f -o s.toml", "", "unknown file type '.toml'"),
    ] {
        let said = folder.ends(&format!("mandel {words} -q"), 2);
        let expected = match what {
            "" => name.to_string(),
            what => format!("--output names the {what} itself, {name}; choose another name"),
        };
        assert!(said.contains(&expected), "{words}: {said}");
        assert_eq!(folder.names(), before, "{words}");
    }
    folder.ends("mandel render -q -p a.png -s 64x36 -o a.png", 4);
    folder.ends("ulimit -f 4; mandel render -q -p '#000,#fff' -s 900 -f -o a.png", 4);
    assert!(folder.read("a.png") == whole);
    // A link as the output is replaced, and what it leads to stays.
    folder.ends("mandel render -q --scene a.png -f -o link.png", 0);
    assert!(folder.read("a.png") == whole && folder.read("link.png") == whole);
    folder.ends("rm 0.png b.png link.png s.toml jobs.toml", 0);
    folder.ends("mandel plan -q -s 64x36 --shards 1 -o job.json; mandel stitch job.json . -f -o job.json", 2);
    folder.ends("mandel batch -q a.png", 3);
    assert_eq!(folder.names(), ["a.png", "job.json"]);
}

#[test]
fn names_of_files_cannot_steer_the_terminal() {
    let folder = Folder::new();
    folder.ends("mandel plan -q -s 64x36 --shards 1 -o job.json", 0);
    let evil = "\u{1b}]0;owned\u{7}";
    for (name, bytes) in [("job.json", &b"{"[..]), ("bad.mshd", b"x"), ("bad.npy", b"x"), ("bad.png", b"x")] {
        fs::write(folder.path(&format!("{evil}{name}")), bytes).expect("room");
    }
    for words in [
        format!("render --job '{evil}job.json' --shard 1/1 --out-dir d"),
        "stitch job.json . -o a.png".into(),
        format!("color '{evil}bad.npy' -o a.png"),
        format!("info '{evil}bad.png'"),
        format!("render -p '{evil}bad.png' -o a.png"),
        format!("render -o '{evil}none/a.png'"),
        format!("render -o '{evil}a.jpgg'"),
        format!("batch '{evil}bad.png'"),
    ] {
        let output = folder.sh(&format!("mandel {words}"));
        let said = stderr(&output);
        assert!(matches!(output.status.code(), Some(2..=4)), "{words:?}: {said:?}");
        assert!(said.contains("owned") || words.contains("jpgg"), "{words:?}: {said:?}");
        assert!(!said.contains(['\u{1b}', '\u{7}']), "{words:?}: {said:?}");
    }
}

//! What people meet first: help, completions, the manual, the version, the lists.

mod folder;

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use folder::Folder;

fn run(folder: &Folder, args: &[&str]) -> Output {
    folder.command(env!("CARGO_BIN_EXE_mandel")).args(args).output().expect("the program starts")
}

/// Runs, expects success and an empty standard error, and gives standard output.
fn told(folder: &Folder, args: &[&str]) -> String {
    let output = run(folder, args);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.is_empty(), "{args:?}: {error}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs, expects this exit code, and gives standard error.
fn refused(folder: &Folder, args: &[&str], code: i32) -> String {
    let output = run(folder, args);
    assert_eq!(output.status.code(), Some(code), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    String::from_utf8(output.stderr).expect("text")
}

/// Whether a program is there; says so where it is not.
#[expect(clippy::print_stdout, reason = "a test that is skipped says why")]
fn has(program: &str) -> bool {
    let there = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if there.is_err() {
        println!("skipped: there is no {program}");
    }
    there.is_ok()
}

const COMMANDS: [&str; 17] = [
    "render",
    "color",
    "zoom",
    "batch",
    "plan",
    "stitch",
    "bench",
    "stats",
    "verify",
    "info",
    "convert",
    "point",
    "find",
    "palettes",
    "views",
    "completions",
    "man",
];

#[test]
fn help_is_short_or_has_examples() {
    let folder = Folder::new();
    for command in COMMANDS {
        let (short, long) = (told(&folder, &[command, "-h"]), told(&folder, &[command, "--help"]));
        assert!(!short.contains("Examples:") && long.contains("Examples:\n  "), "{command}");
        assert!(short.lines().count() < 100 && short.lines().count() < long.lines().count(), "{command}");
        assert_eq!(long, told(&folder, &["help", command]), "{command}");
    }
    assert!(told(&folder, &["--help"]).contains("$ mandel render"));
}

/// Shells and programs that do not know the width say 0.
#[test]
fn help_has_whole_lines_whatever_columns_says() {
    let folder = Folder::new();
    let help = |columns: &str| {
        let mut command = folder.command(env!("CARGO_BIN_EXE_mandel"));
        let output = command.args(["render", "--help"]).env("COLUMNS", columns).output().expect("starts");
        String::from_utf8(output.stdout).expect("text")
    };
    let usual = help("");
    for columns in ["0", "1", "19", "-3", "wide"] {
        assert_eq!(help(columns), usual, "{columns}");
    }
    assert!(help("60") != usual && usual.lines().any(|line| line.len() > 60));
}

#[test]
fn the_version_is_short_unless_more_is_asked_for() {
    let folder = Folder::new();
    let short = format!("mandel {}\n", env!("CARGO_PKG_VERSION"));
    for args in [&["--version"][..], &["-V"]] {
        assert_eq!(told(&folder, args), short);
    }
    let all = told(&folder, &["-vV"]);
    assert!(all.starts_with(&short) && all.contains("\ntarget: ") && all.contains("\nkernel: "), "{all}");
    for args in [&["--version", "--verbose"][..], &["--verbose", "--version"], &["-V", "-v"], &["-Vv"]] {
        assert_eq!(told(&folder, args), all);
    }
    let error = refused(&folder, &["-v", "point", "0"], 2);
    assert!(error.contains("--version"), "{error}");
}

#[test]
fn scripts_of_shells_are_read_by_them() {
    let folder = Folder::new();
    for (shell, reads) in [
        ("bash", Some("bash")),
        ("zsh", Some("zsh")),
        ("fish", Some("fish")),
        ("powershell", None),
        ("elvish", None),
    ] {
        let script = told(&folder, &["completions", shell]);
        // The generators for PowerShell and Elvish know options, but no values.
        let names = ["seahorse", "glacier", "ssssssssss"].iter().filter(|_| reads.is_some());
        for word in ["supersample", "completions"].iter().chain(names) {
            assert!(script.contains(word), "{shell}: no {word}");
        }
        let path = folder.path(shell);
        fs::write(&path, script).expect("a file");
        if let Some(shell) = reads.filter(|shell| has(shell)) {
            let read = Command::new(shell).arg("-n").arg(&path).output().expect("the shell starts");
            assert!(read.status.success(), "{shell}: {}", String::from_utf8_lossy(&read.stderr));
        }
    }
    let error = refused(&folder, &["completions", "tcsh"], 2);
    assert!(error.contains("[possible values: bash, elvish, fish, powershell, zsh]"), "{error}");
}

#[test]
fn bash_completes_commands_and_names() {
    let folder = Folder::new();
    if !has("bash") {
        return;
    }
    fs::write(folder.path("mandel.bash"), told(&folder, &["completions", "bash"])).expect("a file");
    let completed = |words: &str, last: usize| {
        let line = format!(
            ". ./mandel.bash; COMP_WORDS=({words}); COMP_CWORD={last}; _mandel mandel \"${{COMP_WORDS[{last}]}}\" \
             \"${{COMP_WORDS[{last}-1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let output = folder.command("bash").args(["-c", &line]).output().expect("bash starts");
        String::from_utf8(output.stdout).expect("text").trim().to_string()
    };
    assert_eq!(completed("mandel comp", 1), "completions");
    assert_eq!(completed("mandel render --at sea", 3), "seahorse");
    assert_eq!(completed("mandel render -p gl", 3), "glacier");
    assert_eq!(completed("mandel render --map hi", 3), "histogram");
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let folder = Folder::new();
    let main = told(&folder, &["man"]);
    assert!(main.contains(".TH mandel 1"), "{main}");
    assert_eq!(told(&folder, &["man", "share/man1"]), "");
    // Once more, over the pages that are there.
    told(&folder, &["man", "share/man1"]);
    let mut names: Vec<String> = COMMANDS.iter().map(|command| format!("mandel-{command}.1")).collect();
    names.push("mandel.1".into());
    names.sort();
    let entries = fs::read_dir(folder.path("share/man1")).expect("the folder");
    let mut there: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    there.sort();
    assert_eq!(there, names);
    if !has("groff") {
        return;
    }
    for name in names {
        let page = fs::read(folder.path("share/man1").join(&name)).expect("a page");
        let mut groff = Command::new("groff")
            .args(["-man", "-T", "ascii", "-ww"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("groff starts");
        groff.stdin.take().expect("a pipe").write_all(&page).expect("a reader");
        let output = groff.wait_with_output().expect("groff ends");
        assert!(output.status.success() && output.stdout.len() > 500, "{name}");
        assert!(output.stderr.is_empty(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_manual_that_cannot_be_written_says_so() {
    let folder = Folder::new();
    fs::write(folder.path("file"), "").expect("a file");
    let error = refused(&folder, &["man", "file/man1"], 4);
    assert!(error.starts_with("error: cannot write file/man1: "), "{error}");
    let error = refused(&folder, &["man", "file"], 2);
    assert!(error.contains("file is no folder"), "{error}");
    refused(&folder, &["man", "/proc/mandel"], 4);
}

#[test]
fn views_are_listed() {
    let folder = Folder::new();
    let table = told(&folder, &["views"]);
    assert_eq!(table.lines().count(), 1 + 16);
    assert!(table.lines().nth(5).is_some_and(|line| line.starts_with("twins       1e14 ")), "{table}");
    assert_eq!(told(&folder, &["views", "mini"]).lines().count(), 2);
    let json: serde_json::Value = serde_json::from_str(&told(&folder, &["views", "--json"])).expect("JSON");
    assert_eq!(json["views"][15]["name"], "urchin");
    assert_eq!(json["views"][15]["max_iter"], 128_000);
    let error = refused(&folder, &["views", "seahose"], 2);
    assert!(error.contains("did you mean 'seahorse'?"), "{error}");
    let error = refused(&folder, &["views", "home", "--preview"], 2);
    assert!(error.contains("standard error is none"), "{error}");
}

#[test]
fn the_machine_is_described() {
    let folder = Folder::new();
    let text = told(&folder, &["info", "--system"]);
    for name in ["version", "commit", "target", "compiler", "kernel", "affinity", "quota", "cpus", "threads"]
    {
        assert!(text.lines().any(|line| line.starts_with(&format!("{name} "))), "{name}: {text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&told(&folder, &["info", "--system", "--json"])).expect("JSON");
    assert!(json["cpus"].as_u64().is_some_and(|cpus| cpus > 0), "{json}");
    refused(&folder, &["info"], 2);
    refused(&folder, &["info", "--system", "a.png"], 2);
}

#[test]
fn several_outputs_are_a_line_each() {
    let folder = Folder::new();
    let output = run(&folder, &["render", "-s", "32x18", "-n", "50", "-o", "a.png", "-o", "b.npy"]);
    let text = String::from_utf8(output.stderr).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["a.png", "b.npy"]);
    assert!(lines[2].starts_with("2 files: 32x18, 2x2 samples, max_iter 50, "), "{text}");
}

#[test]
fn without_a_terminal_progress_is_lines() {
    let folder = Folder::new();
    // Longer than the half second in which nothing is shown, by far.
    let args = [
        "render",
        "-c",
        "-0.75",
        "--height",
        "1e-9",
        "-n",
        "4294967294",
        "--map",
        "linear",
        "--progress",
        "always",
        "-o",
        "a.png",
    ];
    let mut child = folder
        .command(env!("CARGO_BIN_EXE_mandel"))
        .args(args)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    let mut stderr = std::io::BufReader::new(child.stderr.take().expect("a pipe"));
    std::io::BufRead::read_line(&mut stderr, &mut line).expect("a line");
    child.kill().expect("a child");
    child.wait().expect("a child");
    assert_eq!(line, "picture   0 %\n");
}

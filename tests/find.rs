//! `mandel find` from outside.

use std::process::{Command, Output};

use serde_json::Value;

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mandel")).args(args).output().expect("the program starts")
}

fn succeed(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn json(args: &[&str]) -> Value {
    let all: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&succeed(&all)).expect("one JSON object")
}

/// Runs and expects exit code 2 and this message.
fn refuse(args: &[&str], message: &str) {
    let output = run(args);
    assert_eq!(String::from_utf8_lossy(&output.stderr).trim_end(), message, "{args:?}");
    assert_eq!(output.status.code(), Some(2), "{args:?}");
}

/// The center of Kalles Fraktaler's benchmark 5e113, in which fractalshades found a nucleus of period 11380.
const E113: &str = "-1.4798157761324732607229845259787785469224072577404536968987851013986492074100229382025051732928201\
    1227363313053159203914640783415609608168660705123082446357179491909705403381200,-0.0006391119326136172715\
    213963225567157295730391894398473604739493647122095196181332192857306703646615114719543638848616881931834\
    1208023229522609015461543581599807510715681229605";

#[test]
fn words_end_with_a_command_that_renders() {
    let text = succeed(&["find", "-c", "-1.75", "-z", "100"]);
    let expected = "\
found               minibrot
center              -1.754877666246692760049508896358528691894607
period              3
size                0.0190355
orientation degrees 0.0
julia zoom          19.5131
zoom                52.5334

mandel render -c -1.754877666246692760049508896358528691894607 -z 52.5334 -n 1150
";
    assert_eq!(text, expected);
    let command: Vec<&str> = text.trim_end().lines().last().expect("a line").split(' ').skip(1).collect();
    succeed(&[&command[..], &["--dry-run"]].concat());
}

#[test]
fn what_was_found_finds_itself() {
    for (center, zoom, period, found) in [
        ("-0.1", "2", 1, "set"),
        ("-0.96", "20", 2, "disk"),
        ("-0.12+0.74i", "20", 3, "disk"),
        ("-0.16+1.03i", "50", 4, "minibrot"),
        ("0.2925755-0.0149977i", "1500", 16, "minibrot"),
        (E113, "5e113", 11380, "minibrot"),
    ] {
        let first = json(&["find", "-c", center, "-z", zoom]);
        assert_eq!((&first["period"], &first["found"]), (&period.into(), &found.into()), "{center}");
        let command: Vec<&str> = first["command"]
            .as_array()
            .expect("words")
            .iter()
            .map(|word| word.as_str().expect("a word"))
            .collect();
        assert_eq!(command[..3], ["mandel", "render", "-c"]);
        assert_eq!((command[4], command[6]), ("-z", "-n"));
        assert_eq!(json(&["find", "-c", command[3], "-z", command[5]]), first, "{center}");
    }
}

#[test]
fn sizes_beyond_f64_are_text() {
    // Nuclei gather around c = i; this view contains the one of period 2659.
    let deep = json(&["find", "-c", "i", "-z", "1e1000"]);
    assert_eq!(deep["period"], 2659);
    assert_eq!(deep["size"], "1.37213e-2000");
    assert_eq!(deep["zoom"], "7.28792e1999");
    assert!(deep["center_im"].as_str().is_some_and(|im| im.len() > 2000));
}

#[test]
fn misiurewicz_points() {
    let dendrite = json(&["find", "-c", "0.01+0.99i", "-z", "50", "--misiurewicz"]);
    assert_eq!((&dendrite["preperiod"], &dendrite["period"]), (&2.into(), &2.into()));
    assert_eq!((&dendrite["center_re"], &dendrite["center_im"]), (&"0".into(), &"1".into()));
    assert_eq!((&dendrite["multiplier_re"], &dendrite["multiplier_im"]), (&"4".into(), &"4".into()));
    assert_eq!((&dendrite["zoom_factor"], &dendrite["rotation_degrees"]), (&"5.65685".into(), &45.0.into()));
    let tip = json(&["find", "-c", "-2", "-z", "1e300", "--misiurewicz", "2,1"]);
    assert_eq!(
        (&tip["center_re"], &tip["zoom_factor"], &tip["zoom"]),
        (&"-2".into(), &"4".into(), &"1e300".into())
    );
}

#[test]
fn errors_say_what_to_try() {
    refuse(
        &["find", "-c", "-1.75", "-z", "100", "-n", "2"],
        "error: no minibrot of a period up to 2 was found in this view; try a larger --max-iter, or a larger view, \
         which has lower periods",
    );
    refuse(
        &["find", "-c", "1+i", "-z", "100"],
        "error: no minibrot was found in this view: its center escapes, and no nucleus is near; try a larger view, \
         or another center",
    );
    refuse(
        &["find", "-c", "-0.8+0.1i", "-z", "10", "-n", "1000"],
        "error: no minibrot was found in this view; its center leads to a nucleus of period 2, 1.11803 times as far \
         away as the upper edge of the view; a zoom of 8.13116 has it inside",
    );
    refuse(
        &["find", "-c", "i", "-z", "0"],
        "error: --zoom must be greater than 0 (got 0); zoom 1 shows a height of 4, larger numbers go deeper",
    );
    refuse(
        &["find", "-c", "i", "--height", "1", "--misiurewicz", "2"],
        "error: --misiurewicz needs PREPERIOD,PERIOD (got '2'); try --misiurewicz 2,1, or no value for the lowest pair",
    );
    refuse(
        &["find", "-c", "i", "-z", "1", "--misiurewicz", "1,1"],
        "error: --misiurewicz: preperiod must be 2..2147483647, counted from Z_0 = 0 (got '1')",
    );
    refuse(
        &["find", "-c", "i", "-z", "1e6", "--misiurewicz", "3,2"],
        "error: no Misiurewicz point with preperiod 3 and period 2 was found in this view; try a larger view, or \
         leave out preperiod and period to find the lowest ones",
    );
}

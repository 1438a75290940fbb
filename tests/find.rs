//! `mandel find` from outside.

use std::process::{Command, Output};

use mandel::{Bailout, Decimal, Escape, Extent, Frame, Grid, Plan, Rotation, Viewport, parse_complex};
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
lowest period       proven
size                0.0190355
orientation degrees 0.0
julia zoom          19.5131
zoom                70.0445

mandel render -c -1.767250751590228854049508896358528691894607 -z 70.0445 -n 1150
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
        let command = command(&first);
        assert_eq!((command[0], command[1], command.len() % 2), ("mandel", "render", 0));
        let (center, zoom) =
            (value(&command, "-c").expect("a center"), value(&command, "-z").expect("a zoom"));
        assert_eq!(json(&["find", "-c", center, "-z", zoom]), first, "{center}");
    }
}

/// Views in which the orbit of the center leads to a nucleus of another period than the lowest.
#[test]
fn the_lowest_period_of_a_view_is_found() {
    for (center, zoom, period) in [
        ("-0.05725389949159803+0.6470304090603589i", "27.007", 13),
        ("-0.08880216726966417+0.8316350230836942i", "94.697", 19),
        ("-0.7453+0.1127i", "1e3", 33),
        // Its center escapes slowly, and all nuclei are disks at the cusp.
        ("0.2501", "1e5", 287),
        ("-0.8+0.1i", "10", 10),
    ] {
        let found = json(&["find", "-c", center, "-z", zoom]);
        assert_eq!(
            (&found["period"], &found["lowest_period"]),
            (&period.into(), &"proven".into()),
            "{center}"
        );
    }
}

/// The words of the command.
fn command(found: &Value) -> Vec<&str> {
    let words = found["command"].as_array().expect("words");
    words.iter().map(|word| word.as_str().expect("a word")).collect()
}

/// The value of an option.
fn value<'a>(command: &[&'a str], option: &str) -> Option<&'a str> {
    command.iter().position(|word| *word == option).map(|at| command[at + 1])
}

/// Which samples do not escape in square views that the commands render, against the home view at the same height.
#[test]
fn views_of_minibrots_are_upright_and_centered() {
    let inside = |center: &str, extent: Extent, degrees: f64, max_iter: u32| -> Vec<bool> {
        let frame = Frame::Centered { center: parse_complex(center).expect("a point"), extent };
        let view = Viewport::new(frame, Grid::Centers, (48, 48)).expect("a view");
        let view = view.with_rotation(Rotation::new(degrees).expect("an angle")).expect("a view");
        let bailout = Bailout::new(max_iter).expect("a limit").counts_alone();
        let mut escapes = vec![Escape::NONE; 48 * 48];
        Plan::new(&view, bailout, None).kernel().expect("a kernel").iterate(0..48, 0..48, &mut escapes);
        escapes.iter().map(|escape| escape.n().is_none()).collect()
    };
    let decimal = |text: &str| text.parse::<Decimal>().expect("a number");
    let set = inside("-0.65", Extent::Height(decimal("3")), 0.0, 1000);
    // One in so many may differ: those next to the boundary, and more where a minibrot is not yet small and so is bent.
    for (center, zoom, share) in [
        ("-0.1", "2", 15),
        ("-0.16+1.03i", "50", 5),
        ("i", "1e2", 15),
        ("-0.7453+0.1127i", "1e3", 5),
        ("@src/plane/location/twins.txt", "1e14", 15),
        ("i", "1e15", 15),
        ("i", "1e300", 15),
    ] {
        let found = json(&["find", "-c", center, "-z", zoom]);
        let command = command(&found);
        let option = |name: &str| value(&command, name);
        let degrees = option("--rotate").map_or(0.0, |degrees| degrees.parse().expect("an angle"));
        let mini = inside(
            option("-c").expect("a center"),
            Extent::Zoom(decimal(option("-z").expect("a zoom"))),
            degrees,
            option("-n").expect("a limit").parse().expect("a limit"),
        );
        let other = set.iter().zip(&mini).filter(|(a, b)| a != b).count();
        let all = set.iter().filter(|inside| **inside).count();
        assert!(share * other < all, "{center} {zoom}: {other} of {all} differ");
    }
}

#[test]
fn sizes_beyond_f64_are_text() {
    // Nuclei gather around c = i; this view contains the one of period 2659.
    let deep = json(&["find", "-c", "i", "-z", "1e1000"]);
    assert_eq!(deep["period"], 2659);
    assert_eq!(deep["size"], "1.37213e-2000");
    assert_eq!(deep["zoom"], "9.71722e1999");
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
        "error: no minibrot was found in this view: its center escapes, and no nucleus is near; a larger view has \
         one: try --zoom 1.5625",
    );
    refuse(
        &["find", "-c", "-0.8+0.1i", "-z", "10", "-n", "8"],
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

#[test]
fn nuclei_are_listed_by_their_periods() {
    let args = ["find", "-c", "-1.75", "-z", "20", "--count", "5"];
    let text = succeed(&args);
    let periods: Vec<u32> = text
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().next().expect("a period").parse().expect("a number"))
        .collect();
    assert_eq!((periods.len(), periods[0]), (5, 3), "{text}");
    assert!(periods.is_sorted(), "{text}");
    let list = json(&args);
    let nuclei = list["nuclei"].as_array().expect("nuclei");
    assert_eq!((nuclei.len(), &nuclei[0]["period"]), (5, &3.into()));
    refuse(&["find", "-c", "-1.75", "-z", "20", "--count", "0"], "error: --count must be 1..256 (got '0')");
}

#[test]
fn a_walk_ends_in_a_scene() {
    let text = succeed(&["find", "--explore", "7", "-z", "1e5"]);
    assert_eq!(text, succeed(&["find", "--explore", "7", "-z", "1e5"]));
    let place = json(&["find", "--explore", "7", "-z", "1e5"]);
    assert_eq!((&place["found"], &place["seed"]), (&"julia set".into(), &7.into()));
    let zoom: f64 = place["zoom"].as_str().expect("a text").parse().expect("a number");
    assert!(zoom >= 1e5, "{text}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("place.toml");
    std::fs::write(&path, &text).expect("a file");
    let scene = succeed(&["info", path.to_str().expect("text")]);
    assert!(scene.contains(place["center_re"].as_str().expect("a text")), "{scene}");
    refuse(
        &["find", "--explore", "x"],
        "error: --explore needs a whole number from 0 to 18446744073709551615 (got 'x'); try --explore 7",
    );
}

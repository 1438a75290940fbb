//! Counts against numbers known from outside this program.

use mandel::internals::Scalar;
use mandel::{
    Aspect, Bailout, Decimal, Escape, Grid, Kernel, Plan, Scene, Shortcuts, Smoothing, Viewport, escape,
    exact_escape, parse_complex, render,
};
use sha2::{Digest, Sha256};

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn region(bounds: [&str; 4]) -> [Decimal; 4] {
    bounds.map(|text| text.parse().expect(text))
}

/// The NumPy tutorial's lattice: `linspace` along both axes.
fn tutorial(bounds: [&str; 4], size: (u32, u32), max_iter: u32) -> Scene {
    let viewport = Viewport::region(region(bounds), Grid::Endpoints, Aspect::Stretch, size).expect("a view");
    let bailout = Bailout::new(max_iter).expect("a limit");
    Scene::new(viewport, bailout, 1, Default::default()).expect("a scene")
}

/// Sum, samples at the limit and hash of the counts in the order of the tutorial's array, `[real, imaginary]`.
fn summary(scene: &Scene) -> (u64, usize, String) {
    let field = render::field(scene).expect("a field");
    let counts: Vec<u32> = field.counts().collect();
    let (width, height) = (field.width as usize, field.height as usize);
    let mut hash = Sha256::new();
    for x in 0..width {
        for y in (0..height).rev() {
            hash.update(counts[y * width + x].to_le_bytes());
        }
    }
    let sum = counts.iter().map(|&n| u64::from(n)).sum();
    let capped = counts.iter().filter(|&&n| n == field.max_iter).count();
    (sum, capped, hex(hash.finalize()))
}

#[test]
fn the_tutorial_picture_of_800x800() {
    let scene = tutorial(["-2", "1", "-1.5", "1.5"], (800, 800), 1000);
    let hash = "b9fedd4e0bb1c65381badba4f9d5d46c38497eb3ebec4895900ca943905db6e7";
    assert_eq!(summary(&scene), (110_225_952, 107_123, hash.into()));
}

#[test]
fn the_tutorial_picture_of_200x200() {
    let scene = tutorial(["-2", "1", "-1.5", "1.5"], (200, 200), 1000);
    let hash = "2310386d3f5eeccc3ced2a4a8f8bac3b2212052b47d5c4c9c0efeaf793bbe4ba";
    assert_eq!(summary(&scene), (6_823_015, 6628, hash.into()));
}

#[test]
fn a_piece_of_elephant_valley() {
    let scene = tutorial(["0.27", "0.28", "0", "0.0075"], (160, 120), 2000);
    let hash = "f11110d6e21cbe6025ee516bc530003f6f5de0fd367945e23fdbd6ccb54cd1eb";
    assert_eq!(summary(&scene), (2_657_444, 986, hash.into()));
}

/// The fields of a line of CSV; a field in quotes may hold commas.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().expect("never empty").push(c),
        }
    }
    fields
}

#[test]
fn points_with_proven_counts() {
    let mut points = 0;
    for line in include_str!("data/exact_points.csv").lines().skip(1) {
        let fields = fields(line);
        let [note, re, im, _exact, max_iter, _bits, f64_count] = &fields[..] else { panic!("{line}") };
        let c = parse_complex(&format!("{re},{im}")).expect(note);
        let bailout = Bailout::new(max_iter.parse().expect(note)).expect(note);
        let c = num_complex::Complex::new(c.re.to_f64(), c.im.to_f64());
        for shortcuts in [Shortcuts::ALL, Shortcuts::NONE] {
            let n = escape(c, bailout, shortcuts).n();
            assert_eq!(n, f64_count.parse().ok(), "{note}: {c}");
        }
        points += 1;
    }
    assert_eq!(points, 30);
}

/// The proven count of a point.
fn exact(c: &str, max_iter: u32) -> Option<u32> {
    let bailout = Bailout::new(max_iter).expect("a limit");
    exact_escape(&parse_complex(c).expect(c), bailout).expect(c).escape.n()
}

#[test]
fn exact_iteration_finds_the_proven_counts() {
    for line in include_str!("data/exact_points.csv").lines().skip(1) {
        let fields = fields(line);
        let [note, re, im, exact_count, max_iter, ..] = &fields[..] else { panic!("{line}") };
        let bailout = Bailout::new(max_iter.parse().expect(note)).expect(note);
        let found = exact_escape(&parse_complex(&format!("{re},{im}")).expect(note), bailout).expect(note);
        assert_eq!(found.escape.n(), exact_count.parse().ok(), "{note}");
    }
}

#[test]
fn exact_iteration_decides_the_boundary() {
    let tiny = format!("0.{}1", "0".repeat(3000));
    let (tip, past, cusp) =
        (format!("-1.{}", "9".repeat(3000)), format!("-2{}", &tiny[1..]), format!("0.25+{tiny}i"));
    for (c, n) in [
        // |c| = 2 is not beyond 2, also where no binary number is exact.
        ("2", Some(2)),
        ("-2", None),
        ("1.2+1.6i", Some(2)),
        ("-1.2-1.6i", Some(2)),
        ("2i", Some(2)),
        ("2.0000001", Some(1)),
        ("-2.0000000000000000000000001", Some(1)),
        ("-2+1e-50i", Some(1)),
        (&tip, None),
        (&past, Some(1)),
        ("1e400", Some(1)),
        ("1e-100000", None),
        // Whole numbers: i comes back to -1 + i for ever, 1 goes through |z| = 2.
        ("i", None),
        ("1", Some(3)),
        ("-1+i", Some(3)),
        // The edges of the closed forms, and the segment of the real line.
        ("0.25", None),
        (&cusp, None),
        ("-0.75", None),
        ("-1.25", None),
        ("-1+0.25i", None),
        ("-1.9", None),
        // Attracting cycles of 3 and of 4, and one of 1 close to the cusp.
        ("-0.1225611668766536+0.7448617666197442i", None),
        ("0.2822713907669138796968175393+0.5300606175785254994878690475i", None),
        ("0.2499+0.00000001i", None),
    ] {
        assert_eq!(exact(c, 1_000_000), n, "{c}");
    }
}

#[test]
fn exact_iteration_stops_at_the_limit() {
    for (c, n) in
        [("-0.75+0.001i", 3143), ("-0.75+0.0001i", 31417), ("0.2500001", 9933), ("-0.732+0.172i", 1241)]
    {
        assert_eq!(exact(c, n), Some(n), "{c}");
        assert_eq!(exact(c, n - 1), None, "{c}");
    }
}

/// Where rounding does not matter the two agree to the last bit, fractions too.
#[test]
fn exact_iteration_equals_f64_far_from_the_boundary() {
    let bailout = Bailout::new(1000).expect("a limit");
    for i in 0..40 {
        for c in
            [format!("{}.25+0.5i", i - 20), format!("-0.5+{i}.125i"), format!("0.{}+0.625i", 4 * i + 375)]
        {
            let c = parse_complex(&c).expect(&c);
            let f64s =
                escape(num_complex::Complex::new(c.re.to_f64(), c.im.to_f64()), bailout, Shortcuts::ALL);
            let exact = exact_escape(&c, bailout).expect("decided").escape;
            assert_eq!(exact.n(), f64s.n());
            assert!((exact.fraction() - f64s.fraction()).abs() < 1e-5, "{exact:?}, {f64s:?}");
        }
    }
}

/// The bitmap of the Benchmarks Game: a set bit where 50 iterations do not escape.
fn benchmarks_game(size: u32) -> String {
    // x = 2 i / N - 1.5 and y = 2 j / N - 1 are the samples of a lattice of endpoints, row 0 at the bottom, and with N a
    // power of two times a small number they are the same numbers.
    let mut hash = md5::Md5::new();
    hash.update(format!("P4\n{size} {size}\n"));
    let bailout = Bailout::new(50).expect("a limit");
    for row in 0..size {
        let y = 2.0 * f64::from(row) / f64::from(size) - 1.0;
        let bits: Vec<bool> = (0..size)
            .map(|column| {
                let x = 2.0 * f64::from(column) / f64::from(size) - 1.5;
                escape(num_complex::Complex::new(x, y), bailout, Shortcuts::ALL).n().is_none()
            })
            .collect();
        let bytes: Vec<u8> = bits
            .chunks(8)
            .map(|bits| bits.iter().enumerate().fold(0, |byte, (i, &bit)| byte | (u8::from(bit) << (7 - i))))
            .collect();
        hash.update(bytes);
    }
    hex(hash.finalize())
}

#[test]
fn bitmaps_of_the_benchmarks_game() {
    assert_eq!(benchmarks_game(200), "cc65e64bd553ed18896de1dfe7fae3e5");
    assert_eq!(benchmarks_game(1000), "9beadc69396d01081a98cf5dc057ce89");
    assert_eq!(benchmarks_game(4000), "9ef33c29e6913ffe3c5803ea97544851");
}

fn view(center: &str, height: f64, size: (u32, u32), max_iter: u32) -> (Viewport, Bailout) {
    let center = parse_complex(center).expect(center);
    let viewport = Viewport::with_height(center, height, Grid::Centers, size).expect("a view");
    (viewport, Bailout::new(max_iter).expect("a limit"))
}

fn iterate(kernel: &dyn Kernel, viewport: &Viewport) -> Vec<Escape> {
    let (width, height) = (viewport.width(), viewport.height());
    let mut out = vec![Escape::NONE; width as usize * height as usize];
    kernel.iterate(0..width, 0..height, &mut out);
    out
}

/// The results of the kernel that a render of this view takes.
fn results(viewport: &Viewport, bailout: Bailout) -> Vec<Escape> {
    iterate(Plan::new(viewport, bailout, None).kernel().expect("a kernel").as_ref(), viewport)
}

/// Views where shortcuts could go wrong: the edges of cardioid and disk, cusps, islands, plain outside.
const HARD: [(&str, f64, u32); 8] = [
    ("-0.65", 2.45, 500),
    ("0.25", 1e-3, 3000),
    ("0.25", 1e-7, 3000),
    ("-0.75", 1e-6, 3000),
    ("-1.25", 1e-4, 3000),
    ("-0.125+0.6495190528383290i", 1e-6, 3000),
    ("-1.7548776662", 0.02, 3000),
    ("-2", 1e-7, 500),
];

#[test]
fn shortcuts_change_nothing() {
    for (center, height, max_iter) in HARD {
        let (viewport, bailout) = view(center, height, (97, 61), max_iter);
        let with = |shortcuts| iterate(&Scalar::new(&viewport, bailout, shortcuts), &viewport);
        let plain = with(Shortcuts::NONE);
        for components in [false, true] {
            for periodicity in [false, true] {
                let shortcuts = Shortcuts { components, periodicity };
                assert_eq!(with(shortcuts), plain, "{center}, {shortcuts:?}");
            }
        }
    }
}

#[test]
fn conjugate_rows_are_equal() {
    let (viewport, bailout) = view("-0.65", 2.45, (120, 90), 1000);
    let all = results(&viewport, bailout);
    for y in 0..45 {
        assert_eq!(all[y * 120..][..120], all[(89 - y) * 120..][..120], "row {y}");
    }
}

#[test]
fn a_higher_limit_keeps_the_counts_below_the_lower_one() {
    let counts = |max_iter| {
        let (viewport, bailout) = view("-0.7453+0.1127i", 0.0065, (80, 60), max_iter);
        results(&viewport, bailout).into_iter().map(move |e| e.count(max_iter))
    };
    for low in [1, 2, 50, 299, 1000] {
        for (few, many) in counts(low).zip(counts(4000)) {
            assert_eq!(few, many.min(low));
        }
    }
}

#[test]
fn a_crop_equals_the_same_pixels_of_the_whole() {
    let (viewport, bailout) = view("-0.7453+0.1127i", 0.0065, (101, 67), 1500);
    let whole = results(&viewport, bailout);
    let crop = viewport.crop(13, 29, 40, 21).expect("a crop");
    let part = results(&crop, bailout);
    for y in 0..21 {
        assert_eq!(part[y * 40..][..40], whole[(y + 29) * 101 + 13..][..40], "row {y}");
    }
}

#[test]
fn zooming_by_two_keeps_shared_samples() {
    let bounds = region(["-0.75", "-0.5", "0.5", "0.75"]);
    let at = |samples| {
        let viewport = Viewport::region(bounds.clone(), Grid::Endpoints, Aspect::Fit, (samples, samples))
            .expect("a view");
        results(&viewport, Bailout::new(500).expect("a limit"))
    };
    let (coarse, fine) = (at(65), at(129));
    for y in 0..65 {
        for x in 0..65 {
            assert_eq!(coarse[y * 65 + x], fine[2 * y * 129 + 2 * x]);
        }
    }
}

#[test]
fn near_minus_three_quarters_counts_spell_pi() {
    for (c, n) in [("-0.75+0.001i", 3143), ("-0.75+0.0001i", 31417), ("0.2500001", 9933)] {
        let c = parse_complex(c).expect(c);
        let c = num_complex::Complex::new(c.re.to_f64(), c.im.to_f64());
        assert_eq!(escape(c, Bailout::new(100_000).expect("a limit"), Shortcuts::ALL).n(), Some(n));
    }
}

#[test]
fn centers_of_components_do_not_escape() {
    for c in [
        "-1.754877666246692760049508896358528691895",
        "-0.1225611668766536197524555182+0.7448617666197442365931704286i",
        "-1.940799806529484752232090979655",
        "0.2822713907669138796968175393+0.5300606175785254994878690475i",
        "-1.985424253054205310609750582719",
        "-1.625413725123303737443410575023",
        "-2",
    ] {
        let c = parse_complex(c).expect(c);
        let c = num_complex::Complex::new(c.re.to_f64(), c.im.to_f64());
        assert_eq!(escape(c, Bailout::new(200_000).expect("a limit"), Shortcuts::NONE).n(), None, "{c}");
    }
}

/// The area of the set is 1.50659; counting pixel centers must approach it from above.
#[test]
fn the_area_falls_towards_the_known_one() {
    let inside = |max_iter| {
        let bounds = region(["-2", "0.5", "0", "1.25"]);
        let viewport = Viewport::region(bounds, Grid::Centers, Aspect::Fit, (2500, 1250)).expect("a view");
        let bailout = Bailout::new(max_iter).expect("a limit");
        let scene = Scene::new(viewport, bailout, 1, Default::default()).expect("a scene");
        let field = render::field(&scene).expect("a field");
        field.escapes.iter().filter(|e| e.n().is_none()).count()
    };
    // A pixel is 10^-6 and stands for its mirror image too. The known areas at these limits come from another program,
    // which rounds otherwise: a few dozen pixels at the boundary may differ.
    let area = |max_iter| 2e-6 * inside(max_iter) as f64;
    let (a, b) = (area(99), area(1000));
    assert!((a - 1.547_028).abs() < 5e-5 && (b - 1.510_310).abs() < 5e-5, "{a}, {b}");
    assert!(a > b && b > 1.506_591_8);
}

/// Continuing to a larger radius changes the smooth count by less than the stated error, and it is continuous
/// where the count steps.
#[test]
fn the_smooth_count_is_smooth() {
    let nu = |x: f64, escape_radius: f64| {
        let radius = Smoothing::Radius(escape_radius);
        let bailout = Bailout::new(10_000).and_then(|bailout| bailout.with_smoothing(radius));
        let bailout = bailout.expect("a limit");
        let e = escape(num_complex::Complex::new(x, 0.1), bailout, Shortcuts::ALL);
        f64::from(e.n().expect("escapes")) + f64::from(e.fraction())
    };
    let mut before = nu(0.4, 256.0);
    for i in 1..=20_000 {
        let x = 0.4 + f64::from(i) * 1e-5;
        let now = nu(x, 256.0);
        assert!((now - before).abs() < 2e-3, "a step of {} at {x}", now - before);
        assert!((now - nu(x, 1e6)).abs() < 3e-5, "depends on the radius at {x}");
        before = now;
    }
}

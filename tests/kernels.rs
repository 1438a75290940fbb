//! Every kernel against the scalar one, bit for bit.

use mandel::internals::{Scalar, direct};
use mandel::{
    Bailout, Distance, Escape, Grid, Kernel, Level, Method, Plan, Rotation, Shortcuts, Smoothing, Viewport,
    parse_complex,
};

/// Width and height in samples, small because the scalar kernel in a debug build sets the pace.
type Size = (u32, u32);

fn view(center: &str, height: f64, size: Size) -> Viewport {
    let center = parse_complex(center).expect("a point");
    Viewport::with_height(center, height, Grid::Centers, size).expect("a view")
}

/// The view, turned by so many degrees.
fn turned(view: &Viewport, degrees: f64) -> Viewport {
    view.clone().with_rotation(Rotation::new(degrees).expect("an angle")).expect("a view")
}

/// The levels of this machine that iterate many samples at once.
fn levels() -> Vec<Level> {
    Level::all().into_iter().filter(|&level| level != Level::Scalar).collect()
}

fn iterate(kernel: &dyn Kernel, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> Vec<Escape> {
    let mut out = vec![Escape::new(7, 7.0); columns.len() * rows.len()];
    kernel.iterate(columns, rows, &mut out);
    out
}

fn bits(escapes: &[Escape]) -> Vec<(Option<u32>, u32)> {
    escapes.iter().map(|escape| (escape.n(), escape.fraction().to_bits())).collect()
}

/// Every kernel, with all shortcuts, against the scalar one.
fn check(viewport: &Viewport, bailout: Bailout) {
    check_with(viewport, bailout, &[Shortcuts::ALL]);
}

fn check_with(viewport: &Viewport, bailout: Bailout, shortcuts: &[Shortcuts]) {
    let (width, height) = (viewport.width(), viewport.height());
    let truth = bits(&iterate(&Scalar::new(viewport, bailout, Shortcuts::ALL), 0..width, 0..height));
    for level in levels() {
        for &shortcuts in shortcuts {
            let kernel = direct(level, viewport, bailout, shortcuts);
            let found = bits(&iterate(kernel.as_ref(), 0..width, 0..height));
            if let Some(i) = (0..truth.len()).find(|&i| found[i] != truth[i]) {
                let c = viewport.point(i as u32 % width, i as u32 / width);
                panic!("{level}, {bailout:?}, {shortcuts:?}: {c} gives {:?}, not {:?}", found[i], truth[i]);
            }
        }
    }
}

#[test]
fn distances_agree() {
    for (center, height, max_iter) in
        [(WHOLE.0, WHOLE.1, 300), (SEAHORSE.0, SEAHORSE.1, 2000), ("-2", 1e-9, 500)]
    {
        // Groups of all sizes, and samples whose orbits end in an overflow.
        let viewport = view(center, height, (45, 31));
        for bailout in with_radii(max_iter, &[2.0, 256.0]) {
            let distances = |kernel: &dyn Kernel| {
                let (mut escapes, mut out) = (vec![Escape::NONE; 45 * 31], vec![Distance::NONE; 45 * 31]);
                kernel.iterate_with_distances(0..45, 0..31, &mut escapes, &mut out);
                (bits(&escapes), out.iter().map(|d| [d.x, d.y].map(f32::to_bits)).collect::<Vec<_>>())
            };
            let truth = distances(&Scalar::new(&viewport, bailout, Shortcuts::ALL));
            for level in levels() {
                let kernel = direct(level, &viewport, bailout, Shortcuts::ALL);
                assert!(distances(kernel.as_ref()) == truth, "{level}, {bailout:?}: {center}");
            }
        }
    }
}

/// All four settings of the shortcuts.
const SETTINGS: [Shortcuts; 4] = [
    Shortcuts::ALL,
    Shortcuts::NONE,
    Shortcuts { components: true, periodicity: false },
    Shortcuts { components: false, periodicity: true },
];

fn limit(max_iter: u32) -> Bailout {
    Bailout::new(max_iter).expect("a limit")
}

/// Counts alone, and fractions from each of these radii.
fn with_radii(max_iter: u32, radii: &[f64]) -> impl Iterator<Item = Bailout> {
    let smooth = move |&radius: &f64| {
        limit(max_iter).with_smoothing(Smoothing::Radius(radius)).expect("a radius of at least 2")
    };
    std::iter::once(limit(max_iter).counts_alone()).chain(radii.iter().map(smooth))
}

const WHOLE: (&str, f64) = ("-0.75", 2.5);
const SEAHORSE: (&str, f64) = ("-0.743643887037151+0.131825904205330i", 0.000_051_299 / 1.5);

#[test]
fn views_of_every_kind() {
    for (center, height, max_iter) in [
        (WHOLE.0, WHOLE.1, 1000),
        (SEAHORSE.0, SEAHORSE.1, 5000),
        ("0.275+0.006i", 0.01, 5000),
        ("-0.16070135+1.0375665i", 1e-5, 5000),
        ("-1.7548776662", 0.02, 50_000),
        ("0.25", 1e-7, 3000),
        ("-0.75", 1e-6, 3000),
        ("-1.25", 1e-4, 3000),
        ("-0.125+0.6495190528383290i", 1e-6, 3000),
    ] {
        check(&view(center, height, (31, 21)), limit(max_iter));
    }
}

#[test]
fn rotated_views() {
    for size in [(31, 21), (1, 1), (1, 37), (37, 1), (3, 31), (16, 3), (17, 3)] {
        for degrees in [30.0, -90.0, 180.0, 1e-9] {
            check(&turned(&view(WHOLE.0, WHOLE.1, size), degrees), limit(300));
            check(&turned(&view(SEAHORSE.0, SEAHORSE.1, size), degrees), limit(900));
        }
    }
    check(&turned(&view("0", 1e300, (17, 11)), 45.0), limit(100));
}

/// Turned by 90 degrees, the right edge of a picture is at the top.
#[test]
fn a_quarter_turn_has_the_counts_of_the_other_lattice() {
    let plain = view("-0.7453+0.1127i", 0.0065, (43, 43));
    for level in Level::all() {
        let counts = |degrees| {
            let kernel = direct(level, &turned(&plain, degrees), limit(900), Shortcuts::ALL);
            bits(&iterate(kernel.as_ref(), 0..43, 0..43))
        };
        let upright = counts(0.0);
        let at = |place: fn(usize, usize) -> usize| -> Vec<_> {
            (0..43 * 43).map(|i| upright[place(i % 43, i / 43)]).collect()
        };
        assert!(counts(90.0) == at(|x, y| 43 * x + (42 - y)), "{level}");
        assert!(counts(180.0) == at(|x, y| 43 * (42 - y) + (42 - x)), "{level}");
        assert!(counts(-90.0) == at(|x, y| 43 * (42 - x) + y), "{level}");
        assert!(counts(360.0) == upright, "{level}");
    }
}

#[test]
fn shortcuts_one_by_one() {
    for (center, height) in [WHOLE, SEAHORSE, ("-1.7548776662", 0.02), ("-0.75", 1e-3)] {
        check_with(&view(center, height, (23, 17)), limit(700), &SETTINGS);
    }
}

#[test]
fn limits_at_the_edges_of_blocks() {
    for max_iter in [1, 2, 3, 15, 16, 17, 18, 19, 31, 32, 33, 34, 49, 50, 129, 145, 146, 1000] {
        check(&view(WHOLE.0, WHOLE.1, (41, 31)), limit(max_iter));
        check(&view("-0.7453+0.1127i", 0.0065, (29, 19)), limit(max_iter));
    }
}

/// Where every sample returns to its state or escapes, the highest limit takes no time.
#[test]
fn the_highest_limit() {
    check(&view("-0.1", 0.5, (9, 7)), limit(Bailout::MAX_ITER));
    check(&view("1", 1.0, (19, 7)), limit(Bailout::MAX_ITER));
    check(&view("-1.7548776662", 1e-4, (9, 7)), limit(Bailout::MAX_ITER));
}

/// Where |c| = 2, |z_1| is at the limit and |z_2| may be rounded to the other side of it.
#[test]
fn the_circle_of_radius_two() {
    let zeros = ["-2", "2", "2i", "-2i", "1.2+1.6i", "-1.2-1.6i", "-1.9999999999999998+0.00000003i"];
    for center in zeros {
        for height in [1e-2, 1e-7, 1e-11, 1e-12, 3e-13] {
            for bailout in with_radii(200, &[2.0, 256.0]) {
                check(&view(center, height, (21, 15)), bailout);
            }
        }
    }
    check(&view("0", 4.2, (97, 83)), limit(50));
}

#[test]
fn huge_views() {
    for height in [10.0, 1e3, 1e10, 1e100, 1e160, 1e300] {
        for bailout in with_radii(100, &[2.0, 256.0, 1e6, 1e100, 1e154]) {
            check(&view("0", height, (17, 11)), bailout);
        }
    }
}

#[test]
fn escape_radii() {
    for bailout in with_radii(300, &[2.0, 2.000_000_1, 3.0, 256.0, 1e6, 1e30]) {
        for (center, height) in [WHOLE, ("-0.7453+0.1127i", 0.0065)] {
            check(&view(center, height, (37, 23)), bailout);
        }
    }
}

#[test]
fn sizes() {
    for size in [(1, 1), (1, 97), (97, 1), (61, 43), (16, 3), (17, 3), (15, 3), (3, 31)] {
        check(&view(WHOLE.0, WHOLE.1, size), limit(300));
        check(&view("-0.7453+0.1127i", 0.0065, size), limit(300));
    }
}

#[test]
fn rectangles_do_not_matter() {
    let upright = view("-0.7453+0.1127i", 0.0065, (61, 43));
    for (level, degrees) in levels().into_iter().flat_map(|level| [(level, 0.0), (level, 77.0)]) {
        let kernel = direct(level, &turned(&upright, degrees), limit(900), Shortcuts::ALL);
        let whole = iterate(kernel.as_ref(), 0..61, 0..43);
        for (width, height) in [(1, 1), (61, 1), (1, 43), (7, 5), (16, 16), (60, 42)] {
            for top in (0..43).step_by(height) {
                for left in (0..61).step_by(width) {
                    let (right, bottom) = ((left + width as u32).min(61), (top + height as u32).min(43));
                    let part = iterate(kernel.as_ref(), left..right, top..bottom);
                    for (row, y) in part.chunks((right - left) as usize).zip(top..) {
                        let same = &whole[(61 * y + left) as usize..][..row.len()];
                        assert_eq!(row, same, "{level}, {width}x{height} at {left},{y}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_planner_names_what_it_takes() {
    let viewport = view("0", 1.0, (4, 3));
    for level in Level::all() {
        let plan = Plan::new(&viewport, limit(10), Some(level));
        assert_eq!(plan.to_string(), format!("f64-fma-1 {level}"));
        assert_eq!(plan.method(), Method::Direct(level));
        assert_eq!(level.to_string().parse::<Level>().expect("a name"), level);
    }
    let plan = |bailout, level| Plan::new(&viewport, bailout, level).to_string();
    assert_eq!(plan(limit(10), None), format!("f64-fma-1 {}", Level::best()));
    let huge = limit(10).with_smoothing(Smoothing::Radius(1e200)).expect("finite");
    assert_eq!(plan(huge, None), "f64-fma-1 scalar");
    assert_eq!(plan(huge, Some(Level::best())), "f64-fma-1 scalar");
    assert!("sse".parse::<Level>().is_err());
}

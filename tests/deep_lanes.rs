//! Deep views: however many samples are in flight, each has the result that it has alone.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use mandel::internals::{Perturbation, Scalar};
use mandel::{
    Bailout, Decimal, Distance, End, Escape, Grid, Kernel, Level, Location, Method, Plan, ReferenceOrbit,
    Rotation, Shortcuts, Viewport, parse_complex,
};

/// Center, height, iterations; each deep in its own way.
const VIEWS: [(&str, &str, u32); 12] = [
    // The reference ends at a period of the view.
    ("-1.759817130804847813610825010561798,-0.012593310799849", "4e-15", 4036),
    // Mostly blocks of few iterations, and nothing escapes.
    ("-1.941512096352034463944,0.0066349874011302470652", "2.6e-16", 20_000),
    // A Misiurewicz point, whose orbit ends in a repelling cycle of period 2.
    ("0,1", "3e-15", 2000),
    ("0,1", "2e-113", 2000),
    // Deltas on both sides of the end of `f64`.
    ("0,1", "1e-272", 3000),
    ("0,1", "5e-322", 3000),
    // The tip of the set, where |z| stays next to 2 for long.
    ("-2,0", "1e-60", 500),
    ("-2,0", "4e-329", 2000),
    ("-2,1e-330", "4e-329", 2000),
    // A small copy of the set, of period 20.
    ("-1.999999999986535470632367364290770788593810253,0", "1.2e-22", 1000),
    ("-1.999999999986535470632367364290770788593810253,3e-23", "1e-25", 5000),
    // The edge of that copy beside its nucleus: the reference ends in an attracting cycle, and samples escape.
    ("-1.999999999986535470632353364290770788593810253,1.2e-23", "1.3e-23", 20_000),
];

fn viewport((center, height, _): (&str, &str, u32), size: (u32, u32)) -> Viewport {
    let height = height.parse::<Decimal>().expect("valid").to_floatexp();
    Viewport::with_height(parse_complex(center).expect("valid"), height, Grid::Centers, size).expect("valid")
}

/// The kernels of all levels that this machine has, the scalar one first.
fn kernels(view: &Viewport, bailout: Bailout) -> Vec<Box<dyn Kernel>> {
    let make = |level: Level| {
        let plan = Plan::new(view, bailout, Some(level));
        assert_eq!(plan.method(), Method::Perturbation(level));
        let name = plan.to_string();
        assert!(name.starts_with("perturbation-1") && name.ends_with(&level.to_string()), "{name}");
        plan.kernel().expect("valid")
    };
    let levels = Level::all();
    assert_eq!(levels[..2], [Level::Scalar, Level::Portable]);
    levels.into_iter().map(make).collect()
}

fn iterate(kernel: &dyn Kernel, columns: Range<u32>, rows: Range<u32>) -> Vec<Escape> {
    let mut out = vec![Escape::new(0, -1.0); columns.len() * rows.len()];
    kernel.iterate(columns, rows, &mut out);
    out
}

#[test]
fn all_kernels_agree() {
    for view in VIEWS {
        let smooth = Bailout::new(view.2).expect("valid");
        for bailout in [smooth.counts_alone(), smooth] {
            let size = (23, 17);
            let kernels = kernels(&viewport(view, size), bailout);
            let truth = iterate(kernels[0].as_ref(), 0..size.0, 0..size.1);
            for kernel in &kernels[1..] {
                assert_eq!(iterate(kernel.as_ref(), 0..size.0, 0..size.1), truth, "{view:?}");
            }
        }
    }
}

/// All kernels agree in turned views too, and a quarter turn has the results of the other lattice.
#[test]
fn turned_views() {
    const SIDE: u32 = 15;
    for view in VIEWS {
        let bailout = Bailout::new(view.2).expect("valid");
        let turned = |degrees: f64| {
            let rotation = Rotation::new(degrees).expect("an angle");
            let kernels =
                kernels(&viewport(view, (SIDE, SIDE)).with_rotation(rotation).expect("a view"), bailout);
            let truth = iterate(kernels[0].as_ref(), 0..SIDE, 0..SIDE);
            for kernel in &kernels[1..] {
                assert_eq!(iterate(kernel.as_ref(), 0..SIDE, 0..SIDE), truth, "{view:?}: {degrees}");
            }
            truth
        };
        let (upright, quarter) = (turned(0.0), turned(90.0));
        for (x, y) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (x, y))) {
            let from = SIDE * x + (SIDE - 1 - y);
            assert_eq!(quarter[(SIDE * y + x) as usize], upright[from as usize], "{view:?}: {x},{y}");
        }
        turned(33.3);
    }
}

/// The distances of a rectangle as bits, and the counts that were found with them.
fn distances(kernel: &dyn Kernel, columns: Range<u32>, rows: Range<u32>) -> (Vec<Escape>, Vec<[u32; 2]>) {
    let bits = |distances: &[Distance]| distances.iter().map(|d| [d.x, d.y].map(f32::to_bits)).collect();
    let mut escapes = vec![Escape::new(0, -1.0); columns.len() * rows.len()];
    let mut out = vec![Distance { x: -1.0, y: -1.0 }; escapes.len()];
    kernel.iterate_with_distances(columns.clone(), rows.clone(), &mut escapes, &mut out);
    let at_once: Vec<_> = bits(&out);
    kernel.distances(columns, rows, &escapes, &mut out);
    assert_eq!(bits(&out), at_once, "from known counts");
    (escapes, at_once)
}

#[test]
fn distances_agree() {
    // More deltas beyond the range of `f64`: built-in views, whose samples come back into it.
    let deep = ["branches", "dendrite"].map(|name| {
        let location = Location::named(name).expect("built in");
        (location.center, location.height, location.max_iter)
    });
    let mut escaped = 0;
    for view in VIEWS.into_iter().chain(deep) {
        let smooth = Bailout::new(view.2).expect("valid");
        let size = (17, 11);
        for bailout in [smooth.counts_alone(), smooth] {
            let kernels = kernels(&viewport(view, size), bailout);
            let counts = iterate(kernels[0].as_ref(), 0..size.0, 0..size.1);
            let truth = distances(kernels[0].as_ref(), 0..size.0, 0..size.1);
            assert_eq!(truth.0, counts, "{view:?}");
            for (escape, distance) in counts.iter().zip(&truth.1) {
                let none = [Distance::NONE.x, Distance::NONE.y].map(f32::to_bits);
                assert_eq!(escape.n().is_none(), *distance == none, "{view:?}");
            }
            escaped += counts.iter().filter(|escape| escape.n().is_some()).count();
            for kernel in &kernels[1..] {
                assert_eq!(distances(kernel.as_ref(), 0..size.0, 0..size.1), truth, "{view:?}");
                let part = distances(kernel.as_ref(), 3..14, 2..9);
                for (row, y) in part.1.chunks(11).zip(2..) {
                    assert_eq!(row, &truth.1[y * 17 + 3..][..11], "{view:?}");
                }
            }
        }
    }
    assert!(escaped > 1000, "{escaped}");
}

#[test]
fn distances_are_those_of_plain_iteration() {
    for view in [("-0.743643887037151+0.131825904205330i", "1e-6", 5000), ("0,1", "3e-9", 2000)] {
        let (place, size) = (viewport(view, (33, 21)), 33 * 21);
        let bailout = Bailout::new(view.2).expect("valid");
        let deep =
            Perturbation::new(&place, bailout, orbit(&place, &[ReferenceOrbit::needed(&place, bailout)]));
        let mut all = [(); 2].map(|()| (vec![Escape::NONE; size], vec![Distance::NONE; size]));
        let [(a, x), (b, y)] = &mut all;
        deep.iterate_with_distances(0..33, 0..21, a, x);
        Scalar::new(&place, bailout, Shortcuts::ALL).iterate_with_distances(0..33, 0..21, b, y);
        // Roundings of the points move few samples, and those close to the set the most.
        let near = |(x, y): &(&Distance, &Distance)| {
            let apart = Distance { x: x.x - y.x, y: x.y - y.y };
            apart.length() <= 1e-3 * x.length()
        };
        let equal = x.iter().zip(&*y).filter(near).count();
        assert!(equal * 100 >= size * 95, "{view:?}: {equal} of {size}");
    }
}

#[test]
fn results_do_not_depend_on_the_rectangle() {
    for view in VIEWS {
        let bailout = Bailout::new(view.2).expect("valid");
        let (width, height) = (13, 9);
        for kernel in kernels(&viewport(view, (width, height)), bailout) {
            let whole = iterate(kernel.as_ref(), 0..width, 0..height);
            let rows: Vec<_> = [0..1, 1..6, 6..9]
                .into_iter()
                .flat_map(|rows| iterate(kernel.as_ref(), 0..width, rows))
                .collect();
            assert_eq!(rows, whole, "{view:?}");
            for (x, y) in [(0, 0), (6, 4), (12, 8)] {
                let alone = iterate(kernel.as_ref(), x..x + 1, y..y + 1);
                assert_eq!(alone[0], whole[(y * width + x) as usize], "{view:?}: {x}, {y}");
            }
        }
    }
}

#[test]
fn counts_end_at_max_iter() {
    for view in VIEWS {
        let (width, height) = (9, 7);
        let place = viewport(view, (width, height));
        let all = |kernel: &dyn Kernel| iterate(kernel, 0..width, 0..height);
        let whole = all(kernels(&place, Bailout::new(view.2).expect("valid"))[0].as_ref());
        let Some(lowest) = whole.iter().filter_map(|escape| escape.n()).min() else { continue };
        let some = whole[(width * 2 + 3) as usize].n().unwrap_or(lowest);
        for max_iter in [lowest.max(2) - 1, lowest, some.max(2) - 1, some] {
            let kernels = kernels(&place, Bailout::new(max_iter).expect("valid"));
            let truth = all(kernels[0].as_ref());
            for (cut, escape) in truth.iter().zip(&whole) {
                assert_eq!(cut.n(), escape.n().filter(|n| *n <= max_iter), "{view:?}: {max_iter}");
            }
            for kernel in &kernels[1..] {
                assert_eq!(all(kernel.as_ref()), truth, "{view:?}: {max_iter}");
            }
        }
    }
}

/// The orbit of the center of a view, extended to each of these iterations in turn.
fn orbit(view: &Viewport, lasts: &[u32]) -> Arc<ReferenceOrbit> {
    let mut orbit = ReferenceOrbit::new(view);
    for &last in lasts {
        orbit.extend(last, u64::MAX, &AtomicU64::new(0)).expect("no limit");
    }
    Arc::new(orbit)
}

#[test]
fn an_orbit_serves_however_it_was_extended() {
    let mut ends = Vec::new();
    for view in VIEWS {
        let size = (23, 17);
        let place = viewport(view, size);
        let smooth = Bailout::new(view.2).expect("valid");
        let [fewer, few] = [3, 10].map(|part| Bailout::new(view.2 / part).expect("valid"));
        for bailout in [smooth, smooth.counts_alone(), fewer, few] {
            let last = ReferenceOrbit::needed(&place, bailout);
            let at_once = orbit(&place, &[last]);
            let others = [
                orbit(&place, &[1, 2, 100, 99, last.min(1000), last - 1, last]),
                orbit(&place, &[100, 3 * last]),
                orbit(&place, &[last + 1]),
            ];
            assert_eq!((others[0].last(), others[0].end()), (at_once.last(), at_once.end()));
            ends.push(at_once.end());
            for level in Level::all() {
                let field = |orbit: &Arc<ReferenceOrbit>| {
                    let kernel = Perturbation::new(&place, bailout, orbit.clone()).with_level(level);
                    iterate(&kernel, 0..size.0, 0..size.1)
                };
                let truth = field(&at_once);
                for other in &others {
                    assert_eq!(field(other), truth, "{view:?}: {level}, {} iterations", other.last());
                }
            }
        }
    }
    // Orbits of every kind are among them.
    let has = |kind: fn(End) -> bool| ends.iter().flatten().any(|&end| kind(end));
    assert!(ends.contains(&None) && has(|end| end == End::Period) && has(|end| end == End::Escaped));
    assert!(has(|end| matches!(end, End::Cycle(_))), "{ends:?}");
}

#[test]
fn windows_of_one_lattice_share_an_orbit() {
    let size = (23, 17);
    for view in VIEWS {
        let place = viewport(view, size);
        let bailout = Bailout::new(view.2).expect("valid");
        let whole = iterate(Plan::new(&place, bailout, None).kernel().expect("valid").as_ref(), 0..23, 0..17);
        let long = orbit(&place, &[3 * ReferenceOrbit::needed(&place, bailout)]);
        let short = orbit(&place, &[view.2 / 3]);
        for (left, top, width, height) in [(0, 0, 23, 17), (0, 0, 7, 5), (22, 16, 1, 1), (3, 9, 19, 8)] {
            let window = place.crop(left, top, width, height).expect("a part of the view");
            let plan = Plan::new(&window, bailout, None);
            let steps = AtomicU64::new(0);
            let reference = plan.reference(Some(long.clone()), u64::MAX, &steps).expect("no limit");
            assert!(Arc::ptr_eq(&reference.expect("a deep view"), &long), "{view:?}: a new orbit");
            for known in [None, Some(long.clone()), Some(short.clone())] {
                let kernel = plan.kernel_within(known, u64::MAX, &steps).expect("no limit");
                let part = iterate(kernel.as_ref(), 0..width, 0..height);
                for (row, y) in part.chunks(width as usize).zip(top..) {
                    let same = &whole[(size.0 * y + left) as usize..][..row.len()];
                    assert_eq!(row, same, "{view:?}: {left},{y}");
                }
            }
        }
        // A view of its own is not served.
        assert!(!long.serves(&viewport(view, (24, 17))));
    }
}

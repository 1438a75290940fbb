//! Deep views against proven counts, and every way to compute them against the others.
#![allow(clippy::print_stdout, reason = "the long checks report what they find")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use mandel::internals::Perturbation;
use mandel::{
    Bailout, ComplexExp, Decimal, Escape, FloatExp, Grid, Kernel, Level, Plan, ReferenceOrbit, Rotation,
    Viewport, exact_escape, parse_complex,
};
use num_complex::Complex;

/// A place from `tests/data/locations`.
struct Location {
    name: String,
    center: Complex<Decimal>,
    zoom: Decimal,
    max_iter: u32,
}

impl Location {
    fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/locations");
        let files = std::fs::read_dir(folder).expect("a folder of locations");
        let mut all: Vec<Self> = files
            .map(|file| {
                let text = std::fs::read_to_string(file.expect("a file").path()).expect("a text");
                let value = |key: &str| {
                    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
                    line.expect(key).trim_matches('"').to_string()
                };
                Self {
                    name: value("name"),
                    center: Complex::new(
                        value("real").parse().expect("a number"),
                        value("imag").parse().expect("a number"),
                    ),
                    zoom: value("zoom").parse().expect("a number"),
                    max_iter: value("iterations").parse().expect("a number"),
                }
            })
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// The location whose name begins so.
    fn named(number: &str) -> Self {
        Self::all().into_iter().find(|location| location.name.starts_with(number)).expect(number)
    }

    fn viewport(&self, size: (u32, u32)) -> Viewport {
        let height = FloatExp::from(4.0) / self.zoom.to_floatexp();
        Viewport::with_height(self.center.clone(), height, Grid::Centers, size).expect("a view")
    }

    /// The point of a pixel, exactly.
    fn point(&self, viewport: &Viewport, x: u32, y: u32) -> Complex<Decimal> {
        let (re, im) = viewport.offset(x, y).parts();
        Complex::new(self.center.re.clone() + re.into(), self.center.im.clone() + im.into())
    }

    fn kernel(&self, viewport: &Viewport) -> Box<dyn Kernel> {
        Plan::new(viewport, counts(self.max_iter), None).kernel().expect("a kernel")
    }

    /// A kernel with a reference `x`, `y` (parts of the view) from the center, with or without blocks.
    fn moved(&self, viewport: &Viewport, (x, y): (f64, f64), approximate: bool) -> Perturbation {
        let way = |part: f64, extent: FloatExp| Decimal::from(FloatExp::from(part) * extent);
        let (width, height) = viewport.extent();
        let at =
            Complex::new(self.center.re.clone() + way(x, width), self.center.im.clone() + way(y, height));
        let bailout = counts(self.max_iter);
        let shift = ComplexExp::from_parts(FloatExp::from(x) * width, FloatExp::from(y) * height).abs();
        let orbit = orbit(viewport, at, shift, ReferenceOrbit::needed(viewport, bailout));
        Perturbation::with_blocks(viewport, bailout, orbit, approximate).with_level(Level::best())
    }
}

/// The orbit of `center`, which lies `shift` from the center of a view, up to Z_last.
fn orbit(viewport: &Viewport, center: Complex<Decimal>, shift: FloatExp, last: u32) -> Arc<ReferenceOrbit> {
    let (re, im) = viewport.spacing();
    let spacing = if re < im { re } else { im };
    let mut orbit = ReferenceOrbit::at(center, spacing, viewport.radius() + shift);
    orbit.extend(last, u64::MAX, &AtomicU64::new(0)).expect("an orbit");
    Arc::new(orbit)
}

fn counts(max_iter: u32) -> Bailout {
    Bailout::new(max_iter).expect("a limit").counts_alone()
}

fn field(kernel: &dyn Kernel, (width, height): (u32, u32)) -> Vec<Escape> {
    let mut out = vec![Escape::NONE; width as usize * height as usize];
    kernel.iterate(0..width, 0..height, &mut out);
    out
}

/// Where two fields have different counts.
fn differing(a: &[Escape], b: &[Escape]) -> Vec<usize> {
    (0..a.len()).filter(|&i| a[i].n() != b[i].n()).collect()
}

/// Checks the points of `tests/data/deep_points.csv` and returns, by location and kind, how many are right of how many.
fn proven(wanted: impl Fn(&str) -> bool) -> BTreeMap<(String, String), (usize, usize)> {
    let table = include_str!("data/deep_points.csv");
    let mut tally = BTreeMap::new();
    for location in Location::all().into_iter().filter(|location| wanted(&location.name)) {
        let size = (320, 180);
        let viewport = location.viewport(size);
        let kernel = location.kernel(&viewport);
        for row in table.lines().skip(1) {
            let cells: Vec<&str> = row.split(',').collect();
            let [name, width, height, x, y, max_iter, count, kind] = cells[..] else { panic!("{row}") };
            if name != location.name {
                continue;
            }
            assert_eq!((width, height, max_iter), ("320", "180", &*location.max_iter.to_string()), "{row}");
            let number = |text: &str| text.parse::<u32>().expect(text);
            let mut result = [Escape::NONE];
            kernel.iterate(number(x)..number(x) + 1, number(y)..number(y) + 1, &mut result);
            let right = result[0].n() == count.parse().ok();
            if !right {
                println!("{row}: found {:?}", result[0].n());
            }
            let (all_right, all) = tally.entry((name.into(), kind.into())).or_insert((0, 0));
            (*all_right, *all) = (*all_right + usize::from(right), *all + 1);
        }
    }
    tally
}

#[test]
fn proven_counts() {
    let tally = proven(|name| !name.starts_with("10") && !name.starts_with("15"));
    assert_eq!(tally.values().map(|(_, all)| all).sum::<usize>(), 260);
    for (what, (right, all)) in tally {
        assert_eq!(right, all, "{what:?}");
    }
}

/// The other two: minutes in a debug build. `cargo test --release --test deep -- --ignored --nocapture`
#[test]
#[ignore = "long orbits"]
fn proven_counts_far_down() {
    for (what, (right, all)) in proven(|name| name.starts_with("10") || name.starts_with("15")) {
        println!("{what:?}: {right} of {all} right");
        assert!(right == all || what.0.starts_with("10"), "{what:?}");
    }
}

/// C. Heiland-Allen, "Perturbation glitches", 2014: 35 of 1728 pixels are wrong without rebasing.
fn glitches() -> (Complex<Decimal>, Viewport) {
    let center = parse_complex("-1.760732891182472726272+0.01302137831089206469511i").expect("a point");
    let height = 2.0 * 4.019_436_694_230_465e-14;
    let viewport = Viewport::with_height(center.clone(), height, Grid::Centers, (48, 36)).expect("a view");
    (center, viewport)
}

#[test]
fn the_view_that_shows_glitches() {
    let (center, upright) = glitches();
    for degrees in [0.0, 30.0] {
        let rotation = Rotation::new(degrees).expect("an angle");
        let viewport = upright.clone().with_rotation(rotation).expect("a view");
        let kernel = Plan::new(&viewport, counts(2000), None).kernel().expect("a kernel");
        let found = field(kernel.as_ref(), (48, 36));
        let wrong = (0..found.len()).filter(|&i| {
            let (re, im) = viewport.offset(i as u32 % 48, i as u32 / 48).parts();
            let c = Complex::new(center.re.clone() + re.into(), center.im.clone() + im.into());
            exact_escape(&c, counts(2000)).expect("a count").escape.n() != found[i].n()
        });
        // The pixel 46,6 escapes after 532 iterations, and a thousandth of a pixel beside it after 479 or 482.
        assert!(wrong.count() <= 1, "{degrees}");
    }
}

#[test]
fn single_iterations_are_right_where_blocks_are_not() {
    let (center, viewport) = glitches();
    let orbit = orbit(&viewport, center, FloatExp::ZERO, 2000);
    let kernel = Perturbation::with_blocks(&viewport, counts(2000), orbit, false);
    let found = field(&kernel, (48, 36));
    assert_eq!(found.iter().map(|escape| u64::from(escape.count(2000))).sum::<u64>(), 732_135);
}

#[test]
fn the_reference_may_lie_anywhere() {
    for (number, allowed) in [("01", 6), ("03", 2), ("05", 1), ("12", 0), ("18", 0), ("21", 0)] {
        let location = Location::named(number);
        let size = (64, 36);
        let viewport = location.viewport(size);
        let truth = field(location.kernel(&viewport).as_ref(), size);
        for way in [(-0.5, 0.5), (0.5, 0.5), (-0.2, -0.4), (0.2, 0.3), (0.6, -0.6)] {
            let found = field(&location.moved(&viewport, way, true), size);
            let differing = differing(&truth, &found);
            assert!(differing.len() <= allowed, "{number} {way:?}: {differing:?}");
        }
    }
}

/// Every pixel by blocks, and in high precision. `cargo test --release --test deep -- --ignored --nocapture`
#[test]
#[ignore = "high precision takes minutes"]
fn blocks_against_exact_counts() {
    for number in ["01", "02", "03", "12", "18", "21"] {
        let location = Location::named(number);
        let size = (64, 36);
        let viewport = location.viewport(size);
        let fast = field(location.kernel(&viewport).as_ref(), size);
        let bailout = counts(location.max_iter);
        let wrong: Vec<(u32, u32, Option<u32>, Option<u32>)> = (0..fast.len())
            .map(|i| {
                let (x, y) = (i as u32 % size.0, i as u32 / size.0);
                let exact = exact_escape(&location.point(&viewport, x, y), bailout).expect("a count");
                (x, y, fast[i].n(), exact.escape.n())
            })
            .filter(|(_, _, fast, exact)| fast != exact)
            .collect();
        println!("{}: {} of {} pixels differ: {wrong:?}", location.name, wrong.len(), fast.len());
        assert!(wrong.len() * 50 <= fast.len(), "{}", location.name);
    }
}

/// How the results of blocks and of single iterations differ, and which of them is right.
/// `cargo test --release --test deep -- --ignored --nocapture`
#[test]
#[ignore = "single iterations take minutes"]
fn blocks_against_single_iterations() {
    for location in Location::all().into_iter().filter(|location| !location.name.starts_with("10")) {
        let size = (64, 36);
        let viewport = location.viewport(size);
        let fast = field(&location.moved(&viewport, (0.0, 0.0), true), size);
        let plain = field(&location.moved(&viewport, (0.0, 0.0), false), size);
        let differing = differing(&fast, &plain);
        println!("{}: {} of {} pixels differ", location.name, differing.len(), fast.len());
        for &i in differing.iter().take(12) {
            let (x, y) = (i as u32 % size.0, i as u32 / size.0);
            let c = location.point(&viewport, x, y);
            let exact = exact_escape(&c, counts(location.max_iter)).expect("a count").escape.n();
            println!("  {x},{y}: blocks {:?}, plain {:?}, exact {exact:?}", fast[i].n(), plain[i].n());
        }
        // Single pixels next to the boundary may differ, a region may not.
        let touching = differing.iter().filter(|&&i| {
            [1, size.0 as usize - 1, size.0 as usize, size.0 as usize + 1]
                .iter()
                .filter(|&&way| differing.contains(&(i + way)))
                .count()
                > 1
        });
        assert!(
            differing.len() * 50 <= fast.len() && touching.count() == 0,
            "{}: {differing:?}",
            location.name
        );
    }
}

/// Zooms in by factors of two, and compares each view with the next one at the samples that both have.
/// Returns the names of the operation orders and the largest part of the samples that differ.
fn zoom_in(center: &Complex<Decimal>, spacings: std::ops::Range<i32>, max_iter: u32) -> (Vec<String>, f64) {
    let (size, middle) = ((49, 27), (24, 13));
    let mut names: Vec<String> = Vec::new();
    let mut worst = 0.0_f64;
    let mut above: Option<Vec<Escape>> = None;
    for exponent in spacings.rev() {
        let height = FloatExp::new(f64::from(size.1), exponent);
        let viewport = Viewport::with_height(center.clone(), height, Grid::Centers, size).expect("a view");
        let plan = Plan::new(&viewport, counts(max_iter), None);
        let name = plan.to_string();
        let (order, level) = name.rsplit_once(' ').expect("an operation order and a level");
        assert_eq!(level, Level::best().to_string());
        names.push(order.into());
        let below = field(plan.kernel().expect("a kernel").as_ref(), size);
        if let Some(above) = above {
            let at =
                |field: &[Escape], x: i32, y: i32| field[((middle.1 + y) * 49 + middle.0 + x) as usize].n();
            let shared = (-6..=6).flat_map(|y| (-12..=12).map(move |x| (x, y)));
            let differ =
                shared.clone().filter(|&(x, y)| at(&above, x, y) != at(&below, 2 * x, 2 * y)).count();
            worst = worst.max(differ as f64 / shared.count() as f64);
        }
        above = Some(below);
    }
    names.dedup();
    (names, worst)
}

#[test]
fn a_zoom_through_the_changes_of_kernels() {
    let (names, worst) = zoom_in(&Location::named("03").center, -62..-38, 5000);
    assert_eq!(names, ["f64-fma-1", "perturbation-1"]);
    // Direct iteration is a pixel off for one sample in fifty by then.
    assert!(worst <= 0.03, "{worst}");
    // Deltas need an exponent of their own from 2^-900 on, and f64 ends at 2^-1022.
    let (names, worst) = zoom_in(&Location::named("12").center, -920..-880, 20000);
    assert_eq!(names, ["perturbation-1", "perturbation-1 extended"]);
    assert!(worst <= 0.004, "{worst}");
    let (_, worst) = zoom_in(&Location::named("12").center, -1052..-996, 20000);
    assert!(worst <= 0.004, "{worst}");
}

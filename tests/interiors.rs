//! Samples that do not escape: their periods, and how far they are from the boundary.

use std::ops::Range;

use mandel::{
    Bailout, Coloring, ComplexExp, Decimal, Detail, Distance, Escape, FloatExp, Grid, Interior, Kernel,
    Level, Light, Location, Map, Nucleus, Pixmap, Plan, Rotation, Scene, Shading, Viewport, parse_complex,
    render,
};
use num_complex::Complex;

/// The sample at a point, among others so far away.
fn sample(c: &Complex<Decimal>, spacing: FloatExp, max_iter: u32) -> (Option<u32>, Distance) {
    let view = Viewport::with_height(c.clone(), spacing, Grid::Centers, (1, 1)).expect("a view");
    let kernel = Plan::new(&view, Bailout::new(max_iter).expect("a limit"), None).kernel().expect("a kernel");
    let (mut escapes, mut distances) = ([Escape::NONE], [Distance::NONE]);
    let detail = Detail { distances: false, interiors: true };
    kernel.results(detail, 0..1, 0..1, &mut escapes, &mut distances);
    assert_eq!(escapes[0].n(), None, "{c:?}");
    (escapes[0].period(), distances[0])
}

fn at(c: Complex<f64>) -> Complex<Decimal> {
    let exact = |x: f64| Decimal::from(FloatExp::from(x));
    Complex::new(exact(c.re), exact(c.im))
}

/// The distance in units of the plane.
fn distance(c: Complex<f64>) -> (u32, Complex<f64>) {
    const SPACING: f64 = 1.0 / 1024.0;
    let (period, Distance { x, y }) = sample(&at(c), SPACING.into(), 100_000);
    (period.expect("a period"), Complex::new(f64::from(x), f64::from(y)) * SPACING)
}

#[test]
fn components_have_their_periods() {
    for (re, im, period) in [
        (0.0, 0.0, 1),
        (0.2499, 0.0, 1),
        (-0.7499, 0.0, 1),
        (-0.7501, 0.0, 2),
        (-1.0, 0.0, 2),
        (-1.2499, 0.0, 2),
        (-1.2501, 0.0, 4),
        (-0.122_561, 0.744_862, 3),
        (-1.754_877_67, 0.0, 3),
        (0.282_271_4, 0.530_060_6, 4),
        (-1.310_702_64, 0.0, 4),
        (-1.940_799_8, 0.0, 4),
        (-1.625_413_7, 0.0, 5),
        (-0.504_340_175, 0.562_765_76, 5),
        (-0.113_418_655, 0.860_569_47, 6),
        (-1.381_547, 0.0, 8),
    ] {
        assert_eq!(sample(&at(Complex::new(re, im)), 1e-6.into(), 100_000).0, Some(period), "{re},{im}");
    }
}

#[test]
fn no_period_is_known_before_the_orbit_comes_near_its_cycle() {
    let c = Complex::new(-1.754_877_67, 0.0);
    assert_eq!(sample(&at(c), 1e-6.into(), 2), (None, Distance::NONE));
    assert_eq!(Escape::inside(0), Escape::NONE);
    assert_eq!(Escape::inside(u32::MAX).period(), Some(Escape::MAX_PERIOD));
    assert_eq!(Escape::inside(7).fraction(), 0.0);
}

/// The multiplier is 4 (c + 1), so that the conformal radius at a distance r from -1 is (1 - 16 r^2) / 4.
#[test]
fn in_the_disk_of_period_2_the_estimate_is_that_of_a_circle() {
    for (r, turn) in [(0.001, 0.3), (0.05, 1.0), (0.1, -2.0), (0.2, 3.0), (0.24, 0.1), (0.249, 2.0)] {
        let offset = Complex::from_polar(r, turn);
        let (period, found) = distance(offset - 1.0);
        assert_eq!(period, 2);
        let expected = -offset / r * (1.0 - 16.0 * r * r) / 8.0;
        assert!((found - expected).norm() < 1e-5 * expected.norm(), "{r}: {found}, expected {expected}");
        let exact = 0.25 - r;
        assert!(found.norm() / 2.0 <= exact * 1.00001 && exact <= 2.00001 * found.norm(), "{r}: {found}");
    }
}

#[test]
fn in_the_cardioid_the_true_distance_is_within_a_factor_of_two() {
    let boundary = |turn: f64| {
        let w = Complex::from_polar(0.5, turn);
        w - w * w
    };
    let turns = || (0..20_000).map(|i| f64::from(i) * std::f64::consts::TAU / 20_000.0);
    for (size, turn) in [(0.01, 0.0), (0.5, 1.0), (0.8, 2.5), (0.9, -0.4), (0.99, 3.0), (0.97, 0.01)] {
        let w = Complex::from_polar(0.5 * size, turn);
        let c = w - w * w;
        let (period, found) = distance(c);
        assert_eq!(period, 1);
        let exact = turns().map(|turn| (boundary(turn) - c).norm()).fold(f64::INFINITY, f64::min);
        assert!(
            found.norm() / 2.001 <= exact && exact <= 2.001 * found.norm(),
            "{c}: {found}, exactly {exact}"
        );
    }
}

/// The multiplier of the cycle that the orbit of 0 comes to.
fn multiplier(c: Complex<f64>, period: u32) -> Complex<f64> {
    let mut z: Complex<f64> = Complex::ZERO;
    for _ in 0..3_000_000 {
        z = z * z + c;
    }
    let mut product = Complex::ONE;
    for _ in 0..period {
        product *= z + z;
        z = z * z + c;
    }
    product
}

#[test]
fn estimates_are_those_of_differences_of_the_multiplier() {
    // Points of components of the periods 1 to 8, inside and near the boundary.
    for (re, im) in [
        (0.2, 0.1),
        (-0.5, 0.5),
        (-0.13, 0.72),
        (-0.1, 0.8),
        (-1.757, 0.004),
        (0.285, 0.53),
        (-1.31, 0.03),
        (-0.5, 0.57),
        (-1.625, 0.0005),
        (-1.394, 0.001),
    ] {
        const STEP: f64 = 1e-8;
        let c = Complex::new(re, im);
        let (period, found) = distance(c);
        let l = multiplier(c, period);
        let by_c = (multiplier(c + STEP, period) - multiplier(c - STEP, period)) / (2.0 * STEP);
        let expected = -(l / l.norm()) * (1.0 - l.norm_sqr()) / (2.0 * by_c);
        assert!((found - expected).norm() < 1e-3 * expected.norm(), "{c}: {found}, expected {expected}");
    }
}

/// A small copy of the set is nearly the set itself, enlarged by the size of its nucleus, which `find` computes in high precision.
#[test]
fn minibrots_at_any_depth_have_the_periods_and_distances_of_the_set() {
    // The samples lie in the cardioid, on its real axis too, and in the disks of period 2 and 3 on it.
    let inside = [(0.1, 0.2, 1), (0.24, 0.0, 1), (-0.9, 0.1, 2), (-0.12, 0.74, 3)];
    let mut found = Vec::new();
    for name in ["twins", "leaves", "needle", "dendrite"] {
        let place = Location::named(name).expect(name);
        let view = Viewport::new(place.frame().expect("a frame"), Grid::Centers, (160, 90)).expect("a view");
        let nucleus = Nucleus::find(view.center(), view.radius(), 1_000_000).expect("a nucleus");
        found.push((nucleus.period, nucleus.size.abs().exponent()));
        for (re, im, times) in inside {
            let offset = nucleus.size * ComplexExp::from(Complex::new(re, im));
            let (x, y) = offset.parts();
            let c = Complex::new(
                nucleus.center.re.clone() + Decimal::from(x),
                nucleus.center.im.clone() + Decimal::from(y),
            );
            let spacing = nucleus.size.abs() * FloatExp::from(1.0 / 1024.0);
            let max_iter = nucleus.period.saturating_mul(64).max(10_000);
            let (period, found) = sample(&c, spacing, max_iter);
            assert_eq!(period, Some(times * nucleus.period), "{name}: {re},{im}");
            let (_, expected) = distance(Complex::new(re, im));
            let (x, y) = nucleus.size.parts();
            let turn = (ComplexExp::from_parts(x, y)
                / ComplexExp::from_parts(nucleus.size.abs(), FloatExp::ZERO))
            .to_f64();
            let found = Complex::new(f64::from(found.x), f64::from(found.y)) / 1024.0;
            let error = (found - expected * turn).norm() / expected.norm();
            assert!(error < 1e-3, "{name}: {re},{im}: {found}, expected {}", expected * turn);
        }
    }
    assert!(found.iter().any(|(period, _)| *period > 5000) && found.iter().any(|(_, size)| *size < -6000));
}

/// Center, height, iterations.
const VIEWS: [(&str, &str, u32); 6] = [
    ("-0.65,0", "2.45", 500),
    ("-0.7453,0.1127", "6.5e-3", 3000),
    ("-1,0.1", "1e-30", 50),
    (
        "-1.759817130804847916582876053325527232418156741738339,-0.012593310799749657319388666854314302759878869927",
        "1.2e-19",
        13_600,
    ),
    // The edge of the copy of period 20 beside its nucleus, where the reference ends in an attracting cycle.
    ("-1.999999999986535470632353364290770788593810253,1.2e-23", "1.3e-23", 20_000),
    // Beyond the end of `f64`, in a component whose nucleus is far outside the view.
    ("-1.310702641336833,1e-330", "1e-328", 2000),
];

fn viewport((center, height, _): (&str, &str, u32), size: (u32, u32)) -> Viewport {
    let height = height.parse::<Decimal>().expect("valid").to_floatexp();
    Viewport::with_height(parse_complex(center).expect("valid"), height, Grid::Centers, size).expect("valid")
}

fn interiors(kernel: &dyn Kernel, columns: Range<u32>, rows: Range<u32>) -> Vec<(Escape, u32, u32)> {
    let samples = columns.len() * rows.len();
    let (mut escapes, mut out) = (vec![Escape::NONE; samples], vec![Distance { x: 9.0, y: 9.0 }; samples]);
    kernel.results(Detail { distances: true, interiors: true }, columns, rows, &mut escapes, &mut out);
    for (escape, distance) in escapes.iter().zip(&out) {
        let known = escape.n().is_some() || escape.period().is_some();
        assert!(
            distance.length().is_finite() && known == (*distance != Distance::NONE),
            "{escape:?} {distance:?}"
        );
    }
    escapes.into_iter().zip(out).map(|(escape, d)| (escape, d.x.to_bits(), d.y.to_bits())).collect()
}

#[test]
fn all_kernels_agree_however_a_view_is_cut() {
    const SIZE: (u32, u32) = (23, 17);
    for view in VIEWS {
        let smooth = Bailout::new(view.2).expect("valid");
        for bailout in [smooth.counts_alone(), smooth] {
            let viewport = viewport(view, SIZE);
            let kernel = |level| Plan::new(&viewport, bailout, Some(level)).kernel().expect("a kernel");
            let truth = interiors(kernel(Level::Scalar).as_ref(), 0..SIZE.0, 0..SIZE.1);
            assert!(truth.iter().any(|(escape, ..)| escape.period().is_some()), "{view:?}");
            for level in Level::all() {
                let kernel = kernel(level);
                assert_eq!(interiors(kernel.as_ref(), 0..SIZE.0, 0..SIZE.1), truth, "{view:?} {level}");
                for y in 0..SIZE.1 {
                    let row = &truth[(y * SIZE.0) as usize..][..SIZE.0 as usize];
                    assert_eq!(interiors(kernel.as_ref(), 3..11, y..y + 1), row[3..11], "{view:?} {level}");
                }
            }
        }
    }
}

#[test]
fn in_a_view_of_the_whole_set_all_periods_are_found() {
    let viewport = viewport(VIEWS[0], (160, 120));
    let kernel = Plan::new(&viewport, Bailout::new(50_000).expect("valid"), None).kernel().expect("a kernel");
    let all = interiors(kernel.as_ref(), 0..160, 0..120);
    let inside: Vec<Escape> =
        all.into_iter().map(|(escape, ..)| escape).filter(|e| e.n().is_none()).collect();
    let unknown = inside.iter().filter(|escape| escape.period().is_none()).count();
    assert!(inside.len() > 2000 && unknown == 0, "{unknown} of {}", inside.len());
}

fn scene(view: (&str, &str, u32), size: (u32, u32), coloring: Coloring) -> Scene {
    let bailout = Bailout::new(view.2).expect("a limit");
    Scene::new(viewport(view, size), bailout, 2, coloring).expect("a scene")
}

fn coloring(interior: Interior, angle: Option<f64>) -> Coloring {
    let light = angle.map(|angle| Light { angle, height: 1.2, strength: 1.0 });
    Coloring { interior, shading: Shading { light, edge: None }, map: Map::Linear, ..Coloring::default() }
}

/// Rows of pixels of a part of a picture.
fn part(whole: &Pixmap, (left, top): (u32, u32), (width, height): (u32, u32)) -> Vec<u8> {
    let row = |y: u32| &whole.bytes[3 * (y * whole.width + left) as usize..][..3 * width as usize];
    (top..top + height).flat_map(row).copied().collect()
}

#[test]
fn pictures_are_the_same_from_any_threads_and_in_any_crop() {
    for view in [VIEWS[0], VIEWS[3]] {
        for (interior, angle) in [(Interior::Period, None), (Interior::Distance, Some(135.0))] {
            for refined in [false, true] {
                let refine =
                    |scene: Scene| if refined { scene.with_refinement().expect("a scene") } else { scene };
                let scene = refine(scene(view, (41, 27), coloring(interior, angle)));
                let whole = render::pixmap(&scene).expect("a picture");
                for threads in [1, 2, 7] {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
                    assert!(pool.install(|| render::pixmap(&scene)).expect("a picture") == whole, "{view:?}");
                }
                let crop = scene.viewport().crop(15, 6, 20, 14).expect("a part");
                let crop = Scene::new(crop, scene.bailout(), 2, scene.coloring().clone()).expect("a scene");
                let crop = render::pixmap(&refine(crop)).expect("a picture");
                assert!(crop.bytes == part(&whole, (15, 6), (20, 14)), "{view:?} {interior}");
            }
        }
    }
}

/// A light from the right on a picture that is turned by 90 degrees is a light from below on the other.
#[test]
fn the_light_stays_where_it_is_when_the_picture_is_turned() {
    let plain = scene(("-0.5,0", "2.2", 500), (40, 40), coloring(Interior::Distance, Some(-90.0)));
    let plain = render::pixmap(&plain).expect("a picture");
    let turned = scene(("-0.5,0", "2.2", 500), (40, 40), coloring(Interior::Distance, Some(0.0)));
    let viewport =
        turned.viewport().clone().with_rotation(Rotation::new(90.0).expect("an angle")).expect("a view");
    let turned = Scene::new(viewport, turned.bailout(), 2, turned.coloring().clone()).expect("a scene");
    let turned = render::pixmap(&turned).expect("a picture");
    for (x, y) in (0..40).flat_map(|y| (0..40).map(move |x| (x, y))) {
        let pixel = |pixmap: &Pixmap, x: u32, y: u32| {
            let from = 3 * (y * 40 + x) as usize;
            [0, 1, 2].map(|c| pixmap.bytes[from + c])
        };
        let (one, other) = (pixel(&turned, x, y), pixel(&plain, 39 - y, x));
        let near = one.iter().zip(other).all(|(a, b)| a.abs_diff(b) <= 1);
        assert!(near, "{x},{y}: {one:?} {other:?}");
    }
}

#[test]
fn an_interior_of_one_color_is_not_lit_and_others_change_nothing_outside() {
    let view = VIEWS[0];
    let picture = |interior, angle| {
        render::pixmap(&scene(view, (60, 40), coloring(interior, angle))).expect("a picture")
    };
    let black = Interior::Color(mandel::Rgb::BLACK);
    for angle in [None, Some(135.0)] {
        let plain = picture(black, angle);
        for interior in [Interior::Period, Interior::Distance] {
            let colored = picture(interior, angle);
            let pairs = plain.bytes.chunks(3).zip(colored.bytes.chunks(3));
            let changed = pairs.clone().filter(|(a, b)| a != b).count();
            let inside = plain.bytes.chunks(3).filter(|pixel| *pixel == [0; 3]).count();
            // Pixels on the boundary have both.
            assert!(changed > inside / 2 && changed < inside + 300, "{interior}: {changed} of {inside}");
        }
    }
}

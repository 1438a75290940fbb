//! Distances: all kernels agree, however a view is cut, and so do the pictures that are made of them.

use std::ops::Range;

use mandel::{
    Bailout, Coloring, Decimal, Distance, Edge, Escape, Grid, Kernel, Level, Light, Location, Map, Pixmap,
    Plan, Rgb, Rotation, Scene, Shading, Viewport, parse_complex, render,
};

/// Center, height, iterations: shallow, with hardly an escape, deep, beyond the end of `f64`, next to the tip.
const VIEWS: [(&str, &str, u32); 9] = [
    ("-0.65,0", "2.45", 500),
    ("-0.7453,0.1127", "6.5e-3", 3000),
    ("3,4", "1", 50),
    ("-1.759817130804847813610825010561798,-0.012593310799849", "4e-15", 4036),
    ("0,1", "2e-113", 2000),
    ("0,1", "1e-272", 3000),
    ("0,1", "5e-322", 3000),
    ("-2,1e-330", "4e-329", 2000),
    ("-1.999999999986535470632353364290770788593810253,1.2e-23", "1.3e-23", 20_000),
];

fn viewport((center, height, _): (&str, &str, u32), size: (u32, u32)) -> Viewport {
    let height = height.parse::<Decimal>().expect("valid").to_floatexp();
    Viewport::with_height(parse_complex(center).expect("valid"), height, Grid::Centers, size).expect("valid")
}

fn distances(kernel: &dyn Kernel, columns: Range<u32>, rows: Range<u32>) -> Vec<(u32, u32)> {
    let samples = columns.len() * rows.len();
    let (mut escapes, mut out) = (vec![Escape::NONE; samples], vec![Distance { x: 9.0, y: 9.0 }; samples]);
    kernel.iterate(columns.clone(), rows.clone(), &mut escapes);
    kernel.distances(columns, rows, &escapes, &mut out);
    for (escape, distance) in escapes.iter().zip(&out) {
        assert!(distance.length().is_finite());
        assert_eq!(escape.n().is_some(), *distance != Distance::NONE, "{escape:?} {distance:?}");
    }
    out.iter().map(|distance| (distance.x.to_bits(), distance.y.to_bits())).collect()
}

#[test]
fn all_kernels_agree_however_a_view_is_cut() {
    const SIZE: (u32, u32) = (23, 17);
    for view in VIEWS {
        let smooth = Bailout::new(view.2).expect("valid");
        for bailout in [smooth.counts_alone(), smooth] {
            let viewport = viewport(view, SIZE);
            let kernel = |level| Plan::new(&viewport, bailout, Some(level)).kernel().expect("a kernel");
            let truth = distances(kernel(Level::Scalar).as_ref(), 0..SIZE.0, 0..SIZE.1);
            for level in Level::all() {
                let kernel = kernel(level);
                assert_eq!(distances(kernel.as_ref(), 0..SIZE.0, 0..SIZE.1), truth, "{view:?} {level}");
                for y in 0..SIZE.1 {
                    let row = &truth[(y * SIZE.0) as usize..][..SIZE.0 as usize];
                    assert_eq!(distances(kernel.as_ref(), 3..11, y..y + 1), row[3..11], "{view:?} {level}");
                }
            }
        }
    }
}

fn scene(place: &str, size: (u32, u32), supersample: u32, shading: Shading) -> Scene {
    let place = Location::named(place).expect(place);
    let viewport = Viewport::new(place.frame().expect("a view"), Grid::Centers, size).expect("a view");
    let bailout = Bailout::new(place.max_iter).expect("a limit");
    let coloring = Coloring { map: Map::Auto, shading, ..Coloring::default() };
    Scene::new(viewport, bailout, supersample, coloring).expect("a scene")
}

fn lit() -> Shading {
    let light = Some(Light { angle: 135.0, height: 1.2, strength: 1.0 });
    Shading { light, edge: Some(Edge { width: 0.7, color: Some(Rgb([255; 3])) }) }
}

/// Rows of pixels of a part of a picture.
fn part(whole: &Pixmap, (left, top): (u32, u32), (width, height): (u32, u32)) -> Vec<u8> {
    let row = |y: u32| &whole.bytes[3 * (y * whole.width + left) as usize..][..3 * width as usize];
    (top..top + height).flat_map(row).copied().collect()
}

#[test]
fn shaded_pictures_are_the_same_from_any_threads_and_in_any_crop() {
    for (place, supersample) in [("seahorse", 2), ("seahorse", 1), ("leaves", 2)] {
        let scene = scene(place, (61, 37), supersample, lit());
        let whole = render::pixmap(&scene).expect("a picture");
        for threads in [1, 2, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            assert!(pool.install(|| render::pixmap(&scene)).expect("a picture") == whole, "{place}");
        }
        let crop = scene.viewport().crop(20, 11, 30, 19).expect("a part");
        let crop = Scene::new(crop, scene.bailout(), supersample, scene.coloring().clone()).expect("a scene");
        let crop = render::pixmap(&crop).expect("a picture");
        assert!(crop.bytes == part(&whole, (20, 11), (30, 19)), "{place}");
    }
}

/// A light from the right on a picture that is turned by 90 degrees is a light from below on the other.
#[test]
fn the_light_stays_where_it_is_when_the_picture_is_turned() {
    let shading = |angle| Shading { light: Some(Light { angle, height: 1.2, strength: 1.0 }), edge: None };
    let plain = render::pixmap(&scene("seahorse", (40, 40), 1, shading(-90.0))).expect("a picture");
    let scene = scene("seahorse", (40, 40), 1, shading(0.0));
    let rotation = Rotation::new(90.0).expect("an angle");
    let viewport = scene.viewport().clone().with_rotation(rotation).expect("a view");
    let coloring = Coloring { curve: curve(&scene), ..scene.coloring().clone() };
    let turned = Scene::new(viewport, scene.bailout(), 1, coloring).expect("a scene");
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

fn curve(scene: &Scene) -> Option<mandel::Curve> {
    render::Render::of(scene).expect("a render").scene().coloring().curve.clone()
}

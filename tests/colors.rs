//! Colors: golden pictures, and crops.
//!
//! `data/golden.txt` holds a line for each picture: the SHA-256 of its sRGB bytes, and the options of
//! `mandel render -s 64x36` that make it. A picture that changes is a change for users, to be wanted and said. This prints
//! the table anew, into the place of the old one:
//!
//! ```text
//! cargo test --test colors -- --ignored print_the_golden_table
//! ```

use mandel::{
    Bailout, Coloring, Curve, Edge, Grid, Interior, Light, Location, Map, Palette, Pixmap, Rgb, Scene,
    Shading, Viewport, render,
};
use sha2::{Digest, Sha256};

fn scene(place: &str, size: (u32, u32), supersample: u32, coloring: Coloring) -> Scene {
    let place = Location::named(place).expect(place);
    let viewport = Viewport::new(place.frame().expect("a view"), Grid::Centers, size).expect("a view");
    let bailout = Bailout::new(place.max_iter).expect("a limit");
    Scene::new(viewport, bailout, supersample, coloring).expect("a scene")
}

/// The options of a picture, and its scene.
fn picture(place: &str, supersample: u32, coloring: Coloring) -> (String, Scene) {
    let Coloring { palette, map, density, offset, bands, interior, shading, dither, .. } = &coloring;
    let mut options = format!("--supersample {supersample} -p {} --map {map}", palette.name());
    let mut add = |wanted: bool, option: String| {
        if wanted {
            options += &option;
        }
    };
    let max_iter = Location::named(place).expect(place).max_iter;
    add(place != "home", format!(" --at {place} -n {max_iter}"));
    add(palette.is_reversed(), " --reverse".into());
    add(*bands, " --bands".into());
    add(*density != 1.0, format!(" --density {density}"));
    add(*offset != 0.0, format!(" --offset={offset}"));
    add(*interior != Interior::default(), format!(" --interior {interior}"));
    if let Some(Light { angle, height, strength }) = shading.light {
        options += &format!(" --light {angle},{height},{strength}");
    }
    if let Some(Edge { width, color }) = shading.edge {
        options += &format!(" --edge {width}{}", color.map(|color| format!(",{color}")).unwrap_or_default());
    }
    options += if *dither { " --dither" } else { "" };
    (options, scene(place, (64, 36), supersample, coloring))
}

/// Every palette, forth and back, with every map, smooth and in bands; then density, offset, interior, and a deep view.
fn pictures() -> Vec<(String, Scene)> {
    let named = Palette::names().map(|name| Palette::named(name).expect(name));
    let lists = ["#000011,#ffffff,#ffaa00,#000011", "#102030,#fedcba"];
    let lists = lists.map(|list| Palette::from_list(list).expect(list));
    let mut pictures = Vec::new();
    for palette in named.chain(lists) {
        for map in Map::ALL {
            let smooth = Coloring { palette: palette.clone(), map, ..Coloring::default() };
            let bands = Coloring { bands: true, ..smooth.clone() };
            pictures.push(picture("home", 2, smooth));
            pictures.push(picture("home", 1, bands));
        }
        let reversed = Coloring { palette: palette.clone().reversed(), ..Coloring::default() };
        pictures.push(picture("home", 1, reversed.clone()));
        pictures.push(picture("home", 2, Coloring { bands: true, ..reversed }));
    }
    for map in Map::ALL {
        let interior = Interior::Color(Rgb([1, 128, 254]));
        let coloring = Coloring { map, density: 3.5, offset: -0.3, interior, ..Coloring::default() };
        pictures.push(picture("home", 3, coloring.clone()));
        pictures.push(picture("home", 1, Coloring { density: 1000.0, ..coloring }));
        pictures.push(picture("twins", 1, Coloring { map, ..Coloring::default() }));
    }
    let mild = Some(Light { angle: -30.0, height: 2.0, strength: 0.5 });
    let white = Some(Edge { width: 2.0, color: Some(Rgb([255; 3])) });
    let Shading { light, edge } = lit();
    let shadings = [(light, None), (mild, None), (None, edge), (None, white), (light, white)];
    for (light, edge) in shadings {
        let coloring = Coloring { map: Map::Auto, shading: Shading { light, edge }, ..Coloring::default() };
        for (place, supersample) in [("seahorse", 1), ("mini", 2), ("leaves", 2), ("dendrite", 1)] {
            pictures.push(picture(place, supersample, coloring.clone()));
        }
    }
    let inside = |interior, light| Coloring {
        interior,
        shading: Shading { light, edge: None },
        ..Coloring::default()
    };
    let interiors = [
        (Interior::Period, None),
        (Interior::Distance, None),
        (Interior::Period, light),
        (Interior::Distance, light),
    ];
    let interiors = interiors.map(|(interior, light)| inside(interior, light));
    let views = [("home", 2), ("mini", 1), ("seahorse", 2)];
    let interiors =
        interiors.iter().flat_map(|coloring| views.map(|(place, k)| picture(place, k, coloring.clone())));
    let interiors: Vec<_> = interiors.collect();
    for place in ["seahorse", "twins"] {
        let (options, scene) = picture(place, 2, Coloring::default());
        let scene = scene.with_refinement().expect("a scene");
        pictures.push((options.replace("--supersample 2", "--supersample auto"), scene));
    }
    pictures.extend(interiors);
    for (interior, light, dither) in [
        (Interior::Transparent, None, false),
        (Interior::Transparent, light, false),
        (Interior::default(), None, true),
        (Interior::Transparent, light, true),
    ] {
        let coloring = Coloring { dither, ..inside(interior, light) };
        pictures.extend(views.map(|(place, k)| picture(place, k, coloring.clone())));
    }
    pictures
}

/// The whole table.
fn table() -> String {
    let line = |(options, scene): (String, Scene)| {
        let pixmap = render::pixmap(&scene).expect("a picture");
        let hash: String = Sha256::digest(&pixmap.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{hash}  {options}\n")
    };
    pictures().into_iter().map(line).collect()
}

#[test]
fn golden_pictures_keep_every_byte() {
    let (table, golden) = (table(), include_str!("data/golden.txt"));
    for (now, golden) in table.lines().zip(golden.lines()) {
        assert_eq!(now, golden);
    }
    assert_eq!(table.lines().count(), golden.lines().count(), "pictures");
}

#[test]
#[ignore = "writes the table that the other test compares with"]
fn print_the_golden_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/golden.txt");
    std::fs::write(path, table()).expect("the table is written");
}

/// Whether these are the files of the crate as `cargo package` puts them together, which leaves out the pictures in docs/palettes.
fn is_packed() -> bool {
    std::fs::exists(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml.orig")).expect("a folder")
}

#[test]
fn every_palette_is_shown_on_the_page_of_palettes() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");
    let page = std::fs::read_to_string(format!("{docs}/palettes.md")).expect("the page");
    for name in Palette::names() {
        let picture = format!("palettes/{name}.png");
        assert!(page.contains(&format!("| `{name}` | ![{name}]({picture}) |")), "no line for {name}");
        let shown = std::fs::exists(format!("{docs}/{picture}")).expect("a folder");
        assert!(shown || is_packed(), "no picture of {name}");
    }
}

/// Rows of pixels of a part of a picture.
fn part(whole: &Pixmap, (left, top): (u32, u32), (width, height): (u32, u32)) -> Vec<u8> {
    let row = |y: u32| {
        let from = 3 * (y * whole.width + left) as usize;
        &whole.bytes[from..][..3 * width as usize]
    };
    (top..top + height).flat_map(row).copied().collect()
}

#[test]
fn a_crop_has_the_colors_of_the_whole() {
    for place in ["home", "seahorse", "twins"] {
        for (supersample, map) in
            [(1, Map::Log), (2, Map::Log), (2, Map::Linear), (2, Map::Auto), (1, Map::Histogram)]
        {
            let scene = scene(place, (45, 29), supersample, Coloring { map, ..Coloring::default() });
            let whole = render::pixmap(&scene).expect("a picture");
            // A corner, a single pixel, a part with no escape in home, the right half, all.
            for (corner, size) in [
                ((0, 0), (16, 12)),
                ((7, 5), (1, 1)),
                ((23, 13), (3, 3)),
                ((20, 3), (25, 26)),
                ((0, 0), (45, 29)),
            ] {
                let crop = scene.viewport().crop(corner.0, corner.1, size.0, size.1).expect("a part");
                let crop = Scene::new(crop, scene.bailout(), supersample, scene.coloring().clone());
                let crop = render::pixmap(&crop.expect("a scene")).expect("a picture");
                assert_eq!((crop.width, crop.height), size);
                assert!(
                    crop.bytes == part(&whole, corner, size),
                    "{place}, {supersample}, {map}, {corner:?}"
                );
            }
        }
    }
}

fn curve(scene: &Scene) -> Curve {
    let render = render::Render::of(scene).expect("a render");
    render.scene().coloring().curve.clone().expect("a curve")
}

#[test]
fn the_automatic_map_hardly_depends_on_the_size_and_not_at_all_on_threads() {
    let coloring = || Coloring { map: Map::Auto, ..Coloring::default() };
    for place in ["home", "seahorse", "leaves"] {
        let small = curve(&scene(place, (320, 180), 1, coloring()));
        // The preview is the same lattice in the plane. A deep view has another reference orbit, whose roundings differ.
        let large = curve(&scene(place, (640, 360), 2, coloring()));
        if place == "leaves" {
            let (last, other) = (small.points().last().copied(), large.points().last().copied());
            let ((nu, at), (other_nu, other_at)) = last.zip(other).expect("points");
            assert!(nu == other_nu && (at - other_at).abs() < 0.01, "{at} {other_at}");
        } else {
            assert_eq!(small, large, "{place}");
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(7).build().expect("threads");
        assert_eq!(small, pool.install(|| curve(&scene(place, (320, 180), 1, coloring()))), "{place}");
    }
}

#[test]
fn a_histogram_gives_equal_parts_of_the_palette_to_equal_parts_of_the_picture() {
    let coloring = Coloring {
        map: Map::Histogram,
        palette: Palette::from_list("#000,#fff").expect("two"),
        ..Coloring::default()
    };
    let pixmap = render::pixmap(&scene("crown", (120, 68), 1, coloring)).expect("a picture");
    // A quarter of the pixels lies in each quarter of the palette; its middle in sRGB is half of 255.
    let mut quarters = [0; 4];
    pixmap.bytes.chunks(3).for_each(|pixel| quarters[usize::from(pixel[0]) / 64] += 1);
    assert!(quarters.iter().all(|pixels| (1950..2130).contains(pixels)), "{quarters:?}");
}

#[test]
fn a_crop_of_a_crop_is_a_crop_of_the_whole() {
    let scene = scene("seahorse", (40, 30), 2, Coloring::default());
    let whole = render::pixmap(&scene).expect("a picture");
    let crop = scene.viewport().crop(5, 4, 30, 20).and_then(|crop| crop.crop(6, 7, 10, 9)).expect("a part");
    let crop = Scene::new(crop, scene.bailout(), 2, Coloring::default()).expect("a scene");
    assert!(render::pixmap(&crop).expect("a picture").bytes == part(&whole, (11, 11), (10, 9)));
}

#[test]
fn pixels_that_need_more_samples_get_them_wherever_the_picture_is_cut() {
    for (place, shading) in [("seahorse", Shading::default()), ("home", lit()), ("twins", Shading::default())]
    {
        let plain = scene(place, (61, 37), 2, Coloring { map: Map::Auto, shading, ..Coloring::default() });
        let scene = plain.clone().with_refinement().expect("a scene");
        let whole = render::pixmap(&scene).expect("a picture");
        for threads in [1, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            assert!(pool.install(|| render::pixmap(&scene)).expect("a picture") == whole, "{place}");
        }
        let crop = scene.viewport().crop(20, 11, 30, 19).expect("a part");
        let crop = Scene::new(crop, scene.bailout(), 2, scene.coloring().clone()).expect("a scene");
        let crop = render::pixmap(&crop.with_refinement().expect("a scene")).expect("a picture");
        assert!(crop.bytes == part(&whole, (20, 11), (30, 19)), "{place}");
        // It is nearer to 8x8 samples in all pixels.
        let all = |k| {
            let scene = Scene::new(scene.viewport().clone(), scene.bailout(), k, scene.coloring().clone());
            render::pixmap(&scene.expect("a scene")).expect("a picture")
        };
        let error = |one: &Pixmap, other: &Pixmap| -> u64 {
            one.bytes.iter().zip(&other.bytes).map(|(a, b)| u64::from(a.abs_diff(*b))).sum()
        };
        let finest = all(8);
        assert!(error(&whole, &finest) < error(&all(2), &finest), "{place}");
    }
}

fn lit() -> Shading {
    let light = Some(Light { angle: 135.0, height: Light::HEIGHT, strength: 1.0 });
    Shading { light, edge: Some(Edge { width: 0.5, color: None }) }
}

#[test]
fn a_pixmap_survives_the_image_crate() {
    let pixmap = render::pixmap(&scene("home", (13, 7), 1, Coloring::default())).expect("a picture");
    let image = image::RgbImage::from(pixmap.clone());
    assert_eq!(image.dimensions(), (13, 7));
    assert_eq!(image.get_pixel(12, 6).0, pixmap.bytes[3 * 90..]);
    assert_eq!(Pixmap::from(image), pixmap);
    let short = Pixmap { bytes: vec![255; 4], ..pixmap };
    assert_eq!(image::RgbImage::from(short).get_pixel(1, 0).0, [255, 0, 0]);
}

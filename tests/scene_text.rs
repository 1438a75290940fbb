//! Scene -> text -> Scene is the identity, and what cannot be read is refused with line and column.

use mandel::{
    Aspect, Bailout, Coloring, Curve, Decimal, Draft, Edge, Error, Escape, Extent, FloatExp, Frame, Grid,
    Interior, Light, Location, MAX_DIGITS, Map, Palette, Rgb, Rotation, Scene, SceneProblem, SceneValue,
    Shading, Smoothing, Viewport, parse_complex,
};
use num_complex::Complex;

/// Marsaglia's xorshift with shifts 13, 7 and 17: the same scenes every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number from `from` to `to - 1`.
    fn range(&mut self, from: u64, to: u64) -> u64 {
        from + (self.next() >> 11) % (to - from)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.range(0, n) == 0
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.range(0, all.len() as u64) as usize].clone()
    }

    fn digits(&mut self) -> String {
        let length = if self.one_in(50) { self.range(1000, 4000) } else { self.range(1, 40) };
        (0..length).map(|_| self.of(&['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])).collect()
    }

    fn coordinate(&mut self) -> Decimal {
        let sign = self.of(&["", "-"]);
        let power = if self.one_in(4) { -(self.range(0, 9000) as i64) } else { 0 };
        format!("{sign}{}.{}e{power}", self.range(0, 4), self.digits()).parse().expect("a number")
    }

    /// A number above 0, from 10^-depth to 10^depth.
    fn length(&mut self, depth: u64) -> Decimal {
        let power = self.range(0, 2 * depth) as i64 - depth as i64;
        format!("{}.{}e{power}", self.range(1, 10), self.digits()).parse().expect("a number")
    }

    /// A length that keeps the view within `f64`.
    fn extent(&mut self) -> Decimal {
        let power = self.range(0, 5000) as i64 - 4998;
        format!("{}.{}e{power}", self.range(1, 10), self.digits()).parse().expect("a number")
    }

    fn frame(&mut self) -> Frame {
        if self.one_in(3) {
            let (xmin, ymin) = (self.coordinate(), self.coordinate());
            let (xmax, ymax) = (xmin.clone() + self.extent(), ymin.clone() + self.extent());
            return Frame::Region {
                bounds: [xmin, xmax, ymin, ymax],
                aspect: self.of(&[Aspect::Fit, Aspect::Stretch]),
            };
        }
        let extent = match self.range(0, 5) {
            0 => Extent::Zoom(self.length(300)),
            1 => Extent::Height(self.extent()),
            2 => Extent::Width(self.extent()),
            3 => Extent::Contains { width: self.extent(), height: self.extent() },
            _ => {
                let height =
                    FloatExp::new(1.0 + self.next() as f64 / 2.0_f64.powi(64), -(self.range(0, 9000) as i32));
                Extent::Height(Decimal::shortest(height).expect("finite"))
            }
        };
        Frame::Centered { center: Complex::new(self.coordinate(), self.coordinate()), extent }
    }

    fn viewport(&mut self) -> Viewport {
        let size = (self.range(1, 5000) as u32, self.range(1, 5000) as u32);
        let grid = self.of(&[Grid::Centers, Grid::Endpoints]);
        let mut viewport = Viewport::new(self.frame(), grid, size).expect("a view");
        if self.one_in(3) {
            let degrees = self.of(&[1.0, -1.0]) * if self.one_in(2) { self.float(360.0) } else { 90.0 };
            let rotation = Rotation::new(degrees).expect("an angle");
            viewport = viewport.with_rotation(rotation).expect("a view");
        }
        let crop = |random: &mut Self, view: &Viewport| {
            let (left, top) =
                (random.range(0, view.width().into()) as u32, random.range(0, view.height().into()) as u32);
            let width = random.range(1, u64::from(view.width() - left) + 1) as u32;
            let height = random.range(1, u64::from(view.height() - top) + 1) as u32;
            view.crop(left, top, width, height).expect("inside")
        };
        match self.range(0, 4) {
            0 => crop(self, &viewport),
            1 => {
                let part = crop(self, &viewport);
                crop(self, &part)
            }
            _ => viewport,
        }
    }

    /// A float from 0 up with any bits; the exponent ends below `most`.
    fn float(&mut self, most: f64) -> f64 {
        loop {
            let bits = f64::from_bits(self.next() >> 1);
            if bits <= most {
                return bits;
            }
        }
    }

    fn color(&mut self) -> Rgb {
        Rgb([self.next() as u8, self.next() as u8, self.next() as u8])
    }

    fn palette(&mut self) -> Palette {
        let palette = match self.range(0, 3) {
            0 => Palette::named(self.of(&Palette::names().collect::<Vec<_>>())).expect("built in"),
            1 => Palette::from_colors((0..self.range(2, 20)).map(|_| self.color()).collect())
                .expect("a palette"),
            _ => {
                let mut places: Vec<f64> = (0..self.range(0, 9)).map(|_| self.float(0.999)).collect();
                places.extend([0.0, 1.0]);
                places.sort_by(f64::total_cmp);
                places.dedup();
                Palette::from_stops(places.into_iter().map(|place| (place, self.color())).collect())
                    .expect("a palette")
            }
        };
        if self.one_in(2) { palette.reversed() } else { palette }
    }

    fn coloring(&mut self) -> Coloring {
        let (extremes, sign) = ([5e-324, 2.5e-310, 1e6, 0.1, 1.0], self.of(&[1.0, -1.0]));
        let fraction = f32::from_bits(self.next() as u32);
        Coloring {
            palette: self.palette(),
            map: self.of(&Map::ALL),
            density: if self.one_in(2) { self.of(&extremes) } else { self.float(1e6).max(5e-324) },
            offset: sign * if self.one_in(3) { self.of(&[0.0, 1e6, 5e-324]) } else { self.float(1e6) },
            bands: self.one_in(2),
            interior: match self.range(0, 4) {
                0 => Interior::Transparent,
                1 => Interior::Period,
                2 => Interior::Distance,
                _ => Interior::Color(self.color()),
            },
            origin: (fraction.is_finite() && self.one_in(2))
                .then(|| Escape::new(self.range(0, u64::from(u32::MAX)) as u32, fraction)),
            curve: self.one_in(3).then(|| self.curve()),
            shading: self.shading(),
            dither: self.one_in(2),
        }
    }

    fn shading(&mut self) -> Shading {
        let light = Light {
            angle: self.float(1e6) * self.of(&[1.0, -1.0]),
            height: self.of(&[0.5, 1.2, 100.0]),
            strength: self.float(1.0),
        };
        let color = self.one_in(2).then(|| self.color());
        let edge = Edge { width: self.float(1e6).max(5e-324), color };
        Shading { light: self.one_in(3).then_some(light), edge: self.one_in(3).then_some(edge) }
    }

    fn curve(&mut self) -> Curve {
        let mut counts: Vec<f64> = (0..self.range(2, 300)).map(|_| self.float(1e10)).collect();
        counts.extend([1.5, 2.5]);
        counts.sort_by(f64::total_cmp);
        counts.dedup();
        let mut places: Vec<f64> = counts.iter().map(|_| self.float(1e6)).collect();
        places.sort_by(f64::total_cmp);
        Curve::new(counts.into_iter().zip(places).collect()).expect("a curve")
    }

    fn scene(&mut self) -> Scene {
        let max_iter = if self.one_in(9) { Bailout::MAX_ITER } else { self.range(1, 1 << 20) as u32 };
        let radius = match self.range(0, 3) {
            0 => self.float(f64::MAX).max(2.0),
            _ => self.of(&[2.0, 256.0, 1e300, f64::MAX, 2.0_f64.next_up()]),
        };
        let smoothing = if self.one_in(4) { Smoothing::Off } else { Smoothing::Radius(radius) };
        let bailout =
            Bailout::new(max_iter).and_then(|bailout| bailout.with_smoothing(smoothing)).expect("a bailout");
        let scene = Scene::new(self.viewport(), bailout, self.range(1, 9) as u32, self.coloring());
        let scene = scene.expect("a scene");
        // Where the finest lattice has too many samples along a side it stays as it is.
        let refined = self.one_in(4).then(|| scene.clone().with_refinement().ok()).flatten();
        refined.unwrap_or(scene)
    }
}

/// Every float of a scene, by its bits.
fn bits(scene: &Scene) -> Vec<u64> {
    let (view, coloring) = (scene.samples(), scene.coloring());
    let radius = match scene.bailout().smoothing() {
        Smoothing::Off => 0.0,
        Smoothing::Radius(radius) => radius,
    };
    let (last, bottom) = (view.width() - 1, view.height() - 1);
    let (spacing, offset) = (view.spacing(), view.offset(last, bottom));
    let mut floats = vec![coloring.density, coloring.offset, radius, view.magnitude()];
    floats.push(view.rotation().degrees());
    floats.extend(coloring.origin.map(|origin| f64::from(origin.fraction())));
    floats.extend([view.point(0, 0), view.point(last, bottom)].iter().flat_map(|point| [point.re, point.im]));
    floats.extend([spacing.0.mantissa(), spacing.1.mantissa(), offset.abs().mantissa()]);
    let points = coloring.curve.iter().flat_map(Curve::points);
    floats.extend(points.flat_map(|(nu, place)| [*nu, *place]));
    let Shading { light, edge } = coloring.shading;
    floats.extend(light.into_iter().flat_map(|light| [light.angle, light.height, light.strength]));
    floats.extend(edge.map(|edge| edge.width));
    floats.extend(coloring.palette.own_stops().into_iter().flatten().map(|(place, _)| *place));
    floats.into_iter().map(f64::to_bits).collect()
}

#[test]
fn every_scene_is_its_text() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..2000 {
        let scene = random.scene();
        let text = scene.to_text();
        let again = Scene::read(&text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
        assert_eq!(again, scene, "{text}");
        assert_eq!(bits(&again), bits(&scene), "{text}");
        assert_eq!(again.to_text(), text);
    }
}

#[test]
fn lists_and_stops_come_back_as_they_were() {
    let stops = |places: [f64; 4]| {
        let colors = ["#001", "#fff", "#fa0", "#001"].map(|color| color.parse().expect("a color"));
        Palette::from_stops(places.into_iter().zip(colors).collect()).expect("a palette")
    };
    let list = Palette::from_list("#001,#fff,#fa0,#001").expect("a palette");
    assert_eq!(stops([0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]), list);
    for (palette, line) in [
        (list, r##"palette = ["#000011", "#ffffff", "#ffaa00", "#000011"]"##),
        (
            stops([-0.0, 5e-324, 0.3333333333333334, 1.0]),
            r##"palette = [[0.0, "#000011"], [5e-324, "#ffffff"], [0.3333333333333334, "#ffaa00"], [1.0, "#000011"]]"##,
        ),
    ] {
        let coloring = Coloring { palette: palette.clone(), ..Coloring::default() };
        let scene = Draft::default().scene().expect("a scene");
        let scene = Scene::new(scene.viewport().clone(), scene.bailout(), 1, coloring).expect("a scene");
        assert!(scene.to_text().contains(&format!("\n{line}\n")), "{}", scene.to_text());
        let again = Scene::read(&scene.to_text()).expect("a scene").coloring().palette.clone();
        assert_eq!((&again, again.name()), (&palette, palette.name()));
    }
}

const DEFAULT: &str = r##"mandel = 1

[view]
center = "-0.65"
width = "2.8"
height = "2.45"
size = "1920x1080"
grid = "centers"
supersample = 2

[iterate]
max_iter = 1000
escape_radius = 256.0

[color]
palette = "glacier"
reverse = false
map = "log"
density = 1.0
offset = 0.0
bands = false
interior = "#000000"
"##;

const ALL_KEYS: &str = r##"mandel = 1

[view]
region = "-2,1,-1.5,1.5"
aspect = "stretch"
rotate = -22.5
size = "800x600"
grid = "endpoints"
supersample = 3
crop = [10, 20, 300, 200]

[iterate]
max_iter = 50
escape_radius = "none"

[color]
palette = [[0.0, "#000011"], [0.25, "#ffffff"], [1.0, "#000011"]]
reverse = true
map = "cyclic"
density = 1e-7
offset = -0.0
origin = { n = 12, fraction = 0.84 }
curve = [[1.5, 0.0], [2.0, 0.25], [50.0, 1.0]]
bands = true
interior = "#102030"
light = { angle = -45.0, height = 2.0, strength = 0.5 }
edge = { width = 1.5, color = "#ffffff" }
"##;

#[test]
fn what_is_left_out_has_a_default() {
    let home = Location::named("home").expect("built in");
    let viewport =
        Viewport::new(home.frame().expect("a frame"), Grid::Centers, Scene::DEFAULT_SIZE).expect("a view");
    let bailout = Bailout::new(home.max_iter).expect("a bailout");
    let scene =
        Scene::new(viewport, bailout, Scene::DEFAULT_SUPERSAMPLE, Coloring::default()).expect("a scene");
    for text in
        ["", "mandel = 1", "[view]\n[iterate]\n", "\u{feff}# mine\r\n[color]\r\nmap = \"log\"\r\n", DEFAULT]
    {
        assert_eq!(Scene::read(text).as_ref(), Ok(&scene), "{text}");
    }
    assert_eq!(scene.to_text(), DEFAULT);
    assert_eq!(Draft::read("mandel = 1"), Ok(Draft::default()));
    assert_eq!(Scene::read(ALL_KEYS).expect("a scene").to_text(), ALL_KEYS);
}

#[test]
fn whole_turns_are_not_in_the_text() {
    for (given, kept) in
        [("0", ""), ("-0.0", ""), ("720", ""), ("1e3", "rotate = -80.0\n"), ("-180", "rotate = 180.0\n")]
    {
        let scene = Scene::read(&format!("[view]\nrotate = {given}")).expect("a scene");
        let expected = DEFAULT.replace("size = ", &format!("{kept}size = "));
        assert_eq!(scene.to_text(), expected, "{given}");
    }
}

#[test]
fn entries_hold_what_the_text_says() {
    let entries = Scene::read(ALL_KEYS).expect("a scene").entries();
    let keys: Vec<_> = entries.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, ["mandel", "view", "iterate", "color"]);
    let SceneValue::Table(color) = &entries[3].1 else { panic!("{entries:?}") };
    let number = |digits: &str| SceneValue::Number(digits.into());
    assert!(
        color.contains(&(
            "origin",
            SceneValue::Table(vec![("n", number("12")), ("fraction", number("0.84"))])
        ))
    );
    assert!(color.contains(&("offset", number("-0.0"))));
    assert!(color.contains(&("map", SceneValue::Text("cyclic".into()))));
}

#[test]
fn numbers_are_read_exactly() {
    let draft = |text: &str| Draft::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let decimal = |text: &str| text.parse::<Decimal>().expect(text);
    let digits = "12345678901234567890123456789";
    for (value, zoom) in [
        (digits, digits),
        ("1e400", "1e400"),
        ("+1_000.5", "1000.5"),
        ("1E-400", "1e-400"),
        ("\"1e30\"", "1e30"),
        ("\" 1.5e\n 3 \"", "1500"),
    ] {
        let text = format!(
            "[view]\nzoom = {}",
            value.replace('"', if value.contains('\n') { "\"\"\"" } else { "\"" })
        );
        assert_eq!(draft(&text).extent, Some(Extent::Zoom(decimal(zoom))), "{text}");
    }
    for (value, point) in [
        ("-0.7436438870371587047521915061", "-0.7436438870371587047521915061"),
        ("-2", "-2"),
        ("\"-0.75+0.1i\"", "-0.75+0.1i"),
        ("\"\"\"\n-0.75\n  12\r\n+0.1 i\n\"\"\"", "-0.7512+0.1i"),
    ] {
        let text = format!("view.center = {value}");
        assert_eq!(draft(&text).center, Some(parse_complex(point).expect(point)), "{text}");
    }
    let most = "9".repeat(MAX_DIGITS);
    let read = draft(&format!("[view]\ncenter = \"0.{most}\"")).center.expect("a center");
    assert_eq!(read.re, decimal(&format!("0.{most}")));
    let draft =
        draft("[view]\nwidth = 3\nheight = \"2\"\n[iterate]\nescape_radius = 16\n[color]\noffset = -3");
    assert_eq!(draft.extent, Some(Extent::Contains { width: 3.into(), height: 2.into() }));
    assert_eq!(draft.smoothing, Some(Smoothing::Radius(16.0)));
    assert_eq!(draft.offset, Some(-3.0));
}

/// Texts, and where and with which words they are refused.
#[rustfmt::skip]
const BAD: &[(&str, usize, usize, &str)] = &[
    ("mandel = 1\n[view]\nzom = 3\n", 3, 1, "unknown key 'zom'"),
    ("[view]\nrotation = 30", 2, 1, "unknown key 'rotation'"),
    ("[view]\nrotate = \"30 deg\"", 2, 10, "'rotate' must be a number"),
    ("[view]\nrotate = nan", 2, 10, "rotate: a rotation of NaN degrees"),
    ("[view]\nsize = \"9x9\"\nrotate = -inf", 3, 10, "rotate: a rotation of -inf degrees"),
    ("[view]\nrotate = 1e400", 2, 10, "rotate: a rotation of inf degrees"),
    ("[veiw]\n", 1, 2, "unknown key 'veiw'"),
    ("zz = 1\naa = 1", 1, 1, "unknown key 'zz'"),
    ("[view]\n[color.orgin]\nn = 1", 2, 8, "unknown key 'orgin'"),
    ("view = 3", 1, 8, "'view' must be a table"),
    ("[[view]]\n", 1, 1, "'view' must be a table"),
    ("[view]\nzoom = 1\nzoom = 2", 3, 1, "duplicate key"),
    ("[view]\n[color]\n[view]", 3, 2, "duplicate key"),
    ("[view]\r\ncenter = \"0\"\r\nzoom 3", 3, 6, "key with no value, expected `=`"),
    ("mandel = 2\nnew = 3", 1, 10, "a scene of version 2; version 1 is known"),
    ("mandel = \"1\"", 1, 10, "a scene of version string; version 1 is known"),
    ("mandel = 1.0", 1, 10, "a scene of version 1.0; version 1 is known"),
    ("\u{feff}[view]\nzoom = true", 2, 8, "'zoom' must be a number, with or without quotes"),
    ("# \u{e4}\u{1f98e}\nview = { grid = \"\u{e4}\", zoom = 0 }", 2, 29, "zoom: the width and height"),
    ("[view]\nzoom = 0x10", 2, 8, "'zoom' must be a number, with or without quotes"),
    ("[view]\nzoom = inf", 2, 8, "zoom: a digit was expected here at character 0"),
    ("[view]\nheight = nan", 2, 10, "height: a digit was expected here at character 0"),
    ("[view]\nheight = -1", 2, 10, "height: the width and height of a view must be finite"),
    ("[view]\nwidth = \"1.2.3\"", 2, 9, "width: a second decimal point at character 3"),
    ("[view]\nzoom = \"1e100001\"", 2, 8, "zoom: a power of ten beyond"),
    ("[view]\ncenter = \"0.25+0.1\"", 2, 10, "center: the imaginary part needs an 'i'"),
    ("[view]\ncenter = [1, 2]", 2, 10, "'center' must be a point of the plane in quotes"),
    ("[view]\ncenter = 1979-05-27", 2, 10, "'center' must be a point of the plane in quotes"),
    ("[view]\nheight = 2\nzoom = 1", 3, 8, "'zoom' and 'height' exclude each other"),
    ("[view]\nregion = \"0,1,0,1\"\ncenter = 1", 3, 10, "'region' and 'center' exclude each other"),
    ("[view]\naspect = \"fit\"", 2, 10, "'aspect' needs 'region'"),
    ("[view]\nregion = \"0,1,0\"", 2, 10, "'region' must be \"xmin,xmax,ymin,ymax\""),
    ("[view]\nregion = \"0,1,1,1\"", 2, 10, "region: the region is empty"),
    ("[view]\nregion = \"0,1,0,1\"\naspect = \"wide\"", 3, 10, "'wide' is no aspect"),
    ("[view]\nsize = 1920", 2, 8, "'size' must be \"WIDTHxHEIGHT\" in pixels"),
    ("[view]\nsize = \"4294967296x1\"", 2, 8, "'size' must be \"WIDTHxHEIGHT\" in pixels"),
    ("[view]\nsize = \"0x1\"", 2, 8, "size: a size of 0x1 pixels"),
    ("[view]\nsupersample = \"more\"", 2, 15, "'supersample' must be a whole number from 1 to 8, or \"auto\""),
    ("[view]\nsupersample = 9", 2, 15, "supersample: 9 samples along a pixel"),
    ("[view]\ncrop = [1, 2, 3]", 2, 8, "'crop' must be [left, top, width, height]"),
    ("[view]\ncrop = [1, 2, 3, -4]", 2, 18, "'crop' must be a whole number from 0 to"),
    ("[iterate]\nmax_iter = 0", 2, 12, "max_iter: a max_iter of 0"),
    ("[iterate]\nmax_iter = 4294967296", 2, 12, "'max_iter' must be a whole number from 1 to"),
    ("[iterate]\nmax_iter = 1.5", 2, 12, "'max_iter' must be a whole number from 1 to"),
    ("[iterate]\nescape_radius = 1.5", 2, 17, "escape_radius: an escape radius of 1.5"),
    ("[iterate]\nescape_radius = 1e400", 2, 17, "escape_radius: an escape radius of inf"),
    ("[iterate]\nescape_radius = \"off\"", 2, 17, "'escape_radius' must be a number, or \"none\""),
    ("[color]\npalette = \"glacir\"", 2, 11, "'glacir' is no palette"),
    ("[color]\npalette = 3", 2, 11, "'palette' must be a name, or a list of colors"),
    ("[color]\npalette = [\"#000\"]", 2, 11, "palette: a palette of 1 colors"),
    ("[color]\npalette = []", 2, 11, "palette: a palette of 0 colors"),
    ("[color]\npalette = [\"#000\",\n  \"blue\"]", 3, 3, "palette: 'blue' is no color"),
    ("[color]\npalette = [[0, \"#000\"], \"#fff\"]", 2, 25, "'palette' must be a list of [place, color]"),
    ("[color]\npalette = [[0, \"#000\"], [nan, \"#111\"], [1, \"#fff\"]]", 2, 11, "palette: the places of a palette"),
    ("[color]\nreverse = 1", 2, 11, "'reverse' must be true or false"),
    ("[color]\nmap = \"lin\"", 2, 7, "'lin' is no map"),
    ("[color]\ndensity = 0.0", 2, 11, "density: a density of 0.0"),
    ("[color]\ncurve = 3", 2, 9, "'curve' must be a list of [count, place]"),
    ("[color]\ncurve = [[1, 0], [1, 1]]", 2, 9, "curve: the control points of the map do not rise"),
    ("[color]\ncurve = [[1, 0], [2, nan]]", 2, 9, "curve: the control points of the map do not rise"),
    ("[color]\ncurve = [[1, 0], 2]", 2, 18, "'curve' must be a list of [count, place]"),
    ("[color]\ndensity = nan", 2, 11, "density: a density of NaN"),
    ("[color]\noffset = \"1\"", 2, 10, "'offset' must be a number"),
    ("[color]\norigin = { n = 1 }", 2, 10, "'origin' must be { n = a count below 4294967295, fraction = a finite number }"),
    ("[color]\norigin = { n = 1, fraction = nan }", 2, 10, "'origin' must be { n = a count"),
    ("[color]\norigin = { n = 4294967295, fraction = 0 }", 2, 10, "'origin' must be { n = a count"),
    ("[color]\ninterior = \"blue\"", 2, 12, "interior: 'blue' is no color, 'transparent'"),
];

/// Line, column and words of the refusal.
fn refusal(text: &str) -> (usize, usize, String) {
    match Draft::read(text) {
        Err(Error::SceneText { line, column, problem }) => (line, column, problem.to_string()),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn bad_texts_are_refused_with_line_and_column() {
    for &(text, line, column, words) in BAD {
        let found = refusal(text);
        assert_eq!((found.0, found.1), (line, column), "{text}: {found:?}");
        assert!(found.2.starts_with(words), "{text}: {found:?}");
    }
    let unknown = Draft::read("[iterate]\nmaxiter = 3");
    let Err(Error::SceneText { problem: SceneProblem::UnknownKey { known, .. }, .. }) = unknown else {
        panic!("{unknown:?}")
    };
    assert_eq!(known, ["max_iter", "escape_radius"]);
}

#[test]
fn hostile_texts_are_refused_at_once() {
    let start = std::time::Instant::now();
    let many = 200_000;
    for text in [
        "[".repeat(many),
        format!("a = {}", "[".repeat(many)),
        format!("a = {}", "{a=".repeat(many)),
        format!("a{} = 1", ".a".repeat(many)),
        format!("[a{}]", ".a".repeat(many)),
        "\0".repeat(1 << 20),
        "a=1\n".repeat(many),
        (0..many / 2).map(|i| format!("a{i}=1\n")).collect(),
        format!("[view]\nzoom = {}", "9".repeat(1 << 20)),
    ] {
        refusal(&text);
    }
    let digits = refusal(&format!("[view]\ncenter = \"0.{}\"", "9".repeat(MAX_DIGITS + 1)));
    assert_eq!(digits, (2, 10, "center: 100001 digits; at most 100000 are read at character 0".into()));
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn what_no_text_can_say_is_no_scene() {
    let home = Draft::default().scene().expect("a scene");
    let scene =
        |viewport: &Viewport, coloring: Coloring| Scene::new(viewport.clone(), home.bailout(), 3, coloring);
    let origin = |origin| scene(home.viewport(), Coloring { origin: Some(origin), ..Coloring::default() });
    assert_eq!(origin(Escape::NONE), Err(Error::Origin));
    assert_eq!(origin(Escape::new(1, f32::NAN)), Err(Error::Origin));
    assert!(origin(Escape::new(u32::MAX - 1, f32::MIN)).is_ok());

    let region = ["-2", "1", "-1", "1"].map(|text| text.parse().expect(text));
    let view = Viewport::region(region, Grid::Endpoints, Aspect::Fit, (30, 20)).expect("a view");
    let coarse = scene(&view, Coloring::default()).expect("a scene");
    assert_eq!(scene(coarse.samples(), Coloring::default()), Err(Error::Refined));

    let center = Complex::new(0.into(), 0.into());
    let deep =
        Viewport::with_height(center, FloatExp::new(1.0, -400_000), Grid::Centers, (4, 4)).expect("a view");
    assert!(matches!(scene(&deep, Coloring::default()), Err(Error::Number { .. })));
}

//! The command that renders a picture again.

use mandel::{
    Aspect, Bailout, Coloring, Edge, Extent, Frame, Grid, Light, Location, Rotation, Scene, Smoothing,
    format_complex,
};

use crate::cli::palette::known;

/// The most characters of a command. For a picture that takes more, the scene in it is the way.
pub(crate) const LONG: usize = 1000;

/// The command line that renders this picture; `None` if options cannot express it or it is too long.
pub(crate) fn command(scene: &Scene) -> Option<String> {
    let (viewport, coloring) = (scene.viewport(), scene.coloring());
    if viewport.whole() != *viewport
        || scene.bailout().smoothing() != Smoothing::Radius(Bailout::ESCAPE_RADIUS)
    {
        return None;
    }
    let colors = colors(coloring)?;
    let mut words = vec!["mandel render".to_string()];
    let mut option = |name: &str, value: String| words.push(format!("{name} {value}"));
    match (viewport.frame(), Location::of(viewport.frame())) {
        (_, Some(place)) => option("--at", place.name.into()),
        (Frame::Region { bounds, aspect }, _) => {
            option("--region", bounds.clone().map(|bound| bound.to_string()).join(","));
            if *aspect == Aspect::Stretch {
                option("--aspect", "stretch".into());
            }
        }
        (Frame::Exponential { center, zoom }, _) => {
            option("--projection", "exponential".into());
            option("-c", format_complex(center));
            option("-z", zoom.to_string());
        }
        (Frame::Centered { center, extent }, _) => {
            option("-c", format_complex(center));
            match extent {
                Extent::Zoom(zoom) => option("-z", zoom.to_string()),
                Extent::Width(width) => option("--width", width.to_string()),
                Extent::Height(height) => option("--height", height.to_string()),
                Extent::Contains { .. } => return None,
            }
        }
    }
    if viewport.rotation() != Rotation::NONE {
        option("--rotate", viewport.rotation().degrees().to_string());
    }
    option("-s", format!("{}x{}", viewport.width(), viewport.height()));
    option("-n", scene.bailout().max_iter().to_string());
    option(
        "--supersample",
        match scene.refines() {
            true => "auto".into(),
            false => scene.supersample().to_string(),
        },
    );
    if viewport.grid() == Grid::Endpoints {
        option("--grid", "endpoints".into());
    }
    words.extend(colors);
    Some(words.join(" ")).filter(|line| line.len() <= LONG)
}

/// The options of a coloring, without what its map found in the view; `None` if options cannot express its palette.
pub(crate) fn colors(coloring: &Coloring) -> Option<Vec<String>> {
    let palette = known(coloring.palette.name())?;
    let palette = if coloring.palette.is_reversed() { palette.reversed() } else { palette };
    if palette != coloring.palette {
        return None;
    }
    let (default, mut words) = (Coloring::default(), Vec::new());
    let mut option = |name: &str, value: String| words.push(format!("{name} {value}"));
    option("-p", quoted(coloring.palette.name()));
    option("--map", coloring.map.to_string());
    option("--density", coloring.density.to_string());
    if coloring.offset != default.offset {
        option("--offset", coloring.offset.to_string());
    }
    if coloring.interior != default.interior {
        option("--interior", quoted(&coloring.interior.to_string()));
    }
    if let Some(Light { angle, height, strength }) = coloring.shading.light {
        option("--light", format!("{angle},{height},{strength}"));
    }
    if let Some(Edge { width, color }) = coloring.shading.edge {
        let color = color.map(|color| format!(",{color}")).unwrap_or_default();
        option("--edge", quoted(&format!("{width}{color}")));
    }
    words.extend(coloring.palette.is_reversed().then(|| "--reverse".to_string()));
    words.extend(coloring.bands.then(|| "--bands".to_string()));
    words.extend(coloring.dither.then(|| "--dither".to_string()));
    Some(words)
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    if word.contains('#') { format!("\"{word}\"") } else { word.to_string() }
}

//! Color options: from arguments to the colors of a [`Draft`].

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mandel::{Bailout, Draft, Edge, Escape, Interior, Light, Map};

use crate::cli::failure::Failure;
use crate::cli::file_id::Input;
use crate::cli::palette::{self, PaletteArg};
use crate::cli::scene_file::SceneFile;
use crate::cli::value::{self, Named, Shade, Worded};

/// Options that say how numbers become colors.
#[derive(Args, Clone, Default)]
pub(crate) struct ColorArgs {
    /// Take all colors of this scene text or picture
    ///
    /// With the map that was found for it, so that the frames of a film look alike. Other options override them.
    #[arg(long, value_name = "FILE", help_heading = "Color")]
    colors: Option<PathBuf>,
    /// A palette by name, by its colors, or in a file
    ///
    /// A name ('mandel palettes' lists them), colors: "#001,#fff,#fa0,#001", or a file: .map, .ugr (FILE:NAME), .ggr, .kfr, .kfp,
    /// or a picture, whose diagonal is taken. The default is glacier, and that of the view where it has its own.
    #[arg(short, long, value_name = "NAME|COLORS|FILE", hide_possible_values = true, help_heading = "Color", value_parser = Named(palette::palette, palette::names))]
    palette: Option<PaletteArg>,
    /// How counts are laid along the palette [default: auto]
    ///
    /// The default is log for home, seahorse, elephant and mini.
    #[arg(long, value_enum, help_heading = "Color")]
    map: Option<MapArg>,
    /// Pass through the palette this many times as fast
    ///
    /// Up to 1e6 [default: that of the view, 1]
    #[arg(long, value_name = "X", allow_hyphen_values = true, help_heading = "Color", value_parser = Worded(|text| value::real("--density", text)))]
    density: Option<f64>,
    /// Start this far into the palette; 1 is one whole pass [default: 0]
    #[arg(long, value_name = "X", allow_hyphen_values = true, help_heading = "Color", value_parser = Worded(|text| value::real("--offset", text)))]
    offset: Option<f64>,
    /// Where the logarithmic map begins [default: the lowest count]
    #[arg(long, value_name = "N", allow_hyphen_values = true, help_heading = "Color", value_parser = Worded(origin))]
    pub(super) origin: Option<u32>,
    /// Run through the palette backwards
    ///
    /// =false overrides a scene.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Color")]
    reverse: Option<bool>,
    /// Bands of whole counts instead of smooth color
    ///
    /// A palette that has steps of its own keeps them. =false overrides a scene.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Color")]
    bands: Option<bool>,
    /// Color of points that do not escape [default: black]
    ///
    /// A color (#rgb, #rrggbb, black or white), transparent, 'period' for a color of the palette for each period of the cycle that
    /// they come to, or 'distance' for the palette from the boundary inwards.
    #[arg(long, value_name = "COLOR|HOW", hide_possible_values = true, help_heading = "Color", value_parser = Named(interior, interiors))]
    interior: Option<Interior>,
    /// Light on the relief around the set, from this direction
    ///
    /// Degrees from the right, counter-clockwise; 135 is the upper left. HEIGHT from 0.5 makes it milder [1.2], STRENGTH from 0
    /// to 1 weaker [1]; 'none' overrides a scene.
    #[arg(long, value_name = "ANGLE[,HEIGHT[,STRENGTH]]", allow_hyphen_values = true, help_heading = "Color", value_parser = Worded(value::light))]
    light: Option<Shade<Light>>,
    /// Show filaments thinner than a pixel
    ///
    /// What is within X pixels of the set turns to the interior's color, or to COLOR; 'none' overrides a scene.
    #[arg(long, value_name = "X[,COLOR]", allow_hyphen_values = true, help_heading = "Color", value_parser = Worded(value::edge))]
    edge: Option<Shade<Edge>>,
    /// Round colors so that slow gradients show no steps
    ///
    /// By the place of the pixel, in 8 bits. =false overrides a scene.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Color")]
    dither: Option<bool>,
}

#[derive(Clone, Copy, ValueEnum)]
enum MapArg {
    /// The palette goes where the structure is, found from a preview
    Auto,
    /// Equal parts of the palette for equal parts of the picture; keeps all counts in memory
    Histogram,
    /// By the logarithm, from the lowest count in view
    Log,
    /// One pass from 0 to max-iter
    Linear,
    /// One pass from 0 to max-iter, by the square root
    Sqrt,
    /// A pass every 64 iterations
    Cyclic,
}

fn origin(text: &str) -> Result<u32, Failure> {
    value::whole("--origin", text, 0, Bailout::MAX_ITER, "")
}

fn interiors() -> Vec<String> {
    ["black", "white", "transparent", "period", "distance"].map(String::from).to_vec()
}

fn interior(text: &str) -> Result<Interior, Failure> {
    text.parse().map_err(|error| value::named("--interior", &error))
}

impl ColorArgs {
    /// Puts the colors that the options name in place of those of a draft.
    pub(crate) fn put(&self, draft: &mut Draft) -> Result<(), Failure> {
        if let Some(path) = &self.colors {
            SceneFile::read(path)?.colors()?.give_colors(draft);
        }
        let map = self.map.map(|map| match map {
            MapArg::Auto => Map::Auto,
            MapArg::Histogram => Map::Histogram,
            MapArg::Log => Map::Log,
            MapArg::Linear => Map::Linear,
            MapArg::Sqrt => Map::Sqrt,
            MapArg::Cyclic => Map::Cyclic,
        });
        draft.palette = self.palette.as_ref().map(PaletteArg::palette).transpose()?.or(draft.palette.take());
        if map.is_some_and(|map| draft.map != Some(map)) {
            // It belonged to another map.
            draft.curve = None;
            if draft.map.is_some() {
                draft.origin = None;
            }
        }
        draft.map = map.or(draft.map);
        draft.origin = self.origin.map(|n| Escape::new(n, 0.0)).or(draft.origin);
        draft.density = self.density.or(draft.density);
        draft.offset = self.offset.or(draft.offset);
        draft.interior = self.interior.or(draft.interior);
        draft.light = self.light.map(|light| light.0).or(draft.light);
        draft.edge = self.edge.map(|edge| edge.0).or(draft.edge);
        draft.dither = self.dither.or(draft.dither);
        draft.bands = self.bands.or(draft.bands);
        draft.reverse = self.reverse.or(draft.reverse);
        Ok(())
    }

    /// The files that are read.
    pub(crate) fn inputs(&self) -> Vec<Input<'_>> {
        let scene = self.colors.as_deref().map(|path| ("scene", path));
        let palette = self.palette.as_ref().and_then(PaletteArg::path).map(|path| ("palette", path));
        scene.into_iter().chain(palette).collect()
    }

    /// An option that was given, if any.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let given = [
            ("--colors", self.colors.is_some()),
            ("--palette", self.palette.is_some()),
            ("--map", self.map.is_some()),
            ("--density", self.density.is_some()),
            ("--offset", self.offset.is_some()),
            ("--origin", self.origin.is_some()),
            ("--reverse", self.reverse.is_some()),
            ("--bands", self.bands.is_some()),
            ("--interior", self.interior.is_some()),
            ("--light", self.light.is_some()),
            ("--edge", self.edge.is_some()),
            ("--dither", self.dither.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }
}

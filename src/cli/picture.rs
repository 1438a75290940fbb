//! Options that `render` and `stitch` have in common: where a picture goes, and how it is made of its numbers.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use mandel::encode::{Beside, Compression, Depth, Format, Options, Sink, Values};
use mandel::render;
use mandel::{Frame, Scene};

use crate::cli::durability::Durability;
use crate::cli::failure::{Failure, usage};
use crate::cli::file_id::{Input, check_inputs};
use crate::cli::files::Existing;
use crate::cli::request::{Request, requests};
use crate::cli::run::RunArgs;
use crate::cli::terminal::brief;
use crate::cli::value::{self, Auto, Worded};

/// Options that say where a picture goes, and how it is made.
#[derive(clap::Args)]
pub(crate) struct PictureArgs {
    /// File to write, or - for standard output; may be repeated
    ///
    /// The suffix is the format: .png, .npy, ...; .dzi makes tiles, and a page that zooms in them. The default is the first of
    /// mandel.png, mandel-2.png, ... that is not there yet.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Vec<PathBuf>,
    /// How hard to try to make a PNG small
    #[arg(long, value_enum, default_value = "fast", help_heading = "Output")]
    compression: CompressionArg,
    /// Bits of a channel, 8 or 16 [default: 8]
    ///
    /// 16 for PNG, TIFF, PPM and PAM.
    #[arg(long, value_name = "BITS", allow_hyphen_values = true, help_heading = "Output", value_parser = Worded(depth))]
    depth: Option<Depth>,
    /// What a JPEG keeps, from 1 to 100 [default: 92]
    #[arg(long, value_name = "Q", allow_hyphen_values = true, help_heading = "Output", value_parser = Worded(|text| value::whole("--quality", text, 1, 100, "")))]
    quality: Option<u32>,
    /// What an NPY holds [default: counts]
    ///
    /// With distance, NPZ and EXR have distances beside all else.
    #[arg(long, value_enum, help_heading = "Output")]
    values: Option<ValuesArg>,
    /// Prove counts, and write where rounding could have changed one
    ///
    /// NPZ has an array 'certain', and EXR a channel CERTAIN. 'mandel stats' sums it up.
    #[arg(long, help_heading = "Output")]
    pub(crate) certainty: bool,
    /// Leave the scene out of the picture
    ///
    /// And the program's name, and the command that makes it again.
    #[arg(long, help_heading = "Output")]
    pub(crate) no_metadata: bool,
    /// Replace files that are already there
    #[arg(short, long, conflicts_with = "no_clobber", help_heading = "Output")]
    force: bool,
    /// Leave files that are already there as they are
    #[arg(long, help_heading = "Output")]
    no_clobber: bool,

    #[command(flatten)]
    pub(crate) run: RunArgs,
    #[command(flatten)]
    pub(crate) durability: Durability,
    /// Rows handed to a thread at a time, or 'auto'
    #[arg(long, value_name = "N", default_value = "auto", allow_hyphen_values = true, help_heading = "Run", value_parser = Worded(value::rows_per_chunk))]
    rows_per_chunk: Auto<u32>,
    /// Draw the picture in the terminal while it is made
    #[arg(long, help_heading = "Run")]
    pub(crate) preview: bool,
    /// Say more: the scene, and how it is computed
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Run")]
    pub(crate) verbose: bool,
    /// Print a summary as one JSON object
    #[arg(long, help_heading = "Run")]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum CompressionArg {
    /// Quickly
    Fast,
    /// Often a tenth smaller, five times the work
    Balanced,
    /// As small as it gets, slowly
    Best,
}

impl From<CompressionArg> for Compression {
    fn from(argument: CompressionArg) -> Self {
        match argument {
            CompressionArg::Fast => Self::Fast,
            CompressionArg::Balanced => Self::Balanced,
            CompressionArg::Best => Self::Best,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum ValuesArg {
    /// Escape counts as uint32, max-iter where nothing escaped
    Counts,
    /// Smooth iteration counts as float64, NaN where nothing escaped
    Smooth,
    /// Estimated distances from the set in samples as two float32, to the right and up, 0 where nothing escaped
    Distance,
}

impl From<ValuesArg> for Values {
    fn from(argument: ValuesArg) -> Self {
        match argument {
            ValuesArg::Counts => Self::Counts,
            ValuesArg::Smooth => Self::Smooth,
            ValuesArg::Distance => Self::Distance,
        }
    }
}

fn depth(text: &str) -> Result<Depth, Failure> {
    value::not_an_option("--depth", text)?;
    match text.trim() {
        "8" => Ok(Depth::Eight),
        "16" => Ok(Depth::Sixteen),
        _ => Err(usage(format!("--depth is 8 or 16 bits a channel (got '{}')", brief(text)))),
    }
}

impl PictureArgs {
    /// The options for a file of numbers: whether to replace one that is there, to leave texts out, and to print a summary.
    pub(crate) fn numbers(
        path: &Path,
        run: RunArgs,
        durability: Durability,
        (force, no_metadata, json): (bool, bool, bool),
    ) -> Self {
        Self {
            output: vec![path.into()],
            compression: CompressionArg::Fast,
            depth: None,
            quality: None,
            values: None,
            certainty: false,
            no_metadata,
            force,
            no_clobber: false,
            durability,
            run,
            rows_per_chunk: Auto(None),
            preview: false,
            verbose: false,
            json,
        }
    }

    /// The outputs, none of which takes the place of a file that is read.
    pub(crate) fn requests(&self, format: Option<Format>, inputs: &[Input]) -> Result<Vec<Request>, Failure> {
        let requests = requests(&self.output, format)?;
        if self.force {
            check_inputs(inputs, requests.iter().filter_map(|request| request.path.as_deref()))?;
        }
        Ok(requests)
    }

    pub(crate) fn values(&self) -> Values {
        self.values.map_or(Values::Counts, Values::from)
    }

    /// Sinks, rows of a band, and the bytes that the render takes beside the reference orbit.
    pub(crate) fn bands(
        &self,
        requests: &[Request],
        scene: &Scene,
        threads: usize,
    ) -> (Vec<Box<dyn Sink>>, u32, u64) {
        let layout = render::layout(scene);
        let options = self.options(scene);
        let sink = |request: &Request| request.format.sink(layout, options);
        let sinks: Vec<Box<dyn Sink>> = requests.iter().map(sink).collect();
        let rows = self.rows_per_chunk.0.unwrap_or_else(|| render::default_rows_per_band(scene, threads));
        let rows = render::rows_per_band(scene, rows, &sinks);
        let needed = render::memory(scene, threads, rows, &sinks);
        (sinks, rows, needed)
    }

    fn options(&self, scene: &Scene) -> Options {
        Options {
            compression: self.compression.into(),
            values: self.values(),
            beside: Beside {
                distances: self.values() == Values::Distance || scene.coloring().detail().has_distances(),
                certain: self.certainty,
            },
            depth: self.depth.unwrap_or_default(),
            quality: self.quality.map_or(Options::QUALITY, |quality| quality as u8),
        }
    }

    /// Checks that every file can hold the picture, and that no option is without one that it concerns.
    pub(crate) fn check(&self, scene: &Scene, requests: &[Request]) -> Result<(), Failure> {
        let any = |holds: fn(Format) -> bool| requests.iter().any(|request| holds(request.format));
        if self.depth == Some(Depth::Sixteen) && !any(Format::takes_colors) {
            return Err(usage("--depth is for pictures, and there is none to write; add -o picture.png"));
        }
        if self.preview && !any(Format::takes_colors) {
            return Err(usage("--preview draws a picture, and there is none to write; add -o picture.png"));
        }
        if self.quality.is_some() && !any(Format::has_quality) {
            return Err(usage("--quality is for JPEG, and there is none to write; add -o picture.jpg"));
        }
        if self.certainty && !any(Format::is_field) {
            return Err(usage(
                "--certainty is for NPZ and EXR, and there is none to write; add -o numbers.npz",
            ));
        }
        if self.certainty && matches!(scene.viewport().frame(), Frame::Exponential { .. }) {
            return Err(usage("the counts of an exponential map are not proven; leave out --certainty"));
        }
        let (layout, options) = (render::layout(scene), self.options(scene));
        requests.iter().try_for_each(|request| request.format.check(layout, options))?;
        self.check_values(scene, any(Format::holds_numbers))
    }

    /// Checks that `--values` has a file to go into, and a scene to come from.
    fn check_values(&self, scene: &Scene, numbers: bool) -> Result<(), Failure> {
        match self.values {
            Some(_) if !numbers => {
                Err(usage("--values is for files of numbers, and there is none to write; add -o numbers.npy"))
            }
            Some(ValuesArg::Smooth) if !scene.bailout().is_smooth() => Err(usage(
                "--values smooth needs a scene with an escape radius, and this one has none; \
                 write escape_radius = 256 into its [iterate]",
            )),
            _ => Ok(()),
        }
    }

    pub(crate) fn existing(&self) -> Existing {
        match (self.force, self.no_clobber) {
            (true, _) => Existing::Replace,
            (_, true) => Existing::Keep,
            _ => Existing::Refuse,
        }
    }
}

/// Checks that a format can hold the counts of a scene, and that an output can hold the format.
pub(crate) fn check_format(request: &Request, sink: &dyn Sink, max_iter: u32) -> Result<(), Failure> {
    let format = request.format;
    if sink.takes_places() && request.is_special() {
        return Err(usage(format!(
            "{format} is written in several places of a file at once, which a pipe is not; name a file, as in \
             -o numbers.{format}"
        )));
    }
    if max_iter > sink.max_iter() {
        let (name, most) = (format.to_string().to_uppercase(), sink.max_iter());
        return Err(usage(format!("an {name} holds counts up to {most}; choose a --max-iter up to that")));
    }
    Ok(())
}

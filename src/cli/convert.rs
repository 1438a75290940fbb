//! `mandel convert`: a scene or location as a file of mandel, Kalles Fraktaler or Fraktaler-3.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use mandel::Scene;

use crate::cli::durability::Durability;
use crate::cli::failure::{Failure, usage};
use crate::cli::file_id::check_inputs;
use crate::cli::files::{Existing, Output, finish_all, in_the_way};
use crate::cli::interrupt::Unfinished;
use crate::cli::request::{Request, check_name};
use crate::cli::scene_file::{self, SceneFile};
use crate::cli::terminal::{say, shown};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A picture, a scene text or a location; - for standard input
    ///
    /// As for --scene of 'mandel render'.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to write: .toml, .kfr or .f3.toml
    ///
    /// NAME.toml is a scene text, NAME.kfr a location of Kalles Fraktaler, NAME.f3.toml one of Fraktaler-3.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace the file if it is there
    #[arg(short, long)]
    force: bool,
    /// Say nothing but errors
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    durability: Durability,
}

/// What is written, shown as its suffix.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Scene,
    KallesFraktaler,
    Fraktaler3,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scene => "toml",
            Self::KallesFraktaler => "kfr",
            Self::Fraktaler3 => "f3.toml",
        })
    }
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    check_name("--output", &args.output, "scene.toml")?;
    let kind = kind(&args.output)?;
    if args.force {
        check_inputs(&[("file", scene_file::entry(&args.file).0)], [args.output.as_path()])?;
    }
    let file = SceneFile::read(&args.file)?;
    let draft = file.draft()?;
    let mut notes = file.notes();
    if draft.max_iter.is_none() {
        notes.push("no limit of iterations is in the file; 1000 is written".into());
    }
    let scene = draft.scene()?;
    if kind != Kind::Scene && scene.viewport().whole() != *scene.viewport() {
        notes.push("the crop is left out: this is the whole view".into());
    }
    let text = text(kind, &scene)?;
    let unfinished = Unfinished::watch(args.durability);
    let request = Request { path: Some(args.output.clone()), format: kind, poster: false };
    let existing = if args.force { Existing::Replace } else { Existing::Refuse };
    let output = Output::open(&request, existing, text.len() as u64, &unfinished).map_err(in_the_way)?;
    if let Some(mut output) = output {
        let failure = output.failure();
        output.write_all(text.as_bytes()).map_err(failure)?;
        finish_all(vec![output])?;
    }
    if !args.quiet {
        notes.iter().for_each(|note| say(format_args!("note: {note}")));
    }
    Ok(())
}

/// The text of a file.
fn text(kind: Kind, scene: &Scene) -> Result<String, Failure> {
    let written = match kind {
        Kind::Scene => Some(scene.to_text()),
        Kind::KallesFraktaler => scene.to_kalles_fraktaler(),
        Kind::Fraktaler3 => scene.to_fraktaler3(),
    };
    written.ok_or_else(|| {
        usage(format!(
            "a view with --aspect stretch has no place in .{kind}, where pixels are square; write .toml"
        ))
    })
}

/// What a file is to be, from its name.
fn kind(path: &Path) -> Result<Kind, Failure> {
    let name = path.to_string_lossy().to_lowercase();
    let kinds = [Kind::Fraktaler3, Kind::Scene, Kind::KallesFraktaler];
    kinds.into_iter().find(|kind| name.ends_with(&format!(".{kind}"))).ok_or_else(|| {
        usage(format!("cannot tell what {} is to be; name it .toml, .kfr or .f3.toml", shown(path)))
    })
}

//! `mandel info`: the scene in a file.

use std::path::PathBuf;

use serde_json::json;

use crate::cli::failure::{Failure, print};
use crate::cli::scene_file::{KEYWORD, SceneFile};
use crate::cli::scene_json::scene_json;
use crate::cli::terminal::{brief, steers};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A PNG made by mandel, or a scene text; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let file = SceneFile::read(&args.file)?;
    // A scene that cannot be read is an error here too.
    let draft = file.draft()?;
    let others = file.texts.iter().filter(|(keyword, _)| keyword != KEYWORD);
    if args.json {
        let mut object = json!({ "scene": scene_json(&draft.scene()?) });
        for (keyword, text) in others {
            object[keyword.to_lowercase()] = text.clone().into();
        }
        return print(&format!("{object}\n"));
    }
    // Other texts become comments, so that the output is a scene text.
    let comments = others.map(|(keyword, text)| format!("# {}: {}\n", brief(keyword), one_line(text)));
    let text = file.text.chars().map(|c| if steers(c) && !c.is_whitespace() { '?' } else { c });
    print(&(comments.collect::<String>() + &text.collect::<String>()))
}

/// A text without what could end the line or steer a terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if steers(c) { ' ' } else { c }).collect()
}

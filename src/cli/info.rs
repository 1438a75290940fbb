//! `mandel info`: the scene or location in a file, or this machine.

use std::path::PathBuf;

use mandel::Scene;
use mandel::location::Found;
use serde_json::json;

use crate::cli::failure::{Failure, print};
use crate::cli::scene_file::{KEYWORD, SceneFile};
use crate::cli::scene_json::scene_json;
use crate::cli::system;
use crate::cli::terminal::{brief, steers};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A picture, a scene text or a location; - for standard input
    ///
    /// A picture or NPZ made by mandel, a scene text, or a location of another program (FILE:ENTRY for one of several).
    #[arg(value_name = "FILE", required_unless_present = "system")]
    file: Option<PathBuf>,
    /// Tell what this machine offers: CPUs, limits, instructions
    #[arg(long, conflicts_with = "file")]
    system: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let Some(path) = &args.file else { return system::run(args.json) };
    let file = SceneFile::read(path)?;
    // A scene that cannot be read is an error here too.
    let draft = file.draft()?;
    if let Some(found) = &file.found {
        return print(&foreign(found, &draft.scene()?, args.json));
    }
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

/// A location of another program: whose it is, what was left out, and the scene.
fn foreign(found: &Found, scene: &Scene, json: bool) -> String {
    let program = found.program.to_string();
    if json {
        let object = json!({ "scene": scene_json(scene), "program": program, "notes": found.notes });
        return format!("{object}\n");
    }
    let notes = found.notes.iter().map(|note| format!("# note: {}\n", one_line(note)));
    format!("# program: {program}\n{}{}", notes.collect::<String>(), scene.to_text())
}

/// A text without what could end the line or steer a terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if steers(c) { ' ' } else { c }).collect()
}

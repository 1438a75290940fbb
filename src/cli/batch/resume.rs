//! Whether what is there is what a job would make.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use mandel::decode::FieldFile;
use mandel::encode::{DZI_SIGNATURE, EXR_SIGNATURE, SIGNATURE, dzi_texts, exr_strings, texts};
use mandel::{Draft, Scene};

use crate::cli::failure::Failure;
use crate::cli::scene_file::KEYWORD;

/// What is found under the name of an output.
#[derive(PartialEq)]
enum Found {
    /// A complete picture of the scene.
    Same,
    /// An array of counts, which does not say of what.
    Counts,
    /// Nothing, a picture of another scene, or a damaged one.
    Other,
    /// What mandel has not made, or does not know to have made.
    Foreign,
}

/// Whether all files of a job are there and complete, and some picture among them is of this scene.
///
/// A job puts its pictures in their places after its other files, so those are of the same scene.
///
/// # Errors
/// [`Failure::Exists`] for a file that is none of mandel's, unless it may be replaced as well.
pub(super) fn is_complete(paths: &[PathBuf], scene: &Scene, force: bool) -> Result<bool, Failure> {
    let found: Vec<Found> = paths.iter().map(|path| look(path, scene)).collect();
    if let Some(at) = found.iter().position(|found| *found == Found::Foreign).filter(|_| !force) {
        return Err(Failure::Exists(paths[at].clone(), FOREIGN));
    }
    let is_there = |found: &Found| matches!(found, Found::Same | Found::Counts);
    Ok(found.contains(&Found::Same) && found.iter().all(is_there))
}

const FOREIGN: &str = "mandel has not made it, or not with its scene in it; add --force to replace it";

fn look(path: &Path, scene: &Scene) -> Found {
    // What cannot be read is tried to be written, and the reason is said there.
    let Ok(mut file) = File::open(path) else { return Found::Other };
    let mut head = Vec::new();
    let read = file.by_ref().take(SIGNATURE.len() as u64).read_to_end(&mut head);
    if read.is_err() || head.is_empty() || file.rewind().is_err() {
        return Found::Other;
    }
    // All checksums of a PNG are compared.
    let texts = match &head[..] {
        head if head == SIGNATURE => texts(BufReader::new(file)).ok(),
        head if head.starts_with(&DZI_SIGNATURE) => dzi_texts(file).ok(),
        head if head.starts_with(&EXR_SIGNATURE) => exr_strings(BufReader::new(file)).ok(),
        // Its arrays stay in the file.
        [b'P', b'K', ..] => FieldFile::open(file, Some(1), 0).ok().map(|field| field.texts()),
        head => return if head.starts_with(b"\x93NUMPY") { Found::Counts } else { Found::Foreign },
    };
    let Some(texts) = texts else { return Found::Other };
    match texts.iter().find(|(keyword, _)| keyword == KEYWORD) {
        Some((_, text)) if is_same(text, scene) => Found::Same,
        Some(_) => Found::Other,
        None => Found::Foreign,
    }
}

/// Whether a text says this scene. What its map leaves open in the scene was found for the text.
fn is_same(text: &str, scene: &Scene) -> bool {
    let (Ok(mut there), Ok(wanted)) = (Draft::read(text), Draft::read(&scene.to_text())) else {
        return false;
    };
    if wanted.origin.is_none() {
        there.origin = None;
    }
    if wanted.curve.is_none() {
        there.curve = None;
    }
    there == wanted
}

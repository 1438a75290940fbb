//! Scenes from files: a scene text, or a PNG that contains one.

use std::fs::File;
use std::io::{self, Read, stdin};
use std::path::Path;

use mandel::encode::{SIGNATURE, TextsError, texts};
use mandel::{Decimal, Draft, Error, parse_complex};
use num_complex::Complex;

use crate::cli::failure::{Failure, usage};
use crate::cli::terminal::{reason, shown};
use crate::cli::words::words;

/// The keyword of the scene text in a PNG.
pub(crate) const KEYWORD: &str = "mandel";

/// The most bytes of a scene text or of a file with a center. Two numbers of 100,000 digits take a fifth of it.
const MAX_BYTES: u64 = 1 << 20;

/// What to say of a longer text.
const PAGE: &str = "a scene takes one page";

/// What a file says of a scene.
pub(crate) struct SceneFile {
    /// The name for messages.
    name: String,
    /// The scene text.
    pub(crate) text: String,
    /// All texts of a PNG, by keyword.
    pub(crate) texts: Vec<(String, String)>,
}

impl SceneFile {
    /// Reads a scene text, or a PNG with one; `-` is standard input.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let name = name(path);
        let mut reader = open(path)?;
        let mut head = Vec::new();
        let fails = |error: io::Error| read_failure(path, &error);
        reader.by_ref().take(SIGNATURE.len() as u64).read_to_end(&mut head).map_err(fails)?;
        if head != SIGNATURE {
            let text = bounded(path, head, reader, PAGE)?;
            return Ok(Self { name, text, texts: Vec::new() });
        }
        let found = texts(io::Cursor::new(head).chain(io::BufReader::new(reader)));
        let texts = found.map_err(|error| match error {
            TextsError::Io(error) => fails(error),
            TextsError::Damaged(error) => Failure::Input(format!("{name}: {}", words(&error))),
        })?;
        match texts.iter().find(|(keyword, _)| keyword == KEYWORD) {
            Some((_, text)) => Ok(Self { name, text: text.clone(), texts }),
            None => Err(Failure::Input(format!(
                "{name} is a PNG without a scene: another program made it, or mandel with --no-metadata"
            ))),
        }
    }

    /// The scene of the text, of which parts may be open.
    pub(crate) fn draft(&self) -> Result<Draft, Failure> {
        if self.text.trim().is_empty() {
            return Err(usage(format!("{} is empty; a scene text has at least one key", self.name)));
        }
        Draft::read(&self.text).map_err(|error| match error {
            Error::SceneText { .. } => Failure::Usage(format!("{}:{}", self.name, words(&error))),
            other => Failure::Usage(format!("{}: {}", self.name, words(&other))),
        })
    }
}

/// Reads the center of a view from a file.
pub(crate) fn center(path: &Path) -> Result<Complex<Decimal>, Failure> {
    let text = text(path, PAGE)?;
    parse_complex(text.trim_start_matches('\u{feff}').trim()).map_err(|error| {
        let Error::Number { position, .. } = error else { return Failure::Error(error) };
        usage(format!("--center: {}: {} at character {}", name(path), words(&error), position + 1))
    })
}

/// The text of a file; `least` says what to do about one that is too long.
pub(crate) fn text(path: &Path, least: &str) -> Result<String, Failure> {
    bounded(path, Vec::new(), open(path)?, least)
}

/// The name of a file for messages.
pub(crate) fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".into() } else { shown(path) }
}

fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(stdin().lock()));
    }
    if path.is_dir() {
        return Err(usage(format!("{} is a directory; name a file", shown(path))));
    }
    match File::open(path) {
        Ok(file) => Ok(Box::new(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(usage(format!("there is no file {}", shown(path))))
        }
        Err(error) => Err(read_failure(path, &error)),
    }
}

fn read_failure(path: &Path, error: &io::Error) -> Failure {
    Failure::Io { action: "read", path: path.into(), problem: reason(error) }
}

/// The text that begins with `head` and goes on in `reader`, if it is one and not too long.
fn bounded(path: &Path, head: Vec<u8>, reader: impl Read, least: &str) -> Result<String, Failure> {
    let (name, mut bytes) = (name(path), head);
    reader.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| read_failure(path, &error))?;
    let input = |words: String| Err(Failure::Input(words));
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        return input(format!(
            "{name}:{}: a zero byte; this is neither a text nor a PNG",
            place(&bytes[..at])
        ));
    }
    if bytes.len() as u64 > MAX_BYTES {
        return input(format!("{name}:1:1: the text is longer than 1 MiB; {least}"));
    }
    String::from_utf8(bytes).or_else(|error| {
        let valid = error.utf8_error().valid_up_to();
        input(format!("{name}:{}: the text is not UTF-8", place(&error.as_bytes()[..valid])))
    })
}

/// Line and column behind these bytes.
pub(crate) fn place(before: &[u8]) -> String {
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    format!("{line}:{}", String::from_utf8_lossy(&before[start..]).chars().count() + 1)
}

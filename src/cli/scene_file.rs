//! Scenes from files: a scene text, the location of another program, or a picture that contains one.

use std::fs::File;
use std::io::{self, BufReader, Read, stdin};
use std::path::Path;

use mandel::decode::{FieldFile, ReadError};
use mandel::encode::{
    DZI_SIGNATURE, EXR_SIGNATURE, JPEG_SIGNATURE, SIGNATURE, TextsError, dzi_texts, exr_strings,
    jpeg_comment, texts,
};
use mandel::location::{Found, LocationError, LocationProblem, Program};
use mandel::{Decimal, Draft, Error, parse_pasted};
use num_complex::Complex;

use crate::cli::failure::{Failure, usage};
use crate::cli::memory;
use crate::cli::terminal::{brief, cut, reason, shown};
use crate::cli::words::{did_you_mean, words};

/// The keyword of the scene text in a PNG.
pub(crate) const KEYWORD: &str = mandel::encode::SCENE;

/// The most bytes of a scene text or of a file with a center. Two numbers of 100,000 digits take a fifth of it.
const MAX_BYTES: u64 = 1 << 20;

/// So many bytes tell the kind of a file.
const HEAD: u64 = SIGNATURE.len() as u64;

/// What to say of a longer text.
const PAGE: &str = "a scene takes one page";

/// What a file says of a scene.
pub(crate) struct SceneFile {
    /// The name for messages.
    name: String,
    /// The scene text, or that of another program.
    pub(crate) text: String,
    /// All texts of a picture, by keyword.
    pub(crate) texts: Vec<(String, String)>,
    /// The location, where another program wrote it.
    pub(crate) found: Option<Found>,
}

/// Where other programs keep their locations in a picture, in lower case.
const FOREIGN: [&str; 5] =
    ["comment", "fraktaler3", "kallesfraktaler2+", "mandelbrot:params", "mandelbrot:url"];

impl SceneFile {
    /// Reads a scene text, the location of another program, or a picture with one of them; `-` is standard input.
    ///
    /// Behind a colon may stand the name of an entry of the file.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let (path, entry) = entry(path);
        let mut reader = BufReader::new(open(path)?);
        let mut head = Vec::new();
        let fails = |error: io::Error| read_failure(path, &error);
        reader.by_ref().take(HEAD).read_to_end(&mut head).map_err(fails)?;
        if head.starts_with(b"PK\x03\x04") && path.as_os_str() != "-" {
            return Self::of_numbers(path);
        }
        let picture = PICTURES.iter().find(|(_, signature, ..)| head.starts_with(signature));
        let Some((kind, _, why, texts)) = picture else {
            if let Some((kind, _, why)) = BARE.iter().find(|(_, signature, _)| head.starts_with(signature)) {
                return Err(Failure::Input(format!("{} is {kind}: {why}", name(path))));
            }
            let text = bounded(path, head, reader, PAGE)?;
            return Self::of(name(path), text, Vec::new(), entry);
        };
        let texts = texts(&mut io::Cursor::new(head).chain(reader)).map_err(|error| match error {
            TextsError::Io(error) => fails(error),
            TextsError::Damaged(error) => Failure::Input(format!("{}: {}", name(path), words(&error))),
        })?;
        if let Some((_, text)) = texts.iter().find(|(keyword, _)| keyword == KEYWORD) {
            return Ok(Self { name: name(path), text: text.clone(), texts, found: None });
        }
        let foreign = texts.iter().find(|(keyword, text)| match Program::of(text) {
            Some(program) => program == Program::Xaos || FOREIGN.contains(&&*keyword.to_lowercase()),
            None => false,
        });
        match foreign {
            Some((keyword, text)) => {
                Self::of(format!("{}, text '{}'", name(path), brief(keyword)), text.clone(), texts, entry)
            }
            None => Err(Failure::Input(format!("{} is {kind} without a scene: {why}", name(path)))),
        }
    }

    /// The scene in an NPZ. Its arrays stay in the file, unless they are deflated.
    fn of_numbers(path: &Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| read_failure(path, &error))?;
        let free = memory::available().unwrap_or(u64::MAX);
        let field = FieldFile::open(file, Some(1), free).map_err(|error| match error {
            ReadError::Io(error) => read_failure(path, &error),
            ReadError::Bad(error) => Failure::Input(format!("{}: {}", name(path), words(&error))),
        })?;
        let texts = field.texts();
        match texts.iter().find(|(keyword, _)| keyword == KEYWORD) {
            Some((_, text)) => Ok(Self { name: name(path), text: text.clone(), texts, found: None }),
            None => Err(Failure::Input(format!("{} holds numbers without a scene", name(path)))),
        }
    }

    /// A text by itself.
    fn of(
        name: String,
        text: String,
        texts: Vec<(String, String)>,
        entry: Option<&str>,
    ) -> Result<Self, Failure> {
        let program = Program::of(&text);
        if entry.is_some() && !program.is_some_and(Program::has_entries) {
            return Err(usage(format!("{name} has no entries; leave out the ':' and what follows it")));
        }
        let found = program.map(|program| Found::read(program, &text, entry)).transpose();
        let found = found.map_err(|error| refused(&name, &error))?;
        Ok(Self { name, text, texts, found })
    }

    /// The scene of the text, of which parts may be open.
    pub(crate) fn draft(&self) -> Result<Draft, Failure> {
        if let Some(found) = &self.found {
            return Ok(found.draft.clone());
        }
        if self.text.trim().is_empty() {
            return Err(usage(format!("{} is empty; a scene text has at least one key", self.name)));
        }
        Draft::read(&self.text).map_err(|error| match error {
            Error::SceneText { .. } => Failure::Usage(format!("{}:{}", self.name, words(&error))),
            other => Failure::Usage(format!("{}: {}", self.name, words(&other))),
        })
    }

    /// The scene of the text, whose colors are wanted.
    pub(crate) fn colors(&self) -> Result<Draft, Failure> {
        match &self.found {
            None => self.draft(),
            Some(found) => Err(usage(format!(
                "{} is a location of {}, whose colors are not read; take those of a scene or picture of mandel",
                self.name, found.program
            ))),
        }
    }

    /// The center of the view.
    fn center(&self) -> Result<Complex<Decimal>, Failure> {
        let draft = self.draft()?;
        let middle = |low: Decimal, high: Decimal| (low + high).half();
        let region = draft
            .region
            .map(|([xmin, xmax, ymin, ymax], _)| Complex::new(middle(xmin, xmax), middle(ymin, ymax)));
        draft.center.or(region).ok_or_else(|| usage(format!("{} names no center", self.name)))
    }

    /// What differs from the file.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.found.as_ref().map_or_else(Vec::new, |found| found.notes.clone())
    }
}

/// Reads all texts of a picture.
type ReadTexts = fn(&mut dyn Read) -> Result<Vec<(String, String)>, TextsError>;

/// Pictures with texts, by how they begin, and why there may be no scene among them.
const PICTURES: [(&str, &[u8], &str, ReadTexts); 4] = [
    ("a PNG", &SIGNATURE, LEFT_OUT, |png| texts(png)),
    ("a JPEG", &JPEG_SIGNATURE, NO_SCENE, |jpeg| Ok(vec![("Comment".into(), jpeg_comment(jpeg)?)])),
    ("an EXR", &EXR_SIGNATURE, LEFT_OUT, |exr| exr_strings(exr)),
    ("a poster", &DZI_SIGNATURE, LEFT_OUT, |xml| dzi_texts(xml)),
];

/// Files in which no scene is looked for, by how they begin.
const BARE: [(&str, &[u8], &str); 11] = [
    ("a WebP", b"RIFF", NO_SCENE),
    ("a TIFF", b"II*\0", DESCRIPTION),
    ("a TIFF", b"MM\0*", DESCRIPTION),
    ("a QOI", b"qoif", NO_SCENE),
    ("a PPM", b"P6\n", NO_SCENE),
    ("a PAM", b"P7\n", NO_SCENE),
    ("a GIF", b"GIF8", NO_SCENE),
    ("an NPY", b"\x93NUMPY", NO_SCENE),
    ("a KFB", b"KFB", NO_SCENE),
    ("a shard", b"\x89MSH", OF_JOB),
    ("a reference orbit", b"\x89MRB", OF_JOB),
];

const LEFT_OUT: &str =
    "a program made it that leaves none, mandel with --no-metadata, or its texts were removed";
const NO_SCENE: &str = "mandel writes no scene into it; PNG, posters, NPZ and EXR carry one: write one of them too, as with a \
                        second -o picture.png";
const OF_JOB: &str = "it belongs to a job, whose job.json 'mandel stitch' reads";
const DESCRIPTION: &str = "the scene is its text ImageDescription, if mandel made it, and is not read from there; save that text as \
                           scene.toml, or write a PNG too";

/// The file of a path, and the name of an entry behind its last colon, where only that makes it one.
pub(crate) fn entry(path: &Path) -> (&Path, Option<&str>) {
    let split = path.to_str().filter(|_| !path.exists()).and_then(|text| text.rsplit_once(':'));
    match split {
        Some((file, entry)) if file == "-" || Path::new(file).exists() => (Path::new(file), Some(entry)),
        _ => (path, None),
    }
}

/// Why a location of another program cannot be used, in words.
fn refused(name: &str, error: &LocationError) -> Failure {
    let list = |names: &[String]| {
        let more = names.len().saturating_sub(20);
        let names: Vec<String> = names.iter().take(20).map(|name| brief(name)).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        names.join(", ") + &more
    };
    let problem = match &error.problem {
        LocationProblem::Entries(names) => {
            let count = names.len();
            return usage(format!(
                "{name} has {count} entries; name one, as in {name}:ENTRY: {}",
                list(names)
            ));
        }
        LocationProblem::NoEntry { name: entry, known } => {
            let short = known.iter().map(String::as_str).filter(|known| known.len().max(entry.len()) <= 60);
            let meant = did_you_mean(entry, short);
            return usage(format!("{name} has no entry '{}'{meant}; it has {}", brief(entry), list(known)));
        }
        LocationProblem::Value { key, error } => format!("{}: {}", brief(key), words(error)),
        other => cut(&other.to_string(), 200),
    };
    Failure::Input(format!("{name}:{}:{}: {problem}", error.line, error.column))
}

/// Reads the center of a view from a file: a point, or the center of a scene or location.
pub(crate) fn center(path: &Path) -> Result<Complex<Decimal>, Failure> {
    let (whole, (path, entry)) = (path, entry(path));
    let mut reader = BufReader::new(open(path)?);
    let mut head = Vec::new();
    reader.by_ref().take(HEAD).read_to_end(&mut head).map_err(|error| read_failure(path, &error))?;
    if PICTURES.iter().any(|(_, signature, ..)| head.starts_with(signature)) && path.as_os_str() != "-" {
        return SceneFile::read(whole)?.center();
    }
    let text = bounded(path, head, reader, PAGE)?;
    if entry.is_some() || Program::of(&text).is_some() || text.lines().any(|line| line.trim() == "[view]") {
        return SceneFile::of(name(path), text, Vec::new(), entry)?.center();
    }
    let text = text.trim_start_matches('\u{feff}');
    parse_pasted(text).map_err(|error| {
        let Error::Number { position, .. } = error else { return Failure::Error(error) };
        let before: String = text.chars().take(position).collect();
        Failure::Input(format!("{}:{}: {}", name(path), place(before.as_bytes()), words(&error)))
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

/// Opens a file, or standard input for `-`.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(stdin().lock()));
    }
    if path.is_dir() {
        return Err(usage(format!("{} is a directory; name a file", shown(path))));
    }
    let file = File::open(path).map_err(|error| read_failure(path, &error))?;
    Ok(Box::new(file))
}

/// A file that could not be read.
pub(crate) fn read_failure(path: &Path, error: &io::Error) -> Failure {
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

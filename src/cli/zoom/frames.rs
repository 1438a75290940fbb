//! A film as a file for each frame.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use mandel::encode::{Band, Format, Options, SIGNATURE, Sink, texts as texts_of};
use mandel::film::Film;
use mandel::{Pixmap, render};

use crate::cli::failure::{Failure, usage};
use crate::cli::file_id::check_inputs;
use crate::cli::files::{Existing, Output, cannot_write, finish_all};
use crate::cli::interrupt::Unfinished;
use crate::cli::pattern::Pattern;
use crate::cli::progress::Meter;
use crate::cli::request::{Request, folder};
use crate::cli::scene_file::KEYWORD;
use crate::cli::terminal::{brief, reason, shown};
use crate::cli::zoom::{Args, pixels};

/// The keyword of the text that says which frame of which film a picture is.
const FILM: &str = "mandel-film";

/// What to do about a frame in the way.
const EXISTS: &str = "use --force to replace the frames that are there, or --resume to go on with them";

/// What makes the films of other programs of ours, for a name of which that is asked.
fn encoder(path: &Path) -> String {
    match path.extension().and_then(|suffix| suffix.to_str()).map(str::to_lowercase) {
        Some(suffix) if OTHER_FILMS.contains(&&*suffix) => {
            format!("; for .{suffix}, pipe it into ffmpeg: -o - | ffmpeg -i - film.{suffix}")
        }
        _ => String::new(),
    }
}

/// Suffixes of films that ffmpeg writes.
const OTHER_FILMS: [&str; 6] = ["mp4", "mkv", "webm", "mov", "avi", "m4v"];

/// Names and format of the frames.
pub(super) struct Frames {
    pattern: Pattern,
    format: Format,
}

impl Frames {
    /// Reads the pattern of an output.
    pub(super) fn read(path: &Path, resume: bool) -> Result<Self, Failure> {
        let text = path.to_str().ok_or_else(|| usage(format!("--output {} is no text", shown(path))))?;
        if text.is_empty() {
            return Err(usage("--output needs a file name (got '')"));
        }
        let pattern = Pattern::read(text).map_err(|problem| usage(format!("--output: {problem}")))?;
        let formats = || {
            let pictures = Format::all().filter(|format| format.takes_colors() && !format.holds_numbers());
            pictures
                .filter(|format| !format.makes_files())
                .map(|format| format!(".{format}"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let format: Option<Format> =
            path.extension().and_then(|suffix| suffix.to_string_lossy().parse().ok());
        let format =
            format.filter(|format| format.takes_colors() && !format.holds_numbers() && !format.makes_files());
        let format = format.ok_or_else(|| {
            usage(format!(
                "a film is .y4m, .apng or .gif, or a file for each frame: {}; as in frames/{{index:06}}.png (got '{}'){}",
                formats(),
                brief(text),
                encoder(path)
            ))
        })?;
        let frames = Self { pattern, format };
        if frames.path(0)? == frames.path(1)? {
            return Err(usage(format!(
                "'{}' names one file for all frames; put {{index:06}} into it, as in frames/{{index:06}}.{format}",
                brief(text)
            )));
        }
        if resume && format != Format::default() {
            return Err(usage(format!(
                "--resume knows frames by the texts in them, which a .{format} has not; write PNG, or all frames again with -f"
            )));
        }
        Ok(frames)
    }

    fn path(&self, index: u32) -> Result<PathBuf, Failure> {
        let value = |name: &str| match name {
            "index" => Ok(index.to_string()),
            _ => Err(format!("no field '{{{}}}'; the one there is, is {{index:06}}", brief(name))),
        };
        self.pattern.fill(value).map_err(|problem| usage(format!("--output: {problem}")))
    }

    /// Checks that the format can hold the frames.
    pub(super) fn check(&self, film: &Film) -> Result<(), Failure> {
        Ok(self.format.check(render::layout(film.scene()), Options::default())?)
    }

    /// Checks that no frame is in the way.
    pub(super) fn check_free(&self, args: &Args, film: &Film) -> Result<(), Failure> {
        let inputs = if args.force { args.inputs() } else { Vec::new() };
        for index in 0..film.path().frames() {
            let path = self.path(index)?;
            match fs::symlink_metadata(&path) {
                Ok(there) if there.is_dir() => {
                    return Err(usage(format!("{} is a directory, and the name of a frame", shown(&path))));
                }
                Ok(_) if !(args.force || args.resume) => return Err(Failure::Exists(path, EXISTS)),
                _ => check_inputs(&inputs, [path.as_path()])?,
            }
        }
        Ok(())
    }

    /// Makes all frames that are not there, and writes each as soon as it is complete. `whole` says whether all that they are made of
    /// could be read. Returns their names and how many were made.
    pub(super) fn write(
        &self,
        args: &Args,
        film: &Film,
        unfinished: &Unfinished,
        meter: &Meter,
        whole: impl Fn() -> Result<(), Failure> + Sync,
    ) -> Result<(String, u32), Failure> {
        let frames = film.path().frames();
        let mut missing = Vec::new();
        for index in 0..frames {
            if args.resume && self.is_there(film, index)? {
                meter.add(pixels(film));
            } else {
                missing.push(index);
            }
        }
        let sink = self.format.sink(render::layout(film.scene()), Options::default());
        film.make(
            &missing,
            |index, pixmap| {
                let texts = texts(film, Some(index), !args.no_metadata)?;
                encoded(sink.as_ref(), &pixmap, &texts)
                    .map_err(|error| cannot_write(&args.output, reason(&error)))
            },
            |index, bytes: Result<Vec<u8>, Failure>| {
                whole()?;
                self.put(index, &bytes?, args.force || args.resume, unfinished)?;
                meter.add(pixels(film));
                Ok::<(), Failure>(())
            },
        )?;
        let names = format!("{} to {}", shown(&self.path(0)?), shown(&self.path(frames - 1)?));
        Ok((names, missing.len() as u32))
    }

    fn put(&self, index: u32, bytes: &[u8], replace: bool, unfinished: &Unfinished) -> Result<(), Failure> {
        let path = self.path(index)?;
        unfinished
            .durability
            .make_folder(folder(&path))
            .map_err(|error| cannot_write(&path, reason(&error)))?;
        let existing = if replace { Existing::Replace } else { Existing::Refuse };
        let request = Request { path: Some(path), format: self.format, poster: false };
        let output = Output::open(&request, existing, 1, unfinished);
        if let Some(mut output) = output.map_err(of_frames)? {
            output.write_all(bytes).map_err(output.failure())?;
            finish_all(vec![output]).map_err(of_frames)?;
        }
        Ok(())
    }

    /// Whether a frame is there, complete and of this film.
    ///
    /// # Errors
    /// [`Failure::Exists`] for a file that is something else.
    fn is_there(&self, film: &Film, index: u32) -> Result<bool, Failure> {
        let path = self.path(index)?;
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => {
                return Err(Failure::Io { action: "read", path, problem: reason(&error) });
            }
        };
        // All checksums are compared, so a damaged frame is made again.
        let Ok(found) = texts_of(io::BufReader::new(file)) else {
            let head = fs::read(&path).unwrap_or_default();
            let is_png = head.is_empty() || head.starts_with(&SIGNATURE);
            return if is_png { Ok(false) } else { Err(Failure::Exists(path, FOREIGN)) };
        };
        let wanted = texts(film, Some(index), true)?;
        let has = |keyword: &str| {
            let text = |texts: &[(String, String)]| {
                texts.iter().find(|(known, _)| known == keyword).map(|(_, text)| text.clone())
            };
            let wanted: Vec<_> =
                wanted.iter().map(|(known, text)| (known.to_string(), text.clone())).collect();
            text(&found) == text(&wanted)
        };
        if has(FILM) && has(KEYWORD) { Ok(true) } else { Err(Failure::Exists(path, FOREIGN)) }
    }
}

const FOREIGN: &str = "it is no frame of this film; choose another folder, or --force to replace it";

/// The words for a frame in the way.
fn of_frames(failure: Failure) -> Failure {
    match failure {
        Failure::Exists(path, _) => Failure::Exists(path, EXISTS),
        other => other,
    }
}

/// The file of a picture.
fn encoded(sink: &dyn Sink, pixmap: &Pixmap, texts: &[(&str, String)]) -> io::Result<Vec<u8>> {
    let band = Band { rows: 0..pixmap.height, pixels: &pixmap.bytes, ..Band::default() };
    let (mut bytes, mut pieces) = (Vec::new(), Vec::new());
    sink.encoder().encode(&band, &mut pieces);
    let texts: Vec<_> = texts.iter().map(|(keyword, text)| (*keyword, text.as_str())).collect();
    let mut file = sink.begin(&mut bytes, &texts)?;
    pieces.into_iter().try_for_each(|piece| file.append(piece))?;
    file.finish()?;
    Ok(bytes)
}

/// What is written into a frame, or into the file of the whole film: the program, the scene and the film.
pub(super) fn texts(
    film: &Film,
    index: Option<u32>,
    wanted: bool,
) -> Result<Vec<(&'static str, String)>, Failure> {
    if !wanted {
        return Ok(Vec::new());
    }
    let path = film.path();
    let frame = index.map(|index| format!("frame = {index}\n")).unwrap_or_default();
    let strip = film.strip_name().map(|name| format!("strip = \"{name}\"\n")).unwrap_or_default();
    let text = format!(
        "film = 1\n{frame}frames = {}\nfrom = \"{}\"\nto = \"{}\"\nease = {:?}\nturn = {:?}\nway = \"{}\"\n{strip}",
        path.frames(),
        path.from(),
        path.to(),
        path.ease(),
        path.turn(),
        film.way()
    );
    let scene = match index {
        Some(index) => film.frame(index)?.to_text(),
        None => film.scene().to_text(),
    };
    let software = concat!("mandel ", env!("CARGO_PKG_VERSION"));
    Ok(vec![("Software", software.into()), (KEYWORD, scene), (FILM, text)])
}

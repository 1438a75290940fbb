//! A film as one file or stream.

use std::io::{self, IsTerminal, stdout};
use std::path::Path;

use mandel::encode::{Append, Chroma, Movie, Reel, Timing};
use mandel::film::Film;

use crate::cli::failure::{Failure, usage};
use crate::cli::files::{Existing, Output, finish_all};
use crate::cli::interrupt::Unfinished;
use crate::cli::progress::Meter;
use crate::cli::request::{Request, check_name, is_special, is_stdout};
use crate::cli::terminal::shown;
use crate::cli::zoom::{Args, ChromaArg, Rate, pixels};

/// The format of a film file; nothing where the name is one of pictures.
pub(super) fn movie(path: &Path, asked: Option<Movie>) -> Result<Option<Movie>, Failure> {
    let special = is_special(path);
    let suffix = path.extension().filter(|_| !special).map(|suffix| suffix.to_string_lossy());
    let known: Option<Movie> = suffix.as_ref().and_then(|suffix| suffix.parse().ok());
    match (known, asked) {
        (Some(known), Some(asked)) if known != asked => {
            Err(usage(format!("--format and the suffix of {} differ; keep one", shown(path))))
        }
        (Some(known), _) => Ok(Some(known)),
        (None, Some(asked)) if suffix.is_none() => Ok(Some(asked)),
        (None, Some(_)) => Err(usage(format!("--format and the suffix of {} differ; keep one", shown(path)))),
        (None, None) => Ok(special.then_some(Movie::Y4m)),
    }
}

/// Checks that a format can hold the frames.
pub(super) fn check(movie: Movie, film: &Film) -> Result<(), Failure> {
    let (scene, most) = (film.scene(), movie.max_side());
    if scene.viewport().width().max(scene.viewport().height()) > most {
        return Err(usage(format!(
            "the sides of a {movie} are at most {most} pixels; choose a smaller --size"
        )));
    }
    if mandel::render::layout(scene).alpha {
        return Err(usage(format!(
            "a {movie} has no transparency; choose another --interior, or PNG frames, as in -o frames/{{index:06}}.png"
        )));
    }
    Ok(())
}

/// An open film file.
pub(super) struct Stream {
    output: Output<Movie>,
    movie: Movie,
    rate: (u32, u32),
    chroma: Chroma,
    metadata: bool,
}

impl Stream {
    pub(super) fn open(args: &Args, movie: Movie, unfinished: &Unfinished) -> Result<Self, Failure> {
        let path = &args.output;
        check_name("--output", path, "film.y4m")?;
        if is_stdout(path) && stdout().is_terminal() {
            return Err(usage("a film is not written to a terminal; use -o FILE or a pipe"));
        }
        let existing = if args.force { Existing::Replace } else { Existing::Refuse };
        let request = Request { path: Some(path.clone()), format: movie, poster: false };
        let opened = Output::open(&request, existing, 1, unfinished);
        let output = opened.map_err(crate::cli::files::in_the_way)?;
        // Only what is to be kept is not opened.
        let output = output.ok_or_else(|| usage("the film is already there"))?;
        if args.json && output.is_stdout() {
            return Err(usage("--json and --output both write to standard output; keep one"));
        }
        let Rate(frames, seconds) = args.fps;
        let chroma = match args.chroma {
            ChromaArg::Full => Chroma::Full,
            ChromaArg::Quarter => Chroma::Quarter,
        };
        Ok(Self { output, movie, rate: (frames, seconds), chroma, metadata: !args.no_metadata })
    }

    /// Makes all frames and writes them. `whole` says whether all that they are made of could be read. Returns the name of the file and the number of frames.
    pub(super) fn write(
        mut self,
        film: &Film,
        meter: &Meter,
        whole: impl Fn() -> Result<(), Failure> + Sync,
    ) -> Result<(String, u32), Failure> {
        let (viewport, frames) = (film.scene().viewport(), film.path().frames());
        let (width, height, rate) = (viewport.width(), viewport.height(), self.rate);
        let timing = Timing { width, height, frames, rate };
        let reel: Box<dyn Reel> = self.movie.reel(timing, self.chroma, &film.colors());
        let fails = self.output.failure();
        let texts = super::frames::texts(film, None, self.metadata)?;
        let texts: Vec<_> = texts.iter().map(|(keyword, text)| (*keyword, text.as_str())).collect();
        let mut file = reel.begin(&mut self.output, &texts).map_err(&fails)?;
        let all: Vec<u32> = (0..frames).collect();
        film.make(
            &all,
            |_, pixmap| reel.frame(&pixmap),
            |_, piece| {
                whole()?;
                meter.add(pixels(film));
                append(file.as_mut(), piece).map_err(&fails)
            },
        )?;
        file.finish().map_err(&fails)?;
        Ok((finish_all(vec![self.output])?.join(", "), frames))
    }
}

fn append(file: &mut dyn Append, piece: mandel::encode::Piece) -> io::Result<()> {
    file.append(piece)
}

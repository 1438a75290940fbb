//! The command line as a whole: its commands, and mistakes in its form.

use std::ffi::OsString;
use std::io::{self, Write};

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use rustix::termios::tcgetwinsize;

use crate::cli::failure::{Failure, usage};
use crate::cli::terminal::{brief, steers};
use crate::cli::value::not_an_option;
use crate::cli::{
    batch, bench, color, completions, convert, examples, find, info, man, palettes, plan, point, render,
    stats, stitch, verify, version, views, zoom,
};

/// Mandelbrot pictures and exact escape counts.
///
/// `mandel render` without any option makes a picture of the whole set.
#[derive(Parser)]
#[command(
    version,
    about,
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = examples::MANDEL
)]
pub(crate) struct Args {
    /// With --version: commit, target, compiler and instructions
    #[arg(short, long, requires = "version")]
    verbose: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a picture, or an array of counts for NumPy
    #[command(after_long_help = examples::RENDER)]
    Render(Box<render::Args>),
    /// Make a picture of the numbers in a file
    #[command(after_long_help = examples::COLOR)]
    Color(Box<color::Args>),
    /// Make a film that zooms into a point, or its frames
    #[command(
        after_long_help = examples::ZOOM,
        mut_arg("zoom", |arg| {
            let help = "Magnification of the last frame: 1e30, 10^30, 2^100";
            arg.visible_alias("to").help(help).long_help(help)
        })
    )]
    Zoom(Box<zoom::Args>),
    /// Make many pictures: the jobs of a file
    #[command(after_long_help = examples::BATCH)]
    Batch(batch::Args),
    /// Cut a large render into shards for many machines
    #[command(
        after_long_help = examples::PLAN,
        mut_args(|arg| { let color = arg.get_help_heading() == Some("Color"); arg.hide(color) })
    )]
    Plan(Box<plan::Args>),
    /// Make a picture of the shards of a job
    #[command(after_long_help = examples::STITCH)]
    Stitch(Box<stitch::Args>),
    /// Compare numbers of threads, schedules and chunk sizes
    #[command(after_long_help = examples::BENCH)]
    Bench(Box<bench::Args>),
    /// Tell how counts are distributed, and what limit to try
    #[command(after_long_help = examples::STATS)]
    Stats(stats::Args),
    /// Count a sample again with proof, and tell the share that is right
    #[command(
        after_long_help = examples::VERIFY,
        mut_args(|arg| { let color = arg.get_help_heading() == Some("Color"); arg.hide(color) })
    )]
    Verify(Box<verify::Args>),
    /// Print the scene in a picture, or the location in a file
    #[command(after_long_help = examples::INFO)]
    Info(info::Args),
    /// Write a scene or location as a file of another program
    #[command(after_long_help = examples::CONVERT)]
    Convert(convert::Args),
    /// Iterate one point: its exact and its smooth count
    #[command(after_long_help = examples::POINT)]
    Point(point::Args),
    /// Find the minibrot in a view, its period and size
    #[command(after_long_help = examples::FIND)]
    Find(find::Args),
    /// List and show the palettes
    #[command(after_long_help = examples::PALETTES)]
    Palettes(palettes::Args),
    /// List and show the built-in views
    #[command(after_long_help = examples::VIEWS)]
    Views(views::Args),
    /// Print a script that completes commands, options and names in a shell
    #[command(after_long_help = examples::COMPLETIONS)]
    Completions(completions::Args),
    /// Print the manual, or write a page for each command
    #[command(after_long_help = examples::MAN)]
    Man(man::Args),
}

/// Whether one of the words before the command asks for more of the version.
fn asks_for_all(words: &[OsString]) -> bool {
    let before = words.iter().skip(1).take_while(|word| word.to_string_lossy().starts_with('-'));
    let short = |word: &str| !word.starts_with("--") && word.contains('v');
    before.map(|word| word.to_string_lossy()).any(|word| word == "--verbose" || short(&word))
}

/// Prints help, the version or a mistake, and ends the program. Help that cannot be written is a failure.
#[expect(clippy::exit, reason = "clap chooses the exit code, as in its own `Error::exit`")]
fn told(error: &clap::Error, words: &[OsString]) -> Failure {
    let printed = match error.kind() {
        ErrorKind::DisplayVersion if asks_for_all(words) => {
            io::stdout().write_all(version::long().as_bytes())
        }
        _ => error.print(),
    };
    match printed.and_then(|()| io::stdout().flush()) {
        Err(problem) if !error.use_stderr() => Failure::stdout(&problem),
        _ => std::process::exit(error.exit_code()),
    }
}

/// Refuses what is typed in the place of a command: an option of `render`, or the version as other programs name it.
fn check_command(command: &clap::Command, word: &str) -> Result<(), Failure> {
    if word == "version" {
        return Err(usage("there is no command 'version'; type mandel --version"));
    }
    if !word.starts_with('-') {
        return Ok(());
    }
    let option = word.split('=').next().unwrap_or_default();
    let is_named = |arg: &clap::Arg| match option.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => arg.get_short().is_some_and(|short| option[1..].starts_with(short)),
    };
    let render = command.find_subcommand("render").into_iter().flat_map(clap::Command::get_arguments);
    if render.into_iter().any(is_named) && !command.get_arguments().any(is_named) {
        let option = brief(option);
        return Err(usage(format!(
            "{option} is an option of a command, and stands behind it; type mandel render {option} ..."
        )));
    }
    Ok(())
}

/// Columns of help where the terminal does not tell, as clap has them.
const WIDTH: usize = 100;
/// Fewer hold no line of help: shells and programs set `COLUMNS` to 0 where they do not know it.
const LEAST_WIDTH: usize = 20;

/// Whether clap would take a width from `COLUMNS` that is none. It looks there where no stream is a terminal that tells.
fn has_no_width() -> bool {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok());
    let tells = |size: rustix::io::Result<rustix::termios::Winsize>| {
        size.is_ok_and(|size| size.ws_col > 0 && size.ws_row > 0)
    };
    columns.is_some_and(|columns| columns < LEAST_WIDTH)
        && !(tells(tcgetwinsize(io::stdout()))
            || tells(tcgetwinsize(io::stderr()))
            || tells(tcgetwinsize(io::stdin())))
}

impl Args {
    /// The parser.
    pub(crate) fn command() -> clap::Command {
        <Self as CommandFactory>::command()
    }

    /// Reads the command line. Ends the program if it is invalid or asks for help.
    pub(crate) fn read() -> Result<Self, Failure> {
        let words: Vec<OsString> = std::env::args_os().take_while(|word| word != "--").collect();
        let mut command = Self::command();
        if has_no_width() {
            command = command.term_width(WIDTH);
        }
        Self::check(&command, &words)?;
        let parsed = command.try_get_matches_from_mut(std::env::args_os());
        parsed.and_then(|matches| Self::from_arg_matches(&matches)).map_err(|error| {
            let control = |c: char| steers(c) && c != '\n';
            if !words.iter().any(|word| word.to_string_lossy().contains(control)) {
                return told(&error, &words);
            }
            // The message repeats what was typed, which could control the terminal.
            let text = error.render().to_string();
            let text = text.trim_end().strip_prefix("error: ").unwrap_or(&text);
            Failure::Usage(text.chars().map(|c| if control(c) { '?' } else { c }).collect())
        })
    }

    /// Refuses an option in the place of a value, or of a command.
    fn check(command: &clap::Command, words: &[OsString]) -> Result<(), Failure> {
        if let Some(first) = words.get(1).and_then(|word| word.to_str()) {
            check_command(command, first)?;
        }
        let options = || command.get_subcommands().flat_map(clap::Command::get_arguments);
        for pair in words.windows(2) {
            let (Some(flag), Some(value)) = (pair[0].to_str(), pair[1].to_str()) else { continue };
            let named = |option: &&clap::Arg| {
                let short = option.get_short().map(|short| format!("-{short}"));
                let long = option.get_long().map(|long| format!("--{long}"));
                option.is_allow_hyphen_values_set() && [short, long].iter().flatten().any(|name| name == flag)
            };
            if let Some(long) = options().find(named).and_then(clap::Arg::get_long) {
                not_an_option(&format!("--{long}"), value)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;
    use crate::cli::mutate;

    /// Command lines, a word in each line.
    const LINES: [&str; 14] = [
        "render --region -2,1,-1.5,1.5 -s 800x600 -p hot --map log --origin 3 --density 1.5 -o hot.png",
        "render -c -0.7453+0.1127i -z 1e30 -n auto --supersample auto --rotate -30 --grid endpoints -t 3",
        "render -c (-1.76+0.013j) --height 2^-40 -p #001,#fff,#fa0,#001 --interior distance --depth 16",
        "render --at mini --light 135,1.2,0.5 --edge 0.7,white --kernel scalar --rows-per-chunk 7 --quality 90",
        "render --job j.json --shard 3/7 --out-dir d",
        "render -c @center.txt --width 1,000,000 --aspect stretch --bands=false --values smooth --compression best",
        "color field.npz -n 100 --offset -0.5 --reverse --colors a.png --dither -o a.png",
        "zoom -c i --to 10^30 --frames 20 --from 1 -o a.gif",
        "batch jobs.toml --resume -t 2",
        "plan --at seahorse -s 16384x16384 --shards 200 -o job.json --emit slurm",
        "stitch job.json d --recheck 0.1% --missing",
        "bench -s 64x36 -t 1,3..4 --schedule static,dynamic --rows-per-chunk 36,auto --runs 2",
        "find -c 0.01+0.99i -z 50 --misiurewicz 2,1",
        "verify field.npz --sample 10 --require 99.9% --limit 60 --progress never",
    ];

    #[test]
    fn hostile_command_lines_are_refused() {
        let corpus: Vec<Vec<u8>> = LINES.iter().map(|line| line.replace(' ', "\n").into_bytes()).collect();
        let command = Args::command();
        for number in 0..2000 {
            let input = mutate::input(&corpus, number);
            let words = input.split(|byte| *byte == b'\n').map(|word| OsStr::from_bytes(word).to_owned());
            let words: Vec<OsString> = std::iter::once("mandel".into()).chain(words).collect();
            let _ = Args::check(&command, &words);
            if let Err(error) = Args::try_parse_from(&words) {
                let _ = error.render();
            }
        }
    }
}

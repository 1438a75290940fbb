//! The `mandel` program: parse, dispatch, report.

mod cli;

use std::process::ExitCode;

use cli::args::{Args, Command};
use cli::failure::Failure;

fn main() -> ExitCode {
    match Args::read().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Render(args) => cli::render::run(&args),
        Command::Plan(args) => cli::plan::run(&args),
        Command::Stitch(args) => cli::stitch::run(&args),
        Command::Color(args) => cli::color::run(&args),
        Command::Zoom(args) => cli::zoom::run(&args),
        Command::Batch(args) => cli::batch::run(&args),
        Command::Bench(args) => cli::bench::run(&args),
        Command::Stats(args) => cli::stats::run(&args),
        Command::Verify(args) => cli::verify::run(&args),
        Command::Info(args) => cli::info::run(&args),
        Command::Convert(args) => cli::convert::run(&args),
        Command::Point(args) => cli::point::run(&args),
        Command::Find(args) => cli::find::run(&args),
        Command::Palettes(args) => cli::palettes::run(&args),
        Command::Views(args) => cli::views::run(&args),
        Command::Completions(args) => cli::completions::run(&args, Args::command()),
        Command::Man(args) => cli::man::run(&args, Args::command()),
    }
}

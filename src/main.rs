//! The `mandel` program: parse, dispatch, report.

mod cli;

use std::process::ExitCode;

use clap::Parser;

use cli::{Args, Command, Failure};

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Render(args) => cli::render::run(&args),
        Command::Point(args) => cli::point::run(&args),
        Command::Palettes(args) => cli::palettes::run(&args),
    }
}

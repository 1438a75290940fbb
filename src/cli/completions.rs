//! `mandel completions`: what a shell needs to complete commands, options and their values.

use clap::Command;
use clap_complete::{Shell, generate};

use crate::cli::failure::{Failure, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(args: &Args, mut command: Command) -> Result<(), Failure> {
    // Into memory, since the generator panics where it cannot write.
    let mut script = Vec::new();
    generate(args.shell, &mut command, "mandel", &mut script);
    print(&String::from_utf8_lossy(&script))
}

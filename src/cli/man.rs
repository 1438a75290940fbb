//! `mandel man`: the manual, made of the same texts as `--help`.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::{Command, ValueHint};
use clap_mangen::Man;

use crate::cli::durability::Durability;
use crate::cli::failure::{Failure, print, usage};
use crate::cli::interrupt::Unfinished;
use crate::cli::pieces::put;
use crate::cli::terminal::{reason, shown};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder for a page of each command; without it, the main page goes to standard output
    ///
    /// Pages that are already there are replaced.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, command: Command) -> Result<(), Failure> {
    // Pages of a command that only shows help say nothing.
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let Some(folder) = &args.folder else {
        return print(&String::from_utf8_lossy(&page(Man::new(command))?));
    };
    if folder.exists() && !folder.is_dir() {
        return Err(usage(format!("{} is no folder; name one for the pages", shown(folder))));
    }
    fs::create_dir_all(folder).map_err(|error| Failure::Io {
        action: "write",
        path: folder.clone(),
        problem: reason(&error),
    })?;
    let unfinished = Unfinished::watch(Durability::default());
    let commands: Vec<Command> = command.get_subcommands().cloned().collect();
    for command in commands.into_iter().chain([command]) {
        let man = Man::new(command);
        let path = folder.join(man.get_filename());
        let page = page(man)?;
        put(path, &unfinished, |to| to.write_all(&page))?;
    }
    Ok(())
}

fn page(man: Man) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    man.render(&mut page).map_err(|error: io::Error| Failure::stdout(&error))?;
    Ok(page)
}

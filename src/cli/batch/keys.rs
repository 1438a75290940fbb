//! The keys of a job: the options of `mandel render` that say something of a picture.

use clap::{Arg, ArgAction, ArgMatches, Args, Command};

use crate::cli::render;

/// The groups of options that describe a picture and its files.
const GROUPS: [&str; 4] = ["View", "Sampling", "Color", "Output"];
/// Options among them that belong to the whole batch.
const OF_BATCH: [&str; 2] = ["force", "no-clobber"];

/// The options of `mandel render`, as the parser of the command line knows them.
pub(super) struct Keys {
    render: Command,
    /// The options of `mandel batch`.
    batch: Command,
}

/// What a key says.
#[derive(Clone)]
pub(super) enum Said {
    Words(Vec<String>),
    Switch(bool),
}

/// A key with what it says, and the byte that it begins at.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) key: String,
    pub(super) at: usize,
    pub(super) said: Said,
}

impl Setting {
    /// The words of a command line that say the same.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        let words = match &self.said {
            Said::Switch(false) => Vec::new(),
            Said::Switch(true) => vec![format!("--{}", self.key)],
            Said::Words(words) => words.iter().map(|word| format!("--{}={word}", self.key)).collect(),
        };
        words.into_iter()
    }

    /// What it says, as a text.
    pub(super) fn text(&self) -> String {
        match &self.said {
            Said::Switch(on) => on.to_string(),
            Said::Words(words) => words.join(","),
        }
    }
}

/// Whether the value of an option is true or false.
pub(super) fn takes_bool(option: &Arg) -> bool {
    option.get_possible_values().iter().any(|value| value.get_name() == "false")
}

impl Keys {
    pub(super) fn new() -> Self {
        let render = render::Args::augment_args(Command::new("render")).no_binary_name(true);
        Self { render, batch: super::Args::augment_args(Command::new("batch")) }
    }

    /// The option that a key stands for.
    pub(super) fn find(&self, key: &str) -> Option<&Arg> {
        self.accepted().find(|option| option.get_long() == Some(key))
    }

    /// All keys.
    pub(super) fn known(&self) -> impl Iterator<Item = &str> {
        self.accepted().filter_map(Arg::get_long)
    }

    fn accepted(&self) -> impl Iterator<Item = &Arg> {
        let of_picture = |option: &&Arg| {
            let group = option.get_help_heading().is_some_and(|group| GROUPS.contains(&group));
            group && option.get_long().is_some_and(|long| !OF_BATCH.contains(&long))
        };
        self.render.get_arguments().filter(of_picture)
    }

    /// What to say of a key that is an option, but says nothing of a picture.
    pub(super) fn refused(&self, key: &str) -> Option<String> {
        let among = |command: &Command| command.get_arguments().any(|option| option.get_long() == Some(key));
        let (of_batch, of_render) = (among(&self.batch), among(&self.render));
        let switch = |option: &Arg| matches!(option.get_action(), ArgAction::SetTrue);
        let value = if self.batch.get_arguments().any(|o| o.get_long() == Some(key) && !switch(o)) {
            " ..."
        } else {
            ""
        };
        if of_batch {
            return Some(format!("'{key}' is for the whole batch: type mandel batch --{key}{value}"));
        }
        of_render
            .then(|| format!("'{key}' says nothing of a picture; it is an option of mandel render alone"))
    }

    /// Reads words as the command line does. The error is in words.
    pub(super) fn parse(&mut self, words: Vec<String>) -> Result<ArgMatches, String> {
        // What a job is told to say is said by the batch.
        let words = std::iter::once("--quiet".to_string()).chain(words);
        self.render.try_get_matches_from_mut(words).map_err(|error| {
            let text = error.render().to_string();
            let text = text.split("\n\nUsage:").next().unwrap_or_default();
            let text = text.split("\n\nFor more information").next().unwrap_or_default();
            let text = text.trim_end().strip_prefix("error: ").unwrap_or(text.trim_end());
            text.chars().map(|c| if c.is_control() && c != '\n' { '?' } else { c }).collect()
        })
    }
}

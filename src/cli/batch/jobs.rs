//! From the entries of a jobs file to jobs: defaults, matrices, names of files, each mistake with its place.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::{ArgAction, FromArgMatches};

use crate::cli::batch::keys::{Keys, Said, Setting, takes_bool};
use crate::cli::batch::source::{Entry, JOB, Kind, Source, Value};
use crate::cli::failure::{Failure, usage};
use crate::cli::pattern::{Pattern, spelled};
use crate::cli::render::{self, Outline};
use crate::cli::terminal::{brief, shown};
use crate::cli::words::did_you_mean;

const DEFAULTS: &str = "defaults";
const NAME: &str = "name";
const MATRIX: &str = "matrix";
const INDEX: &str = "index";
const OUTPUT: &str = "output";

/// The most jobs of a batch. Checking them all takes some seconds.
const MAX_JOBS: usize = 100_000;

/// One picture.
pub(super) struct Job {
    /// Its place among all jobs, from 1.
    pub(super) number: usize,
    pub(super) name: Option<String>,
    /// The byte of the file that it begins at.
    pub(super) at: usize,
    pub(super) args: render::Args,
    /// What it writes; pictures, which hold their scene, are the last.
    pub(super) outputs: Vec<PathBuf>,
    pub(super) outline: Outline,
}

impl Job {
    /// The job in a message.
    pub(super) fn label(&self) -> String {
        label(self.number, self.name.as_deref())
    }
}

fn label(number: usize, name: Option<&str>) -> String {
    name.map_or_else(|| format!("job {number}"), |name| format!("job {number} ('{}')", brief(name)))
}

/// A `[[job]]` of the file: one job, or one for each combination of its matrix.
struct Block {
    at: usize,
    name: Option<String>,
    /// What it says, and what it leaves to the defaults.
    settings: Vec<Setting>,
    /// The values of each key of the matrix.
    axes: Vec<Vec<Setting>>,
}

impl Block {
    /// How many jobs it stands for.
    fn count(&self) -> usize {
        self.axes.iter().fold(1, |count: usize, axis| count.saturating_mul(axis.len()))
    }

    /// The settings of its job of that number, from 0. The last key of the matrix changes first.
    fn combination(&self, mut number: usize) -> Vec<&Setting> {
        let mut settings: Vec<&Setting> = self.settings.iter().collect();
        for axis in self.axes.iter().rev() {
            settings.push(&axis[number % axis.len()]);
            number /= axis.len();
        }
        settings
    }
}

/// The jobs of a file. All that can be checked before anything takes time has been.
pub(super) fn read(source: &Source) -> Result<Vec<Job>, Failure> {
    let mut reader = Reader { source, keys: Keys::new() };
    let blocks = reader.blocks(source.entries()?)?;
    let mut count = 0;
    for block in &blocks {
        count = block.count().saturating_add(count);
        if count > MAX_JOBS {
            return Err(source.wrong(
                block.at,
                format_args!("{count} jobs with those of this one; a batch has at most {MAX_JOBS}"),
            ));
        }
    }
    let mut jobs = Vec::new();
    for block in &blocks {
        for number in 0..block.count() {
            jobs.push(reader.job(block, &block.combination(number), jobs.len() + 1)?);
        }
    }
    check_apart(source, &jobs)?;
    Ok(jobs)
}

/// Checks that no two jobs write one file.
fn check_apart(source: &Source, jobs: &[Job]) -> Result<(), Failure> {
    let mut folders: HashMap<&Path, PathBuf> = HashMap::new();
    let mut files: HashMap<(PathBuf, &OsStr), &Job> = HashMap::new();
    for job in jobs {
        for path in &job.outputs {
            let folder = path.parent().unwrap_or(Path::new(""));
            let folder = folders.entry(folder).or_insert_with(|| spelled(folder)).clone();
            if let Some(other) = files.insert((folder, path.file_name().unwrap_or_default()), job) {
                return Err(source.wrong(
                    job.at,
                    format_args!(
                        "{} and {} both write {}; tell their outputs apart by a field, such as {{{INDEX}}}",
                        other.label(),
                        job.label(),
                        shown(path)
                    ),
                ));
            }
        }
    }
    Ok(())
}

struct Reader<'a> {
    source: &'a Source,
    keys: Keys,
}

impl Reader<'_> {
    /// The jobs as they stand in the file, with the defaults in each.
    fn blocks(&self, entries: Vec<Entry>) -> Result<Vec<Block>, Failure> {
        let (mut defaults, mut tables) = (Vec::new(), Vec::new());
        for entry in entries {
            match (entry.key.as_str(), entry.value.kind) {
                (DEFAULTS, Kind::Table(entries)) => {
                    for entry in entries {
                        defaults.push(self.setting(entry, &[])?);
                    }
                }
                (JOB, Kind::List(values)) => tables = values,
                (DEFAULTS, _) => {
                    return Err(self.source.wrong(entry.at, "write [defaults] as a table of keys"));
                }
                (JOB, _) => return Err(self.source.wrong(entry.at, "write [[job]], once for each job")),
                (key, _) => return Err(self.source.wrong(entry.at, unknown(key, &[DEFAULTS, JOB]))),
            }
        }
        let mut blocks: Vec<Block> = Vec::new();
        let mut names: HashMap<String, usize> = HashMap::new();
        for table in tables {
            let block = self.block(table, &defaults)?;
            if let Some(name) = &block.name
                && let Some(other) = names.insert(name.clone(), block.at)
            {
                let (name, other) = (brief(name), self.source.place(other));
                return Err(self
                    .source
                    .wrong(block.at, format_args!("the job at {other} is named '{name}' too")));
            }
            blocks.push(block);
        }
        match blocks.is_empty() {
            true => Err(self.source.wrong(0, "no jobs; write [[job]], once for each")),
            false => Ok(blocks),
        }
    }

    fn block(&self, table: Value, defaults: &[Setting]) -> Result<Block, Failure> {
        let Kind::Table(entries) = table.kind else {
            return Err(self.source.wrong(table.at, "a job is a table of keys; write [[job]] above them"));
        };
        let mut block = Block { at: table.at, name: None, settings: Vec::new(), axes: Vec::new() };
        let mut matrix = Vec::new();
        for entry in entries {
            match (entry.key.as_str(), entry.value.kind) {
                (NAME, Kind::Text(name)) if !name.is_empty() => block.name = Some(name),
                (NAME, _) => return Err(self.source.wrong(entry.value.at, "'name' must be a text")),
                (MATRIX, Kind::Table(entries)) => matrix = entries,
                (MATRIX, _) => {
                    let words = "'matrix' must be a table of keys, each with a list of values";
                    return Err(self.source.wrong(entry.value.at, words));
                }
                (_, kind) => {
                    let value = Value { kind, ..entry.value };
                    block.settings.push(self.setting(Entry { value, ..entry }, &[NAME, MATRIX])?);
                }
            }
        }
        for entry in matrix {
            if block.settings.iter().any(|setting| setting.key == entry.key) {
                let words =
                    format!("'{}' stands both in the job and in its matrix; keep one", brief(&entry.key));
                return Err(self.source.wrong(entry.at, words));
            }
            block.axes.push(self.axis(entry)?);
        }
        let own = |key: &str| {
            let own = block.settings.iter().chain(block.axes.iter().flatten());
            own.map(|setting| setting.key.as_str()).any(|own| own == key)
        };
        let left: Vec<Setting> = defaults.iter().filter(|setting| !own(&setting.key)).cloned().collect();
        block.settings.extend(left);
        Ok(block)
    }

    /// The values of a key of a matrix.
    fn axis(&self, entry: Entry) -> Result<Vec<Setting>, Failure> {
        let Entry { key, at, value } = entry;
        let values = match value.kind {
            Kind::List(values) if !values.is_empty() => values,
            _ => {
                let words = format!("'{}' must be a list of values in a matrix", brief(&key));
                return Err(self.source.wrong(value.at, words));
            }
        };
        let setting = |value: Value| {
            // Each value has its own place.
            let at = if self.keys.find(&key).is_some() { value.at } else { at };
            self.setting(Entry { key: key.clone(), at, value }, &[])
        };
        values.into_iter().map(setting).collect()
    }

    /// What an entry says; `others` are keys that may stand beside it.
    fn setting(&self, entry: Entry, others: &[&str]) -> Result<Setting, Failure> {
        let Entry { key, at, value } = entry;
        let Some(option) = self.keys.find(&key) else {
            let known: Vec<&str> = others.iter().copied().chain(self.keys.known()).collect();
            let words = self.keys.refused(&key).unwrap_or_else(|| unknown(&key, &known));
            return Err(self.source.wrong(at, words));
        };
        if let Kind::Text(text) = &value.kind
            && matches!(text.as_str(), "-" | "@-")
        {
            let words = "a job reads no standard input and writes no standard output; name a file";
            return Err(self.source.wrong(value.at, words));
        }
        let text = |value: Value| if let Kind::Text(text) = value.kind { Some(text) } else { None };
        let (said, expected) = match (option.get_action(), value.kind) {
            (ArgAction::SetTrue, Kind::Switch(on)) => (Some(Said::Switch(on)), ""),
            (_, Kind::Switch(on)) if takes_bool(option) => (Some(Said::Words(vec![on.to_string()])), ""),
            (action, _) if matches!(action, ArgAction::SetTrue) || takes_bool(option) => {
                (None, "true or false")
            }
            (_, Kind::Text(text)) => (Some(Said::Words(vec![text])), ""),
            (ArgAction::Append, Kind::List(values)) if !values.is_empty() => {
                let words: Option<_> = values.into_iter().map(text).collect();
                (words.map(Said::Words), "a text, or a list of texts")
            }
            (ArgAction::Append, _) => (None, "a text, or a list of texts"),
            _ => (None, "a text or a decimal number"),
        };
        match said {
            Some(said) => Ok(Setting { key, at, said }),
            None => Err(self.source.wrong(value.at, format_args!("'{key}' must be {expected}"))),
        }
    }

    /// The job that these settings of a block make.
    fn job(&mut self, block: &Block, settings: &[&Setting], number: usize) -> Result<Job, Failure> {
        let named = label(number, block.name.as_deref());
        let outputs = self.outputs(block, settings, number)?;
        let others = || settings.iter().copied().filter(|setting| setting.key != OUTPUT);
        let names = outputs.iter().map(|path| format!("--{OUTPUT}={}", path.display()));
        let words = others().flat_map(Setting::words).chain(names).collect();
        let matches = self.keys.parse(words).map_err(|words| {
            // The key that is wrong by itself; if none is, they do not go together.
            let wrong = |setting: &&Setting| self.keys.parse(setting.words().collect()).is_err();
            let at = others().find(wrong).map_or(block.at, |setting| setting.at);
            self.source.wrong(at, words)
        })?;
        let args = render::Args::from_arg_matches(&matches).map_err(|error| usage(error.to_string()))?;
        let outline = args.outline().map_err(|failure| {
            let (words, code) = failure.told();
            Failure::Told(format!("{}: {named}: {words}", self.source.place(block.at)), code)
        })?;
        Ok(Job { number, name: block.name.clone(), at: block.at, args, outputs, outline })
    }

    /// The files of a job.
    fn outputs(&self, block: &Block, settings: &[&Setting], number: usize) -> Result<Vec<PathBuf>, Failure> {
        let named = label(number, block.name.as_deref());
        let Some(output) = settings.iter().find(|setting| setting.key == OUTPUT) else {
            let words = format!("{named} has no output; add one, as in {OUTPUT} = \"{{{NAME}}}.png\"");
            return Err(self.source.wrong(block.at, words));
        };
        let value = |field: &str| match (field, settings.iter().find(|setting| setting.key == field)) {
            (INDEX, _) => Ok(number.to_string()),
            (NAME, _) => block.name.clone().ok_or_else(|| format!("{named} has no name for '{{{NAME}}}'")),
            (_, Some(setting)) if field != OUTPUT => Ok(setting.text()),
            _ if field != OUTPUT && self.keys.find(field).is_some() => {
                Err(format!("{named} says no {field} for '{{{field}}}'; add one, or leave the field out"))
            }
            _ => {
                let known = [INDEX, NAME].into_iter().chain(self.keys.known());
                let known: Vec<&str> = known.filter(|key| *key != OUTPUT).collect();
                let meant = did_you_mean(field, known.iter().copied());
                Err(format!("no field '{}'{meant}; known: {}", brief(field), known.join(", ")))
            }
        };
        let patterns = if let Said::Words(patterns) = &output.said { &patterns[..] } else { &[] };
        let path = |pattern: &String| Pattern::read(pattern)?.path(value);
        let paths: Result<Vec<PathBuf>, String> = patterns.iter().map(path).collect();
        let mut paths = paths.map_err(|words| self.source.wrong(output.at, words))?;
        // They get their names in this order: a picture that is there says that all files of its job are.
        paths.sort_by_key(|path| path.extension().is_some_and(|suffix| suffix.eq_ignore_ascii_case("png")));
        Ok(paths)
    }
}

fn unknown(key: &str, known: &[&str]) -> String {
    let meant = did_you_mean(key, known.iter().copied());
    format!("unknown key '{}'{meant}; known: {}", brief(key), known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::mutate;

    #[test]
    fn hostile_files_of_jobs_are_refused() {
        let text = include_str!("../../../docs/batch.md");
        let toml = text.split("```toml\n# jobs.toml\n").nth(1).and_then(|rest| rest.split("```").next());
        let lines = "{\"at\": \"mini\", \"max-iter\": 1e2, \"output\": \"{index:03}.png\"}\n\
                     {\"matrix\": {\"size\": [\"hd\", 80]}, \"light\": \"135\", \"output\": \"{size}{{.npy\"}\n";
        let corpus = [toml.expect("a file of jobs"), lines].map(|text| text.as_bytes().to_vec());
        for number in 0..500 {
            let input = mutate::input(&corpus, number);
            let Ok(text) = str::from_utf8(&input) else { continue };
            if let Err(failure) = read(&Source::of("jobs".into(), text)) {
                let _ = failure.told();
            }
        }
    }
}

//! What has become of the jobs: a table, a JSON object, and the exit code.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::batch::jobs::Job;
use crate::cli::failure::{Failure, print};
use crate::cli::terminal::{brief, shown};

/// What has become of a job.
pub(super) struct Report {
    pub(super) state: State,
    /// What a person should know of the picture.
    pub(super) notes: Vec<String>,
    pub(super) seconds: f64,
}

pub(super) enum State {
    Done,
    /// There, complete, and of the same scene.
    Complete,
    /// There, and left as it was.
    Kept,
    Failed(Failure),
}

impl State {
    fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Complete => "complete",
            Self::Kept => "kept",
            Self::Failed(_) => "failed",
        }
    }
}

/// All states but failures.
const STATES: [State; 3] = [State::Done, State::Complete, State::Kept];

/// Prints a line for each job.
pub(super) fn table(done: &[(&Job, Report)], threads: usize, time: Duration) -> Result<(), Failure> {
    let mut rows = vec![["name", "file", "seconds", "state"].map(str::to_string)];
    for (job, report) in done {
        rows.push([
            job.name.as_deref().map(brief).unwrap_or_default(),
            files(job).join(", "),
            format!("{:.3}", report.seconds),
            report.state.word().into(),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (names, paths, seconds) = (width(0), width(1), width(2));
    let named = done.iter().any(|(job, _)| job.name.is_some());
    let mut text = String::new();
    for [name, path, time, state] in &rows {
        text += &if named { format!("{name:names$}  ") } else { String::new() };
        text += &format!("{path:paths$}  {time:>seconds$}  {state}\n");
    }
    let noted = done.iter().filter(|(_, report)| !report.notes.is_empty()).count();
    if noted > 0 {
        text += &format!("notes on {noted} of the jobs; --json shows them\n");
    }
    let counts = STATES.map(|state| (count(done, state.word()), state.word()));
    let failed = (count(done, "failed"), "failed");
    let counts = counts.into_iter().chain([failed]).filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    let s = if threads == 1 { "" } else { "s" };
    text += &format!("{}: {threads} thread{s}, {:.3} s\n", counts.join(", "), time.as_secs_f64());
    print(&text)
}

/// Prints one object.
pub(super) fn json(done: &[(&Job, Report)], threads: usize, time: Duration) -> Result<(), Failure> {
    let job = |(job, report): &(&Job, Report)| {
        let mut object = json!({
            "index": job.number,
            "name": job.name,
            "outputs": files(job),
            "state": report.state.word(),
            "seconds": report.seconds,
            "notes": report.notes,
        });
        if let State::Failed(failure) = &report.state {
            let (words, code) = failure.told();
            object["error"] = words.into();
            object["exit_code"] = code.into();
        }
        object
    };
    let mut object = json!({ "jobs": done.iter().map(job).collect::<Vec<Value>>() });
    for word in STATES.iter().map(State::word).chain(["failed"]) {
        object[word] = count(done, word).into();
    }
    object["threads"] = threads.into();
    object["seconds"] = time.as_secs_f64().into();
    print(&format!("{object}\n"))
}

/// Success if no job failed, else the exit code of the first one in the order of the file that did.
pub(super) fn verdict(done: &[(&Job, Report)]) -> Result<(), Failure> {
    let failure = |(_, report): &(_, Report)| match &report.state {
        State::Failed(failure) => Some(failure.told().1),
        _ => None,
    };
    match done.iter().find_map(failure) {
        Some(code) => {
            let words = format!("{} of {} jobs failed", count(done, "failed"), done.len());
            Err(Failure::Told(words, code))
        }
        None => Ok(()),
    }
}

fn count(done: &[(&Job, Report)], word: &str) -> usize {
    done.iter().filter(|(_, report)| report.state.word() == word).count()
}

fn files(job: &Job) -> Vec<String> {
    job.outputs.iter().map(|path| shown(path)).collect()
}

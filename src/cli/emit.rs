//! Scripts for engines that run many tasks, ready to be run.

use std::path::Path;

use clap::ValueEnum;

/// What runs the shards.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Engine {
    /// An array of a Slurm cluster, and a job that stitches after it
    Slurm,
    /// GNU parallel, on this machine or over ssh
    Parallel,
    /// An indexed job of Kubernetes
    K8s,
    /// A task array of HyperQueue
    Hq,
    /// A job template of Open Job Description
    Openjd,
}

/// The template of an engine. `@JOB@`, `@DIR@` and `@N@` stand for the job file, the folder of the shards, and their number.
fn template(engine: Engine) -> &'static str {
    match engine {
        Engine::Slurm => include_str!("emit/slurm.sh"),
        Engine::Parallel => include_str!("emit/parallel.sh"),
        Engine::K8s => include_str!("emit/k8s.yaml"),
        Engine::Hq => include_str!("emit/hq.sh"),
        Engine::Openjd => include_str!("emit/openjd.yaml"),
    }
}

/// The script that makes all shards of a job beside it, and stitches them.
pub(crate) fn script(engine: Engine, job: &Path, shards: u32) -> String {
    let dir = job.with_extension("shards");
    let picture = job.with_extension("png");
    let word = |path: &Path| {
        let text = path.to_string_lossy().into_owned();
        match engine {
            // In double quotes, as JSON and with it YAML has them.
            Engine::K8s | Engine::Openjd => serde_json::Value::from(text).to_string(),
            _ => quoted(&text),
        }
    };
    template(engine)
        .replace("@JOB@", &word(job))
        .replace("@DIR@", &word(&dir))
        .replace("@PICTURE@", &word(&picture))
        .replace("@N@", &shards.to_string())
        .replace("@LAST@", &(shards - 1).to_string())
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

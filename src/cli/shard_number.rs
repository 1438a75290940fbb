//! Which shard: as it is typed, or as a scheduler numbers its tasks.

use crate::cli::failure::{Failure, usage};
use crate::cli::terminal::brief;

/// The value of `--shard`.
#[derive(Clone, Copy)]
pub(crate) enum ShardArg {
    /// K of N.
    Of(u32, u32),
    /// Read from the environment.
    Environment,
}

/// Variables in which schedulers number the tasks of an array, with the number of the first one. Where the range is the
/// user's, it is to be 1-N.
const VARIABLES: [(&str, u32); 7] = [
    ("SLURM_ARRAY_TASK_ID", 1),
    ("JOB_COMPLETION_INDEX", 0),
    ("AWS_BATCH_JOB_ARRAY_INDEX", 0),
    ("HQ_TASK_ID", 1),
    ("PBS_ARRAY_INDEX", 1),
    ("SGE_TASK_ID", 1),
    ("OMPI_COMM_WORLD_RANK", 0),
];

/// Reads K/N or 'env'.
pub(crate) fn shard_number(text: &str) -> Result<ShardArg, Failure> {
    if text == "env" {
        return Ok(ShardArg::Environment);
    }
    let number =
        |digits: &str| digits.parse::<u32>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
    let parts = text.split_once('/').and_then(|(k, n)| number(k).zip(number(n)));
    match parts {
        Some((k, n)) if (1..=n).contains(&k) => Ok(ShardArg::Of(k, n)),
        Some((_, n)) => Err(usage(format!("--shard: K must be 1..{n} (got {})", brief(text)))),
        None => Err(usage(format!("--shard needs K/N, as in 3/24, or 'env' (got '{}')", brief(text)))),
    }
}

impl ShardArg {
    /// The shard of a job of `shards` shards.
    pub(crate) fn resolve(self, shards: u32) -> Result<u32, Failure> {
        match self {
            Self::Of(k, n) if n == shards => Ok(k),
            Self::Of(k, n) => Err(usage(format!(
                "--shard {k}/{n} does not fit: the job has {shards} shards; use --shard K/{shards}"
            ))),
            Self::Environment => from(|name| std::env::var(name).ok(), shards),
        }
    }
}

/// The shard that the variables name.
fn from(variable: impl Fn(&str) -> Option<String>, shards: u32) -> Result<u32, Failure> {
    let mut found: Option<(u32, String)> = None;
    for (name, first) in VARIABLES {
        // Grid Engine sets its variable outside of arrays too.
        let Some(value) = variable(name).filter(|value| !value.is_empty() && value != "undefined") else {
            continue;
        };
        let shown = format!("{name}={}", brief(&value));
        let last = shards - 1 + first;
        let shard = value.parse::<u32>().ok().filter(|number| (first..=last).contains(number));
        let Some(shard) = shard.map(|number| number - first + 1) else {
            return Err(usage(format!(
                "--shard env: {shown} is outside {first}..{last}, the tasks of this job"
            )));
        };
        match &found {
            Some((other, said)) if *other != shard => {
                return Err(usage(format!(
                    "--shard env: {said} stands for shard {other}, and {shown} for shard {shard}; use --shard K/{shards}"
                )));
            }
            Some(_) => {}
            None => found = Some((shard, shown)),
        }
    }
    found.map(|(shard, _)| shard).ok_or_else(|| {
        let names: Vec<&str> = VARIABLES.iter().map(|(name, _)| *name).collect();
        usage(format!(
            "--shard env: none of these variables is set: {}; use --shard K/{shards}",
            names.join(", ")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<u32, String> {
        let get =
            |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_string());
        from(get, 24).map_err(|failure| {
            let (words, code) = failure.told();
            assert_eq!(code, 2);
            words
        })
    }

    #[test]
    fn each_scheduler_counts_in_its_own_way() {
        for (name, first) in VARIABLES {
            assert_eq!(read(&[(name, &first.to_string())]), Ok(1), "{name}");
            assert_eq!(read(&[(name, &(first + 23).to_string())]), Ok(24), "{name}");
            for wrong in ["-1", "x", "24.0", &(first + 24).to_string()] {
                let words = read(&[(name, wrong)]).expect_err(name);
                assert!(
                    words.contains(&format!("{name}={wrong} is outside {first}..{}", first + 23)),
                    "{words}"
                );
            }
        }
    }

    #[test]
    fn none_or_two_that_disagree_are_refused() {
        assert!(read(&[]).is_err_and(|words| words.contains("none of these variables is set")));
        assert!(read(&[("SGE_TASK_ID", "undefined"), ("HQ_TASK_ID", "")]).is_err());
        assert_eq!(read(&[("SLURM_ARRAY_TASK_ID", "3"), ("OMPI_COMM_WORLD_RANK", "2")]), Ok(3));
        let words = read(&[("SLURM_ARRAY_TASK_ID", "3"), ("OMPI_COMM_WORLD_RANK", "3")]);
        assert_eq!(
            words.expect_err("a contradiction"),
            "--shard env: SLURM_ARRAY_TASK_ID=3 stands for shard 3, and OMPI_COMM_WORLD_RANK=3 for shard 4; \
             use --shard K/24"
        );
    }

    #[test]
    fn numbers_are_read_as_they_are_typed() {
        assert!(matches!(shard_number("3/24"), Ok(ShardArg::Of(3, 24))));
        for wrong in ["0/24", "25/24", "3", "+3/24", "3/", "/24", "a/b", "3/24/1", ""] {
            assert!(shard_number(wrong).is_err(), "{wrong}");
        }
        assert!(ShardArg::Of(3, 24).resolve(25).is_err_and(|failure| failure.told().1 == 2));
    }
}

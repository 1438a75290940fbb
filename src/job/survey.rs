//! Which shards of a job there are.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;

use crate::decode::read_error::ReadError;
use crate::job::job::Job;
use crate::job::verify::{Verified, verify_file};
use crate::render::in_order::in_order;

/// What was found.
#[derive(Debug, Default)]
pub struct Survey {
    /// The first complete file of each shard, by its number.
    pub found: BTreeMap<u32, (PathBuf, Verified)>,
    /// Files that cannot be used.
    pub bad: Vec<(PathBuf, ReadError)>,
    /// A file with the same numbers as an earlier one of the same shard.
    pub same: Vec<(PathBuf, PathBuf)>,
    /// A file with other numbers than an earlier one of the same shard, the number of which comes first.
    pub differ: Vec<(u32, PathBuf, PathBuf)>,
    /// Numbers of the shards that no file holds.
    pub missing: Vec<u32>,
}

impl Survey {
    /// Whether each shard is there once, or more than once with the same numbers, and nothing else.
    pub fn is_complete(&self) -> bool {
        self.bad.is_empty() && self.differ.is_empty() && self.missing.is_empty()
    }
}

/// Reads all of these files, on the current rayon pool, and tells what they are to a job.
///
/// `read` is called after each file.
pub fn survey(job: &Job, paths: &[PathBuf], read: impl Fn() + Sync) -> Survey {
    let mut survey = Survey::default();
    let mut paths_in_order = paths.iter();
    let result: Result<(), Infallible> = in_order(
        paths.len() as u32,
        || (),
        |(), i| {
            let verified = verify_file(job, &paths[i as usize]);
            read();
            verified
        },
        |verified| {
            let Some(path) = paths_in_order.next() else { return Ok(()) };
            match verified {
                Err(error) => survey.bad.push((path.clone(), error)),
                Ok(one) => match survey.found.get(&one.shard) {
                    None => drop(survey.found.insert(one.shard, (path.clone(), one))),
                    Some((first, other)) if other.content == one.content => {
                        survey.same.push((first.clone(), path.clone()));
                    }
                    Some((first, _)) => survey.differ.push((one.shard, first.clone(), path.clone())),
                },
            }
            Ok(())
        },
    );
    let Ok(()) = result;
    survey.missing = (1..=job.shards()).filter(|shard| !survey.found.contains_key(shard)).collect();
    survey
}

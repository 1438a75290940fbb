//! Options of every command that computes: with how many threads, and what it says meanwhile.

use crate::cli::failure::Failure;
use crate::cli::progress::Progress;
use crate::cli::threads;
use crate::cli::value::Worded;

/// How a command runs. What it makes depends on none of it.
#[derive(clap::Args, Clone)]
pub(crate) struct RunArgs {
    /// Worker threads, or 'auto' for the usable CPUs
    ///
    /// The default is MANDEL_THREADS, RAYON_NUM_THREADS, or the usable CPUs.
    #[arg(short, long, value_name = "N", allow_hyphen_values = true, help_heading = "Run", value_parser = Worded(threads::option))]
    threads: Option<usize>,
    /// When to show progress
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", help_heading = "Run")]
    progress: Progress,
    /// Say nothing but errors
    #[arg(short, long, help_heading = "Run")]
    pub(crate) quiet: bool,
}

impl RunArgs {
    /// The number of threads, from 1 on.
    pub(crate) fn threads(&self) -> Result<usize, Failure> {
        threads::count(self.threads)
    }

    pub(crate) fn progress(&self) -> Progress {
        if self.quiet { Progress::Never } else { self.progress }
    }
}

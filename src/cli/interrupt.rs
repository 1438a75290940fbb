//! SIGINT, SIGTERM and their kind: remove what is unfinished, then die of the signal.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use tempfile::{NamedTempFile, TempDir};

use crate::cli::durability::Durability;
use crate::cli::request::folder;
use crate::cli::temporary::{remove, remove_abandoned, temporary, temporary_folder};
use crate::cli::terminal::say;

/// The unfinished files of this run.
///
/// A thread of its own waits for the signals, so that kernels need not look for them, however long an orbit is.
/// It holds this lock while it removes the files and ends the process, so nothing can be renamed into place meanwhile.
#[derive(Clone)]
pub(crate) struct Unfinished {
    /// How they are finished.
    pub(crate) durability: Durability,
    files: Arc<Mutex<Vec<PathBuf>>>,
    /// Folders that this run has looked through for files of killed ones.
    swept: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Unfinished {
    /// Starts to watch for signals. A signal that was ignored from the start (`nohup`, a background job of a script) stays so.
    ///
    /// Comes before [`memory::check`](crate::cli::memory::check), which sees what the thread takes.
    pub(crate) fn watch(durability: Durability) -> Self {
        let unfinished = Self { durability, files: Arc::default(), swept: Arc::default() };
        let shared = unfinished.clone();
        let ignored = ignored_signals();
        // With a handler, a file beyond the size limit is an error of the write instead of the end of the process.
        let too_large = rustix::process::Signal::XFSZ.as_raw();
        let _ = signal_hook::flag::register(too_large, Arc::default());
        let wanted =
            [SIGINT, SIGTERM, SIGHUP, SIGQUIT].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
        if let Ok(mut signals) = Signals::new(wanted) {
            let (running, runs) = mpsc::channel();
            // Without that thread a signal still ends the process, but leaves temporary files behind.
            let watch = move || {
                // Sending allocates, and with it the address space is reserved that the thread will ever have.
                let _ = running.send(());
                for signal in signals.forever() {
                    let files = shared.lock();
                    for file in files.iter() {
                        remove(file);
                    }
                    let _ = signal_hook::low_level::emulate_default_handler(signal);
                }
            };
            match std::thread::Builder::new().name("signals".into()).spawn(watch) {
                Ok(_) => drop(runs.recv()),
                Err(_) => say("note: no thread could be started to watch for signals"),
            }
        }
        unfinished
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes what killed runs left in a folder, when it is named here for the first time.
    pub(crate) fn sweep(&self, folder: &Path) {
        if self.swept.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.into()) {
            remove_abandoned(folder);
        }
    }

    /// Makes a file that will take the place of `path`.
    pub(crate) fn file(&self, path: &Path) -> io::Result<NamedTempFile> {
        self.sweep(folder(path));
        // The lock is held so that an interrupt finds the file either not yet made or listed.
        let mut files = self.lock();
        let made = temporary(path)?;
        files.push(made.path().to_path_buf());
        Ok(made)
    }

    /// Makes a folder beside `path`, and the handle that locks it.
    pub(crate) fn folder(&self, path: &Path) -> io::Result<(TempDir, File)> {
        self.sweep(folder(path));
        let mut files = self.lock();
        let made = temporary_folder(path)?;
        files.push(made.0.path().to_path_buf());
        Ok(made)
    }

    /// Forgets a file that is finished or gone.
    pub(crate) fn forget(files: &mut Vec<PathBuf>, path: &Path) {
        files.retain(|file| file != path);
    }
}

/// The signals that are ignored, as a mask; none where the system does not tell.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

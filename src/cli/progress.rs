//! A bar on standard error while a render takes its time.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::memory;
use crate::cli::terminal::say;

/// When to show progress.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Progress {
    /// In a terminal, once half a second has passed
    Auto,
    /// Also where standard error is not a terminal, as lines of text
    Always,
    Never,
}

/// Nothing is shown before this has passed.
const DELAY: Duration = Duration::from_millis(500);
/// The time between two updates.
const TICK: Duration = Duration::from_millis(100);

/// What is being done, and how much of it there is.
#[derive(Clone, Copy)]
pub(crate) enum Stage {
    /// The iterations of the reference orbit of a deep view, whose end is not known before.
    Reference,
    /// Pixels, of which there are this many.
    Pixels(u64),
    /// Samples, of which there are this many, each of which takes its time.
    Samples(u64),
}

/// Shows how much is done, from a thread of its own, so that it goes on during a long band.
pub(crate) struct Meter {
    done: Arc<AtomicU64>,
    drawing: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl Meter {
    /// Shows how `done` grows, unless memory is too short for a thread that only does this.
    pub(crate) fn start(progress: Progress, stage: Stage, done: Arc<AtomicU64>) -> Self {
        let terminal = stderr().is_terminal();
        let show = match progress {
            Progress::Auto => terminal,
            Progress::Always => true,
            Progress::Never => false,
        };
        let show = show && memory::is_roomy();
        let (end, ended) = mpsc::channel::<()>();
        let shared = done.clone();
        let waits = move |time| ended.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout);
        let draw = move || {
            if waits(DELAY) {
                if terminal { bar(stage, &shared, waits) } else { lines(stage, &shared, waits) }
            }
        };
        // Where no thread can be had, the render goes on without a bar.
        let drawing = show.then(|| Builder::new().name("progress".into()).spawn(draw).ok()).flatten();
        Self { done, drawing: drawing.map(|thread| (end, thread)) }
    }

    pub(crate) fn add(&self, done: u64) {
        self.done.fetch_add(done, Ordering::Relaxed);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.drawing.take() {
            drop(end);
            let _ = thread.join();
        }
    }
}

fn bar(stage: Stage, done: &AtomicU64, waits: impl Fn(Duration) -> bool) {
    let (total, template) = match stage {
        Stage::Reference => (1, "{spinner} {msg}"),
        Stage::Pixels(total) | Stage::Samples(total) => (total, "[{bar:24}] {percent:>3} %  {msg}"),
    };
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    // A template that cannot be read would show the default style.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    let start = Instant::now() - DELAY;
    loop {
        let done = done.load(Ordering::Relaxed);
        let seconds = start.elapsed().as_secs_f64();
        match stage {
            Stage::Reference => {
                bar.set_message(iterations(done));
                bar.tick();
            }
            Stage::Pixels(_) | Stage::Samples(_) if done > 0 => {
                let left = seconds * (total - done.min(total)) as f64 / done as f64;
                let rate = match stage {
                    Stage::Samples(_) => format!("{done} of {total} samples"),
                    _ => format!("{:.1} Mpixel/s", done as f64 / seconds / 1e6),
                };
                bar.set_message(format!("{rate}  {left:.0} s left"));
                bar.set_position(done);
            }
            Stage::Pixels(_) | Stage::Samples(_) => bar.set_position(0),
        }
        if !waits(TICK) {
            return bar.finish_and_clear();
        }
    }
}

fn lines(stage: Stage, done: &AtomicU64, waits: impl Fn(Duration) -> bool) {
    let mut next = 0;
    loop {
        let done = done.load(Ordering::Relaxed);
        match stage {
            // A line at once, and again whenever there are at least twice as many.
            Stage::Reference if done >= next => {
                say(iterations(done));
                next = 2 * done.max(1);
            }
            Stage::Pixels(total) | Stage::Samples(total)
                if done.saturating_mul(100) / total.max(1) >= next =>
            {
                let percent = done.saturating_mul(100) / total.max(1);
                say(format_args!("{percent} %"));
                next = percent + 10;
            }
            _ => {}
        }
        if !waits(TICK) {
            return;
        }
    }
}

fn iterations(done: u64) -> String {
    format!("reference orbit, {done} steps")
}

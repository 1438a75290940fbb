//! A bar on standard error while a render takes its time.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// When to show progress.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Progress {
    /// In a terminal, once half a second has passed
    Auto,
    /// Also where standard error is not a terminal, as lines of text
    Always,
    Never,
}

/// A render that takes less shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);
/// Time between two updates.
const TICK: Duration = Duration::from_millis(100);

/// Shows how many of the pixels are done, from a thread of its own, so that a single long band does not freeze it.
pub(crate) struct Meter {
    done: Arc<AtomicU64>,
    drawing: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl Meter {
    pub(crate) fn start(progress: Progress, pixels: u64) -> Self {
        let done = Arc::new(AtomicU64::new(0));
        let terminal = stderr().is_terminal();
        let show = match progress {
            Progress::Auto => terminal,
            Progress::Always => true,
            Progress::Never => false,
        };
        let (end, ended) = mpsc::channel::<()>();
        let shared = done.clone();
        let waits = move |time| ended.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout);
        let draw = move || {
            if waits(PATIENCE) {
                if terminal { bar(pixels, &shared, waits) } else { lines(pixels, &shared, waits) }
            }
        };
        // Where no thread can be had, the render goes on without a bar.
        let drawing = show.then(|| Builder::new().name("progress".into()).spawn(draw).ok()).flatten();
        Self { done, drawing: drawing.map(|thread| (end, thread)) }
    }

    pub(crate) fn add(&self, pixels: u64) {
        self.done.fetch_add(pixels, Ordering::Relaxed);
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

fn bar(pixels: u64, done: &AtomicU64, waits: impl Fn(Duration) -> bool) {
    let bar = ProgressBar::with_draw_target(Some(pixels), ProgressDrawTarget::stderr());
    // A template that cannot be read would show the default style.
    if let Ok(style) = ProgressStyle::with_template("[{bar:24}] {percent:>3} %  {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    let start = Instant::now() - PATIENCE;
    loop {
        let done = done.load(Ordering::Relaxed);
        let seconds = start.elapsed().as_secs_f64();
        if done > 0 {
            let left = seconds * (pixels - done.min(pixels)) as f64 / done as f64;
            bar.set_message(format!("{:.1} Mpixel/s  {left:.0} s left", done as f64 / seconds / 1e6));
        }
        bar.set_position(done);
        if !waits(TICK) {
            return bar.finish_and_clear();
        }
    }
}

fn lines(pixels: u64, done: &AtomicU64, waits: impl Fn(Duration) -> bool) {
    let mut first = true;
    let mut shown = 0;
    loop {
        let percent = done.load(Ordering::Relaxed) * 100 / pixels.max(1);
        if percent >= shown + 10 || std::mem::take(&mut first) {
            super::say(format_args!("{percent} %"));
            shown = percent;
        }
        if !waits(TICK) {
            return;
        }
    }
}

//! A line on standard error while a render takes its time.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::termios::tcgetwinsize;

use crate::cli::memory;
use crate::cli::terminal::{is_dumb, rate, say};

/// When to show progress.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Progress {
    /// In a terminal, once half a second has passed
    Auto,
    /// Also where standard error is no terminal or a dumb one, as a line every few seconds
    Always,
    Never,
}

/// Nothing is shown before this has passed.
const DELAY: Duration = Duration::from_millis(500);
/// The time between two updates of a terminal.
const TICK: Duration = Duration::from_millis(100);
/// The time between two lines where they stay.
const LINE: Duration = Duration::from_secs(5);
/// Characters across where the terminal does not tell.
const COLUMNS: usize = 80;
/// Characters of the bar, where they fit.
const BAR: usize = 24;
/// A shorter bar tells nothing.
const LEAST_BAR: usize = 8;

/// What is being done, and how much of it there is.
#[derive(Clone, Copy)]
pub(crate) enum Stage {
    /// The iterations of the reference orbit of a deep view, whose end is not known before.
    Reference,
    /// The minibrots of a walk, whose number is not known before.
    Walk,
    /// What is made of pixels, and how many there are.
    Pixels(&'static str, u64),
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
        let terminal = stderr().is_terminal() && !is_dumb();
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

/// Draws one line again and again, as wide as the window is at that time.
fn bar(stage: Stage, done: &AtomicU64, waits: impl Fn(Duration) -> bool) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // A template that cannot be read would show the default style.
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    let start = Instant::now() - DELAY;
    loop {
        let columns = tcgetwinsize(stderr()).map_or(0, |size| size.ws_col.into());
        bar.set_message(line(stage, done.load(Ordering::Relaxed), start.elapsed().as_secs_f64(), columns));
        bar.tick();
        if !waits(TICK) {
            return bar.finish_and_clear();
        }
    }
}

fn lines(stage: Stage, done: &AtomicU64, waits: impl Fn(Duration) -> bool) {
    let start = Instant::now() - DELAY;
    loop {
        say(words(stage, done.load(Ordering::Relaxed), start.elapsed().as_secs_f64()).join(", "));
        if !waits(LINE) {
            return;
        }
    }
}

/// What there is to say, the most important first.
fn words(stage: Stage, done: u64, seconds: f64) -> Vec<String> {
    match stage {
        Stage::Reference => vec![format!("reference orbit, {done} iterations")],
        Stage::Walk => vec![format!("{done} minibrots on the way")],
        Stage::Pixels(what, total) => {
            let percent = (100.0 * done as f64 / total.max(1) as f64).min(100.0).floor();
            let mut words = vec![format!("{what} {percent:>3} %")];
            if done > 0 {
                let left = seconds * total.saturating_sub(done) as f64 / done as f64;
                words.extend([format!("{left:.0} s left"), rate(done as f64 / seconds)]);
            }
            words
        }
        Stage::Samples(total) => {
            let mut words = vec![format!("{done} of {total} samples")];
            if done > 0 {
                let left = seconds * total.saturating_sub(done) as f64 / done as f64;
                words.push(format!("{left:.0} s left"));
            }
            words
        }
    }
}

/// The same in one line of a window with so many columns, 0 where that is not known: with a bar, and without what does not fit.
fn line(stage: Stage, done: u64, seconds: f64, columns: usize) -> String {
    // Not the last column, where some terminals wrap.
    let most = if columns == 0 { COLUMNS } else { columns } - 1;
    let mut words = words(stage, done, seconds);
    let mut length = words[0].len();
    let fitting = words[1..].iter().take_while(|word| {
        length += 2 + word.len();
        length <= most
    });
    let count = 1 + fitting.count();
    words.truncate(count);
    let text = words.join("  ");
    let room = most.saturating_sub(text.len() + 4).min(BAR);
    match stage {
        Stage::Pixels(_, total) | Stage::Samples(total) if room >= LEAST_BAR => {
            let filled = (room as f64 * (done as f64 / total.max(1) as f64).min(1.0)) as usize;
            let head = if filled < room { ">" } else { "" };
            let drawn = format!("{}{head}", "=".repeat(filled));
            format!("[{drawn:<room$}]  {text}")
        }
        _ => text.chars().take(most).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fits_every_window() {
        let pixels = |total| Stage::Pixels("picture", total);
        for columns in 0..200 {
            let most = if columns == 0 { COLUMNS } else { columns };
            for (stage, done) in [
                (Stage::Reference, u64::MAX),
                (pixels(0), 0),
                (pixels(2_073_600), 0),
                (pixels(2_073_600), 1),
                (pixels(2_073_600), 2_073_599),
                (pixels(1000), 1001),
                (pixels(u64::MAX), 1 << 40),
                (Stage::Samples(10_000_000), 9_999_999),
            ] {
                let line = line(stage, done, 12.5, columns);
                assert!(line.chars().count() < most, "{columns}: {line}");
            }
        }
    }

    #[test]
    fn a_window_of_34_columns_shows_what_matters() {
        let stage = Stage::Pixels("picture", 2_073_600);
        assert_eq!(line(stage, 1_036_800, 100.0, 34), "picture  50 %  100 s left");
        assert_eq!(line(stage, 1_036_800, 100.0, 46), "picture  50 %  100 s left  10.4 kpixel/s");
        assert_eq!(
            line(stage, 1_036_800, 100.0, 0),
            "[============>           ]  picture  50 %  100 s left  10.4 kpixel/s"
        );
        assert_eq!(line(Stage::Reference, 12_345, 1.0, 34), "reference orbit, 12345 iterations".to_string());
    }

    #[test]
    fn lines_name_what_is_made() {
        let stage = Stage::Pixels("picture", 1000);
        assert_eq!(words(stage, 0, 1.0).join(", "), "picture   0 %");
        assert_eq!(words(stage, 250, 2.0).join(", "), "picture  25 %, 6 s left, 125 pixel/s");
        assert_eq!(words(Stage::Walk, 7, 2.0).join(", "), "7 minibrots on the way");
    }
}

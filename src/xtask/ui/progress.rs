//! Shows the steps of work that are under way: as spinners on a terminal. Elsewhere it prints one line at the end of each step,
//! and one now and then for a long step.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use console::style;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::ui::terminal;

/// Steps that take less time get no line.
const WORTH_A_LINE: Duration = Duration::from_millis(1_500);
/// How often a long step is mentioned where standard error is not a terminal, in seconds.
const HEARTBEAT: u64 = 30;

/// Draws on standard error, and on nothing if that is not a terminal.
static SPINNERS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);
/// Whether [`end`] wrote the last line.
static ENDED: AtomicBool = AtomicBool::new(false);

/// Does the work. Shows its name meanwhile and its outcome at the end.
pub(crate) fn step<T>(name: &str, work: impl FnOnce(&Step) -> Result<T>) -> Result<T> {
    let step = Step::begin(name);
    let done = work(&step);
    let took = step.0.elapsed();
    drop(step);
    let mark = match &done {
        Ok(_) if took < WORTH_A_LINE => return done,
        Ok(_) => style("✓").green(),
        Err(_) => style("✗").red().bold(),
    };
    print_status(&format!("{} {name} {}", mark.for_stderr(), style(terminal::time(took)).dim().for_stderr()));
    done
}

/// Does the work. Shows its name meanwhile and nothing at the end.
pub(crate) fn silently<T>(name: &str, work: impl FnOnce(&Step) -> Result<T>) -> Result<T> {
    work(&Step::begin(name))
}

/// Writes a line to standard error, above the spinners.
pub(crate) fn print_status(line: &str) {
    if !ENDED.load(Ordering::Relaxed) {
        SPINNERS.suspend(|| drop(writeln!(io::stderr(), "{line}")));
    }
}

/// Writes a line to standard output, above the spinners.
pub(crate) fn print_line(line: impl Display) {
    SPINNERS.suspend(|| terminal::print_line(line));
}

/// Writes the last line. Later failures are only consequences of stopping, so they are not shown.
pub(crate) fn end(line: &str) {
    print_status(line);
    ENDED.store(true, Ordering::Relaxed);
    drop(SPINNERS.clear());
}

/// A step under way, with the number of times that it was mentioned. It ends when it is dropped.
pub(crate) struct Step(ProgressBar, AtomicU64);

impl Step {
    /// Shows the last line that the step printed.
    pub(crate) fn note(&self, text: &str) {
        self.0.set_message(text.trim().to_owned());
        let took = self.0.elapsed().as_secs();
        let due = took / HEARTBEAT;
        if SPINNERS.is_hidden()
            && !self.0.prefix().is_empty()
            && self.1.fetch_max(due, Ordering::Relaxed) < due
        {
            print_status(&format!("  … {} {took} s: {}", self.0.prefix(), text.trim()));
        }
    }

    /// A step that is not shown.
    pub(crate) fn quiet() -> Self {
        Self(ProgressBar::hidden(), AtomicU64::new(0))
    }

    fn begin(name: &str) -> Self {
        let look = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}");
        let bar = ProgressBar::new_spinner().with_prefix(name.to_owned());
        let bar = SPINNERS.add(bar.with_style(look.unwrap_or_else(|_| ProgressStyle::default_spinner())));
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar, AtomicU64::new(0))
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.0.finish_and_clear();
        SPINNERS.remove(&self.0);
    }
}

//! Shows the steps of work that are under way: on a terminal in one line that changes, elsewhere one line at
//! the end of each step, and one now and then for a long step.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::ui::terminal;

/// Steps that take less time get no line.
const WORTH_A_LINE: Duration = Duration::from_millis(1_500);
/// How often a long step is mentioned where standard error is not a terminal.
const HEARTBEAT: Duration = Duration::from_secs(30);
const FRAMES: [&str; 4] = ["◐", "◓", "◑", "◒"];

static BOARD: Mutex<Board> =
    Mutex::new(Board { running: Vec::new(), next: 0, drawn: false, frame: 0, ended: false });
static TICKER: Once = Once::new();

/// Does the work. Shows its name meanwhile and its outcome at the end.
pub(crate) fn step<T>(name: &str, work: impl FnOnce(&Step) -> Result<T>) -> Result<T> {
    let step = Step::begin(name);
    let done = work(&step);
    let took = step.since.elapsed();
    let colours = terminal::stderr();
    let line = match &done {
        Ok(_) if took < WORTH_A_LINE => None,
        Ok(_) => Some(colours.green("✓")),
        Err(_) => Some(colours.red("✗")),
    };
    drop(step);
    if let Some(mark) = line {
        print_status(&format!("{mark} {name} {}", colours.faint(&terminal::time(took))));
    }
    done
}

/// Does the work. Shows its name meanwhile and nothing at the end.
pub(crate) fn silently<T>(name: &str, work: impl FnOnce(&Step) -> Result<T>) -> Result<T> {
    work(&Step::begin(name))
}

/// Writes a line to standard error, above the line that changes.
pub(crate) fn print_status(line: &str) {
    let mut board = board();
    if board.ended {
        return;
    }
    board.clear();
    let _ = writeln!(io::stderr(), "{line}");
    board.draw();
}

/// Writes a line to standard output, above the line that changes.
pub(crate) fn print_line(line: &str) {
    let mut board = board();
    board.clear();
    terminal::print_line(line);
    board.draw();
}

/// Writes the last line. Later failures are only consequences of stopping, so they are not shown.
pub(crate) fn end(line: &str) {
    print_status(line);
    let mut board = board();
    board.clear();
    board.ended = true;
}

/// A step under way. It ends when it is dropped.
pub(crate) struct Step {
    number: u64,
    since: Instant,
}

impl Step {
    /// Shows the last line that the step printed.
    pub(crate) fn note(&self, text: &str) {
        let mut board = board();
        if let Some(running) = board.running.iter_mut().find(|running| running.number == self.number) {
            text.trim().clone_into(&mut running.note);
        }
    }

    /// A step that is not shown.
    pub(crate) fn quiet() -> Self {
        Self { number: u64::MAX, since: Instant::now() }
    }

    fn begin(name: &str) -> Self {
        TICKER.call_once(|| drop(thread::spawn(tick)));
        let mut board = board();
        let step = Self { number: board.next, since: Instant::now() };
        board.next += 1;
        board.running.push(Running {
            number: step.number,
            name: name.to_owned(),
            note: String::new(),
            since: step.since,
        });
        board.draw();
        step
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        let mut board = board();
        board.running.retain(|running| running.number != self.number);
        board.clear();
        board.draw();
    }
}

struct Board {
    running: Vec<Running>,
    next: u64,
    drawn: bool,
    frame: usize,
    ended: bool,
}

struct Running {
    number: u64,
    name: String,
    note: String,
    since: Instant,
}

impl Board {
    fn clear(&mut self) {
        if self.drawn {
            let _ = write!(io::stderr(), "\r\x1b[2K");
            self.drawn = false;
        }
    }

    fn draw(&mut self) {
        if self.ended || self.running.is_empty() || !io::stderr().is_terminal() {
            return;
        }
        let names: Vec<String> = self.running.iter().map(Running::short).collect();
        let mut text = names.join(" · ");
        // With one step there is space for its last line.
        if let [only] = self.running.as_slice()
            && !only.note.is_empty()
        {
            text = format!("{text}: {}", only.note);
        }
        let room = terminal::columns().saturating_sub(4);
        let line: String = text.chars().filter(|letter| !letter.is_control()).take(room).collect();
        let frame = FRAMES.get(self.frame % FRAMES.len()).unwrap_or(&"·");
        let _ = write!(io::stderr(), "\r\x1b[2K{frame} {line}");
        let _ = io::stderr().flush();
        self.drawn = true;
    }
}

impl Running {
    fn short(&self) -> String {
        format!("{} {} s", self.name, self.since.elapsed().as_secs())
    }
}

fn tick() {
    let terminal = io::stderr().is_terminal();
    loop {
        thread::sleep(if terminal { Duration::from_millis(120) } else { HEARTBEAT });
        let mut board = board();
        if terminal {
            board.frame += 1;
            board.draw();
            continue;
        }
        for running in board.running.iter().filter(|running| running.since.elapsed() > HEARTBEAT) {
            let _ = writeln!(io::stderr(), "  … {}: {}", running.short(), running.note);
        }
    }
}

fn board() -> MutexGuard<'static, Board> {
    // After a panic in another thread the list of names is still valid.
    BOARD.lock().unwrap_or_else(PoisonError::into_inner)
}

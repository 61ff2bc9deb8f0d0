//! Steps of work enter, and what is under way is told while it lasts: on a terminal one line that moves, elsewhere a
//! line at the end of each step and now and then one for those that take long.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::ui::terminal;

/// What took less is not worth a line.
const WORTH_A_LINE: Duration = Duration::from_millis(1_500);
/// How often a log hears of a step that lasts.
const HEARTBEAT: Duration = Duration::from_secs(30);
const FRAMES: [&str; 4] = ["◐", "◓", "◑", "◒"];

static BOARD: Mutex<Board> =
    Mutex::new(Board { running: Vec::new(), next: 0, drawn: false, frame: 0, ended: false });
static TICKER: Once = Once::new();

/// Does the work, and shows its name while it lasts and how it ended.
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
        tell(&format!("{mark} {name} {}", colours.faint(&terminal::time(took))));
    }
    done
}

/// Does the work, and shows its name only while it lasts.
pub(crate) fn silently<T>(name: &str, work: impl FnOnce(&Step) -> Result<T>) -> Result<T> {
    work(&Step::begin(name))
}

/// Writes a line to standard error without tearing the one that moves.
pub(crate) fn tell(line: &str) {
    let mut board = board();
    if board.ended {
        return;
    }
    board.clear();
    let _ = writeln!(io::stderr(), "{line}");
    board.draw();
}

/// Writes a line to standard output without tearing the one that moves.
pub(crate) fn say(line: &str) {
    let mut board = board();
    board.clear();
    terminal::say(line);
    board.draw();
}

/// Says a last line: what fails from then on does so because everything is being stopped.
pub(crate) fn end(line: &str) {
    tell(line);
    let mut board = board();
    board.clear();
    board.ended = true;
}

/// A step under way; it ends when it is dropped.
pub(crate) struct Step {
    number: u64,
    since: Instant,
}

impl Step {
    /// Shows the last thing that the step said.
    pub(crate) fn note(&self, text: &str) {
        let mut board = board();
        if let Some(running) = board.running.iter_mut().find(|running| running.number == self.number) {
            text.trim().clone_into(&mut running.note);
        }
    }

    /// A step that nobody has to see.
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
        let told: Vec<String> = self.running.iter().map(Running::short).collect();
        let mut text = told.join(" · ");
        // The last words of a lone step are worth showing; several would not fit.
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
    // What a panicking thread left is a list of names: still good to show.
    BOARD.lock().unwrap_or_else(PoisonError::into_inner)
}

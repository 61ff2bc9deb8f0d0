//! Colours text if it goes to a terminal.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// The colours of one stream. There are none if it is not a terminal or if `NO_COLOR` is set.
#[derive(Clone, Copy)]
pub(crate) struct Colours(bool);

/// The colours of standard output.
pub(crate) fn stdout() -> Colours {
    Colours(io::stdout().is_terminal() && wanted())
}

/// The colours of standard error.
pub(crate) fn stderr() -> Colours {
    Colours(io::stderr().is_terminal() && wanted())
}

impl Colours {
    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Writes a line to standard output. Ignores a reader that has gone (`| head`).
pub(crate) fn print_line(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// The columns of standard output; enough for every table if it is not a terminal.
pub(crate) fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    size.map_or(120, |size| usize::from(size.ws_col)).clamp(60, 120)
}

/// Formats a duration for people.
pub(crate) fn time(time: Duration) -> String {
    match time.as_millis() {
        0..100 => format!("{:.1} ms", time.as_secs_f64() * 1_000.0),
        100..1_000 => format!("{} ms", time.as_millis()),
        1_000..60_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => format!("{} min {:02} s", time.as_secs() / 60, time.as_secs() % 60),
    }
}

fn wanted() -> bool {
    env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_shown_in_the_unit_that_fits() {
        assert_eq!(time(Duration::from_micros(2_340)), "2.3 ms");
        assert_eq!(time(Duration::from_millis(500)), "500 ms");
        assert_eq!(time(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(time(Duration::from_secs(125)), "2 min 05 s");
    }
}

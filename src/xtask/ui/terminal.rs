//! What is written to a terminal, and how wide it is.

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;

/// Writes a line to standard output. Ignores a reader that has gone (`| head`).
pub(crate) fn print_line(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// The columns of standard output; enough for every table if it is not a terminal.
pub(crate) fn columns() -> usize {
    let size = console::Term::stdout().size_checked();
    size.map_or(120, |(_, columns)| usize::from(columns)).clamp(60, 120)
}

/// Breaks a text into lines of the terminal's width. `indent` spaces precede each line after the first. Words are never broken.
pub(crate) fn wrapped(text: &str, indent: usize) -> String {
    wrapped_to(columns(), text, indent)
}

fn wrapped_to(width: usize, text: &str, indent: usize) -> String {
    let spaces = " ".repeat(indent);
    let options = textwrap::Options::new(width)
        .subsequent_indent(&spaces)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_continues_below_its_start_and_words_stay_whole() {
        let text = "  issuer  jotgate-keys, the companion: http://127.0.0.1:12345";
        let wrapped = wrapped_to(30, text, 10);
        assert_eq!(
            wrapped,
            "  issuer  jotgate-keys, the\n          companion:\n          http://127.0.0.1:12345"
        );
        assert_eq!(wrapped_to(80, text, 10), text);
    }

    #[test]
    fn a_duration_is_shown_in_the_unit_that_fits() {
        assert_eq!(time(Duration::from_micros(2_340)), "2.3 ms");
        assert_eq!(time(Duration::from_millis(500)), "500 ms");
        assert_eq!(time(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(time(Duration::from_secs(125)), "2 min 05 s");
    }
}

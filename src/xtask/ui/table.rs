//! Formats rows of cells as aligned lines. A cell that is too long continues in the next line.

use crate::ui::terminal::Colours;

/// A column: its title, its width in characters, and its alignment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) width: usize,
    pub(crate) right: bool,
}

impl Column {
    pub(crate) const fn left(title: &'static str, width: usize) -> Self {
        Self { title, width, right: false }
    }

    pub(crate) const fn right(title: &'static str, width: usize) -> Self {
        Self { title, width, right: true }
    }
}

/// How a row is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Bad,
}

/// A table, formatted row by row.
pub(crate) struct Table {
    columns: Vec<Column>,
    colours: Colours,
}

impl Table {
    pub(crate) const fn new(columns: Vec<Column>, colours: Colours) -> Self {
        Self { columns, colours }
    }

    /// The titles, with a rule below.
    pub(crate) fn head(&self) -> String {
        let titles: Vec<String> = self.columns.iter().map(|column| column.title.to_owned()).collect();
        let line = self.lines(&titles).concat();
        format!("  {}\n{}", self.colours.bold(line.trim_end()), self.rule())
    }

    /// A line between rows.
    pub(crate) fn rule(&self) -> String {
        let width: usize = self.columns.iter().map(|column| column.width + 2).sum();
        format!("  {}", self.colours.faint(&"─".repeat(width.saturating_sub(2))))
    }

    /// A row with the mark of its tone. It has as many lines as its longest cell needs.
    pub(crate) fn row(&self, tone: Tone, cells: &[String]) -> String {
        let mark = match tone {
            Tone::Plain => " ".to_owned(),
            Tone::Good => self.colours.green("✓"),
            Tone::Bad => self.colours.red("✗"),
        };
        let lines = self.lines(cells);
        let marked = lines.iter().enumerate().map(|(number, line)| {
            let line = if tone == Tone::Bad {
                self.colours.red(line.trim_end())
            } else {
                line.trim_end().to_owned()
            };
            format!("{} {line}", if number == 0 { mark.as_str() } else { " " })
        });
        marked.collect::<Vec<_>>().join("\n")
    }

    fn lines(&self, cells: &[String]) -> Vec<String> {
        let wrapped: Vec<Vec<String>> =
            self.columns.iter().zip(cells).map(|(column, cell)| wrap(cell, column.width)).collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        (0..height)
            .map(|number| {
                let texts = wrapped.iter().map(|lines| lines.get(number).map_or("", String::as_str));
                let padded = self.columns.iter().zip(texts).map(|(column, text)| match column.right {
                    true => format!("{text:>width$}  ", width = column.width),
                    false => format!("{text:<width$}  ", width = column.width),
                });
                padded.collect()
            })
            .collect()
    }
}

/// Breaks at spaces, and within a word only if the word is longer than the line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let mut characters: Vec<char> = word.chars().collect();
        let space = usize::from(used > 0);
        if used + space + characters.len() > width && used > 0 {
            lines.push(String::new());
            used = 0;
        }
        if used > 0 {
            push(&mut lines, " ");
            used += 1;
        }
        while characters.len() > width {
            let rest = characters.split_off(width);
            push(&mut lines, &characters.iter().collect::<String>());
            lines.push(String::new());
            characters = rest;
        }
        push(&mut lines, &characters.iter().collect::<String>());
        used += characters.len();
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_spaces_and_only_long_words_within() {
        assert_eq!(wrap("the token has expired", 10), ["the token", "has", "expired"]);
        assert_eq!(wrap("short", 10), ["short"]);
        assert_eq!(wrap("a abcdefghijklm", 10), ["a", "abcdefghij", "klm"]);
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn the_width_counts_characters_not_bytes() {
        assert_eq!(wrap("«ä»«ä»«ä»x", 10), ["«ä»«ä»«ä»x"]);
    }

    #[test]
    fn a_row_is_as_high_as_its_longest_cell() {
        let columns = vec![Column::left("what", 6), Column::right("time", 6)];
        let table = Table::new(columns, crate::ui::terminal::stdout());
        let row = table.row(Tone::Plain, &["two words".to_owned(), "1 s".to_owned()]);
        assert_eq!(row, "  two        1 s\n  words");
    }
}

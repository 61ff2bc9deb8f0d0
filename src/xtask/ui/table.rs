//! Formats rows of cells as aligned lines. A cell that is too long continues in the next line.

use console::{Alignment, pad_str, style};

/// A column: its title, its width in characters, and its alignment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) width: usize,
    pub(crate) side: Alignment,
}

impl Column {
    pub(crate) const fn left(title: &'static str, width: usize) -> Self {
        Self { title, width, side: Alignment::Left }
    }

    pub(crate) const fn right(title: &'static str, width: usize) -> Self {
        Self { title, width, side: Alignment::Right }
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
}

impl Table {
    pub(crate) const fn new(columns: Vec<Column>) -> Self {
        Self { columns }
    }

    /// The titles, with a rule below.
    pub(crate) fn head(&self) -> String {
        let titles: Vec<String> = self.columns.iter().map(|column| column.title.to_owned()).collect();
        let line = self.lines(&titles).concat();
        format!("  {}\n{}", style(line.trim_end()).bold(), self.rule())
    }

    /// A line between rows.
    pub(crate) fn rule(&self) -> String {
        let width: usize = self.columns.iter().map(|column| column.width + 2).sum();
        format!("  {}", style("─".repeat(width.saturating_sub(2))).dim())
    }

    /// A row with the mark of its tone. It has as many lines as its longest cell needs.
    pub(crate) fn row(&self, tone: Tone, cells: &[String]) -> String {
        let mark = match tone {
            Tone::Plain => " ".to_owned(),
            Tone::Good => style("✓").green().to_string(),
            Tone::Bad => style("✗").red().bold().to_string(),
        };
        let lines = self.lines(cells);
        let marked = lines.iter().enumerate().map(|(number, line)| {
            let line = if tone == Tone::Bad {
                style(line.trim_end()).red().bold().to_string()
            } else {
                line.trim_end().to_owned()
            };
            format!("{} {line}", if number == 0 { mark.as_str() } else { " " })
        });
        marked.collect::<Vec<_>>().join("\n")
    }

    fn lines(&self, cells: &[String]) -> Vec<String> {
        let wrapped: Vec<_> =
            self.columns.iter().zip(cells).map(|(column, cell)| textwrap::wrap(cell, column.width)).collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        (0..height)
            .map(|number| {
                let texts = wrapped.iter().map(|lines| lines.get(number).map_or("", AsRef::as_ref));
                let padded =
                    self.columns.iter().zip(texts).map(|(column, text)| {
                        format!("{}  ", pad_str(text, column.width, column.side, None))
                    });
                padded.collect()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_as_high_as_its_longest_cell() {
        let columns = vec![Column::left("what", 6), Column::right("time", 6)];
        let table = Table::new(columns);
        let row = table.row(Tone::Plain, &["two words".to_owned(), "1 s".to_owned()]);
        assert_eq!(row, "  two        1 s\n  words");
    }
}

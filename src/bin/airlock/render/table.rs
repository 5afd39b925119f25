//! Tables that fit the terminal.

use terminal_size::{Width, terminal_size_of};

/// On which side of its column a cell stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells. Cells are plain text; they were cleaned before.
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

const GAP: usize = 2;
/// No column is cut below this many characters.
const NARROWEST: usize = 8;

impl Table {
    /// Makes a table with these headings.
    pub fn new(columns: &[(&str, Align)]) -> Table {
        let columns = columns
            .iter()
            .map(|(head, align)| (head.to_string(), *align))
            .collect();
        Table {
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a row; missing cells are empty, superfluous ones are dropped.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut row: Vec<String> = cells.into_iter().take(self.columns.len()).collect();
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    /// Lays the table out: as wide as the terminal on stdout, as wide as it likes elsewhere.
    pub fn render(&self) -> String {
        let width = terminal_size_of(std::io::stdout()).map(|(Width(w), _)| usize::from(w));
        self.render_within(width)
    }

    fn render_within(&self, width: Option<usize>) -> String {
        let mut widths: Vec<usize> = self.columns.iter().map(|(head, _)| length(head)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(length(cell));
            }
        }
        if let Some(limit) = width {
            shrink(&mut widths, limit);
        }
        let heads: Vec<String> = self.columns.iter().map(|(head, _)| head.clone()).collect();
        let mut out = String::new();
        if heads.iter().any(|head| !head.is_empty()) {
            out += &super::bold(&self.line(&heads, &widths));
            out.push('\n');
        }
        for row in &self.rows {
            out += &self.line(row, &widths);
            out.push('\n');
        }
        out
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, width), (_, align)) in row.iter().zip(widths).zip(&self.columns) {
            if !line.is_empty() {
                line += &" ".repeat(GAP);
            }
            let cell = elide(cell, *width);
            let space = " ".repeat(width.saturating_sub(length(&cell)));
            line += &match align {
                Align::Left => cell + &space,
                Align::Right => space + &cell,
            };
        }
        line.trim_end().to_owned()
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Takes from the widest column until the line fits, or no column can give more.
fn shrink(widths: &mut [usize], limit: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(limit);
    while excess > 0 {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => return,
        }
        excess -= 1;
    }
}

/// Cuts the middle out of a text that is too long: both ends of a checksum or ref tell most.
fn elide(text: &str, width: usize) -> String {
    let long = length(text);
    if long <= width {
        return text.to_owned();
    }
    let head = width / 2;
    let tail = width.saturating_sub(head + 1);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(long - tail).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Table {
        let mut table = Table::new(&[("REF", Align::Left), ("SIZE", Align::Right)]);
        table.row(["debian/x86_64/desktop/stable".into(), "409 MB".into()]);
        table.row(["dev".into(), "1.06 GB".into()]);
        table
    }

    #[test]
    fn stands_in_columns() {
        let text = example().render_within(None);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "debian/x86_64/desktop/stable   409 MB",
                "dev                           1.06 GB"
            ]
        );
    }

    #[test]
    fn fits_the_terminal() {
        let text = example().render_within(Some(24));
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            ["debian/…/stable   409 MB", "dev              1.06 GB"]
        );
    }
}

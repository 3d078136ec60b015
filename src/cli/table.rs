//! Tables of a result: columns that line up, and what becomes of them on a narrow terminal.

use super::flow::{flowed, wrapped};
use super::show::{Paint, Tone};
use textwrap::core::display_width;

/// A cell of a table.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    tone: Option<Tone>,
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), tone: None }
    }
}

impl Cell {
    /// A cell with a tone.
    pub fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Some(tone) }
    }
}

/// No column is made narrower than this to fit a terminal.
const NARROWEST: usize = 16;

/// Rows under headings, columns as wide as their widest cell; the last column runs free.
#[derive(Clone, Debug, Default)]
pub struct Table {
    head: Vec<String>,
    right: Vec<bool>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these headings; one that starts with `>` makes a right-aligned column.
    pub fn new(head: &[&str]) -> Self {
        Self {
            head: head.iter().map(|h| h.trim_start_matches('>').to_owned()).collect(),
            right: head.iter().map(|h| h.starts_with('>')).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines, headings first, each indented by two.
    pub fn lines(&self, paint: Paint) -> Vec<String> {
        self.lines_within(paint, usize::MAX)
    }

    /// The same in at most `width` characters: long cells continue below. Where columns cannot be made as narrow as that,
    /// each row becomes a list of its own.
    pub fn lines_within(&self, paint: Paint, width: usize) -> Vec<String> {
        if let Some(empty) = (0..self.head.len()).find(|c| self.is_empty(*c)) {
            return self.without(empty).lines_within(paint, width);
        }
        let head: Vec<Cell> = self.head.iter().map(|h| Cell::toned(Tone::Strong, h.clone())).collect();
        let all = || std::iter::once(&head).chain(&self.rows);
        let mut widths: Vec<usize> = (0..self.head.len())
            .map(|c| all().filter_map(|r| r.get(c)).map(|cell| display_width(&cell.text)).max().unwrap_or(0))
            .collect();
        while 1 + widths.iter().map(|w| w + 2).sum::<usize>() > width {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                _ => return self.lists(paint, width),
            }
        }
        all().flat_map(|row| self.row_lines(row, &widths, paint)).collect()
    }

    /// Each row as a list under its first cell, one line a column.
    fn lists(&self, paint: Paint, width: usize) -> Vec<String> {
        let widest = self.head.iter().skip(1).map(|head| display_width(head)).max().unwrap_or(0);
        let show =
            |cell: &Cell| cell.tone.map_or_else(|| cell.text.clone(), |tone| paint.tone(tone, &cell.text));
        let mut lines = Vec::new();
        for row in &self.rows {
            for (n, (head, cell)) in self.head.iter().zip(row).enumerate() {
                match n {
                    0 => lines.push(format!("  {}", show(cell))),
                    _ if cell.text.is_empty() => {}
                    _ => lines.push(format!("    {head:<widest$}  {}", show(cell))),
                }
            }
        }
        lines
            .iter()
            .flat_map(|line| flowed(line, width).split('\n').map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    /// True where rows have nothing in a column.
    fn is_empty(&self, column: usize) -> bool {
        !self.rows.is_empty()
            && self.rows.iter().all(|row| row.get(column).is_none_or(|cell| cell.text.is_empty()))
    }

    fn without(&self, column: usize) -> Table {
        let mut table = self.clone();
        table.head.remove(column);
        table.right.remove(column);
        for row in table.rows.iter_mut().filter(|row| column < row.len()) {
            row.remove(column);
        }
        table
    }

    fn row_lines(&self, row: &[Cell], widths: &[usize], paint: Paint) -> Vec<String> {
        let column = |c: usize| widths.get(c).copied().unwrap_or(0);
        let cells: Vec<Vec<String>> =
            row.iter().enumerate().map(|(c, cell)| wrapped(&cell.text, column(c))).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        (0..height)
            .map(|i| {
                let mut line = String::from(" ");
                for (c, cell) in row.iter().enumerate() {
                    let piece = cells[c].get(i).map_or("", String::as_str);
                    let fill = " ".repeat(column(c).saturating_sub(display_width(piece)));
                    let text = cell.tone.map_or_else(|| piece.to_owned(), |tone| paint.tone(tone, piece));
                    let (left, right) = if self.right.get(c) == Some(&true) {
                        (fill + &text, String::new())
                    } else {
                        (text, fill)
                    };
                    line.push_str(&format!(" {left}{right} "));
                }
                line.trim_end().to_owned()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_lines_its_columns_up() {
        let mut table = Table::new(&["region", ">size"]);
        table.row(["u-boot".into(), "128 KiB".into()]);
        table.row([Cell::toned(Tone::Good, "rom"), "64 KiB".into()]);
        let lines = ["  region     size", "  u-boot  128 KiB", "  rom      64 KiB"];
        assert_eq!(table.lines(Paint::plain()), lines);
        // Colours take no width.
        assert_eq!(table.lines(Paint::forced(true))[2], "  \x1b[32mrom\x1b[0m      64 KiB");
    }

    #[test]
    fn a_table_fits_a_terminal_by_going_on_below() {
        let mut table = Table::new(&["of this unit", "before", "after"]);
        let calibration = "MT7620, 02:6e:6f:72:73:70, crc32 64ca1d51";
        table.row(["2.4 GHz".into(), calibration.into(), Cell::toned(Tone::Good, calibration)]);
        let lines = table.lines_within(Paint::plain(), 64);
        assert!(lines.iter().all(|line| line.chars().count() <= 64), "{lines:?}");
        assert_eq!(lines[1], "  2.4 GHz       MT7620,                  MT7620,");
        assert_eq!(lines.len(), 4);
        assert_eq!(table.lines(Paint::plain()).len(), 2);
    }

    #[test]
    fn a_table_too_narrow_for_its_columns_becomes_lists() {
        let mut table = Table::new(&["board", "model", ">flash", "processor", "rescue"]);
        let row = ["archer-c2-v1", "TP-Link Archer C2 v1", "8 MiB", "MT7620A with MT7610E", "from 0"];
        table.row(row.map(Cell::from));
        let lines = [
            "  archer-c2-v1",
            "    model      TP-Link Archer C2",
            "               v1",
            "    flash      8 MiB",
            "    processor  MT7620A with",
            "               MT7610E",
            "    rescue     from 0",
        ];
        assert_eq!(table.lines_within(Paint::plain(), 34), lines);
    }
}

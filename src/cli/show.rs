//! How things look on a terminal: colours that mean something, tables, ranges, hex.

use std::io::IsTerminal;

pub use crate::units::hex;

/// What a piece of text means; decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Good, kept, passed.
    Good,
    /// Wants a look before going on.
    Warn,
    /// Failed, refused, lost.
    Bad,
    /// A heading, or the one thing to read.
    Strong,
    /// Of second rank.
    Faint,
}

/// Whether a stream shows colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint(bool);

impl Paint {
    /// Colours for a stream that is a terminal, or for any with `CLICOLOR_FORCE`, unless `NO_COLOR`
    /// (<https://no-color.org>) or `TERM=dumb` say otherwise.
    pub fn for_stream(stream: &impl IsTerminal) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
            || std::env::var_os("TERM").is_some_and(|v| v == "dumb");
        let forced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| !v.is_empty() && v != "0");
        Self((stream.is_terminal() || forced) && !refused)
    }

    /// The same, always in colours or never.
    pub fn forced(on: bool) -> Self {
        Self(on)
    }

    /// No colours.
    pub fn plain() -> Self {
        Self(false)
    }

    /// `text` in the colour of its tone.
    pub fn tone(self, tone: Tone, text: &str) -> String {
        if !self.0 || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "31",
            Tone::Strong => "1",
            Tone::Faint => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

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

    /// The same in at most `width` characters, where columns can be made as narrow as that: long cells continue below.
    pub fn lines_within(&self, paint: Paint, width: usize) -> Vec<String> {
        if let Some(empty) = (0..self.head.len()).find(|c| self.is_empty(*c)) {
            return self.without(empty).lines_within(paint, width);
        }
        let head: Vec<Cell> = self.head.iter().map(|h| Cell::toned(Tone::Strong, h.clone())).collect();
        let all = || std::iter::once(&head).chain(&self.rows);
        let mut widths: Vec<usize> = (0..self.head.len())
            .map(|c| all().filter_map(|r| r.get(c)).map(|cell| cell.text.chars().count()).max().unwrap_or(0))
            .collect();
        while 1 + widths.iter().map(|w| w + 2).sum::<usize>() > width {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
        all().flat_map(|row| self.row_lines(row, &widths, paint)).collect()
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
                    let fill = " ".repeat(column(c).saturating_sub(piece.chars().count()));
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

/// A text in lines of at most `width`, cut between words; a word longer than that is cut itself.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines: Vec<String> = vec![String::new()];
    for (i, word) in text.split(' ').enumerate() {
        let used = lines.last().map_or(0, |line| line.chars().count());
        match i {
            0 => {}
            _ if used > 0 && used + 1 + word.chars().count() > width => lines.push(String::new()),
            _ => lines.last_mut().into_iter().for_each(|line| line.push(' ')),
        }
        for letter in word.chars() {
            if lines.last().is_some_and(|line| line.chars().count() == width) {
                lines.push(String::new());
            }
            lines.last_mut().into_iter().for_each(|line| line.push(letter));
        }
    }
    lines
}

/// A text whose lines have at most `width` characters where their words allow it: a path or a command is never cut. What
/// continues is indented by two more than its line.
pub fn flowed(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let indent = " ".repeat(line.chars().take_while(|c| *c == ' ').count());
        let mut current = String::new();
        for (n, word) in line.split(' ').enumerate() {
            let full = current.chars().count() + 1 + word.chars().count() > width;
            if full && !current.trim().is_empty() && !word.is_empty() {
                lines.push(std::mem::replace(&mut current, format!("{indent}  ")));
            } else if n > 0 {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines.join("\n")
}

/// A classic hex dump, 16 bytes a line, `address` being that of the first byte; runs of equal lines become `*`.
pub fn hexdump(address: u64, bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut previous: Option<&[u8]> = None;
    let mut starred = false;
    let count = bytes.chunks(16).count();
    for (i, chunk) in bytes.chunks(16).enumerate() {
        if previous == Some(chunk) && i + 1 < count {
            if !starred {
                lines.push("*".to_owned());
                starred = true;
            }
            continue;
        }
        starred = false;
        previous = Some(chunk);
        let pairs: Vec<String> = chunk.iter().map(|b| format!("{b:02x}")).collect();
        let (left, right) = pairs.split_at(pairs.len().min(8));
        let text: String =
            chunk.iter().map(|&b| if (0x20..0x7f).contains(&b) { char::from(b) } else { '.' }).collect();
        let at = address + 16 * i as u64;
        lines.push(format!("{at:06x}  {:<23}  {:<23}  |{text}|", left.join(" "), right.join(" ")));
    }
    lines
}

/// The known word nearest to `word`, when one is near enough to be a slip of the finger.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|k| (strsim::jaro_winkler(&word, &k.to_lowercase()), k))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k)
}

/// `'mr20' is not known; did you mean 'mr200'? Known: mr200, c2`: the tail of every message on an unknown name.
pub fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    let guess = match did_you_mean(word, known.iter().copied()) {
        Some(k) => format!("; did you mean '{k}'?"),
        None => ".".to_owned(),
    };
    format!("there is no {what} '{word}'{guess} Known: {}", known.join(", "))
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
        assert_eq!(table.lines(Paint(true))[2], "  \x1b[32mrom\x1b[0m      64 KiB");
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
    fn texts_are_cut_between_words_and_keep_their_indent() {
        assert_eq!(wrapped("  one two three", 9), ["  one two", "three"]);
        assert_eq!(wrapped("0123456789abcdef", 8), ["01234567", "89abcdef"]);
        assert_eq!(wrapped("", 8), [""]);
    }

    #[test]
    fn messages_flow_between_words_and_words_stay_whole() {
        assert_eq!(flowed("error: one two three", 12), "error: one\n  two three");
        assert_eq!(flowed("  - /a/long/path/of/a/file is", 10), "  -\n    /a/long/path/of/a/file\n    is");
        assert_eq!(flowed("short\nlines", 40), "short\nlines");
        assert_eq!(flowed("endless text", usize::MAX), "endless text");
    }

    #[test]
    fn a_hex_dump_folds_equal_lines_but_shows_the_last() {
        let mut bytes = vec![0xff; 64];
        bytes[..3].copy_from_slice(b"MAC");
        let lines = hexdump(0x1000, &bytes);
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with("001000  4d 41 43 ff") && lines[0].ends_with("|MAC.............|"));
        assert_eq!(lines[2], "*");
        assert!(lines[3].starts_with("001030  ff"));
    }

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["archer-mr200-v1", "archer-c2-v1"];
        assert_eq!(did_you_mean("archer-mr20-v1", known), Some("archer-mr200-v1"));
        assert_eq!(did_you_mean("zzz", known), None);
        assert!(unknown("board", "archer_mr200", &known).contains("did you mean 'archer-mr200-v1'?"));
    }
}

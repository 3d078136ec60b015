//! Lines of text that fit: marked, coloured, cut.

use super::super::flow::wrapped;
use ratatui::style::{Style, Stylize};
use ratatui::text::Line;

/// The lines of a step, and which of them has to be seen.
#[derive(Debug, Default)]
pub struct Lines {
    /// The lines.
    pub lines: Vec<Line<'static>>,
    /// The index of the marked one.
    pub marked: Option<usize>,
}

impl From<Vec<Line<'static>>> for Lines {
    fn from(lines: Vec<Line<'static>>) -> Self {
        Self { lines, marked: None }
    }
}

/// A line of a list: the chosen one has a mark.
pub fn marked(chosen: bool, text: String) -> Line<'static> {
    if chosen { Line::from(format!("> {text}")).bold() } else { Line::from(format!("  {text}")) }
}

/// A text of one style in lines of at most `width`.
pub fn toned(text: &str, style: Style, width: u16) -> Vec<Line<'static>> {
    wrapped(text, width.into()).into_iter().map(|line| Line::styled(line, style)).collect()
}

/// A text in at most `room` characters.
pub fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['\u{2026}']).collect()
}

/// A line of one style cut into lines of the width; one of several styles is short and stays.
pub fn fitted(line: Line<'static>, width: u16) -> Vec<Line<'static>> {
    if line.spans.len() != 1 || line.width() <= usize::from(width) {
        return vec![line];
    }
    let style = line.style.patch(line.spans[0].style);
    wrapped(&line.spans[0].content, width.into()).into_iter().map(|text| Line::styled(text, style)).collect()
}

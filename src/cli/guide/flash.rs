//! The flash drawn cell by cell, as large as there is room for.

use crate::desk::guide::{CellState, Guide, Step};
use crate::report::{Cell, Kind};
use crate::units;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Line;
use ratatui::widgets::Widget;

/// The picture of the guide's chip.
pub struct Flash<'g>(pub &'g Guide);

impl Widget for Flash<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let cells = self.0.cells();
        let room = usize::from(area.width) * usize::from(area.height);
        if cells.is_empty() || room == 0 {
            return;
        }
        // Several cells share a character where there are more of them than room.
        let share = cells.len().div_ceil(room);
        for (i, group) in cells.chunks(share).enumerate() {
            let (symbol, style) = look(self.0, group);
            let (x, y) = (i % usize::from(area.width), i / usize::from(area.width));
            buffer.set_string(area.x + x as u16, area.y + y as u16, symbol, style);
        }
    }
}

/// What the signs mean, for the line under the picture.
pub fn legend(guide: &Guide, area: Rect) -> Line<'static> {
    let cells = guide.cells();
    let room = (usize::from(area.width) * usize::from(area.height)).max(1);
    let Some(cell) = cells.first() else { return Line::default() };
    let share = cell.span.len() * cells.len().div_ceil(room) as u64;
    let signs = match guide.step {
        Step::Backup => "· unread  ▒ read once  █ read twice",
        Step::Plan => "▒ will be rewritten; the rest stays: . blank  t text  c code  # compressed",
        Step::Writing => "▒ planned  ▓ in work  █ written and verified; the rest stays as it is",
        _ => "* changes; stays: . blank  0 filled  t text  c code  # compressed",
    };
    Line::from(format!("{}: {signs}", units::size(share)))
}

/// How far each state is along: the least of a group is shown, but work in progress always is.
fn look(guide: &Guide, group: &[Cell]) -> (&'static str, Style) {
    let states: Vec<CellState> = group.iter().map(|cell| guide.cell_state(cell.span)).collect();
    let has = |state| states.contains(&state);
    let plain = Style::new();
    if has(CellState::InWork) {
        return ("▓", plain.fg(Color::Yellow));
    }
    if has(CellState::Planned) {
        return ("▒", plain.fg(Color::Yellow));
    }
    if has(CellState::Written) {
        return ("█", plain.fg(Color::Green));
    }
    if has(CellState::Unread) {
        return ("·", plain.fg(Color::DarkGray));
    }
    if has(CellState::ReadOnce) {
        return ("▒", plain.fg(Color::Blue));
    }
    if has(CellState::ReadTwice) {
        return ("█", plain.fg(Color::Blue));
    }
    if group.iter().any(|cell| cell.changed) {
        return ("*", plain.fg(Color::Yellow));
    }
    let kind = group.iter().map(|cell| cell.kind).find(|kind| *kind != Kind::Blank).unwrap_or(Kind::Blank);
    let colour = match kind {
        Kind::Blank => Color::DarkGray,
        Kind::Filled => Color::Gray,
        Kind::Text => Color::Green,
        Kind::Code => Color::Cyan,
        Kind::Compressed => Color::Magenta,
    };
    let symbol = match kind {
        Kind::Blank => ".",
        Kind::Filled => "0",
        Kind::Text => "t",
        Kind::Code => "c",
        Kind::Compressed => "#",
    };
    (symbol, plain.fg(colour))
}

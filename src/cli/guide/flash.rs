//! The flash drawn cell by cell, as large as there is room for.

use super::lines::cut;
use crate::desk::guide::{CellState, Guide, Step};
use crate::report::{Cell, Kind};
use crate::units;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::widgets::Widget;

/// Columns of an address with the blank after it.
const ADDRESS: u16 = 9;
/// Columns of a region's name with the blanks before it.
const NAME: u16 = 14;
/// Narrower pictures go without names, and without addresses.
const LEAST: (u16, u16) = (60, 30);

/// The picture of the guide's chip: addresses, cells, and the regions that begin in each line.
pub struct Flash<'g>(pub &'g Guide);

/// Where the parts of the picture are, and how many cells share a sign.
struct Frame {
    address: u16,
    name: u16,
    width: u16,
    share: usize,
}

impl Frame {
    fn of(cells: usize, regions: bool, area: Rect) -> Self {
        let name = if regions && area.width >= LEAST.0 { NAME } else { 0 };
        let address = if area.width >= LEAST.1 { ADDRESS } else { 0 };
        let width = area.width.saturating_sub(name + address).max(1);
        let room = usize::from(width) * usize::from(area.height.max(1));
        Self { address, name, width, share: cells.div_ceil(room).max(1) }
    }
}

impl Widget for Flash<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let (cells, regions) = (self.0.cells(), self.0.regions());
        if cells.is_empty() || area.width == 0 || area.height == 0 {
            return;
        }
        let frame = Frame::of(cells.len(), !regions.is_empty(), area);
        let grey = Style::new().fg(Color::DarkGray);
        for (y, line) in cells.chunks(frame.share * usize::from(frame.width)).enumerate() {
            let y = area.y + y as u16;
            let (start, end) = (line[0].span.start, line[line.len() - 1].span.end);
            if frame.address > 0 {
                buffer.set_string(area.x, y, format!("{start:#08x}"), grey);
            }
            for (x, group) in line.chunks(frame.share).enumerate() {
                let (symbol, style) = look(self.0, group);
                buffer.set_string(area.x + frame.address + x as u16, y, symbol, style);
            }
            if frame.name > 0 {
                let begins = regions.iter().filter(|(_, span)| (start..end).contains(&span.start));
                let names: Vec<&str> = begins.map(|(name, _)| name.as_str()).collect();
                let names = cut(&names.join(" "), usize::from(NAME) - 2);
                buffer.set_string(area.x + frame.address + frame.width + 2, y, names, grey);
            }
        }
    }
}

/// What the signs in the picture mean, for the lines under it.
pub fn legend(guide: &Guide, area: Rect) -> String {
    let (cells, regions) = (guide.cells(), guide.regions());
    let Some(cell) = cells.first() else { return String::new() };
    let frame = Frame::of(cells.len(), !regions.is_empty(), area);
    let drawn: Vec<&str> = cells.chunks(frame.share).map(|group| look(guide, group).0).collect();
    let meant = SIGNS.iter().filter(|(sign, _)| drawn.contains(sign));
    let meant: Vec<String> = meant.map(|(sign, meaning)| format!("{sign} {}", meaning(guide.step))).collect();
    let share = cell.span.len() * frame.share as u64;
    format!("one sign is {}   {}", units::size(share), meant.join("   "))
}

/// What a sign means at a step.
type Meaning = fn(Step) -> &'static str;

/// Each sign.
const SIGNS: [(&str, Meaning); 10] = [
    ("\u{b7}", |_| "unread"),
    ("\u{2592}", |step| if step == Step::Backup { "read once" } else { "will be rewritten" }),
    ("\u{2593}", |_| "in work"),
    ("\u{2588}", |step| if step == Step::Backup { "read twice" } else { "written and verified" }),
    ("*", |_| "changes"),
    (".", |_| "blank"),
    ("0", |_| "filled"),
    ("t", |_| "text"),
    ("c", |_| "code"),
    ("#", |_| "compressed"),
];

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
    // While it is written, what is planned says what changes.
    if guide.step == Step::Choice && group.iter().any(|cell| cell.changed) {
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

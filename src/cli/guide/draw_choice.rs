//! The step where the user chooses what goes where: the file, the regions, the per-unit data before and after.

use super::super::exit::Failure;
use super::super::show::wrapped;
use super::draw::marked;
use crate::desk::AUTO;
use crate::desk::guide::{Guide, Preview};
use crate::image::{RegionRow, UnitRow};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::Line;

/// Columns before a region's contents: mark, name, source.
const BEFORE: usize = 22;
/// Columns of a per-unit row's name.
const NAME: usize = 24;

/// The step in lines of at most `width`.
pub fn lines(guide: &Guide, width: u16) -> Vec<Line<'static>> {
    let id = guide.backup.as_ref().map_or("", |(id, _)| id);
    let green = Style::new().fg(Color::Green);
    let mut lines = toned(&format!("Backup {id} is stored, each byte proven by two readings."), green, width);
    lines.push(marked(guide.row == 0, format!("firmware file: {}_", guide.donor)));
    let chosen = guide.boards.get(guide.board).filter(|name| *name != AUTO);
    if let Some(other) = guide.recognised.iter().find(|name| chosen.is_some_and(|chosen| chosen != *name)) {
        let text = format!("The contents look like {other}. Is the board right? Esc goes back to choose.");
        lines.extend(toned(&text, Style::new().fg(Color::Yellow), width));
    }
    if let Some(refusal) = &guide.refused {
        let (why, names) = (Failure::from(&**refusal).message, refusal.askable());
        lines.extend(why.lines().flat_map(|why| toned(why, Style::new().fg(Color::Red), width)));
        if !names.is_empty() {
            let text = format!("Ctrl-A allows: {}", names.join(", "));
            lines.extend(toned(&text, Style::new().fg(Color::Yellow), width));
        }
    }
    if let Some(preview) = &guide.preview {
        contents(guide, preview, width, &mut lines);
    }
    lines
}

fn contents(guide: &Guide, preview: &Preview, width: u16, lines: &mut Vec<Line<'static>>) {
    lines.push(Line::from(format!("board: {}", preview.board)));
    for (i, row) in preview.regions.iter().enumerate() {
        lines.extend(region(row, guide.row == i + 1, width));
    }
    if !preview.units.is_empty() {
        let half = (usize::from(width).saturating_sub(NAME + 10) / 2).max(12);
        lines.push(Line::from(format!("  {:<NAME$}{:<half$}{}", "of this unit", "before", "after")).bold());
        preview.units.iter().for_each(|row| lines.extend(unit(row, half)));
    }
    for finding in &preview.findings {
        lines.extend(toned(
            &format!("{}: {}", finding.name, finding.message),
            Style::new().fg(Color::Yellow),
            width,
        ));
    }
}

/// One line; the marked region in as many as it needs, with the reason.
fn region(row: &RegionRow, chosen: bool, width: u16) -> Vec<Line<'static>> {
    let source = row.from.to_string();
    let what = if row.changes { format!("now {}", row.will_be) } else { format!("kept: {}", row.was) };
    let room = usize::from(width).saturating_sub(BEFORE);
    let line = |text: String| marked(chosen, format!("{:<10} {source:<8} {text}", row.name));
    let style = if row.changes { Style::new().fg(Color::Yellow) } else { Style::new() };
    let mut lines = vec![line(cut(&what, room)).style(style)];
    if chosen {
        let was = row.changes.then(|| format!("was {}", row.was));
        let whole = (what.chars().count() > room).then_some(what);
        let more = whole.into_iter().chain(was).chain(Some(row.why.clone()).filter(|why| !why.is_empty()));
        for text in more {
            let pieces = wrapped(&text, room);
            lines.extend(
                pieces
                    .into_iter()
                    .map(|piece| Line::from(format!("{:BEFORE$}{piece}", "")).fg(Color::DarkGray)),
            );
        }
    }
    lines
}

/// Before and after side by side, each in its column.
fn unit(row: &UnitRow, half: usize) -> Vec<Line<'static>> {
    let (style, word) = if row.same { (Color::Green, "kept") } else { (Color::Red, "CHANGES") };
    let column = |text: &str| wrapped(text, half.saturating_sub(2));
    let (before, after) = (column(&row.backup), column(&row.result));
    let piece = |list: &[String], i: usize| list.get(i).cloned().unwrap_or_default();
    (0..before.len().max(after.len()))
        .map(|i| {
            let (name, end) = if i == 0 { (row.name.as_str(), word) } else { ("", "") };
            let name = cut(name, NAME - 2);
            let text = format!("  {name:<NAME$}{:<half$}{:<half$}{end}", piece(&before, i), piece(&after, i));
            Line::from(text.trim_end().to_owned()).fg(style)
        })
        .collect()
}

fn toned(text: &str, style: Style, width: u16) -> Vec<Line<'static>> {
    wrapped(text, width.into()).into_iter().map(|line| Line::styled(line, style)).collect()
}

/// A text in at most `room` characters.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['\u{2026}']).collect()
}

//! The step where the user chooses what goes where: the file, the regions, the per-unit data before and after.

use super::super::exit::Failure;
use super::super::flow::wrapped;
use super::lines::{Lines, cut, marked, toned};
use crate::desk::guide::{Field, Guide, Preview, Way};
use crate::desk::{AUTO, Refusal, Why};
use crate::image::{ImageError, RegionRow, UnitRow};
use crate::units;
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::Line;

/// Columns before a region's contents: mark, name, source.
const BEFORE: usize = 22;
/// Columns of a per-unit row's name.
const NAME: usize = 24;

/// Files that are listed under a name while it is typed.
const FILES: usize = 6;

/// The step in lines of at most `width`.
pub fn lines(guide: &Guide, width: u16) -> Lines {
    let mut all = Lines::default();
    let lines = &mut all.lines;
    for (i, field) in guide.chosen_way().fields().iter().enumerate() {
        let here = guide.row == i;
        if here {
            all.marked = Some(lines.len());
        }
        let cursor = if here { "_" } else { "" };
        lines.push(marked(here, format!("{}: {}{cursor}", prompt(*field), guide.typed(*field))));
        if here && guide.preview.is_none() {
            files(guide, lines);
        }
    }
    let chosen = match guide.chosen_way() {
        Way::Board(name) if name != AUTO => Some(name),
        _ => None,
    };
    if let Some(other) = guide.recognised.iter().find(|name| chosen.is_some_and(|chosen| chosen != *name)) {
        let text = format!("The contents look like {other}. Is the board right? Esc goes back to choose.");
        lines.extend(toned(&text, Style::new().fg(Color::Yellow), width));
    }
    if let Some(refusal) = &guide.refused {
        let (why, names) = (why(guide, refusal), refusal.askable());
        let why = why.lines().flat_map(|why| toned(why, Style::new().fg(Color::Red), width));
        lines.extend(why);
        lines.extend(toned(&way_out(guide), Style::new().fg(Color::Yellow), width));
        if !names.is_empty() {
            let text = format!("Ctrl-A allows: {}", names.join(", "));
            lines.extend(toned(&text, Style::new().fg(Color::Yellow), width));
        }
    }
    if guide.trying.is_some() {
        lines.push(Line::from("Working it out ...").fg(Color::DarkGray));
    }
    if let Some(preview) = &guide.preview {
        contents(guide, preview, width, &mut all);
    }
    if let Some(backup) = &guide.backup {
        let text = format!("Backup {} is stored, each byte proven by two readings.", backup.id);
        all.lines.extend(toned(&text, Style::new().fg(Color::Green), width));
    }
    all
}

/// Why the wish is refused; in the guide a board is not named by an option.
fn why(guide: &Guide, refusal: &Refusal) -> String {
    match (&*refusal.why, guide.chosen_way()) {
        (Why::Image(ImageError::NotForThisBoard { .. }), Way::Board(name)) if name == AUTO => {
            "The contents do not say which board this is.".to_owned()
        }
        _ => Failure::from(refusal).message,
    }
}

/// What is typed into a field.
fn prompt(field: Field) -> &'static str {
    match field {
        Field::File => "file",
        Field::Layout => "layout file",
        Field::Place => "region or address",
    }
}

/// The files that the marked name could become.
fn files(guide: &Guide, lines: &mut Vec<Line<'static>>) {
    let typed = guide.field().map_or("", |field| guide.typed(field));
    // A name that is whole needs no list.
    if matches!(guide.candidates.as_slice(), [only] if only.name == typed) {
        return;
    }
    for one in guide.candidates.iter().take(FILES) {
        let size = one.size.map_or_else(String::new, |bytes| format!("  {}", units::size(bytes)));
        lines.push(Line::from(format!("      {}{size}", one.name)).fg(Color::DarkGray));
    }
    let more = guide.candidates.len().saturating_sub(FILES);
    if more > 0 {
        lines.push(Line::from(format!("      ... and {more} more; type on")).fg(Color::DarkGray));
    }
}

/// What fits any chip, where the contents name no board.
fn way_out(guide: &Guide) -> String {
    match guide.chosen_way() {
        Way::Board(_) => "Esc goes back: \"a PC board\", \"another board\", \"a whole image\" and \"a region\" fit any chip."
            .to_owned(),
        Way::Carried => "Esc goes back: \"another board\" takes the map from a file.".to_owned(),
        _ => String::new(),
    }
}

fn contents(guide: &Guide, preview: &Preview, width: u16, all: &mut Lines) {
    let lines = &mut all.lines;
    let typed = guide.chosen_way().fields().len();
    if let Some(board) = &preview.board {
        let board = match guide.chosen_way() {
            Way::Carried => "map: the one on the chip".to_owned(),
            Way::Layout => format!("map: {board}"),
            _ => format!("board: {board}"),
        };
        lines.extend(toned(&board, Style::new(), width));
    }
    for (i, row) in preview.regions.iter().enumerate() {
        let chosen = guide.row == typed + i;
        if chosen {
            all.marked = Some(lines.len());
        }
        lines.extend(region(row, chosen, width));
    }
    if let Some(place) = preview.place {
        let text = format!("{} at {place}", units::size(place.len()));
        lines.extend(toned(&text, Style::new(), width));
        let same = preview.changes.is_empty().then(|| "nothing changes".to_owned());
        let changes = preview
            .changes
            .iter()
            .map(|(name, bytes)| format!("  {name}: {} change", units::count(*bytes, "byte")));
        for text in changes.chain(same) {
            lines.extend(toned(&text, Style::new().fg(Color::Yellow), width));
        }
    } else if preview.regions.iter().all(|row| !row.changes) {
        let text = "Nothing changes yet: mark a region, and take it from the file with the space bar.";
        lines.extend(toned(text, Style::new().fg(Color::Yellow), width));
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

//! What each step looks like.

use super::flash::Flash;
use super::state::{Guide, Step};
use crate::units;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Borders, Gauge, Paragraph, Wrap};

/// Draws the whole screen.
pub fn draw(guide: &Guide, frame: &mut Frame<'_>) {
    let [head, body, trouble, keys] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Min(8),
        Constraint::Length(if guide.trouble.is_some() { 6 } else { 0 }),
        Constraint::Length(3),
    ])
    .areas(frame.area());
    header(guide, frame, head);
    let picture = matches!(guide.step, Step::Backup | Step::Choice | Step::Plan | Step::Writing);
    let body = if picture {
        let height = (body.height / 3).clamp(3, 12);
        let [text, flash] = Layout::vertical([Constraint::Min(4), Constraint::Length(height)]).areas(body);
        frame.render_widget(Flash(guide), flash);
        text
    } else {
        body
    };
    if matches!(guide.step, Step::Backup | Step::Writing) {
        let [bar, rest] = Layout::vertical([Constraint::Length(2), Constraint::Min(1)]).areas(body);
        progress(guide, frame, bar);
        frame.render_widget(paragraph(text(guide)), rest);
    } else {
        frame.render_widget(paragraph(text(guide)), body);
    }
    if let Some(fault) = &guide.trouble {
        let mut lines = vec![Line::from(fault.message.clone()).fg(Color::Red)];
        lines.extend(
            fault.hint.iter().flat_map(|hint| hint.lines()).map(|l| Line::from(format!("next: {l}"))),
        );
        let block = Block::new().borders(Borders::ALL).title(" what went wrong ");
        frame.render_widget(paragraph(Text::from(lines)).block(block), trouble);
    }
    let lines = vec![
        Line::from(hints(guide)).add_modifier(Modifier::BOLD),
        Line::from(format!("the same by hand:  {}", guide.command())).fg(Color::DarkGray),
    ];
    frame.render_widget(paragraph(Text::from(lines)).block(Block::new().borders(Borders::TOP)), keys);
}

fn paragraph(text: Text<'_>) -> Paragraph<'_> {
    Paragraph::new(text).wrap(Wrap { trim: false })
}

fn header(guide: &Guide, frame: &mut Frame<'_>, area: Rect) {
    let steps = Step::ALL.iter().enumerate().flat_map(|(i, step)| {
        let style = match step.cmp(&guide.step) {
            std::cmp::Ordering::Less => Style::new().fg(Color::Green),
            std::cmp::Ordering::Equal => Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED),
            std::cmp::Ordering::Greater => Style::new().fg(Color::DarkGray),
        };
        [Span::raw(if i > 0 { " > " } else { "" }), Span::styled(step.name(), style)]
    });
    frame.render_widget(Line::from_iter(steps), area);
}

fn progress(guide: &Guide, frame: &mut Frame<'_>, area: Rect) {
    let Some((stage, done, total)) = guide.progress else { return };
    let ratio = if total == 0 { 0.0 } else { (done as f64 / total as f64).clamp(0.0, 1.0) };
    let label = format!("{}: {} of {}", stage.name(), units::size(done), units::size(total));
    frame.render_widget(
        Gauge::default().ratio(ratio).label(label).gauge_style(Style::new().fg(Color::Blue)),
        Rect { height: 1, ..area },
    );
}

fn text(guide: &Guide) -> Text<'static> {
    let lines = match guide.step {
        Step::Programmer => programmers(guide),
        Step::Clip => clip(guide),
        Step::Board => boards(guide),
        Step::Backup | Step::Writing => guide.notes.iter().map(|note| Line::from(note.clone())).collect(),
        Step::Choice => choice(guide),
        Step::Plan => plan(guide),
        Step::Result => result(guide),
    };
    Text::from(lines)
}

fn marked(chosen: bool, text: String) -> Line<'static> {
    if chosen { Line::from(format!("> {text}")).bold() } else { Line::from(format!("  {text}")) }
}

fn programmers(guide: &Guide) -> Vec<Line<'static>> {
    if guide.programmers.is_empty() {
        return vec![
            Line::from("No programmer is plugged in."),
            Line::from(""),
            Line::from("Put the clip on the chip first, pin 1 to the dot, then plug the programmer in."),
            Line::from("CH341A: 1a86:5512. FT2232H, FT232H, FT4232H: 0403:6010, 6014, 6011."),
        ];
    }
    let mut lines = vec![Line::from("Which programmer?"), Line::from("")];
    for (i, found) in guide.programmers.iter().enumerate() {
        lines.push(marked(i == guide.programmer, found.text.clone()));
        if let Some(problem) = &found.problem {
            lines.push(Line::from(format!("    {problem}")).fg(Color::Red));
        }
    }
    lines
}

fn clip(guide: &Guide) -> Vec<Line<'static>> {
    let meter = guide.meter.iter().map(|passed| match passed {
        true => Span::styled("█", Style::new().fg(Color::Green)),
        false => Span::styled("░", Style::new().fg(Color::Red)),
    });
    let mut lines = vec![
        Line::from("Contact, tested again and again; wiggle the clip and watch:"),
        Line::from(""),
        Line::from_iter(meter),
        Line::from(guide.contact.clone()),
        Line::from(""),
    ];
    if let Some(chip) = &guide.chip {
        lines.push(Line::from(format!("{} ({}), {}", chip.part, chip.id, units::size(chip.size))).bold());
        if chip.low_voltage {
            lines.push(
                Line::from("A 1.8 V part: take the clip off unless a 1.8 V adapter is between.")
                    .fg(Color::Red),
            );
        }
    }
    if let Some((job, part)) = &guide.open_job {
        lines.push(
            Line::from(format!(
                "Job {job} on a {part} is not finished: its chip is in between. Finish or undo it first."
            ))
            .fg(Color::Yellow),
        );
    } else if guide.is_steady() {
        lines.push(Line::from("Steady.").fg(Color::Green));
    }
    lines
}

fn boards(guide: &Guide) -> Vec<Line<'static>> {
    let mut lines = vec![Line::from("Which board is it?"), Line::from("")];
    for (i, name) in guide.boards.iter().enumerate() {
        lines.push(marked(i == guide.board, name.clone()));
    }
    lines
}

fn choice(guide: &Guide) -> Vec<Line<'static>> {
    let id = guide.backup.as_ref().map_or("", |(id, _)| id);
    let mut lines = vec![
        Line::from(format!("Backup {id} is stored: two reads that agree.")).fg(Color::Green),
        marked(guide.row == 0, format!("firmware file: {}_", guide.donor)),
    ];
    if let Some(other) = guide.recognised.iter().find(|name| Some(*name) != guide.boards.get(guide.board)) {
        lines.push(Line::from(format!("The contents look like {other}.")).fg(Color::Yellow));
    }
    if let Some((why, names)) = &guide.refused {
        lines.push(Line::from(why.clone()).fg(Color::Red));
        if !names.is_empty() {
            lines.push(Line::from(format!("Ctrl-A allows: {}", names.join(", "))).fg(Color::Yellow));
        }
    }
    let Some(preview) = &guide.preview else { return lines };
    for (i, row) in preview.regions.iter().enumerate() {
        let what = if row.changes {
            format!("{} -> {}", row.was, row.will_be)
        } else {
            format!("kept: {}", row.was)
        };
        lines
            .push(marked(guide.row == i + 1, format!("{:<10} {:<8} {what}", row.name, row.from.to_string())));
    }
    for unit in &preview.units {
        let (style, word) = if unit.same { (Color::Green, "kept") } else { (Color::Red, "CHANGES") };
        let text = format!("  {:<22} {word}: {} | {}", unit.name, unit.backup, unit.result);
        lines.push(Line::from(text).fg(style));
    }
    for finding in &preview.findings {
        lines.push(Line::from(format!("  {}: {}", finding.name, finding.message)).fg(Color::DarkGray));
    }
    lines
}

fn plan(guide: &Guide) -> Vec<Line<'static>> {
    let text = guide.plan.as_ref().map_or_else(String::new, |plan| plan.text.clone());
    let mut lines =
        vec![Line::from("This is what will happen; nothing has been touched yet."), Line::from("")];
    lines.extend(text.lines().map(|line| Line::from(line.to_owned())));
    lines
}

fn result(guide: &Guide) -> Vec<Line<'static>> {
    match &guide.finished {
        Some(done) => {
            let mut lines = vec![Line::from("Written and verified.").fg(Color::Green).bold()];
            lines.extend(done.lines.iter().map(|line| Line::from(line.clone())));
            lines.push(Line::from(format!("backup: {}", done.backup)));
            if let Some(report) = &done.report {
                lines.push(Line::from(format!("report: {}", report.display())));
            }
            lines.push(Line::from(""));
            lines.push(Line::from("Next: take the clip off, then power the board."));
            lines
        }
        None => vec![
            Line::from("The chip is partly written. Leave the board off until it is finished or undone.")
                .fg(Color::Red),
            Line::from("Nothing is lost: the backup and the journal are in the store."),
        ],
    }
}

fn hints(guide: &Guide) -> &'static str {
    match guide.step {
        _ if guide.trouble.is_some() && guide.step != Step::Result => "any key: go on",
        Step::Programmer if guide.spec().is_some() => "Enter: take it   l: look again   q: leave",
        Step::Programmer => "l: look again   q: leave",
        Step::Clip if guide.open_job.is_some() => "r: finish the job   u: undo it   Esc: back   q: leave",
        Step::Clip => "Enter: go on when steady   Esc: back   q: leave",
        Step::Board => "up, down: choose   Enter: back up now (nothing is written)   Esc: back   q: leave",
        Step::Backup => "Esc: stop",
        Step::Choice if guide.preview.is_some() && guide.refused.is_none() => {
            "up, down: region   space: next source   Enter: make the plan   Esc: back"
        }
        Step::Choice => "type the file's name   Enter: look at it   Esc: back",
        Step::Plan => "w: WRITE   Esc: back, nothing touched",
        Step::Writing => "Esc: stop after this block (it can be finished later)",
        Step::Result if guide.finished.is_some() => "Enter: next board   q: leave",
        Step::Result => "r: finish the job   u: undo it   q: leave",
    }
}

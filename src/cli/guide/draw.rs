//! What each step looks like.

use super::super::exit::Failure;
use super::super::jobs::{plan_table, verdict};
use super::super::show::{Paint, hex, wrapped};
use super::super::time_left::time_left;
use super::draw_choice;
use super::flash::{self, Flash};
use super::view::View;
use crate::desk::guide::{Contact, Found, Guide, Step};
use crate::desk::words;
use crate::image::Board;
use crate::units;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Gauge, Paragraph};
use std::fmt::Write as _;

/// Lines of the flash picture, at most and at least.
const PICTURE: (u16, u16) = (12, 3);

/// Draws the whole screen.
pub fn draw(view: &View, frame: &mut Frame<'_>) {
    let (guide, width) = (&view.guide, frame.area().width);
    let mut foot: Vec<Line> = wrapped(hints(guide), width.into())
        .into_iter()
        .map(|line| Line::from(line).add_modifier(Modifier::BOLD))
        .collect();
    let by_hand = format!("the same by hand:  {}", view.command());
    foot.extend(wrapped(&by_hand, width.into()).into_iter().map(|line| Line::from(line).fg(Color::DarkGray)));
    let foot_lines = foot.len() as u16 + 1;
    let trouble_lines =
        guide.trouble.as_ref().map(|refusal| trouble(&view.failure(refusal), width.saturating_sub(2)));
    let [head, body, fault, keys] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Min(4),
        Constraint::Length(trouble_lines.as_ref().map_or(0, |lines| lines.len() as u16 + 2)),
        Constraint::Length(foot_lines),
    ])
    .areas(frame.area());
    header(guide, frame, head);
    draw_body(view, frame, body);
    if let Some(lines) = trouble_lines {
        let block = Block::new().borders(Borders::ALL).title(" what went wrong ");
        frame.render_widget(Paragraph::new(lines).block(block), fault);
    }
    frame.render_widget(Paragraph::new(foot).block(Block::new().borders(Borders::TOP)), keys);
}

/// The step's text, and under it the flash as large as the text leaves room for.
fn draw_body(view: &View, frame: &mut Frame<'_>, area: Rect) {
    let guide = &view.guide;
    let running = matches!(guide.step, Step::Backup | Step::Writing);
    let picture = running || matches!(guide.step, Step::Choice | Step::Plan);
    let lines = text(view, area.width);
    let needed = lines.len() as u16 + if running { 2 } else { 0 };
    let (most, least) = PICTURE;
    let height = if picture {
        most.min(area.height.saturating_sub(needed + 3)).max(least.min(area.height / 2))
    } else {
        0
    };
    let [bar, words, flash, legend] = Layout::vertical([
        Constraint::Length(if running { 2 } else { 0 }),
        Constraint::Min(1),
        Constraint::Length(height),
        Constraint::Length(if picture { 1 } else { 0 }),
    ])
    .areas(area);
    progress(view, frame, bar);
    let below = (lines.len() as u16).saturating_sub(words.height);
    view.overflow.set(below);
    frame.render_widget(Paragraph::new(lines).scroll((view.scroll.min(below), 0)), words);
    if view.scroll < below {
        let more = " PgDn: more ";
        let at = Rect {
            x: words.right().saturating_sub(more.len() as u16),
            y: words.bottom().saturating_sub(1),
            width: (more.len() as u16).min(words.width),
            height: 1,
        };
        frame.render_widget(Line::from(more).add_modifier(Modifier::REVERSED), at);
    }
    frame.render_widget(Flash(guide), flash);
    frame.render_widget(flash::legend(guide, flash).fg(Color::DarkGray), legend);
}

/// What failed and what to do next, cut into lines.
fn trouble(fault: &Failure, width: u16) -> Vec<Line<'static>> {
    let mut lines: Vec<Line> = wrapped(&fault.message, width.into())
        .into_iter()
        .map(|line| Line::from(line).fg(Color::Red))
        .collect();
    let next = fault.hint.iter().flat_map(|hint| hint.lines()).map(|line| format!("next: {}", line.trim()));
    next.for_each(|line| lines.extend(wrapped(&line, width.into()).into_iter().map(Line::from)));
    lines
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

fn progress(view: &View, frame: &mut Frame<'_>, area: Rect) {
    let Some((stage, done, total)) = view.guide.progress.filter(|_| area.height > 0) else { return };
    let ratio = if total == 0 { 0.0 } else { (done as f64 / total as f64).clamp(0.0, 1.0) };
    let mut label = format!("{}: {} of {}", stage.name(), units::size(done), units::size(total));
    let left = view.elapsed.and_then(|elapsed| Some((elapsed, time_left(done, total, elapsed)?)));
    if let Some((elapsed, left)) = left {
        let rate = done as f64 / elapsed.as_secs_f64();
        let _ = write!(label, ", {}/s, {} left", units::size(rate as u64), units::time(left));
    }
    frame.render_widget(
        Gauge::default().ratio(ratio).label(label).gauge_style(Style::new().fg(Color::Blue)),
        Rect { height: 1, ..area },
    );
}

/// The step in lines that fit.
fn text(view: &View, width: u16) -> Vec<Line<'static>> {
    let guide = &view.guide;
    let lines = match guide.step {
        Step::Programmer => programmers(guide),
        Step::Clip => clip(guide),
        Step::Board => boards(guide),
        Step::Backup | Step::Writing => guide.notes.iter().map(|note| Line::from(note.clone())).collect(),
        Step::Choice => return draw_choice::lines(guide, width),
        Step::Plan => plan(guide),
        Step::Result => result(view),
    };
    lines.into_iter().flat_map(|line| fitted(line, width)).collect()
}

/// A line of one style cut to the width; one of several styles is short and stays.
fn fitted(line: Line<'static>, width: u16) -> Vec<Line<'static>> {
    if line.spans.len() != 1 || line.width() <= usize::from(width) {
        return vec![line];
    }
    let style = line.style.patch(line.spans[0].style);
    wrapped(&line.spans[0].content, width.into()).into_iter().map(|text| Line::styled(text, style)).collect()
}

pub fn marked(chosen: bool, text: String) -> Line<'static> {
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
        lines.push(marked(i == guide.programmer, found_text(found)));
        if let Some(problem) = &found.problem {
            lines.push(Line::from(format!("    {problem}")).fg(Color::Red));
        }
    }
    lines
}

/// A programmer that can be chosen, in words.
fn found_text(found: &Found) -> String {
    let warning = if found.may_drive_5v { "; a black board drives 5 V: measure first" } else { "" };
    match &found.name {
        Some(name) => format!("{name} at USB {}{warning}", found.path),
        None => format!("{} (from -p)", found.spec),
    }
}

fn clip(guide: &Guide) -> Vec<Line<'static>> {
    let meter = guide.meter.iter().map(|passed| match passed {
        true => Span::styled("█", Style::new().fg(Color::Green)),
        false => Span::styled("░", Style::new().fg(Color::Red)),
    });
    let mut lines = vec![
        Line::from("Testing the contact repeatedly. Wiggle the clip and watch:"),
        Line::from("(A new programmer: \"norsplice selftest\" tests it by itself.)").dim(),
        Line::from(""),
        Line::from_iter(meter),
        Line::from(guide.contact.as_ref().map_or_else(String::new, contact_text)),
        Line::from(""),
    ];
    if let Some(chip) = &guide.chip {
        lines.push(
            Line::from(format!("{} ({}), {}", chip.part, hex(&chip.id), units::size(chip.size))).bold(),
        );
        if chip.low_voltage {
            lines.push(
                Line::from("A 1.8 V part: take the clip off unless a 1.8 V adapter is between.")
                    .fg(Color::Red),
            );
        }
        if chip.supply_unknown {
            lines.push(
                Line::from(
                    "Its supply is in no table: look it up. Started with --allow supply-unknown, the guide writes.",
                )
                .fg(Color::Yellow),
            );
        }
    }
    if let Some(job) = &guide.open_job {
        let (job, part) = (&job.id, &job.part);
        lines.push(
            Line::from(format!(
                "Job {job} on a {part} is not finished: its chip is partly written. Finish or undo it first."
            ))
            .fg(Color::Yellow),
        );
    } else if guide.is_steady() {
        lines.push(Line::from("Steady.").fg(Color::Green));
    }
    lines
}

/// What a contact test says.
fn contact_text(contact: &Contact) -> String {
    match contact {
        Contact::Tested(verdict) => words::contact(verdict),
        Contact::Failed(refusal) => Failure::from(&**refusal).message,
    }
}

fn boards(guide: &Guide) -> Vec<Line<'static>> {
    let mut lines = vec![Line::from("Which board is it?"), Line::from("")];
    for (i, name) in guide.boards.iter().enumerate() {
        let what = match Board::named(name) {
            Ok(board) => format!("{}, {}", board.model, units::size(board.chip_size)),
            Err(_) => "detected from the chip's contents".to_owned(),
        };
        lines.push(marked(i == guide.board, format!("{name:<16} {what}")));
    }
    lines
}

fn plan(guide: &Guide) -> Vec<Line<'static>> {
    let mut lines =
        vec![Line::from("This is what will happen; nothing has been touched yet."), Line::from("")];
    if let Some(shown) = &guide.plan {
        let (table, more) = plan_table(&shown.plan, Some(&shown.layout));
        lines.extend(table.lines(Paint::plain()).into_iter().chain(more).map(Line::from));
    }
    lines
}

fn result(view: &View) -> Vec<Line<'static>> {
    let Some(finished) = &view.guide.finished else {
        return vec![
            Line::from("The chip is partly written. Leave the board off until it is finished or undone.")
                .fg(Color::Red),
            Line::from("Nothing is lost: the backup and the journal are in the store."),
        ];
    };
    let (report, done) = (&finished.report, &finished.report.done);
    let mut lines = vec![
        Line::from(verdict(report)).fg(Color::Green).bold(),
        Line::from(format!("{} read for the backup", units::size(report.backup_read))),
    ];
    if !report.plan.is_empty() {
        let (erased, written) = (units::size(done.erased), units::size(done.programmed));
        let verified = units::size(done.verified);
        lines.push(Line::from(format!("{erased} erased, {written} written, {verified} read back")));
    }
    lines.push(Line::from(format!("backup: {}", report.backup)));
    if let Some(page) = &finished.page {
        lines.push(Line::from(format!("report: {}", page.display())));
    }
    let back = view.with_programmer(&format!("restore {}", report.backup));
    lines.extend([
        Line::from(""),
        Line::from("Next: unplug the programmer, take the clip off, then power the board."),
        Line::from("If it does not start, this puts the old contents back:"),
        Line::from(format!("  {back}")),
    ]);
    lines
}

fn hints(guide: &Guide) -> &'static str {
    match guide.step {
        _ if guide.trouble.is_some() && guide.step != Step::Result => "any key: continue",
        Step::Programmer if guide.spec().is_some() => "Enter: take it   l: look again   q: leave",
        Step::Programmer => "l: look again   q: leave",
        Step::Clip if guide.open_job.is_some() => "r: finish the job   u: undo it   Esc: back   q: leave",
        Step::Clip => "Enter: continue when steady   Esc: back   q: leave",
        Step::Board => "up, down: choose   Enter: back up now (nothing is written)   Esc: back   q: leave",
        Step::Backup => "Esc: stop",
        Step::Choice if guide.preview.is_some() && guide.refused.is_none() => {
            "up, down: region   space: next source   Enter: make the plan   Esc: back to the clip"
        }
        Step::Choice => "type the file's name   Enter: look at it   Esc: back to the clip",
        Step::Plan => "w: WRITE   Esc: back to the choice, nothing touched",
        Step::Writing => "Esc: stop after this block (it can be finished later)",
        Step::Result if guide.finished.is_some() => "Enter: next board   q: leave",
        Step::Result => "r: finish the job   u: undo it   q: leave",
    }
}

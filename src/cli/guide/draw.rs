//! What each step looks like.

use super::super::exit::Failure;
use super::super::flow::wrapped;
use super::super::jobs::plan_table;
use super::super::show::{Paint, hex};
use super::super::time_left::time_left;
use super::flash::{self, Flash};
use super::lines::{Lines, cut, fitted, marked};
use super::view::View;
use super::{choice, result};
use crate::desk::guide::{Contact, Found, Guide, Step, Way};
use crate::desk::{AUTO, Refusal, Why, words};
use crate::image::Board;
use crate::programmer::Model;
use crate::spi::{LinkFault, SpiError};
use crate::units;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Gauge, Paragraph};
use std::fmt::Write as _;

/// Lines of the flash picture, at most and at least.
const PICTURE: (u16, u16) = (12, 3);
/// Lines of a terminal below which the step and its keys are all that is shown.
const SMALL: u16 = 14;
/// Lines of the body below which there is no picture.
const LOW: u16 = 10;

/// Draws the whole screen.
pub fn draw(view: &View, frame: &mut Frame<'_>) {
    let (guide, width) = (&view.guide, frame.area().width);
    let more = if view.scroll < view.overflow.get() { "   PgDn: more" } else { "" };
    let mut foot: Vec<Line> = wrapped(&format!("{}{more}", hints(view)), width.into())
        .into_iter()
        .map(|line| Line::from(line).add_modifier(Modifier::BOLD))
        .collect();
    let by_hand = wrapped(&format!("same as:  {}", view.command()), width.into());
    // A low terminal has no room for all of it.
    let low = frame.area().height < SMALL;
    let room = if low { 0 } else { usize::from(frame.area().height / 6) };
    let cut_off = by_hand.len() > room;
    foot.extend(by_hand.into_iter().take(room).map(|line| Line::from(line).fg(Color::DarkGray)));
    if let Some(last) = foot.last_mut().filter(|_| cut_off && !low) {
        last.push_span(" …");
    }
    let foot_lines = foot.len() as u16 + 1;
    let trouble_lines =
        guide.trouble.as_ref().map(|refusal| trouble(&view.failure(refusal), width.saturating_sub(2)));
    let [head, body, fault, keys] = Layout::vertical([
        Constraint::Length(if low { 1 } else { 2 }),
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
    let picture = guide.has_picture();
    let Lines { lines, marked } = text(view, area.width);
    let needed = lines.len() as u16 + if running { 2 } else { 0 };
    let (most, least) = PICTURE;
    let most = most.max(area.height / 2);
    let height = if picture && area.height >= LOW {
        most.min(area.height.saturating_sub(needed + 3)).max(least.min(area.height / 3))
    } else {
        0
    };
    let legend = wrapped(&flash::legend(guide, Rect { height, ..area }), area.width.into());
    let [bar, words, flash, below] = Layout::vertical([
        Constraint::Length(if running { 2 } else { 0 }),
        Constraint::Min(1),
        Constraint::Length(height),
        Constraint::Length(if height > 0 { legend.len() as u16 } else { 0 }),
    ])
    .areas(area);
    progress(view, frame, bar);
    let hidden = (lines.len() as u16).saturating_sub(words.height);
    view.overflow.set(hidden);
    let scroll = seen(view.scroll.min(hidden), marked, words.height, view);
    frame.render_widget(Paragraph::new(lines).scroll((scroll, 0)), words);
    if height == 0 {
        return;
    }
    frame.render_widget(Flash(guide), flash);
    let legend: Vec<Line> = legend.into_iter().map(|line| Line::from(line).fg(Color::DarkGray)).collect();
    frame.render_widget(Paragraph::new(legend), below);
}

/// The first line that is shown, so that the marked one is; of a list that the page keys do not move.
fn seen(scroll: u16, marked: Option<usize>, height: u16, view: &View) -> u16 {
    let Some(marked) = marked.map(|line| line as u16) else { return scroll };
    let typing = view.guide.step == Step::Choice && view.guide.field().is_some();
    if typing {
        return scroll;
    }
    scroll.clamp((marked + 1).saturating_sub(height), marked.max(scroll.min(marked)))
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

/// The steps with the one at hand; of a narrow terminal that one alone.
fn header(guide: &Guide, frame: &mut Frame<'_>, area: Rect) {
    let all: usize = Step::ALL.iter().map(|step| step.name().len() + 3).sum();
    if all > usize::from(area.width) + 3 {
        let number = Step::ALL.iter().position(|step| *step == guide.step).map_or(0, |at| at + 1);
        let text = format!("step {number} of {}: {}", Step::ALL.len(), guide.step.name());
        return frame.render_widget(Line::from(text).bold(), area);
    }
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
    let elapsed = view.elapsed.filter(|_| !view.is_modelled());
    let left = elapsed.and_then(|elapsed| Some((elapsed, time_left(done, total, elapsed)?)));
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
fn text(view: &View, width: u16) -> Lines {
    let guide = &view.guide;
    let lines: Lines = match guide.step {
        Step::Programmer => programmers(guide).into(),
        Step::Clip => clip(guide).into(),
        Step::Job => return jobs(guide, width),
        Step::Backup => backup(guide).into(),
        Step::Writing => notes(guide).into(),
        Step::Choice => return choice::lines(guide, width),
        Step::Plan => plan(guide).into(),
        Step::Result => result::lines(view).into(),
    };
    let lines: Vec<Line> = lines.lines.into_iter().flat_map(|line| fitted(line, width)).collect();
    lines.into()
}

fn notes(guide: &Guide) -> Vec<Line<'static>> {
    guide.notes.iter().map(|note| Line::from(note.clone())).collect()
}

/// What the backup is for, and what has come up.
fn backup(guide: &Guide) -> Vec<Line<'static>> {
    let mut lines =
        vec![Line::from("Nothing is written yet. The chip is read twice, and both readings compared.")];
    lines.extend(notes(guide));
    lines
}

fn programmers(guide: &Guide) -> Vec<Line<'static>> {
    if guide.programmers.is_empty() {
        return vec![
            Line::from("No programmer is plugged in."),
            Line::from(""),
            Line::from("Put the clip on the chip first, pin 1 to the dot, then plug the programmer in."),
            Line::from(format!("norsplice supports {}.", Model::all_titles())),
        ];
    }
    let mut lines = vec![Line::from("Which programmer?"), Line::from("")];
    if guide.programmers.iter().all(|found| found.may_be.is_some()) {
        lines = vec![
            Line::from("No programmer is plugged in that says what it is. One of these may be one; what you"),
            Line::from("choose is opened and written to, so choose none that you do not know."),
            Line::from(""),
        ];
    }
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
    match (&found.name, &found.may_be) {
        (_, Some(seen)) => format!("{}, perhaps: {seen}", found.spec),
        (Some(name), None) => format!("{name} at USB {}{warning}", found.path),
        (None, None) => format!("{} (from -p)", found.spec),
    }
}

fn clip(guide: &Guide) -> Vec<Line<'static>> {
    let meter = guide.meter.iter().map(|passed| match passed {
        true => Span::styled("█", Style::new().fg(Color::Green)),
        false => Span::styled("░", Style::new().fg(Color::Red)),
    });
    // What matters comes first: a small terminal has room for no more.
    let mut lines = vec![
        Line::from(match &guide.contact {
            // No wiggling helps then.
            Some(Contact::Failed(refusal)) if is_of_the_programmer(refusal) => {
                "The programmer cannot be used yet; it is tried again and again:"
            }
            _ => "Testing the contact. Wiggle the clip:",
        }),
        Line::from_iter(meter),
        Line::from(guide.contact.as_ref().map_or_else(String::new, contact_text)),
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
    lines.extend([
        Line::from(""),
        Line::from("█ good   ░ bad").fg(Color::DarkGray),
        Line::from("(A new programmer: \"norsplice selftest\" tests it by itself.)").dim(),
    ]);
    lines
}

/// True where the programmer itself is the matter, and not what it is clipped to.
fn is_of_the_programmer(refusal: &Refusal) -> bool {
    match &*refusal.why {
        Why::NoProgrammer | Why::Spi(SpiError::Unsupported(_)) => true,
        Why::Spi(SpiError::Link(link)) => {
            !matches!(link.fault, LinkFault::Silent | LinkFault::Garbled | LinkFault::Other)
        }
        _ => false,
    }
}

/// What a contact test says.
fn contact_text(contact: &Contact) -> String {
    match contact {
        Contact::Tested(verdict) => words::contact(verdict),
        Contact::Failed(refusal) => Failure::from(&**refusal).message,
    }
}

/// What can be done: ways for any chip, then boards.
fn jobs(guide: &Guide, width: u16) -> Lines {
    let mut all =
        Lines::from(vec![Line::from("What is to be done? A backup comes first, always."), Line::from("")]);
    for (i, way) in guide.ways.iter().enumerate() {
        let (name, what) = way_text(way, guide.chip.as_ref().map(|chip| chip.size));
        let text = format!("{name:<16} {what}");
        if i == guide.way {
            all.marked = Some(all.lines.len());
        }
        all.lines.push(marked(i == guide.way, cut(&text, usize::from(width).saturating_sub(2))));
    }
    all
}

/// A way's name, and what it does on a chip of so many bytes.
fn way_text(way: &Way, chip: Option<u64>) -> (String, String) {
    let (name, what) = match way {
        Way::Board(name) if name == AUTO => ("find the board", "by the chip's contents"),
        Way::Board(name) => {
            let Ok(board) = Board::named(name) else { return (name.clone(), String::new()) };
            let other = chip.filter(|size| *size != board.chip_size);
            let other =
                other.map_or_else(String::new, |size| format!("; this chip has {}", units::size(size)));
            return (name.clone(), format!("{}, {}{other}", board.model, units::size(board.chip_size)));
        }
        Way::Carried => ("a PC board", "regions by the Intel descriptor or FMAP on the chip"),
        Way::Layout => ("another board", "regions by a layout file"),
        Way::Image => ("a whole image", "a file for the whole chip"),
        Way::Place => ("a region", "a file for one region, or for an address"),
        Way::Backup => ("a backup only", "nothing is written"),
    };
    (name.to_owned(), what.to_owned())
}

fn plan(guide: &Guide) -> Vec<Line<'static>> {
    let mut lines =
        vec![Line::from("This is what will happen; nothing has been touched yet."), Line::from("")];
    if let Some(shown) = &guide.plan {
        let (table, more) = plan_table(&shown.plan, shown.layout.as_ref());
        lines.extend(table.lines(Paint::plain()).into_iter().chain(more).map(Line::from));
        if let Some(backup) = &guide.backup {
            let (read, write) = (backup.time, shown.plan.time());
            lines.push(Line::from(format!(
                "  the whole job: {} for the backup, about {} to write",
                units::time(read),
                units::time(write)
            )));
        }
    }
    lines
}

fn hints(view: &View) -> &'static str {
    let guide = &view.guide;
    match guide.step {
        _ if guide.may_be_blank() && guide.step != Step::Result => {
            "b: the chip is blank   any other key: continue"
        }
        _ if guide.trouble.is_some() && guide.step != Step::Result => "any key: continue",
        Step::Programmer if guide.spec().is_some() => "Enter: take it   l: look again   q: leave",
        Step::Programmer => "l: look again   q: leave",
        Step::Clip if guide.open_job.is_some() => "r: finish the job   u: undo it   Esc: back   q: leave",
        Step::Clip => "Enter: continue when steady   Esc: back   q: leave",
        Step::Job => "up, down: choose   Enter: back up now (nothing is written)   Esc: back   q: leave",
        Step::Backup => "Esc: stop",
        Step::Choice if guide.preview.is_some() && guide.refused.is_none() => match guide.chosen_way() {
            _ if view.scroll < view.overflow.get() => "Enter: read on   Esc: back to the clip",
            way if way.has_sources() => {
                "up, down: region   space: next source   Enter: make the plan   Esc: back to the clip"
            }
            _ => "Enter: make the plan   Esc: back to the clip",
        },
        Step::Choice => {
            "type the name   Tab: complete   Ctrl-U: clear   Enter: look at it   Esc: back to the clip"
        }
        Step::Plan => "w: WRITE   Esc: back to the choice, nothing touched",
        Step::Writing => "Esc: stop after this block (it can be finished later)",
        Step::Result if guide.finished.is_some() => "Enter: next board   q: leave",
        Step::Result => "r: finish the job   u: undo it   q: leave",
    }
}

//! How a job ended, and what comes next.

use super::super::jobs::verdict;
use super::view::View;
use crate::desk::guide::{Done, Finished};
use crate::programmer::Settings;
use crate::units;
use crate::workflow::job::Report;
use ratatui::style::{Color, Stylize};
use ratatui::text::Line;
use std::time::Duration;

/// The step in lines.
pub fn lines(view: &View) -> Vec<Line<'static>> {
    let Some(finished) = &view.guide.finished else {
        return vec![
            Line::from("The chip is partly written. Leave the board off until it is finished or undone.")
                .fg(Color::Red),
            Line::from("Nothing is lost: the backup and the journal are in the store."),
        ];
    };
    let mut lines = match &finished.done {
        Done::Job(report) => job(view, report),
        Done::Resumed(report) => resumed(view, report),
        Done::Backup { bytes, time, .. } => vec![
            Line::from("Backed up; nothing was written.").fg(Color::Green).bold(),
            Line::from(format!("{} read in {}", units::size(*bytes), view.took(*time))),
        ],
    };
    lines.push(Line::from(format!("backup: {}", finished.backup())));
    if let Some(page) = &finished.page {
        lines.push(Line::from(format!("report: {}", page.display())));
    }
    lines.push(Line::from(""));
    lines.extend(next(view, finished));
    lines
}

fn job(view: &View, report: &Report) -> Vec<Line<'static>> {
    let (read, write) =
        (Duration::from_millis(report.backup_millis), Duration::from_millis(report.write_millis));
    let mut lines = vec![
        Line::from(verdict(report)).fg(Color::Green).bold(),
        Line::from(format!(
            "{} read for the backup, in {}",
            units::size(report.backup_read),
            view.took(read)
        )),
    ];
    if !report.plan.is_empty() {
        lines.push(figures(report, &view.took(write)));
        lines.push(Line::from(format!("{} in all", view.took(read + write))));
    }
    lines
}

/// Only what this run did: the backup and the rest of the job were an earlier one's.
fn resumed(view: &View, report: &Report) -> Vec<Line<'static>> {
    let write = Duration::from_millis(report.write_millis);
    let read = units::size(report.backup_read);
    let what = match &report.job {
        Some(job) => format!("Job {job} is finished; this run did:"),
        None => "This run did:".to_owned(),
    };
    vec![
        Line::from(verdict(report)).fg(Color::Green).bold(),
        Line::from(what),
        Line::from(format!("{read} read, to see how far the job was")),
        figures(report, &view.took(write)),
    ]
}

fn figures(report: &Report, time: &str) -> Line<'static> {
    let done = &report.done;
    let (erased, written) = (units::size(done.erased), units::size(done.programmed));
    let verified = units::size(done.verified);
    Line::from(format!("{erased} erased, {written} written, {verified} read back, in {time}"))
}

fn next(view: &View, finished: &Finished) -> Vec<Line<'static>> {
    // A controller of the machine itself cannot be unplugged, and drives its pins as long as the machine is on.
    let stays =
        |spec| Settings::parse(spec).is_ok_and(|s| s.model.stream.as_ref().is_some_and(|s| s.gpio_lines));
    let first = Line::from(match view.guide.spec().is_some_and(stays) {
        true => "Next: take the clip off, for this machine still drives its pins; then power the board.",
        false => "Next: unplug the programmer, take the clip off, then power the board.",
    });
    if matches!(finished.done, Done::Backup { .. }) {
        return vec![first];
    }
    let back = view.with_programmer(&format!("restore {}", finished.backup()));
    vec![
        first,
        Line::from("If it does not start, this puts the old contents back:"),
        Line::from(format!("  {back}")),
    ]
}

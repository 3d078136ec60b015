//! What stays on the terminal when the guide has been left: what was done, each backup, and the next command.

use super::super::jobs::verdict;
use super::view::View;
use crate::desk::guide::{Done, Finished};

/// The lines, none where nothing was done.
pub fn lines(view: &View) -> Vec<String> {
    let guide = &view.guide;
    let mut lines: Vec<String> = guide.history.iter().flat_map(|done| of_one(view, done)).collect();
    let reported = |id: &&String| !guide.history.iter().any(|done| done.backup() == id.as_str());
    for id in guide.stored.iter().filter(reported) {
        lines.push(format!("Backup {id} is stored; nothing was written."));
        lines.push(format!("  look at it  {}", view.with_programmer(&format!("report {id} -o {id}.html"))));
    }
    lines
}

fn of_one(view: &View, done: &Finished) -> Vec<String> {
    let what = match &done.done {
        Done::Job(report) | Done::Resumed(report) => verdict(report).to_owned(),
        Done::Backup { .. } => "Backed up; nothing was written.".to_owned(),
    };
    let mut lines = vec![what, format!("  backup      {}", done.backup())];
    if let Some(page) = &done.page {
        lines.push(format!("  report      {}", page.display()));
    }
    let back = view.with_programmer(&format!("restore {}", done.backup()));
    lines.push(format!("  put it back {back}"));
    lines
}

//! The guide on a terminal: its state, how far the text is scrolled, and the commands that do the same.

use super::super::exit::Failure;
use super::super::shell::quoted;
use crate::desk::AUTO;
use crate::desk::Refusal;
use crate::desk::guide::{Guide, Step};
use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

/// The guide as it is shown.
#[derive(Debug)]
pub struct View {
    /// The guide.
    pub guide: Guide,
    /// The store, where it was named; for the commands that are shown.
    pub store: Option<PathBuf>,
    /// How long the running stage has taken.
    pub elapsed: Option<Duration>,
    /// Lines of the text that are above the screen.
    pub scroll: u16,
    /// Lines that did not fit on the screen when it was drawn.
    pub overflow: Cell<u16>,
}

impl View {
    /// Of a guide, from its first line.
    pub fn new(guide: Guide, store: Option<PathBuf>) -> Self {
        Self { guide, store, elapsed: None, scroll: 0, overflow: Cell::new(0) }
    }

    /// The command that does the same as the step at hand.
    pub fn command(&self) -> String {
        let guide = &self.guide;
        let board = guide.boards.get(guide.board).map_or("BOARD", String::as_str);
        match guide.step {
            Step::Programmer => "norsplice list".to_owned(),
            Step::Clip => self.with_programmer("contact --watch"),
            Step::Board => self.with_programmer("probe"),
            Step::Backup if board == AUTO => self.with_programmer("backup"),
            Step::Backup => self.with_programmer(&format!("backup --board {board}")),
            Step::Choice | Step::Plan | Step::Writing => self.rewrite(board),
            Step::Result => match &guide.finished {
                Some(done) => {
                    let id = done.report.job.as_ref().unwrap_or(&done.report.backup);
                    self.with_programmer(&format!("report {id} -o {id}.html"))
                }
                None => self.with_programmer("resume"),
            },
        }
    }

    /// The wish as `rewrite` takes it.
    fn rewrite(&self, board: &str) -> String {
        let wish = self.guide.wish();
        let donor =
            wish.donors.first().map_or_else(|| "FILE".to_owned(), |donor| quoted(&donor.input.name()));
        let sets: String =
            wish.sources.iter().map(|set| format!(" --set {}", quoted(&set.to_string()))).collect();
        let allow: String = wish.allow.iter().map(|name| format!(" --allow {name}")).collect();
        self.with_programmer(&format!("rewrite --board {board} --donor {donor}{sets}{allow}"))
    }

    /// A command with this programmer and this store, as it is typed.
    pub fn with_programmer(&self, verb: &str) -> String {
        let programmer = self.guide.spec().map_or_else(String::new, |spec| format!(" -p {}", quoted(spec)));
        let store = self.store.iter().map(|dir| format!(" --store {}", quoted(&dir.display().to_string())));
        format!("norsplice{programmer}{} {verb}", store.collect::<String>())
    }

    /// What failed, in words, with the commands for this programmer.
    pub fn failure(&self, refusal: &Refusal) -> Failure {
        Failure::from(refusal).with_commands(|verb| self.with_programmer(verb))
    }
}

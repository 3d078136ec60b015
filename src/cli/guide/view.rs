//! The guide on a terminal: its state, how far the text is scrolled, and the commands that do the same.

use super::super::exit::Failure;
use super::super::shell::quoted;
use crate::desk::Refusal;
use crate::desk::guide::{Guide, Step, Way};
use crate::units::parse_size;
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
    /// True where the chip is one in software: the time that passes here says nothing of it.
    pub fn is_modelled(&self) -> bool {
        self.guide.spec().is_some_and(|spec| spec.split(':').next() == Some("emu"))
    }

    /// How long something on the chip took, in words.
    pub fn took(&self, time: std::time::Duration) -> String {
        let modelled = if self.is_modelled() { " (modelled)" } else { "" };
        format!("{}{modelled}", crate::units::time(time))
    }

    /// Of a guide, from its first line.
    pub fn new(guide: Guide, store: Option<PathBuf>) -> Self {
        Self { guide, store, elapsed: None, scroll: 0, overflow: Cell::new(0) }
    }

    /// The command that does the same as the step at hand.
    pub fn command(&self) -> String {
        let guide = &self.guide;
        let verb = match guide.step {
            Step::Programmer => return "norsplice list".to_owned(),
            Step::Clip => "contact --watch".to_owned(),
            Step::Writing if guide.resuming.is_some() => resume(guide.resuming.as_ref()),
            Step::Job | Step::Backup | Step::Choice | Step::Plan | Step::Writing => self.way(),
            Step::Result => match &guide.finished {
                Some(done) => format!("report {id} -o {id}.html", id = done.id()),
                None => resume(None),
            },
        };
        self.with_programmer(&verb)
    }

    /// What was chosen as a command; words in capitals stand for what is not known yet.
    fn way(&self) -> String {
        let guide = &self.guide;
        let word = |typed: &str, unknown: &str| {
            if typed.trim().is_empty() { unknown.to_owned() } else { quoted(typed.trim()) }
        };
        let file = word(&guide.file, "FILE");
        let allow: String = guide.allow.iter().map(|name| format!(" --allow {name}")).collect();
        let sets: String =
            guide.sources.iter().map(|set| format!(" --set {}", quoted(&set.to_string()))).collect();
        let backup = guide.backup.as_ref().map(|backup| quoted(&backup.file.display().to_string()));
        let backup = backup.unwrap_or_else(|| "BACKUP".to_owned());
        match guide.chosen_way() {
            Way::Backup => "backup".to_owned(),
            Way::Image => format!("write {file}{allow}"),
            Way::Place => {
                let place = guide.place.trim();
                match parse_size(place) {
                    Ok(_) => format!("write {file} --at {place}{allow}"),
                    Err(_) => {
                        format!("write {file} --layout {backup} --region {}{allow}", word(place, "REGION"))
                    }
                }
            }
            Way::Board(name) => format!("rewrite --board {name} --donor {file}{sets}{allow}"),
            Way::Carried => format!("rewrite --layout chip --donor {file}{sets}{allow}"),
            Way::Layout => {
                let layout = word(&guide.layout, "LAYOUT");
                format!("rewrite --layout {layout} --donor {file}{sets}{allow}")
            }
        }
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

/// `resume`, of an open job or of the one of the chip on the clip.
fn resume(job: Option<&(String, bool)>) -> String {
    match job {
        Some((job, true)) => format!("resume --undo {job}"),
        Some((job, false)) => format!("resume {job}"),
        None => "resume".to_owned(),
    }
}

//! The guide as a value: where the user is, what is known, and what each message changes.

use super::message::{Ask, ChipFacts, Finished, Found, Planned, Preview, Tell, Wish};
use super::saved::Saved;
use crate::cli::jobs::quoted;
use crate::report::{self, Map};
use crate::span::{Span, Spans};
use crate::workflow::{Event, Stage};
use std::cell::Cell;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Contact tests remembered for the meter.
const METER: usize = 40;
/// Tests in a row that must pass before the meter says steady.
const STEADY: usize = 5;
/// The word that stands for a board not named: its contents say which.
pub const AUTO: &str = "auto";
/// Bytes of a cell of the flash picture before its contents are known.
pub const SECTOR: u64 = 4096;

/// Where the user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Which programmer.
    Programmer,
    /// Clip on, contact steady.
    Clip,
    /// Which board.
    Board,
    /// Both reads of the backup.
    Backup,
    /// What goes where.
    Choice,
    /// The plan as a picture.
    Plan,
    /// Erase, program, verify.
    Writing,
    /// Result, report, what next.
    Result,
}

impl Step {
    /// All steps in order.
    pub const ALL: [Step; 8] = [
        Step::Programmer,
        Step::Clip,
        Step::Board,
        Step::Backup,
        Step::Choice,
        Step::Plan,
        Step::Writing,
        Step::Result,
    ];

    /// Its name in the header.
    pub fn name(self) -> &'static str {
        match self {
            Step::Programmer => "programmer",
            Step::Clip => "clip",
            Step::Board => "board",
            Step::Backup => "backup",
            Step::Choice => "choice",
            Step::Plan => "plan",
            Step::Writing => "writing",
            Step::Result => "result",
        }
    }
}

/// A failure to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What failed.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// The chip is partly written.
    pub partial: bool,
}

/// The guide.
#[derive(Debug)]
pub struct Guide {
    /// Where the user is.
    pub step: Step,
    /// Programmers to choose from, and the chosen one.
    pub programmers: Vec<Found>,
    /// Index of the chosen programmer.
    pub programmer: usize,
    /// Latest contact tests, oldest first.
    pub meter: VecDeque<bool>,
    /// What the latest test says.
    pub contact: String,
    /// The chip, once it has answered.
    pub chip: Option<ChipFacts>,
    /// A job that is not over: id and part.
    pub open_job: Option<(String, String)>,
    /// Boards to choose from, and the chosen one.
    pub boards: Vec<String>,
    /// Index of the chosen board.
    pub board: usize,
    /// Boards that the contents look like.
    pub recognised: Vec<String>,
    /// The running stage, bytes done, bytes in all.
    pub progress: Option<(Stage, u64, u64)>,
    /// The stored backup: id and contents.
    pub backup: Option<(String, Arc<Vec<u8>>)>,
    /// The picture of the backup, and with a preview of what will change.
    pub map: Option<Map>,
    /// What the user types or has typed: the donor file.
    pub donor: String,
    /// Sources set by hand.
    pub sets: Vec<String>,
    /// Row of the region table that is marked; 0 is the donor's line.
    pub row: usize,
    /// The result to look at.
    pub preview: Option<Box<Preview>>,
    /// Why the wish is refused, and what could be allowed.
    pub refused: Option<(String, Vec<String>)>,
    /// Checks allowed so far.
    pub allow: Vec<String>,
    /// The plan.
    pub plan: Option<Planned>,
    /// How it ended.
    pub finished: Option<Finished>,
    /// What failed last.
    pub trouble: Option<Trouble>,
    /// Notes and warnings of the running job, latest last.
    pub notes: VecDeque<String>,
    /// How long the running stage has taken.
    pub elapsed: Option<Duration>,
    /// The store, where it was named; for the commands that are shown.
    pub store: Option<PathBuf>,
    /// The programmer chosen last time, until the user chooses.
    last: Option<String>,
    /// Lines of the text that are above the screen.
    pub scroll: u16,
    /// Lines that did not fit on the screen when it was drawn.
    pub overflow: Cell<u16>,
}

impl Guide {
    /// At the first step, with what was chosen last time.
    pub fn new(saved: &Saved, boards: Vec<String>) -> Self {
        let board = saved.board.as_ref().and_then(|b| boards.iter().position(|x| x == b)).unwrap_or(0);
        Self {
            step: Step::Programmer,
            programmers: Vec::new(),
            programmer: 0,
            meter: VecDeque::new(),
            contact: String::new(),
            chip: None,
            open_job: None,
            boards,
            board,
            recognised: Vec::new(),
            progress: None,
            backup: None,
            map: None,
            donor: saved.donor.clone(),
            sets: saved.sets.clone(),
            row: 0,
            preview: None,
            refused: None,
            allow: Vec::new(),
            plan: None,
            finished: None,
            trouble: None,
            notes: VecDeque::new(),
            elapsed: None,
            store: None,
            last: saved.spec.clone(),
            scroll: 0,
            overflow: Cell::new(0),
        }
    }

    /// The choices to keep.
    pub fn saved(&self) -> Saved {
        Saved {
            spec: self.spec().map(str::to_owned),
            board: self.boards.get(self.board).cloned(),
            donor: self.donor.clone(),
            sets: self.sets.clone(),
        }
    }

    /// The chosen programmer's text for `-p`, where it can be used.
    pub fn spec(&self) -> Option<&str> {
        self.programmers.get(self.programmer).filter(|p| p.problem.is_none()).map(|p| p.spec.as_str())
    }

    /// True when the last tests of the contact all passed.
    pub fn is_steady(&self) -> bool {
        self.meter.len() >= STEADY && self.meter.iter().rev().take(STEADY).all(|passed| *passed)
    }

    /// The wish as it stands.
    pub fn wish(&self) -> Wish {
        let donor = self.donor.trim();
        Wish {
            donors: if donor.is_empty() { Vec::new() } else { vec![donor.to_owned()] },
            sets: self.sets.clone(),
            allow: self.allow.clone(),
        }
    }

    /// The command that does the same as the step at hand.
    pub fn command(&self) -> String {
        let board = self.boards.get(self.board).map_or("BOARD", String::as_str);
        match self.step {
            Step::Programmer => "norsplice list".to_owned(),
            Step::Clip => self.with_programmer("contact --watch"),
            Step::Board => self.with_programmer("probe"),
            Step::Backup if board == AUTO => self.with_programmer("backup"),
            Step::Backup => self.with_programmer(&format!("backup --board {board}")),
            Step::Choice | Step::Plan | Step::Writing => {
                let donor = self.donor.trim();
                let donor = if donor.is_empty() { "FILE".to_owned() } else { quoted(donor) };
                let sets: String = self.sets.iter().map(|set| format!(" --set {}", quoted(set))).collect();
                let allow: String = self.allow.iter().map(|name| format!(" --allow {name}")).collect();
                self.with_programmer(&format!("rewrite --board {board} --donor {donor}{sets}{allow}"))
            }
            Step::Result => match &self.finished {
                Some(done) => {
                    let id = done.job.as_ref().unwrap_or(&done.backup);
                    self.with_programmer(&format!("report {id} -o {id}.html"))
                }
                None => self.with_programmer("resume"),
            },
        }
    }

    /// A command with this programmer and this store, as it is typed.
    pub fn with_programmer(&self, verb: &str) -> String {
        let programmer = self.spec().map_or_else(String::new, |spec| format!(" -p {}", quoted(spec)));
        let store = self.store.iter().map(|dir| format!(" --store {}", quoted(&dir.display().to_string())));
        format!("norsplice{programmer}{} {verb}", store.collect::<String>())
    }

    /// Takes a message of the worker; may ask for more.
    pub fn take(&mut self, tell: Tell) -> Option<Ask> {
        match tell {
            Tell::Programmers(found) => {
                let last = self.last.take();
                let again = found.iter().position(|one| Some(&one.spec) == last.as_ref());
                self.programmer = again.unwrap_or(self.programmer).min(found.len().saturating_sub(1));
                self.programmers = found;
            }
            Tell::OpenJob(id, part) => self.open_job = Some((id, part)),
            Tell::Chip(chip) => self.chip = Some(chip),
            Tell::Contact(passed, text) => {
                if self.meter.len() == METER {
                    self.meter.pop_front();
                }
                self.meter.push_back(passed);
                self.contact = text;
            }
            Tell::Event(event) => self.event(event),
            Tell::Backup(id, flash) => {
                self.map = Some(Map::of(&flash, &flash, SECTOR, &Spans::new()));
                self.backup = Some((id, flash));
                self.progress = None;
                self.step = Step::Choice;
                self.row = 0;
                if !self.donor.trim().is_empty() {
                    return Some(Ask::Splice(self.wish()));
                }
            }
            Tell::Recognised(names) => self.recognised = names,
            Tell::Preview(preview) => {
                if let Some((_, flash)) = &self.backup {
                    self.map = Some(Map::of(flash, &preview.image, SECTOR, &Spans::new()));
                }
                self.refused = None;
                self.preview = Some(preview);
            }
            Tell::Refused(why, names) => {
                self.refused = Some((why, names));
            }
            Tell::Plan(plan) => {
                self.plan = Some(plan);
                self.step = Step::Plan;
            }
            Tell::Finished(finished) => {
                self.finished = Some(finished);
                self.open_job = None;
                self.progress = None;
                self.step = Step::Result;
            }
            Tell::Failed { message, hint, partial } => {
                self.progress = None;
                // A chip in between is a result of its own; anything else goes back to the clip.
                self.step = if partial { Step::Result } else { self.step.min(Step::Clip) };
                self.trouble = Some(Trouble { message, hint, partial });
                self.meter.clear();
            }
        }
        None
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Begin { stage, bytes, .. } => self.progress = Some((stage, 0, bytes)),
            Event::Advance { stage, bytes } => {
                if let Some((running, done, _)) = &mut self.progress
                    && *running == stage
                {
                    *done += bytes;
                }
            }
            Event::Note(text) | Event::Warning(text) => {
                if self.notes.len() == 4 {
                    self.notes.pop_front();
                }
                self.notes.push_back(text);
            }
            Event::JobOpened { id } => {
                let part = self.chip.as_ref().map_or_else(String::new, |chip| chip.part.clone());
                self.open_job = Some((id, part));
            }
            _ => {}
        }
    }

    /// What of a cell's way is behind it, for the picture: reads done while backing up, work done while writing.
    pub fn cell_state(&self, cell: Span) -> CellState {
        match (self.step, self.progress) {
            (Step::Backup, Some((Stage::FirstRead, done, _))) => {
                if cell.end <= done {
                    CellState::ReadOnce
                } else {
                    CellState::Unread
                }
            }
            (Step::Backup, Some((Stage::SecondRead, done, _))) => {
                if cell.end <= done {
                    CellState::ReadTwice
                } else {
                    CellState::ReadOnce
                }
            }
            (Step::Backup, _) => CellState::Unread,
            (Step::Writing, progress) => {
                let Some(plan) = &self.plan else { return CellState::Kept };
                let done = progress.map_or(0, |(_, done, _)| done);
                let mut before = 0;
                for block in &plan.blocks {
                    if block.overlaps(cell) {
                        return match () {
                            () if before + block.len() <= done => CellState::Written,
                            () if before <= done => CellState::InWork,
                            () => CellState::Planned,
                        };
                    }
                    before += block.len();
                }
                CellState::Kept
            }
            _ => match &self.plan {
                Some(plan) if self.step == Step::Plan && plan.blocks.iter().any(|b| b.overlaps(cell)) => {
                    CellState::Planned
                }
                _ => CellState::Kept,
            },
        }
    }

    /// The cells of the picture: judged ones, or plain ones of the chip's size while nothing has been read.
    pub fn cells(&self) -> Vec<report::Cell> {
        match (&self.map, &self.chip) {
            (Some(map), _) if self.step != Step::Backup => map.cells.clone(),
            (_, Some(chip)) => Map::blank(chip.size, SECTOR).cells,
            _ => Vec::new(),
        }
    }
}

/// How far a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellState {
    /// Nothing read of it yet.
    Unread,
    /// Read once.
    ReadOnce,
    /// Read twice.
    ReadTwice,
    /// Stays as it is.
    Kept,
    /// Will be rewritten.
    Planned,
    /// Is being rewritten.
    InWork,
    /// Rewritten and verified.
    Written,
}

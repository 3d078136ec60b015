//! The guide as a value: where the user is, what is known, and what each update changes.

use super::super::order::{AUTO, DonorWish, Wish};
use super::super::{Input, Refusal, words};
use super::message::{Ask, ChipFacts, Contact, Finished, Found, OpenJob, PlanToConfirm, Preview, Update};
use super::saved::Saved;
use crate::image::{Board, Purpose, RegionSource};
use crate::report::Map;
use crate::span::Spans;
use crate::workflow::{Event, Stage};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes of a cell of the picture.
pub const SECTOR: u64 = 4096;
/// Contact tests remembered for the meter.
const METER: usize = 40;
/// Consecutive tests that must pass before the contact counts as steady.
const STEADY: usize = 5;
/// Notes remembered.
const NOTES: usize = 4;

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

    /// Its name.
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

/// The guide.
#[derive(Debug)]
pub struct Guide {
    /// Where the user is.
    pub step: Step,
    /// Programmers to choose from.
    pub programmers: Vec<Found>,
    /// Index of the chosen programmer.
    pub programmer: usize,
    /// Results of the latest contact tests, oldest first.
    pub meter: VecDeque<bool>,
    /// The latest contact test.
    pub contact: Option<Contact>,
    /// The chip, once it has answered.
    pub chip: Option<ChipFacts>,
    /// A job that is not finished.
    pub open_job: Option<OpenJob>,
    /// Boards to choose from.
    pub boards: Vec<String>,
    /// Index of the chosen board.
    pub board: usize,
    /// Boards that the contents look like.
    pub recognised: Vec<String>,
    /// The running stage, bytes done, bytes in total.
    pub progress: Option<(Stage, u64, u64)>,
    /// The stored backup: id and contents.
    pub backup: Option<(String, Arc<Vec<u8>>)>,
    /// The picture of the backup, and with a preview of what will change.
    pub map: Option<Map>,
    /// The donor file, as typed so far.
    pub donor: String,
    /// Sources that the user chose in place of the board's defaults.
    pub sources: Vec<RegionSource>,
    /// Index of the marked row: 0 is the donor file, then the regions.
    pub row: usize,
    /// What the wish would put onto the chip.
    pub preview: Option<Box<Preview>>,
    /// Why the wish is refused.
    pub refused: Option<Arc<Refusal>>,
    /// Checks allowed so far.
    pub allow: Vec<String>,
    /// The plan.
    pub plan: Option<Box<PlanToConfirm>>,
    /// How the job ended.
    pub finished: Option<Box<Finished>>,
    /// What failed last.
    pub trouble: Option<Arc<Refusal>>,
    /// Notes and warnings of the running job, latest last.
    pub notes: VecDeque<String>,
    /// The programmer chosen last time, until the user chooses.
    last: Option<String>,
}

impl Guide {
    /// At the first step, with what was chosen last time. The boards are all that the program knows, and [`AUTO`].
    pub fn new(saved: &Saved) -> Self {
        let known = Board::all().iter().map(|board| board.name.clone());
        let boards: Vec<String> = std::iter::once(AUTO.to_owned()).chain(known).collect();
        let board = saved.board.as_ref().and_then(|b| boards.iter().position(|x| x == b)).unwrap_or(0);
        Self {
            step: Step::Programmer,
            programmers: Vec::new(),
            programmer: 0,
            meter: VecDeque::new(),
            contact: None,
            chip: None,
            open_job: None,
            boards,
            board,
            recognised: Vec::new(),
            progress: None,
            backup: None,
            map: None,
            donor: saved.donor.clone(),
            sources: saved.sources.clone(),
            row: 0,
            preview: None,
            refused: None,
            allow: Vec::new(),
            plan: None,
            finished: None,
            trouble: None,
            notes: VecDeque::new(),
            last: saved.spec.clone(),
        }
    }

    /// The choices to keep.
    pub fn saved(&self) -> Saved {
        Saved {
            spec: self.spec().map(str::to_owned),
            board: self.boards.get(self.board).cloned(),
            donor: self.donor.clone(),
            sources: self.sources.clone(),
        }
    }

    /// The text that chooses the programmer, where it can be used.
    pub fn spec(&self) -> Option<&str> {
        self.programmers.get(self.programmer).filter(|p| p.problem.is_none()).map(|p| p.spec.as_str())
    }

    /// True when the last tests of the contact all passed.
    pub fn is_steady(&self) -> bool {
        self.meter.len() >= STEADY && self.meter.iter().rev().take(STEADY).all(|passed| *passed)
    }

    /// True when the chip is partly written.
    pub fn is_partial(&self) -> bool {
        self.trouble.as_ref().is_some_and(|refusal| refusal.open_job().is_some())
    }

    /// What the user wishes for so far.
    pub fn wish(&self) -> Wish {
        let donor = PathBuf::from(self.donor.trim());
        let donors = Some(donor).filter(|file| !file.as_os_str().is_empty());
        Wish {
            board: self.boards.get(self.board).cloned(),
            donors: donors
                .map(|file| DonorWish { name: None, input: Input::File(file) })
                .into_iter()
                .collect(),
            sources: self.sources.clone(),
            purpose: Some(Purpose::Programmer),
            allow: self.allow.clone(),
            ..Wish::default()
        }
    }

    /// Takes an update of the worker; may ask for more.
    pub fn take(&mut self, update: Update) -> Option<Ask> {
        match update {
            Update::Programmers(found) => {
                let last = self.last.take();
                let again = found.iter().position(|one| Some(&one.spec) == last.as_ref());
                self.programmer = again.unwrap_or(self.programmer).min(found.len().saturating_sub(1));
                self.programmers = found;
            }
            Update::OpenJob(job) => self.open_job = Some(job),
            Update::Chip(chip) => self.chip = Some(chip),
            Update::Contact(contact) => {
                keep_latest(&mut self.meter, METER, contact.is_good());
                self.contact = Some(contact);
            }
            Update::Event(event) => self.event(event),
            Update::Backup(id, flash) => return self.backed_up(id, flash),
            Update::Recognised(names) => self.recognised = names,
            Update::Preview(preview) => {
                if let Some((_, flash)) = &self.backup {
                    self.map = Some(Map::of(flash, &preview.image, SECTOR, &Spans::new()));
                }
                self.refused = None;
                self.preview = Some(preview);
            }
            Update::Refused(why) => self.refused = Some(why),
            Update::Plan(plan) => {
                self.plan = Some(plan);
                self.step = Step::Plan;
            }
            Update::Finished(finished) => {
                self.finished = Some(finished);
                self.open_job = None;
                self.progress = None;
                self.step = Step::Result;
            }
            Update::Failed(refusal) => {
                self.progress = None;
                // A chip that is partly written is a result of its own; anything else goes back to the clip.
                let partial = refusal.open_job().is_some();
                self.step = if partial { Step::Result } else { self.step.min(Step::Clip) };
                self.trouble = Some(refusal);
                self.meter.clear();
            }
        }
        None
    }

    fn backed_up(&mut self, id: String, flash: Arc<Vec<u8>>) -> Option<Ask> {
        self.map = Some(Map::of(&flash, &flash, SECTOR, &Spans::new()));
        self.backup = Some((id, flash));
        self.progress = None;
        self.step = Step::Choice;
        self.row = 0;
        (!self.donor.trim().is_empty()).then(|| self.splice())
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
            Event::Note(text) | Event::Warning(text) => keep_latest(&mut self.notes, NOTES, text),
            Event::Replacement(found) => keep_latest(&mut self.notes, NOTES, words::replacement(&found)),
            Event::JobOpened { id } => {
                let part = self.chip.as_ref().map_or_else(String::new, |chip| chip.part.clone());
                self.open_job = Some(OpenJob { id, part });
            }
            _ => {}
        }
    }
}

/// Appends to a list that keeps the latest `most`.
fn keep_latest<T>(list: &mut VecDeque<T>, most: usize, latest: T) {
    if list.len() == most {
        list.pop_front();
    }
    list.push_back(latest);
}

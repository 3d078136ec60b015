//! The guide as a value: where the user is, what is known, and what each update changes.

use super::super::{Refusal, Why, words};
use super::files::Candidate;
use super::message::{
    Ask, BackedUp, ChipFacts, Contact, Finished, Found, OpenJob, PlanToConfirm, Preview, Update,
};
use super::saved::Saved;
use super::way::{Field, Way};
use crate::desk::notes;
use crate::image::RegionSource;
use crate::report::Map;
use crate::span::Spans;
use crate::workflow::{Cause, Event, Stage};
use std::collections::VecDeque;
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
    /// What is to be done, on which board.
    Job,
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
        Step::Job,
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
            Step::Job => "job",
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
    /// Index of the chosen programmer; their number where none is marked.
    pub programmer: usize,
    /// Results of the latest contact tests, oldest first.
    pub meter: VecDeque<bool>,
    /// The latest contact test.
    pub contact: Option<Contact>,
    /// The chip, once it has answered.
    pub chip: Option<ChipFacts>,
    /// A job that is not finished.
    pub open_job: Option<OpenJob>,
    /// What can be done.
    pub ways: Vec<Way>,
    /// Index of what was chosen.
    pub way: usize,
    /// The user says that the chip is blank.
    pub blank: bool,
    /// Boards that the contents look like.
    pub recognised: Vec<String>,
    /// The running stage, bytes done, bytes in total.
    pub progress: Option<(Stage, u64, u64)>,
    /// The stored backup.
    pub backup: Option<Box<BackedUp>>,
    /// Ids of the backups stored since the guide was started, oldest first.
    pub stored: Vec<String>,
    /// Everything that ended well since the guide was started, oldest first.
    pub history: Vec<Finished>,
    /// The picture of the backup, and with a preview of what will change.
    pub map: Option<Map>,
    /// The file to write or to take regions from, as typed so far.
    pub file: String,
    /// The file with the map, as typed so far.
    pub layout: String,
    /// The region or address, as typed so far.
    pub place: String,
    /// Files that the marked name could become.
    pub candidates: Vec<Candidate>,
    /// Sources that the user chose in place of the board's defaults.
    pub sources: Vec<RegionSource>,
    /// Index of the marked row: what is typed comes first, then the regions.
    pub row: usize,
    /// What the wish would put onto the chip.
    pub preview: Option<Box<Preview>>,
    /// Why the wish is refused.
    pub refused: Option<Arc<Refusal>>,
    /// The try whose answer is awaited.
    pub trying: Option<u64>,
    /// How many there were.
    pub(super) tries: u64,
    /// Checks allowed so far.
    pub allow: Vec<String>,
    /// The plan.
    pub plan: Option<Box<PlanToConfirm>>,
    /// The open job that is being finished, or undone.
    pub resuming: Option<(String, bool)>,
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
    /// At the first step, with what was chosen last time.
    pub fn new(saved: &Saved) -> Self {
        let ways = Way::all();
        let last = |way: &Way| saved.board.as_ref().is_some_and(|word| *word == way.word());
        let way = ways.iter().position(last).unwrap_or(0);
        Self {
            step: Step::Programmer,
            programmers: Vec::new(),
            programmer: 0,
            meter: VecDeque::new(),
            contact: None,
            chip: None,
            open_job: None,
            ways,
            way,
            blank: false,
            recognised: Vec::new(),
            progress: None,
            backup: None,
            stored: Vec::new(),
            history: Vec::new(),
            map: None,
            file: saved.donor.clone(),
            layout: saved.layout.clone(),
            place: saved.place.clone(),
            candidates: Vec::new(),
            sources: saved.sources.clone(),
            row: 0,
            preview: None,
            refused: None,
            trying: None,
            tries: 0,
            allow: Vec::new(),
            plan: None,
            resuming: None,
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
            board: Some(self.chosen_way().word()),
            donor: self.file.clone(),
            layout: self.layout.clone(),
            place: self.place.clone(),
            sources: self.sources.clone(),
        }
    }

    /// What is to be done.
    pub fn chosen_way(&self) -> &Way {
        // There is always one: the list begins with the board that the contents name.
        &self.ways[self.way.min(self.ways.len() - 1)]
    }

    /// What has been typed into a field.
    pub fn typed(&self, field: Field) -> &str {
        match field {
            Field::File => &self.file,
            Field::Layout => &self.layout,
            Field::Place => &self.place,
        }
    }

    /// The field that is marked.
    pub fn field(&self) -> Option<Field> {
        self.chosen_way().fields().get(self.row).copied()
    }

    /// The text that chooses the programmer, where it can be used.
    pub fn spec(&self) -> Option<&str> {
        self.programmers.get(self.programmer).filter(|p| p.problem.is_none()).map(|p| p.spec.as_str())
    }

    /// True when the last tests of the contact all passed.
    pub fn is_steady(&self) -> bool {
        self.meter.len() >= STEADY && self.meter.iter().rev().take(STEADY).all(|passed| *passed)
    }

    /// True when the last job ended because the chip reads FF all over, as a blank one does.
    pub fn may_be_blank(&self) -> bool {
        let why = self.trouble.as_ref().map(|refusal| &*refusal.why);
        matches!(why, Some(Why::Job(Cause::Suspect { value: 0xff })))
    }

    /// True when the chip is partly written.
    pub fn is_partial(&self) -> bool {
        self.trouble.as_ref().is_some_and(|refusal| refusal.open_job().is_some())
    }

    /// Takes an update of the worker; may ask for more.
    pub fn take(&mut self, update: Update) -> Option<Ask> {
        match update {
            Update::Programmers(found) => {
                let last = self.last.take();
                let again = found.iter().position(|one| Some(&one.spec) == last.as_ref());
                // What only may be one is never marked by itself: a key too many would open it.
                let certain = found.iter().filter(|one| one.may_be.is_none()).count();
                let first = if certain == 0 { found.len() } else { self.programmer.min(certain - 1) };
                self.programmer = again.unwrap_or(first);
                self.programmers = found;
            }
            Update::OpenJob(job) => self.open_job = Some(job),
            Update::Chip(chip) => self.chip = Some(chip),
            Update::Contact(contact) => {
                keep_latest(&mut self.meter, METER, contact.is_good());
                self.contact = Some(contact);
            }
            Update::Event(event) => self.event(event),
            Update::Backup(backup) => return self.backed_up(backup),
            Update::Recognised(names) => self.recognised = names,
            // Of an earlier wish, which does not hold any more.
            Update::Preview(number, _) | Update::Refused(number, _) if Some(number) != self.trying => {}
            Update::Preview(_, preview) => {
                self.trying = None;
                if let Some(backup) = &self.backup {
                    self.map = Some(Map::of(&backup.flash, &preview.image, SECTOR, &Spans::new()));
                }
                self.refused = None;
                self.preview = Some(preview);
            }
            Update::Refused(_, why) => {
                self.trying = None;
                self.refused = Some(why);
            }
            Update::Plan(plan) => {
                self.plan = Some(plan);
                self.step = Step::Plan;
            }
            Update::Finished(finished) => {
                let id = finished.backup().to_owned();
                self.note_stored(id);
                self.history.push((*finished).clone());
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

    fn backed_up(&mut self, backup: Box<BackedUp>) -> Option<Ask> {
        self.map = Some(Map::of(&backup.flash, &backup.flash, SECTOR, &Spans::new()));
        self.note_stored(backup.id.clone());
        self.backup = Some(backup);
        self.progress = None;
        self.step = Step::Choice;
        self.row = 0;
        self.look_for_files();
        // The regions of a map on the chip can be shown before a file is named.
        let shown = !self.file.trim().is_empty() || *self.chosen_way() == Way::Carried;
        if shown { self.try_wish() } else { None }
    }

    /// Notes a backup that is in the store now.
    fn note_stored(&mut self, id: String) {
        if !self.stored.contains(&id) {
            self.stored.push(id);
        }
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
            Event::Note(found) => keep_latest(&mut self.notes, NOTES, notes::note(&found)),
            Event::Warning(found) => keep_latest(&mut self.notes, NOTES, notes::warning(&found)),
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

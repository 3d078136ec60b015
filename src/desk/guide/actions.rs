//! What the user can do at each step. An action that does not belong to the step at hand does nothing.

use super::files;
use super::message::Ask;
use super::state::{Guide, Step};
use super::way::Field;
use crate::image::{RegionSource, Source};

impl Guide {
    /// Marks the programmer, way or row before (-1) or after (+1) the marked one.
    pub fn mark(&mut self, by: isize) {
        let moved = |at: usize, len: usize| at.saturating_add_signed(by).min(len.saturating_sub(1));
        match self.step {
            Step::Programmer => self.programmer = moved(self.programmer, self.programmers.len()),
            Step::Job => {
                let way = moved(self.way, self.ways.len());
                if way != self.way {
                    // Sources are chosen for the regions of one board.
                    self.sources.clear();
                }
                self.way = way;
            }
            // The row after the last is the first again.
            Step::Choice if by > 0 && self.row + 1 >= self.rows() => self.row = 0,
            Step::Choice => self.row = moved(self.row, self.rows()),
            _ => {}
        }
        self.look_for_files();
    }

    /// What is typed, and the regions.
    fn rows(&self) -> usize {
        self.chosen_way().fields().len() + self.preview.as_ref().map_or(0, |preview| preview.regions.len())
    }

    /// Tests the contact of the chosen programmer; looks for programmers where none can be used.
    pub fn watch(&mut self) -> Ask {
        let Some(spec) = self.spec() else { return self.choose_programmer() };
        let ask = Ask::Watch { spec: spec.to_owned() };
        self.step = Step::Clip;
        self.meter.clear();
        ask
    }

    /// Goes back to the choice of a programmer, and looks for them again.
    pub fn choose_programmer(&mut self) -> Ask {
        self.step = Step::Programmer;
        Ask::Programmers
    }

    /// Continues with what is to be done, once the contact is steady. With a job open, its chip is partly written, and no
    /// backup of it is taken.
    pub fn choose_job(&mut self) {
        if self.step == Step::Clip && self.is_steady() && self.open_job.is_none() {
            self.step = Step::Job;
        }
    }

    /// Begins the job with its backup.
    pub fn begin(&mut self) -> Option<Ask> {
        let (spec, way) = (self.spec()?.to_owned(), self.chosen_way().clone());
        self.forget();
        self.step = Step::Backup;
        Some(Ask::Begin { spec, way, blank: std::mem::take(&mut self.blank) })
    }

    /// Begins again with a chip that read FF all over, which the user says is blank.
    pub fn begin_blank(&mut self) -> Option<Ask> {
        if !self.may_be_blank() {
            return None;
        }
        self.blank = true;
        self.begin()
    }

    /// Edits what is typed in the marked field. What was shown before does not hold any more.
    pub fn edit(&mut self, edit: impl FnOnce(&mut String)) {
        match self.field() {
            Some(Field::File) => edit(&mut self.file),
            Some(Field::Layout) => edit(&mut self.layout),
            Some(Field::Place) => edit(&mut self.place),
            None => return,
        }
        self.preview = None;
        self.refused = None;
        self.trying = None;
        self.allow.clear();
        self.look_for_files();
    }

    /// Completes the marked name as far as it is certain; further, takes the first file that fits.
    pub fn complete(&mut self) {
        let Some(field) = self.field().filter(|field| field.is_file()) else { return self.mark(1) };
        let typed = self.typed(field).to_owned();
        let completed = files::completed(&typed, &self.candidates);
        let completed = match self.candidates.first() {
            Some(first) if completed == typed && first.name != typed => first.name.clone(),
            _ => completed,
        };
        if completed == typed {
            return self.mark(1);
        }
        self.edit(|name| *name = completed);
    }

    /// Looks for the files that the marked name could become.
    pub(super) fn look_for_files(&mut self) {
        let field = self.field().filter(|field| field.is_file() && self.step == Step::Choice);
        self.candidates = field.map_or_else(Vec::new, |field| files::candidates(self.typed(field)));
    }

    /// Asks for the plan where the wish has been shown, else for a look at it: nothing is taken unseen.
    pub fn accept(&mut self) -> Option<Ask> {
        if self.refused.is_none() && self.preview.is_some() {
            return Some(Ask::Accept);
        }
        let ask = self.try_wish();
        if ask.is_none() {
            // Something else has to be typed first.
            self.mark(1);
        }
        ask
    }

    /// Allows what the refusal asks about, and tries again.
    pub fn allow_asked(&mut self) -> Option<Ask> {
        let names = self.refused.as_ref()?.askable();
        if names.is_empty() {
            return None;
        }
        self.allow.extend(names.into_iter().map(str::to_owned));
        self.refused = None;
        self.try_wish()
    }

    /// Gives the marked region its next source: own, donor, blank, own.
    pub fn next_source(&mut self) -> Option<Ask> {
        let (region, source) = self.marked()?;
        let source = match source {
            // Without a file there is nothing to take it from.
            Source::Own if self.file.trim().is_empty() => Source::Blank,
            Source::Own => Source::parse("donor"),
            Source::Blank => Source::Own,
            Source::Donor(_) => Source::Blank,
        };
        self.sources.retain(|set| set.region != region);
        self.sources.push(RegionSource { region, source });
        self.refused = None;
        self.try_wish()
    }

    /// Gives the marked region the source that is the board's default.
    pub fn default_source(&mut self) -> Option<Ask> {
        let (region, _) = self.marked()?;
        self.sources.retain(|set| set.region != region);
        self.try_wish()
    }

    /// The marked region and its source.
    fn marked(&self) -> Option<(String, Source)> {
        let region = self.row.checked_sub(self.chosen_way().fields().len())?;
        let row = self.preview.as_ref()?.regions.get(region)?;
        Some((row.name.clone(), row.from.clone()))
    }

    /// Gives the job up before anything was written.
    pub fn abandon(&mut self) -> Ask {
        self.forget();
        self.step = Step::Clip;
        Ask::Confirm(false)
    }

    /// Writes the plan.
    pub fn write(&mut self) -> Option<Ask> {
        if self.step != Step::Plan {
            return None;
        }
        self.step = Step::Writing;
        Some(Ask::Confirm(true))
    }

    /// Goes back from the plan to the choice: the backup is kept, and the worker still takes wishes.
    pub fn reconsider(&mut self) {
        if self.step == Step::Plan {
            self.plan = None;
            self.step = Step::Choice;
        }
    }

    /// Finishes the open job, or undoes it.
    pub fn resume(&mut self, undo: bool) -> Option<Ask> {
        let (spec, job) = (self.spec()?.to_owned(), self.open_job.as_ref()?.id.clone());
        self.trouble = None;
        self.plan = None;
        self.resuming = Some((job.clone(), undo));
        self.step = Step::Writing;
        Some(Ask::Resume { spec, job, undo })
    }

    /// Begins again at the clip, with the next chip or after a failure.
    pub fn start_over(&mut self) -> Option<Ask> {
        if self.step == Step::Result {
            self.finished.take()?;
            self.forget();
        }
        self.trouble = None;
        Some(self.watch())
    }

    /// A new job begins: nothing of the last one holds.
    fn forget(&mut self) {
        self.backup = None;
        self.map = None;
        self.preview = None;
        self.refused = None;
        self.trying = None;
        self.allow.clear();
        self.plan = None;
        self.resuming = None;
        self.progress = None;
        self.trouble = None;
        self.notes.clear();
    }
}

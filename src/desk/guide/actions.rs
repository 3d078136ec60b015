//! What the user can do at each step. An action that does not belong to the step at hand does nothing.

use super::message::Ask;
use super::state::{Guide, Step};
use crate::image::{RegionSource, Source};

impl Guide {
    /// Marks the programmer, board or row before (-1) or after (+1) the marked one.
    pub fn mark(&mut self, by: isize) {
        let moved = |at: usize, len: usize| at.saturating_add_signed(by).min(len.saturating_sub(1));
        match self.step {
            Step::Programmer => self.programmer = moved(self.programmer, self.programmers.len()),
            Step::Board => self.board = moved(self.board, self.boards.len()),
            // The row after the last is the first again.
            Step::Choice if by > 0 && self.row >= self.regions() => self.row = 0,
            Step::Choice => self.row = moved(self.row, self.regions() + 1),
            _ => {}
        }
    }

    fn regions(&self) -> usize {
        self.preview.as_ref().map_or(0, |preview| preview.regions.len())
    }

    /// Tests the contact of the chosen programmer; looks for programmers where none can be used.
    pub fn watch(&mut self) -> Ask {
        let Some(spec) = self.spec() else { return self.choose_programmer() };
        let ask = Ask::Watch { spec: spec.to_owned() };
        self.step = Step::Clip;
        self.meter.clear();
        ask
    }

    /// Goes back to the choice of a programmer, and looks for them anew.
    pub fn choose_programmer(&mut self) -> Ask {
        self.step = Step::Programmer;
        Ask::Programmers
    }

    /// Goes on to the board, once the contact is steady. With a job open, its chip is partly written, and no backup of it
    /// is taken.
    pub fn choose_board(&mut self) {
        if self.step == Step::Clip && self.is_steady() && self.open_job.is_none() {
            self.step = Step::Board;
        }
    }

    /// Begins the job with its backup.
    pub fn begin(&mut self) -> Option<Ask> {
        let (spec, board) = (self.spec()?.to_owned(), self.boards.get(self.board)?.clone());
        self.forget();
        self.step = Step::Backup;
        Some(Ask::Begin { spec, board })
    }

    /// Edits the donor's file name. What was shown before does not hold any more.
    pub fn edit_donor(&mut self, edit: impl FnOnce(&mut String)) {
        edit(&mut self.donor);
        self.preview = None;
        self.refused = None;
        self.allow.clear();
    }

    /// Shows what the wish amounts to.
    pub fn splice(&self) -> Ask {
        Ask::Splice(Box::new(self.wish()))
    }

    /// Asks for the plan where the wish has been shown, else for a look at it: nothing is taken unseen.
    pub fn accept(&self) -> Ask {
        if self.refused.is_none() && self.preview.is_some() { Ask::Accept } else { self.splice() }
    }

    /// Allows what the refusal asks about, and tries again.
    pub fn allow_asked(&mut self) -> Option<Ask> {
        let names = self.refused.as_ref()?.askable();
        if names.is_empty() {
            return None;
        }
        self.allow.extend(names.into_iter().map(str::to_owned));
        self.refused = None;
        Some(self.splice())
    }

    /// Gives the marked region its next source: own, donor, blank, own.
    pub fn next_source(&mut self) -> Option<Ask> {
        let (region, source) = self.marked()?;
        let source = match source {
            Source::Own => Source::parse("donor"),
            Source::Blank => Source::Own,
            Source::Donor(_) => Source::Blank,
        };
        self.sources.retain(|set| set.region != region);
        self.sources.push(RegionSource { region, source });
        self.refused = None;
        Some(self.splice())
    }

    /// Gives the marked region the source that is the board's default.
    pub fn default_source(&mut self) -> Option<Ask> {
        let (region, _) = self.marked()?;
        self.sources.retain(|set| set.region != region);
        Some(self.splice())
    }

    /// The marked region and its source.
    fn marked(&self) -> Option<(String, Source)> {
        let row = self.preview.as_ref()?.regions.get(self.row.checked_sub(1)?)?;
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
        self.allow.clear();
        self.plan = None;
        self.progress = None;
        self.trouble = None;
        self.notes.clear();
    }
}

//! One case: a job on a small chip with a fault, and what is done with what it leaves.

use super::job::Job;
use crate::bench::{Clip, in_memory, write_options};
use norsplice::emulator::{Emulator, Faults, Options, ProgrammerKind};
use norsplice::workflow::job::{self, Decide, Wanted};
use norsplice::workflow::journal::Direction;
use norsplice::workflow::restore::{RestoreOptions, restore};
use norsplice::workflow::resume::{ResumeOptions, resume};
use norsplice::workflow::{ChipState, Error, Event, Store, StoreError};
use std::ops::ControlFlow;
use std::time::Duration;

/// No case may take longer than this on the emulator's clock: a chip that is busy forever is given up after twice the
/// longest erase.
const LONGEST: Duration = Duration::from_secs(600);

/// A clip on the job's chip, and a store of its own.
pub struct Stored {
    pub clip: Clip,
    dir: tempfile::TempDir,
}

pub fn quiet(_: Event) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

impl Stored {
    pub fn new(kind: ProgrammerKind, job: &Job, faults: &Faults) -> Self {
        let mut options = Options::new(kind);
        options.faults = faults.clone();
        let emulator = Emulator::with_chip(&options, job.chip()).expect("the options fit");
        Self { clip: Clip::of(kind, emulator), dir: in_memory() }
    }

    pub fn store(&self) -> Store {
        // A process that another case starts holds every open file, locks too, from its fork to its exec.
        loop {
            match Store::open_locked(self.dir.path()) {
                Err(StoreError::Locked(_)) => std::thread::yield_now(),
                store => return store.expect("a store of its own"),
            }
        }
    }

    /// The job of the matrix.
    pub fn write(
        &self,
        new: &[u8],
        events: &mut dyn FnMut(Event) -> ControlFlow<()>,
    ) -> Result<ChipState, Error> {
        let mut clip = self.clip.connect()?;
        let options = write_options();
        let mut wanted = |_: &_| Ok(Wanted::whole(new.to_vec(), Default::default()));
        let mut decide = Decide { wanted: &mut wanted, confirm: &mut |_| true };
        job::run(&mut clip, &self.store(), &options, &mut decide, events).map(|r| r.chip)
    }

    /// Everything is well again.
    fn mend(&self) {
        self.clip.emulator.set_faults(&Faults::default());
        self.clip.emulator.plug();
        // Off and on again: a chip that is busy forever knows no other cure.
        self.clip.emulator.power_cut();
        self.clip.emulator.power_up();
    }

    /// `resume`, as its user would.
    fn finish(&self) -> Result<ChipState, Error> {
        let mut options = ResumeOptions::default();
        options.direction = Some(Direction::Finish);
        resume(&mut self.clip.connect()?, &self.store(), &options, &mut quiet).map(|r| r.chip)
    }

    /// `restore` of the one backup.
    fn undo(&self) -> Result<ChipState, Error> {
        let store = self.store();
        let mut options =
            RestoreOptions::new(store.list()?.first().map(|l| l.id.clone()).unwrap_or_default());
        options.programmer = "emu".into();
        restore(&mut self.clip.connect()?, &store, &options, &mut |_| true, &mut quiet).map(|r| r.chip)
    }

    /// Nothing in the store may be anything but what was on the chip before the job.
    fn check_backups(&self, old: &[u8]) -> Result<(), String> {
        let store = self.store();
        for listed in store.list().map_err(|e| e.to_string())? {
            if store.load(&listed.id).map_err(|e| e.to_string())?.flash != old {
                return Err("a wrong backup".into());
            }
        }
        Ok(())
    }
}

/// What became of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The job came to its end in spite of the fault.
    Written,
    /// It failed and had touched nothing.
    Untouched,
    /// It failed and was finished afterwards.
    Finished,
    /// It failed and was undone afterwards.
    Undone,
}

/// One case of any row.
pub trait Trial: Send + Sync {
    /// Where the fault strikes, for a message.
    fn at(&self) -> String;

    /// The job with the fault, then the mending, then the way on.
    ///
    /// # Errors
    /// In words, how it ended otherwise than it must.
    fn run(&self, kind: ProgrammerKind) -> Result<End, String>;
}

/// One case of one fault on the emulator.
pub struct Case {
    /// Where the fault strikes, for a message.
    pub at: String,
    pub job: &'static Job,
    pub faults: Faults,
    /// Ctrl-C at this event.
    pub stop_at: Option<u64>,
    /// What the first go at finishing or undoing meets.
    pub again: Option<Faults>,
    /// Undone, not finished.
    pub undo: bool,
    /// It must come to its end in spite of the fault.
    pub must: bool,
}

impl Case {
    pub fn new(at: impl std::fmt::Display, job: &'static Job, faults: Faults, undo: bool) -> Self {
        Self { at: at.to_string(), job, faults, stop_at: None, again: None, undo, must: false }
    }

    fn go_on(&self, bench: &Stored) -> Result<End, String> {
        let go = || if self.undo { bench.undo() } else { bench.finish() };
        let (wanted, state, end) = match self.undo {
            true => (&self.job.old, ChipState::Restored, End::Undone),
            false => (&self.job.new, ChipState::Written, End::Finished),
        };
        let mut went = None;
        if let Some(faults) = &self.again {
            bench.clip.emulator.reset_counts();
            bench.clip.emulator.set_faults(faults);
            let first = go();
            bench.mend();
            // Struck again, it must be open still; not struck, it is through.
            match &first {
                Err(error) if !matches!(error.chip, ChipState::Partial { .. }) => {
                    return Err(format!("{error}; {:?} in the middle of a job", error.chip));
                }
                Err(_) => {}
                Ok(_) => went = Some(first),
            }
        }
        match went.unwrap_or_else(go) {
            Err(again) => Err(again.to_string()),
            Ok(found) if found != state => Err(format!("reported as {found:?}")),
            Ok(_) if bench.clip.emulator.contents() != *wanted => Err("other contents".into()),
            Ok(_) if !bench.store().open_jobs().expect("the store is readable").is_empty() => {
                Err("still open".into())
            }
            Ok(_) => Ok(end),
        }
    }
}

impl Trial for Case {
    fn at(&self) -> String {
        self.at.clone()
    }

    fn run(&self, kind: ProgrammerKind) -> Result<End, String> {
        let Job { old, new, .. } = self.job;
        let bench = Stored::new(kind, self.job, &self.faults);
        let mut left = self.stop_at;
        let result = bench.write(new, &mut |_| match &mut left {
            Some(0) => ControlFlow::Break(()),
            Some(n) => {
                *n -= 1;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Continue(()),
        });
        let took = bench.clip.emulator.clock().now();
        if took > LONGEST {
            return Err(format!("took {took:?}"));
        }
        bench.mend();
        bench.check_backups(old)?;
        let open = bench.store().open_jobs().expect("the store is readable").len();
        let contents = bench.clip.emulator.contents();
        match result {
            Ok(ChipState::Written) if contents == *new && open == 0 => Ok(End::Written),
            Err(error) if self.must => Err(error.to_string()),
            Err(error) => match &error.chip {
                ChipState::Untouched if contents == *old && open == 0 => Ok(End::Untouched),
                ChipState::Partial { .. } if open == 1 => {
                    self.go_on(&bench).map_err(|then| format!("{error}; then {then}"))
                }
                state => {
                    Err(format!("{error}; {state:?}, {open} jobs open, untouched: {}", contents == *old))
                }
            },
            Ok(state) => {
                Err(format!("ended as {state:?}, {open} jobs open, contents right: {}", contents == *new))
            }
        }
    }
}

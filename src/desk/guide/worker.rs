//! The worker: does what the commands do, through the same functions of the desk, and reports by updates.

use super::super::order::AUTO;
use super::super::programmer::ProgrammerChoice;
use super::super::question::Digest;
use super::super::regions;
use super::super::report::{Dossier, NextStep};
use super::super::rewrite::rewrite_as_chosen;
use super::super::{Answer, Desk, Front, Notice, Question, Refusal, Wish, files, five_volts};
use super::chosen::{Bench, Kind, Tried};
use super::message::{Ask, BackedUp, ChipFacts, Contact, Done, Finished, Found, OpenJob, Try, Update};
use super::way::Way;
use crate::flash::Identity;
use crate::flash::geometry::{Costs, Geometry};
use crate::image::{Board, recognise};
use crate::programmer::{attached, possible};
use crate::workflow::backup::Backup;
use crate::workflow::backup::BackupOptions;
use crate::workflow::contact::{ContactOptions, before_writing};
use crate::workflow::journal::Direction;
use crate::workflow::{Cause, Store};
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

/// Between two contact tests.
const BETWEEN: Duration = Duration::from_millis(200);
/// Before a programmer or chip that did not answer is tried again.
const AGAIN: Duration = Duration::from_millis(700);

/// The command for a next step on a programmer (by its text), and what it does; for the report page.
pub type StepWords = dyn Fn(&str, NextStep<'_>) -> (String, String) + Send;

/// What the worker works with.
pub struct Setup {
    /// Conditions of every job; the programmer is the one that each [`Ask`] names.
    pub desk: Desk,
    /// The text of a programmer that the user named beforehand.
    pub programmer: Option<String>,
    /// Folder of the store.
    pub root: PathBuf,
    /// Checks allowed beforehand, by name.
    pub allow: Vec<String>,
    /// Words for the report page.
    pub words: Box<StepWords>,
}

/// Works until no one asks any more.
pub fn work(setup: &Setup, asks: &Receiver<Ask>, updates: &Sender<Update>) {
    let worker = Worker { setup, asks, updates };
    let mut next = None;
    while let Some(ask) = next.take().or_else(|| asks.recv().ok()) {
        next = match ask {
            Ask::Programmers => {
                worker.programmers();
                None
            }
            Ask::Watch { spec } => worker.watch(&spec),
            Ask::Begin { spec, way, blank } => {
                worker.job(&spec, |desk| worker.begin(desk, &spec, &way, blank))
            }
            Ask::Resume { spec, job, undo } => {
                worker.job(&spec, |desk| worker.resume(desk, &spec, job, undo).map_err(End::Refused))
            }
            // Answers to a question whose job has ended meanwhile.
            Ask::Try { .. } | Ask::Accept | Ask::Confirm(_) => None,
        }
    }
}

/// How a job ended without a result.
enum End {
    /// The user gave it up before anything was written.
    GivenUp,
    /// It was refused, or failed.
    Refused(Refusal),
}

struct Worker<'a> {
    setup: &'a Setup,
    asks: &'a Receiver<Ask>,
    updates: &'a Sender<Update>,
}

impl Worker<'_> {
    fn report(&self, update: Update) {
        // No one listens any more when the guide has been left.
        let _ = self.updates.send(update);
    }

    /// The desk on this programmer.
    fn desk(&self, spec: &str) -> Result<Desk, Refusal> {
        Ok(Desk { programmer: ProgrammerChoice::parse(spec)?, ..self.setup.desk.clone() })
    }

    fn programmers(&self) {
        let root = &self.setup.root;
        let named = self.setup.programmer.iter().map(|spec| Found {
            spec: spec.clone(),
            name: None,
            path: String::new(),
            may_drive_5v: false,
            problem: None,
            may_be: None,
        });
        let attached = attached().unwrap_or_default().into_iter().map(|one| Found {
            spec: one.spec().unwrap_or_default(),
            may_drive_5v: one.model.is_some_and(|model| model.drives_5v)
                && !five_volts::is_known(root, &one.path),
            name: Some(one.name),
            path: one.path,
            problem: one.problem.map(|p| p.text),
            may_be: None,
        });
        let possible = possible().into_iter().map(|one| Found {
            spec: one.spec,
            name: None,
            path: String::new(),
            may_drive_5v: false,
            problem: None,
            may_be: Some(one.seen),
        });
        self.report(Update::Programmers(named.chain(attached).chain(possible).collect()));
        let open = Store::open(root).open_jobs().unwrap_or_default();
        if let Some(job) = open.first() {
            let part = job.header.as_ref().map_or_else(|_| String::new(), |header| header.part.clone());
            self.report(Update::OpenJob(OpenJob { id: job.id.clone(), part }));
        }
    }

    /// Tests the contact until something else is asked; gives that.
    fn watch(&self, spec: &str) -> Option<Ask> {
        loop {
            match self.watch_chip(spec) {
                Ok(asked) => return asked,
                Err(refusal) => self.report(Update::Contact(Contact::Failed(Arc::new(refusal)))),
            }
            match self.asks.recv_timeout(AGAIN) {
                Ok(ask) => return Some(ask),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Tests the contact of one chip, as long as it answers.
    fn watch_chip(&self, spec: &str) -> Result<Option<Ask>, Refusal> {
        // Questions only: the job that is chosen later tests the write enable itself.
        let test = ContactOptions::default();
        self.desk(spec)?.with_chip(&Updates::of(self), |chip, _| {
            loop {
                match before_writing(chip, &test, &mut |_| ControlFlow::Continue(())) {
                    Ok(verdict) => self.report(Update::Contact(Contact::Tested(Box::new(verdict)))),
                    Err(Cause::Contact(verdict)) => self.report(Update::Contact(Contact::Tested(verdict))),
                    Err(other) => return Err(other.into()),
                }
                match self.asks.recv_timeout(BETWEEN) {
                    Ok(ask) => return Ok(Some(ask)),
                    Err(RecvTimeoutError::Disconnected) => return Ok(None),
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
        })
    }

    /// Runs a job and reports its end. After one that the user gave up, the contact is watched again.
    fn job(&self, spec: &str, run: impl FnOnce(&Desk) -> Result<Finished, End>) -> Option<Ask> {
        match self.desk(spec).map_err(End::Refused).and_then(|desk| run(&desk)) {
            Ok(finished) => self.report(Update::Finished(Box::new(finished))),
            Err(End::Refused(refusal)) => self.report(Update::Failed(Arc::new(refusal))),
            Err(End::GivenUp) => return Some(Ask::Watch { spec: spec.to_owned() }),
        }
        None
    }

    fn begin(&self, desk: &Desk, spec: &str, way: &Way, blank: bool) -> Result<Finished, End> {
        let refused = |refusal: Refusal| End::Refused(refusal);
        let named = match way {
            Way::Board(name) if name != AUTO => Some(name),
            _ => None,
        };
        let board = named.map(|name| Board::named(name)).transpose().map_err(|e| refused(e.into()))?;
        let store = Store::open_locked(&self.setup.root).map_err(|e| refused(e.into()))?;
        let front = Updates::of(self);
        let mut given_up = false;
        let mut choose = |backup: &Backup, geometry: &Geometry, costs: &Costs| {
            let chosen = self.choose(&front, &store, backup, geometry, costs);
            given_up = chosen.is_none();
            chosen.ok_or_else(|| Refusal::from(Cause::Stopped))
        };
        // A choice of the other kind is not made: the way decides what is wished for.
        let done = match way {
            Way::Backup => {
                let options = BackupOptions { blank_allowed: blank, ..BackupOptions::default() };
                let backup = desk.backup(&front, &store, &options).map_err(refused)?;
                let (id, bytes, time) = (backup.manifest.id, backup.bytes_read, backup.time);
                Ok(Done::Backup { id, bytes, time })
            }
            Way::Image | Way::Place => {
                let mut choose = |backup: &Backup, geometry: &Geometry, costs: &Costs| match choose(
                    backup, geometry, costs,
                )?
                .kind
                {
                    Kind::Put(chosen, _) => Ok(*chosen),
                    Kind::Splice(_) => Err(Cause::Stopped.into()),
                };
                desk.put_as_chosen(&front, &store, &mut choose).map(|report| Done::Job(Box::new(report)))
            }
            Way::Board(_) | Way::Carried | Way::Layout => {
                let mut choose = |backup: &Backup, geometry: &Geometry, costs: &Costs| match choose(
                    backup, geometry, costs,
                )?
                .kind
                {
                    Kind::Splice(chosen) => Ok(*chosen),
                    Kind::Put(..) => Err(Cause::Stopped.into()),
                };
                let done = rewrite_as_chosen(desk, &front, &store, board, blank, &mut choose);
                done.map(|done| Done::Job(Box::new(done.report)))
            }
        };
        match done {
            Ok(done) => Ok(self.finished(spec, &store, done)),
            Err(_) if given_up => Err(End::GivenUp),
            Err(refusal) => Err(End::Refused(refusal)),
        }
    }

    /// Tries wishes over the backup until a plan is confirmed; none when the user gives the job up.
    fn choose(
        &self,
        front: &Updates<'_>,
        store: &Store,
        backup: &Backup,
        geometry: &Geometry,
        costs: &Costs,
    ) -> Option<Tried> {
        let (flash, id) = (&backup.flash, &backup.manifest.id);
        let map = regions::of_contents(flash);
        self.report(Update::Backup(Box::new(BackedUp {
            id: id.clone(),
            flash: Arc::new(flash.clone()),
            file: store.root().join(id).join("flash.bin"),
            map: map.clone(),
            time: backup.time,
        })));
        let names = recognise(flash).into_iter().filter(|found| found.named);
        self.report(Update::Recognised(names.map(|found| found.board.name.clone()).collect()));
        let bench = Bench { front, backup, map: map.as_ref(), geometry, costs };
        let mut latest: Option<Tried> = None;
        loop {
            match self.asks.recv() {
                Ok(Ask::Try { number, wish }) => {
                    let tried = match *wish {
                        Try::Splice(wish) => bench.splice(Wish { allow: self.allowed(&wish.allow), ..*wish }),
                        Try::Put(mut wish) => {
                            wish.allow = self.allowed(&wish.allow);
                            bench.put(&wish)
                        }
                    };
                    latest = self.show(number, tried, flash);
                }
                Ok(Ask::Accept) => match latest.take() {
                    Some(tried) if tried.plan.is_empty() => return Some(front.accept(tried)),
                    Some(tried) => {
                        self.report(Update::Plan(Box::new(tried.to_confirm())));
                        latest = Some(tried);
                    }
                    None => {}
                },
                // Asked only where the plan is shown.
                Ok(Ask::Confirm(true)) => return latest.map(|tried| front.accept(tried)),
                _ => return None,
            }
        }
    }

    /// What was allowed beforehand, and meanwhile.
    fn allowed(&self, meanwhile: &[String]) -> Vec<String> {
        self.setup.allow.iter().chain(meanwhile).cloned().collect()
    }

    /// Shows what a wish amounts to, or why it is refused.
    fn show(&self, number: u64, tried: Result<Tried, Refusal>, flash: &[u8]) -> Option<Tried> {
        match tried {
            Ok(tried) => {
                self.report(Update::Preview(number, Box::new(tried.preview(flash))));
                Some(tried)
            }
            Err(refusal) => {
                self.report(Update::Refused(number, Arc::new(refusal)));
                None
            }
        }
    }

    fn resume(&self, desk: &Desk, spec: &str, job: String, undo: bool) -> Result<Finished, Refusal> {
        let store = Store::open_locked(&self.setup.root)?;
        let report = desk.resume(&Updates::of(self), &store, Some(job), undo.then_some(Direction::Undo))?;
        Ok(self.finished(spec, &store, Done::Resumed(Box::new(report))))
    }

    fn finished(&self, spec: &str, store: &Store, done: Done) -> Finished {
        let mut finished = Finished { done, page: None };
        finished.page = self.page(spec, store, finished.id());
        finished
    }

    /// Writes the report page into the store; none where it cannot be written.
    fn page(&self, spec: &str, store: &Store, id: &str) -> Option<PathBuf> {
        let folder = store.root().join("reports");
        std::fs::create_dir_all(&folder).ok()?;
        let path = folder.join(format!("{id}.html"));
        let html = Dossier::load(store, id).ok()?.page(store, &|step| (self.setup.words)(spec, step)).ok()?;
        files::write_own(&path, html.as_bytes()).ok()?;
        Some(path)
    }
}

/// The guide as a front end of the desk: notices become updates, and the plan was confirmed beforehand.
struct Updates<'a> {
    worker: &'a Worker<'a>,
    /// The digest of the plan that the user confirmed.
    accepted: RefCell<Option<Digest>>,
}

impl<'a> Updates<'a> {
    fn of(worker: &'a Worker<'a>) -> Self {
        Self { worker, accepted: RefCell::new(None) }
    }

    /// Notes the plan that the user confirmed.
    fn accept(&self, tried: Tried) -> Tried {
        self.accepted.replace(Some(Digest::of_plan(&tried.plan)));
        tried
    }
}

impl Front for Updates<'_> {
    fn notice(&self, notice: Notice<'_>) -> ControlFlow<()> {
        match notice {
            Notice::Connected { identity, .. } => self.worker.report(Update::Chip(facts(identity))),
            Notice::Job(event) => self.worker.report(Update::Event(event.clone())),
            _ => {}
        }
        self.worker.setup.desk.stop.flow()
    }

    /// The user confirmed one plan beforehand, and nothing else.
    fn ask(&self, question: &Question<'_>) -> Answer {
        match question {
            Question::Write(asked)
                if *self.accepted.borrow() == Some(Digest::of_plan(asked.proposal.plan)) =>
            {
                Answer::Yes(question.digest())
            }
            _ => Answer::No,
        }
    }
}

fn facts(identity: &Identity) -> ChipFacts {
    ChipFacts {
        part: identity.part_name.clone(),
        id: identity.jedec_id.to_vec(),
        size: identity.part.size,
        low_voltage: identity.low_voltage,
        supply_unknown: identity.supply_unknown(),
    }
}

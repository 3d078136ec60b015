//! The worker: does what the commands do, with the same functions, and tells by messages.

use super::super::commands::report;
use super::super::exit::{Exit, Failure};
use super::super::options::Options;
use super::super::output::Output;
use super::super::session::Session;
use super::super::terminal::with_chip;
use super::super::{jobs, store};
use super::chosen::Tried;
use super::message::{Ask, ChipFacts, Finished, Found, Tell, Wish};
use super::state::AUTO;
use crate::cli::show::hex;
use crate::desk::Stop;
use crate::desk::five_volts;
use crate::desk::rewrite::rewrite_as_chosen;
use crate::desk::{Front, Notice, Question, Refusal};
use crate::flash::Identity;
use crate::image::{Board, recognise};
use crate::plan::Plan;
use crate::programmer::attached;
use crate::units;
use crate::workflow::contact::{Contact, before_writing};
use crate::workflow::job::Report;
use crate::workflow::journal::Direction;
use crate::workflow::{Cause, Store};
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

/// Between two contact tests.
const BETWEEN: Duration = Duration::from_millis(200);
/// Before a programmer or chip that did not answer is tried again.
const AGAIN: Duration = Duration::from_millis(700);

/// Works until nobody asks any more.
pub fn work(options: Options, stop: Stop, asks: &Receiver<Ask>, tell: &Sender<Tell>) {
    let session = Session { options, out: Output::silent(), stop, store: None };
    let worker = Worker { session: &session, asks, tell };
    let mut next = None;
    while let Some(ask) = next.take().or_else(|| asks.recv().ok()) {
        next = match ask {
            Ask::Programmers => {
                worker.programmers();
                None
            }
            Ask::Watch { spec } => worker.watch(&spec),
            Ask::Begin { spec, board } => worker.job(&spec, |session| worker.begin(session, &board)),
            Ask::Resume { spec, job, undo } => worker.job(&spec, |session| worker.resume(session, job, undo)),
            // Answers to a question whose job has ended meanwhile.
            Ask::Splice(_) | Ask::Accept | Ask::Confirm(_) => None,
        }
    }
}

struct Worker<'a> {
    session: &'a Session,
    asks: &'a Receiver<Ask>,
    tell: &'a Sender<Tell>,
}

impl Worker<'_> {
    fn say(&self, tell: Tell) {
        // Nobody listens any more when the guide has been left.
        let _ = self.tell.send(tell);
    }

    /// A session on this programmer whose voice is the screen.
    fn on(&self, spec: &str) -> Session {
        let mut options = self.session.options.clone();
        options.programmer = Some(spec.to_owned());
        Session { options, out: Output::silent(), stop: self.session.stop.clone(), store: None }
    }

    fn programmers(&self) {
        let mut found = Vec::new();
        if let Some(spec) = &self.session.options.programmer {
            found.push(Found { spec: spec.clone(), text: format!("{spec} (from -p)"), problem: None });
        }
        let root = store::root(self.session).ok();
        for one in attached().unwrap_or_default() {
            let (name, path) = (&one.name, &one.path);
            let spec = one.spec().unwrap_or_default();
            let drives_5v = one.model.is_some_and(|model| model.drives_5v);
            let warned = drives_5v && !root.as_ref().is_some_and(|root| five_volts::is_known(root, path));
            let warning = if warned { "; a black board drives 5 V: measure first" } else { "" };
            found.push(Found {
                spec,
                text: format!("{name} at USB {path}{warning}"),
                problem: one.problem.map(|p| p.text),
            });
        }
        self.say(Tell::Programmers(found));
        let open = store::open(self.session).and_then(|store| Ok(store.open_jobs()?)).unwrap_or_default();
        if let Some(job) = open.first() {
            let part = job.header.as_ref().map_or_else(|_| String::new(), |header| header.part.clone());
            self.say(Tell::OpenJob(job.id.clone(), part));
        }
    }

    /// Tests the contact until something else is asked; gives that.
    fn watch(&self, spec: &str) -> Option<Ask> {
        let session = self.on(spec);
        loop {
            let asked = with_chip(&session, |chip, _| {
                self.say(Tell::Chip(facts(chip.identity())));
                loop {
                    let test =
                        before_writing(chip, &Contact { writes: true, ..Contact::default() }, &mut |_| {
                            std::ops::ControlFlow::Continue(())
                        });
                    match test {
                        Ok(verdict) => self.say(Tell::Contact(true, verdict.to_string())),
                        Err(Cause::Contact(verdict)) => self.say(Tell::Contact(false, verdict.to_string())),
                        Err(other) => return Err(other.into()),
                    }
                    match self.asks.recv_timeout(BETWEEN) {
                        Ok(ask) => return Ok(Some(ask)),
                        Err(RecvTimeoutError::Disconnected) => return Ok(None),
                        Err(RecvTimeoutError::Timeout) => {}
                    }
                }
            });
            match asked {
                Ok(asked) => return asked,
                Err(failure) => self.say(Tell::Contact(false, failure.message)),
            }
            match self.asks.recv_timeout(AGAIN) {
                Ok(ask) => return Some(ask),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Runs a job and tells its end. One that the user called off goes back to watching.
    fn job(&self, spec: &str, run: impl FnOnce(&Session) -> Result<Finished, Failure>) -> Option<Ask> {
        let session = self.on(spec);
        match run(&session) {
            Ok(finished) => self.say(Tell::Finished(finished)),
            Err(failure) if failure.fields.contains_key(CALLED_OFF) => {
                return Some(Ask::Watch { spec: spec.to_owned() });
            }
            Err(failure) => self.say(Tell::Failed {
                partial: failure.exit == Exit::Partial,
                message: failure.message,
                hint: failure.hint,
            }),
        }
        None
    }

    fn begin(&self, session: &Session, name: &str) -> Result<Finished, Failure> {
        let board = (name != AUTO).then(|| Board::named(name)).transpose()?;
        let store = store::open_locked(session)?;
        let front = Screen { worker: self, accepted: RefCell::new(None), elsewhere: Cell::new(false) };
        let done = rewrite_as_chosen(
            &session.desk()?,
            &front,
            &store,
            board,
            false,
            &mut |backup, geometry, costs| {
                let flash = Arc::new(backup.flash.clone());
                self.say(Tell::Backup(backup.manifest.id.clone(), Arc::clone(&flash)));
                let names = recognise(&flash).into_iter().filter(|f| f.named).map(|f| f.board.name.clone());
                self.say(Tell::Recognised(names.collect()));
                let tried = self.choose(|wish| {
                    let allow = session.options.allow.iter().chain(&wish.allow).cloned().collect();
                    let wish = Wish { allow, ..wish.clone() };
                    Tried::new(&front, name, &flash, &wish, geometry, costs)
                });
                front.elsewhere.set(tried.is_none());
                let Some(Tried { chosen, plan }) = tried else { return Err(Cause::Stopped.into()) };
                front.accepted.replace(Some(plan));
                Ok(chosen)
            },
        );
        let done = done.map_err(|refusal| {
            let failure = Failure::from(refusal).with_commands(session);
            if front.elsewhere.get() { failure.field(CALLED_OFF, true) } else { failure }
        })?;
        Ok(self.finished(session, &store, &done.report))
    }

    /// Tries wishes until a plan is said yes to; none when the user goes elsewhere.
    fn choose(&self, mut make: impl FnMut(&Wish) -> Result<Tried, Refusal>) -> Option<Tried> {
        let mut latest: Option<Tried> = None;
        loop {
            match self.asks.recv() {
                Ok(Ask::Splice(wish)) => {
                    latest = None;
                    match make(&wish) {
                        Ok(tried) => {
                            self.say(Tell::Preview(Box::new(tried.preview())));
                            latest = Some(tried);
                        }
                        Err(refusal) => {
                            let names = refusal.askable().into_iter().map(str::to_owned).collect();
                            self.say(Tell::Refused(Failure::from(refusal).message, names));
                        }
                    }
                }
                Ok(Ask::Accept) => match &latest {
                    Some(tried) if tried.plan.is_empty() => return latest,
                    Some(tried) => self.say(Tell::Plan(tried.planned())),
                    None => {}
                },
                // Asked only where the plan is shown.
                Ok(Ask::Confirm(true)) if latest.is_some() => return latest,
                _ => return None,
            }
        }
    }

    fn resume(&self, session: &Session, job: String, undo: bool) -> Result<Finished, Failure> {
        let store = store::open_locked(session)?;
        let front = Screen { worker: self, accepted: RefCell::new(None), elsewhere: Cell::new(false) };
        let direction = undo.then_some(Direction::Undo);
        let report = session
            .desk()?
            .resume(&front, &store, Some(job), direction)
            .map_err(|refusal| Failure::from(refusal).with_commands(session))?;
        Ok(self.finished(session, &store, &report))
    }

    fn finished(&self, session: &Session, store: &Store, report: &Report) -> Finished {
        let done = &report.done;
        let mut lines = vec![format!("{} read for the backup", units::size(report.backup_read))];
        if !report.plan.is_empty() {
            lines.push(format!(
                "{} erased, {} written, {} read back",
                units::size(done.erased),
                units::size(done.programmed),
                units::size(done.verified)
            ));
        }
        Finished {
            backup: report.backup.clone(),
            job: report.job.clone(),
            verdict: jobs::verdict(report),
            lines,
            report: page(session, store, report),
        }
    }
}

/// A failure's field: the user went elsewhere.
const CALLED_OFF: &str = "called_off";

/// The report page beside the store's folders; none where it cannot be written.
fn page(session: &Session, store: &Store, done: &Report) -> Option<PathBuf> {
    let id = done.job.as_ref().unwrap_or(&done.backup);
    let folder = store.root().join("reports");
    std::fs::create_dir_all(&folder).ok()?;
    let path = folder.join(format!("{id}.html"));
    report::write(session, id, &path).ok()?;
    Some(path)
}

fn facts(identity: &Identity) -> ChipFacts {
    ChipFacts {
        part: identity.part_name.clone(),
        id: hex(&identity.jedec_id),
        size: identity.part.size,
        low_voltage: identity.low_voltage,
    }
}

/// The guide as a front end of the desk: its screen gets messages, and the plan was accepted there.
struct Screen<'a> {
    worker: &'a Worker<'a>,
    /// What the user said yes to.
    accepted: RefCell<Option<Plan>>,
    /// The user went elsewhere instead.
    elsewhere: Cell<bool>,
}

impl Front for Screen<'_> {
    fn notice(&self, notice: Notice<'_>) -> ControlFlow<()> {
        match notice {
            Notice::Connected { identity, .. } => self.worker.say(Tell::Chip(facts(identity))),
            Notice::Job(event) => self.worker.say(Tell::Event(event.clone())),
            _ => {}
        }
        self.worker.session.stop.flow()
    }

    /// What the user said yes to is this plan and no other.
    fn confirm(&self, question: &Question<'_>) -> bool {
        self.accepted.borrow().as_ref() == Some(question.proposal.plan)
    }
}

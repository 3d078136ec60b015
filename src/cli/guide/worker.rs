//! The worker: does what the commands do, with the same functions, and tells by messages.

use super::super::commands::{report, rewrite};
use super::super::exit::{Exit, Failure};
use super::super::five_volts;
use super::super::json::Fields;
use super::super::options::Options;
use super::super::output::Output;
use super::super::programmer::{AnyChip, with_chip, with_chip_to_write};
use super::super::session::Session;
use super::super::signals::Stop;
use super::super::{jobs, store};
use super::chosen::Chosen;
use super::message::{Ask, ChipFacts, Finished, Found, Tell, Wish};
use super::state::AUTO;
use crate::cli::show::hex;
use crate::image::{Board, recognise};
use crate::programmer::{Kind, attached};
use crate::units;
use crate::workflow::contact::{Contact, before_writing};
use crate::workflow::job::{self, Decide, JobOptions, Report};
use crate::workflow::journal::{Direction, Verb};
use crate::workflow::resume::{ResumeOptions, resume};
use crate::workflow::{Cause, Store};
use std::cell::{Cell, RefCell};
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
            let path = &one.found.path;
            let name = one.kind.map_or("CH341 in UART mode", |kind| kind.name());
            let spec = one.kind.map_or_else(String::new, |kind| format!("{}:path={path}", kind.name()));
            let warned = one.kind == Some(Kind::Ch341a) && !five_volts::is_told(root.as_deref(), path);
            let warning = if warned { "; a black board drives 5 V: measure first" } else { "" };
            found.push(Found { spec, text: format!("{name} at USB {path}{warning}"), problem: one.problem });
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
                self.say(Tell::Chip(facts(chip)));
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
        let (report, chosen) = with_chip_to_write(session, |chip, programmer| {
            if let Some(board) = board {
                rewrite::fits(chip, board)?;
            }
            self.say(Tell::Chip(facts(chip)));
            let options = JobOptions {
                verb: Verb::Rewrite,
                programmer: programmer.to_owned(),
                board: board.map(|board| board.name.clone()),
                dry_run: false,
                blank_allowed: false,
            };
            let (geometry, costs) = (chip.geometry().clone(), chip.costs());
            let (chosen, elsewhere) = (RefCell::new(None), Cell::new(false));
            let mut decide = Decide {
                wanted: &mut |backup| {
                    let flash = Arc::new(backup.flash.clone());
                    self.say(Tell::Backup(backup.manifest.id.clone(), Arc::clone(&flash)));
                    let names =
                        recognise(&flash).into_iter().filter(|f| f.named).map(|f| f.board.name.clone());
                    self.say(Tell::Recognised(names.collect()));
                    let choice =
                        self.choose(|wish| Chosen::of(session, name, &flash, wish, &geometry, &costs));
                    let wanted = choice.as_ref().map(|chosen| chosen.wanted.clone());
                    *chosen.borrow_mut() = choice;
                    elsewhere.set(wanted.is_none());
                    wanted.ok_or_else(|| Cause::Stopped.untouched())
                },
                // What the user said yes to is this plan and no other.
                confirm: &mut |proposal| {
                    chosen.borrow().as_ref().is_some_and(|chosen: &Chosen| chosen.plan == *proposal.plan)
                },
            };
            let done = job::run(chip, &store, &options, &mut decide, &mut |event| {
                self.say(Tell::Event(event));
                session.stop.flow()
            });
            let done = done.map_err(|error| {
                let failure = jobs::failure(session, error, None);
                if elsewhere.get() { failure.field(CALLED_OFF, true) } else { failure }
            })?;
            Ok((done, chosen.into_inner()))
        })?;
        let board = chosen.as_ref().map(|chosen| &chosen.board.layout);
        let told = chosen.as_ref().map_or_else(Fields::new, Chosen::told);
        // Keeps what reports tell of the job; the screen shows the rest.
        jobs::finish(session, &report, board, told)?;
        Ok(self.finished(session, &store, &report))
    }

    /// Tries wishes until a plan is said yes to; none when the user goes elsewhere.
    fn choose(&self, mut make: impl FnMut(&Wish) -> Result<Chosen, Failure>) -> Option<Chosen> {
        let mut latest = None;
        loop {
            match self.asks.recv() {
                Ok(Ask::Splice(wish)) => {
                    latest = None;
                    match make(&wish) {
                        Ok(chosen) => {
                            self.say(Tell::Preview(Box::new(chosen.preview())));
                            latest = Some(chosen);
                        }
                        Err(failure) => {
                            let names = askable(&failure);
                            self.say(Tell::Refused(failure.message, names));
                        }
                    }
                }
                Ok(Ask::Accept) => match &latest {
                    Some(chosen) if chosen.plan.is_empty() => return latest,
                    Some(chosen) => self.say(Tell::Plan(chosen.planned())),
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
        let report = with_chip_to_write(session, |chip, _| {
            let direction = undo.then_some(Direction::Undo);
            let options = ResumeOptions { job: Some(job), direction, dry_run: false };
            resume(chip, &store, &options, &mut |event| {
                self.say(Tell::Event(event));
                session.stop.flow()
            })
            .map_err(|error| jobs::failure(session, error, None))
        })?;
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

fn facts(chip: &AnyChip) -> ChipFacts {
    let identity = chip.identity();
    ChipFacts {
        part: identity.part_name.clone(),
        id: hex(&identity.jedec_id),
        size: chip.geometry().size,
        low_voltage: identity.low_voltage,
    }
}

/// The checks that a refusal asks about; none where one of them never passes.
fn askable(failure: &Failure) -> Vec<String> {
    let findings = failure.fields.get("findings").and_then(|f| f.as_array()).cloned().unwrap_or_default();
    let never = findings.iter().any(|finding| finding["severity"] == "refuse");
    let asked = findings.iter().filter(|finding| finding["severity"] == "ask");
    let names = asked.filter_map(|finding| finding["name"].as_str().map(str::to_owned));
    if never { Vec::new() } else { names.collect() }
}

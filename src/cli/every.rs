//! `--every-programmer`: one job on each of several programmers at the same time, each with its own output, progress,
//! journal and result. One that fails does not stop the others.

use super::exit::{Exit, Failure, Outcome, result};
use super::options::Options;
use super::session::Session;
use super::show::Tone;
use super::{shell, store};
use crate::desk::fleet::{Member, fleet};
use crate::wire::{self, Fields};
use indicatif::MultiProgress;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Labels in front of lines are no longer than this.
const LABEL: usize = 32;

/// The option.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct EveryArgs {
    /// One job on each programmer plugged in, all at the same time; on those named, where -p names some
    #[arg(long)]
    pub every_programmer: bool,
}

/// One of the programmers.
#[derive(Debug)]
struct One {
    /// Which.
    member: Member,
    /// What is printed in front of its lines.
    label: String,
}

/// Runs `job` on the session's programmer, or on every one. `keeps` says that it keeps backups: the store is opened
/// once then, and shared.
///
/// # Errors
/// The job's own; with `--every-programmer`, the gravest exit code of all jobs.
pub fn run(
    args: EveryArgs,
    session: &Session,
    command: &str,
    keeps: bool,
    job: impl Fn(&Session) -> Outcome + Sync,
) -> Outcome {
    if !args.every_programmer {
        return job(session);
    }
    let programmers = programmers(&session.options)?;
    let store = keeps.then(|| store::open_locked(session)).transpose()?;
    let bars = MultiProgress::new();
    let sessions = programmers.iter().map(|one| Session {
        options: Options {
            programmer: Some(one.member.text.clone()),
            more_programmers: Vec::new(),
            ..session.options.clone()
        },
        out: session.out.labelled_as(&one.label, &one.member.text, &bars),
        stop: session.stop.clone(),
        store: store.clone(),
    });
    let sessions: Vec<Session> = sessions.collect();
    let outcomes: Vec<Ended> = std::thread::scope(|scope| {
        let jobs: Vec<_> = sessions
            .into_iter()
            .zip(&programmers)
            .map(|(session, one)| {
                let job = &job;
                scope.spawn(move || run_one(&session, command, one, job))
            })
            .collect();
        // A panic outside of the job itself is a fault that no one can handle.
        jobs.into_iter()
            .map(|job| job.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    summary(session, &programmers, outcomes)
}

/// How one job ended.
struct Ended {
    exit: Exit,
    /// The first line of what went wrong.
    fault: Option<String>,
    /// The fields of its result.
    fields: Fields,
}

/// Runs one job and reports how it ended, labelled as its own.
fn run_one(session: &Session, command: &str, one: &One, job: &impl Fn(&Session) -> Outcome) -> Ended {
    let run = || {
        one.member.usable()?;
        job(session).map_err(|failure| failure.with_commands(|verb| shell::command(&session.options, verb)))
    };
    // A job that panics holds nothing but its own programmer, chip and journal, and those have been dropped.
    let outcome = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(Failure::failed("a fault of the program ended this job; see \"norsplice jobs\""))
    });
    let fields = result(command, &outcome);
    session.out.event("done", fields.clone());
    let (exit, fault) = match outcome {
        Ok((exit, _)) if !session.out.lost() => (exit, None),
        Ok(_) => (Exit::Failed, None),
        Err(failure) => {
            session.out.error(&failure.message, failure.hint.as_deref());
            (failure.exit, failure.message.lines().next().map(str::to_owned))
        }
    };
    Ended { exit, fault, fields }
}

/// A line for each programmer, and the gravest exit code.
fn summary(session: &Session, programmers: &[One], outcomes: Vec<Ended>) -> Outcome {
    let out = &session.out;
    out.line("");
    for (one, ended) in programmers.iter().zip(&outcomes) {
        let (tone, word) = match ended.exit {
            Exit::Done => (Tone::Good, "done"),
            Exit::Differ => (Tone::Bad, "the contents differ"),
            _ => (Tone::Bad, ended.fault.as_deref().unwrap_or("failed")),
        };
        out.line(format!("{}  {}", one.label, out.tone(tone, word)));
    }
    let worst =
        outcomes.iter().map(|ended| ended.exit).max_by_key(|exit| gravity(*exit)).unwrap_or(Exit::Done);
    let failed = outcomes.iter().filter(|ended| !matches!(ended.exit, Exit::Done | Exit::Differ)).count();
    let texts = programmers.iter().map(|one| one.member.text.as_str());
    let fields = wire::several(texts.zip(outcomes.into_iter().map(|ended| ended.fields)));
    if failed == 0 {
        return Ok((worst, fields));
    }
    let text = format!("{failed} of {} programmers failed", programmers.len());
    Err(Failure::new(worst, text).with_fields(fields))
}

/// How bad an end is: a partly written chip is the worst, then an unknown failure, then what was never begun.
fn gravity(exit: Exit) -> u8 {
    match exit {
        Exit::Done => 0,
        Exit::Differ => 1,
        Exit::Refused => 2,
        Exit::NoChip => 3,
        Exit::Failed => 4,
        Exit::Partial => 5,
    }
}

/// The programmers that are meant, each with its label.
fn programmers(options: &Options) -> Result<Vec<One>, Failure> {
    let named: Vec<&str> =
        options.programmer.iter().chain(&options.more_programmers).map(String::as_str).collect();
    let members = fleet(&named)?.into_iter().enumerate();
    let members: Vec<(usize, Member)> = members.collect();
    let short = members.iter().all(|(_, member)| member.text.len() <= LABEL);
    Ok(members.into_iter().map(|(n, member)| One { label: label(n, &member.text, short), member }).collect())
}

/// The text of `-p` where all are short; otherwise its name with a number, for each of them.
fn label(n: usize, spec: &str, short: bool) -> String {
    let name = spec.split_once(':').map_or(spec, |(name, _)| name);
    if short { spec.to_owned() } else { format!("{name} #{}", n + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_all_of_one_form() {
        assert_eq!(label(0, "ch341a:path=1-2", true), "ch341a:path=1-2");
        assert_eq!(label(1, "emu:image=a.bin", false), "emu #2");
        assert_eq!(label(2, "ch341a", false), "ch341a #3");
    }
}

//! `contact`: is the clip's contact good enough to write?

use super::super::events::Reporter;
use super::super::exit::{Exit, Failure};
use super::super::json::Fields;
use super::super::programmer::with_chip;
use super::super::run::Outcome;
use super::super::session::Session;
use super::super::show::{Cell, Table, Tone};
use crate::workflow::Cause;
use crate::workflow::contact::{Contact, Outcome as Result, Verdict, before_writing};
use serde_json::json;

/// `contact`
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Tests and tells. A contact that is not good is exit code 1.
pub fn run(_: Args, session: &Session) -> Outcome {
    let verdict = with_chip(session, |chip, _| {
        let mut reporter = Reporter::new(session);
        let options = Contact { writes: !session.options.dry_run, ..Contact::default() };
        match before_writing(chip, &options, &mut |event| reporter.take(event)) {
            Ok(verdict) => Ok(verdict),
            Err(Cause::Contact(verdict)) => Ok(*verdict),
            Err(other) => Err(other.into()),
        }
    })?;
    show(session, &verdict);
    let fields = Fields::new().with("contact", json!(verdict));
    if verdict.good {
        return Ok((Exit::Done, fields.into_map()));
    }
    let failure = Failure::failed("the contact is not good enough to write").hint(verdict.next.as_str());
    Err(failure.field("contact", json!(verdict)))
}

fn show(session: &Session, verdict: &Verdict) {
    let mut table = Table::new(&["test", "result", "seen"]);
    for test in &verdict.tests {
        let (tone, word) = match test.outcome {
            Result::Passed => (Tone::Good, "passed"),
            Result::Failed => (Tone::Bad, "failed"),
            Result::Skipped => (Tone::Faint, "not done"),
        };
        table.row([test.name.into(), Cell::toned(tone, word), test.detail.as_str().into()]);
    }
    session.out.table(&table);
    for cause in &verdict.causes {
        session.out.line(format!("  likely: {cause}"));
    }
    if verdict.good {
        session.out.line(session.out.tone(Tone::Good, "the contact is good"));
    }
}

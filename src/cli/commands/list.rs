//! `list`: the programmers plugged in, what is wrong with those that cannot be used, and what may be one.

use super::super::exit::{Exit, Outcome};
use super::super::session::Session;
use super::super::show::Tone;
use super::super::table::{Cell, Table};
use crate::programmer::{Model, attached, possible};
use crate::wire;

/// `list`
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Lists them. None is no failure.
pub fn run(_: Args, session: &Session) -> Outcome {
    let attached = attached()?;
    let mut table = Table::new(&["programmer", "USB path", "serial", "for -p", "state"]);
    for one in &attached {
        let path = one.path.as_str();
        let spec = one.spec();
        table.row([
            one.name.as_str().into(),
            path.into(),
            one.serial.as_deref().unwrap_or("-").into(),
            spec.as_deref().unwrap_or("-").into(),
            match &one.problem {
                None => Cell::toned(Tone::Good, "ready"),
                Some(problem) => Cell::toned(Tone::Bad, problem.text.as_str()),
            },
        ]);
    }
    if attached.is_empty() {
        session.out.line(format!("no programmer is plugged in ({})", Model::found_titles()));
        session.out.line("to try things out without one: \"norsplice demo\", or -p emu with any command");
    } else {
        session.out.table(&table);
    }
    let possible = possible();
    if !possible.is_empty() {
        session
            .out
            .line("these may be programmers; norsplice has not opened them, and opens only what you name:");
        let mut table = Table::new(&["for -p", "what the system knows"]);
        possible.iter().for_each(|one| table.row([one.spec.as_str().into(), one.seen.as_str().into()]));
        session.out.table(&table);
    }
    Ok((Exit::Done, wire::programmers(&attached, &possible)))
}

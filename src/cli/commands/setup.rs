//! `setup`: what is missing before work can begin, and what to type.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::five_volts;
use super::super::session::Session;
use super::super::setup::{self, Check, Machine, State};
use super::super::show::Tone;
use crate::wire::{self, Fields, SetupCheck};

/// `setup`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the udev rules that let users open programmers, and nothing else
    #[arg(long)]
    print_udev_rules: bool,
    /// You know of the 5 V data lines of black CH341A boards: do not show that warning again
    #[arg(long, conflicts_with = "print_udev_rules")]
    acknowledge_5v: bool,
}

/// Looks and reports. Something missing is exit code 5 for a programmer or chip, 1 for the rest.
pub fn run(args: Args, session: &Session) -> Outcome {
    if args.print_udev_rules {
        session.out.line(setup::RULES.trim_end());
        return Ok((Exit::Done, wire::udev_rules(setup::RULES)));
    }
    if args.acknowledge_5v {
        let root = five_volts::acknowledge(session)?;
        session.out.line(format!("kept in {}: the 5 V warning will not be shown again", root.display()));
        return Ok((Exit::Done, wire::acknowledged("5v")));
    }
    let checks = setup::judge(&Machine::at("/").look(session));
    show(session, &checks);
    let missing: Vec<&Check> = checks.iter().filter(|check| check.state == State::Missing).collect();
    let Some(first) = missing.first() else {
        session.out.line(session.out.tone(Tone::Good, "nothing is missing"));
        session.out.note(
            "a new programmer proves itself: \"norsplice selftest\", with --chip on a spare chip in a socket",
        );
        return Ok((Exit::Done, fields(&checks)));
    };
    let only_hardware = missing.iter().all(|check| ["programmer", "chip"].contains(&check.name));
    let exit = if only_hardware { Exit::NoChip } else { Exit::Failed };
    let names: Vec<&str> = missing.iter().map(|check| check.name).collect();
    let failure = Failure::new(exit, format!("missing: {}", names.join(", ")));
    let failure = match first.next.first() {
        Some(next) => failure.hint(next.as_str()),
        None => failure,
    };
    Err(failure.with_fields(fields(&checks)))
}

fn fields(checks: &[Check]) -> Fields {
    wire::setup_checks(checks.iter().map(|check| SetupCheck {
        name: check.name,
        state: check.state.name(),
        text: &check.text,
        next: &check.next,
    }))
}

fn show(session: &Session, checks: &[Check]) {
    let out = &session.out;
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    for check in checks {
        let (tone, word) = match check.state {
            State::Ok => (Tone::Good, "ok     "),
            State::Missing => (Tone::Bad, "missing"),
            State::Unknown => (Tone::Warn, "unknown"),
        };
        out.line(format!("  {}  {:<width$}  {}", out.tone(tone, word), check.name, check.text));
        for next in &check.next {
            out.line(format!("  {:7}  {:<width$}    {}", "", "", out.tone(Tone::Strong, next)));
        }
    }
}

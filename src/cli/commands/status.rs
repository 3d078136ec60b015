//! `status`: chip, protection, contact, what is there, open job and last backup, at one glance. Nothing is changed.

use super::super::exit::{Exit, Outcome};
use super::super::session::Session;
use super::super::show::{Tone, hex};
use super::super::store;
use super::super::terminal::Terminal;
use super::super::words;
use super::probe::{protected, show_glance};
use crate::units;
use crate::wire;

/// `status`
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Looks, and shows what was seen. A contact that is not good is shown and is no failure: the rest may say why.
pub fn run(_: Args, session: &Session) -> Outcome {
    let front = Terminal::new(session);
    let mut desk = session.desk()?;
    // No test of the contact sends a write enable.
    desk.dry_run = true;
    let verdict = desk.contact(&front)?;
    let store = store::open(session).ok();
    let probe = desk.probe(&front, store.as_ref())?;
    drop(front);
    let (out, id) = (&session.out, &probe.identity);
    let tone = if verdict.good { Tone::Good } else { Tone::Bad };
    let chip = format!("{} ({}), {}", id.part_name, hex(&id.jedec_id), units::size(id.part.size));
    for (name, value) in [
        ("chip", out.tone(Tone::Strong, &chip)),
        ("protected", protected(session, &probe.status)),
        ("contact", out.tone(tone, &words::contact(&verdict))),
    ] {
        out.line(format!("  {name:<10} {value}"));
    }
    show_glance(session, &probe.glance);
    Ok((Exit::Done, wire::status(&verdict, &probe)))
}

//! `protect show | set RANGE | clear`: the write protection of the array. Volatile unless `--permanent` says otherwise.

use super::super::exit::{Exit, Outcome};
use super::super::flow::wrapped;
use super::super::session::Session;
use super::super::show::Tone;
use super::super::terminal::Terminal;
use super::probe::registers_line;
use crate::desk::probe::register_name;
use crate::desk::protect::{Protect, ProtectRange};
use crate::desk::{Answer, Front, Notice, Question};
use crate::flash::{ProtectionPlan, Status};
use crate::span::Spans;
use crate::wire;
use clap::Subcommand;
use std::ops::ControlFlow;

/// `protect ...`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// What is protected now, by which bits, and what could be
    Show,
    /// Protect exactly these ranges and nothing else
    Set {
        /// "all", or first address and length 0x20000+128K, or first address and the one after the last 0x20000..0x40000
        #[arg(required = true, value_name = "RANGE")]
        ranges: Vec<ProtectRange>,
        #[command(flatten)]
        lasting: Lasting,
    },
    /// Protect nothing
    Clear {
        #[command(flatten)]
        lasting: Lasting,
    },
}

#[derive(Debug, clap::Args)]
struct Lasting {
    /// Survives power-off; without it, protection ends at power-off
    #[arg(long)]
    permanent: bool,
}

/// Runs `protect`.
pub fn run(args: Args, session: &Session) -> Outcome {
    match args.verb {
        Verb::Show => show(session),
        Verb::Set { ranges, lasting } => change(session, &ranges.as_slice().into(), lasting.permanent),
        Verb::Clear { lasting } => change(session, &Protect::Ranges(Spans::new()), lasting.permanent),
    }
}

fn show(session: &Session) -> Outcome {
    let (now, possible) = session.desk()?.protection(&Terminal::new(session))?;
    let can: Vec<String> = possible.iter().map(Spans::to_string).collect();
    let (out, status) = (&session.out, &now.status);
    out.line(format!("  {:<10} {}", "protected", protected(session, status)));
    out.line(format!("  {:<10} {}", "status", registers_line(status)));
    for line in remarks(status) {
        out.line(format!("  {:<10} {line}", ""));
    }
    if !can.is_empty() {
        let lines = wrapped(&can.join("; "), out.width().min(100) - 14);
        for (n, line) in lines.iter().enumerate() {
            out.line(format!("  {:<10} {line}", if n == 0 { "possible" } else { "" }));
        }
    }
    Ok((Exit::Done, wire::protection_shown(&now, &possible)))
}

fn change(session: &Session, wanted: &Protect, permanent: bool) -> Outcome {
    let front = ShowsPlan { session, terminal: Terminal::new(session) };
    let changed = session.desk()?.protect(&front, wanted, permanent);
    let changed = changed.map_err(|refusal| front.terminal.failure(refusal))?;
    let (out, now) = (&session.out, &changed.now);
    if !changed.written {
        let text = if changed.needless { "nothing to do" } else { "dry run" };
        out.line(format!("{text}: nothing was sent"));
        return Ok((Exit::Done, wire::protection_changed(now, false)));
    }
    out.line(out.tone(Tone::Good, &format!("written and read back: {}", protected(session, &now.status))));
    if !permanent {
        let lasts = if now.permanent_possible { "; --permanent makes it survive power-off" } else { "" };
        out.note(format!("it lasts until the chip loses its power{lasts}"));
    }
    Ok((Exit::Done, wire::protection_changed(now, true)))
}

/// Shows what a change will send.
struct ShowsPlan<'a> {
    session: &'a Session,
    terminal: Terminal<'a>,
}

impl Front for ShowsPlan<'_> {
    fn notice(&self, notice: Notice<'_>) -> ControlFlow<()> {
        let Notice::ProtectionPlanned { plan, wanted } = notice else { return self.terminal.notice(notice) };
        self.session.out.line(format!("  {:<10} {}", "now", protected(self.session, &plan.before)));
        self.session.out.line(format!("  {:<10} {wanted}", "then"));
        show_plan(self.session, plan);
        self.session.stop.flow()
    }

    fn ask(&self, question: &Question<'_>) -> Answer {
        self.terminal.ask(question)
    }
}

/// What a plan would send.
fn show_plan(session: &Session, plan: &ProtectionPlan) {
    for (register, now, then) in plan.writes() {
        session.out.line(format!("  {:<10} {now:02x} -> {then:02x}", register_name(register)));
    }
    let set: Spans = plan.set.iter().copied().collect();
    for (what, blocks) in [("unlock", &plan.lift), ("lock", &set)] {
        if !blocks.is_empty() {
            session.out.line(format!("  {what:<10} {blocks}"));
        }
    }
}

fn protected(session: &Session, status: &Status) -> String {
    let out = &session.out;
    match (status.protected.is_empty(), status.protection_known) {
        (true, true) => out.tone(Tone::Good, "nothing"),
        (true, false) => "nothing, as far as the usual bits show".to_owned(),
        (false, true) => out.tone(Tone::Warn, &status.protected.to_string()),
        (false, false) => out.tone(Tone::Warn, "perhaps everything: what this part's bits mean is not known"),
    }
}

/// What holds the protection, in words.
fn remarks(status: &Status) -> Vec<&'static str> {
    let rows = [
        (status.block_locks, "single-block locks are in force (WPS): all are set again at every power-up"),
        (
            status.srl,
            "SRL is set: the status registers are locked until the chip loses its power, or forever",
        ),
        (status.srp, "SRP is set: the status registers can be written only while WP# (pin 3) is high"),
    ];
    rows.into_iter().filter(|(bit, _)| *bit == Some(true)).map(|(_, text)| text).collect()
}

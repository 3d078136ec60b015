//! `contact`: is the clip's contact good, and if not, why? Questions only. With `--watch`, a live meter.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::session::Session;
use super::super::show::{Tone, hex};
use super::super::table::{Cell, Table};
use super::super::terminal::Terminal;
use crate::desk::{Answer, Front, Notice, Question, words};
use crate::wire;
use crate::workflow::contact::{Line, Meter, Outcome as Result, Verdict};
use std::cell::RefCell;
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;

/// Width of the meter's bar.
const BAR: u32 = 40;

/// `contact`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A live meter to wiggle the clip by; Ctrl-C ends it
    #[arg(long)]
    watch: bool,

    /// With --watch: end after this many looks
    #[arg(long, value_name = "N", requires = "watch", value_parser = clap::value_parser!(u64).range(1..))]
    looks: Option<u64>,
}

/// Tests and reports. A contact that is not good is exit code 1.
pub fn run(args: Args, session: &Session) -> Outcome {
    let desk = session.desk()?;
    if args.watch {
        let watched = desk.watch_contact(&MeterLine::new(session), args.looks);
        if std::io::stderr().is_terminal() {
            let _ = writeln!(std::io::stderr());
        }
        return Ok((Exit::Done, wire::watched(&watched?)));
    }
    let verdict = desk.contact(&Terminal::new(session))?;
    show(session, &verdict);
    let contact = wire::contact(&verdict);
    if verdict.good {
        return Ok((Exit::Done, contact));
    }
    let failure = Failure::failed("the contact is not good");
    Err(failure.hint(words::next_for(&verdict)).with_fields(contact))
}

fn show(session: &Session, verdict: &Verdict) {
    let out = &session.out;
    let mut table = Table::new(&["test", "result", "seen"]);
    for test in &verdict.tests {
        let (tone, word) = match test.outcome {
            Result::Passed => (Tone::Good, "passed"),
            Result::Failed => (Tone::Bad, "failed"),
            Result::Skipped => (Tone::Faint, "not done"),
        };
        table.row([test.name.into(), Cell::toned(tone, word), test.detail.as_str().into()]);
    }
    out.table(&table);
    if let Some(rate) = &verdict.error_rate {
        let (bits, wrong, below) = (rate.bits, rate.wrong, rate.below);
        out.line(format!(
            "  wrong bits: {wrong} of {bits}; the rate is below {below:.1e} with 95 % certainty"
        ));
    }
    for cause in &verdict.likely {
        out.line(format!("  likely: {}", words::likely(*cause).0));
    }
    if verdict.good {
        out.line(out.tone(Tone::Good, "the contact is good"));
    }
}

/// The meter: in place on a terminal, a line for each change elsewhere.
struct MeterLine<'a> {
    session: &'a Session,
    terminal: Terminal<'a>,
    /// The line that was shown last.
    shown: RefCell<String>,
}

impl<'a> MeterLine<'a> {
    fn new(session: &'a Session) -> Self {
        Self { session, terminal: Terminal::new(session), shown: RefCell::default() }
    }
}

impl Front for MeterLine<'_> {
    fn notice(&self, notice: Notice<'_>) -> ControlFlow<()> {
        let Notice::Meter(look) = notice else { return self.terminal.notice(notice) };
        let text = line(look);
        if std::io::stderr().is_terminal() {
            // A terminal that is gone shows nothing, and Ctrl-C still ends it.
            let _ = write!(std::io::stderr(), "\r{text}\x1b[K");
        } else if text != *self.shown.borrow() {
            self.session.out.note(text.as_str());
        }
        self.session.out.event("meter", wire::meter(look));
        self.shown.replace(text);
        self.session.stop.flow()
    }

    fn ask(&self, question: &Question<'_>) -> Answer {
        self.terminal.ask(question)
    }
}

fn line(look: &Meter) -> String {
    let full = look.percent() * BAR / 100;
    let bar: String = (0..BAR).map(|i| if i < full { '#' } else { '.' }).collect();
    let line = match look.line {
        Line::Toggling => ", something else drives the bus",
        Line::Low => ", data line held low",
        Line::High | Line::Unknown => "",
    };
    let id = match look.id.answers.first().map(|(id, _)| hex(id)) {
        Some(id) if look.percent() > 0 => format!("id {id}"),
        _ => "no chip answers".to_owned(),
    };
    format!("[{bar}] {:>3} %  {id}{line}", look.percent())
}

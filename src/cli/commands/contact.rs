//! `contact`: is the clip's contact good enough to write, and if not, why? With `--watch`, a live meter.

use super::super::events::Reporter;
use super::super::exit::{Exit, Failure, Outcome};
use super::super::session::Session;
use super::super::show::{Cell, Table, Tone, hex};
use super::super::terminal::with_programmer;
use crate::spi::Programmer;
use crate::wire::Fields;
use crate::workflow::contact::{Contact, Line, Meter, Outcome as Result, Verdict, examine, meter};
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// Between two looks of the meter.
const LOOK: Duration = Duration::from_millis(100);
/// Width of the meter's bar.
const BAR: u32 = 40;

/// `contact`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A live meter to wiggle the clip by; Ctrl-C ends it
    #[arg(long)]
    watch: bool,

    /// With --watch: end after so many looks
    #[arg(long, value_name = "N", requires = "watch")]
    looks: Option<u64>,
}

/// Tests and tells. A contact that is not good is exit code 1.
pub fn run(args: Args, session: &Session) -> Outcome {
    if args.watch {
        return with_programmer(session, |mut programmer, _| watch(session, &mut programmer, args.looks));
    }
    let verdict = with_programmer(session, |mut programmer, _| {
        let mut reporter = Reporter::new(session);
        let options =
            Contact { writes: !session.options.dry_run, voltage_adapter: session.options.voltage_adapter };
        Ok(examine(&mut programmer, &options, &mut |event| reporter.take(event))?)
    })?;
    show(session, &verdict);
    if verdict.good {
        return Ok((Exit::Done, Fields::new().with("contact", json!(verdict)).into_map()));
    }
    let failure = Failure::failed("the contact is not good enough to write");
    Err(failure.hint(verdict.next.as_str()).field("contact", json!(verdict)))
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
    for cause in &verdict.causes {
        out.line(format!("  likely: {cause}"));
    }
    if verdict.good {
        out.line(out.tone(Tone::Good, "the contact is good"));
    }
}

/// Looks again and again, in place on a terminal, a line a change elsewhere.
fn watch(session: &Session, programmer: &mut impl Programmer, looks: Option<u64>) -> Outcome {
    let out = &session.out;
    let terminal = std::io::stderr().is_terminal();
    let (mut n, mut told) = (0, String::new());
    let (mut steady, mut last) = (0, None);
    while !session.stop.soon() && looks.is_none_or(|looks| n < looks) {
        let look = meter(programmer)?;
        let text = line(&look);
        if terminal {
            // A terminal that is gone shows nothing, and Ctrl-C still ends it.
            let _ = write!(std::io::stderr(), "\r{text}\x1b[K");
        } else if text != told {
            out.note(text.as_str());
        }
        let fields = Fields::new().with("percent", look.percent()).with("steady", look.is_steady());
        out.event("meter", fields.with("id", json!(answer(&look))));
        (n, told) = (n + 1, text);
        steady += u64::from(look.is_steady());
        last = Some(look);
        programmer.sleep(LOOK);
    }
    if terminal {
        let _ = writeln!(std::io::stderr());
    }
    let good = last.as_ref().is_some_and(Meter::is_steady);
    let fields = Fields::new().with("looks", n).with("steady_looks", steady).with("steady", good);
    Ok((Exit::Done, fields.into_map()))
}

fn answer(look: &Meter) -> Option<String> {
    look.id.answers.first().map(|(id, _)| hex(id))
}

fn line(look: &Meter) -> String {
    let full = look.percent() * BAR / 100;
    let bar: String = (0..BAR).map(|i| if i < full { '#' } else { '.' }).collect();
    let line = match look.line {
        Line::Toggling => ", somebody else talks on the bus",
        Line::Low => ", data line held low",
        Line::High | Line::Unknown => "",
    };
    let id = match answer(look) {
        Some(id) if look.percent() > 0 => format!("id {id}"),
        _ => "no chip answers".to_owned(),
    };
    format!("[{bar}] {:>3} %  {id}{line}", look.percent())
}

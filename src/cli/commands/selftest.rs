//! `selftest`: what the driver assumes of the programmer, proven or not, with the measured figure next to the model's.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::session::Session;
use super::super::show::Tone;
use super::super::streams;
use super::super::table::{Cell, Table};
use super::super::terminal::Terminal;
use crate::programmer::selftest::{Assumption, Check, Figure, Found, SelfTest};
use crate::units;
use crate::wire;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// `selftest`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Test the way to the chip too: read it in two ways, set and clear write enable
    #[arg(long)]
    chip: bool,

    /// Write the table and a log of the USB traffic, without contents of the chip, for a bug report
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Tests and prints. An assumption that does not hold is exit code 1; where the chip was asked for and does not answer, 5.
pub fn run(args: Args, session: &Session) -> Outcome {
    // A report that cannot be written is refused before the test, which takes a while.
    let report_to = args.report.as_deref().map(|path| streams::create(session, path, &[])).transpose()?;
    let front = Terminal::new(session);
    let tested = session.desk()?.self_test(&front, args.chip).map_err(|refusal| front.failure(refusal))?;
    drop(front);
    show(session, &tested);
    if let (Some(mut file), Some(path)) = (report_to, &args.report) {
        file.write(report(&tested).as_bytes())?;
        file.keep()?;
        session.out.line(format!("report  {}", path.display()));
    }
    let fields = wire::self_test(&tested, args.report.as_deref());
    let failed = |check: &&Check| matches!(check.found, Found::Disproven(_));
    let names: Vec<&str> = tested.checks.iter().filter(failed).map(|check| check.assumption.name()).collect();
    let failure = if !names.is_empty() {
        Failure::failed(format!("not proven: {}", names.join(", "))).hint(
            "work with \"plain\" after -p, and send a report: \"norsplice selftest --chip --report FILE\"",
        )
    } else if tested.chip_silent() {
        Failure::new(
            Exit::NoChip,
            "the programmer passed; no chip answers, so the way to the chip was not tested",
        )
        .hint("check the clip and the chip's supply, or leave out --chip")
    } else {
        return Ok((Exit::Done, fields));
    };
    Err(failure.with_fields(fields))
}

/// The assumption in a sentence.
fn words(assumption: Assumption) -> &'static str {
    match assumption {
        Assumption::Version => "its version is known",
        Assumption::ShortAnswers => "answers of 1, 2 and 3 bytes come separately",
        Assumption::FullAnswers => "200 full packets have 200 answers",
        Assumption::HeldBack => "nothing is lost if not fetched for 200 ms",
        Assumption::PinsInTurn => "pin commands are executed in order",
        Assumption::RoundTrip => "a command without effect is answered at once",
        Assumption::Syncs => "the sync, 100 times",
        Assumption::FullBuffer => "a message as long as the kernel's buffers is carried out",
        Assumption::PauseKept => "a pause of 2 ms inside of a message is kept",
        Assumption::Loopback => "64 KiB come back through the loopback",
        Assumption::IdleClocks => "8F clocks without data",
        Assumption::SelectReadBack => "chip select reads back",
        Assumption::Thousand => "the proof at each start, 1,000 times",
        Assumption::ChipId => "the chip's id, 1,000 times in bursts of 8",
        Assumption::ChipRead => "64 KiB in one burst as by single commands",
        Assumption::WriteEnable => "write enable set and cleared in one burst",
    }
}

fn figure(figure: Figure) -> String {
    match figure {
        Figure::None => "-".to_owned(),
        // Small times are what is judged here.
        Figure::Time(time) if time < Duration::from_secs(1) => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        Figure::Time(time) => units::time(time),
        Figure::Count(count) => count.to_string(),
        Figure::Code(code) => format!("{code:04x}"),
    }
}

fn found(check: &Check) -> (Tone, &'static str, &str) {
    match &check.found {
        Found::Proven => (Tone::Good, "proven", ""),
        Found::Disproven(seen) => (Tone::Bad, "not proven", seen),
        Found::NotDone(why) => (Tone::Faint, "not done", why),
    }
}

fn table(tested: &SelfTest) -> Table {
    let mut table = Table::new(&["assumption", "result", "measured", "model", "seen"]);
    for check in &tested.checks {
        let (tone, word, seen) = found(check);
        table.row([
            words(check.assumption).into(),
            Cell::toned(tone, word),
            figure(check.measured).as_str().into(),
            figure(check.model).as_str().into(),
            seen.into(),
        ]);
    }
    table
}

fn head(tested: &SelfTest) -> String {
    // A serial port and the kernel's own driver have neither.
    let release = tested.about.release.filter(|release| *release != 0);
    let release = release.map(|release| format!(", release {release:04x}")).unwrap_or_default();
    let maker = tested.about.manufacturer.as_deref().filter(|maker| !maker.is_empty());
    let maker = maker.map(|maker| format!(", made by {maker}")).unwrap_or_default();
    format!("{}{release}{maker}; driven in {}", tested.programmer, tested.shape)
}

fn show(session: &Session, tested: &SelfTest) {
    let out = &session.out;
    out.line(head(tested));
    out.table(&table(tested));
}

/// The report as text.
fn report(tested: &SelfTest) -> String {
    let mut text = format!("norsplice {} selftest\n{}\n\n", env!("CARGO_PKG_VERSION"), head(tested));
    let lines = table(tested).lines(super::super::show::Paint::plain());
    for line in lines.iter().map(String::as_str) {
        // Writing into a text does not fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for notice in &tested.notices {
        let _ = writeln!(text, "{notice}");
    }
    text.push_str("\nUSB traffic: seconds, bytes sent, lengths of what came; no contents of the chip\n\n");
    for line in &tested.log {
        let _ = writeln!(text, "{line}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn figures_are_words() {
        let texts = [
            figure(Figure::None),
            figure(Figure::Code(0x30)),
            figure(Figure::Count(3)),
            figure(Figure::Time(Duration::from_millis(5))),
        ];
        assert_eq!(texts[..3], ["-", "0030", "3"]);
        assert!(texts[3].contains("ms"), "{}", texts[3]);
    }
}

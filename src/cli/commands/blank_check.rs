//! `blank-check`: is the chip, or a part of it, erased?

use super::super::differences;
use super::super::exit::{Exit, Outcome};
use super::super::options::PlaceArgs;
use super::super::place;
use super::super::session::Session;
use super::super::show::Tone;
use super::super::terminal::Terminal;
use crate::plan::diff;
use crate::span::Spans;
use crate::units;
use crate::wire;
use crate::workflow::reading::ReadOptions;

/// `blank-check`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What of the chip.
    #[command(flatten)]
    place: PlaceArgs,
}

/// Reads once and looks for bytes that are not FF. Some are exit code 4.
pub fn run(args: Args, session: &Session) -> Outcome {
    let area = place::area(&args.place)?;
    let located = place::on_chip(session, &area, false)?;
    let options = ReadOptions { passes: 1, salvage: false };
    let front = Terminal::new(session);
    let (span, reading) = session.desk()?.read(&front, &located.place, &options)?;
    drop(front);
    let blank = vec![0xff; reading.bytes.len()];
    let found: Spans = diff(&reading.bytes, &blank).iter().map(|range| range.shifted(span.start)).collect();
    let out = &session.out;
    let fields = wire::blank(span, &found);
    if found.is_empty() {
        out.line(out.tone(Tone::Good, &format!("blank: {} at {span}", units::size(span.len()))));
        return Ok((Exit::Done, fields));
    }
    let (table, more) =
        differences::table(&differences::rows(&found, located.layout.as_ref()), located.layout.as_ref());
    out.line(out.tone(Tone::Bad, &format!("not blank: {} of {span}:", units::size(found.len()))));
    out.table(&table);
    more.iter().for_each(|line| out.line(line));
    Ok((Exit::Differ, fields))
}

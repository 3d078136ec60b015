//! `verify FILE`: compares the chip, or a part of it, with a file, and lists every range that differs.

use super::super::every::{self, EveryArgs};
use super::super::exit::{Exit, Outcome};
use super::super::options::PlaceArgs;
use super::super::session::Session;
use super::super::show::{Cell, Table, Tone};
use super::super::streams;
use super::super::terminal::Terminal;
use super::layout::{map, place};
use crate::desk::Place;
use crate::image::Layout;
use crate::span::Span;
use crate::units;
use crate::wire;
use std::path::PathBuf;

/// Differences this near to each other are one line for people; JSON has every one.
const NEAR: u64 = 64;

/// `verify FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to compare with; - is standard input
    file: PathBuf,

    /// What of the chip.
    #[command(flatten)]
    place: PlaceArgs,

    /// On which programmers.
    #[command(flatten)]
    every: EveryArgs,
}

/// Compares. Differences are exit code 4.
pub fn run(args: Args, session: &Session) -> Outcome {
    let layout = map(&args.place.map)?;
    let place = place(&args.place)?;
    let wanted = streams::read(&args.file)?;
    every::run(args.every, session, "verify", false, |session| {
        compare(session, &place, &wanted, layout.as_ref())
    })
}

fn compare(session: &Session, place: &Place, wanted: &[u8], layout: Option<&Layout>) -> Outcome {
    let (span, found) = session.desk()?.verify(&Terminal::new(session), place, wanted)?;
    let (differing, bytes) = (found.differing.as_slice(), found.differing.len());
    if found.misread > 0 {
        session.out.warn(format!(
            "{} read wrongly at first: look at the contact",
            units::count(found.misread, "byte")
        ));
    }
    let out = &session.out;
    let fields = wire::verified(span, &found);
    if differing.is_empty() {
        let text = format!("equal: {} at {span}", units::size(span.len()));
        out.line(out.tone(Tone::Good, &text));
        return Ok((Exit::Done, fields.into_map()));
    }
    let mut table = Table::new(&[">from", ">to", ">length", "region"]);
    for near in near(differing) {
        let region = layout.and_then(|layout| layout.at(near.start)).map_or("", |r| r.name.as_str());
        table.row([
            format!("{:#08x}", near.start).into(),
            format!("{:#08x}", near.end).into(),
            units::size(near.len()).into(),
            Cell::toned(Tone::Strong, region),
        ]);
    }
    let how = format!(
        "differing: {} in {}:",
        units::count(bytes, "byte"),
        units::count(differing.len() as u64, "range")
    );
    out.line(out.tone(Tone::Bad, &how));
    out.table(&table);
    Ok((Exit::Differ, fields.into_map()))
}

/// The ranges, those near to each other as one.
fn near(ranges: &[Span]) -> Vec<Span> {
    let mut near: Vec<Span> = Vec::new();
    for range in ranges {
        match near.last_mut() {
            Some(last) if range.start - last.end <= NEAR => last.end = range.end,
            _ => near.push(*range),
        }
    }
    near
}

//! `verify FILE`: compares the chip, or a part of it, with a file, and lists every range that differs.

use super::super::differences;
use super::super::every::{self, EveryArgs};
use super::super::exit::{Exit, Outcome};
use super::super::options::PlaceArgs;
use super::super::place;
use super::super::session::Session;
use super::super::show::Tone;
use super::super::streams;
use super::super::terminal::Terminal;
use crate::desk::Place;
use crate::image::Layout;
use crate::units;
use crate::wire;
use std::path::PathBuf;

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
    let area = place::area(&args.place)?;
    let wanted = streams::image(session, &args.file)?;
    if let Some(located) = area.known()? {
        wanted.for_address(&args.file, located.place.start())?;
    }
    every::run(args.every, session, "verify", false, |session| {
        let located = place::on_chip(session, &area, false)?;
        let bytes = wanted.for_address(&args.file, located.place.start())?;
        compare(session, &located.place, bytes, located.layout.as_ref())
    })
}

fn compare(session: &Session, place: &Place, wanted: &[u8], layout: Option<&Layout>) -> Outcome {
    let (span, found) = session.desk()?.verify(&Terminal::new(session), place, wanted)?;
    if found.misread > 0 {
        session.out.warn(format!(
            "{} read wrongly at first: look at the contact",
            units::count(found.misread, "byte")
        ));
    }
    let out = &session.out;
    let fields = wire::verified(span, &found);
    if found.differing.is_empty() {
        let text = format!("equal: {} at {span}", units::size(span.len()));
        out.line(out.tone(Tone::Good, &text));
        return Ok((Exit::Done, fields));
    }
    out.line(out.tone(Tone::Bad, &format!("{}:", differences::summary(&found.differing))));
    let (table, more) = differences::table(&differences::rows(&found.differing, layout), layout);
    out.table(&table);
    more.iter().for_each(|line| out.line(line));
    Ok((Exit::Differ, fields))
}

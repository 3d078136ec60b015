//! `hexdump WHAT`: bytes of a file, a backup or the live chip, with the names of their regions.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::options::PlaceArgs;
use super::super::session::Session;
use super::super::show::hexdump;
use super::super::{place, subject};
use crate::desk::Place;
use crate::desk::compare;
use crate::desk::regions::{Located, Part};
use crate::desk::subject::{Named, Subject};
use crate::image::Layout;
use crate::span::Span;
use crate::units;
use crate::wire;
use std::ffi::OsString;

/// Bytes read of a chip where nothing says how many: a whole one takes a minute.
const OF_CHIP: u64 = 4096;
/// The most bytes in one JSON line.
const MOST_JSON: u64 = 1 << 20;

/// `hexdump WHAT`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file, a backup's id, or "chip" for the chip on the clip
    #[arg(add = super::super::completion::subjects())]
    what: OsString,
    /// What of it.
    #[command(flatten)]
    place: PlaceArgs,
}

/// Shows bytes.
pub fn run(args: Args, session: &Session) -> Outcome {
    let area = place::area(&args.place)?;
    let mut left = 0;
    let (subject, layout) = match Named::parse(&args.what) {
        Named::Chip => {
            let Located { place, layout } = place::on_chip(session, &area, false)?;
            let short = area.part == Part::Whole || matches!(place, Place::At(_, None));
            let subject = subject::of_chip(session, |size| {
                let span = place.span(size)?;
                let shown = if short { span.len().min(OF_CHIP) } else { span.len() };
                left = span.len() - shown;
                small_enough(session, Span::new(span.start, span.start + shown))
            })?;
            let layout = layout.or_else(|| subject.layout.clone());
            (subject, layout)
        }
        Named::Dump(dump) => {
            let subject = subject::load_dump(dump, session)?;
            let Located { place, layout } = subject::locate(&area, &[&subject], session)?;
            small_enough(session, place.span(subject.bytes.len() as u64)?)?;
            (compare::cut(subject, &place)?, layout)
        }
    };
    let _pager = session.out.page();
    show(session, &subject, layout.as_ref());
    if left > 0 {
        session.out.line(format!("... {} more: --at ADDRESS and --len BYTES show others", units::size(left)));
    }
    // Long contents are made into hex only where it is printed.
    let json = session.options.json;
    let fields = json.then(|| wire::hexdump(&subject.name, subject.at, &subject.bytes));
    Ok((Exit::Done, fields.unwrap_or_default()))
}

/// Each part under its region's name.
fn show(session: &Session, subject: &Subject, layout: Option<&Layout>) {
    let span = Span::new(subject.at, subject.at + subject.bytes.len() as u64);
    let mut cuts = vec![span.start, span.end];
    let regions = layout.map_or(&[][..], |layout| &layout.regions);
    cuts.extend(regions.iter().flat_map(|r| [r.span.start, r.span.end]).filter(|a| span.contains(*a)));
    cuts.sort_unstable();
    cuts.dedup();
    for pair in cuts.windows(2) {
        if let Some(region) = layout.and_then(|layout| layout.at(pair[0])) {
            session.out.heading(&format!("{} {}", region.name, region.span));
        }
        let part = Span::new(pair[0] - span.start, pair[1] - span.start);
        hexdump(pair[0], &subject.bytes[part.range()], session.out.width())
            .iter()
            .for_each(|line| session.out.line(line));
    }
}

/// A span that can be shown: one line of JSON holds so much only.
fn small_enough(session: &Session, span: Span) -> Result<Span, Failure> {
    if session.options.json && span.len() > MOST_JSON {
        return Err(Failure::refused(format!(
            "{} are too many for one line of JSON",
            units::size(span.len())
        ))
        .hint("give --len of 1M at most, or 'read' the part into a file"));
    }
    Ok(span)
}

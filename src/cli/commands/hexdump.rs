//! `hexdump WHAT`: bytes of a file, a backup or the live chip, with the names of their regions.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::options::PlaceArgs;
use super::super::session::Session;
use super::super::show::{hex, hexdump};
use super::super::subject;
use super::layout::{map, place};
use crate::desk::Place;
use crate::span::Span;
use crate::wire::Fields;

/// Bytes shown when no length is given.
const DEFAULT: u64 = 256;
/// The most bytes shown at once.
const MOST: u64 = 1 << 20;

/// `hexdump WHAT`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file, a backup's id, or "chip" for the chip on the clip
    what: String,
    /// What of it.
    #[command(flatten)]
    place: PlaceArgs,
}

/// Shows bytes.
pub fn run(args: Args, session: &Session) -> Outcome {
    let place = place(&args.place)?;
    let layout = map(&args.place.map)?;
    let subject = subject::load_part(&args.what, session, |size| part(&args.place, &place, size))?;
    let layout = layout.or_else(|| subject::map(&subject, session));
    let span = Span::new(subject.at, subject.at + subject.bytes.len() as u64);
    // Cut where regions begin, so that each part is under its region's name.
    let mut cuts = vec![span.start, span.end];
    let regions = layout.as_ref().map_or(&[][..], |layout| &layout.regions);
    cuts.extend(regions.iter().flat_map(|r| [r.span.start, r.span.end]).filter(|a| span.contains(*a)));
    cuts.sort_unstable();
    cuts.dedup();
    for pair in cuts.windows(2) {
        if let Some(region) = layout.as_ref().and_then(|layout| layout.at(pair[0])) {
            session.out.heading(&format!("{} {}", region.name, region.span));
        }
        for line in
            hexdump(pair[0], &subject.bytes[Span::new(pair[0] - span.start, pair[1] - span.start).range()])
        {
            session.out.line(line);
        }
    }
    let fields = Fields::new().with("what", subject.name).with("offset", span.start).with("size", span.len());
    Ok((Exit::Done, fields.with("data", hex(&subject.bytes)).into_map()))
}

/// What is shown of so many bytes.
fn part(args: &PlaceArgs, place: &Place, size: u64) -> Result<Span, Failure> {
    let asked = place.span(size)?;
    let len = args.len.unwrap_or(DEFAULT).min(asked.len());
    if len > MOST {
        return Err(Failure::refused(format!("{len} bytes are too many to look at"))
            .hint("give --len of 1M at most, or 'read' the part into a file"));
    }
    Ok(Span::new(asked.start, asked.start + len))
}

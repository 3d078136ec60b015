//! `diff A B`: where two files, backups or the live chip differ, by region.

use super::super::differences::{self, by_region};
use super::super::exit::{Exit, Outcome};
use super::super::options::PlaceArgs;
use super::super::session::Session;
use super::super::show::Tone;
use super::super::{place, subject};
use crate::desk::compare::{self, Compared, compare};
use crate::desk::regions::Part;
use crate::desk::subject::Subject;
use crate::report::hex_lines;
use crate::span::Span;
use crate::units;
use crate::wire;
use std::ffi::OsString;

/// The most ranges of which bytes are shown.
const RANGES: usize = 64;
/// The most lines of sixteen bytes shown of a range.
const LINES: usize = 8;

/// `diff A B`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file, a backup's id, or "chip" for the chip on the clip
    #[arg(add = super::super::completion::subjects())]
    a: OsString,
    /// Another one
    #[arg(add = super::super::completion::subjects())]
    b: OsString,

    /// How much of each region differs, and no bytes
    #[arg(long)]
    brief: bool,

    /// What of them.
    #[command(flatten)]
    place: PlaceArgs,
}

/// Compares. Exit code 4 where they differ.
pub fn run(args: Args, session: &Session) -> Outcome {
    let area = place::area(&args.place)?;
    let (a, b) = (subject::load(&args.a, session)?, subject::load(&args.b, session)?);
    let located = subject::locate(&area, &[&a, &b], session)?;
    let compared = compare(&located, area.part == Part::Whole, [a, b])?;
    let out = &session.out;
    if let Some(uneven) = compared.uneven() {
        out.warn(uneven);
    }
    let lengths = compared.lengths();
    let Compared { differing, layout, subjects: [a, b] } = compared;
    let layout = layout.as_ref();
    let same = differing.is_empty();
    if same {
        let text = format!("{} and {} hold the same {}", a.name, b.name, units::size(a.bytes.len() as u64));
        out.line(out.tone(Tone::Good, &text));
    } else {
        let rows = differences::rows(&differing, layout);
        match layout.filter(|_| args.brief) {
            Some(layout) => out.table(&by_region(&differing, layout)),
            None if args.brief => {}
            None => {
                let (table, more) = differences::table(&rows, layout);
                out.table(&table);
                more.iter().for_each(|line| out.line(line));
                rows.iter().take(RANGES).for_each(|(range, _)| bytes(session, *range, &a, &b));
            }
        }
        out.line(out.tone(Tone::Bad, &differences::summary(&differing)));
    }
    let exit = if same { Exit::Done } else { Exit::Differ };
    let regions = layout.map(|layout| compare::by_region(&differing, layout));
    Ok((
        exit,
        wire::compared(&a.name, &b.name, &differing)
            .and(wire::lengths(lengths))
            .and(wire::region_differences(regions)),
    ))
}

/// The first lines of a range in both; nothing of what only one of them has.
fn bytes(session: &Session, range: Span, a: &Subject, b: &Subject) {
    let common = a.bytes.len().min(b.bytes.len()) as u64;
    let end = (a.at + common).min(range.end.div_ceil(16).saturating_mul(16));
    // From the start of the first line of sixteen to the end of the last.
    let start = (range.start / 16 * 16).max(a.at);
    if start >= end {
        return;
    }
    let whole = Span::new(start, end);
    let at = Span::new(start - a.at, end - a.at);
    let (Some(a), Some(b)) = (at.of(&a.bytes), at.of(&b.bytes)) else { return };
    let (lines, all) = hex_lines(a, b, LINES);
    for line in &lines {
        session.out.line(format!(
            "{:#08x} - {}  {}",
            whole.start + line.address,
            line.before.0,
            line.before.1
        ));
        session.out.line(format!("{:8} + {}  {}", "", line.after.0, line.after.1));
    }
    if all > lines.len() {
        session.out.line(format!("{:8} ... and {} more lines", "", all - lines.len()));
    }
}

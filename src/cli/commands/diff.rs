//! `diff A B`: where two files, backups or the live chip differ, by region.

use super::super::exit::{Exit, Outcome};
use super::super::options::MapArgs;
use super::super::session::Session;
use super::super::show::{Cell, Table, Tone};
use super::super::subject;
use super::layout::map;
use crate::plan::{diff, diff_near};
use crate::report::hex_lines;
use crate::span::Span;
use crate::units;
use crate::wire::{Fields, spans};

/// The most differing ranges listed, and shown as bytes.
const RANGES: usize = 64;
/// The most lines of sixteen bytes shown of a range.
const LINES: usize = 8;

/// `diff A B`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file, a backup's id, or "chip" for the chip on the clip
    a: String,
    /// Another one
    b: String,
    /// Which map names the regions.
    #[command(flatten)]
    map: MapArgs,
}

/// Compares. Exit code 4 where they differ.
pub fn run(args: Args, session: &Session) -> Outcome {
    let layout = map(&args.map)?;
    let (a, b) = (subject::load(&args.a, session)?, subject::load(&args.b, session)?);
    let out = &session.out;
    let layout = layout.or_else(|| subject::map(&a, session)).or_else(|| subject::map(&b, session));
    let common = a.bytes.len().min(b.bytes.len());
    let ranges = diff(&a.bytes[..common], &b.bytes[..common]);
    // Differences on one line of sixteen bytes are one row.
    let shown = diff_near(&a.bytes[..common], &b.bytes[..common], 15);
    let mut table = Table::new(&["from", "to", ">bytes", "region"]);
    let mut rows = 0;
    for range in shown.iter() {
        rows += 1;
        if rows <= RANGES {
            let region = layout.as_ref().and_then(|layout| layout.at(range.start));
            table.row([
                format!("{:#08x}", range.start).into(),
                format!("{:#08x}", range.end).into(),
                range.len().to_string().into(),
                Cell::from(region.map_or("", |region| region.name.as_str())),
            ]);
        }
    }
    let (size_a, size_b) = (a.bytes.len() as u64, b.bytes.len() as u64);
    if size_a != size_b {
        let (sa, sb) = (units::size(size_a), units::size(size_b));
        out.warn(format!(
            "{} has {sa}, {} has {sb}; what is beyond the shorter one counts as different",
            a.name, b.name
        ));
    }
    let same = rows == 0 && size_a == size_b;
    if same {
        out.line(
            out.tone(Tone::Good, &format!("{} and {} hold the same {}", a.name, b.name, units::size(size_a))),
        );
    } else {
        if rows > 0 {
            out.table(&table);
        }
        if rows > RANGES {
            out.line(format!("... and {} more ranges", rows - RANGES));
        }
        for range in shown.iter().take(RANGES) {
            bytes(session, range, &a.bytes[..common], &b.bytes[..common]);
        }
        let beyond = size_a.abs_diff(size_b);
        match (rows, beyond) {
            (0, _) => out.line(format!("the first {} are equal", units::size(common as u64))),
            (_, 0) => out.line(format!("{} differ in {rows} ranges", units::size(ranges.len()))),
            _ => out.line(format!(
                "{} differ in {rows} ranges, and {} are beyond the shorter one",
                units::size(ranges.len()),
                units::size(beyond)
            )),
        }
    }
    let mut listed: Vec<Span> = ranges.iter().collect();
    if size_a != size_b {
        listed.push(Span::new(common as u64, size_a.max(size_b)));
    }
    let fields = Fields::new()
        .with("a", a.name)
        .with("b", b.name)
        .with("same", same)
        .with("differing_bytes", listed.iter().map(Span::len).sum::<u64>())
        .with("ranges", spans(&listed));
    Ok((if same { Exit::Done } else { Exit::Differ }, fields.into_map()))
}

/// The first lines of a range in both.
fn bytes(session: &Session, range: Span, a: &[u8], b: &[u8]) {
    // From the start of the first line of sixteen to the end of the last.
    let whole =
        Span::new(range.start / 16 * 16, range.end.div_ceil(16).saturating_mul(16).min(a.len() as u64));
    let (Some(a), Some(b)) = (whole.of(a), whole.of(b)) else { return };
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

//! Where contents differ, as every command that compares shows and counts it: bytes that differ, in ranges.

use super::show::{Cell, Table, Tone};
use crate::image::Layout;
use crate::span::{Span, Spans};
use crate::units::{self, count};

/// Differences this near to each other are one row for people; JSON has every range.
const NEAR: u64 = 64;
/// The most rows that are shown.
const ROWS: usize = 64;

/// Ranges near to each other, for people to look at: each with the bytes in it that differ.
pub fn rows(differing: &Spans) -> Vec<(Span, u64)> {
    let mut rows: Vec<(Span, u64)> = Vec::new();
    for range in differing.iter() {
        match rows.last_mut() {
            Some((row, bytes)) if range.start - row.end <= NEAR => {
                row.end = range.end;
                *bytes += range.len();
            }
            _ => rows.push((range, range.len())),
        }
    }
    rows
}

/// The rows as a table, and the line under it where there are more.
pub fn table(rows: &[(Span, u64)], layout: Option<&Layout>) -> (Table, Option<String>) {
    let mut table = Table::new(&[">from", ">to", ">differing", "region"]);
    for (row, bytes) in rows.iter().take(ROWS) {
        let region = layout.and_then(|layout| layout.at(row.start)).map_or("", |r| r.name.as_str());
        table.row([
            format!("{:#08x}", row.start).into(),
            format!("{:#08x}", row.end).into(),
            count(*bytes, "byte").into(),
            Cell::toned(Tone::Strong, region),
        ]);
    }
    let more = rows.len().checked_sub(ROWS).filter(|more| *more > 0);
    (table, more.map(|more| format!("  ... and {} more", count(more as u64, "row"))))
}

/// One row for each region: how many of its bytes differ.
pub fn by_region(differing: &Spans, layout: &Layout) -> Table {
    let mut table = Table::new(&["region", ">size", ">differing"]);
    for region in layout.whole() {
        let bytes = differing.intersection(&region.span.into()).len();
        table.row([
            Cell::toned(Tone::Strong, region.name.as_str()),
            units::size(region.span.len()).into(),
            if bytes == 0 { "-".into() } else { Cell::from(count(bytes, "byte")) },
        ]);
    }
    table
}

/// How much differs, in words: `4081 bytes differ, in 18 ranges`.
pub fn summary(differing: &Spans) -> String {
    let verb = if differing.len() == 1 { "differs" } else { "differ" };
    let ranges = differing.as_slice().len() as u64;
    let about = match differing.len() {
        0..units::KIB => String::new(),
        bytes => format!(" ({})", units::size(bytes)),
    };
    format!("{}{about} {verb}, in {}", count(differing.len(), "byte"), count(ranges, "range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_join_what_is_near_and_count_only_what_differs() {
        let differing = Spans::from_iter([Span::new(0, 1), Span::new(60, 62), Span::new(1000, 1001)]);
        assert_eq!(rows(&differing), [(Span::new(0, 62), 3), (Span::new(1000, 1001), 1)]);
        assert_eq!(summary(&differing), "4 bytes differ, in 3 ranges");
        assert_eq!(summary(&Span::new(3, 4).into()), "1 byte differs, in 1 range");
    }
}

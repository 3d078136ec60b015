//! Where contents differ, as every command that compares shows and counts it: bytes that differ, in ranges.

use super::show::Tone;
use super::table::{Cell, Table};
use crate::desk::compare;
use crate::image::Layout;
use crate::span::{Span, Spans};
use crate::units::{self, count};

/// Differences this near to each other are one row for people; JSON has every range.
const NEAR: u64 = 64;
/// The most rows that are shown.
const ROWS: usize = 64;

/// Ranges near to each other, for people to look at: each with the bytes in it that differ. No row crosses the edge of a
/// region, so that each is in the one region that [`table`] names for it.
pub fn rows(differing: &Spans, layout: Option<&Layout>) -> Vec<(Span, u64)> {
    let regions = layout.map_or(&[][..], |layout| &layout.regions);
    let mut edges: Vec<u64> = regions.iter().flat_map(|r| [r.span.start, r.span.end]).collect();
    edges.sort_unstable();
    edges.dedup();
    let next_edge = |after: u64| edges[edges.partition_point(|edge| *edge <= after)..].first().copied();
    let cut = differing.iter().flat_map(|range| {
        std::iter::successors(Some(range.start), move |from| {
            next_edge(*from).filter(|edge| *edge < range.end)
        })
        .map(move |from| Span::new(from, next_edge(from).map_or(range.end, |edge| edge.min(range.end))))
    });
    let mut rows: Vec<(Span, u64)> = Vec::new();
    for range in cut {
        let row = rows.last_mut().filter(|(row, _)| next_edge(row.start) == next_edge(range.start));
        match row {
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

/// One row for each region, those inside of others indented below them: how many of its bytes differ.
pub fn by_region(differing: &Spans, layout: &Layout) -> Table {
    let mut table = Table::new(&["region", ">size", ">differing"]);
    for region in compare::by_region(differing, layout) {
        let name = format!("{:1$}{2}", "", 2 * region.depth, region.name);
        table.row([
            Cell::toned(Tone::Strong, name),
            units::size(region.span.len()).into(),
            if region.bytes == 0 { "-".into() } else { Cell::from(count(region.bytes, "byte")) },
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
        assert_eq!(rows(&differing, None), [(Span::new(0, 62), 3), (Span::new(1000, 1001), 1)]);
        assert_eq!(summary(&differing), "4 bytes differ, in 3 ranges");
        assert_eq!(summary(&Span::new(3, 4).into()), "1 byte differs, in 1 range");
    }

    #[test]
    fn no_row_crosses_the_edge_of_a_region_and_inner_regions_are_counted() {
        let text = "0:ff outer\n10:1f inner\n80:ff last\n";
        let layout = crate::image::parse_any(text.as_bytes(), None).unwrap();
        let differing = Spans::from_iter([Span::new(0, 0x14), Span::new(0x1e, 0x30), Span::new(0x7f, 0x82)]);
        let cut: Vec<_> =
            rows(&differing, Some(&layout)).iter().map(|(row, n)| (row.start, row.end, *n)).collect();
        let wanted = [(0, 0x10, 0x10), (0x10, 0x20, 6), (0x20, 0x30, 0x10), (0x7f, 0x80, 1), (0x80, 0x82, 2)];
        assert_eq!(cut, wanted);
        assert_eq!(layout.at(cut[1].0).unwrap().name, "inner");
        assert_eq!(cut.iter().map(|(_, _, n)| n).sum::<u64>(), differing.len());
    }
}

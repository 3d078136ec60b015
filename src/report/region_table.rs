//! The part of the page that is a table: every region, and after each its differences byte by byte.

use super::cells::{Kind, Map};
use super::hex::{Excerpt, excerpt};
use super::model::{PageRegion, Report};
use crate::units;
use maud::{Markup, html};

/// Lines shown of every range that differs, and of a region at most; the page gives the number of all.
const EACH: usize = 8;
const MOST: usize = 64;

/// The section; nothing where no region is known.
pub fn section(report: &Report<'_>, map: &Map) -> Markup {
    let heads: &[&str] = if report.after.is_some() {
        &["Region", "Address", "Size", "Before", "After", "Changed sectors"]
    } else {
        &["Region", "Address", "Size", "Contents"]
    };
    html! {
        @if !report.regions.is_empty() {
            section {
                h2 { "Regions" }
                table class="regions cards" {
                    thead { tr { @for head in heads { th scope="col" class=(class(head)) { (head) } } } }
                    tbody {
                        @for (i, region) in report.regions.iter().enumerate() {
                            tr data-r=(i) {
                                td data-label="Region" {
                                    button type="button" aria-controls={ "region-" (i) } aria-expanded="false" {
                                        (region.name)
                                    }
                                }
                                @for (head, value) in heads[1..].iter().zip(values(report, region, map)) {
                                    td data-label=(head) { (value) }
                                }
                            }
                            tr class="detail" id={ "region-" (i) } {
                                td colspan=(heads.len()) { (detail(report, region, map)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn class(head: &str) -> &'static str {
    match head {
        "Region" => "name",
        "Address" => "address",
        "Size" => "size",
        "Changed sectors" => "count",
        _ => "text",
    }
}

/// The cells of a region's row after its name.
fn values(report: &Report<'_>, region: &PageRegion, map: &Map) -> Vec<String> {
    let cells = map.cells.iter().filter(|cell| region.span.overlaps(cell.span));
    let changed = cells.clone().filter(|cell| cell.changed).count();
    let address = format!("{:#08x} to {:#08x}", region.span.start, region.span.end);
    let mut values = vec![address, units::size(region.span.len()), region.was.clone()];
    if report.after.is_some() {
        let same = region.was == region.now && changed == 0;
        values.push(if same { "the same".to_owned() } else { region.now.clone() });
        let of_all = format!("{changed} of {}", cells.count());
        values.push(if changed == 0 { "none".to_owned() } else { of_all });
    }
    values
}

/// What a region holds, whose it is, and where it differs.
fn detail(report: &Report<'_>, region: &PageRegion, map: &Map) -> Markup {
    let cells = map.cells.iter().filter(|cell| region.span.overlaps(cell.span));
    let kinds: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| (kind, cells.clone().filter(|cell| cell.kind == *kind).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} {}", kind.name()))
        .collect();
    let units = report.per_unit.iter().filter(|unit| region.span.covers(unit.span));
    html! {
        h3 { (region.name) ", " (region.span) }
        p { (units::count(cells.count() as u64, "sector")) ": " (kinds.join(", ")) "." }
        @if !region.source.is_empty() {
            p { (region.source) }
        }
        @for unit in units {
            p {
                (unit.name) ": " (unit.before)
                @if unit.before != unit.after { ", now " (unit.after) }
            }
        }
        (differences(report, region))
    }
}

/// The lines of a region in which the two versions differ.
fn differences(report: &Report<'_>, region: &PageRegion) -> Markup {
    let Some(after) = report.after else { return html! {} };
    let (Some(before), Some(now)) = (region.span.of(report.before), region.span.of(after)) else {
        return html! { p { "Reaches past the end of the chip." } };
    };
    let (rows, all) = excerpt(before, now, EACH, MOST);
    if all == 0 {
        return html! { p { "Unchanged: every byte is as it was." } };
    }
    html! {
        p { (all) " lines of 16 bytes differ. " del { "Before" } ", then " ins { "after" } ", bytes that differ marked:" }
        div class="hex" role="region" tabindex="0" aria-label={ "Bytes of " (region.name) " that differ" } {
            @for row in &rows {
                @match row {
                    Excerpt::LeftOut(count) => { p { (count) " more lines differ here" } }
                    Excerpt::Line(line) => {
                        p {
                            span { (format!("{:08x}", region.span.start + line.address)) }
                            " " del { (bytes(&line.before, &line.after)) }
                            " " ins { (bytes(&line.after, &line.before)) }
                        }
                    }
                }
            }
        }
    }
}

/// One side of a line: hex and text, the bytes that differ from the other side marked.
fn bytes(this: &(String, String), other: &(String, String)) -> Markup {
    let pairs = this.0.split(' ').map(str::to_owned);
    let letters = this.1.chars().map(|c| c.to_string());
    let differs: Vec<bool> = this.0.split(' ').zip(other.0.split(' ')).map(|(a, b)| a != b).collect();
    html! { code { (marked(pairs, &differs, " ")) } " " code { (marked(letters, &differs, "")) } }
}

/// The pieces with runs of differing ones in `<b>`.
fn marked(pieces: impl Iterator<Item = String>, differs: &[bool], between: &str) -> Markup {
    let differs = differs.iter().copied().chain(std::iter::repeat(false));
    let pieces: Vec<(bool, String)> = differs.zip(pieces).collect();
    let runs = pieces.chunk_by(|a, b| a.0 == b.0).map(|run| {
        let texts: Vec<&str> = run.iter().map(|(_, text)| text.as_str()).collect();
        (run[0].0, texts.join(between))
    });
    html! {
        @for (i, (differs, text)) in runs.enumerate() {
            @if i > 0 { (between) }
            @if differs { b { (text) } } @else { (text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_differ_are_marked_on_both_sides() {
        let before = ("41 42 43 44".to_owned(), "ABCD".to_owned());
        let after = ("41 3c 26 44".to_owned(), "A<&D".to_owned());
        assert_eq!(
            bytes(&before, &after).into_string(),
            "<code>41 <b>42 43</b> 44</code> <code>A<b>BC</b>D</code>"
        );
        assert_eq!(
            bytes(&after, &before).into_string(),
            "<code>41 <b>3c 26</b> 44</code> <code>A<b>&lt;&amp;</b>D</code>"
        );
    }
}

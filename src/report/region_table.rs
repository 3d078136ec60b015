//! The part of the page that is a table: every region, and behind each its differences byte by byte.

use super::cells::{Kind, Map};
use super::hex::{Excerpt, excerpt};
use super::html::esc;
use super::model::{RegionRow, Report};
use crate::units;
use std::fmt::Write as _;

/// Lines shown of every range that differs, and of a region at most; the page says how many there are in all.
const EACH: usize = 8;
const MOST: usize = 64;

/// Writes the section; nothing where no region is known.
pub fn section(out: &mut String, report: &Report<'_>, map: &Map) {
    if report.regions.is_empty() {
        return;
    }
    let rewritten = report.after.is_some();
    let heads: &[&str] = if rewritten {
        &["Region", "Address", "Size", "Was", "Is", "Changed sectors"]
    } else {
        &["Region", "Address", "Size", "Contents"]
    };
    out.push_str("<section><h2>Regions</h2>\n<table class=\"regions cards\">\n<thead><tr>");
    for head in heads {
        let _ = write!(out, "<th scope=\"col\" class=\"{}\">{head}</th>", class(head));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for (i, region) in report.regions.iter().enumerate() {
        let cells = map.cells.iter().filter(|cell| region.span.overlaps(cell.span));
        let changed = cells.clone().filter(|cell| cell.changed).count();
        let _ = write!(
            out,
            "<tr data-r=\"{i}\"><td data-label=\"Region\"><button type=\"button\" aria-controls=\"region-{i}\" \
             aria-expanded=\"false\">{}</button></td>",
            esc(&region.name)
        );
        let start = format!("{:#08x} to {:#08x}", region.span.start, region.span.end);
        let mut values = vec![start, units::size(region.span.len()), region.was.clone()];
        if rewritten {
            let same = region.was == region.now && changed == 0;
            values.push(if same { "the same".to_owned() } else { region.now.clone() });
            values.push(if changed == 0 {
                "none".to_owned()
            } else {
                format!("{changed} of {}", cells.count())
            });
        }
        for (head, value) in heads[1..].iter().zip(&values) {
            let _ = write!(out, "<td data-label=\"{head}\">{}</td>", esc(value));
        }
        out.push_str("</tr>\n");
        let _ = write!(out, "<tr class=\"detail\" id=\"region-{i}\"><td colspan=\"{}\">", heads.len());
        detail(out, report, region, map);
        out.push_str("</td></tr>\n");
    }
    out.push_str("</tbody></table>\n</section>\n");
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

/// What a region holds, whose it is, and where it differs.
fn detail(out: &mut String, report: &Report<'_>, region: &RegionRow, map: &Map) {
    let _ = writeln!(out, "<h3>{}, {}</h3>", esc(&region.name), region.span);
    let cells = map.cells.iter().filter(|cell| region.span.overlaps(cell.span));
    let kinds: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| (kind, cells.clone().filter(|cell| cell.kind == *kind).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} {}", kind.name()))
        .collect();
    let _ = writeln!(
        out,
        "<p>{}: {}.</p>",
        units::count(cells.clone().count() as u64, "sector"),
        kinds.join(", ")
    );
    if !region.source.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", esc(&region.source));
    }
    for unit in report.per_unit.iter().filter(|unit| region.span.covers(unit.span)) {
        let text = match (&unit.before, &unit.after) {
            (before, after) if before == after => format!("{}: {before}", unit.name),
            (before, after) => format!("{}: {before}, now {after}", unit.name),
        };
        let _ = writeln!(out, "<p>{}</p>", esc(&text));
    }
    let Some(after) = report.after else { return };
    let (Some(before), Some(now)) = (region.span.of(report.before), region.span.of(after)) else {
        out.push_str("<p>Reaches past the end of the chip.</p>\n");
        return;
    };
    let (rows, all) = excerpt(before, now, EACH, MOST);
    if all == 0 {
        out.push_str("<p>Unchanged: every byte is as it was.</p>\n");
        return;
    }
    let _ = writeln!(
        out,
        "<p>{all} lines of 16 bytes differ. <del>Before</del>, then <ins>after</ins>, bytes that differ marked:</p>\n\
         <div class=\"hex\" role=\"region\" tabindex=\"0\" aria-label=\"Bytes of {} that differ\">",
        esc(&region.name)
    );
    for row in &rows {
        match row {
            Excerpt::LeftOut(count) => {
                let _ = writeln!(out, "<p>{count} more lines differ here</p>");
            }
            Excerpt::Line(line) => {
                let _ = writeln!(
                    out,
                    "<p><span>{:08x}</span> <del>{}</del> <ins>{}</ins></p>",
                    region.span.start + line.address,
                    bytes(&line.before, &line.after),
                    bytes(&line.after, &line.before)
                );
            }
        }
    }
    out.push_str("</div>\n");
}

/// One side of a line: hex and text, the bytes that differ from the other side marked.
fn bytes(this: &(String, String), other: &(String, String)) -> String {
    let differs: Vec<bool> = this.0.split(' ').zip(other.0.split(' ')).map(|(a, b)| a != b).collect();
    let pairs = this.0.split(' ').map(str::to_owned);
    let letters = this.1.chars().map(|c| c.to_string());
    format!("<code>{}</code> <code>{}</code>", marked(pairs, &differs, " "), marked(letters, &differs, ""))
}

/// The pieces with runs of differing ones in `<b>`.
fn marked(pieces: impl Iterator<Item = String>, differs: &[bool], between: &str) -> String {
    let (mut text, mut open) = (String::new(), false);
    for (i, piece) in pieces.enumerate() {
        let now = differs.get(i).copied().unwrap_or(false);
        if open && !now {
            text.push_str("</b>");
        }
        if i > 0 {
            text.push_str(between);
        }
        if now && !open {
            text.push_str("<b>");
        }
        open = now;
        text.push_str(&esc(&piece));
    }
    text + if open { "</b>" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_differ_are_marked_on_both_sides() {
        let before = ("41 42 43 44".to_owned(), "ABCD".to_owned());
        let after = ("41 3c 26 44".to_owned(), "A<&D".to_owned());
        assert_eq!(bytes(&before, &after), "<code>41 <b>42 43</b> 44</code> <code>A<b>BC</b>D</code>");
        assert_eq!(bytes(&after, &before), "<code>41 <b>3c 26</b> 44</code> <code>A<b>&lt;&amp;</b>D</code>");
    }
}

//! The part of the page that is a picture: the flash cell by cell, and its entropy over the address.

use super::cells::{Kind, Map};
use super::html::esc;
use super::model::Report;
use crate::span::Span;
use crate::units;
use std::fmt::Write as _;

/// The most points of an entropy line.
const POINTS: usize = 1024;

/// Writes the section. `before` and `after` are the same cells where nothing was rewritten.
pub fn section(out: &mut String, report: &Report<'_>, before: &Map, after: &Map) {
    let rewritten = report.after.is_some();
    out.push_str("<section class=\"flash\"><h2>The flash</h2>\n");
    if rewritten {
        out.push_str("<fieldset class=\"views\"><legend>Show</legend>\n");
        for (view, text, checked) in
            [("changes", "what changed", " checked"), ("before", "before", ""), ("after", "after", "")]
        {
            let _ = writeln!(
                out,
                "<label><input type=\"radio\" name=\"view\" id=\"view-{view}\"{checked}> {text}</label>"
            );
        }
        out.push_str("</fieldset>\n");
    }
    legend(out, rewritten);
    let cell = units::size(after.unit);
    let _ = writeln!(
        out,
        "<p class=\"how\">One cell is {cell}. Choose a cell or a region to see what it is; arrow keys move from cell to cell, \
         Enter goes to its region.</p>\n<div class=\"picture\">\n<div>\n<div class=\"map\" role=\"group\" tabindex=\"0\" aria-describedby=\"cell\" \
         aria-label=\"Map of the flash: {} cells of {cell}{}\">",
        after.cells.len(),
        if rewritten { format!(", {} changed", after.changed()) } else { String::new() }
    );
    cells(out, report, before, after);
    out.push_str("</div>\n<p id=\"cell\" class=\"cell\" role=\"status\"></p>\n</div>\n<div class=\"beside\"><h3>Entropy</h3>\n");
    entropy(out, report, before, after);
    out.push_str("</div>\n</div>\n</section>\n");
}

fn legend(out: &mut String, rewritten: bool) {
    out.push_str("<p class=\"legend\">");
    if rewritten {
        out.push_str("<span><i class=\"changed\"></i>changed</span> <span class=\"still\">kept:</span> ");
    }
    for kind in Kind::ALL {
        let _ = write!(out, "<span><i class=\"{0}\"></i>{0}</span> ", kind.name());
    }
    out.push_str("<span><i class=\"unstable\"></i>unstable: did not read the same every time</span></p>\n");
}

fn cells(out: &mut String, report: &Report<'_>, before: &Map, after: &Map) {
    for (was, now) in before.cells.iter().zip(&after.cells) {
        let region = region_of(report, now.span);
        let (old, new) = (was.kind.name(), now.kind.name());
        let mut class = new.to_owned();
        if old != new {
            let _ = write!(class, " was-{old}");
        }
        let state = match (report.after.is_some(), now.changed) {
            (false, _) => new.to_owned(),
            (true, false) => format!("{new}, kept"),
            (true, true) if old == new => format!("{new}, changed"),
            (true, true) => format!("{new}, changed, was {old}"),
        };
        let unstable = if now.unstable { ", unstable" } else { "" };
        if now.changed {
            class.push_str(" changed");
        }
        if now.unstable {
            class.push_str(" unstable");
        }
        let _ = write!(
            out,
            "<i class=\"{class}\" data-r=\"{}\" title=\"{}{}: {state}{unstable}\"></i>",
            region.map_or(-1, |r| r as i64),
            now.span,
            region.map_or(String::new(), |r| format!(" {}", esc(&report.regions[r].name))),
        );
    }
}

fn region_of(report: &Report<'_>, span: Span) -> Option<usize> {
    let around = report.regions.iter().enumerate().filter(|(_, region)| region.span.contains(span.start));
    let innermost = around.min_by_key(|(_, region)| region.span.len()).map(|(index, _)| index);
    innermost.or_else(|| report.regions.iter().position(|region| region.span.overlaps(span)))
}

/// Entropy over the address, before and after, with the regions as bands behind it.
fn entropy(out: &mut String, report: &Report<'_>, before: &Map, after: &Map) {
    let end = after.cells.last().map_or(1, |cell| cell.span.end).max(1);
    out.push_str("<div class=\"plot\">\n");
    for (i, region) in report.regions.iter().enumerate() {
        let share = |bytes: u64| bytes.min(end) as f64 * 100.0 / end as f64;
        let (left, width) = (share(region.span.start), share(region.span.len()));
        // A name needs room: narrower bands are told by the title.
        let name = if width >= 16.0 { region.name.as_str() } else { "" };
        let _ = writeln!(
            out,
            "<span class=\"band\" data-r=\"{i}\" style=\"left:{left:.3}%;width:{width:.3}%\" title=\"{0}\">{1}</span>",
            esc(&format!("{} {}", region.name, region.span)),
            esc(name)
        );
    }
    let (old, width) = line(before);
    let (new, _) = line(after);
    let was = if report.after.is_some() && old != new {
        format!("<polyline class=\"was\" points=\"{old}\"/>")
    } else {
        String::new()
    };
    let _ = writeln!(
        out,
        "<svg class=\"entropy\" viewBox=\"0 0 {width} 80\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"Entropy from 0 to 8 bits a byte over the address\">{was}<polyline points=\"{new}\"/></svg>\n</div>\n\
         <p class=\"axis\"><span>0x0</span><span>bottom 0, top 8 bits a byte{}</span><span>{end:#x}</span></p>",
        if was.is_empty() { "" } else { "; thin line: before" },
    );
}

/// The points of a map's entropy, averaged to at most [`POINTS`], and the x of the last one.
fn line(map: &Map) -> (String, usize) {
    let group = map.cells.len().div_ceil(POINTS).max(1);
    let points: Vec<String> = map
        .cells
        .chunks(group)
        .enumerate()
        .map(|(i, cells)| {
            let mean = cells.iter().map(|cell| cell.entropy).sum::<f32>() / cells.len() as f32;
            format!("{i},{:.1}", 79.0 - mean * 9.75)
        })
        .collect();
    (points.join(" "), points.len().max(2) - 1)
}

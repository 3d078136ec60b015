//! The part of the page that is a picture: the flash cell by cell, and its entropy over the address.

use super::cells::{Cell, Kind, Map};
use super::model::Report;
use crate::span::Span;
use crate::units;
use maud::{Markup, html};

/// The most points of an entropy line.
const POINTS: usize = 1024;

/// The section. `before` and `after` are the same cells where nothing was rewritten.
pub fn section(report: &Report<'_>, before: &Map, after: &Map) -> Markup {
    let rewritten = report.after.is_some();
    let cell = units::size(after.unit);
    let changed = if rewritten { format!(", {} changed", after.changed()) } else { String::new() };
    html! {
        section class="flash" {
            h2 { "The flash" }
            @if rewritten {
                fieldset class="views" {
                    legend { "Show" }
                    @for (view, text) in [("changes", "what changed"), ("before", "before"), ("after", "after")] {
                        label {
                            input type="radio" name="view" id={ "view-" (view) } checked[view == "changes"];
                            " " (text)
                        }
                        " "
                    }
                }
            }
            (legend(rewritten))
            p class="how" {
                "One cell is " (cell) ". Choose a cell or a region to see what it is; arrow keys move from cell to cell, "
                "Enter goes to its region."
            }
            div class="picture" {
                div {
                    div class="map" role="group" tabindex="0" aria-describedby="cell"
                        aria-label={ "Map of the flash: " (after.cells.len()) " cells of " (cell) (changed) } {
                        @for (was, now) in before.cells.iter().zip(&after.cells) { (one_cell(report, was, now)) }
                    }
                    p id="cell" class="cell" role="status" {}
                }
                div class="beside" {
                    h3 { "Entropy" }
                    (entropy(report, before, after))
                }
            }
        }
    }
}

fn legend(rewritten: bool) -> Markup {
    html! {
        p class="legend" {
            @if rewritten {
                span { i class="changed" {} "changed" } " " span class="still" { "kept:" } " "
            }
            @for kind in Kind::ALL {
                span { i class=(kind.name()) {} (kind.name()) } " "
            }
            span { i class="unstable" {} "unstable: did not read the same every time" }
        }
    }
}

fn one_cell(report: &Report<'_>, was: &Cell, now: &Cell) -> Markup {
    let region = region_of(report, now.span);
    let (old, new) = (was.kind.name(), now.kind.name());
    let state = match (report.after.is_some(), now.changed) {
        (false, _) => new.to_owned(),
        (true, false) => format!("{new}, kept"),
        (true, true) if old == new => format!("{new}, changed"),
        (true, true) => format!("{new}, changed, was {old}"),
    };
    let mut class = new.to_owned();
    if old != new {
        class += &format!(" was-{old}");
    }
    for (is, word) in [(now.changed, " changed"), (now.unstable, " unstable")] {
        class += if is { word } else { "" };
    }
    let name = region.map_or(String::new(), |r| format!(" {}", report.regions[r].name));
    let unstable = if now.unstable { ", unstable" } else { "" };
    html! {
        i class=(class) data-r=(region.map_or(-1, |r| r as i64)) title={ (now.span) (name) ": " (state) (unstable) } {}
    }
}

fn region_of(report: &Report<'_>, span: Span) -> Option<usize> {
    let around = report.regions.iter().enumerate().filter(|(_, region)| region.span.contains(span.start));
    let innermost = around.min_by_key(|(_, region)| region.span.len()).map(|(index, _)| index);
    innermost.or_else(|| report.regions.iter().position(|region| region.span.overlaps(span)))
}

/// Entropy over the address, before and after, with the regions as bands behind it.
fn entropy(report: &Report<'_>, before: &Map, after: &Map) -> Markup {
    let end = after.cells.last().map_or(1, |cell| cell.span.end).max(1);
    let share = |bytes: u64| bytes.min(end) as f64 * 100.0 / end as f64;
    let (old, width) = line(before);
    let (new, _) = line(after);
    let differs = report.after.is_some() && old != new;
    html! {
        div class="plot" {
            @for (i, region) in report.regions.iter().enumerate() {
                @let (left, width) = (share(region.span.start), share(region.span.len()));
                span class="band" data-r=(i) style=(format!("left:{left:.3}%;width:{width:.3}%"))
                    title={ (region.name) " " (region.span) } {
                    // A name needs room: a narrower band has it in the title alone.
                    @if width >= 16.0 { (region.name) }
                }
            }
            svg class="entropy" viewBox={ "0 0 " (width) " 80" } preserveAspectRatio="none" role="img"
                aria-label="Entropy from 0 to 8 bits a byte over the address" {
                @if differs { polyline class="was" points=(old) {} }
                polyline points=(new) {}
            }
        }
        p class="axis" {
            span { "0x0" }
            span { "bottom 0, top 8 bits a byte" @if differs { "; thin line: before" } }
            span { (format!("{end:#x}")) }
        }
    }
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

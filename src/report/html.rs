//! The report page: one self-contained HTML file, readable without a script, by keyboard and on a phone.

use super::cells::{Kind, Map};
use super::hex::{HexLine, hex_lines};
use crate::span::{Span, Spans};
use crate::units;
use std::fmt::Write as _;

/// The most hex lines shown for a region; the page says how many there are in all.
const HEX_LINES: usize = 48;

/// Who the chip is.
#[derive(Clone, Debug, Default)]
pub struct ChipFacts {
    /// Part or family name.
    pub part: String,
    /// JEDEC id in hex.
    pub jedec_id: String,
    /// Unique id in hex, where the chip has one.
    pub unique_id: Option<String>,
    /// Status registers in hex, SR1 first.
    pub status_registers: Vec<String>,
}

/// One security register.
#[derive(Clone, Debug)]
pub struct OtpFacts {
    /// Index, as the vendor counts.
    pub index: u32,
    /// Bytes.
    pub size: usize,
    /// All `ff`.
    pub blank: bool,
    /// Locked for ever; `None` where it cannot be told.
    pub locked: Option<bool>,
}

/// One per-unit value before and after.
#[derive(Clone, Debug)]
pub struct PerUnitRow {
    /// What it is: `MAC`, `2.4 GHz calibration`.
    pub name: String,
    /// Where it stands in the chip.
    pub span: Span,
    /// The value before, as people write it.
    pub before: String,
    /// The value after.
    pub after: String,
}

/// One region and what became of it.
#[derive(Clone, Debug)]
pub struct RegionRow {
    /// Its name in the layout.
    pub name: String,
    /// Where it is.
    pub span: Span,
    /// What it was.
    pub was: String,
    /// What it is now, and from where.
    pub now: String,
}

/// What a job counted.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Name and value, in the order to show them.
    pub rows: Vec<(String, String)>,
}

/// Everything on the page.
#[derive(Clone, Debug, Default)]
pub struct Report<'a> {
    /// Heading, such as `Rewrite of archer-mr200-v1`.
    pub title: String,
    /// Id of the backup or job, time, state: name and value.
    pub facts: Vec<(String, String)>,
    /// Board name, where known.
    pub board: Option<String>,
    /// The chip.
    pub chip: ChipFacts,
    /// The security registers.
    pub otp: Vec<OtpFacts>,
    /// The verdict on them, in words.
    pub otp_verdict: String,
    /// Per-unit data.
    pub per_unit: Vec<PerUnitRow>,
    /// The regions, in order of address.
    pub regions: Vec<RegionRow>,
    /// The array before.
    pub before: &'a [u8],
    /// The array after, where a job rewrote it.
    pub after: Option<&'a [u8]>,
    /// SHA-256 of `before` in hex.
    pub before_sha256: String,
    /// SHA-256 of `after` in hex.
    pub after_sha256: Option<String>,
    /// Bytes of a cell: the chip's smallest erase.
    pub sector: u64,
    /// Bytes that did not read the same every time.
    pub unstable: Spans,
    /// What the job counted.
    pub counts: Counts,
    /// The recipe that repeats the job.
    pub recipe: Option<String>,
}

/// The whole page as HTML text; it asks the network for nothing.
pub fn page(report: &Report<'_>) -> String {
    let after = report.after.unwrap_or(report.before);
    let map = Map::of(report.before, after, report.sector, &report.unstable);
    let mut out = String::with_capacity(512 * 1024);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n",
        esc(&report.title),
        include_str!("page/style.css")
    );
    let _ = writeln!(out, "<header><h1>{}</h1>", esc(&report.title));
    facts(&mut out, report, &map);
    out.push_str("</header>\n<main>\n");
    picture(&mut out, report, &map);
    regions(&mut out, report, &map, after);
    per_unit(&mut out, report);
    otp(&mut out, report);
    if !report.counts.rows.is_empty() {
        out.push_str("<section><h2>Work done</h2>\n<table class=\"facts\">\n");
        rows(&mut out, &report.counts.rows);
        out.push_str("</table></section>\n");
    }
    if let Some(recipe) = &report.recipe {
        let _ = writeln!(
            out,
            "<section><h2>Recipe to repeat it</h2>\n<pre class=\"recipe\">{}</pre></section>",
            esc(recipe)
        );
    }
    let _ = write!(out, "</main>\n<script>\n{}</script>\n</body>\n</html>\n", include_str!("page/page.js"));
    out
}

fn facts(out: &mut String, report: &Report<'_>, map: &Map) {
    let chip = &report.chip;
    let mut list: Vec<(String, String)> = Vec::new();
    list.push(("Board".into(), report.board.clone().unwrap_or_else(|| "not stated".into())));
    list.push((
        "Chip".into(),
        format!("{}, {}, id {}", chip.part, units::size(report.before.len() as u64), chip.jedec_id),
    ));
    list.push(("Unique id".into(), chip.unique_id.clone().unwrap_or_else(|| "none read".into())));
    if !chip.status_registers.is_empty() {
        list.push(("Status registers".into(), chip.status_registers.join(" ")));
    }
    list.extend(report.facts.iter().cloned());
    list.push(("SHA-256 of the backup".into(), report.before_sha256.clone()));
    if let Some(sha) = &report.after_sha256 {
        list.push(("SHA-256 of the result".into(), sha.clone()));
        list.push((
            "Changed sectors".into(),
            format!("{} of {} ({} each)", map.changed(), map.cells.len(), units::size(map.unit)),
        ));
    }
    out.push_str("<table class=\"facts\">\n");
    rows(out, &list);
    out.push_str("</table>\n");
}

fn rows(out: &mut String, list: &[(String, String)]) {
    for (name, value) in list {
        let _ = writeln!(out, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", esc(name), esc(value));
    }
}

fn region_of(report: &Report<'_>, span: Span) -> Option<usize> {
    report.regions.iter().position(|region| region.span.overlaps(span))
}

fn picture(out: &mut String, report: &Report<'_>, map: &Map) {
    out.push_str("<section><h2>The flash</h2>\n<p class=\"legend\">");
    for kind in Kind::ALL {
        let _ = write!(out, "<span><i class=\"{0}\"></i>{0}</span> ", kind.name());
    }
    out.push_str(
        "<span><i class=\"changed\"></i>changed</span> <span><i class=\"unstable\"></i>unstable</span></p>\n",
    );
    let _ = writeln!(
        out,
        "<p>One cell is {}. Choose a region below to see it marked here.</p>\n<div class=\"map\" role=\"img\" \
         aria-label=\"Map of the flash: {} cells, {} changed\">",
        units::size(map.unit),
        map.cells.len(),
        map.changed()
    );
    for cell in &map.cells {
        let region = region_of(report, cell.span);
        let _ = write!(
            out,
            "<i class=\"{}{}{}\" data-r=\"{}\" title=\"{}{} {}{}\"></i>",
            cell.kind.name(),
            if cell.changed { " changed" } else { "" },
            if cell.unstable { " unstable" } else { "" },
            region.map_or(-1, |r| r as i64),
            cell.span,
            region.map_or(String::new(), |r| format!(" {}", esc(&report.regions[r].name))),
            cell.kind.name(),
            if cell.changed { ", changed" } else { "" },
        );
    }
    out.push_str("</div>\n<h3>Entropy</h3>\n");
    entropy(out, map);
    out.push_str("</section>\n");
}

/// Entropy over the address as one polyline, averaged to at most 1024 points.
fn entropy(out: &mut String, map: &Map) {
    let group = map.cells.len().div_ceil(1024).max(1);
    let points: Vec<String> = map
        .cells
        .chunks(group)
        .enumerate()
        .map(|(i, cells)| {
            let mean = cells.iter().map(|cell| cell.entropy).sum::<f32>() / cells.len() as f32;
            format!("{i},{:.1}", 80.0 - mean * 10.0)
        })
        .collect();
    let _ = writeln!(
        out,
        "<svg class=\"entropy\" viewBox=\"0 0 {} 80\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"Entropy from 0 to 8 bits a byte over the address\"><polyline points=\"{}\"/></svg>\n\
         <p class=\"axis\"><span>0x0</span><span>8 bits a byte at the top</span><span>{:#x}</span></p>",
        points.len().max(2) - 1,
        points.join(" "),
        map.cells.last().map_or(0, |cell| cell.span.end)
    );
}

fn regions(out: &mut String, report: &Report<'_>, map: &Map, after: &[u8]) {
    if report.regions.is_empty() {
        return;
    }
    out.push_str(
        "<section><h2>Regions</h2>\n<div class=\"wide\"><table class=\"regions\">\n<thead><tr><th>Region</th><th>Address</th>\
         <th>Size</th><th>Was</th><th>Is</th><th>Changed sectors</th></tr></thead>\n<tbody>\n",
    );
    for (i, region) in report.regions.iter().enumerate() {
        let changed = map.cells.iter().filter(|cell| cell.changed && region.span.overlaps(cell.span)).count();
        let _ = writeln!(
            out,
            "<tr data-r=\"{i}\"><td><button type=\"button\" aria-controls=\"region-{i}\" aria-expanded=\"false\">{}</button></td>\
             <td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{changed}</td></tr>",
            esc(&region.name),
            region.span,
            units::size(region.span.len()),
            esc(&region.was),
            esc(&region.now),
        );
    }
    out.push_str("</tbody></table></div>\n");
    for (i, region) in report.regions.iter().enumerate() {
        let _ = writeln!(
            out,
            "<article id=\"region-{i}\" class=\"detail\"><h3>{} {}</h3>",
            esc(&region.name),
            region.span
        );
        let (Some(before), Some(now)) = (region.span.of(report.before), region.span.of(after)) else {
            out.push_str("<p>Reaches past the end of the chip.</p></article>\n");
            continue;
        };
        let (lines, all) = hex_lines(before, now, HEX_LINES);
        if all == 0 {
            out.push_str("<p>Unchanged.</p></article>\n");
            continue;
        }
        let _ = writeln!(
            out,
            "<p>{all} lines of 16 bytes differ{}. Before on the left, after on the right.</p>",
            if all > lines.len() { format!("; the first {} are shown", lines.len()) } else { String::new() }
        );
        hex_table(out, region.span.start, &lines);
        out.push_str("</article>\n");
    }
    out.push_str("</section>\n");
}

fn hex_table(out: &mut String, base: u64, lines: &[HexLine]) {
    out.push_str("<div class=\"wide\"><pre class=\"hex\">");
    for line in lines {
        let _ = writeln!(
            out,
            "{:08x}  <del>{}  {}</del>  <ins>{}  {}</ins>",
            base + line.address,
            line.before.0,
            esc(&line.before.1),
            line.after.0,
            esc(&line.after.1)
        );
    }
    out.push_str("</pre></div>\n");
}

fn per_unit(out: &mut String, report: &Report<'_>) {
    if report.per_unit.is_empty() {
        return;
    }
    out.push_str(
        "<section><h2>This unit's own data</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>What</th><th>Address</th>\
         <th>Before</th><th>After</th><th></th></tr></thead>\n<tbody>\n",
    );
    for row in &report.per_unit {
        let same = row.before == row.after;
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"{}\">{}</td></tr>",
            esc(&row.name),
            row.span,
            esc(&row.before),
            esc(&row.after),
            if same { "kept" } else { "changed-text" },
            if same { "kept" } else { "changed" }
        );
    }
    out.push_str("</tbody></table></div></section>\n");
}

fn otp(out: &mut String, report: &Report<'_>) {
    let _ = writeln!(out, "<section><h2>Security registers (OTP)</h2>\n<p>{}</p>", esc(&report.otp_verdict));
    if !report.otp.is_empty() {
        out.push_str(
            "<table>\n<thead><tr><th>Register</th><th>Size</th><th>Contents</th><th>Lock</th></tr></thead>\n<tbody>\n",
        );
        for register in &report.otp {
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                register.index,
                units::size(register.size as u64),
                if register.blank { "blank" } else { "holds data" },
                match register.locked {
                    Some(true) => "locked for ever",
                    Some(false) => "not locked",
                    None => "cannot tell",
                }
            );
        }
        out.push_str("</tbody></table>\n");
    }
    out.push_str("</section>\n");
}

/// Text made safe for element content and quoted attributes.
pub(super) fn esc(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report<'a>(before: &'a [u8], after: &'a [u8]) -> Report<'a> {
        Report {
            title: "Rewrite of <board>".into(),
            board: Some("archer-mr200-v1".into()),
            chip: ChipFacts {
                part: "W25Q64FV".into(),
                jedec_id: "ef4017".into(),
                unique_id: Some("d166b85f2b3c4d5e".into()),
                status_registers: vec!["00".into(), "02".into()],
            },
            otp: vec![OtpFacts { index: 1, size: 256, blank: true, locked: Some(false) }],
            otp_verdict: "All registers are blank and unlocked.".into(),
            per_unit: vec![PerUnitRow {
                name: "MAC".into(),
                span: Span::new(0x1100, 0x1106),
                before: "30:b5:c2:a1:b2:c3".into(),
                after: "30:b5:c2:a1:b2:c3".into(),
            }],
            regions: vec![
                RegionRow {
                    name: "u-boot".into(),
                    span: Span::new(0, 0x1000),
                    was: "loader".into(),
                    now: "own".into(),
                },
                RegionRow {
                    name: "firmware".into(),
                    span: Span::new(0x1000, 0x3000),
                    was: "isp".into(),
                    now: "donor".into(),
                },
            ],
            before,
            after: Some(after),
            before_sha256: "aa".repeat(32),
            after_sha256: Some("bb".repeat(32)),
            sector: 0x1000,
            recipe: Some("board = \"archer-mr200-v1\"\n".into()),
            ..Report::default()
        }
    }

    #[test]
    fn everything_stands_in_the_page_as_text() {
        let before = vec![0xff; 0x3000];
        let mut after = before.clone();
        after[0x1800..0x1804].copy_from_slice(b"<b>&");
        let text = page(&report(&before, &after));
        for needed in [
            "Rewrite of &lt;board&gt;",
            "archer-mr200-v1",
            "u-boot",
            "firmware",
            "30:b5:c2:a1:b2:c3",
            "All registers are blank and unlocked.",
            &"aa".repeat(32),
            &"bb".repeat(32),
            "1 of 3 (4 KiB each)",
            "00001800",
            "&lt;b&gt;&amp;",
            "board = &quot;archer-mr200-v1&quot;",
        ] {
            assert!(text.contains(needed), "missing {needed}");
        }
        assert!(
            !text.contains("http://") && !text.contains("https://"),
            "the page must ask the network for nothing"
        );
    }

    #[test]
    fn a_region_past_the_end_is_told_and_not_read() {
        let image = vec![0xff; 0x2000];
        let text = page(&report(&image, &image));
        assert!(text.contains("Reaches past the end of the chip."));
    }
}

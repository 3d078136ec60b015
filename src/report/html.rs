//! The report page: one self-contained HTML file, readable without a script, by keyboard and on a phone.

use super::cells::Map;
use super::model::Report;
use super::{flash_view, region_table};
use crate::units;
use std::fmt::Write as _;

/// The whole page as HTML text; it asks the network for nothing.
pub fn page(report: &Report<'_>) -> String {
    let after = report.after.unwrap_or(report.before);
    let was = Map::of(report.before, report.before, report.sector, &report.unstable);
    let now = Map::of(report.before, after, report.sector, &report.unstable);
    let mut out = String::with_capacity(512 * 1024);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n",
        esc(&report.title),
        include_str!("page/style.css")
    );
    let _ = writeln!(out, "<header><h1>{}</h1>", esc(&report.title));
    if !report.verdict.is_empty() {
        let class = if report.good { "good" } else { "bad" };
        let _ = writeln!(out, "<p class=\"verdict {class}\">{}</p>", esc(&report.verdict));
    }
    facts(&mut out, report, &now);
    out.push_str("</header>\n<main>\n");
    flash_view::section(&mut out, report, &was, &now);
    region_table::section(&mut out, report, &now);
    per_unit(&mut out, report);
    otp(&mut out, report);
    if !report.findings.is_empty() {
        out.push_str("<section><h2>What the checks said</h2>\n<ul>\n");
        for finding in &report.findings {
            let _ = writeln!(out, "<li>{}</li>", esc(finding));
        }
        out.push_str("</ul></section>\n");
    }
    if !report.counts.rows.is_empty() {
        out.push_str("<section><h2>Work done</h2>\n<table class=\"facts\">\n");
        rows(&mut out, &report.counts.rows);
        out.push_str("</table></section>\n");
    }
    further(&mut out, report);
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
        let named = chip.status_registers.iter().map(|(name, value)| format!("{name} {value:02x}"));
        list.push(("Status registers".into(), named.collect::<Vec<_>>().join(", ")));
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

fn per_unit(out: &mut String, report: &Report<'_>) {
    if report.per_unit.is_empty() {
        return;
    }
    let rewritten = report.after.is_some();
    let heads: &[&str] =
        if rewritten { &["What", "Address", "Before", "After", "So"] } else { &["What", "Address", "Value"] };
    out.push_str("<section><h2>This unit's own data</h2>\n<table class=\"cards\">\n<thead><tr>");
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &report.per_unit {
        let same = row.before == row.after;
        let address = format!("{:#08x} to {:#08x}", row.span.start, row.span.end);
        let values = [&row.name, &address, &row.before, &row.after];
        out.push_str("<tr>");
        for (head, value) in heads.iter().zip(values).take(if rewritten { 4 } else { 3 }) {
            let _ = write!(out, "<td data-label=\"{head}\">{}</td>", esc(value));
        }
        if rewritten {
            let (class, word) = if same { ("kept", "kept") } else { ("changed-text", "changed") };
            let _ = write!(out, "<td data-label=\"So\" class=\"{class}\">{word}</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></section>\n");
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

/// The recipe, and the commands for the next steps.
fn further(out: &mut String, report: &Report<'_>) {
    if let Some(recipe) = &report.recipe {
        let _ = writeln!(
            out,
            "<section><h2>Recipe to repeat it</h2>\n<p>Save it as recipe.toml, then: <code>{}</code></p>\n<pre \
             class=\"recipe\" tabindex=\"0\">{}</pre></section>",
            esc(&recipe.command),
            esc(&recipe.text)
        );
    }
    if !report.commands.is_empty() {
        out.push_str("<section><h2>Next steps</h2>\n<dl>\n");
        for (command, what) in &report.commands {
            let _ = writeln!(out, "<dt><code>{}</code></dt><dd>{}</dd>", esc(command), esc(what));
        }
        out.push_str("</dl></section>\n");
    }
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
    use super::super::model::RecipeFacts;
    use super::*;
    use crate::report::{ChipFacts, OtpFacts, PerUnitRow, RegionRow};
    use crate::span::Span;

    fn report<'a>(before: &'a [u8], after: &'a [u8]) -> Report<'a> {
        Report {
            title: "Rewrite of <board>".into(),
            board: Some("archer-mr200-v1".into()),
            chip: ChipFacts {
                part: "W25Q64FV".into(),
                jedec_id: "ef4017".into(),
                unique_id: Some("d166b85f2b3c4d5e".into()),
                status_registers: vec![("SR1", 0x00), ("SR3", 0x02)],
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
                    source: String::new(),
                },
                RegionRow {
                    name: "firmware".into(),
                    span: Span::new(0x1000, 0x3000),
                    was: "isp".into(),
                    now: "donor".into(),
                    source: "from donor".into(),
                },
            ],
            before,
            after: Some(after),
            before_sha256: "aa".repeat(32),
            after_sha256: Some("bb".repeat(32)),
            sector: 0x1000,
            recipe: Some(RecipeFacts {
                text: "board = \"archer-mr200-v1\"\n".into(),
                command: "rewrite".into(),
            }),
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

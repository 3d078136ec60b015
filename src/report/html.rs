//! The report page: one self-contained HTML file, readable without a script, by keyboard and on a phone.

use super::cells::Map;
use super::model::Report;
use super::{flash_view, region_table};
use crate::units;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The whole page as HTML text; it requests nothing from the network.
pub fn page(report: &Report<'_>) -> String {
    let after = report.after.unwrap_or(report.before);
    let was = Map::of(report.before, report.before, report.sector, &report.unstable);
    let now = Map::of(report.before, after, report.sector, &report.unstable);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (report.title) }
                style { (PreEscaped(include_str!("page/style.css"))) }
            }
            body {
                header {
                    h1 { (report.title) }
                    @if !report.verdict.is_empty() {
                        p class={ "verdict " (if report.good { "good" } else { "bad" }) } { (report.verdict) }
                    }
                    (rows(&facts(report, &now)))
                }
                main {
                    (flash_view::section(report, &was, &now))
                    (region_table::section(report, &now))
                    (per_unit(report))
                    (otp(report))
                    (findings(report))
                    (further(report))
                }
                script { (PreEscaped(include_str!("page/page.js"))) }
            }
        }
    };
    page.into_string()
}

fn facts(report: &Report<'_>, map: &Map) -> Vec<(String, String)> {
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
    list
}

/// Names and values as a table.
fn rows(list: &[(String, String)]) -> Markup {
    html! {
        table class="facts" {
            @for (name, value) in list {
                tr { th scope="row" { (name) } td { (value) } }
            }
        }
    }
}

fn per_unit(report: &Report<'_>) -> Markup {
    let rewritten = report.after.is_some();
    let heads: &[&str] = if rewritten {
        &["What", "Address", "Before", "After", "Result"]
    } else {
        &["What", "Address", "Value"]
    };
    let rows = report.per_unit.iter().map(|row| {
        let address = format!("{:#08x} to {:#08x}", row.span.start, row.span.end);
        let values = [row.name.clone(), address, row.before.clone(), row.after.clone()];
        (values, row.before == row.after)
    });
    html! {
        @if !report.per_unit.is_empty() {
            section {
                h2 { "This unit's own data" }
                table class="cards" {
                    thead { tr { @for head in heads { th scope="col" { (head) } } } }
                    tbody {
                        @for (values, same) in rows {
                            tr {
                                @for (head, value) in heads.iter().zip(&values).take(if rewritten { 4 } else { 3 }) {
                                    td data-label=(head) { (value) }
                                }
                                @if rewritten {
                                    td data-label="Result" class=(if same { "kept" } else { "changed-text" }) {
                                        (if same { "kept" } else { "changed" })
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn otp(report: &Report<'_>) -> Markup {
    let lock = |locked| match locked {
        Some(true) => "locked permanently",
        Some(false) => "not locked",
        None => "unknown",
    };
    html! {
        section {
            h2 { "Security registers (OTP)" }
            p { (report.otp_verdict) }
            @if !report.otp.is_empty() {
                table {
                    thead { tr { th { "Register" } th { "Size" } th { "Contents" } th { "Lock" } } }
                    tbody {
                        @for register in &report.otp {
                            tr {
                                td { (register.index) }
                                td { (units::size(register.size as u64)) }
                                td { (if register.blank { "blank" } else { "holds data" }) }
                                td { (lock(register.locked)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What the checks found, and the work that was done.
fn findings(report: &Report<'_>) -> Markup {
    html! {
        @if !report.findings.is_empty() {
            section {
                h2 { "Results of the checks" }
                ul { @for finding in &report.findings { li { (finding) } } }
            }
        }
        @if !report.counts.rows.is_empty() {
            section {
                h2 { "Work done" }
                (rows(&report.counts.rows))
            }
        }
    }
}

/// The recipe, and the next commands.
fn further(report: &Report<'_>) -> Markup {
    html! {
        @if let Some(recipe) = &report.recipe {
            section {
                h2 { "Recipe to repeat it" }
                p { "Save it as recipe.toml, then: " code { (recipe.command) } }
                pre class="recipe" tabindex="0" { (recipe.text) }
            }
        }
        @if !report.commands.is_empty() {
            section {
                h2 { "Next steps" }
                dl {
                    @for (command, what) in &report.commands {
                        dt { code { (command) } }
                        dd { (what) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::RecipeFacts;
    use super::*;
    use crate::report::{ChipFacts, OtpFacts, PageRegion, PerUnitRow};
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
                PageRegion {
                    name: "u-boot".into(),
                    span: Span::new(0, 0x1000),
                    was: "loader".into(),
                    now: "own".into(),
                    source: String::new(),
                },
                PageRegion {
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
    fn everything_is_in_the_page_as_text() {
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
            "the page must request nothing from the network"
        );
    }

    #[test]
    fn a_region_past_the_end_is_reported_and_not_read() {
        let image = vec![0xff; 0x2000];
        let text = page(&report(&image, &image));
        assert!(text.contains("Reaches past the end of the chip."));
    }
}

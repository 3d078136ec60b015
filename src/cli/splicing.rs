//! How a splice is shown: what becomes of each region, the data of the one unit, what the checks found.

use super::session::Session;
use super::show::{Cell, Table, Tone};
use super::words;
use crate::image::{Finding, RegionRow, Severity, Spliced, UnitRow};

/// Shows what becomes of each region, the data of the one unit side by side, and what the checks found.
pub fn show(session: &Session, spliced: &Spliced) {
    let out = &session.out;
    let mut table = Table::new(&["region", ">from", ">to", "source", ""]);
    for row in &spliced.regions {
        let indent = "  ".repeat(depth(row, &spliced.regions));
        for line in region_rows(row, &indent) {
            table.row(line);
        }
    }
    out.table(&table);
    if !spliced.units.is_empty() {
        let mut table = Table::new(&["of this unit", "in", "backup", "result", ""]);
        for unit in &spliced.units {
            table.row(unit_row(unit));
        }
        out.line("");
        out.table(&table);
    }
    match (&spliced.loader_before, &spliced.loader_after) {
        (Some(before), Some(after)) if before == after => out.line(format!("\n  loader: {before}, kept")),
        (before, after) if before.is_some() || after.is_some() => {
            let text = |loader: &Option<String>| loader.clone().unwrap_or_else(|| "unknown".to_owned());
            out.line(format!("\n  loader: {} -> {}", text(before), text(after)));
        }
        _ => {}
    }
    findings(session, &spliced.findings);
}

/// In how many of the other regions a region lies.
fn depth(row: &RegionRow, all: &[RegionRow]) -> usize {
    let Some(before) = all.iter().position(|other| std::ptr::eq(other, row)) else { return 0 };
    all[..before].iter().filter(|outer| row.inside.is_some() && outer.span.covers(row.span)).count()
}

/// Says what the checks found.
pub fn findings(session: &Session, findings: &[Finding]) {
    for finding in findings {
        match finding.severity {
            Severity::Tell => session.out.note(words::finding(finding)),
            _ => session.out.warn(format!("{}: {} (allowed)", finding.name, finding.message)),
        }
    }
}

/// What a region keeps, or what it loses and gets, and why: a line each.
fn region_rows(row: &RegionRow, indent: &str) -> Vec<[Cell; 5]> {
    let mut texts = Vec::new();
    if row.changes {
        texts.push(Cell::from(format!("was  {}", row.was)));
        texts.push(Cell::toned(Tone::Warn, format!("now  {}", row.will_be)));
    } else {
        texts.push(Cell::toned(Tone::Good, format!("kept {}", row.was)));
    }
    texts.push(Cell::toned(Tone::Faint, row.why.as_str()));
    let mut head = [
        Cell::toned(Tone::Strong, format!("{indent}{}", row.name)),
        format!("{:#08x}", row.span.start).into(),
        format!("{:#08x}", row.span.end).into(),
        row.from.to_string().into(),
    ];
    texts
        .into_iter()
        .map(|text| {
            let [name, from, to, source] = std::mem::take(&mut head);
            [name, from, to, source, text]
        })
        .collect()
}

fn unit_row(unit: &UnitRow) -> [Cell; 5] {
    [
        unit.name.as_str().into(),
        unit.region.as_str().into(),
        unit.backup.as_str().into(),
        unit.result.as_str().into(),
        if unit.same { Cell::toned(Tone::Good, "kept") } else { Cell::toned(Tone::Bad, "changes") },
    ]
}

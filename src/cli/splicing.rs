//! How a splice is shown: what becomes of each region, the data of the one unit, what the checks found.

use super::session::Session;
use super::show::Tone;
use super::table::{Cell, Table};
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
    if spliced.regions.iter().any(|row| row.why.starts_with(DEFAULT)) {
        out.line(
            "  sources are the board's defaults, but where it says \"you said so\"; --set REGION=SOURCE chooses",
        );
    }
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

/// How the reason begins of a source that no one has chosen: said once, under the table.
const DEFAULT: &str = "the board's default";

/// What a region will hold, by what it held: of long descriptions that differ in little, that.
fn news(was: &str, will_be: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (was.split(", ").collect(), will_be.split(", ").collect());
    if before.len() != after.len() || before.len() < 2 || before.first() != after.first() {
        return will_be.to_owned();
    }
    let new: Vec<&str> =
        after.iter().zip(&before).filter(|(new, old)| new != old).map(|(new, _)| *new).collect();
    if new.is_empty() { will_be.to_owned() } else { format!("{}, {}", after[0], new.join(", ")) }
}

/// What a region keeps, or what it loses and gets, and why: a line each.
fn region_rows(row: &RegionRow, indent: &str) -> Vec<[Cell; 5]> {
    let mut texts = Vec::new();
    if row.changes {
        texts.push(Cell::from(format!("was  {}", row.was)));
        texts.push(Cell::toned(Tone::Warn, format!("now  {}", news(&row.was, &row.will_be))));
    } else {
        texts.push(Cell::toned(Tone::Good, format!("kept {}", row.was)));
    }
    let why = row.why.strip_prefix(DEFAULT).unwrap_or(&row.why).trim_start_matches([':', ' ']);
    if !why.is_empty() {
        texts.push(Cell::toned(Tone::Faint, why));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_is_said_of_a_region_that_changes_little() {
        let was = "firmware tplink-v3, D7500001/4A/1, software 0.9.1, crc32 31e37dbf";
        let will_be = "firmware tplink-v3, D7500001/4A/1, software 0.9.2, crc32 2d6283b5";
        assert_eq!(news(was, will_be), "firmware tplink-v3, software 0.9.2, crc32 2d6283b5");
        assert_eq!(news("settings (XML), profile A", "blank"), "blank");
        assert_eq!(news("a, b", "c, b"), "c, b");
        assert_eq!(news("blank", "blank"), "blank");
    }
}

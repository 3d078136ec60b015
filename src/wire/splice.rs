//! A splice: what becomes of each region, per-unit data, what the checks found.

use super::Fields;
use crate::desk::Chosen;
use crate::desk::about::{RegionRecord, UnitRecord};
use crate::image::{Board, Finding, Spliced};
use serde_json::{Value, json};
use std::path::Path;

fn of_splice(spliced: &Spliced) -> Fields {
    // The same form as a job keeps of itself.
    let regions: Vec<_> = spliced.regions.iter().map(RegionRecord::from).collect();
    let units: Vec<_> = spliced.units.iter().map(UnitRecord::from).collect();
    Fields::new()
        .with("regions", json!(regions))
        .with("per_unit", json!(units))
        .with("findings", findings(&spliced.findings))
        .with("loader_before", json!(spliced.loader_before))
        .with("loader_after", json!(spliced.loader_after))
}

/// A splice that was written to `file`, with its board and the recipe that repeats it.
pub fn spliced_file(spliced: &Spliced, board: &Board, recipe: &str, file: &Path) -> Fields {
    of_splice(spliced)
        .with("board", board.name.as_str())
        .with("for", spliced.purpose.name())
        .with("recipe", recipe)
        .with("output", file.display().to_string())
        .with("size", spliced.image.len())
        .with("sha256", spliced.image.sha256())
}

/// A rewrite's splice, with its board and the recipe that repeats it.
pub fn chosen(chosen: &Chosen) -> Fields {
    of_splice(&chosen.spliced)
        .with("board", chosen.board.name.as_str())
        .with("sha256", chosen.spliced.image.sha256())
        .with("recipe", chosen.recipe.as_str())
}

/// What checks found.
pub(super) fn findings(findings: &[Finding]) -> Value {
    json!(findings)
}

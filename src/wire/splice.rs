//! A splice: what becomes of each region, per-unit data, what the checks found.

use super::Fields;
use crate::desk::Chosen;
use crate::desk::about::{RegionRecord, UnitRecord};
use crate::image::{Finding, Spliced};
use serde_json::{Value, json};

/// A splice.
pub fn spliced(spliced: &Spliced) -> Fields {
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

/// A rewrite's splice, with its board and the recipe that repeats it.
pub fn chosen(chosen: &Chosen) -> Fields {
    spliced(&chosen.spliced)
        .with("board", chosen.board.name.as_str())
        .with("sha256", chosen.spliced.image.sha256())
        .with("recipe", chosen.recipe.as_str())
}

/// What checks found.
pub fn findings(findings: &[Finding]) -> Value {
    json!(findings)
}

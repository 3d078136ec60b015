//! A splice: what becomes of each region, per-unit data, what the checks found.

use super::Fields;
use crate::desk::Chosen;
use crate::desk::about::{RegionRecord, UnitRecord};
use crate::image::checks::Advice;
use crate::image::{Board, Finding, Image, Spliced};
use crate::span::Span;
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

/// A splice that was written to files, with its board and the recipe that repeats it. Each file comes with the part of the
/// image that is in it: all of it, or one of the two chips of a flash.
pub(crate) fn spliced_file(
    spliced: &Spliced,
    board: &Board,
    recipe: &str,
    files: &[(&Path, Span)],
) -> Fields {
    let fields = of_splice(spliced)
        .with("board", board.name.as_str())
        .with("for", spliced.purpose.name())
        .with("recipe", recipe)
        .with("size", spliced.image.len())
        .with("sha256", spliced.image.sha256());
    match files {
        [(file, _)] => fields.with("output", file.display().to_string()),
        _ => fields.with("outputs", files.iter().map(|file| one_chip(spliced, file)).collect::<Value>()),
    }
}

/// The file for one of two chips.
fn one_chip(spliced: &Spliced, (file, part): &(&Path, Span)) -> Value {
    let bytes = part.of(&spliced.image).unwrap_or_default();
    json!({
        "file": file.display().to_string(),
        "chip": if part.start == 0 { "first" } else { "second" },
        "size": part.len(),
        "sha256": Image::new(bytes.to_vec()).sha256(),
    })
}

/// A rewrite's splice, with its board and the recipe that repeats it.
pub fn chosen(chosen: &Chosen) -> Fields {
    of_splice(&chosen.spliced)
        .with("board", chosen.board.name.as_str())
        .with("sha256", chosen.spliced.image.sha256())
        .with("recipe", chosen.recipe.as_str())
}

/// A splice before anything is written.
pub(crate) fn proposed(spliced: &Spliced) -> Fields {
    of_splice(spliced).with("size", spliced.image.len()).with("sha256", spliced.image.sha256())
}

/// What checks found, and the user has allowed.
pub fn checked(found: &[Finding]) -> Fields {
    Fields::new().with("findings", findings(found))
}

/// What checks found.
pub(super) fn findings(findings: &[Finding]) -> Value {
    findings.iter().map(finding).collect()
}

/// One of them; with the region whose source is to be chosen, where that settles it.
fn finding(finding: &Finding) -> Value {
    let mut fields = json!(finding);
    if let Some(region) = finding.advice.as_ref().and_then(Advice::region) {
        fields["region"] = region.into();
    }
    fields
}

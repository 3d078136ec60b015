//! Which source each region has: what the user said, else what the board's file says.

use std::collections::BTreeMap;

use super::anatomy::Anatomy;
use super::board::Board;
use super::checks::{DONOR_LACKS, DONOR_UNCLEAR};
use super::choice::Choice;
use super::error::ImageError;
use super::finding::Finding;
use super::layout::{Region, Role, Source};

/// The name by which a board's file means the one donor there is.
const THE_DONOR: &str = "donor";

/// A region with its source.
#[derive(Clone, Debug)]
pub struct Resolved<'b> {
    /// The region.
    pub region: &'b Region,
    /// Its source; a donor's name is one of the donors'.
    pub source: Source,
    /// True when the user said so.
    pub said: bool,
    /// True when the firmware before it runs on into it.
    pub run_on: bool,
}

/// Every region's source, in order of address.
///
/// # Errors
/// A region or donor that is not there.
pub fn resolve<'b>(
    board: &'b Board,
    donors: &[Anatomy],
    choice: &Choice,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Resolved<'b>>, ImageError> {
    for name in choice.sources.keys() {
        board.region(name)?;
    }
    let mut said: BTreeMap<&str, Source> = BTreeMap::new();
    for (region, source) in &choice.sources {
        if let Source::Donor(name) = source
            && !donors.iter().any(|d| d.donor.name == *name)
        {
            let known: Vec<&str> = donors.iter().map(|d| d.donor.name.as_str()).collect();
            return Err(ImageError::UnknownDonor {
                region: region.clone(),
                source_name: name.clone(),
                known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
            });
        }
        said.insert(region, source.clone());
    }
    let firmware = board.layout.of_role(Role::Firmware);
    let firmware_source = firmware.map(|region| match said.get(region.name.as_str()) {
        Some(source) => source.clone(),
        None => by_default(region, board, donors, None, findings),
    });
    let mut all = Vec::with_capacity(board.layout.regions.len());
    for region in board.layout.whole() {
        let told = said.get(region.name.as_str());
        let source = match (told, region.role) {
            (Some(source), _) => source.clone(),
            (None, Role::Firmware) if firmware.is_some_and(|f| f.name == region.name) => {
                firmware_source.clone().unwrap_or(Source::Own)
            }
            _ => by_default(region, board, donors, firmware_source.as_ref(), findings),
        };
        all.push(Resolved { region, source, said: told.is_some(), run_on: false });
    }
    Ok(all)
}

/// The default source, with `donor` made the name of a donor there is.
fn by_default(
    region: &Region,
    board: &Board,
    donors: &[Anatomy],
    firmware: Option<&Source>,
    findings: &mut Vec<Finding>,
) -> Source {
    match &region.default {
        Source::Donor(name) if name == THE_DONOR => {}
        other => return other.clone(),
    }
    let named = |d: &&Anatomy| d.donor.name == THE_DONOR;
    if let Some(donor) = donors.iter().find(named) {
        return Source::Donor(donor.donor.name.clone());
    }
    // Without a donor of that name, everything comes along with the firmware.
    if let Some(source) = firmware {
        return source.clone();
    }
    let mut able = donors.iter().filter(|d| d.offers(region, board).is_some());
    match (able.next(), able.next(), donors) {
        (Some(one), None, _) | (None, _, [one]) => return Source::Donor(one.donor.name.clone()),
        (Some(one), Some(other), _) => findings.push(DONOR_UNCLEAR.found(format!(
            "both {} and {} have a {}: say --set {}=NAME",
            one.donor.name, other.donor.name, region.name, region.name
        ))),
        (None, ..) if donors.is_empty() => findings.push(DONOR_LACKS.found(format!(
            "no donor is given for {}: give --donor FILE, or --set {}=own to keep what is there",
            region.name, region.name
        ))),
        (None, ..) => findings.push(DONOR_LACKS.found(format!(
            "no donor has a {}: give one that has, or --set {}=own to keep what is there",
            region.name, region.name
        ))),
    }
    Source::Own
}

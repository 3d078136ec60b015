//! Which source each region has: what the user said, else what the board's file says.

use std::collections::BTreeMap;

use super::choice::Choice;
use crate::image::boards::Board;
use crate::image::checks::{Advice, Finding};
use crate::image::checks::{DONOR_LACKS, DONOR_UNCLEAR, SAME_PLACE};
use crate::image::donor::{Anatomy, Donor, Piece};
use crate::image::error::ImageError;
use crate::image::layout::{Region, Role, Source};

/// The name by which a board's file means the one donor there is.
const THE_DONOR: &str = "donor";

/// A region with its source.
#[derive(Clone, Debug)]
pub struct Resolved<'d> {
    /// The region.
    pub region: &'d Region,
    /// Its source; a donor's name is one of the donors'.
    pub source: Source,
    /// The donor, where the source is one.
    pub donor: Option<&'d Anatomy<'d>>,
    /// What the donor has for the region.
    pub piece: Option<Piece<'d>>,
    /// True when the user chose the source.
    pub said: bool,
    /// True when it lies in another region and comes from where that one comes from.
    pub inherited: bool,
    /// True when the firmware before it extends into it.
    pub run_on: bool,
}

impl<'d> Resolved<'d> {
    fn new(
        region: &'d Region,
        source: Source,
        said: bool,
        board: &'d Board,
        donors: &'d [Anatomy<'d>],
    ) -> Self {
        let donor = donors.iter().find(|d| source.is_donor(&d.donor.name));
        let piece = donor.and_then(|d| d.offers(region, board));
        Self { region, source, donor, piece, said, inherited: false, run_on: false }
    }

    /// The finding where the source has nothing for the region, and the region may not be blank.
    pub fn lacks(&self) -> Option<Finding> {
        let Source::Donor(name) = &self.source else { return None };
        // What is wrong with the donor itself is among its findings.
        let refused = self.donor.is_some_and(Anatomy::is_refused);
        if self.inherited || self.piece.is_some() || self.region.blank_without_donor || refused {
            return None;
        }
        let region = &self.region.name;
        Some(
            DONOR_LACKS
                .found(format!("{name} has nothing for {region}"))
                .advise(Advice::OtherSource { region: region.clone() }),
        )
    }

    /// True where the parts of this region come from where it comes from, unless another source is chosen for them.
    fn binds_its_parts(&self) -> bool {
        self.said || self.inherited || self.source != Source::Own
    }
}

/// Every region's source, in order of address, outer regions before their parts. The innermost choice counts.
///
/// # Errors
/// A region or donor that is not there, or a name that two regions have.
pub fn resolve<'d>(
    board: &'d Board,
    donors: &'d [Anatomy<'d>],
    choice: &Choice,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Resolved<'d>>, ImageError> {
    for name in choice.sources.keys() {
        board.region(name)?;
        if board.layout.regions.iter().filter(|r| r.name == *name).count() > 1 {
            let why = format!("two of its regions are named {name}: which of them is meant is not known");
            return Err(ImageError::NotForThisBoard { board: board.name.clone(), why });
        }
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
    let firmware_source = firmware.map(|region| match said_for(region, board, &said) {
        Some(source) => source.clone(),
        None => by_default(region, board, donors, None, findings),
    });
    let mut all: Vec<Resolved> = Vec::with_capacity(board.layout.regions.len());
    for (index, region) in board.layout.regions.iter().enumerate() {
        let chosen = said.get(region.name.as_str());
        let around = board.layout.parent(index).map(|outer| &all[outer]);
        let free = |outer: &Resolved| region.stays && !outer.said && !outer.inherited;
        let inherited = around.filter(|outer| chosen.is_none() && outer.binds_its_parts() && !free(outer));
        let source = match (chosen, inherited) {
            (Some(source), _) => source.clone(),
            (None, Some(outer)) => outer.source.clone(),
            (None, None) if firmware.is_some_and(|f| f.span == region.span && f.name == region.name) => {
                firmware_source.clone().unwrap_or(Source::Own)
            }
            (None, None) => by_default(region, board, donors, firmware_source.as_ref(), findings),
        };
        let inherited = inherited.is_some();
        if let Some(outer) = around.filter(|outer| {
            outer.said && chosen.is_some() && outer.region.span == region.span && outer.source != source
        }) {
            findings.push(SAME_PLACE.found(format!(
                "{} and {} are the same bytes ({}), and one is to come from {}, the other from {source}",
                outer.region.name, region.name, region.span, outer.source
            )));
        }
        let new = Resolved::new(region, source, chosen.is_some(), board, donors);
        all.push(Resolved { inherited, ..new });
    }
    Ok(all)
}

/// What is known of donors and sources before there is a dump: what is wrong with a donor, a donor that is missing or
/// has nothing for a region that is to come from it.
///
/// # Errors
/// A region or donor that is not there, or a name that two regions have.
pub fn check_sources(board: &Board, donors: &[Donor], choice: &Choice) -> Result<Vec<Finding>, ImageError> {
    let anatomies: Vec<Anatomy> = donors.iter().map(|donor| Anatomy::of(donor, board)).collect();
    let mut findings: Vec<Finding> = anatomies.iter().flat_map(|anatomy| anatomy.findings.clone()).collect();
    let resolved = resolve(board, &anatomies, choice, &mut findings)?;
    findings.extend(resolved.iter().filter_map(Resolved::lacks));
    Ok(findings)
}

/// The choice for a region, or for the innermost one around it that has a choice.
fn said_for<'s>(region: &Region, board: &Board, said: &'s BTreeMap<&str, Source>) -> Option<&'s Source> {
    let regions = &board.layout.regions;
    let index = regions.iter().position(|r| std::ptr::eq(r, region))?;
    std::iter::successors(Some(index), |inner| board.layout.parent(*inner))
        .find_map(|index| said.get(regions[index].name.as_str()))
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
        (Some(one), Some(other), _) => findings.push(
            DONOR_UNCLEAR
                .found(format!("both {} and {} have a {}", one.donor.name, other.donor.name, region.name))
                .advise(Advice::WhichDonor { region: region.name.clone() }),
        ),
        (None, ..) if donors.is_empty() => findings.push(
            DONOR_LACKS
                .found(format!("no donor is given for {}", region.name))
                .advise(Advice::GiveDonor { region: region.name.clone(), another: false }),
        ),
        (None, ..) => findings.push(
            DONOR_LACKS
                .found(format!("no donor has a {}", region.name))
                .advise(Advice::GiveDonor { region: region.name.clone(), another: true }),
        ),
    }
    Source::Own
}

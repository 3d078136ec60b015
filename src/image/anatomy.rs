//! What a donor is made of, found by its structure: which of its bytes are which region's.

use super::board::Board;
use super::checks::{BLANK_DUMP, DONOR_UNKNOWN};
use super::donor::Donor;
use super::finding::Finding;
use super::layout::Region;
use super::whole::is_blank;

/// What a donor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole chip.
    Dump,
    /// Nothing known.
    Unknown,
}

/// A donor taken apart.
#[derive(Clone, Debug)]
pub struct Anatomy<'a> {
    /// The donor.
    pub donor: &'a Donor,
    /// What it is.
    pub kind: Kind,
    /// What its checks found.
    pub findings: Vec<Finding>,
}

impl<'a> Anatomy<'a> {
    /// Takes `donor` apart for `board`.
    pub fn of(donor: &'a Donor, board: &Board) -> Self {
        let kind = if donor.bytes.len() as u64 == board.chip_size { Kind::Dump } else { Kind::Unknown };
        let mut findings = Vec::new();
        if kind == Kind::Unknown {
            findings.push(DONOR_UNKNOWN.found(format!("{} is nothing the program knows", donor.name)));
        } else if is_blank(&donor.bytes) {
            findings.push(BLANK_DUMP.found(format!("{} is blank", donor.name)));
        }
        Self { donor, kind, findings }
    }

    /// The bytes for `region`, from its start on; fewer than the region's where the donor has no more.
    pub fn offers(&self, region: &Region) -> Option<&'a [u8]> {
        match self.kind {
            Kind::Dump => region.span.of(&self.donor.bytes),
            Kind::Unknown => None,
        }
    }
}

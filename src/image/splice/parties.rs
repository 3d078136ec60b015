//! What takes part in a splice: the board and its own dump, the donors, and the source of each region.

use super::choice::Choice;
use super::resolve::{Resolved, resolve};
use crate::image::boards::Board;
use crate::image::checks::Finding;
use crate::image::donor::Anatomy;
use crate::image::donor::firmware::Firmware;
use crate::image::error::ImageError;
use crate::image::layout::{Region, Role, Source};
use crate::span::Span;

/// Everything that a splice is made of. It is resolved once and passed to composing and judging.
#[derive(Debug)]
pub(super) struct Parties<'d> {
    /// The board's own dump.
    pub base: &'d [u8],
    /// The board.
    pub board: &'d Board,
    /// The donors, opened.
    pub donors: &'d [Anatomy<'d>],
    /// Every region with its source, in order of address.
    pub resolved: Vec<Resolved<'d>>,
    /// The firmware that comes from a donor.
    pub chosen: Option<Chosen<'d>>,
}

/// A firmware that was chosen from a donor.
#[derive(Clone, Debug)]
pub(super) struct Chosen<'d> {
    /// The region it goes to.
    pub region: &'d Region,
    /// The donor.
    pub donor: &'d Anatomy<'d>,
    /// The firmware.
    pub firmware: &'d Firmware<'d>,
}

impl Chosen<'_> {
    /// The donor's name.
    pub fn name(&self) -> &str {
        &self.donor.donor.name
    }
}

impl<'d> Parties<'d> {
    /// Resolves the choice.
    ///
    /// # Errors
    /// A region or donor that does not exist.
    pub fn resolve(
        base: &'d [u8],
        board: &'d Board,
        donors: &'d [Anatomy<'d>],
        choice: &Choice,
        findings: &mut Vec<Finding>,
    ) -> Result<Self, ImageError> {
        let resolved = resolve(board, donors, choice, findings)?;
        let mut parties = Self { base, board, donors, resolved, chosen: None };
        parties.chosen = parties.of_role(Role::Firmware).and_then(|home| {
            let donor = home.donor?;
            Some(Chosen { region: home.region, donor, firmware: donor.firmware.as_ref()? })
        });
        Ok(parties)
    }

    /// The first region of that role as [`Layout::of_role`](crate::image::Layout::of_role) has it, with its source.
    pub fn of_role(&self, role: Role) -> Option<&Resolved<'d>> {
        let first = self.board.layout.of_role(role)?;
        self.resolved.iter().find(|r| std::ptr::eq(r.region, first))
    }

    /// The region whose source decides what the bytes at `span` become: the innermost around them, or one that
    /// reaches into them and is not the board's own.
    pub fn deciding(&self, span: Span) -> Option<&Resolved<'d>> {
        let mut inner = self.resolved.iter().rev();
        let across = |r: &&Resolved| {
            let (place, foreign) = (r.region.span, r.source != Source::Own && !r.inherited);
            place.overlaps(span) && !place.covers(span) && foreign
        };
        let around = |r: &&Resolved| r.region.span.covers(span);
        inner.clone().find(across).or_else(|| inner.find(around))
    }

    /// The innermost region of the unit's data around `span`.
    pub fn unit_region(&self, span: Span) -> Option<&Resolved<'d>> {
        self.resolved.iter().rev().find(|r| r.region.role == Role::Unit && r.region.span.covers(span))
    }
}

//! What the user's wish amounts to: the contents, and the plan that brings them onto the chip.

use super::super::{
    Chosen, Front, Order, Place, Put, PutChosen, PutContents, Refusal, Why, Wish, allowed, write_checks,
};
use super::message::{PlanToConfirm, Preview, PutWish};
use crate::flash::geometry::{Costs, Geometry};
use crate::image::checks::stopping;
use crate::image::{Finding, Image, ImageError, Layout};
use crate::plan::{Plan, diff, plan};
use crate::span::Span;
use crate::units::parse_size;
use crate::workflow::Cause;
use crate::workflow::backup::Backup;
use std::path::Path;
use std::sync::Arc;

/// A wish with its plan.
pub struct Tried {
    /// What would be on the chip.
    pub kind: Kind,
    /// How it gets there.
    pub plan: Plan,
}

/// The job that a wish becomes.
pub enum Kind {
    /// Regions put together.
    Splice(Box<Chosen>),
    /// Bytes at a place, and what the checks found.
    Put(Box<PutChosen>, Vec<Finding>),
}

/// What a wish is tried on.
pub struct Bench<'a> {
    /// Where notices go.
    pub front: &'a dyn Front,
    /// What is on the chip.
    pub backup: &'a Backup,
    /// The map that the contents name or carry.
    pub map: Option<&'a Layout>,
    /// The chip.
    pub geometry: &'a Geometry,
    /// What its operations cost on this programmer.
    pub costs: &'a Costs,
}

impl Bench<'_> {
    /// Splices and plans, as a rewrite does.
    ///
    /// # Errors
    /// As [`Order::new`] and [`Chosen::new`].
    pub fn splice(&self, wish: Wish) -> Result<Tried, Refusal> {
        let flash = &self.backup.flash;
        let mut order = Order::new(wish)?;
        let own = Image::new(flash.clone());
        let chosen = Chosen::new(&mut order, &own, self.backup, self.geometry, self.front)?;
        let plan = chosen.plan(flash, self.geometry, self.costs)?;
        Ok(Tried { kind: Kind::Splice(Box::new(chosen)), plan })
    }

    /// Checks and plans, as a write does.
    ///
    /// # Errors
    /// [`Why::PlaceText`]; those of reading the file, of [`write_checks`] and of [`Put::chosen`].
    pub fn put(&self, wish: &PutWish) -> Result<Tried, Refusal> {
        let (flash, name) = (&self.backup.flash, wish.input.name());
        let allow = allowed(wish.allow.iter().map(String::as_str))?;
        let place = place(wish.place.as_deref(), self.map)?;
        let image = wish.input.image()?;
        let bytes = image.for_address(Path::new(&name), place.start())?;
        let mut findings = write_checks::of_file(bytes, &name, &place);
        let stop = stopping(&findings, &allow);
        if !stop.is_empty() {
            return Err(ImageError::Refused { findings: stop }.into());
        }
        let contents = PutContents::Bytes(bytes);
        let put = Put { place: &place, contents, board: None, layout: self.map, allow };
        let chosen = put.chosen(self.front, self.backup, self.geometry)?;
        findings.extend(write_checks::against_chip(flash, &chosen.wanted.image, None));
        findings.extend(write_checks::of_part(bytes, flash.len() as u64, &place));
        let wanted = &chosen.wanted;
        let plan =
            plan(flash, &wanted.image, self.geometry, self.costs, &wanted.bounds).map_err(Cause::from)?;
        Ok(Tried { kind: Kind::Put(Box::new(chosen), findings), plan })
    }
}

/// The whole chip, a region of the map, or an address.
fn place(text: Option<&str>, map: Option<&Layout>) -> Result<Place, Refusal> {
    let Some(text) = text else { return Ok(Place::Whole) };
    if let Some(region) = map.and_then(|map| map.region(text)) {
        return Ok(Place::Region { name: region.name.clone(), span: region.span });
    }
    let known = || map.iter().flat_map(|map| &map.regions).map(|region| region.name.clone()).collect();
    match parse_size(text) {
        Ok(at) => Ok(Place::At(at, None)),
        Err(_) => Err(Why::PlaceText { text: text.to_owned(), known: known() }.into()),
    }
}

impl Tried {
    /// What is shown of it.
    pub fn preview(&self, flash: &[u8]) -> Preview {
        match &self.kind {
            Kind::Splice(chosen) => {
                let spliced = &chosen.spliced;
                Preview {
                    board: Some(chosen.board.name.clone()),
                    regions: spliced.regions.clone(),
                    place: None,
                    changes: Vec::new(),
                    units: spliced.units.clone(),
                    findings: spliced.findings.clone(),
                    image: Arc::new(spliced.image.bytes().to_vec()),
                }
            }
            Kind::Put(chosen, findings) => Preview {
                board: None,
                regions: Vec::new(),
                place: Some(chosen.span),
                changes: changes(flash, &chosen.wanted.image, chosen.layout.as_ref()),
                units: Vec::new(),
                findings: findings.clone(),
                image: Arc::new(chosen.wanted.image.clone()),
            },
        }
    }

    /// The plan, to be confirmed.
    pub fn to_confirm(&self) -> PlanToConfirm {
        let layout = match &self.kind {
            Kind::Splice(chosen) => Some(chosen.board.layout.clone()),
            Kind::Put(chosen, _) => chosen.layout.clone(),
        };
        PlanToConfirm { plan: self.plan.clone(), layout }
    }
}

/// Bytes that change in each region, and outside of them.
fn changes(before: &[u8], after: &[u8], map: Option<&Layout>) -> Vec<(String, u64)> {
    let changed = diff(before, after);
    let mut rest = changed.len();
    let mut rows = Vec::new();
    for region in map.iter().flat_map(|map| &map.regions) {
        let within = |span: Span| span.intersection(region.span).map_or(0, |part| part.len());
        let bytes: u64 = changed.iter().map(within).sum();
        if bytes > 0 {
            rest = rest.saturating_sub(bytes);
            rows.push((region.name.clone(), bytes));
        }
    }
    if rest > 0 {
        let name = if rows.is_empty() { "the chip" } else { "outside of the regions" };
        rows.push((name.to_owned(), rest));
    }
    rows
}

//! What the user's choice amounts to: the splice, and the plan that brings it onto the chip.

use super::super::jobs;
use super::super::show::Paint;
use super::message::{Planned, Preview, Wish};
use crate::desk::{Chosen, DonorWish, Front, Order, Refusal};
use crate::flash::geometry::{Costs, Geometry};
use crate::image::{Choice, Image, Purpose};
use crate::plan::Plan;
use std::path::Path;
use std::sync::Arc;

/// A choice with its plan.
pub struct Tried {
    /// What would be on the chip.
    pub chosen: Chosen,
    /// How it gets there.
    pub plan: Plan,
}

impl Tried {
    /// Splices and plans, as `rewrite` does.
    ///
    /// # Errors
    /// As `rewrite`.
    pub fn new(
        front: &dyn Front,
        board: &str,
        flash: &[u8],
        wish: &Wish,
        geometry: &Geometry,
        costs: &Costs,
    ) -> Result<Self, Refusal> {
        let mut choice = Choice::default();
        wish.sets.iter().try_for_each(|text| choice.set(text))?;
        let donor = |file: &String| DonorWish { name: None, input: Path::new(file).into() };
        let mut order = Order::new(crate::desk::Wish {
            board: Some(board.to_owned()),
            donors: wish.donors.iter().map(donor).collect(),
            sources: choice.sources.into_iter().collect(),
            purpose: Some(Purpose::Programmer),
            allow: wish.allow.clone(),
            ..crate::desk::Wish::default()
        })?;
        let own = Image::new(flash.to_vec());
        let chosen = Chosen::new(&mut order, &own, flash, geometry, front)?;
        let plan = chosen.plan(flash, geometry, costs)?;
        Ok(Self { chosen, plan })
    }

    /// To be looked at.
    pub fn preview(&self) -> Preview {
        let spliced = &self.chosen.spliced;
        Preview {
            board: self.chosen.board.name.clone(),
            regions: spliced.regions.clone(),
            units: spliced.units.clone(),
            findings: spliced.findings.clone(),
            image: Arc::new(spliced.image.bytes().to_vec()),
        }
    }

    /// The plan, to be confirmed.
    pub fn planned(&self) -> Planned {
        let (table, more) = jobs::plan_table(&self.plan, Some(&self.chosen.board.layout));
        let text = table.lines(Paint::plain()).into_iter().chain(more).collect();
        Planned { blocks: self.plan.steps.iter().map(|step| step.block).collect(), text }
    }
}

//! What the user's wish amounts to: the splice, and the plan that brings it onto the chip.

use super::super::{Chosen, Front, Order, Refusal, Wish};
use super::message::{PlanToConfirm, Preview};
use crate::flash::geometry::{Costs, Geometry};
use crate::image::Image;
use crate::plan::Plan;
use std::sync::Arc;

/// A wish with its plan.
pub struct Tried {
    /// What would be on the chip.
    pub chosen: Chosen,
    /// How it gets there.
    pub plan: Plan,
}

impl Tried {
    /// Splices and plans, as a rewrite does. `flash` is what is on the chip.
    ///
    /// # Errors
    /// As [`Order::new`] and [`Chosen::new`].
    pub fn new(
        front: &dyn Front,
        wish: Wish,
        flash: &[u8],
        geometry: &Geometry,
        costs: &Costs,
    ) -> Result<Self, Refusal> {
        let mut order = Order::new(wish)?;
        let own = Image::new(flash.to_vec());
        let chosen = Chosen::new(&mut order, &own, flash, geometry, front)?;
        let plan = chosen.plan(flash, geometry, costs)?;
        Ok(Self { chosen, plan })
    }

    /// What is shown of it.
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
    pub fn to_confirm(&self) -> PlanToConfirm {
        PlanToConfirm { plan: self.plan.clone(), layout: self.chosen.board.layout.clone() }
    }
}

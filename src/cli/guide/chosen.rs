//! What the user's wish comes to: the splice, and the plan that brings it onto the chip.

use super::super::commands::rewrite;
use super::super::exit::Failure;
use super::super::jobs;
use super::super::json::Fields;
use super::super::order::{Order, OrderArgs};
use super::super::output::Output;
use super::super::session::Session;
use super::super::show::Paint;
use super::message::{Planned, Preview, Wish};
use crate::flash::geometry::{Costs, Geometry};
use crate::image::{Board, Image, Purpose, Spliced, splice};
use crate::plan::{Plan, plan};
use crate::workflow::Cause;
use crate::workflow::job::Wanted;
use std::sync::Arc;

/// A wish made true: what would be on the chip, and how it gets there.
pub struct Chosen {
    order: Order,
    /// The board it is for.
    pub board: Board,
    spliced: Spliced,
    /// What the job is to leave on the chip.
    pub wanted: Wanted,
    /// How.
    pub plan: Plan,
}

impl Chosen {
    /// Splices and plans, as `rewrite` does.
    ///
    /// # Errors
    /// As `rewrite`.
    pub fn of(
        session: &Session,
        board: &str,
        flash: &[u8],
        wish: &Wish,
        geometry: &Geometry,
        costs: &Costs,
    ) -> Result<Self, Failure> {
        let mut options = session.options.clone();
        options.allow.extend(wish.allow.iter().cloned());
        let allowing = Session { options, out: Output::silent(), stop: session.stop.clone(), store: None };
        let args = OrderArgs {
            board: Some(board.to_owned()),
            donor: wish.donors.iter().map(Into::into).collect(),
            set: wish.sets.clone(),
            ..OrderArgs::default()
        };
        let mut order = Order::read(&args, Some(Purpose::Programmer), &allowing)?;
        let board = order.settle(flash, &allowing)?;
        let spliced = splice(&Image::new(flash.to_vec()), &order.donors, &board, &order.choice)?;
        let smallest = geometry.erase.first().map_or(1, |erase| erase.size);
        let wanted = rewrite::wanted(&board, &spliced, flash, smallest);
        let plan = plan(flash, &wanted.image, geometry, costs, &wanted.bounds)
            .map_err(|error| Failure::from(Cause::from(error)))?;
        Ok(Self { order, board, spliced, wanted, plan })
    }

    /// To be looked at.
    pub fn preview(&self) -> Preview {
        Preview {
            board: self.board.name.clone(),
            regions: self.spliced.regions.clone(),
            units: self.spliced.units.clone(),
            findings: self.spliced.findings.clone(),
            image: Arc::new(self.wanted.image.clone()),
        }
    }

    /// What `rewrite` keeps with its job, for reports.
    pub fn told(&self) -> Fields {
        rewrite::told(&self.board, &self.spliced, self.order.recipe(&self.board, &self.spliced))
    }

    /// The plan, to be said yes to.
    pub fn planned(&self) -> Planned {
        let (table, more) = jobs::plan_table(&self.plan, Some(&self.board.layout));
        let text = table.lines(Paint::plain()).into_iter().chain(more).collect();
        Planned { blocks: self.plan.steps.iter().map(|step| step.block).collect(), text }
    }
}

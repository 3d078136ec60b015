//! What a rewrite puts onto the chip, and the rule where it may erase.

use super::Refusal;
use super::front::Front;
use super::order::Order;
use crate::flash::geometry::{Costs, Geometry};
use crate::image::{Board, Image, Role, Spliced};
use crate::plan::{Bounds, Plan, plan};
use crate::span::Spans;
use crate::workflow::Cause;
use crate::workflow::job::Wanted;

/// What the chip will hold, and how it was put together.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The board that it is for.
    pub board: Board,
    /// What becomes of each region.
    pub spliced: Spliced,
    /// Where the job may erase.
    pub bounds: Bounds,
    /// The recipe that repeats it, as text.
    pub recipe: String,
}

impl Chosen {
    /// Makes what the order wants over `own`, the board's own contents. `current` is what is on the chip, and
    /// `geometry` the chip's.
    ///
    /// # Errors
    /// [`Why::Image`](super::Why::Image) with every finding that stops the work.
    pub fn new(
        order: &mut Order,
        own: &Image,
        current: &[u8],
        geometry: &Geometry,
        front: &dyn Front,
    ) -> Result<Self, Refusal> {
        let (board, spliced) = order.splice(own, front)?;
        let recipe = order.recipe(&board, &spliced);
        let smallest = geometry.erase.first().map_or(1, |erase| erase.size);
        let bounds = bounds(&board, &spliced, current, smallest);
        Ok(Self { board, spliced, bounds, recipe })
    }

    /// What the job leaves on the chip, and where it may erase.
    pub(super) fn wanted(&self) -> Wanted {
        Wanted { image: self.spliced.image.bytes().to_vec(), bounds: self.bounds.clone(), whole_erase: false }
    }

    /// The plan that brings it onto a chip that holds `current`.
    ///
    /// # Errors
    /// [`Why::Job`](super::Why::Job) where there is no plan.
    pub fn plan(&self, current: &[u8], geometry: &Geometry, costs: &Costs) -> Result<Plan, Refusal> {
        Ok(plan(current, &self.spliced.image, geometry, costs, &self.bounds).map_err(Cause::from)?)
    }
}

/// Where the job may erase: in the regions that change, by whole sectors. Per-unit data is erased only by the smallest
/// erase, and the loader comes last.
fn bounds(board: &Board, spliced: &Spliced, current: &[u8], smallest: u64) -> Bounds {
    let layout = &board.layout;
    let changing = layout.regions.iter().map(|region| region.span);
    let changing = changing.filter(|span| span.of(current) != span.of(&spliced.image));
    Bounds {
        allowed: changing.map(|span| span.aligned_out(smallest)).collect(),
        keep: layout.per_unit().map(|(_, unit)| unit.span).collect::<Spans>(),
        last: layout.of_role(Role::Loader).map(|region| region.span).into_iter().collect(),
        ..Bounds::default()
    }
}

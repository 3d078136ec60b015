//! What a rewrite puts onto the chip, and the rule where it may erase.

use super::Refusal;
use super::front::Front;
use super::order::Order;
use crate::flash::geometry::{Costs, Geometry};
use crate::image::{Board, Image, Role, Spliced, vscc};
use crate::plan::{Bounds, Plan, plan};
use crate::span::{Span, Spans};
use crate::workflow::Cause;
use crate::workflow::backup::Backup;
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
    /// Makes what the order wants over `own`, the board's own contents. `backup` has what is on the chip, and
    /// `geometry` is the chip's.
    ///
    /// # Errors
    /// [`Why::Image`](super::Why::Image) with every finding that stops the work.
    pub fn new(
        order: &mut Order,
        own: &Image,
        backup: &Backup,
        geometry: &Geometry,
        front: &dyn Front,
    ) -> Result<Self, Refusal> {
        let current = backup.flash.as_slice();
        let (board, mut spliced) = order.splice_for_chip(own, geometry.size, current, front)?;
        // The second of two chips has no descriptor; the board's own dump may be of both.
        let id = backup.manifest.chip.jedec_id.as_deref().unwrap_or_default();
        let unlisted = vscc::judge(&spliced.image, id).or_else(|| vscc::judge(own, id));
        spliced.findings.extend(unlisted);
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

/// Where the job may erase: in the regions that change and between them, by whole sectors. Per-unit data is erased only by
/// the smallest erase, and the loader comes last.
fn bounds(board: &Board, spliced: &Spliced, current: &[u8], smallest: u64) -> Bounds {
    let layout = &board.layout;
    // Between the regions only an older dump, or one on another map, differs from what is on the chip.
    let mut between = Spans::from(Span::new(0, spliced.image.len() as u64));
    layout.regions.iter().for_each(|region| between.remove(region.span));
    let changing = layout.regions.iter().map(|region| region.span).chain(between.iter());
    let changing = changing.filter(|span| span.of(current) != span.of(&spliced.image));
    Bounds {
        allowed: changing.map(|span| span.aligned_out(smallest)).collect(),
        keep: layout.per_unit().map(|(_, unit)| unit.span).collect::<Spans>(),
        last: layout.of_role(Role::Loader).map(|region| region.span).into_iter().collect(),
        ..Bounds::default()
    }
}

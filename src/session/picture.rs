//! Contents as cells and regions, for a front end to draw.

use crate::desk::regions::of_contents;
use crate::image::Layout;
use crate::report::Map;
use crate::span::{Span, Spans};
use crate::wire::{self, Fields};

/// Bytes of a cell, before there are too many.
const SECTOR: u64 = 4096;

/// The picture of contents, against those before; with the regions of a map, or of the map that they name or carry.
pub fn picture(what: &str, before: &[u8], after: &[u8], layout: Option<&Layout>) -> Fields {
    let map = Map::of(before, after, SECTOR, &Spans::new());
    let own = if layout.is_none() { of_contents(after) } else { None };
    let regions = layout.or(own.as_ref()).into_iter().flat_map(|layout| &layout.regions);
    let regions: Vec<(String, Span)> = regions.map(|region| (region.name.clone(), region.span)).collect();
    wire::picture(what, &map, &regions)
}

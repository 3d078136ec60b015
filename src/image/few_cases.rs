//! What property tests share: how many cases a costly one runs, and layouts of any nesting.

use proptest::prelude::*;

use crate::image::layout::{Layout, Region};
use crate::span::Span;

/// proptest's own number, unless another one is set.
const USUAL: u32 = 256;

/// This many, with `NORSPLICE_TEST=all` four times as many, or as many as `PROPTEST_CASES` says: `with_cases` alone
/// would pass it over.
pub(crate) fn few(cases: u32) -> ProptestConfig {
    let said = ProptestConfig::default();
    let cases = if is_long_form() { 4 * cases } else { cases };
    if said.cases == USUAL { ProptestConfig::with_cases(cases) } else { said }
}

/// True where the longer matrices run as a whole.
pub(crate) fn is_long_form() -> bool {
    std::env::var("NORSPLICE_TEST").is_ok_and(|form| form == "all")
}

/// Layouts of any nesting over a flash of `units` blocks of 4 KiB: areas in areas, with gaps, some as long as the one
/// around them. Their names say nothing of what they are for.
pub(crate) fn nested_layouts(units: u64) -> impl Strategy<Value = Layout> {
    prop::collection::vec(any::<u8>(), 2..60).prop_map(move |draws| {
        let mut regions = Vec::new();
        divide(Span::new(0, units * UNIT), 0, &mut draws.into_iter(), &mut regions);
        let layout = Layout { regions, chip_size: Some(units * UNIT), ..Layout::default() };
        layout.nested()
    })
}

const UNIT: u64 = 0x1000;
const DEEPEST: usize = 4;

/// Puts areas into `room`, each of them divided in turn, until the draws are used up.
fn divide(room: Span, depth: usize, draws: &mut impl Iterator<Item = u8>, regions: &mut Vec<Region>) {
    let mut next = room.start;
    while next < room.end && depth < DEEPEST {
        let (Some(gap), Some(len)) = (draws.next(), draws.next()) else { return };
        let start = next + u64::from(gap % 3) * UNIT;
        let left = room.end.saturating_sub(start) / UNIT;
        if left == 0 {
            return;
        }
        next = start + (1 + u64::from(len) * left / 256) * UNIT;
        let mut region = Region::new(format!("area{}", regions.len()), Span::new(start, next));
        region.read_only = gap > 127;
        regions.push(region);
        divide(Span::new(start, next), depth + 1, draws, regions);
    }
}

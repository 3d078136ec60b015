//! Choosing erase sizes by least expected time, and the order of the steps.

use super::scan::{Leaf, is_erased, leaf, runs};
use super::step::{Erase, Plan, Step};
use super::{PlanError, diff_near};
use crate::flash::geometry::{Costs, EraseType, Geometry};
use crate::span::{Span, Spans};
use std::time::Duration;

/// The block size used for a part without a known erase command: only a unit of looking and verifying.
const UNIT_WITHOUT_ERASE: u64 = 0x1000;

/// What the plan must respect.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Bounds {
    /// What may be erased and programmed; nothing outside is touched.
    pub allowed: Spans,
    /// Per-unit bytes: a block that holds any of them is erased by the smallest erase only.
    pub keep: Spans,
    /// What is done last: the loader. Where nothing is said, the block at address 0 is.
    pub last: Spans,
    /// What is erased and written again even where it reads as wanted: a block that was left in the middle of an
    /// erase or program may read right and not hold.
    pub redo: Spans,
}

impl From<Spans> for Bounds {
    fn from(allowed: Spans) -> Self {
        Bounds { allowed, ..Bounds::default() }
    }
}

/// The steps that turn `current` into `wanted` in the least expected time.
///
/// # Errors
/// [`PlanError`] when the sizes differ, when a change lies outside of `bounds.allowed` (or can be made only by an
/// erase that reaches outside of it), or when an erase is needed and none is known.
pub fn plan(
    current: &[u8],
    wanted: &[u8],
    geometry: &Geometry,
    costs: &Costs,
    bounds: &Bounds,
) -> Result<Plan, PlanError> {
    let chooser = Chooser::new(current, wanted, geometry, costs, bounds)?;
    chooser.check_outside()?;
    let top = chooser.kinds.last().map_or(chooser.unit, |k| k.size);
    let mut picks = Vec::new();
    let mut stuck = Spans::new();
    for block in Span::new(0, geometry.size).pieces(top) {
        if current[block.range()] == wanted[block.range()] && !bounds.redo.overlaps(block) {
            continue;
        }
        let leaves = chooser.leaves(block);
        match chooser.best(block, &leaves, chooser.kinds.len()) {
            Some(best) => picks.extend(best.picks),
            None => {
                for (piece, leaf) in block.pieces(chooser.unit).zip(&leaves) {
                    if leaf.erase && !chooser.may_erase(piece, 0) {
                        stuck.insert(piece);
                    }
                }
            }
        }
    }
    if !stuck.is_empty() {
        return Err(match chooser.kinds.is_empty() {
            true => PlanError::NoErase { spans: stuck },
            false => PlanError::Outside { spans: stuck.difference(&bounds.allowed) },
        });
    }
    let mut steps = chooser.steps(picks);
    put_loader_last(&mut steps, &bounds.last, top);
    Ok(Plan { steps })
}

/// The plan that leaves the whole chip blank: by blocks, or by the chip erase where that is expected to be faster.
///
/// # Errors
/// [`PlanError`] as for [`plan`].
pub fn plan_whole_erase(current: &[u8], geometry: &Geometry, costs: &Costs) -> Result<Plan, PlanError> {
    let whole = Span::new(0, geometry.size);
    if current.len() as u64 != geometry.size {
        let (chip, current) = (geometry.size, current.len() as u64);
        return Err(PlanError::Size { chip, current, wanted: chip });
    }
    let blank = vec![0xff; current.len()];
    let by_blocks = plan(current, &blank, geometry, costs, &Spans::from(whole).into());
    let Some((opcode, busy)) = geometry.chip_erase else { return by_blocks };
    let time = busy.typical + scale(costs.byte, whole.len()) + costs.round_trip * 2;
    match by_blocks {
        Ok(plan) if plan.is_empty() || plan.time() <= time => Ok(plan),
        _ => Ok(Plan {
            steps: vec![Step {
                block: whole,
                erase: Some(Erase::Chip { opcode, busy }),
                program: Vec::new(),
                verify: whole,
                pages: 0,
                time,
            }],
        }),
    }
}

/// `count` times `each`, without an overflow.
fn scale(each: Duration, count: u64) -> Duration {
    Duration::from_nanos(nanos(each).saturating_mul(count))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Steps outside of the loader by address, then the loader's with the block at address 0 last of all.
fn put_loader_last(steps: &mut [Step], last: &Spans, top: u64) {
    let boot = Span::new(0, top);
    steps.sort_by_key(|s| {
        let class = match (last.overlaps(s.block), boot.overlaps(s.block)) {
            (true, true) => 2,
            (true, false) => 1,
            (false, true) if last.is_empty() => 2,
            _ => 0,
        };
        // Within the boot block the first bytes are what the SoC fetches first: from the end to the start.
        (class, if class == 2 { u64::MAX - s.block.start } else { s.block.start })
    });
}

/// One chosen piece of work.
#[derive(Clone, Copy)]
enum Pick {
    /// Erase this block with the erase type of that index, then program what is not blank.
    Erase(Span, usize),
    /// Program the pages of this smallest block that differ.
    Program(Span),
}

/// The cheapest way for one block.
#[derive(Default)]
struct Best {
    nanos: u64,
    picks: Vec<Pick>,
}

struct Chooser<'a> {
    current: &'a [u8],
    wanted: &'a [u8],
    bounds: &'a Bounds,
    costs: &'a Costs,
    size: u64,
    page: u64,
    /// Smallest block.
    unit: u64,
    /// Erase types, small to large, each a multiple of the one before.
    kinds: Vec<EraseType>,
}

impl<'a> Chooser<'a> {
    fn new(
        current: &'a [u8],
        wanted: &'a [u8],
        geometry: &Geometry,
        costs: &'a Costs,
        bounds: &'a Bounds,
    ) -> Result<Self, PlanError> {
        let (size, page) = (geometry.size, geometry.page.max(1));
        if current.len() as u64 != size || wanted.len() as u64 != size {
            let (current, wanted) = (current.len() as u64, wanted.len() as u64);
            return Err(PlanError::Size { chip: size, current, wanted });
        }
        let mut kinds: Vec<EraseType> = Vec::new();
        for kind in &geometry.erase {
            let nested = kinds.last().is_none_or(|k| kind.size > k.size && kind.size.is_multiple_of(k.size));
            if kind.size > 0 && nested {
                kinds.push(*kind);
            }
        }
        let unit = kinds.first().map_or(UNIT_WITHOUT_ERASE.max(page), |k| k.size);
        Ok(Self { current, wanted, bounds, costs, size, page, unit, kinds })
    }

    /// Refuses when the two differ outside of what is allowed.
    fn check_outside(&self) -> Result<(), PlanError> {
        let mut spans = Spans::new();
        for span in Spans::from(Span::new(0, self.size)).difference(&self.bounds.allowed).iter() {
            let (c, w) = (&self.current[span.range()], &self.wanted[span.range()]);
            if c != w {
                for found in diff_near(c, w, 16).iter() {
                    spans.insert(found.shifted(span.start));
                }
            }
        }
        if spans.is_empty() { Ok(()) } else { Err(PlanError::Outside { spans }) }
    }

    fn leaves(&self, block: Span) -> Vec<Leaf> {
        block
            .pieces(self.unit)
            .map(|piece| {
                let mut leaf = leaf(self.current, self.wanted, piece, self.page);
                leaf.erase |= self.bounds.redo.overlaps(piece);
                leaf
            })
            .collect()
    }

    fn may_erase(&self, block: Span, kind: usize) -> bool {
        // A last block cut short by the chip's end is not a block of this erase type.
        self.kinds.get(kind).is_some_and(|k| block.len() == k.size)
            && self.bounds.allowed.covers(block)
            && (kind == 0 || !self.bounds.keep.overlaps(block))
    }

    /// The cheapest work on `block` with the first `kinds` erase types; `None` when it cannot be done.
    fn best(&self, block: Span, leaves: &[Leaf], kinds: usize) -> Option<Best> {
        if !leaves.iter().any(Leaf::work) {
            return Some(Best::default());
        }
        let parts =
            if kinds <= 1 { self.smallest(block, leaves) } else { self.parts(block, leaves, kinds - 1) };
        let whole = self.whole(block, leaves, kinds);
        match (parts, whole) {
            (Some(p), Some(w)) if w.nanos < p.nanos => Some(w),
            (Some(p), _) => Some(p),
            (None, whole) => whole,
        }
    }

    /// `block` as the sum of the next smaller erase type's blocks.
    fn parts(&self, block: Span, leaves: &[Leaf], kinds: usize) -> Option<Best> {
        let size = self.kinds[kinds - 1].size;
        let per = (size / self.unit) as usize;
        let mut sum = Best::default();
        for (piece, leaves) in block.pieces(size).zip(leaves.chunks(per)) {
            let best = self.best(piece, leaves, kinds)?;
            sum.nanos = sum.nanos.saturating_add(best.nanos);
            sum.picks.extend(best.picks);
        }
        Some(sum)
    }

    /// A smallest block without an erase.
    fn smallest(&self, block: Span, leaves: &[Leaf]) -> Option<Best> {
        let leaf = leaves.first().filter(|l| !l.erase)?;
        let changed = leaf.changed?;
        Some(Best {
            nanos: self.program_nanos(leaf.changed_pages, changed.len()),
            picks: vec![Pick::Program(block)],
        })
    }

    /// `block` by one erase of its own size.
    fn whole(&self, block: Span, leaves: &[Leaf], kinds: usize) -> Option<Best> {
        let kind = kinds.checked_sub(1)?;
        if !self.may_erase(block, kind) || !leaves.iter().any(|l| l.erase) {
            return None;
        }
        let pages = leaves.iter().map(|l| l.full_pages).sum();
        let nanos = self.erase_nanos(kind).saturating_add(self.program_nanos(pages, block.len()));
        Some(Best { nanos, picks: vec![Pick::Erase(block, kind)] })
    }

    fn erase_nanos(&self, kind: usize) -> u64 {
        nanos(self.kinds[kind].busy.typical + self.costs.round_trip)
    }

    /// Programming `pages` pages and reading `verify` bytes back.
    fn program_nanos(&self, pages: u64, verify: u64) -> u64 {
        nanos(scale(self.costs.page, pages) + scale(self.costs.byte, verify) + self.costs.round_trip)
    }

    fn steps(&self, picks: Vec<Pick>) -> Vec<Step> {
        let mut steps = Vec::with_capacity(picks.len());
        // Neighbouring blocks that are only programmed become one step, within one block of the largest erase type:
        // fewer waits, and still a short way between two points where a stop is honoured. Not where the bytes between
        // the two, which are read back as well then, cost more than the wait that is saved.
        let top = self.kinds.last().map_or(0x1_0000, |k| k.size);
        let mut open: Option<Span> = None;
        for pick in picks {
            match pick {
                Pick::Program(block) => {
                    open = match open {
                        Some(o)
                            if o.end == block.start
                                && o.start / top == block.start / top
                                && self.is_near(o, block) =>
                        {
                            Some(Span::new(o.start, block.end))
                        }
                        other => {
                            steps.extend(other.map(|o| self.program_step(o)));
                            Some(block)
                        }
                    };
                }
                Pick::Erase(block, kind) => {
                    steps.extend(open.take().map(|o| self.program_step(o)));
                    steps.push(self.erase_step(block, kind));
                }
            }
        }
        steps.extend(open.map(|o| self.program_step(o)));
        steps
    }

    fn erase_step(&self, block: Span, kind: usize) -> Step {
        let full = |piece: Span| !is_erased(&self.wanted[piece.range()]);
        let pages = block.pieces(self.page).filter(|p| full(*p)).count() as u64;
        Step {
            block,
            erase: Some(Erase::Block(self.kinds[kind])),
            program: runs(block, self.page, full, |i| self.wanted[i] != 0xff),
            verify: block,
            pages,
            time: Duration::from_nanos(self.erase_nanos(kind) + self.program_nanos(pages, block.len())),
        }
    }

    fn differs(&self, piece: Span) -> bool {
        self.current[piece.range()] != self.wanted[piece.range()]
    }

    /// True when reading back what lies between the changes of two blocks costs no more than a wait.
    fn is_near(&self, first: Span, second: Span) -> bool {
        let last = first.pieces(self.page).filter(|p| self.differs(*p)).last();
        let next = second.pieces(self.page).find(|p| self.differs(*p));
        let gap = last.zip(next).map_or(0, |(last, next)| next.start - last.end);
        scale(self.costs.byte, gap) <= self.costs.round_trip
    }

    fn program_step(&self, block: Span) -> Step {
        let differs = |piece: Span| self.differs(piece);
        let changed: Vec<Span> = block.pieces(self.page).filter(|p| differs(*p)).collect();
        let hull = Span::new(
            changed.first().map_or(block.start, |p| p.start),
            changed.last().map_or(block.start, |p| p.end),
        );
        let pages = changed.len() as u64;
        Step {
            block: hull,
            erase: None,
            program: runs(hull, self.page, differs, |i| self.current[i] != self.wanted[i]),
            verify: hull,
            pages,
            time: Duration::from_nanos(self.program_nanos(pages, hull.len())),
        }
    }
}

#[cfg(test)]
mod tests;

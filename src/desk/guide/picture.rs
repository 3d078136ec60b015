//! The flash as the guide shows it: cells, and how far each of them is.

use super::state::{Guide, SECTOR, Step};
use crate::report::{self, Map};
use crate::span::Span;
use crate::workflow::Stage;

/// How far a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellState {
    /// Nothing read of it yet.
    Unread,
    /// Read once.
    ReadOnce,
    /// Read twice.
    ReadTwice,
    /// Stays as it is.
    Kept,
    /// Will be rewritten.
    Planned,
    /// Is being rewritten.
    InWork,
    /// Rewritten and verified.
    Written,
}

impl Guide {
    /// How far a cell is: reads done during the backup, work done during the write.
    pub fn cell_state(&self, cell: Span) -> CellState {
        match self.step {
            Step::Backup => self.read_state(cell),
            Step::Writing => self.write_state(cell),
            Step::Plan if self.planned().any(|block| block.overlaps(cell)) => CellState::Planned,
            _ => CellState::Kept,
        }
    }

    fn read_state(&self, cell: Span) -> CellState {
        match self.progress {
            Some((Stage::FirstRead, done, _)) if cell.end <= done => CellState::ReadOnce,
            Some((Stage::SecondRead, done, _)) if cell.end <= done => CellState::ReadTwice,
            Some((Stage::SecondRead, ..)) => CellState::ReadOnce,
            _ => CellState::Unread,
        }
    }

    fn write_state(&self, cell: Span) -> CellState {
        let done = self.progress.map_or(0, |(_, done, _)| done);
        let mut before = 0;
        for block in self.planned() {
            if block.overlaps(cell) {
                return match () {
                    () if before + block.len() <= done => CellState::Written,
                    () if before <= done => CellState::InWork,
                    () => CellState::Planned,
                };
            }
            before += block.len();
        }
        CellState::Kept
    }

    /// The blocks of the plan, in the order in which they are worked on.
    fn planned(&self) -> impl Iterator<Item = Span> {
        self.plan.iter().flat_map(|shown| &shown.plan.steps).map(|step| step.block)
    }

    /// True where there is a picture that says something: of a write whose plan is not known there is none.
    pub fn has_picture(&self) -> bool {
        match self.step {
            Step::Backup | Step::Choice | Step::Plan => true,
            Step::Writing => self.plan.is_some(),
            _ => false,
        }
    }

    /// The regions of the picture: those of the wish, else those of the map that the contents name or carry.
    pub fn regions(&self) -> Vec<(String, Span)> {
        let shown = self.preview.iter().flat_map(|preview| &preview.regions);
        let shown: Vec<_> =
            shown.filter(|row| row.inside.is_none()).map(|row| (row.name.clone(), row.span)).collect();
        if !shown.is_empty() {
            return shown;
        }
        let map = self.backup.as_ref().and_then(|backup| backup.map.as_ref());
        map.iter().flat_map(|map| &map.regions).map(|region| (region.name.clone(), region.span)).collect()
    }

    /// The cells of the picture: those of the contents, or plain ones of the chip's size while nothing has been read.
    pub fn cells(&self) -> Vec<report::Cell> {
        match (&self.map, &self.chip) {
            (Some(map), _) if self.step != Step::Backup => map.cells.clone(),
            (_, Some(chip)) => Map::blank(chip.size, SECTOR).cells,
            _ => Vec::new(),
        }
    }
}

//! The plan as data: steps, counts, the expected time.

use crate::flash::geometry::{Busy, EraseType};
use crate::span::{Span, Spans};
use std::time::Duration;

/// How a step erases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erase {
    /// One block, at the start of the step's block.
    Block(EraseType),
    /// The whole array by the part's chip erase.
    Chip {
        /// Opcode.
        opcode: u8,
        /// How long it takes.
        busy: Busy,
    },
}

/// The work on one block. While it runs, only this block is undefined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is touched: the erased block, or the pages programmed without an erase.
    pub block: Span,
    /// The erase, where a bit must go from 0 to 1.
    pub erase: Option<Erase>,
    /// What is then programmed with the wanted bytes, in order; blank pages are left out.
    pub program: Vec<Span>,
    /// What is then read and compared.
    pub verify: Span,
    /// Pages programmed.
    pub pages: u64,
    /// Expected time.
    pub time: Duration,
}

/// What a plan amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanCounts {
    /// Steps.
    pub blocks: u64,
    /// Erase commands.
    pub erases: u64,
    /// Bytes erased.
    pub erased: u64,
    /// Pages programmed.
    pub pages: u64,
    /// Bytes programmed.
    pub programmed: u64,
    /// Bytes read back.
    pub verified: u64,
}

/// What to do, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps, in the order in which they are to be executed.
    pub steps: Vec<Step>,
}

impl Plan {
    /// True when nothing has to be done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Every byte that the plan erases, programs or verifies.
    pub fn blocks(&self) -> Spans {
        self.steps.iter().map(|s| s.block).collect()
    }

    /// The bytes that the plan erases.
    pub fn erased(&self) -> Spans {
        self.steps.iter().filter(|s| s.erase.is_some()).map(|s| s.block).collect()
    }

    /// What it amounts to.
    pub fn counts(&self) -> PlanCounts {
        self.steps.iter().fold(PlanCounts::default(), |c, s| PlanCounts {
            blocks: c.blocks + 1,
            erases: c.erases + u64::from(s.erase.is_some()),
            erased: c.erased + if s.erase.is_some() { s.block.len() } else { 0 },
            pages: c.pages + s.pages,
            programmed: c.programmed + s.program.iter().map(Span::len).sum::<u64>(),
            verified: c.verified + s.verify.len(),
        })
    }

    /// Expected time of all steps.
    pub fn time(&self) -> Duration {
        self.steps.iter().map(|s| s.time).sum()
    }
}

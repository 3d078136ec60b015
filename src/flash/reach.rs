//! How the whole of a large chip is reached, as data: dies behind one set of pins, and what is on now. Pure.

use super::part::{FourByteMode, Part};
use crate::span::{Span, Spans};

/// What was found, and what is on now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// The dies whose state differed from that after power-up, in the order in which they are put back.
    pub found: Vec<DieMode>,
    /// The way out of 4-byte mode that worked, and back into it.
    pub mode: FourByteMode,
    /// 4-byte mode is on, by this session.
    pub entered: bool,
    /// The mode that this session has begun to switch on: what broke off may have done it.
    pub to_leave: Option<FourByteMode>,
    /// The selected die, where dies are selected; `None` while that is not known.
    pub die: Option<u64>,
}

impl Reach {
    /// True where no mode and no address bits are to be put back.
    pub fn is_as_found(&self) -> bool {
        self.found.is_empty() && self.to_leave.is_none()
    }
}

/// How the board left a die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DieMode {
    /// Where the die begins.
    pub start: u64,
    /// 4-byte mode was on.
    pub on: bool,
    /// The address bits above the third byte; 0 after power-up.
    pub extended: u8,
}

/// Opcode that selects a die and bytes of one die, where dies are selected one by one.
pub(super) fn die_select(part: &Part) -> Option<(u8, u64)> {
    part.die_select.filter(|_| part.dies > 1).map(|opcode| (opcode, part.size / u64::from(part.dies)))
}

/// The part of `spans` that lies in a die, as addresses inside it.
pub(super) fn inside(spans: &Spans, die: Span) -> Spans {
    let parts = spans.iter().filter_map(|s| s.intersection(die));
    parts.map(|s| Span::new(s.start - die.start, s.end - die.start)).collect()
}

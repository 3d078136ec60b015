//! Waiting for BUSY to end: asleep for most of the expected time, then fine polls, always bounded.
//!
//! A status that this chip cannot show is a lost bus, never "busy": a bus at FF would else be busy for ever.

use super::FlashError;
use super::command::{BUSY, READ_STATUS};
use super::geometry::Busy;
use crate::spi::{Programmer, Transaction};
use std::time::Duration;

/// Which SR1 values this chip can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steady {
    /// The bits that do not change during an operation, as last read.
    pub value: u8,
    /// The bits that may change by themselves: BUSY, WEL, and error or pin bits of some makers.
    pub may_change: u8,
    /// Of those, error bits that stick and hold BUSY: they end a wait.
    pub sticky: u8,
}

impl Steady {
    /// With BUSY and WEL free to change.
    #[cfg(test)]
    pub fn plain(value: u8) -> Self {
        Self { value, may_change: BUSY | super::command::WEL, sticky: 0 }
    }

    /// True when the chip can show this value.
    pub fn allows(&self, status: u8) -> bool {
        (status ^ self.value) & !self.may_change == 0
    }
}

/// Illegal answers in a row that make a lost bus; one or two may be noise on a long wire.
const LOST_AFTER: u32 = 4;

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    /// From the call to the end.
    pub took: Duration,
    /// How often was asked; 1 means that it may have ended long before.
    pub polls: u32,
    /// The last status.
    pub status: u8,
}

/// Polls until BUSY ends. `first` is slept before the first poll.
///
/// Both bytes of a poll must say ready: one flipped bit does not end a wait.
pub(crate) fn wait_ready<P: Programmer + ?Sized>(
    programmer: &mut P,
    steady: Steady,
    busy: Busy,
    first: Duration,
    what: &dyn Fn() -> String,
) -> Result<Ready, FlashError> {
    let began = programmer.now();
    if !first.is_zero() {
        programmer.sleep(first);
    }
    let mut step = (busy.typical / 128).max(Duration::from_micros(50));
    let longest_step = (busy.typical / 8).max(Duration::from_millis(1));
    let (mut illegal, mut polls) = (0, 0);
    loop {
        let mut answer = [0; 2];
        programmer.run(&mut [Transaction::read(&[READ_STATUS], &mut answer)])?;
        polls += 1;
        let waited = programmer.now().saturating_sub(began);
        let bad = answer.into_iter().find(|s| !steady.allows(*s));
        if let Some(status) = bad {
            illegal += 1;
            if illegal >= LOST_AFTER {
                return Err(FlashError::BusLost {
                    what: what(),
                    status,
                    expected: steady.value & !steady.may_change,
                });
            }
            continue;
        }
        illegal = 0;
        if answer.iter().all(|s| s & BUSY == 0 || s & steady.sticky != 0) {
            return Ok(Ready { took: waited, polls, status: answer[1] });
        }
        if waited > busy.max * 2 {
            return Err(FlashError::StillBusy { what: what(), after: waited, status: answer[1] });
        }
        programmer.sleep(step);
        step = (step * 3 / 2).min(longest_step);
    }
}

/// The part of a datasheet's typical time that is slept before the first poll: many chips are quicker.
pub(crate) fn most_of(typical: Duration) -> Duration {
    typical * 3 / 4
}

/// How long one kind of operation takes on this very chip, learned from its waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Learned(Duration);

impl Learned {
    /// From a wait: one that was over at the first look says only that less sleep is enough.
    pub fn from(ready: Ready, max: Duration) -> Self {
        let time = if ready.polls > 1 { ready.took } else { ready.took * 7 / 8 };
        Self(time.min(max))
    }

    /// What is slept before the first poll next time.
    pub fn sleep(self) -> Duration {
        self.0 * 31 / 32
    }
}

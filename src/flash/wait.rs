//! Waiting for BUSY to end: asleep for most of the expected time, then fine polls, always bounded.
//!
//! A status that this chip cannot show is a lost bus, never "busy": a bus at FF would else be busy forever. A status that
//! looks busy on a bus that is stuck is found by the id ([`super::stuck`]), within a second.

use super::FlashError;
use super::command::{BUSY, READ_STATUS};
use super::geometry::Busy;
use super::stuck;
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
    /// Every second byte of an answer is another register.
    pub alternates: bool,
}

impl Steady {
    /// With BUSY and WEL free to change.
    #[cfg(test)]
    pub fn plain(value: u8) -> Self {
        Self { value, may_change: BUSY | super::command::WEL, sticky: 0, alternates: false }
    }

    /// Makes an answer to `05` one of SR1 alone: a byte of the other register becomes the byte before it.
    pub fn only_first(&self, answer: &mut [u8]) {
        if self.alternates {
            answer.chunks_exact_mut(2).for_each(|pair| pair[1] = pair[0]);
        }
    }

    /// True when the chip can show this value.
    pub fn allows(&self, status: u8) -> bool {
        (status ^ self.value) & !self.may_change == 0
    }
}

/// Illegal answers in a row that make a lost bus; one or two may be noise on a long wire.
const LOST_AFTER: u32 = 4;

/// The longest sleep between two looks: a bus that is lost or stuck is noticed within a second.
const LOOK_EVERY: Duration = Duration::from_millis(800);
/// A wait of this length is asked whether the bus is stuck, and again in each [`LOOK_EVERY`].
const DOUBT_AFTER: Duration = Duration::from_millis(500);

/// What was sent and has not been seen to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AtWork {
    /// How long it takes.
    pub busy: Busy,
    /// What SR1 may show meanwhile.
    pub steady: Steady,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    /// From the call to the end.
    pub took: Duration,
    /// The last moment it was seen busy; `None`: it may have ended long before the first look.
    pub busy_at: Option<Duration>,
    /// The last status.
    pub status: u8,
}

/// Polls until BUSY ends.
///
/// Both bytes of a poll must say ready: one flipped bit does not end a wait.
pub(crate) fn wait_ready<P: Programmer + ?Sized>(
    programmer: &mut P,
    steady: Steady,
    busy: Busy,
    watch: Watch,
    what: &dyn Fn() -> String,
) -> Result<Ready, FlashError> {
    let began = programmer.now();
    if !watch.first.is_zero() {
        programmer.sleep(watch.first.min(LOOK_EVERY));
    }
    let mut step = watch.step;
    let longest_step = (busy.typical / 8).max(Duration::from_millis(1)).min(LOOK_EVERY);
    let (mut illegal, mut busy_at, mut doubt_at) = (0, None, DOUBT_AFTER);
    loop {
        let mut read = [0; 3];
        let read = &mut read[..if steady.alternates { 3 } else { 2 }];
        // The answer is as old as the question: a host that was held up since has seen nothing of the time between.
        let asked = programmer.now().saturating_sub(began);
        programmer.run(&mut [Transaction::read(&[READ_STATUS], read)])?;
        let answer = [read[0], read[read.len() - 1]];
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
            return Ok(Ready { took: waited, busy_at, status: answer[1] });
        }
        let over = asked > (busy.max * 2).max(LEAST_LIMIT);
        if over || waited >= doubt_at {
            stuck::refuse_constant(programmer, &answer, what)?;
            doubt_at = waited + LOOK_EVERY;
        }
        if over {
            return Err(FlashError::StillBusy { what: what(), after: waited, status: answer[1] });
        }
        busy_at = Some(waited);
        let early = watch.first.saturating_sub(waited).min(LOOK_EVERY);
        if !early.is_zero() {
            programmer.sleep(early);
            continue;
        }
        programmer.sleep(step);
        step = (step * 3 / 2).min(longest_step);
    }
}

/// When to look: what is slept before the first poll, and the first step after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Watch {
    /// Slept before the first poll.
    pub first: Duration,
    /// Slept between the first and the second poll; later ones grow by half.
    pub step: Duration,
}

impl Watch {
    /// At once, then in steps of a hundredth of the typical time: for what should be over already.
    pub fn now(busy: Busy) -> Self {
        Self { first: Duration::ZERO, step: (busy.typical / 100).max(LEAST_STEP) }
    }

    /// By the datasheet: many chips are quicker than its typical time.
    pub fn typical(busy: Busy) -> Self {
        Self { first: busy.typical * 3 / 4, step: (busy.typical / 24).max(LEAST_STEP) }
    }

    /// After a wait watched like this: next time nothing is asked before the last moment it was still busy, as long as
    /// that is not far from typical: one slow block says nothing of the next, and what is slept too long is lost.
    /// One that was over at the first look says only that less sleep is enough.
    pub fn learn(self, ready: Ready, busy: Busy) -> Self {
        let Some(busy_at) = ready.busy_at else {
            return Self { first: (self.first * 31 / 32).min(busy.typical), ..self };
        };
        let first = busy_at.min(busy.typical * 3 / 2);
        let unsure = ready.took.saturating_sub(busy_at);
        Self { first, step: (unsure / 6).max(first / 192).max(LEAST_STEP) }
    }
}

/// The shortest limit: a few round trips, where the chip's own is shorter than one.
const LEAST_LIMIT: Duration = Duration::from_millis(10);
const LEAST_STEP: Duration = Duration::from_micros(50);

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Answers busy once and is held up meanwhile, far beyond any limit; then `after`.
    struct HeldUp {
        now: Duration,
        after: u8,
    }

    impl Programmer for HeldUp {
        fn limits(&self) -> crate::spi::Limits {
            unreachable!("a wait asks for no limits")
        }
        fn run(&mut self, batch: &mut [Transaction<'_>]) -> Result<(), crate::spi::SpiError> {
            let answer = if self.now.is_zero() { BUSY } else { self.after };
            for transaction in batch.iter_mut() {
                // A busy chip does not answer the id: the line is at its pull-up.
                let asks_id = matches!(transaction.ops[..], [crate::spi::Op::Write([0x9F]), ..]);
                for op in &mut transaction.ops {
                    if let crate::spi::Op::Read(into) = op {
                        into.fill(if asks_id { 0xFF } else { answer });
                    }
                }
            }
            self.now += MS * 60_000;
            Ok(())
        }
        fn baseline(&mut self, len: usize) -> Result<Vec<u8>, crate::spi::SpiError> {
            Ok(vec![0; len])
        }
        fn set_clock(&mut self, hz: u32) -> Result<u32, crate::spi::SpiError> {
            Ok(hz)
        }
        fn release(&mut self) -> Result<(), crate::spi::SpiError> {
            Ok(())
        }
        fn now(&self) -> Duration {
            self.now
        }
        fn sleep(&mut self, time: Duration) {
            self.now += time;
        }
    }

    #[test]
    fn a_host_that_was_held_up_looks_again_before_it_gives_the_chip_up() {
        let wait = |after| {
            let mut programmer = HeldUp { now: Duration::ZERO, after };
            wait_ready(&mut programmer, Steady::plain(0), BLOCK, Watch::now(BLOCK), &|| "x".into())
        };
        assert_eq!(wait(0).unwrap().status, 0);
        assert!(matches!(wait(BUSY), Err(FlashError::StillBusy { .. })));
    }
    const BLOCK: Busy = Busy { typical: Duration::from_millis(150), max: Duration::from_millis(2000) };

    fn learnt(watch: Watch, took: u32, busy_at: Option<u32>) -> Watch {
        watch.learn(Ready { took: MS * took, busy_at: busy_at.map(|at| MS * at), status: 0 }, BLOCK)
    }

    #[test]
    fn the_next_wait_sleeps_to_just_before_the_end_of_the_last() {
        let watch = learnt(Watch::typical(BLOCK), 140, Some(134));
        assert_eq!((watch.first, watch.step), (MS * 134, MS));
        assert!(learnt(watch, 135, None).first < MS * 131);
    }

    #[test]
    fn one_slow_block_does_not_make_the_quick_ones_after_it_slow() {
        let slow = learnt(Watch::typical(BLOCK), 1900, Some(1890));
        assert_eq!(slow.first, MS * 225);
        assert_eq!(learnt(slow, 226, None).first, MS * 150);
    }
}

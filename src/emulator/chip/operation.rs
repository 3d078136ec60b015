//! What makes the chip busy: erase, program, register writes; their end, suspension, and what is left when cut short.

use super::model::{FlashChip, OperationFault};
use crate::emulator::counts::Misdeed;
use std::ops::Range;
use std::time::Duration;

/// The effect an operation has when it ends.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Program {
        at: usize,
        latch: Vec<u8>,
    },
    Erase(Range<usize>),
    /// One of several programs after one write enable.
    ProgramOn {
        at: usize,
        latch: Vec<u8>,
    },
    ProgramSecurity {
        index: usize,
        at: usize,
        latch: Vec<u8>,
    },
    EraseSecurity(usize),
    Registers(Vec<u8>),
    /// The time a suspend command needs.
    Suspending(Box<Pending>),
}

/// An operation under way.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) work: Work,
    pub(super) until: Duration,
    silent: bool,
}

impl FlashChip {
    /// Starts an operation; the chip is busy from `now`.
    pub(super) fn start(&mut self, now: Duration, work: Work, time: Duration) {
        self.counts.operations += 1;
        self.counts.busy += time;
        let (mut until, mut silent) = (now + time, false);
        if let Some(fault) = self.faults.get(&self.counts.operations) {
            self.counts.faults += 1;
            match *fault {
                OperationFault::Silent => silent = true,
                OperationFault::Forever => until = Duration::MAX,
                OperationFault::PowerCut(part) => {
                    self.cut_at = Some(now + time.mul_f64(part.clamp(0.0, 1.0)))
                }
            }
        }
        self.busy = Some(Pending { work, until, silent });
    }

    /// Brings the chip to `now`: ends what has ended, and loses power where a fault says so.
    pub(in crate::emulator) fn advance_to(&mut self, now: Duration) {
        let cut = self.cut_at.filter(|cut| *cut <= now);
        let moment = cut.unwrap_or(now);
        while self.busy.as_ref().is_some_and(|busy| busy.until <= moment && busy.until != Duration::MAX) {
            let Some(pending) = self.busy.take() else { break };
            self.finish_operation(pending);
        }
        if cut.is_some() {
            self.lose_power();
        }
    }

    fn finish_operation(&mut self, pending: Pending) {
        if let Work::Suspending(inner) = pending.work {
            self.suspended = Some(*inner);
            return;
        }
        self.wel = matches!(pending.work, Work::ProgramOn { .. }) && self.onward.is_some();
        if pending.silent {
            return;
        }
        self.note_change(&pending.work);
        match pending.work {
            Work::Program { at, latch } | Work::ProgramOn { at, latch } => {
                for (cell, data) in self.array[at..].iter_mut().zip(&latch) {
                    *cell &= data;
                }
            }
            Work::Erase(range) => self.array[range].fill(0xff),
            Work::ProgramSecurity { index, at, latch } => {
                for (cell, data) in self.security[index][at..].iter_mut().zip(&latch) {
                    *cell &= data;
                }
            }
            Work::EraseSecurity(index) => self.security[index].fill(0xff),
            Work::Registers(new) => {
                self.kept.clone_from(&new);
                self.registers = new;
                self.follow_mode_bit();
            }
            Work::Suspending(_) => {}
        }
    }

    /// Remembers what lasting bytes an operation changes, for whoever writes them down as they change.
    fn note_change(&mut self, work: &Work) {
        match work {
            _ if !self.watched => {}
            Work::Program { at, latch } | Work::ProgramOn { at, latch } => {
                self.changes.push(*at..(at + latch.len()).min(self.array.len()));
            }
            Work::Erase(range) => self.changes.push(range.clone()),
            Work::ProgramSecurity { .. } | Work::EraseSecurity(_) | Work::Registers(_) => {
                self.small_changes = true;
            }
            Work::Suspending(_) => {}
        }
    }

    /// What has changed since the last call: ranges of the array, and whether anything else that lasts.
    pub(in crate::emulator) fn take_changes(&mut self) -> (Vec<Range<usize>>, bool) {
        self.watched = true;
        (std::mem::take(&mut self.changes), std::mem::take(&mut self.small_changes))
    }

    /// Breaks off what runs and what is suspended; the cells concerned are undefined from then on.
    pub(super) fn abandon(&mut self) {
        for pending in [self.busy.take(), self.suspended.take()].into_iter().flatten() {
            self.leave_undefined(pending.work);
        }
    }

    fn leave_undefined(&mut self, work: Work) {
        self.note_change(&work);
        match work {
            // Bits that were being programmed are 0 or still 1.
            Work::Program { at, latch } | Work::ProgramOn { at, latch } => {
                for (cell, data) in self.array[at..].iter_mut().zip(&latch) {
                    *cell &= data | self.random.byte();
                }
            }
            Work::ProgramSecurity { index, at, latch } => {
                for (cell, data) in self.security[index][at..].iter_mut().zip(&latch) {
                    *cell &= data | self.random.byte();
                }
            }
            Work::Erase(range) => self.random.fill(&mut self.array[range]),
            Work::EraseSecurity(index) => self.random.fill(&mut self.security[index]),
            Work::Registers(new) => {
                for (kept, new) in self.kept.iter_mut().zip(&new) {
                    *kept ^= (*kept ^ new) & self.random.byte();
                }
            }
            Work::Suspending(inner) => self.leave_undefined(inner.work),
        }
    }

    /// Time to program `bytes` bytes of one page.
    pub(super) fn program_time(&self, bytes: usize) -> Duration {
        let times = &self.spec.times;
        if bytes >= self.spec.page {
            return times.page;
        }
        (times.first_byte + times.next_byte * (bytes.saturating_sub(1) as u32)).min(times.page)
    }

    /// Time to erase `size` bytes.
    pub(super) fn erase_time(&self, size: usize) -> Duration {
        let times = &self.spec.times;
        times.erase.iter().find(|(at_most, _)| size <= *at_most).map_or(times.chip, |(_, time)| *time)
    }

    /// 75h: an erase or program of the array can be suspended, a chip erase or register write cannot.
    pub(super) fn suspend(&mut self, now: Duration) {
        let can = match &self.busy {
            Some(Pending { work: Work::Program { .. }, .. }) => true,
            Some(Pending { work: Work::Erase(range), .. }) => range.len() < self.spec.size,
            _ => false,
        };
        if !can || self.suspended.is_some() {
            return;
        }
        if let Some(mut inner) = self.busy.take() {
            // What is left of its time.
            inner.until = inner.until.saturating_sub(now);
            let until = now + self.spec.times.suspend;
            self.busy = Some(Pending { work: Work::Suspending(Box::new(inner)), until, silent: false });
        }
    }

    /// An operation as a board leaves it: suspended, with `rest` of its time to go.
    pub(super) fn leave_suspended(&mut self, work: Work, rest: Duration) {
        self.suspended = Some(Pending { work, until: rest, silent: false });
    }

    /// The cells that a suspended operation has left undefined.
    pub(super) fn undefined(&self) -> Range<usize> {
        match self.suspended.as_ref().map(|p| &p.work) {
            Some(Work::Erase(range)) => range.clone(),
            Some(Work::Program { at, latch }) => *at..at + latch.len(),
            _ => 0..0,
        }
    }

    /// 7Ah.
    pub(super) fn resume(&mut self, now: Duration) {
        if let Some(mut inner) = self.suspended.take() {
            inner.until = now.saturating_add(inner.until);
            self.busy = Some(inner);
        }
    }

    /// True when a suspended operation forbids this one; only a program outside of a suspended erase goes through.
    pub(super) fn suspension_forbids(&mut self, range: Option<&Range<usize>>, erase: bool, op: u8) -> bool {
        let Some(pending) = &self.suspended else { return false };
        let allowed = match (&pending.work, range) {
            (Work::Erase(under), Some(range)) => {
                !erase && (range.end <= under.start || under.end <= range.start)
            }
            _ => false,
        };
        if !allowed {
            self.counts.misdeed(Misdeed::Suspended(op));
        }
        !allowed
    }
}

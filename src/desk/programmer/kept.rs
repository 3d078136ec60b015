//! A programmer that stays open from job to job: opened and proven once, its pins let go in between.

use super::bench::{AnyProgrammer, Bench};
use crate::spi::Transaction;
use std::cell::RefCell;

/// Read status register 1: every chip may be asked this in every state, and so may an empty clip.
const READ_STATUS: u8 = 0x05;

/// The place for one open programmer, of a front end that carries out job after job.
#[derive(Default)]
pub struct Kept(RefCell<Option<Bench>>);

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Kept").field(&self.0.borrow().as_ref().map(|bench| bench.name.clone())).finish()
    }
}

impl Kept {
    /// The open programmer, where it is the one that this text means and still answers. Any other one is closed.
    pub(super) fn take(&self, text: Option<&str>) -> Option<Bench> {
        let mut bench = self.0.take().filter(|bench| bench.text.as_deref() == text)?;
        let clock_hz = bench.clock_hz;
        answers(&mut bench.programmer, clock_hz).then_some(bench)
    }

    /// Keeps it for the next job, where it is open still.
    pub(super) fn put(&self, bench: Option<Bench>) {
        self.0.replace(bench);
    }
}

/// True where a programmer takes its clock and carries a question out. One that was unplugged meanwhile does not.
fn answers(programmer: &mut AnyProgrammer, clock_hz: u32) -> bool {
    if programmer.limits().clock_hz != clock_hz && programmer.set_clock(clock_hz).is_err() {
        return false;
    }
    programmer.run(&mut [Transaction::read(&[READ_STATUS], &mut [0])]).is_ok()
}

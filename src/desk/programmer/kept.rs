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

#[cfg(test)]
mod tests {
    use super::super::super::front::{Front, Notice};
    use super::super::super::{Answer, Desk, Question, Refusal, Why};
    use super::super::ProgrammerChoice;
    use super::*;
    use crate::spi::Programmer;
    use std::ops::ControlFlow;

    /// A front end that keeps its programmer.
    #[derive(Default)]
    struct Keeps(Kept);

    impl Front for Keeps {
        fn notice(&self, _: Notice<'_>) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
        fn ask(&self, _: &Question<'_>) -> Answer {
            panic!("nothing is asked")
        }
        fn kept(&self) -> Option<&Kept> {
            Some(&self.0)
        }
    }

    #[test]
    fn the_clock_of_one_job_is_not_that_of_the_next_and_a_failure_closes_the_programmer() {
        let programmer = ProgrammerChoice::parse("emu:programmer=ft2232h").unwrap();
        let (desk, front) = (Desk { programmer, ..Desk::default() }, Keeps::default());
        let opened = desk.with_programmer::<_, Refusal>(&front, |mut programmer, _| {
            let hz = programmer.limits().clock_hz;
            assert_eq!(programmer.set_clock(1_000_000).unwrap(), 1_000_000);
            // What the emulator has counted is gone with it.
            Ok((hz, programmer.now()))
        });
        let (hz, time) = opened.unwrap();
        let next = desk.with_programmer::<_, Refusal>(&front, |programmer, _| {
            Ok((programmer.limits().clock_hz, programmer.now()))
        });
        let (again, later) = next.unwrap();
        assert_eq!(again, hz);
        assert!(later > time, "one emulator, whose clock runs on");
        let failed = desk.with_programmer(&front, |_, _| Err::<(), _>(Refusal::from(Why::NothingToErase)));
        assert!(failed.is_err() && front.0.0.borrow().is_none(), "{:?}", front.0);
    }
}

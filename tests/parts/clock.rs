//! The clock of reads on a programmer faster than a part allows: `03` within its own limit, everything within the part's.

use super::direct::Direct;
use norsplice::emulator::chip::find;
use norsplice::flash::Chip;
use norsplice::span::Span;
use norsplice::spi::{Limits, Op, Programmer, SpiError, Transaction};
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

/// A programmer of up to 60 MHz that notes opcode and clock of each window.
struct Fast {
    below: Direct,
    clock_hz: u32,
    noted: Rc<RefCell<Vec<(u8, u32)>>>,
}

impl Programmer for Fast {
    fn limits(&self) -> Limits {
        Limits { clock_hz: self.clock_hz, ..self.below.limits() }
    }
    fn run(&mut self, batch: &mut [Transaction<'_>]) -> Result<(), SpiError> {
        for transaction in &*batch {
            if let Some(Op::Write(bytes)) = transaction.ops.first() {
                self.noted.borrow_mut().push((bytes[0], self.clock_hz));
            }
        }
        self.below.run(batch)
    }
    fn baseline(&mut self, len: usize) -> Result<Vec<u8>, SpiError> {
        self.below.baseline(len)
    }
    fn set_clock(&mut self, hz: u32) -> Result<u32, SpiError> {
        // 60, 30, 20, 15, ... MHz.
        self.clock_hz = (1..).map(|n| 60_000_000 / n).find(|clock| *clock <= hz).unwrap_or(1);
        Ok(self.clock_hz)
    }
    fn release(&mut self) -> Result<(), SpiError> {
        self.below.release()
    }
    fn now(&self) -> Duration {
        self.below.now()
    }
    fn sleep(&mut self, time: Duration) {
        self.below.sleep(time);
    }
}

/// The clocks at which the two passes read by `0B` and `03`, and the one that is left.
fn clocks(part: &str) -> (Vec<u32>, Vec<u32>, u32) {
    let noted = Rc::new(RefCell::new(Vec::new()));
    let below = Direct::new(find(part).unwrap(), 3);
    let mut chip = Chip::connect(Fast { below, clock_hz: 60_000_000, noted: Rc::clone(&noted) }).unwrap();
    noted.borrow_mut().clear();
    let span = Span::new(0, 0x1_0000);
    let _ = chip.read_forward(span, &mut |_, _| ControlFlow::Continue(())).unwrap();
    let _ = chip.read_second_opinion(span, &mut |_, _| ControlFlow::Continue(())).unwrap();
    let at = |opcode| -> Vec<u32> {
        let mut all: Vec<u32> =
            noted.borrow().iter().filter(|(op, _)| *op == opcode).map(|(_, hz)| *hz).collect();
        all.dedup();
        all
    };
    let left = chip.programmer().limits().clock_hz;
    (at(0x0B), at(0x03), left)
}

#[test]
fn the_plain_pass_stays_within_its_own_limit() {
    assert_eq!(clocks("W25Q64FV"), (vec![60_000_000], vec![30_000_000], 60_000_000));
}

#[test]
fn a_slow_part_lowers_the_clock_of_everything() {
    assert_eq!(clocks("M25P40"), (vec![20_000_000], vec![20_000_000], 20_000_000));
}

//! A programmer straight onto an emulated chip: no USB between, time is counted.

use norsplice::emulator::chip::{ChipSpec, FlashChip};
use norsplice::spi::{Limits, Op, Programmer, SpiError, Transaction};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

const HZ: u32 = 30_000_000;
/// Between two windows.
const GAP: Duration = Duration::from_micros(1);

/// The chip, shared between the driver and the test that looks at it.
#[derive(Clone)]
pub struct Direct {
    pub chip: Rc<RefCell<FlashChip>>,
    now: Duration,
}

impl Direct {
    pub fn new(spec: ChipSpec, seed: u64) -> Self {
        let chip = Rc::new(RefCell::new(FlashChip::new(spec, seed)));
        Self { chip, now: Duration::from_secs(1) }
    }

    pub fn misdeeds(&self) -> String {
        self.chip.borrow().counts().misdeed_text()
    }

    fn clock(&mut self, out: &[u8], into: &mut [u8]) {
        self.chip.borrow_mut().clock(self.now, HZ, out, into);
        self.now += Duration::from_nanos(out.len() as u64 * 8_000_000_000 / u64::from(HZ));
    }
}

impl Programmer for Direct {
    fn limits(&self) -> Limits {
        Limits {
            clock_hz: HZ,
            round_trip: Duration::from_micros(100),
            per_transaction: GAP,
            max_transaction: 1 << 20,
            read_batch: 1 << 16,
            pauses: true,
        }
    }

    fn run(&mut self, batch: &mut [Transaction<'_>]) -> Result<(), SpiError> {
        for transaction in batch {
            self.chip.borrow_mut().select(self.now);
            for op in &mut transaction.ops {
                match op {
                    Op::Write(bytes) => self.clock(bytes, &mut vec![0; bytes.len()]),
                    Op::Read(into) => self.clock(&vec![0xFF; into.len()], into),
                    Op::Transfer(both) => {
                        let out = both.to_vec();
                        self.clock(&out, both);
                    }
                }
            }
            self.chip.borrow_mut().deselect(self.now);
            self.now += transaction.pause.max(GAP);
        }
        Ok(())
    }

    fn baseline(&mut self, len: usize) -> Result<Vec<u8>, SpiError> {
        Ok(vec![0xFF; len])
    }

    fn set_clock(&mut self, _hz: u32) -> Result<u32, SpiError> {
        Ok(HZ)
    }

    fn release(&mut self) -> Result<(), SpiError> {
        Ok(())
    }

    fn now(&self) -> Duration {
        self.now
    }

    fn sleep(&mut self, time: Duration) {
        self.now += time;
    }
}

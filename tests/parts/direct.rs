//! A programmer straight onto an emulated chip: no USB between, time is counted, every window noted, one can be lost.

use norsplice::emulator::chip::FlashChip;
use norsplice::emulator::chip::spec::ChipSpec;
use norsplice::spi::{Limits, Op, Programmer, SpiError, Transaction};
use norsplice::usb::UsbError;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

const HZ: u32 = 30_000_000;
/// Between two windows.
const GAP: Duration = Duration::from_micros(1);

/// The chip, shared between the driver and the test that looks at it.
#[derive(Clone)]
pub struct Direct {
    pub chip: Rc<RefCell<FlashChip>>,
    /// The first bytes of what was sent in each window.
    pub windows: Rc<RefCell<Vec<Vec<u8>>>>,
    /// The window, counted from now, before which the connection fails, once.
    pub fails_at: Rc<RefCell<Option<usize>>>,
    now: Rc<Cell<Duration>>,
}

/// Bytes of a window that are noted.
const NOTED: usize = 8;

impl Direct {
    pub fn new(spec: ChipSpec, seed: u64) -> Self {
        let chip = Rc::new(RefCell::new(FlashChip::new(spec, seed)));
        let now = Rc::new(Cell::new(Duration::from_secs(1)));
        Self { chip, windows: Rc::default(), fails_at: Rc::default(), now }
    }

    /// Opcodes sent so far, and how often.
    pub fn sent(&self, opcode: u8) -> usize {
        self.windows.borrow().iter().filter(|w| w.first() == Some(&opcode)).count()
    }

    /// The chip's supply taken away and given back, long enough ago.
    pub fn power_cycle(&self) {
        let mut chip = self.chip.borrow_mut();
        chip.power_cut(self.now.get());
        chip.power_up(self.now.get());
        self.advance(Duration::from_millis(50));
    }

    /// The time on the programmer's clock.
    pub fn time(&self) -> Duration {
        self.now.get()
    }

    fn advance(&self, by: Duration) {
        self.now.set(self.now.get() + by);
    }

    pub fn misdeeds(&self) -> String {
        self.chip.borrow().counts().misdeed_text()
    }

    fn clock(&mut self, out: &[u8], into: &mut [u8]) {
        self.chip.borrow_mut().clock(self.now.get(), HZ, out, into);
        self.advance(Duration::from_nanos(out.len() as u64 * 8_000_000_000 / u64::from(HZ)));
    }
}

impl Programmer for Direct {
    fn limits(&self) -> Limits {
        Limits {
            clock_hz: HZ,
            round_trip: Duration::from_micros(100),
            per_transaction: GAP,
            max_transaction: 1 << 20,
            max_write: 1 << 20,
            read_batch: 1 << 16,
            pauses: true,
        }
    }

    fn run(&mut self, batch: &mut [Transaction<'_>]) -> Result<(), SpiError> {
        for transaction in batch {
            let due = self.fails_at.borrow().map(|left| left.checked_sub(1));
            if let Some(left) = due {
                *self.fails_at.borrow_mut() = left;
                if left.is_none() {
                    return Err(UsbError::Timeout { what: "test", after: GAP }.into());
                }
            }
            let mut sent = Vec::new();
            self.chip.borrow_mut().select(self.now.get());
            for op in &mut transaction.ops {
                match op {
                    Op::Write(bytes) => {
                        sent.extend(bytes.iter().take(NOTED - sent.len().min(NOTED)));
                        self.clock(bytes, &mut vec![0; bytes.len()]);
                    }
                    Op::Read(into) => self.clock(&vec![0xFF; into.len()], into),
                    Op::Transfer(both) => {
                        let out = both.to_vec();
                        self.clock(&out, both);
                    }
                }
            }
            self.chip.borrow_mut().deselect(self.now.get());
            self.windows.borrow_mut().push(sent);
            self.advance(transaction.pause.max(GAP));
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
        self.now.get()
    }

    fn sleep(&mut self, time: Duration) {
        self.advance(time);
    }
}

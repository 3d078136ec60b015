//! A pipe that ends its work when it is told to stop: one burst is refused, and what follows, the release of the pins,
//! is sent.

use crate::usb::{About, Burst, Control, Pipe, Reply, UsbError};
use std::time::Duration;

/// Any pipe, asked before each burst whether to go on.
pub(super) struct Heeding<P, S> {
    pipe: P,
    stop: S,
    refused: bool,
}

impl<P: Pipe, S: Fn() -> bool> Heeding<P, S> {
    pub(super) fn new(pipe: P, stop: S) -> Self {
        Self { pipe, stop, refused: false }
    }
}

impl<P: Pipe, S: Fn() -> bool> Pipe for Heeding<P, S> {
    fn control_out(&mut self, control: Control, data: &[u8]) -> Result<(), UsbError> {
        self.pipe.control_out(control, data)
    }
    fn control_in(&mut self, control: Control, into: &mut [u8]) -> Result<usize, UsbError> {
        self.pipe.control_in(control, into)
    }
    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
        if !self.refused && (self.stop)() {
            self.refused = true;
            // What ends every test at once; whoever asked knows that it was a stop.
            return Err(UsbError::Gone);
        }
        self.pipe.burst(burst, reply)
    }
    fn drain(&mut self, len: usize, wait: Duration) -> Result<Vec<u8>, UsbError> {
        self.pipe.drain(len, wait)
    }
    fn in_packet(&self) -> Option<usize> {
        self.pipe.in_packet()
    }
    fn about(&self) -> About {
        self.pipe.about()
    }
    fn now(&self) -> Duration {
        self.pipe.now()
    }
    fn sleep(&mut self, time: Duration) {
        self.pipe.sleep(time);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Settings, self_test_over};
    use crate::emulator::{Emulator, Options, ProgrammerKind};
    use crate::spi::SpiError;
    use std::cell::Cell;
    use std::rc::Rc;

    #[test]
    fn a_self_test_ends_where_it_is_stopped_and_lets_go_of_the_pins() {
        for (kind, name) in [(ProgrammerKind::Ch341a, "ch341a"), (ProgrammerKind::Ft2232h, "ft2232h")] {
            // While the programmer is brought up, in the proofs without a chip, in the thousand, and with the chip.
            for bursts in [0, 3, 20, 500, 1100] {
                let emulator = Emulator::new(Options::new(kind)).unwrap();
                let left = Rc::new(Cell::new(bursts));
                let stop = {
                    let left = left.clone();
                    move || {
                        let before: u32 = left.get();
                        left.set(before.saturating_sub(1));
                        before == 0
                    }
                };
                let tested = self_test_over(emulator.pipe(), &Settings::parse(name).unwrap(), true, stop);
                assert_eq!(tested.err(), Some(SpiError::Stopped), "{name} after {bursts}");
                assert_eq!(left.get(), 0, "{name} after {bursts}: it was not that long");
                assert_eq!(emulator.pins().1, 0, "{name} after {bursts}: pins let go");
            }
        }
    }
}

//! The chip driven directly: every rule of the data sheet that a driver can trip over.

mod registers;
mod schemes;
mod security;
mod supply;
mod transfers;

use super::{FlashChip, find};
use std::time::Duration;

const HZ: u32 = 10_000_000;
/// Between two windows.
const GAP: Duration = Duration::from_micros(1);

/// A chip with a hand on its wires.
struct Bench {
    chip: FlashChip,
    now: Duration,
}

impl Bench {
    fn new(part: &str) -> Self {
        let chip = FlashChip::new(find(part).expect("a part"), 1);
        Self { chip, now: Duration::from_millis(1) }
    }

    /// One window.
    fn ask(&mut self, write: &[u8], read: usize) -> Vec<u8> {
        let mut bytes = write.to_vec();
        bytes.resize(write.len() + read, 0);
        let mut back = vec![0; bytes.len()];
        self.chip.select(self.now);
        self.chip.clock(self.now, HZ, &bytes, &mut back);
        self.now += Duration::from_nanos(800 * bytes.len() as u64);
        self.chip.deselect(self.now);
        self.now += GAP;
        back.split_off(write.len())
    }

    fn send(&mut self, write: &[u8]) {
        self.ask(write, 0);
    }

    /// Write enable, then a command, then its whole time.
    fn write(&mut self, command: &[u8]) {
        self.send(&[0x06]);
        self.send(command);
        self.wait(Duration::from_secs(30));
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.chip.advance_to(self.now);
    }

    fn status(&mut self) -> u8 {
        self.ask(&[0x05], 1)[0]
    }

    fn clean(&self) {
        assert_eq!(self.chip.counts().misdeed_text(), "");
    }

    fn misdeeds(&self) -> String {
        self.chip.counts().misdeed_text()
    }

    /// Takes the supply away and gives it back, long enough before the next command.
    fn power_cycle(&mut self) {
        self.chip.power_cut(self.now);
        self.wait(Duration::from_millis(100));
        self.chip.power_up(self.now);
        self.wait(Duration::from_millis(100));
    }
}

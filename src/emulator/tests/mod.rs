//! The emulator as its hosts see it: packets made by hand from the hardware's descriptions, sent through the pipe.

mod ch341a;
mod faults;
mod ftdi;
mod packets;

use super::{EmulatedPipe, Emulator, Options};
use crate::usb::{Burst, Pipe, Reply, UsbError};
use std::time::Duration;

/// A reply of known packets: `each` bytes an IN transfer, `total` payload bytes in all.
pub(super) struct Fixed {
    pub(super) lens: Vec<usize>,
    pub(super) got: Vec<Vec<u8>>,
    pub(super) ask: usize,
}

impl Reply for Fixed {
    fn next(&self, in_flight: usize) -> Option<usize> {
        (self.got.len() + in_flight < self.lens.len()).then_some(self.ask)
    }
    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        let expected = self.lens[self.got.len()];
        if bytes.len() != expected {
            return Err(UsbError::Desync { what: "test", expected, got: bytes.len() });
        }
        self.got.push(bytes.to_vec());
        Ok(true)
    }
    fn is_complete(&self) -> bool {
        self.got.len() == self.lens.len()
    }
}

/// A stream of payload bytes after FTDI's status bytes.
pub(super) struct Payload {
    left: usize,
    pub(super) bytes: Vec<u8>,
}

impl Payload {
    pub(super) fn new(left: usize) -> Self {
        Self { left, bytes: Vec::with_capacity(left) }
    }
}

impl Reply for Payload {
    fn next(&self, in_flight: usize) -> Option<usize> {
        let rest = self.left.saturating_sub(in_flight * 32 * 510);
        (rest > 0).then(|| (rest.div_ceil(510) * 512).min(32 * 512))
    }
    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        for packet in bytes.chunks(512) {
            assert_eq!(packet[..2], [0x32, 0x60], "status bytes");
            self.bytes.extend_from_slice(&packet[2..]);
            if packet.len() - 2 > self.left {
                return Err(UsbError::Desync { what: "test", expected: self.left, got: packet.len() - 2 });
            }
            self.left -= packet.len() - 2;
        }
        Ok(bytes.chunks(512).any(|packet| packet.len() > 2))
    }
    fn is_complete(&self) -> bool {
        self.left == 0
    }
}

pub(super) const QUIET: Duration = Duration::from_secs(1);

pub(super) fn emulator(contents: Option<Vec<u8>>) -> (Emulator, EmulatedPipe) {
    let emulator = Emulator::new(Options { contents, ..Options::default() }).expect("valid options");
    let pipe = emulator.pipe();
    (emulator, pipe)
}

/// Pseudo-random bytes, the same for every run.
pub(super) fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; len];
    super::random::Random::new(seed).fill(&mut bytes);
    bytes
}

pub(super) fn burst(
    pipe: &mut EmulatedPipe,
    out: &[Vec<u8>],
    depth: usize,
    reply: &mut dyn Reply,
) -> Result<(), UsbError> {
    pipe.burst(Burst { out, in_depth: depth, quiet: QUIET }, reply)
}

/// A state that the part does not have is refused, and the ones that it has are named.
#[test]
fn a_part_is_left_only_in_states_that_it_has() {
    use crate::emulator::chip::LeftState;
    let of = |chip: &str, left| Emulator::new(Options { chip: chip.into(), left, ..Options::default() });
    assert!(of("W25Q256JV", LeftState::parse("four-byte")).unwrap().chip(|c| c.four_byte_mode()));
    let error = of("M25P40", Some(LeftState::FourByte)).err().unwrap().to_string();
    assert!(error.contains("'four-byte'") && error.contains("power-down"), "{error}");
    assert_eq!(LeftState::parse("asleep"), None);
}

//! Foreign drivers on a small model of a chip, and the edges they do not reach.

use super::*;
use crate::spi::Limits;
use embedded_hal::spi::{Operation, SpiDevice as _};
use embedded_hal_02::blocking::spi::{Transfer as _, Write as _};
use embedded_hal_02::digital::v2::OutputPin as _;
use spi_memory::prelude::*;

/// A chip of 128 KiB that is never busy, behind a programmer that keeps a log of its windows.
struct Chip {
    array: Vec<u8>,
    write_enabled: bool,
    windows: Vec<Vec<u8>>,
    slept: Duration,
}

fn chip() -> Chip {
    let array = (0..128 * 1024u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    Chip { array, write_enabled: false, windows: vec![], slept: Duration::ZERO }
}

impl Chip {
    fn address(sent: &[u8]) -> usize {
        sent[1..4].iter().fold(0, |a, b| a << 8 | usize::from(*b))
    }

    /// What the chip answers to the byte that follows `sent`.
    fn answer(&self, sent: &[u8]) -> u8 {
        match *sent {
            [0x05, ..] => u8::from(self.write_enabled) << 1,
            [0x9F, ref more @ ..] => [0xEF, 0x40, 0x11].get(more.len()).copied().unwrap_or(0),
            [0x4B, _, _, _, _, ref more @ ..] => 0x10 + more.len() as u8,
            [0x03, _, _, _, ref more @ ..] => self.array[Self::address(sent) + more.len()],
            _ => 0xFF,
        }
    }

    fn deselected(&mut self, sent: Vec<u8>) {
        match *sent {
            [0x06] => self.write_enabled = true,
            [0x02, _, _, _, ref data @ ..] if std::mem::take(&mut self.write_enabled) => {
                let at = Self::address(&sent);
                self.array[at..at + data.len()].iter_mut().zip(data).for_each(|(a, d)| *a &= d);
            }
            [0x20, _, _, _] if std::mem::take(&mut self.write_enabled) => {
                let at = Self::address(&sent) & !0xFFF;
                self.array[at..at + 4096].fill(0xFF);
            }
            _ => {}
        }
        self.windows.push(sent);
    }
}

impl Programmer for &mut Chip {
    fn limits(&self) -> Limits {
        Limits {
            clock_hz: 1_000_000,
            round_trip: Duration::ZERO,
            per_transaction: Duration::ZERO,
            max_transaction: 1 << 20,
            max_write: 1 << 20,
            read_batch: 65536,
            pauses: false,
        }
    }
    fn run(&mut self, batch: &mut [Transaction<'_>]) -> Result<(), SpiError> {
        for transaction in batch {
            let mut sent = Vec::new();
            for op in &mut transaction.ops {
                match op {
                    Op::Write(bytes) => sent.extend_from_slice(bytes),
                    Op::Read(into) => {
                        for byte in into.iter_mut() {
                            *byte = self.answer(&sent);
                            sent.push(0);
                        }
                    }
                    Op::Transfer(both) => {
                        for byte in both.iter_mut() {
                            let answer = self.answer(&sent);
                            sent.push(std::mem::replace(byte, answer));
                        }
                    }
                }
            }
            self.deselected(sent);
        }
        Ok(())
    }
    fn baseline(&mut self, _: usize) -> Result<Vec<u8>, SpiError> {
        Err(SpiError::Unsupported("baseline".into()))
    }
    fn set_clock(&mut self, _: u32) -> Result<u32, SpiError> {
        Err(SpiError::Unsupported("clock".into()))
    }
    fn release(&mut self) -> Result<(), SpiError> {
        Ok(())
    }
    fn now(&self) -> Duration {
        self.slept
    }
    fn sleep(&mut self, time: Duration) {
        self.slept += time;
    }
}

#[test]
fn spi_memory_reads_each_call_in_one_window() {
    let mut chip = chip();
    let wanted = chip.array.clone();
    let (bus, select) = split(&mut chip);
    let mut flash = spi_memory::series25::Flash::init(bus, select).unwrap();
    let id = flash.read_jedec_id().unwrap();
    assert_eq!((id.mfr_code(), id.device_id()), (0xEF, &[0x40, 0x11][..]));
    let mut data = vec![0; 128 * 1024];
    for (at, part) in (0u32..).step_by(65536).zip(data.chunks_mut(65536)) {
        flash.read(at, part).unwrap();
    }
    drop(flash);
    assert!(data == wanted);
    let lengths: Vec<_> = chip.windows.iter().map(Vec::len).collect();
    assert_eq!(lengths, [2, 12, 65540, 65540], "status, id, two reads");
}

#[test]
fn spi_memory_s_writes_reach_the_chip_as_whole_windows() {
    let mut chip = chip();
    let (bus, select) = split(&mut chip);
    let mut flash = spi_memory::series25::Flash::init(bus, select).unwrap();
    flash.erase_sectors(0x1000, 1).unwrap();
    flash.write_bytes(0x1000, &mut [1, 2, 3]).unwrap();
    drop(flash);
    assert_eq!(chip.array[0x1000..0x1004], [1, 2, 3, 0xFF]);
    assert!(chip.windows.contains(&vec![0x02, 0x00, 0x10, 0x00, 1, 2, 3]));
}

/// A pin that is not there: the clip's WP# and HOLD# are tied.
struct Tied;
impl embedded_hal::digital::ErrorType for Tied {
    type Error = std::convert::Infallible;
}
impl embedded_hal::digital::OutputPin for Tied {
    fn set_low(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

#[test]
fn w25q32jv_erases_writes_and_reads_back() {
    let mut chip = chip();
    let mut flash = w25q32jv::W25q32jv::new(Device(&mut chip), Tied, Tied).unwrap();
    assert_eq!(flash.device_id().unwrap(), [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17]);
    flash.erase_sector(2).unwrap();
    let data: Vec<u8> = (0..600u32).map(|n| n as u8).collect();
    flash.write_blocking(0x20F0, &data).unwrap();
    let mut back = vec![0; 602];
    flash.read(0x20EF, &mut back).unwrap();
    assert_eq!(back[0], 0xFF);
    assert_eq!(back[1..601], data);
    assert_eq!(back[601], 0xFF);
}

#[test]
fn transfers_of_unequal_lengths_are_one_window() {
    let mut chip = chip();
    let first = chip.array[..4].to_vec();
    let mut device = Device(&mut chip);
    let mut read = [0; 8];
    device.transfer(&mut read, &[0x03, 0, 0, 0]).unwrap();
    assert_eq!(read[4..], first);
    let mut short = [0; 1];
    device.transfer(&mut short, &[0x06, 0x00]).unwrap();
    assert_eq!(chip.windows, [vec![0x03, 0, 0, 0, 0, 0, 0, 0], vec![0x06, 0]]);
}

#[test]
fn a_delay_comes_before_the_window_or_is_refused() {
    let mut chip = chip();
    let mut device = Device(&mut chip);
    let mut id = [0; 3];
    device
        .transaction(&mut [
            Operation::DelayNs(30_000),
            Operation::Write(&[0x9F]),
            Operation::DelayNs(0),
            Operation::Read(&mut id),
        ])
        .unwrap();
    let refused = device.transaction(&mut [Operation::Write(&[0x06]), Operation::DelayNs(1)]);
    assert!(matches!(refused, Err(SpiError::Unsupported(_))));
    assert_eq!(id, [0xEF, 0x40, 0x11]);
    assert_eq!(chip.slept, Duration::from_micros(30));
    assert_eq!(chip.windows.len(), 1, "the refused one sent nothing");
}

#[test]
fn windows_are_run_once_and_only_when_they_must() {
    let mut chip = chip();
    let second = chip.array[1];
    let (mut bus, mut select) = split(&mut chip);
    // Nothing is clocked with chip select high.
    assert!(bus.transfer(&mut [0x05]).is_err());
    assert!(bus.write(&[0x05]).is_err());
    // Written pieces and a piece of the answer together: one window.
    select.set_low().unwrap();
    bus.write(&[0x03, 0]).unwrap();
    bus.write(&[0]).unwrap();
    let mut words = [1, 0, 0];
    assert_eq!(bus.transfer(&mut words).unwrap()[..2], [0xFF, second]);
    assert!(bus.transfer(&mut [0]).is_err(), "the window is over on the wire");
    select.set_high().unwrap();
    select.set_high().unwrap();
    // Selected and deselected without a byte: no window.
    select.set_low().unwrap();
    bus.transfer(&mut []).unwrap();
    select.set_high().unwrap();
    // An opcode not known is clocked both ways at once.
    select.set_low().unwrap();
    bus.transfer(&mut [0x77, 1]).unwrap();
    select.set_high().unwrap();
    drop((bus, select));
    assert_eq!(chip.windows, [vec![0x03, 0, 0, 1, 0, 0], vec![0x77, 1]]);
}

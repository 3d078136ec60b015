//! Faults on demand: what goes wrong, and when. All of it is repeatable by its seed.

use super::chip::{DataFault, OperationFault};
use super::clip::WireFaults;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// One fault. Numbers count from 1.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The chip's supply fails after this many bytes have been clocked on SPI.
    PowerCutAtByte(u64),
    /// The chip's supply fails in this operation (erase, program, register write), when this part of its time is over.
    PowerCutInOperation(u64, f64),
    /// This operation takes its time and does nothing.
    SilentOperation(u64),
    /// This operation never ends.
    BusyForever(u64),
    /// The programmer is pulled out of USB at this transfer; the chip loses its supply with it.
    UnplugAtTransfer(u64),
    /// This transfer is answered by STALL.
    StallAtTransfer(u64),
    /// The last byte of this IN packet is missing.
    ShortPacket(u64),
    /// This IN packet never comes.
    LostPacket(u64),
    /// This IN packet comes twice.
    DoublePacket(u64),
    /// Every so-manyth byte that comes in is missing.
    LostBytes(u64),
    /// The host is busy elsewhere for this time before this transfer begins.
    HostHeldUp(u64, Duration),
    /// Each bit read flips with this chance.
    BitFlips(f64),
    /// The chip's data output is stuck at this byte from this time on.
    Stuck(u8, Duration),
    /// The clip is off in this time: no supply, the data output floats high.
    ClipOff(Duration, Duration),
    /// Reads of the array go wrong.
    Data(DataFault),
}

/// A set of faults and the seed of what is random in them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// The seed.
    pub seed: u64,
    /// The faults.
    pub list: Vec<Fault>,
}

impl Faults {
    /// No faults, with a seed.
    pub fn seeded(seed: u64) -> Self {
        Self { seed, list: Vec::new() }
    }

    /// The same with one more.
    pub fn with(mut self, fault: Fault) -> Self {
        self.list.push(fault);
        self
    }

    pub(super) fn wires(&self) -> WireFaults {
        let mut wires = WireFaults::default();
        for fault in &self.list {
            match fault {
                Fault::PowerCutAtByte(n) => wires.cut_at_byte = Some(*n),
                Fault::BitFlips(rate) => wires.flip_rate = *rate,
                Fault::Stuck(level, from) => wires.stuck = Some((*level, *from)),
                Fault::ClipOff(from, to) => wires.off.push(*from..*to),
                _ => {}
            }
        }
        wires
    }

    pub(super) fn operations(&self) -> BTreeMap<u64, OperationFault> {
        self.list
            .iter()
            .filter_map(|fault| match fault {
                Fault::PowerCutInOperation(n, part) => Some((*n, OperationFault::PowerCut(*part))),
                Fault::SilentOperation(n) => Some((*n, OperationFault::Silent)),
                Fault::BusyForever(n) => Some((*n, OperationFault::Forever)),
                _ => None,
            })
            .collect()
    }

    pub(super) fn data(&self) -> Vec<DataFault> {
        let data = |fault: &Fault| if let Fault::Data(fault) = fault { Some(*fault) } else { None };
        self.list.iter().filter_map(data).collect()
    }

    pub(super) fn usb(&self) -> UsbFaults {
        let mut usb = UsbFaults::default();
        for fault in &self.list {
            if let Fault::HostHeldUp(n, time) = fault {
                usb.held_up.insert(*n, *time);
            }
            if let Fault::LostBytes(n) = fault {
                usb.lost_bytes = Some((*n).max(1));
            }
            let (set, n) = match fault {
                Fault::UnplugAtTransfer(n) => (&mut usb.unplug, n),
                Fault::StallAtTransfer(n) => (&mut usb.stall, n),
                Fault::ShortPacket(n) => (&mut usb.short, n),
                Fault::LostPacket(n) => (&mut usb.lost, n),
                Fault::DoublePacket(n) => (&mut usb.double, n),
                _ => continue,
            };
            set.insert(*n);
        }
        usb
    }
}

/// The faults of the USB side: numbers of transfers and of IN packets.
#[derive(Clone, Debug, Default)]
pub(super) struct UsbFaults {
    pub(super) unplug: BTreeSet<u64>,
    pub(super) stall: BTreeSet<u64>,
    pub(super) short: BTreeSet<u64>,
    pub(super) lost: BTreeSet<u64>,
    pub(super) double: BTreeSet<u64>,
    pub(super) held_up: BTreeMap<u64, Duration>,
    pub(super) lost_bytes: Option<u64>,
}

//! Packets and requests that differ from the model all the time, whatever programmer it is.
//!
//! What is here is between the host and the device of the model, which stays as it is. Each kind is a [`Quirk`].

use super::device::{Descriptors, PacketAnswer, Setup, Stalled, UsbDevice};
use super::quirk::Quirk;
use std::collections::VecDeque;
use std::time::Duration;

/// FTDI's idVendor: IN packets begin with two status bytes there.
const FTDI: u16 = 0x0403;
const STATUS: usize = 2;
/// FTDI: CTS alone; the line status shows an overrun, a parity and a framing error, a break and a FIFO error.
const ERRORS: [u8; STATUS] = [0x31, 0xee];
/// FTDI's requests: reset and purge, and the latency timer.
const SIO_RESET: u8 = 0x00;
const SIO_LATENCY: u8 = 0x09;
/// FTDI: the timer of a port that takes no other, in ms.
const LONGEST_LATENCY: u16 = 255;
/// A CH341A's version request, pin packets, and settings.
const CH341_VERSION: u8 = 0x5f;
const CH341_PINS: u8 = 0xab;
const CH341_SETTINGS: u8 = 0xaa;
/// A CH347's chip select.
const CH347_SELECT: u8 = 0xc1;
/// The longest IN packet that is taken apart.
const LONGEST: usize = 512;

/// What changes packets and requests on their way by such quirks.
pub(super) struct Unruly {
    /// The IN endpoint that the clip hangs on.
    into: u8,
    quirks: Vec<Quirk>,
    /// Status bytes before the data of an IN packet.
    status: usize,
    /// Data of IN packets that the device has given and the host has not fetched.
    given: VecDeque<Vec<u8>>,
    /// The last data packet, where it comes again.
    again: Option<Vec<u8>>,
    /// An empty packet has gone before the next one with data.
    announced: bool,
    /// A data packet has been given since the start.
    begun: bool,
    /// An OUT packet that is carried out with the next one.
    put_off: Option<(u8, Vec<u8>)>,
}

impl Unruly {
    /// For the device of these descriptors, where any of the quirks is of this kind; `into` is the IN endpoint that is used.
    pub(super) fn new(quirks: &[Quirk], descriptors: &Descriptors, into: u8) -> Option<Self> {
        let kinds = [
            Quirk::OneByte,
            Quirk::EmptyFirst,
            Quirk::HeldTillOut,
            Quirk::Repeats,
            Quirk::ShortFirst,
            Quirk::ErrorStatus,
            Quirk::LatencyFixed,
            Quirk::LatencyRefused,
            Quirk::PurgesNothing,
            Quirk::PurgesAll,
            Quirk::Version0,
            Quirk::NoSettings,
            Quirk::SelectLate,
        ];
        let quirks: Vec<Quirk> = quirks.iter().copied().filter(|quirk| kinds.contains(quirk)).collect();
        let status = if descriptors.ids().0 == FTDI { STATUS } else { 0 };
        (!quirks.is_empty()).then(|| Self {
            into,
            quirks,
            status,
            given: VecDeque::new(),
            again: None,
            announced: false,
            begun: false,
            put_off: None,
        })
    }

    fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// Takes what the device has ready; `None` where that is nothing, an empty packet where it has only its status.
    fn fetch(&self, device: &mut dyn UsbDevice, now: Duration, endpoint: u8) -> PacketAnswer<Vec<u8>> {
        let mut packet = [0; LONGEST];
        match device.in_packet(now, endpoint, &mut packet) {
            PacketAnswer::Ack(n) => PacketAnswer::Ack(packet[self.status.min(n)..n].to_vec()),
            PacketAnswer::Nak => PacketAnswer::Nak,
            PacketAnswer::Stall => PacketAnswer::Stall,
        }
    }

    /// The data of the next packet for the host, empty for one with nothing in it.
    fn next_packet(
        &mut self,
        device: &mut dyn UsbDevice,
        now: Duration,
        endpoint: u8,
    ) -> PacketAnswer<Vec<u8>> {
        if let Some(again) = self.again.take() {
            return PacketAnswer::Ack(again);
        }
        if self.given.is_empty() && !self.has(Quirk::HeldTillOut) {
            match self.fetch(device, now, endpoint) {
                PacketAnswer::Ack(data) if !data.is_empty() => self.given.push_back(data),
                other => return other,
            }
        }
        let Some(mut data) = self.given.pop_front() else {
            // Status comes all the time; data that comes with it would be given now and not later.
            return if self.status > 0 { PacketAnswer::Ack(Vec::new()) } else { PacketAnswer::Nak };
        };
        if self.has(Quirk::EmptyFirst) && !std::mem::replace(&mut self.announced, true) {
            self.given.push_front(data);
            return PacketAnswer::Ack(Vec::new());
        }
        self.announced = false;
        if self.has(Quirk::ShortFirst) && !std::mem::replace(&mut self.begun, true) {
            data.pop();
        }
        if self.has(Quirk::OneByte) && data.len() > 1 {
            let rest = data.split_off(1);
            self.given.push_front(rest);
        }
        if self.has(Quirk::Repeats) {
            self.again = Some(data.clone());
        }
        PacketAnswer::Ack(data)
    }

    /// Moves what the device has ready to what the host may fetch.
    fn let_out(&mut self, device: &mut dyn UsbDevice, now: Duration) {
        while let PacketAnswer::Ack(data) = self.fetch(device, now, self.into) {
            if data.is_empty() {
                break;
            }
            self.given.push_back(data);
        }
    }

    /// True for a packet at whose end chip select is high.
    fn raises(bytes: &[u8]) -> bool {
        match bytes {
            [CH341_PINS, pins @ ..] => {
                let outputs = pins.iter().take_while(|pin| **pin != 0x20).filter(|pin| **pin >> 6 == 2);
                outputs.last().is_some_and(|last| last & 1 == 1)
            }
            [CH347_SELECT, _, _, lines @ ..] => lines.iter().all(|line| *line != 0x80),
            _ => false,
        }
    }

    /// A class or vendor request to the device.
    pub(super) fn control(
        &self,
        device: &mut dyn UsbDevice,
        now: Duration,
        setup: Setup,
        data: &[u8],
    ) -> Result<Vec<u8>, Stalled> {
        let ftdi = self.status > 0;
        match setup.request {
            CH341_VERSION if self.has(Quirk::Version0) => Ok(vec![0, 0]),
            SIO_LATENCY if ftdi && self.has(Quirk::LatencyRefused) => Err(Stalled),
            SIO_LATENCY if ftdi && self.has(Quirk::LatencyFixed) => {
                device.control(now, Setup { value: LONGEST_LATENCY, ..setup }, data)
            }
            SIO_RESET if ftdi && self.has(Quirk::PurgesNothing) => Ok(Vec::new()),
            SIO_RESET if ftdi && self.has(Quirk::PurgesAll) => {
                device.control(now, Setup { value: 0, ..setup }, data)
            }
            _ => device.control(now, setup, data),
        }
    }

    /// An OUT packet to the device.
    pub(super) fn out_packet(
        &mut self,
        device: &mut dyn UsbDevice,
        now: Duration,
        arrives: Duration,
        endpoint: u8,
        bytes: &[u8],
    ) -> PacketAnswer<()> {
        if self.has(Quirk::NoSettings) && bytes.first() == Some(&CH341_SETTINGS) {
            return PacketAnswer::Stall;
        }
        if self.has(Quirk::HeldTillOut) {
            self.let_out(device, now);
        }
        if let Some((endpoint, put_off)) = &self.put_off {
            match device.out_packet(now, arrives, *endpoint, put_off) {
                PacketAnswer::Ack(()) => self.put_off = None,
                refused => return refused,
            }
        }
        // An FTDI port does the same by commands.
        if self.has(Quirk::SelectLate) && self.status == 0 && Self::raises(bytes) {
            self.put_off = Some((endpoint, bytes.to_vec()));
            return PacketAnswer::Ack(());
        }
        device.out_packet(now, arrives, endpoint, bytes)
    }

    /// An IN packet from the device.
    pub(super) fn in_packet(
        &mut self,
        device: &mut dyn UsbDevice,
        now: Duration,
        endpoint: u8,
        into: &mut [u8],
    ) -> PacketAnswer<usize> {
        let data = match self.next_packet(device, now, endpoint) {
            PacketAnswer::Ack(data) => data,
            PacketAnswer::Nak => return PacketAnswer::Nak,
            PacketAnswer::Stall => return PacketAnswer::Stall,
        };
        let status = if self.has(Quirk::ErrorStatus) { ERRORS } else { [0x32, 0x60] };
        let n = (self.status + data.len()).min(into.len());
        let packet = [&status[..self.status], &data].concat();
        into[..n].copy_from_slice(&packet[..n]);
        PacketAnswer::Ack(n)
    }

    /// What is on its way is gone.
    pub(super) fn reset(&mut self) {
        self.given.clear();
        (self.again, self.put_off) = (None, None);
        (self.announced, self.begun) = (false, false);
    }
}

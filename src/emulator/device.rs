//! A USB device as a host sees it: descriptors, control requests, and packets that are taken, given or put off.
//!
//! Whoever is the host drives a [`UsbDevice`] with the time of each packet: the pipe in this process, a
//! USB/IP server, a stand-in for libusb. USB 2.0, chapters 8 and 9.

use super::clip::Clip;
use std::time::Duration;

/// Bus speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// 12 Mbit/s.
    Full,
    /// 480 Mbit/s.
    High,
    /// No bus: a call of the system, which costs nothing but what the device takes.
    Call,
}

/// The setup stage of a control request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// `bmRequestType`.
    pub request_type: u8,
    /// `bRequest`.
    pub request: u8,
    /// `wValue`.
    pub value: u16,
    /// `wIndex`.
    pub index: u16,
    /// `wLength`.
    pub length: u16,
}

/// How a device answers a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketAnswer<T> {
    /// Taken, or given.
    Ack(T),
    /// Not now.
    Nak,
    /// Refused until the endpoint's halt is cleared.
    Stall,
}

/// What a device says about itself.
#[derive(Clone, Debug)]
pub struct Descriptors {
    /// Bus speed.
    pub speed: Speed,
    /// `wMaxPacketSize` of the bulk endpoints.
    pub packet: usize,
    /// Device descriptor, 18 bytes.
    pub device: Vec<u8>,
    /// Configuration descriptor with all that belongs to it.
    pub configuration: Vec<u8>,
    /// Strings, from index 1.
    pub strings: Vec<String>,
}

impl Descriptors {
    /// Vendor and product id.
    pub fn ids(&self) -> (u16, u16) {
        let word = |at: usize| u16::from_le_bytes([self.device[at], self.device[at + 1]]);
        (word(8), word(10))
    }

    /// Answers a standard request, or `None` when it is for the device's own code.
    pub fn standard(&self, setup: Setup) -> Option<Result<Vec<u8>, Stalled>> {
        if setup.request_type & 0x60 != 0 {
            return None;
        }
        let data = match (setup.request_type & 0x80 != 0, setup.request) {
            (true, 0x00) => Ok(vec![0, 0]),
            (true, 0x06) => self.descriptor(setup.value),
            (true, 0x08) => Ok(vec![1]),
            (true, 0x0a) => Ok(vec![0]),
            // CLEAR_FEATURE, SET_FEATURE, SET_ADDRESS, SET_CONFIGURATION, SET_INTERFACE
            (false, 0x01 | 0x03 | 0x05 | 0x09 | 0x0b) => Ok(Vec::new()),
            _ => Err(Stalled),
        };
        Some(data.map(|mut data| {
            data.truncate(usize::from(setup.length));
            data
        }))
    }

    fn descriptor(&self, value: u16) -> Result<Vec<u8>, Stalled> {
        let index = usize::from(value & 0xff);
        match value >> 8 {
            1 => Ok(self.device.clone()),
            2 if index == 0 => Ok(self.configuration.clone()),
            3 if index == 0 => Ok(vec![4, 3, 0x09, 0x04]),
            3 => {
                let text = self.strings.get(index - 1).ok_or(Stalled)?;
                let mut data = vec![0, 3];
                data.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
                data[0] = u8::try_from(data.len()).map_err(|_| Stalled)?;
                Ok(data)
            }
            _ => Err(Stalled),
        }
    }
}

/// A control request that the device does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stalled;

/// A programmer with its clip, as a USB device. `now` never runs back from call to call.
pub trait UsbDevice: Send {
    /// What it says about itself.
    fn descriptors(&self) -> &Descriptors;
    /// A class or vendor control request; gives the data of the IN stage.
    ///
    /// # Errors
    /// [`Stalled`].
    fn control(&mut self, now: Duration, setup: Setup, data: &[u8]) -> Result<Vec<u8>, Stalled>;
    /// A bulk OUT packet that begins at `now` and is all there at `arrives`.
    fn out_packet(
        &mut self,
        now: Duration,
        arrives: Duration,
        endpoint: u8,
        bytes: &[u8],
    ) -> PacketAnswer<()>;
    /// A bulk or interrupt IN packet that begins at `now`; gives its length.
    fn in_packet(&mut self, now: Duration, endpoint: u8, into: &mut [u8]) -> PacketAnswer<usize>;
    /// The next moment after `now` at which an answer may change without the host doing anything.
    fn next_event(&mut self, now: Duration) -> Option<Duration>;
    /// True when, at the moment of the last call, the device was at work by itself: its next event comes without the
    /// host, and is not a mere timer.
    fn is_working(&self) -> bool;
    /// The device loses its supply or its bus is reset: pins are let go, everything queued is gone.
    fn reset(&mut self, now: Duration);
    /// Pins the programmer drives now: (value, direction), in its own bit order.
    fn pins(&self) -> (u8, u8);
    /// The wires to the chip.
    fn clip(&self) -> &Clip;
    /// The wires to the chip.
    fn clip_mut(&mut self) -> &mut Clip;
}

/// A device descriptor.
pub(super) struct DeviceRow {
    pub(super) usb: u16,
    pub(super) class: u8,
    pub(super) max_packet0: u8,
    pub(super) vendor: u16,
    pub(super) product: u16,
    pub(super) release: u16,
    /// String indices of manufacturer, product, serial.
    pub(super) strings: [u8; 3],
}

impl DeviceRow {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![18, 1];
        bytes.extend(self.usb.to_le_bytes());
        bytes.extend([self.class, 0, 0, self.max_packet0]);
        bytes.extend(self.vendor.to_le_bytes());
        bytes.extend(self.product.to_le_bytes());
        bytes.extend(self.release.to_le_bytes());
        bytes.extend(self.strings);
        bytes.push(1);
        bytes
    }
}

/// A configuration descriptor of vendor-class interfaces: endpoints as (address, attributes, packet size).
pub(super) fn configuration(
    interfaces: &[&[(u8, u8, u16)]],
    class: [u8; 3],
    attributes: u8,
    half_power: u8,
) -> Vec<u8> {
    let mut bytes = vec![9, 2, 0, 0, interfaces.len() as u8, 1, 0, attributes, half_power];
    for (number, endpoints) in interfaces.iter().enumerate() {
        bytes.extend([9, 4, number as u8, 0, endpoints.len() as u8, class[0], class[1], class[2], 0]);
        for (address, kind, size) in *endpoints {
            let [low, high] = size.to_le_bytes();
            bytes.extend([7, 5, *address, *kind, low, high, u8::from(*kind == 3)]);
        }
    }
    let total = (bytes.len() as u16).to_le_bytes();
    bytes[2..4].copy_from_slice(&total);
    bytes
}

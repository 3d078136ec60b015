//! The seam between a programmer's codec and a USB stack: control requests and bursts.

use super::UsbError;
use std::time::Duration;

/// Whom a control request addresses (`bmRequestType` bits 4:0, USB 2.0 table 9-2). Always a vendor request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// The device.
    Device,
    /// An interface.
    Interface,
}

/// The setup stage of a vendor control request (USB 2.0 section 9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// Whom it addresses.
    pub recipient: Recipient,
    /// `bRequest`.
    pub request: u8,
    /// `wValue`.
    pub value: u16,
    /// `wIndex`.
    pub index: u16,
}

/// What a burst's answer looks like, kept by the codec: how much is still to come, and where it goes.
pub trait Reply {
    /// Length in bytes of the next IN transfer to queue behind the `in_flight` ones that are already queued (with the
    /// lengths this method gave for them), or `None` when those are certain to bring the rest. Transfers that are left
    /// over when the reply is complete are cancelled.
    fn next(&self, in_flight: usize) -> Option<usize>;
    /// Takes one finished IN transfer's bytes, in order; true when they brought payload. FTDI's chips end a transfer
    /// every few milliseconds with status bytes alone: those come from a dead port too, and are no progress.
    ///
    /// # Errors
    /// [`UsbError::Desync`] when the bytes cannot be part of this reply.
    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError>;
    /// True when everything has come.
    fn is_complete(&self) -> bool;
}

/// How long a device may say nothing where it has nothing to do: a busy host, a hub, a suspended port. Short enough
/// that a dead device is noticed within a second.
pub(crate) const PATIENCE: Duration = Duration::from_millis(900);

/// One burst: OUT transfers sent in order while IN transfers are fetched, until all are out and the reply is complete.
#[derive(Clone, Copy, Debug)]
pub struct Burst<'a> {
    /// The OUT transfers, each its own USB transfer (a short packet ends a transfer), none empty.
    pub out: &'a [Vec<u8>],
    /// The most IN transfers to keep queued at any time.
    pub in_depth: usize,
    /// The longest time in which no OUT transfer finishes and no payload comes before the burst is given up (progress,
    /// not total).
    pub quiet: Duration,
}

/// What a device's descriptors say of it; `None` where they could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// `bcdDevice`: the release number, by which one maker's chips differ under one product id.
    pub release: Option<u16>,
    /// `idProduct`.
    pub product: Option<u16>,
    /// The manufacturer's string.
    pub manufacturer: Option<String>,
}

/// One opened USB interface with a bulk OUT and a bulk IN endpoint, and a clock.
pub trait Pipe {
    /// A vendor control request without data stage or with `data` sent to the device.
    ///
    /// # Errors
    /// Any [`UsbError`]; bounded by one second.
    fn control_out(&mut self, control: Control, data: &[u8]) -> Result<(), UsbError>;
    /// A vendor control request that reads up to `into.len()` bytes; gives the count read.
    ///
    /// # Errors
    /// Any [`UsbError`]; bounded by one second.
    fn control_in(&mut self, control: Control, into: &mut [u8]) -> Result<usize, UsbError>;
    /// Runs one burst to its end. On an error every transfer has been cancelled and drained before it returns.
    ///
    /// # Errors
    /// Any [`UsbError`]; [`UsbError::Timeout`] when there was no progress for `burst.quiet`.
    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError>;
    /// One IN transfer of `len` bytes outside of a burst, or an empty answer when nothing comes within `wait`: for
    /// draining what an earlier, broken session left behind.
    ///
    /// # Errors
    /// Any [`UsbError`] but `Timeout`.
    fn drain(&mut self, len: usize, wait: Duration) -> Result<Vec<u8>, UsbError>;
    /// `wMaxPacketSize` of the IN endpoint, where it is known: a high-speed FTDI on a full-speed port has another.
    fn in_packet(&self) -> Option<usize> {
        None
    }
    /// What the device's descriptors say of it.
    fn about(&self) -> About {
        About::default()
    }
    /// Time since some fixed moment, monotonic; virtual on the emulator.
    fn now(&self) -> Duration;
    /// Waits with nothing queued; virtual on the emulator.
    fn sleep(&mut self, time: Duration);
}

impl<T: Pipe + ?Sized> Pipe for Box<T> {
    fn control_out(&mut self, control: Control, data: &[u8]) -> Result<(), UsbError> {
        (**self).control_out(control, data)
    }
    fn control_in(&mut self, control: Control, into: &mut [u8]) -> Result<usize, UsbError> {
        (**self).control_in(control, into)
    }
    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
        (**self).burst(burst, reply)
    }
    fn drain(&mut self, len: usize, wait: Duration) -> Result<Vec<u8>, UsbError> {
        (**self).drain(len, wait)
    }
    fn in_packet(&self) -> Option<usize> {
        (**self).in_packet()
    }
    fn about(&self) -> About {
        (**self).about()
    }
    fn now(&self) -> Duration {
        (**self).now()
    }
    fn sleep(&mut self, time: Duration) {
        (**self).sleep(time);
    }
}

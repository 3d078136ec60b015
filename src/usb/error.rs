//! What can go wrong on USB, by what the user can do about it.

use crate::spi::{LinkError, LinkFault, SpiError};
use std::time::Duration;
use thiserror::Error;

/// A failure on USB.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum UsbError {
    /// No device of the wanted kind is plugged in.
    #[error("no programmer found: {0}")]
    NotFound(String),
    /// More than one device fits; the texts name them.
    #[error("several programmers are plugged in: {}", .0.join(", "))]
    Several(Vec<String>),
    /// The system refuses to open the device.
    #[error(
        "no permission to open the programmer at USB {path} (mostly the rule /etc/udev/rules.d/60-norsplice.rules is missing)"
    )]
    Denied {
        /// Bus and port path, `1-2.3`.
        path: String,
    },
    /// Another program or kernel driver holds the interface.
    #[error(
        "the programmer at USB {path} is in use by another program or kernel driver; end it \
         ('fuser -v /dev/bus/usb/*/*' names programs)"
    )]
    Busy {
        /// Bus and port path, `1-2.3`.
        path: String,
    },
    /// Nothing was heard in time.
    #[error(
        "{what}: the programmer gave no answer within {} ms; check its cable and hub, or the network between, or plug it in again",
        .after.as_millis()
    )]
    Timeout {
        /// The step that waited.
        what: &'static str,
        /// How long it waited.
        after: Duration,
    },
    /// The device was unplugged or fell off the bus.
    #[error("the programmer disappeared (unplugged, or the clip overloaded its supply)")]
    Gone,
    /// The stream to the programmer ended; the text says which, and why that may be.
    #[error("{0}")]
    Ended(String),
    /// The device answered a transfer with STALL.
    #[error("the programmer refused a USB transfer (stall) in {0}")]
    Stall(&'static str),
    /// A transfer broke on the bus: no handshake, a bad checksum, more than was asked for. It may go when tried again.
    #[error("a USB transfer broke in {0}: check cable and hub, and what else hangs on them")]
    Broken(&'static str),
    /// The device understood and refused.
    #[error("the programmer refused {0} (too long for it, or a byte of it was lost)")]
    Refused(&'static str),
    /// The device answered with another byte than the protocol has at this place.
    #[error("the answer of {what} is out of step: expected {wanted:02x}, got {got:02x}")]
    Garbled {
        /// The protocol.
        what: &'static str,
        /// The byte expected.
        wanted: u8,
        /// The byte received.
        got: u8,
    },
    /// The device sent more or less than the protocol allows.
    #[error("the answer of {what} is out of step: expected {expected} bytes, got {got}")]
    Desync {
        /// The step.
        what: &'static str,
        /// Bytes expected.
        expected: usize,
        /// Bytes received.
        got: usize,
    },
    /// The device is known, but not usable as it is (UART-mode CH341, missing interface).
    #[error("{0}")]
    Unusable(String),
    /// The system's driver of the programmer refused or failed.
    #[error("{what} failed: {}", std::io::Error::from_raw_os_error(*.code))]
    System {
        /// The step.
        what: &'static str,
        /// The system's error number.
        code: i32,
    },
    /// Any other failure, in libusb's words.
    #[error("USB: {0}")]
    Other(String),
}

impl From<UsbError> for LinkError {
    fn from(error: UsbError) -> Self {
        let fault = match error {
            UsbError::NotFound(_) => LinkFault::Absent,
            UsbError::Several(_) => LinkFault::Several,
            UsbError::Denied { .. } => LinkFault::Denied,
            UsbError::Busy { .. } => LinkFault::Busy,
            UsbError::Gone | UsbError::Ended(_) => LinkFault::Gone,
            UsbError::Timeout { .. } => LinkFault::Silent,
            UsbError::Stall(_)
            | UsbError::Broken(_)
            | UsbError::Refused(_)
            | UsbError::Garbled { .. }
            | UsbError::Desync { .. } => LinkFault::Garbled,
            // ENXIO, ENODEV, ESHUTDOWN: the device has been taken away.
            UsbError::System { code: 6 | 19 | 108, .. } => LinkFault::Gone,
            UsbError::System { .. } => LinkFault::Garbled,
            UsbError::Unusable(_) => LinkFault::Unusable,
            UsbError::Other(_) => LinkFault::Other,
        };
        Self::new(fault, error.to_string())
    }
}

impl From<UsbError> for SpiError {
    fn from(error: UsbError) -> Self {
        Self::Link(error.into())
    }
}

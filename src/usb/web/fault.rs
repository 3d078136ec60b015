//! What the page's functions report, as the error of every USB stack.

use super::calls::{self, Fault};
use crate::usb::UsbError;

/// A failure in words. `path` names the device.
pub(super) fn error_of(fault: Fault, path: &str, what: &'static str) -> UsbError {
    match fault {
        Fault::Gone => UsbError::Gone,
        Fault::Stall => UsbError::Stall(what),
        Fault::Broken => UsbError::Broken(what),
        Fault::Denied => UsbError::Denied { path: path.to_owned() },
        Fault::Busy => UsbError::Busy { path: path.to_owned() },
        Fault::Missing => {
            UsbError::Unusable(format!("the device at USB {path} has not the interface of a programmer"))
        }
        Fault::Timeout => UsbError::Timeout { what, after: crate::usb::PATIENCE },
        Fault::Other => UsbError::Other(calls::words()),
    }
}

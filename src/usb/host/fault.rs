//! libusb's errors as those of this layer.

use crate::usb::UsbError;

/// libusb's error as one that says what to do.
pub(super) fn fault(error: rusb::Error, path: &str) -> UsbError {
    match error {
        rusb::Error::Access => UsbError::Denied { path: path.into() },
        rusb::Error::Busy => UsbError::Busy { path: path.into() },
        rusb::Error::NoDevice => UsbError::Gone,
        other => UsbError::Other(other.to_string()),
    }
}

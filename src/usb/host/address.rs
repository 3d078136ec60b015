//! What is not on USB, opened by its address.

use crate::usb::{Pipe, StreamAddress, UsbError};

/// Opens what is at this address.
///
/// # Errors
/// [`UsbError::NotFound`], [`UsbError::Unusable`] with what to do; [`UsbError::Other`].
pub fn open_address(address: &StreamAddress) -> Result<Box<dyn Pipe>, UsbError> {
    match address {
        #[cfg(target_os = "linux")]
        StreamAddress::Spidev { path, lines } => Ok(Box::new(super::spidev::open_spidev(path, lines)?)),
        #[cfg(not(target_os = "linux"))]
        StreamAddress::Spidev { .. } => Err(UsbError::Unusable("spidev is a part of Linux".into())),
        stream => Ok(Box::new(super::open_stream(stream)?)),
    }
}

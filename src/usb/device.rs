//! A USB device as it is listed, and as it is asked for.

use super::UsbError;

/// A device of interest that is plugged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDevice {
    /// idVendor.
    pub vendor: u16,
    /// idProduct.
    pub product: u16,
    /// Bus and port path, `1-2.3`: the same after plugging in again at the same place.
    pub path: String,
    /// Serial number, where the device has one and can be asked.
    pub serial: Option<String>,
    /// What the device calls itself.
    pub text: Option<String>,
    /// Why it cannot be opened.
    pub problem: Option<UsbError>,
}

/// The device that is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// What the user calls it, for messages.
    pub name: &'a str,
    /// idVendor.
    pub vendor: u16,
    /// idProduct, one of these.
    pub products: &'a [u16],
    /// Only the one at this bus and port path.
    pub path: Option<&'a str>,
    /// Only the one with this serial number.
    pub serial: Option<&'a str>,
    /// The interface to claim; `None` for the first of vendor class with a bulk endpoint each way.
    pub interface: Option<Interface>,
}

/// A USB interface and its bulk endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// bInterfaceNumber.
    pub number: u8,
    /// Address of the bulk OUT endpoint.
    pub endpoint_out: u8,
    /// Address of the bulk IN endpoint.
    pub endpoint_in: u8,
}

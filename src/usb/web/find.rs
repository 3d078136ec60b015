//! The devices that the page may use, and opening the one that is meant.

use super::calls;
use super::fault::error_of;
use super::pipe::HostPipe;
use crate::usb::{FoundDevice, Pipe, StreamAddress, UsbError, Wanted};
use std::path::PathBuf;

/// What is to be said where there is no programmer at all.
pub(crate) const NONE: &str = "this page has been given none, choose one on the bench";

/// The devices with these ids that the user has let the page have. Nothing is opened.
///
/// # Errors
/// [`UsbError::Other`] where the browser has no WebUSB.
pub fn plugged(ids: &[(u16, u16)]) -> Result<Vec<FoundDevice>, UsbError> {
    let text = calls::devices().map_err(|fault| error_of(fault, "-", "the list of devices"))?;
    Ok(text.lines().filter_map(device).filter(|one| ids.contains(&(one.vendor, one.product))).collect())
}

/// The same: the browser knows serial number and text without opening a device.
///
/// # Errors
/// As [`plugged`].
pub fn list(ids: &[(u16, u16)]) -> Result<Vec<FoundDevice>, UsbError> {
    plugged(ids)
}

/// A line of the list.
fn device(line: &str) -> Option<FoundDevice> {
    let mut cells = line.split('\t');
    let mut hex = || u16::from_str_radix(cells.next()?, 16).ok();
    let (vendor, product) = (hex()?, hex()?);
    let path = cells.next()?.to_owned();
    let mut text = || cells.next().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(FoundDevice { vendor, product, path, serial: text(), text: text(), problem: None })
}

/// A page reaches no serial port.
pub fn serial_ports() -> Vec<PathBuf> {
    Vec::new()
}

/// Opens the one device that is meant and claims its interface.
///
/// # Errors
/// [`UsbError::NotFound`], [`UsbError::Several`], [`UsbError::Denied`], [`UsbError::Busy`], [`UsbError::Gone`].
pub fn open(wanted: &Wanted<'_>) -> Result<HostPipe, UsbError> {
    let ids: Vec<_> = wanted.products.iter().map(|product| (wanted.vendor, *product)).collect();
    let mut devices = plugged(&ids)?;
    devices.retain(|one| wanted.path.is_none_or(|path| path == one.path));
    devices.retain(|one| wanted.serial.is_none_or(|serial| one.serial.as_deref() == Some(serial)));
    match devices.as_slice() {
        [one] => HostPipe::claim(one, wanted),
        [] => Err(UsbError::NotFound(format!(
            "the page may use no {}: let it have one by the button that chooses a programmer",
            wanted.name
        ))),
        several => Err(UsbError::Several(
            several.iter().map(|one| format!("{}:path={}", wanted.name, one.path)).collect(),
        )),
    }
}

/// Opens what is at this address.
///
/// # Errors
/// Always: a page reaches USB devices alone.
pub fn open_address(_: &StreamAddress) -> Result<Box<dyn Pipe>, UsbError> {
    Err(UsbError::Other("a page reaches USB devices alone, no serial port and no socket".into()))
}

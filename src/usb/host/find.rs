//! Which devices are plugged in, and opening the one that is meant.

use super::HostPipe;
use super::fault::fault;
use crate::usb::{FoundDevice, UsbError, Wanted};
use rusb::{Context, Device, DeviceDescriptor, UsbContext};

/// What is to be said where there is no programmer at all.
pub(crate) const NONE: &str = "no programmer is plugged in";

/// The bus and port path of a device: `1-2.3`.
fn path<T: UsbContext>(device: &Device<T>) -> String {
    // No ports: a root hub, or a system that does not give them; the address at least distinguishes two devices.
    let ports = device.port_numbers().ok().filter(|ports| !ports.is_empty());
    let ports = ports.unwrap_or_else(|| vec![0, device.address()]);
    let ports: Vec<String> = ports.iter().map(u8::to_string).collect();
    format!("{}-{}", device.bus_number(), ports.join("."))
}

/// Every device whose vendor and product is among `ids`, in order of bus.
fn candidates(ids: &[(u16, u16)]) -> Result<Vec<(Device<Context>, DeviceDescriptor, String)>, UsbError> {
    let mut found = Vec::new();
    let Some(context) = context()? else { return Ok(found) };
    for device in context.devices().map_err(|e| fault(e, "-"))?.iter() {
        // A device that vanishes meanwhile is none of ours any more.
        let Ok(descriptor) = device.device_descriptor() else { continue };
        if ids.contains(&(descriptor.vendor_id(), descriptor.product_id())) {
            let path = path(&device);
            found.push((device, descriptor, path));
        }
    }
    found.sort_by(|a, b| a.2.cmp(&b.2));
    Ok(found)
}

/// libusb, started; `None` on a machine without a USB bus (a server, a container), where one built without udev does
/// not start: nothing is plugged in there.
fn context() -> Result<Option<Context>, UsbError> {
    match Context::new() {
        Ok(context) => Ok(Some(context)),
        Err(rusb::Error::Other) if !has_bus() => Ok(None),
        Err(error) => Err(UsbError::Other(format!("cannot start libusb: {error}"))),
    }
}

/// False on Linux where the kernel shows no device at all, not even a host controller.
fn has_bus() -> bool {
    let seen = || std::fs::read_dir("/dev/bus/usb").is_ok_and(|mut entries| entries.next().is_some());
    !cfg!(target_os = "linux") || seen()
}

/// The devices plugged in whose vendor and product is among `ids`, not opened: their serial numbers, texts and problems
/// are not known.
///
/// # Errors
/// [`UsbError::Other`] when USB cannot be used at all.
pub fn plugged(ids: &[(u16, u16)]) -> Result<Vec<FoundDevice>, UsbError> {
    let found = candidates(ids)?.into_iter().map(|(_, descriptor, path)| FoundDevice {
        vendor: descriptor.vendor_id(),
        product: descriptor.product_id(),
        path,
        serial: None,
        text: None,
        problem: None,
    });
    Ok(found.collect())
}

/// The devices plugged in whose vendor and product is among `ids`, each opened for a moment to ask who it is.
///
/// # Errors
/// [`UsbError::Other`] when USB cannot be used at all; a device that cannot be opened is in the list with its problem.
pub fn list(ids: &[(u16, u16)]) -> Result<Vec<FoundDevice>, UsbError> {
    let found = candidates(ids)?.into_iter().map(|(device, descriptor, path)| {
        let (serial, text, problem) = match device.open() {
            Ok(handle) => {
                let serial = handle.read_serial_number_string_ascii(&descriptor).ok();
                (serial, handle.read_product_string_ascii(&descriptor).ok(), None)
            }
            Err(error) => (None, None, Some(fault(error, &path))),
        };
        FoundDevice {
            vendor: descriptor.vendor_id(),
            product: descriptor.product_id(),
            path,
            serial: serial.filter(|s| !s.is_empty()),
            text: text.filter(|s| !s.is_empty()),
            problem,
        }
    });
    Ok(found.collect())
}

/// Opens the one device that is meant and claims its interface.
///
/// # Errors
/// [`UsbError::NotFound`], [`UsbError::Several`], [`UsbError::Denied`], [`UsbError::Busy`], [`UsbError::Gone`].
pub fn open(wanted: &Wanted<'_>) -> Result<HostPipe, UsbError> {
    let ids: Vec<_> = wanted.products.iter().map(|product| (wanted.vendor, *product)).collect();
    let mut devices = candidates(&ids)?;
    devices.retain(|(_, _, path)| wanted.path.is_none_or(|wanted| wanted == path));
    let mut refused = None;
    if let Some(serial) = wanted.serial {
        devices.retain(|(device, descriptor, path)| match device.open() {
            Ok(handle) => handle.read_serial_number_string_ascii(descriptor).is_ok_and(|s| s == serial),
            Err(error) => {
                refused = Some(fault(error, path));
                false
            }
        });
    }
    if devices.len() > 1 {
        let texts = devices.iter().map(|(_, _, path)| format!("{}:path={path}", wanted.name)).collect();
        return Err(UsbError::Several(texts));
    }
    let Some((device, _, path)) = devices.pop() else {
        return Err(refused.unwrap_or_else(|| UsbError::NotFound(describe(wanted))));
    };
    HostPipe::claim(&device, &path, wanted)
}

/// `no ft2232h (0403:6010) at USB 1-2 with serial number X is plugged in`.
fn describe(wanted: &Wanted<'_>) -> String {
    let at = wanted.path.map_or(String::new(), |path| format!(" at USB {path}"));
    let serial = wanted.serial.map_or(String::new(), |serial| format!(" with serial number {serial}"));
    let ids = wanted.products.iter().map(|product| format!("{:04x}:{product:04x}", wanted.vendor));
    let ids = ids.collect::<Vec<_>>().join(" or ");
    format!("no {} ({ids}){at}{serial} is plugged in", wanted.name)
}

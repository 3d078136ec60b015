//! A [`Pipe`] to a real device: control requests through rusb, bursts through two queues of transfers.

use super::super::{Interface, Wanted};
use super::fault::fault;
use crate::usb::flight::{Flight, carry};
use crate::usb::queue::{Fault, Queue};
use crate::usb::{About, Burst, Control, PATIENCE, Pipe, Recipient, Reply, UsbError};
use rusb::{Context, Device, DeviceHandle, Direction, RequestType, TransferType, UsbContext};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// bInterfaceClass of interfaces that are a vendor's own.
const VENDOR_CLASS: u8 = 0xFF;

/// A claimed interface of a real device.
///
/// Dropping it cancels what is in flight, releases the interface and gives it back to the kernel driver it had.
pub struct HostPipe {
    outgoing: Queue,
    incoming: Queue,
    handle: Arc<DeviceHandle<Context>>,
    interface: u8,
    /// A kernel driver had the interface.
    had_driver: bool,
    packet: Option<usize>,
    about: About,
    path: String,
    /// Bus number and address: another device in the same port has another one.
    place: (u8, u8),
    /// Transfers were leaked: the handle is lost.
    lost: bool,
    start: Instant,
}

impl HostPipe {
    pub(super) fn claim(device: &Device<Context>, path: &str, wanted: &Wanted<'_>) -> Result<Self, UsbError> {
        let handle = device.open().map_err(|error| fault(error, path))?;
        let place = wanted.interface.or_else(|| of_vendor_class(device)).ok_or_else(|| {
            let text = format!("the {} at USB {path} has no interface for its programmer", wanted.name);
            UsbError::Unusable(text)
        })?;
        let interface = place.number;
        let had_driver = handle.kernel_driver_active(interface).unwrap_or(false);
        // Where libusb cannot do it by itself, by hand; where that fails too, claiming shows it.
        if handle.set_auto_detach_kernel_driver(true).is_err() && had_driver {
            let _ = handle.detach_kernel_driver(interface);
        }
        // A virtual machine may hand on a device that no one has configured. Where this fails, claiming reports it.
        if handle.active_configuration().is_ok_and(|configuration| configuration == 0) {
            let _ = handle.set_active_configuration(1);
        }
        handle.claim_interface(interface).map_err(|error| match error {
            rusb::Error::NotFound | rusb::Error::InvalidParam => {
                UsbError::Unusable(format!("the {} at USB {path} has no interface {interface}", wanted.name))
            }
            other => fault(other, path),
        })?;
        let about = about(device, &handle);
        let handle = Arc::new(handle);
        Ok(Self {
            about,
            outgoing: Queue::new(Arc::clone(&handle), place.endpoint_out),
            incoming: Queue::new(Arc::clone(&handle), place.endpoint_in),
            packet: packet_size(device, place),
            handle,
            interface,
            had_driver,
            path: path.into(),
            place: (device.bus_number(), device.address()),
            lost: false,
            start: Instant::now(),
        })
    }

    /// Bus and port path of the device.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn fault(&self, fault: Fault) -> UsbError {
        match fault {
            Fault::Gone => UsbError::Gone,
            Fault::Stall => UsbError::Stall("a bulk transfer"),
            Fault::Broken => UsbError::Broken("a bulk transfer"),
            Fault::Full => {
                UsbError::Other("the system has no memory left for USB transfers (usbfs_memory_mb)".into())
            }
            Fault::Other(code) => UsbError::Other(format!(
                "a transfer failed (libusb's code {code}): look at the cable, the hub, and what the clip draws"
            )),
        }
    }

    fn request(&self, error: rusb::Error, what: &'static str) -> UsbError {
        match error {
            rusb::Error::Timeout => UsbError::Timeout { what, after: PATIENCE },
            rusb::Error::Pipe => UsbError::Stall(what),
            rusb::Error::Io | rusb::Error::Overflow => UsbError::Broken(what),
            other => fault(other, &self.path),
        }
    }

    /// True for a submission that went well; false for one that found no room while others are in flight.
    fn tolerate(&self, submitted: Result<(), Fault>) -> Result<bool, UsbError> {
        match submitted {
            Err(Fault::Full) if self.incoming.len() + self.outgoing.len() > 0 => Ok(false),
            other => other.map(|()| true).map_err(|fault| self.fault(fault)),
        }
    }

    /// A failure as it is, or the device gone where it is not on the bus any more: systems report that by errors of the
    /// bus and by silence too.
    fn or_gone(&self, error: UsbError) -> UsbError {
        match error {
            UsbError::Broken(_) | UsbError::Timeout { .. } | UsbError::Other(_) if !self.is_plugged() => {
                UsbError::Gone
            }
            other => other,
        }
    }

    /// False when the system lists other devices and not this one.
    fn is_plugged(&self) -> bool {
        let Ok(devices) = self.handle.context().devices() else { return true };
        devices.iter().any(|one| (one.bus_number(), one.address()) == self.place)
    }

    /// Makes both endpoints ready after a stall. Where it fails, the next transfer shows it.
    fn clear_halts(&self) {
        for endpoint in [self.outgoing.endpoint(), self.incoming.endpoint()] {
            let _ = self.handle.clear_halt(endpoint);
        }
    }

    fn usable(&self) -> Result<(), UsbError> {
        if self.lost {
            return Err(UsbError::Other(
                "transfers of an earlier failure could not be cancelled; plug the programmer in again".into(),
            ));
        }
        Ok(())
    }
}

impl Flight for HostPipe {
    fn flying(&self) -> (usize, usize) {
        (self.incoming.len(), self.outgoing.len())
    }

    fn receive(&mut self, len: usize) -> Result<bool, UsbError> {
        let asked = self.incoming.receive(len);
        self.tolerate(asked)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        let sent = self.outgoing.send(bytes);
        self.tolerate(sent)
    }

    fn wait(&mut self, time: Duration) -> Result<(), UsbError> {
        self.incoming.wait(&self.outgoing, time).map_err(|fault| self.fault(fault))
    }

    fn sent(&mut self) -> Result<Option<(usize, usize)>, UsbError> {
        let sent = self.outgoing.take(|result, asked| result.map(|sent| (sent.len(), asked)));
        sent.transpose().map_err(|fault| self.fault(fault))
    }

    fn received(&mut self, reply: &mut dyn Reply) -> Result<Option<bool>, UsbError> {
        match self.incoming.take(|result, _| result.map(|bytes| reply.take(bytes))) {
            None => Ok(None),
            Some(taken) => taken.map_err(|fault| self.fault(fault))?.map(Some),
        }
    }
}

/// The first interface of vendor class with a bulk endpoint each way.
fn of_vendor_class(device: &Device<Context>) -> Option<Interface> {
    // A device that no one has configured has no active configuration.
    let configuration = device.active_config_descriptor().or_else(|_| device.config_descriptor(0)).ok()?;
    configuration.interfaces().filter_map(|interface| interface.descriptors().next()).find_map(|first| {
        let bulk = |direction| {
            let all = first.endpoint_descriptors();
            let mut fits =
                all.filter(|e| e.transfer_type() == TransferType::Bulk && e.direction() == direction);
            fits.next().map(|endpoint| endpoint.address())
        };
        (first.class_code() == VENDOR_CLASS).then_some(())?;
        let (endpoint_out, endpoint_in) = (bulk(Direction::Out)?, bulk(Direction::In)?);
        Some(Interface { number: first.interface_number(), endpoint_out, endpoint_in })
    })
}

/// `wMaxPacketSize` of the IN endpoint by the active configuration, where that can be read.
fn packet_size(device: &Device<Context>, place: Interface) -> Option<usize> {
    let configuration = device.active_config_descriptor().ok()?;
    let interface = configuration.interfaces().find(|i| i.number() == place.number)?;
    let endpoints = interface.descriptors().next()?;
    let endpoint = endpoints.endpoint_descriptors().find(|e| e.address() == place.endpoint_in)?;
    Some(usize::from(endpoint.max_packet_size())).filter(|size| [8, 16, 32, 64, 512, 1024].contains(size))
}

/// What the descriptors say, as far as they can be read.
fn about(device: &Device<Context>, handle: &DeviceHandle<Context>) -> About {
    let Ok(descriptor) = device.device_descriptor() else { return About::default() };
    let rusb::Version(major, minor, sub) = descriptor.device_version();
    let digits = [u16::from(major / 10), u16::from(major % 10), u16::from(minor), u16::from(sub)];
    About {
        release: Some(digits.iter().fold(0, |bcd, digit| bcd << 4 | digit)),
        product: Some(descriptor.product_id()),
        manufacturer: handle.read_manufacturer_string_ascii(&descriptor).ok().filter(|text| !text.is_empty()),
    }
}

fn request_type(control: Control, direction: Direction) -> u8 {
    let recipient = match control.recipient {
        Recipient::Device => rusb::Recipient::Device,
        Recipient::Interface => rusb::Recipient::Interface,
    };
    rusb::request_type(direction, RequestType::Vendor, recipient)
}

impl Pipe for HostPipe {
    fn control_out(&mut self, control: Control, data: &[u8]) -> Result<(), UsbError> {
        self.usable()?;
        let Control { request, value, index, .. } = control;
        let sent = self
            .handle
            .write_control(request_type(control, Direction::Out), request, value, index, data, PATIENCE)
            .map_err(|error| self.or_gone(self.request(error, "a control request")))?;
        if sent != data.len() {
            return Err(UsbError::Desync { what: "a control request", expected: data.len(), got: sent });
        }
        Ok(())
    }

    fn control_in(&mut self, control: Control, into: &mut [u8]) -> Result<usize, UsbError> {
        self.usable()?;
        let Control { request, value, index, .. } = control;
        self.handle
            .read_control(request_type(control, Direction::In), request, value, index, into, PATIENCE)
            .map_err(|error| self.or_gone(self.request(error, "a control request")))
    }

    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
        self.usable()?;
        let mut result = carry(self, &burst, reply);
        // After a failure, or should the reply have asked for more than came.
        if self.incoming.len() + self.outgoing.len() > 0 && !self.incoming.abort(&mut self.outgoing) {
            self.lost = true;
            result = result.and_then(|()| self.usable());
        }
        if matches!(result, Err(UsbError::Stall(_))) {
            // Which of the two stalled is not known here; clearing the other does no harm after an aborted burst.
            self.clear_halts();
        }
        result.map_err(|error| self.or_gone(error))
    }

    fn drain(&mut self, len: usize, wait: Duration) -> Result<Vec<u8>, UsbError> {
        self.usable()?;
        let mut bytes = vec![0; len];
        // Below a millisecond libusb would wait forever.
        let wait = wait.max(Duration::from_millis(1));
        match self.handle.read_bulk(self.incoming.endpoint(), &mut bytes, wait) {
            Ok(got) => {
                bytes.truncate(got);
                Ok(bytes)
            }
            Err(rusb::Error::Timeout) => Ok(Vec::new()),
            // Left so by whoever had the device before: nothing is waiting there, and it is ready now.
            Err(rusb::Error::Pipe) => {
                self.clear_halts();
                Ok(Vec::new())
            }
            Err(error) => Err(self.or_gone(self.request(error, "a bulk transfer"))),
        }
    }

    fn in_packet(&self) -> Option<usize> {
        self.packet
    }

    fn about(&self) -> About {
        self.about.clone()
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
}

impl Drop for HostPipe {
    fn drop(&mut self) {
        // Only after a panic in the middle of a burst.
        if self.incoming.len() + self.outgoing.len() > 0 {
            self.lost |= !self.incoming.abort(&mut self.outgoing);
        }
        if self.lost {
            return;
        }
        // No one is left to report a failure to, and a device that is gone needs none of this.
        let _ = self.handle.release_interface(self.interface);
        if self.had_driver && !self.handle.kernel_driver_active(self.interface).unwrap_or(true) {
            let _ = self.handle.attach_kernel_driver(self.interface);
        }
    }
}

//! Descriptors as libusb's structs, from the bytes that the emulated device gives.

use rusb::ffi::{
    libusb_config_descriptor, libusb_device_descriptor, libusb_endpoint_descriptor, libusb_interface,
    libusb_interface_descriptor,
};
use std::ptr;

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// The device descriptor.
pub fn device(b: &[u8]) -> libusb_device_descriptor {
    libusb_device_descriptor {
        bLength: b[0],
        bDescriptorType: b[1],
        bcdUSB: word(b, 2),
        bDeviceClass: b[4],
        bDeviceSubClass: b[5],
        bDeviceProtocol: b[6],
        bMaxPacketSize0: b[7],
        idVendor: word(b, 8),
        idProduct: word(b, 10),
        bcdDevice: word(b, 12),
        iManufacturer: b[14],
        iProduct: b[15],
        iSerialNumber: b[16],
        bNumConfigurations: b[17],
    }
}

/// A configuration with everything it points to; the first field is what libusb's users see.
#[repr(C)]
pub struct Configuration {
    seen: libusb_config_descriptor,
    interfaces: Vec<libusb_interface>,
    settings: Vec<libusb_interface_descriptor>,
    endpoints: Vec<Vec<libusb_endpoint_descriptor>>,
}

impl Configuration {
    /// Built on the heap, where its parts stay in place.
    pub fn new(bytes: &[u8]) -> Box<Self> {
        let mut settings = Vec::new();
        let mut endpoints: Vec<Vec<libusb_endpoint_descriptor>> = Vec::new();
        let mut at = 0;
        while let Some(len) = bytes.get(at).map(|len| usize::from(*len)).filter(|len| *len > 1) {
            let b = &bytes[at..at + len];
            match b[1] {
                4 => {
                    settings.push(libusb_interface_descriptor {
                        bLength: b[0],
                        bDescriptorType: b[1],
                        bInterfaceNumber: b[2],
                        bAlternateSetting: b[3],
                        bNumEndpoints: b[4],
                        bInterfaceClass: b[5],
                        bInterfaceSubClass: b[6],
                        bInterfaceProtocol: b[7],
                        iInterface: b[8],
                        endpoint: ptr::null(),
                        extra: ptr::null(),
                        extra_length: 0,
                    });
                    endpoints.push(Vec::new());
                }
                5 => {
                    endpoints.last_mut().expect("an interface comes first").push(libusb_endpoint_descriptor {
                        bLength: b[0],
                        bDescriptorType: b[1],
                        bEndpointAddress: b[2],
                        bmAttributes: b[3],
                        wMaxPacketSize: word(b, 4),
                        bInterval: b[6],
                        bRefresh: 0,
                        bSynchAddress: 0,
                        extra: ptr::null(),
                        extra_length: 0,
                    })
                }
                _ => {}
            }
            at += len;
        }
        for (setting, endpoints) in settings.iter_mut().zip(&endpoints) {
            setting.endpoint = endpoints.as_ptr();
        }
        let interfaces: Vec<_> = settings
            .iter()
            .map(|setting| libusb_interface { altsetting: setting, num_altsetting: 1 })
            .collect();
        let seen = libusb_config_descriptor {
            bLength: bytes[0],
            bDescriptorType: bytes[1],
            wTotalLength: word(bytes, 2),
            bNumInterfaces: bytes[4],
            bConfigurationValue: bytes[5],
            iConfiguration: bytes[6],
            bmAttributes: bytes[7],
            bMaxPower: bytes[8],
            interface: interfaces.as_ptr(),
            extra: ptr::null(),
            extra_length: 0,
        };
        Box::new(Self { seen, interfaces, settings, endpoints })
    }

    /// The interface that an endpoint belongs to.
    pub fn interface_of(&self, endpoint: u8) -> Option<u8> {
        let has =
            |list: &Vec<libusb_endpoint_descriptor>| list.iter().any(|e| e.bEndpointAddress == endpoint);
        let index = self.endpoints.iter().position(has)?;
        Some(self.settings[index].bInterfaceNumber)
    }

    /// True when there is such an interface.
    pub fn has_interface(&self, number: u8) -> bool {
        self.settings.iter().any(|s| s.bInterfaceNumber == number)
            && self.interfaces.len() == self.settings.len()
    }
}

//! What the two chips tell about themselves. CH347T by a capture of its mode 1; CH347F by which interfaces others open,
//! its serial interfaces in the form of the CH347T's.

use super::kind::{Ch347Kind, IN, OUT, PACKET};
use crate::emulator::device::{Descriptors, DeviceRow, Speed};

const VENDOR: u16 = 0x1a86;

/// An interface with its endpoints as (address, attributes, packet size).
fn interface(into: &mut Vec<u8>, number: u8, class: [u8; 3], endpoints: &[(u8, u8, u16)]) {
    into.extend([9, 4, number, 0, endpoints.len() as u8, class[0], class[1], class[2], 0]);
    for (address, kind, size) in endpoints {
        let [low, high] = size.to_le_bytes();
        into.extend([7, 5, *address, *kind, low, high, u8::from(*kind == 3)]);
    }
}

/// A serial port: two interfaces.
fn serial(into: &mut Vec<u8>, first: u8, [interrupt, out, data]: [u8; 3]) {
    into.extend([8, 11, first, 2, 2, 2, 1, 0]);
    interface(into, first, [2, 2, 1], &[(interrupt, 3, 64)]);
    interface(into, first + 1, [10, 0, 0], &[(out, 2, PACKET as u16), (data, 2, PACKET as u16)]);
}

pub(super) fn describe(kind: Ch347Kind, old: bool) -> Descriptors {
    let mut body = Vec::new();
    let spi = match kind {
        Ch347Kind::T => {
            serial(&mut body, 0, [0x83, 0x04, 0x84]);
            2
        }
        Ch347Kind::F => {
            serial(&mut body, 0, [0x81, 0x02, 0x82]);
            serial(&mut body, 2, [0x83, 0x04, 0x84]);
            4
        }
    };
    interface(&mut body, spi, [0xff, 0, 0], &[(OUT, 2, PACKET as u16), (IN, 2, PACKET as u16)]);
    let mut configuration = vec![9, 2, 0, 0, spi + 1, 1, 0, 0x80, 100];
    configuration.extend(body);
    let total = (configuration.len() as u16).to_le_bytes();
    configuration[2..4].copy_from_slice(&total);
    let (product, release, name) = match (kind, old) {
        (Ch347Kind::T, true) => (0x55db, 0x0140, "USB To UART+SPI+I2C"),
        (Ch347Kind::T, false) => (0x55db, 0x0544, "USB To UART+SPI+I2C"),
        (Ch347Kind::F, _) => (0x55de, 0x0101, "USB To UART+SPI+I2C+JTAG"),
    };
    let device = DeviceRow {
        usb: 0x0200,
        class: 0x00,
        max_packet0: 64,
        vendor: VENDOR,
        product,
        release,
        strings: [1, 2, 3],
    };
    Descriptors {
        speed: Speed::High,
        packet: PACKET,
        device: device.bytes(),
        configuration,
        // The same number on every one.
        strings: vec!["wch.cn".into(), name.into(), "0123456789".into()],
    }
}

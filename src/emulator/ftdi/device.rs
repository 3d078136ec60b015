//! The device around the ports: descriptors, vendor requests, endpoints.

use super::port::{PACKET, Port};
use crate::emulator::clip::Clip;
use crate::emulator::counts::Misdeed;
use crate::emulator::device::{
    Descriptors, DeviceRow, PacketAnswer, Setup, Speed, Stalled, UsbDevice, configuration,
};
use crate::emulator::quirk::Quirk;
use std::time::Duration;

const VENDOR: u16 = 0x0403;
const OLIMEX: u16 = 0x15ba;
/// bcdDevice of an FT2232D, and its bulk packet.
const OLD_RELEASE: u16 = 0x0500;
const OLD_PACKET: usize = 64;

/// One of the H chips.
#[derive(Clone, Copy, Debug)]
pub(in crate::emulator) struct FtdiKind {
    vendor: u16,
    product: u16,
    release: u16,
    name: &'static str,
    ports: usize,
    /// Ports with an MPSSE engine, from A.
    mpsse: usize,
    fifo: usize,
    /// Pins that let a cable's outputs out, the upper byte's from bit 8, and their levels.
    enable: (u16, u16),
}

impl FtdiKind {
    pub(in crate::emulator) const FT2232H: Self = Self {
        vendor: VENDOR,
        product: 0x6010,
        release: 0x0700,
        name: "Dual RS232-HS",
        ports: 2,
        mpsse: 2,
        fifo: 4096,
        enable: (0, 0),
    };
    pub(in crate::emulator) const FT232H: Self = Self {
        vendor: VENDOR,
        product: 0x6014,
        release: 0x0900,
        name: "Single RS232-HS",
        ports: 1,
        mpsse: 1,
        fifo: 1024,
        enable: (0, 0),
    };
    pub(in crate::emulator) const FT4232H: Self = Self {
        vendor: VENDOR,
        product: 0x6011,
        release: 0x0800,
        name: "Quad RS232-HS",
        ports: 4,
        mpsse: 2,
        fifo: 2048,
        enable: (0, 0),
    };

    /// The others: vendor, product, bcdDevice, product string, ports, ports with MPSSE, FIFO. The HP chips' FIFOs are taken to be
    /// those of the H chips; the cables hold an H chip, two of them an FT2232C or D.
    pub(in crate::emulator) fn of(vendor: u16, product: u16) -> Option<Self> {
        let chip = |release, name, ports, mpsse, fifo| {
            Some(Self { vendor, product, release, name, ports, mpsse, fifo, enable: (0, 0) })
        };
        let cable = |name, enable| Some(Self { enable, ..chip(0x0700, name, 2, 2, 4096)? });
        match (vendor, product) {
            (VENDOR, 0x6040) => chip(0x2800, "FT2233HP", 2, 2, 4096),
            (VENDOR, 0x6041) => chip(0x2900, "FT4233HP", 4, 2, 2048),
            (VENDOR, 0x6042) => chip(0x3000, "FT2232HP", 2, 2, 4096),
            (VENDOR, 0x6043) => chip(0x3100, "FT4232HP", 4, 2, 2048),
            (VENDOR, 0x6044) => chip(0x3200, "FT233HP", 1, 1, 1024),
            (VENDOR, 0x6045) => chip(0x3300, "FT232HP", 1, 1, 1024),
            (VENDOR, 0x6048) => chip(0x3600, "FT4232HA", 4, 2, 2048),
            (VENDOR, 0x6010) => Some(Self::FT2232H),
            (VENDOR, 0x8a98) => cable("TIAO USB Multi-Protocol Adapter", (0, 0)),
            (VENDOR, 0x8a99) => chip(0x0900, "TIAO USB Multi-Protocol Adapter Lite", 1, 1, 1024),
            // By OpenOCD (value 08, outputs 1B: nOE low) and UrJTAG; flashrom lowers it with chip select.
            (VENDOR, 0xcff8) => cable("Amontec JTAGkey-2", (0x0010, 0x0000)),
            (VENDOR, 0xbbe2) => cable("KT-LINK", (0x7020, 0x0020)),
            (OLIMEX, 0x002b) => cable("Olimex OpenOCD JTAG ARM-USB-OCD-H", (0x0010, 0x0000)),
            (OLIMEX, 0x002a) => cable("Olimex OpenOCD JTAG ARM-USB-TINY-H", (0, 0)),
            _ => None,
        }
    }

    /// Ports with an MPSSE engine.
    pub(in crate::emulator) fn mpsse_ports(&self) -> usize {
        self.mpsse
    }
}

/// Bulk OUT and IN endpoints of a port, by index from 0.
pub(in crate::emulator) fn endpoints(port: usize) -> (u8, u8) {
    let n = 2 * port as u8;
    (0x02 + n, 0x81 + n)
}

/// One FTDI device; the clip hangs on one of its ports.
pub(in crate::emulator) struct Ftdi {
    kind: FtdiKind,
    descriptors: Descriptors,
    ports: Vec<Port>,
    wired: usize,
    clip: Clip,
}

impl Ftdi {
    pub(in crate::emulator) fn new(
        kind: FtdiKind,
        wired: usize,
        serial: Option<&str>,
        clip: Clip,
        quirks: &[Quirk],
    ) -> Self {
        let old = quirks.contains(&Quirk::Old);
        let packet = if old { OLD_PACKET } else { PACKET };
        let device = DeviceRow {
            usb: 0x0200,
            class: 0x00,
            max_packet0: 64,
            vendor: kind.vendor,
            product: kind.product,
            release: if old { OLD_RELEASE } else { kind.release },
            strings: [1, 2, if serial.is_some() { 3 } else { 0 }],
        };
        let endpoints: Vec<[(u8, u8, u16); 2]> = (0..kind.ports)
            .map(|port| {
                let (out, into) = endpoints(port);
                [(into, 2, packet as u16), (out, 2, packet as u16)]
            })
            .collect();
        let interfaces: Vec<&[(u8, u8, u16)]> = endpoints.iter().map(<[_; 2]>::as_slice).collect();
        let maker = if quirks.contains(&Quirk::Stranger) { "Acme" } else { "FTDI" };
        let mut strings = vec![maker.to_owned(), kind.name.to_owned()];
        strings.extend(serial.map(str::to_owned));
        Self {
            descriptors: Descriptors {
                speed: if old { Speed::Full } else { Speed::High },
                packet,
                device: device.bytes(),
                configuration: configuration(&interfaces, [0xff; 3], 0x80, 250),
                strings,
            },
            ports: (0..kind.ports)
                .map(|_| Port::new(kind.fifo, kind.ports == 1, packet, kind.enable, quirks))
                .collect(),
            kind,
            wired,
            clip,
        }
    }

    /// The port and, when it is the wired one, the clip.
    fn port(&mut self, index: usize) -> Option<(&mut Port, Option<&mut Clip>)> {
        let clip = (index == self.wired).then_some(&mut self.clip);
        self.ports.get_mut(index).map(|port| (port, clip))
    }

    fn bad(&mut self, request: u8) -> Stalled {
        self.clip.counts_mut().misdeed(Misdeed::BadControl(request));
        Stalled
    }
}

/// Index of the port that an endpoint belongs to.
fn port_of(endpoint: u8) -> usize {
    let number = usize::from(endpoint & 0x7f);
    if endpoint & 0x80 != 0 { number.wrapping_sub(1) / 2 } else { number.wrapping_sub(2) / 2 }
}

impl UsbDevice for Ftdi {
    fn descriptors(&self) -> &Descriptors {
        &self.descriptors
    }

    fn control(&mut self, now: Duration, setup: Setup, _data: &[u8]) -> Result<Vec<u8>, Stalled> {
        // wIndex names the port from 1; 0 is port A, too.
        let index = usize::from(setup.index & 0xff).saturating_sub(1);
        let into_host = setup.request_type & 0x80 != 0;
        let mpsse = self.kind.mpsse;
        let Some((port, clip)) = self.port(index) else { return Err(self.bad(setup.request)) };
        let [low, high] = setup.value.to_le_bytes();
        match (into_host, setup.request) {
            // SIO_RESET: everything, what comes from the host, what goes to it.
            (false, 0x00) => match setup.value {
                0 => {
                    port.purge_out();
                    port.purge_in();
                }
                1 => port.purge_out(),
                2 => port.purge_in(),
                _ => return Err(self.bad(setup.request)),
            },
            // Modem control, flow control, baud rate, line format, event and error character: of the UART.
            (false, 0x01..=0x04 | 0x06 | 0x07) => {}
            (true, 0x05) => return Ok(vec![0x32, 0x60]),
            (false, 0x09) if low > 0 => port.latency = Duration::from_millis(u64::from(low)),
            (true, 0x0a) => return Ok(vec![port.latency.as_millis() as u8]),
            (false, 0x0b) if high != 0x02 || index < mpsse => port.set_mode(now, high, clip),
            (true, 0x0c) => {
                return Ok(vec![
                    (port.engine.low.value & port.engine.low.direction) | !port.engine.low.direction,
                ]);
            }
            // An erased EEPROM.
            (true, 0x90) => return Ok(vec![0xff, 0xff]),
            _ => return Err(self.bad(setup.request)),
        }
        Ok(Vec::new())
    }

    fn out_packet(
        &mut self,
        now: Duration,
        arrives: Duration,
        endpoint: u8,
        bytes: &[u8],
    ) -> PacketAnswer<()> {
        if endpoint & 0x80 == 0
            && endpoint.is_multiple_of(2)
            && bytes.len() <= PACKET
            && let Some((port, clip)) = self.port(port_of(endpoint))
        {
            return port.out_packet(now, arrives, bytes, clip);
        }
        self.clip.counts_mut().misdeed(Misdeed::BadEndpoint(endpoint));
        PacketAnswer::Stall
    }

    fn in_packet(&mut self, now: Duration, endpoint: u8, into: &mut [u8]) -> PacketAnswer<usize> {
        if endpoint & 0x80 != 0
            && endpoint % 2 == 1
            && let Some((port, clip)) = self.port(port_of(endpoint))
        {
            return port.in_packet(now, into, clip);
        }
        self.clip.counts_mut().misdeed(Misdeed::BadEndpoint(endpoint));
        PacketAnswer::Stall
    }

    fn next_event(&mut self, now: Duration) -> Option<Duration> {
        (0..self.ports.len())
            .filter_map(|index| self.port(index).and_then(|(port, clip)| port.next_event(now, clip)))
            .min()
    }

    fn is_working(&self) -> bool {
        self.ports.iter().any(Port::is_working)
    }

    fn reset(&mut self, now: Duration) {
        for index in 0..self.ports.len() {
            if let Some((port, clip)) = self.port(index) {
                port.reset(now, clip);
            }
        }
    }

    fn pins(&self) -> (u8, u8) {
        self.ports.get(self.wired).map_or((0, 0), |port| (port.engine.low.value, port.engine.low.direction))
    }

    fn clip(&self) -> &Clip {
        &self.clip
    }

    fn clip_mut(&mut self) -> &mut Clip {
        &mut self.clip
    }
}

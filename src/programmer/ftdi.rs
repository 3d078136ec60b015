//! FT2232H, FT4232H, FT232H: which there are, and how a port becomes an MPSSE.
//!
//! The pins are set up through `ftdi-embedded-hal` (its [`FtHal`] owns which pin is what) over an executor of our own
//! on the pipe. The executor writes behind: pin commands are queued, a later one replaces an earlier one that nobody
//! has seen, and everything goes out with the check that the stream is in step. So a pin that shall be high is never
//! low first, and bring-up costs one burst.
//!
//! Sources: FTDI AN_135 section 4 (order of bring-up), libftdi `ftdi.h` (SIO requests), AN_108 (bad commands).

use super::mpsse::{BAD_COMMAND, BAD_COMMANDS, Mpsse, SEND_IMMEDIATE, payloads};
use super::pins::Level;
use crate::spi::SpiError;
use crate::usb::{Burst, Control, PATIENCE, Pipe, Recipient, Reply, UsbError};
use ftdi_embedded_hal::eh1::digital::OutputPin as _;
use ftdi_embedded_hal::{Error as HalError, FtHal};
use ftdi_mpsse::{MpsseCmd, MpsseCmdExecutor, MpsseSettings};
use std::io;
use std::time::Duration;

/// SIO request: reset or purge, by `wValue`.
const SIO_RESET: u8 = 0x00;
/// SIO request: latency timer in ms.
const SIO_SET_LATENCY_TIMER: u8 = 0x09;
/// SIO request: mode (high byte) and pin mask (low byte).
const SIO_SET_BITMODE: u8 = 0x0B;
/// `SIO_RESET`: the whole port.
const RESET_PORT: u16 = 0;
/// `SIO_RESET`: what the host has not fetched.
const PURGE_RX: u16 = 1;
/// `SIO_RESET`: what the port has not done.
const PURGE_TX: u16 = 2;
/// Bit mode: off.
const BITMODE_RESET: u16 = 0x0000;
/// Bit mode: MPSSE.
const BITMODE_MPSSE: u16 = 0x0200;
/// The chip's default. Every burst ends in `87`, so the timer is never waited for; a shorter one only makes more
/// half-filled packets.
pub(super) const LATENCY: Duration = Duration::from_millis(16);
/// Stale bytes tolerated before the answer to the bad command: more than any FIFO holds.
const STALE: usize = 8192;
/// Pin number of chip select.
const CS_PIN: u8 = 3;

/// A chip of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FtdiKind {
    /// Its name, as in `-p`.
    pub name: &'static str,
    /// idProduct; idVendor is 0403.
    pub product: u16,
    /// Number of ports (USB interfaces).
    pub ports: u8,
    /// Number of ports with an MPSSE, from A on.
    pub mpsse: u8,
}

/// The chips with an MPSSE that reaches 30 MHz.
pub const FTDI_KINDS: [FtdiKind; 3] = [
    FtdiKind { name: "ft2232h", product: 0x6010, ports: 2, mpsse: 2 },
    FtdiKind { name: "ft232h", product: 0x6014, ports: 1, mpsse: 1 },
    FtdiKind { name: "ft4232h", product: 0x6011, ports: 4, mpsse: 2 },
];

/// Brings a port up; gives the level and direction of ADBUS as they are then.
pub(super) fn bring_up(codec: &Mpsse, pipe: &mut dyn Pipe) -> Result<(u8, u8), SpiError> {
    let executor = Executor {
        index: codec.index,
        packet: pipe.in_packet().unwrap_or(512),
        clock: codec.clock_commands(),
        pipe,
        queue: Vec::new(),
        pins: None,
    };
    let settings = MpsseSettings {
        latency_timer: LATENCY,
        clock_frequency: Some(codec.clock_hz()),
        ..MpsseSettings::default()
    };
    let mut hal = FtHal::init(executor, &settings).map_err(usb_error)?;
    // Makes clock and MOSI outputs, and chip select an output that is high.
    let _spi = hal.spi_device(CS_PIN).map_err(hal_error)?;
    for (pin, level) in codec.spare() {
        let mut pin = match pin {
            4 => hal.ad4(),
            5 => hal.ad5(),
            6 => hal.ad6(),
            _ => hal.ad7(),
        }
        .map_err(hal_error)?;
        match level {
            Level::Low => pin.set_low(),
            Level::High => pin.set_high(),
        }
        .map_err(hal_error)?;
    }
    let pins = hal.with_device(|executor| executor.sync().map(|()| executor.pins))?;
    pins.ok_or_else(|| SpiError::Unsupported("the FTDI pins were not set up".into()))
}

/// The executor's error is an `io::Error` around a [`UsbError`]: `ftdi-embedded-hal` takes no other without a backend.
fn usb_error(error: io::Error) -> SpiError {
    let text = error.to_string();
    let usb = error.into_inner().and_then(|inner| inner.downcast::<UsbError>().ok());
    SpiError::Usb(usb.map_or(UsbError::Other(text), |usb| *usb))
}

fn hal_error(error: HalError<io::Error>) -> SpiError {
    match error {
        HalError::Io(error) | HalError::Backend(error) => usb_error(error),
        other => SpiError::Unsupported(other.to_string()),
    }
}

/// MPSSE commands on a pipe, written behind.
struct Executor<'p> {
    pipe: &'p mut dyn Pipe,
    index: u16,
    packet: usize,
    clock: Vec<u8>,
    queue: Vec<u8>,
    /// Level and direction of ADBUS by the last pin command.
    pins: Option<(u8, u8)>,
}

impl Executor<'_> {
    fn request(&mut self, request: u8, value: u16) -> io::Result<()> {
        let control = Control { recipient: Recipient::Device, request, value, index: self.index };
        self.pipe.control_out(control, &[]).map_err(io::Error::other)
    }

    /// Sends what is queued, then two bad commands, and waits for their echo.
    fn sync(&mut self) -> Result<(), SpiError> {
        let mut bytes = std::mem::take(&mut self.queue);
        bytes.extend(BAD_COMMANDS);
        bytes.push(SEND_IMMEDIATE);
        let mut echo = Echo { packet: self.packet, seen: 0, tail: [0; 4] };
        let burst = Burst { out: &[bytes], in_depth: 1, quiet: PATIENCE };
        Ok(self.pipe.burst(burst, &mut echo)?)
    }
}

impl MpsseCmdExecutor for Executor<'_> {
    type Error = io::Error;

    fn init(&mut self, settings: &MpsseSettings) -> io::Result<()> {
        self.request(SIO_RESET, RESET_PORT)?;
        self.request(SIO_SET_BITMODE, BITMODE_RESET)?;
        // A latency timer is 1 to 255 ms.
        self.request(SIO_SET_LATENCY_TIMER, settings.latency_timer.as_millis().clamp(1, 255) as u16)?;
        self.request(SIO_SET_BITMODE, BITMODE_MPSSE)?;
        self.request(SIO_RESET, PURGE_RX)?;
        self.request(SIO_RESET, PURGE_TX)?;
        self.queue.extend_from_slice(&self.clock);
        Ok(())
    }

    fn send(&mut self, data: &[u8]) -> io::Result<()> {
        let data = data.strip_suffix(&[SEND_IMMEDIATE]).unwrap_or(data);
        if let [set, level, direction] = *data
            && set == MpsseCmd::SetDataBitsLowbyte as u8
        {
            if self.pins.is_some() {
                // The one before it is the last in the queue, unseen: nothing but pin commands follows the clock's.
                self.queue.truncate(self.queue.len() - data.len());
            }
            self.pins = Some((level, direction));
        }
        self.queue.extend_from_slice(data);
        Ok(())
    }

    fn recv(&mut self, _data: &mut [u8]) -> io::Result<()> {
        // Bring-up sets pins and reads nothing; bursts go through the codec.
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Waits for the echo of the bad commands, past what a broken session left in the chip.
struct Echo {
    packet: usize,
    seen: usize,
    tail: [u8; 4],
}

impl Echo {
    const WANTED: [u8; 4] = [BAD_COMMAND, BAD_COMMANDS[0], BAD_COMMAND, BAD_COMMANDS[1]];
}

impl Reply for Echo {
    fn next(&self, in_flight: usize) -> Option<usize> {
        (in_flight == 0 && !self.is_complete()).then_some(512)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        let before = self.seen;
        payloads(bytes, self.packet, |payload| {
            for byte in payload {
                self.tail.rotate_left(1);
                self.tail[3] = *byte;
            }
            self.seen += payload.len();
            Ok(())
        })?;
        if self.seen > STALE {
            return Err(UsbError::Desync {
                what: "the MPSSE's answer to a bad command",
                expected: 4,
                got: self.seen,
            });
        }
        Ok(self.seen > before)
    }

    fn is_complete(&self) -> bool {
        self.tail == Self::WANTED
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programmer::{Codec, Driver};
    use crate::spi::Programmer;
    use std::collections::VecDeque;

    /// A port that answers bad commands and pin reads, after `stale` bytes.
    #[derive(Default)]
    struct Port {
        controls: Vec<(u8, u16, u16)>,
        out: Vec<u8>,
        stale: Vec<u8>,
        answers: VecDeque<u8>,
        dead: bool,
    }

    impl Pipe for &mut Port {
        fn control_out(&mut self, c: Control, data: &[u8]) -> Result<(), UsbError> {
            assert!(data.is_empty() && c.recipient == Recipient::Device);
            self.controls.push((c.request, c.value, c.index));
            Ok(())
        }
        fn control_in(&mut self, _: Control, _: &mut [u8]) -> Result<usize, UsbError> {
            Err(UsbError::Stall("control"))
        }
        fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
            let out = burst.out.concat();
            self.answers.extend(self.stale.drain(..));
            if out.ends_with(&[0xAA, 0xAB, 0x87]) {
                self.answers.extend([0xFA, 0xAA, 0xFA, 0xAB]);
            } else if out.ends_with(&[0x81, 0x87]) {
                self.answers.push_back(0);
            }
            self.out.extend(out);
            if self.dead {
                self.answers.clear();
            }
            while !reply.is_complete() {
                reply.next(0).expect("an incomplete reply wants more");
                let take = self.answers.len().min(510);
                if take == 0 {
                    return Err(UsbError::Timeout { what: "test", after: burst.quiet });
                }
                let mut packet = vec![0x32, 0x60];
                packet.extend(self.answers.drain(..take));
                reply.take(&packet)?;
            }
            Ok(())
        }
        fn drain(&mut self, _: usize, _: Duration) -> Result<Vec<u8>, UsbError> {
            Ok(vec![])
        }
        fn now(&self) -> Duration {
            Duration::ZERO
        }
        fn sleep(&mut self, _: Duration) {}
    }

    #[test]
    fn a_port_is_brought_up_in_order_and_its_pins_are_set_once() {
        let mut port = Port { stale: vec![0xFA; 700], ..Port::default() };
        let codec = Mpsse::new(1, &[(5, Level::High), (4, Level::Low)]);
        let driver = Driver::open(codec, &mut port).unwrap();
        drop(driver);
        let wanted = [(0, 0, 2), (0x0B, 0, 2), (0x09, 16, 2), (0x0B, 0x0200, 2), (0, 1, 2), (0, 2, 2)];
        assert_eq!(port.controls, wanted);
        #[rustfmt::skip]
        let wanted = [
            0x8A, 0x86, 1, 0, 0x97, 0x8D, 0x85,
            0x80, 0x28, 0x3B, // one pin command: select and GPIOL1 high, GPIOL0 low, from the start
            0xAA, 0xAB, 0x87,
            0x80, 0x00, 0x00, 0x81, 0x87, // released in drop
        ];
        assert_eq!(port.out, wanted);
    }

    #[test]
    fn what_the_hal_leaves_is_what_the_codec_sends() {
        let mut port = Port::default();
        let mut codec = Mpsse::new(0, &[(7, Level::High)]);
        let before = codec.encode(&mut [], true).out;
        codec.bring_up(&mut &mut port).unwrap();
        assert_eq!(codec.encode(&mut [], true).out, before);
    }

    #[test]
    fn a_port_that_talks_nonsense_is_given_up() {
        let mut port = Port { stale: vec![0x55; 9000], ..Port::default() };
        let error = Driver::open(Mpsse::new(0, &[]), &mut port).map(|d| d.limits()).unwrap_err();
        assert!(matches!(error, SpiError::Usb(UsbError::Desync { .. })), "{error}");
    }

    #[test]
    fn a_silent_port_times_out_with_the_usb_error_kept() {
        let mut port = Port { dead: true, ..Port::default() };
        let error = Driver::open(Mpsse::new(0, &[]), &mut port).map(|d| d.limits()).unwrap_err();
        assert!(matches!(error, SpiError::Usb(UsbError::Timeout { .. })), "{error}");
    }
}

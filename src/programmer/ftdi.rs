//! FT2232H, FT4232H, FT232H: which there are, and how a port becomes an MPSSE.
//!
//! The pins are set up through `ftdi-embedded-hal` (its [`FtHal`] owns which pin is what) over an executor of our own
//! on the pipe. The executor writes behind: pin commands are queued, a later one replaces an earlier one that no one
//! has seen, and everything goes out with the check that the stream is in step. So a pin that must be high is never
//! low first, and bring-up costs one burst.
//!
//! Sources: FTDI AN_135 section 4 (order of bring-up), libftdi `ftdi.h` (SIO requests), AN_108 (bad commands).

use super::mpsse::{
    BAD_COMMAND, BAD_COMMANDS, CLOCK_BYTES_NO_DATA, Mpsse, OUT_TRANSFER, SEND_IMMEDIATE, payloads,
};
use super::pins::Level;
use crate::spi::{LinkError, LinkFault, SpiError};
use crate::usb::{Burst, Control, Interface, PATIENCE, Pipe, Recipient, Reply, UsbError};
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
/// `SIO_RESET`: what the port has received and not done.
const PURGE_RX: u16 = 1;
/// `SIO_RESET`: what the port has to send and the host has not fetched.
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
/// bcdDevice of FT2232C, L and D.
pub(super) const OLD_RELEASE: u16 = 0x0500;
/// Manufacturer strings of FTDI and of makers whose boards carry FTDI's own chips.
const MAKERS: [&str; 4] = ["FTDI", "Digilent", "Olimex", "Xilinx"];
/// The part of the patience that the proof waits for the rest of an answer.
const PROOF_PART: u32 = 3;
/// Clocks data out and in at once, most significant bit first.
const CLOCK_BYTES_BOTH: u8 = 0x31;
/// Loopback on, and off.
const LOOPBACK: [u8; 2] = [0x84, 0x85];
/// Pin number of chip select.
const CS_PIN: u8 = 3;

/// A port of an FTDI chip: which USB interface it is.
pub(super) struct FtdiPort;

impl FtdiPort {
    /// Port 0 (A) is interface 0 with endpoints 02 and 81; each further port has the next of each (libftdi `ftdi.h`).
    pub(super) fn interface(port: u8) -> Interface {
        Interface { number: port, endpoint_out: 0x02 + 2 * port, endpoint_in: 0x81 + 2 * port }
    }
}

/// Brings a port up; gives the level and direction of ADBUS as they are then.
pub(super) fn bring_up(codec: &Mpsse, pipe: &mut dyn Pipe) -> Result<(u8, u8), SpiError> {
    let executor = Executor {
        index: codec.index,
        packet: pipe.in_packet().unwrap_or(512),
        clock: codec.start_commands(),
        patience: codec.patience,
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

/// True for the string of a maker whose boards carry FTDI's own chips.
pub(super) fn is_known(maker: &str) -> bool {
    MAKERS.iter().any(|known| maker.to_ascii_lowercase().starts_with(&known.to_ascii_lowercase()))
}

/// Sends `len` bytes through the loopback and asks for clocks without data; gives whether the port knows those.
pub(super) fn prove(codec: &Mpsse, len: usize, pipe: &mut dyn Pipe) -> Result<bool, SpiError> {
    let pattern: Vec<u8> = (0..len).map(|i| (i as u8).wrapping_mul(0x4D) ^ 0xA5).collect();
    let [low, high] = ((len - 1) as u16).to_le_bytes();
    let mut out = vec![LOOPBACK[0], CLOCK_BYTES_BOTH, low, high];
    out.extend(&pattern);
    out.push(LOOPBACK[1]);
    // Chip select is high: eight clocks that no one hears.
    out.extend([CLOCK_BYTES_NO_DATA, 0, 0]);
    let seen = echo_within((codec.packet(), codec.patience), &out, len, pipe)?;
    let (back, rest) = seen.split_at(len.min(seen.len()));
    if back != pattern {
        let text = "the loopback gave other bytes than were sent";
        return Err(LinkError::new(LinkFault::Driver, text).into());
    }
    // A port that does not know the command answers it, and perhaps its arguments, as bad commands.
    Ok(rest == Echo::WANTED)
}

/// Sends commands and two bad ones; gives what came back, the echo of those last.
pub(super) fn echo(packet: usize, commands: &[u8], pipe: &mut dyn Pipe) -> Result<Vec<u8>, SpiError> {
    echo_within((packet, PATIENCE), commands, 0, pipe)
}

/// The same where the commands are answered by `answers` bytes, by a port of this packet size and patience.
fn echo_within(
    (packet, patience): (usize, Duration),
    commands: &[u8],
    answers: usize,
    pipe: &mut dyn Pipe,
) -> Result<Vec<u8>, SpiError> {
    let out = [commands, &BAD_COMMANDS, &[SEND_IMMEDIATE]].concat();
    let out: Vec<Vec<u8>> = out.chunks(OUT_TRANSFER).map(<[u8]>::to_vec).collect();
    let mut echo = Echo { packet, most: STALE + answers, seen: Vec::new() };
    pipe.burst(Burst { out: &out, in_depth: 1, quiet: patience / PROOF_PART }, &mut echo)?;
    Ok(echo.seen)
}

/// The executor's error is an `io::Error` around a [`UsbError`]: `ftdi-embedded-hal` takes no other without a backend.
fn usb_error(error: io::Error) -> SpiError {
    let text = error.to_string();
    let usb = error.into_inner().and_then(|inner| inner.downcast::<UsbError>().ok());
    usb.map_or(UsbError::Other(text), |usb| *usb).into()
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
    patience: Duration,
    clock: Vec<u8>,
    queue: Vec<u8>,
    /// Level and direction of ADBUS by the last pin command.
    pins: Option<(u8, u8)>,
}

impl Executor<'_> {
    fn control(&mut self, request: u8, value: u16) -> Result<(), UsbError> {
        let control = Control { recipient: Recipient::Device, request, value, index: self.index };
        self.pipe.control_out(control, &[])
    }

    fn request(&mut self, request: u8, value: u16) -> io::Result<()> {
        self.control(request, value).map_err(io::Error::other)
    }

    /// Sends what is queued, then two bad commands, and waits for their echo.
    fn sync(&mut self) -> Result<(), SpiError> {
        let mut bytes = std::mem::take(&mut self.queue);
        bytes.extend(BAD_COMMANDS);
        bytes.push(SEND_IMMEDIATE);
        let mut echo = Echo { packet: self.packet, most: STALE, seen: Vec::new() };
        let burst = Burst { out: &[bytes], in_depth: 1, quiet: self.patience };
        Ok(self.pipe.burst(burst, &mut echo)?)
    }
}

impl MpsseCmdExecutor for Executor<'_> {
    type Error = io::Error;

    fn init(&mut self, settings: &MpsseSettings) -> io::Result<()> {
        // Commands that are left in the port would leave as UART data on the clock line once the MPSSE is off: the port
        // is emptied before the reset and after it.
        for purge in [PURGE_RX, PURGE_TX, RESET_PORT, PURGE_RX, PURGE_TX] {
            self.request(SIO_RESET, purge)?;
        }
        self.request(SIO_SET_BITMODE, BITMODE_RESET)?;
        // A latency timer is 1 to 255 ms.
        let latency = settings.latency_timer.as_millis().clamp(1, 255) as u16;
        match self.control(SIO_SET_LATENCY_TIMER, latency) {
            // A clone that has no such timer: every burst ends in `87`.
            Err(UsbError::Stall(_)) => {}
            other => other.map_err(io::Error::other)?,
        }
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

/// Waits for the echo of the bad commands, past what comes before it.
struct Echo {
    packet: usize,
    /// Bytes that may come.
    most: usize,
    seen: Vec<u8>,
}

impl Echo {
    const WANTED: [u8; 4] = [BAD_COMMAND, BAD_COMMANDS[0], BAD_COMMAND, BAD_COMMANDS[1]];
}

impl Reply for Echo {
    fn next(&self, in_flight: usize) -> Option<usize> {
        (in_flight == 0 && !self.is_complete()).then_some(512)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        let before = self.seen.len();
        payloads(bytes, self.packet, |payload| {
            self.seen.extend_from_slice(payload);
            Ok(())
        })?;
        if self.seen.len() > self.most {
            let got = self.seen.len();
            return Err(UsbError::Desync { what: "the MPSSE's answer to a bad command", expected: 4, got });
        }
        Ok(self.seen.len() > before)
    }

    fn is_complete(&self) -> bool {
        self.seen.ends_with(&Self::WANTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programmer::shape::Framing;
    use crate::programmer::{Codec, Driver, Shape};
    use crate::spi::{LinkFault, Programmer};
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
        // In plain mode there is nothing to prove.
        let driver = Driver::open_in(codec, &mut port, Shape::Plain).unwrap();
        drop(driver);
        let wanted = [
            (0, 1, 2),
            (0, 2, 2),
            (0, 0, 2),
            (0, 1, 2),
            (0, 2, 2),
            (0x0B, 0, 2),
            (0x09, 16, 2),
            (0x0B, 0x0200, 2),
            (0, 1, 2),
            (0, 2, 2),
        ];
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

    /// The mock echoes bad commands and nothing else: such a loopback proves nothing of the port.
    #[test]
    fn a_loopback_that_gives_other_bytes_leaves_the_fast_shape() {
        let mut port = Port::default();
        let mut driver = Driver::open(Mpsse::new(0, &[]), &mut port).unwrap();
        let said: Vec<String> = driver.take_notices().iter().map(ToString::to_string).collect();
        assert_eq!(driver.shape(), Shape::Plain);
        assert!(said.len() == 1 && said[0].contains("loopback"), "{said:?}");
    }

    /// Recovery is the same way: what a burst that broke off has left in the port is thrown away before its mode changes.
    #[test]
    fn a_port_is_emptied_before_its_mode_changes_at_each_recovery() {
        let mut port = Port::default();
        let mut driver = Driver::open_in(Mpsse::new(0, &[]), &mut port, Shape::Plain).unwrap();
        driver.pipe_mut().controls.clear();
        driver.resync().unwrap();
        let recovery: Vec<_> =
            driver.pipe().controls.iter().map(|(request, value, _)| (*request, *value)).collect();
        let off = recovery.iter().position(|control| *control == (0x0B, 0)).unwrap();
        assert_eq!(recovery[..off], [(0, 1), (0, 2), (0, 0), (0, 1), (0, 2)]);
        assert_eq!(recovery[off..], [(0x0B, 0), (0x09, 16), (0x0B, 0x0200), (0, 1), (0, 2)]);
    }

    #[test]
    fn what_the_hal_leaves_is_what_the_codec_sends() {
        let mut port = Port::default();
        let mut codec = Mpsse::new(0, &[(7, Level::High)]);
        let before = codec.encode(&mut [], Framing::Windows).out;
        codec.bring_up(&mut &mut port).unwrap();
        assert_eq!(codec.encode(&mut [], Framing::Windows).out, before);
    }

    #[test]
    fn a_port_that_talks_nonsense_is_given_up() {
        let mut port = Port { stale: vec![0x55; 20_000], ..Port::default() };
        let error = Driver::open(Mpsse::new(0, &[]), &mut port).map(|d| d.limits()).unwrap_err();
        assert!(matches!(&error, SpiError::Link(link) if link.fault == LinkFault::Garbled), "{error}");
    }

    #[test]
    fn a_silent_port_times_out_with_the_usb_error_kept() {
        let mut port = Port { dead: true, ..Port::default() };
        let error = Driver::open(Mpsse::new(0, &[]), &mut port).map(|d| d.limits()).unwrap_err();
        assert!(matches!(&error, SpiError::Link(link) if link.fault == LinkFault::Silent), "{error}");
    }
}

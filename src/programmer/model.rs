//! What a programmer is, as a row of the table, and one as the user names it.

use super::pins::Level;
use super::selftest::SelfTest;
use super::shape::Shape;
use crate::spi::{Programmer, SpiError};
use crate::usb::{GpioLine, Interface, Pipe, StreamAddress};
use std::path::PathBuf;

/// One kind of programmer.
#[derive(Debug)]
pub struct Model {
    /// Its name, as in `-p`.
    pub name: &'static str,
    /// What it is called in text: `a CH341A`.
    pub title: &'static str,
    /// What it is listed as, alone or with others.
    pub family: &'static str,
    /// The keys of `-p` that it takes.
    pub keys: &'static [&'static str],
    /// Keys that it cannot take for a reason worth saying: the key, the reason.
    pub refused: &'static [(&'static str, &'static str)],
    /// Spare pins by name and number.
    pub pins: &'static [(&'static str, u8)],
    /// Pins that are always held while it is in use, and at which level: they let a cable's outputs out.
    pub held: &'static [(u8, Level)],
    /// The ports, `port=A` and on; one where the programmer has no choice of ports.
    pub ports: u8,
    /// The number of ports with SPI, from A on.
    pub spi_ports: u8,
    /// The port that is taken where none is named, A being 0.
    pub port: u8,
    /// The number of chip selects, `cs=0` and on.
    pub chip_selects: u8,
    /// The SPI clock.
    pub clock: SpiClock,
    /// True where common boards drive the chip's lines with more than 3.3 V.
    pub drives_5v: bool,
    /// True where its clock and data out stay driven when it is let go.
    pub stays_driven: bool,
    /// How it is found on USB; `None` for a programmer that is no USB device.
    pub usb: Option<UsbModel>,
    /// How it is driven over a stream of bytes; `None` for a USB device.
    pub stream: Option<StreamModel>,
    /// Opens the programmer that the settings name.
    pub open: fn(&Settings) -> Result<Opened, SpiError>,
}

/// The SPI clock of a programmer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpiClock {
    /// It cannot be changed.
    Fixed {
        /// In Hz.
        hz: u32,
    },
    /// It can be set.
    Settable {
        /// The highest, in Hz.
        max_hz: u32,
        /// Without `speed=`, in Hz.
        default_hz: u32,
    },
}

/// A programmer on a claimed USB interface with one bulk endpoint in each direction.
#[derive(Debug)]
pub struct UsbModel {
    /// idVendor.
    pub vendor: u16,
    /// Each idProduct that is this one.
    pub products: &'static [u16],
    /// The interface and the bulk OUT and IN endpoints of a port (0 is A); `None` for the first interface of vendor class
    /// with a bulk endpoint each way.
    pub interface: Option<fn(u8) -> Interface>,
    /// The programmer over an opened interface.
    pub over: Over,
    /// The self-test over an opened interface.
    pub self_test: SelfTestOver,
    /// Devices that are this one in another mode, without SPI for this program.
    pub other_modes: &'static [OtherMode],
}

/// A programmer that is reached by a node of the system or a socket.
#[derive(Debug)]
pub struct StreamModel {
    /// What `dev=` names.
    pub node: fn(PathBuf) -> StreamAddress,
    /// Pins are GPIO lines of the machine itself: `gpiochip0/17`.
    pub gpio_lines: bool,
    /// The programmer over an opened stream.
    pub over: Over,
    /// The self-test over an opened stream.
    pub self_test: SelfTestOver,
}

/// Makes a programmer of an opened interface and the user's settings.
pub type Over = fn(Box<dyn Pipe>, &Settings) -> Result<Box<dyn Programmer>, SpiError>;

/// The self-test over an opened interface, with the chip where that is asked for.
pub type SelfTestOver = fn(Box<dyn Pipe>, &Settings, bool) -> Result<SelfTest, SpiError>;

/// The same hardware in a mode that has no SPI.
#[derive(Debug)]
pub struct OtherMode {
    /// idProduct in that mode.
    pub product: u16,
    /// What it is called in text: `CH341`.
    pub name: &'static str,
    /// The mode: `UART mode`.
    pub mode: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// A programmer as the user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Which kind.
    pub model: &'static Model,
    /// Bus and port path, `1-2.3`.
    pub path: Option<String>,
    /// Serial number (FTDI).
    pub serial: Option<String>,
    /// Port of an FTDI chip, 0 is A.
    pub port: u8,
    /// idVendor and idProduct in place of the model's (an FTDI chip with ids of its own).
    pub vid: Option<u16>,
    /// See [`vid`](Self::vid).
    pub pid: Option<u16>,
    /// Chip select, 0 or 1 (CH347).
    pub cs: u8,
    /// Where its stream or node is (serprog, spidev).
    pub address: Option<StreamAddress>,
    /// SPI clock asked for; the kind's default without it.
    pub speed: Option<u32>,
    /// GPIO lines of the machine itself, held while in use (spidev).
    pub lines: Vec<GpioLine>,
    /// Spare pins held while in use, by number.
    pub pins: Vec<(u8, Level)>,
    /// Drive it in plain mode from the start: what every other program does, and slower.
    pub plain: bool,
}

impl Settings {
    /// A programmer of that kind with nothing else asked for.
    pub fn of(model: &'static Model) -> Self {
        Self {
            model,
            path: None,
            serial: None,
            port: model.port,
            vid: None,
            pid: None,
            cs: 0,
            address: None,
            speed: None,
            lines: Vec::new(),
            pins: Vec::new(),
            plain: false,
        }
    }

    /// The fastest shape that is asked for.
    pub(super) fn fastest(&self) -> Shape {
        if self.plain { Shape::Plain } else { Shape::Fast }
    }
}

/// A programmer in use, and where it is plugged in.
pub struct Opened {
    /// The programmer.
    pub programmer: Box<dyn Programmer>,
    /// Bus and port path, `1-2.3`.
    pub path: String,
}

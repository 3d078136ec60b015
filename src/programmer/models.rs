//! The programmers, one row each: name, ids, endpoints, options, pins, clock, codec.
//!
//! A programmer that is no USB device has a row without [`UsbModel`] and opens itself; everything that lists, parses or
//! names programmers reads these rows only.
//!
//! Sources: flashrom `ch341a_spi.c` (ids, endpoints, spare pins), FTDI AN_184 (ids), libftdi `ftdi.h` (endpoints), FTDI
//! data sheets (ports with an MPSSE).

use super::ftdi_models::{FTDI_MODELS, FtdiModel};
use super::open::{Opened, open_stream, open_usb};
use super::selftest::{self, SelfTest};
use super::serprog::{self, Serprog};
use super::spec::Settings;
use super::spidev::{self, Spidev};
use super::{Ch341a, Ch347, Codec, Driver, Level, Shape};
use crate::spi::{Programmer, SpiError};
use crate::usb::{Interface, Pipe, StreamAddress};
use std::path::PathBuf;
use std::sync::LazyLock;

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
    /// The number of chip selects, `cs=0` and on.
    pub chip_selects: u8,
    /// The SPI clock.
    pub clock: SpiClock,
    /// True where common boards drive the chip's lines with more than 3.3 V.
    pub drives_5v: bool,
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

/// WCH's idVendor.
const WCH: u16 = 0x1A86;
/// FTDI's idVendor.
pub(super) const FTDI: u16 = 0x0403;

/// Every programmer, in the order in which they are named to the user.
pub fn models() -> &'static [Model] {
    static MODELS: LazyLock<Vec<Model>> = LazyLock::new(|| {
        let ftdi = FTDI_MODELS.iter().map(FtdiModel::model);
        Vec::from(WCH_MODELS).into_iter().chain(ftdi).chain(STREAM_MODELS).collect()
    });
    &MODELS
}

/// WCH's chips.
const WCH_MODELS: [Model; 2] = [
    Model {
        name: "ch341a",
        title: "a CH341A",
        family: "CH341A",
        keys: &["path", "reset", "wp", "hold", "led"],
        refused: &[
            ("speed", "the SPI clock of a CH341A is fixed at about 1.5 MHz"),
            ("serial", "a CH341A has no serial number; name one of several by path="),
        ],
        pins: &[("d1", 1), ("d2", 2), ("d4", 4)],
        held: &[],
        ports: 1,
        spi_ports: 1,
        chip_selects: 1,
        clock: SpiClock::Fixed { hz: super::ch341a::CLOCK_HZ },
        drives_5v: true,
        usb: Some(UsbModel {
            vendor: WCH,
            products: &[0x5512],
            interface: Some(|_| Interface { number: 0, endpoint_out: 0x02, endpoint_in: 0x82 }),
            over: |pipe, settings| driven(Ch341a::new(&settings.pins), pipe, settings),
            self_test: |pipe, settings, chip| selftest::run(Ch341a::new(&settings.pins), pipe, chip),
            other_modes: &[OtherMode {
                product: 0x5523,
                name: "CH341",
                mode: "UART mode",
                remedy: "set its jumper to programmer mode (pins 1-2 on most boards) and plug it in again",
            }],
        }),
        stream: None,
        open: open_usb,
    },
    Model {
        name: "ch347",
        title: "a CH347",
        family: "CH347",
        keys: &["path", "speed", "cs", "reset", "wp", "hold", "led"],
        refused: &[("serial", "every CH347 has the same serial number; tell two apart by path=")],
        // Of the CH347T's pins the ones that are not its SPI's; a CH347F has them too.
        pins: &[("gpio4", 4), ("gpio6", 6), ("gpio7", 7)],
        held: &[],
        ports: 1,
        spi_ports: 1,
        chip_selects: 2,
        clock: SpiClock::Settable { max_hz: super::ch347::MAX_HZ, default_hz: super::ch347::DEFAULT_HZ },
        drives_5v: false,
        usb: Some(UsbModel {
            vendor: WCH,
            // CH347T in mode 1, CH347F, CH339W.
            products: &[0x55DB, 0x55DE, 0x55E7],
            interface: None,
            over: |pipe, settings| driven(ch347_codec(settings)?, pipe, settings),
            self_test: |pipe, settings, chip| selftest::run(ch347_codec(settings)?, pipe, chip),
            other_modes: CH347_MODES,
        }),
        stream: None,
        open: open_usb,
    },
];

/// What is driven over a stream of bytes: serprog, and the kernel's own SPI.
const STREAM_MODELS: [Model; 2] = [
    Model {
        name: "serprog",
        title: "a serprog device",
        family: "serprog",
        keys: &["dev", "baud", "tcp", "unix", "speed", "cs"],
        refused: &[],
        pins: &[],
        held: &[],
        ports: 1,
        spi_ports: 1,
        chip_selects: 4,
        clock: SpiClock::Settable { max_hz: serprog::MAX_HZ, default_hz: serprog::CLOCK_HZ },
        drives_5v: false,
        usb: None,
        stream: Some(StreamModel {
            node: |path| StreamAddress::Serial { path, baud: None },
            gpio_lines: false,
            over: |pipe, settings| driven(serprog_codec(settings), pipe, settings),
            self_test: |pipe, settings, chip| selftest::run(serprog_codec(settings), pipe, chip),
        }),
        open: open_stream,
    },
    Model {
        name: "spidev",
        title: "a spidev device",
        family: "spidev",
        keys: &["dev", "speed", "reset", "wp", "hold", "led"],
        refused: &[("cs", "the chip select of spidev is in its name: /dev/spidev0.1 has chip select 1")],
        pins: &[],
        held: &[],
        ports: 1,
        spi_ports: 1,
        chip_selects: 1,
        clock: SpiClock::Settable { max_hz: spidev::MAX_HZ, default_hz: spidev::DEFAULT_HZ },
        drives_5v: false,
        usb: None,
        stream: Some(StreamModel {
            node: |path| StreamAddress::Spidev { path, lines: Vec::new() },
            gpio_lines: true,
            over: |pipe, settings| driven(Spidev::new(settings.speed), pipe, settings),
            self_test: |pipe, settings, chip| selftest::run(Spidev::new(settings.speed), pipe, chip),
        }),
        open: open_stream,
    },
];

fn serprog_codec(settings: &Settings) -> Serprog {
    Serprog::new(settings.speed, (settings.cs > 0).then_some(settings.cs))
}

/// What to do with a CH347T in another mode than 1.
const MODE_1: &str = "set its mode jumpers to mode 1 (DTR1 high, RTS1 low while it is plugged in)";

const CH347_MODES: &[OtherMode] = &[
    OtherMode { product: 0x55DA, name: "CH347T", mode: "mode 0, two serial ports", remedy: MODE_1 },
    OtherMode { product: 0x55DC, name: "CH347T", mode: "mode 2, SPI for HID drivers", remedy: MODE_1 },
    OtherMode { product: 0x55DD, name: "CH347T", mode: "mode 3, JTAG", remedy: MODE_1 },
];

fn ch347_codec(settings: &Settings) -> Result<Ch347, SpiError> {
    let codec = Ch347::new(settings.cs, &settings.pins);
    settings.speed.map_or(Ok(codec.clone()), |hz| codec.with_clock(hz))
}

/// The driver over an opened interface, in the shape that the settings allow.
pub(super) fn driven<C: Codec + 'static>(
    codec: C,
    pipe: Box<dyn Pipe>,
    settings: &Settings,
) -> Result<Box<dyn Programmer>, SpiError> {
    let fastest = if settings.plain { Shape::Plain } else { Shape::Fast };
    Ok(Box::new(Driver::open_in(codec, pipe, fastest)?))
}

impl Model {
    /// The model of that name.
    pub fn named(name: &str) -> Option<&'static Model> {
        models().iter().find(|model| model.name == name)
    }

    /// Every programmer in text: `CH341A, CH347, FT2232H, FT232H, FT4232H, FTDI's HP chips or cables with one of them`.
    pub fn all_titles() -> String {
        Self::titles(|_| true)
    }

    /// The same of those that are found on USB; the others are used where the user names their place.
    pub fn found_titles() -> String {
        Self::titles(|model| model.usb.is_some())
    }

    fn titles(of: impl Fn(&Model) -> bool) -> String {
        let mut titles: Vec<&str> =
            models().iter().filter(|model| of(model)).map(|model| model.family).collect();
        titles.dedup();
        match titles.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

/// Two models are the same when they have the same name.
impl PartialEq for Model {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Model {}

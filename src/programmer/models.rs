//! The programmers, one row each: name, ids, endpoints, options, pins, clock, codec.
//!
//! A programmer that is no USB device has a row without [`UsbModel`] and opens itself; everything that lists, parses or
//! names programmers reads these rows only.
//!
//! Sources: flashrom `ch341a_spi.c` (ids, endpoints, spare pins), FTDI AN_184 (ids), libftdi `ftdi.h` (endpoints), FTDI
//! data sheets (ports with an MPSSE).

use super::ftdi_models::{FTDI_MODELS, FtdiModel};
use super::model::{Model, OtherMode, Settings, SpiClock, StreamModel, UsbModel};
use super::opening::{driven, open_stream, open_usb};
use super::selftest;
use super::serprog::{self, Serprog};
use super::spidev::{self, Spidev};
use super::{Ch341a, Ch347};
use crate::spi::SpiError;
use crate::usb::{Interface, StreamAddress};
use std::sync::LazyLock;

/// WCH's idVendor.
const WCH: u16 = 0x1A86;

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
        port: 0,
        chip_selects: 1,
        clock: SpiClock::Fixed { hz: super::ch341a::CLOCK_HZ },
        drives_5v: true,
        stays_driven: false,
        usb: Some(UsbModel {
            vendor: WCH,
            products: &[0x5512],
            interface: Some(|_| Interface { number: 0, endpoint_out: 0x02, endpoint_in: 0x82 }),
            over: |pipe, settings| driven(Ch341a::new(&settings.pins), pipe, settings),
            self_test: |pipe, settings, chip| {
                selftest::run(Ch341a::new(&settings.pins), pipe, settings.fastest(), chip)
            },
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
        port: 0,
        chip_selects: 2,
        clock: SpiClock::Settable { max_hz: super::ch347::MAX_HZ, default_hz: super::ch347::DEFAULT_HZ },
        drives_5v: false,
        stays_driven: true,
        usb: Some(UsbModel {
            vendor: WCH,
            // CH347T in mode 1, CH347F, CH339W.
            products: &[0x55DB, 0x55DE, 0x55E7],
            interface: None,
            over: |pipe, settings| driven(ch347_codec(settings)?, pipe, settings),
            self_test: |pipe, settings, chip| {
                selftest::run(ch347_codec(settings)?, pipe, settings.fastest(), chip)
            },
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
        port: 0,
        chip_selects: 4,
        clock: SpiClock::Settable { max_hz: serprog::MAX_HZ, default_hz: serprog::CLOCK_HZ },
        drives_5v: false,
        stays_driven: false,
        usb: None,
        stream: Some(StreamModel {
            node: |path| StreamAddress::Serial { path, baud: None },
            gpio_lines: false,
            over: |pipe, settings| driven(serprog_codec(settings), pipe, settings),
            self_test: |pipe, settings, chip| {
                selftest::run(serprog_codec(settings), pipe, settings.fastest(), chip)
            },
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
        port: 0,
        chip_selects: 1,
        clock: SpiClock::Settable { max_hz: spidev::MAX_HZ, default_hz: spidev::DEFAULT_HZ },
        drives_5v: false,
        stays_driven: false,
        usb: None,
        stream: Some(StreamModel {
            node: |path| StreamAddress::Spidev { path, lines: Vec::new() },
            gpio_lines: true,
            over: |pipe, settings| driven(Spidev::new(settings.speed), pipe, settings),
            self_test: |pipe, settings, chip| {
                selftest::run(Spidev::new(settings.speed), pipe, settings.fastest(), chip)
            },
        }),
        open: open_stream,
    },
];

fn serprog_codec(settings: &Settings) -> Serprog {
    Serprog::new(settings.speed, settings.cs)
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

impl Model {
    /// The model of that name.
    pub fn named(name: &str) -> Option<&'static Model> {
        models().iter().find(|model| model.name == name)
    }

    /// Every programmer in text: `CH341A, CH347, FT2232H, FT232H, FT4232H, FTDI's HP chips or cables with one of them`.
    pub(crate) fn all_titles() -> String {
        Self::titles(|_| true)
    }

    /// The same of those that are found on USB; the others are used where the user names their place.
    pub(crate) fn found_titles() -> String {
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

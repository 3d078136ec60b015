//! FTDI's chips with an MPSSE, and cables with one of them, one row each: ids, ports, pins that must be driven.
//!
//! Sources: FTDI AN_184 and Linux's `ftdi_sio_ids.h` (ids of the chips), FTDI's data sheets (ports with an MPSSE), flashrom's
//! `ft2232_spi.c` and OpenOCD's `tcl/interface/ftdi` (ids and pins of the cables). None of the cables was tried here.

use super::Mpsse;
use super::ftdi::FtdiPort;
use super::model::{Model, Settings, SpiClock, UsbModel};
use super::mpsse::{DEFAULT_HZ, MAX_HZ};
use super::opening::{driven, open_usb};
use super::pins::Level;
use super::selftest;
use crate::spi::SpiError;

/// FTDI's idVendor.
pub(super) const FTDI: u16 = 0x0403;

const KEYS: &[&str] = &["path", "serial", "port", "speed", "reset", "wp", "hold", "led", "pin", "vid", "pid"];
/// A port of eight pins.
const LOW: &[(&str, u8)] = &[("gpiol0", 4), ("gpiol1", 5), ("gpiol2", 6), ("gpiol3", 7)];
/// The same without GPIOL0.
const LOW_BUT_0: &[(&str, u8)] = &[("gpiol1", 5), ("gpiol2", 6), ("gpiol3", 7)];
/// A port of sixteen pins.
const ALL: &[(&str, u8)] = &[
    ("gpiol0", 4),
    ("gpiol1", 5),
    ("gpiol2", 6),
    ("gpiol3", 7),
    ("gpioh0", 8),
    ("gpioh1", 9),
    ("gpioh2", 10),
    ("gpioh3", 11),
    ("gpioh4", 12),
    ("gpioh5", 13),
    ("gpioh6", 14),
    ("gpioh7", 15),
];
/// What FTDI's chips with a USB-PD controller are called together.
const HP: &str = "FTDI's HP chips";
/// What the cables are called together.
const CABLES: &str = "cables with one of them";
const OLIMEX: u16 = 0x15BA;

/// One row: name, title, what it is listed as, idVendor, each idProduct, ports, those with SPI and the one that is taken where none is
/// named, spare pins, pins that are always held.
pub(super) struct FtdiModel(
    &'static str,
    &'static str,
    &'static str,
    u16,
    &'static [u16],
    [u8; 3],
    Pins,
    Held,
);
type Pins = &'static [(&'static str, u8)];
type Held = &'static [(u8, Level)];

impl FtdiModel {
    /// As every programmer's row is.
    pub(super) fn model(&self) -> Model {
        let Self(name, title, family, vendor, products, [ports, spi_ports, port], pins, held) = *self;
        Model {
            name,
            title,
            family,
            keys: KEYS,
            refused: &[],
            pins,
            held,
            ports,
            spi_ports,
            port,
            chip_selects: 1,
            clock: SpiClock::Settable { max_hz: MAX_HZ, default_hz: DEFAULT_HZ },
            drives_5v: false,
            stays_driven: false,
            usb: Some(UsbModel {
                vendor,
                products,
                interface: Some(FtdiPort::interface),
                over: |pipe, settings| driven(codec(settings)?, pipe, settings),
                self_test: |pipe, settings, chip| {
                    selftest::run(codec(settings)?, pipe, settings.fastest(), chip)
                },
                other_modes: &[],
            }),
            stream: None,
            open: open_usb,
        }
    }
}

fn codec(settings: &Settings) -> Result<Mpsse, SpiError> {
    let pins = [settings.model.held, &settings.pins].concat();
    let codec = Mpsse::new(settings.port, &pins);
    settings.speed.map_or(Ok(codec.clone()), |hz| codec.with_clock(hz))
}

/// The rows.
pub(super) const FTDI_MODELS: &[FtdiModel] = &[
    FtdiModel("ft2232h", "an FT2232H", "FT2232H", FTDI, &[0x6010], [2, 2, 0], ALL, &[]),
    FtdiModel("ft232h", "an FT232H", "FT232H", FTDI, &[0x6014], [1, 1, 0], ALL, &[]),
    FtdiModel("ft4232h", "an FT4232H", "FT4232H", FTDI, &[0x6011], [4, 2, 0], LOW, &[]),
    FtdiModel("ft2232hp", "an FT2232HP", HP, FTDI, &[0x6042], [2, 2, 0], ALL, &[]),
    FtdiModel("ft232hp", "an FT232HP", HP, FTDI, &[0x6045], [1, 1, 0], ALL, &[]),
    FtdiModel("ft4232hp", "an FT4232HP", HP, FTDI, &[0x6043], [4, 2, 0], LOW, &[]),
    FtdiModel("ft2233hp", "an FT2233HP", HP, FTDI, &[0x6040], [2, 2, 0], ALL, &[]),
    FtdiModel("ft233hp", "an FT233HP", HP, FTDI, &[0x6044], [1, 1, 0], ALL, &[]),
    FtdiModel("ft4233hp", "an FT4233HP", HP, FTDI, &[0x6041], [4, 2, 0], LOW, &[]),
    FtdiModel("ft4232ha", "an FT4232HA", HP, FTDI, &[0x6048], [4, 2, 0], LOW, &[]),
    // Port A is SPI1, port B SPI2.
    FtdiModel("tumpa", "a TIAO TUMPA", CABLES, FTDI, &[0x8A98], [2, 2, 0], ALL, &[]),
    FtdiModel("tumpa-lite", "a TIAO TUMPA Lite", CABLES, FTDI, &[0x8A99], [1, 1, 0], ALL, &[]),
    // GPIOL0 low lets its outputs out: by OpenOCD and UrJTAG always, by flashrom together with chip select.
    FtdiModel("jtagkey", "an Amontec JTAGkey", CABLES, FTDI, &[0xCFF8], [2, 2, 0], LOW_BUT_0, GPIOL0_LOW),
    // GPIOL1 high puts TMS and TDO through; GPIOH4 to 6 low let TMS, TDI and TCK out. Port B is its serial port.
    FtdiModel("kt-link", "a KT-LINK", CABLES, FTDI, &[0xBBE2], [2, 1, 0], KT_PINS, KT_HELD),
    // GPIOL0 low lets its outputs out.
    FtdiModel(
        "arm-usb-ocd",
        "an Olimex ARM-USB-OCD",
        CABLES,
        OLIMEX,
        &[0x0003],
        [2, 2, 0],
        LOW_BUT_0,
        GPIOL0_LOW,
    ),
    FtdiModel(
        "arm-usb-ocd-h",
        "an Olimex ARM-USB-OCD-H",
        CABLES,
        OLIMEX,
        &[0x002B],
        [2, 2, 0],
        LOW_BUT_0,
        GPIOL0_LOW,
    ),
    FtdiModel("arm-usb-tiny", "an Olimex ARM-USB-TINY", CABLES, OLIMEX, &[0x0004], [2, 2, 0], LOW, &[]),
    FtdiModel("arm-usb-tiny-h", "an Olimex ARM-USB-TINY-H", CABLES, OLIMEX, &[0x002A], [2, 2, 0], LOW, &[]),
    FtdiModel("picotap", "a GOEPEL PicoTAP", CABLES, 0x096C, &[0x1449], [2, 2, 0], LOW, &[]),
    // A JTAGkey by its pins, with an FT2232H's ids.
    FtdiModel("busblaster", "a Bus Blaster", CABLES, FTDI, &[0x6010], [2, 2, 0], LOW_BUT_0, GPIOL0_LOW),
    // An FT2232H's ids; its SPI is at port B (tigard#71).
    FtdiModel("tigard", "a Tigard", CABLES, FTDI, &[0x6010], [2, 2, 1], LOW, &[]),
    // An FT232H's ids; GPIOL1 to GPIOL3 high let its outputs out, GPIOH5 and GPIOH6 low put TMS and TDO through.
    FtdiModel("digilent-hs2", "a Digilent JTAG-HS2", CABLES, FTDI, &[0x6014], [1, 1, 0], LOW_0, HS2_HELD),
    // An FT232H's ids; GPIOL3 high lets its outputs out, GPIOH4 low and GPIOH5 high keep its reset line high.
    FtdiModel("digilent-hs3", "a Digilent JTAG-HS3", CABLES, FTDI, &[0x6014], [1, 1, 0], LOW_0, HS3_HELD),
    // An FT232H's ids; GPIOL1 to GPIOL3 high let its outputs out, as in OpenOCD's file. GPIOH0, 1 and 5 are the board's GPIO0 to 2.
    FtdiModel(
        "digilent-smt2",
        "a Digilent JTAG-SMT2",
        CABLES,
        FTDI,
        &[0x6014],
        [1, 1, 0],
        SMT2_PINS,
        SMT2_HELD,
    ),
    // GPIOL2 and GPIOL3 low let its outputs out; an FT2232H's ids.
    FtdiModel("flyswatter", "a Flyswatter", CABLES, FTDI, &[0x6010], [2, 2, 0], FLY_PINS, FLY_HELD),
];

const KT_PINS: Pins = &[("gpiol0", 4), ("gpiol2", 6), ("gpiol3", 7)];
const KT_HELD: Held = &[(5, Level::High), (12, Level::Low), (13, Level::Low), (14, Level::Low)];
const GPIOL0_LOW: Held = &[(4, Level::Low)];
/// GPIOL0 alone.
const LOW_0: Pins = &[("gpiol0", 4)];
const HS2_HELD: Held =
    &[(5, Level::High), (6, Level::High), (7, Level::High), (13, Level::Low), (14, Level::Low)];
const HS3_HELD: Held = &[(7, Level::High), (12, Level::Low), (13, Level::High)];
const SMT2_PINS: Pins = &[("gpioh0", 8), ("gpioh1", 9), ("gpioh5", 13)];
const SMT2_HELD: Held = &[(5, Level::High), (6, Level::High), (7, Level::High)];
const FLY_PINS: Pins = &[("gpiol0", 4), ("gpiol1", 5)];
const FLY_HELD: Held = &[(6, Level::Low), (7, Level::Low)];

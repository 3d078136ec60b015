//! What to emulate: the programmer, the part on its clip, what the chip holds, and what goes wrong.

use super::chip::ChipState;
use super::faults::Faults;

/// The emulated programmers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProgrammerKind {
    /// CH341A in EPP/MEM/I2C mode, 1a86:5512.
    #[default]
    Ch341a,
    /// CH341 in UART mode, 1a86:5523: no SPI.
    Ch341Uart,
    /// FT2232H, 0403:6010, two ports.
    Ft2232h,
    /// FT232H, 0403:6014, one port.
    Ft232h,
    /// FT4232H, 0403:6011, four ports, two of them with MPSSE.
    Ft4232h,
}

/// What to emulate; every field has a sensible default.
#[derive(Clone, Debug)]
pub struct Options {
    /// The programmer.
    pub programmer: ProgrammerKind,
    /// The FTDI port that the clip hangs on, from 0 (A).
    pub port: usize,
    /// The FTDI device's serial number.
    pub serial: Option<String>,
    /// The part's name.
    pub chip: String,
    /// The array at the start; erased when `None`. Taken before `state`'s contents when both are given.
    pub contents: Option<Vec<u8>>,
    /// A chip saved earlier.
    pub state: Option<ChipState>,
    /// What goes wrong.
    pub faults: Faults,
    /// Decides the unique id and all undefined bytes.
    pub seed: u64,
    /// Level of the chip's /WP pin.
    pub write_protect_high: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            programmer: ProgrammerKind::Ch341a,
            port: 0,
            serial: None,
            chip: "W25Q64FV".into(),
            contents: None,
            state: None,
            faults: Faults::default(),
            seed: 1,
            write_protect_high: true,
        }
    }
}

//! What to emulate: the programmer, the part on its clip, what the chip holds, and what goes wrong.

use super::chip::{ChipState, LeftState};
use super::faults::Faults;
use super::programmers::ProgrammerKind;
use super::quirk::Quirk;
use std::time::Duration;

/// How the bus and the programmer's firmware differ from the published model; the default is that model. For looking at
/// what a job costs where they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bus {
    /// Every bulk packet takes so many times its modelled bus time.
    pub slower: u32,
    /// What the host takes between the end of one burst and the start of the next.
    pub host: Duration,
    /// A CH341A takes the next packet while it works on one. Without that, the USB and the SPI time of each packet add
    /// up, and a read comes to what others measured on real hardware.
    pub overlap: bool,
}

impl Default for Bus {
    fn default() -> Self {
        Self { slower: 1, host: Duration::ZERO, overlap: true }
    }
}

/// What to emulate; every field has a sensible default.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The programmer.
    pub programmer: ProgrammerKind,
    /// The FTDI port that the clip is on, from 0 (A); the chip select of a CH347 or a serprog device.
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
    /// How the programmer differs from the published model.
    pub quirks: Vec<Quirk>,
    /// Decides the unique id and all undefined bytes.
    pub seed: u64,
    /// The state that the board has left the chip in.
    pub left: Option<LeftState>,
    /// Level of the chip's /WP pin.
    pub write_protect_high: bool,
    /// How the bus differs from the model.
    pub bus: Bus,
}

impl Options {
    /// The default chip, blank, behind this programmer. The fields are set afterwards.
    pub fn new(programmer: ProgrammerKind) -> Self {
        Self { programmer, ..Self::default() }
    }
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
            quirks: Vec::new(),
            seed: 1,
            left: None,
            write_protect_high: true,
            bus: Bus::default(),
        }
    }
}

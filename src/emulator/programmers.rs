//! The programmers that are emulated.

use super::serprog::SerprogKind;
use super::spidev::SpidevKind;

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
    /// Another chip or cable of FTDI's family.
    Ftdi {
        /// idVendor.
        vendor: u16,
        /// idProduct.
        product: u16,
    },
    /// CH347T in mode 1, 1a86:55db.
    Ch347t,
    /// CH347F, 1a86:55de.
    Ch347f,
    /// A board with a serprog firmware.
    Serprog(SerprogKind),
    /// An SPI controller of the machine itself, by Linux's spidev.
    Spidev(SpidevKind),
}

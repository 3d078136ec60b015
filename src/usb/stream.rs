//! Where a programmer is that is reached by a node of the system or a socket, and not over USB transfers.

use std::fmt;
use std::path::PathBuf;

/// The place of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamAddress {
    /// A serial port.
    Serial {
        /// Its device node, or its name on Windows.
        path: PathBuf,
        /// Its speed in baud; as it is set where `None`. A port that is USB's own has none.
        baud: Option<u32>,
    },
    /// A TCP server, `HOST:PORT` or `[ADDRESS]:PORT`.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
    /// A spidev device of Linux, and the GPIO lines that are held with it.
    Spidev {
        /// Its device node.
        path: PathBuf,
        /// The lines.
        lines: Vec<GpioLine>,
    },
}

/// A GPIO line of the machine itself, held at a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpioLine {
    /// Its chip: `gpiochip0`.
    pub chip: String,
    /// Its number on that chip.
    pub offset: u32,
    /// Its level.
    pub high: bool,
}

impl fmt::Display for GpioLine {
    /// `gpiochip0/17`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.chip, self.offset)
    }
}

impl fmt::Display for StreamAddress {
    /// As after `-p serprog:` or `-p spidev:`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial { path, .. } | Self::Spidev { path, .. } => write!(f, "dev={}", path.display()),
            Self::Tcp(place) => write!(f, "tcp={place}"),
            Self::Unix(path) => write!(f, "unix={}", path.display()),
        }
    }
}

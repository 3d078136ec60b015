//! Where a programmer is that is reached over a stream of bytes and not over USB transfers.

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
}

impl fmt::Display for StreamAddress {
    /// As after `-p serprog:`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial { path, .. } => write!(f, "dev={}", path.display()),
            Self::Tcp(place) => write!(f, "tcp={place}"),
            Self::Unix(path) => write!(f, "unix={}", path.display()),
        }
    }
}

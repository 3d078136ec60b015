//! Where the server listens: a loopback address, and no other.

use std::net::SocketAddr;
use std::str::FromStr;

/// A loopback address and port; port 0 is a free one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(SocketAddr);

/// Why an address is none to listen on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListenFault {
    /// It cannot be read.
    #[error("'{0}' is no address and port; expected 127.0.0.1:8080, [::1]:8080, or port 0 for a free one")]
    Unreadable(String),
    /// Other machines reach it.
    #[error(
        "{0} can be reached by other machines, and whoever has the page can write to the chip; expected a loopback \
         address: 127.0.0.1 or [::1]"
    )]
    NotLoopback(SocketAddr),
}

impl Listen {
    /// The address.
    pub fn address(self) -> SocketAddr {
        self.0
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self(SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}

impl FromStr for Listen {
    type Err = ListenFault;

    fn from_str(text: &str) -> Result<Self, ListenFault> {
        let address: SocketAddr = text.parse().map_err(|_| ListenFault::Unreadable(text.to_owned()))?;
        if address.ip().is_loopback() { Ok(Self(address)) } else { Err(ListenFault::NotLoopback(address)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_listened_on() {
        for text in ["127.0.0.1:0", "127.0.0.1:8080", "127.1.2.3:1", "[::1]:0"] {
            assert!(text.parse::<Listen>().is_ok(), "{text}");
        }
        for text in ["0.0.0.0:0", "192.168.1.2:80", "[::]:0", "[fe80::1]:80", "[::ffff:10.0.0.1]:1"] {
            let fault = text.parse::<Listen>().unwrap_err();
            assert!(matches!(fault, ListenFault::NotLoopback(_)), "{text}");
            assert!(fault.to_string().contains("127.0.0.1"));
        }
        for text in ["", "8080", "localhost:1", "127.0.0.1", "127.0.0.1:99999"] {
            assert!(matches!(text.parse::<Listen>(), Err(ListenFault::Unreadable(_))), "{text}");
        }
    }
}

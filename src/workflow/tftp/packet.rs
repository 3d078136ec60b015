//! The packets of TFTP (RFC 1350), and the options that a read request may carry (RFC 2347, 2348, 2349).

use std::time::Duration;

/// Bytes of a block where no size was agreed on (RFC 1350).
const PLAIN_BLOCK: usize = 512;
/// The largest block offered: larger ones do not fit in an Ethernet frame, and small loaders do not reassemble pieces.
pub(super) const MOST_BLOCK: usize = 1468;
/// Block sizes that a client may ask for (RFC 2348).
const BLOCK_SIZES: std::ops::RangeInclusive<usize> = 8..=65464;
/// The longest timeout taken from a client, in seconds. RFC 2349 has up to 255, which would hold a transfer for hours.
const MOST_TIMEOUT: u64 = 5;

/// Error codes of RFC 1350 and 2347.
pub(super) const NOT_DEFINED: u16 = 0;
pub(super) const FILE_NOT_FOUND: u16 = 1;
pub(super) const ACCESS_VIOLATION: u16 = 2;
pub(super) const ILLEGAL_OPERATION: u16 = 4;

/// What a client asks the listening port for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    Read { name: String, octet: bool, options: Options },
    Write { name: String },
}

/// The options that the server takes. All others are left out of the answer, which is how they are declined.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    block: Option<usize>,
    size: bool,
    timeout: Option<u64>,
    /// As they were asked for; the answer keeps this order.
    order: Vec<Taken>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Block,
    Size,
    Timeout,
}

/// What a client sends to a running transfer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Acknowledged(u16),
    Error,
    Other,
}

impl Options {
    /// Bytes of each block.
    pub fn block(&self) -> usize {
        self.block.unwrap_or(PLAIN_BLOCK)
    }

    /// How long the client asks the server to wait before it sends a block again.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout.map(Duration::from_secs)
    }

    /// The answer to the options for a file of this length; `None` where there are none to answer.
    pub fn answer(&self, len: usize) -> Option<Vec<u8>> {
        let mut packet = vec![0, 6];
        for taken in &self.order {
            let text = match taken {
                Taken::Block => format!("blksize\0{}\0", self.block()),
                Taken::Size => format!("tsize\0{len}\0"),
                Taken::Timeout => format!("timeout\0{}\0", self.timeout.unwrap_or_default()),
            };
            packet.extend_from_slice(text.as_bytes());
        }
        (packet.len() > 2).then_some(packet)
    }

    fn parse<'a>(mut words: impl Iterator<Item = &'a str>) -> Self {
        let mut options = Self::default();
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            let number = value.parse::<u64>().ok();
            let taken = match (name.to_ascii_lowercase().as_str(), number) {
                ("blksize", Some(size)) => {
                    let size = usize::try_from(size).unwrap_or_default();
                    if !BLOCK_SIZES.contains(&size) {
                        continue;
                    }
                    options.block.get_or_insert(size.min(MOST_BLOCK));
                    Taken::Block
                }
                ("tsize", Some(_)) => {
                    options.size = true;
                    Taken::Size
                }
                ("timeout", Some(seconds @ 1..=MOST_TIMEOUT)) => {
                    options.timeout.get_or_insert(seconds);
                    Taken::Timeout
                }
                _ => continue,
            };
            if !options.order.contains(&taken) {
                options.order.push(taken);
            }
        }
        options
    }
}

/// Reads a packet to the listening port. `None` for what is no request.
pub(super) fn request(packet: &[u8]) -> Option<Request> {
    let (opcode, rest) = packet.split_at_checked(2)?;
    // The last field ends with a zero too; what is after it is no field.
    let fields: Vec<&[u8]> = rest.split(|byte| *byte == 0).collect();
    let (_, fields) = fields.split_last()?;
    let [name, mode, options @ ..] = fields else { return None };
    let name = String::from_utf8_lossy(name).into_owned();
    match opcode {
        [0, 1] => {
            // An option that is no text is not known to this server.
            let options =
                Options::parse(options.iter().map(|field| str::from_utf8(field).unwrap_or_default()));
            Some(Request::Read { name, octet: mode.eq_ignore_ascii_case(b"octet"), options })
        }
        [0, 2] => Some(Request::Write { name }),
        _ => None,
    }
}

/// Reads a packet to a transfer.
pub(super) fn reply(packet: &[u8]) -> Reply {
    match packet {
        [0, 4, high, low, ..] => Reply::Acknowledged(u16::from_be_bytes([*high, *low])),
        [0, 5, ..] => Reply::Error,
        _ => Reply::Other,
    }
}

/// A block of the file.
pub(super) fn data(number: u16, bytes: &[u8]) -> Vec<u8> {
    [&[0, 3], &number.to_be_bytes()[..], bytes].concat()
}

/// A refusal.
pub(super) fn error(code: u16, text: &str) -> Vec<u8> {
    [&[0, 5], &code.to_be_bytes()[..], text.as_bytes(), &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8]) -> Option<(String, bool, Options)> {
        match request(&[b"\0\x01", text].concat()) {
            Some(Request::Read { name, octet, options }) => Some((name, octet, options)),
            _ => None,
        }
    }

    #[test]
    fn options_are_taken_in_their_order_and_others_are_left_out() {
        for (options, block, timeout, answer) in [
            ("", 512, None, None),
            ("blksize\x001024\0", 1024, None, Some("blksize\x001024\0")),
            ("TSIZE\x000\0BlkSize\x0065464\0", 1468, None, Some("tsize\x0077\0blksize\x001468\0")),
            ("timeout\x003\0", 512, Some(3), Some("timeout\x003\0")),
            ("timeout\x000\0timeout\x00200\0blksize\x007\0blksize\x0065465\0blksize\0-8\0", 512, None, None),
            ("blksize\x0099999999999999999999\0", 512, None, None),
            ("windowsize\x0016\0blksize\x00512\0blksize\x001024\0", 512, None, Some("blksize\x00512\0")),
            // Cut off in the middle of a value.
            ("blksize\x0010", 512, None, None),
        ] {
            let (name, octet, taken) = read(format!("f\0OCTET\0{options}").as_bytes()).unwrap();
            assert_eq!((name.as_str(), octet), ("f", true));
            let wanted = answer.map(|text| [b"\0\x06", text.as_bytes()].concat());
            assert_eq!((taken.block(), taken.answer(77)), (block, wanted), "{options:?}");
            assert_eq!(taken.timeout(), timeout.map(Duration::from_secs), "{options:?}");
        }
        assert!(!read(b"f\0netascii\0").unwrap().1);
    }

    #[test]
    fn what_is_no_request_is_none() {
        for packet in [
            &b""[..],
            b"\0",
            b"\0\x01",
            b"\0\x01f",
            b"\0\x01f\0octet",
            b"\0\x03f\0octet\0",
            b"\x01\x01f\0octet\0",
        ] {
            assert_eq!(request(packet), None, "{packet:?}");
        }
        assert_eq!(request(b"\0\x02f\0octet\0"), Some(Request::Write { name: "f".into() }));
    }

    proptest! {
        #[test]
        fn any_packet_is_read_without_a_panic(packet: Vec<u8>) {
            let _ = (request(&packet), reply(&packet));
            let _ = read(&packet).map(|(_, _, options)| {
                assert!((8..=MOST_BLOCK).contains(&options.block()));
                options.answer(usize::MAX)
            });
        }
    }
}

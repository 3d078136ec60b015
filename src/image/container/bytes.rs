//! Checked reads out of a byte slice: integers of both byte orders, text fields, slices.

use serde::Serialize;

pub(crate) use crate::units::hex;
use crate::units::hex_with;

/// Byte order of a container's integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Endianness {
    /// Most significant byte first.
    Big,
    /// Least significant byte first.
    Little,
}

impl Endianness {
    /// `big` or `little`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Big => "big",
            Self::Little => "little",
        }
    }

    /// The four bytes of `value` in this order.
    pub fn bytes32(self, value: u32) -> [u8; 4] {
        match self {
            Self::Big => value.to_be_bytes(),
            Self::Little => value.to_le_bytes(),
        }
    }
}

/// `len` bytes at `at`, or `None` past the end.
pub(crate) fn slice(bytes: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(len)?)
}

/// `N` bytes at `at`.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    slice(bytes, at, N)?.try_into().ok()
}

/// A 16-bit integer.
pub(crate) fn u16_at(bytes: &[u8], at: usize, order: Endianness) -> Option<u16> {
    let raw = array(bytes, at)?;
    Some(if order == Endianness::Big { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) })
}

/// A 32-bit integer.
pub(crate) fn u32_at(bytes: &[u8], at: usize, order: Endianness) -> Option<u32> {
    let raw = array(bytes, at)?;
    Some(if order == Endianness::Big { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) })
}

/// A 64-bit integer.
pub(crate) fn u64_at(bytes: &[u8], at: usize, order: Endianness) -> Option<u64> {
    let raw = array(bytes, at)?;
    Some(if order == Endianness::Big { u64::from_be_bytes(raw) } else { u64::from_le_bytes(raw) })
}

/// The CRC-32 of zlib without its final inversion, as vendors store it (JAMCRC).
pub(crate) fn jamcrc(bytes: &[u8]) -> u32 {
    !crc32fast::hash(bytes)
}

/// The six bytes of an address that one station has: not blank, not a group's.
pub(crate) fn mac_at(bytes: &[u8], at: usize) -> Option<[u8; 6]> {
    let mac: [u8; 6] = array(bytes, at)?;
    (mac[0] & 1 == 0 && mac != [0; 6]).then_some(mac)
}

/// `30:b5:c2:a1:b2:c3`.
pub(crate) fn mac_text(mac: &[u8; 6]) -> String {
    hex_with(mac, ":")
}

/// A text field: printable ASCII up to the first NUL or FF, filler after it; `None` where it is no text.
pub(crate) fn text(field: &[u8]) -> Option<String> {
    let end = field.iter().position(|b| matches!(b, 0 | 0xff)).unwrap_or(field.len());
    let (text, filler) = field.split_at(end);
    let printable = text.iter().all(|b| (0x20..0x7f).contains(b));
    let filled = filler.iter().all(|b| matches!(b, 0 | 0xff));
    (printable && filled).then(|| String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_past_the_end() {
        let bytes = [1, 2, 3, 4];
        assert_eq!(u32_at(&bytes, 0, Endianness::Big), Some(0x0102_0304));
        assert_eq!(u32_at(&bytes, 0, Endianness::Little), Some(0x0403_0201));
        assert_eq!(u32_at(&bytes, 1, Endianness::Big), None);
        assert_eq!(slice(&bytes, usize::MAX, 2), None);
    }

    #[test]
    fn text_fields() {
        assert_eq!(text(b"ver. 2.0\0\xff\xff").as_deref(), Some("ver. 2.0"));
        assert_eq!(text(b"\0\0").as_deref(), Some(""));
        assert_eq!(text(b"a\0b"), None);
        assert_eq!(text(b"\x80bc"), None);
    }
}

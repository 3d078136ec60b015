//! GUIDs as UEFI firmware stores them: the first three fields little-endian.

use std::fmt;

use crate::image::container::bytes::array;

/// A GUID, its bytes in the order of the flash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(pub [u8; 16]);

/// Which byte of the flash each pair of digits of the text is.
const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

const fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ => panic!("no hex digit"),
    }
}

impl Guid {
    /// Reads a constant of the form `8C8CE578-8A3D-4F1C-9935-896185C32DD3`; only for constants: another text stops the
    /// build.
    pub const fn of(text: &str) -> Self {
        assert!(text.len() == 36, "a GUID has 36 characters");
        Self::of_bytes(text.as_bytes())
    }

    const fn of_bytes(text: &[u8]) -> Self {
        let (mut bytes, mut n, mut at) = ([0; 16], 0, 0);
        while n < 16 {
            if text[at] == b'-' {
                at += 1;
            }
            bytes[ORDER[n]] = digit(text[at]) << 4 | digit(text[at + 1]);
            (n, at) = (n + 1, at + 2);
        }
        Self(bytes)
    }

    /// Reads a text of that form; `None` for another one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        let has_form = |(at, byte): (usize, &u8)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        (text.len() == 36 && text.iter().enumerate().all(has_form)).then(|| Self::of_bytes(text))
    }

    /// The one at `at`; `None` past the end.
    pub fn at(bytes: &[u8], at: usize) -> Option<Self> {
        array(bytes, at).map(Self)
    }
}

impl fmt::Display for Guid {
    /// `8c8ce578-8a3d-4f1c-9935-896185c32dd3`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, place) in ORDER.iter().enumerate() {
            let dash = if matches!(n, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{:02x}", self.0[*place])?;
        }
        Ok(())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes() {
        const FFS2: Guid = Guid::of("8C8CE578-8A3D-4F1C-9935-896185C32DD3");
        assert_eq!(FFS2.0[..9], [0x78, 0xe5, 0x8c, 0x8c, 0x3d, 0x8a, 0x1c, 0x4f, 0x99]);
        assert_eq!(FFS2.to_string(), "8c8ce578-8a3d-4f1c-9935-896185c32dd3");
        assert_eq!(Guid::parse("8c8ce578-8a3d-4f1c-9935-896185c32dd3"), Some(FFS2));
        for text in [
            "",
            "8c8ce5788a3d4f1c9935896185c32dd3",
            "8c8ce578-8a3d-4f1c-9935-896185c32dgg",
            "8c8ce578-8a3d-4f1c-9935-8961\u{e4}32dd3",
        ] {
            assert_eq!(Guid::parse(text), None, "{text}");
        }
        assert_eq!((Guid::at(&FFS2.0, 0), Guid::at(&FFS2.0, 1)), (Some(FFS2), None));
    }
}

//! Something looked for in contents: a text, bytes, a MAC address, in the forms in which flashes hold them.

use crate::image::unit::{Mac, mac_text, parse_mac};
use crate::span::Span;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needle {
    /// A text, as UTF-8 and as UTF-16 of either order.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An address, as six bytes and written out.
    Mac(Mac),
}

/// A place where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its bytes.
    pub span: Span,
    /// The form in which it is there.
    pub form: &'static str,
}

impl Needle {
    /// Bytes, written in hex: `27 05 19 56` or `27051956`. `None` for anything else, and for none.
    pub fn hex(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let even = !digits.is_empty() && digits.len().is_multiple_of(2);
        let plain = digits.iter().all(u8::is_ascii_hexdigit);
        (even && plain).then(|| digits.chunks(2).map(pair).collect::<Option<_>>().map(Needle::Bytes))?
    }

    /// A MAC address; `None` for anything else.
    pub fn mac(text: &str) -> Option<Self> {
        parse_mac(text).map(Needle::Mac)
    }

    /// A text that is not empty.
    pub fn text(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Needle::Text(text.to_owned()))
    }

    /// Its forms, each with a name.
    fn forms(&self) -> Vec<(&'static str, Vec<u8>)> {
        match self {
            Needle::Bytes(bytes) => vec![("bytes", bytes.clone())],
            Needle::Text(text) => vec![
                ("text", text.clone().into_bytes()),
                ("text, UTF-16", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
                ("text, UTF-16 big-endian", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            ],
            Needle::Mac(mac) => {
                let colons = mac_text(*mac);
                let bare = colons.replace(':', "");
                let dashes = colons.replace(':', "-");
                let written = [&colons, &bare, &dashes].map(|text| text.clone().into_bytes());
                let upper = [&colons, &bare, &dashes].map(|text| text.to_uppercase().into_bytes());
                let mut forms: Vec<_> = written.into_iter().chain(upper).map(|text| ("text", text)).collect();
                forms.push(("bytes", mac.to_vec()));
                // Digits alone are the same in both cases.
                forms.sort();
                forms.dedup();
                forms
            }
        }
    }

    /// The first `most` places in order of address, and whether there are more.
    pub fn find(&self, contents: &[u8], most: usize) -> (Vec<Found>, bool) {
        let mut places: Vec<Found> = Vec::new();
        for (form, bytes) in self.forms() {
            let starts = memchr::memmem::find_iter(contents, &bytes).take(most.saturating_add(1));
            let span = |start: usize| Span::new(start as u64, (start + bytes.len()) as u64);
            places.extend(starts.map(|start| Found { span: span(start), form }));
        }
        places.sort_by_key(|found| (found.span.start, found.span.end));
        let more = places.len() > most;
        places.truncate(most);
        (places, more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_is_found_in_each_of_its_forms_and_in_order() {
        let mut contents = vec![0; 0x100];
        contents[0x10..0x16].copy_from_slice(&[0x30, 0xb5, 0xc2, 1, 2, 0xaf]);
        contents[0x40..0x51].copy_from_slice(b"30:B5:C2:01:02:AF");
        contents[0x80..0x8c].copy_from_slice(b"30b5c20102af");
        // After a byte that is not 0: a 0 there would make it the same text in the other order.
        contents[0x9f..0xa6].copy_from_slice(b"\xffb\0o\0o\0");
        let starts = |needle: Option<Needle>, most| {
            let (all, more) = needle.unwrap().find(&contents, most);
            (all.iter().map(|found| (found.span.start, found.form)).collect::<Vec<_>>(), more)
        };
        let all = vec![(0x10, "bytes"), (0x40, "text"), (0x80, "text")];
        assert_eq!(starts(Needle::mac("30:b5:c2:01:02:af"), 9), (all.clone(), false));
        assert_eq!(starts(Needle::mac("30:b5:c2:01:02:af"), 2), (all[..2].to_vec(), true));
        assert_eq!(starts(Needle::text("boo"), 9), (vec![(0xa0, "text, UTF-16")], false));
        assert_eq!(starts(Needle::hex("b5 C2"), 9), (vec![(0x11, "bytes")], false));
        assert_eq!(Needle::hex("00").unwrap().find(&[0; 5], 3).0.len(), 3);
        for bad in ["", " ", "b", "bx", "+1"] {
            assert_eq!(Needle::hex(bad), None, "{bad}");
        }
        assert_eq!((Needle::text(""), Needle::mac("30:b5")), (None, None));
    }
}

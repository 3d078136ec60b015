//! What a boot loader looks like: its version text, how it starts, what is taken for one by mistake.
//!
//! The boards here are MIPS ones: their loader starts at the reset vector with a branch or jump. Loaders of an
//! operator may carry no text that is known here, so the text alone decides nothing.

use crate::image::checks::Finding;
use crate::image::checks::{HEADER_KEPT, LOADER_CUT, LOADER_START, NO_LOADER};
use crate::image::container::tplink;
use crate::image::is_blank;
use crate::units::hex_with;

/// Longest version text that is shown.
const LONGEST_TEXT: usize = 80;
/// Names loaders call themselves by, each before a version.
const NAMES: [&str; 4] = ["U-Boot ", "Breed ", "RedBoot", "CFE version "];

/// The loader's own version text, with the board it names where there is one: `U-Boot 1.1.3 (Mar 10 2016 - 09:12:44)`.
pub fn version(loader: &[u8]) -> Option<String> {
    NAMES.iter().find_map(|name| text_from(loader, name.as_bytes()))
}

/// The printable text that starts with `name` and has a digit later.
fn text_from(bytes: &[u8], name: &[u8]) -> Option<String> {
    let mut from = 0;
    while let Some(found) = find(&bytes[from..], name) {
        let at = from + found;
        let text: String = bytes[at..]
            .iter()
            .take(LONGEST_TEXT)
            .take_while(|b| (0x20..0x7f).contains(*b))
            .map(|b| char::from(*b))
            .collect();
        if text[name.len()..].bytes().any(|b| b.is_ascii_digit()) {
            return Some(text.trim_end().to_owned());
        }
        from = at + name.len();
    }
    None
}

/// The offset of the first `needle` in `bytes`.
pub(crate) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, needle)
}

/// True when the first words are those of a processor's start.
pub fn starts_like_one(loader: &[u8]) -> bool {
    first_instruction(loader).is_some()
}

/// True where the bytes start as a loader does and have its version's text.
pub(crate) fn is_one(bytes: &[u8]) -> bool {
    starts_like_one(bytes) && version(bytes).is_some()
}

/// The processor that a loader's first words are for: a MIPS branch or jump of either byte order, or an ARM branch; and
/// not the entry of an exception vector (which loads k1 next to its branch).
pub(crate) fn first_instruction(loader: &[u8]) -> Option<&'static str> {
    let (first, rest) = loader.split_first_chunk::<4>()?;
    let (second, _) = rest.split_first_chunk::<4>()?;
    let mips = |first: u32, second: u32| {
        let branch = matches!(first >> 16, 0x1000 | 0x0411) && first & 0x8000 == 0 && first & 0x7fff != 0;
        let jump = matches!(first >> 26, 2 | 3) && first & 0x03ff_ffff != 0;
        let vector = matches!(second >> 16, 0x241b | 0x341b);
        (branch || jump) && !vector
    };
    let arm = first[3] == 0xea || first[0] == 0xea && first[1] == 0 && first[2] == 0;
    if mips(u32::from_le_bytes(*first), u32::from_le_bytes(*second)) {
        return Some("MIPS, little endian");
    }
    if mips(u32::from_be_bytes(*first), u32::from_be_bytes(*second)) {
        return Some("MIPS, big endian");
    }
    arm.then_some("ARM")
}

/// True when the bytes start with padding: 64 times the same byte.
pub(crate) fn starts_padded(bytes: &[u8]) -> bool {
    bytes.first_chunk::<64>().is_some_and(|c| is_blank(c))
}

/// What is wrong with `loader` as the whole contents of a loader's region; `what` names it in the message.
///
/// Everything a firmware header is before or inside of was cut at the wrong place.
pub fn fault(loader: &[u8], what: &str) -> Option<Finding> {
    if is_blank(loader) {
        return Some(NO_LOADER.found(format!("{what} is blank where the boot loader belongs")));
    }
    if let Some(header) = find_header(loader) {
        let at = header.offset;
        return Some(match (header.has_boot(), at) {
            (true, _) => HEADER_KEPT.found(format!(
                "{what} has the vendor's outer header at {at:#x}, the loader starts after it at {:#x}: cut {:#x} \
                 bytes too early; cut the loader out after the header, or give the whole vendor file as donor",
                at + tplink::HEADER_LEN,
                at + tplink::HEADER_LEN
            )),
            (false, 0) => NO_LOADER.found(format!(
                "{what} starts with a firmware header ({}, {}) where the boot loader belongs; sent so, it \
                 overwrites the loader and the board is dead: the loader must come first",
                header.kind(),
                header.hardware()
            )),
            (false, _) => LOADER_CUT.found(format!(
                "{what} has a firmware header at {at:#x}; it belongs after the loader's last byte at {:#x}: the \
                 loader starts {:#x} bytes late, its first bytes are missing",
                loader.len(),
                loader.len() as u64 - at
            )),
        });
    }
    if starts_padded(loader) {
        let byte = loader[0];
        return Some(NO_LOADER.found(format!(
            "{what} starts with padding ({byte:02x}) where the boot loader's first instruction belongs"
        )));
    }
    if !starts_like_one(loader) {
        let first = hex_with(&loader[..loader.len().min(8)], " ");
        let text = version(loader).map_or("no version text known here".to_owned(), |v| format!("'{v}'"));
        return Some(LOADER_START.found(format!(
            "{what} starts with {} and not with a branch, as a boot loader for this processor does (it has {text}); \
             it may be cut at the wrong place",
            first
        )));
    }
    None
}

/// A finding when `loader` is one of the `known` loaders, cut at another place.
pub fn shifted(loader: &[u8], known: &[&[u8]], what: &str) -> Option<Finding> {
    const MARK: usize = 64;
    known.iter().filter(|k| k.len() >= MARK && loader.len() >= MARK && k[..MARK] != loader[..MARK]).find_map(|k| {
        let (late, early) = (find(k, &loader[..MARK]), find(loader, &k[..MARK]));
        let (by, word) = late.map(|by| (by, "late")).or(early.map(|by| (by, "early")))?;
        let plain = !is_blank(&loader[..MARK]) && !is_blank(&k[..MARK]);
        plain.then(|| {
            LOADER_CUT.found(format!("{what} is a loader known here, cut {by:#x} bytes too {word}: its start is not where it belongs"))
        })
    })
}

/// The first TP-Link header anywhere in `bytes`.
pub(crate) fn find_header(bytes: &[u8]) -> Option<tplink::TplinkHeader> {
    let words = bytes.windows(4).enumerate();
    words
        .filter(|(_, w)| w[1..] == [0; 3] && (1..=3).contains(&w[0]))
        .find_map(|(at, _)| tplink::parse(bytes, at as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_texts() {
        let bytes = b"\0\0U-Boot env\0xxU-Boot 1.1.3 (Mar 10 2016 - 09:12:44)\0\0";
        assert_eq!(version(bytes).as_deref(), Some("U-Boot 1.1.3 (Mar 10 2016 - 09:12:44)"));
        assert_eq!(version(b"nothing here"), None);
        assert_eq!(version(b"U-Boot "), None);
    }

    #[test]
    fn starts_of_loaders() {
        let start = |words: [u32; 2], big: bool| {
            let bytes: Vec<u8> =
                words.iter().flat_map(|w| if big { w.to_be_bytes() } else { w.to_le_bytes() }).collect();
            starts_like_one(&bytes)
        };
        for big in [false, true] {
            assert!(start([0x1000_00ff, 0], big));
            assert!(start([0x0bc0_0100, 0], big));
            assert!(!start([0x1000_0080, 0x241b_0200], big), "an exception vector");
            assert!(!start([0, 0], big) && !start([u32::MAX, 0], big));
            assert!(!start([0x1000_ffff, 0], big), "a branch backwards");
        }
        assert!(!starts_like_one(b"\x03\0\0\0ver."));
    }
}

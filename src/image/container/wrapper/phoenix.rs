//! Phoenix's update programs ("TDK packer"): a program with a table of files in it.
//!
//! `$PACK` and three zeros, 32-bit length of the table, number of entries; 512 bytes that are not understood; entries of a name of
//! 256 bytes, offset from the program's start, length, 0 or 1 (packed by LZMA), a word of 0. Source: BIOSUtilities
//! (phoenix_tdk_extract.py).

use memchr::memmem;

use super::archive::MOST_UNPACKED;
use super::part::{About, Part, Target};
use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::Look;
use crate::image::container::bytes::{Endianness::Little, slice, u32_at};
use crate::image::container::item::{CheckName, Item, ItemKind};
use crate::image::container::packed::{Format, uefi::Method};
use crate::span::Span;

const MARK: &[u8] = b"$PACK\0\0\0";
const HEAD_LEN: usize = 16;
const UNKNOWN_LEN: usize = 0x200;
const ENTRY_LEN: usize = 0x110;
const NAME_LEN: usize = 0x100;
const MOST_ENTRIES: usize = 1024;
/// A program mentions the mark where it looks for it.
const MOST_TRIES: usize = 16;

/// Reads a program with a table.
pub(super) fn tdk(look: &mut Look) -> Option<Wrapped> {
    let bytes = look.bytes;
    if !bytes.starts_with(b"MZ") {
        return None;
    }
    let heads = || {
        memmem::find_iter(bytes, MARK).take(MOST_TRIES).filter_map(|at| {
            Some((at, u32_at(bytes, at + 8, Little)? as usize, u32_at(bytes, at + 12, Little)? as usize))
        })
    };
    let counts = |count: usize| (1..=MOST_ENTRIES).contains(&count);
    let len_of = |count: usize| HEAD_LEN + UNKNOWN_LEN + count * ENTRY_LEN;
    let item = Item::new(ItemKind::new("phoenix-update"), 0, bytes.len() as u64);
    let name = "Phoenix update program";
    let Some((at, _, count)) = heads().find(|(_, len, count)| counts(*count) && *len == len_of(*count))
    else {
        // A mention of the mark has neither: one of the two shows a table, and that the other is damaged.
        let is_len = |len: usize| {
            len <= bytes.len()
                && (1..=MOST_ENTRIES).contains(&(len.saturating_sub(len_of(0)) / ENTRY_LEN))
                && (len - len_of(0)).is_multiple_of(ENTRY_LEN)
        };
        let (at, len, count) = heads().find(|(at, len, count)| {
            is_len(*len) || (counts(*count) && slice(bytes, *at, len_of(*count)).is_some())
        })?;
        let detail = format!("the head of its table at {at:#x} says {count} entries in {len:#x} bytes");
        let item = item.check(CheckName::AGREES, false, detail);
        return Some(Wrapped { name, item, inside: Inside::Closed("its table contradicts itself") });
    };
    let table = at + HEAD_LEN + UNKNOWN_LEN;
    let (mut parts, mut left) = (Vec::new(), MOST_UNPACKED);
    for n in 0..count {
        let Some(part) = entry(bytes, table + n * ENTRY_LEN, left) else {
            let item =
                item.check(CheckName::SIZE, false, format!("entry {} of its table is not whole", n + 1));
            return Some(Wrapped { name, item, inside: Inside::Closed("its files are not whole") });
        };
        left = left.saturating_sub(part.len());
        parts.push(part);
    }
    let names: Vec<&str> = parts.iter().map(|part| part.about.name.as_str()).collect();
    let item = item.with("files", names).check(CheckName::SIZE, true, "");
    Some(Wrapped { name, item, inside: Inside::Parts(parts) })
}

fn entry(bytes: &[u8], at: usize, most: u64) -> Option<Part> {
    let entry = slice(bytes, at, ENTRY_LEN)?;
    let word = |offset| u32_at(entry, NAME_LEN + offset, Little);
    let name = entry[..NAME_LEN].split(|byte| *byte == 0).next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).trim().to_owned();
    let span = Span::at(word(0)?.into(), word(4)?.into())?;
    let data = span.of(bytes)?;
    let is_packed = match word(8)? {
        0 => false,
        1 => true,
        _ => return None,
    };
    // What belongs to the desktop's part of an update.
    let target = match data.starts_with(b"MZ") {
        true => Target::Updater,
        false => Target::Unknown,
    };
    let about = About::new(name.as_str(), if is_packed { "file, packed" } else { "file" }, target);
    if !is_packed {
        return Some(Part::at(about, span));
    }
    let unpacked = match Format::at(data, 0) {
        Some(format) => format.unpack_all(data, most).filter(|all| all.complete).map(|all| all.data),
        None => Method::Lzma.unpack(data, most),
    };
    let about =
        about.check(CheckName::UNPACKS, unpacked.is_some(), format!("{name} does not unpack to its end"));
    Some(Part::made(about, unpacked.unwrap_or_default()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::image::container::item::Outcome;

    /// A program with files, each packed or not.
    pub(crate) fn made(files: &[(&str, &[u8], bool)]) -> Vec<u8> {
        let mut file = [&b"MZ"[..], &[0x22; 0x7e]].concat();
        let table_len = HEAD_LEN + UNKNOWN_LEN + files.len() * ENTRY_LEN;
        let mut at = file.len() + table_len;
        file.extend(MARK);
        file.extend((table_len as u32).to_le_bytes());
        file.extend((files.len() as u32).to_le_bytes());
        file.extend([0x5c; UNKNOWN_LEN]);
        for (name, data, packed) in files {
            file.extend(name.bytes().chain([0; NAME_LEN]).take(NAME_LEN));
            for word in [at as u32, data.len() as u32, u32::from(*packed), 0] {
                file.extend(word.to_le_bytes());
            }
            at += data.len();
        }
        files.iter().for_each(|(_, data, _)| file.extend(*data));
        file
    }

    /// `xz --check=crc32` of 1000 times "norsplice\n".
    const LINES: &[u8] = include_bytes!("../../../../tests/data/made/lines.xz");

    #[test]
    fn files_are_parts_packed_or_not() {
        let file = made(&[
            ("BIOS.ROM", &[0xa5; 0x800], false),
            ("notes.txt", LINES, true),
            ("flash.exe", b"MZ 1", false),
        ]);
        let found = tdk(&mut Look::new(&file)).unwrap();
        assert!(found.item.is_sound(), "{:?}", found.item);
        let Inside::Parts(parts) = &found.inside else { panic!("no parts") };
        let rows: Vec<_> =
            parts.iter().map(|part| (part.about.name.as_str(), part.about.target, part.len())).collect();
        assert_eq!(
            rows,
            [
                ("BIOS.ROM", Target::Unknown, 0x800),
                ("notes.txt", Target::Unknown, 10_000),
                ("flash.exe", Target::Updater, 4)
            ]
        );
        assert!(!tdk(&mut Look::new(&file[..file.len() - 1])).unwrap().item.is_sound());
        let mut bent = file.clone();
        // In the stream's own sum: all of it unpacks.
        let at = bent.len() - 4 - 6;
        bent[at] ^= 0x55;
        let Inside::Parts(parts) = tdk(&mut Look::new(&bent)).unwrap().inside else { panic!("no parts") };
        assert!(
            parts[1].about.checks.iter().any(|check| check.result == Outcome::Bad),
            "{:?}",
            parts[1].about
        );
    }
}

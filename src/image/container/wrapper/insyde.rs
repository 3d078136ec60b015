//! Insyde's update programs: a program for the desktop with `$_IFLASH` blocks after it, a block a part.
//!
//! A block: the mark, 8 bytes of its kind, then the 32-bit lengths of the block and of its data. Source: BIOSUtilities
//! (insyde_ifd_extract.py), which also has the kinds. The block's length counts from its start or from the end of its head:
//! both are met. The self-extracting archive around some programs is named and not opened.

use memchr::memmem;

use super::part::{About, Part, Target};
use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::Look;
use crate::image::container::bytes::{Endianness::Little, slice, u32_at};
use crate::image::container::item::{CheckName, Item, ItemKind};
use crate::span::Span;

const KIND: ItemKind = ItemKind::new("insyde-update");
const NAME: &str = "Insyde update program";
const PROGRAM: &[u8] = b"MZ";
const MARK: &[u8] = b"$_IFLASH";
const HEAD_LEN: u64 = 0x18;
/// Filler after a block's data is no longer.
const LONGEST_FILLER: u64 = 0x1000;
/// A program mentions the mark where it looks for it.
const MOST_TRIES: usize = 256;
/// After the settings of a self-extracting archive comes the archive, plain or with every byte turned by a bit.
const SFX: &[u8] = b";!@InstallEnd@!\r\n";
const ARCHIVES: [&[u8]; 2] = [b"7z\xbc\xaf\x27", b"\x6e\xf4\x79\x5f\x4e"];

/// The kinds, and for whom each is.
const KINDS: [(&str, Target); 12] = [
    ("BIOSIMG", Target::Bios),
    ("BIOSCER", Target::Updater),
    ("BIOSCR2", Target::Updater),
    ("DRV_IMG", Target::Updater),
    ("EC_IMG", Target::Ec),
    ("INI_IMG", Target::Updater),
    ("IOM_IMG", Target::Device("IO manageability")),
    ("ISH_IMG", Target::Device("sensor hub")),
    ("ME_IMG", Target::Me),
    ("OEM_ID", Target::Updater),
    ("PDT_IMG", Target::Device("platform descriptor table")),
    ("TBT_IMG", Target::Device("Thunderbolt")),
];

/// Reads a program with blocks after it.
pub(super) fn iflash(look: &mut Look) -> Option<Wrapped> {
    let bytes = look.bytes;
    if !bytes.starts_with(PROGRAM) {
        return None;
    }
    let mut parts: Vec<Part> = Vec::new();
    let mut odd: Option<(bool, String)> = None;
    for at in memmem::find_iter(bytes, MARK).take(MOST_TRIES) {
        // What is in a block is its own.
        let inside = parts.last().and_then(Part::span).is_some_and(|span| span.contains(at as u64));
        if inside {
            continue;
        }
        match block(bytes, at) {
            Some(part) => parts.push(part),
            None => odd = odd.or_else(|| contradiction(bytes, at, !parts.is_empty())),
        }
    }
    let is_bios = |part: &Part| part.about.target == Target::Bios;
    // Before the first block it may be a mention, where the image is there elsewhere.
    if let Some((_, detail)) = odd.filter(|(after, _)| *after || !parts.iter().any(is_bios)) {
        let item = Item::new(KIND, 0, bytes.len() as u64).check(CheckName::AGREES, false, detail);
        return Some(Wrapped {
            name: NAME,
            item,
            inside: Inside::Closed("a block of it contradicts itself"),
        });
    }
    if parts.is_empty() {
        return packer(bytes);
    }
    let end = parts.iter().filter_map(Part::span).map(|span| span.end).max()?;
    let names: Vec<&str> = parts.iter().map(|part| part.about.name.as_str()).collect();
    let item = Item::new(KIND, 0, end.max(bytes.len() as u64)).with("parts", names);
    let item = match parts.iter().find(|part| is_bios(part)).and_then(Part::span) {
        Some(image) => item.with_hex("image_offset", image.start).with_hex("image_size", image.len()),
        None => item,
    };
    let item = item.check_fits(bytes.len());
    Some(Wrapped { name: NAME, item, inside: Inside::Parts(parts) })
}

/// What a mark says that is no block, where it is no mere mention either: one of its lengths may be one. After the first
/// block (`after`) there are no mentions; before it, only an image is looked for, which is long.
fn contradiction(bytes: &[u8], at: usize, after: bool) -> Option<(bool, String)> {
    const SHORTEST_IMAGE: u64 = 0x1000;
    let head = slice(bytes, at, HEAD_LEN as usize)?;
    let name = std::str::from_utf8(&head[8..16]).ok()?.trim_matches('_');
    let (_, target) = KINDS.iter().find(|(kind, _)| *kind == name)?;
    let (whole, len) = (u32_at(head, 16, Little)?, u32_at(head, 20, Little)?);
    let rest = bytes.len() as u64 - at as u64;
    let least = if after { 1 } else { SHORTEST_IMAGE };
    let may_be = |len: u32| (least..=rest).contains(&u64::from(len));
    let counts = (after || *target == Target::Bios) && (may_be(whole) || may_be(len));
    let detail = format!(
        "the block {name} at {at:#x} says that it is {whole:#x} bytes long and has {len:#x} bytes of data, and {rest:#x} bytes follow"
    );
    counts.then_some((after, detail))
}

fn block(bytes: &[u8], at: usize) -> Option<Part> {
    let head = slice(bytes, at, HEAD_LEN as usize)?;
    let tag = std::str::from_utf8(&head[8..16]).ok()?;
    let named = tag.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let (whole, len) = (u64::from(u32_at(head, 16, Little)?), u64::from(u32_at(head, 20, Little)?));
    let counted = whole == len + HEAD_LEN || (whole >= len && whole - len < LONGEST_FILLER);
    if !named || !counted || len == 0 || len == u64::from(u32::MAX) {
        return None;
    }
    let name = tag.trim_matches('_');
    let target = KINDS.iter().find(|(kind, _)| *kind == name).map_or(Target::Unknown, |(_, target)| *target);
    Some(Part::at(About::new(name, format!("$_IFLASH{tag}"), target), Span::at(at as u64 + HEAD_LEN, len)?))
}

/// The archive around an update program.
fn packer(bytes: &[u8]) -> Option<Wrapped> {
    let at = memmem::find_iter(bytes, SFX)
        .map(|at| at + SFX.len())
        .find(|at| ARCHIVES.iter().any(|archive| bytes[*at..].starts_with(archive)))?;
    let item =
        Item::new(ItemKind::new("7z-program"), 0, bytes.len() as u64).with_hex("archive_offset", at as u64);
    let plain = bytes[at..].starts_with(ARCHIVES[0]);
    let why = if plain {
        "a program that unpacks itself: unpack it with 7z and give the file in it"
    } else {
        "a program that unpacks itself, and the archive in it is scrambled: run it, or unpack it with Insyde's own program"
    };
    Some(Wrapped { name: "self-extracting 7z archive", item, inside: Inside::Closed(why) })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::image::container::item::Outcome;

    /// A program with blocks of these kinds and data.
    pub(crate) fn made(blocks: &[(&str, &[u8])]) -> Vec<u8> {
        let mut file = [b"MZ".as_slice(), &[0x11; 0x100]].concat();
        for (kind, data) in blocks {
            file.extend(MARK);
            file.extend(format!("_{kind}_______").bytes().take(8));
            file.extend((data.len() as u32 + 0x18).to_le_bytes());
            file.extend((data.len() as u32).to_le_bytes());
            file.extend(*data);
        }
        file
    }

    /// A program that unpacks itself, whose archive starts so.
    pub(crate) fn packer_of(archive: [u8; 5]) -> Vec<u8> {
        [b"MZ", &[1; 64][..], b"\r\n", SFX, &archive, &[2; 64]].concat()
    }

    #[test]
    fn every_block_is_a_part_by_its_kind() {
        let image = [0x5a; 0x4000];
        let file = made(&[
            ("INI_IMG", b"[Platform]"),
            ("BIOSIMG", &image),
            ("EC_IMG", &[7; 99]),
            ("NEW_IMG", &[8; 9]),
        ]);
        let found = iflash(&mut Look::new(&file)).unwrap();
        assert!(found.item.is_sound(), "{found:?}");
        let Inside::Parts(parts) = &found.inside else { panic!("no parts") };
        let rows: Vec<_> = parts
            .iter()
            .map(|part| (part.about.name.as_str(), part.about.target.name(), part.len()))
            .collect();
        let wanted = [
            ("INI_IMG", "updater", 10),
            ("BIOSIMG", "BIOS", 0x4000),
            ("EC_IMG", "EC", 99),
            ("NEW_IMG", "unknown", 9),
        ];
        assert_eq!(rows, wanted);
        assert_eq!(found.inside.image().and_then(|span| span.of(&file)), Some(&image[..]));
        assert!(!iflash(&mut Look::new(&file[..file.len() - 1])).unwrap().item.is_sound());
        assert!(iflash(&mut Look::new(&file[1..])).is_none(), "no program");
        assert!(iflash(&mut Look::new(b"MZ $_IFLASH_BIOSIMG is looked for")).is_none(), "the mark alone");
        // A block whose lengths contradict each other, the only one, after or before another: it is told with both. What is
        // mentioned in the program before its blocks is none, nor are texts.
        let rules = |file: &[u8]| iflash(&mut Look::new(file)).map(|found| found.item.result("agrees"));
        let bent = |file: &[u8], at: usize, value: u32| {
            let mut bent = file.to_vec();
            bent[at..at + 4].copy_from_slice(&value.to_le_bytes());
            bent
        };
        for blocks in [
            vec![("BIOSIMG", &image[..])],
            vec![("EC_IMG", &[7; 99][..]), ("BIOSIMG", &image)],
            vec![("BIOSIMG", &image), ("EC_IMG", &[7; 99])],
        ] {
            let file = made(&blocks);
            assert_eq!(rules(&file), Some(None));
            let at = memmem::find(&file, b"$_IFLASH_BIOSIMG").unwrap();
            for field in [16, 20] {
                for value in [0, 1, 0x7fff_ffff, u32::MAX] {
                    assert_eq!(
                        rules(&bent(&file, at + field, value)),
                        Some(Some(Outcome::Bad)),
                        "{value:#x}"
                    );
                }
            }
            let mention = [
                &b"MZ$_IFLASH_BIOSIMG\0\0\x04\0\0\0\x02\0$_IFLASH_ME_IMG_\0\0\x04\0\0\0\x02\0"[..],
                &file[2..],
            ];
            assert_eq!(rules(&mention.concat()), Some(None));
        }
        // Two releases in one program: neither is the image.
        let two = made(&[("BIOSIMG", &image), ("BIOSIMG", &[9; 0x4000])]);
        assert_eq!(iflash(&mut Look::new(&two)).unwrap().inside.image(), None);
    }

    #[test]
    fn the_archive_around_a_program_is_named() {
        let scrambled = b"7z\xbc\xaf\x27".map(|byte| byte.rotate_left(1));
        for (archive, word) in [(*b"7z\xbc\xaf\x27", "with 7z"), (scrambled, "scrambled")] {
            let file = packer_of(archive);
            let Inside::Closed(why) = iflash(&mut Look::new(&file)).unwrap().inside else { panic!("open") };
            assert!(why.contains(word), "{why}");
        }
    }
}

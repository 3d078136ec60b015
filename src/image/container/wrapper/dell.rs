//! Dell's updates ("PFS"): sections packed by zlib with head and foot, in each a list of entries with names, and BIOS Guard
//! blocks that are put together by their places.
//!
//! Section: 32-bit length, AA (firmware) or BB (programs), ten fixed bytes, the XOR of the fifteen before; the stream; the same
//! length, eleven fixed bytes, XOR. In it `PFS.HDR.`, version, length, entries, then the length, a CRC-32 without its final
//! inversion, `PFS.FTR.`. Entry: GUID, version (1: 0x48, 2: 0x58 bytes of head), four letters that say how the four 16-bit
//! numbers of its version are written, lengths of data, signature, metadata, its signature. One entry lists names by GUID.
//! Source: BIOSUtilities (dell_pfs_extract.py).

use memchr::memmem;

use super::archive::MOST_UNPACKED;
use super::dell_entries::{FRAME_LEN, PFS, entries, payload};
use super::part::Part;
use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::{Look, NOT_MADE};
use crate::image::container::bytes::{Endianness::Little, jamcrc, slice, u32_at};
use crate::image::container::item::{CheckName, Item, ItemKind, Outcome};
use crate::image::container::packed::uefi::Method;

const HEAD_MARK: &[u8] = b"\xee\xaa\x76\x1b\xec\xbb\x20\xf1\xe6\x51";
const FOOT_MARK: &[u8] = b"\xee\xaa\xee\x8f\x49\x1b\xe8\xae\x14\x37\x90";
const MARK_AT: usize = 5;
const FIRMWARE: u8 = 0xaa;
const MOST_SECTIONS: usize = 16;
const FRAMES: CheckName = CheckName::new("sections");

/// Reads an update program, a section or a list alone.
pub(super) fn pfs(look: &mut Look) -> Option<Wrapped> {
    let bytes = look.bytes;
    let item = Item::new(ItemKind::new("dell-pfs"), 0, bytes.len() as u64);
    let name = "Dell update (PFS)";
    if bytes.starts_with(PFS) {
        return Some(match list(look, bytes) {
            Ok((parts, checked)) => {
                Wrapped { name, item: checked_item(item, checked), inside: Inside::Parts(parts) }
            }
            Err(why) => Wrapped {
                name,
                item: item.check(CheckName::SIZE, false, why),
                inside: Inside::Closed("it is cut short"),
            },
        });
    }
    let at_start = slice(bytes, MARK_AT, HEAD_MARK.len()) == Some(HEAD_MARK);
    if !at_start && !bytes.starts_with(b"MZ") {
        return None;
    }
    let mut sections: Vec<(u8, &[u8])> = Vec::new();
    let (mut end, mut fault) = (0, None);
    for mark in memmem::find_iter(bytes, HEAD_MARK).take(MOST_SECTIONS) {
        // A mark in a section is its own.
        let Some(at) = mark.checked_sub(MARK_AT).filter(|at| *at >= end) else { continue };
        match section(bytes, at) {
            Ok((kind, stream)) => {
                sections.push((kind, stream));
                end = at + 2 * FRAME_LEN + stream.len();
            }
            Err(why) => fault = fault.or(Some(why)),
        }
    }
    if let Some((check, why)) = fault {
        return Some(Wrapped {
            name,
            item: item.check(check, false, why),
            inside: Inside::Closed("a section is damaged"),
        });
    }
    let firmware = sections.iter().filter(|(kind, _)| *kind == FIRMWARE);
    let mut item = item.with("sections", sections.len()).check(FRAMES, true, "");
    let mut parts = Vec::new();
    (!sections.is_empty()).then_some(())?;
    for (_, stream) in firmware {
        let Some(list_bytes) = Method::Zlib.unpack(stream, MOST_UNPACKED) else {
            let item = item.check(CheckName::UNPACKS, false, "a section does not unpack");
            return Some(Wrapped { name, item, inside: Inside::Closed("a section does not unpack") });
        };
        match list(look, &list_bytes) {
            Ok((found, checked)) => {
                item = checked_item(item, checked);
                parts.extend(found.into_iter().map(|part| made(part, &list_bytes)));
            }
            Err(why) => {
                let item = item.check(CheckName::SIZE, false, why);
                return Some(Wrapped { name, item, inside: Inside::Closed("its list is not whole") });
            }
        }
    }
    Some(Wrapped { name, item, inside: Inside::Parts(parts) })
}

/// A part of an unpacked list with bytes of its own.
fn made(part: Part, list: &[u8]) -> Part {
    match part.span().and_then(|span| span.of(list)) {
        Some(bytes) => Part::made(part.about, bytes.to_vec()),
        None => part,
    }
}

/// The CRC of a list: stated and found; `None` where it was not made.
type Crc = Option<(u32, u32)>;

fn checked_item(item: Item, crc: Crc) -> Item {
    match crc {
        Some((stated, found)) => item.check_equal(CheckName::CRC, stated, found),
        None => item.check(CheckName::CRC, Outcome::CannotTell, NOT_MADE),
    }
}

/// The kind and the stream of the section at `at`.
fn section(bytes: &[u8], at: usize) -> Result<(u8, &[u8]), (CheckName, String)> {
    let cut = || (CheckName::SIZE, format!("the section at {at:#x} is cut short"));
    let head = slice(bytes, at, FRAME_LEN).ok_or_else(cut)?;
    let len = u32_at(head, 0, Little).unwrap_or(0);
    let stream = slice(bytes, at + FRAME_LEN, len as usize).ok_or_else(cut)?;
    let foot = slice(bytes, at + FRAME_LEN + stream.len(), FRAME_LEN).ok_or_else(cut)?;
    let xor =
        |frame: &[u8]| frame[..FRAME_LEN - 1].iter().fold(0, |xor, byte| xor ^ byte) == frame[FRAME_LEN - 1];
    if !xor(head)
        || !xor(foot)
        || foot[4..FRAME_LEN - 1] != *FOOT_MARK
        || u32_at(foot, 0, Little) != Some(len)
    {
        return Err((
            FRAMES,
            format!("head and foot of the section at {at:#x} do not agree, or their sums do not hold"),
        ));
    }
    Ok((head[4], stream))
}

/// The parts of a list, counted from its start, and its CRC.
fn list(look: &mut Look, bytes: &[u8]) -> Result<(Vec<Part>, Crc), String> {
    let (payload, crc) = payload(bytes)?;
    let crc = look.may_sum(payload.len() as u64).then(|| (crc, jamcrc(payload)));
    let parts = entries(bytes, FRAME_LEN, payload.len())?;
    Ok((parts, crc))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::dell_entries::tests::{entry, guarded, list_of, names};
    use super::super::part::{State, Target, image};
    use super::*;
    use crate::image::synthetic::noise;
    use std::io::Write;

    pub(crate) fn section_of(kind: u8, list: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(list).unwrap();
        let stream = packer.finish().unwrap();
        let len = (stream.len() as u32).to_le_bytes();
        let framed = |mut frame: Vec<u8>| {
            frame.push(frame.iter().fold(0, |xor, byte| xor ^ byte));
            frame
        };
        let head = framed([&len[..], &[kind], HEAD_MARK].concat());
        let foot = framed([&len[..], FOOT_MARK].concat());
        [head, stream, foot].concat()
    }

    /// An update: BIOS, EC and the names of both.
    pub(crate) fn made_update(bios: &[u8], version: u16) -> Vec<u8> {
        let list = list_of(&[
            names(&[(1, "System BIOS", [1, version, 0, 0]), (2, "Embedded Controller", [1, 0, 3, 0])]),
            entry(1, [1, 2, 0, 0], bios, &[]),
            entry(2, [1, 0, 3, 0], &noise(5, 0x200), &[]),
        ]);
        [&b"MZ"[..], &[0x44; 0x80], &section_of(FIRMWARE, &list), &section_of(0xbb, b"programs")].concat()
    }

    fn parts(file: &[u8]) -> Vec<Part> {
        let found = pfs(&mut Look::new(file)).unwrap();
        assert!(found.item.is_sound(), "{:?}", found.item);
        let Inside::Parts(parts) = found.inside else { panic!("no parts") };
        parts
    }

    #[test]
    fn entries_are_parts_by_the_names_of_the_list() {
        let bios = noise(1, 0x4000);
        let found = parts(&made_update(&bios, 9));
        let rows: Vec<_> = found
            .iter()
            .map(|part| (part.about.name.as_str(), part.about.target, part.about.version.as_deref()))
            .collect();
        assert!(rows.contains(&("System BIOS", Target::Bios, Some("1.9.0"))), "{rows:?}");
        assert!(rows.contains(&("Embedded Controller", Target::Ec, Some("1.0.3"))), "{rows:?}");
        let image = image(&found, |part| &part.about).unwrap();
        assert!(image.data == super::super::part::Data::Made(bios));
    }

    #[test]
    fn guarded_blocks_are_put_together_by_their_places() {
        let bios = noise(2, 0x3000);
        let block = |n: usize| (0x1000 * n as u32 + 0x4_0000, &bios[n * 0x1000..(n + 1) * 0x1000]);
        let with = |blocks: &[(u32, &[u8])]| {
            list_of(&[names(&[(1, "System BIOS with BIOS Guard", [1, 0, 0, 0])]), guarded(1, blocks)])
        };
        let found = parts(&section_of(FIRMWARE, &with(&[block(2), block(0), block(1)])));
        let image = image(&found, |part| &part.about).unwrap();
        assert_eq!(image.about.place, Some(0x4_0000));
        assert!(image.data == super::super::part::Data::Made(bios.clone()));
        let gaps = parts(&section_of(FIRMWARE, &with(&[block(2), block(0)])));
        assert_eq!(
            gaps.iter().find(|part| part.about.target == Target::Bios).map(|part| part.about.state),
            Some(State::Gaps)
        );
        let twice = pfs(&mut Look::new(&section_of(FIRMWARE, &with(&[block(0), block(0)])))).unwrap();
        let Inside::Parts(twice) = twice.inside else { panic!("no parts") };
        assert!(twice.iter().any(|part| part.about.checks.iter().any(|check| check.result == Outcome::Bad)));
    }

    #[test]
    fn damage_and_cuts_are_seen() {
        let file = made_update(&noise(1, 0x1000), 9);
        let bad = |file: &[u8]| pfs(&mut Look::new(file)).is_none_or(|found| !found.item.is_sound());
        assert!(!bad(&file));
        let start = 0x82;
        for at in [start, start + 4, start + 15, start + 0x200, file.len() - 1] {
            let mut bent = file.clone();
            bent[at] ^= 1;
            assert!(bad(&bent), "{at:#x}");
        }
        for cut in [start + 20, file.len() / 2, file.len() - 1] {
            assert!(bad(&file[..cut]), "{cut:#x}");
        }
        // The CRC of a list by itself.
        let mut list = list_of(&[entry(1, [1, 0, 0, 0], &[7; 0x40], &[])]);
        assert!(!bad(&list));
        list[0x70] ^= 1;
        assert!(bad(&list));
    }
}

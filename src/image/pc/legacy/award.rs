//! Award's BIOS: LHA members one after the other, then the code that unpacks them and the boot block.
//!
//! A member: length and byte sum of its head, method, packed and unpacked length, where it is unpacked to, level, name, CRC-16
//! of what it unpacks to. Method -lh5- is the bit stream of EFI 1.1 without its two lengths. The first one is the system
//! BIOS; in its last 64 KiB at EC71h a text has the release's date, parts, the board's number and a count. Facts:
//! bios_extract (award.c), published descriptions of members and their heads (Pinczakko's articles; the Java editor's
//! BiosFile for `BootBlock`), 86Box's BIOS analysers for the text's place. The sum over all members is left out:
//! its end is found through tables that one description alone has.

use memchr::memmem;

use super::modules::{LONGEST, Legacy, MOST_MODULES, Module, text};
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::image::container::packed::efi::{Width, unpack_stream};
use crate::image::pc::file::sum;
use crate::span::Span;

const UNPACKER: &[u8] = b"= Award Decompression Bios =";
const BOOT_BLOCK: [&[u8]; 2] = [b"Award BootBlock BIOS", b"Award BootBlock Bios"];
/// Method of a packed member, and of one that is stored.
const METHODS: [&[u8; 5]; 2] = [b"-lh5-", b"-lh0-"];
const METHOD_AT: usize = 2;
/// Up to the name.
const HEAD_LEN: usize = 22;
/// A boot block ends with the flash and is no longer than this.
const LONGEST_BOOT_BLOCK: u64 = 0x2_0000;

pub(super) fn find(bytes: &[u8]) -> Option<Legacy> {
    let end = bytes.len() as u64;
    let unpacker = memmem::find(bytes, UNPACKER)? as u64;
    let boot = BOOT_BLOCK.iter().find_map(|mark| memmem::rfind(bytes, mark)).map(|at| at as u64);
    boot.filter(|at| end - at <= LONGEST_BOOT_BLOCK && *at > unpacker)?;
    let mut modules: Vec<Module> = Vec::new();
    let mut first = None;
    for at in memmem::find_iter(bytes, b"-lh").filter_map(|at| at.checked_sub(METHOD_AT)) {
        if modules.len() >= MOST_MODULES || modules.last().is_some_and(|last| last.span.end > at as u64) {
            continue;
        }
        let Some(member) = member(bytes, at) else { continue };
        let data = member.unpack();
        let holds = data.as_ref().is_some_and(|data| crc16(data) == member.crc);
        if first.is_none() {
            first = data;
        }
        modules.push(Module {
            name: member.name,
            span: member.span,
            unpacked: member.packed.then_some(member.len.into()),
            holds: Some(holds),
        });
    }
    if modules.is_empty() {
        return None;
    }
    // From the unpacker on everything is code.
    let (release, board) = first.as_deref().and_then(date_and_id).unzip();
    let boot_block = Some(Span::new(unpacker, end));
    Some(Legacy { maker: "Award", release, board, modules, boot_block, escd: Vec::new() })
}

struct Member<'a> {
    name: String,
    span: Span,
    data: &'a [u8],
    packed: bool,
    len: u32,
    crc: u16,
}

impl Member<'_> {
    fn unpack(&self) -> Option<Vec<u8>> {
        match self.packed {
            true if u64::from(self.len) <= LONGEST => {
                unpack_stream(self.data, Width::Efi11, self.len as usize)
            }
            true => None,
            false => Some(self.data.to_vec()),
        }
    }
}

/// The member whose head starts at `at`; of level 0 or 1, the latter without further heads.
fn member(bytes: &[u8], at: usize) -> Option<Member<'_>> {
    let head_len = usize::from(*bytes.get(at)?);
    let head = slice(bytes, at, head_len + 2).filter(|head| head.len() > HEAD_LEN + 2)?;
    let method = METHODS.iter().position(|method| head[METHOD_AT..].starts_with(*method))?;
    let (packed, len) = (u32_at(head, 7, Little)?, u32_at(head, 11, Little)?);
    let name_len = usize::from(head[21]);
    let name = text(head.get(HEAD_LEN..HEAD_LEN + name_len)?)?;
    let crc = u16_at(head, HEAD_LEN + name_len, Little)?;
    if head[1] != sum(&head[2..]) || head[20] > 1 {
        return None;
    }
    let span = Span::at(at as u64, head.len() as u64 + u64::from(packed))?;
    let data = span.of(bytes)?.get(head.len()..)?;
    Some(Member { name, span, data, packed: method == 0, len, crc })
}

/// LHA's CRC: polynomial A001h, from 0.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xa001 } else { 0 })
    })
}

/// Date and count of the release, and the board's number, in an unpacked system BIOS: `08/04/1998-i440BX-2A69KA1DC-00`.
fn date_and_id(system: &[u8]) -> Option<(String, String)> {
    const SEGMENT: usize = 0x1_0000;
    const TEXT_AT: usize = 0xec71;
    const LONGEST_TEXT: usize = 0x6f;
    const SHORTEST_ID: usize = 8;
    let segment = system.len().checked_sub(SEGMENT)?;
    let text = text(slice(system, segment + TEXT_AT, LONGEST_TEXT)?)?;
    let parts: Vec<&str> = text.split('-').map(str::trim).collect();
    let [date, .., id, count] = parts[..] else { return None };
    let is_date = date.len() >= 8 && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'/');
    let is_id =
        id.len() >= SHORTEST_ID && id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    (is_date && is_id).then(|| (format!("{date}-{count}"), id.to_owned()))
}

#[cfg(test)]
pub(in crate::image::pc) mod tests {
    use super::*;
    use crate::image::synthetic::noise;

    /// A stored member, as its rules have it.
    fn stored(name: &str, data: &[u8]) -> Vec<u8> {
        let mut head = b"-lh0-".to_vec();
        head.extend(
            [data.len() as u32, data.len() as u32, 0x5000_0000].iter().flat_map(|word| word.to_le_bytes()),
        );
        head.extend([0x20, 1, name.len() as u8]);
        head.extend(name.as_bytes());
        head.extend(crc16(data).to_le_bytes());
        head.extend([0x20, 0, 0]);
        [&[head.len() as u8, sum(&head)][..], &head, data].concat()
    }

    /// A system BIOS of 64 KiB with the text of a board.
    fn system(seed: u64, board: &str) -> Vec<u8> {
        let mut bytes = noise(seed, 0x1_0000);
        let text = format!("0{seed}/04/1998-i440BX-{board}-00\0");
        bytes[0xec71..0xec71 + text.len()].copy_from_slice(text.as_bytes());
        bytes
    }

    /// A BIOS of 256 KiB: three members, the unpacker, the boot block; between them erased.
    pub(in crate::image::pc) fn bios(release: u64) -> Vec<u8> {
        of_board(release, "2A69KA1DC")
    }

    pub(in crate::image::pc) fn of_board(release: u64, board: &str) -> Vec<u8> {
        let mut bytes = vec![0xff; 0x4_0000];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0x1_0000, &stored("original.tmp", &system(release, board)));
        put(0x2_1000, &stored("awardext.rom", &noise(release + 10, 0x3000)));
        put(0x2_5000, &stored("ACPITBL.BIN", &noise(release + 20, 0x800)));
        put(0x3_8000, UNPACKER);
        put(0x3_8020, &noise(release + 30, 0x1000));
        put(0x3_c000, b"Award BootBlock BIOS v1.0");
        put(0x3_c020, &noise(release + 40, 0x3fe0));
        bytes
    }

    /// A member of 360 bytes, packed: the stream is uefi-firmware 1.16's (EfiCompress), and Debian's lhasa 0.3.1 takes it out.
    #[test]
    fn a_packed_member_unpacks_as_lhasa_unpacks_it() {
        const STREAM: &str = "000e3b8d8cffa833e8b9091c2dc0d5a0a8f026cc3b582a1fbe6000";
        let pairs = STREAM.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        let stream: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
        let text: Vec<u8> =
            (0..30).flat_map(|n| format!("section of text {n}, ").into_bytes()[..12].to_vec()).collect();
        let mut file = stored("one.bin", &stream);
        file[2..7].copy_from_slice(METHODS[0]);
        file[11..15].copy_from_slice(&(text.len() as u32).to_le_bytes());
        file[29..31].copy_from_slice(&crc16(&text).to_le_bytes());
        file[1] = sum(&file[2..2 + usize::from(file[0])]);
        let one = member(&file, 0).unwrap();
        assert_eq!((one.unpack().as_deref(), one.crc, crc16(&text)), (Some(&text[..]), 0x9396, 0x9396));
        file[11..15].copy_from_slice(&u32::MAX.to_le_bytes());
        file[1] = sum(&file[2..2 + usize::from(file[0])]);
        assert_eq!(member(&file, 0).unwrap().unpack(), None, "longer than any BIOS");
    }

    #[test]
    fn members_with_their_sums_and_the_boards_number() {
        let mut bytes = bios(1);
        let found = find(&bytes).unwrap();
        let names: Vec<_> = found.modules.iter().map(|one| (one.name.as_str(), one.holds)).collect();
        assert_eq!(names, ["original.tmp", "awardext.rom", "ACPITBL.BIN"].map(|name| (name, Some(true))));
        assert_eq!(found.board.as_deref(), Some("2A69KA1DC"));
        assert_eq!(found.release.as_deref(), Some("01/04/1998-00"));
        assert_eq!(found.boot_block, Some(Span::new(0x3_8000, 0x4_0000)));
        bytes[0x2_1100] ^= 1;
        assert_eq!(find(&bytes).unwrap().modules[1].holds, Some(false), "what it unpacks to");
        bytes[0x2_1010] ^= 1;
        assert_eq!(find(&bytes).unwrap().modules.len(), 2, "its head");
    }
}

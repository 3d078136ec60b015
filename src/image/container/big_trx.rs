//! The TRX relatives of EcoNet and ZyXEL boards: byte order of the CPU, a long header, a CRC over what follows.
//!
//! Sources: OpenWrt target/linux/econet/image/tclinux-trx.sh (`2RDH`, `HDR2`: lengths, version, model) and mtdsplit_tclinux.c
//! (the root file system's place); OpenWrt firmware-utils zytrx.c (`0RDH`: lengths, texts, the header's own CRC). The CRCs
//! are the register without its final inversion.

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness, slice, text, u32_at};
use super::damage::is_damaged;
use super::item::{CheckName, Found, Item, ItemKind, Outcome};
use crate::image::container::bytes::jamcrc;

/// The kind of an image of EcoNet's `tclinux`.
pub const ECONET: ItemKind = ItemKind::new("econet-trx");
/// The kind of an image of ZyXEL's, for boards with an MT7621.
pub const ZYXEL: ItemKind = ItemKind::new("zyxel-trx");
/// How EcoNet's start: big-endian, little-endian.
pub const ECONET_MAGICS: [&[u8]; 2] = [b"2RDH", b"HDR2"];
/// How ZyXEL's start.
pub const ZYXEL_MAGIC: &[u8] = b"0RDH";

/// The fields that both have, up to the second length.
const COMMON_LEN: usize = 88;
/// No header is as long.
const LONGEST_HEADER: usize = 0x1000;
/// The one length that ZyXEL's header has.
const ZYXEL_LEN: usize = 380;
/// Where ZyXEL's header has its own CRC.
const ZYXEL_CRC_AT: usize = 372;

/// The fields that both have.
struct BigTrxHeader<'a> {
    bytes: &'a [u8],
    order: Endianness,
    total: u32,
    version: String,
}

impl BigTrxHeader<'_> {
    fn word(&self, at: usize) -> u32 {
        u32_at(self.bytes, at, self.order).unwrap_or(0)
    }
}

/// Reads the common fields, where the lengths and texts make sense.
fn header(bytes: &[u8], at: usize, order: Endianness) -> Option<BigTrxHeader<'_>> {
    let len = u32_at(bytes, at.checked_add(4)?, order)? as usize;
    let head = slice(bytes, at, len).filter(|_| (COMMON_LEN..=LONGEST_HEADER).contains(&len))?;
    let total = u32_at(head, 8, order)?;
    let line =
        |field: &[u8]| text(&field.iter().map(|b| if *b == b'\n' { 0 } else { *b }).collect::<Vec<_>>());
    let version = line(&head[16..48])?;
    line(&head[48..80])?;
    (total as usize > len).then_some(BigTrxHeader { bytes: head, order, total, version })
}

/// An item with the check of the CRC over what follows the header; `None` where no sum holds and nothing else speaks for it.
fn described(look: &mut Look, at: usize, head: &BigTrxHeader, item: Item) -> Option<Found> {
    let item = item.check_fits(look.bytes.len());
    let len = head.bytes.len();
    let item = match slice(look.bytes, at + len, head.total as usize - len) {
        None => item.check(CheckName::CRC, Outcome::Bad, "the image is cut short"),
        Some(covered) if look.may_sum(covered.len() as u64) => {
            item.check_equal(CheckName::CRC, head.word(12), jamcrc(covered))
        }
        Some(_) => item.check(CheckName::CRC, Outcome::CannotTell, NOT_MADE),
    };
    let holds = item.checks.iter().any(|check| check.name != CheckName::SIZE && check.result == Outcome::Ok);
    let stands = holds || is_damaged(look, at, at as u64 + u64::from(head.total), &[at + len]);
    stands.then(|| Found::holder(item, len))
}

/// Reads EcoNet's header at `at`: kernel and root file system must be in the image.
pub(crate) fn find_econet(look: &mut Look, at: usize) -> Option<Found> {
    let little = look.bytes.get(at..)?.starts_with(ECONET_MAGICS[1]);
    let order = if little { Endianness::Little } else { Endianness::Big };
    let head = header(look.bytes, at, order)?;
    let (kernel, root) = (head.word(80), head.word(84));
    let parts = head.bytes.len() as u64 + u64::from(kernel) + u64::from(root);
    if kernel == 0 || parts > u64::from(head.total) {
        return None;
    }
    let item = Item::new(ECONET, at as u64, u64::from(head.total))
        .with("endianness", order.name())
        .with_some("version", Some(head.version.as_str()))
        .with_some("model", head.bytes.get(92..124).and_then(text))
        .with_hex("kernel", kernel)
        .with_hex("rootfs", root);
    described(look, at, &head, item)
}

/// Reads ZyXEL's header at `at`: the length of what follows is in it twice.
pub(crate) fn find_zyxel(look: &mut Look, at: usize) -> Option<Found> {
    let head = header(look.bytes, at, Endianness::Big)?;
    if head.bytes.len() != ZYXEL_LEN || head.word(80) as usize != head.total as usize - ZYXEL_LEN {
        return None;
    }
    let mut cleared = head.bytes.to_vec();
    cleared[ZYXEL_CRC_AT..ZYXEL_CRC_AT + 4].fill(0);
    let item = Item::new(ZYXEL, at as u64, u64::from(head.total))
        .with_some("chip", text(&head.bytes[260..268]))
        .with_some("board", text(&head.bytes[268..284]))
        .with_some("version", text(&head.bytes[296..328]))
        .check_equal(CheckName::HEADER_CRC, head.word(ZYXEL_CRC_AT), jamcrc(&cleared));
    described(look, at, &head, item)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::image::container::noise::is_no_item;
    use crate::image::synthetic;

    /// By the fields in the script.
    pub(crate) fn econet(order: Endianness) -> Vec<u8> {
        let payload = synthetic::noise(5, 0x3000);
        let mut head = ECONET_MAGICS[usize::from(order == Endianness::Little)].to_vec();
        let words = [256, 256 + payload.len() as u32, jamcrc(&payload)];
        head.extend(words.iter().flat_map(|word| order.bytes32(*word)));
        head.resize(256, 0);
        head[16..21].copy_from_slice(b"7.3.1");
        head[80..84].copy_from_slice(&order.bytes32(0x2000));
        head[84..88].copy_from_slice(&order.bytes32(0x1000));
        head[92..98].copy_from_slice(b"EN7526");
        [head, payload].concat()
    }

    /// By the fields in the tool.
    pub(crate) fn zyxel() -> Vec<u8> {
        let payload = synthetic::noise(6, 0x3000);
        let mut head = vec![0; 380];
        head[..4].copy_from_slice(ZYXEL_MAGIC);
        let total = (380 + payload.len()) as u32;
        let words = [(4, 380), (8, total), (12, jamcrc(&payload)), (80, payload.len() as u32)];
        for (at, word) in words {
            head[at..at + 4].copy_from_slice(&word.to_be_bytes());
        }
        let texts: [(usize, &[u8]); 5] =
            [(16, b"5.0.0.0\n"), (48, b"\n"), (260, b"MT7621A"), (268, b"NR7101"), (296, b"1.00(ABUV.0)D0")];
        for (at, text) in texts {
            head[at..at + text.len()].copy_from_slice(text);
        }
        let crc = jamcrc(&head).to_be_bytes();
        head[372..376].copy_from_slice(&crc);
        [head, payload].concat()
    }

    #[test]
    fn econets_in_both_byte_orders() {
        for order in [Endianness::Big, Endianness::Little] {
            let mut file = econet(order);
            let item = find_econet(&mut Look::new(&file), 0).unwrap().item;
            assert!(item.is_sound() && item.size == file.len() as u64, "{item:?}");
            assert_eq!(
                (&item.attributes["version"], &item.attributes["model"]),
                (&"7.3.1".into(), &"EN7526".into())
            );
            let cut = find_econet(&mut Look::new(&file[..0x2000]), 0).unwrap().item;
            assert_eq!(cut.result("size"), Some(Outcome::Bad));
            file[0x1234] ^= 1;
            assert_eq!(find_econet(&mut Look::new(&file), 0).unwrap().item.result("crc"), Some(Outcome::Bad));
        }
        ECONET_MAGICS.iter().for_each(|magic| is_no_item(find_econet, magic, 0));
    }

    #[test]
    fn zyxels_by_both_sums() {
        let file = zyxel();
        let item = find_zyxel(&mut Look::new(&file), 0).unwrap().item;
        assert!(item.is_sound() && item.size == file.len() as u64, "{item:?}");
        assert_eq!(item.attributes["board"], "NR7101");
        for (at, check) in [(0x1234, "crc"), (300, "header-crc")] {
            let mut bad = file.clone();
            bad[at] ^= 1;
            assert_eq!(find_zyxel(&mut Look::new(&bad), 0).unwrap().item.result(check), Some(Outcome::Bad));
        }
        is_no_item(find_zyxel, ZYXEL_MAGIC, 0);
    }
}

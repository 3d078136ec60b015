//! cramfs: the superblock and the CRC over the whole image.
//!
//! Sources: Linux include/uapi/linux/cramfs_fs.h (fields, flags), util-linux disk-utils/mkfs.cramfs.c (the CRC is made
//! with its own field zero).

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness, slice, text, u32_at};
use super::item::{CheckName, Found, Item, ItemKind, Outcome};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("cramfs");
/// How an image starts, in either byte order.
pub const MAGICS: [&[u8]; 2] = [&[0x45, 0x3d, 0xcd, 0x28], &[0x28, 0xcd, 0x3d, 0x45]];

const HEADER_LEN: usize = 64;
const CRC_AT: usize = 32;
/// The root's inode closes the superblock.
const ROOT_AT: usize = 64;
/// Flag: size, edition, counts and CRC are there.
const VERSION_2: u32 = 1;

/// Reads the superblock at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let head = slice(look.bytes, at, HEADER_LEN)?;
    let order = if head.starts_with(MAGICS[0]) { Endianness::Little } else { Endianness::Big };
    let word = |offset| u32_at(head, offset, order).unwrap_or(0);
    let (size, flags) = (word(4), word(8));
    if &head[16..32] != b"Compressed ROMFS" || (size as usize) < HEADER_LEN {
        return None;
    }
    let item = Item::new(KIND, at as u64, u64::from(size))
        .with("endianness", order.name())
        .with_some("name", text(&head[48..64]))
        .check_fits(look.bytes.len());
    if flags & VERSION_2 == 0 {
        // Without a sum the root's inode has to make sense too.
        is_root(look.bytes, at, size, order).then_some(())?;
        let detail = "the first version of the format has no sum";
        return Some(Found::leaf(item.check(CheckName::CRC, Outcome::CannotTell, detail)));
    }
    let item = item.with("edition", word(36)).with("blocks", word(40)).with("files", word(44));
    let item = match slice(look.bytes, at, size as usize) {
        None => item.check(CheckName::CRC, Outcome::Bad, "the image is cut short"),
        Some(image) if look.may_sum(image.len() as u64) => {
            let mut hasher = crc32fast::Hasher::new();
            for part in [&image[..CRC_AT], &[0; 4], &image[CRC_AT + 4..]] {
                hasher.update(part);
            }
            item.check_equal(CheckName::CRC, word(CRC_AT), hasher.finalize())
        }
        Some(_) => item.check(CheckName::CRC, Outcome::CannotTell, NOT_MADE),
    };
    // The same where the sum does not hold: else it is noise.
    let stands = item.is_sound() || is_root(look.bytes, at, size, order);
    stands.then(|| Found::leaf(item))
}

/// True where the inode after the superblock is a directory whose entries are in the image, or an empty one.
fn is_root(bytes: &[u8], at: usize, size: u32, order: Endianness) -> bool {
    const INODE_LEN: usize = 12;
    const DIRECTORY: u32 = 0o40000;
    let Some(inode) = slice(bytes, at + ROOT_AT, INODE_LEN) else { return false };
    let word = |offset| u32_at(inode, offset, order).unwrap_or(0);
    // Bit fields: mode and owner, length and group, length of the name and place in words; from the low end where the
    // low byte is first, from the high end else.
    let (mode, len, place) = match order {
        Endianness::Little => (word(0) & 0xffff, word(4) & 0xff_ffff, word(8) >> 6),
        Endianness::Big => (word(0) >> 16, word(4) >> 8, word(8) & 0x3ff_ffff),
    };
    let (from, len) = (u64::from(place) * 4, u64::from(len));
    let inside = from >= (ROOT_AT + INODE_LEN) as u64 && from + len <= u64::from(size);
    mode & 0o170_000 == DIRECTORY && (inside || (from, len) == (0, 0))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn image(order: Endianness) -> Vec<u8> {
        let mut image = crate::image::synthetic::noise(3, 0x400);
        image[..HEADER_LEN].fill(0);
        for (at, value) in [(0, 0x28cd_3d45), (4, 0x400), (8, 3), (36, 0), (40, 1), (44, 2)] {
            image[at..at + 4].copy_from_slice(&order.bytes32(value));
        }
        image[16..32].copy_from_slice(b"Compressed ROMFS");
        image[48..54].copy_from_slice(b"rootfs");
        // The root: a directory of 40h bytes at 50h.
        let root = match order {
            Endianness::Little => [0x41ed, 0x40, (0x50 / 4) << 6],
            Endianness::Big => [0x41ed << 16, 0x40 << 8, 0x50 / 4],
        };
        for (at, word) in (ROOT_AT..).step_by(4).zip(root) {
            image[at..at + 4].copy_from_slice(&order.bytes32(word));
        }
        let crc = order.bytes32(crc32fast::hash(&image));
        image[CRC_AT..CRC_AT + 4].copy_from_slice(&crc);
        image
    }

    #[test]
    fn both_byte_orders_by_their_sum() {
        for order in [Endianness::Little, Endianness::Big] {
            let mut bytes = image(order);
            let item = find(&mut Look::new(&bytes), 0).unwrap().item;
            assert!(item.is_sound() && item.size == 0x400 && item.attributes["files"] == 2, "{item:?}");
            bytes[0x200] ^= 1;
            assert!(!find(&mut Look::new(&bytes), 0).unwrap().item.is_sound());
            assert!(!find(&mut Look::new(&bytes[..0x300]), 0).unwrap().item.is_sound());
            // Without a root as well, nothing but the header is left.
            bytes[ROOT_AT..ROOT_AT + 12].fill(0xff);
            assert!(find(&mut Look::new(&bytes), 0).is_none());
        }
        for (seed, magic) in (0..20).flat_map(|seed| MAGICS.map(|magic| (seed, magic))) {
            let noise = [magic, &crate::image::synthetic::noise(seed, 200)].concat();
            assert!(find(&mut Look::new(&noise), 0).is_none());
        }
    }
}

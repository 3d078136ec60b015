//! Images of XikeStor's SKS7300 switches with a Realtek chip: a header with its own CRC and that of what follows.
//!
//! Source: OpenWrt firmware-utils sks7300-img.c (fields; both are the CRC of zip, the header's with its own field zero).

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness::Big, slice, text, u32_at};
use super::item::{CheckName, Found, Item, ItemKind, Outcome};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("xikestor-image");
/// How a header starts.
pub const MAGIC: [u8; 4] = [0xfe, 0x07, 0x13, 0x01];

const HEADER_LEN: usize = 712;

/// Reads the header at `at`; only one whose CRC holds counts.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let head = slice(look.bytes, at, HEADER_LEN)?;
    let mut cleared = head.to_vec();
    cleared[4..8].fill(0);
    let word = |offset| u32_at(head, offset, Big).unwrap_or(0);
    if word(4) != crc32fast::hash(&cleared) {
        return None;
    }
    let item = Item::new(KIND, at as u64, HEADER_LEN as u64 + u64::from(word(8)))
        .with_some("name", text(&head[112..176]))
        .with_some("version", text(&head[316..]))
        .with_hex("load", word(184))
        .with_hex("entry", word(188))
        .check(CheckName::HEADER_CRC, true, "")
        .check_fits(look.bytes.len());
    let item = match slice(look.bytes, at + HEADER_LEN, word(8) as usize) {
        None => item.check(CheckName::DATA_CRC, Outcome::Bad, "the data is cut short"),
        Some(data) if look.may_sum(data.len() as u64) => {
            item.check_equal(CheckName::DATA_CRC, word(192), crc32fast::hash(data))
        }
        Some(_) => item.check(CheckName::DATA_CRC, Outcome::CannotTell, NOT_MADE),
    };
    Some(Found::holder(item, HEADER_LEN))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::image::container::noise::is_no_item;
    use crate::image::synthetic;

    /// By the fields in the tool.
    pub(crate) fn made() -> Vec<u8> {
        let data = synthetic::noise(10, 0x3000);
        let mut head = vec![0; 712];
        head[..4].copy_from_slice(&MAGIC);
        head[112..119].copy_from_slice(b"OpenWrt");
        for (at, word) in [(8, data.len() as u32), (184, 0x8010_0000), (192, crc32fast::hash(&data))] {
            head[at..at + 4].copy_from_slice(&word.to_be_bytes());
        }
        let crc = crc32fast::hash(&head).to_be_bytes();
        head[4..8].copy_from_slice(&crc);
        [head, data].concat()
    }

    #[test]
    fn an_image_by_both_sums() {
        let mut file = made();
        let item = find(&mut Look::new(&file), 0).unwrap().item;
        assert!(item.is_sound() && item.size == file.len() as u64, "{item:?}");
        assert_eq!(
            (&item.attributes["name"], &item.attributes["load"]),
            (&"OpenWrt".into(), &"0x80100000".into())
        );
        file[0x1000] ^= 1;
        assert_eq!(find(&mut Look::new(&file), 0).unwrap().item.result("data-crc"), Some(Outcome::Bad));
        file[300] ^= 1;
        assert!(find(&mut Look::new(&file), 0).is_none());
        is_no_item(find, &MAGIC, 0);
    }
}

//! Partition tables of Espressif's chips: entries of 32 bytes, closed by the MD5 of those before it.
//!
//! Source: ESP-IDF documentation, "Partition Tables", and components/partition_table/gen_esp32part.py (fields, MD5 entry).

use md5::{Digest, Md5};

use super::budget::Look;
use super::bytes::{Endianness::Little, slice, text, u32_at};
use super::item::{CheckName, Found, Item, ItemKind};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("esp-partitions");
/// How an entry starts.
pub const MAGIC: [u8; 2] = [0xaa, 0x50];

const ENTRY: usize = 32;
/// The table has room for 95 entries and the MD5.
const MOST: usize = 96;
const MD5_MARK: [u8; 16] =
    [0xeb, 0xeb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

/// Reads a table at `at`: entries that make sense, one after the other, then their MD5.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let mut list = Vec::new();
    let mut end = at;
    while list.len() < MOST
        && let Some(entry) = slice(look.bytes, end, ENTRY).filter(|entry| entry.starts_with(&MAGIC))
    {
        let (offset, size) = (u32_at(entry, 4, Little)?, u32_at(entry, 8, Little)?);
        let name = text(&entry[12..28]).filter(|name| !name.is_empty())?;
        if !offset.is_multiple_of(0x1000) || size == 0 {
            return None;
        }
        list.push(serde_json::json!({ "name": name, "type": entry[2], "subtype": entry[3], "offset": offset, "size": size }));
        end += ENTRY;
    }
    let closing =
        slice(look.bytes, end, ENTRY).filter(|entry| entry.starts_with(&MD5_MARK) && !list.is_empty())?;
    let holds = Md5::digest(&look.bytes[at..end]).as_slice() == &closing[16..];
    let item = Item::new(KIND, at as u64, (end + ENTRY - at) as u64).with("partitions", list);
    Some(Found::leaf(item.check(CheckName::MD5, holds, "")))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn table(names: &[&str]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (i, name) in names.iter().enumerate() {
            let mut entry = [&MAGIC[..], &[1, 2]].concat();
            entry.extend((0x9000 + 0x1000 * i as u32).to_le_bytes());
            entry.extend(0x1000u32.to_le_bytes());
            entry.extend(name.as_bytes());
            entry.resize(ENTRY, 0);
            bytes.extend(entry);
        }
        let sum = Md5::digest(&bytes);
        [&bytes[..], &MD5_MARK, &sum].concat()
    }

    #[test]
    fn a_table_is_known_by_its_md5_entry() {
        let mut bytes = table(&["nvs", "phy_init", "factory"]);
        let item = find(&mut Look::new(&bytes), 0).unwrap().item;
        assert!(item.is_sound() && item.size == 128, "{item:?}");
        bytes[9] ^= 1;
        assert!(!find(&mut Look::new(&bytes), 0).unwrap().item.is_sound());
        assert!(find(&mut Look::new(&bytes[..96]), 0).is_none());
        assert!(find(&mut Look::new(&table(&[])), 0).is_none());
        for seed in 0..50 {
            let noise = [&MAGIC[..], &crate::image::synthetic::noise(seed, 300)].concat();
            assert!(find(&mut Look::new(&noise), 0).is_none());
        }
    }
}

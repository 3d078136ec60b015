//! Partition tables of Espressif's chips: entries of 32 bytes, closed by the MD5 of those before it; a build may leave that out
//! (`CONFIG_PARTITION_TABLE_MD5`), and older ones do: then a blank entry closes it.
//!
//! Source: ESP-IDF documentation, "Partition Tables", and components/partition_table/gen_esp32part.py (fields, MD5 entry).

use md5::{Digest, Md5};

use super::budget::Look;
use super::bytes::{Endianness::Little, slice, text, u32_at};
use super::item::{CheckName, Found, Item, ItemKind, Outcome};
use crate::span::Span;

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
    let (mut list, mut places) = (Vec::new(), Vec::new());
    let mut end = at;
    while list.len() < MOST
        && let Some(entry) = slice(look.bytes, end, ENTRY).filter(|entry| entry.starts_with(&MAGIC))
    {
        let (offset, size) = (u32_at(entry, 4, Little)?, u32_at(entry, 8, Little)?);
        let name = text(&entry[12..28]).filter(|name| !name.is_empty())?;
        if !offset.is_multiple_of(0x1000) || size == 0 {
            return None;
        }
        places.push(Span::at(offset.into(), size.into())?);
        list.push(serde_json::json!({ "name": name, "type": entry[2], "subtype": entry[3], "offset": offset, "size": size }));
        end += ENTRY;
    }
    let closing = slice(look.bytes, end, ENTRY).filter(|_| !list.is_empty())?;
    let described =
        |end: usize| Item::new(KIND, at as u64, (end - at) as u64).with("partitions", list.clone());
    let item = match closing {
        _ if closing.starts_with(&MD5_MARK) => {
            let holds = Md5::digest(&look.bytes[at..end]).as_slice() == &closing[16..];
            described(end + ENTRY).check(CheckName::MD5, holds, "")
        }
        // Without a sum, several entries have to agree.
        _ if closing == [0xff; ENTRY] && places.len() > 1 && places.is_sorted_by(|a, b| a.end <= b.start) => {
            described(end).check(CheckName::MD5, Outcome::CannotTell, "the table has none")
        }
        _ => return None,
    };
    Some(Found::leaf(item))
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
        // Without the MD5 a blank entry closes a table, where several entries follow one another.
        let unsummed = |names: &[&str], closing: u8| {
            let rows = ENTRY * names.len();
            find(&mut Look::new(&[&table(names)[..rows], &[closing; ENTRY]].concat()), 0)
                .map(|found| found.item)
        };
        let item = unsummed(&["nvs", "phy_init"], 0xff).unwrap();
        assert_eq!((item.result("md5"), item.size), (Some(Outcome::CannotTell), 64));
        assert!(unsummed(&["nvs", "phy_init"], 0).is_none() && unsummed(&["nvs"], 0xff).is_none());
        let mut apart = [&table(&["nvs", "app"])[..64], &[0xff; ENTRY]].concat();
        apart[36..40].fill(0);
        assert!(find(&mut Look::new(&apart), 0).is_none(), "the second place is before the first");
        for seed in 0..50 {
            let noise = [&MAGIC[..], &crate::image::synthetic::noise(seed, 300)].concat();
            assert!(find(&mut Look::new(&noise), 0).is_none());
        }
    }
}

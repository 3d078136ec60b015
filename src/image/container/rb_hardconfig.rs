//! Mikrotik's hard_config: what RouterBOOT knows of the board, as a list of tagged values.
//!
//! Sources: OpenWrt drivers/platform/mikrotik rb_hardconfig.h (ids), routerboot.c (a word of length and id before each
//! value, in the processor's byte order, up to id 0). It has no sum: address and board code must make sense.

use super::budget::Look;
use super::bytes::{Endianness, mac_at, mac_text, slice, text, u32_at};
use super::item::{CheckName, Found, Item, ItemKind};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("mikrotik-hard-config");
/// How it starts, little-endian and big-endian.
pub const MAGICS: [&[u8]; 2] = [b"Hard", b"draH"];

const MAC: u32 = 4;
const BOARD: u32 = 5;
const SERIAL: u32 = 0x0b;
const PRODUCT: u32 = 0x21;
/// The largest id known, and some room for later ones.
const LARGEST_ID: u32 = 0x40;
/// No list has more values than this.
const MOST: usize = 64;

/// Reads the list at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let order = if slice(look.bytes, at, 4)? == MAGICS[0] { Endianness::Little } else { Endianness::Big };
    let (mut mac, mut texts, mut count) = (None, [const { None }; 3], 0);
    let mut next = at + 4;
    loop {
        let word = u32_at(look.bytes, next, order)?;
        let (id, len) = (word & 0xffff, (word >> 16) as usize);
        next += 4;
        if id == 0 {
            break;
        }
        let value = slice(look.bytes, next, len)?;
        if id > LARGEST_ID || count == MOST {
            return None;
        }
        let place = [BOARD, SERIAL, PRODUCT].iter().position(|known| *known == id);
        if let Some(place) = place {
            texts[place] = text(value).filter(|text| !text.is_empty());
        }
        if id == MAC {
            mac = mac_at(value, 0);
        }
        (count, next) = (count + 1, next + len);
    }
    let [board, serial, product] = texts;
    let item = Item::new(KIND, at as u64, (next - at) as u64)
        .with("endianness", order.name())
        .with("board", board?)
        .with_some("serial", serial)
        .with_some("product", product)
        .with("mac", mac_text(&mac?))
        .with("values", count)
        .check(CheckName::new("list"), true, "");
    Some(Found::leaf(item))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A list without its end.
    pub(crate) fn open_list(order: Endianness) -> Vec<u8> {
        let mut bytes = MAGICS[usize::from(order == Endianness::Big)].to_vec();
        let values: [(u32, &[u8]); 4] = [
            (MAC, &[2, 0xc, 0x42, 1, 2, 3, 0, 0]),
            (BOARD, b"951Ui-2HnD\0\0"),
            (SERIAL, b"ABC123\0\0"),
            (0x0d, &[0, 0, 0, 4]),
        ];
        for (id, value) in values {
            bytes.extend(order.bytes32(id | (value.len() as u32) << 16));
            bytes.extend(value);
        }
        bytes
    }

    #[test]
    fn a_list_is_read_to_its_end_in_both_byte_orders() {
        for (order, magic) in [(Endianness::Little, MAGICS[0]), (Endianness::Big, MAGICS[1])] {
            let mut bytes = open_list(order);
            let open = bytes.clone();
            bytes.extend([0; 8]);
            let item = find(&mut Look::new(&bytes), 0).unwrap().item;
            assert_eq!(
                (&item.attributes["board"], &item.attributes["mac"]),
                (&"951Ui-2HnD".into(), &"02:0c:42:01:02:03".into())
            );
            assert_eq!(item.size as usize, open.len() + 4);
            assert!(find(&mut Look::new(&open), 0).is_none(), "no end");
            bytes[8] |= 1;
            assert!(find(&mut Look::new(&bytes), 0).is_none(), "a group's address");
            for seed in 0..50 {
                let noise = [magic, &crate::image::synthetic::noise(seed, 3000)].concat();
                assert!(find(&mut Look::new(&noise), 0).is_none());
            }
        }
    }
}

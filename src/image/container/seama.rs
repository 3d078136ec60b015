//! Seama images of D-Link boards: entity header, metadata and MD5.
//!
//! A header whose size is 0 carries metadata only and wraps what follows. Facts: OpenWrt firmware-utils seama.h.

use md5::Md5;

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness::Big, slice, text, u16_at, u32_at};
use super::item::{CheckName, Found, Item, ItemKind, Outcome};
use crate::units;

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("seama");

/// How a header starts.
pub const MAGIC: [u8; 4] = [0x5e, 0xa3, 0xa4, 0x17];
const HEADER_LEN: usize = 12;
const MD5_LEN: usize = 16;
/// The longest `name=value` taken for the first one; real ones have some thirty bytes.
const LONGEST_PAIR: usize = 256;

/// The length of the entity at `at`, where one is there.
fn entity_len(bytes: &[u8], at: usize) -> Option<u64> {
    let head = slice(bytes, at, HEADER_LEN)?;
    let (meta_len, image_len) = (u16_at(head, 6, Big)?, u32_at(head, 8, Big)?);
    let len = (HEADER_LEN + MD5_LEN) as u64 + u64::from(meta_len) + u64::from(image_len);
    (head[..4] == MAGIC && image_len > 0).then_some(len)
}

/// What of a Seama file goes to the flash: a seal, which is a header with metadata only, is left out.
pub(crate) fn without_seal(bytes: &[u8]) -> &[u8] {
    let sealed = bytes.starts_with(&MAGIC) && u32_at(bytes, 8, Big) == Some(0);
    // The seal does not give the length of what follows: the entity is the next header.
    let entity = || memchr::memmem::find(&bytes[4..], &MAGIC).map_or(bytes, |at| &bytes[4 + at..]);
    if sealed { entity() } else { bytes }
}

/// Reads the entity at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let head = slice(look.bytes, at, HEADER_LEN)?;
    let meta_len = usize::from(u16_at(head, 6, Big)?);
    let image_len = u32_at(head, 8, Big)?;
    let md5_len = if image_len == 0 { 0 } else { MD5_LEN };
    let sum = slice(look.bytes, at + HEADER_LEN, md5_len)?;
    let meta = slice(look.bytes, at + HEADER_LEN + md5_len, meta_len)?;
    // A real header says at least one `name=value`, and starts with one: few headers are read any further.
    let first = &meta[..memchr::memchr(0, &meta[..meta.len().min(LONGEST_PAIR)])?];
    if text(first).is_none_or(|pair| !pair.contains('=')) || !look.may_sum(meta_len as u64) {
        return None;
    }
    let pairs: Vec<String> = meta.split(|b| *b == 0).filter_map(text).filter(|t| t.contains('=')).collect();
    if pairs.is_empty() {
        return None;
    }
    let header_len = HEADER_LEN + md5_len + meta_len;
    // A seal has no sum: the entity that it is for has to follow it.
    let inside = if image_len == 0 { entity_len(look.bytes, at + header_len)? } else { u64::from(image_len) };
    let len = header_len as u64 + inside;
    let item = Item::new(KIND, at as u64, len)
        .with("meta", pairs)
        .with("image_size", image_len)
        .check_fits(look.bytes.len());
    let item = match slice(look.bytes, at + header_len, image_len as usize) {
        _ if image_len == 0 => item,
        None => item.check(CheckName::MD5, Outcome::Bad, "the image is cut short"),
        Some(image) if look.may_sum(image.len() as u64) => {
            item.check(CheckName::MD5, units::sum::<Md5>(image).as_slice() == sum, "")
        }
        Some(_) => item.check(CheckName::MD5, Outcome::CannotTell, NOT_MADE),
    };
    Some(Found::holder(item, header_len))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An entity, in a seal where `sealed`.
    pub(crate) fn made(image: &[u8], sealed: bool) -> Vec<u8> {
        let head = |meta: &[u8], len: usize| {
            let lens = [&[0; 2][..], &(meta.len() as u16).to_be_bytes(), &(len as u32).to_be_bytes()];
            [&MAGIC[..], &lens.concat()].concat()
        };
        let meta = b"dev=/dev/mtdblock/2\0type=firmware\0\0";
        let entity =
            [head(meta, image.len()), units::sum::<Md5>(image).to_vec(), meta.to_vec(), image.to_vec()]
                .concat();
        let seal = b"signature=wrgac01\0\0\0";
        if sealed { [&head(seal, 0), &seal[..], &entity].concat() } else { entity }
    }

    #[test]
    fn an_entity_by_its_md5_and_in_its_seal() {
        for (sealed, header) in [(false, 0), (true, HEADER_LEN + 20)] {
            let mut file = made(&[0x5a; 3000], sealed);
            let item = find(&mut Look::new(&file), 0).unwrap().item;
            assert!(item.is_sound() && item.size == file.len() as u64, "{item:?}");
            assert_eq!(without_seal(&file).len(), file.len() - header);
            let end = file.len() - 1;
            file[end] ^= 1;
            let entity = find(&mut Look::new(&file), header).unwrap().item;
            assert_eq!(entity.result("md5"), Some(Outcome::Bad));
            assert!(!find(&mut Look::new(&file[..end]), header).unwrap().item.is_sound());
        }
    }

    /// Long metadata in each of many headers is read for a bounded number of bytes in all.
    #[test]
    fn meta_data_claimed_again_and_again_is_read_within_bounds() {
        let mut header = MAGIC.to_vec();
        header.extend([0, 0, 0xff, 0xff, 0, 0, 0, 1]);
        header.extend(b"a=b\0");
        let bytes = header.repeat(0x2_0000 / header.len() + 0x1_0000 / header.len());
        let mut look = Look::new(&bytes);
        let most = bytes.len() as u64 * 16 + (16 << 20);
        let found =
            (0..0x2_0000 / header.len()).filter(|n| find(&mut look, n * header.len()).is_some()).count();
        assert!(found > 0 && found as u64 * 0xffff <= most, "{found} headers");
        assert!(found < 0x2_0000 / header.len(), "the rest is not read");
    }
}

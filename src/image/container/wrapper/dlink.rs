//! D-Link's wrappers: the two DAP headers, and the encrypted SHRS image.
//!
//! Sources: OpenWrt firmware-utils mkdapimg.c (DAP-1350 and its kind) and mkdapimg2.c (DAP-1330 and its kind), both
//! from D-Link's loader sources; unblob handlers/archive/dlink/shrs.py (fields and digests of SHRS).

use sha2::Sha512;

use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::{Look, NOT_MADE};
use crate::image::container::bytes::{
    Endianness::{Big, Little},
    slice, text, u32_at,
};
use crate::image::container::item::{Item, ItemKind, Outcome};
use crate::span::Span;
use crate::units::sum;

const DAP_1_LEN: usize = 64;
/// With region and version after it.
const DAP_1_LONG: usize = DAP_1_LEN + 16;
const DAP_2_LEN: usize = 72;
const SHRS_LEN: usize = 0x6dc;

/// The header of the DAP-1350 and its kind: sum of all bytes, model, signature, length.
pub(super) fn dap_1(look: &mut Look) -> Option<Wrapped> {
    let head = slice(look.bytes, 0, DAP_1_LEN)?;
    let header_len = usize::from(head[55]);
    if header_len != DAP_1_LEN && header_len != DAP_1_LONG {
        return None;
    }
    let (model, signature) = (named(&head[4..24])?, named(&head[24..54])?);
    let item = Item::new(ItemKind::new("dlink-dap"), 0, look.bytes.len() as u64)
        .with("model", model)
        .with("signature", signature);
    with_sum(look, item, header_len, u32_at(head, 60, Big)?, u32_at(head, 0, Big)?)
}

/// The header of the DAP-1330 and its kind: its length, sum of all bytes, lengths, signature.
pub(super) fn dap_2(look: &mut Look) -> Option<Wrapped> {
    let head = slice(look.bytes, 0, DAP_2_LEN)?;
    if u32_at(head, 0, Little) != Some(DAP_2_LEN as u32) {
        return None;
    }
    let signature = named(&head[16..48])?;
    let item = Item::new(ItemKind::new("dlink-dap"), 0, look.bytes.len() as u64)
        .with("signature", signature)
        .with_some("version", text(&head[48..64]))
        .with_hex("kernel_size", u32_at(head, 12, Big)?);
    with_sum(look, item, DAP_2_LEN, u32_at(head, 8, Big)?, u32_at(head, 4, Big)?)
}

/// A field that holds a name.
fn named(field: &[u8]) -> Option<String> {
    text(field).filter(|name| name.len() > 2 && name.bytes().all(|b| b.is_ascii_graphic()))
}

/// The sum over what is after the header; `None` where the length is not the file's, since there is no magic number.
fn with_sum(look: &mut Look, item: Item, header_len: usize, len: u32, stored: u32) -> Option<Wrapped> {
    let payload = look.bytes.get(header_len..).filter(|payload| payload.len() == len as usize && len > 0)?;
    let item = if look.may_sum(payload.len() as u64) {
        let sum = payload.iter().fold(0u32, |sum, b| sum.wrapping_add(u32::from(*b)));
        item.check_equal("sum", stored, sum)
    } else {
        item.check("sum", Outcome::CannotTell, NOT_MADE)
    };
    let inside = Inside::Bytes(Span::new(header_len as u64, look.bytes.len() as u64));
    Some(Wrapped { name: "D-Link DAP image", item, inside })
}

/// An SHRS image: encrypted; the digest of what is encrypted shows whether the file is whole.
pub(super) fn shrs(look: &mut Look) -> Option<Wrapped> {
    let head = slice(look.bytes, 0, SHRS_LEN)?;
    let (len, used) = (u32_at(head, 4, Big)?, u32_at(head, 8, Big)?);
    if !head.starts_with(b"SHRS") || used > len || len == 0 || head[0xdc..0x2dc].iter().any(|b| *b != 0) {
        return None;
    }
    let item = Item::new(ItemKind::new("dlink-shrs"), 0, SHRS_LEN as u64 + u64::from(len))
        .check_fits(look.bytes.len());
    let item = match slice(look.bytes, SHRS_LEN, used as usize) {
        None => item.check("sha512", Outcome::Bad, "the image is cut short"),
        Some(covered) if look.may_sum(covered.len() as u64) => {
            item.check("sha512", sum::<Sha512>(covered).as_slice() == &head[0x9c..0xdc], "")
        }
        Some(_) => item.check("sha512", Outcome::CannotTell, NOT_MADE),
    };
    let inside = Inside::Encrypted(
        "what is in it is encrypted: decrypt it first, or look for another form of the firmware",
    );
    Some(Wrapped { name: "D-Link SHRS image", item, inside })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn dap(first: bool, payload: &[u8]) -> Vec<u8> {
        let sum = payload.iter().map(|b| u32::from(*b)).sum::<u32>().to_be_bytes();
        let len = (payload.len() as u32).to_be_bytes();
        let mut head = vec![0; if first { DAP_1_LEN } else { DAP_2_LEN }];
        if first {
            head[..4].copy_from_slice(&sum);
            head[4..10].copy_from_slice(b"RT3052");
            head[24..44].copy_from_slice(b"RT3052-AP-DAP1350-3\0");
            head[55] = DAP_1_LEN as u8;
            head[60..].copy_from_slice(&len);
        } else {
            head[0] = DAP_2_LEN as u8;
            head[4..8].copy_from_slice(&sum);
            head[8..12].copy_from_slice(&len);
            head[16..42].copy_from_slice(b"HONEYBEE-FIRMWARE-DAP-1330");
            head[48..55].copy_from_slice(b"1.00.21");
        }
        [head, payload.to_vec()].concat()
    }

    #[test]
    fn both_dap_headers_have_a_length_and_a_sum() {
        for (first, read) in [(true, dap_1 as fn(&mut Look) -> Option<Wrapped>), (false, dap_2)] {
            let mut file = dap(first, &[0x9d; 3000]);
            let found = read(&mut Look::new(&file)).unwrap();
            assert!(found.item.is_sound(), "{found:?}");
            assert!(read(&mut Look::new(&file[..2000])).is_none(), "another length");
            file[1000] ^= 1;
            assert!(!read(&mut Look::new(&file)).unwrap().item.is_sound());
            assert!(read(&mut Look::new(&crate::image::synthetic::noise(1, 4096))).is_none());
        }
    }

    pub(crate) fn shrs_image() -> Vec<u8> {
        let mut file = vec![0; SHRS_LEN];
        file[..12].copy_from_slice(b"SHRS\0\0\x04\0\0\0\x03\xf0");
        file.extend([0x77; 1024]);
        let digest = sum::<Sha512>(&file[SHRS_LEN..SHRS_LEN + 0x3f0]);
        file[0x9c..0xdc].copy_from_slice(&digest);
        file
    }

    #[test]
    fn an_shrs_image_is_named_and_closed() {
        let mut file = shrs_image();
        let found = shrs(&mut Look::new(&file)).unwrap();
        assert!(found.item.is_sound() && matches!(found.inside, Inside::Encrypted(_)), "{found:?}");
        file[SHRS_LEN] ^= 1;
        assert!(!shrs(&mut Look::new(&file)).unwrap().item.is_sound());
        let noise = [&b"SHRS"[..], &crate::image::synthetic::noise(2, 4096)].concat();
        assert!(shrs(&mut Look::new(&noise)).is_none());
    }
}

//! Linksys' wrappers: CyberTAN's header before a TRX, the CHDR header, and the trailer of later models.
//!
//! Sources: OpenWrt firmware-utils linksys-addfwhdr.c (CHDR, its CRC); OpenWrt scripts/linksys-image.sh (trailer, POSIX
//! cksum); those of CyberTAN's header are in `cybertan`.

use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::{Look, NOT_MADE};
use crate::image::container::bytes::jamcrc;
use crate::image::container::bytes::{Endianness::Little, slice, text, u32_at};
use crate::image::container::cybertan;
use crate::image::container::item::{Item, ItemKind, Outcome};
use crate::span::Span;

const CHDR_LEN: usize = 16;
const TRAILER_LEN: usize = 256;
/// CyberTAN's header, of boards that do not keep it in flash. It has no sum; the image after it has.
pub(super) fn header(look: &mut Look) -> Option<Wrapped> {
    let header = cybertan::parse(look.bytes, 0).filter(|header| !header.is_kept())?;
    let len = look.bytes.len() as u64;
    let inside = Inside::Bytes(Span::new(cybertan::LEN as u64, len));
    Some(Wrapped { name: "Linksys image", item: header.item(len), inside })
}

/// The CHDR header: the file's length, and a CRC without its final inversion over all after it.
pub(super) fn chdr(look: &mut Look) -> Option<Wrapped> {
    let head = slice(look.bytes, 0, CHDR_LEN)?;
    let (len, crc) = (u32_at(head, 4, Little)?, u32_at(head, 8, Little)?);
    if !head.starts_with(b"CHDR") || (len as usize) <= CHDR_LEN {
        return None;
    }
    let item = Item::new(ItemKind::new("linksys-chdr"), 0, u64::from(len)).check_fits(look.bytes.len());
    let item = match slice(look.bytes, CHDR_LEN - 4, len as usize - CHDR_LEN + 4) {
        None => item.check("crc", Outcome::Bad, "the image is cut short"),
        Some(covered) if look.may_sum(covered.len() as u64) => item.check_equal("crc", crc, jamcrc(covered)),
        Some(_) => item.check("crc", Outcome::CannotTell, NOT_MADE),
    };
    let inside = Inside::Bytes(Span::new(CHDR_LEN as u64, item.end()));
    Some(Wrapped { name: "Linksys image with CHDR header", item, inside })
}

/// The trailer at the end of the file: `.LINKSYS.`, a version, the model and the cksum of all before it.
pub(super) fn trailer(look: &mut Look) -> Option<Wrapped> {
    let len = look.bytes.len();
    let at = len.checked_sub(TRAILER_LEN).filter(|at| *at > 0)?;
    let trailer = &look.bytes[at..];
    if !trailer.starts_with(b".LINKSYS.") || !trailer[9..17].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let field = |from: usize, to: usize| text(&trailer[from..to]).map(|text| text.trim_end().to_owned());
    let stored = u32::from_str_radix(&field(32, 40)?, 16).ok()?;
    let item = Item::new(ItemKind::new("linksys-trailer"), 0, len as u64).with("model", field(17, 32)?);
    let item = if look.may_sum(at as u64) {
        item.check_equal("cksum", stored, cksum(&look.bytes[..at]))
    } else {
        item.check("cksum", Outcome::CannotTell, NOT_MADE)
    };
    Some(Wrapped { name: "Linksys image with trailer", item, inside: Inside::Bytes(Span::new(0, at as u64)) })
}

/// The CRC of POSIX cksum: most significant bit first, the length after the bytes, inverted.
fn cksum(bytes: &[u8]) -> u32 {
    // The same polynomial as that of zlib's CRC, with the bits of each byte the other way round.
    let mut hasher = crc32fast::Hasher::new_with_initial(u32::MAX);
    for chunk in bytes.chunks(0x4000) {
        hasher.update(&chunk.iter().map(|b| b.reverse_bits()).collect::<Vec<u8>>());
    }
    let mut len = bytes.len();
    while len > 0 {
        hasher.update(&[(len as u8).reverse_bits()]);
        len >>= 8;
    }
    hasher.finalize().reverse_bits()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::image::container::cybertan::tests::with_header;

    #[test]
    fn cksum_is_that_of_posix() {
        // `printf 123456789 | cksum`, `printf '' | cksum`.
        assert_eq!((cksum(b"123456789"), cksum(b"")), (930_766_865, 4_294_967_295));
    }

    #[test]
    fn the_header_goes_where_the_board_does_not_keep_it() {
        let body = [&b"HDR0"[..], &[9; 60]].concat();
        let found = header(&mut Look::new(&with_header(b"W54G", &body))).unwrap();
        assert_eq!(found.inside, Inside::Bytes(Span::new(32, 96)));
        assert_eq!(
            (&found.item.attributes["version"], &found.item.attributes["date"]),
            (&"4.21.5".into(), &"2005-02-04".into())
        );
        assert!(header(&mut Look::new(&with_header(b"NL16", &body))).is_none());
        assert!(header(&mut Look::new(&with_header(b"W54G", b"no image"))).is_none());
        assert!(header(&mut Look::new(&with_header(b"W5\0\x80", &body))).is_none());
        assert!(header(&mut Look::new(&[b'U'; 31])).is_none());
    }

    pub(crate) fn with_chdr(body: &[u8]) -> Vec<u8> {
        let len = (CHDR_LEN + body.len()) as u32;
        let mut file = [&b"CHDR"[..], &len.to_le_bytes(), &[0; 4], &[1, 0, 0, 0], body].concat();
        let crc = jamcrc(&file[12..]);
        file[8..12].copy_from_slice(&crc.to_le_bytes());
        file
    }

    pub(crate) fn with_trailer(body: &[u8]) -> Vec<u8> {
        let crc = format!("{:08X}", cksum(body));
        let text = format!(".LINKSYS.01000409{:<15}{crc:<8}{:<8}{:<16}", "EA6350", "0", "K0000000F0246434");
        let mut file = [body, text.as_bytes()].concat();
        file.resize(body.len() + TRAILER_LEN - 1, 0);
        file.push(b'\n');
        file
    }

    #[test]
    fn chdr_and_trailer_have_sums() {
        let body = vec![0x3c; 1000];
        let mut file = with_chdr(&body);
        let found = chdr(&mut Look::new(&file)).unwrap();
        assert!(found.item.is_sound() && found.inside == Inside::Bytes(Span::new(16, 1016)), "{found:?}");
        file[500] ^= 1;
        assert!(!chdr(&mut Look::new(&file)).unwrap().item.is_sound());
        assert!(!chdr(&mut Look::new(&file[..900])).unwrap().item.is_sound());

        let mut file = with_trailer(&body);
        let found = trailer(&mut Look::new(&file)).unwrap();
        assert!(found.item.is_sound() && found.inside == Inside::Bytes(Span::new(0, 1000)), "{found:?}");
        file[5] ^= 1;
        assert!(!trailer(&mut Look::new(&file)).unwrap().item.is_sound());
        assert!(trailer(&mut Look::new(&file[..1200])).is_none());
    }
}

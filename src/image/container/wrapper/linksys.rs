//! Linksys' wrappers: CyberTAN's header before a TRX, the CHDR header, and the trailer of later models.
//!
//! Sources: OpenWrt firmware-utils addpattern.c (fields; the patterns of boards that keep the header),
//! linksys-addfwhdr.c (CHDR, its CRC); OpenWrt scripts/linksys-image.sh (trailer, POSIX cksum), cybertan_part.c (the
//! header in front of a TRX in flash).

use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::{Look, NOT_MADE};
use crate::image::container::bytes::{Endianness::Little, slice, text, u32_at};
use crate::image::container::item::{Item, ItemKind, Outcome};
use crate::image::container::{trx, uimage};
use crate::span::Span;

/// Length of CyberTAN's header.
pub(super) const HEADER_LEN: usize = 32;
const CHDR_LEN: usize = 16;
const TRAILER_LEN: usize = 256;
/// Patterns of boards whose loader and kernel look for the header in flash: WRT160NL, E2100L.
const KEPT: [&str; 2] = ["NL16", "NL1X"];

/// CyberTAN's header: a pattern, date, version and the id `U2ND`. It has no sum; the image behind it has.
pub(super) fn header(look: &mut Look) -> Option<Wrapped> {
    let head = slice(look.bytes, 0, HEADER_LEN)?;
    let pattern = text(&head[..4]).filter(|pattern| pattern.len() == 4)?;
    let dated = (1..=12).contains(&head[9]) && (1..=31).contains(&head[10]);
    let behind = &look.bytes[HEADER_LEN..];
    let holds_image = behind.starts_with(trx::MAGIC) || behind.starts_with(&uimage::MAGIC);
    if &head[14..18] != b"U2ND" || !dated || !holds_image {
        return None;
    }
    let len = look.bytes.len() as u64;
    let kept = KEPT.contains(&pattern.as_str());
    let item = Item::new(ItemKind::new("linksys-header"), 0, len)
        .with("pattern", pattern)
        .with("version", format!("{}.{}.{}", head[11], head[12], head[13]))
        .with(
            "date",
            format!(
                "{}-{:02}-{:02}",
                1900 + u32::from(head[8]) + u32::from(head[8] < 70) * 100,
                head[9],
                head[10]
            ),
        )
        .with("kept_in_flash", kept);
    let inside = if kept { Inside::Kept } else { Inside::Bytes(Span::new(HEADER_LEN as u64, len)) };
    Some(Wrapped { name: "Linksys image", item, inside })
}

/// The CHDR header: the file's length, and a CRC without its final inversion over all behind it.
pub(super) fn chdr(look: &mut Look) -> Option<Wrapped> {
    let head = slice(look.bytes, 0, CHDR_LEN)?;
    let (len, crc) = (u32_at(head, 4, Little)?, u32_at(head, 8, Little)?);
    if !head.starts_with(b"CHDR") || (len as usize) <= CHDR_LEN {
        return None;
    }
    let item = Item::new(ItemKind::new("linksys-chdr"), 0, u64::from(len)).check_fits(look.bytes.len());
    let item = match slice(look.bytes, CHDR_LEN - 4, len as usize - CHDR_LEN + 4) {
        None => item.check("crc", Outcome::Bad, "the image is cut short"),
        Some(covered) if look.may_sum(covered.len() as u64) => {
            item.check_equal("crc", crc, !crc32fast::hash(covered))
        }
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

/// The CRC of POSIX cksum: most significant bit first, the length behind the bytes, inverted.
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
mod tests {
    use super::*;

    #[test]
    fn cksum_is_that_of_posix() {
        // `printf 123456789 | cksum`, `printf '' | cksum`.
        assert_eq!((cksum(b"123456789"), cksum(b"")), (930_766_865, 4_294_967_295));
    }

    fn with_header(pattern: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut file = pattern.to_vec();
        file.extend([0, 0, 0, 0, 105, 2, 4, 4, 21, 5]);
        file.extend(b"U2ND\x01\0\x1f\0");
        file.resize(HEADER_LEN, 0);
        [&file, body].concat()
    }

    #[test]
    fn the_header_goes_and_stays_by_its_pattern() {
        let body = [&b"HDR0"[..], &[9; 60]].concat();
        let found = header(&mut Look::new(&with_header(b"W54G", &body))).unwrap();
        assert_eq!(found.inside, Inside::Bytes(Span::new(32, 96)));
        assert_eq!(
            (&found.item.attributes["version"], &found.item.attributes["date"]),
            (&"4.21.5".into(), &"2005-02-04".into())
        );
        assert_eq!(header(&mut Look::new(&with_header(b"NL16", &body))).unwrap().inside, Inside::Kept);
        assert!(header(&mut Look::new(&with_header(b"W54G", b"no image"))).is_none());
        assert!(header(&mut Look::new(&with_header(b"W5\0\x80", &body))).is_none());
        assert!(header(&mut Look::new(&[b'U'; 31])).is_none());
    }

    #[test]
    fn chdr_and_trailer_have_sums() {
        let body = vec![0x3c; 1000];
        let mut file = b"CHDR\xf8\x03\0\0\0\0\0\0\x01\0\0\0".to_vec();
        file.extend(&body);
        let crc = !crc32fast::hash(&file[12..]);
        file[8..12].copy_from_slice(&crc.to_le_bytes());
        let found = chdr(&mut Look::new(&file)).unwrap();
        assert!(found.item.is_sound() && found.inside == Inside::Bytes(Span::new(16, 1016)), "{found:?}");
        file[500] ^= 1;
        assert!(!chdr(&mut Look::new(&file)).unwrap().item.is_sound());
        assert!(!chdr(&mut Look::new(&file[..900])).unwrap().item.is_sound());

        let crc = format!("{:08X}", cksum(&body));
        let text = format!(".LINKSYS.01000409{:<15}{crc:<8}{:<8}{:<16}", "EA6350", "0", "K0000000F0246434");
        let mut file = [&body, text.as_bytes()].concat();
        file.resize(1000 + TRAILER_LEN - 1, 0);
        file.push(b'\n');
        let found = trailer(&mut Look::new(&file)).unwrap();
        assert!(found.item.is_sound() && found.inside == Inside::Bytes(Span::new(0, 1000)), "{found:?}");
        file[5] ^= 1;
        assert!(!trailer(&mut Look::new(&file)).unwrap().item.is_sound());
        assert!(trailer(&mut Look::new(&file[..1200])).is_none());
    }
}

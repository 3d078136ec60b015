//! Netgear's two wrappers: the DNI image with a text header, and the CHK image.
//!
//! Sources: OpenWrt firmware-utils mkdniimg.c (128 bytes of text, the sum byte), mkchkimg.c (fields, sums).

use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::{Look, NOT_MADE};
use crate::image::container::bytes::{Endianness::Big, slice, text, u32_at};
use crate::image::container::item::{Item, ItemKind, Outcome};
use crate::span::Span;

const DNI_HEADER: usize = 128;
const CHK_HEADER: usize = 40;
/// The longest board id taken; real ones have some twenty characters.
const LONGEST_ID: usize = 64;

/// A DNI image: lines `device:`, `version:`, `region:`, filled up with NUL; the last byte makes all bytes sum up to FF.
pub(super) fn dni(look: &mut Look) -> Option<Wrapped> {
    let head = slice(look.bytes, 0, DNI_HEADER)?;
    if !head.starts_with(b"device:") || look.bytes.len() < DNI_HEADER + 2 {
        return None;
    }
    let end = head.iter().position(|b| *b == 0)?;
    let lines = std::str::from_utf8(&head[..end]).ok()?;
    if !head[end..].iter().all(|b| *b == 0) {
        return None;
    }
    let value = |name: &str| {
        lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::to_owned)
    };
    let (device, version) = (value("device")?, value("version")?);
    let len = look.bytes.len();
    let item = Item::new(ItemKind::new("netgear-dni"), 0, len as u64)
        .with("device", device)
        .with("version", version)
        .with_some("region", value("region"))
        .with_some("hardware", value("hd_id"));
    let item = if look.may_sum(len as u64) {
        let sum = look.bytes.iter().fold(0u8, |sum, b| sum.wrapping_add(*b));
        let holds = sum == 0xff;
        item.check(
            "sum",
            holds,
            if holds { String::new() } else { format!("expected 0xff, found {sum:#04x}") },
        )
    } else {
        item.check("sum", Outcome::CannotTell, NOT_MADE)
    };
    let inside = Inside::Bytes(Span::new(DNI_HEADER as u64, len as u64 - 1));
    Some(Wrapped { name: "Netgear DNI image", item, inside })
}

/// A CHK image: kernel (mostly a TRX) and root file system after a header that has sums of each and of itself.
pub(super) fn chk(look: &mut Look) -> Option<Wrapped> {
    let head = slice(look.bytes, 0, CHK_HEADER)?;
    let word = |at| u32_at(head, at, Big).unwrap_or(0);
    let header_len = word(4) as usize;
    if !head.starts_with(b"*#$^") || !(CHK_HEADER..=CHK_HEADER + LONGEST_ID).contains(&header_len) {
        return None;
    }
    let board = text(slice(look.bytes, CHK_HEADER, header_len - CHK_HEADER)?)?;
    let (kernel, rootfs) = (u64::from(word(24)), u64::from(word(28)));
    let end = header_len as u64 + kernel + rootfs;
    let version: Vec<String> = head[9..13].iter().map(u8::to_string).collect();
    let item = Item::new(ItemKind::new("netgear-chk"), 0, end)
        .with_some("board", Some(board))
        .with("region", head[8])
        .with("version", version.join("."))
        .with_hex("kernel_size", kernel)
        .with_hex("rootfs_size", rootfs)
        .check_fits(look.bytes.len());
    let mut header = look.bytes[..header_len].to_vec();
    header[36..40].fill(0);
    let item = item.check_equal("header-sum", word(36), sum(&header));
    let parts = [("sum", header_len, kernel + rootfs, 32), ("kernel-sum", header_len, kernel, 16)];
    let rootfs_at = header_len as u64 + kernel;
    let parts = parts.into_iter().chain([("rootfs-sum", rootfs_at as usize, rootfs, 20)]);
    let item =
        parts.filter(|(_, _, len, _)| *len > 0).fold(item, |item, (name, at, len, stored)| {
            match slice(look.bytes, at, len as usize) {
                None => item.check(name, false, "the image is cut short"),
                Some(part) if look.may_sum(len) => item.check_equal(name, word(stored), sum(part)),
                Some(_) => item.check(name, Outcome::CannotTell, NOT_MADE),
            }
        });
    let inside = Inside::Bytes(Span::new(header_len as u64, item.end().max(header_len as u64)));
    Some(Wrapped { name: "Netgear CHK image", item, inside })
}

/// Netgear's sum: the sum of all bytes and the sum of that sum, each folded to 16 bits twice.
fn sum(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (0u32, 0u32);
    for byte in bytes {
        low = low.wrapping_add(u32::from(*byte));
        high = high.wrapping_add(low);
    }
    let fold = |sum: u32| {
        let once = (sum & 0xffff) + (sum >> 16);
        ((once >> 16) + once) & 0xffff
    };
    fold(high) << 16 | fold(low)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A DNI image as mkdniimg makes it.
    pub(crate) fn make_dni(payload: &[u8]) -> Vec<u8> {
        let mut file = b"device:WNR1\nversion:V1.0.0.9\nregion:\nhd_id:29763654+4+32\n".to_vec();
        file.resize(DNI_HEADER, 0);
        file.extend_from_slice(payload);
        let sum = file.iter().fold(0u8, |sum, b| sum.wrapping_add(*b));
        file.push(0xff - sum);
        file
    }

    /// A CHK image as mkchkimg makes it.
    pub(crate) fn make_chk(kernel: &[u8], rootfs: &[u8]) -> Vec<u8> {
        let board = b"U12H072T00_NETGEAR";
        let mut file = b"*#$^".to_vec();
        let whole = [kernel, rootfs].concat();
        file.extend((58u32).to_be_bytes());
        file.extend([1, 1, 1, 99, 0, 0, 0, 0]);
        let rootfs_sum = if rootfs.is_empty() { 0 } else { sum(rootfs) };
        for word in [sum(kernel), rootfs_sum, kernel.len() as u32, rootfs.len() as u32, sum(&whole), 0] {
            file.extend(word.to_be_bytes());
        }
        file.extend(board);
        let header_sum = sum(&file);
        file[36..40].copy_from_slice(&header_sum.to_be_bytes());
        [file, whole].concat()
    }

    #[test]
    fn a_dni_image_has_a_sum_over_all_bytes() {
        let file = make_dni(&[7; 300]);
        let found = dni(&mut Look::new(&file)).unwrap();
        assert!(found.item.is_sound() && found.inside == Inside::Bytes(Span::new(128, 428)), "{found:?}");
        assert_eq!(found.item.attributes["hardware"], "29763654+4+32");
        let mut damaged = file.clone();
        damaged[200] ^= 0x10;
        assert_eq!(dni(&mut Look::new(&damaged)).unwrap().item.result("sum"), Some(Outcome::Bad));
        for other in [&b"device: a text on devices, with a version: 2\n"[..], &file[..128], b""] {
            assert!(dni(&mut Look::new(other)).is_none());
        }
        let text = "device:x\nversion:1\nregion:\nand a text that goes on. ".repeat(9);
        assert!(dni(&mut Look::new(text.as_bytes())).is_none());
    }

    #[test]
    fn a_chk_image_has_four_sums() {
        for (kernel, rootfs) in [(&[9u8; 700][..], &[200u8; 5000][..]), (&[255; 70_000], &[])] {
            let file = make_chk(kernel, rootfs);
            let found = chk(&mut Look::new(&file)).unwrap();
            assert!(found.item.is_sound(), "{found:?}");
            assert_eq!(found.inside, Inside::Bytes(Span::new(58, file.len() as u64)));
            for at in [8, 45, 58, file.len() - 1] {
                let mut damaged = file.clone();
                damaged[at] ^= 1;
                assert!(!chk(&mut Look::new(&damaged)).unwrap().item.is_sound(), "{at}");
            }
            let cut = chk(&mut Look::new(&file[..file.len() - 1])).unwrap();
            assert_eq!(cut.item.result("size"), Some(Outcome::Bad));
        }
        assert!(chk(&mut Look::new(b"*#$^ and no header")).is_none());
        assert!(chk(&mut Look::new(&[b"*#$^".to_vec(), vec![0x5a; 100]].concat())).is_none());
    }
}

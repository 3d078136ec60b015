//! Xiaomi's HDR1 and HDR2 images: blobs with names and places in flash, an RSA signature after them.
//!
//! Sources: OpenWrt firmware-utils xiaomifw.c (HDR1, blobs, the CRC without its final inversion); unblob
//! handlers/archive/xiaomi/hdr.py (HDR2).

use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::{Look, NOT_MADE};
use crate::image::container::bytes::jamcrc;
use crate::image::container::bytes::{Endianness::Little, slice, text, u16_at, u32_at};
use crate::image::container::item::{Item, ItemKind, Outcome};
use crate::span::Span;

const BLOB_HEADER: u64 = 48;
const BLOB_MAGIC: u32 = 0xbabe;
const MOST_BLOBS: usize = 8;
/// Types of a blob that is a firmware: a uImage (older and later boards), an image for the second system.
const FIRMWARE: [u16; 3] = [4, 7, 6];

/// Reads the header; one without a blob is none.
pub(super) fn hdr(look: &mut Look) -> Option<Wrapped> {
    let kind = slice(look.bytes, 0, 4)?;
    let (offsets_at, name) = match kind {
        b"HDR1" => (16, "Xiaomi HDR1 image"),
        b"HDR2" => (48, "Xiaomi HDR2 image"),
        _ => return None,
    };
    let head = slice(look.bytes, 0, offsets_at + 4 * MOST_BLOBS)?;
    let offsets =
        head[offsets_at..].chunks(4).filter_map(|word| u32_at(word, 0, Little)).take_while(|at| *at != 0);
    let blobs: Option<Vec<Blob>> = offsets.map(|at| blob(look.bytes, u64::from(at))).collect();
    let blobs = blobs.filter(|blobs| !blobs.is_empty())?;
    let list: Vec<serde_json::Value> = blobs
        .iter()
        .map(|blob| {
            serde_json::json!({
                "name": blob.name, "type": blob.kind, "offset": blob.span.start, "size": blob.span.len(),
                "flash_offset": blob.flash.map(|at| format!("{at:#x}")),
            })
        })
        .collect();
    let len = look.bytes.len() as u64;
    let device = if kind == b"HDR1" {
        u16_at(head, 14, Little).map(|id| format!("{id:#06x}"))
    } else {
        text(&head[16..24])
    };
    let item = Item::new(ItemKind::new("xiaomi-hdr"), 0, len).with_some("device", device).with("blobs", list);
    let item = if look.may_sum(len) {
        item.check_equal("crc", u32_at(head, 8, Little)?, jamcrc(&look.bytes[12..]))
    } else {
        item.check("crc", Outcome::CannotTell, NOT_MADE)
    };
    let mut firmware = blobs.iter().filter(|blob| FIRMWARE.contains(&blob.kind));
    let inside = match (firmware.next(), firmware.next()) {
        (Some(one), None) => Inside::Bytes(one.span),
        _ => Inside::Members(blobs.into_iter().map(|blob| (blob.name, blob.span)).collect()),
    };
    Some(Wrapped { name, item, inside })
}

struct Blob {
    name: String,
    kind: u16,
    /// Where it belongs in flash, where the header says so.
    flash: Option<u32>,
    span: Span,
}

/// The blob whose header is at `at`, all of it in the file.
fn blob(bytes: &[u8], at: u64) -> Option<Blob> {
    let head = slice(bytes, usize::try_from(at).ok()?, BLOB_HEADER as usize)?;
    let span = Span::at(at + BLOB_HEADER, u64::from(u32_at(head, 8, Little)?))?;
    let whole =
        u32_at(head, 0, Little) == Some(BLOB_MAGIC) && span.end <= bytes.len() as u64 && !span.is_empty();
    let flash = u32_at(head, 4, Little).filter(|at| *at != u32::MAX);
    whole.then_some(Blob { name: text(&head[16..])?, kind: u16_at(head, 12, Little)?, flash, span })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn make(blobs: &[(u16, &str, &[u8])]) -> Vec<u8> {
        let mut file = b"HDR1".to_vec();
        file.resize(48, 0);
        file[14] = 3;
        for (i, (kind, name, data)) in blobs.iter().enumerate() {
            let at = (file.len() as u32).to_le_bytes();
            file[16 + 4 * i..20 + 4 * i].copy_from_slice(&at);
            let mut head = [BLOB_MAGIC.to_le_bytes(), [0xff; 4], (data.len() as u32).to_le_bytes()].concat();
            head.extend(kind.to_le_bytes());
            head.extend([0, 0]);
            head.extend(name.as_bytes());
            head.resize(BLOB_HEADER as usize, 0);
            file.extend(head);
            file.extend_from_slice(data);
            file.resize(file.len().next_multiple_of(4), 0);
        }
        let signature = (file.len() as u32).to_le_bytes();
        file[4..8].copy_from_slice(&signature);
        file.resize(file.len() + 0x110, 0);
        let crc = jamcrc(&file[12..]);
        file[8..12].copy_from_slice(&crc.to_le_bytes());
        file
    }

    #[test]
    fn the_one_firmware_is_the_inside() {
        let mut file = make(&[(0xffff, "xiaoqiang_version", b"text"), (4, "firmware.bin", &[5; 999])]);
        let found = hdr(&mut Look::new(&file)).unwrap();
        assert!(found.item.is_sound(), "{found:?}");
        let Inside::Bytes(span) = found.inside else { panic!("{:?}", found.inside) };
        assert_eq!(span.of(&file), Some(&[5; 999][..]));
        file[200] ^= 1;
        assert!(!hdr(&mut Look::new(&file)).unwrap().item.is_sound());
        assert!(hdr(&mut Look::new(&file[..300])).is_none());
        let two = make(&[(4, "firmware.bin", &[5; 9]), (6, "rootfs.bin", &[6; 9])]);
        assert!(
            matches!(hdr(&mut Look::new(&two)).unwrap().inside, Inside::Members(list) if list.len() == 2)
        );
        let noise = [&b"HDR1"[..], &crate::image::synthetic::noise(5, 4096)].concat();
        assert!(hdr(&mut Look::new(&noise)).is_none());
    }
}

//! CyberTAN's header where it stays in flash: boards whose loader and kernel look for it in front of the image (Linksys
//! WRT160NL and E2100L).
//!
//! Fields: pattern (4 bytes, the board), 4 reserved, date (years since 1900, month, day), version (3), `U2ND`. It has no
//! sum; the TRX or uImage after it has. Sources: OpenWrt firmware-utils addpattern.c (fields; the patterns of these
//! boards), OpenWrt cybertan_part.c (the header in front of the image in flash). No vendor's file was tried: unmeasured.

use std::rc::Rc;

use super::budget::Look;
use super::bytes::{slice, text};
use super::envelope::{Envelope, HardwareId, Md5Verdict, Sealed};
use super::item::{Found, Item, ItemKind};
use super::{trx, uimage};

/// The kind of its items.
pub(crate) const KIND: ItemKind = ItemKind::new("linksys-header");
/// Patterns of boards that keep the header in flash.
pub(crate) const KEPT: [&[u8]; 2] = [b"NL16", b"NL1X"];
/// Length of the header.
pub(crate) const LEN: usize = 32;

/// A header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CybertanHeader {
    /// Where it is.
    offset: u64,
    /// The board, four characters.
    pub pattern: String,
    /// Year, month, day.
    date: (u32, u8, u8),
    /// The firmware's version.
    version: [u8; 3],
}

/// Reads the header at `at`, of any pattern, where a TRX or uImage is after it.
pub(crate) fn parse(bytes: &[u8], at: usize) -> Option<CybertanHeader> {
    let head = slice(bytes, at, LEN)?;
    let pattern = text(&head[..4]).filter(|pattern| pattern.len() == 4)?;
    let (month, day) = (head[9], head[10]);
    let after = bytes.get(at + LEN..).unwrap_or_default();
    let holds_image = after.starts_with(trx::MAGIC) || after.starts_with(&uimage::MAGIC);
    if &head[14..18] != b"U2ND" || !(1..=12).contains(&month) || !(1..=31).contains(&day) || !holds_image {
        return None;
    }
    let year = 1900 + u32::from(head[8]) + u32::from(head[8] < 70) * 100;
    Some(CybertanHeader {
        offset: at as u64,
        pattern,
        date: (year, month, day),
        version: [head[11], head[12], head[13]],
    })
}

impl CybertanHeader {
    /// Its item, of this length.
    pub fn item(&self, len: u64) -> Item {
        let (year, month, day) = self.date;
        Item::new(KIND, self.offset, len)
            .with("pattern", self.pattern.as_str())
            .with("version", self.version_text())
            .with("date", format!("{year}-{month:02}-{day:02}"))
            .with("kept_in_flash", self.is_kept())
    }

    /// True where the header stays in flash.
    pub fn is_kept(&self) -> bool {
        KEPT.contains(&self.pattern.as_bytes())
    }

    fn version_text(&self) -> String {
        self.version.map(|part| part.to_string()).join(".")
    }
}

/// The header at `at` where it stays in flash; the image after it is an item of its own, with its sums.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let header = parse(look.bytes, at).filter(CybertanHeader::is_kept)?;
    let image = trx::find(look, at + LEN).or_else(|| uimage::find(look, at + LEN))?.item;
    Some(Found::holder(header.item(LEN as u64 + image.size), LEN))
}

/// The header at `offset`, where it stays in flash.
pub(crate) fn read(bytes: &[u8], offset: u64) -> Option<Rc<dyn Envelope>> {
    let header = parse(bytes, usize::try_from(offset).ok()?).filter(CybertanHeader::is_kept)?;
    Some(Rc::new(header))
}

impl Envelope for CybertanHeader {
    fn kind(&self) -> ItemKind {
        KIND
    }

    fn name(&self) -> &'static str {
        "Linksys header"
    }

    fn offset(&self) -> u64 {
        self.offset
    }

    fn at_start(&self) -> Rc<dyn Envelope> {
        Rc::new(CybertanHeader { offset: 0, ..self.clone() })
    }

    fn hardware(&self) -> HardwareId {
        let id = self.pattern.bytes().fold(0, |id, byte| id << 8 | u32::from(byte));
        HardwareId { id, rev: 0, text: self.pattern.clone() }
    }

    fn payload_at(&self) -> u64 {
        LEN as u64
    }

    fn check(&self, _bytes: &[u8]) -> Option<Md5Verdict> {
        None
    }

    fn describe(&self) -> String {
        format!("{KIND}, {}, version {}", self.pattern, self.version_text())
    }

    fn seal(&self, _loader: &[u8], firmware: &[u8]) -> Result<Sealed, String> {
        Ok(Sealed { bytes: firmware.to_vec(), with_loader: false })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A header of this pattern before `body`.
    pub(crate) fn with_header(pattern: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut file = pattern.to_vec();
        file.extend([0, 0, 0, 0, 105, 2, 4, 4, 21, 5]);
        file.extend(b"U2ND\x01\0\x1f\0");
        file.resize(LEN, 0);
        [&file, body].concat()
    }

    #[test]
    fn a_header_that_stays_is_one_by_its_pattern_and_the_image_after_it() {
        let image = include_bytes!("../../../tests/data/small/image.trx");
        let file = with_header(b"NL16", image);
        let item = find(&mut Look::new(&file), 0).unwrap().item;
        assert_eq!((item.size, &item.attributes["version"]), (file.len() as u64, &"4.21.5".into()));
        assert_eq!(item.attributes["date"], "2005-02-04");
        assert_eq!(read(&file, 0).unwrap().hardware().text, "NL16");
        // Another board's header is removed; noise, and a header without an image, are not recognised.
        assert!(find(&mut Look::new(&with_header(b"W54G", image)), 0).is_none());
        assert!(find(&mut Look::new(&with_header(b"NL16", b"no image")), 0).is_none());
        let noise = [&b"NL16"[..], &crate::image::synthetic::noise(1, 200)].concat();
        assert!(find(&mut Look::new(&noise), 0).is_none() && read(&noise, 0).is_none());
        assert!(read(&file[..LEN], 0).is_none() && read(&file, u64::MAX).is_none());
    }
}

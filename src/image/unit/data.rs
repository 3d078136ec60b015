//! Data of the one unit: MAC addresses and calibration, read, recognised and shown.
//!
//! Facts: MediaTek eeprom in Linux mt76 (chip id little-endian at 0, address at 4), AR9300 eeprom in Linux ath9k
//! (02 02, then the address).

use crate::image::boards::Board;
use crate::image::container::intel::gbe;
use crate::image::container::{mtk_eeprom, placeholder};
use crate::image::is_blank;
use crate::image::layout::{Format, PerUnit, Region, UnitKind};
use crate::span::Span;

/// An Ethernet address.
pub type Mac = [u8; 6];

/// Where the address stands in an AR9300 eeprom.
const AR9300_MAC: usize = 2;
/// Template version and size: how an AR9300 eeprom starts.
const AR9300_START: [u8; 2] = [2, 2];

/// `30:b5:c2:a1:b2:c3`.
pub fn mac_text(mac: Mac) -> String {
    mac.map(|b| format!("{b:02x}")).join(":")
}

/// Reads `30:b5:c2:a1:b2:c3`, with colons, dashes or nothing between.
pub fn parse_mac(text: &str) -> Option<Mac> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-')).collect();
    if digits.len() != 12 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut mac = [0; 6];
    for (byte, pair) in mac.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(mac)
}

/// True for an address one unit can have: not 00.., not ff.., not multicast.
pub fn is_unit_mac(mac: Mac) -> bool {
    !is_blank(&mac) && mac[0] & 1 == 0
}

/// The address in these bytes of the unit, where their format holds a valid one.
pub fn mac_in(bytes: &[u8], unit: &PerUnit) -> Option<Mac> {
    let at = match unit.format {
        Format::MacBytes => 0,
        Format::MtkEeprom { .. } => mtk_eeprom::MAC_AT,
        Format::Ar9300 => AR9300_MAC,
        Format::Text if unit.kind == UnitKind::Mac => {
            let text = std::str::from_utf8(bytes).ok()?;
            return parse_mac(text).filter(|mac| is_unit_mac(*mac));
        }
        Format::Gbe => return gbe::mac(bytes).filter(|mac| is_unit_mac(*mac)),
        Format::Raw | Format::Text => return None,
    };
    bytes.get(at..)?.first_chunk::<6>().copied().filter(|mac| is_unit_mac(*mac))
}

/// The board's own address in a whole chip's contents.
pub fn mac_of(chip: &[u8], board: &Board) -> Option<Mac> {
    let (_, unit) = own_place(board)?;
    mac_in(unit.span.of(chip)?, unit)
}

/// Where the board has its own address: where its source says so, else the first that is no part of a calibration.
pub fn own_place(board: &Board) -> Option<(&Region, &PerUnit)> {
    let macs = || board.layout.per_unit().filter(|(_, u)| u.kind == UnitKind::Mac);
    macs()
        .find(|(_, u)| u.own)
        .or_else(|| macs().find(|(_, u)| calibration_around(board, u.span).is_none()))
        .or_else(|| macs().next())
}

/// The calibration that `span` is a part of.
pub fn calibration_around(board: &Board, span: Span) -> Option<&PerUnit> {
    board.layout.per_unit().map(|(_, u)| u).find(|u| u.kind == UnitKind::Calibration && u.span.overlaps(span))
}

/// True when it is known where the board has its address.
pub fn has_mac_place(board: &Board) -> bool {
    own_place(board).is_some()
}

/// True when nothing of use is there: blank, or an address no unit can have, or calibration blank behind its head.
pub fn is_missing(bytes: &[u8], unit: &PerUnit) -> bool {
    match unit.format {
        Format::MacBytes | Format::Gbe => mac_in(bytes, unit).is_none(),
        Format::Text if unit.kind == UnitKind::Mac => mac_in(bytes, unit).is_none(),
        Format::MtkEeprom { .. } => bytes.get(..2).is_none_or(is_blank) || !mtk_eeprom::is_filled(bytes),
        Format::Ar9300 => is_blank(bytes) || bytes.get(AR9300_MAC + 6..).is_none_or(is_blank),
        Format::Raw | Format::Text => is_blank(bytes),
    }
}

/// Why these bytes are not this board's, where they are not: `is of chip 7628, this board has 7620`.
pub fn of_another_board(bytes: &[u8], unit: &PerUnit) -> Option<String> {
    if is_blank(bytes) {
        return None;
    }
    match &unit.format {
        Format::MtkEeprom { chips } if !chips.is_empty() => {
            let id = u16::from_le_bytes(*bytes.first_chunk()?);
            // No id is no calibration, and not another radio's.
            if matches!(id, 0 | 0xffff) {
                return None;
            }
            let wanted: Vec<String> = chips.iter().map(|c| format!("{c:04x}")).collect();
            // One chip may have several ids.
            let name = mtk_eeprom::chip_name(id);
            let same = |own: &u16| *own == id || (name.is_some() && mtk_eeprom::chip_name(*own) == name);
            (!chips.iter().any(same))
                .then(|| format!("is of radio chip {id:04x}, this board has {}", wanted.join(" or ")))
        }
        Format::Ar9300 => {
            let found: [u8; 2] = *bytes.first_chunk()?;
            (found != AR9300_START)
                .then(|| format!("starts with {:02x} {:02x}, an AR9300's with 02 02", found[0], found[1]))
        }
        _ => None,
    }
}

/// As text for a table: an address, or the chip with its address and a sum of the calibration.
pub fn show(bytes: &[u8], unit: &PerUnit) -> String {
    if is_blank(bytes) {
        return "blank".to_owned();
    }
    let mac = mac_in(bytes, unit).map(|mac| match placeholder::of(&mac) {
        Some(kind) => format!("{} ({kind})", mac_text(mac)),
        None => mac_text(mac),
    });
    let crc = crc32fast::hash(bytes);
    match (&unit.format, mac) {
        (Format::MacBytes, Some(mac)) => mac,
        (Format::MacBytes, None) => {
            format!(
                "{} (no unit's address)",
                bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(":")
            )
        }
        (Format::MtkEeprom { .. }, mac) => {
            let id = bytes.first_chunk().map_or(0, |b| u16::from_le_bytes(*b));
            let chip = mtk_eeprom::chip_name(id).map_or(format!("radio chip {id:04x}"), str::to_owned);
            format!("{chip}, {}, crc32 {crc:08x}", mac.as_deref().unwrap_or("no address"))
        }
        (Format::Ar9300, mac) => {
            format!("AR9300, {}, crc32 {crc:08x}", mac.as_deref().unwrap_or("no address"))
        }
        (Format::Gbe, mac) => {
            format!("{}, crc32 {crc:08x}", mac.as_deref().unwrap_or("no address"))
        }
        (Format::Text, _) if bytes.iter().all(u8::is_ascii_graphic) => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        (Format::Raw | Format::Text, _) => format!("{} bytes, crc32 {crc:08x}", bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(format: Format) -> PerUnit {
        PerUnit {
            name: "u".to_owned(),
            span: Span::new(0, 0x200),
            kind: UnitKind::Calibration,
            format,
            keep: false,
            own: false,
        }
    }

    #[test]
    fn addresses_as_text_and_back() {
        for text in ["30:b5:c2:a1:b2:c3", "30-B5-C2-A1-B2-C3", "30b5c2a1b2c3"] {
            assert_eq!(parse_mac(text).map(mac_text).as_deref(), Some("30:b5:c2:a1:b2:c3"));
        }
        for text in ["", "30:b5:c2:a1:b2", "30:b5:c2:a1:b2:zz", "30:b5:c2:a1:b2:c3:00"] {
            assert_eq!(parse_mac(text), None, "{text}");
        }
        assert!(is_unit_mac([0x30, 0xb5, 0xc2, 1, 2, 3]));
        for mac in [[0; 6], [0xff; 6], [1, 0, 0x5e, 0, 0, 1]] {
            assert!(!is_unit_mac(mac));
        }
    }

    #[test]
    fn calibration_is_known_by_its_chip() {
        let unit = unit(Format::MtkEeprom { chips: vec![0x7610, 0x7650] });
        let mut eeprom = vec![0xff; 0x200];
        assert!(is_missing(&eeprom, &unit) && of_another_board(&eeprom, &unit).is_none());
        eeprom[..10].copy_from_slice(&[0x10, 0x76, 2, 0, 0x30, 0xb5, 0xc2, 1, 2, 3]);
        assert!(is_missing(&eeprom, &unit), "only a head is no calibration");
        eeprom[0x50] = 1;
        assert!(is_missing(&eeprom, &unit), "nor is a byte behind it");
        eeprom[0x150..0x160].fill(1);
        assert!(!is_missing(&eeprom, &unit) && of_another_board(&eeprom, &unit).is_none());
        eeprom[0] = 0x12;
        assert_eq!(
            of_another_board(&eeprom, &unit).unwrap(),
            "is of radio chip 7612, this board has 7610 or 7650"
        );
        assert!(is_missing(&[0; 0x200], &unit));
        eeprom[..2].fill(0xff);
        assert!(is_missing(&eeprom, &unit) && of_another_board(&eeprom, &unit).is_none(), "no id");
    }
}

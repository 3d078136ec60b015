//! Data of the one unit: where a board has its address and calibration, and how they are shown.

use crate::image::boards::Board;
use crate::image::container::placeholder;
use crate::image::layout::{PerUnit, Region, UnitKind};
pub use crate::image::per_unit::Mac;
pub(crate) use crate::image::per_unit::{is_unit_mac, parse_mac};
use crate::span::Span;
use crate::units::hex_with;

/// `30:b5:c2:a1:b2:c3`.
pub(crate) fn mac_text(mac: Mac) -> String {
    hex_with(&mac, ":")
}

/// The board's own address in a whole chip's contents.
pub(crate) fn mac_of(chip: &[u8], board: &Board) -> Option<Mac> {
    let (_, unit) = own_place(board)?;
    unit.mac(unit.span.of(chip)?)
}

/// Where the board has its own address: where its source says so, else the first that is no part of a calibration.
pub(crate) fn own_place(board: &Board) -> Option<(&Region, &PerUnit)> {
    let macs = || board.layout.per_unit().filter(|(_, u)| u.kind == UnitKind::Mac && !u.fixed);
    macs()
        .find(|(_, u)| u.own)
        .or_else(|| macs().find(|(_, u)| calibration_around(board, u.span).is_none()))
        .or_else(|| macs().next())
}

/// The calibration that `span` is a part of.
pub(crate) fn calibration_around(board: &Board, span: Span) -> Option<&PerUnit> {
    board.layout.per_unit().map(|(_, u)| u).find(|u| u.kind == UnitKind::Calibration && u.span.overlaps(span))
}

/// True when it is known where the board has its address.
pub(crate) fn has_mac_place(board: &Board) -> bool {
    own_place(board).is_some()
}

/// As text for a table: an address, or the chip with its address and a sum of the calibration.
pub fn show(bytes: &[u8], unit: &PerUnit) -> String {
    unit.show(bytes, |mac| match placeholder::name(&mac) {
        Some(kind) => format!("{} ({kind})", mac_text(mac)),
        None => mac_text(mac),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::layout::Format;

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
        let mut unit = PerUnit::new("u", Span::new(0, 0x200), UnitKind::Calibration, Format::MTK_EEPROM);
        unit.chips = vec![0x7610, 0x7650];
        let mut eeprom = vec![0xff; 0x200];
        assert!(unit.is_missing(&eeprom) && unit.of_another_board(&eeprom).is_none());
        eeprom[..10].copy_from_slice(&[0x10, 0x76, 2, 0, 0x30, 0xb5, 0xc2, 1, 2, 3]);
        assert!(unit.is_missing(&eeprom), "only a head is no calibration");
        eeprom[0x50] = 1;
        assert!(unit.is_missing(&eeprom), "nor is a byte after it");
        eeprom[0x150..0x160].fill(1);
        assert!(!unit.is_missing(&eeprom) && unit.of_another_board(&eeprom).is_none());
        eeprom[0] = 0x12;
        assert_eq!(
            unit.of_another_board(&eeprom).unwrap(),
            "is of radio chip 7612, this board has 7610 or 7650"
        );
        assert!(unit.is_missing(&[0; 0x200]));
        eeprom[..2].fill(0xff);
        assert!(unit.is_missing(&eeprom) && unit.of_another_board(&eeprom).is_none(), "no id");
    }
}

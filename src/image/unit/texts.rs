//! Serial numbers and PINs found by their form in regions that hold data of the unit.
//!
//! No source says where boards keep them, so nothing is decided by them: they are shown side by side. A PIN is
//! eight digits whose last is the WPS checksum of the others (Wi-Fi Simple Configuration, 7.4.1); a serial number
//! is a text of capitals and digits on its own.

use crate::image::boards::Board;
use crate::image::layout::{Format, PerUnit, Role, UnitKind};
use crate::span::Span;

const PIN_LEN: usize = 8;
const SERIAL_LEN: std::ops::RangeInclusive<usize> = 10..=24;

/// What looks like a PIN or serial number in the board's unit regions of `chip`, outside of what is known there.
pub fn texts(chip: &[u8], board: &Board) -> Vec<(String, PerUnit)> {
    let mut found: Vec<(String, PerUnit)> = Vec::new();
    // Innermost regions first: what is found in a part is the part's.
    for region in board.layout.regions.iter().rev().filter(|r| r.role == Role::Unit) {
        let Some(bytes) = region.span.of(chip) else { continue };
        let known: Vec<Span> = board.layout.per_unit_in(region.span).map(|u| u.span).collect();
        let mut at = 0;
        while at < bytes.len() {
            let len = bytes[at..].iter().take_while(|b| b.is_ascii_graphic()).count();
            if len == 0 {
                at += 1;
                continue;
            }
            let start = region.span.start + at as u64;
            let span = Span::new(start, start + len as u64);
            let text = &bytes[at..at + len];
            at += len;
            let taken = known.iter().chain(found.iter().map(|(_, u)| &u.span)).any(|k| k.overlaps(span));
            let Some(kind) = kind_of(text).filter(|_| !taken) else {
                continue;
            };
            let name = if kind == UnitKind::Pin { "PIN" } else { "serial number" };
            let unit = PerUnit::new(format!("{name} (by its form)"), span, kind, Format::TEXT);
            found.push((region.name.clone(), unit));
        }
    }
    found.sort_by_key(|(_, unit)| unit.span);
    found
}

fn kind_of(text: &[u8]) -> Option<UnitKind> {
    let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
    if text.len() == PIN_LEN && digits == PIN_LEN {
        return is_pin(text).then_some(UnitKind::Pin);
    }
    let plain = text.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    (SERIAL_LEN.contains(&text.len()) && plain && digits * 2 >= text.len()).then_some(UnitKind::Serial)
}

/// True when the weighted sum of the digits, 3 and 1 in turn, is a multiple of ten.
fn is_pin(digits: &[u8]) -> bool {
    let sum: u32 = digits.iter().zip([3, 1].into_iter().cycle()).map(|(d, w)| u32::from(d - b'0') * w).sum();
    sum.is_multiple_of(10) && digits.iter().any(|d| *d != digits[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_have_a_checksum() {
        for (text, kind) in [
            ("12345670", Some(UnitKind::Pin)),
            ("76543210", Some(UnitKind::Pin)),
            ("12345671", None),
            ("00000000", None),
            ("2157C3000101", Some(UnitKind::Serial)),
            ("ABCDEFGHIJKL", None),
            ("2157c3000101", None),
            ("2157", None),
        ] {
            assert_eq!(kind_of(text.as_bytes()), kind, "{text}");
        }
    }

    #[test]
    fn they_are_found_outside_of_what_is_known() {
        let board = Board::named("archer-mr200-v1").unwrap();
        let mut chip = vec![0xff; 0x80_0000];
        chip[0x7d_f200..0x7d_f208].copy_from_slice(b"12345670");
        chip[0x7d_f300..0x7d_f30c].copy_from_slice(b"2157C3000101");
        chip[0x7f_0010..0x7f_0018].copy_from_slice(b"76543210");
        chip[0x7e_0010..0x7e_0018].copy_from_slice(b"76543210");
        let found: Vec<_> = texts(&chip, board).into_iter().map(|(r, u)| (r, u.kind, u.span.start)).collect();
        let rom = "rom".to_owned();
        assert_eq!(found, [(rom.clone(), UnitKind::Pin, 0x7d_f200), (rom, UnitKind::Serial, 0x7d_f300)]);
    }
}

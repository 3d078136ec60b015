//! Checks of a whole chip's contents, as base and as donor: read at all, read right, of this board.

use super::form::{may_be_archive, other_form};
use crate::image::boards::Board;
use crate::image::checks::{BLANK_DUMP, CHIP_SIZE, MIRRORED_DUMP, OTHER_FORM, OTHER_MAP, WRONG_CALIBRATION};
use crate::image::checks::{Finding, Severity};
use crate::image::is_blank;
use crate::image::layout::UnitKind;
use crate::image::unit;

/// Below this, a distance at which contents repeat says nothing about how the chip was read.
const LEAST_PERIOD: usize = 0x1_0000;

/// Judges a dump; `what` names it in messages.
pub fn judge(dump: &[u8], what: &str, board: &Board) -> Vec<Finding> {
    if let Some(form) = other_form(dump) {
        let may_be_right = may_be_archive(dump) && dump.len() as u64 == board.chip_size;
        let finding = |severity| vec![OTHER_FORM.found_as(severity, format!("{what} {form}"))];
        if !may_be_right {
            return finding(Severity::Refuse);
        }
        return finding(Severity::Ask).into_iter().chain(contents(dump, what, board)).collect();
    }
    contents(dump, what, board)
}

/// Judges the bytes of a dump.
fn contents(dump: &[u8], what: &str, board: &Board) -> Vec<Finding> {
    if dump.len() as u64 != board.chip_size {
        return vec![CHIP_SIZE.found(format!(
            "{what} has {:#x} bytes, the chip of {} has {:#x}{}",
            dump.len(),
            board.name,
            board.chip_size,
            if dump.is_empty() { ": the file is empty" } else { "" }
        ))];
    }
    if is_blank(dump) {
        return vec![BLANK_DUMP.found(format!(
            "{what} holds {:02x} only: nothing was read; check the clip and read again",
            dump[0]
        ))];
    }
    if let Some(period) = repeats(dump) {
        return vec![MIRRORED_DUMP.found(format!(
            "{what} repeats itself every {period:#x} bytes: a smaller chip was read several times over, or an \
             address line does not reach the chip; read again with the right chip"
        ))];
    }
    let mut found: Vec<Finding> = Vec::new();
    for (region, unit) in board.layout.per_unit() {
        let Some(bytes) = unit.span.of(dump) else { continue };
        if let Some(why) = unit.of_another_board(bytes) {
            found.push(WRONG_CALIBRATION.found(format!(
                "{what}: {} at {:#x} in {} {why}; this dump is of another board or damaged",
                unit.name, unit.span.start, region.name
            )));
        }
    }
    found.extend(other_map(dump, what, board));
    found
}

/// The distance at which the contents repeat, where they do: every byte equals the one a power of two away.
pub fn repeats(bytes: &[u8]) -> Option<usize> {
    if !bytes.len().is_power_of_two() || is_blank(bytes) {
        return None;
    }
    let periods = std::iter::successors(Some(bytes.len() / 2), |p| Some(p / 2));
    periods
        .take_while(|p| *p >= LEAST_PERIOD)
        .find(|&p| bytes.chunks_exact(2 * p).all(|pair| pair[..p] == pair[p..]))
}

/// A finding when this board's address is blank in the dump and another board's address and calibration are there.
fn other_map(dump: &[u8], what: &str, board: &Board) -> Option<Finding> {
    if !unit::has_mac_place(board) || unit::mac_of(dump, board).is_some() {
        return None;
    }
    let fits = |b: &&Board| {
        b.chip_size == board.chip_size && unit::mac_of(dump, b).is_some() && calibration_fits(dump, b)
    };
    let others: Vec<&Board> = Board::all().iter().filter(fits).collect();
    let at = |b: &Board| unit::own_place(b).map(|(_, u)| u.span.start);
    let (here, there) = (at(board)?, at(others.first()?)?);
    let names: Vec<&str> = others.iter().map(|b| b.name.as_str()).collect();
    (here != there).then(|| {
        OTHER_MAP.found(format!(
            "{what} has no MAC address at {here:#x}, where {} has it, and one at {there:#x}, where {} has it: this \
             is another version of the board",
            board.name,
            names.join(" or ")
        ))
    })
}

/// True when the board's calibration places are known and every one holds calibration of its radio.
pub(crate) fn calibration_fits(dump: &[u8], board: &Board) -> bool {
    let mut any = false;
    for (_, unit) in board.layout.per_unit().filter(|(_, u)| u.kind == UnitKind::Calibration) {
        let Some(bytes) = unit.span.of(dump) else { return false };
        if unit.is_missing(bytes) || unit.of_another_board(bytes).is_some() {
            return false;
        }
        any = true;
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetition_is_seen_at_every_power_of_two() {
        let unit: Vec<u8> = (0..0x20000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert_eq!(repeats(&unit), None);
        assert_eq!(repeats(&[unit.clone(), unit.clone()].concat()), Some(0x20000));
        // The second highest address line does not reach the chip: quarters 1 and 2, 3 and 4 are equal.
        let other: Vec<u8> = unit.iter().map(|b| !b).collect();
        let quarters = [unit.clone(), unit.clone(), other.clone(), other].concat();
        assert_eq!(repeats(&quarters), Some(0x20000));
        let mut nearly = [unit.clone(), unit].concat();
        nearly[0x3ffff] ^= 1;
        assert_eq!(repeats(&nearly), None);
    }

    #[test]
    fn one_repeated_byte_pattern_in_a_blank_chip_is_not_a_mirror() {
        let mut mostly_blank = vec![0xff; 0x80000];
        mostly_blank[5] = 0;
        assert_eq!(repeats(&mostly_blank), None);
    }
}

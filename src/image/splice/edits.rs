//! Edits of single values in the result, each with the sum that guards it: the board's address, a PC's serial number and
//! UUID, U-Boot variables.

use super::choice::{Edits, EnvValue};
use crate::image::boards::Board;
use crate::image::checks::{Advice, EDITED, Finding};
use crate::image::container::intel::descriptor;
use crate::image::container::{art, mtk_eeprom, uboot_env};
use crate::image::error::ImageError;
use crate::image::layout::{PerUnit, Role, UnitKind};
use crate::image::pc::bios::Bios;
use crate::image::pc::edit::{self, Edited, New};
use crate::image::pc::flash::{BIOS, bios_span};
use crate::image::unit::{Mac, calibration_around, is_unit_mac, mac_text, own_place};
use crate::span::Span;

/// Environments start at such edges.
const ENV_EDGE: u64 = 0x1000;

/// Carries the edits out on a whole chip; gives what was edited.
///
/// # Errors
/// When the board's file does not say where the value is, or a value cannot be one.
pub fn apply(
    chip: &mut [u8],
    board: &Board,
    edits: &Edits,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Span>, ImageError> {
    let mut edited = Vec::new();
    if let Some(mac) = edits.mac {
        edited.extend(set_mac(chip, board, mac, findings)?);
    }
    for new in edits.identity() {
        edited.extend(set_identity(chip, board, &new, findings)?);
    }
    if !edits.env.is_empty() {
        edited.extend(set_env(chip, board, &edits.env, findings)?);
    }
    Ok(edited)
}

fn not_here(board: &Board, why: impl Into<String>) -> ImageError {
    ImageError::NotForThisBoard { board: board.name.clone(), why: why.into() }
}

/// Writes the address where the board has its own, and wherever else the board reads the same one; a sum that
/// guards the place is made anew.
fn set_mac(
    chip: &mut [u8],
    board: &Board,
    mac: Mac,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Span>, ImageError> {
    if !is_unit_mac(mac) {
        return Err(ImageError::BadText {
            text: mac_text(mac),
            wanted: "an address that one unit can have: not all 00 or ff, not multicast",
        });
    }
    let (_, own) = own_place(board).ok_or_else(|| ImageError::Undecided {
        why: format!("{}: it is not known where its address is, so it is not edited", board.name),
        advice: Advice::AddressInEnvironment,
    })?;
    let was = own.span.of(chip).and_then(|bytes| own.mac(bytes));
    let mut edited = Vec::new();
    for (region, unit) in board.layout.per_unit().filter(|(_, u)| u.kind == UnitKind::Mac) {
        let here = unit.span.of(chip).ok_or_else(|| not_here(board, "its address is not inside the chip"))?;
        let now = unit.mac(here);
        let calibration = calibration_around(board, unit.span);
        let a_copy = calibration.is_none() && now.is_some() && now == was && !unit.fixed;
        if unit.span != own.span && !a_copy {
            let other = now.map_or("as it is".to_owned(), mac_text);
            let why =
                if unit.fixed { "no address is written there" } else { "it is not the board's own address" };
            let text = format!("{} in {} stays {other}: {why}", unit.name, region.name);
            findings.push(EDITED.found(text));
            continue;
        }
        let written = unit.with_mac(here, mac).map_err(|why| not_here(board, why))?;
        let passed_over = unit.passed_over(here);
        let guard = calibration.map(|around| guard(chip, around, board)).transpose()?.flatten();
        chip[unit.span.range()].copy_from_slice(&written);
        if let Some((sum_at, covered)) = guard {
            redo_xor(chip, sum_at, covered);
        }
        findings.push(EDITED.found(format!(
            "{} in {} is set to {} (was {}){}",
            unit.name,
            region.name,
            mac_text(mac),
            now.map_or("none".to_owned(), mac_text),
            if guard.is_some() { ", and the sum of the calibration around it is made anew" } else { "" }
        )));
        findings.extend(
            passed_over.map(|words| EDITED.found(format!("{} in {}: {words}", unit.name, region.name))),
        );
        edited.push(unit.span);
    }
    Ok(edited)
}

/// Where the sum that guards a calibration is, and what it covers; `None` where its kind has none.
fn guard(chip: &[u8], around: &PerUnit, board: &Board) -> Result<Option<(usize, Span)>, ImageError> {
    let at = around.span.start as usize;
    if let Some(found) = art::parse(chip, at) {
        // Sum and length are together at the front of what is covered, the length first.
        let place = |(sum, len): (u64, u64)| Some((sum as usize, Span::at(sum - 2, len)?));
        return Ok(found.checksum.and_then(place));
    }
    if mtk_eeprom::parse(chip, at).is_some() {
        return Ok(None);
    }
    Err(not_here(
        board,
        format!(
            "its address is a part of {}, whose kind is not known: a sum may guard it, so it is not edited",
            around.name
        ),
    ))
}

/// Sets the word at `sum_at` so that the little-endian words of `covered` xor to ffff.
fn redo_xor(chip: &mut [u8], sum_at: usize, covered: Span) {
    chip[sum_at..sum_at + 2].fill(0);
    let words = chip[covered.range()].chunks(2);
    let sum = words.fold(0xffff, |sum, pair| sum ^ u16::from_le_bytes([pair[0], *pair.get(1).unwrap_or(&0)]));
    chip[sum_at..sum_at + 2].copy_from_slice(&sum.to_le_bytes());
}

/// Writes a serial number or UUID where a PC's firmware has its own.
fn set_identity(
    chip: &mut [u8],
    board: &Board,
    new: &New,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Span>, ImageError> {
    let no = |why: String| not_here(board, why);
    let region = board.layout.region(BIOS).map(|region| region.span);
    let span = if descriptor::parse(chip, 0).is_some() { bios_span(chip) } else { region };
    let bytes = span.and_then(|span| Some((span.start, chip.get_mut(span.range())?)));
    let (at, bytes) = bytes.filter(|(at, bytes)| Bios::read(bytes, *at).is_firmware()).ok_or_else(|| {
        no("it is no PC's firmware, where alone a serial number or UUID is written".to_owned())
    })?;
    let all = edit::write(bytes, at, new).map_err(no)?;
    let mut edited = Vec::new();
    for Edited { what, was, spans } in all {
        let (name, Some(first)) = (what.name(), spans.first()) else {
            findings.push(EDITED.found(format!("the {} stays {was}: it is another one", what.name())));
            continue;
        };
        let sums = if spans.len() > 1 { ", and the sum over it is made anew" } else { "" };
        let place = at + first.start;
        findings.push(EDITED.found(format!("the {name} at {place:#x} is set to {new} (was {was}){sums}")));
        edited.extend(spans.into_iter().map(|span| span.shifted(at)));
    }
    Ok(edited)
}

/// Sets variables in every good copy of the environment, which is outside of the firmware.
fn set_env(
    chip: &mut [u8],
    board: &Board,
    changes: &[EnvValue],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Span>, ImageError> {
    let regions = || board.layout.regions.iter();
    let closed =
        |at: u64| regions().any(|r| matches!(r.role, Role::Firmware | Role::Unit) && r.span.contains(at));
    let outside: Vec<Span> = board.layout.whole().map(|r| r.span).collect();
    let changes: Vec<(&str, &str)> =
        changes.iter().map(|env| (env.name.as_str(), env.value.as_str())).collect();
    let names: Vec<&str> = changes.iter().map(|(n, _)| *n).collect();
    let mut edited: Vec<Span> = Vec::new();
    for region in outside {
        for at in (region.start..region.end).step_by(ENV_EDGE as usize) {
            if closed(at) || edited.iter().any(|s| s.contains(at)) {
                continue;
            }
            let Some(size) = uboot_env::parse(chip, at as usize).and_then(|found| found.size) else {
                continue;
            };
            let Some(span) = Span::at(at, size as u64).filter(|s| region.covers(*s)) else { continue };
            uboot_env::set(chip, at as usize, &changes).map_err(|e| not_here(board, e.to_string()))?;
            findings
                .push(EDITED.found(format!("{} set in the U-Boot environment at {at:#x}", names.join(", "))));
            edited.push(span);
        }
    }
    if edited.is_empty() {
        return Err(not_here(board, "no U-Boot environment with a good CRC is outside of its firmware"));
    }
    Ok(edited)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::container::dtb::Tree;
    use crate::image::{devicetree, layouts::device_tree};

    const ADDRESSES: &[u8] = include_bytes!("../../../tests/data/dts/addresses.dtb");
    const NEW: Mac = [2, 0, 0, 0, 0, 0x77];

    fn tree_board() -> Board {
        let tree = devicetree::TreeBoard::read(&Tree::read(ADDRESSES).unwrap());
        device_tree::board(&tree, 0x10_0000).unwrap()
    }

    /// Radio at 0, LAN at e000, WAN (the label's) at e006, text of the same at e010.
    fn chip() -> Vec<u8> {
        let mut chip = vec![0xff; 0x10_0000];
        chip[0x3_0000..0x3_0400].fill(0x31);
        chip[0x3_0000..0x3_0004].copy_from_slice(&[0x28, 0x76, 2, 0]);
        for (at, last) in [(0x3_0004, 6), (0x3_e000, 6), (0x3_e006, 7)] {
            chip[at..at + 6].copy_from_slice(&[0x1c, 0xaf, 5, 4, 3, last]);
        }
        chip[0x3_e010..0x3_e021].copy_from_slice(b"1C:AF:05:04:03:07");
        chip
    }

    fn set(chip: &mut [u8], board: &Board) -> Result<Vec<String>, ImageError> {
        let mut findings = Vec::new();
        set_mac(chip, board, NEW, &mut findings)?;
        Ok(findings.into_iter().map(|f| f.message).collect())
    }

    #[test]
    fn the_labels_address_and_its_copies_change_and_no_other() {
        let (mut new, old) = (chip(), chip());
        let reported = set(&mut new, &tree_board()).unwrap();
        let changed: Vec<usize> = (0..old.len()).filter(|i| new[*i] != old[*i]).collect();
        assert!(
            changed.iter().all(|at| (0x3_e006..0x3_e00c).contains(at) || (0x3_e010..0x3_e021).contains(at))
        );
        assert_eq!(new[0x3_e006..0x3_e00c], NEW);
        assert_eq!(new[0x3_e010..0x3_e021], *b"02:00:00:00:00:77");
        let stays =
            |name: &str| reported.iter().any(|t| t.contains(name) && t.contains("stays 1c:af:05:04:03:06"));
        assert!(stays("ethernet@1e100000") && stays("wifi@2"), "{reported:?}");
    }

    #[test]
    fn text_keeps_its_form() {
        let (board, mut chip) = (tree_board(), chip());
        chip[0x3_e010..0x3_e021].copy_from_slice(b"1c-af-05-04-03-07");
        set(&mut chip, &board).unwrap();
        assert_eq!(chip[0x3_e010..0x3_e021], *b"02-00-00-00-00-77");
    }

    /// A board whose only address is a part of a calibration.
    fn within_calibration(kind: &[u8], mac_at: u64) -> (Board, Vec<u8>) {
        let mut board = tree_board();
        let region = board.layout.regions.iter_mut().find(|r| r.name == "factory").unwrap();
        region.per_unit.retain(|u| matches!(u.span.start, 0x3_0000 | 0x3_0004));
        let mac = region.per_unit.iter_mut().find(|u| u.kind == UnitKind::Mac).unwrap();
        mac.span = Span::at(0x3_0000 + mac_at, 6).unwrap();
        let calibration = region.per_unit.iter_mut().find(|u| u.kind == UnitKind::Calibration).unwrap();
        calibration.span = Span::at(0x3_0000, kind.len() as u64).unwrap();
        let mut chip = vec![0xff; 0x10_0000];
        chip[calibration.span.range()].copy_from_slice(kind);
        (board, chip)
    }

    #[test]
    fn a_sum_around_the_address_is_made_anew() {
        let mut ath10k = vec![0x5b; 2116];
        ath10k[..4].copy_from_slice(&[0x44, 0x08, 0, 0]);
        ath10k[6..12].copy_from_slice(&[0x1c, 0xaf, 5, 4, 3, 7]);
        let words = |b: &[u8]| b.chunks(2).fold(0, |sum, p| sum ^ u16::from_be_bytes([p[0], p[1]]));
        let sum = (!words(&ath10k)).to_be_bytes();
        ath10k[2..4].copy_from_slice(&sum);
        let (board, mut chip) = within_calibration(&ath10k, 6);
        set(&mut chip, &board).unwrap();
        assert_eq!((words(&chip[0x3_0000..0x3_0000 + 2116]), &chip[0x3_0006..0x3_000c]), (0xffff, &NEW[..]));
        // A MediaTek eeprom has none.
        let (board, mut mtk) = within_calibration(&super::tests::chip()[0x3_0000..0x3_0400], 4);
        let before = mtk.clone();
        set(&mut mtk, &board).unwrap();
        assert_eq!(mtk[0x3_0004..0x3_000a], NEW);
        mtk[0x3_0004..0x3_000a].copy_from_slice(&before[0x3_0004..0x3_000a]);
        assert!(mtk == before);
        // What is not known may have one.
        let (board, mut chip) = within_calibration(&[0x77; 0x400], 4);
        chip[0x3_0004..0x3_000a].copy_from_slice(&[0x1c, 0xaf, 5, 4, 3, 7]);
        assert!(set(&mut chip, &board).unwrap_err().to_string().contains("a sum may guard it"));
    }
}

//! Edits of single values in the result, each with the sum that guards it: the board's address, U-Boot variables.

use super::board::Board;
use super::checks::EDITED;
use super::choice::Edits;
use super::container::uboot_env;
use super::error::ImageError;
use super::finding::Finding;
use super::layout::{Format, Role, UnitKind};
use super::unit::{is_unit_mac, mac_text};
use crate::span::Span;

/// Environments start at such edges.
const ENV_EDGE: u64 = 0x1000;

/// Carries the edits out on a whole chip; gives what was edited.
///
/// # Errors
/// When the board's file does not know where the value stands, or a value cannot be one.
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
    if !edits.env.is_empty() {
        edited.extend(set_env(chip, board, &edits.env, findings)?);
    }
    Ok(edited)
}

fn not_here(board: &Board, why: impl Into<String>) -> ImageError {
    ImageError::NotForThisBoard { board: board.name.clone(), why: why.into() }
}

/// Writes the address where the board has it as six plain bytes, which nothing guards.
fn set_mac(
    chip: &mut [u8],
    board: &Board,
    mac: [u8; 6],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Span>, ImageError> {
    if !is_unit_mac(mac) {
        return Err(ImageError::BadText {
            text: mac_text(mac),
            wanted: "an address that one unit can have: not all 00 or ff, not multicast",
        });
    }
    let plain =
        board.layout.per_unit().filter(|(_, u)| u.kind == UnitKind::Mac && u.format == Format::MacBytes);
    let mut edited = Vec::new();
    for (region, unit) in plain {
        let place = chip.get_mut(unit.span.range()).filter(|p| p.len() == mac.len());
        let place = place.ok_or_else(|| not_here(board, "its address does not stand inside the chip"))?;
        let was = mac_text([place[0], place[1], place[2], place[3], place[4], place[5]]);
        place.copy_from_slice(&mac);
        findings.push(EDITED.found(format!(
            "{} in {} is set to {} (was {was})",
            unit.name,
            region.name,
            mac_text(mac)
        )));
        edited.push(unit.span);
    }
    if edited.is_empty() {
        return Err(not_here(
            board,
            "it is not known where its address stands unguarded, so it is not edited",
        ));
    }
    Ok(edited)
}

/// Sets variables in every good copy of the environment, which stands outside of the firmware.
fn set_env(
    chip: &mut [u8],
    board: &Board,
    changes: &[(String, String)],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Span>, ImageError> {
    let outside: Vec<Span> = board
        .layout
        .whole()
        .filter(|r| !matches!(r.role, Role::Firmware | Role::Unit))
        .map(|r| r.span)
        .collect();
    let changes: Vec<(&str, &str)> = changes.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let names: Vec<&str> = changes.iter().map(|(n, _)| *n).collect();
    let mut edited: Vec<Span> = Vec::new();
    for region in outside {
        for at in (region.start..region.end).step_by(ENV_EDGE as usize) {
            if edited.iter().any(|s| s.contains(at)) {
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
        return Err(not_here(board, "no U-Boot environment with a good CRC stands outside of its firmware"));
    }
    Ok(edited)
}

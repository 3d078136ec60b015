//! What is judged of the board's own dump alone: whose firmware it holds, and whether it is complete.

use std::rc::Rc;

use crate::image::boards::Board;
use crate::image::checks::Finding;
use crate::image::checks::{BASE_DAMAGED, BASE_HARDWARE, MIXED_UNITS, PLACEHOLDER_MAC, SUM_UNKNOWN};
use crate::image::container::envelope::{Envelope, Md5Verdict};
use crate::image::container::packed::lzma;
use crate::image::container::placeholder;
use crate::image::formats::envelope_at;
use crate::image::layout::{Role, UnitKind};
use crate::image::{donor::plain, unit};

/// Everything that is judged of it.
pub fn all(base: &[u8], board: &Board) -> Vec<Finding> {
    let mut found: Vec<Finding> = base_hardware(base, board).into_iter().collect();
    found.extend(placeholder_mac(base, board));
    found.extend(mixed_units(base, board));
    found.extend(damaged(base, board));
    found
}

/// The header of the firmware in a whole chip.
pub fn header_of(chip: &[u8], board: &Board) -> Option<Rc<dyn Envelope>> {
    envelope_at(chip, board.firmware_start()?)
}

fn base_hardware(base: &[u8], board: &Board) -> Option<Finding> {
    let theirs = header_of(base, board)?.hardware();
    let fits = board.hardware.iter().any(|h| (h.id, h.rev) == (theirs.id, theirs.rev));
    (!board.hardware.is_empty() && !fits).then(|| {
        let known: Vec<String> = board.hardware.iter().map(ToString::to_string).collect();
        BASE_HARDWARE.found(format!(
            "the firmware in the board's own dump is for hardware {}, {} is {}: is it this board?",
            theirs.text,
            board.name,
            known.join(" or ")
        ))
    })
}

/// The board's own address, where a tool or a reference design put it there.
fn placeholder_mac(base: &[u8], board: &Board) -> Option<Finding> {
    let mac = unit::mac_of(base, board)?;
    let kind = placeholder::name(&mac)?;
    Some(PLACEHOLDER_MAC.found(format!("the board's own address is {}: {kind}", unit::mac_text(mac))))
}

/// A finding where the board's address and those in its calibration are far apart: that of another unit was written there.
fn mixed_units(base: &[u8], board: &Board) -> Option<Finding> {
    // Radios count a few up or down from the board's address.
    const NEAR: u32 = 64;
    let own = unit::mac_of(base, board)?;
    let number = |mac: unit::Mac| u32::from_be_bytes([0, mac[3], mac[4], mac[5]]);
    let calibration = board.layout.per_unit().filter(|(_, u)| u.kind == UnitKind::Calibration);
    let mut macs = calibration.filter_map(|(_, u)| Some((u, u.mac(u.span.of(base)?)?)));
    // The bit of addresses given locally is often set for a second radio.
    let maker = |mac: unit::Mac| [mac[0] & !2, mac[1], mac[2]];
    let far = |mac: unit::Mac| {
        let same = maker(mac) == maker(own);
        placeholder::name(&mac).is_none() && (!same || number(mac).abs_diff(number(own)) > NEAR)
    };
    let (u, other) = macs.find(|(_, mac)| far(*mac))?;
    Some(MIXED_UNITS.found(format!(
        "the board's own address is {} and {} has {}: the calibration may be another unit's",
        unit::mac_text(own),
        u.name,
        unit::mac_text(other)
    )))
}

/// A finding where a sum in the board's own firmware does not hold and no known legitimate change explains it: the dump may be
/// damaged, and with it what stays the board's own.
fn damaged(base: &[u8], board: &Board) -> Option<Finding> {
    let region = board.layout.of_role(Role::Firmware)?;
    let by_sum = header_of(base, board).and_then(|header| Some((header.check(base)?, header)));
    let what = match by_sum {
        Some((verdict, header)) => match verdict {
            Md5Verdict::Holds { .. } | Md5Verdict::Stale { .. } => None,
            Md5Verdict::Fails { .. } => Some(format!("the MD5 of its firmware at {:#x}", header.offset())),
            // What the overlay changed hides what else did: the kernel still has to unpack.
            Md5Verdict::CannotTell { .. } => broken_kernel(base, header.as_ref()),
        },
        None => {
            let start = header_of(base, board).map_or(0, |header| header.payload_at() as usize);
            let found = plain::judge_in_dump(region.span.of(base)?.get(start..)?, "its firmware");
            let bad = found.into_iter().find(|f| f.name != SUM_UNKNOWN.name);
            bad.map(|f| format!("the {} of its firmware at {:#x}", f.name, region.span.start))
        }
    };
    what.map(|what| {
        BASE_DAMAGED.found(format!(
            "in the board's own dump {what} does not hold and no known legitimate change explains it: its firmware is damaged, \
             or the dump was not read right, and then what stays the board's own may be wrong too; read the chip \
             again and compare"
        ))
    })
}

/// The kernel, where it is packed and does not unpack to its end.
fn broken_kernel(chip: &[u8], header: &dyn Envelope) -> Option<String> {
    let at = header.offset() + header.payload_at();
    let unpacked = lzma::unpack(chip, usize::try_from(at).ok()?, u64::MAX)?;
    (!unpacked.complete).then(|| format!("the LZMA stream of its kernel at {at:#x}"))
}

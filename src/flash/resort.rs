//! Chips that do not answer `9F`: the older ways to ask, in an order that harms none, believed only with a table row.
//!
//! `90` (manufacturer, device), `AB` with dummies (signature), `15` (AT25F). Facts: other tools' tables; unmeasured.

use super::FlashError;
use super::command;
use super::part::{Part, Probe};
use super::parts::by_probe;
use crate::spi::Programmer;

/// How each is asked: command and the bytes of the answer.
const WAYS: [(Probe, &[u8], usize); 3] = [
    (Probe::ManufacturerDevice, &[0x90, 0, 0, 0], 2),
    (Probe::Signature, &[0xAB, 0, 0, 0], 2),
    (Probe::At25f, &[0x15], 2),
];

/// An answer and the rows that have it.
type Named = (Vec<u8>, Vec<&'static Part>);

/// The rows that an older way to ask names, and the answer; `None` where nothing steady and known comes back.
pub(crate) fn ask<P: Programmer + ?Sized>(programmer: &mut P) -> Result<Option<Named>, FlashError> {
    for (probe, command, len) in WAYS {
        let first = command::read(programmer, command, len)?;
        let steady =
            (0..2).all(|_| command::read(programmer, command, len).is_ok_and(|again| again == first));
        let rows = by_probe(probe, &first);
        if steady && !rows.is_empty() {
            return Ok(Some((first, rows)));
        }
    }
    Ok(None)
}

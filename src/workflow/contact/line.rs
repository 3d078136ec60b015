//! Asking the wires: idle line, ids, status, each many times in one batch.

use super::findings::{Line, Tallied};
use crate::spi::{Programmer, SpiError, Transaction};

/// Reads of the id and of the status register.
pub(super) const READS: usize = 64;
/// Reads by the older id commands.
pub(super) const OTHER_READS: usize = 8;
/// Bytes of the idle line.
const BASELINE: usize = 64;

const READ_ID: [u8; 1] = [0x9f];
const READ_STATUS: [u8; 1] = [0x05];
/// `90` with both addresses, and `AB` with three dummy bytes: read-only on every part that knows them.
const OTHER_IDS: [[u8; 4]; 3] = [[0x90, 0, 0, 0], [0x90, 0, 0, 1], [0xab, 0, 0, 0]];
const OTHER_LEN: [usize; 3] = [2, 2, 1];

/// The data line with no one selected.
pub(super) fn idle<P: Programmer>(programmer: &mut P) -> Result<Line, SpiError> {
    match programmer.baseline(BASELINE) {
        Ok(seen) => Ok(Line::of(&seen)),
        Err(SpiError::Unsupported(_)) => Ok(Line::Unknown),
        Err(e) => Err(e),
    }
}

/// `9F`, `times` times.
pub(super) fn ids<P: Programmer>(programmer: &mut P, times: usize) -> Result<Tallied, SpiError> {
    ask(programmer, &READ_ID, 3, times)
}

/// `05`, many times.
pub(super) fn statuses<P: Programmer>(programmer: &mut P) -> Result<Tallied, SpiError> {
    ask(programmer, &READ_STATUS, 1, READS)
}

/// The older ids.
pub(super) fn other_ids<P: Programmer>(programmer: &mut P) -> Result<[Tallied; 3], SpiError> {
    let mut all = [(); 3].map(|()| Tallied::default());
    for ((command, len), tally) in OTHER_IDS.iter().zip(OTHER_LEN).zip(&mut all) {
        *tally = ask(programmer, command, len, OTHER_READS)?;
    }
    Ok(all)
}

/// One command many times, each in a chip-select window of its own, all in one batch.
fn ask<P: Programmer>(
    programmer: &mut P,
    command: &[u8],
    len: usize,
    times: usize,
) -> Result<Tallied, SpiError> {
    let mut answers = vec![vec![0; len]; times];
    let mut batch: Vec<_> = answers.iter_mut().map(|a| Transaction::read(command, a)).collect();
    programmer.run(&mut batch)?;
    drop(batch);
    Ok(Tallied::of(answers))
}

//! Address bits of which the contents of the whole chip give no proof, looked at once the contents are there.

use super::address_fault::AddressFault;
use super::asker::{LOOK, tells};
use crate::flash::{Chip, FlashError};
use crate::span::Span;
use crate::spi::Programmer;

/// Looks for address bits of which the contents of a whole chip give no proof: everywhere the same with the bit set and
/// clear. Where one long answer runs over such a bit's boundary, it must read as the contents do.
pub(in crate::workflow) fn check_unproven_bits<P: Programmer>(
    chip: &mut Chip<P>,
    bytes: &[u8],
) -> Result<Result<(), AddressFault>, FlashError> {
    let size = bytes.len() as u64;
    if !tells(bytes) {
        return Ok(Ok(()));
    }
    let room = chip.programmer().limits().max_transaction.saturating_sub(8) as u64;
    let command = chip.plain_read();
    for bit in 4..size.trailing_zeros() {
        let half = 1usize << bit;
        if bytes.chunks_exact(2 * half).any(|block| block[..half] != block[half..]) {
            continue;
        }
        let boundary = half as u64;
        let span = Span::new(boundary - LOOK, boundary + boundary.min(room - LOOK));
        let wrong = |read: &[u8]| read != &bytes[span.range()];
        if wrong(&chip.read_spans(command, &[span])?[0]) && wrong(&chip.read_spans(command, &[span])?[0]) {
            return Ok(Err(AddressFault::Mirrored { bit }));
        }
    }
    Ok(Ok(()))
}

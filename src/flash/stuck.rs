//! A bus that gives one byte, whatever it is asked: no chip answers there, however busy its status looks.
//!
//! A status register that reads 0Fh or 7Fh shows BUSY for as long as the line is stuck. The id decides: a chip that is idle
//! answers it, a chip that is busy ignores the command and leaves the line to its pull-up; neither gives the status again.

use super::FlashError;
use super::command::{self, READ_JEDEC_ID};
use crate::spi::Programmer;

/// Bytes of the id that are compared: more than the continuation codes of any maker.
const BYTES: usize = 12;

/// Refuses a bus whose status and id are the same constant. `status` holds the status bytes just read.
///
/// # Errors
/// [`FlashError::BusStuck`]; [`FlashError::Spi`].
pub(crate) fn refuse_constant<P: Programmer + ?Sized>(
    programmer: &mut P,
    status: &[u8],
    what: &dyn Fn() -> String,
) -> Result<(), FlashError> {
    let Some(value) = constant(status) else { return Ok(()) };
    let id = command::read(programmer, &[READ_JEDEC_ID], BYTES)?;
    match constant(&id) == Some(value) {
        true => Err(FlashError::BusStuck { what: what(), value }),
        false => Ok(()),
    }
}

/// The byte that all of them are.
pub(crate) fn constant(bytes: &[u8]) -> Option<u8> {
    let first = *bytes.first()?;
    bytes.iter().all(|byte| *byte == first).then_some(first)
}

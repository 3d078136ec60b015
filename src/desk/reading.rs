//! The chip read into a file's bytes, and compared with a file's bytes.

use super::conditions::Desk;
use super::front::{Front, Notice};
use super::{Place, Refusal};
use crate::span::Span;
use crate::workflow::Cause;
use crate::workflow::reading::{ReadOptions, Reading, read};
use crate::workflow::verify::{Verified, verify};

impl Desk {
    /// Reads a place of the chip as often as the options say, and settles what differs.
    ///
    /// # Errors
    /// Any [`Refusal`]; the chip is untouched.
    pub fn read(
        &self,
        front: &dyn Front,
        place: &Place,
        options: &ReadOptions,
    ) -> Result<(Span, Reading), Refusal> {
        self.with_chip(front, |chip, _| {
            let span = place.span(chip.geometry().size)?;
            let reading = read(chip, span, options, &mut |event| front.notice(Notice::Job(&event)));
            Ok((span, reading.map_err(Cause::untouched)?))
        })
    }

    /// Compares the chip with these bytes, from the place's first address on; of a whole image, a region is compared with
    /// what is at its own place. Differences are a result, not an error.
    ///
    /// # Errors
    /// Any [`Refusal`]; the chip is untouched.
    pub fn verify(
        &self,
        front: &dyn Front,
        place: &Place,
        wanted: &[u8],
    ) -> Result<(Span, Verified), Refusal> {
        self.with_chip(front, |chip, _| {
            let (span, wanted) =
                place.fit(wanted, chip.geometry().size).map_err(|error| Refusal::from(error).untouched())?;
            let found = verify(chip, span.start, wanted, &mut |event| front.notice(Notice::Job(&event)));
            Ok((span, found.map_err(Cause::untouched)?))
        })
    }
}

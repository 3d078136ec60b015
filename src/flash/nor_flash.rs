//! The chip as an embedded-storage `NorFlash`: file systems and stores written for microcontrollers run on a clip.
//!
//! The traits fix the erase size at compile time: 4 KiB sectors here, so a chip without a 4 KiB erase is refused when
//! the face is made. What may be erased and programmed is bounded by the permit, as everywhere.

use super::FlashError;
use super::chip::Chip;
use super::geometry::EraseType;
use super::permit::Permit;
use crate::span::Span;
use crate::spi::Programmer;
use embedded_storage::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// Bytes of the erase unit that the traits state.
pub const SECTOR: u64 = 4096;

/// A chip with the right to write to parts of it, as a `NorFlash`.
pub struct NorFlashFace<'c, P: Programmer> {
    chip: &'c mut Chip<P>,
    sector: EraseType,
    permit: Permit,
}

impl<'c, P: Programmer> NorFlashFace<'c, P> {
    /// The face of `chip`; erases and programs go as far as `permit` does.
    ///
    /// # Errors
    /// [`FlashError::NotAllowed`] where the chip has no 4 KiB erase, which the traits' constant promises.
    pub fn new(chip: &'c mut Chip<P>, permit: Permit) -> Result<Self, FlashError> {
        let sector = chip.geometry().erase.iter().find(|erase| erase.size == SECTOR).copied();
        let Some(sector) = sector else {
            let span = Span::new(0, chip.geometry().size);
            return Err(FlashError::NotAllowed { span, allowed: crate::span::Spans::new() });
        };
        Ok(Self { chip, sector, permit })
    }

    fn check(&self, offset: u32, len: usize, unit: u64) -> Result<(), FaceError> {
        let span = Span::at(offset.into(), len as u64).ok_or(FaceError::OutOfBounds)?;
        if span.end > self.chip.geometry().size {
            return Err(FaceError::OutOfBounds);
        }
        if span.start % unit != 0 || span.end % unit != 0 { Err(FaceError::NotAligned) } else { Ok(()) }
    }
}

/// Why the face refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FaceError {
    /// Not a multiple of the unit.
    #[error("not aligned to the unit of the operation")]
    NotAligned,
    /// Past the end of the chip.
    #[error("past the end of the chip")]
    OutOfBounds,
    /// The chip layer failed.
    #[error(transparent)]
    Flash(#[from] FlashError),
}

impl NorFlashError for FaceError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::NotAligned => NorFlashErrorKind::NotAligned,
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Self::Flash(_) => NorFlashErrorKind::Other,
        }
    }
}

impl<P: Programmer> ErrorType for NorFlashFace<'_, P> {
    type Error = FaceError;
}

impl<P: Programmer> ReadNorFlash for NorFlashFace<'_, P> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FaceError> {
        self.check(offset, bytes.len(), 1)?;
        if !bytes.is_empty() {
            let span = Span::new(offset.into(), u64::from(offset) + bytes.len() as u64);
            bytes.copy_from_slice(&self.chip.read_to_vec(span)?);
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        usize::try_from(self.chip.geometry().size).unwrap_or(usize::MAX)
    }
}

impl<P: Programmer> NorFlash for NorFlashFace<'_, P> {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = SECTOR as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FaceError> {
        let len = to.checked_sub(from).ok_or(FaceError::OutOfBounds)?;
        self.check(from, len as usize, SECTOR)?;
        for sector in Span::new(from.into(), to.into()).pieces(SECTOR) {
            self.chip.erase(&self.sector, sector.start, &self.permit)?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FaceError> {
        self.check(offset, bytes.len(), 1)?;
        if !bytes.is_empty() {
            self.chip.program(offset.into(), bytes, &self.permit)?;
        }
        Ok(())
    }
}

/// Programming may clear bits of programmed bytes: NOR flash allows it.
impl<P: Programmer> MultiwriteNorFlash for NorFlashFace<'_, P> {}

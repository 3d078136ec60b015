//! What the chip may still be at: kept from the command that makes it busy until its end has been seen.
//!
//! An answer that was lost says nothing of the command: the chip may be at it. Whatever closes work after an error (write
//! disable, the way out of a mode, protection put back) asks here first, for a busy chip hears none of it.

use super::FlashError;
use super::chip::Chip;
use super::command::{self, WRITE_DISABLE};
use super::geometry::Busy;
use super::wait::{AtWork, Ready, Steady, Watch, wait_ready};
use crate::spi::Programmer;
use std::time::Duration;

impl<P: Programmer> Chip<P> {
    /// Said before a command goes out that makes the chip busy.
    pub(super) fn begin_work(&mut self, busy: Busy, steady: Steady) {
        self.at_work = Some(AtWork { busy, steady });
    }

    /// Waits for the end of it.
    pub(super) fn end_work(
        &mut self,
        busy: Busy,
        steady: Steady,
        watch: Watch,
        what: &dyn Fn() -> String,
    ) -> Result<Ready, FlashError> {
        let ended = wait_ready(&mut self.programmer, steady, busy, watch, what);
        match &ended {
            Ok(_) => self.at_work = None,
            // Waited for once: whoever closes it looks, and does not wait as long again.
            Err(FlashError::StillBusy { .. }) => self.begin_work(OVERDUE, steady),
            Err(_) => {}
        }
        ended
    }

    /// After work that broke off: its end is waited for, then write enable is cleared, so that it does not wait on the chip
    /// for whoever comes next. Sends nothing but the question while the chip may be busy, and nothing at all where no work broke off.
    ///
    /// # Errors
    /// [`FlashError::StillBusy`] and the like: the chip may be at it still, and hears nothing else.
    pub(crate) fn close_work(&mut self) -> Result<(), FlashError> {
        let Some(AtWork { busy, steady }) = self.at_work else { return Ok(()) };
        self.end_work(busy, steady, Watch::now(busy), &|| "what was sent last".into())?;
        command::send(&mut self.programmer, &[WRITE_DISABLE])
    }
}

/// Of a chip that has had its time.
const OVERDUE: Busy = Busy { typical: Duration::ZERO, max: Duration::ZERO };

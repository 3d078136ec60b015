//! What takes time while a chip is connected.

use super::error::FlashError;
use std::time::Duration;

/// Something that connecting to a chip waits for or does again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Connecting {
    /// The chip is busy with what an earlier run left.
    Busy {
        /// The longest wait for its end.
        most: Duration,
    },
    /// The chip holds a suspended erase or program, which is resumed and waited for.
    Suspended,
    /// A question was lost on the link, and is asked once more.
    AskedAgain {
        /// How it was lost.
        error: FlashError,
    },
}

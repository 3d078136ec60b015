//! Why there is no plan.

use crate::span::Spans;
use thiserror::Error;

/// A wish that cannot be planned.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// The images and the chip are not of one size.
    #[error(
        "cannot plan: the chip holds {chip} bytes, its contents are given as {current} bytes and the wanted ones as \
         {wanted}; all three must be equal"
    )]
    Size {
        /// Bytes on the chip.
        chip: u64,
        /// Bytes of the current contents.
        current: u64,
        /// Bytes of the wanted contents.
        wanted: u64,
    },
    /// Bytes would change, or be erased, outside of what may be touched.
    #[error(
        "the change reaches outside of what may be written: {spans}; widen the range or leave those bytes as they are"
    )]
    Outside {
        /// Where.
        spans: Spans,
    },
    /// Bits must go from 0 to 1, and the part has no erase command that is known.
    #[error(
        "{spans} must be erased, and no block erase of this part is known: it can be read, and written where it is blank"
    )]
    NoErase {
        /// Where.
        spans: Spans,
    },
}

//! What can go wrong between this program and a programmer, by what the layers above decide on.

use std::fmt;
use thiserror::Error;

/// The kind of a failed link. The layers above decide by it; the text is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkFault {
    /// No programmer of the wanted kind is there.
    Absent,
    /// Several programmers fit.
    Several,
    /// The system refuses access.
    Denied,
    /// Another program or driver uses the programmer.
    Busy,
    /// The programmer disappeared.
    Gone,
    /// No answer came in time. The same may work when it is tried again.
    Silent,
    /// An answer was lost, cut, doubled or refused. The same may work when it is tried again.
    Garbled,
    /// The programmer fails in every way in which this driver can drive it: the driver and the adapter do not fit.
    Driver,
    /// The programmer cannot be used as it is.
    Unusable,
    /// Any other failure.
    Other,
}

/// A failed link to a programmer, over USB or anything else.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{text}")]
pub struct LinkError {
    /// What kind of failure it is.
    pub fault: LinkFault,
    /// What failed, where, and what to do.
    pub text: String,
}

impl LinkError {
    /// A failure of this kind.
    pub fn new(fault: LinkFault, text: impl Into<String>) -> Self {
        Self { fault, text: text.into() }
    }

    /// True for a failure of a single transfer: it may work when it is tried again.
    pub fn is_transient(&self) -> bool {
        matches!(self.fault, LinkFault::Silent | LinkFault::Garbled)
    }
}

/// What the user should know of the link. Each is said once in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkNotice {
    /// The programmer is driven in a slower way from here on.
    Slower {
        /// The programmer: `a CH341A`.
        programmer: &'static str,
        /// How it is driven now: `plain mode`.
        now: String,
        /// Why.
        why: String,
    },
}

impl fmt::Display for LinkNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slower { programmer, now, why } => {
                write!(f, "{programmer} is driven in {now} for the rest of this run: {why}")
            }
        }
    }
}

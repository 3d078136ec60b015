//! Which chip a backup or job belongs to.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What distinguishes one chip from the next: the JEDEC id, and the unique id where the part has one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChipKey {
    /// JEDEC id in hex; `None` for an imported dump of an unknown chip.
    pub jedec_id: Option<String>,
    /// Unique id in hex, where there is one.
    pub unique_id: Option<String>,
}

impl ChipKey {
    /// True when both name the same chip for certain.
    pub fn is_same(&self, other: &ChipKey) -> bool {
        self.unique_id.is_some() && self == other && self.jedec_id.is_some()
    }

    /// True when they cannot be distinguished, and are not proven to be the same: one of them has no unique id.
    pub(crate) fn may_be_same(&self, other: &ChipKey) -> bool {
        let ids = match (&self.jedec_id, &other.jedec_id) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        ids && (self.unique_id.is_none() || other.unique_id.is_none())
    }
}

impl fmt::Display for ChipKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.jedec_id.as_deref().unwrap_or("unknown chip"))?;
        match &self.unique_id {
            Some(id) => write!(f, " with unique id {id}"),
            None => f.write_str(" without unique id"),
        }
    }
}

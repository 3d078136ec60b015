//! Which contents are known to be somewhere else than in a store that may vanish.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The contents that are somewhere else, too, by their SHA-256. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere(Arc<Mutex<BTreeSet<String>>>);

impl Elsewhere {
    pub(super) fn has(&self, sha256: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(sha256)
    }

    pub(super) fn add(&self, sha256: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(sha256.to_owned());
    }
}

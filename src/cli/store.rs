//! Where the store is, and how it is opened.

use super::exit::Failure;
use super::home;
use super::session::Session;
use crate::workflow::Store;
use std::path::PathBuf;
use std::sync::Arc;

/// The store's folder: `--store`, `NORSPLICE_STORE`, or `norsplice` in the user's data directory.
///
/// # Errors
/// Exit code 2 where none is given and the user has no home directory.
pub fn root(session: &Session) -> Result<PathBuf, Failure> {
    match &session.options.store {
        Some(dir) => Ok(dir.clone()),
        None => {
            let text = "there is no home directory to keep backups in; give --store DIR";
            home::store().ok_or_else(|| Failure::refused(text))
        }
    }
}

/// The store for looking.
///
/// # Errors
/// As [`root`].
pub fn open(session: &Session) -> Result<Store, Failure> {
    Ok(Store::open(&root(session)?))
}

/// The store for work, locked; the one that jobs side by side share, where there is one.
///
/// # Errors
/// As [`root`]; exit code 1 where it cannot be written to or another instance has it.
pub fn open_locked(session: &Session) -> Result<Arc<Store>, Failure> {
    match &session.store {
        Some(store) => Ok(Arc::clone(store)),
        None => Ok(Arc::new(Store::open_locked(&root(session)?)?)),
    }
}

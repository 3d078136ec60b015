//! Where the store is, and how it is opened.

use super::exit::Failure;
use super::home;
use super::session::Session;
use crate::workflow::{Store, StoreError};
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

/// The store's folder for work to come, made where it is not there.
///
/// # Errors
/// As [`root`]; exit code 1 where it cannot be made or written to. Another instance that has it now may be done by then.
pub fn prepared(session: &Session) -> Result<PathBuf, Failure> {
    let root = root(session)?;
    match Store::open_locked(&root) {
        Ok(_) | Err(StoreError::Locked(_)) => Ok(root),
        Err(other) => Err(other.into()),
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

//! The warning of the black CH341A's 5 V data lines, given once for each USB path.

use super::exit::Failure;
use super::session::Session;
use super::store;
use crate::desk::five_volts;
use std::path::PathBuf;

/// The fact, and what to do about it.
const WARNING: &str = "many CH341A boards (black ones) drive their data lines at 5 V, too much for a 3.3 V chip; next: measure pin 5 \
     of the socket against pin 4 with nothing clipped on (hw-notes/power-and-reset.md), then \
     \"norsplice setup --acknowledge-5v\"";

/// Warns of the CH341A at this USB path, once.
pub fn warn(session: &Session, path: &str) {
    // Without a home directory there is no place to record it in.
    let root = store::root(session).ok();
    if root.as_ref().is_some_and(|root| five_volts::is_known(root, path)) {
        return;
    }
    session.out.warn(WARNING);
    if let Some(root) = root {
        five_volts::record(&root, path);
    }
}

/// Records that the user knows; gives the store's folder.
///
/// # Errors
/// Exit code 2 without a home directory; 1 where the store cannot be written to.
pub fn acknowledge(session: &Session) -> Result<PathBuf, Failure> {
    let root = store::root(session)?;
    five_volts::acknowledge(&root).map_err(|refusal| {
        Failure::from(refusal).hint("choose a store that you may write to: --store DIR")
    })?;
    Ok(root)
}

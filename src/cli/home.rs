//! Where the user's own data are.

use etcetera::BaseStrategy;
use std::path::PathBuf;

/// The store's folder in the user's data directory; `None` without a home directory.
pub fn store() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|base| base.data_dir().join("norsplice"))
}

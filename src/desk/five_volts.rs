//! The black CH341A's 5 V data lines: at which USB paths the user has been warned of them.
//!
//! A black board cannot be distinguished from a green or a modified one over USB: all have the same ids and no serial
//! number. So the warning is given once for each USB path, and no more once it is acknowledged. An empty file in the store
//! records it. Where the store cannot be written to, the warning comes again.

use super::Refusal;
use super::why::Why;
use crate::workflow::files::FileError;
use std::fs;
use std::path::Path;

/// Folder of the store that holds the records.
const FOLDER: &str = "told";
/// The record for all paths, future ones included.
const EVERYWHERE: &str = "5v-acknowledged";

/// True where the user has been warned of the CH341A at this USB path. `root` is the store's folder.
pub fn is_known(root: &Path, path: &str) -> bool {
    let exists = |name: &str| root.join(FOLDER).join(name).exists();
    exists(EVERYWHERE) || exists(&record_of(path))
}

/// Records that the user was warned of the CH341A at this USB path.
pub fn record(root: &Path, path: &str) {
    // Without the record the warning comes again, which is all that this failure costs.
    let _ = write(root, &record_of(path));
}

/// Records that the user knows, for all USB paths.
///
/// # Errors
/// [`Why::File`] where the store cannot be written to.
pub fn acknowledge(root: &Path) -> Result<(), Refusal> {
    write(root, EVERYWHERE)
        .map_err(|source| Why::File(FileError { what: "write to", path: root.join(FOLDER), source }).into())
}

fn write(root: &Path, name: &str) -> std::io::Result<()> {
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), [])
}

/// The name of a path's record.
fn record_of(path: &str) -> String {
    let plain = |c: char| if c.is_ascii_digit() || c == '.' { c } else { '-' };
    format!("5v-at-{}", path.chars().map(plain).collect::<String>())
}

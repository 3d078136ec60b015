//! The members of archives that have to be unpacked: of zip archives and cabinets.

use super::archive::unzip;
use super::cabinet;

/// The members of such an archive, unpacked within bounds.
///
/// # Errors
/// Why they cannot be read, in words for a message.
pub(crate) fn members(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    if bytes.starts_with(cabinet::MARK) { cabinet::unpack(bytes) } else { unzip(bytes) }
}

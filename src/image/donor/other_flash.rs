//! Donors that are the contents of a whole flash of another size than the board's: what is where in them, their own map says.

use super::form::has_chip_size;
use super::loader;
use crate::image::boards::Board;
use crate::image::container::intel::descriptor;
use crate::image::layout::{Region, Role};
use crate::image::layouts::fmap;

/// True for a file of a flash's size that starts with something of its own: a loader, or one that was erased. What recovery
/// files have in place of the loader is zeros.
pub(super) fn may_be_one(bytes: &[u8]) -> bool {
    const PADDING: [u8; 64] = [0; 64];
    has_chip_size(bytes) && !bytes.starts_with(&PADDING)
}

/// True for a file that is as long as `region` and is a whole flash all the same: it starts with a loader where firmware
/// would start, or has a map of its own that covers all of it.
pub(super) fn is_one(bytes: &[u8], region: &Region) -> bool {
    let has_loader = || region.role == Role::Firmware && loader::is_one(bytes);
    has_chip_size(bytes) && (has_loader() || has_map(bytes))
}

/// True for a file that no region takes and that is one all the same, as [`is_one`] has it or by its length and loader.
pub(super) fn is_likely(bytes: &[u8], board: &Board) -> bool {
    const LONGEST_LOADER: usize = 0x10_0000;
    let long = bytes.len() >= LONGEST_LOADER && has_chip_size(bytes);
    let mut as_long = board.layout.regions.iter().filter(|r| r.span.len() == bytes.len() as u64);
    (long && (loader::is_one(bytes) || has_map(bytes))) || as_long.any(|region| is_one(bytes, region))
}

/// True where the bytes start with a descriptor, or have an FMAP for as many bytes as they are.
pub(crate) fn has_map(bytes: &[u8]) -> bool {
    let fmap = || fmap::find(bytes).is_some_and(|map| map.chip_size == Some(bytes.len() as u64));
    descriptor::parse(bytes, 0).is_some() || fmap()
}

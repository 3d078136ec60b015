//! Whether a firmware has a file system: by the table of formats, at any offset.

use memchr::memmem;

use crate::image::container::budget::Look;
use crate::image::container::item::ItemKind;
use crate::image::formats::{FORMATS, FileSystem};

/// A magic number that also occurs by chance costs so many tries.
const MOST_TRIES: usize = 256;

/// The kind of the first file system that holds, in the order of the table, among those of `which`.
pub(crate) fn file_system(bytes: &[u8], which: &[FileSystem]) -> Option<ItemKind> {
    let mut look = Look::new(bytes);
    let rows = FORMATS.iter().filter(|row| row.file_system.is_some_and(|one| which.contains(&one)));
    let magics = rows.flat_map(|row| row.magics.iter().map(move |magic| (row, *magic)));
    magics.into_iter().find_map(|(row, magic)| {
        let places = memmem::find_iter(bytes, magic).take(MOST_TRIES);
        let found = places.into_iter().filter_map(|at| row.shown(&mut look, at));
        let sound = found.into_iter().find(|item| item.is_sound())?;
        Some(sound.kind)
    })
}

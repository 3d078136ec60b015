//! What a view is taken of: a file, a backup in the store, or the chip on the clip.

use super::conditions::Desk;
use super::front::{Front, Notice};
use super::regions::board_of;
use super::why::{Sought, Why};
use super::{Refusal, files};
use crate::image::{Board, Image, Layout, Recognised, chips};
use crate::span::Span;
use crate::workflow::ChipKey;
use crate::workflow::reading::{ReadOptions, read};
use crate::workflow::{Cause, Store, chip_key};
use std::ffi::OsStr;
use std::path::Path;

/// The word for the chip on the clip; a file of that name is `./chip`.
pub(crate) const CHIP: &str = "chip";

/// The contents of a whole flash: one dump, or those of the two chips that an Intel descriptor divides it into, in either
/// order.
///
/// # Errors
/// [`Why::Image`] when no descriptor says that the dumps are two halves of one flash.
pub fn joined(dumps: Vec<Image>) -> Result<Image, Refusal> {
    Ok(chips::join(dumps)?)
}

/// Where the contents of a chip are, as a user names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named<'a> {
    /// On the chip on the clip.
    Chip,
    /// In a file or a backup.
    Dump(Dump<'a>),
}

/// Contents that are kept: a file, or a backup in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dump<'a> {
    /// A file of this machine.
    File(&'a Path),
    /// A backup: its id, or the beginning of it.
    Backup(&'a str),
}

impl<'a> Named<'a> {
    /// `chip` is the chip on the clip; everything else is as in [`Dump::named`].
    pub fn parse<T: AsRef<OsStr> + ?Sized>(text: &'a T) -> Self {
        let text = text.as_ref();
        if text == CHIP { Named::Chip } else { Named::Dump(Dump::named(Path::new(text))) }
    }
}

impl<'a> Dump<'a> {
    /// A file, where one of that name exists, the name has a `/` or a `.`, or is `-`; else a backup.
    pub fn named(path: &'a Path) -> Self {
        match path.to_str() {
            Some(text) if text != "-" && !path.exists() && !text.contains(['/', '.']) => Dump::Backup(text),
            _ => Dump::File(path),
        }
    }

    /// Its contents. The store is opened for a backup only.
    ///
    /// # Errors
    /// As [`files::read_image`]; [`Why::NotFound`] and [`Why::Store`] for a backup; those of `store`.
    pub fn image<E: From<Refusal>>(self, store: impl FnOnce() -> Result<Store, E>) -> Result<Image, E> {
        Ok(match self {
            Dump::File(path) => files::read_image(path)?.into(),
            Dump::Backup(name) => {
                let store = store()?;
                let id = find(&store, name, Sought::FileOrBackup)?;
                store.load(&id).map_err(Refusal::from)?.flash.into()
            }
        })
    }
}

/// The bytes that are viewed.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What they are, for headings.
    pub name: String,
    /// The bytes: all of them, or the part that was asked for.
    pub bytes: Vec<u8>,
    /// Address of the first of them.
    pub at: u64,
    /// The map of the board that a backup names: this one, or the latest of the chip on the clip.
    pub layout: Option<Layout>,
}

impl Subject {
    /// A part of the bytes of a file; `part` is given their number.
    ///
    /// # Errors
    /// Those of `part`.
    pub(crate) fn of_bytes<E>(
        name: String,
        bytes: Vec<u8>,
        part: impl FnOnce(u64) -> Result<Span, E>,
    ) -> Result<Self, E> {
        Self { name, bytes, at: 0, layout: None }.cut(part)
    }

    /// A part of a backup; `part` is given the number of bytes.
    ///
    /// # Errors
    /// [`Why::NotFound`]; [`Why::Store`] where the backup is damaged; those of `part`.
    pub fn of_backup<E: From<Refusal>>(
        store: &Store,
        name: &str,
        part: impl FnOnce(u64) -> Result<Span, E>,
    ) -> Result<Self, E> {
        let id = find(store, name, Sought::Subject)?;
        let stored = store.load(&id).map_err(Refusal::from)?;
        let layout = stored.manifest.board.as_deref().and_then(layout_of);
        Self { name: format!("backup {id}"), bytes: stored.flash, at: 0, layout }.cut(part)
    }

    /// The board that the contents name, where no backup has named one.
    pub fn recognised(&self) -> Option<Recognised> {
        if self.layout.is_none() { board_of(&self.bytes) } else { None }
    }

    /// Of bytes that are all here, the part that is asked for; the board is looked for in all of them.
    fn cut<E>(self, part: impl FnOnce(u64) -> Result<Span, E>) -> Result<Self, E> {
        let span = part(self.bytes.len() as u64)?;
        if span.len() == self.bytes.len() as u64 {
            return Ok(self);
        }
        let layout = self.layout.or_else(|| board_of(&self.bytes).map(|found| found.board.layout.clone()));
        Ok(Self { bytes: self.bytes[span.range()].to_vec(), at: span.start, layout, ..self })
    }
}

impl Desk {
    /// Reads a part of the chip once; nothing else of it is read. `part` is given the chip's size in bytes. The store,
    /// where there is one, may know the chip's board.
    ///
    /// # Errors
    /// As [`Desk::with_chip`]; [`Why::Job`] where reading fails; those of `part`.
    pub(crate) fn chip_subject<E: From<Refusal>>(
        &self,
        front: &dyn Front,
        store: Option<&Store>,
        part: impl FnOnce(u64) -> Result<Span, E>,
    ) -> Result<Subject, E> {
        self.with_chip(front, |chip, _| {
            let span = part(chip.geometry().size)?;
            let options = ReadOptions { passes: 1, salvage: false };
            let reading = read(chip, span, &options, &mut |event| front.notice(Notice::Job(&event)))
                .map_err(|cause| Refusal::from(Cause::untouched(cause)))?;
            let layout = store.and_then(|store| latest_layout(store, &chip_key(chip.identity())));
            Ok(Subject { name: "the chip".to_owned(), bytes: reading.bytes, at: span.start, layout })
        })
    }
}

fn find(store: &Store, name: &str, sought: Sought) -> Result<String, Refusal> {
    let found = store.find(name);
    found.map_err(|error| Why::NotFound { text: name.to_owned(), sought, error }.into())
}

/// The map of the board that the latest backup of this very chip names. A store that cannot be listed names none.
fn latest_layout(store: &Store, chip: &ChipKey) -> Option<Layout> {
    let listed = store.list().unwrap_or_default();
    let manifests = listed.into_iter().filter_map(|one| one.manifest.ok());
    let mut boards = manifests.filter(|m| m.chip.is_same(chip)).filter_map(|m| m.board);
    boards.next().and_then(|name| layout_of(&name))
}

fn layout_of(board: &str) -> Option<Layout> {
    Board::named(board).ok().map(|board| board.layout.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_chip_a_file_or_a_backup() {
        let dump = |text| Dump::named(Path::new(text));
        assert_eq!(Named::parse("chip"), Named::Chip);
        assert_eq!(Named::parse("./chip"), Named::Dump(Dump::File(Path::new("./chip"))));
        assert_eq!(dump("dump.bin"), Dump::File(Path::new("dump.bin")));
        assert_eq!(dump("ef4017-2026"), Dump::Backup("ef4017-2026"));
        // No word for the chip where only contents that are kept are meant.
        assert_eq!(dump("chip"), Dump::Backup("chip"));
    }

    #[test]
    fn a_part_of_a_file_keeps_its_address() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dump");
        std::fs::write(&path, [1, 2, 3, 4]).unwrap();
        let part = |size| Ok::<_, Refusal>(Span::new(size - 2, size - 1));
        let subject = Subject::of_bytes("dump".to_owned(), files::read(&path).unwrap(), part).unwrap();
        assert_eq!((subject.at, subject.bytes), (2, vec![3]));
    }

    #[test]
    fn a_backup_that_is_not_there_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path());
        let all = |size| Ok::<_, Refusal>(Span::new(0, size));
        let refusal = Subject::of_backup(&store, "ef40", all).unwrap_err();
        assert!(
            matches!(&*refusal.why, Why::NotFound { text, sought: Sought::Subject, .. } if text == "ef40")
        );
    }
}

//! What a look is taken at: a file, a backup in the store, or the live chip.

use super::events::Reporter;
use super::exit::Failure;
use super::programmer::with_chip;
use super::session::Session;
use super::{files, jobs, store};
use crate::image::{Board, Layout, Recognised, recognise};
use crate::span::Span;
use crate::workflow::chip_key;
use crate::workflow::reading::{ReadOptions, read};
use crate::workflow::store::ChipKey;
use std::path::Path;

/// The word for the chip on the clip.
const CHIP: &str = "chip";

/// The bytes looked at.
#[derive(Debug)]
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
    /// The map that names regions: of the board that the backup names, or of the one that the contents themselves name,
    /// which is then told.
    pub fn map(&self, session: &Session) -> Option<Layout> {
        if self.layout.is_some() {
            return self.layout.clone();
        }
        let found = recognised(&self.bytes)?;
        session.out.note(format!("regions of {}, by what {} holds", found.board.name, self.name));
        Some(found.board.layout.clone())
    }
}

/// The one board that the contents of a whole chip name.
pub fn recognised(dump: &[u8]) -> Option<Recognised> {
    let mut named = recognise(dump).into_iter().filter(|found| found.named);
    named.next().filter(|_| named.next().is_none())
}

/// `chip` for the chip on the clip (a file of that name is `./chip`); else a file, where there is one of that name; else
/// the id of a backup.
///
/// # Errors
/// Exit code 2 where it is none of these; the chip's or the store's own failures.
pub fn load(text: &str, session: &Session) -> Result<Subject, Failure> {
    load_part(text, session, |size| Ok(Span::new(0, size)))
}

/// As [`load`], but only the `part` of so many bytes; of a chip nothing else is read.
///
/// # Errors
/// As [`load`]; the failure of `part`.
pub fn load_part(
    text: &str,
    session: &Session,
    part: impl FnOnce(u64) -> Result<Span, Failure>,
) -> Result<Subject, Failure> {
    if text == CHIP {
        return with_chip(session, |chip, _| {
            let span = part(chip.geometry().size)?;
            let mut reporter = Reporter::new(session);
            let options = ReadOptions { passes: 1, salvage: false };
            let reading = read(chip, span, &options, &mut |event| reporter.take(event))
                .map_err(|cause| jobs::failure(session, cause.untouched(), None))?;
            let layout = latest(session, &chip_key(chip.identity()));
            Ok(Subject { name: "the chip".to_owned(), bytes: reading.bytes, at: span.start, layout })
        });
    }
    let path = Path::new(text);
    if path.exists() || text.contains(['/', '.']) {
        return cut(Subject { name: text.to_owned(), bytes: files::read(path)?, at: 0, layout: None }, part);
    }
    let store = store::open(session)?;
    let id = store.find(text).map_err(|error| {
        Failure::refused(format!("'{text}' is neither a file, nor 'chip', nor a backup: {error}"))
    })?;
    let stored = store.load(&id)?;
    let layout = stored.manifest.board.as_deref().and_then(layout_of);
    cut(Subject { name: format!("backup {id}"), bytes: stored.flash, at: 0, layout }, part)
}

/// Of bytes that are all here, the part that is asked for; what names its regions is looked for in all of them.
fn cut(subject: Subject, part: impl FnOnce(u64) -> Result<Span, Failure>) -> Result<Subject, Failure> {
    let span = part(subject.bytes.len() as u64)?;
    if span.len() == subject.bytes.len() as u64 {
        return Ok(subject);
    }
    let layout =
        subject.layout.or_else(|| recognised(&subject.bytes).map(|found| found.board.layout.clone()));
    Ok(Subject { bytes: subject.bytes[span.range()].to_vec(), at: span.start, layout, ..subject })
}

/// The map of the board that the latest backup of this very chip names.
fn latest(session: &Session, chip: &ChipKey) -> Option<Layout> {
    let listed = store::open(session).and_then(|store| Ok(store.list()?)).unwrap_or_default();
    let manifests = listed.into_iter().filter_map(|one| one.manifest.ok());
    let mut boards = manifests.filter(|m| m.chip.is_same(chip)).filter_map(|m| m.board);
    boards.next().and_then(|name| layout_of(&name))
}

fn layout_of(board: &str) -> Option<Layout> {
    Board::named(board).ok().map(|board| board.layout.clone())
}

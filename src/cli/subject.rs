//! What a look is taken at: a file, a backup in the store, or the live chip.

use super::events::Reporter;
use super::exit::Failure;
use super::programmer::with_chip;
use super::session::Session;
use super::{files, jobs, store};
use crate::image::{Board, Layout, Recognised, recognise};
use crate::span::Span;
use crate::workflow::reading::{ReadOptions, read};
use std::path::Path;

/// The word for the chip on the clip.
const CHIP: &str = "chip";

/// The bytes looked at.
#[derive(Debug)]
pub struct Subject {
    /// What they are, for headings.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The map of the board that a backup names.
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
    if text == CHIP {
        let bytes = with_chip(session, |chip, _| {
            let whole = Span::new(0, chip.geometry().size);
            let mut reporter = Reporter::new(session);
            let options = ReadOptions { passes: 1, salvage: false };
            let reading = read(chip, whole, &options, &mut |event| reporter.take(event));
            reading.map(|r| r.bytes).map_err(|cause| jobs::failure(session, cause.untouched(), None))
        })?;
        return Ok(Subject { name: "the chip".to_owned(), bytes, layout: None });
    }
    let path = Path::new(text);
    if path.exists() || text.contains(['/', '.']) {
        return Ok(Subject { name: text.to_owned(), bytes: files::read(path)?, layout: None });
    }
    let store = store::open(session)?;
    let id = store.find(text).map_err(|error| {
        Failure::refused(format!("'{text}' is neither a file, nor 'chip', nor a backup: {error}"))
    })?;
    let stored = store.load(&id)?;
    let board = stored.manifest.board.as_deref().and_then(|name| Board::named(name).ok());
    Ok(Subject {
        name: format!("backup {id}"),
        bytes: stored.flash,
        layout: board.map(|board| board.layout.clone()),
    })
}

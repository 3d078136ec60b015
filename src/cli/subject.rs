//! What a view is taken of, as named on the command line.

use super::exit::Failure;
use super::session::Session;
use super::store;
use super::streams;
use super::terminal::Terminal;
use crate::desk::subject::{Dump, Named, Subject};
use crate::image::{Image, Layout};
use crate::span::Span;
use std::path::Path;

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
    match Named::parse(text) {
        Named::Chip => {
            // Without a store the chip's board is not known; it is read all the same.
            let store = store::open(session).ok();
            session.desk()?.chip_subject(&Terminal::new(session), store.as_ref(), part)
        }
        Named::Dump(Dump::File(path)) => {
            Subject::of_bytes(path.display().to_string(), streams::read(path)?, part)
        }
        Named::Dump(Dump::Backup(name)) => Subject::of_backup(&store::open(session)?, name, part),
    }
}

/// A dump given as a file, or as the id of a backup.
///
/// # Errors
/// Exit code 2 where it is neither; the store's own where the backup is damaged.
pub fn base(path: &Path, session: &Session) -> Result<Image, Failure> {
    match streams::is_stream(path) {
        true => Ok(streams::read(path)?.into()),
        false => Dump::named(path).image(|| store::open(session)),
    }
}

/// The map that names regions: of the board that the backup names, or of the one that the contents name, which is then
/// noted.
pub fn map(subject: &Subject, session: &Session) -> Option<Layout> {
    if let Some(found) = subject.recognised() {
        session.out.note(format!("regions of {}, by what {} holds", found.board.name, subject.name));
        return Some(found.board.layout.clone());
    }
    subject.layout.clone()
}

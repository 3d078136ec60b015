//! What a view is taken of, as named on the command line.

use super::exit::Failure;
use super::place;
use super::session::Session;
use super::store;
use super::streams;
use super::terminal::Terminal;
use crate::desk::compare;
use crate::desk::regions::{Area, Located};
use crate::desk::subject::{Dump, Named, Subject};
use crate::image::Image;
use crate::span::Span;
use std::ffi::OsStr;
use std::path::Path;

/// `chip` for the chip on the clip (a file of that name is `./chip`); else a file, where there is one of that name; else
/// the id of a backup.
///
/// # Errors
/// Exit code 2 where it is none of these; the chip's or the store's own failures.
pub fn load(text: &OsStr, session: &Session) -> Result<Subject, Failure> {
    let whole = |size| Ok::<_, Failure>(Span::new(0, size));
    match Named::parse(text) {
        Named::Chip => of_chip(session, whole),
        Named::Dump(dump) => load_dump(dump, session),
    }
}

/// A file, or a backup.
///
/// # Errors
/// As [`load`].
pub fn load_dump(dump: Dump<'_>, session: &Session) -> Result<Subject, Failure> {
    let whole = |size| Ok::<_, Failure>(Span::new(0, size));
    match dump {
        Dump::File(path) => Subject::of_bytes(path.display().to_string(), streams::read(path)?, whole),
        Dump::Backup(name) => Subject::of_backup(&store::open(session)?, name, whole),
    }
}

/// A `part` of the chip on the clip; nothing else of it is read.
///
/// # Errors
/// Those of the chip and of `part`.
pub fn of_chip(
    session: &Session,
    part: impl FnOnce(u64) -> Result<Span, Failure>,
) -> Result<Subject, Failure> {
    // Without a store the chip's board is not known; it is read all the same.
    let store = store::open(session).ok();
    session.desk()?.chip_subject(&Terminal::new(session), store.as_ref(), part)
}

/// Where the part that is meant is in whole contents, and the map, by the first of them that has one: the board that its
/// backup names, or what it names or carries itself.
///
/// # Errors
/// Exit code 2 for a region that no map has.
pub fn locate(area: &Area, subjects: &[&Subject], session: &Session) -> Result<Located, Failure> {
    let (located, found) = compare::locate(area, subjects)?;
    if found {
        place::note(session, &located);
    }
    Ok(located)
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

//! `write FILE`: backup, then only what differs.

use super::super::every::{self, EveryArgs};
use super::super::exit::{Failure, Outcome};
use super::super::options::PlaceArgs;
use super::super::session::Session;
use super::super::terminal::Terminal;
use super::super::{jobs, splicing, store};
use super::layout::{map, place};
use crate::desk::{Place, Put, PutContents, allowed, files};
use crate::image::checks::{BLANK_FILE, OTHER_FORM};
use crate::image::finding::stopping;
use crate::image::form::other_form;
use crate::image::whole::is_blank;
use crate::image::{ImageError, Severity};
use crate::wire::Fields;
use std::path::PathBuf;

/// `write FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write
    file: PathBuf,

    /// Where to.
    #[command(flatten)]
    place: PlaceArgs,

    /// On which programmers.
    #[command(flatten)]
    every: EveryArgs,
}

/// Writes.
pub fn run(args: Args, session: &Session) -> Outcome {
    let layout = map(&args.place.map)?;
    let place = place(&args.place)?;
    let bytes = files::read(&args.file)?;
    if matches!(place, Place::Whole) {
        judge(&bytes, &args.file.display().to_string(), session)?;
    }
    every::run(args.every, session, "write", true, |session| {
        let (board, layout) = (args.place.map.board.clone(), layout.as_ref());
        put(session, &Put { place: &place, contents: PutContents::Bytes(&bytes), board, layout })
    })
}

/// Asks before a file that holds nothing takes the place of everything on the chip, a dump that was not read, it
/// seems, or one that holds a dump in another form. A piece for a place of its own may well be blank.
fn judge(bytes: &[u8], what: &str, session: &Session) -> Result<(), Failure> {
    let finding = if is_blank(bytes) {
        BLANK_FILE.found(format!(
            "{what} holds {:02x} only ({:#x} bytes): was it read without a chip? To make a chip or a region blank, use \
             \"norsplice erase\"",
            bytes.first().copied().unwrap_or(0xff),
            bytes.len()
        ))
    } else if let Some(form) = other_form(bytes) {
        OTHER_FORM.found_as(Severity::Ask, format!("{what} {form}"))
    } else {
        return Ok(());
    };
    let stop =
        stopping(std::slice::from_ref(&finding), &allowed(session.options.allow.iter().map(String::as_str))?);
    if stop.is_empty() {
        splicing::findings(session, &[finding]);
        return Ok(());
    }
    Err(ImageError::Refused { findings: stop }.into())
}

/// Writes to the chip or erases it, after a backup.
pub fn put(session: &Session, put: &Put<'_>) -> Outcome {
    let store = store::open_locked(session)?;
    let front = Terminal::new(session);
    let done = session.desk()?.put(&front, &store, put);
    let (span, report) = done.map_err(|refusal| front.failure(refusal))?;
    drop(front);
    let more = Fields::new().with("offset", span.start).with("size", span.len());
    jobs::finish(session, &report, put.layout, more)
}

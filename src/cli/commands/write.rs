//! `write FILE`: backup, then only what differs.

use super::super::events::Reporter;
use super::super::every::{self, EveryArgs};
use super::super::exit::Failure;
use super::super::files;
use super::super::json::Fields;
use super::super::options::{Place, PlaceArgs};
use super::super::order::allow;
use super::super::programmer::with_chip_to_write;
use super::super::run::Outcome;
use super::super::session::Session;
use super::super::{jobs, splicing, store};
use super::layout::{file_place, map, place};
use crate::image::checks::{BLANK_FILE, OTHER_FORM};
use crate::image::finding::stopping;
use crate::image::form::other_form;
use crate::image::whole::is_blank;
use crate::image::{ImageError, Layout, Severity};
use crate::span::Span;
use crate::workflow::job::{self, Decide, JobOptions, Wanted};
use crate::workflow::journal::Verb;
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
        let spot = |size| Ok((file_place(&place, &bytes, size)?, bytes.clone(), false));
        put(session, Verb::Write, args.place.map.board.clone(), layout.as_ref(), spot)
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
    let stop = stopping(std::slice::from_ref(&finding), &allow(session, [])?);
    if stop.is_empty() {
        splicing::findings(session, &[finding]);
        return Ok(());
    }
    Err(ImageError::Refused { findings: stop }.into())
}

/// What is to be put where on a chip of a size; true when the chip erase may be used.
pub type Spot = (Span, Vec<u8>, bool);

/// Puts bytes on the chip, by the one way that writes.
pub fn put(
    session: &Session,
    verb: Verb,
    board: Option<String>,
    layout: Option<&Layout>,
    spot: impl FnOnce(u64) -> Result<Spot, Failure>,
) -> Outcome {
    let store = store::open_locked(session)?;
    let (span, report) = with_chip_to_write(session, |chip, programmer| {
        let geometry = chip.geometry();
        let smallest = geometry.erase.first().map_or(1, |erase| erase.size);
        let (span, bytes, whole_erase) = spot(geometry.size)?;
        let programmer = programmer.to_owned();
        let dry_run = session.options.dry_run;
        // A chip that answers to its id and reads FF all over is blank: there is nothing on it to lose.
        let options = JobOptions { verb, programmer, board, dry_run, blank_allowed: true };
        let reporter = std::cell::RefCell::new(Reporter::new(session));
        let mut refused = None;
        let mut decide = Decide {
            wanted: &mut |backup| {
                let wanted = Wanted::patch(&backup.flash, span.start, &bytes, smallest)?;
                Ok(Wanted { whole_erase, ..wanted })
            },
            confirm: &mut |proposal| match jobs::ask(session, &mut reporter.borrow_mut(), proposal, layout) {
                Ok(()) => true,
                Err(failure) => {
                    refused = Some(failure);
                    false
                }
            },
        };
        let report =
            job::run(chip, &store, &options, &mut decide, &mut |event| reporter.borrow_mut().take(event));
        Ok((span, report.map_err(|error| jobs::failure(session, error, refused))?))
    })?;
    let more = Fields::new().with("offset", span.start).with("size", span.len());
    jobs::finish(session, &report, layout, more)
}

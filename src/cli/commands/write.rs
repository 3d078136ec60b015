//! `write FILE`: backup, then only what differs.

use super::super::every::{self, EveryArgs};
use super::super::exit::Outcome;
use super::super::options::PlaceArgs;
use super::super::session::Session;
use super::super::streams;
use super::super::terminal::Terminal;
use super::super::{jobs, splicing, store};
use super::layout::{map, place};
use crate::desk::{Put, PutContents, allowed, write_checks};
use crate::image::ImageError;
use crate::image::checks::stopping;
use crate::wire::Fields;
use std::path::PathBuf;

/// `write FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write; - is standard input
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
    let bytes = streams::read(&args.file)?;
    let allow = allowed(session.options.allow.iter().map(String::as_str))?;
    let findings = write_checks::of_file(&bytes, &args.file.display().to_string(), &place);
    let stop = stopping(&findings, &allow);
    if !stop.is_empty() {
        return Err(ImageError::Refused { findings: stop }.into());
    }
    splicing::findings(session, &findings);
    every::run(args.every, session, "write", true, |session| {
        let (board, layout) = (args.place.map.board.clone(), layout.as_ref());
        let (contents, allow) = (PutContents::Bytes(&bytes), allow.clone());
        put(session, &Put { place: &place, contents, board, layout, allow })
    })
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

//! `write FILE`: backup, then only what differs.

use super::super::every::{self, EveryArgs};
use super::super::exit::{Failure, Outcome};
use super::super::options::PlaceArgs;
use super::super::order::name_and_file;
use super::super::place;
use super::super::session::Session;
use super::super::streams;
use super::super::terminal::Terminal;
use super::super::{jobs, splicing, store};
use crate::desk::AUTO;
use crate::desk::regions::Located;
use crate::desk::{Place, Put, PutContents, allowed, write_checks};
use crate::image::Allow;
use crate::wire;
use std::path::{Path, PathBuf};

/// `write FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write, or REGION=FILE; - is standard input. Of a file of the chip's size a region takes what is at its
    /// own place
    #[arg(value_name = "[REGION=]FILE")]
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
    let (region, file) = region_and_file(&args.file);
    let place = PlaceArgs { region: args.place.region.clone().or(region), ..args.place.clone() };
    let area = place::area(&place)?;
    let image = streams::image(session, file)?;
    let (bytes, name) = (&image.bytes, file.display().to_string());
    let allow = allowed(session.options.allow.iter().map(String::as_str))?;
    // Where the place is known, a file that does not belong there is refused before any chip is asked.
    let known = area.known()?;
    if let Some(located) = &known {
        image.for_address(file, located.place.start())?;
        check(session, bytes, &name, &located.place, &allow)?;
    }
    every::run(args.every, session, "write", true, |session| {
        let Located { place, layout } = place::on_chip(session, &area, true)?;
        if known.is_none() {
            image.for_address(file, place.start())?;
            check(session, bytes, &name, &place, &allow)?;
        }
        let board = args.place.map.board.clone().filter(|board| board != AUTO);
        let (contents, allow) = (PutContents::Bytes(bytes), allow.clone());
        put(session, &Put { place: &place, contents, board, layout: layout.as_ref(), allow })
    })
}

/// `REGION=FILE` as the region and the file; a file of that whole name is a file.
fn region_and_file(file: &Path) -> (Option<String>, &Path) {
    let (region, file) = name_and_file(file.as_os_str());
    (region, Path::new(file))
}

/// Refuses a file that does not belong at `place` as it is.
fn check(session: &Session, bytes: &[u8], name: &str, place: &Place, allow: &Allow) -> Result<(), Failure> {
    let findings = write_checks::passed(bytes, name, place, allow)?;
    splicing::findings(session, &findings);
    Ok(())
}

/// Writes to the chip or erases it, after a backup.
pub fn put(session: &Session, put: &Put<'_>) -> Outcome {
    let store = store::open_locked(session)?;
    let front = Terminal::new(session);
    let done = session.desk()?.put(&front, &store, put);
    let (span, report) = done.map_err(|refusal| front.failure(refusal))?;
    drop(front);
    jobs::finish(session, &report, put.layout, wire::place(span))
}

//! Which part of the chip, of a file or of a backup the options name, and the map that names its regions.

use super::exit::Failure;
use super::options::{MapArgs, PlaceArgs};
use super::session::Session;
use super::store;
use super::streams;
use super::terminal::Terminal;
use crate::desk::AUTO;
use crate::desk::regions::{self, Area, Located, MapWish, Part};
use crate::desk::subject::CHIP;
use crate::image::{Board, Layout};
use std::path::Path;

/// What the options name, before any contents are asked. A map in a file is read.
///
/// # Errors
/// Exit code 2 for a board that is not known, or a file that holds no map.
pub fn area(args: &PlaceArgs) -> Result<Area, Failure> {
    let part = match (&args.region, args.at, args.len) {
        (Some(name), _, len) => Part::Region(name.clone(), len),
        (None, None, None) => Part::Whole,
        (None, at, len) => Part::At(at.unwrap_or(0), len),
    };
    Ok(Area { part, map: map(&args.map)? })
}

/// Which map the options name.
///
/// # Errors
/// As [`area`].
pub fn map(args: &MapArgs) -> Result<MapWish, Failure> {
    Ok(match (&args.board, &args.layout) {
        (Some(name), _) if name == AUTO => MapWish::Board,
        (Some(name), _) => MapWish::Given(Board::named(name)?.layout.clone()),
        (None, Some(path)) if path.as_os_str() == CHIP => MapWish::Carried,
        (None, Some(path)) => MapWish::Given(layout_in(path, None)?),
        (None, None) => MapWish::Any,
    })
}

/// The map in a file, or of the board that the dump in it names.
///
/// # Errors
/// Exit code 2 where there is none.
pub fn layout_in(path: &Path, chip_size: Option<u64>) -> Result<Layout, Failure> {
    Ok(regions::layout_in(&path.display().to_string(), &streams::read(path)?, chip_size)?)
}

/// The part of the chip on the clip, and the map; the chip is asked where no option names the map. `to_write` trusts no
/// older backup for it.
///
/// # Errors
/// Exit code 2 where no map is found, or it lacks the region; those of the chip.
pub fn on_chip(session: &Session, area: &Area, to_write: bool) -> Result<Located, Failure> {
    if let Some(located) = area.known()? {
        return Ok(located);
    }
    session.out.note("no map is named: looking for the regions on the chip");
    // Without a store there is no backup to ask; the chip is read then.
    let store = store::open(session).ok();
    let front = Terminal::new(session);
    let located = session.desk()?.locate(&front, store.as_ref(), area, to_write)?;
    drop(front);
    note(session, &located);
    Ok(located)
}

/// Says which map was found.
pub fn note(session: &Session, located: &Located) {
    if let Some(layout) = &located.layout {
        session.out.note(format!("regions: {}", layout.source));
    }
}

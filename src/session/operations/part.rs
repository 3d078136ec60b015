//! Which part of the chip is meant, by the options of a request.

use super::work::{Fault, Work};
use crate::desk::AUTO;
use crate::desk::files;
use crate::desk::regions::{Area, Located, MapWish, Part, layout_in};
use crate::desk::subject::CHIP;
use crate::image::Board;
use crate::wire::options::Options;
use std::path::Path;

/// The options of a place.
pub const PLACE: &[&str] = &["region", "at", "len", "board", "layout"];

/// What the options name, before any contents are asked. A map in a file is read.
pub fn area(options: &Options) -> Result<Area, Fault> {
    let (at, len) = (options.number("at")?, options.number("len")?);
    let part = match (options.text("region")?, at, len) {
        (Some(_), Some(_), _) => return Err("give \"region\" or \"at\", not both".to_owned().into()),
        (Some(name), None, len) => Part::Region(name.to_owned(), len),
        (None, None, None) => Part::Whole,
        (None, at, len) => Part::At(at.unwrap_or(0), len),
    };
    let map = match (options.text("board")?, options.text("layout")?) {
        (Some(_), Some(_)) => return Err("give \"board\" or \"layout\", not both".to_owned().into()),
        (Some(AUTO), None) => MapWish::Board,
        (Some(name), None) => MapWish::Given(Board::named(name)?.layout.clone()),
        (None, Some(CHIP)) => MapWish::Carried,
        (None, Some(file)) => MapWish::Given(layout_in(file, &files::read_image(Path::new(file))?, None)?),
        (None, None) => MapWish::Any,
    };
    Ok(Area { part, map })
}

/// The part of the chip on the clip, and the map; the chip is asked where no option names the map. `to_write` trusts no
/// older backup for it.
pub fn on_chip(
    work: &Work<'_, '_>,
    options: &Options,
    area: &Area,
    to_write: bool,
) -> Result<Located, Fault> {
    match area.known()? {
        Some(located) => Ok(located),
        None => Ok(work.desk(options)?.locate(work.front, Some(&work.store()), area, to_write)?),
    }
}

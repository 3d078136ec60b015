//! Where the map comes from that names regions: a board or layout that was named, the board that contents name, or the
//! map that they carry (Intel descriptor, FMAP, device tree, `mtdparts=`). The same for every command.

use super::conditions::Desk;
use super::front::{Front, Notice};
use super::place::Place;
use super::why::Why;
use super::{PlaceError, Refusal};
use crate::image::layouts::{ifd, in_dump};
use crate::image::{ImageError, Layout, Recognised, auto, parse_any};
use crate::span::Span;
use crate::workflow::ChipKey;
use crate::workflow::reading::{ReadOptions, read};
use crate::workflow::{Cause, Store, chip_key};

/// The part that is meant, before the map is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    #[default]
    Whole,
    /// From an address on, with this length in bytes; without one, up to the end.
    At(u64, Option<u64>),
    /// A region by its name; with a length, only so many of its first bytes.
    Region(String, Option<u64>),
}

/// Which map names the regions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MapWish {
    /// Whatever the contents name or carry.
    #[default]
    Any,
    /// The board that the contents name.
    Board,
    /// The map that the contents carry.
    Carried,
    /// This one.
    Given(Layout),
}

/// A part of a chip, file or backup, and the map that it is named by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// The part.
    pub part: Part,
    /// The map.
    pub map: MapWish,
}

/// A part whose bytes are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The part.
    pub place: Place,
    /// The map, where one was named or found.
    pub layout: Option<Layout>,
}

impl Area {
    /// The part, where no contents have to be asked for it.
    ///
    /// # Errors
    /// [`Why::NoRegion`] where the map that was named lacks the region.
    pub fn known(&self) -> Result<Option<Located>, Refusal> {
        match (&self.part, &self.map) {
            (_, MapWish::Given(layout)) => self.by(Some(layout.clone())).map(Some),
            (Part::Whole | Part::At(..), MapWish::Any) => self.by(None).map(Some),
            _ => Ok(None),
        }
    }

    /// The part, by the map that these contents name or carry: the first one that has the region.
    ///
    /// # Errors
    /// [`Why::NoMap`], [`Why::NoRegion`].
    pub(crate) fn in_contents(&self, contents: &[u8], name: &str) -> Result<Located, Refusal> {
        let maps = match &self.map {
            MapWish::Given(layout) => vec![layout.clone()],
            MapWish::Any => map_of_board(contents).into_iter().chain(carried_by(contents)).collect(),
            MapWish::Board => map_of_board(contents).into_iter().collect(),
            MapWish::Carried => carried_by(contents).into_iter().chain(map_of_board(contents)).collect(),
        };
        let mut tried = maps.into_iter().map(|layout| self.by(Some(layout)));
        match (tried.next(), &self.map, &self.part) {
            (Some(first), ..) => first.or_else(|error| tried.find_map(Result::ok).ok_or(error)),
            (None, MapWish::Any, Part::Whole | Part::At(..)) => self.by(None),
            (None, ..) => Err(Why::NoMap { name: name.to_owned() }.into()),
        }
    }

    /// Refuses to erase by accident: the whole chip only where that is said, and no place without its length.
    ///
    /// # Errors
    /// [`Why::NothingToErase`], [`Why::NoLength`].
    pub(crate) fn to_erase(&self, all: bool) -> Result<(), Refusal> {
        match (&self.part, all) {
            (Part::Whole, false) => Err(Why::NothingToErase.into()),
            (Part::At(_, None), _) => Err(Why::NoLength.into()),
            _ => Ok(()),
        }
    }

    fn by(&self, layout: Option<Layout>) -> Result<Located, Refusal> {
        let place = match &self.part {
            Part::Whole => Place::Whole,
            Part::At(at, len) => Place::At(*at, *len),
            Part::Region(name, len) => {
                let layout = layout.as_ref().ok_or_else(|| Why::NoMap { name: "the chip".to_owned() })?;
                let region = layout.region(name).ok_or_else(|| Why::NoRegion {
                    name: name.clone(),
                    map: layout.source.clone(),
                    known: layout.regions.iter().map(|region| region.name.clone()).collect(),
                })?;
                Place::Region { name: name.clone(), span: first(region.span, *len, name)? }
            }
        };
        Ok(Located { place, layout })
    }
}

/// The first `len` bytes of a region.
fn first(span: Span, len: Option<u64>, name: &str) -> Result<Span, Refusal> {
    match len {
        None => Ok(span),
        Some(0) => Err(PlaceError::Empty.into()),
        Some(len) if len <= span.len() => Ok(Span::new(span.start, span.start + len)),
        Some(len) => {
            let place = Place::Region { name: name.to_owned(), span };
            Err(PlaceError::Misfit { place, len, room: span.len() }.into())
        }
    }
}

/// The map of contents: of the board that they name, else one that they carry.
pub(crate) fn of_contents(contents: &[u8]) -> Option<Layout> {
    Area::default().in_contents(contents, "").ok()?.layout
}

/// The one board that the contents of a whole chip name.
pub(crate) fn board_of(contents: &[u8]) -> Option<Recognised> {
    auto(contents, &[]).ok()
}

/// The map of the board that contents name, with how that is known.
pub(crate) fn map_of_board(contents: &[u8]) -> Option<Layout> {
    let found = board_of(contents)?;
    let source = format!("board {}, by {}", found.board.name, found.by.join("; "));
    Some(Layout { source, ..found.board.into_owned().layout })
}

/// The maps that contents carry of their own flash.
fn carried_by(contents: &[u8]) -> Vec<Layout> {
    in_dump::find(contents)
}

/// The map in the bytes of a file: a layout, one in a container, or the one option in an environment of a dump.
///
/// # Errors
/// As [`parse_any`]; that there are several options.
pub(crate) fn map_in(bytes: &[u8], chip_size: Option<u64>) -> Result<Layout, ImageError> {
    parse_any(bytes, chip_size).or_else(|none| only_carried(bytes, none))
}

fn only_carried(contents: &[u8], none: ImageError) -> Result<Layout, ImageError> {
    let mut maps = carried_by(contents);
    match maps.len() {
        0 => Err(none),
        1 => Ok(maps.remove(0)),
        several => {
            let names: Vec<String> =
                maps.iter().map(|map| format!("{}: {}", map.source, map.names())).collect();
            let why = format!(
                "{several} maps are in it ({}): save the one that is meant in a file of its own",
                names.join("; ")
            );
            Err(ImageError::BadFile { what: "the layout".to_owned(), why })
        }
    }
}

/// The map in the bytes of a file of this name, or of the board that the dump in it names.
///
/// # Errors
/// [`Why::InInput`] where there is none.
pub(crate) fn layout_in(name: &str, bytes: &[u8], chip_size: Option<u64>) -> Result<Layout, Refusal> {
    let layout = parse_any(bytes, chip_size).or_else(|error| map_of_board(bytes).ok_or(error));
    let layout = layout.or_else(|error| only_carried(bytes, error));
    let layout = layout.map_err(|error| Why::InInput { name: name.to_owned(), error })?;
    Ok(Layout { source: format!("{} in {name}", layout.source), ..layout })
}

/// A descriptor is within these first bytes of a chip.
const DESCRIPTOR: u64 = 0x1000;

impl Desk {
    /// The part of the chip on the clip. Where no map is named, the chip is asked: its descriptor first; then, to look and
    /// not to write, the latest backup of this very chip; then all of it, read once.
    ///
    /// # Errors
    /// Any [`Refusal`]; the chip is untouched.
    pub fn locate(
        &self,
        front: &dyn Front,
        store: Option<&Store>,
        area: &Area,
        to_write: bool,
    ) -> Result<Located, Refusal> {
        if let Some(located) = area.known()? {
            return Ok(located);
        }
        self.with_chip(front, |chip, _| {
            let size = chip.geometry().size;
            let key = chip_key(chip.identity());
            let backup = store.filter(|_| !to_write).and_then(|store| latest(store, &key));
            let mut read_once = |span: Span| {
                let options = ReadOptions { passes: 1, salvage: false };
                let reading = read(chip, span, &options, &mut |event| front.notice(Notice::Job(&event)));
                reading.map(|reading| reading.bytes).map_err(|cause| Refusal::from(Cause::untouched(cause)))
            };
            if area.map != MapWish::Board
                && let Some(layout) = ifd::parse(&read_once(Span::new(0, DESCRIPTOR.min(size)))?)
            {
                let layout = Layout { chip_size: Some(size), ..layout };
                let source = format!("{} on the chip", layout.source);
                // A region that it lacks may be in a map within one of its regions.
                if let Ok(located) = area.by(Some(Layout { source, ..layout })) {
                    return Ok(located);
                }
            }
            if let Some((id, contents)) = backup
                && let Ok(located) = area.in_contents(&contents, &id)
            {
                let layout = located
                    .layout
                    .map(|layout| Layout { source: format!("{} in backup {id}", layout.source), ..layout });
                return Ok(Located { layout, ..located });
            }
            area.in_contents(&read_once(Span::new(0, size))?, "the chip")
        })
    }
}

/// The latest sound backup of this very chip. A store that cannot be listed has none.
fn latest(store: &Store, chip: &ChipKey) -> Option<(String, Vec<u8>)> {
    let listed = store.list().unwrap_or_default().into_iter().filter_map(|one| one.manifest.ok());
    let newest = listed.into_iter().find(|manifest| manifest.chip.is_same(chip))?;
    Some((newest.id.clone(), store.load(&newest.id).ok()?.flash))
}

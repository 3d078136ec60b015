//! `layout FILE`, `layout --board B`: the map of a flash.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::options::{MapArgs, PlaceArgs, bytes};
use super::super::session::Session;
use super::super::show::{Cell, Table, Tone, unknown};
use super::super::streams;
use crate::desk::Place;
use crate::image::layouts::{flashrom, mtdparts, parse_any, user};
use crate::image::{Board, Layout, auto};
use crate::units;
use crate::wire::{self, Fields};
use std::path::PathBuf;

/// `layout [FILE]`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file that holds a map: TOML, mtdparts, boot log, flashrom layout, FMAP, device tree, dump
    #[arg(conflicts_with_all = ["board", "layout"])]
    file: Option<PathBuf>,
    /// The map of a board.
    #[command(flatten)]
    map: MapArgs,

    /// The size of the chip, where the map leaves it open
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    chip_size: Option<u64>,

    /// Print it in another form, for a file or a kernel command line
    #[arg(long, value_name = "FORM", value_parser = ["toml", "mtdparts", "flashrom"])]
    to: Option<String>,
}

/// Shows a map.
pub fn run(args: Args, session: &Session) -> Outcome {
    let map = MapArgs { layout: args.file.or(args.map.layout), ..args.map };
    let layout = sized(&map, args.chip_size)?.ok_or_else(|| {
        Failure::refused("no map is named")
            .hint("give a FILE that holds one, or --board B (\"norsplice boards\")")
    })?;
    if let Some(form) = &args.to {
        let text = match form.as_str() {
            "mtdparts" => mtdparts::write(&layout, "spi0.0")?,
            "flashrom" => flashrom::write(&layout)?,
            _ => user::write(&layout)?,
        };
        session.out.line(text.trim_end());
        let fields = Fields::new().with("form", form.as_str()).with("text", text);
        return Ok((Exit::Done, fields.with("regions", wire::regions(&layout)).into_map()));
    }
    session.out.heading(&layout.source);
    show(session, &layout);
    for note in &layout.notes {
        session.out.line(format!("  note: {note}"));
    }
    Ok((Exit::Done, wire::layout(&layout).into_map()))
}

/// The map that the place is named by, if any.
pub use named as map;

/// The part of the chip that the arguments name.
///
/// # Errors
/// Exit code 2 for a region without a map, or one that the map does not have.
pub fn place(args: &PlaceArgs) -> Result<Place, Failure> {
    match (&args.region, args.at) {
        (Some(name), _) => {
            let layout = named(&args.map)?.ok_or_else(|| {
                Failure::refused(format!("--region {name} needs a map"))
                    .hint("give --board B or --layout FILE")
            })?;
            let region = layout.region(name).ok_or_else(|| {
                let known: Vec<&str> = layout.regions.iter().map(|region| region.name.as_str()).collect();
                Failure::refused(unknown("region", name, &known))
            })?;
            Ok(Place::Region { name: name.clone(), span: region.span })
        }
        (None, Some(at)) => Ok(Place::At(at, args.len)),
        (None, None) => Ok(Place::Whole),
    }
}

/// The map that `--board` or `--layout` names, or `None` where neither is given.
///
/// # Errors
/// Exit code 2 for a board that is not known, or a file that holds no map.
pub fn named(map: &MapArgs) -> Result<Option<Layout>, Failure> {
    sized(map, None)
}

fn sized(map: &MapArgs, chip_size: Option<u64>) -> Result<Option<Layout>, Failure> {
    match (&map.board, &map.layout) {
        (Some(name), _) => Ok(Some(Board::named(name)?.layout.clone())),
        (None, Some(path)) => {
            let name = path.display();
            let bytes = streams::read(path)?;
            let layout = parse_any(&bytes, chip_size).or_else(|error| of_board(&bytes).ok_or(error));
            let layout = layout.map_err(|error| Failure::refused(format!("{name}: {error}")))?;
            Ok(Some(Layout { source: format!("{} in {name}", layout.source), ..layout }))
        }
        (None, None) => Ok(None),
    }
}

/// The map of the board that a dump names by itself, where the dump holds no map.
fn of_board(bytes: &[u8]) -> Option<Layout> {
    let found = auto(bytes, &[]).ok()?;
    let source = format!("board {}, by {}", found.board.name, found.by.join("; "));
    Some(Layout { source, ..found.board.into_owned().layout })
}

/// The table of regions, per-unit bytes under theirs.
pub fn show(session: &Session, layout: &Layout) {
    let mut table = Table::new(&["region", ">from", ">to", ">size", "source", "notes"]);
    for (index, region) in layout.regions.iter().enumerate() {
        let indent = "  ".repeat(layout.depth(index));
        let mut notes = Vec::new();
        if region.read_only {
            notes.push("read-only".to_owned());
        }
        if let Some(next) = &region.grows_into {
            notes.push(format!("may run on into {next}"));
        }
        table.row([
            Cell::toned(Tone::Strong, format!("{indent}{}", region.name)),
            format!("{:#08x}", region.span.start).into(),
            format!("{:#08x}", region.span.end).into(),
            units::size(region.span.len()).into(),
            region.default.to_string().into(),
            notes.join(", ").into(),
        ]);
        for unit in &region.per_unit {
            table.row([
                Cell::toned(Tone::Warn, format!("{indent}  {}", unit.name)),
                format!("{:#08x}", unit.span.start).into(),
                format!("{:#08x}", unit.span.end).into(),
                units::size(unit.span.len()).into(),
                "".into(),
                format!("of this one unit: {}", unit.kind.name()).into(),
            ]);
        }
    }
    session.out.table(&table);
}

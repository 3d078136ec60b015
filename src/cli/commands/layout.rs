//! `layout FILE`, `layout --board B`: the map of a flash.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::options::{MapArgs, bytes};
use super::super::place;
use super::super::session::Session;
use super::super::show::Tone;
use super::super::table::{Cell, Table};
use crate::desk::regions::{Area, Part};
use crate::desk::subject::CHIP;
use crate::image::Layout;
use crate::image::layouts::{flashrom, mtdparts, user};
use crate::units;
use crate::wire;
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
    let file = args.file.or(args.map.layout.clone()).filter(|file| file.as_os_str() != CHIP);
    let layout = match (file, &args.map) {
        (Some(file), _) => place::layout_in(&file, args.chip_size)?,
        (None, MapArgs { board: None, layout: None }) => {
            return Err(Failure::refused("no map is named").hint(
                "give a FILE that holds one, --board BOARD (\"norsplice boards\"), or --layout chip for the one on the chip",
            ));
        }
        (None, map) => {
            let area = Area { part: Part::Whole, map: place::map(map)? };
            let located = place::on_chip(session, &area, false)?;
            located.layout.ok_or_else(|| Failure::refused("the chip holds no map of its regions"))?
        }
    };
    if let Some(form) = &args.to {
        let text = match form.as_str() {
            "mtdparts" => mtdparts::write(&layout, "spi0.0")?,
            "flashrom" => flashrom::write(&layout)?,
            _ => user::write(&layout)?,
        };
        session.out.line(text.trim_end());
        return Ok((Exit::Done, wire::layout_text(form, &text, &layout)));
    }
    session.out.heading(&layout.source);
    show(session, &layout);
    for note in &layout.notes {
        session.out.line(format!("  note: {note}"));
    }
    Ok((Exit::Done, wire::layout(&layout)))
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
            notes.push(format!("may extend into {next}"));
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

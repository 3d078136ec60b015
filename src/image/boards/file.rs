//! The form of a board file.

use serde::Deserialize;

use super::board::{Board, Hardware, Recovery};
use crate::image::error::{ImageError, toml_fault};
use crate::image::layout::{Format, LARGEST_FLASH, Layout, PerUnit, Region, Role, Source, UnitKind};
use crate::span::Span;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<String>,
    model: Option<String>,
    #[serde(default)]
    soc: String,
    chip_size: Option<u64>,
    #[serde(default)]
    compatible: Vec<String>,
    #[serde(default)]
    chips: Vec<String>,
    #[serde(default)]
    notes: Vec<String>,
    region: Vec<RegionRow>,
    #[serde(default)]
    per_unit: Vec<UnitRow>,
    #[serde(default)]
    hardware: Vec<Hardware>,
    recovery: Option<Recovery>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionRow {
    name: String,
    offset: u64,
    size: u64,
    #[serde(default)]
    read_only: bool,
    role: Option<Role>,
    default: Option<String>,
    #[serde(default)]
    blank_without_donor: bool,
    #[serde(default)]
    stays: bool,
    grows_into: Option<String>,
    inside: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitRow {
    name: String,
    /// In the chip.
    offset: u64,
    size: u64,
    kind: UnitKind,
    /// The name of a form.
    format: Option<String>,
    #[serde(default)]
    chips: Vec<u16>,
    #[serde(default)]
    keep: bool,
    #[serde(default)]
    own: bool,
    /// For readers of the file.
    #[serde(rename = "source")]
    _source: Option<String>,
}

/// Reads a board file; a plain layout is one of which little is known.
///
/// # Errors
/// What is wrong with it: not TOML, an unknown key, a region outside the chip or across another one.
pub fn parse(text: &str) -> Result<Board, ImageError> {
    let file: File = toml::from_str(text).map_err(|e| fault("the layout file", toml_fault(text, &e)))?;
    let what = file.name.as_ref().map_or("the layout file".to_owned(), |n| format!("the board file of {n}"));
    let end = file.region.iter().filter_map(|r| r.offset.checked_add(r.size)).max();
    let chip_size = file.chip_size.or(end).ok_or_else(|| fault(&what, "it has no region".to_owned()))?;
    if chip_size > LARGEST_FLASH {
        let why = format!("its flash has {chip_size:#x} bytes, and the largest are {LARGEST_FLASH:#x}");
        return Err(fault(&what, why));
    }
    let mut regions = Vec::with_capacity(file.region.len());
    for row in file.region {
        let span = inside(row.offset, row.size, chip_size)
            .ok_or_else(|| fault(&what, format!("region {} is not inside the chip", row.name)))?;
        let mut region = Region::named(row.name, span);
        region.read_only = row.read_only;
        region.role = row.role.unwrap_or(region.role);
        region.default = row.default.map_or(region.default, |text| Source::parse(&text));
        region.blank_without_donor = row.blank_without_donor;
        region.stays = row.stays;
        region.grows_into = row.grows_into;
        region.inside = row.inside;
        region.source = row.source;
        regions.push(region);
    }
    let source = file.name.as_ref().map_or("layout file".to_owned(), |name| format!("board {name}"));
    let layout = Layout { regions, chip_size: file.chip_size, source, ..Layout::default() }.nested();
    if let Some(note) = layout.notes.first() {
        return Err(fault(&what, note.clone()));
    }
    let mut regions = layout.regions;
    for row in file.per_unit {
        let span = inside(row.offset, row.size, chip_size);
        let home = span.and_then(|s| regions.iter_mut().rev().find(|r| r.span.covers(s)));
        let (Some(span), Some(home)) = (span, home) else {
            return Err(fault(&what, format!("{} is not inside one region", row.name)));
        };
        let format = row.format.as_deref().map_or(Some(Format::RAW), Format::named);
        let format = format.ok_or_else(|| {
            fault(&what, format!("the form of {} is not known: {}", row.name, row.format.unwrap_or_default()))
        })?;
        let mut unit = PerUnit::new(row.name, span, row.kind, format);
        (unit.chips, unit.keep, unit.own) = (row.chips, row.keep, row.own);
        home.per_unit.push(unit);
    }
    let name = file.name.unwrap_or_else(|| "layout".to_owned());
    Ok(Board {
        model: file.model.unwrap_or_else(|| name.clone()),
        name,
        soc: file.soc,
        compatible: file.compatible,
        layout: Layout { regions, ..layout },
        chip_size,
        hardware: file.hardware,
        recovery: file.recovery,
        chips: file.chips,
        notes: file.notes,
    })
}

fn inside(offset: u64, size: u64, chip_size: u64) -> Option<Span> {
    Span::at(offset, size).filter(|s| !s.is_empty() && s.end <= chip_size)
}

fn fault(what: &str, why: String) -> ImageError {
    ImageError::BadFile { what: what.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::layouts::user::write;
    use proptest::prelude::*;

    const TEXT: &str = "name = \"b\"\nchip_size = 0x100000\ncompatible = [\"a,b\"]\n\n[[region]]\nname = \"art\"\n\
        offset = 0xf0000\nsize = 0x10000\nread_only = true\n\n[[per_unit]]\nname = \"MAC\"\noffset = 0xf0006\n\
        size = 6\nkind = \"mac\"\nformat = \"mac-bytes\"\nkeep = true\nown = true\n\n[[hardware]]\nid = 1\nrev = 2\n\
        add = [3]\nsource = \"s\"\n\n[recovery]\nkind = \"from-0\"\nend = 0x80000\nsource = \"s\"\n";

    fn taken(text: &str) -> Result<(), TestCaseError> {
        let Ok(board) = parse(text) else { return Ok(()) };
        prop_assert!(
            board.layout.regions.iter().all(|r| !r.span.is_empty() && r.span.end <= board.chip_size)
        );
        prop_assert!(board.layout.per_unit().all(|(r, unit)| r.span.covers(unit.span)));
        prop_assert_eq!(parse(&write(&board.layout).unwrap()).unwrap().layout.regions, board.layout.regions);
        Ok(())
    }

    #[test]
    fn a_flash_larger_than_any_is_refused() {
        for size in [LARGEST_FLASH + 1, i64::MAX as u64] {
            let error = parse(&TEXT.replace("0x100000", &size.to_string())).unwrap_err().to_string();
            assert!(error.contains("the largest are 0x40000000"), "{error}");
            let layout = Layout { regions: vec![Region::new("a", Span::new(0, size))], ..Layout::default() };
            let error = Board::from_layout("b", layout).unwrap_err().to_string();
            assert!(error.contains("the largest are 0x40000000"), "{error}");
        }
    }

    #[test]
    fn every_form_of_the_units_data_is_written_and_read_again() {
        for name in ["raw", "mac-bytes", "mtk-eeprom", "ar9300", "gbe", "text"] {
            let board = parse(&TEXT.replace("mac-bytes", name)).unwrap();
            assert_eq!(board.layout.per_unit().next().unwrap().1.format.name(), name);
            assert_eq!(parse(&write(&board.layout).unwrap()).unwrap().layout.regions, board.layout.regions);
        }
        let error = parse(&TEXT.replace("mac-bytes", "other")).unwrap_err().to_string();
        assert!(error.contains("MAC") && error.contains("other"), "{error}");
    }

    #[test]
    fn the_whole_form_is_read() {
        let board = parse(TEXT).unwrap();
        let unit = board.layout.per_unit().next().unwrap().1;
        assert!(unit.own && unit.keep && board.recovery.is_some());
        taken(TEXT).unwrap();
    }

    proptest! {
        /// Any text, and a good one with a few characters changed: no panic, no region outside of the chip.
        #[test]
        fn any_text_is_taken(
            text in "(\\[\\[(region|per_unit|hardware)\\]\\]\n|\\[recovery\\]|(name|offset|size|chip_size|kind|format|chips|add|role) ?= ?|0x[0-9a-f]{1,16}|\"[ -~]{0,9}\"|[ -~\n]){0,40}",
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>()), 0..4),
            offset in any::<u64>(),
            size in any::<u64>(),
        ) {
            let mut edited: Vec<char> = TEXT.chars().collect();
            for (at, new) in edits {
                let at = at.index(edited.len());
                edited[at] = new;
            }
            taken(&text)?;
            taken(&String::from_utf8_lossy(&bytes))?;
            taken(&edited.into_iter().collect::<String>())?;
            taken(&format!("[[region]]\nname = \"a\"\noffset = {offset}\nsize = {size}\n"))?;
        }
    }
}

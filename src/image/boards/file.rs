//! The form of a board file.

use serde::Deserialize;

use crate::image::board::{Board, Hardware, Recovery};
use crate::image::error::{ImageError, toml_fault};
use crate::image::layout::{Format, Layout, PerUnit, Region, Role, Source, UnitKind};
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
    #[serde(default)]
    format: FormatName,
    #[serde(default)]
    chips: Vec<u16>,
    #[serde(default)]
    keep: bool,
    /// For whoever reads the file.
    #[serde(rename = "source")]
    _source: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
enum FormatName {
    #[default]
    Raw,
    MacBytes,
    MtkEeprom,
    Ar9300,
    Text,
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
    let mut regions = Vec::with_capacity(file.region.len());
    for row in file.region {
        let span = inside(row.offset, row.size, chip_size)
            .ok_or_else(|| fault(&what, format!("region {} is not inside the chip", row.name)))?;
        let mut region = Region::named(row.name, span);
        region.read_only = row.read_only;
        region.role = row.role.unwrap_or(region.role);
        region.default = row.default.map_or(region.default, |text| Source::parse(&text));
        region.blank_without_donor = row.blank_without_donor;
        region.grows_into = row.grows_into;
        region.inside = row.inside;
        region.source = row.source;
        regions.push(region);
    }
    let source = file.name.as_ref().map_or("layout file".to_owned(), |name| format!("board {name}"));
    let layout = Layout { regions, chip_size: file.chip_size, source, notes: Vec::new() }.settle();
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
        let format = match row.format {
            FormatName::Raw => Format::Raw,
            FormatName::MacBytes => Format::MacBytes,
            FormatName::MtkEeprom => Format::MtkEeprom { chips: row.chips },
            FormatName::Ar9300 => Format::Ar9300,
            FormatName::Text => Format::Text,
        };
        home.per_unit.push(PerUnit { name: row.name, span, kind: row.kind, format, keep: row.keep });
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

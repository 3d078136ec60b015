//! The form of a board file.

use serde::Deserialize;

use crate::image::board::{Board, Hardware, Recovery};
use crate::image::error::ImageError;
use crate::image::layout::{Format, Layout, PerUnit, Region, Role, Source, UnitKind};
use crate::span::Span;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    model: String,
    #[serde(default)]
    soc: String,
    chip_size: u64,
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
    #[serde(default)]
    role: Role,
    default: String,
    #[serde(default)]
    blank_without_donor: bool,
    grows_into: Option<String>,
    source: String,
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
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
enum FormatName {
    #[default]
    Raw,
    MacBytes,
    MtkEeprom,
    Ar9300,
}

/// Reads a board file.
///
/// # Errors
/// What is wrong with it: not TOML, an unknown key, a region outside the chip or over another one.
pub fn parse(text: &str) -> Result<Board, ImageError> {
    let file: File = toml::from_str(text).map_err(|e| fault("a board file", e.to_string()))?;
    let what = format!("the board file of {}", file.name);
    let mut regions = Vec::with_capacity(file.region.len());
    for row in file.region {
        let span = inside(row.offset, row.size, file.chip_size)
            .ok_or_else(|| fault(&what, format!("region {} is not inside the chip", row.name)))?;
        regions.push(Region {
            name: row.name,
            span,
            read_only: row.read_only,
            role: row.role,
            default: Source::parse(&row.default),
            blank_without_donor: row.blank_without_donor,
            grows_into: row.grows_into,
            per_unit: Vec::new(),
            source: Some(row.source),
        });
    }
    for pair in regions.windows(2) {
        if pair[1].span.start < pair[0].span.end {
            return Err(fault(&what, format!("region {} starts inside {}", pair[1].name, pair[0].name)));
        }
    }
    for row in file.per_unit {
        let span = inside(row.offset, row.size, file.chip_size);
        let home = span.and_then(|s| regions.iter_mut().find(|r| r.span.covers(s)));
        let (Some(span), Some(home)) = (span, home) else {
            return Err(fault(&what, format!("{} is not inside one region", row.name)));
        };
        let format = match row.format {
            FormatName::Raw => Format::Raw,
            FormatName::MacBytes => Format::MacBytes,
            FormatName::MtkEeprom => Format::MtkEeprom { chips: row.chips },
            FormatName::Ar9300 => Format::Ar9300,
        };
        home.per_unit.push(PerUnit { name: row.name, span, kind: row.kind, format, keep: row.keep });
    }
    let layout = Layout {
        regions,
        chip_size: Some(file.chip_size),
        source: format!("board {}", file.name),
        notes: Vec::new(),
    };
    Ok(Board {
        name: file.name,
        model: file.model,
        soc: file.soc,
        compatible: file.compatible,
        layout,
        chip_size: file.chip_size,
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

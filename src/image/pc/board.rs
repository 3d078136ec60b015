//! A board made of what a PC's dump and its donors hold: the descriptor's regions, and in the BIOS's what stays the
//! board's own.

use std::borrow::Cow;

use super::bios::Bios;
use super::claims::{self, Block, Claim, Whose};
use super::flash::{BIOS, bios_in, bios_span};
use super::identity::{What, values};
use super::judge::is_other_kind;
use super::models::models;
use crate::image::boards::Board;
use crate::image::checks::Advice;
use crate::image::container::intel::descriptor::{self, Part};
use crate::image::donor::recognised::Recognised;
use crate::image::error::ImageError;
use crate::image::is_blank;
use crate::image::layout::{Format, Layout, PerUnit, Region, Role, Source, UnitKind};
use crate::image::layouts::ifd;
use crate::span::Span;

/// The name of such a board.
pub const NAME: &str = "pc";

/// The board that `dump` is of, where it is a PC's; donors say what of the BIOS is the release's where the dump's own is
/// broken.
///
/// # Errors
/// Where the dump is one half of a flash, or cut short.
pub fn recognise(dump: &[u8], donors: &[&[u8]]) -> Result<Option<Recognised>, ImageError> {
    if is_blank(dump) {
        return Ok(None);
    }
    let (size, own_map) = (dump.len() as u64, descriptor::parse(dump, 0));
    if let Some(found) = &own_map {
        match found.part(size) {
            Part::Whole => {}
            Part::FirstChip => return Err(half(&found.chips)),
            Part::DescriptorAlone | Part::Cut => return Ok(None),
        }
    }
    // A dump that lost its descriptor is mapped by a donor's: whether that is taken is judged with the splice.
    let mapped: Option<&[u8]> = match own_map {
        Some(_) => Some(dump),
        None => donors.iter().copied().find(|donor| is_whole(donor, size)),
    };
    let Some(span) = mapped.map_or(Some(Span::new(0, size)), bios_span) else { return Ok(None) };
    let Some(own) = bios_in(dump, size, span) else { return Ok(None) };
    let theirs = donors.iter().find_map(|donor| bios_in(donor, size, span).filter(Bios::is_firmware));
    // Without a descriptor of its own, only its volumes say that it is a PC's.
    if !own.is_firmware() && (own_map.is_none() || theirs.is_none()) {
        return Ok(None);
    }
    let mut layout = match mapped {
        Some(flash) => ifd::parse(flash).unwrap_or_default(),
        None => Layout { regions: vec![Region::new(BIOS, span)], ..Layout::default() },
    };
    let Some(bios) = layout.regions.iter_mut().find(|region| region.name == BIOS) else { return Ok(None) };
    bios.default = Source::Donor("donor".to_owned());
    // Firmware of another kind has nothing of the own one's at its places.
    if !theirs.as_ref().is_some_and(|theirs| is_other_kind(&own, theirs)) {
        layout.regions.extend(own_regions(&own, theirs.as_ref(), span));
    }
    layout.chip_size = Some(size);
    layout.source = match (&own_map, mapped) {
        (Some(_), _) => "Intel flash descriptor and what its BIOS holds".to_owned(),
        (None, Some(_)) => "Intel flash descriptor of a donor and what its BIOS holds".to_owned(),
        (None, None) => "volumes of its firmware".to_owned(),
    };
    let mut by = vec![layout.source.clone()];
    let mut board = Board::from_layout(NAME, layout.nested())?;
    let names = models(&own);
    if let Some(model) = names.first().or(theirs.as_ref().map(models).unwrap_or_default().first()) {
        by.push(format!("{} names {}", model.by, model.board));
        board.model = model.board.clone();
    }
    Ok(Some(Recognised { board: Cow::Owned(board), by, named: true }))
}

/// True for a dump of all of a flash of `size` bytes with a descriptor.
fn is_whole(file: &[u8], size: u64) -> bool {
    let found = descriptor::parse(file, 0).filter(|_| file.len() as u64 == size);
    found.is_some_and(|found| found.end() <= size)
}

/// The dump is the first of two chips.
fn half(chips: &[u64]) -> ImageError {
    let sum: u64 = chips.iter().sum();
    ImageError::Undecided {
        why: format!(
            "the dump is the first of two chips that its descriptor maps as one flash of {sum:#x} bytes"
        ),
        advice: Advice::BothDumps,
    }
}

/// The regions in the BIOS's that stay the board's own, by either dump.
fn own_regions(own: &Bios, donor: Option<&Bios>, bios: Span) -> Vec<Region> {
    let mut claims = claims::claims(own);
    for theirs in donor.map(claims::claims).unwrap_or_default() {
        if !claims.iter().any(|claim| claim.span.overlaps(theirs.span)) {
            claims.push(theirs);
        }
    }
    let blocks = donor.map(|donor| claims::blocks(own, donor)).unwrap_or_default();
    let values = values(own);
    let mut regions: Vec<Region> = Vec::new();
    claims.sort_by_key(|claim| claim.span);
    let named = claims.into_iter().map(|Claim { span, name, whose }| {
        (span, name, if whose == Whose::Variables { Role::Settings } else { Role::Unit })
    });
    let unnamed = blocks.into_iter().map(|(span, block)| {
        let role = if block == Block::Own { Role::Unit } else { Role::Other };
        (span, format!("block-{:x}", bios.start + span.start), role)
    });
    for (span, name, role) in named.chain(unnamed) {
        let same = regions.iter().filter(|region| stem(&region.name) == name).count();
        let name = if same == 0 { name } else { format!("{name}-{}", same + 1) };
        let mut region = Region::new(name, span.shifted(bios.start));
        (region.role, region.stays) = (role, true);
        region.per_unit = values
            .iter()
            .filter(|value| span.covers(value.span))
            .map(|value| {
                let (kind, format) = form(value.what);
                let unit = PerUnit::new(value.what.name(), value.span.shifted(bios.start), kind, format);
                // A new address is written into the Ethernet part alone: what else has it has sums of its own.
                PerUnit { fixed: value.what == What::Mac, ..unit }
            })
            .collect();
        regions.push(region);
    }
    regions
}

/// A name without the number that distinguishes it from the first of that name.
fn stem(name: &str) -> &str {
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    name[..name.len() - digits].strip_suffix('-').filter(|_| digits > 0).unwrap_or(name)
}

/// How a value is shown.
fn form(what: What) -> (UnitKind, Format) {
    match what {
        What::Serial | What::BoardSerial | What::ChassisSerial | What::HardwareCode => {
            (UnitKind::Serial, Format::TEXT)
        }
        What::Uuid => (UnitKind::Uuid, Format::UUID),
        What::WindowsKey => (UnitKind::Key, Format::KEY),
        What::Mac => (UnitKind::Mac, Format::TEXT),
    }
}

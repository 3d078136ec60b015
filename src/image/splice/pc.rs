//! The class of the PCs: what is judged of their splice, with the facts that the splice has.

use super::parties::Parties;
use super::product::Product;
use super::resolve::Resolved;
use crate::image::checks::{DESCRIPTOR_LOST, DONOR_BLANK_UNIT, Finding, NVRAM_ERASED};
use crate::image::container::intel::{descriptor, gbe};
use crate::image::container::placeholder;
use crate::image::layout::{Role, Source};
use crate::image::pc::bios::Bios;
use crate::image::pc::flash::{BIOS, bios_in, bios_span};
use crate::image::pc::identity::values;
use crate::image::pc::judge;
use crate::image::pc::missing;
use crate::image::unit::mac_text;
use crate::span::Span;

/// True where the result or the base is a PC's.
pub(super) fn is_one(product: &Product, parties: &Parties) -> bool {
    let by_map = [parties.base, product.chip].into_iter().any(|flash| descriptor::parse(flash, 0).is_some());
    by_map || parties.board.layout.region(BIOS).is_some()
}

/// Everything that is judged on a PC alone.
pub(super) fn judge(product: &Product, parties: &Parties) -> Vec<Finding> {
    let (base, chip) = (parties.base, product.chip);
    let mut found: Vec<Finding> = descriptor_lost(base, chip, parties).into_iter().collect();
    found.extend(parties.resolved.iter().flat_map(|r| taken(base, chip, product, r)));
    let mapped = if descriptor::parse(chip, 0).is_some() { chip } else { base };
    let by_layout = || parties.board.layout.region(BIOS).map(|region| region.span);
    let span = match descriptor::parse(mapped, 0) {
        Some(_) => bios_span(mapped),
        None => by_layout(),
    };
    let Some(span) = span else { return found };
    let (Some(ours), Some(new)) = (span.of(base), span.of(chip)) else { return found };
    let (own, result) = (Bios::read(ours, span.start), Bios::read(new, span.start));
    // A map of regions alone, over what is no PC's firmware, says nothing of it.
    let is_pc = own.is_firmware() || parties.board.layout.regions.iter().any(|region| region.stays);
    if let Some((donor, name)) = donor_of(parties, span).filter(|(donor, _)| is_pc || donor.is_firmware()) {
        let what = format!("donor '{name}'");
        found.extend(judge::kinship(&own, &donor, &what));
        found.extend(missing::hidden_parts(&donor, &result, span.start, &what));
        let same_kind = !judge::is_other_kind(&own, &donor);
        found.extend(missing::tables(&own, &result, same_kind));
        found.extend(judge::signed(&own, &donor, &result, &what));
        let said = |block: Span| parties.resolved.iter().any(|r| r.said && r.region.span == block);
        if same_kind {
            found.extend(judge::unnamed(&own, &donor, span.start, said));
        }
    }
    let edited = |claim: Span| product.edited.iter().any(|edited| claim.covers(*edited));
    let decided = |claim: Span| {
        edited(claim) || parties.deciding(claim).is_some_and(|r| r.region.span == claim && r.said)
    };
    found.extend(judge::replaced(&own, &result, span.start, decided));
    found.extend(judge::hidden(&own, &result, span.start));
    found.extend(erased(&own, &result, span.start, parties));
    found.extend(judge::own_faults(&own));
    found.extend(judge::damaged_stores(&own, &result, span.start));
    found.extend(own_me(base, chip).and_then(judge::unread_me));
    found.extend(judge::proof(&own, &result, span.start));
    found
}

/// The donor that the last bytes of the BIOS come from, from which the board starts.
fn donor_of<'d>(parties: &Parties<'d>, bios: Span) -> Option<(Bios<'d>, &'d str)> {
    let start = Span::new(bios.end.saturating_sub(0x10), bios.end);
    let donor = parties.deciding(start)?.donor?;
    let (bytes, size) = (donor.donor.bytes.as_slice(), parties.base.len() as u64);
    let found = bios_in(bytes, size, bios).or_else(|| {
        // A file of another size, of which the region's bytes alone are known.
        parties.deciding(start)?.piece.map(|piece| Bios::read(piece.bytes, bios.start))
    })?;
    Some((found, donor.donor.name.as_str()))
}

/// The own dump has no descriptor and the donor has one: the board does not start without.
fn descriptor_lost(base: &[u8], chip: &[u8], parties: &Parties) -> Option<Finding> {
    let has = |flash: &[u8]| descriptor::parse(flash, 0).is_some();
    let whole = |bytes: &[u8]| bytes.len() == base.len() && has(bytes);
    if has(base) {
        return None;
    }
    let donor = parties.donors.iter().find(|donor| whole(&donor.donor.bytes))?;
    if has(chip) {
        return Some(DESCRIPTOR_LOST.found_as(
            crate::image::checks::Severity::Tell,
            format!(
                "the own descriptor is lost: {}'s takes its place, straps of the chipset included",
                donor.donor.name
            ),
        ));
    }
    Some(DESCRIPTOR_LOST.found(format!(
        "the board's own dump starts with no Intel descriptor, that of {} with one: the own one is lost or was not read \
         right; read again, or take fd from the donor",
        donor.donor.name
    )))
}

/// The ME region that the own descriptor gives it, where it stays as it is.
fn own_me<'d>(base: &'d [u8], chip: &[u8]) -> Option<&'d [u8]> {
    let span = descriptor::parse(base, 0)?.region("me")?;
    span.of(base).filter(|own| Some(*own) == span.of(chip))
}

/// What is judged of one region that does not stay as it is.
fn taken(base: &[u8], chip: &[u8], product: &Product, r: &Resolved) -> Vec<Finding> {
    let span = r.region.span;
    let (Some(before), Some(after)) = (span.of(base), span.of(chip)) else { return Vec::new() };
    match (&r.source, r.region.name.as_str()) {
        (Source::Donor(name), "me") if !r.inherited => {
            judge::me_taken(before, after, &format!("donor '{name}'"))
        }
        (Source::Donor(name), "gbe") if !product.edited.iter().any(|edited| span.covers(*edited)) => {
            let mac = gbe::mac(after).filter(|mac| placeholder::name(mac).is_some());
            let words = |mac| {
                DONOR_BLANK_UNIT.found(format!(
                    "the address in gbe of {name} is {}, a stub that every delivered file has, and no unit's MAC: give \
                     an address with it",
                    mac_text(mac)
                ))
            };
            mac.map(words).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// What is lost with a store of variables that is emptied.
fn erased(own: &Bios, result: &Bios, at: u64, parties: &Parties) -> Vec<Finding> {
    let is_it =
        |r: &&Resolved| r.source == Source::Blank && r.region.role == Role::Settings && r.region.stays;
    let mut values = values(own);
    values.retain(|value| value.span.of(own.bytes) != value.span.of(result.bytes));
    let words = |r: &Resolved| {
        let inside = values.iter().filter(|value| r.region.span.covers(value.span.shifted(at)));
        let lost: Vec<&str> = inside.map(|value| value.what.name()).collect();
        let lost =
            if lost.is_empty() { String::new() } else { format!(", and this unit's {}", lost.join(", ")) };
        NVRAM_ERASED.found(format!(
            "the variables in {} are erased: boot entries, Secure Boot keys, passwords and settings are lost{lost}",
            r.region.name
        ))
    };
    parties.resolved.iter().filter(is_it).map(words).collect()
}

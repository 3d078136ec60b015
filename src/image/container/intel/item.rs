//! The flash descriptor as an inspection shows it, with what its regions hold.

use serde_json::{Value, json};

use super::descriptor::{Descriptor, LEN, Part, SIGNATURE_PLACES, parse};
use super::{gbe, me};
use crate::image::container::budget::Look;
use crate::image::container::item::{Found, Item, ItemKind, Outcome};
use crate::span::Span;

/// The kind of a descriptor's item.
pub const KIND: ItemKind = ItemKind::new("ifd");

/// Reads the descriptor whose signature is at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let bytes = look.bytes;
    let start =
        SIGNATURE_PLACES.into_iter().filter_map(|o| at.checked_sub(o)).find(|s| s.is_multiple_of(0x1000))?;
    let descriptor = parse(bytes, start)?;
    let flash = &bytes[start..];
    let list: Vec<Value> = descriptor
        .regions
        .iter()
        .map(|(name, span)| json!({ "name": name, "offset": span.start, "size": span.len() }))
        .collect();
    let part = descriptor.part(flash.len() as u64);
    let (result, detail) = regions(&descriptor, part);
    let item = Item::new(KIND, start as u64, LEN)
        .with("version", descriptor.generation.name())
        .with_some("chips", (!descriptor.chips.is_empty()).then(|| descriptor.chips.clone()))
        .with_some("part", (part == Part::FirstChip).then_some("the first of two chips"))
        .with("regions", list)
        .check("regions", result, detail);
    let there = |name: &str| descriptor.region(name).and_then(|span| span.of(flash));
    let item = match there("gbe") {
        Some(region) => gbe::describe(item, region),
        None => item,
    };
    Some(Found::leaf(match there("me") {
        Some(region) => check_me(item, region),
        None => item,
    }))
}

/// Whether the regions lie apart and in the file.
fn regions(descriptor: &Descriptor, part: Part) -> (Outcome, String) {
    if !descriptor.is_disjoint() {
        return (Outcome::Bad, "regions overlap".to_owned());
    }
    let past = |span: Span, len: u64| span.end > len;
    match part {
        Part::Whole if descriptor.bios_covers_all => (
            Outcome::CannotTell,
            "the BIOS region covers all others: it is taken to start after them".to_owned(),
        ),
        Part::Whole => (Outcome::Ok, String::new()),
        Part::DescriptorAlone => {
            (Outcome::CannotTell, "the descriptor alone, without its regions".to_owned())
        }
        Part::FirstChip => {
            let len = descriptor.chips[0];
            let after = descriptor.regions.iter().filter(|(_, span)| past(*span, len)).map(|(name, _)| *name);
            let names: Vec<&str> = after.collect();
            (
                Outcome::CannotTell,
                format!("the first of two chips: {} ends in the second one", names.join(", ")),
            )
        }
        Part::Cut => (Outcome::Bad, "a region ends past the file".to_owned()),
    }
}

/// Compares the ME's own partitions with the region that the descriptor gives it.
fn check_me(item: Item, region: &[u8]) -> Item {
    let form = match me::read(region) {
        me::Me::Known(form, _) => form,
        me::Me::Blank => return item.with("me", "blank"),
        me::Me::Unknown => {
            let why = "neither $FPT nor a layout table of a version known here: whether it fits its region is not known";
            return item.with("me", "of no known form").check("me", Outcome::CannotTell, why);
        }
    };
    let item = item.with("me", form.to_string());
    match me::overrun(region) {
        None => item.check("me", true, ""),
        Some(partition) => item.check(
            "me",
            false,
            format!(
                "its partition {} ends at {:#x} and its region at {:#x}: descriptor and ME are not of one flash",
                partition.name,
                partition.end,
                region.len()
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Made, PC, flash};
    use super::*;

    fn item(bytes: &[u8]) -> Item {
        find(&mut Look::new(bytes), 0x10).unwrap().item
    }

    #[test]
    fn a_flash_with_its_gbe_address() {
        let mut bytes = flash();
        let whole = item(&bytes);
        assert!(whole.is_sound(), "{whole:?}");
        assert_eq!(whole.attributes["gbe_mac"], "00:1b:21:01:02:03");
        assert_eq!(whole.attributes["version"], "1");
        let cut = item(&bytes[..0x8000]);
        assert!(cut.checks[0].detail.contains("past the file"));
        bytes[0x1003] ^= 1;
        assert!(!item(&bytes).is_sound());
    }

    #[test]
    fn the_descriptor_alone_and_the_first_of_two_chips_are_not_bad() {
        assert!(item(&flash()[..0x1000]).is_sound());
        let made = Made { chips: 2, components: 1, ..Made::old(&[(0, 0, 0x1000), (1, 0x1000, 0x18_0000)]) };
        let mut bytes = made.bytes();
        bytes.resize(0x10_0000, 0x31);
        let half = item(&bytes);
        assert!(half.is_sound(), "{half:?}");
        assert_eq!(half.attributes["part"], "the first of two chips");
        bytes.truncate(0xf_f000);
        assert!(!item(&bytes).is_sound());
    }

    #[test]
    fn an_me_longer_than_its_region_contradicts_the_descriptor() {
        let mut bytes = flash();
        let me = me::tests::region(0x5000, &[("FTPR", 0x1000, 0x4000)]);
        bytes[0x3000..0x8000].copy_from_slice(&me);
        assert_eq!(item(&bytes).result("me"), Some(Outcome::Ok));
        let shorter = [(0, 0, 0x1000), (1, 0x6000, 0x1_0000), (2, 0x3000, 0x6000), (3, 0x1000, 0x3000)];
        bytes[..0x1000].copy_from_slice(&Made::old(&shorter).bytes());
        assert_eq!(item(&bytes).result("me"), Some(Outcome::Bad));
        bytes[..0x1000].copy_from_slice(&Made::old(&PC).bytes());
        assert_eq!(item(&bytes).result("me"), Some(Outcome::Ok));
    }
}

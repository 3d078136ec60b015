//! The result of an inspection, and how it is put together.

use serde::Serialize;

use super::gaps::{self, Gap};
use super::loaders;
use super::scan::{MOST_ITEMS, scan};
use crate::image::container::budget::Look;
use crate::image::container::item::{Check, Item, ItemKind, Outcome};
use crate::image::container::{sysupgrade, tplink, uboot_env};
use crate::image::devicetree::{self, BoardTree};
use crate::image::donor::dump::repeats;
use crate::image::donor::form::other_form;
use crate::image::donor::recognise::recognise_by;
use crate::image::donor::recognised::Recognised;
use crate::image::is_blank;
use crate::image::layouts::text_layout;
use crate::image::pc;
use crate::span::Span;

/// What a file contains.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// What the file is: `dump`, `blank`, the kind of the one item that it is, `flash-image` for other files made
    /// of known things, or `unknown`.
    pub what: &'static str,
    /// Its length.
    pub size: u64,
    /// Checks of the file as a whole.
    pub checks: Vec<Check>,
    /// What was recognised, by offset; an item that holds others comes before them.
    pub items: Vec<Item>,
    /// What was not, by offset.
    pub gaps: Vec<Gap>,
    /// The boards' device trees in it, plain ones and those in packed kernels.
    #[serde(skip)]
    pub trees: Vec<BoardTree>,
}

/// Inspects a file, a dump or any other bytes.
pub fn inspect(bytes: &[u8]) -> Inspection {
    let mut look = Look::new(bytes);
    let found = scan(&mut look);
    let (mut items, mut covered, mut trees) = (found.items, found.covered, found.trees);
    trees.extend(devicetree::plain(bytes));
    trees.sort_by_key(|tree| tree.offset);
    add_sysupgrade(bytes, &mut items, &mut covered);
    if items.is_empty() {
        add_layout(bytes, &mut items, &mut covered);
    }
    covered.sort();
    let gaps = gaps::find(bytes, &covered);
    let said: Vec<u64> = items
        .iter()
        .filter(|item| tplink::KINDS.contains(&item.kind))
        .filter_map(|item| tplink::parse(bytes, item.offset)?.boot_offset())
        .collect();
    let gaps = loaders::take(bytes, gaps, &said, &mut items);
    items.extend(pc::item::summary(bytes));
    items.sort_by_key(|a| (a.offset, std::cmp::Reverse(a.size)));
    set_depths(&mut items);
    let mut checks = check_file(bytes, &items);
    if items.len() >= MOST_ITEMS {
        let detail = format!("{MOST_ITEMS} things found, the rest of the file was not looked at");
        checks.push(Check { name: "items".into(), result: Outcome::CannotTell, detail });
    }
    Inspection { what: what(bytes, &items, &gaps), size: bytes.len() as u64, checks, items, gaps, trees }
}

impl Inspection {
    /// The items of a kind.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.kind == kind)
    }

    /// The boards that `bytes`, which were inspected, may be a dump of, as [`recognise`](crate::image::recognise) has
    /// them; nothing is unpacked again.
    pub fn recognise(&self, bytes: &[u8]) -> Vec<Recognised> {
        recognise_by(bytes, self.trees.iter().map(|tree| tree.board.clone()))
    }

    /// True when no check of the file or an item is bad.
    pub fn is_sound(&self) -> bool {
        self.checks.iter().all(|c| c.result != Outcome::Bad) && self.items.iter().all(Item::is_sound)
    }
}

/// Makes one item of what fwtool appended and, where it is the tar kind, the tar.
fn add_sysupgrade(bytes: &[u8], items: &mut Vec<Item>, covered: &mut Vec<Span>) {
    let mut starts: Vec<usize> = items.iter().map(|item| item.offset as usize).collect();
    starts.sort_unstable();
    starts.dedup();
    let Some(mut item) = sysupgrade::describe(bytes, &starts) else { return };
    if let Some(at) = items.iter().position(|tar| tar.kind == item.kind && tar.offset == item.offset) {
        let tar = items.remove(at);
        let mut attributes = tar.attributes;
        attributes.extend(item.attributes);
        item.attributes = attributes;
        item.checks = [tar.checks, item.checks].concat();
    }
    covered.push(Span::new(sysupgrade::payload_len(bytes) as u64, bytes.len() as u64));
    items.push(item);
}

/// Names a text that is a layout: a boot log, `mtdparts=` or another one.
fn add_layout(bytes: &[u8], items: &mut Vec<Item>, covered: &mut Vec<Span>) {
    let Some((kind, layout)) = text_layout(bytes) else { return };
    let names: Vec<&str> = layout.regions.iter().map(|region| region.name.as_str()).collect();
    let item = Item::new(ItemKind::new(kind), 0, bytes.len() as u64).with("regions", names);
    let item = match layout.notes.is_empty() {
        true => item.check("reads", true, ""),
        false => item.check("reads", Outcome::CannotTell, layout.notes.join("; ")),
    };
    covered.push(Span::new(0, bytes.len() as u64));
    items.push(item);
}

/// Sets how many items each item lies in.
fn set_depths(items: &mut [Item]) {
    const DEEPEST: usize = 16;
    let mut ends: Vec<u64> = Vec::new();
    for item in items {
        while ends.last().is_some_and(|end| *end < item.end() || *end <= item.offset) {
            ends.pop();
        }
        item.depth = ends.len().min(DEEPEST);
        ends.push(item.end());
    }
}

/// Checks that only concern a dump as a whole.
fn check_file(bytes: &[u8], items: &[Item]) -> Vec<Check> {
    const SMALLEST_CHIP: usize = 0x10000;
    let mut checks = Vec::new();
    if bytes.is_empty() {
        checks.push(Check {
            name: "not-empty".into(),
            result: Outcome::Bad,
            detail: "the file has no bytes".to_owned(),
        });
        return checks;
    }
    let blank = is_blank(bytes);
    let detail = if blank { format!("every byte is {:02x}", bytes[0]) } else { String::new() };
    checks.push(Check { name: "not-blank".into(), result: (!blank).into(), detail });
    let start_is_known = items.iter().any(|item| item.offset == 0);
    if let Some(form) = (!start_is_known).then(|| other_form(bytes)).flatten() {
        let detail = format!("the file {form}");
        checks.push(Check { name: "byte-for-byte".into(), result: Outcome::Bad, detail });
    }
    if bytes.len().is_power_of_two() && bytes.len() >= SMALLEST_CHIP && !blank {
        // Two copies of an environment are meant to be alike.
        let pair =
            items.iter().any(|item| item.kind == uboot_env::KIND && item.end() * 2 == bytes.len() as u64);
        let period = repeats(bytes).filter(|_| !pair);
        let detail = period.map_or(String::new(), |period| {
            format!("the same again every {period:#x} bytes: a smaller chip read several times over?")
        });
        checks.push(Check { name: "halves-differ".into(), result: period.is_none().into(), detail });
    }
    checks
}

/// What the file as a whole is.
fn what(bytes: &[u8], items: &[Item], gaps: &[Gap]) -> &'static str {
    const SMALLEST_DUMP: usize = 0x4_0000;
    let len = bytes.len() as u64;
    let all_blank = !bytes.is_empty() && items.is_empty() && gaps.len() == 1 && gaps[0].kind == "blank";
    let whole = items.iter().find(|item| item.offset == 0 && item.depth == 0);
    // Filler may follow what the file is.
    let padded = |item: &Item| gaps.iter().all(|gap| gap.offset < item.end() || gap.kind == "blank");
    match whole {
        _ if all_blank => "blank",
        Some(item) if item.end() == len => item.kind.name(),
        _ if bytes.len().is_power_of_two() && bytes.len() >= SMALLEST_DUMP => "dump",
        Some(item) if padded(item) && items.iter().all(|other| other.end() <= item.end()) => item.kind.name(),
        _ if !items.is_empty() => "flash-image",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An environment as long as a partition: CRC over texts and filler.
    fn environment(size: usize) -> Vec<u8> {
        let mut bytes = b"\0\0\0\0bootdelay=3\0baudrate=115200\0\0".to_vec();
        bytes.resize(size, 0xff);
        let crc = crc32fast::hash(&bytes[4..]);
        bytes[..4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    #[test]
    fn two_equal_copies_of_an_environment_are_no_misread_chip() {
        let one = environment(0x1_0000);
        let pair = inspect(&[one.clone(), one.clone()].concat());
        assert!(pair.is_sound() && pair.of_kind("uboot-env").count() == 2, "{pair:#?}");
        let other = inspect(&[&one[..], &[0x5a; 0x1_0000][..]].concat().repeat(2));
        assert!(!other.is_sound());
        assert!(inspect(&environment(0x4_0000)).is_sound(), "the largest");
    }

    #[test]
    fn a_text_that_is_a_layout_is_named() {
        let log = b"[ 0.5] Creating 2 MTD partitions on \"spi0.0\":\r\n[ 0.5] 0x000000000000-0x000000020000 : \"boot\"\r\n";
        let found = inspect(log);
        assert_eq!(
            (found.what, found.items[0].kind.name(), found.items[0].size),
            ("boot-log", "boot-log", log.len() as u64)
        );
        assert_eq!(found.items[0].result("reads"), Some(Outcome::CannotTell), "one line is missing");
        let found = inspect(b"console=ttyS0 mtdparts=spi0.0:64k(u-boot)ro,64k(rom)\n");
        assert_eq!((found.what, found.is_sound(), found.gaps.len()), ("mtdparts", true, 0));
        assert_eq!(found.items[0].attributes["regions"], serde_json::json!(["u-boot", "rom"]));
        assert_eq!(inspect(b"a plain text (of no kind)\n").what, "unknown");
        assert!(inspect(b"a plain text (of no kind)\n").is_sound());
    }

    #[test]
    fn a_dump_in_another_form_is_told_of() {
        let chip = crate::image::synthetic::demo().board;
        assert!(inspect(&chip).is_sound());
        let swapped: Vec<u8> = chip.chunks(2).flat_map(|word| [word[1], word[0]]).collect();
        for bytes in [&swapped[..], b":10000000FF0000100000000000000000000000000000"] {
            let found = inspect(bytes);
            let check = found.checks.iter().find(|c| c.name == "byte-for-byte").unwrap();
            assert!(check.result == Outcome::Bad && !found.is_sound(), "{check:?}");
        }
    }

    #[test]
    fn an_item_lies_in_those_that_hold_all_of_it() {
        let places = [(0, 0x100), (0, 0x80), (0x10, 0x10), (0x70, 0x20), (0x90, 0x100), (0x200, 1)];
        let mut items: Vec<Item> =
            places.iter().map(|(at, len)| Item::new(ItemKind::new("x"), *at, *len)).collect();
        set_depths(&mut items);
        // The fourth reaches past the second and lies in the first; the fifth reaches past all.
        assert_eq!(items.iter().map(|i| i.depth).collect::<Vec<_>>(), [0, 1, 2, 1, 0, 0]);
    }
}

//! Trees written here after the published bindings, compiled with dtc.

use crate::image::container::dtb::{MAGIC, Tree};
use crate::image::devicetree::*;
use crate::span::Span;
use proptest::prelude::*;

const FIXED_LAYOUT: &[u8] = include_bytes!("../../../tests/data/dts/fixed-layout.dtb");
const OLDER: &[u8] = include_bytes!("../../../tests/data/dts/older.dtb");
const NESTED: &[u8] = include_bytes!("../../../tests/data/dts/nested.dtb");
const ADDRESSES: &[u8] = include_bytes!("../../../tests/data/dts/addresses.dtb");

fn board(dtb: &[u8]) -> TreeBoard {
    TreeBoard::read(&Tree::read(dtb).unwrap())
}

/// Cells as `kind partition start+len name users`.
fn cells(map: &FlashMap) -> Vec<String> {
    map.cells
        .iter()
        .map(|c| {
            let partition = &map.partitions[c.partition].name;
            let (start, len) = (c.span.start, c.span.len());
            format!("{:?} {partition} {start:#x}+{len:#x} {} {}", c.kind, c.name, c.users.join(" "))
        })
        .collect()
}

#[test]
fn a_fixed_layout_names_mac_and_calibration() {
    let board = board(FIXED_LAYOUT);
    assert_eq!(board.compatible, ["tplink,archer-mr200", "ralink,mt7620a-soc"]);
    assert_eq!(board.model.as_deref(), Some("TP-Link Archer MR200"));
    let map = board.map().unwrap();
    let parts: Vec<_> =
        map.partitions.iter().map(|p| (p.name.as_str(), p.span.start, p.span.end, p.read_only)).collect();
    assert_eq!(
        parts,
        [
            ("u-boot", 0, 0x20000, true),
            ("firmware", 0x20000, 0x7d0000, false),
            ("rom", 0x7d0000, 0x7e0000, true),
            ("romfile", 0x7e0000, 0x7f0000, true),
            ("radio", 0x7f0000, 0x800000, true),
        ]
    );
    assert_eq!(
        cells(map),
        [
            "Mac rom 0x7df100+0x6 mac-address /ethernet@10100000 /wmac@10180000 /wifi@0",
            "Calibration radio 0x7f0000+0x200 eeprom /wmac@10180000",
            "Calibration radio 0x7f8000+0x200 eeprom /wifi@0",
        ]
    );
    assert_eq!(map.cells_in(4).count(), 2);
}

#[test]
fn the_older_forms() {
    let board = board(OLDER);
    let map = board.map().unwrap();
    let parts: Vec<_> = map.partitions.iter().map(|p| (p.name.as_str(), p.span.start, p.read_only)).collect();
    assert_eq!(parts, [("u-boot", 0, true), ("factory", 0x40000, true), ("art", 0xff_0000, true)]);
    assert_eq!(
        cells(map),
        [
            "Mac factory 0x40004+0x6 mac-address /ethernet@10100000",
            "Mac u-boot 0x1fc00+0x6 mac-address /wmac@10180000 /wmac@18100000",
            "Calibration factory 0x48000+0x200 eeprom /wmac@10180000",
            "Calibration art 0xff1000+0x440 calibration /wmac@18100000",
        ]
    );
    let given: Vec<_> = map.cells.iter().map(|c| c.len_given).collect();
    assert_eq!(given, [true, true, false, true]);
}

#[test]
fn nested_partitions_and_cells_directly_in_one() {
    let board = board(NESTED);
    assert_eq!(board.maps.len(), 2);
    let map = board.map().unwrap();
    assert_eq!(map.node, "/spi/flash@1");
    let parts: Vec<_> = map.partitions.iter().map(|p| (p.name.as_str(), p.span, p.inside)).collect();
    assert_eq!(
        parts,
        [
            ("boot", Span::new(0x4_0000, 0x10_0000), None),
            ("spl", Span::new(0x4_0000, 0x8_0000), Some(0)),
            ("env", Span::new(0xc_0000, 0xe_0000), Some(0)),
            ("Factory", Span::new(0x10_0000, 0x11_0000), None),
        ]
    );
    assert_eq!(
        cells(map),
        [
            "Calibration Factory 0x101000+0x2f20 pre-calibration /wifi",
            "Mac Factory 0x100008+0x6 macaddr ",
            "Other Factory 0x100100+0x10 serial ",
        ]
    );
}

#[test]
fn trees_are_found_after_other_bytes_and_a_broken_one_is_not() {
    let mut image = vec![0x11; 0x123];
    image.extend(&MAGIC);
    image.extend(FIXED_LAYOUT);
    image.extend(NESTED);
    image[0x127 + FIXED_LAYOUT.len() + 0x40] = 0x77;
    let found = find(&image);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].offset, found[0].packed), (0x127, false));
}

proptest! {
    #[test]
    fn any_change_of_a_tree(
        which in 0usize..3,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = [FIXED_LAYOUT, OLDER, NESTED][which].to_vec();
        for (at, value) in &edits {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        if edits.len() % 2 == 1 {
            bytes.truncate(cut.index(bytes.len()));
        }
        for tree in find(&bytes) {
            for map in &tree.board.maps {
                prop_assert!(map.cells.iter().all(|cell| cell.partition < map.partitions.len()));
            }
        }
    }
}

#[test]
fn the_boards_own_address_is_the_one_on_its_label_else_its_ethernet_ports() {
    let map = |dtb: &[u8]| board(dtb).map().unwrap().clone();
    let own = |map: &FlashMap| map.own_mac.map(|index| map.cells[index].span.start);
    assert_eq!(own(&map(ADDRESSES)), Some(0x3_e006));
    // Without the alias: the first Ethernet port's, although a radio's address comes first.
    let mut unlabelled = ADDRESSES.to_vec();
    let at = memchr::memmem::find(&unlabelled, b"label-mac-device\0").unwrap();
    unlabelled[at] = b'L';
    assert_eq!(own(&map(&unlabelled)), Some(0x3_e000));
    assert_eq!(own(&map(FIXED_LAYOUT)), Some(0x7d_f100));
    assert_eq!(own(&map(NESTED)), None);
}

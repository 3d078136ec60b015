//! The flash map that a board's device tree describes: partitions, and where the unit's own bytes stand in them.
//!
//! An OpenWrt image carries the tree appended to its kernel, mostly packed with LZMA; a FIT image beside it. From
//! the tree: the `jedec,spi-nor` node's partitions (`fixed-partitions`, nested ones, or the older form without
//! that node), the nvmem cells in them and who uses them. Facts: Linux bindings mtd/partitions/fixed-partitions,
//! nvmem/layouts/fixed-layout, nvmem/nvmem-consumer; OpenWrt's older `mtd-mac-address`, `mtd-cal-data`,
//! `mediatek,mtd-eeprom`, `ralink,mtd-eeprom`.

use std::collections::HashMap;

use memchr::{memchr2_iter, memmem};
use serde::Serialize;

use super::container::dtb::{MAGIC, Tree, TreeNode};
use super::container::{lzma, packed, squashfs};
use super::item::{Item, Look};
use crate::span::Span;

/// A board's tree found in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardTree {
    /// Where it stands in the image; the packed stream's offset where it is packed.
    pub offset: u64,
    /// True when it was found in a packed stream.
    pub packed: bool,
    /// What it says.
    pub board: Board,
}

/// What a device tree says about a board and its flash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// The model's name, `TP-Link Archer MR200`.
    pub model: Option<String>,
    /// Names it is compatible with, its own first: `tplink,archer-mr200`.
    pub compatible: Vec<String>,
    /// One map for each SPI NOR chip.
    pub maps: Vec<FlashMap>,
}

/// The map of one chip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlashMap {
    /// Path of the chip's node.
    pub node: String,
    /// Its partitions in the tree's order, each before those that lie in it.
    pub partitions: Vec<Partition>,
    /// Bytes in them that something on the board reads.
    pub cells: Vec<Cell>,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its label, or its node's name where it has none.
    pub name: String,
    /// Where it lies in the chip.
    pub span: Span,
    /// True where the system may not write it.
    pub read_only: bool,
    /// Index of the partition it lies in.
    pub inside: Option<usize>,
}

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CellKind {
    /// A MAC address.
    Mac,
    /// A radio's calibration.
    Calibration,
    /// Something else.
    Other,
}

/// A range of bytes that the tree names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Index of its partition.
    pub partition: usize,
    /// Where it lies in the chip.
    pub span: Span,
    /// What it holds.
    pub kind: CellKind,
    /// The name its users give it, `mac-address`, or its node's.
    pub name: String,
    /// Paths of the nodes that use it.
    pub users: Vec<String>,
    /// False where the tree gives no length and the usual one of its kind was taken.
    pub len_given: bool,
}

/// The boards' trees in plain bytes, with their offsets; a FIT image's own tree is none.
pub fn trees_in(bytes: &[u8]) -> Vec<(usize, Tree<'_>)> {
    // Trees that break off far in, and those of no board, cost their length each.
    const MOST_VAIN: usize = 64;
    let mut found = Vec::new();
    let (mut next, mut vain) = (0, 0);
    for at in memmem::find_iter(bytes, &MAGIC) {
        if at < next || vain == MOST_VAIN {
            continue;
        }
        match Tree::read(&bytes[at..]) {
            Ok(tree) if tree.root().property("compatible").is_some() => {
                next = at + tree.len;
                found.push((at, tree));
            }
            Ok(_) | Err(_) => vain += 1,
        }
    }
    found
}

/// The boards' trees in an image, a dump or a vendor file, plain or in packed kernels.
pub fn find(image: &[u8]) -> Vec<BoardTree> {
    const MOST_UNPACKED: u64 = 64 << 20;
    let mut found: Vec<BoardTree> = trees_in(image)
        .iter()
        .map(|(at, tree)| BoardTree { offset: *at as u64, packed: false, board: Board::read(tree) })
        .collect();
    let file_systems = file_systems(image);
    let outside = |at: &usize| !file_systems.iter().any(|span| span.contains(*at as u64));
    let mut left = MOST_UNPACKED;
    let mut take = |at: usize, data: &[u8]| {
        found.extend(trees_in(data).iter().map(|(_, tree)| BoardTree {
            offset: at as u64,
            packed: true,
            board: Board::read(tree),
        }));
    };
    let (mut next, mut tries) = (0, lzma::MOST_TRIES);
    let [one, other] = lzma::USUAL_PROPERTIES;
    for at in memchr2_iter(one, other, image).filter(outside) {
        if at < next {
            continue;
        }
        let Some(unpacked) = lzma::unpack_usual(image, at, left, &mut tries) else { continue };
        left -= unpacked.data.len() as u64;
        if unpacked.complete {
            next = at + unpacked.used;
        }
        take(at, &unpacked.data);
    }
    for format in &packed::FORMATS {
        let starts = memmem::find_iter(image, format.magic).filter(outside).take(packed::MOST_TRIES as usize);
        for at in starts {
            let Some(unpacked) = format.unpack(image, at, left) else { continue };
            left -= unpacked.data.len() as u64;
            take(at, &unpacked.data);
        }
    }
    found.sort_by_key(|tree| tree.offset);
    found
}

/// Where file systems stand that are all there: they are full of packed streams, and no kernel is among them.
fn file_systems(image: &[u8]) -> Vec<Span> {
    const MOST: usize = 16;
    let mut look = Look::new(image);
    let (mut found, mut next): (Vec<Span>, u64) = (Vec::new(), 0);
    for at in memmem::find_iter(image, b"hsqs") {
        if found.len() == MOST || (at as u64) < next {
            continue;
        }
        let item = squashfs::find(&mut look, at).map(|found| found.item).filter(Item::is_sound);
        if let Some(span) = item.and_then(|item| Span::at(item.offset, item.size)) {
            next = span.end;
            found.push(span);
        }
    }
    found
}

impl Board {
    /// Reads what a tree says.
    pub fn read(tree: &Tree) -> Self {
        let texts = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        // No board has more chips; each costs a pass over the tree.
        const MOST_CHIPS: usize = 8;
        let chips =
            (0..tree.nodes.len()).filter(|i| tree.nodes[*i].is_compatible("jedec,spi-nor")).take(MOST_CHIPS);
        Self {
            model: tree.root().text("model").map(str::to_owned),
            compatible: texts(tree.root().texts("compatible")),
            maps: chips.map(|chip| FlashMap::read(tree, chip)).collect(),
        }
    }

    /// The map of the board's flash: of the chip with most partitions.
    pub fn map(&self) -> Option<&FlashMap> {
        self.maps.iter().filter(|map| !map.partitions.is_empty()).max_by_key(|map| map.partitions.len())
    }
}

impl FlashMap {
    /// Reads the map of the chip at node `chip`.
    pub fn read(tree: &Tree, chip: usize) -> Self {
        let map = Self { node: tree.path(chip), ..Self::default() };
        let mut reader = Reader { tree, map, nodes: Vec::new(), users: users(tree) };
        reader.partitions(chip, None);
        reader.layout_cells();
        reader.consumers();
        reader.map
    }

    /// The cells of the partition at `index`, and of those that lie in it.
    pub fn cells_in(&self, index: usize) -> impl Iterator<Item = &Cell> {
        let span = self.partitions.get(index).map(|p| p.span);
        self.cells.iter().filter(move |cell| span.is_some_and(|s| s.overlaps(cell.span)))
    }
}

/// Properties in which older trees name a partition, an offset and, in one case, a length.
const OLDER: [(&str, CellKind, &str); 4] = [
    ("mtd-mac-address", CellKind::Mac, "mac-address"),
    ("mtd-cal-data", CellKind::Calibration, "calibration"),
    ("mediatek,mtd-eeprom", CellKind::Calibration, "eeprom"),
    ("ralink,mtd-eeprom", CellKind::Calibration, "eeprom"),
];
/// More than any board has; they bound the work on hostile trees.
const MOST_PARTITIONS: usize = 256;
const MOST_CELLS: usize = 256;
const MAC_LEN: u64 = 6;
/// What the oldest chips read; newer ones read more, up to their partition's end.
const EEPROM_LEN: u64 = 0x200;

struct Reader<'a, 't> {
    tree: &'a Tree<'t>,
    map: FlashMap,
    /// For each partition its node.
    nodes: Vec<usize>,
    /// For each cell's node the names its users give it, with their paths.
    users: HashMap<usize, Vec<(String, String)>>,
}

/// Who uses which cell: by `nvmem-cells`, a handle and the arguments that the cell asks for, and their names.
fn users(tree: &Tree) -> HashMap<usize, Vec<(String, String)>> {
    let mut users: HashMap<usize, Vec<(String, String)>> = HashMap::new();
    for (index, node) in tree.nodes.iter().enumerate() {
        let words = node.words("nvmem-cells");
        let names = node.texts("nvmem-cell-names");
        let (mut at, mut nth) = (0, 0);
        while at < words.len() {
            let target = tree.by_phandle(words[at]);
            if let Some(target) = target {
                let name = names.get(nth).copied().unwrap_or("").to_owned();
                users.entry(target).or_default().push((name, tree.path(index)));
            }
            let arguments = target.and_then(|t| tree.nodes[t].word("#nvmem-cell-cells")).unwrap_or(0);
            at = at.saturating_add(1 + arguments as usize);
            nth += 1;
        }
    }
    users
}

impl Reader<'_, '_> {
    /// Adds the partitions that lie in `node`: the chip, or a partition that is itself divided.
    fn partitions(&mut self, node: usize, inside: Option<usize>) {
        let tree = self.tree;
        let base = inside.map_or(0, |i| self.map.partitions[i].span.start);
        let table = tree.child(node, "partitions").filter(|_| inside.is_none());
        let own = inside.is_some() && !tree.nodes[node].is_compatible("fixed-partitions");
        if own {
            return;
        }
        let holder = table.unwrap_or(node);
        for &child in &tree.nodes[holder].children {
            let part = &tree.nodes[child];
            let Some(span) = reg(&tree.nodes[holder], part) else { continue };
            if self.map.partitions.len() == MOST_PARTITIONS {
                return;
            }
            // The older form has partitions beside other nodes of the chip.
            if part.name.starts_with("nvmem-layout") {
                continue;
            }
            let index = self.map.partitions.len();
            self.map.partitions.push(Partition {
                name: part.text("label").unwrap_or(part.name.split('@').next().unwrap_or("")).to_owned(),
                span: span.shifted(base),
                read_only: part.property("read-only").is_some(),
                inside,
            });
            self.nodes.push(child);
            self.partitions(child, Some(index));
        }
    }

    /// Adds the cells that stand in partitions: in an `nvmem-layout`, or directly where the partition is one.
    fn layout_cells(&mut self) {
        for partition in 0..self.nodes.len() {
            let node = self.nodes[partition];
            let layout = self.tree.child(node, "nvmem-layout");
            let direct = self.tree.nodes[node].is_compatible("nvmem-cells").then_some(node);
            for holder in [layout, direct].into_iter().flatten() {
                for &cell in &self.tree.nodes[holder].children {
                    self.layout_cell(partition, holder, cell);
                }
            }
        }
    }

    fn layout_cell(&mut self, partition: usize, holder: usize, cell: usize) {
        let node = &self.tree.nodes[cell];
        if self.map.cells.len() == MOST_CELLS {
            return;
        }
        let Some(span) = reg(&self.tree.nodes[holder], node) else { return };
        let users = self.users.get(&cell).cloned().unwrap_or_default();
        let name = users.first().map_or(node.name.split('@').next().unwrap_or(""), |(name, _)| name);
        let kind = kind_of(name);
        let kind = if kind == CellKind::Other { kind_of(node.name) } else { kind };
        let found = Cell {
            partition,
            span: span.shifted(self.map.partitions[partition].span.start),
            kind,
            name: name.to_owned(),
            users: users.into_iter().map(|(_, path)| path).collect(),
            len_given: true,
        };
        self.map.cells.push(found);
    }

    /// Adds what older trees say at the nodes that use it.
    fn consumers(&mut self) {
        for index in 0..self.tree.nodes.len() {
            for (property, kind, name) in OLDER {
                let words = self.tree.nodes[index].words(property);
                let [handle, offset, rest @ ..] = words.as_slice() else { continue };
                if self.map.cells.len() == MOST_CELLS {
                    return;
                }
                let target = self.tree.by_phandle(*handle);
                let Some(partition) = target.and_then(|t| self.nodes.iter().position(|node| *node == t))
                else {
                    continue;
                };
                let given =
                    (property == "mtd-cal-data").then(|| rest.first().copied()).flatten().map(u64::from);
                let len = given.unwrap_or(if kind == CellKind::Mac { MAC_LEN } else { EEPROM_LEN });
                let base = self.map.partitions[partition].span.start;
                let Some(span) = Span::at(base.saturating_add(u64::from(*offset)), len) else { continue };
                let user = self.tree.path(index);
                let same = |c: &&mut Cell| c.partition == partition && c.span == span;
                if let Some(known) = self.map.cells.iter_mut().find(same) {
                    known.users.push(user);
                    continue;
                }
                let (name, users) = (name.to_owned(), vec![user]);
                let len_given = given.is_some() || kind == CellKind::Mac;
                self.map.cells.push(Cell { partition, span, kind, name, users, len_given });
            }
        }
    }
}

/// What a cell of this name holds.
fn kind_of(name: &str) -> CellKind {
    const MAC: [&str; 2] = ["mac-address", "macaddr"];
    const CALIBRATION: [&str; 5] = ["eeprom", "calibration", "pre-calibration", "precal", "cal"];
    let bare = name.split(['@', '_']).next().unwrap_or(name);
    if MAC.iter().any(|mac| bare.starts_with(mac)) {
        CellKind::Mac
    } else if CALIBRATION.contains(&bare) || name.starts_with("cal_") {
        CellKind::Calibration
    } else {
        CellKind::Other
    }
}

/// The first place of a node's `reg`, by the cell counts of the node it lies in.
fn reg(holder: &TreeNode, node: &TreeNode) -> Option<Span> {
    let words = node.words("reg");
    let count = |name| holder.word(name).unwrap_or(1) as usize;
    // Two words are offset and size whatever the holder says: some trees have the SPI bus's counts there.
    let (address, size) =
        if words.len() == 2 { (1, 1) } else { (count("#address-cells"), count("#size-cells")) };
    if !(1..=2).contains(&address) || !(1..=2).contains(&size) {
        return None;
    }
    let number = |words: &[u32]| words.iter().fold(0u64, |n, w| n << 32 | u64::from(*w));
    Span::at(number(words.get(..address)?), number(words.get(address..address + size)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIXED_LAYOUT: &[u8] = include_bytes!("../../tests/data/dts/fixed-layout.dtb");
    const OLDER: &[u8] = include_bytes!("../../tests/data/dts/older.dtb");
    const NESTED: &[u8] = include_bytes!("../../tests/data/dts/nested.dtb");

    fn board(dtb: &[u8]) -> Board {
        Board::read(&Tree::read(dtb).unwrap())
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
        let parts: Vec<_> =
            map.partitions.iter().map(|p| (p.name.as_str(), p.span.start, p.read_only)).collect();
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
    fn trees_are_found_behind_other_bytes_and_a_broken_one_is_not() {
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
}

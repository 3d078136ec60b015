//! The bytes in partitions that something on the board reads: nvmem cells and the older forms.

use std::collections::HashMap;

use super::model::{Cell, CellKind};
use super::partitions::{Reader, reg};
use crate::image::container::dtb::Tree;
use crate::span::Span;

/// Properties in which older trees name a partition, an offset and, in one case, a length.
const OLDER: [(&str, CellKind, &str); 4] = [
    ("mtd-mac-address", CellKind::Mac, "mac-address"),
    ("mtd-cal-data", CellKind::Calibration, "calibration"),
    ("mediatek,mtd-eeprom", CellKind::Calibration, "eeprom"),
    ("ralink,mtd-eeprom", CellKind::Calibration, "eeprom"),
];
/// More than any board has; they bound the work on hostile trees.
const MOST_CELLS: usize = 256;
const MAC_LEN: u64 = 6;
/// What the oldest chips read; newer ones read more, up to their partition's end.
const EEPROM_LEN: u64 = 0x200;

/// Who uses which cell: by `nvmem-cells`, a handle and the arguments that the cell asks for, and their names.
pub(super) fn users(tree: &Tree) -> HashMap<usize, Vec<(String, String)>> {
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
    /// Adds the cells in partitions: in an `nvmem-layout`, or directly where the partition is one.
    pub fn layout_cells(&mut self) {
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
    pub fn consumers(&mut self) {
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

    /// Notes which address is the board's own: `label-mac-device`'s, `ethernet0`'s, that of the first Ethernet port.
    pub fn own_mac(&mut self) {
        const PORTS: [&str; 6] = ["ethernet", "eth", "gmac", "mac", "lan", "wan"];
        let aliases = self.tree.child(0, "aliases").map(|node| &self.tree.nodes[node]);
        let alias = |name| aliases.and_then(|node| node.text(name));
        let is_port = |path: &str| {
            let node = path.rsplit('/').next().unwrap_or_default();
            PORTS.contains(&node.split('@').next().unwrap_or_default())
        };
        let used_by = |is_it: &dyn Fn(&str) -> bool| {
            let of_it = |c: &Cell| c.kind == CellKind::Mac && c.users.iter().any(|user| is_it(user));
            self.map.cells.iter().position(of_it)
        };
        let device = |path: &str| used_by(&|user| user == path);
        self.map.own_mac = alias("label-mac-device")
            .and_then(device)
            .or_else(|| alias("ethernet0").and_then(device))
            .or_else(|| used_by(&is_port));
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

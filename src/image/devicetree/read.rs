//! From a tree to what it says of the board and its flash.

use super::cells::users;
use super::model::{FlashMap, TreeBoard};
use super::partitions::Reader;
use crate::image::container::dtb::Tree;

impl TreeBoard {
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
}

impl FlashMap {
    /// Reads the map of the chip at node `chip`.
    pub fn read(tree: &Tree, chip: usize) -> Self {
        let map = Self { node: tree.path(chip), ..Self::default() };
        let mut reader = Reader { tree, map, nodes: Vec::new(), users: users(tree) };
        reader.partitions(chip, None);
        reader.layout_cells();
        reader.consumers();
        reader.own_mac();
        reader.map
    }
}

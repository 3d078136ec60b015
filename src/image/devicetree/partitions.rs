//! The partitions of a chip's node, nested ones too.

use std::collections::HashMap;

use super::model::{FlashMap, Partition};
use crate::image::container::dtb::{Tree, TreeNode};
use crate::span::Span;

/// More than any board has; they bound the work on hostile trees.
const MOST_PARTITIONS: usize = 256;

/// Reads a chip's map, step by step.
pub(super) struct Reader<'a, 't> {
    pub tree: &'a Tree<'t>,
    pub map: FlashMap,
    /// For each partition its node.
    pub nodes: Vec<usize>,
    /// For each cell's node the names its users give it, with their paths.
    pub users: HashMap<usize, Vec<(String, String)>>,
}

impl Reader<'_, '_> {
    /// Adds the partitions that lie in `node`: the chip, or a partition that is itself divided.
    pub fn partitions(&mut self, node: usize, inside: Option<usize>) {
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
}

/// The first place of a node's `reg`, by the cell counts of the node it lies in.
pub(super) fn reg(holder: &TreeNode, node: &TreeNode) -> Option<Span> {
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

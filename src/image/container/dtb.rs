//! Flattened device trees, read out of hostile bytes into a tree of slices in one pass.
//!
//! Names may have up to 255 characters: a third of the trees in use have more than the specification's 31. The depth is
//! bounded. Facts: Devicetree Specification v0.4, chapter 5.

use std::collections::HashMap;

use thiserror::Error;

use super::bytes::{Endianness::Big, slice, u32_at};
use super::item::{Item, ItemKind};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("dtb");

/// How a tree starts.
pub const MAGIC: [u8; 4] = [0xd0, 0x0d, 0xfe, 0xed];
pub(super) const HEADER_LEN: usize = 0x28;
/// No deeper tree is known; it bounds the work, which is length times depth.
const DEEPEST: usize = 32;
const LONGEST_NAME: usize = 255;

/// Why bytes are no device tree.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DtbError {
    /// They do not start with the magic number, or end before the header does.
    #[error("no device tree header")]
    Header,
    /// Another version.
    #[error("device tree of version {0}, version 17 is read")]
    Version(u32),
    /// The bytes end before the tree.
    #[error("the device tree says {said:#x} bytes, {found:#x} are there")]
    Short {
        /// Its length.
        said: usize,
        /// Bytes there are.
        found: usize,
    },
    /// A block lies outside.
    #[error("the device tree's {0} block lies outside of it")]
    Block(&'static str),
    /// The structure is broken.
    #[error("the device tree is broken at {at:#x}: {what}")]
    Structure {
        /// Where, counted from the tree's start.
        at: usize,
        /// What is wrong there.
        what: &'static str,
    },
}

/// The length a tree at `at` says it has; nothing else is looked at.
pub(crate) fn total_len(bytes: &[u8], at: usize) -> Option<usize> {
    let head = slice(bytes, at, HEADER_LEN)?;
    let len = u32_at(head, 4, Big)? as usize;
    (head[..4] == MAGIC && len >= HEADER_LEN).then_some(len)
}

/// A property of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value.
    pub value: &'a [u8],
}

/// A node of a [`Tree`].
#[derive(Clone, Debug)]
pub struct TreeNode<'a> {
    /// Its name with the unit address, `flash@0`; empty for the root.
    pub name: &'a str,
    /// Index of the node it lies in; the root's is its own.
    pub parent: usize,
    /// Indices of the nodes in it, in order.
    pub children: Vec<usize>,
    /// Its properties, in order.
    pub properties: Vec<Property<'a>>,
}

/// A device tree as slices of its bytes; node 0 is the root.
#[derive(Clone, Debug)]
pub struct Tree<'a> {
    /// The nodes, each after the one it lies in.
    pub nodes: Vec<TreeNode<'a>>,
    /// Length of the tree in bytes.
    pub len: usize,
    phandles: HashMap<u32, usize>,
}

impl<'a> Tree<'a> {
    /// Reads the tree at the start of `bytes`; more bytes may follow it.
    ///
    /// # Errors
    /// See [`DtbError`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, DtbError> {
        let said = total_len(bytes, 0).ok_or(DtbError::Header)?;
        let tree = bytes.get(..said).ok_or(DtbError::Short { said, found: bytes.len() })?;
        let word = |at: usize| u32_at(tree, at, Big).unwrap_or(0) as usize;
        let (version, compatible) = (word(20), word(24));
        if version < 17 || compatible > 17 {
            return Err(DtbError::Version(version as u32));
        }
        let structure = slice(tree, word(8), word(36)).ok_or(DtbError::Block("structure"))?;
        let strings = slice(tree, word(12), word(32)).ok_or(DtbError::Block("strings"))?;
        if !word(8).is_multiple_of(4) {
            return Err(DtbError::Block("structure"));
        }
        let nodes =
            nodes(structure, strings).map_err(|(at, what)| DtbError::Structure { at: word(8) + at, what })?;
        let mut phandles = HashMap::new();
        for (index, node) in nodes.iter().enumerate() {
            let handle = node.word("phandle").or_else(|| node.word("linux,phandle"));
            if let Some(handle) = handle {
                phandles.entry(handle).or_insert(index);
            }
        }
        Ok(Self { nodes, len: said, phandles })
    }

    /// The root.
    pub fn root(&self) -> &TreeNode<'a> {
        &self.nodes[0]
    }

    /// The index of the node with this phandle.
    pub fn by_phandle(&self, handle: u32) -> Option<usize> {
        self.phandles.get(&handle).copied()
    }

    /// The child of `node` with this name; a name without unit address fits any.
    pub fn child(&self, node: usize, name: &str) -> Option<usize> {
        self.nodes[node].children.iter().copied().find(|child| {
            let found = self.nodes[*child].name;
            found == name || (!name.contains('@') && found.split('@').next() == Some(name))
        })
    }

    /// The path of a node, `/soc/spi@1000/flash@0`.
    pub fn path(&self, node: usize) -> String {
        let mut names = Vec::new();
        let mut at = node;
        while at != 0 {
            names.push(self.nodes[at].name);
            at = self.nodes[at].parent;
        }
        names.iter().rev().fold(String::new(), |path, name| path + "/" + name)
    }
}

impl TreeNode<'_> {
    /// A property's value.
    pub fn property(&self, name: &str) -> Option<&[u8]> {
        self.properties.iter().find(|p| p.name == name).map(|p| p.value)
    }

    /// A property's first word.
    pub fn word(&self, name: &str) -> Option<u32> {
        u32_at(self.property(name)?, 0, Big)
    }

    /// A property's words.
    pub fn words(&self, name: &str) -> Vec<u32> {
        let words = |value: &[u8]| value.chunks_exact(4).filter_map(|w| u32_at(w, 0, Big)).collect();
        self.property(name).map(words).unwrap_or_default()
    }

    /// A property's texts.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let Some(value) = self.property(name) else { return Vec::new() };
        let value = value.strip_suffix(b"\0").unwrap_or(value);
        value.split(|b| *b == 0).filter_map(|text| std::str::from_utf8(text).ok()).collect()
    }

    /// A property's first text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).first().copied()
    }

    /// True when `compatible` lists this name.
    pub fn is_compatible(&self, name: &str) -> bool {
        self.texts("compatible").contains(&name)
    }
}

/// The nodes of a tree in the order of its structure block, each after the one that it is in; the error is an offset in that
/// block, and what is wrong there.
fn nodes<'a>(structure: &'a [u8], strings: &'a [u8]) -> Result<Vec<TreeNode<'a>>, (usize, &'static str)> {
    let token = |at: usize| u32_at(structure, at, Big).ok_or((at, "it ends without an end mark"));
    let mut nodes: Vec<TreeNode> = Vec::new();
    // The nodes that are open, outermost first.
    let mut open: Vec<usize> = Vec::new();
    let (mut at, mut properties_allowed) = (0, false);
    loop {
        match (token(at)?, open.last().copied()) {
            // A node begins: its name, then properties.
            (1, parent) => {
                if parent.is_none() && at != 0 || open.len() >= DEEPEST {
                    return Err((at, "a second root, or nodes nested too deep"));
                }
                let name = name_at(structure, at + 4).ok_or((at, "a node's name"))?;
                let index = nodes.len();
                let parent = parent.unwrap_or(index);
                nodes.push(TreeNode { name, parent, children: Vec::new(), properties: Vec::new() });
                if parent != index {
                    nodes[parent].children.push(index);
                }
                open.push(index);
                at += 4 + (name.len() + 1).next_multiple_of(4);
                properties_allowed = true;
            }
            (2, Some(_)) => {
                open.pop();
                at += 4;
                properties_allowed = false;
            }
            (3, Some(node)) if properties_allowed => {
                let (len, name) = (token(at + 4)? as usize, token(at + 8)? as usize);
                let name = name_at(strings, name).ok_or((at, "a property's name"))?;
                let value = slice(structure, at + 12, len).ok_or((at, "a property's length"))?;
                nodes[node].properties.push(Property { name, value });
                at += 12 + len.next_multiple_of(4);
            }
            (4, Some(_)) => at += 4,
            (9, None) if at > 0 => return Ok(nodes),
            _ => return Err((at, "a mark that cannot be there")),
        }
    }
}

/// The text that ends with a zero byte at `at`.
fn name_at(area: &[u8], at: usize) -> Option<&str> {
    let area = area.get(at..)?;
    let window = &area[..area.len().min(LONGEST_NAME + 1)];
    let end = memchr::memchr(0, window)?;
    std::str::from_utf8(&window[..end]).ok()
}

/// A board's tree as an item.
pub(crate) fn describe(tree: &Tree, offset: u64, len: u64) -> Item {
    Item::new(KIND, offset, len)
        .with_some("model", tree.root().text("model"))
        .with("compatible", tree.root().texts("compatible"))
        .with("nodes", tree.nodes.len())
        .check("structure", true, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTED: &[u8] = include_bytes!("../../../tests/data/dts/nested.dtb");

    #[test]
    fn long_names_are_read() {
        let tree = Tree::read(NESTED).unwrap();
        assert_eq!(tree.root().text("model"), Some("Nested"));
        let spi = tree.child(0, "spi").unwrap();
        let flash = tree.child(spi, "flash").unwrap();
        assert_eq!(tree.path(flash), "/spi/flash@1");
        assert!(tree.nodes[flash].property("example,a-property-name-of-more-than-31-characters").is_some());
        let words = tree.nodes[tree.child(flash, "partitions").unwrap()].words("#address-cells");
        assert_eq!(words, [2]);
        let wifi = &tree.nodes[tree.child(0, "wifi").unwrap()];
        let cell = tree.by_phandle(wifi.word("nvmem-cells").unwrap()).unwrap();
        assert_eq!(tree.nodes[cell].name, "pre-calibration@1000");
    }

    #[test]
    fn what_is_broken_is_named() {
        assert_eq!(Tree::read(b"nothing").err(), Some(DtbError::Header));
        let short = Tree::read(&NESTED[..0x400]).err();
        assert_eq!(short, Some(DtbError::Short { said: NESTED.len(), found: 0x400 }));
        let change = |at: usize, value: u8| {
            let mut bytes = NESTED.to_vec();
            bytes[at] = value;
            Tree::read(&bytes).err()
        };
        assert_eq!(change(23, 2), Some(DtbError::Version(2)));
        assert_eq!(change(33, 0xff), Some(DtbError::Block("strings")));
        assert_eq!(change(36, 0xff), Some(DtbError::Block("structure")));
        assert!(matches!(change(0x3b, 9), Some(DtbError::Structure { at: 0x38, .. })));
    }

    #[test]
    fn depth_is_bounded() {
        let mut structure = Vec::new();
        for _ in 0..DEEPEST + 1 {
            structure.extend([0, 0, 0, 1, 0, 0, 0, 0]);
        }
        structure.extend([0, 0, 0, 2].repeat(DEEPEST + 1));
        structure.extend([0, 0, 0, 9]);
        let mut bytes = MAGIC.to_vec();
        let len = structure.len() as u32;
        for word in [56 + len, 56, 56 + len, 40, 17, 16, 0, 0, len] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend([0; 16]);
        bytes.extend(structure);
        assert!(matches!(Tree::read(&bytes), Err(DtbError::Structure { .. })));
    }
}

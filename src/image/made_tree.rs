//! Device trees for tests, written by the format's rules (Devicetree Specification 0.4, chapter 5).

use crate::image::layout::{Layout, Region};

/// A node: its properties, then the nodes in it.
pub(crate) struct Node {
    name: String,
    properties: Vec<(&'static str, Vec<u8>)>,
    nodes: Vec<Node>,
}

impl Node {
    /// An empty node.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), properties: Vec::new(), nodes: Vec::new() }
    }

    /// With texts, each ended by a NUL.
    pub fn texts(mut self, name: &'static str, texts: &[&str]) -> Self {
        let value = texts.iter().flat_map(|text| text.bytes().chain([0])).collect();
        self.properties.push((name, value));
        self
    }

    /// With 32-bit cells; none make a property without a value.
    pub fn cells(mut self, name: &'static str, cells: &[u32]) -> Self {
        self.properties.push((name, cells.iter().flat_map(|cell| cell.to_be_bytes()).collect()));
        self
    }

    /// With a node in it.
    pub fn node(mut self, node: Node) -> Self {
        self.nodes.push(node);
        self
    }

    fn write(&self, to: &mut Vec<u8>, names: &mut Vec<u8>) {
        let pad = |to: &mut Vec<u8>| to.resize(to.len().next_multiple_of(4), 0);
        to.extend(1_u32.to_be_bytes());
        to.extend(self.name.bytes().chain([0]));
        pad(to);
        for (name, value) in &self.properties {
            let words = [3, value.len() as u32, names.len() as u32];
            to.extend(words.iter().flat_map(|word| word.to_be_bytes()));
            to.extend(value);
            pad(to);
            names.extend(name.bytes().chain([0]));
        }
        self.nodes.iter().for_each(|node| node.write(to, names));
        to.extend(2_u32.to_be_bytes());
    }

    /// The tree with this node as its root, as a file.
    pub fn file(&self) -> Vec<u8> {
        const HEAD: usize = 40;
        let (mut body, mut names) = (Vec::new(), Vec::new());
        self.write(&mut body, &mut names);
        body.extend(9_u32.to_be_bytes());
        let (body_at, names_at) = (HEAD + 16, HEAD + 16 + body.len());
        let total = (names_at + names.len()).next_multiple_of(4);
        let head = [
            0xd00d_feed,
            total as u32,
            body_at as u32,
            names_at as u32,
            HEAD as u32,
            17,
            16,
            0,
            names.len() as u32,
            body.len() as u32,
        ];
        let mut file: Vec<u8> = head.iter().flat_map(|word| word.to_be_bytes()).collect();
        file.resize(body_at, 0);
        file.extend(body);
        file.extend(names);
        file.resize(total, 0);
        file
    }
}

/// The root of a board's tree, without a flash.
pub(crate) fn root(compatible: &[&str]) -> Node {
    Node::new("").cells("#address-cells", &[1]).cells("#size-cells", &[1]).texts("compatible", compatible)
}

/// A board's tree whose flash has the areas of `layout`, nested as they are there.
pub(crate) fn of_layout(compatible: &[&str], layout: &Layout) -> Vec<u8> {
    let outer = |(index, _): &(usize, &Region)| layout.parent(*index).is_none();
    let indices = layout.regions.iter().enumerate().filter(outer).map(|(index, _)| index);
    let table = indices.fold(table("partitions"), |node, index| node.node(area(layout, index, 0)));
    let flash = Node::new("flash@0").texts("compatible", &["jedec,spi-nor"]).cells("reg", &[0]).node(table);
    let spi = Node::new("spi@0").cells("#address-cells", &[1]).cells("#size-cells", &[0]).node(flash);
    root(compatible).node(spi).file()
}

fn table(name: &str) -> Node {
    let node = Node::new(name).texts("compatible", &["fixed-partitions"]);
    node.cells("#address-cells", &[1]).cells("#size-cells", &[1])
}

/// An area with those in it; its address counts from the start of the one around it.
fn area(layout: &Layout, index: usize, around: u64) -> Node {
    let Region { name, span, .. } = &layout.regions[index];
    let within: Vec<usize> =
        (0..layout.regions.len()).filter(|inner| layout.parent(*inner) == Some(index)).collect();
    let start = (span.start - around) as u32;
    let mut node = Node::new(format!("partition@{start:x}"));
    if !within.is_empty() {
        node = node.texts("compatible", &["fixed-partitions"]);
        node = node.cells("#address-cells", &[1]).cells("#size-cells", &[1]);
    }
    node = node.texts("label", &[name]).cells("reg", &[start, span.len() as u32]);
    if layout.regions[index].read_only {
        node = node.cells("read-only", &[]);
    }
    within.into_iter().fold(node, |node, inner| node.node(area(layout, inner, span.start)))
}

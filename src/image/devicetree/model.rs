//! What a device tree says about a board and its flash: the answer's types.

use serde::Serialize;

use crate::span::Span;

/// A board's tree found in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardTree {
    /// Where it is in the image; the packed stream's offset where it is packed.
    pub offset: u64,
    /// True when it was found in a packed stream.
    pub packed: bool,
    /// What it says.
    pub board: TreeBoard,
}

/// What a device tree says about a board and its flash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeBoard {
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
    /// Index of the cell with the board's own address: the one on its label, else its Ethernet port's.
    pub own_mac: Option<usize>,
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

impl TreeBoard {
    /// The map of the board's flash: of the chip with most partitions.
    pub fn map(&self) -> Option<&FlashMap> {
        self.maps.iter().filter(|map| !map.partitions.is_empty()).max_by_key(|map| map.partitions.len())
    }
}

impl FlashMap {
    /// The cells of the partition at `index`, and of those that lie in it.
    pub(crate) fn cells_in(&self, index: usize) -> impl Iterator<Item = &Cell> {
        let span = self.partitions.get(index).map(|p| p.span);
        self.cells.iter().filter(move |cell| span.is_some_and(|s| s.overlaps(cell.span)))
    }
}

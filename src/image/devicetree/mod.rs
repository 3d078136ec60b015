//! The flash map that a board's device tree describes: partitions, and where the unit's own bytes are in them.
//!
//! An OpenWrt image carries the tree appended to its kernel, mostly packed with LZMA; a FIT image next to it. From
//! the tree: the `jedec,spi-nor` node's partitions (`fixed-partitions`, nested ones, or the older form without
//! that node), the nvmem cells in them and who uses them. Facts: Linux bindings mtd/partitions/fixed-partitions,
//! nvmem/layouts/fixed-layout, nvmem/nvmem-consumer; OpenWrt's older `mtd-mac-address`, `mtd-cal-data`,
//! `mediatek,mtd-eeprom`, `ralink,mtd-eeprom`.

mod cells;
mod model;
mod partitions;
mod read;
mod search;
#[cfg(test)]
mod tests;

pub use model::{BoardTree, Cell, CellKind, FlashMap, Partition, TreeBoard};
pub use search::find;
pub(crate) use search::trees_in;
pub(crate) use search::{file_systems, plain};

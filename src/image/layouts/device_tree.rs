//! The layout that a board's device tree describes, and a [`Board`] made of it.
//!
//! Partitions with cells of the one unit, and read-only ones, stay the board's own; `firmware` comes from the
//! donor. So an image of OpenWrt brings all that a splice needs to know of its board.

use crate::image::boards::Board;
use crate::image::container::dtb::Tree;
use crate::image::devicetree::{self, CellKind, FlashMap};
use crate::image::error::ImageError;
use crate::image::layout::{Format, Layout, PerUnit, Region, Role, Source, UnitKind};

/// Reads the tree of the first board in `bytes`, which is a DTB, a sysupgrade file or a dump.
pub fn find(bytes: &[u8]) -> Option<(devicetree::TreeBoard, Layout)> {
    let plain = Tree::read(bytes).ok().map(|tree| devicetree::TreeBoard::read(&tree));
    let packed = || devicetree::find(bytes).into_iter().map(|found| found.board);
    plain.into_iter().chain(packed()).find_map(|board| {
        let layout = layout(&board)?;
        Some((board, layout))
    })
}

/// The layout of the board's flash, where its tree has one.
pub fn layout(board: &devicetree::TreeBoard) -> Option<Layout> {
    let map = board.map()?;
    let regions = (0..map.partitions.len()).map(|index| region(map, index)).collect();
    let names = board.compatible.first().cloned().or_else(|| board.model.clone());
    let source = format!("device tree of {}", names.unwrap_or_else(|| "an unnamed board".to_owned()));
    Some(Layout { regions, source, ..Layout::default() }.nested())
}

fn region(map: &FlashMap, index: usize) -> Region {
    let partition = &map.partitions[index];
    let mut region = Region::named(partition.name.as_str(), partition.span);
    region.read_only = partition.read_only;
    let inner = |c: &&devicetree::Cell| c.partition == index && region.span.covers(c.span);
    let own = map.own_mac.and_then(|index| map.cells.get(index));
    let with_own = |c: &devicetree::Cell| Some(PerUnit { own: own == Some(c), ..per_unit(c)? });
    let cells: Vec<PerUnit> = map.cells.iter().filter(inner).filter_map(with_own).collect();
    let holds_cells = map.cells_in(index).any(|c| c.kind != CellKind::Other);
    if holds_cells && region.role == Role::Other {
        region.role = Role::Unit;
    }
    if region.role == Role::Firmware && !region.read_only {
        // If it holds data of the unit, those stay.
        region.per_unit = cells.into_iter().map(|c| PerUnit { keep: true, ..c }).collect();
    } else {
        region.default = Source::Own;
        region.per_unit = cells;
    }
    region
}

fn per_unit(cell: &devicetree::Cell) -> Option<PerUnit> {
    let (kind, format) = match cell.kind {
        CellKind::Mac if cell.span.len() == 6 => (UnitKind::Mac, Format::MAC_BYTES),
        // As the kernel's mac-base reads it: text where there is room for one.
        CellKind::Mac if cell.span.len() == 17 => (UnitKind::Mac, Format::TEXT),
        CellKind::Mac => (UnitKind::Mac, Format::RAW),
        CellKind::Calibration => (UnitKind::Calibration, Format::RAW),
        CellKind::Other => return None,
    };
    let user = cell.users.first().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let name = if user.is_empty() { cell.name.clone() } else { format!("{} of {user}", cell.name) };
    Some(PerUnit::new(name, cell.span, kind, format))
}

/// A board of which its device tree is all that is known.
///
/// # Errors
/// When the tree describes no flash, or a larger one.
pub fn board(tree: &devicetree::TreeBoard, chip_size: u64) -> Result<Board, ImageError> {
    let name = tree.compatible.first().cloned().unwrap_or_else(|| "device-tree".to_owned());
    let layout = layout(tree).ok_or_else(|| ImageError::NotForThisBoard {
        board: name.clone(),
        why: "its device tree describes no partitions of an SPI NOR flash".to_owned(),
    })?;
    let end = layout.regions.iter().map(|r| r.span.end).max().unwrap_or(0);
    if end > chip_size {
        return Err(ImageError::NotForThisBoard {
            board: name,
            why: format!("its device tree describes a flash of {end:#x} bytes, this one has {chip_size:#x}"),
        });
    }
    let layout = Layout { chip_size: Some(chip_size), ..layout };
    let mut board = Board::from_layout(name, layout)?;
    board.model = tree.model.clone().unwrap_or(board.model);
    // The first name is the board's own; the others, of its family and processor, are shared with other boards.
    board.compatible = tree.compatible.iter().take(1).cloned().collect();
    Ok(board)
}

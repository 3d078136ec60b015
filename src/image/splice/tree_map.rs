//! The flash map in the device tree that a firmware brings, compared with the map that it is put on: a system looks for its
//! root file system, its address and its calibration where its own tree has them.

use crate::image::boards::Board;
use crate::image::checks::{Advice, Finding, OTHER_MAP, Severity};
use crate::image::donor::identity::is_same;
use crate::image::donor::recognise::{board_trees, own_name};
use crate::image::layout::{Layout, Region, Role};
use crate::image::layouts::device_tree;

/// A question where no tree in a donor's firmware that has one of the board's names has the map of `board`, and the board's
/// own firmware has no such tree either; `firmwares` are the board's own and that of the donor, `own` the board's names, `name`
/// is the donor's. Trees of other names are judged by those.
pub(super) fn judge(firmwares: [&[u8]; 2], own: &[String], board: &Board, name: &str) -> Option<Finding> {
    let [ours, theirs] = firmwares.map(|firmware| differences(firmware, own, board));
    let difference = theirs.into_iter().collect::<Option<Vec<String>>>()?.into_iter().next()?;
    if ours.contains(&Some(difference.clone())) {
        return None;
    }
    let finding = OTHER_MAP.found_as(
        Severity::Ask,
        format!(
            "the device tree in the firmware of {name} has {difference}: the system would look for its data at other places; \
             is it for this version of the board, and for a flash of this size?"
        ),
    );
    Some(finding.advise(Advice::TakeMap { donor: name.to_owned() }))
}

/// What each tree of the board's has elsewhere; `None` of one that has nothing.
fn differences(firmware: &[u8], own: &[String], board: &Board) -> Vec<Option<String>> {
    let trees = board_trees(firmware);
    let is_ours = |tree_name: &String| own.iter().any(|own| is_same(own, tree_name));
    let ours = trees.iter().filter(|tree| own_name(tree).iter().any(is_ours));
    ours.filter_map(device_tree::layout).map(|map| difference(&map, board)).collect()
}

/// What a tree's map has elsewhere, in words: where the firmware starts, data of the unit, the end of the flash.
fn difference(map: &Layout, board: &Board) -> Option<String> {
    let end = map.regions.iter().map(|region| region.span.end).max().unwrap_or(0);
    if end > board.chip_size {
        return Some(format!("a flash of {end:#x} bytes, and the board's has {:#x}", board.chip_size));
    }
    let pair = |theirs: &Region, ours: Option<&Region>| {
        let ours = ours.filter(|ours| ours.span.start != theirs.span.start)?;
        Some(format!(
            "{} at {:#x}, and the board's map {} at {:#x}",
            theirs.name, theirs.span.start, ours.name, ours.span.start
        ))
    };
    let firmware =
        map.of_role(Role::Firmware).and_then(|theirs| pair(theirs, board.layout.of_role(Role::Firmware)));
    let units =
        map.regions.iter().filter(|r| r.role == Role::Unit || r.per_unit.iter().any(|unit| !unit.keep));
    firmware.or_else(|| units.into_iter().find_map(|theirs| pair(theirs, board.layout.region(&theirs.name))))
}

//! Which board a dump is of, and by what that is known.
//!
//! Hardware ids in the firmware's header and the `compatible` of a device tree name a board; the address and
//! calibration at their places only agree with it, and several boards share the same map.

use std::borrow::Cow;

use super::dump::{calibration_fits, judge};
use super::recognised::Recognised;
use super::reference::is_reference;
use crate::image::boards::Board;
use crate::image::checks::{Advice, Severity};
use crate::image::devicetree;
use crate::image::error::ImageError;
use crate::image::formats::envelope_at;
use crate::image::is_blank;
use crate::image::layouts::device_tree;
use crate::image::pc;
use crate::image::unit::{has_mac_place, mac_of, mac_text, own_place};

/// The boards `dump` may be of, the most likely first.
pub fn recognise(dump: &[u8]) -> Vec<Recognised> {
    recognise_by(dump, devicetree::find(dump).into_iter().map(|found| found.board))
}

/// As [`recognise`], by the trees that were found in the dump.
pub(crate) fn recognise_by(
    dump: &[u8],
    trees: impl IntoIterator<Item = devicetree::TreeBoard>,
) -> Vec<Recognised> {
    let mut trees = of_boards(trees);
    let tree = (trees.len() == 1).then(|| trees.remove(0));
    let mut found: Vec<(u32, Recognised)> =
        Board::all().iter().filter_map(|board| weigh(dump, board, tree.as_ref())).collect();
    found.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let mut found: Vec<Recognised> = found.into_iter().map(|(_, r)| r).collect();
    if let Some(tree) = tree.filter(|_| !found.iter().any(|r| r.named))
        && let Ok(board) = device_tree::board(&tree, dump.len() as u64)
    {
        let by = vec![format!("device tree in the dump: {}", board.compatible.join(", "))];
        found.insert(0, Recognised { board: Cow::Owned(board), by, named: true });
    }
    found
}

/// The one board for `--board auto`: named by the dump, or by a device tree in one of the donors.
///
/// # Errors
/// When nothing names a board, or several boards are named.
pub fn auto(dump: &[u8], donors: &[&[u8]]) -> Result<Recognised, ImageError> {
    let found = recognise(dump);
    let mut named = found.iter().filter(|r| r.named);
    match (named.next(), named.next()) {
        (Some(one), None) => return Ok(one.clone()),
        (Some(one), Some(other)) => {
            let names = [one, other].map(|one| one.board.name.clone());
            return Err(undecided(format!("the dump fits {} and {} alike", names[0], names[1]), &names));
        }
        (None, _) => {}
    }
    if let Some(pc) = pc::board::recognise(dump, donors)? {
        return Ok(pc);
    }
    for donor in donors {
        // The map of a reference board need not be this board's.
        let trees: Vec<_> = board_trees(donor).into_iter().filter(|tree| names_a_board(&tree)).collect();
        match trees.as_slice() {
            [] => {}
            [tree] => return of_donor(tree, dump, &found),
            several => {
                let names: Vec<String> =
                    several.iter().filter_map(|t| own_name(t).first().cloned()).collect();
                return Err(undecided(
                    format!("the donor is for several boards: {}", names.join(", ")),
                    &names,
                ));
            }
        }
    }
    let names: Vec<String> = found.iter().map(|r| r.board.name.clone()).collect();
    let why = match names.is_empty() {
        _ if is_blank(dump) && !dump.is_empty() => {
            format!("the dump is blank: it holds {:02x} only, and nothing names its board", dump[0])
        }
        true => "nothing in the dump names its board".to_owned(),
        false => format!("the map fits {}, and nothing in the dump names its board", names.join(", ")),
    };
    Err(undecided(why, &names))
}

/// The board of a donor's tree, where the dump does not contradict it.
fn of_donor(
    tree: &devicetree::TreeBoard,
    dump: &[u8],
    found: &[Recognised],
) -> Result<Recognised, ImageError> {
    let own = own_name(tree).join(", ");
    if let Some(board) = Board::all().iter().find(|b| names_board(tree, b)) {
        let by = vec![format!("device tree in the donor: {own}")];
        if found.iter().any(|r| r.board.name == board.name) {
            return Ok(Recognised { board: Cow::Borrowed(board), by, named: true });
        }
        let why = "the donor is for this board, and the dump is not of it".to_owned();
        return Err(not_here(&board.name, why));
    }
    let board = device_tree::board(tree, dump.len() as u64)?;
    let end = board.layout.regions.iter().map(|r| r.span.end).max().unwrap_or(0);
    if end < dump.len() as u64 {
        let why = format!(
            "the donor is for {own} with a flash of {end:#x} bytes, the dump has {:#x}: another board, it seems",
            dump.len()
        );
        return Err(undecided(why, &[board.name]));
    }
    let by = vec![format!("device tree in the donor: {own}; nothing in the dump contradicts it")];
    Ok(Recognised { board: Cow::Owned(board), by, named: true })
}

/// The board whose own name in a device tree is `name`; the tree is in the dump or in a donor.
///
/// # Errors
/// When no tree has that name, or the dump's own has another.
pub(crate) fn by_tree(name: &str, dump: &[u8], donors: &[&[u8]]) -> Result<Recognised, ImageError> {
    let is_it =
        |tree: &devicetree::TreeBoard| own_name(tree).iter().any(|own| own.eq_ignore_ascii_case(name));
    let own = board_trees(dump);
    let other = own.iter().find(names_a_board);
    if let Some(other) = other.filter(|_| !own.iter().any(is_it)) {
        return Err(not_here(
            name,
            format!("the dump has the device tree of {}", own_name(other).join(", ")),
        ));
    }
    let in_donors = donors.iter().flat_map(|donor| board_trees(donor));
    let tree = own.into_iter().chain(in_donors).find(is_it);
    let tree =
        tree.ok_or_else(|| not_here(name, "no device tree in the dump or a donor has that name".to_owned()))?;
    let board = device_tree::board(&tree, dump.len() as u64)?;
    Ok(Recognised { board: Cow::Owned(board), by: vec![format!("device tree: {name}")], named: true })
}

fn not_here(name: &str, why: String) -> ImageError {
    ImageError::NotForThisBoard { board: name.to_owned(), why }
}

/// Nothing names the one board; it may be one of these.
fn undecided(why: String, candidates: &[String]) -> ImageError {
    ImageError::Undecided { why, advice: Advice::NameBoard { candidates: candidates.to_vec() } }
}

/// True when two lists of names share one.
pub(crate) fn shares(a: &[String], b: &[String]) -> bool {
    a.iter().any(|x| b.iter().any(|y| x.eq_ignore_ascii_case(y)))
}

/// A tree's own name; the others are of processors and families, shared with other boards.
pub(crate) fn own_name(tree: &devicetree::TreeBoard) -> &[String] {
    &tree.compatible[..tree.compatible.len().min(1)]
}

/// True where the tree's own name is not that of a reference board.
fn names_a_board(tree: &&devicetree::TreeBoard) -> bool {
    !own_name(tree).iter().any(|name| is_reference(name))
}

/// True when the tree is the board's.
pub(crate) fn names_board(tree: &devicetree::TreeBoard, board: &Board) -> bool {
    shares(own_name(tree), &board.compatible)
}

/// The trees with a flash map in `bytes`, one of each name.
pub(crate) fn board_trees(bytes: &[u8]) -> Vec<devicetree::TreeBoard> {
    of_boards(devicetree::find(bytes).into_iter().map(|found| found.board))
}

/// The trees with a flash map, one of each name.
fn of_boards(trees: impl IntoIterator<Item = devicetree::TreeBoard>) -> Vec<devicetree::TreeBoard> {
    let mut found: Vec<devicetree::TreeBoard> = Vec::new();
    for tree in trees {
        if tree.map().is_some() && !found.iter().any(|other| own_name(other) == own_name(&tree)) {
            found.push(tree);
        }
    }
    found
}

/// How well a dump fits a board; `None` when it contradicts it, or agrees in nothing.
fn weigh(
    dump: &[u8],
    board: &'static Board,
    tree: Option<&devicetree::TreeBoard>,
) -> Option<(u32, Recognised)> {
    if dump.len() as u64 != board.chip_size {
        return None;
    }
    let (mut weight, mut by, mut named) = (0, Vec::new(), false);
    if judge(dump, "the dump", board).iter().any(|f| f.severity == Severity::Refuse) {
        return None;
    }
    let header = board.firmware_start().and_then(|at| envelope_at(dump, at));
    if let Some(header) = header.filter(|_| !board.hardware.is_empty()) {
        let theirs = header.hardware();
        if !board.hardware.iter().any(|h| (h.id, h.rev) == (theirs.id, theirs.rev)) {
            return None;
        }
        by.push(format!("hardware {} in the firmware's header", theirs.text));
        (weight, named) = (weight + 8, true);
    }
    if let Some(tree) = tree {
        if shares(&board.compatible, &tree.compatible) {
            by.push(format!("device tree: {}", tree.compatible.join(", ")));
            (weight, named) = (weight + 8, true);
        } else if !named {
            return None;
        }
    }
    if let Some(mac) = mac_of(dump, board) {
        let at = own_place(board).map_or(0, |(_, u)| u.span.start);
        by.push(format!("address {} at {at:#x}", mac_text(mac)));
        weight += 2;
    } else if has_mac_place(board) && !named {
        return None;
    }
    if calibration_fits(dump, board) {
        by.push("calibration of its radios".to_owned());
        weight += 2;
    } else if !named {
        return None;
    }
    (weight > 0).then_some((weight, Recognised { board: Cow::Borrowed(board), by, named }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::layout::Layout;
    use crate::image::layouts::parse_any;
    use crate::image::{made_tree, synthetic};

    const CHIP: usize = 0x4_0000;

    fn map() -> Layout {
        parse_any(b"mtdparts=x:64k(boot),128k(firmware),64k(rest)", None).unwrap()
    }

    fn with_tree(names: &[&str]) -> Vec<u8> {
        let mut flash = synthetic::noise(1, CHIP);
        let tree = made_tree::of_layout(names, &map());
        flash[0x1_0000..0x1_0000 + tree.len()].copy_from_slice(&tree);
        flash
    }

    #[test]
    fn a_reference_board_s_tree_in_a_donor_gives_no_map() {
        let blank = synthetic::noise(2, CHIP);
        let stock = with_tree(&["mediatek,mt7621-rfb", "mediatek,mt7621-soc"]);
        let openwrt = with_tree(&["acme,quick5", "mediatek,mt7621-soc"]);
        assert!(auto(&blank, &[&stock]).is_err());
        assert_eq!(auto(&blank, &[&stock, &openwrt]).unwrap().board.compatible, ["acme,quick5"]);
        // What runs on the board is mapped as its tree says, whatever it is named.
        assert_eq!(auto(&stock, &[&openwrt]).unwrap().board.compatible, ["mediatek,mt7621-rfb"]);
        // A reference board's name in the dump does not contradict the user.
        assert_eq!(by_tree("acme,quick5", &stock, &[&openwrt]).unwrap().board.compatible, ["acme,quick5"]);
        let other = with_tree(&["acme,quick6", "mediatek,mt7621-soc"]);
        assert!(by_tree("acme,quick5", &other, &[&openwrt]).is_err());
        assert!(by_tree("mediatek,mt7621-rfb", &blank, &[&stock]).is_ok());
    }
}

//! Which board a donor says that it is for, by its metadata and its device tree, compared with the board's names.
//!
//! A board has several names: the one in its tree, older short ones without the maker (`hc5661` for `hiwifi,hc5661`,
//! OpenWrt 18.06), and those that a list of supported devices has in common. The name of a reference board names none.

use super::recognise::{board_trees, own_name};
use super::reference::is_reference;
use crate::image::boards::Board;
use crate::image::checks::{COMPATIBLE, Finding, NOT_JUDGED, REFERENCE_BOARD, SUPPORTED_DEVICES, Severity};
use crate::image::container::sysupgrade;
use crate::image::devicetree;

/// The names that a file gives for its board.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// The list in its metadata, else the board in the paths of a tar; `None` where it has neither.
    pub listed: Option<Vec<String>>,
    /// The own names of its device trees.
    pub trees: Vec<String>,
    /// The further names in those trees: of similar boards, of the processor.
    pub further: Vec<String>,
}

impl Names {
    /// The names in `file` for `board`; trees are looked for in `firmware`, the part of it that goes to the firmware's
    /// region. Where the board's hardware ids prove a firmware, only trees with a flash map count: vendors leave the name
    /// of a reference board in others.
    pub fn of(file: &[u8], firmware: &[u8], board: &Board) -> Self {
        let found = if board.hardware.is_empty() {
            devicetree::find(firmware).into_iter().map(|found| found.board).collect()
        } else {
            board_trees(firmware)
        };
        let further = found.iter().flat_map(|tree| tree.compatible.iter().skip(1)).cloned().collect();
        Self { listed: listed(file), trees: own_names(&found), further }
    }

    /// The names in the metadata of `file` alone.
    pub fn listed(file: &[u8]) -> Self {
        Self { listed: listed(file), ..Self::default() }
    }

    /// The names of its trees, divided into those of reference boards, and those of boards and of `own`.
    pub fn split_trees(&self, own: &[String]) -> (Vec<String>, Vec<String>) {
        let is_own = |name: &str| own.iter().any(|own| is_same(own, name));
        self.trees.iter().cloned().partition(|name| is_reference(name) && !is_own(name))
    }

    /// True where a list or a tree has one of `own`, the board's names.
    pub fn agree(&self, own: &[String]) -> bool {
        let mut all = self.listed.iter().flatten().chain(&self.trees);
        all.any(|name| !is_reference(name) && own.iter().any(|own| is_same(own, name)))
    }

    /// True where the list has the name of a tree: all of its names are then of one board.
    pub fn are_linked(&self) -> bool {
        let mut listed = self.listed.iter().flatten();
        listed.any(|name| self.trees.iter().any(|tree| name.eq_ignore_ascii_case(tree)))
    }

    /// True where the file names a board, or the reference board of its processor.
    pub fn is_given(&self) -> bool {
        !self.trees.is_empty() || self.listed.as_ref().is_some_and(|listed| !listed.is_empty())
    }
}

fn listed(file: &[u8]) -> Option<Vec<String>> {
    let in_metadata = sysupgrade::metadata(file).map(|metadata| metadata.supported_devices);
    in_metadata.or_else(|| sysupgrade::tar_board(file).map(|board| vec![board]))
}

/// The own names of the device trees in `bytes`, those without a flash map included.
pub(crate) fn tree_names(bytes: &[u8]) -> Vec<String> {
    let trees: Vec<_> = devicetree::find(bytes).into_iter().map(|found| found.board).collect();
    own_names(&trees)
}

/// The own names of `trees`, each once.
fn own_names(trees: &[devicetree::TreeBoard]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in trees.iter().flat_map(own_name).filter(|name| !name.is_empty()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// True when two names are of one board: the same, or one of them without a maker or with `_` for the comma, and otherwise
/// the same.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    let model = |name: &str| name.split_once(',').map(|(_, model)| model.to_owned());
    let short = |short: &str, full: &str| {
        !short.contains(',') && model(full).is_some_and(|model| model.eq_ignore_ascii_case(short))
    };
    let in_path = |name: &str| name.replacen(',', "_", 1);
    in_path(a).eq_ignore_ascii_case(&in_path(b)) || short(a, b) || short(b, a)
}

/// Compares the names in a donor with the board's; `what` names the donor in messages.
pub(crate) fn judge(names: &Names, what: &str, board: &Board) -> Vec<Finding> {
    let own = &board.compatible;
    let (references, boards) = names.split_trees(own);
    if let Some(finding) = reference(names, &references, &boards, what, board) {
        return vec![finding];
    }
    let names = &Names { trees: boards, ..names.clone() };
    let Some(listed) = names.listed.as_ref().filter(|listed| !listed.is_empty() && !own.is_empty()) else {
        let unknown = names.listed.as_ref().map(|_| {
            NOT_JUDGED.found(format!(
                "{what}: whether it is for {} cannot be determined from its list of devices",
                board.name
            ))
        });
        return unknown.into_iter().chain(tree_alone(names, what, board)).collect();
    };
    let is_own = |name: &String| own.iter().any(|own| is_same(own, name));
    let in_list = listed.iter().any(is_own);
    let in_full = listed.iter().any(|name| own.iter().any(|own| own.eq_ignore_ascii_case(name)));
    let in_trees = names.trees.iter().any(is_own);
    // A list that has the tree's name and the board's says that both are one board.
    let linked = names.are_linked();
    let (list, trees) = (listed.join(", "), names.trees.join(", "));
    let this = this_board(board);
    let finding = match (in_list, names.trees.is_empty(), in_trees) {
        (true, true, _) | (true, _, true) => return Vec::new(),
        (true, false, false) if in_full && linked => return Vec::new(),
        (true, false, false) => COMPATIBLE.found_as(
            if in_full { Severity::Ask } else { Severity::Refuse },
            format!("{what} lists {list} in its metadata and has the device tree of {trees}; {this}"),
        ),
        (false, _, true) => SUPPORTED_DEVICES.found_as(
            Severity::Ask,
            format!("{what} lists {list} in its metadata and has the device tree of {trees}; {this}"),
        ),
        (false, true, false) => SUPPORTED_DEVICES.found(format!("{what} is for {list}; {this}")),
        (false, false, false) => {
            let tree = tree_alone(names, what, board);
            let listed = SUPPORTED_DEVICES.found(format!("{what} is for {list}; {this}"));
            return std::iter::once(listed).chain(tree).collect();
        }
    };
    vec![finding]
}

/// A question where one side has the name of a reference board only, and no name agrees.
fn reference(
    names: &Names,
    references: &[String],
    boards: &[String],
    what: &str,
    board: &Board,
) -> Option<Finding> {
    let own = &board.compatible;
    let listed = names.listed.as_deref().unwrap_or_default();
    let all = || listed.iter().chain(boards).chain(references);
    if own.is_empty() || all().any(|name| own.iter().any(|own| is_same(own, name))) {
        return None;
    }
    let names_none = own.iter().all(|name| is_reference(name)) && all().next().is_some();
    // A vendor's own build lists its tree's name without the maker; OpenWrt lists the whole name of every board.
    let is_short = |name: &String| !name.contains(',') && references.iter().any(|tree| is_same(tree, name));
    let shows_none = !references.is_empty() && boards.is_empty() && listed.iter().all(is_short);
    let theirs: Vec<&str> = all().map(String::as_str).collect();
    let (theirs, own) = (theirs.join(", "), own.join(" or "));
    if names_none {
        return Some(REFERENCE_BOARD.found(format!(
            "{what} is for {theirs}, and the board's own device tree has only the name of a reference board, {own}: is it \
             for this board?"
        )));
    }
    shows_none.then(|| {
        REFERENCE_BOARD.found(format!(
            "{what} has the device tree of a reference board, {theirs}, as vendors leave it in firmware of their own \
             boards; the board is {own}: is it the vendor's file for this very board?"
        ))
    })
}

/// `the board is acme,quick5`, with the name under which the user has it where that is another one.
fn this_board(board: &Board) -> String {
    match board.compatible.as_slice() {
        [one] if *one == board.name => format!("the board is {one}"),
        own => format!("the board is {} ({})", board.name, own.join(" or ")),
    }
}

/// The names of its trees, where there is no list to compare with them.
fn tree_alone(names: &Names, what: &str, board: &Board) -> Option<Finding> {
    let other = !names.trees.iter().any(|tree| board.compatible.iter().any(|own| is_same(own, tree)));
    // A tree may list a board that it is similar to after its own name: a variant, or another board of the series.
    let similar = names.further.iter().find(|name| board.compatible.iter().any(|own| own == *name));
    let (severity, also) = match similar {
        Some(name) if !is_reference(name) => {
            (Severity::Ask, format!(", which says that it is compatible with {name}"))
        }
        _ => (Severity::Refuse, String::new()),
    };
    (other && !names.trees.is_empty() && !board.compatible.is_empty()).then(|| {
        let (trees, this) = (names.trees.join(", "), this_board(board));
        COMPATIBLE.found_as(severity, format!("{what} has the device tree of {trees}{also}; {this}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::layout::{Layout, Region};
    use crate::span::Span;

    fn found(own: &[&str], listed: Option<&[&str]>, trees: &[&str]) -> Vec<(&'static str, Severity)> {
        with_further(own, listed, trees, &[])
    }

    fn with_further(
        own: &[&str],
        listed: Option<&[&str]>,
        trees: &[&str],
        further: &[&str],
    ) -> Vec<(&'static str, Severity)> {
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let regions = vec![Region::new("firmware", Span::new(0, 0x1000))];
        let mut board = Board::from_layout("b", Layout { regions, ..Layout::default() }).unwrap();
        board.compatible = texts(own);
        let further = texts(further);
        let names = Names { listed: listed.map(texts), trees: texts(trees), further };
        judge(&names, "the donor", &board).into_iter().map(|f| (f.name, f.severity)).collect()
    }

    #[test]
    fn several_names_of_one_board_are_one_board() {
        let own = &["acme,quick5"];
        for (listed, trees) in [
            (Some(&["quick5"][..]), &["acme,quick5"][..]),
            (Some(&["quick5"]), &[]),
            (Some(&["ACME,Quick5", "acme,slow"]), &["acme,quick5"]),
            (None, &["acme,quick5"]),
            (None, &["quick5"]),
            (Some(&["acme_quick5"]), &[]),
            // Renamed in a later version, which lists the older name.
            (Some(&["acme,quick5-v1", "acme,quick5"]), &["acme,quick5-v1"]),
            (None, &[]),
        ] {
            assert_eq!(found(own, listed, trees), [], "{listed:?} {trees:?}");
        }
    }

    #[test]
    fn a_reference_board_is_no_other_board() {
        use Severity::{Ask, Refuse};
        let own = &["acme,quick5"];
        let asked = [("reference-board", Ask)];
        for tree in ["mediatek,mt7621-rfb", "ralink,mt7620a-eval-board", "qca,ap147"] {
            assert_eq!(found(own, None, &[tree]), asked, "{tree}");
            assert_eq!(found(own, Some(&[]), &[tree]), asked, "{tree}");
            // A list says more than such a tree.
            assert_eq!(found(own, Some(&["acme,quick5"]), &[tree]), [], "{tree}");
            assert_eq!(
                found(own, Some(&["acme,quick6"]), &[tree]),
                [("supported-devices", Refuse)],
                "{tree}"
            );
            // A list that repeats the tree's name says no more than the tree.
            let (_, short) = tree.split_once(',').unwrap();
            assert_eq!(found(own, Some(&[short]), &[tree]), asked, "{tree}");
            assert_eq!(found(own, Some(&[tree]), &[tree]), [("supported-devices", Refuse)], "{tree}");
            assert_eq!(found(own, Some(&[short]), &[]), [("supported-devices", Refuse)], "{tree}");
            // So does the tree of a board.
            assert_eq!(found(own, None, &[tree, "acme,quick5"]), [], "{tree}");
            assert_eq!(found(own, None, &[tree, "acme,quick6"]), [("compatible", Refuse)], "{tree}");
            // A base that has such a name cannot contradict, and is the same where the donor has it too.
            assert_eq!(found(&[tree], Some(&["acme,quick5"]), &["acme,quick5"]), asked, "{tree}");
            assert_eq!(found(&[tree], None, &["acme,quick5"]), asked, "{tree}");
            assert_eq!(found(&[tree], None, &["mediatek,mt7628-rfb"]), asked, "{tree}");
            assert_eq!(found(&[tree], None, &[tree]), [], "{tree}");
            assert_eq!(found(&[tree], None, &[]), [], "{tree}");
        }
    }

    #[test]
    fn another_board_is_refused_and_a_contradiction_is_asked() {
        use Severity::{Ask, Refuse};
        let own = &["acme,quick5"];
        let devices = |severity| ("supported-devices", severity);
        let tree = |severity| ("compatible", severity);
        assert_eq!(found(own, Some(&["quick6"]), &[]), [devices(Refuse)]);
        assert_eq!(found(own, Some(&["acme_quick6"]), &[]), [devices(Refuse)]);
        assert_eq!(found(own, Some(&["other_quick5"]), &[]), [devices(Refuse)]);
        assert_eq!(found(own, Some(&["quick6"]), &["acme,quick6"]), [devices(Refuse), tree(Refuse)]);
        assert_eq!(found(own, Some(&["other,quick5"]), &[]), [devices(Refuse)]);
        assert_eq!(found(own, None, &["other,quick5"]), [tree(Refuse)]);
        assert_eq!(found(own, Some(&["quick5"]), &["other,quick5"]), [tree(Refuse)]);
        // The file contradicts itself.
        assert_eq!(found(own, Some(&["quick6"]), &["acme,quick5"]), [devices(Ask)]);
        assert_eq!(found(own, Some(&["acme,quick5"]), &["other,quick5"]), [tree(Ask)]);
        assert_eq!(found(&[], Some(&["quick6"]), &["other,quick5"]), [("not-judged", Severity::Tell)]);
    }

    #[test]
    fn a_tree_that_lists_the_board_as_similar_is_asked_about() {
        use Severity::{Ask, Refuse};
        let own = &["acme,quick5"];
        let variant = |listed, further: &[&str]| with_further(own, listed, &["acme,quick5-nand"], further);
        assert_eq!(variant(None, &["acme,quick5", "mediatek,mt7621-soc"]), [("compatible", Ask)]);
        // The processor's name that both have proves nothing, nor does that of another board.
        assert_eq!(variant(None, &["mediatek,mt7621-soc"]), [("compatible", Refuse)]);
        assert_eq!(variant(None, &["acme,quick6"]), [("compatible", Refuse)]);
        let lists_another = variant(Some(&["quick6"]), &["acme,quick5"]);
        assert_eq!(lists_another, [("supported-devices", Refuse), ("compatible", Ask)]);
    }
}

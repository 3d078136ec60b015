//! What a file is, in one plain sentence.

use crate::image::container::item::Outcome;
use crate::image::container::tplink;
use crate::image::donor::Kind;
use crate::image::inspect::Inspection;
use crate::image::{Board, Recognised};

/// What it is, in one plain sentence.
pub fn verdict(found: &Inspection, boards: &[Recognised], bytes: &[u8]) -> String {
    let what = match found.what {
        "blank" => "blank: one value everywhere".to_owned(),
        "unknown" => "nothing known is in it".to_owned(),
        "dump" => match boards.iter().find(|one| one.named) {
            Some(one) => format!("a dump of a whole flash, {}", one.board.model),
            None => "a dump of a whole flash".to_owned(),
        },
        "flash-image" => "an image of several known parts".to_owned(),
        kind => vendor_file(found, bytes).unwrap_or_else(|| format!("a file of one kind: {kind}")),
    };
    let all = || found.checks.iter().chain(found.items.iter().flat_map(|item| &item.checks));
    let bad: Vec<&str> =
        all().filter(|check| check.result == Outcome::Bad).map(|check| check.name.name()).collect();
    match (bad.as_slice(), all().count()) {
        // Checks of the file as such say nothing about what is in it.
        ([], _) if found.what == "unknown" => format!("{what}, so nothing shows whether it is whole"),
        ([], 0) => what,
        ([], _) => format!("{what}; every check is good"),
        (bad, _) => format!("{what}; BAD: {}", bad.join(", ")),
    }
}

/// A TP-Link file by the board whose id it has, and whether it brings a boot loader.
fn vendor_file(found: &Inspection, bytes: &[u8]) -> Option<String> {
    let header = tplink::parse(bytes, 0).filter(|_| tplink::KINDS.iter().any(|kind| *kind == found.what))?;
    let fits = |board: &&Board| {
        board.hardware.iter().any(|known| known.id == header.hw_id && known.rev == header.hw_rev)
    };
    let names: Vec<&str> = Board::all().iter().filter(fits).map(|board| board.model.as_str()).collect();
    let kind = if header.has_boot() { Kind::VendorWithLoader } else { Kind::VendorFirmware };
    Some(match names.as_slice() {
        [] => format!("{} for a board that is not in the table", kind.name()),
        names => format!("{} for {}", kind.name(), names.join(" or ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::inspect::inspect;

    #[test]
    fn of_what_is_not_known_nothing_is_called_good() {
        let photo =
            [b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01".to_vec(), (0..=255).cycle().take(9000).collect()].concat();
        let said = verdict(&inspect(&photo), &[], &photo);
        assert_eq!(said, "nothing known is in it, so nothing shows whether it is whole");
        let said = verdict(&inspect(&[]), &[], &[]);
        assert!(said.contains("BAD: not-empty"), "{said}");
    }
}

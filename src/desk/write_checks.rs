//! The checks on a file that is written byte for byte: does it belong there as it is, and does the chip keep what is its
//! unit's own? They have the names of the checks on a rewrite, and each can be allowed.

use super::regions::{self, board_of};
use super::{Place, Refusal};
use crate::image::checks::{
    BLANK_FILE, CONTAINER, DESCRIPTOR_DIFFERS, FOREIGN_CALIBRATION, FOREIGN_MAC, OTHER_BOARD, OTHER_FORM,
    OTHER_MAP, UNIT_ERASED, stopping,
};
use crate::image::donor::form::{has_chip_size, other_form};
use crate::image::donor::{loader, other_flash};
use crate::image::inspect::inspect;
use crate::image::is_blank;
use crate::image::layouts::ifd;
use crate::image::{Allow, Board, Finding, ImageError, Layout, PerUnit, Severity, UnitKind, unit};

/// Wrappers that a vendor puts around what belongs to flash, by the kinds of `inspect`: wrong at every address.
pub(super) const WRAPPERS: &[&str] = &[
    "7z-program",
    "ami-pfat",
    "ami-ucp",
    "cabinet",
    "dell-pfs",
    "dlink-dap",
    "dlink-shrs",
    "insyde-update",
    "linksys-chdr",
    "linksys-trailer",
    "netgear-chk",
    "netgear-dni",
    "phoenix-update",
    "safeloader",
    "tar",
    "toshiba-com",
    "uefi-capsule",
    "xiaomi-hdr",
    "zip",
];
/// Headers in front of a firmware: right where the firmware's region begins, wrong at the start of a flash, where the
/// boot loader is.
pub(super) const FIRMWARE_HEADERS: &[&str] =
    &["linksys-header", "seama", "sysupgrade", "tplink-v1", "tplink-v2", "tplink-v3", "trx"];

/// What a boot loader reads from after itself: at the start of a flash the loader would be missing.
pub(super) const BEHIND_LOADER: &[&str] = &[
    "ambarella-partition",
    "arcadyan-lzma",
    "bcm-tag",
    "cramfs",
    "econet-trx",
    "fit",
    "gzip",
    "jffs2",
    "lzma",
    "mtk-lk",
    "realtek-image",
    "squashfs",
    "ubi",
    "uimage",
    "xikestor-image",
    "xz",
    "zstd",
    "zyxel-trx",
];

/// Refuses a file that does not belong at `place` as it is; gives what was found and allowed.
///
/// # Errors
/// [`ImageError::Refused`] with every finding that stops the work.
pub fn passed(bytes: &[u8], name: &str, place: &Place, allow: &Allow) -> Result<Vec<Finding>, Refusal> {
    let findings = of_file(bytes, name, place);
    match stopping(&findings, allow) {
        stop if stop.is_empty() => Ok(findings),
        findings => Err(ImageError::Refused { findings }.into()),
    }
}

/// What is found in a file before any chip is asked; `name` names it in messages.
pub(crate) fn of_file(bytes: &[u8], name: &str, place: &Place) -> Vec<Finding> {
    let whole = *place == Place::Whole;
    // A piece for a place of its own may well be blank.
    if whole && is_blank(bytes) {
        let (byte, len) = (bytes.first().copied().unwrap_or(0xff), bytes.len());
        return vec![BLANK_FILE.found(format!(
            "{name} holds {byte:02x} only ({len:#x} bytes): was it read without a chip? To make a chip or a region \
             blank, erase it"
        ))];
    }
    if let Some(form) = other_form(bytes).filter(|_| whole) {
        return vec![OTHER_FORM.found_as(Severity::Ask, format!("{name} {form}"))];
    }
    container(bytes, name, place).into_iter().collect()
}

/// A vendor's download or an update file in place of what belongs to flash.
fn container(bytes: &[u8], name: &str, place: &Place) -> Option<Finding> {
    let start = place.start();
    let found = inspect(bytes);
    // Metadata after a firmware makes it a sysupgrade, and is no header.
    let is_header = |kind: &str| kind != "sysupgrade" && FIRMWARE_HEADERS.contains(&kind);
    let headers = found.items.iter().filter(|item| is_header(item.kind.name())).count();
    // An outer header, the boot loader, and the header of the firmware after it.
    let with_loader = headers > 1 && FIRMWARE_HEADERS.contains(&found.what);
    let behind = FIRMWARE_HEADERS.contains(&found.what) || BEHIND_LOADER.contains(&found.what);
    let misplaced = start == 0 && behind;
    if !(WRAPPERS.contains(&found.what) || misplaced || with_loader) {
        return None;
    }
    Some(CONTAINER.found(format!(
        "{name} is a file for an update ({}), and not what is in flash at {start:#x}: a chip that gets it byte for byte \
         does not start. A rewrite with this file as donor puts its parts where they belong",
        found.what
    )))
}

/// What is found in the contents that the chip will have, `after`, by what it holds now, `before`. `board` is the one that
/// the user named; without it, the contents name it.
pub(crate) fn against_chip(before: &[u8], after: &[u8], board: Option<&Board>) -> Vec<Finding> {
    let (ours, theirs) = (board_of(before), board_of(after));
    let mut findings = Vec::new();
    if let (Some(ours), Some(theirs)) = (&ours, &theirs)
        && ours.board.name != theirs.board.name
    {
        let (ours, theirs) = (&ours.board.name, &theirs.board.name);
        findings.push(OTHER_BOARD.found(format!(
            "the chip's contents are those of {ours}, and would become those of {theirs}: is it the right file?"
        )));
    }
    let (old, new) = (ifd::parse(before), ifd::parse(after));
    if let (Some(old), Some(new)) = (&old, &new)
        && places(old) != places(new)
    {
        findings.push(DESCRIPTOR_DIFFERS.found_as(
            Severity::Ask,
            "the Intel descriptor that would be written has its regions at other places than the chip's: is it of this \
             model?",
        ));
    }
    let layout = board.or(ours.as_ref().map(|found| &*found.board)).map(|board| &board.layout);
    let layout = layout.or(old.as_ref());
    let units = layout.iter().flat_map(|layout| layout.per_unit()).map(|(_, unit)| unit);
    findings.extend(units.filter(|unit| !unit.keep).filter_map(|unit| unit_data(before, after, unit)));
    findings
}

/// What is found in a file that is written to a part of a chip of `size` bytes: a whole image may have the region elsewhere,
/// and all of a flash of another size belongs to no part.
pub fn of_part(image: &[u8], size: u64, place: &Place) -> Option<Finding> {
    if image.len() as u64 == size { of_whole_image(image, place) } else { of_another_flash(image, place) }
}

fn of_another_flash(bytes: &[u8], place: &Place) -> Option<Finding> {
    let start = place.start();
    let starts_as_one =
        || other_flash::has_map(bytes) || (loader::is_one(bytes) && has_firmware_behind_loader(bytes));
    (start > 0 && has_chip_size(bytes) && starts_as_one()).then(|| {
        OTHER_MAP.found_as(
            Severity::Ask,
            format!(
                "the file starts as all of a flash of {:#x} bytes does, and would be put at {start:#x}: write the part of it \
                 that belongs there, or take it as a donor by its own map",
                bytes.len()
            ),
        )
    })
}

/// Loaders have packed parts of their own; a file system and a vendor's header are a firmware's.
fn has_firmware_behind_loader(bytes: &[u8]) -> bool {
    const FILE_SYSTEMS: &[&str] = &["squashfs", "cramfs", "jffs2", "ubi"];
    let is_firmware = |kind: &str| FILE_SYSTEMS.contains(&kind) || FIRMWARE_HEADERS.contains(&kind);
    inspect(bytes).items.iter().any(|item| item.offset > 0 && is_firmware(item.kind.name()))
}

fn of_whole_image(image: &[u8], place: &Place) -> Option<Finding> {
    let Place::Region { name, span } = place else { return None };
    let theirs = regions::of_contents(image)?.region(name)?.span;
    // The place may be the first part of a region.
    (theirs.start != span.start || theirs.end < span.end).then(|| {
        DESCRIPTOR_DIFFERS.found_as(
            Severity::Ask,
            format!("{name} is at {theirs} by the map in the file, and at {span} on the chip: is it of this model?"),
        )
    })
}

/// The regions of a map, by name and place.
fn places(layout: &Layout) -> Vec<(&str, crate::span::Span)> {
    layout.regions.iter().map(|region| (region.name.as_str(), region.span)).collect()
}

/// Data of the one unit that would be lost or become another's.
fn unit_data(before: &[u8], after: &[u8], of: &PerUnit) -> Option<Finding> {
    let (own, new) = (of.span.of(before)?, of.span.of(after)?);
    // What is missing already cannot be lost: a new chip gets the old one's.
    if own == new || of.is_missing(own) {
        return None;
    }
    let (name, at) = (&of.name, of.span.start);
    if of.is_missing(new) {
        return Some(UNIT_ERASED.found_as(
            Severity::Ask,
            format!("{name} at {at:#x} would be lost: it is this unit's own and cannot be made again"),
        ));
    }
    let check = if of.kind == UnitKind::Calibration { FOREIGN_CALIBRATION } else { FOREIGN_MAC };
    let (own, new) = (unit::show(own, of), unit::show(new, of));
    Some(check.found(format!(
        "{name} at {at:#x} would become another unit's: {new}; this unit's own is {own}. A rewrite with this file as \
         donor keeps what is this unit's own"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::container::intel::tests::{Made, PC};
    use crate::image::layouts::parse_any;
    use crate::image::made_tree;
    use crate::image::synthetic::{self, FirmwareSpec};
    use crate::span::Span;

    fn names(findings: &[Finding]) -> Vec<&'static str> {
        assert!(findings.iter().all(|finding| finding.severity == Severity::Ask), "{findings:?}");
        findings.iter().map(|finding| finding.name).collect()
    }

    #[test]
    fn a_file_for_an_update_belongs_to_no_start_of_a_flash() {
        let demo = synthetic::demo();
        let sysupgrade = synthetic::sysupgrade(&FirmwareSpec::default(), &["tplink,archer-mr200"]);
        let firmware = Place::Region { name: "firmware".into(), span: Span::new(0x2_0000, 0x7d_0000) };
        let (zero, whole) = (Place::At(0, None), Place::Whole);
        for (file, place, wanted) in [
            (&demo.vendor, &zero, &["container"][..]),
            (&demo.vendor, &whole, &["container"]),
            (&demo.vendor, &firmware, &["container"]),
            (&sysupgrade, &zero, &["container"]),
            (&sysupgrade, &firmware, &[]),
            (&demo.board.bytes().to_vec(), &whole, &[]),
            (&vec![0xff; 0x1000], &whole, &["blank-file"]),
            (&vec![0xff; 0x1000], &zero, &[]),
            (&b"# norsplice\n".to_vec(), &zero, &[]),
        ] {
            assert_eq!(names(&of_file(file, "file", place)), wanted, "{place}");
        }
    }

    #[test]
    fn all_of_a_flash_of_another_size_belongs_to_no_part_of_one() {
        const ROOT: &[u8] = include_bytes!("../../tests/data/small/rootfs_xz.sqfs");
        let loader = synthetic::loader(1, "Mar 10 2016 - 09:12:44");
        let flash = [&loader[..], ROOT, &vec![0xff; 0x4_0000 - loader.len() - ROOT.len()]].concat();
        let described = [&Made::old(&PC).bytes()[..], &synthetic::noise(2, 0xf000)].concat();
        let region = |start| Place::Region { name: "firmware".into(), span: Span::new(start, 0x8_0000) };
        let found = |bytes: &[u8], place: &Place| {
            of_part(bytes, 0x8_0000, place).map(|finding| (finding.name, finding.severity))
        };
        let asked = Some(("other-map", Severity::Ask));
        for whole in [&flash, &described] {
            assert_eq!(found(whole, &region(0x1_0000)), asked);
            assert_eq!(found(whole, &Place::At(0x4_0000, None)), asked);
            // A smaller chip's contents may go to the start of a larger one, and a part of them elsewhere.
            assert_eq!(found(whole, &Place::At(0, None)), None);
            assert_eq!(found(&whole[..whole.len() - 0x1000], &region(0x1_0000)), None);
        }
        // A second loader.
        assert_eq!(found(&loader, &region(0x2_0000)), None);
    }

    #[test]
    fn another_boards_contents_are_asked_about() {
        let map = parse_any(b"mtdparts=x:64k(boot),128k(firmware),64k(rest)", None).unwrap();
        let flash = |board: &str| {
            let (mut flash, tree) = (synthetic::noise(1, 0x4_0000), made_tree::of_layout(&[board], &map));
            flash[0x1_0000..][..tree.len()].copy_from_slice(&tree);
            flash
        };
        let found = against_chip(&flash("acme,quick5"), &flash("acme,quick6"), None);
        assert_eq!(names(&found), ["other-board"]);
        assert!(found[0].message.contains("quick5") && found[0].message.contains("quick6"), "{found:?}");
        assert!(against_chip(&flash("acme,quick5"), &flash("acme,quick5"), None).is_empty());
    }

    #[test]
    fn a_descriptor_with_another_map_is_asked_about() {
        let flash = |regions: &[(usize, u64, u64)]| {
            let mut flash = Made::old(regions).bytes();
            flash.extend(synthetic::noise(2, 0x1_0000));
            flash
        };
        let mut moved = PC.to_vec();
        let last = moved.len() - 1;
        moved[last].1 += 0x1000;
        assert_eq!(names(&against_chip(&flash(&PC), &flash(&moved), None)), ["descriptor-differs"]);
        assert!(against_chip(&flash(&PC), &flash(&PC), None).is_empty());
    }

    #[test]
    fn what_is_this_units_own_is_asked_about_and_its_own_dump_is_not() {
        let own = synthetic::demo().board.bytes().to_vec();
        let board = Board::named("archer-mr200-v1").unwrap();
        let unit =
            |kind| board.layout.per_unit().map(|(_, u)| u).find(|u| u.kind == kind && !u.keep).unwrap();
        let (mac, calibration) = (unit(UnitKind::Mac).span, unit(UnitKind::Calibration).span);
        assert!(against_chip(&own, &own, None).is_empty());
        let mut other = own.clone();
        other[mac.range().start + 5] ^= 1;
        assert_eq!(names(&against_chip(&own, &other, Some(board))), ["foreign-mac"]);
        other[calibration.range().end - 1] ^= 0x55;
        let both = names(&against_chip(&own, &other, Some(board)));
        assert!(both.contains(&"foreign-mac") && both.contains(&"foreign-calibration"), "{both:?}");
        let mut erased = own.clone();
        erased[mac.range()].fill(0xff);
        assert_eq!(names(&against_chip(&own, &erased, Some(board))), ["unit-erased"]);
        // A new chip in place of the old one has nothing to lose.
        assert!(against_chip(&vec![0xff; own.len()], &own, Some(board)).is_empty());
    }
}

//! Firmware without a TP-Link header: opened by its container, and held against the container's own sums.
//!
//! uImage, FIT, TRX and Seama images go to flash as they are (a Seama seal is left behind); of a SafeLoader image and of
//! a sysupgrade file of the tar kind, the parts are put where the flash has them. Facts: those of the containers;
//! where OpenWrt looks for a root file system behind its kernel: Linux drivers/mtd/mtdsplit (OpenWrt), at the next
//! erase block; padjffs2 (firmware-utils) for the marks.

use std::borrow::Cow;

use super::board::Board;
use super::checks::{Check, DONOR_UNKNOWN, HASH, MD5, OTHER_MAP, SUM, SUM_UNKNOWN, TRUNCATED};
use super::container::{dtb, safeloader, seama, squashfs, sysupgrade, trx, uimage};
use super::finding::Finding;
use super::firmware::MARK;
use super::item::{Found, Item, Look, Outcome};
use super::layout::Role;

/// Where the kernel ends, the root file system is looked for at the next of these.
const ERASE_BLOCK: u64 = 0x1_0000;
/// Edges at which a mark may be looked for, behind the root file system.
const MARK_EDGES: [u64; 2] = [0x1000, ERASE_BLOCK];

/// A firmware opened.
#[derive(Clone, Debug)]
pub struct Opened<'a> {
    /// `uImage`, `FIT image`, ...
    pub name: &'static str,
    /// What goes to the firmware region; `None` where only its parts are known.
    pub firmware: Option<Cow<'a, [u8]>>,
    /// Its parts by the names that regions of their own have.
    pub parts: Vec<(String, &'a [u8])>,
    /// What its sums tell.
    pub findings: Vec<Finding>,
}

type Find = fn(&mut Look, usize) -> Option<Found>;

/// What a firmware may be: how it is called, its mark and where that stands, who reads it.
const KINDS: [(&str, &[u8], usize, Find); 8] = [
    ("uImage", &[], 0, uimage::find_any),
    ("FIT image", &dtb::MAGIC, 0, dtb::find),
    ("TRX image", trx::MAGIC, 0, trx::find),
    ("Seama image", &seama::MAGIC, 0, seama::find),
    (SAFELOADER, safeloader::MAGIC, 0x1014, safeloader::find),
    (SAFELOADER, safeloader::MAGIC, 0x1050, safeloader::find),
    (TAR, b"ustar", 257, sysupgrade::find_tar),
    ("LZMA kernel", &[], 0, lzma_kernel),
];
const SAFELOADER: &str = "SafeLoader image";
const TAR: &str = "sysupgrade file of the tar kind";

fn lzma_kernel(look: &mut Look, at: usize) -> Option<Found> {
    super::container::lzma::find(look, at).map(|(found, _)| found).filter(|found| found.item.is_sound())
}

/// The container at the start of `bytes`.
fn container(look: &mut Look) -> Option<(&'static str, Item)> {
    KINDS.iter().find_map(|(name, magic, at, find)| {
        let marked = look.bytes.get(*at..).is_some_and(|bytes| bytes.starts_with(magic));
        let item = marked.then(|| find(look, *at))??.item;
        (item.offset == 0 && item.kind != "dtb").then_some((*name, item))
    })
}

/// Opens `file` for `board`; `what` names it in messages. `None` where it starts with nothing known.
pub fn open<'a>(file: &'a [u8], what: &str, board: &Board) -> Option<Opened<'a>> {
    let payload = sysupgrade::strip(file);
    let mut look = Look::new(payload);
    let (name, item) = container(&mut look)?;
    let mut findings = sums(&item, what);
    let (firmware, parts) = match name {
        SAFELOADER => of_safeloader(payload, what, board, &mut findings),
        TAR => of_tar(payload, what, board, &mut findings),
        _ => {
            if findings.is_empty() {
                findings.extend(root_file_system(&mut look, &item, what));
            }
            let entity = without_seal(payload, &item);
            if findings.is_empty() && entity.len() != payload.len() {
                let inside = container(&mut Look::new(entity));
                findings.extend(inside.into_iter().flat_map(|(_, item)| sums(&item, what)));
            }
            (Some(Cow::Borrowed(entity)), Vec::new())
        }
    };
    Some(Opened { name, firmware, parts, findings })
}

/// Judges a firmware as it stands in a dump: what covers the overlay, too, is stale as soon as the system runs.
pub fn judge_in_dump(region: &[u8], what: &str) -> Vec<Finding> {
    let Some((name, item)) = container(&mut Look::new(region)) else { return Vec::new() };
    let found = sums(&item, what);
    if !matches!(name, "TRX image" | "Seama image") {
        return found;
    }
    let stale =
        |f: Finding| SUM_UNKNOWN.found(format!("{}; a system that ran may have changed it", f.message));
    found.into_iter().map(stale).collect()
}

/// What the bad checks of an item mean for a donor.
fn sums(item: &Item, what: &str) -> Vec<Finding> {
    let bad = item.checks.iter().filter(|check| check.result == Outcome::Bad);
    let mut found: Vec<Finding> = bad
        .map(|check| {
            let (meaning, words): (Check, &str) = match check.name {
                "size" | "partitions" => (TRUNCATED, "it ends before its header says: get the file again"),
                "header-crc" | "data-crc" | "crc" => {
                    (SUM, "the CRC does not hold: it is damaged; get it again")
                }
                "hash" => (HASH, "a hash does not hold: it is damaged; get it again"),
                "md5" => (MD5, "the MD5 does not hold: it is damaged; get it again"),
                "kernel" => (DONOR_UNKNOWN, "it has no kernel"),
                _ => (SUM, "its header is broken: it is damaged; get it again"),
            };
            let detail = if check.detail.is_empty() { String::new() } else { format!(" ({})", check.detail) };
            meaning.found(format!("{what}, {} at {:#x}: {words}{detail}", item.kind, item.offset))
        })
        .collect();
    // A file cut short fails its sums as well: that is told once, as what it is.
    if found.iter().any(|f| f.name == TRUNCATED.name) {
        found.retain(|f| f.name == TRUNCATED.name);
    }
    found
}

/// A finding when the root file system behind the kernel is cut short: it has no sum, but a length.
fn root_file_system(look: &mut Look, kernel: &Item, what: &str) -> Option<Finding> {
    let from = if kernel.kind == "uimage" || kernel.kind == "fit" { kernel.end() } else { 0 } as usize;
    let bytes = look.bytes;
    let behind = bytes.get(from..)?;
    let mut starts = memchr::memmem::find_iter(behind, b"hsqs");
    let root = starts.find_map(|at| squashfs::find(look, from + at))?.item;
    sums(&root, what).into_iter().next()
}

/// A Seama file may be sealed: a header of its own around what goes to flash.
fn without_seal<'a>(bytes: &'a [u8], item: &Item) -> &'a [u8] {
    if item.kind != "seama" || item.attributes.get("image_size").and_then(|size| size.as_u64()) != Some(0) {
        return bytes;
    }
    // The seal says nothing of what follows: the entity is the next header.
    memchr::memmem::find(&bytes[4..], &seama::MAGIC).map_or(bytes, |at| &bytes[4 + at..])
}

type Parts<'a> = (Option<Cow<'a, [u8]>>, Vec<(String, &'a [u8])>);

/// Kernel and root file system of a SafeLoader image, at the distance that its flash map gives them.
fn of_safeloader<'a>(bytes: &'a [u8], what: &str, board: &Board, findings: &mut Vec<Finding>) -> Parts<'a> {
    let Some(image) = safeloader::parse(bytes, 0) else { return (None, Vec::new()) };
    let parts: Vec<(String, &[u8])> =
        image.parts.iter().filter_map(|(name, span)| Some((name.clone(), span.of(bytes)?))).collect();
    let place = |name: &str| image.flash.iter().find(|(n, _)| n == name).map(|(_, span)| *span);
    let part = |name: &str| parts.iter().find(|(n, _)| n == name).map(|(_, bytes)| *bytes);
    let (Some(at), Some(kernel)) = (place("os-image"), part("os-image")) else { return (None, parts) };
    let Some(home) = board.layout.of_role(Role::Firmware).map(|r| r.span) else { return (None, parts) };
    if at.start != home.start {
        findings.push(OTHER_MAP.found(format!(
            "{what} has its kernel at {:#x} of the flash, and the firmware of {} starts at {:#x}: it is for another \
             board or version",
            at.start, board.name, home.start
        )));
        return (None, parts);
    }
    let mut firmware = kernel.to_vec();
    if let (Some(root_at), Some(root)) = (place("file-system"), part("file-system")) {
        let from = root_at.start.saturating_sub(at.start);
        // No further than the board has room, whatever the file's map says.
        if from < firmware.len() as u64 || from >= home.len() {
            findings.push(TRUNCATED.found(format!(
                "{what}: its flash map has the root file system at {:#x}, where its kernel still is or the firmware's \
                 room ends",
                root_at.start
            )));
            return (None, parts);
        }
        firmware.resize(from as usize, 0xff);
        firmware.extend_from_slice(root);
    }
    (Some(Cow::Owned(firmware)), parts)
}

/// Kernel and root file system of a tar, the latter at the next erase block, with OpenWrt's mark behind it.
fn of_tar<'a>(bytes: &'a [u8], what: &str, board: &Board, findings: &mut Vec<Finding>) -> Parts<'a> {
    let part = |name: &str| {
        let files = sysupgrade::tar_files(bytes)?;
        let file = files.into_iter().find(|f| f.path.ends_with(name))?;
        bytes.get(file.offset as usize..file.offset.checked_add(file.len)? as usize)
    };
    let (kernel, root) = (part("/kernel"), part("/root"));
    let named = [("kernel", kernel), ("rootfs", root), ("root", root)];
    let parts: Vec<(String, &[u8])> =
        named.into_iter().filter_map(|(name, bytes)| Some((name.to_owned(), bytes?))).collect();
    let start = board.layout.of_role(Role::Firmware).map_or(0, |r| r.span.start);
    let Some(kernel) = kernel else { return (None, parts) };
    if let Some((_, item)) = container(&mut Look::new(kernel)) {
        findings.extend(sums(&item, &format!("{what}, its kernel")));
    }
    let mut firmware = kernel.to_vec();
    let pad = |firmware: &mut Vec<u8>, edge: u64| {
        let end = (start + firmware.len() as u64).next_multiple_of(edge) - start;
        firmware.resize(end as usize, 0xff);
    };
    if let Some(root) = root {
        findings.extend(root_file_system(&mut Look::new(root), &Item::new("tar", 0, 0), what));
        pad(&mut firmware, ERASE_BLOCK);
        firmware.extend_from_slice(root);
        for edge in MARK_EDGES {
            pad(&mut firmware, edge);
            firmware.extend_from_slice(&MARK);
        }
    }
    (Some(Cow::Owned(firmware)), parts)
}

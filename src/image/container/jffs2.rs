//! jffs2: nodes of either byte order, clean markers, and the DE AD C0 DE marks that ask for one to be made.
//!
//! Facts: Linux include/uapi/linux/jffs2.h (node types); the CRC is the register from 0 without inversion;
//! OpenWrt's mtdsplit.c (marks are at an erase block's edge, counted in flash).

use super::budget::Look;
use super::bytes::{Endianness, slice, u16_at, u32_at};
use super::item::{Found, Item, ItemKind, Outcome};
use super::overlay::FORMAT_MARK;

/// The kind of a file system.
pub const KIND: ItemKind = ItemKind::new("jffs2");

/// The kind of a mark.
pub const MARK_KIND: ItemKind = ItemKind::new("deadc0de");

const NODE_HEADER_LEN: usize = 12;
/// The bit of a type that is cleared when a node is obsoleted in place.
const ACCURATE: u16 = 0x2000;
const CLEANMARKER: u16 = 0x2003;
const DIRECTORY_ENTRY: u16 = 0xe001;
const INODE: u16 = 0xe002;
/// Node types there are: directory entry, inode, clean marker, padding, summary, xattr, its reference.
const TYPES: [u16; 7] = [DIRECTORY_ENTRY, INODE, CLEANMARKER, 0x2004, 0x2006, 0xe008, 0xe009];
/// The smallest erase block; what is not a node is skipped up to the next multiple.
const BLOCK: usize = 0x1000;

/// The CRC-32 jffs2 uses.
pub(crate) fn crc(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(!0);
    hasher.update(bytes);
    !hasher.finalize()
}

/// A node's type and length, where its header's CRC holds, which is over the type before it was obsoleted.
fn node(bytes: &[u8], at: usize, order: Endianness) -> Option<(u16, usize)> {
    let head = slice(bytes, at, NODE_HEADER_LEN)?;
    if u16_at(head, 0, order)? != 0x1985 {
        return None;
    }
    let stored = u32_at(head, 8, order)?;
    let kind = u16_at(head, 2, order)?;
    let len = u32_at(head, 4, order)? as usize;
    let whole = kind | ACCURATE;
    if !TYPES.contains(&whole) || len < NODE_HEADER_LEN {
        return None;
    }
    let mut accurate = [0; 8];
    accurate.copy_from_slice(&head[..8]);
    let kind_bytes = if order == Endianness::Big { whole.to_be_bytes() } else { whole.to_le_bytes() };
    accurate[2..4].copy_from_slice(&kind_bytes);
    let holds = crc(&head[..8]) == stored || crc(&accurate) == stored;
    holds.then_some((whole, len))
}

/// True where the sums of a node of `len` bytes at `at` hold: its own, and those of its name or data.
fn sums_hold(bytes: &[u8], at: usize, len: usize, kind: u16, order: Endianness) -> bool {
    // Offsets: the node's sum, which covers what comes 8 or 0 bytes before it, and the contents' sum and place.
    let (node_sum, covered, content_sum, content) = match kind {
        DIRECTORY_ENTRY => (0x20, 0x20, 0x24, 0x28),
        INODE => (0x40, 0x3c, 0x3c, 0x44),
        _ => return true,
    };
    let Some(node) = slice(bytes, at, len) else { return false };
    if u16_at(node, 2, order).is_some_and(|stored| stored & ACCURATE == 0) {
        return true; // Obsoleted in place: nothing reads it any more.
    }
    let content_len = match kind {
        DIRECTORY_ENTRY => node.get(0x1c).map(|n| usize::from(*n)),
        _ => u32_at(node, 0x30, order).map(|n| n as usize),
    };
    let holds =
        |sum_at, covered: Option<&[u8]>| covered.map(crc) == u32_at(node, sum_at, order) && covered.is_some();
    holds(node_sum, slice(node, 0, covered))
        && content_len.is_some_and(|n| holds(content_sum, slice(node, content, n)))
}

/// Reads the file system whose first node is at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let bytes = look.bytes;
    let order = if bytes.get(at..at + 2)? == [0x85, 0x19] { Endianness::Little } else { Endianness::Big };
    node(bytes, at, order)?;
    let (mut nodes, mut markers, mut broken, mut unsound) = (0u32, Vec::new(), 0u32, 0u32);
    let (mut here, mut end) = (at, at);
    while here < bytes.len() {
        if let Some((kind, len)) = node(bytes, here, order) {
            nodes += 1;
            unsound += u32::from(!sums_hold(bytes, here, len, kind, order));
            if kind == CLEANMARKER {
                markers.push(here);
            }
            end = (here + len).min(bytes.len());
            here = (here + len.next_multiple_of(4)).max(here + 4);
            continue;
        }
        if slice(bytes, here, 4) == Some(&[0xff; 4]) {
            here += 4;
            continue;
        }
        // An interrupted or overwritten node: its block's rest is lost, the file system may continue in the next.
        let next = at + (here - at + 1).next_multiple_of(BLOCK);
        let goes_on = node(bytes, next, order).is_some();
        if !goes_on {
            break;
        }
        broken += 1;
        here = next;
    }
    let erase_block = markers.windows(2).map(|pair| pair[1] - pair[0]).min();
    let item = Item::new(KIND, at as u64, (end - at) as u64)
        .with("endianness", order.name())
        .with("nodes", nodes)
        .with("cleanmarkers", markers.len())
        .with_some("erase_block", erase_block.map(|b| format!("{b:#x}")))
        .check("node-headers", broken == 0, count(broken, "blocks hold other bytes"));
    let (result, detail) = match unsound {
        0 => (Outcome::Ok, String::new()),
        _ => (Outcome::CannotTell, count(unsound, "nodes' sums fail: damage, or writes that were cut short")),
    };
    let item = item.check("node-data", result, detail);
    Some(Found::leaf(item))
}

/// `3 what`, or nothing for none.
fn count(n: u32, what: &str) -> String {
    if n == 0 { String::new() } else { format!("{n} {what}") }
}

/// Reads a mark at `at`: alone in blank bytes or at the end, as OpenWrt's images carry it.
pub(crate) fn find_mark(look: &mut Look, at: usize) -> Option<Found> {
    let bytes = look.bytes;
    (slice(bytes, at, 4)? == FORMAT_MARK).then_some(())?;
    // On an edge counted from the file or, in a file with headers before it, from after 200h bytes of them.
    let edge = [0, 0x200].iter().any(|shift| at >= *shift && (at - shift).is_multiple_of(BLOCK));
    let after = &bytes[at + 4..bytes.len().min(at + 20)];
    let alone = after.iter().all(|b| *b == 0xff) || after.starts_with(&[0; 8]);
    if !edge || !alone {
        return None;
    }
    Some(Found::leaf(Item::new(MARK_KIND, at as u64, 4).with("meaning", "OpenWrt makes its overlay here")))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A node with `len` bytes in all.
    pub(crate) fn node_bytes(kind: u16, len: u32, order: Endianness) -> Vec<u8> {
        let half = |v: u16| if order == Endianness::Big { v.to_be_bytes() } else { v.to_le_bytes() };
        let mut bytes = [half(0x1985), half(kind)].concat();
        bytes.extend(order.bytes32(len));
        bytes.extend(order.bytes32(crc(&bytes)));
        bytes.resize(len as usize, 0x5a);
        bytes
    }

    #[test]
    fn the_crc_is_the_kernels() {
        // A clean marker as mkfs.jffs2 writes it, little-endian: 85 19 03 20 0c 00 00 00 b1 b0 1e e4.
        assert_eq!(crc(&[0x85, 0x19, 3, 0x20, 0xc, 0, 0, 0]), 0xe41e_b0b1);
    }

    #[test]
    fn nodes_in_both_orders_over_blank_rest() {
        for order in [Endianness::Little, Endianness::Big] {
            let mut bytes = vec![0; 0x1000];
            for block in 0..2 {
                bytes.resize(0x1000 + block * 0x10000, 0xff);
                bytes.extend(node_bytes(CLEANMARKER, 12, order));
                bytes.extend(node_bytes(0xe001, 0x31, order));
            }
            bytes.resize(0x21000, 0xff);
            let found = find(&mut Look::new(&bytes), 0x1000).unwrap().item;
            assert_eq!((found.offset, found.size), (0x1000, 0x1003d));
            assert_eq!(found.attributes["nodes"], 4);
            assert_eq!(found.attributes["erase_block"], "0x10000");
            assert!(found.is_sound());
        }
    }

    #[test]
    fn a_broken_block_is_told() {
        let mut bytes = node_bytes(CLEANMARKER, 12, Endianness::Little);
        bytes.resize(0x1000, 0x33);
        bytes.extend(node_bytes(CLEANMARKER, 12, Endianness::Little));
        let found = find(&mut Look::new(&bytes), 0).unwrap().item;
        assert_eq!(found.size, 0x100c);
        assert!(!found.is_sound());
    }

    #[test]
    fn a_mark_counts_at_an_edge_only() {
        let mut bytes = vec![0xff; 0x4000];
        bytes[0x1000..0x1004].copy_from_slice(&FORMAT_MARK);
        bytes[0x2004..0x2008].copy_from_slice(&FORMAT_MARK);
        assert!(find_mark(&mut Look::new(&bytes), 0x1000).is_some());
        assert!(find_mark(&mut Look::new(&bytes), 0x2004).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes(mut bytes in prop::collection::vec(any::<u8>(), 0..200), len in any::<u32>()) {
            let mut head = node_bytes(0xe001, 12, Endianness::Little);
            head[4..8].copy_from_slice(&len.to_le_bytes());
            let sum = crc(&head[..8]);
            head[8..12].copy_from_slice(&sum.to_le_bytes());
            head.append(&mut bytes);
            let len = head.len() as u64;
            if let Some(found) = find(&mut Look::new(&head), 0) {
                prop_assert!(found.item.end() <= len);
            }
        }
    }
}

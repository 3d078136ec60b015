//! The one pass over the bytes: magic numbers at any offset, magic-less things at erase blocks' edges.

use std::sync::LazyLock;

use memchr::memmem;

use crate::image::container::{
    art, dtb, fmap, ifd, jffs2, lzma, mtk_eeprom, packed, safeloader, seama, squashfs, sysupgrade,
    tplink_item, trx, uboot_env, uimage,
};
use crate::image::item::{Found, Item, Look};
use crate::span::Span;

type Find = fn(&mut Look, usize) -> Option<Found>;

/// What starts with known bytes, and who reads it.
const MAGICS: &[(&[u8], Find)] = &[
    (&[1, 0, 0, 0], tplink_item::find),
    (&[2, 0, 0, 0], tplink_item::find),
    (&[3, 0, 0, 0], tplink_item::find),
    (&uimage::MAGIC, uimage::find),
    (&uimage::OKLI, uimage::find),
    (trx::MAGIC, trx::find),
    (&seama::MAGIC, seama::find),
    (b"hsqs", squashfs::find),
    (b"sqsh", squashfs::find),
    (b"shsq", squashfs::find),
    (b"qshs", squashfs::find),
    (b"hsqt", squashfs::find),
    (b"tqsh", squashfs::find),
    (&[0x85, 0x19], jffs2::find),
    (&[0x19, 0x85], jffs2::find),
    (&[0xde, 0xad, 0xc0, 0xde], jffs2::find_mark),
    (&dtb::MAGIC, dtb::find),
    (fmap::MAGIC, fmap::find),
    (&ifd::SIGNATURE, ifd::find),
    (safeloader::MAGIC, safeloader::find),
    (b"ustar", sysupgrade::find_tar),
    (b"<?xml", find_xml),
];

/// What has no magic number: the edge at which it is looked for, and who reads it.
const EDGES: &[(usize, Find)] = &[
    (0x400, uboot_env::find),
    (0x1000, uimage::find_foreign),
    (0x1000, mtk_eeprom::find),
    (0x1000, art::find),
];
const SMALLEST_EDGE: usize = 0x400;

/// For each first byte, the magics that start with it, as bits of their index; what is packed as the highest bits.
static STARTS: LazyLock<[u32; 256]> = LazyLock::new(|| {
    let mut starts = [0; 256];
    for (i, (magic, _)) in MAGICS.iter().enumerate() {
        starts[usize::from(magic[0])] |= 1 << i;
    }
    for format in &packed::FORMATS {
        starts[usize::from(format.magic[0])] |= PACKED;
    }
    starts[0x5d] |= LZMA;
    starts[0x6d] |= LZMA;
    starts
});
const LZMA: u32 = 1 << 31;
/// gzip, xz and zstd, the same.
const PACKED: u32 = 1 << 30;

/// More items than any image has; the rest of a file that has more is not looked at.
pub(super) const MOST_ITEMS: usize = 4096;

/// What a pass found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The items, in the order found.
    pub items: Vec<Item>,
    /// The bytes that are accounted for: all of what nothing was searched in, else the headers.
    pub covered: Vec<Span>,
}

impl Scan {
    fn push(&mut self, found: Found) -> usize {
        self.covered.push(Span::new(found.item.offset, found.resume as u64));
        self.items.push(found.item);
        found.resume
    }
}

/// Looks over all bytes.
pub(super) fn scan(look: &mut Look) -> Scan {
    let mut found = Scan::default();
    let starts = &*STARTS;
    let bytes = look.bytes;
    let mut at = 0;
    while at < bytes.len() && found.items.len() < MOST_ITEMS {
        if at % SMALLEST_EDGE == 0
            && let Some(item) = at_edge(look, at)
        {
            at = found.push(item).max(at + 1);
            continue;
        }
        let bits = starts[usize::from(bytes[at])];
        if bits != 0
            && let Some(resume) = at_magic(look, at, bits, &mut found)
        {
            at = resume.max(at + 1);
            continue;
        }
        at += 1;
    }
    found
}

fn at_edge(look: &mut Look, at: usize) -> Option<Found> {
    EDGES.iter().filter(|(edge, _)| at.is_multiple_of(*edge)).find_map(|(_, find)| find(look, at))
}

fn at_magic(look: &mut Look, at: usize, bits: u32, found: &mut Scan) -> Option<usize> {
    let packed = match bits {
        _ if bits & LZMA != 0 => lzma::find(look, at),
        _ if bits & PACKED != 0 => packed::find(look, at),
        _ => None,
    };
    if let Some((stream, unpacked)) = packed {
        let (offset, size) = (stream.item.offset, stream.item.size);
        let resume = found.push(stream);
        found.items.extend(trees_in(&unpacked, offset, size));
        return Some(resume);
    }
    let hit = MAGICS
        .iter()
        .enumerate()
        .filter(|(i, (magic, _))| bits & (1 << i) != 0 && look.bytes[at..].starts_with(magic))
        .find_map(|(_, (_, find))| find(look, at))?;
    Some(found.push(hit))
}

/// The boards' trees in a kernel that was unpacked; their offset is the packed stream's.
fn trees_in(unpacked: &[u8], offset: u64, size: u64) -> Vec<Item> {
    crate::image::devicetree::trees_in(unpacked)
        .into_iter()
        .map(|(at, tree)| {
            dtb::describe(&tree, offset, size)
                .with_hex("unpacked_offset", at as u64)
                .with("unpacked_size", tree.len)
        })
        .collect()
}

/// A configuration in XML, up to the first byte that is no text.
fn find_xml(look: &mut Look, at: usize) -> Option<Found> {
    let rest = &look.bytes[at..];
    let len = rest.iter().position(|b| matches!(b, 0 | 0xff)).unwrap_or(rest.len());
    // The root element follows the declaration: "<?xml ...?>", "<DslCpeConfig>".
    let head = &rest[..len.min(0x200)];
    let open = memmem::find(head, b"?>")? + 2;
    let start = head[open..].iter().position(|b| *b == b'<')? + open + 1;
    let name: String = head[start..]
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
        .map(|b| char::from(*b))
        .collect();
    let closing = format!("</{name}>");
    let closed = memmem::find(&rest[..len], closing.as_bytes()).is_some();
    let item = Item::new("xml", at as u64, len as u64).with_some("root", Some(name)).check(
        "closed",
        closed,
        if closed { String::new() } else { format!("no {closing}") },
    );
    Some(Found::leaf(item))
}

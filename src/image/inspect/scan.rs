//! The one pass over the bytes: magic numbers at any offset, magic-less things at erase blocks' edges.

use std::sync::LazyLock;

use crate::image::container::budget::Look;
use crate::image::container::dtb;
use crate::image::container::item::{Found, Item};
use crate::image::container::wrapper;
use crate::image::devicetree::{self, BoardTree};
use crate::image::formats::{ContainerFormat, FORMATS, SMALLEST_EDGE};
use crate::span::Span;

/// The formats with magic numbers by the first byte of each, in the order of the table.
type ByFirstByte = [Vec<(&'static [u8], &'static ContainerFormat)>; 256];

static MAGICS: LazyLock<ByFirstByte> = LazyLock::new(|| {
    let mut starts = [const { Vec::new() }; 256];
    for format in FORMATS {
        for magic in format.magics {
            starts[usize::from(magic[0])].push((*magic, format));
        }
    }
    starts
});

/// Every pair of bytes with which a magic number starts: hardly any place in a file has one.
static PAIRS: LazyLock<Box<[bool; 1 << 16]>> = LazyLock::new(|| {
    let mut starts = Box::new([false; 1 << 16]);
    for magic in FORMATS.iter().flat_map(|format| format.magics) {
        let first = usize::from(magic[0]) << 8;
        match magic.get(1) {
            Some(second) => starts[first | usize::from(*second)] = true,
            None => starts[first..first + 0x100].fill(true),
        }
    }
    starts
});

/// The formats without magic numbers, and the edges at which they are searched.
static EDGES: LazyLock<Vec<(usize, &ContainerFormat)>> =
    LazyLock::new(|| FORMATS.iter().filter_map(|format| Some((format.edge?, format))).collect());

/// More items than any image has; the rest of a file that has more is not looked at.
pub(super) const MOST_ITEMS: usize = 4096;

/// What a pass found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The items, in the order found.
    pub items: Vec<Item>,
    /// The bytes that are accounted for: all of what nothing was searched in, else the headers.
    pub covered: Vec<Span>,
    /// The boards' trees in packed streams.
    pub trees: Vec<BoardTree>,
}

impl Scan {
    /// Takes what a format found in `len` bytes; gives the place where the search resumes, at most the end. A header may
    /// name parts past the end of a file that is cut short.
    fn push(&mut self, found: Found, len: usize) -> usize {
        let Found { item, resume, unpacked } = found;
        let resume = resume.min(len);
        let (offset, size) = (item.offset, item.size);
        self.covered.push(Span::new(offset, resume as u64));
        self.items.push(item);
        if let Some(data) = unpacked {
            self.take_trees(&data, offset, size);
        }
        resume
    }

    /// The boards' trees in a kernel that was unpacked; their offset is the packed stream's.
    fn take_trees(&mut self, unpacked: &[u8], offset: u64, size: u64) {
        for (at, tree) in devicetree::trees_in(unpacked) {
            let item = dtb::describe(&tree, offset, size);
            self.items.push(item.with_hex("unpacked_offset", at as u64).with("unpacked_size", tree.len));
            self.trees.push(BoardTree { offset, packed: true, board: devicetree::TreeBoard::read(&tree) });
        }
    }
}

/// Searches all bytes.
pub(super) fn scan(look: &mut Look) -> Scan {
    let mut found = Scan::default();
    let (magics, edges) = (&*MAGICS, EDGES.as_slice());
    let bytes = look.bytes;
    let mut at = 0;
    // What is not inside of a wrapper is accounted for, and its header and what of it is in no order of the flash not searched.
    let mut passed: Vec<Span> = Vec::new();
    for (start, mut wrapped) in wrapper::nested(look) {
        let own: Vec<Span> = wrapped.own_bytes().into_iter().map(|span| span.shifted(start)).collect();
        passed.extend(own.first().filter(|first| first.start == start));
        wrapped.item.offset = start;
        found.covered.extend(own);
        found.items.push(wrapped.item);
    }
    while found.items.len() < MOST_ITEMS {
        at = next_place(bytes, at);
        let Some(first) = bytes.get(at) else { break };
        if let Some(span) = passed.iter().find(|span| span.contains(at as u64)) {
            at = bytes.len().min(span.end as usize);
            continue;
        }
        let starting = &magics[usize::from(*first)];
        let at_edge = at % SMALLEST_EDGE == 0;
        let by_edge = edges
            .iter()
            .filter(|(edge, _)| at_edge && at.is_multiple_of(*edge))
            .find_map(|(_, format)| format.search(look, at));
        let hit = by_edge.or_else(|| {
            let starts = starting.iter().filter(|(magic, _)| bytes[at..].starts_with(magic));
            starts.into_iter().find_map(|(_, format)| format.search(look, at))
        });
        at = hit.map_or(at + 1, |hit| found.push(hit, bytes.len()).max(at + 1));
    }
    found
}

/// The first place from `at` on at which something may start: an edge, or a pair of bytes as a magic number has them.
/// The end of the bytes where there is none.
fn next_place(bytes: &[u8], at: usize) -> usize {
    let edge = at.next_multiple_of(SMALLEST_EDGE).min(bytes.len());
    // With the first byte after the edge, so that the last pair is whole.
    let before = &bytes[at..bytes.len().min(edge + 1)];
    let pairs = &*PAIRS;
    let found = before.windows(2).position(|pair| pairs[usize::from(pair[0]) << 8 | usize::from(pair[1])]);
    found.map_or(edge, |pair| at + pair)
}

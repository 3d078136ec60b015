//! Where boards' trees are in an image: in plain bytes, and in packed kernels.

use memchr::{memchr2_iter, memmem};

use super::model::{BoardTree, TreeBoard};
use crate::image::container::budget::{Look, MOST_LZMA_TRIES, MOST_PACKED_TRIES};
use crate::image::container::dtb::{MAGIC, Tree};
use crate::image::container::item::Item;
use crate::image::container::packed::{self, lzma};
use crate::image::container::squashfs;
use crate::span::Span;

/// The boards' trees in plain bytes, with their offsets; a FIT image's own tree is none.
pub(crate) fn trees_in(bytes: &[u8]) -> Vec<(usize, Tree<'_>)> {
    // Trees that break off far in, and those of no board, cost their length each.
    const MOST_VAIN: usize = 64;
    let mut found = Vec::new();
    let (mut next, mut vain) = (0, 0);
    for at in memmem::find_iter(bytes, &MAGIC) {
        if at < next || vain == MOST_VAIN {
            continue;
        }
        match Tree::read(&bytes[at..]) {
            Ok(tree) if tree.root().property("compatible").is_some() => {
                next = at + tree.len;
                found.push((at, tree));
            }
            Ok(_) | Err(_) => vain += 1,
        }
    }
    found
}

/// The boards' trees in plain bytes.
pub(crate) fn plain(bytes: &[u8]) -> Vec<BoardTree> {
    let read = |(at, tree): &(usize, Tree)| BoardTree {
        offset: *at as u64,
        packed: false,
        board: TreeBoard::read(tree),
    };
    trees_in(bytes).iter().map(read).collect()
}

/// The boards' trees in an image, a dump or a vendor file, plain or in packed kernels.
pub fn find(image: &[u8]) -> Vec<BoardTree> {
    const MOST_UNPACKED: u64 = 64 << 20;
    let mut found = plain(image);
    let file_systems = file_systems(image);
    let outside = |at: &usize| !file_systems.iter().any(|span| span.contains(*at as u64));
    let mut left = MOST_UNPACKED;
    let mut take = |at: usize, data: &[u8]| {
        found.extend(trees_in(data).iter().map(|(_, tree)| BoardTree {
            offset: at as u64,
            packed: true,
            board: TreeBoard::read(tree),
        }));
    };
    let (mut next, mut tries) = (0, MOST_LZMA_TRIES);
    let [one, other] = lzma::USUAL_PROPERTIES;
    for at in memchr2_iter(one, other, image).filter(outside) {
        if at < next {
            continue;
        }
        let Some(unpacked) = lzma::unpack_usual(image, at, left, &mut tries) else { continue };
        left -= unpacked.data.len() as u64;
        if unpacked.complete {
            next = at + unpacked.used;
        }
        take(at, &unpacked.data);
    }
    for format in &packed::FORMATS {
        let starts = memmem::find_iter(image, format.magic).filter(outside).take(MOST_PACKED_TRIES as usize);
        for at in starts {
            let Some(unpacked) = format.unpack(image, at, left) else { continue };
            left -= unpacked.data.len() as u64;
            take(at, &unpacked.data);
        }
    }
    found.sort_by_key(|tree| tree.offset);
    found
}

/// Where complete file systems are: they are full of packed streams, none of which is a kernel.
pub(crate) fn file_systems(image: &[u8]) -> Vec<Span> {
    const MOST: usize = 16;
    let mut look = Look::new(image);
    let (mut found, mut next): (Vec<Span>, u64) = (Vec::new(), 0);
    for at in memmem::find_iter(image, b"hsqs") {
        if found.len() == MOST || (at as u64) < next {
            continue;
        }
        let item = squashfs::find(&mut look, at).map(|found| found.item).filter(Item::is_sound);
        if let Some(span) = item.and_then(|item| Span::at(item.offset, item.size)) {
            next = span.end;
            found.push(span);
        }
    }
    found
}

//! Toshiba's `.COM` files: pieces of a BIOS one after the other, each with a head and packed by a Huffman code.
//!
//! Two zeros, version, `BIOS`, 16 characters of the release at 0Bh, 1 at 1Bh for what is packed, packed length at 24h, at 28h
//! the unpacked length in KiB; the data are after 100h bytes, in version 2 after 200h. A stream: blocks that start with 1,
//! until 0; a block has the number of bytes (24 bits, high byte first), its tree (bit 1: two branches, 0: 8 bits of a leaf),
//! the codes, and ends at a byte. Facts: ToshibaComExtractor (BSD). What is not packed is named: no source says where
//! it ends.

use memchr::memmem;

use super::part::{About, Part, Target};
use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::Look;
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::image::container::item::{CheckName, Item, ItemKind};

const MARK: &[u8] = b"BIOS";
const MARK_AT: usize = 3;
const HEAD_LEN: usize = 0x2a;
/// The longest piece, and the most pieces: a flash of Toshiba's has 16 MiB at most.
const LONGEST: usize = 4 << 20;
const MOST_PIECES: usize = 16;
/// What does not pack at all is as much longer: the tree of all bytes, and the heads of some blocks.
const LONGER: usize = 0x400;
/// Branches of a tree.
const MOST_BRANCHES: usize = 255;

/// Reads a file that starts with a piece.
pub(super) fn com(look: &mut Look) -> Option<Wrapped> {
    let bytes = look.bytes;
    let first = head(bytes, 0)?;
    let name = "Toshiba BIOS file";
    let item = Item::new(ItemKind::new("toshiba-com"), 0, bytes.len() as u64)
        .with_some("version", first.version.clone());
    if !first.packed {
        let inside = Inside::Closed("it is not packed, and where its image ends is not known");
        return Some(Wrapped { name, item, inside });
    }
    let (mut image, mut pieces, mut next) = (Vec::new(), 0, Some(first.clone()));
    while let Some(piece) = next.filter(|_| pieces < MOST_PIECES) {
        pieces += 1;
        let Some(packed) = slice(bytes, piece.data_at, piece.packed_len) else {
            let item = item.check(CheckName::SIZE, false, format!("piece {pieces} is not all there"));
            return Some(Wrapped { name, item, inside: Inside::Closed("a piece of it is cut short") });
        };
        let Some(data) = unpack(packed, piece.len) else {
            let item = item.check(
                CheckName::UNPACKS,
                false,
                format!("piece {pieces} does not unpack to its length"),
            );
            return Some(Wrapped { name, item, inside: Inside::Closed("a piece of it does not unpack") });
        };
        image.extend(data);
        next = following(bytes, piece.data_at + piece.packed_len);
    }
    let mut about = About::new("image", "BIOS", Target::Bios);
    about.version = first.version;
    let inside = Inside::Parts(vec![Part::made(about, image)]);
    Some(Wrapped { name, item: item.with("pieces", pieces).check(CheckName::UNPACKS, true, ""), inside })
}

/// The next piece that starts at `from` or after it.
fn following(bytes: &[u8], from: usize) -> Option<Piece> {
    let marks = memmem::find_iter(bytes.get(from..)?, MARK);
    marks
        .filter_map(|at| (from + at).checked_sub(MARK_AT))
        .filter(|at| *at >= from)
        .find_map(|at| head(bytes, at))
}

#[derive(Clone)]
struct Piece {
    version: Option<String>,
    packed: bool,
    data_at: usize,
    packed_len: usize,
    len: usize,
}

fn head(bytes: &[u8], at: usize) -> Option<Piece> {
    let head = slice(bytes, at, HEAD_LEN)
        .filter(|head| head.starts_with(&[0, 0]) && head[MARK_AT..].starts_with(MARK))?;
    let head_len = match head[2] {
        0 => 0x100,
        1 | 2 => 0x200,
        _ => return None,
    };
    let (packed_len, len) =
        (u32_at(head, 0x24, Little)? as usize, usize::from(u16_at(head, 0x28, Little)?) << 10);
    if head[0x1b] > 1 || len > LONGEST || packed_len > len + LONGER || len == 0 {
        return None;
    }
    let text: Vec<u8> = head[0x0b..0x1b].iter().copied().take_while(|byte| *byte != 0).collect();
    let plain = !text.is_empty() && text.iter().all(|byte| (0x20..0x7f).contains(byte));
    let version = plain.then(|| String::from_utf8_lossy(&text).trim().to_owned());
    Some(Piece { version, packed: head[0x1b] == 1, data_at: at + head_len, packed_len, len })
}

/// A stream that unpacks to `len` bytes; blocks may make fewer, and what is after them is erased.
fn unpack(bytes: &[u8], len: usize) -> Option<Vec<u8>> {
    let (mut out, mut at) = (Vec::new(), 0);
    loop {
        match *bytes.get(at)? {
            0 => break,
            1 => at = block(bytes, at + 1, len, &mut out)?,
            _ => return None,
        }
    }
    (out.len() == len).then_some(out)
}

/// A branch of a tree, or a byte.
#[derive(Clone, Copy)]
enum Node {
    Branch(usize),
    Leaf(u8),
}

/// Reads the block at `at`; gives where it ends.
fn block(bytes: &[u8], at: usize, most: usize, out: &mut Vec<u8>) -> Option<usize> {
    let count = slice(bytes, at, 3)?.iter().fold(0, |count, byte| count << 8 | usize::from(*byte));
    let mut bits = Bits { bytes: bytes.get(at + 3..)?, at: 0 };
    let mut branches: Vec<[Option<Node>; 2]> = Vec::new();
    // Branches that still want their sides, the innermost last.
    let mut open: Vec<usize> = Vec::new();
    let root = loop {
        let mut node = if bits.bit()? {
            branches.push([None, None]);
            open.push(branches.len() - 1);
            if branches.len() > MOST_BRANCHES {
                return None;
            }
            continue;
        } else {
            Node::Leaf(bits.byte()?)
        };
        // A side that is whole makes its branch whole where it was the second one.
        while let Some(index) = open.last().copied() {
            let side = usize::from(branches[index][0].is_some());
            branches[index][side] = Some(node);
            if side == 0 {
                break;
            }
            open.pop();
            node = Node::Branch(index);
        }
        if open.is_empty() {
            break node;
        }
    };
    if count == 0 || out.len() + count > most {
        return None;
    }
    for _ in 0..count {
        let mut node = root;
        while let Node::Branch(index) = node {
            node = branches[index][usize::from(bits.bit()?)]?;
        }
        if let Node::Leaf(byte) = node {
            out.push(byte);
        }
    }
    Some(at + 3 + bits.at.div_ceil(8))
}

/// A stream of bits, highest first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<bool> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Some(bit)
    }

    fn byte(&mut self) -> Option<u8> {
        (0..8).try_fold(0, |byte, _| Some(byte << 1 | u8::from(self.bit()?)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bits(text: &mut String, byte: u8) {
        (0..8).rev().for_each(|n| text.push(if byte >> n & 1 == 1 { '1' } else { '0' }));
    }

    /// Packs by a tree that gives all bytes codes of 8 bits, as its rules have it.
    fn block_of(data: &[u8]) -> Vec<u8> {
        fn tree(text: &mut String, first: u16, count: u16) {
            if count == 1 {
                text.push('0');
                return bits(text, first as u8);
            }
            text.push('1');
            tree(text, first, count / 2);
            tree(text, first + count / 2, count / 2);
        }
        let mut text = String::new();
        tree(&mut text, 0, 256);
        data.iter().for_each(|byte| bits(&mut text, *byte));
        let packed = text
            .as_bytes()
            .chunks(8)
            .map(|eight| (0..8).fold(0, |byte, n| byte << 1 | u8::from(eight.get(n) == Some(&b'1'))));
        let count = data.len() as u32;
        [&[1][..], &count.to_be_bytes()[1..], &packed.collect::<Vec<u8>>()].concat()
    }

    /// A file of pieces of whole KiB: what is alike over a long way is a block of its own, and the rest between is one.
    pub(crate) fn made(pieces: &[&[u8]]) -> Vec<u8> {
        const ALIKE: usize = 0x200;
        let mut file = Vec::new();
        for piece in pieces {
            let (mut stream, mut at) = (Vec::new(), 0);
            while at < piece.len() {
                let run = |from: usize| piece[from..].iter().take_while(|byte| **byte == piece[from]).count();
                let first = run(at);
                let len = if first >= ALIKE {
                    // The tree is one leaf, and its code has no bits.
                    let leaf = (u16::from(piece[at]) << 7).to_be_bytes();
                    stream.extend([&[1][..], &(first as u32).to_be_bytes()[1..], &leaf].concat());
                    first
                } else {
                    let mut end = at + first;
                    while end < piece.len() && run(end) < ALIKE {
                        end += run(end);
                    }
                    stream.extend(block_of(&piece[at..end]));
                    end - at
                };
                at += len;
            }
            stream.push(0);
            let mut head = [&[0, 0, 2][..], MARK, &[0; 4], b"V1.80-WIN7\0\0\0\0\0\0", &[1], &[0; 8]].concat();
            head.extend((stream.len() as u32).to_le_bytes());
            head.extend(((piece.len() >> 10) as u16).to_le_bytes());
            head.resize(0x200, 0x33);
            file.extend([head, stream].concat());
        }
        file
    }

    fn piece(seed: u64) -> Vec<u8> {
        [crate::image::synthetic::noise(seed, 0x800), vec![0xff; 0x1400]].concat()
    }

    #[test]
    fn pieces_are_one_image_and_damage_is_none() {
        let (one, two) = (piece(1), piece(2));
        let file = made(&[&one, &two]);
        let found = com(&mut Look::new(&file)).unwrap();
        assert!(found.item.is_sound(), "{found:?}");
        let Inside::Parts(parts) = found.inside else { panic!() };
        assert_eq!(parts[0].about.version.as_deref(), Some("V1.80-WIN7"));
        assert!(parts[0].data == super::super::part::Data::Made([one.clone(), two].concat()));
        let cut = com(&mut Look::new(&file[..file.len() - 3])).unwrap();
        assert!(!cut.item.is_sound() && matches!(cut.inside, Inside::Closed(_)));
        let mut plain = file.clone();
        plain[0x1b] = 0;
        assert!(
            matches!(com(&mut Look::new(&plain)).unwrap().inside, Inside::Closed(why) if why.contains("not packed"))
        );
        for (at, value) in [(0, 1), (2, 7), (3, 0), (0x1b, 2), (0x27, 0x7f), (0x29, 0xff)] {
            let mut bad = file.clone();
            bad[at] = value;
            assert!(com(&mut Look::new(&bad)).is_none(), "{at:#x}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12), cut in any::<prop::sample::Index>()) {
            let mut file = made(&[&piece(1)]);
            for (at, value) in edits {
                let at = at.index(file.len());
                file[at] = value;
            }
            file.truncate(cut.index(file.len() + 1));
            let _ = com(&mut Look::new(&file));
        }
    }
}

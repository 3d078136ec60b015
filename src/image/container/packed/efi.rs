//! Streams of UEFI's own compression, in both widths of the position codes: EFI 1.1's 4 bits, and 5 bits ("Tiano").
//!
//! Packed and unpacked length as 32-bit words, then blocks of a bit stream, highest bit first: the number of symbols in 16
//! bits, three Huffman codes by their lengths (of the code lengths themselves, of literals and lengths, of positions), and
//! the symbols: below 256 a literal, above it a copy of `symbol - 253` bytes from `position + 1` bytes back. There is no sum: a
//! stream is good when it has its length and every code in it is whole. Facts: UEFI specification, "Compression Algorithm
//! Specification"; tested against streams of the `uefi-firmware` package and against UEFIExtract.

use crate::image::container::bytes::{Endianness::Little, slice, u32_at};

const HEADER_LEN: usize = 8;
/// Symbols of a code: of code lengths, of literals and copies, the longest of positions.
const LENGTHS: usize = 19;
const LITERALS: usize = 510;
const POSITIONS: usize = 31;
/// The longest code.
const LONGEST: usize = 16;
/// What takes the place of 0, and the shortest copy.
const COPY_FROM: usize = 256;
const SHORTEST_COPY: usize = 3;

/// Which of the two forms a stream is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// EFI 1.1.
    Efi11,
    /// The later one.
    Tiano,
}

impl Width {
    /// Bits of the number of position codes.
    fn bits(self) -> usize {
        match self {
            Self::Efi11 => 4,
            Self::Tiano => 5,
        }
    }
}

/// Unpacks the stream at the start of `bytes`; `None` where it is none, is damaged, or would be longer than `most`.
pub fn unpack(bytes: &[u8], width: Width, most: u64) -> Option<Vec<u8>> {
    let (packed, len) = (u32_at(bytes, 0, Little)? as usize, u32_at(bytes, 4, Little)? as usize);
    (len as u64 <= most).then_some(())?;
    unpack_stream(slice(bytes, HEADER_LEN, packed)?, width, len)
}

/// Unpacks a stream without its two lengths to `len` bytes; `None` where it is damaged. LHA's -lh5- is one of EFI 1.1.
pub fn unpack_stream(bytes: &[u8], width: Width, len: usize) -> Option<Vec<u8>> {
    let mut bits = Bits { bytes, at: 0 };
    let mut out = Vec::new();
    while out.len() < len {
        let symbols = bits.take(16)?;
        let lengths = Code::of_lengths(&mut bits, LENGTHS, 5, Some(3))?;
        let literals = Code::of_literals(&mut bits, &lengths)?;
        let positions = Code::of_lengths(&mut bits, POSITIONS, width.bits(), None)?;
        // A block has at least one symbol: the loop ends with the bits.
        for _ in 0..symbols.max(1) {
            if out.len() >= len {
                break;
            }
            let symbol = literals.next(&mut bits)?;
            if symbol < COPY_FROM {
                out.push(symbol as u8);
                continue;
            }
            let code = positions.next(&mut bits)?;
            let position = if code > 1 { 1 << (code - 1) | bits.take(code - 1)? } else { code };
            let from = out.len().checked_sub(position + 1)?;
            let copied = (symbol - COPY_FROM + SHORTEST_COPY).min(len - out.len());
            (from..from + copied).for_each(|at| out.push(out[at]));
        }
    }
    Some(out)
}

/// A stream of bits, highest first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<usize> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit.into())
    }

    /// The next `count` bits as a number.
    fn take(&mut self, count: usize) -> Option<usize> {
        (0..count).try_fold(0, |number, _| Some(number << 1 | self.bit()?))
    }
}

/// A Huffman code: its symbols in the order of their codes, and how many there are of each length.
struct Code {
    symbols: Vec<usize>,
    counts: [usize; LONGEST + 1],
}

impl Code {
    /// The code with a code for each symbol of that length, 0 for none; `None` where they do not fill the room of all codes.
    fn of(lengths: &[usize]) -> Option<Self> {
        let mut counts = [0; LONGEST + 1];
        for len in lengths.iter().filter(|len| **len > 0) {
            *counts.get_mut(*len)? += 1;
        }
        let room: usize = (1..=LONGEST).map(|len| counts[len] << (LONGEST - len)).sum();
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|symbol| lengths[*symbol] > 0).collect();
        symbols.sort_by_key(|symbol| lengths[*symbol]);
        (room == 1 << LONGEST).then_some(Self { symbols, counts })
    }

    /// The code of one symbol, which takes no bits.
    fn of_one(symbol: usize) -> Self {
        Self { symbols: vec![symbol], counts: [0; LONGEST + 1] }
    }

    /// Reads a code by lengths of 3 bits, 7 being continued in ones; after the third one a number of zeros may follow.
    fn of_lengths(bits: &mut Bits, most: usize, width: usize, zeros_after: Option<usize>) -> Option<Self> {
        let count = bits.take(width)?;
        if count == 0 {
            return bits.take(width).map(Self::of_one);
        }
        let mut lengths = Vec::new();
        while lengths.len() < count {
            let mut len = bits.take(3)?;
            if len == 7 {
                while bits.bit()? == 1 {
                    len += 1;
                }
            }
            lengths.push(len);
            if Some(lengths.len()) == zeros_after {
                let zeros = bits.take(2)?;
                lengths.resize(lengths.len() + zeros, 0);
            }
        }
        (lengths.len() <= most).then(|| Self::of(&lengths))?
    }

    /// Reads the code of literals and copies, whose lengths are in `code`.
    fn of_literals(bits: &mut Bits, code: &Self) -> Option<Self> {
        const WIDTH: usize = 9;
        let count = bits.take(WIDTH)?;
        if count == 0 {
            return bits.take(WIDTH).map(Self::of_one);
        }
        let mut lengths = Vec::new();
        while lengths.len() < count {
            let zeros = match code.next(bits)? {
                0 => 1,
                1 => bits.take(4)? + 3,
                2 => bits.take(WIDTH)? + 20,
                len => {
                    lengths.push(len - 2);
                    continue;
                }
            };
            lengths.resize(lengths.len() + zeros, 0);
        }
        (lengths.len() <= LITERALS).then(|| Self::of(&lengths))?
    }

    fn next(&self, bits: &mut Bits) -> Option<usize> {
        if self.counts == [0; LONGEST + 1] {
            return self.symbols.first().copied();
        }
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &self.counts[1..] {
            code |= bits.bit()?;
            if code < first + count {
                return self.symbols.get(index + code - first).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same text by the two packers of the `uefi-firmware` package 1.16 (EfiCompress, TianoCompress).
    const PACKED: [(Width, &str); 2] = [
        (Width::Efi11, "1b00000068010000000e3b8d8cffa833e8b9091c2dc0d5a0a8f026cc3b582a1fbe6000"),
        (Width::Tiano, "1b00000068010000000e3b8d8cffa833e8b9091c2dc0d5a0a8f009b30ed60a87ef9800"),
    ];

    fn hex(text: &str) -> Vec<u8> {
        let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    #[test]
    fn both_widths_and_not_one_for_the_other() {
        for (width, text) in PACKED {
            let packed = hex(text);
            let data = unpack(&packed, width, 1 << 20).unwrap();
            let wanted: Vec<u8> =
                (0..30).flat_map(|n| format!("section of text {n}, ").into_bytes()[..12].to_vec()).collect();
            assert!(data == wanted, "{width:?}: {:?}", String::from_utf8_lossy(&data));
            let other = if width == Width::Tiano { Width::Efi11 } else { Width::Tiano };
            assert_ne!(unpack(&packed, other, 1 << 20), Some(wanted));
            assert_eq!(unpack(&packed, width, 0x167), None, "longer than it may be");
            for cut in 0..packed.len() {
                assert_eq!(unpack(&packed[..cut], width, 1 << 20), None, "{cut}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..0x80), edits in prop::collection::vec((0usize..35, any::<u8>()), 0..6)) {
            let mut packed = hex(PACKED[1].1);
            edits.into_iter().for_each(|(at, value)| packed[at] = value);
            for bytes in [bytes, packed] {
                for width in [Width::Efi11, Width::Tiano] {
                    let data = unpack(&bytes, width, 0x1000);
                    prop_assert!(data.is_none_or(|data| data.len() <= 0x1000));
                }
            }
        }
    }
}

//! One cell a sector: what kind of bytes it holds, how dense they are, and whether they changed.
//!
//! The kinds are a guess for the eye, made from byte statistics alone: they decide nothing.

use crate::span::{Span, Spans};
use crate::units::{counts, entropy_of, one_value};

/// The most cells a picture has; larger chips get larger cells.
const MAX_CELLS: u64 = 16_384;

/// What a cell's bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// All `ff`: erased.
    Blank,
    /// All one value other than `ff`.
    Filled,
    /// Mostly printable ASCII.
    Text,
    /// Mixed bytes of middling entropy: machine code, tables.
    Code,
    /// Entropy near eight bits a byte: compressed or encrypted.
    Compressed,
}

impl Kind {
    /// All kinds, in the order of the legend.
    pub const ALL: [Kind; 5] = [Kind::Blank, Kind::Filled, Kind::Text, Kind::Code, Kind::Compressed];

    /// Its name in legends, tables and class names.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Blank => "blank",
            Kind::Filled => "filled",
            Kind::Text => "text",
            Kind::Code => "code",
            Kind::Compressed => "compressed",
        }
    }

    /// One character for the terminal.
    pub fn symbol(self) -> char {
        match self {
            Kind::Blank => '.',
            Kind::Filled => '0',
            Kind::Text => 't',
            Kind::Code => 'c',
            Kind::Compressed => '#',
        }
    }
}

/// One cell of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Its bytes.
    pub span: Span,
    /// What they look like (afterwards, where there is a before and an after).
    pub kind: Kind,
    /// Shannon entropy in bits a byte, 0 to 8.
    pub entropy: f32,
    /// A byte of it differs between before and after.
    pub changed: bool,
    /// A byte of it did not read the same every time.
    pub unstable: bool,
}

/// The cells of an image and what one represents.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Bytes a cell.
    pub unit: u64,
    /// The cells, in order of address, without a gap.
    pub cells: Vec<Cell>,
}

impl Map {
    /// Judges every `sector` bytes of `after` (of a multiple of it where that would make too many cells) against `before`
    /// of the same size; the `unstable` bytes mark their cells.
    pub fn of(before: &[u8], after: &[u8], sector: u64, unstable: &Spans) -> Map {
        let len = after.len() as u64;
        let unit = unit(len, sector);
        let cells = Span::new(0, len)
            .pieces(unit)
            .map(|span| {
                let bytes = &after[span.range()];
                let (kind, entropy) = judge(bytes);
                Cell {
                    span,
                    kind,
                    entropy,
                    changed: span.of(before) != Some(bytes),
                    unstable: unstable.overlaps(span),
                }
            })
            .collect();
        Map { unit, cells }
    }

    /// The cells of `len` bytes of which nothing is known yet: all blank.
    pub fn blank(len: u64, sector: u64) -> Map {
        let unit = unit(len, sector);
        let plain = |span| Cell { span, kind: Kind::Blank, entropy: 0.0, changed: false, unstable: false };
        Map { unit, cells: Span::new(0, len).pieces(unit).map(plain).collect() }
    }

    /// Number of cells with a changed byte.
    pub fn changed(&self) -> usize {
        self.cells.iter().filter(|cell| cell.changed).count()
    }
}

/// Bytes of a cell: the sector, or a multiple of it where that would make too many cells.
fn unit(len: u64, sector: u64) -> u64 {
    let mut unit = sector.max(1);
    while len.div_ceil(unit) > MAX_CELLS {
        unit *= 2;
    }
    unit
}

/// Kind and entropy of one cell's bytes.
fn judge(bytes: &[u8]) -> (Kind, f32) {
    // Half of most flashes is erased: such cells are not counted.
    if let Some(value) = one_value(bytes) {
        return (if value == 0xff { Kind::Blank } else { Kind::Filled }, 0.0);
    }
    let counts = counts(bytes);
    let len = bytes.len() as f32;
    let entropy = entropy_of(&counts) as f32;
    let printable: u32 = (0x20..0x7f).chain([0x09, 0x0a, 0x0d]).map(|byte: usize| counts[byte]).sum::<u32>();
    // A sample of n random bytes cannot show more than log2(n) bits; 4 KiB of random data shows about 7.95.
    let dense = (len.log2() - 0.6).min(7.5);
    let kind = if f64::from(printable) >= 0.85 * f64::from(bytes.len() as u32 - counts[0xff].min(counts[0])) {
        Kind::Text
    } else if entropy >= dense {
        Kind::Compressed
    } else {
        Kind::Code
    };
    (kind, entropy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: usize) -> Vec<u8> {
        let mut x = 0x1234_5678_u32;
        (0..len)
            .map(|_| {
                x ^= x << 13;
                x ^= x >> 17;
                x ^= x << 5;
                (x >> 24) as u8
            })
            .collect()
    }

    #[test]
    fn kinds_by_content() {
        let mut image = vec![0xff; 4096];
        image.extend(vec![0; 4096]);
        image.extend(b"bootcmd=bootm 0xbc020000\n".iter().cycle().take(4096));
        image.extend((0..4096u32).map(|i| ((i * i) >> 7) as u8 & 0x3f));
        image.extend(noise(4096));
        let map = Map::of(&image, &image, 4096, &Spans::new());
        let kinds: Vec<_> = map.cells.iter().map(|cell| cell.kind).collect();
        assert_eq!(kinds, Kind::ALL);
        assert_eq!(map.changed(), 0);
    }

    #[test]
    fn changed_and_unstable_cells_are_marked() {
        let before = vec![0xff; 3 * 4096];
        let mut after = before.clone();
        after[4096] = 0;
        let map = Map::of(&before, &after, 4096, &Spans::from(Span::new(8192, 8193)));
        assert_eq!(map.cells.iter().map(|c| c.changed).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(map.cells.iter().map(|c| c.unstable).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn large_chips_get_larger_cells() {
        let image = vec![0xff; 128 << 20];
        let map = Map::of(&image, &image, 4096, &Spans::new());
        assert_eq!((map.unit, map.cells.len()), (8192, 16_384));
    }
}

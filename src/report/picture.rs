//! The flash drawn cell by cell: for the terminal, as SVG, and as pixels for a PNG.

use super::cells::{Cell, Kind, Map};
use crate::span::Span;
use font8x8::legacy::BASIC_LEGACY;
use maud::html;
use std::fmt::Write as _;

/// Cells a row in every picture: 64 sectors of 4 KiB are 256 KiB.
const ROW: usize = 64;
/// Characters of an address before a row of the terminal, with the gap after it.
const ADDRESS: usize = 10;
/// Side of a cell in SVG units and PNG pixels, with its gap.
const SIDE: usize = 10;
/// Room above the cells of the SVG, and left of them for addresses.
const TOP: usize = 30;
const LEFT: usize = 72;

/// Whether the terminal picture is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// Symbols only.
    Plain,
    /// ANSI background colours for the symbols.
    Ansi,
}

fn rgb(kind: Kind) -> [u8; 3] {
    match kind {
        Kind::Blank => [0xe6, 0xe8, 0xec],
        Kind::Filled => [0xb9, 0xbf, 0xc9],
        Kind::Text => [0x2f, 0x9e, 0x6e],
        Kind::Code => [0x3d, 0x7d, 0xca],
        Kind::Compressed => [0x7a, 0x5c, 0xb8],
    }
}

const CHANGED: [u8; 3] = [0xe0, 0x7b, 0x1a];
const UNSTABLE: [u8; 3] = [0xd0, 0x21, 0x3c];

fn colour(cell: &Cell) -> [u8; 3] {
    if cell.unstable {
        UNSTABLE
    } else if cell.changed {
        CHANGED
    } else {
        rgb(cell.kind)
    }
}

/// Black or white, whichever is read on `ground`.
fn ink(ground: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = ground.map(u32::from);
    if 299 * r + 587 * g + 114 * b > 140_000 { [0; 3] } else { [0xff; 3] }
}

fn hex(colour: [u8; 3]) -> String {
    format!("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2])
}

/// The names of the regions that begin in `row`, in order.
fn beginning<'a>(row: &[Cell], names: &'a [(String, Span)]) -> Vec<&'a str> {
    let begins = |at: u64| row.iter().any(|cell| cell.span.contains(at));
    names.iter().filter(|(_, span)| begins(span.start)).map(|(name, _)| name.as_str()).collect()
}

/// The picture for a terminal: a row of cells after each address, the names of the regions that begin in it, and the
/// legend. Changed cells are `*`, unstable ones `!`. Equal rows that follow each other fold into one line. A row has 64
/// cells, or 32 or 16 where `width` characters have no room for more.
pub fn terminal(map: &Map, names: &[(String, Span)], palette: Palette, width: usize) -> String {
    let cells = [ROW, ROW / 2].into_iter().find(|cells| ADDRESS + cells <= width).unwrap_or(ROW / 4);
    let mut out = String::new();
    let look = |row: &[Cell]| -> Vec<_> { row.iter().map(|c| (c.kind, c.changed, c.unstable)).collect() };
    let rows: Vec<&[Cell]> = map.cells.chunks(cells).collect();
    let mut folded = 0;
    for (i, row) in rows.iter().enumerate() {
        let named = beginning(row, names);
        let again = i > 0 && i + 1 < rows.len() && named.is_empty() && look(row) == look(rows[i - 1]);
        if again {
            folded += 1;
            continue;
        }
        if folded > 0 {
            let _ = writeln!(
                out,
                "{:ADDRESS$}the same for {}",
                "",
                crate::units::size(folded * cells as u64 * map.unit)
            );
            folded = 0;
        }
        let _ = write!(out, "{:#08x}  ", row[0].span.start);
        for cell in *row {
            let symbol = match (cell.unstable, cell.changed) {
                (true, _) => '!',
                (_, true) => '*',
                _ => cell.kind.symbol(),
            };
            match palette {
                Palette::Plain => out.push(symbol),
                Palette::Ansi => {
                    let [r, g, b] = colour(cell);
                    let [ir, ig, ib] = ink(colour(cell));
                    let _ = write!(out, "\x1b[48;2;{r};{g};{b}m\x1b[38;2;{ir};{ig};{ib}m{symbol}\x1b[0m");
                }
            }
        }
        if !named.is_empty() {
            let _ = write!(out, "{:1$}  {2}", "", cells - row.len(), named.join(", "));
        }
        out.push('\n');
    }
    let legend: Vec<_> = Kind::ALL.iter().map(|kind| format!("{} {}", kind.symbol(), kind.name())).collect();
    let _ = writeln!(
        out,
        "one cell is {}; {}, * changed, ! unstable",
        crate::units::size(map.unit),
        legend.join(", ")
    );
    out
}

/// The picture as a standalone SVG under a title; every cell has its address and kind as a title, every region its name after the row
/// in which it begins.
pub fn svg(map: &Map, names: &[(String, Span)], title: &str) -> String {
    let rows = map.cells.len().div_ceil(ROW);
    let named: Vec<String> = map.cells.chunks(ROW).map(|row| beginning(row, names).join(", ")).collect();
    let wide = named.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let (width, height) = (LEFT + ROW * SIDE + 10 + wide * 6, TOP + rows * SIDE + 34);
    let legend = legend().zip(0..);
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height)
            font-family="monospace" font-size="9" {
            rect width=(width) height=(height) fill="#ffffff" {}
            text x="8" y="17" font-size="12" font-weight="bold" { (title) }
            @for ((r, row), name) in map.cells.chunks(ROW).enumerate().zip(&named) {
                @let y = TOP + r * SIDE;
                @if r % 4 == 0 { text x="8" y=(y + 8) { (format!("{:#08x}", row[0].span.start)) } }
                @if !name.is_empty() { text x=(LEFT + ROW * SIDE + 6) y=(y + 8) { (name) } }
                @for (c, cell) in row.iter().enumerate() {
                    rect x=(LEFT + c * SIDE) y=(y) width="9" height="9" fill=(hex(colour(cell))) {
                        title {
                            (cell.span) " " (cell.kind.name())
                            @if cell.changed { ", changed" }
                            @if cell.unstable { ", unstable" }
                        }
                    }
                }
            }
            @for ((fill, name), n) in legend {
                @let (x, y) = (LEFT + n * 90, TOP + rows * SIDE + 12);
                rect x=(x) y=(y) width="9" height="9" fill=(hex(fill)) {}
                text x=(x + 12) y=(y + 8) { (name) }
            }
        }
    };
    picture.into_string() + "\n"
}

/// A picture as RGB pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Pixels of a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `3 * width * height` bytes, row by row.
    pub rgb: Vec<u8>,
}

/// Each pixel of the drawing is so many wide and high, for letters that are read on any screen.
const SCALE: usize = 2;
/// Side of a letter of the bitmap font.
const LETTER: usize = 8;
const BLACK: [u8; 3] = [0; 3];

/// What is drawn on, before it is scaled.
struct Canvas {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, rgb: vec![0xff; width * height * 3] }
    }

    fn rect(&mut self, (left, top): (usize, usize), side: usize, colour: [u8; 3]) {
        for y in top..(top + side).min(self.height) {
            for x in left..(left + side).min(self.width) {
                self.rgb[(y * self.width + x) * 3..][..3].copy_from_slice(&colour);
            }
        }
    }

    /// A line of text, `?` for what the font lacks; what reaches past the edge is cut.
    fn text(&mut self, (left, top): (usize, usize), text: &str) {
        for (n, letter) in text.chars().enumerate() {
            let glyph = glyph(letter);
            for (y, bits) in glyph.into_iter().enumerate() {
                for x in (0..LETTER).filter(|x| bits >> x & 1 == 1) {
                    self.rect((left + n * LETTER + x, top + y), 1, BLACK);
                }
            }
        }
    }

    fn scaled(self) -> Pixels {
        let mut rgb = Vec::with_capacity(self.rgb.len() * SCALE * SCALE);
        for row in self.rgb.chunks(self.width * 3) {
            let wide: Vec<u8> = row.chunks(3).flat_map(|pixel| pixel.repeat(SCALE)).collect();
            (0..SCALE).for_each(|_| rgb.extend_from_slice(&wide));
        }
        Pixels { width: (self.width * SCALE) as u32, height: (self.height * SCALE) as u32, rgb }
    }
}

/// A letter, a byte a row, the left pixel in its lowest bit.
fn glyph(letter: char) -> [u8; LETTER] {
    let known = usize::try_from(u32::from(letter)).ok().and_then(|n| BASIC_LEGACY.get(n));
    *known.unwrap_or(&BASIC_LEGACY[usize::from(b'?')])
}

/// The same picture as pixels, for a PNG: title, addresses, cells, the names of the regions, the legend.
pub fn pixels(map: &Map, names: &[(String, Span)], title: &str) -> Pixels {
    let rows = map.cells.len().div_ceil(ROW).max(1);
    let named: Vec<String> = map.cells.chunks(ROW).map(|row| beginning(row, names).join(", ")).collect();
    let wide = named.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let right = LEFT + ROW * SIDE + 10;
    let width = (right + wide * LETTER).max(16 + title.chars().count() * LETTER);
    let mut canvas = Canvas::new(width, TOP + rows * SIDE + 34);
    canvas.text((8, 10), title);
    for ((r, row), name) in map.cells.chunks(ROW).enumerate().zip(&named) {
        let y = TOP + r * SIDE;
        if r % 4 == 0 {
            canvas.text((0, y), &format!("{:#08x}", row[0].span.start));
        }
        canvas.text((right - 4, y), name);
        for (c, cell) in row.iter().enumerate() {
            canvas.rect((LEFT + c * SIDE, y), SIDE - 1, colour(cell));
        }
    }
    for ((fill, name), n) in legend().zip(0..) {
        let (x, y) = (LEFT + n % 4 * 120, TOP + rows * SIDE + 8 + n / 4 * 12);
        canvas.rect((x, y), SIDE - 1, fill);
        canvas.text((x + 12, y), name);
    }
    canvas.scaled()
}

/// The colours and what they mean.
fn legend() -> impl Iterator<Item = ([u8; 3], &'static str)> {
    let kinds = Kind::ALL.iter().map(|kind| (rgb(*kind), kind.name()));
    kinds.chain([(CHANGED, "changed"), (UNSTABLE, "unstable")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Spans;

    fn map() -> Map {
        let before = vec![0xff; 65 * 4096];
        let mut after = before.clone();
        after[64 * 4096] = 1;
        Map::of(&before, &after, 4096, &Spans::new())
    }

    #[test]
    fn terminal_rows_carry_addresses_and_symbols() {
        let names = [
            ("rom".to_owned(), Span::new(0x1000, 0x2000)),
            ("radio".to_owned(), Span::new(0x40000, 0x41000)),
        ];
        let text = terminal(&map(), &names, Palette::Plain, usize::MAX);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], format!("0x000000  {}  rom", ".".repeat(64)));
        assert_eq!(lines[1], format!("0x040000  *{}  radio", " ".repeat(63)));
        assert!(lines[2].contains("one cell is 4 KiB"));
        assert!(!text.contains('\x1b'));
    }

    #[test]
    fn rows_fit_a_narrow_terminal() {
        let text = terminal(&map(), &[], Palette::Plain, 73);
        assert!(
            text.starts_with(&format!("0x000000  {}\n          the same for 128 KiB\n", ".".repeat(32))),
            "{text}"
        );
        assert!(
            terminal(&map(), &[], Palette::Plain, 40).starts_with(&format!("0x000000  {}\n", ".".repeat(16)))
        );
    }

    #[test]
    fn equal_rows_fold_into_one_line() {
        let image = vec![0xff; 5 * 64 * 4096];
        let text = terminal(&Map::of(&image, &image, 4096, &Spans::new()), &[], Palette::Plain, usize::MAX);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert_eq!(lines[1], "          the same for 768 KiB");
        assert!(lines[2].starts_with("0x100000  ."), "{text}");
    }

    #[test]
    fn pictures_have_one_cell_a_sector() {
        assert_eq!(svg(&map(), &[], "a").matches("<title>").count(), 65);
        let names = [("u-boot".to_owned(), Span::new(0, 0x2000))];
        let Pixels { width, height, rgb } = pixels(&map(), &names, "dump.bin: 260 KiB");
        assert_eq!(rgb.len(), (width * height * 3) as usize);
        let at = |x: usize, y: usize| &rgb[(SCALE * y * width as usize + SCALE * x) * 3..][..3];
        assert_eq!(at(LEFT, TOP), rgb_of(Kind::Blank));
        assert_eq!(at(LEFT, TOP + SIDE), CHANGED);
        // Letters are black: title, address, name of the region, legend.
        let inked = |x: std::ops::Range<usize>, y: std::ops::Range<usize>| {
            y.into_iter().any(|y| x.clone().any(|x| at(x, y) == BLACK))
        };
        assert!(inked(8..100, 10..18) && inked(0..LEFT, TOP..TOP + 8), "title and address");
        assert!(inked(LEFT + ROW * SIDE + 6..LEFT + ROW * SIDE + 50, TOP..TOP + 8), "name of the region");
        assert!(inked(LEFT..LEFT + 400, TOP + 28..TOP + 50), "legend");
    }

    fn rgb_of(kind: Kind) -> [u8; 3] {
        super::rgb(kind)
    }
}

//! The flash drawn cell by cell: for the terminal, as SVG, and as pixels for a PNG.

use super::cells::{Cell, Kind, Map};
use std::fmt::Write as _;

/// Cells a row in every picture: 64 sectors of 4 KiB are 256 KiB.
const ROW: usize = 64;
/// Side of a cell in SVG units and PNG pixels, with its gap.
const SIDE: usize = 10;

/// Whether the terminal picture is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// Symbols only.
    Plain,
    /// ANSI colours behind the symbols.
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

fn hex(colour: [u8; 3]) -> String {
    format!("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2])
}

/// The picture for a terminal: a row of cells after each address, and the legend. Changed cells are `*`, unstable ones `!`.
pub fn terminal(map: &Map, palette: Palette) -> String {
    let mut out = String::new();
    for row in map.cells.chunks(ROW) {
        let _ = write!(out, "{:08x}  ", row[0].span.start);
        for cell in row {
            let symbol = match (cell.unstable, cell.changed) {
                (true, _) => '!',
                (_, true) => '*',
                _ => cell.kind.symbol(),
            };
            match palette {
                Palette::Plain => out.push(symbol),
                Palette::Ansi => {
                    let [r, g, b] = colour(cell);
                    let _ = write!(out, "\x1b[48;2;{r};{g};{b}m\x1b[30m{symbol}\x1b[0m");
                }
            }
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

/// The picture as a standalone SVG; every cell has its address and kind as a title.
pub fn svg(map: &Map) -> String {
    let rows = map.cells.len().div_ceil(ROW);
    let (width, height) = (ROW * SIDE + 90, rows * SIDE + 30);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"monospace\" font-size=\"9\"><rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for (r, row) in map.cells.chunks(ROW).enumerate() {
        let _ = writeln!(out, "<text x=\"4\" y=\"{}\">{:08x}</text>", r * SIDE + 8, row[0].span.start);
        for (c, cell) in row.iter().enumerate() {
            let _ = writeln!(
                out,
                "<rect x=\"{}\" y=\"{}\" width=\"9\" height=\"9\" fill=\"{}\"><title>{} {}{}{}</title></rect>",
                c * SIDE + 80,
                r * SIDE,
                hex(colour(cell)),
                cell.span,
                cell.kind.name(),
                if cell.changed { ", changed" } else { "" },
                if cell.unstable { ", unstable" } else { "" },
            );
        }
    }
    let mut x = 80;
    let legend =
        Kind::ALL.iter().map(|k| (rgb(*k), k.name())).chain([(CHANGED, "changed"), (UNSTABLE, "unstable")]);
    for (fill, name) in legend {
        let y = rows * SIDE + 12;
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"9\" height=\"9\" fill=\"{}\"/><text x=\"{}\" y=\"{}\">{name}</text>",
            hex(fill),
            x + 12,
            y + 8
        );
        x += 90;
    }
    out.push_str("</svg>\n");
    out
}

/// The picture as RGB pixels: width, height and `3 * width * height` bytes.
pub fn png_pixels(map: &Map) -> (u32, u32, Vec<u8>) {
    let rows = map.cells.len().div_ceil(ROW).max(1);
    let (width, height) = (ROW * SIDE, rows * SIDE);
    let mut pixels = vec![0xff; width * height * 3];
    for (i, cell) in map.cells.iter().enumerate() {
        let (left, top) = (i % ROW * SIDE, i / ROW * SIDE);
        for y in top..top + SIDE - 1 {
            for x in left..left + SIDE - 1 {
                pixels[(y * width + x) * 3..][..3].copy_from_slice(&colour(cell));
            }
        }
    }
    (width as u32, height as u32, pixels)
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
        let text = terminal(&map(), Palette::Plain);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], format!("00000000  {}", ".".repeat(64)));
        assert_eq!(lines[1], "00040000  *");
        assert!(lines[2].contains("one cell is 4 KiB"));
        assert!(!text.contains('\x1b'));
    }

    #[test]
    fn pictures_have_one_cell_a_sector() {
        assert_eq!(svg(&map()).matches("<title>").count(), 65);
        let (width, height, pixels) = png_pixels(&map());
        assert_eq!((width, height, pixels.len()), (640, 20, 640 * 20 * 3));
        assert_eq!(pixels[(10 * 640) * 3..][..3], CHANGED);
    }
}

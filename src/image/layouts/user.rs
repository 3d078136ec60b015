//! A plain TOML of the user's: the form of the board files, of which only `[[region]]` rows are needed.
//!
//! ```toml
//! chip_size = 0x800000
//!
//! [[region]]
//! name = "u-boot"
//! offset = 0x0
//! size = 0x20000
//! read_only = true
//! ```

use std::fmt::Write;

use crate::image::boards::parse as parse_board;
use crate::image::error::ImageError;
use crate::image::layout::Layout;

/// Reads a layout.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Layout, ImageError> {
    Ok(parse_board(text)?.layout)
}

/// Writes a layout so that it can be read again.
///
/// # Errors
/// Where the map it was read from left out a region.
pub fn write(layout: &Layout) -> Result<String, ImageError> {
    if let Some((_, why)) = layout.left_out.first() {
        let why = format!("{why}: the map would not be whole");
        return Err(ImageError::BadFile { what: format!("{} as TOML", layout.source), why });
    }
    let mut out = format!("# {}\n", layout.source.replace('\n', " "));
    // Writing to a string does not fail.
    let mut put = |line: std::fmt::Arguments| {
        let _ = out.write_fmt(line);
    };
    let text = |value: &str| toml::Value::String(value.to_owned()).to_string();
    if let Some(size) = layout.chip_size {
        put(format_args!("chip_size = {size:#x}\n"));
    }
    for r in &layout.regions {
        put(format_args!("\n[[region]]\nname = {}\n", text(&r.name)));
        put(format_args!("offset = {:#x}\nsize = {:#x}\n", r.span.start, r.span.len()));
        if r.read_only {
            put(format_args!("read_only = true\n"));
        }
        put(format_args!("role = \"{}\"\ndefault = {}\n", r.role.name(), text(&r.default.to_string())));
        if r.blank_without_donor {
            put(format_args!("blank_without_donor = true\n"));
        }
        if r.stays {
            put(format_args!("stays = true\n"));
        }
        for (key, value) in [("grows_into", &r.grows_into), ("inside", &r.inside), ("source", &r.source)] {
            if let Some(value) = value {
                put(format_args!("{key} = {}\n", text(value)));
            }
        }
    }
    for (_, u) in layout.per_unit() {
        put(format_args!("\n[[per_unit]]\nname = {}\n", text(&u.name)));
        put(format_args!("offset = {:#x}\nsize = {:#x}\n", u.span.start, u.span.len()));
        put(format_args!("kind = \"{}\"\nformat = \"{}\"\n", u.kind.name(), u.format.name()));
        if !u.chips.is_empty() {
            let chips: Vec<String> = u.chips.iter().map(|c| format!("{c:#06x}")).collect();
            put(format_args!("chips = [{}]\n", chips.join(", ")));
        }
        if u.keep {
            put(format_args!("keep = true\n"));
        }
        if u.own {
            put(format_args!("own = true\n"));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Board;

    #[test]
    fn every_board_can_be_written_and_read() {
        for board in Board::all() {
            let again = parse(&write(&board.layout).unwrap()).unwrap();
            assert_eq!(again.regions, board.layout.regions, "{}", board.name);
            assert_eq!(again.chip_size, board.layout.chip_size);
        }
    }

    #[test]
    fn faults_are_named() {
        let text = "[[region]]\nname = \"a\"\noffset = 0\nsize = 0x10\n";
        assert_eq!(parse(text).unwrap().names(), "a");
        for (bad, word) in [
            ("", "region"),
            ("[[region]]\nname = \"a\"\n", "offset"),
            ("chip_size = 4\n[[region]]\nname = \"a\"\noffset = 0\nsize = 0x10\n", "not inside the chip"),
            ("[[region]]\nname = \"a\"\noffset = 0\nsize = 0x10\nspeed = 4\n", "speed"),
        ] {
            let e = parse(bad).unwrap_err().to_string();
            assert!(e.contains(word), "{e}");
        }
    }
}

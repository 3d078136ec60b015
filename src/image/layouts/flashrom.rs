//! flashrom's layout files: `START:END NAME` a line, hexadecimal, END being the last byte; read and written.
//!
//! Facts: flashrom layout.c. Names hold no blanks; regions may overlap.

use super::text::{hex, span};
use crate::image::error::ImageError;
use crate::image::layout::{Layout, Region};

/// Reads a layout file.
///
/// # Errors
/// The first line that is not of the form.
pub fn parse(text: &str) -> Result<Layout, ImageError> {
    let mut regions = Vec::new();
    for (number, line) in text.lines().enumerate().map(|(i, l)| (i + 1, l.trim())) {
        if line.is_empty() {
            continue;
        }
        let region = row(line).ok_or_else(|| ImageError::BadFile {
            what: format!("line {number} of the flashrom layout"),
            why: format!("'{line}' is not START:END NAME with END the last byte"),
        })?;
        regions.push(region);
    }
    let layout = Layout { regions, source: "flashrom layout".to_owned(), ..Layout::default() };
    Ok(layout.nested())
}

fn row(line: &str) -> Option<Region> {
    let (range, name) = line.split_once(char::is_whitespace)?;
    let (start, last) = range.split_once(':')?;
    let name = name.trim();
    let plain = !name.is_empty() && !name.contains(char::is_whitespace);
    let span = span(hex(start)?, hex(last)?.checked_add(1)?)?;
    plain.then(|| Region::named(name, span))
}

/// Writes every region as a layout file, outer ones before their parts; blanks in names become underscores.
///
/// # Errors
/// Where a region cannot be written in this form.
pub fn write(layout: &Layout) -> Result<String, ImageError> {
    let names = super::text::all_are_held(layout, "flashrom", |name| {
        Some(name.chars().map(|c| if c.is_whitespace() { '_' } else { c }).collect())
    })?;
    let line = |(r, name): (&Region, String)| format!("{:08x}:{:08x} {name}\n", r.span.start, r.span.end - 1);
    Ok(layout.regions.iter().zip(names).map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    const MR200: &str = "00000000:0001ffff u-boot\n00020000:007cffff firmware\n\n007d0000:007dffff rom\n";

    #[test]
    fn the_end_is_the_last_byte() {
        let layout = parse(MR200).unwrap();
        assert_eq!(layout.names(), "u-boot, firmware, rom");
        assert_eq!(layout.region("firmware").unwrap().span, Span::new(0x2_0000, 0x7d_0000));
        assert_eq!(write(&layout).unwrap(), MR200.replace("\n\n", "\n"));
    }

    #[test]
    fn faulty_lines_are_named() {
        for line in [
            "00000000 u-boot",
            "0:zz a",
            "5:4 a",
            "0:1",
            "0:1 two words",
            "# comment",
            "0:ffffffffffffffff a",
        ] {
            let e = parse(&format!("0:1 a\n{line}\n")).unwrap_err().to_string();
            assert!(e.contains("line 2"), "{line}: {e}");
        }
    }
}

//! `/proc/mtd`: `mtd0: 00020000 00010000 "u-boot"`, sizes only.
//!
//! It says no offset. Parts follow one another, except those that lie in another one: the usual names of those
//! (kernel, rootfs, rootfs_data) are placed in theirs. Facts: Linux drivers/mtd/mtdcore.c.

use super::text::{hex, quoted};
use crate::image::error::ImageError;
use crate::image::layout::{Layout, Region};
use crate::span::Span;

/// Reads the table.
///
/// # Errors
/// When it has no row.
pub fn parse(text: &str) -> Result<Layout, ImageError> {
    let rows: Vec<(String, u64)> = text.lines().filter_map(row).collect();
    if rows.is_empty() {
        let why = "no line of the form mtd0: SIZE ERASESIZE \"NAME\"".to_owned();
        return Err(ImageError::BadFile { what: "/proc/mtd".to_owned(), why });
    }
    let note =
        "/proc/mtd says no offsets: they are summed up, and wrong if a part is missing or out of order";
    let mut layout =
        Layout { source: "/proc/mtd".to_owned(), notes: vec![note.to_owned()], ..Layout::default() };
    let size_of = |name: &str| rows.iter().find(|(n, _)| n == name).map(|(_, size)| *size);
    let split = match (size_of("firmware"), size_of("kernel"), size_of("rootfs")) {
        (Some(firmware), Some(kernel), Some(rootfs)) => {
            kernel.checked_add(rootfs).is_some_and(|n| n <= firmware)
        }
        _ => false,
    };
    let mut next = 0u64;
    let mut within = 0u64;
    for (name, size) in &rows {
        let home = |of: &str| layout.regions.iter().find(|r| r.name == of).map(|r| r.span);
        let place = match name.as_str() {
            "rootfs_data" => match home("rootfs") {
                Some(rootfs) if *size <= rootfs.len() => Some(Span::new(rootfs.end - size, rootfs.end)),
                _ => None,
            },
            "kernel" | "rootfs" if split => home("firmware").and_then(|firmware| {
                let start =
                    if name == "kernel" { firmware.start } else { firmware.end.checked_sub(*size)? };
                within = within.max(start);
                Span::at(start, *size)
            }),
            _ => {
                let span = Span::at(next, *size);
                next = span.map_or(next, |s| s.end);
                span
            }
        };
        match place {
            Some(span) => layout.regions.push(Region::named(name.as_str(), span)),
            None => layout.leave_out(name.as_str(), format!("{name} cannot be placed and is left out")),
        }
    }
    Ok(layout.nested())
}

fn row(line: &str) -> Option<(String, u64)> {
    let (device, rest) = line.trim().split_once(':')?;
    let number = device.strip_prefix("mtd")?;
    let size = hex(rest.split_whitespace().next()?)?;
    let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    (plain && size > 0).then(|| quoted(rest).map(|name| (name.to_owned(), size)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_in_firmware_are_not_counted_twice() {
        let text = "dev:    size   erasesize  name\nmtd0: 00020000 00010000 \"u-boot\"\nmtd1: 007b0000 00010000 \"firmware\"\n\
                    mtd2: 000ad5fc 00010000 \"kernel\"\nmtd3: 00702a04 00010000 \"rootfs\"\n\
                    mtd4: 005d0000 00010000 \"rootfs_data\"\nmtd5: 00010000 00010000 \"rom\"\n";
        let layout = parse(text).unwrap();
        assert_eq!(layout.region("rom").unwrap().span, Span::new(0x7d_0000, 0x7e_0000));
        assert_eq!(layout.region("rootfs_data").unwrap().span, Span::new(0x20_0000, 0x7d_0000));
        let whole: Vec<_> = layout.whole().map(|r| r.name.as_str()).collect();
        assert_eq!(whole, ["u-boot", "firmware", "rom"]);
        assert!(layout.notes[0].contains("offsets"));
    }

    #[test]
    fn a_stock_table_has_them_side_by_side() {
        let text = "mtd0: 00020000 00010000 \"boot\"\nmtd1: 00140000 00010000 \"kernel\"\nmtd2: 00670000 00010000 \"rootfs\"\n";
        let layout = parse(text).unwrap();
        assert_eq!(layout.region("rootfs").unwrap().span, Span::new(0x16_0000, 0x7d_0000));
        assert!(parse("mtdx: 1 1 \"a\"\nmtd0: 0 0 \"b\"\n").is_err());
    }
}

//! The kernel's `mtdparts=` option, read and written.
//!
//! `mtdparts=ID:SIZE[@OFFSET](NAME)[ro][lk][slc],...;ID:...`, `-` being the rest; an offset left out follows the part
//! before. Facts: Linux drivers/mtd/parsers/cmdlinepart.c.

use crate::image::error::ImageError;
use crate::image::layout::{Layout, Region};
use crate::span::Span;

/// What comes before the definitions.
pub const KEY: &str = "mtdparts=";

fn fault(text: &str, why: &str) -> ImageError {
    ImageError::BadFile { what: format!("mtdparts '{text}'"), why: why.to_owned() }
}

/// Reads the option out of `text`, which may be a whole kernel command line; `chip_size` is for the `-` part.
///
/// Of several devices the first whose id names SPI is taken, else the first.
///
/// # Errors
/// The part that is not of the form.
pub fn parse(text: &str, chip_size: Option<u64>) -> Result<Layout, ImageError> {
    let definitions = text.split_once(KEY).map_or(text, |(_, rest)| rest).trim_start();
    let definitions = &definitions[..end_of(definitions)];
    let devices: Vec<(&str, &str)> = definitions
        .split(';')
        .filter(|d| !d.is_empty())
        .map(|device| {
            // An id may hold colons; the last one is before the first part.
            let until = device.find('(').unwrap_or(device.len());
            let colon = device[..until].rfind(':').ok_or_else(|| fault(device, "no ID: before the parts"))?;
            Ok((&device[..colon], &device[colon + 1..]))
        })
        .collect::<Result<_, ImageError>>()?;
    let spi = devices.iter().find(|(id, _)| id.contains("spi"));
    let (id, parts) = spi.or(devices.first()).ok_or_else(|| fault(text, "it is empty"))?;
    let mut layout = Layout { chip_size, source: format!("mtdparts of {id}"), ..Layout::default() };
    for (other, _) in devices.iter().filter(|(other, _)| other != id) {
        layout.notes.push(format!("the parts of {other} are left out: another chip's"));
    }
    let mut next = 0;
    for (index, part) in parts.split(',').enumerate() {
        let Some(region) = part_of(part, index, next, chip_size)? else {
            let name = part.split_once('(').map_or(part, |(_, name)| name.trim_end_matches(')'));
            let why = format!("'{part}' takes the rest of the chip, whose size is not known: left out");
            layout.leave_out(name, why);
            continue;
        };
        next = region.span.end;
        layout.regions.push(region);
    }
    if let Some(size) = chip_size.filter(|size| *size < next) {
        layout.notes.push(format!("the parts reach to {next:#x}, the chip has {size:#x}"));
    }
    Ok(layout.nested())
}

/// Where the definitions end: at a blank or quote outside of a name.
fn end_of(text: &str) -> usize {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '"' | '\'' => return at,
            c if c.is_whitespace() && depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// One part; `None` for the rest of a chip of unknown size.
fn part_of(
    part: &str,
    index: usize,
    next: u64,
    chip_size: Option<u64>,
) -> Result<Option<Region>, ImageError> {
    let bad = |why| fault(part, why);
    let (place, tail) = part.split_at(part.find('(').unwrap_or(part.len()));
    let (name, flags) = match tail.strip_prefix('(') {
        Some(rest) => rest.split_once(')').ok_or_else(|| bad("a name is not closed"))?,
        None => ("", ""),
    };
    // Without a name, flags follow the place directly.
    let plain = without_flags(place);
    if !without_flags(flags).is_empty() {
        return Err(bad(
            "only ro, lk and slc may follow a name; an offset is between size and name, 64k@0x20000(name)",
        ));
    }
    let (size, offset) = match plain.split_once('@') {
        Some((size, offset)) => (size, Some(offset)),
        None => (plain, None),
    };
    let start = match offset {
        Some(offset) => number(offset).ok_or_else(|| bad("the offset is no number"))?,
        None => next,
    };
    let len = match size {
        "-" => match chip_size {
            Some(chip) => {
                chip.checked_sub(start).ok_or_else(|| bad("the rest starts past the chip's end"))?
            }
            None => return Ok(None),
        },
        size => number(size).ok_or_else(|| bad("the size is no number; write 128k, 0x20000 or -"))?,
    };
    let span = Span::at(start, len).filter(|s| !s.is_empty()).ok_or_else(|| bad("it has no length"))?;
    let name = if name.is_empty() { format!("Partition_{index:03}") } else { name.to_owned() };
    let mut region = Region::named(name, span);
    region.read_only = flags.contains("ro") || place[plain.len()..].contains("ro");
    Ok(Some(region))
}

/// The text without the flags at its end.
fn without_flags(text: &str) -> &str {
    const FLAGS: [&str; 3] = ["ro", "lk", "slc"];
    FLAGS.iter().find_map(|flag| text.strip_suffix(flag)).map_or(text, without_flags)
}

/// A number as the kernel's memparse reads it: decimal or 0x, with k, m or g.
fn number(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (digits, shift) = match lower.as_bytes().last()? {
        b'k' => (&lower[..lower.len() - 1], 10),
        b'm' => (&lower[..lower.len() - 1], 20),
        b'g' => (&lower[..lower.len() - 1], 30),
        _ => (lower.as_str(), 0),
    };
    let value = match digits.strip_prefix("0x") {
        Some(hex) => super::text::hex(hex)?,
        None if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
        None => return None,
    };
    value.checked_mul(1 << shift)
}

/// Writes every region for device `id`, outer ones before their parts.
///
/// # Errors
/// Where a region cannot be written in this form.
pub fn write(layout: &Layout, id: &str) -> Result<String, ImageError> {
    super::text::all_are_held(layout, "mtdparts", |name| {
        // What the form itself is made of cannot be part of a name.
        (!name.contains([')', '(', '"', '\'', ',', ';'])).then(|| name.to_owned())
    })?;
    let mut next = 0;
    let parts: Vec<String> = layout
        .regions
        .iter()
        .map(|r| {
            let size = match r.span.len() {
                len if len % 1024 == 0 => format!("{}k", len / 1024),
                len => len.to_string(),
            };
            let offset = if r.span.start == next { String::new() } else { format!("@{:#x}", r.span.start) };
            next = r.span.end;
            format!("{size}{offset}({}){}", r.name, if r.read_only { "ro" } else { "" })
        })
        .collect();
    Ok(format!("{KEY}{id}:{}\n", parts.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MR200: &str =
        "mtdparts=spi0.0:128k(u-boot)ro,7872k(firmware),64k(rom)ro,64k(romfile)ro,64k(radio)ro\n";

    #[test]
    fn parts_follow_one_another() {
        let layout = parse(MR200, Some(0x80_0000)).unwrap();
        let radio = layout.region("radio").unwrap();
        assert_eq!((radio.span, radio.read_only), (Span::new(0x7f_0000, 0x80_0000), true));
        assert!(!layout.region("firmware").unwrap().read_only);
        assert_eq!(write(&layout, "spi0.0").unwrap(), MR200);
        assert!(layout.notes.is_empty());
    }

    #[test]
    fn offsets_rest_order_and_devices() {
        let line = "console=ttyS0 mtdparts=nand:1m(a);10000000.spi:0x10000@0x7f0000(art)ro,128k@0(u-boot),-(rest) init=/x";
        let layout = parse(line, Some(0x80_0000)).unwrap();
        assert_eq!(layout.source, "mtdparts of 10000000.spi");
        assert_eq!(layout.region("u-boot").unwrap().span, Span::new(0, 0x2_0000));
        // The rest overlaps art, which is left out of the whole ones and kept as a part of it.
        assert_eq!(layout.region("rest").unwrap().span, Span::new(0x2_0000, 0x80_0000));
        assert_eq!(layout.region("art").unwrap().inside.as_deref(), Some("rest"));
        assert!(layout.notes[0].contains("nand"));
        let unknown = parse("spi0.0:64k(a),-(b)", None).unwrap();
        assert_eq!((unknown.names().as_str(), unknown.notes.len()), ("a", 1));
        let flags = parse("x:64k(a)lk,64k(b)rolk,64k(c)slc,64k(d)lkro,64klkro", None).unwrap();
        let read_only: Vec<bool> = flags.regions.iter().map(|region| region.read_only).collect();
        assert_eq!(read_only, [false, true, false, true, true]);
        assert_eq!(parse("x:64k,64kro", None).unwrap().names(), "Partition_000, Partition_001");
    }

    #[test]
    fn what_is_not_of_the_form() {
        for text in [
            "",
            "mtdparts=",
            "128k(a)",
            "x:(a)",
            "x:12q(a)",
            "x:1k(a",
            "x:0(a)",
            "x:-1(a)",
            "x:99999999999g(a)",
            "x:1k(a)@2k",
            "x:1k(a)@2k,1k(b)",
            "x:1k(a)r",
            "x:1k(a)rw",
            "x:1k(a)(b)",
            "x:1k(a)=b",
        ] {
            assert!(parse(text, Some(0x1000)).is_err(), "{text}");
        }
    }
}

//! A kernel's boot log: `Creating N MTD partitions on "DEV":` and the lines that follow.
//!
//! A row is `0xSTART-0xEND : "NAME"`, the end exclusive, 8 or 12 digits, with other messages between and a time
//! before it. A table on a device that is itself a partition counts from that partition's start. Parts that a splitter
//! finds in a partition have no such first line, only `1 squashfs-split partitions found on MTD device rootfs`; they
//! are added beside that partition and count from where it counts. A log may be cut short, hold two boots, or be wrong: a
//! kernel that does not know the chip assumes 4 MiB. Facts: Linux drivers/mtd/mtdpart.c, OpenWrt's patch to it
//! (`run_parsers_by_type`), forum.openwrt.org t/151451.

use super::text::{hex, quoted, span};
use crate::image::error::ImageError;
use crate::image::layout::{Layout, Region};
use crate::span::Span;

/// What a table's first line holds.
pub const CREATING: &str = " MTD partitions on \"";
/// What is between a splitter's name and the partition it looked into.
const FOUND_ON: &str = " partitions found on MTD device ";
/// No flash has more.
const MOST_ROWS: usize = 256;

/// The rows after one `Creating`, or after a splitter's line.
struct Table {
    device: String,
    /// In a splitter's table, the partition it looked into, as its own row has it: the rows lie in it and count alike.
    beside: Option<Span>,
    promised: usize,
    rows: Vec<(String, Span)>,
    /// True when a row was begun and not ended.
    torn: bool,
}

/// Reads a log.
///
/// # Errors
/// When it holds no partition.
pub fn parse(text: &str) -> Result<Layout, ImageError> {
    let mut tables: Vec<Table> = Vec::new();
    let mut size = None;
    let mut notes = Vec::new();
    for line in text.lines() {
        if let Some(table) = heading(line).or_else(|| splitter(line, &tables)) {
            // The same device again is the log's next boot, or a repetition: the longer table stays.
            match tables.iter_mut().find(|t| t.device == table.device) {
                Some(old) if old.rows.len() < old.promised || old.beside.is_some() => *old = table,
                Some(_) => {}
                None => tables.push(table),
            }
            continue;
        }
        size = size.or_else(|| chip_size(line));
        if line.contains("created automatically") {
            notes
                .push("a part was created automatically; only what has a row of its own is taken".to_owned());
        }
        // Rows belong to the newest table that still waits for some and can hold them.
        let row = row(line);
        let holds = |t: &Table| match (&row, t.beside) {
            (Row::Whole(_, span), Some(home)) => home.covers(*span),
            _ => true,
        };
        let waiting = tables.iter_mut().rev().find(|t| t.rows.len() < t.promised && holds(t));
        let Some(table) = waiting else { continue };
        match row {
            Row::Whole(name, span) if table.rows.len() < MOST_ROWS => table.rows.push((name, span)),
            Row::Torn => table.torn = true,
            _ => {}
        }
    }
    for t in &tables {
        if t.rows.len() < t.promised {
            let torn = if t.torn { ", one of them torn" } else { "" };
            notes.push(format!(
                "the log promises {} parts of {} and has {}{torn}: it was cut short, or other messages cut in",
                t.promised,
                t.device,
                t.rows.len()
            ));
        }
    }
    assemble(tables, size, notes)
}

/// Puts the tables together: the chip's, and those of its parts with their places in the chip.
fn assemble(tables: Vec<Table>, size: Option<u64>, mut notes: Vec<String>) -> Result<Layout, ImageError> {
    let named: Vec<String> = tables.iter().flat_map(|t| t.rows.iter().map(|(n, _)| n.clone())).collect();
    let chips: Vec<&Table> =
        tables.iter().filter(|t| !named.contains(&t.device) && !t.rows.is_empty()).collect();
    let spi = chips.iter().find(|t| t.device.contains("spi") || t.device == "raspi");
    let Some(chip) = spi.or(chips.first()) else {
        let why =
            "no line of the form 0xSTART-0xEND : \"NAME\" after 'Creating N MTD partitions on'".to_owned();
        return Err(ImageError::BadFile { what: "the boot log".to_owned(), why });
    };
    for other in chips.iter().filter(|t| t.device != chip.device) {
        notes.push(format!("the parts of {} are left out: another chip's", other.device));
    }
    let mut regions: Vec<Region> = chip.rows.iter().map(|(n, s)| Region::named(n.as_str(), *s)).collect();
    let mut left_out = Vec::new();
    // A part's own table comes after the part; one pass in the log's order places all of them.
    for table in tables.iter().filter(|t| t.device != chip.device) {
        let Some(home) = regions.iter().rev().find(|r| r.name == table.device).map(|r| r.span) else {
            continue;
        };
        let from = home.start - table.beside.map_or(0, |own| own.start);
        for (name, span) in &table.rows {
            let place = span.shifted(from);
            if home.covers(place) {
                regions.push(Region::named(name.as_str(), place));
            } else {
                let why = format!("{name} ({span} in {}) reaches past its end and is left out", table.device);
                notes.push(why.clone());
                left_out.push((name.clone(), why));
            }
        }
    }
    let end = chip.rows.iter().map(|(_, s)| s.end).max().unwrap_or(0);
    if let Some(size) = size.filter(|size| *size < end) {
        notes.push(format!("the log says the chip has {size:#x} bytes and its parts reach to {end:#x}"));
    }
    let source = format!("boot log, parts of {}", chip.device);
    let chip_size = size.filter(|size| *size >= end);
    Ok(Layout { regions, chip_size, source, notes, left_out, ..Layout::default() }.nested())
}

/// `Creating 6 MTD partitions on "raspi":`
fn heading(line: &str) -> Option<Table> {
    let (before, after) = line.split_once(CREATING)?;
    let promised = before.split_whitespace().last()?.parse().ok()?;
    let device = after.split_once('"')?.0.to_owned();
    Some(Table { device, beside: None, promised, rows: Vec::new(), torn: false })
}

/// `1 squashfs-split partitions found on MTD device rootfs`, where a row of that name was seen.
fn splitter(line: &str, tables: &[Table]) -> Option<Table> {
    let (before, device) = line.split_once(FOUND_ON)?;
    let promised = before.split_whitespace().rev().nth(1)?.parse().ok()?;
    let device = device.trim();
    let mut rows = tables.iter().flat_map(|t| &t.rows);
    let (_, home) = rows.find(|(name, _)| name == device)?;
    Some(Table { device: device.to_owned(), beside: Some(*home), promised, rows: Vec::new(), torn: false })
}

enum Row {
    Whole(String, Span),
    Torn,
    None,
}

/// `[    0.5] 0x000000020000-0x0000007d0000 : "firmware"`
fn row(line: &str) -> Row {
    for (at, _) in line.match_indices("0x") {
        let word: &str = line[at..].split_whitespace().next().unwrap_or("");
        let Some((start, end)) = word.split_once('-') else { continue };
        let long = |n: &str| n.len() >= 10 && n.starts_with("0x");
        if !long(start) {
            continue;
        }
        let Some((start, end)) = hex(start).zip(hex(end).filter(|_| long(end))) else { return Row::Torn };
        let rest = line[at + word.len()..].trim_start();
        return match (span(start, end), rest.strip_prefix(':').and_then(quoted)) {
            (Some(span), Some(name)) if !name.is_empty() => Row::Whole(name.to_owned(), span),
            _ => Row::Torn,
        };
    }
    Row::None
}

/// `mtd .name = raspi, .size = 0x00800000 (8M)`, or `w25q64 (8192 Kbytes)`.
fn chip_size(line: &str) -> Option<u64> {
    if let Some((_, rest)) = line.split_once(".size = 0x") {
        let digits: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
        return hex(&digits).filter(|size| *size > 0);
    }
    let (before, _) = line.split_once(" Kbytes)")?;
    let digits = before.rsplit('(').next()?;
    digits.parse::<u64>().ok()?.checked_mul(1024).filter(|size| *size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: &str = "\
W25Q64BV(ef 40170000) (8192 Kbytes)
mtd .name = raspi, .size = 0x00800000 (8M) .erasesize = 0x00010000 (64K) .numeraseregions = 0
Creating 6 MTD partitions on \"raspi\":
0x000000000000-0x000000020000 : \"boot\"
0x000000020000-0x000000160000 : \"kernel\"
0x000000160000-0x0000007d0000 : \"rootfs\"
mtd: partition \"rootfs\" set to be root filesystem
0x0000007d0000-0x0000007e0000 : \"config\"
0x0000007e0000-0x0000007f0000 : \"romfile\"
0x0000007f0000-0x000000800000 : \"radio\"
";

    #[test]
    fn a_stock_log_with_a_message_between() {
        let layout = parse(V4).unwrap();
        assert_eq!(layout.names(), "boot, kernel, rootfs, config, romfile, radio");
        assert_eq!(layout.chip_size, Some(0x80_0000));
        assert_eq!(layout.region("rootfs").unwrap().span, Span::new(0x16_0000, 0x7d_0000));
        assert!(layout.notes.is_empty());
    }

    #[test]
    fn tables_of_parts_are_relative() {
        let log = "\
[    0.471] spi-nor spi0.0: w25q64 (8192 Kbytes)
[    0.480] 3 fixed-partitions partitions found on MTD device spi0.0
[    0.490] Creating 3 MTD partitions on \"spi0.0\":
[    0.500] 0x000000000000-0x000000020000 : \"u-boot\"
[    0.510] random: crng init done
[    0.520] 0x000000020000-0x0000007d0000 : \"firmware\"
[    0.530] 2 tplink-fw partitions found on MTD device firmware
[    0.540] Creating 2 MTD partitions on \"firmware\":
[    0.550] 0x000000000000-0x0000000ad5fc : \"kernel\"
[    0.560] 0x0000000ad5fc-0x0000007b0000 : \"rootfs\"
[    0.570] Creating 1 MTD partitions on \"rootfs\":
[    0.580] 0x000000132a04-0x000000702a04 : \"rootfs_data\"
[    0.590] 0x0000007f0000-0x000000800000 : \"radio\"
";
        let layout = parse(log).unwrap();
        assert_eq!(layout.names(), "u-boot, firmware, kernel, rootfs, rootfs_data, radio");
        let data = layout.region("rootfs_data").unwrap();
        assert_eq!(data.span, Span::new(0x20_0000, 0x7d_0000));
        assert_eq!(data.inside.as_deref(), Some("rootfs"));
        let whole: Vec<_> = layout.whole().map(|r| r.name.as_str()).collect();
        assert_eq!(whole, ["u-boot", "firmware", "radio"]);
    }

    #[test]
    fn what_a_splitter_finds_counts_as_the_part_it_looked_into() {
        let log = "\
[    0.480] 4 fixed-partitions partitions found on MTD device spi0.0
[    0.490] Creating 4 MTD partitions on \"spi0.0\":
[    0.500] 0x000000000000-0x000000020000 : \"u-boot\"
[    0.520] 0x000000020000-0x0000007d0000 : \"firmware\"
[    0.530] 2 tplink-fw partitions found on MTD device firmware
[    0.540] Creating 2 MTD partitions on \"firmware\":
[    0.550] 0x000000000000-0x000000140000 : \"kernel\"
[    0.560] 0x000000140000-0x0000007b0000 : \"rootfs\"
[    0.565] mtd: device 3 (rootfs) set to be root filesystem
[    0.570] 1 squashfs-split partitions found on MTD device rootfs
[    0.580] 0x000000450000-0x0000007b0000 : \"rootfs_data\"
[    0.590] 0x0000007d0000-0x0000007e0000 : \"rom\"
[    0.600] 0x0000007f0000-0x000000800000 : \"radio\"
";
        let layout = parse(log).unwrap();
        assert_eq!(layout.names(), "u-boot, firmware, kernel, rootfs, rootfs_data, rom, radio");
        assert_eq!(layout.region("rootfs_data").unwrap().span, Span::new(0x47_0000, 0x7d_0000));
        assert!(layout.notes.is_empty(), "{:?}", layout.notes);
        // Older kernels count everything from the chip's start; a row that was lost takes none of the chip's.
        let old = log
            .replace("[    0.540] Creating 2 MTD partitions on \"firmware\":\n", "")
            .replace("0x000000000000-0x000000140000 : \"k", "0x000000020000-0x000000160000 : \"k")
            .replace("0x000000140000-0x0000007b0000", "0x000000160000-0x0000007d0000");
        let data = "[    0.580] 0x000000450000-0x0000007b0000 : \"rootfs_data\"\n";
        let layout = parse(&old.replace(data, "")).unwrap();
        assert_eq!(layout.names(), "u-boot, firmware, kernel, rootfs, rom, radio");
        assert_eq!(layout.region("rootfs").unwrap().span, Span::new(0x16_0000, 0x7d_0000));
    }

    #[test]
    fn cut_and_lying_logs_are_told() {
        let cut = &V4[..V4.find("\"romfile").unwrap() + 4];
        let layout = parse(cut).unwrap();
        assert_eq!(layout.names(), "boot, kernel, rootfs, config");
        assert!(
            layout.notes[0].contains("promises 6") && layout.notes[0].contains("torn"),
            "{:?}",
            layout.notes
        );
        let lying = V4.replace("0x00800000 (8M)", "0x00400000 (4M)").replace("(8192 Kbytes)", "");
        let layout = parse(&lying).unwrap();
        assert_eq!(layout.chip_size, None);
        assert!(layout.notes[0].contains("0x400000"), "{:?}", layout.notes);
        assert!(parse("no partitions here").is_err());
    }

    #[test]
    fn two_boots_and_a_part_that_is_all() {
        let twice = format!("{}\n{V4}", &V4[..300]);
        assert_eq!(parse(&twice).unwrap().regions.len(), 6);
        let all = V4.replace("Creating 6", "Creating 7").replace(
            "0x000000000000-0x000000020000",
            "0x000000000000-0x000000800000 : \"ALL\"\n0x000000000000-0x000000020000",
        );
        let layout = parse(&all).unwrap();
        assert_eq!(layout.names(), "ALL, boot, kernel, rootfs, config, romfile, radio");
        let depths: Vec<usize> = (0..7).map(|index| layout.depth(index)).collect();
        assert_eq!(depths, [0, 1, 1, 1, 1, 1, 1]);
        assert_eq!(layout.of_role(crate::image::Role::Loader).map(|r| r.name.as_str()), Some("boot"));
        // Eight digits, as old kernels write.
        let old = V4.replace("0x0000007", "0x007").replace("0x000000", "0x00");
        assert_eq!(parse(&old).unwrap().region("radio").unwrap().span, Span::new(0x7f_0000, 0x80_0000));
    }
}

//! A layout out of any file that holds one.

use crate::image::error::ImageError;
use crate::image::formats::FORMATS;
use crate::image::layout::{Layout, Region};
use crate::image::layouts::{boot_log, flashrom, fmap, ifd, mtdparts, proc_mtd, user};

/// Texts longer than this are no layouts: real ones have some hundred regions at most.
const LONGEST_TEXT: usize = 1 << 20;
/// Logs longer than this are not looked through: those of a few boots are far shorter.
const LONGEST_LOG: usize = 16 << 20;

/// Reads the layout in `bytes`, whatever it is; `chip_size` settles parts that take the rest of the chip.
///
/// # Errors
/// What is wrong with a file of a known kind, or that it is of none.
pub fn parse_any(bytes: &[u8], chip_size: Option<u64>) -> Result<Layout, ImageError> {
    let mut layout = match std::str::from_utf8(bytes) {
        Ok(text) if text.len() <= LONGEST_TEXT && !text.contains('\0') => from_text(text, chip_size)?,
        _ => from_log(bytes)
            .or_else(|| from_image(bytes))
            .ok_or_else(|| nothing("no FMAP, descriptor, table or device tree of a board in it"))?,
    };
    layout.chip_size = layout.chip_size.or(chip_size);
    Ok(layout)
}

fn nothing(why: &str) -> ImageError {
    ImageError::BadFile {
        what: "the layout".to_owned(),
        why: format!(
            "{why}; known are TOML, mtdparts=, a kernel's boot log, /proc/mtd, flashrom's layout, FMAP, Intel \
             descriptor, SafeLoader and OpenWrt images, device trees"
        ),
    }
}

fn from_text(text: &str, chip_size: Option<u64>) -> Result<Layout, ImageError> {
    if text.trim().is_empty() {
        return Err(nothing("the file is empty"));
    }
    match form(text) {
        Some("boot-log") => boot_log::parse(text),
        Some("mtdparts") => mtdparts::parse(text, chip_size),
        Some("layout-toml") => user::parse(text),
        Some("proc-mtd") => proc_mtd::parse(text),
        Some("flashrom-layout") => flashrom::parse(text),
        _ => Err(nothing("the text is of no known kind")),
    }
}

/// What kind of layout a text would be, by its form.
fn form(text: &str) -> Option<&'static str> {
    if text.contains(boot_log::CREATING) {
        return Some("boot-log");
    }
    if text.contains(mtdparts::KEY) {
        return Some("mtdparts");
    }
    if text.lines().any(|line| line.trim_start().starts_with("[[region]]")) {
        return Some("layout-toml");
    }
    if proc_mtd::parse(text).is_ok() {
        return Some("proc-mtd");
    }
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("");
    if first.split_once(':').is_some_and(|(start, _)| super::text::hex(start).is_some()) {
        return Some("flashrom-layout");
    }
    first.contains('(').then_some("mtdparts")
}

/// The kind of layout that the text in `bytes` is, and the layout: `boot-log`, `mtdparts`, `proc-mtd`,
/// `flashrom-layout` or `layout-toml`; `None` for anything that is not read as one.
pub fn text_layout(bytes: &[u8]) -> Option<(&'static str, Layout)> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.len() <= LONGEST_TEXT => Some((form(text)?, from_text(text, None).ok()?)),
        _ => Some(("boot-log", from_log(bytes)?)),
    }
}

/// A serial console's log with bytes of line noise in it.
fn from_log(bytes: &[u8]) -> Option<Layout> {
    let here = memchr::memmem::find(bytes, boot_log::CREATING.as_bytes())?;
    // An image may hold the format string; a log is mostly text around it.
    let around = &bytes[here.saturating_sub(64)..bytes.len().min(here + 64)];
    let printable = around.iter().filter(|b| (0x20..0x7f).contains(*b) || b"\r\n\t".contains(b)).count();
    if bytes.len() > LONGEST_LOG || printable * 10 < around.len() * 9 {
        return None;
    }
    boot_log::parse(&String::from_utf8_lossy(bytes)).ok()
}

/// The layout of the first format of the table that reads one; where Intel's descriptor does, with coreboot's areas (FMAP) in its
/// regions: each of both can be chosen.
fn from_image(bytes: &[u8]) -> Option<Layout> {
    if let (Some(regions), Some(areas)) = (ifd::parse(bytes), fmap::find(bytes)) {
        return Some(with_areas(regions, areas));
    }
    FORMATS.iter().filter_map(|format| format.layout).find_map(|read| read(bytes))
}

/// The areas that are a part of a region, in it. The others cannot be chosen, and why is kept.
fn with_areas(mut map: Layout, areas: Layout) -> Layout {
    let regions = map.regions.clone();
    let mut parts: Vec<Region> = Vec::new();
    for area in areas.regions {
        let same = regions.iter().find(|region| region.span == area.span || region.name == area.name);
        let around = regions.iter().any(|region| region.span.covers(area.span));
        match (same, around) {
            (Some(same), _) => map
                .left_out
                .push((area.name.clone(), format!("{} is {}, by another map", area.name, same.name))),
            (None, true) => parts.push(area),
            (None, false) => map
                .left_out
                .push((area.name.clone(), format!("{} is a part of no region of the descriptor", area.name))),
        }
    }
    if !parts.is_empty() {
        map.source = format!("{} and {}", map.source, areas.source);
        map.regions.extend(parts);
        map.notes.extend(areas.notes);
        map.left_out.extend(areas.left_out);
        map.crossing.extend(areas.crossing);
    }
    map.nested()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::container::intel::tests::flash;
    use crate::image::few_cases::nested_layouts;
    use crate::image::{Allow, Board, Choice, Donor, Image, splice};
    use proptest::prelude::*;

    #[test]
    fn each_kind_is_told_by_its_form() {
        for (text, source, count) in [
            ("mtdparts=spi0.0:64k(a),64k(b)", "mtdparts of spi0.0", 2),
            ("spi0.0:64k(a),64k(b)", "mtdparts of spi0.0", 2),
            ("00000000:0000ffff a\n00010000:0001ffff b\n", "flashrom layout", 2),
            ("mtd0: 00020000 00010000 \"u-boot\"\n", "/proc/mtd", 1),
            (
                "[    0.1] Creating 1 MTD partitions on \"spi0.0\":\n0x000000000000-0x000000020000 : \"a\"",
                "boot log, parts of spi0.0",
                1,
            ),
            ("[[region]]\nname=\"a\"\noffset=0\nsize=1\n", "layout file", 1),
        ] {
            let layout = parse_any(text.as_bytes(), None).unwrap();
            assert_eq!((layout.source.as_str(), layout.regions.len()), (source, count), "{text}");
            let kind = source.split(" of ").next().unwrap_or(source);
            let kind = match kind {
                "boot log, parts" => "boot-log",
                "/proc/mtd" => "proc-mtd",
                "flashrom layout" => "flashrom-layout",
                "layout file" => "layout-toml",
                other => other,
            };
            assert_eq!(text_layout(text.as_bytes()), Some((kind, layout)), "{text}");
        }
        for text in ["", " \n", "hello", "0x10", "a:b"] {
            assert!(parse_any(text.as_bytes(), None).is_err(), "{text}");
            assert_eq!(text_layout(text.as_bytes()), None, "{text}");
        }
        let noisy = [
            &b"\xfe\x80\x81boot\r\n"[..],
            b"Creating 1 MTD partitions on \"spi0.0\":\r\n0x000000000000-0x000000020000 : \"a\"\r\n",
        ]
        .concat();
        assert_eq!(parse_any(&noisy, None).unwrap().names(), "a");
        assert_eq!(text_layout(&noisy).unwrap().0, "boot-log");
    }

    #[test]
    fn a_text_beyond_any_layouts_length_is_none_and_a_long_log_is() {
        let parts = |count: usize| format!("mtdparts=x:{}", vec!["1(a)"; count].join(","));
        assert!(parse_any(parts(1000).as_bytes(), None).is_ok());
        assert!(parse_any(parts(LONGEST_TEXT / 4).as_bytes(), None).is_err());
        let line =
            "[    0.1] Creating 1 MTD partitions on \"spi0.0\":\n0x000000000000-0x000000020000 : \"a\"\n";
        let log = format!("{line}{}", "[    0.2] more\n".repeat(LONGEST_TEXT / 8));
        assert_eq!(parse_any(log.as_bytes(), None).unwrap().names(), "a");
        assert_eq!(text_layout(log.as_bytes()).unwrap().0, "boot-log");
    }

    #[test]
    fn what_a_form_cannot_hold_is_refused() {
        let layout = parse_any(b"0:ffff a b\n0:ff c\n".as_slice(), None);
        assert!(layout.is_err(), "a blank in a flashrom name");
        let refused = |text: &str| {
            let layout = parse_any(text.as_bytes(), None).unwrap();
            let all = [flashrom::write(&layout), mtdparts::write(&layout, "x"), user::write(&layout)];
            all.map(|written| written.err().map(|error| error.to_string()))
        };
        let across = refused("0:ffff a\n8000:17fff b\n");
        assert!(
            across.iter().flatten().all(|why| why.contains("b (") && why.contains("overlaps a")),
            "{across:?}"
        );
        assert_eq!(across.iter().flatten().count(), 3);
        let two = refused("mtdparts=x:64k(a b),64k(a_b)");
        assert!(
            two[0].as_ref().is_some_and(|why| why.contains("two regions")) && two[1].is_none(),
            "{two:?}"
        );
        let toml = "[[region]]\nname=\"a,b\"\noffset=0\nsize=1\n";
        assert!(refused(toml)[1].as_ref().is_some_and(|why| why.contains("'a,b'")));
    }

    /// A coreboot image for an Intel board has both maps: areas that are parts of a region can be chosen as well.
    #[test]
    fn coreboots_areas_are_in_the_regions_of_the_descriptor() {
        let mut image = flash();
        let areas = [
            ("FLASH", 0, 0x1_0000),
            ("SI_BIOS", 0x8000, 0x8000),
            ("RW", 0x9000, 0x3000),
            ("RW_VPD", 0x9000, 0x1000),
            ("RO", 0xc000, 0x4000),
            ("RO_VPD", 0xc000, 0x1000),
            ("ACROSS", 0x7000, 0x2000),
        ];
        let mut map =
            [&b"__FMAP__\x01\x01"[..], &[0; 8], &0x1_0000u32.to_le_bytes(), b"MADE", &[0; 28]].concat();
        map.extend((areas.len() as u16).to_le_bytes());
        for (name, start, len) in areas {
            map.extend([u32::to_le_bytes(start), u32::to_le_bytes(len)].concat());
            map.extend([name.as_bytes(), &vec![0; 34 - name.len()]].concat());
        }
        image[0xd000..0xd000 + map.len()].copy_from_slice(&map);
        let layout = parse_any(&image, None).unwrap();
        let rows: Vec<_> =
            layout.regions.iter().map(|r| (r.name.as_str(), r.inside.as_deref().unwrap_or(""))).collect();
        assert_eq!(
            rows,
            [
                ("fd", ""),
                ("gbe", ""),
                ("me", ""),
                ("bios", ""),
                ("RW", "bios"),
                ("RW_VPD", "RW"),
                ("RO", "bios"),
                ("RO_VPD", "RO"),
            ]
        );
        assert!(layout.source.contains("descriptor and FMAP"), "{}", layout.source);
        let left: Vec<_> = layout.left_out.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(left, ["FLASH", "ACROSS", "SI_BIOS"]);
        // A choice of one of them changes its bytes alone.
        let mut other = image.clone();
        other[0x8000..0xd000].fill(0x77);
        let board = Board::from_layout("made", layout).unwrap();
        let mut choice = Choice { allow: Allow::new(["all"]), ..Choice::default() };
        choice.set("RO_VPD=d").unwrap();
        let made =
            splice(&Image::new(image.clone()), &[Donor::new("d", other.clone())], &board, &choice).unwrap();
        image[0xc000..0xd000].copy_from_slice(&other[0xc000..0xd000]);
        assert!(made.image[..] == image[..]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(layout in nested_layouts(0x100)) {
            let size = layout.chip_size;
            prop_assert_eq!(&parse_any(user::write(&layout).unwrap().as_bytes(), None).unwrap().regions, &layout.regions);
            let parts = parse_any(mtdparts::write(&layout, "spi0.0").unwrap().as_bytes(), size).unwrap();
            prop_assert_eq!(&parts.regions, &layout.regions);
            let rom = parse_any(flashrom::write(&layout).unwrap().as_bytes(), size).unwrap();
            for (a, b) in rom.regions.iter().zip(&layout.regions) {
                prop_assert_eq!((&a.name, a.span), (&b.name, b.span));
            }
            prop_assert_eq!(rom.regions.len(), layout.regions.len());
        }

        #[test]
        fn any_text_is_taken(text in "(mtdparts=|Creating 3 MTD partitions on \"|0x0000000000[0-9a-f]{2}-0x0000000000[0-9a-f]{2} : \"|mtd[0-9]: |[0-9a-f]:[0-9a-f] |[ -~\n\"():@,;]){0,30}") {
            let _ = parse_any(text.as_bytes(), Some(0x1000));
            let _ = (mtdparts::parse(&text, None), boot_log::parse(&text), proc_mtd::parse(&text), flashrom::parse(&text), user::parse(&text));
        }

        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = parse_any(&bytes, None);
        }
    }
}

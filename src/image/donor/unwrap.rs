//! What goes to flash out of a download: wrappers and archives are taken off until a firmware is left.
//!
//! Of an archive, one member is taken by itself when it is a whole firmware and everything beside it is text or a
//! document. Archives with parts of a firmware are refused with a list of what is in them.

use std::borrow::Cow;

use super::form::has_chip_size;
use super::plain;
use crate::image::checks::{DONOR_UNKNOWN, SUM, TRUNCATED, UNWRAPPED};
use crate::image::checks::{Finding, Severity};
use crate::image::container::budget::Look;
use crate::image::container::item::{CheckName, Outcome};
use crate::image::container::packed::Format;
use crate::image::container::wrapper::{Inside, MEMBERS, MOST_UNPACKED, Wrapped, at_start, unzip};
use crate::image::container::{sysupgrade, tplink};
use crate::image::formats::envelope_at;
use crate::units;

/// Wrappers within wrappers: more than this is no download.
const DEEPEST: usize = 5;
/// Members that are named in a message.
const MOST_NAMED: usize = 12;

/// A file opened.
#[derive(Clone, Debug, Default)]
pub(super) struct Unwrapped {
    /// What is inside, where that is not the file itself.
    pub inside: Option<Vec<u8>>,
    /// What was taken off, or why that is not possible.
    pub findings: Vec<Finding>,
}

enum Step<'a> {
    /// One wrapper less; what was taken off, in words.
    Off(Cow<'a, [u8]>, String),
    Stop(Finding),
    /// Nothing known is around it.
    Bare,
}

/// Takes everything off that is around a firmware; `what` names the file in messages.
pub(super) fn open(file: &[u8], what: &str) -> Unwrapped {
    let mut taken: Vec<String> = Vec::new();
    let mut bytes = Cow::Borrowed(file);
    while taken.len() < DEEPEST {
        let next = match step(&bytes, what) {
            Step::Bare => break,
            Step::Stop(finding) => return Unwrapped { inside: None, findings: vec![finding] },
            Step::Off(inside, words) => {
                taken.push(words);
                inside.into_owned()
            }
        };
        bytes = Cow::Owned(next);
    }
    if taken.is_empty() {
        return Unwrapped::default();
    }
    let words =
        format!("{what} is {}: its inside of {:#x} bytes is used", taken.join(", in it "), bytes.len());
    Unwrapped { inside: Some(bytes.into_owned()), findings: vec![UNWRAPPED.found(words)] }
}

fn step<'a>(bytes: &'a [u8], what: &str) -> Step<'a> {
    let mut look = Look::new(bytes);
    match at_start(&mut look) {
        Some(wrapped) => off(bytes, wrapped, what),
        None => packed(bytes, what),
    }
}

fn off<'a>(bytes: &'a [u8], wrapped: Wrapped, what: &str) -> Step<'a> {
    let name = wrapped.name;
    if let Some(bad) = wrapped.item.checks.iter().find(|check| check.result == Outcome::Bad) {
        let detail = if bad.detail.is_empty() { String::new() } else { format!(" ({})", bad.detail) };
        let (check, words) = match bad.name {
            CheckName::SIZE | MEMBERS => (TRUNCATED, "it is cut short or damaged"),
            _ => (SUM, "its sum does not hold: it is damaged"),
        };
        return Step::Stop(check.found(format!("{what}, a {name}: {words}; get the file again{detail}")));
    }
    match wrapped.inside {
        Inside::Bytes(span) => match span.of(bytes) {
            Some(inside) if !inside.is_empty() => Step::Off(Cow::Borrowed(inside), format!("a {name}")),
            _ => {
                Step::Stop(TRUNCATED.found(format!("{what}, a {name}: nothing is in it; get the file again")))
            }
        },
        Inside::Closed(why) => Step::Stop(DONOR_UNKNOWN.found(format!("{what} is a {name}: {why}"))),
        Inside::Members(members) => {
            let members: Vec<(&str, &[u8])> =
                members.iter().filter_map(|(name, span)| Some((name.as_str(), span.of(bytes)?))).collect();
            match chosen(&members, name, what) {
                Ok(one) => {
                    Step::Off(Cow::Borrowed(members[one].1), format!("a {name} with {}", members[one].0))
                }
                Err(finding) => Step::Stop(finding),
            }
        }
        Inside::Packed => match unzip(bytes) {
            Err(why) => {
                Step::Stop(DONOR_UNKNOWN.found(format!("{what} is a {name} that cannot be unpacked: {why}")))
            }
            Ok(mut members) => {
                let slices: Vec<(&str, &[u8])> =
                    members.iter().map(|(name, data)| (name.as_str(), data.as_slice())).collect();
                match chosen(&slices, name, what) {
                    Ok(one) => {
                        let (member, data) = members.swap_remove(one);
                        Step::Off(Cow::Owned(data), format!("a {name} with {member}"))
                    }
                    Err(finding) => Step::Stop(finding),
                }
            }
        },
    }
}

/// The index of the one member that is a whole firmware, where nothing but documents is beside it.
fn chosen(members: &[(&str, &[u8])], name: &str, what: &str) -> Result<usize, Finding> {
    let mut candidates = members.iter().enumerate().filter(|(_, (name, bytes))| !is_document(name, bytes));
    if let (Some((at, (_, bytes))), None) = (candidates.next(), candidates.next())
        && is_firmware(bytes)
    {
        return Ok(at);
    }
    let whole =
        members.iter().filter(|(name, bytes)| !is_document(name, bytes) && is_firmware(bytes)).count();
    let why = if whole > 1 {
        "which of them is meant is not known"
    } else {
        "no single one of them is a whole firmware"
    };
    let mut list: Vec<String> = members
        .iter()
        .take(MOST_NAMED)
        .map(|(name, bytes)| format!("{name} {}", units::size(bytes.len() as u64)))
        .collect();
    if members.len() > MOST_NAMED {
        list.push(format!("{} more", members.len() - MOST_NAMED));
    }
    Err(DONOR_UNKNOWN.found(format!(
        "{what} is a {name} of {}, and {why}: {}; unpack it and give the file that belongs in flash",
        units::count(members.len() as u64, "file"),
        list.join(", ")
    )))
}

/// A gzip, xz or zstd stream with a firmware or an archive in it. A packed kernel is left as it is: it runs so.
fn packed<'a>(bytes: &'a [u8], what: &str) -> Step<'a> {
    let Some(format) = Format::at(bytes, 0) else { return Step::Bare };
    let Some(unpacked) = format.unpack_all(bytes, MOST_UNPACKED) else { return Step::Bare };
    if unpacked.data.len() as u64 >= MOST_UNPACKED && !unpacked.complete {
        let most = units::size(MOST_UNPACKED);
        return Step::Stop(DONOR_UNKNOWN.found(format!(
            "{what} starts as a {} file and unpacks to more than {most}: no flash holds as much",
            format.kind
        )));
    }
    if !unpacked.complete {
        let (severity, then) = match has_chip_size(bytes) {
            false => (Severity::Refuse, "get the file again"),
            true => (Severity::Ask, "or it is a dump that starts so: it has the size of a chip"),
        };
        return Step::Stop(TRUNCATED.found_as(
            severity,
            format!(
                "{what} starts as a {} file and does not unpack to its end: it is cut short or damaged; {then}",
                format.kind
            ),
        ));
    }
    let behind = sysupgrade::strip(bytes).get(unpacked.used..).unwrap_or_default();
    let ends = behind.iter().all(|b| *b == 0);
    let is_archive = || at_start(&mut Look::new(&unpacked.data)).is_some();
    match ends && (is_firmware(&unpacked.data) || is_archive()) {
        true => Step::Off(Cow::Owned(unpacked.data), format!("a {} file", format.kind)),
        false => Step::Bare,
    }
}

/// True for what goes to flash as a whole: a firmware in a container, a wrapped or packed one, a dump.
fn is_firmware(bytes: &[u8]) -> bool {
    has_chip_size(bytes)
        || tplink::parse(bytes, 0).is_some()
        || envelope_at(bytes, 0).is_some()
        || plain::is_container(bytes)
        || sysupgrade::payload_len(bytes) != bytes.len()
        || at_start(&mut Look::new(bytes)).is_some()
        || Format::at(bytes, 0).is_some()
}

/// True for what vendors put beside a firmware: texts, manuals, programs for the desktop, sums and signatures.
fn is_document(name: &str, bytes: &[u8]) -> bool {
    const MAGICS: [&[u8]; 7] =
        [b"%PDF", b"MZ", b"\x89PNG", b"\xff\xd8\xff", b"\xd0\xcf\x11\xe0", b"{\\rtf", b"GIF8"];
    const ENDINGS: [&str; 12] =
        [".txt", ".pdf", ".doc", ".docx", ".odt", ".htm", ".html", ".exe", ".md5", ".sha256", ".sig", ".asc"];
    /// What is longer is no note.
    const LONGEST_NOTE: usize = 0x1000;
    let lower = name.to_ascii_lowercase();
    let of_a_mac = lower.contains("__macosx/") || lower.ends_with(".ds_store");
    let is_text = |bytes: &[u8]| {
        std::str::from_utf8(bytes)
            .is_ok_and(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()))
    };
    bytes.is_empty()
        || of_a_mac
        || MAGICS.iter().any(|magic| bytes.starts_with(magic))
        || ENDINGS.iter().any(|ending| lower.ends_with(ending))
        || (bytes.len() <= LONGEST_NOTE && is_text(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::container::wrapper::samples;
    use crate::image::synthetic;
    use std::io::{Cursor, Write};

    fn uimage() -> Vec<u8> {
        include_bytes!("../../../tests/data/small/uimage_lzma.bin").to_vec()
    }

    fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, data) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(data.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, *data).unwrap();
        }
        archive.into_inner().unwrap()
    }

    fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, data) in files {
            archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(data).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    fn gzipped(data: &[u8]) -> Vec<u8> {
        let mut stream = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        stream.write_all(data).unwrap();
        stream.finish().unwrap()
    }

    fn names(opened: &Unwrapped) -> Vec<&'static str> {
        opened.findings.iter().map(|f| f.name).collect()
    }

    #[test]
    fn everything_around_one_firmware_is_taken_off() {
        let firmware = uimage();
        let manual: &[u8] = b"%PDF-1.4 \xff\xfe";
        let padded = [&firmware[..], &[0xff; 70]].concat();
        for (file, inside, words) in [
            (samples::dni(&padded), &padded, "DNI"),
            (samples::chk(&firmware, &[]), &firmware, "CHK"),
            (gzipped(&firmware), &firmware, "gzip"),
            (tar(&[("dir/fw.bin", &firmware), ("readme", b"text\n")]), &firmware, "tar"),
            (
                zipped(&[("how to.pdf", manual), ("fw.img", &firmware), ("md5sum.txt", b"0")]),
                &firmware,
                "zip",
            ),
            (zipped(&[("fw.img", &samples::dni(&padded))]), &padded, "in it a Netgear DNI"),
            (gzipped(&tar(&[("fw.bin", &firmware)])), &firmware, "tar"),
        ] {
            let opened = open(&file, "file");
            assert_eq!(names(&opened), ["unwrapped"], "{words}");
            assert!(opened.findings[0].message.contains(words), "{}", opened.findings[0].message);
            assert!(opened.inside.as_ref() == Some(inside), "{words}");
        }
    }

    #[test]
    fn parts_of_a_firmware_are_refused_with_their_names() {
        let (firmware, rootfs) = (uimage(), synthetic::noise(4, 5000));
        for (file, listed) in [
            (tar(&[("fwu_ver", b"V1\n"), ("uImage", &firmware), ("rootfs", &rootfs)]), "uImage"),
            (zipped(&[("EU/fw.bin", &firmware), ("US/fw.bin", &firmware)]), "US/fw.bin"),
            (zipped(&[("a.bin", &firmware), ("b.bin", &firmware)]), "which of them is meant"),
            (tar(&[("rootfs", &rootfs)]), "rootfs"),
            (zipped(&[("manual.pdf", b"%PDF")]), "manual.pdf"),
        ] {
            let opened = open(&file, "file");
            assert_eq!((names(&opened), &opened.inside), (vec!["donor-unknown"], &None), "{listed}");
            assert!(opened.findings[0].message.contains(listed), "{}", opened.findings[0].message);
        }
    }

    #[test]
    fn damage_is_refused() {
        let firmware = uimage();
        let mut dni = samples::dni(&firmware);
        dni[300] ^= 1;
        let mut chk = samples::chk(&firmware, &[1, 2, 3]);
        chk[300] ^= 1;
        assert_eq!((names(&open(&dni, "f")), names(&open(&chk, "f"))), (vec!["sum"], vec!["sum"]));
        let zip = zipped(&[("fw.bin", &firmware)]);
        assert_eq!(names(&open(&zip[..zip.len() - 30], "f")), ["truncated"]);
        let mut zip = zip.clone();
        zip[60] ^= 1;
        assert_eq!(names(&open(&zip, "f")), ["donor-unknown"], "the member's sum");
        let gz = gzipped(&synthetic::noise(9, 0x3000));
        let cut = open(&gz[..gz.len() - 9], "f");
        assert_eq!(names(&cut), ["truncated"]);
        assert!(cut.findings[0].message.contains("gzip file"), "{:?}", cut.findings);
        assert_eq!(cut.findings[0].severity, Severity::Refuse);
        // Of a chip's size it may be a dump that starts so.
        let mut dump = gzipped(&synthetic::noise(9, 0x8000));
        dump.truncate(0x4000);
        dump.resize(0x2_0000, 0xff);
        let asked = open(&dump, "f");
        assert_eq!((names(&asked), asked.findings[0].severity), (vec!["truncated"], Severity::Ask));
        assert!(asked.inside.is_none());
        // What is too much to unpack is not called damaged.
        let much = open(&gzipped(&vec![0; MOST_UNPACKED as usize + 1]), "f");
        assert_eq!(names(&much), ["donor-unknown"]);
        assert!(much.findings[0].message.contains("more than 256 MiB"), "{:?}", much.findings);
        let tar = tar(&[("a.txt", b"1"), ("fw.bin", &firmware)]);
        assert_eq!(names(&open(&tar[..tar.len() - 0x800 - firmware.len() / 2], "f")), ["truncated"]);
    }

    #[test]
    fn other_files_are_left_alone_and_nesting_is_bounded() {
        let firmware = uimage();
        let kernel = gzipped(&synthetic::noise(9, 0x3000));
        let region = [&zipped(&[("settings", b"x")])[..], &[0xff; 0x1000]].concat();
        for file in [firmware.clone(), kernel, region, synthetic::noise(1, 0x2000), Vec::new()] {
            let opened = open(&file, "file");
            assert!(opened.inside.is_none() && opened.findings.is_empty(), "{:?}", opened.findings);
        }
        let deep = (0..40).fold(firmware, |inside, _| gzipped(&inside));
        let opened = open(&deep, "file");
        assert!(opened.inside.is_none_or(|inside| Format::at(&inside, 0).is_some()));
    }

    proptest::proptest! {
        #[test]
        fn any_change_of_an_archive_is_taken(
            edits in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), proptest::prelude::any::<u8>()), 0..4),
            which in 0usize..3,
        ) {
            let files: &[(&str, &[u8])] = &[("a", b"text"), ("fw.bin", &[0x5a; 600])];
            let mut file = [tar(files), zipped(files), samples::dni(&[1; 400])][which].clone();
            for (at, value) in edits {
                let at = at.index(file.len());
                file[at] = value;
            }
            let _ = open(&file, "file");
        }
    }
}

//! What goes to flash out of a download: wrappers and archives are removed until a firmware is left.
//!
//! Of an archive, one member is taken by itself when it is a whole firmware and everything beside it is text or a
//! document; of an update file, the one part that is for the BIOS. Where several could be meant, the file is refused with a
//! list of what is in it.

use super::layer::{Held, Holds, Layer, Start, is_document, is_firmware, layer};
use crate::image::checks::{DONOR_UNKNOWN, Finding, UNWRAPPED};
use crate::image::container::wrapper::{State, image};
use crate::units;

/// No download has more wrappers within wrappers than this.
pub(super) const DEEPEST: usize = 5;
/// Pieces that are named in a message.
const MOST_NAMED: usize = 12;

/// A file opened.
#[derive(Clone, Debug, Default)]
pub(super) struct Unwrapped {
    /// What is inside, where that is not the file itself.
    pub inside: Option<Vec<u8>>,
    /// What was removed, or why that is not possible.
    pub findings: Vec<Finding>,
}

/// Removes every wrapper around a firmware; `what` names the file in messages.
pub(super) fn open(file: &[u8], what: &str) -> Unwrapped {
    let mut taken: Vec<String> = Vec::new();
    let mut inside: Option<Vec<u8>> = None;
    while taken.len() < DEEPEST {
        let next = match layer(inside.as_deref().unwrap_or(file), what) {
            Start::Bare => break,
            Start::Closed(finding) | Start::Encrypted(finding) => {
                return Unwrapped { inside: None, findings: vec![finding] };
            }
            Start::Wrapper(layer) => match chosen(layer, what) {
                Ok((bytes, words)) => {
                    taken.push(words);
                    bytes
                }
                Err(finding) => return Unwrapped { inside: None, findings: vec![finding] },
            },
        };
        inside = Some(next);
    }
    let Some(inside) = inside else { return Unwrapped::default() };
    let words =
        format!("{what} is {}: its inside of {:#x} bytes is used", taken.join(", in it "), inside.len());
    Unwrapped { inside: Some(inside), findings: vec![UNWRAPPED.found(words)] }
}

/// The piece of a layer that goes to flash, and what was removed, in words.
fn chosen(layer: Layer, what: &str) -> Result<(Vec<u8>, String), Finding> {
    let name = layer.name.as_str();
    let one = match layer.holds {
        Holds::Image => layer.pieces.first(),
        Holds::Files => only_file(&layer.pieces),
        Holds::Parts => image(&layer.pieces, |piece| &piece.about),
    };
    let Some(piece) = one else { return Err(unclear(&layer, what)) };
    let part = &piece.about.name;
    let closed = match piece.about.state {
        State::Encrypted => Some("is encrypted"),
        State::Gaps => {
            Some("leaves bytes out between its blocks: what is there on the chip is not in the file")
        }
        State::Plain | State::Unknown => None,
    };
    if let Some(why) = closed {
        return Err(DONOR_UNKNOWN.found(format!("{what} is {}, and {part} in it {why}", units::a(name))));
    }
    let mut words = match layer.holds {
        Holds::Image => units::a(name),
        Holds::Files | Holds::Parts => format!("{} with {part}", units::a(name)),
    };
    if layer.left_out > 0 {
        words += &format!(" ({:#x} bytes after it are left out)", layer.left_out);
    }
    Ok((piece.bytes.clone().into_owned(), words))
}

/// The one file that is a whole firmware, where nothing but documents is beside it.
fn only_file<'p, 'a>(pieces: &'p [Held<'a>]) -> Option<&'p Held<'a>> {
    let mut candidates = pieces.iter().filter(|piece| !is_document(&piece.about.name, &piece.bytes));
    match (candidates.next(), candidates.next()) {
        (Some(only), None) if is_firmware(&only.bytes) => Some(only),
        _ => None,
    }
}

/// Why no piece is taken, with the list of them.
fn unclear(layer: &Layer, what: &str) -> Finding {
    let (pieces, name) = (&layer.pieces, layer.name.as_str());
    let is_whole = |piece: &&Held| !is_document(&piece.about.name, &piece.bytes) && is_firmware(&piece.bytes);
    let several = match layer.holds {
        Holds::Parts => pieces.iter().filter(|piece| piece.about.piece_of.is_none()).count() > 1,
        Holds::Image | Holds::Files => pieces.iter().filter(is_whole).count() > 1,
    };
    let (noun, why) = match (layer.holds, several) {
        (Holds::Parts, true) => ("part", "which of them is the image of the BIOS is not known"),
        (Holds::Parts, false) => ("part", "none of them is the image of a BIOS"),
        (_, true) => ("file", "which of them is meant is not known"),
        (_, false) => ("file", "no single one of them is a whole firmware"),
    };
    let mut list: Vec<String> = pieces.iter().take(MOST_NAMED).map(listed).collect();
    if pieces.len() > MOST_NAMED {
        list.push(format!("{} more", pieces.len() - MOST_NAMED));
    }
    DONOR_UNKNOWN.found(format!(
        "{what} is {} of {}, and {why}: {}; name the one that belongs in flash (NAME=FILE:PART), or unpack it and give \
         that file",
        units::a(name),
        units::count(pieces.len() as u64, noun),
        list.join(", ")
    ))
}

/// A piece in a list: `BIOSIMG (BIOS, version 1.02) 4 MiB`.
fn listed(piece: &Held) -> String {
    let about = &piece.about;
    let mut facts: Vec<String> = Vec::new();
    if about.kind != "file" {
        facts.push(about.target.name().to_owned());
    }
    facts.extend(about.version.iter().map(|version| format!("version {version}")));
    facts.extend(about.models.iter().map(|models| format!("for {models}")));
    let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    format!("{}{facts} {}", about.name, units::size(piece.bytes.len() as u64))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::image::checks::Severity;
    use crate::image::container::packed::Format;
    use crate::image::container::wrapper::{MOST_UNPACKED, samples};
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

    pub(in crate::image::donor) fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
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
            (samples::cabinet(&[("fw.bin", &firmware), ("notes.txt", b"text")], true), &firmware, "cabinet"),
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
    fn two_in_one_file_are_refused_however_they_came_together() {
        let firmware = uimage();
        let mut other = uimage();
        other.extend([0x5a; 0x40]);
        let capsule = |body: &[u8]| {
            let mut file = samples::capsule(0, 0x800, 0x800, body.len());
            file[0x800..].copy_from_slice(body);
            file
        };
        let archive = |bytes: &[u8]| tar(&[("fw.bin", bytes)]);
        for (file, words) in [
            ([archive(&firmware), archive(&other)].concat(), "a tar follows it"),
            ([capsule(&firmware), capsule(&other)].concat(), "a UEFI capsule follows it"),
            ([capsule(&firmware), vec![0xff; 0x1000], other.clone()].concat(), "a uImage follows it"),
            (
                [samples::cabinet(&[("a", &firmware)], true), samples::cabinet(&[("b", &other)], true)]
                    .concat(),
                "a cabinet follows it",
            ),
        ] {
            let opened = open(&file, "file");
            assert_eq!((names(&opened), &opened.inside), (vec!["donor-unknown"], &None), "{words}");
            assert!(opened.findings[0].message.contains(words), "{}", opened.findings[0].message);
        }
        // What is nothing known is left out, and that is said.
        let opened = open(&[capsule(&firmware), synthetic::noise(3, 0x123)].concat(), "file");
        assert!(opened.inside.as_ref() == Some(&firmware));
        assert!(
            opened.findings[0].message.contains("0x123 bytes after it are left out"),
            "{:?}",
            opened.findings
        );
        let opened = open(&[capsule(&firmware), vec![0xff; 0x1000]].concat(), "file");
        assert!(!opened.findings[0].message.contains("left out"), "{:?}", opened.findings);
        // Two of one name: the crate knows the last one alone.
        let mut twice = zipped(&[("a.bin", &firmware), ("b.bin", &other)]);
        while let Some(at) = memchr::memmem::find(&twice, b"b.bin") {
            twice[at] = b'a';
        }
        let opened = open(&twice, "file");
        assert_eq!(names(&opened), ["donor-unknown"]);
        assert!(opened.findings[0].message.contains("the same name"), "{:?}", opened.findings);
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
        let cabinet = samples::cabinet(&[("fw.bin", &firmware)], false);
        assert_eq!(names(&open(&cabinet[..cabinet.len() - 30], "f")), ["truncated"]);
        let mut bent = cabinet.clone();
        *bent.last_mut().unwrap() ^= 1;
        assert!(open(&bent, "f").findings[0].message.contains("sum of block"));
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
            which in 0usize..4,
        ) {
            let files: &[(&str, &[u8])] = &[("a", b"text"), ("fw.bin", &[0x5a; 600])];
            let mut file = [tar(files), zipped(files), samples::dni(&[1; 400]), samples::cabinet(files, true)][which].clone();
            for (at, value) in edits {
                let at = at.index(file.len());
                file[at] = value;
            }
            let _ = open(&file, "file");
        }
    }
}

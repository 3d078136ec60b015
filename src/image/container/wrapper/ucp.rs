//! AMI's update programs ("UCP"): modules with a mark, a length and a sum, many of them packed.
//!
//! A module: `@` and three letters, 32-bit length with its head, 16-bit sum (all words of the module add to 0), two bytes,
//! four more; then the packed and the unpacked length and the data, packed by Tiano or EFI 1.1 where the two differ. The
//! first one, `@UAF` or HP's `@HPU`, holds the others; `@NAL` lists names. Source: BIOSUtilities (ami_ucp_extract.py).

use memchr::memmem;

use super::archive::MOST_UNPACKED;
use super::part::{About, Part, Target};
use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::{Look, NOT_MADE};
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::image::container::item::{CheckName, Item, ItemKind, Outcome};
use crate::image::container::packed::uefi::Method;
use crate::span::Span;

const OUTER: [&[u8]; 2] = [b"@UAF", b"@HPU"];
const HEAD_LEN: usize = 16;
const LENGTHS_LEN: usize = 8;
const MOST_MODULES: usize = 512;
/// A program mentions the marks where it looks for them.
const MOST_TRIES: usize = 64;
const SUM: CheckName = CheckName::new("sum");

/// Marks and how they begin, and for whom the modules are; the first that fits counts.
const TARGETS: [(&str, Target); 13] = [
    ("@ROM", Target::Bios),
    ("@R0", Target::Bios),
    ("@S0", Target::Updater),
    // Programs and command lines for the ME, and its image.
    ("@MEC", Target::Updater),
    ("@MED", Target::Updater),
    ("@MET", Target::Updater),
    ("@ME", Target::Me),
    ("@EC", Target::Ec),
    ("@DR", Target::Device("Thunderbolt")),
    ("@DS", Target::Updater),
    ("@AMI", Target::Unknown),
    ("@INS", Target::Unknown),
    ("@NAL", Target::Updater),
];
/// Modules of the update program itself.
const UPDATER: [&str; 48] = [
    "@3FI", "@3S2", "@3S4", "@3S9", "@3SG", "@B12", "@B14", "@B32", "@B34", "@B39", "@B3E", "@BM9", "@BME",
    "@CKV", "@CMD", "@CML", "@CMS", "@CPM", "@D32", "@D64", "@DCT", "@DCX", "@DFE", "@DFS", "@ENB", "@M32",
    "@M34", "@M39", "@M3I", "@MFI", "@MS2", "@MS4", "@MS9", "@OKM", "@PFC", "@R3I", "@RFI", "@UFI", "@UII",
    "@US2", "@US4", "@US9", "@DIS", "@USG", "@VER", "@VXD", "@W32", "@W64",
];

/// Reads a program, or the outer module alone, with its modules.
pub(super) fn ucp(look: &mut Look) -> Option<Wrapped> {
    let bytes = look.bytes;
    let starts = bytes.starts_with(b"MZ") || OUTER.iter().any(|mark| bytes.starts_with(mark));
    if !starts {
        return None;
    }
    let places = OUTER.iter().flat_map(|mark| memmem::find_iter(bytes, mark).take(MOST_TRIES));
    // The first module starts right after the head of the outer one.
    let heads = places.filter(|at| bytes.get(at + HEAD_LEN) == Some(&b'@'));
    let (outer, len) = heads
        .filter_map(|at| Some((at, u32_at(bytes, at + 4, Little)? as usize)))
        .filter(|(_, len)| *len > HEAD_LEN * 2)
        .max_by_key(|(_, len)| *len)?;
    let end = (outer as u64).saturating_add(len as u64);
    let item = Item::new(ItemKind::new("ami-ucp"), 0, end.max(bytes.len() as u64));
    let name = "AMI update program (UCP)";
    let Some(whole) = slice(bytes, outer, len) else {
        let item = item.check_fits(bytes.len());
        return Some(Wrapped { name, item, inside: Inside::Closed("it is cut short") });
    };
    let item = item.check_fits(bytes.len());
    let item = match look.may_sum(2 * len as u64) {
        true => match sum(whole) {
            0 => item.check(SUM, true, ""),
            sum => {
                item.check(SUM, false, format!("the words of the outer module add to {sum:#06x}, not to 0"))
            }
        },
        false => item.check(SUM, Outcome::CannotTell, NOT_MADE),
    };
    let mut parts = Vec::new();
    let (mut at, mut left) = (HEAD_LEN, MOST_UNPACKED);
    while at + HEAD_LEN <= whole.len() && whole[at] == b'@' && parts.len() < MOST_MODULES {
        let Some((part, next)) = module(whole, at, outer, left) else {
            let detail = format!("the module at {:#x} reaches past the end of the outer one", outer + at);
            let item = item.check(CheckName::SIZE, false, detail);
            return Some(Wrapped { name, item, inside: Inside::Closed("its modules are not whole") });
        };
        left = left.saturating_sub(part.len());
        parts.push(part);
        at = next;
    }
    rename(&mut parts, bytes);
    let names: Vec<&str> = parts.iter().map(|part| part.about.kind.as_str()).collect();
    let item = item.with("modules", names);
    Some(Wrapped { name, item, inside: Inside::Parts(parts) })
}

/// All 16-bit words added.
fn sum(bytes: &[u8]) -> u16 {
    bytes.chunks(2).fold(0, |sum: u16, word| {
        sum.wrapping_add(u16::from(word[0]) | u16::from(word.get(1).copied().unwrap_or(0)) << 8)
    })
}

/// The module at `at` of the outer one, which is at `outer` of the file; and where the next one is.
fn module(whole: &[u8], at: usize, outer: usize, most: u64) -> Option<(Part, usize)> {
    let len = u32_at(whole, at + 4, Little)? as usize;
    let module = slice(whole, at, len).filter(|_| len >= HEAD_LEN + LENGTHS_LEN)?;
    let tag = String::from_utf8_lossy(&module[..4]).into_owned();
    let (packed, unpacked) = (u32_at(module, HEAD_LEN, Little)?, u32_at(module, HEAD_LEN + 4, Little)?);
    let about = About::new(tag.trim_start_matches('@'), tag.as_str(), target(&tag));
    let stated = u16_at(module, 8, Little)?;
    let about = about.check(
        SUM,
        sum(module) == 0,
        format!("the words of {tag} do not add to 0, its head says {stated:#06x}"),
    );
    let next = at + len;
    if packed == unpacked {
        let span = Span::at((outer + at + HEAD_LEN + LENGTHS_LEN) as u64, unpacked.into())?;
        let about = about.check(
            CheckName::SIZE,
            span.end <= (outer + next) as u64,
            format!("{tag} is longer than its module"),
        );
        return Some((Part::at(about, span), next));
    }
    // The data of some end early, and go on in zeros.
    let mut stream = module[HEAD_LEN..].to_vec();
    let wanted = (packed as usize).saturating_add(LENGTHS_LEN);
    if wanted > stream.len() && wanted - stream.len() <= HEAD_LEN {
        stream.resize(wanted, 0);
    }
    let data = Method::EfiOrTiano.unpack(&stream, most);
    let about = about.check(
        CheckName::UNPACKS,
        data.is_some(),
        format!("{tag} does not unpack to the length that it states"),
    );
    Some((Part::made(about, data.unwrap_or_default()), next))
}

fn target(tag: &str) -> Target {
    if UPDATER.contains(&tag) {
        return Target::Updater;
    }
    TARGETS.iter().find(|(start, _)| tag.starts_with(start)).map_or(Target::Unknown, |(_, target)| *target)
}

/// Gives parts the names that the module of names has for them.
fn rename(parts: &mut [Part], file: &[u8]) {
    let list = parts.iter().find(|part| part.about.kind == "@NAL").and_then(|part| match &part.data {
        super::part::Data::At(span) => span.of(file).map(<[u8]>::to_vec),
        super::part::Data::Made(bytes) => Some(bytes.clone()),
    });
    let Some(list) = list else { return };
    for line in String::from_utf8_lossy(&list).lines() {
        let Some((tag, path)) = line.trim_matches(['\0', ' ', '\r']).split_once(':') else { continue };
        let Some(name) = path.rsplit(['\\', '/']).next().filter(|name| !name.is_empty()) else { continue };
        if let Some(part) = parts.iter_mut().find(|part| part.about.kind == tag) {
            part.about.name = format!("{}-{name}", tag.trim_start_matches('@'));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn module_of(tag: &str, packed: u32, unpacked: u32, data: &[u8]) -> Vec<u8> {
        let body = [&packed.to_le_bytes()[..], &unpacked.to_le_bytes(), data].concat();
        headed(tag, &body)
    }

    fn headed(tag: &str, body: &[u8]) -> Vec<u8> {
        let mut module =
            [tag.as_bytes(), &((body.len() + HEAD_LEN) as u32).to_le_bytes(), &[0; 8], body].concat();
        if module.len() % 2 == 1 {
            module.push(0);
            let len = module.len() as u32;
            module[4..8].copy_from_slice(&len.to_le_bytes());
        }
        let stated = 0u16.wrapping_sub(sum(&module));
        module[8..10].copy_from_slice(&stated.to_le_bytes());
        module
    }

    /// A program with modules that are not packed.
    pub(crate) fn made(modules: &[(&str, &[u8])]) -> Vec<u8> {
        let inner: Vec<u8> = modules
            .iter()
            .flat_map(|(tag, data)| module_of(tag, data.len() as u32, data.len() as u32, data))
            .collect();
        [&b"MZ"[..], &[0x33; 0x80], &headed("@UAF", &inner)].concat()
    }

    fn parts(file: &[u8]) -> Vec<Part> {
        let found = ucp(&mut Look::new(file)).unwrap();
        assert!(found.item.is_sound(), "{:?}", found.item);
        let Inside::Parts(parts) = found.inside else { panic!("no parts") };
        parts
    }

    #[test]
    fn modules_are_parts_by_their_marks_and_names() {
        let file = made(&[
            ("@NAL", b"@R00:\\dir\\bios.rom\r\n@EC0:ec.bin\r\n"),
            ("@R00", &[0x5a; 0x400]),
            ("@S00", b"sign"),
            ("@EC0", &[7; 40]),
            ("@MEC", b"text"),
            ("@ME0", &[8; 40]),
        ]);
        let found = parts(&file);
        let rows: Vec<_> =
            found.iter().map(|part| (part.about.name.as_str(), part.about.target.name())).collect();
        let wanted = [
            ("NAL", "updater"),
            ("R00-bios.rom", "BIOS"),
            ("S00", "updater"),
            ("EC0-ec.bin", "EC"),
            ("MEC", "updater"),
            ("ME0", "ME"),
        ];
        assert_eq!(rows, wanted);
        assert!(found.iter().all(|part| part.about.checks.iter().all(|check| check.result == Outcome::Ok)));
        assert!(found[1].span().unwrap().of(&file).unwrap().iter().all(|byte| *byte == 0x5a));
    }

    /// A stream of the `uefi-firmware` package 1.16 (TianoCompress).
    #[test]
    fn a_packed_module_is_unpacked_and_a_damaged_one_is_told() {
        let stream = "1b00000068010000000e3b8d8cffa833e8b9091c2dc0d5a0a8f009b30ed60a87ef9800";
        let stream: Vec<u8> = (0..stream.len() / 2)
            .map(|n| u8::from_str_radix(&stream[2 * n..2 * n + 2], 16).unwrap())
            .collect();
        let modules =
            [module_of("@CMD", 0x1b, 0x168, &stream[8..]), module_of("@EC0", 4, 4, b"1234")].concat();
        let found = parts(&headed("@HPU", &modules));
        assert_eq!((found[0].len(), found.len()), (0x168, 2));
        // The sums hold, and the stream has not the length that is stated.
        let bad =
            ucp(&mut Look::new(&headed("@HPU", &module_of("@CMD", 0x1b, 0x1_0000, &stream[8..])))).unwrap();
        let Inside::Parts(parts) = bad.inside else { panic!("no parts") };
        let result = |name: CheckName| {
            parts[0].about.checks.iter().find(|check| check.name == name).map(|check| check.result)
        };
        assert_eq!((result(SUM), result(CheckName::UNPACKS)), (Some(Outcome::Ok), Some(Outcome::Bad)));
    }

    #[test]
    fn sums_and_lengths_that_do_not_hold_are_seen() {
        let file = made(&[("@R00", &[0x5a; 0x400])]);
        let mut bent = file.clone();
        *bent.last_mut().unwrap() ^= 1;
        assert!(!ucp(&mut Look::new(&bent)).unwrap().item.is_sound());
        let cut = ucp(&mut Look::new(&file[..file.len() - 2])).unwrap();
        assert_eq!(cut.item.result("size"), Some(Outcome::Bad));
        assert!(ucp(&mut Look::new(b"MZ and @UAF is looked for")).is_none());
    }
}

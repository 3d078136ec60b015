//! CBFS: coreboot's file system, a run of files each with a header in front of it.
//!
//! Sources: coreboot src/commonlib/bsd/include/commonlib/bsd/cbfs_serialized.h (fields, types, attributes), util/cbfstool
//! (files start at multiples of 64 bytes; what is free is a file of its own; the last 4 bytes of a region are in no file).
//! An image of an older coreboot has no FMAP: its files are found all the same. The file `config` is the build's
//! configuration as text, often packed with LZMA, and names the mainboard (Makefile.mk, src/mainboard/Kconfig); `bootorder` is
//! SeaBIOS's, a path of a device a line (SeaBIOS, src/boot.c).

use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness::Big, slice, text, u32_at};
use super::item::{Found, Item, ItemKind, Outcome};
use super::packed::lzma;
use crate::units::sum;

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("cbfs");
/// How a file's header starts.
pub const MAGIC: &[u8; 8] = b"LARCHIVE";

const HEADER_LEN: usize = 24;
const ALIGNMENT: usize = 64;
/// No image has more of them than this.
const MOST_FOUND: usize = 16;
/// No image has more files than this.
const MOST_FILES: usize = 512;
/// The longest header, with name and attributes.
const LONGEST_HEADER: usize = 0x1000;
const ATTRIBUTE_HASH: u32 = 0x6873_6148;
const ATTRIBUTE_COMPRESSION: u32 = 0x4243_5a4c;
const COMPRESSION_LZMA: u32 = 1;
/// The longest configuration that is unpacked.
const LONGEST_CONFIG: u64 = 1 << 20;
const TYPE_UNUSED: u32 = u32::MAX;
/// Types of what the board starts in the end.
const PAYLOADS: [u32; 2] = [0x20, 0x21];
/// SeaBIOS's list of what to start from, a device a line.
const BOOT_ORDER: &str = "bootorder";
const LONGEST_ORDER: usize = 0x1000;
/// By the names that cbfstool lists them with.
const TYPES: &[(u32, &str)] = &[
    (0x01, "bootblock"),
    (0x02, "cbfs header"),
    (0x10, "legacy stage"),
    (0x11, "stage"),
    (0x20, "simple elf"),
    (0x21, "fit"),
    (0x30, "optionrom"),
    (0x40, "bootsplash"),
    (0x50, "raw"),
    (0x51, "vsa"),
    (0x52, "mbi"),
    (0x53, "microcode"),
    (0x60, "fsp"),
    (0x61, "mrc"),
    (0x62, "mma"),
    (0x63, "efi"),
    (0x70, "struct"),
    (0xaa, "cmos_default"),
    (0xab, "spd"),
    (0xac, "mrc_cache"),
    (0x1aa, "cmos_layout"),
];

/// A file as its header has it; offsets count from the header.
struct File {
    name: String,
    kind: u32,
    data_at: usize,
    len: usize,
    /// Algorithm and value of the hash attribute.
    hash: Option<(u32, Vec<u8>)>,
    /// Algorithm of the compression attribute; 0 without one.
    compression: u32,
}

fn file(bytes: &[u8], at: usize) -> Option<File> {
    let head = slice(bytes, at, HEADER_LEN)?;
    let word = |offset| u32_at(head, offset, Big);
    let (len, kind, attributes, data_at) =
        (word(8)? as usize, word(12)?, word(16)? as usize, word(20)? as usize);
    if !head.starts_with(MAGIC) || !(HEADER_LEN + 1..=LONGEST_HEADER).contains(&data_at) {
        return None;
    }
    let has_attributes = (HEADER_LEN..data_at).contains(&attributes);
    let name_end = if has_attributes { attributes } else { data_at };
    let field = slice(bytes, at + HEADER_LEN, name_end - HEADER_LEN)?;
    let name = text(&field[..=memchr::memchr(0, field)?])?;
    let known = matches!(kind, 0 | TYPE_UNUSED) || TYPES.iter().any(|(id, _)| *id == kind);
    let all = if has_attributes { slice(bytes, at + attributes, data_at - attributes)? } else { &[] };
    let hash = attribute(all, ATTRIBUTE_HASH)
        .and_then(|hash| Some((u32_at(hash, 0, Big)?, hash.get(4..)?.to_vec())));
    let compression = attribute(all, ATTRIBUTE_COMPRESSION).and_then(|value| u32_at(value, 0, Big));
    known.then_some(File { name, kind, data_at, len, hash, compression: compression.unwrap_or(0) })
}

/// The value of the attribute with that tag.
fn attribute(mut attributes: &[u8], wanted: u32) -> Option<&[u8]> {
    loop {
        let (tag, len) = (u32_at(attributes, 0, Big)?, u32_at(attributes, 4, Big)? as usize);
        let value = attributes.get(8..len)?;
        if tag == wanted {
            return Some(value);
        }
        attributes = &attributes[len..];
    }
}

/// The mainboard in the configuration of the build: `lenovo/x230`.
fn mainboard(look: &mut Look, file: &File, data: &[u8]) -> Option<String> {
    const KEY: &str = "CONFIG_MAINBOARD_DIR=\"";
    if file.name != "config" {
        return None;
    }
    let text = match file.compression {
        0 => data.to_vec(),
        COMPRESSION_LZMA => {
            let unpacked = lzma::unpack(data, 0, look.may_unpack().min(LONGEST_CONFIG))?;
            look.unpacked(unpacked.data.len() as u64);
            unpacked.data
        }
        _ => return None,
    };
    let text = String::from_utf8_lossy(&text);
    let value = text.lines().find_map(|line| line.strip_prefix(KEY)?.strip_suffix('"'))?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// The lines of a boot order that is not packed.
fn boot_order(file: &File, data: &[u8]) -> Option<Vec<String>> {
    let plain = |line: &[u8]| line.iter().all(|byte| (0x20..0x7f).contains(byte));
    let text = &data[..data.iter().position(|byte| *byte == 0).unwrap_or(data.len())];
    let lines = || text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let readable = file.compression == 0 && text.len() <= LONGEST_ORDER && lines().all(plain);
    readable.then(|| lines().map(|line| String::from_utf8_lossy(line).into_owned()).collect())
}

/// Every CBFS in `bytes`, by offset.
pub(crate) fn all(bytes: &[u8]) -> Vec<Item> {
    let mut look = Look::new(bytes);
    let (mut found, mut next) = (Vec::new(), 0);
    for at in memchr::memmem::find_iter(bytes, MAGIC) {
        if at >= next
            && found.len() < MOST_FOUND
            && let Some(cbfs) = find(&mut look, at)
        {
            next = cbfs.resume.max(at + 1);
            found.push(cbfs.item);
        }
    }
    found
}

/// Reads the run of files that starts at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let (mut list, mut next, mut whole) = (Vec::new(), at, true);
    let mut headers = 0;
    let (mut sums, mut bad): (usize, Vec<String>) = (0, Vec::new());
    let (mut unsummed, mut board) = (false, None);
    let (mut payloads, mut order): (Vec<String>, Option<Vec<String>>) = (Vec::new(), None);
    while list.len() < MOST_FILES
        && let Some(file) = file(look.bytes, next)
    {
        headers += 1;
        let start = next + file.data_at;
        let end = start.checked_add(file.len)?;
        let data = slice(look.bytes, start, file.len);
        whole &= data.is_some();
        if let (Some(data), Some((algorithm, value))) = (data, &file.hash) {
            match digest(look, *algorithm, data) {
                None => unsummed = true,
                Some(found) => {
                    sums += 1;
                    if !value.starts_with(&found) {
                        bad.push(file.name.clone());
                    }
                }
            }
        }
        if let (Some(data), None) = (data, &board) {
            board = mainboard(look, &file, data);
        }
        if PAYLOADS.contains(&file.kind) {
            payloads.push(file.name.clone());
        }
        if let (Some(data), None, BOOT_ORDER) = (data, &order, file.name.as_str()) {
            order = boot_order(&file, data);
        }
        if !matches!(file.kind, 0 | TYPE_UNUSED) {
            let kind = TYPES.iter().find(|(id, _)| *id == file.kind).map_or("?", |(_, name)| *name);
            list.push(
                serde_json::json!({ "name": file.name, "type": kind, "offset": start, "size": file.len }),
            );
        }
        next = end.min(look.bytes.len());
        let aligned = at + (next - at).next_multiple_of(ALIGNMENT);
        // What is free ends where the next file starts. The last of a region ends before the region does: what is at
        // the next multiple is another region's.
        if file.kind == TYPE_UNUSED && next != aligned {
            break;
        }
        if !look.bytes.get(aligned..).is_some_and(|rest| rest.starts_with(MAGIC)) {
            break;
        }
        next = aligned;
    }
    // One header alone is no file system: a second one is where its length leads, or its file's hash holds.
    let is_confirmed = headers > 1 || (sums > 0 && bad.is_empty());
    if list.is_empty() || !is_confirmed {
        return None;
    }
    let item = Item::new(KIND, at as u64, (next - at) as u64)
        .with_some("mainboard", board)
        .with_some("payloads", (!payloads.is_empty()).then_some(payloads))
        .with_some("bootorder", order)
        .with("files", list)
        .check("files", whole, if whole { "" } else { "a file reaches past the end" });
    let item = match (sums, bad.is_empty()) {
        (_, false) => item.check("hashes", false, format!("those of {} do not hold", bad.join(", "))),
        (0, true) if unsummed => item.check("hashes", Outcome::CannotTell, NOT_MADE),
        (0, true) => item,
        (_, true) => item.check("hashes", true, ""),
    };
    Some(Found::leaf(item))
}

/// The digest by an algorithm's id, that of vboot; `None` for others and past the budget.
fn digest(look: &mut Look, algorithm: u32, data: &[u8]) -> Option<Vec<u8>> {
    if !look.may_sum(data.len() as u64) {
        return None;
    }
    match algorithm {
        1 => Some(sum::<Sha1>(data).to_vec()),
        2 => Some(sum::<Sha256>(data).to_vec()),
        3 => Some(sum::<Sha512>(data).to_vec()),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn entry(name: &str, kind: u32, data: &[u8], hashed: bool) -> Vec<u8> {
        let mut field = name.as_bytes().to_vec();
        field.resize((name.len() + 1).next_multiple_of(16), 0);
        let attributes = HEADER_LEN + field.len();
        let mut attribute = Vec::new();
        if hashed {
            attribute = [ATTRIBUTE_HASH, 44, 2].iter().flat_map(|w| w.to_be_bytes()).collect();
            attribute.extend(sum::<Sha256>(data));
        }
        let mut bytes = MAGIC.to_vec();
        let at = if hashed { attributes } else { 0 };
        for word in [data.len() as u32, kind, at as u32, (attributes + attribute.len()) as u32] {
            bytes.extend(word.to_be_bytes());
        }
        let mut all = [bytes, field, attribute, data.to_vec()].concat();
        all.resize(all.len().next_multiple_of(ALIGNMENT), 0xff);
        all
    }

    #[test]
    fn a_run_of_files_with_hashes() {
        let one = entry("fallback/romstage", 0x11, &[7; 100], true);
        let mut image = [
            &[0xff; 0x40][..],
            &one,
            &entry("", TYPE_UNUSED, &[0xff; 216], false),
            &entry("config", 0x50, b"text", false),
        ]
        .concat();
        let item = find(&mut Look::new(&image), 0x40).unwrap().item;
        assert!(item.is_sound() && item.result("hashes") == Some(Outcome::Ok), "{item:?}");
        assert_eq!(item.attributes["files"].as_array().map(Vec::len), Some(2));
        let data_at = item.attributes["files"][0]["offset"].as_u64().unwrap() as usize;
        assert!(item.attributes.get("payloads").is_none() && item.attributes.get("bootorder").is_none());
        let cut_at = image.len() - 22;
        let cut = find(&mut Look::new(&image[..cut_at]), 0x40).unwrap().item;
        assert_eq!((cut.result("files"), cut.end()), (Some(Outcome::Bad), cut_at as u64));
        image[data_at] ^= 1;
        let item = find(&mut Look::new(&image), 0x40).unwrap().item;
        assert_eq!(item.result("hashes"), Some(Outcome::Bad));
        assert!(find(&mut Look::new(&image[..data_at + 9]), 0x40).is_none(), "one header and no file");
    }

    #[test]
    fn what_it_starts_in_the_end_is_named() {
        let order = b"/pci@i0cf8/*@1f,2/drive@0/disk@0\n\n/rom@img/memtest\n\0";
        let files = [
            entry("fallback/payload", 0x20, b"code", true),
            entry("img/memtest", 0x20, b"code", false),
            entry("bootorder", 0x50, order, false),
        ];
        let item = find(&mut Look::new(&files.concat()), 0).unwrap().item;
        assert_eq!(item.attributes["payloads"], serde_json::json!(["fallback/payload", "img/memtest"]));
        let lines = ["/pci@i0cf8/*@1f,2/drive@0/disk@0", "/rom@img/memtest"];
        assert_eq!(item.attributes["bootorder"], serde_json::json!(lines));
        let odd = entry("bootorder", 0x50, b"\x01\x02", true);
        let item = find(&mut Look::new(&odd), 0).unwrap().item;
        assert!(item.attributes.get("bootorder").is_none());
    }

    /// The free space of a region ends 4 bytes before the region does.
    #[test]
    fn two_regions_side_by_side_are_two() {
        let region =
            |name| [entry(name, 0x50, b"text", false), entry("", TYPE_UNUSED, &[0xff; 84], false)].concat();
        let image = [region("one"), region("two")].concat();
        let len = image.len() as u64 / 2;
        let items = [0, len as usize].map(|at| find(&mut Look::new(&image), at).unwrap().item);
        assert_eq!(items.each_ref().map(|item| (item.offset, item.size)), [(0, len - 4), (len, len - 4)]);
        assert!(items.iter().all(|item| item.attributes["files"].as_array().map(Vec::len) == Some(1)));
    }

    #[test]
    fn the_magic_number_in_noise_is_none() {
        for seed in 0..50 {
            let noise = [&MAGIC[..], &crate::image::synthetic::noise(seed, 400)].concat();
            assert!(find(&mut Look::new(&noise), 0).is_none());
        }
        let empty = entry("", TYPE_UNUSED, &[0xff; 64], false);
        assert!(find(&mut Look::new(&empty), 0).is_none(), "no file at all");
        assert!(find(&mut Look::new(MAGIC), 0).is_none());
    }
}

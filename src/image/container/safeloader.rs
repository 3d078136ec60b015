//! TP-Link SafeLoader images: size, salted MD5, the table of parts, the flash map and support list among them.
//!
//! Size and MD5 come first, vendor text up to 1014h, the table there, and offsets count from it. Newer images of
//! another kind (`?NEW`) have the table at 1050h. Facts: OpenWrt firmware-utils tplink-safeloader.c.

use md5::{Digest, Md5};

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness::Big, slice, u32_at};
use super::item::{CheckName, Found, Item, ItemKind, Outcome};
use super::payload::{Parts, Payload};
use crate::span::Span;
use crate::units;

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("safeloader");

const SALT: u128 = 0x7a2b_15ed_9b98_596d_e504_ab44_ac2a_9f4e;
const TABLE_AT: usize = 0x1014;
const NEW_TABLE_AT: usize = 0x1050;
const TABLE_LEN: usize = 0x800;
/// Where the table is in an image, in its two kinds.
pub(crate) const TABLES_AT: [usize; 2] = [TABLE_AT, NEW_TABLE_AT];
/// How the table's first line starts.
pub const MAGIC: &[u8; 9] = b"fwup-ptn ";

/// An image as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeLoader {
    /// Where it starts.
    pub offset: u64,
    /// Its length, where it says it: the newer kind does not.
    pub len: Option<u64>,
    /// Its parts with their place in the file.
    pub parts: Vec<(String, Span)>,
    /// The map of the flash, where it brings one.
    pub flash: Vec<(String, Span)>,
    /// The boards it is for, one line each.
    pub supported: Vec<String>,
    /// The software version's text or its bytes' first three numbers.
    pub version: Option<String>,
    /// True for the newer kind.
    pub is_new: bool,
}

/// `NAME base 0x.. size 0x..` after `keyword`.
fn line(text: &str, keyword: &str) -> Option<(String, Span)> {
    let mut words = text.trim_end().strip_prefix(keyword)?.split_whitespace();
    let name = words.next()?;
    let mut number = |key| {
        (words.next()? == key).then_some(())?;
        u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()
    };
    let (base, size) = (number("base")?, number("size")?);
    Some((name.to_owned(), Span::at(base, size)?))
}

/// The text at the start of `bytes`, up to the first NUL or FF.
fn leading_text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| matches!(b, 0 | 0xff)).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Reads the image that starts at `at`.
pub fn parse(bytes: &[u8], at: usize) -> Option<SafeLoader> {
    let (table_at, is_new) = [(TABLE_AT, false), (NEW_TABLE_AT, true)]
        .into_iter()
        .find(|(table, _)| slice(bytes, at + table, MAGIC.len()) == Some(MAGIC))?;
    let base = (at + table_at) as u64;
    let table = &bytes[at + table_at..bytes.len().min(at + table_at + TABLE_LEN)];
    let parts: Vec<_> = leading_text(table)
        .lines()
        .map_while(|text| line(text, "fwup-ptn "))
        .map(|(name, span)| (name, span.shifted(base)))
        .collect();
    let part = |name: &str| {
        let (_, span) = parts.iter().find(|(n, _)| n == name)?;
        span.of(bytes)
    };
    // A part that is text has 8 bytes before it: length and 0; the flash map has 4.
    let flash = part("partition-table").and_then(|p| p.get(4..)).map(leading_text).unwrap_or_default();
    let supported = part("support-list").and_then(|p| p.get(8..)).map(leading_text).unwrap_or_default();
    let version = part("soft-version").and_then(|p| p.get(8..)).and_then(|p| {
        let text = leading_text(p);
        let readable = !text.trim().is_empty() && text.chars().all(|c| !c.is_control() || c.is_whitespace());
        if readable {
            return Some(text.trim().to_owned());
        }
        // Else a pad byte, three numbers, then the date.
        (p.len() >= 4).then(|| format!("{}.{}.{}", p[1], p[2], p[3]))
    });
    Some(SafeLoader {
        offset: at as u64,
        len: (!is_new).then(|| u32_at(bytes, at, Big).map(u64::from)).flatten(),
        flash: flash.lines().filter_map(|text| line(text, "partition ")).collect(),
        supported: supported
            .lines()
            .map(str::trim)
            .filter(|l| l.starts_with('{'))
            .map(str::to_owned)
            .collect(),
        parts,
        version,
        is_new,
    })
}

/// The regions of the boards it is for: `US`, `EU`, `any`.
fn regions(supported: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for id in supported.iter().filter_map(|l| l.split("special_id:").nth(1)).filter_map(|id| id.get(..8)) {
        let bytes = u32::from_str_radix(id, 16).unwrap_or(0).to_be_bytes();
        let text = leading_text(&bytes);
        let name = match text.as_str() {
            "" => "any".to_owned(),
            text if text.bytes().all(|b| b.is_ascii_alphanumeric()) => text.to_owned(),
            _ => id.to_owned(),
        };
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// Kernel and root file system with their addresses in the flash, and every part.
pub(crate) fn payload(bytes: &[u8]) -> Payload<'_> {
    let (flash, parts) = match parse(bytes, 0) {
        Some(image) => {
            let part = |(name, span): &(String, Span)| Some((name.clone(), span.of(bytes)?));
            (image.flash, image.parts.iter().filter_map(part).collect::<Parts>())
        }
        None => (Vec::new(), Vec::new()),
    };
    let placed = |name: &str| {
        let (_, span) = flash.iter().find(|(n, _)| n == name)?;
        let (_, bytes) = parts.iter().find(|(n, _)| n == name)?;
        Some((span.start, *bytes))
    };
    Payload::Placed { kernel: placed("os-image"), root: placed("file-system"), parts }
}

/// Reads the image whose table starts at `table`.
pub(crate) fn find(look: &mut Look, table: usize) -> Option<Found> {
    let bytes = look.bytes;
    let image = [TABLE_AT, NEW_TABLE_AT]
        .into_iter()
        .filter_map(|at| parse(bytes, table.checked_sub(at)?))
        .find(|image| match image.len {
            Some(len) => len >= TABLE_AT as u64 && len < 1 << 28,
            None => true,
        })?;
    let at = image.offset as usize;
    let end = image.parts.iter().map(|(_, span)| span.end).max().unwrap_or(image.offset);
    let len = image.len.unwrap_or(end - image.offset);
    let names: Vec<serde_json::Value> = image
        .parts
        .iter()
        .map(|(name, span)| serde_json::json!({ "name": name, "offset": span.start, "size": span.len() }))
        .collect();
    let inside = end - image.offset <= len;
    let item = Item::new(KIND, image.offset, len)
        .with_some("variant", image.is_new.then_some("new"))
        .with_some("version", image.version.as_deref())
        .with("region", regions(&image.supported).join(","))
        .with("supported", image.supported.as_slice())
        .with("partitions", names)
        .with("flash_partitions", image.flash.len())
        .check(CheckName::PARTITIONS, inside, if inside { "" } else { "a part ends past the image" })
        .check_fits(bytes.len());
    let covered = image.len.and_then(|len| slice(bytes, at + 0x14, (len as usize).checked_sub(0x14)?));
    let item = match covered {
        _ if image.is_new => {
            item.check(CheckName::MD5, Outcome::CannotTell, "what this kind covers is not known")
        }
        None => item.check(CheckName::MD5, Outcome::Bad, "the image is cut short"),
        Some(covered) if look.may_sum(covered.len() as u64) => {
            let mut sum = Md5::new_with_prefix(SALT.to_be_bytes());
            units::add(&mut sum, covered);
            item.check(CheckName::MD5, sum.finalize().as_slice() == &bytes[at + 4..at + 0x14], "")
        }
        Some(_) => item.check(CheckName::MD5, Outcome::CannotTell, NOT_MADE),
    };
    Some(Found::holder(item, table + TABLE_LEN - at))
}

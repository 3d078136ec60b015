//! The entries of Dell's lists: names, models, firmware, and firmware in BIOS Guard blocks.

use super::archive::MOST_UNPACKED;
use super::guard::{self, Joined};
use super::part::{About, Part, State, Target};
use crate::image::container::bytes::{Endianness::Little, array, jamcrc, slice, text, u16_at, u32_at};
use crate::image::container::item::CheckName;
use crate::image::pc::guid::Guid;
use crate::span::Span;

const GUID_LEN: usize = 16;
const HEADS: [(u32, usize); 2] = [(1, 0x48), (2, 0x58)];
/// The length of head and foot of a list.
pub(super) const FRAME_LEN: usize = 16;
/// How a list starts and ends.
pub(super) const PFS: &[u8] = b"PFS.HDR.";
const END: &[u8] = b"PFS.FTR.";
const MOST_ENTRIES: usize = 512;

/// Types of entries: lists of names, models, signatures.
const NAMES: [Guid; 2] =
    [Guid::of("FD041960-0DC8-4B9F-8225-BBA9E37C71E0"), Guid::of("4D583FD3-F80E-4055-A145-9BEC16CB33B0")];
const MODELS: Guid = Guid::of("233AE3FB-DA68-4FD4-92CB-A6229A611D6F");
const SIGNATURES: Guid = Guid::of("3C880BB7-ED58-4D5C-A9AE-DB3AEEAF86D0");
/// Types whose contents are known (the uefi-firmware package, pfs.py).
const KNOWN: [(Guid, Target); 2] = [
    (Guid::of("7EC6C2B0-3FE3-42A0-A316-22DD0517C1E8"), Target::Bios),
    (Guid::of("7439ED9E-70D3-4B65-9E33-1963A7AD3C37"), Target::Me),
];

/// Words in the names of entries, and for whom they are; names are Dell's own. The words are known from lists of such files
/// and not from a document.
const WORDS: [(&str, Target); 4] = [
    ("system bios", Target::Bios),
    ("embedded controller", Target::Ec),
    ("management engine", Target::Me),
    ("thunderbolt", Target::Device("Thunderbolt")),
];

/// An entry: where its data and metadata are in the list's bytes, and its fields.
struct Entry {
    kind: Guid,
    version: String,
    data: Span,
    meta: Span,
    end: usize,
}

fn entry(bytes: &[u8], at: usize) -> Option<Entry> {
    let number = u32_at(bytes, at + GUID_LEN, Little)?;
    let head_len = HEADS.iter().find(|(known, _)| *known == number)?.1;
    let head = slice(bytes, at, head_len)?;
    let kind = Guid(array(head, 0)?);
    let mut next = (at + head_len) as u64;
    let mut part = |offset| {
        let span = Span::at(next, u32_at(head, offset, Little)?.into())?;
        next = span.end;
        Some(span)
    };
    let (data, _signature, meta, _) = (part(0x28)?, part(0x2c)?, part(0x30)?, part(0x34)?);
    let end = usize::try_from(next).ok().filter(|end| *end <= bytes.len())?;
    Some(Entry { kind, version: version(&head[0x14..0x18], &head[0x18..0x20]), data, meta, end })
}

/// Four numbers, each written as its letter says: A in hex, N in decimal, a blank not at all.
fn version(letters: &[u8], numbers: &[u8]) -> String {
    let one = |(n, letter): (usize, &u8)| {
        let number = u16_at(numbers, 2 * n, Little).unwrap_or(0);
        match letter {
            0 | b' ' => None,
            b'N' => Some(number.to_string()),
            _ => Some(format!("{number:X}")),
        }
    };
    letters.iter().enumerate().filter_map(one).collect::<Vec<_>>().join(".")
}

/// The parts of the entries in `len` bytes from `from` on.
///
/// # Errors
/// What is not whole, in words.
pub(super) fn entries(bytes: &[u8], from: usize, len: usize) -> Result<Vec<Part>, String> {
    let (mut at, end) = (from, from + len);
    let list = &bytes[..end];
    let mut found = Vec::new();
    while at < end {
        let one = entry(list, at).filter(|_| found.len() < MOST_ENTRIES);
        let one = one.ok_or_else(|| format!("entry {} of the PFS list is not whole", found.len() + 1))?;
        at = one.end;
        found.push(one);
    }
    let names: Vec<Named> = found
        .iter()
        .filter(|entry| NAMES.contains(&entry.kind))
        .flat_map(|entry| named(bytes, entry.data))
        .collect();
    let models =
        found.iter().find(|entry| entry.kind == MODELS).and_then(|entry| models(entry.data.of(bytes)?));
    Ok(found.iter().map(|entry| part(bytes, entry, &names, models.as_ref())).collect())
}

/// What is between head and foot of a list, and the CRC that the foot states.
pub(super) fn payload(bytes: &[u8]) -> Result<(&[u8], u32), String> {
    let head =
        slice(bytes, 0, FRAME_LEN).filter(|head| head.starts_with(PFS)).ok_or("a list has no PFS head")?;
    let (version, len) = (u32_at(head, 8, Little).unwrap_or(0), u32_at(head, 12, Little).unwrap_or(0));
    if !matches!(version, 1 | 2) {
        return Err(format!("the PFS list is of version {version}, which is not known"));
    }
    let payload = slice(bytes, FRAME_LEN, len as usize).ok_or("a PFS list is cut short")?;
    let foot = slice(bytes, FRAME_LEN + payload.len(), FRAME_LEN).filter(|foot| foot.ends_with(END));
    let foot = foot
        .filter(|foot| u32_at(foot, 0, Little) == Some(len))
        .ok_or("a PFS list has no foot of its length")?;
    Ok((payload, u32_at(foot, 4, Little).unwrap_or(0)))
}

struct Named {
    kind: Guid,
    name: String,
    version: String,
}

/// The list of names: version 1, GUID, four numbers with their letters, 16-bit count of characters, the name in UTF-16, NUL.
fn named(bytes: &[u8], data: Span) -> Vec<Named> {
    const HEAD: usize = 4 + GUID_LEN + 8 + 4 + 2;
    let Some(data) = data.of(bytes) else { return Vec::new() };
    let (mut at, mut found) = (0, Vec::new());
    while let Some(head) = slice(data, at, HEAD).filter(|_| u32_at(data, at, Little) == Some(1)) {
        let count = usize::from(u16_at(head, HEAD - 2, Little).unwrap_or(0));
        let Some(name) = slice(data, at + HEAD, 2 * count) else { break };
        let units: Vec<u16> =
            name.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let Some(kind) = array(head, 4).map(Guid) else { break };
        let name = String::from_utf16_lossy(&units).trim_matches(['\0', ' ']).to_owned();
        found.push(Named { kind, name, version: version(&head[0x1c..0x20], &head[0x14..0x1c]) });
        at += HEAD + 2 * count + 2;
    }
    found
}

fn models(data: &[u8]) -> Option<String> {
    const LONGEST: usize = 200;
    let text = text(data)?;
    let text = text.split(",END").next()?.trim();
    (!text.is_empty()).then(|| text.chars().take(LONGEST).collect())
}

fn part(bytes: &[u8], entry: &Entry, names: &[Named], models: Option<&String>) -> Part {
    let kind = entry.kind;
    let named = names.iter().find(|named| named.kind == kind);
    let (name, target) = match kind {
        _ if NAMES.contains(&kind) => ("names", Target::Updater),
        MODELS => ("models", Target::Updater),
        SIGNATURES => ("signatures", Target::Updater),
        _ => {
            let name = named.map_or("entry", |named| named.name.as_str());
            let lower = name.to_ascii_lowercase();
            let by_name = WORDS.iter().find(|(word, _)| lower.contains(word)).map(|(_, target)| *target);
            let by_kind = KNOWN.iter().find(|(known, _)| *known == kind).map(|(_, target)| *target);
            (name, by_kind.or(by_name).unwrap_or(Target::Unknown))
        }
    };
    let version = named.map_or(&entry.version, |named| &named.version);
    let about = About {
        version: Some(version.clone()).filter(|version| !version.is_empty()),
        models: models.cloned(),
        ..About::new(name, kind.to_string(), target)
    };
    let data = entry.data.of(bytes).unwrap_or_default();
    match guarded(data) {
        None => Part::at(about, entry.data),
        Some(Ok((Joined::Whole(place, image), _))) => {
            Part::made(About { place: Some(place), ..about }, image)
        }
        Some(Ok((Joined::Gaps(place, image), _))) => {
            Part::made(About { place: Some(place), state: State::Gaps, ..about }, image)
        }
        Some(Ok((Joined::Overlap, _))) => Part::made(
            about.check(CheckName::AGREES, false, format!("two blocks of {name} are for the same bytes")),
            Vec::new(),
        ),
        Some(Err((check, why))) => {
            Part::made(about.check(check, false, format!("{name}: {why}")), Vec::new())
        }
    }
}

type Blocks = Result<(Joined, usize), (CheckName, String)>;

/// The image in BIOS Guard blocks, where an entry's data are lists of them: a head of a list and of an entry, then one block
/// an entry. `None` where they are not.
fn guarded(data: &[u8]) -> Option<Blocks> {
    data.starts_with(PFS).then_some(())?;
    let fault = |check: CheckName, why: &str| Some(Err((check, why.to_owned())));
    let (payload, stated) = match payload(data) {
        Ok(found) => found,
        Err(why) => return Some(Err((CheckName::SIZE, why))),
    };
    // A list of entries that are no blocks is another list, and is opened as one.
    let first = entry(&data[..FRAME_LEN + payload.len()], FRAME_LEN)?;
    guard::read(data, first.data.start as usize)
        .filter(|block| block.platform_text().to_ascii_uppercase().starts_with("DELL"))?;
    if jamcrc(payload) != stated {
        return fault(CheckName::CRC, "the CRC of its blocks does not hold");
    }
    let (mut at, mut placed) = (FRAME_LEN, Vec::new());
    let end = FRAME_LEN + payload.len();
    while at < end {
        let Some(one) = entry(&data[..end], at) else {
            return fault(CheckName::SIZE, "a block's entry is not whole");
        };
        // The signature follows the entry's data.
        let Some(block) = guard::read(&data[..end], one.data.start as usize) else {
            return fault(CheckName::SIZE, "a block is not whole");
        };
        let place =
            one.meta.of(data).filter(|meta| meta.len() >= 0x19).and_then(|meta| u32_at(meta, 8, Little));
        let place = match (place.map(u64::from), block.place) {
            (Some(a), Some(b)) if a != b => {
                return fault(
                    CheckName::AGREES,
                    "a block has one place in its script and another one beside it",
                );
            }
            (a, b) => a.or(b),
        };
        let Some(place) = place else {
            return fault(CheckName::AGREES, "a block has no place that is known");
        };
        if block.data.end > one.data.end {
            return fault(CheckName::SIZE, "a block is longer than its entry");
        }
        placed.push((place, block.data));
        at = one.end;
    }
    let count = placed.len();
    match guard::join(data, placed, MOST_UNPACKED) {
        Some(joined) => Some(Ok((joined, count))),
        None => fault(CheckName::AGREES, "its blocks reach further than any flash"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn list_of(entries: &[Vec<u8>]) -> Vec<u8> {
        let payload = entries.concat();
        let len = (payload.len() as u32).to_le_bytes();
        [PFS, &1u32.to_le_bytes(), &len, &payload, &len, &jamcrc(&payload).to_le_bytes(), END].concat()
    }

    fn parts_of(kind: u8, numbers: [u16; 4], data: &[u8], signature: &[u8], meta: &[u8]) -> Vec<u8> {
        let mut head = vec![kind; GUID_LEN];
        head.extend(1u32.to_le_bytes());
        head.extend(b"NNN ");
        head.extend(numbers.map(u16::to_le_bytes).concat());
        head.extend([0; 8]);
        for len in [data.len(), signature.len(), meta.len(), 0] {
            head.extend((len as u32).to_le_bytes());
        }
        head.resize(0x48, 0);
        [&head, data, signature, meta].concat()
    }

    /// An entry whose GUID is one byte again and again.
    pub(crate) fn entry(kind: u8, numbers: [u16; 4], data: &[u8], meta: &[u8]) -> Vec<u8> {
        parts_of(kind, numbers, data, &[], meta)
    }

    /// The entry of names.
    pub(crate) fn names(rows: &[(u8, &str, [u16; 4])]) -> Vec<u8> {
        let mut data = Vec::new();
        for (kind, name, numbers) in rows {
            data.extend(1u32.to_le_bytes());
            data.extend([*kind; GUID_LEN]);
            data.extend(numbers.map(u16::to_le_bytes).concat());
            data.extend(b"NNN ");
            data.extend((name.len() as u16).to_le_bytes());
            data.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
            data.extend([0, 0]);
        }
        let mut made = parts_of(0, [1, 0, 0, 0], &data, &[], &[]);
        made[..GUID_LEN].copy_from_slice(&NAMES[0].0);
        made
    }

    /// An entry whose data are blocks.
    pub(crate) fn guarded(kind: u8, blocks: &[(u32, &[u8])]) -> Vec<u8> {
        let one = |(place, data): &(u32, &[u8])| {
            let block = guard::tests::made("DELL MADE", *place, data, Some(1));
            // The signature belongs to the entry and not to its data.
            let (body, signature) = block.split_at(block.len() - 8 - 516);
            let words = [0xff00_0000 + place, 0, *place, data.len() as u32, 0, 0];
            let meta = [&words.map(u32::to_le_bytes).concat()[..], &[0]].concat();
            parts_of(9, [1, 0, 0, 0], body, signature, &meta)
        };
        entry(kind, [1, 0, 0, 0], &list_of(&blocks.iter().map(one).collect::<Vec<_>>()), &[])
    }

    #[test]
    fn numbers_of_a_version_are_written_as_their_letters_say() {
        let numbers = [1u16, 0x1f, 12, 0].map(u16::to_le_bytes).concat();
        assert_eq!(version(b"NAN ", &numbers), "1.1F.12");
        assert_eq!(version(b"N\0N ", &numbers), "1.12");
    }
}

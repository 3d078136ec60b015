//! Phoenix's stores of variables (EVSA), and its flash map, which says where they and the Windows licence are.
//!
//! EVSA: entries of type, sum (of all after the type, 0), 16-bit size. The first one, EC, has the mark, attributes and the
//! size of the store; ED and E1 give an owner a number, EE and E2 a name, EF and E3 are a variable's value with both
//! numbers, 83 one that is deleted. The map: `_FLASH_MAP`, 16-bit number of entries, 4 free bytes; an entry has a GUID for
//! what it is, kind of data and of entry, 64-bit address, size, offset. Facts: UEFITool (phoenix_evsa.ksy, phoenix_flm.ksy,
//! nvram.h, nvram.cpp); UEFIExtract reads a made store and map alike.

use memchr::memmem;

use super::file;
use super::guid::Guid;
use super::variables::{Guard, Store, Variable, wide_name};
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at, u64_at};
use crate::span::Span;

/// The form of such a store, as it is shown.
pub const FORM: &str = "EVSA";
const STORE: u8 = 0xec;
const STORE_HEAD: usize = 20;
const STORE_MARK: &[u8] = b"EVSA";
/// A value that says its own length, which may be more than an entry's size can.
const EXTENDED: u32 = 0x1000_0000;
const MAP_MARK: &[u8] = b"_FLASH_MAP";
const MAP_HEAD: usize = 16;
const MAP_ENTRY: usize = 36;
/// The map lies in 4 KiB.
const MOST: usize = 113;

/// Whose an entry of the map is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapOwner {
    /// The variables.
    Variables,
    /// The unit's licence.
    Unit,
    /// The release's.
    Release,
}

const OWNERS: [(Guid, MapOwner); 14] = [
    (Guid::of("FACFB110-7BFD-4EFB-873E-88B6B23B97EA"), MapOwner::Variables),
    (Guid::of("E68DC11A-A5F4-4AC3-AA2E-29E298BFF645"), MapOwner::Variables),
    (Guid::of("4B3828AE-0ACE-45B6-8CDB-DAFC28BBF8C5"), MapOwner::Variables),
    (Guid::of("C22E6B8A-8159-49A3-B353-E84B79DF19C0"), MapOwner::Variables),
    (Guid::of("B6B5FAB9-75C4-4AAE-8314-7FFFA7156EAA"), MapOwner::Variables),
    (Guid::of("919B9699-8DD0-4376-AA0B-0E54CCA47D8F"), MapOwner::Variables),
    (Guid::of("58A90A52-929F-44F8-AC35-A7E1AB18AC91"), MapOwner::Variables),
    // The public key and the marker of the licence that Windows asks the firmware for, each twice.
    (Guid::of("1B2C4952-D778-4B64-BDA1-15A36F5FA545"), MapOwner::Unit),
    (Guid::of("127C1C4E-9135-46E3-B006-F9808B0559A5"), MapOwner::Unit),
    (Guid::of("7CE75114-8272-45AF-B536-761BD38852CE"), MapOwner::Unit),
    (Guid::of("071A3DBE-CFF4-4B73-83F0-598C13DCFDD5"), MapOwner::Unit),
    (Guid::of("FD3F690E-B4B0-4D68-89DB-19A1A3318F90"), MapOwner::Release),
    (Guid::of("B091E7D2-05A0-4198-94F0-74B7B8C55459"), MapOwner::Release),
    (Guid::of("8CB71915-531F-4AF5-82BF-A09140817BAA"), MapOwner::Release),
];

/// An entry of the map whose owner is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapEntry {
    /// Whose it is.
    pub owner: MapOwner,
    /// Where, as the processor sees the flash.
    pub address: u64,
    /// Its length.
    pub len: u64,
}

/// The map in `bytes`: the first that has an entry whose owner is known.
pub fn find(bytes: &[u8]) -> Option<Vec<MapEntry>> {
    memmem::find_iter(bytes, MAP_MARK).find_map(|at| map(bytes, at))
}

fn map(bytes: &[u8], at: usize) -> Option<Vec<MapEntry>> {
    let count = usize::from(u16_at(bytes, at + MAP_MARK.len(), Little)?);
    let table = slice(bytes, at + MAP_HEAD, count * MAP_ENTRY).filter(|_| count <= MOST)?;
    let entries = table.chunks_exact(MAP_ENTRY).filter_map(|entry| {
        let kind = Guid::at(entry, 0)?;
        let (_, owner) = OWNERS.iter().find(|(own, _)| *own == kind)?;
        let address = u64_at(entry, 20, Little)? & 0xffff_ffff;
        Some(MapEntry { owner: *owner, address, len: u32_at(entry, 28, Little)?.into() })
    });
    let entries: Vec<MapEntry> = entries.collect();
    (!entries.is_empty()).then_some(entries)
}

/// The stores that lie outside of `volumes`, in order; each costs its own length at most.
pub fn stores_outside(bytes: &[u8], volumes: impl Iterator<Item = Span> + Clone) -> Vec<Store> {
    let mut found: Vec<Store> = Vec::new();
    for mark in memmem::find_iter(bytes, STORE_MARK) {
        let Some(at) = mark.checked_sub(4).map(|at| at as u64) else { continue };
        let free = found.last().is_none_or(|last| last.span.end <= at);
        if free && !volumes.clone().any(|volume| volume.contains(at)) {
            found.extend(store(bytes, at, bytes.len() as u64));
        }
    }
    found
}

/// The store at `at`.
pub fn store(bytes: &[u8], at: u64, end: u64) -> Option<Store> {
    let head = slice(bytes, usize::try_from(at).ok()?, STORE_HEAD)?;
    let is_one =
        head[0] == STORE && head[4..8] == *STORE_MARK && u16_at(head, 2, Little) == Some(STORE_HEAD as u16);
    if !is_one || file::sum(&head[1..]) != 0 {
        return None;
    }
    let header_len = STORE_HEAD as u64;
    let len = u64::from(u32_at(head, 12, Little)?);
    let span = Span::at(at, len).filter(|span| span.end <= end && len >= header_len)?;
    let mut store = Store { form: FORM, span, header_len, variables: Vec::new(), fault: None };
    entries(bytes, &mut store);
    Some(store)
}

fn entries(bytes: &[u8], store: &mut Store) {
    let (mut owners, mut names, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut at = store.span.start + store.header_len;
    while let Some(head) =
        Span::at(at, 4).filter(|head| store.span.covers(*head)).and_then(|head| head.of(bytes))
    {
        if head == [0xff; 4] {
            break;
        }
        let size = u64::from(u16_at(head, 2, Little).unwrap_or(0));
        let whole = Span::at(at, size).filter(|span| size >= 4 && store.span.covers(*span));
        let Some(entry) = whole.and_then(|span| span.of(bytes)) else {
            store.fault = Some(format!("the entry at {at:#x} reaches past the end of the store"));
            break;
        };
        let word = |at| u16_at(entry, at, Little);
        let extended = u32_at(entry, 8, Little).filter(|attributes| attributes & EXTENDED != 0);
        let mut next = at + size;
        match entry[0] {
            0xed | 0xe1 => owners.extend(word(4).zip(Guid::at(entry, 6))),
            0xee | 0xe2 => names.extend(word(4).zip(wide_name(&entry[6.min(entry.len())..]))),
            0xef | 0xe3 | 0x83 => {
                let value = match extended {
                    None => Span::at(at + 12, size.saturating_sub(12)),
                    Some(_) => Span::at(at + 16, u32_at(entry, 12, Little).unwrap_or(0).into()),
                };
                let Some(value) = value.filter(|value| store.span.covers(*value)) else {
                    store.fault = Some(format!("the value at {at:#x} reaches past the end of the store"));
                    break;
                };
                next = next.max(value.end);
                if entry[0] != 0x83 {
                    values.extend(word(4).zip(word(6)).map(|(owner, name)| (owner, name, value)));
                }
            }
            _ => store.fault = Some(format!("the entry at {at:#x} is of no known kind")),
        }
        if extended.is_none() && file::sum(&entry[1..]) != 0 {
            store.fault = Some(format!("the sum of the entry at {at:#x} does not hold"));
        }
        at = next;
    }
    for (owner, name, value) in values {
        let Some((_, name)) = names.iter().rev().find(|(id, _)| *id == name) else { continue };
        let owner = owners.iter().rev().find(|(id, _)| *id == owner).map(|(_, guid)| *guid);
        store.variables.push(Variable {
            name: name.clone(),
            owner,
            value,
            guard: Guard::Closed("a store of the form EVSA is not written"),
        });
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::image::pc::bios::Bios;
    use crate::image::pc::claims::claims;
    use proptest::prelude::*;

    const OWNER: Guid = Guid::of("4B3082A3-80C6-4D7E-9CD0-583917265DF1");

    fn entry(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = [&[kind, 0][..], &(4 + body.len() as u16).to_le_bytes(), body].concat();
        bytes[1] = 0u8.wrapping_sub(file::sum(&bytes[1..]));
        bytes
    }

    /// A store of `len` bytes with one variable, and a deleted one.
    pub(crate) fn evsa(len: u32, value: &[u8]) -> Vec<u8> {
        let head = entry(STORE, &[STORE_MARK, &[0; 4], &len.to_le_bytes(), &[0; 4]].concat());
        let name: Vec<u8> = "Serial\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let data = |kind, value: &[u8]| entry(kind, &[&[1, 0, 7, 0, 7, 0, 0, 0], value].concat());
        let mut bytes = [
            head,
            entry(0xed, &[&[1, 0][..], &OWNER.0].concat()),
            entry(0xee, &[&[7, 0][..], &name].concat()),
            data(0x83, b"older"),
            data(0xef, value),
        ]
        .concat();
        bytes.resize(len as usize, 0xff);
        bytes
    }

    /// A map of these entries.
    pub(crate) fn flash_map(entries: &[(Guid, u64, u32)]) -> Vec<u8> {
        let mut bytes = [MAP_MARK, &(entries.len() as u16).to_le_bytes(), &[0; 4]].concat();
        for (kind, address, len) in entries {
            bytes
                .extend([&kind.0[..], &[0; 4], &address.to_le_bytes(), &len.to_le_bytes(), &[0; 4]].concat());
        }
        bytes
    }

    /// The kinds of a store's and of a licence marker's entry.
    pub(crate) const KINDS: [Guid; 2] = [OWNERS[0].0, OWNERS[8].0];

    #[test]
    fn a_variable_by_its_numbers_and_each_entry_by_its_sum() {
        let bytes = [&[0x5a; 0x100][..], &evsa(0x800, b"SN12345")].concat();
        let found = store(&bytes, 0x100, bytes.len() as u64).unwrap();
        assert_eq!((found.span, found.fault), (Span::new(0x100, 0x900), None));
        let [one] = &found.variables[..] else { panic!("{:?}", found.variables) };
        assert_eq!(
            (one.name.as_str(), one.owner, one.value.of(&bytes)),
            ("Serial", Some(OWNER), Some(&b"SN12345"[..]))
        );
        assert_eq!(stores_outside(&bytes, std::iter::empty()).len(), 1);
        assert!(stores_outside(&bytes, std::iter::once(Span::new(0, 0x200))).is_empty());
        for (at, words) in [(0x118, "sum of the entry"), (0x117, "past the end")] {
            let mut bad = bytes.clone();
            bad[at] ^= 0x40;
            let fault = store(&bad, 0x100, bytes.len() as u64).unwrap().fault.unwrap();
            assert!(fault.contains(words), "{fault}");
        }
        let mut bad = bytes.clone();
        bad[0x10c] ^= 1;
        assert!(store(&bad, 0x100, bytes.len() as u64).is_none(), "the head's own sum");
        assert!(store(&bytes, 0x100, 0x8ff).is_none(), "cut short");
    }

    #[test]
    fn a_map_says_whose_its_entries_are() {
        let text = flash_map(&[
            (KINDS[0], 0xffff_f000, 0x800),
            (OWNER, 0xffff_0000, 9),
            (KINDS[1], 0xffff_8000, 0xb6),
        ]);
        let bytes = [&[0xff; 0x30][..], &text].concat();
        let owners: Vec<_> = find(&bytes).unwrap().iter().map(|one| (one.owner, one.len)).collect();
        assert_eq!(owners, [(MapOwner::Variables, 0x800), (MapOwner::Unit, 0xb6)]);
        assert_eq!(find(&bytes[..bytes.len() - 1]), None);
        assert_eq!(find(&[MAP_MARK, &[0xff; 200]].concat()), None);
    }

    #[test]
    fn stores_and_licences_stay_the_units() {
        let mut bytes = vec![0xff; 0x1_0000];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0x3000, &evsa(0x800, b"SN12345"));
        put(
            0x5000,
            &flash_map(&[(KINDS[0], 0xffff_7000, 0x1000), (KINDS[1], 0xffff_9000, 0xb6), (KINDS[1], 9, 9)]),
        );
        let own: Vec<_> =
            claims(&Bios::read(&bytes, 0)).into_iter().map(|claim| (claim.name, claim.span.start)).collect();
        let nvram = |at| ("nvram".to_owned(), at);
        assert_eq!(own, [nvram(0x3000), nvram(0x7000), ("slic".to_owned(), 0x9000)]);
    }

    proptest! {
        #[test]
        fn any_bytes(edits in prop::collection::vec((0usize..0x100, any::<u8>()), 0..12), cut in 0usize..0x201) {
            let mut bytes = [evsa(0x100, b"text"), flash_map(&[(KINDS[0], 0xffff_ff00, 0x100)])].concat();
            edits.into_iter().for_each(|(at, value)| bytes[at] = value);
            bytes.truncate(cut);
            let _ = (stores_outside(&bytes, std::iter::empty()), find(&bytes));
        }
    }
}

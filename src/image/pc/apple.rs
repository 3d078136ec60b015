//! Apple's stores of a unit's own values, `Fsys` and `Gaid`: a list of names and data with a CRC-32 at its end.
//!
//! Mark, 5 bytes, 16-bit size of the whole; entries of a length (and a bit that deletes), name, 16-bit length, data, until the
//! name `EOF`; in the last four bytes the CRC of all before them. `ssn` is the serial number, `hwc` what it ends in
//! by the model. Facts: UEFITool (apple_fsys.ksy), MacEfiToolkit (names, what the CRC covers).

use memchr::memmem;

use super::variables::{Guard, Store, Variable};
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::span::Span;

/// The form of such a store, as it is shown.
pub const FORM: &str = "Fsys";
const MARKS: [&[u8]; 2] = [b"Fsys", b"Gaid"];
const SIZE_AT: usize = 9;
const HEAD_LEN: usize = 11;
const SUM_LEN: usize = 4;
const DELETED: u8 = 0x80;
const END: &[u8] = b"EOF";
/// More stores than any flash has.
const MOST: usize = 8;

/// The stores that are not in `known`.
pub(super) fn stores_elsewhere(bytes: &[u8], known: &[Store]) -> Vec<Store> {
    let mut found: Vec<Store> = Vec::new();
    for at in MARKS.iter().flat_map(|mark| memmem::find_iter(bytes, mark)) {
        let inside = known.iter().chain(&found).any(|store| store.span.contains(at as u64));
        if !inside && found.len() < MOST {
            found.extend(store(bytes, at as u64, bytes.len() as u64));
        }
    }
    found.sort_by_key(|store| store.span);
    found
}

/// The store at `at`, whose list reads to its end before `end`.
pub(super) fn store(bytes: &[u8], at: u64, end: u64) -> Option<Store> {
    let start = usize::try_from(at).ok()?;
    let head = slice(bytes, start, HEAD_LEN)?;
    if !MARKS.iter().any(|mark| head.starts_with(mark)) {
        return None;
    }
    let len = usize::from(u16_at(head, SIZE_AT, Little)?);
    let all = slice(bytes, start, len).filter(|all| at + all.len() as u64 <= end)?;
    let (list, sum) = all.split_at(len.checked_sub(SUM_LEN)?);
    let mut variables = Vec::new();
    let mut next = HEAD_LEN;
    loop {
        let marked = *list.get(next)?;
        let name = slice(list, next + 1, usize::from(marked & !DELETED))?;
        if name == END {
            break;
        }
        let data = next + 1 + name.len() + 2;
        let len = usize::from(u16_at(list, data - 2, Little)?);
        slice(list, data, len)?;
        let plain = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
        let from = at + data as u64;
        if plain && marked & DELETED == 0 {
            variables.push(Variable {
                name: String::from_utf8_lossy(name).into_owned(),
                owner: None,
                value: Span::new(from, from + len as u64),
                guard: Guard::Closed("a serial number of Apple's goes with other values of its store"),
            });
        }
        next = data + len;
    }
    let (stated, made) = (u32_at(sum, 0, Little)?, crc32fast::hash(list));
    let fault = (stated != made).then(|| format!("its CRC is {made:#010x}, and {stated:#010x} is stated"));
    let span = Span::at(at, len as u64)?;
    Some(Store { form: FORM, span, header_len: HEAD_LEN as u64, variables, fault })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::image::pc::bios::Bios;
    use crate::image::pc::identity::{What, values};
    use proptest::prelude::*;

    /// A store of 200h bytes with these entries.
    pub(in crate::image::pc) fn fsys(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = [b"Fsys\x01\0\0\0\0".as_slice(), &0x200u16.to_le_bytes()].concat();
        for (name, value) in entries {
            bytes.push(name.len() as u8);
            bytes.extend([name.as_bytes(), &(value.len() as u16).to_le_bytes(), value.as_bytes()].concat());
        }
        bytes.extend(b"\x03EOF");
        bytes.resize(0x200 - SUM_LEN, 0);
        let sum = crc32fast::hash(&bytes);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    #[test]
    fn serial_and_hardware_code_with_their_crc() {
        let mut bytes =
            [&[0xff; 0x20][..], &fsys(&[("ssn", "C02ABC12DEFG"), ("hwc", "DEFG"), ("son", "MC975")])]
                .concat();
        let bios = Bios::read(&bytes, 0);
        let found: Vec<_> = values(&bios).into_iter().map(|value| (value.what, value.text)).collect();
        assert_eq!(found, [(What::Serial, "C02ABC12DEFG".into()), (What::HardwareCode, "DEFG".into())]);
        assert_eq!((bios.stores.len(), &bios.stores[0].fault), (1, &None));
        bytes[0x150] ^= 1;
        let fault = Bios::read(&bytes, 0).stores[0].fault.clone().unwrap();
        assert!(fault.contains("CRC"), "{fault}");
        // A text that only mentions it, and a list that does not end.
        assert!(store(b"Fsys store of the unit, and more of it", 0, 38).is_none());
        bytes[0x2b] = 0x7f;
        assert!(Bios::read(&bytes, 0).stores.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes(edits in prop::collection::vec((0usize..0x200, any::<u8>()), 0..12), cut in 0usize..0x201) {
            let mut bytes = fsys(&[("ssn", "C02"), ("hwc", "X")]);
            edits.into_iter().for_each(|(at, value)| bytes[at] = value);
            bytes.truncate(cut);
            prop_assert!(stores_elsewhere(&bytes, &[]).iter().all(|store| store.span.end <= cut as u64));
        }
    }
}

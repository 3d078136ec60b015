//! EDK2's stores in a volume of variables: `$VSS`, Apple's `$SVS` and `$NSS` of the same form, the later form with a GUID in its
//! place, and the working block of the fault-tolerant writes.
//!
//! A store: mark or GUID, 32-bit size, format 5A, state FE. A record: AA55, state (3F: there; 3E: being replaced),
//! attributes, with authentication a counter, a time and a key's number, then sizes, owner, name and value. The working
//! block has a CRC-32 over its 32 bytes with the CRC and the state as FF. Facts: EDK2 (VariableFormat.h,
//! WorkingBlockHeader.h), UEFITool (nvram.h, edk2_vss.ksy, insyde_fdc.ksy).

use super::guid::Guid;
use super::variables::{Guard, Store, Variable, wide_name};
use super::volume::Volume;
use super::{apple, phoenix};
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at, u64_at};
use crate::span::Span;

const VSS2: Guid = Guid::of("DDCF3617-3275-4164-98B6-FE85707FFE7D");
const VSS2_AUTHENTICATED: Guid = Guid::of("AAF32C78-947B-439A-A180-2E144EC37792");
/// The mark of a working block: two writings of one GUID, and the older one.
const FTW: [Guid; 3] = [
    Guid::of("9E58292B-7C68-497D-A0CE-6500FD9F1B95"),
    Guid::of("9E58292B-7C68-497D-0ACE-6500FD9F1B95"),
    Guid::of("FFF12B8D-7696-4C8B-A985-2747075B4F50"),
];
const FTW_HEADER_LEN: u64 = 0x20;
const FORMATTED: u8 = 0x5a;
const RECORD: u16 = 0x55aa;
/// States of a record that counts: added, and added while a newer one is written.
const ADDED: [u8; 2] = [0x3f, 0x3e];
/// Attributes of a variable that is only written with a signature: by count, by time, and the later form.
const AUTHENTICATED: u32 = 0x10 | 0x20 | 0x80;
/// Apple's attribute of a record that has a CRC-32 of its value between head and name.
const SUMMED: u32 = 1 << 31;
const SUM_LEN: u64 = 4;
/// Lengths of a record's head: plain, and with authentication.
const HEADS: [usize; 2] = [32, 60];
/// The form of Insyde's factory copy: `_FDC`, 32-bit size, the head of a volume.
pub(super) const FACTORY_COPY: &str = "FDC";
const FACTORY_HEADER_LEN: u64 = 0x50;
/// Insyde leaves the size of its live store open.
const OPEN_SIZE: u32 = u32::MAX;

/// The stores in a volume of variables, in order. What is after the working block is the spare of a write in progress and
/// no store of its own.
pub fn stores(bytes: &[u8], volume: &Volume) -> Vec<Store> {
    let mut found = Vec::new();
    let mut at = volume.span.start + volume.header_len;
    while at < volume.span.end {
        let known = factory_copy(bytes, at, volume.span.end)
            .or_else(|| store(bytes, at, volume.span.end))
            .or_else(|| phoenix::store(bytes, at, volume.span.end))
            .or_else(|| apple::store(bytes, at, volume.span.end));
        if let Some(store) = known {
            at = store.span.end;
            found.push(store);
        } else if let Some(block) = working_block(bytes, at, volume.span.end) {
            found.push(block);
            break;
        } else {
            at += 4;
        }
    }
    found
}

/// Insyde's copy of the factory's variables at `at`: a volume and a store of its own in it, which are no live ones.
fn factory_copy(bytes: &[u8], at: u64, end: u64) -> Option<Store> {
    let head = slice(bytes, usize::try_from(at).ok()?, 8).filter(|head| head.starts_with(b"_FDC"))?;
    let size = u64::from(u32_at(head, 4, Little)?);
    let span = Span::at(at, size).filter(|span| span.end <= end && size > FACTORY_HEADER_LEN)?;
    Some(Store {
        form: FACTORY_COPY,
        span,
        header_len: FACTORY_HEADER_LEN,
        variables: Vec::new(),
        fault: None,
    })
}

/// The store at `at`.
pub fn store(bytes: &[u8], at: u64, end: u64) -> Option<Store> {
    let start = usize::try_from(at).ok()?;
    let (form, mark_len, alignment) = match Guid::at(bytes, start)? {
        VSS2 => ("VSS2", 16, 4),
        VSS2_AUTHENTICATED => ("VSS2 authenticated", 16, 4),
        guid if guid.0.starts_with(b"$VSS") => ("VSS", 4, 1),
        guid if guid.0.starts_with(b"$SVS") => ("SVS", 4, 1),
        guid if guid.0.starts_with(b"$NSS") => ("NSS", 4, 1),
        _ => return None,
    };
    let head = slice(bytes, start + mark_len, 12)?;
    let size = match u32_at(head, 0, Little)? {
        OPEN_SIZE => end - at,
        size => size.into(),
    };
    let header_len = mark_len as u64 + 12;
    let span = Span::at(at, size).filter(|span| span.end <= end && size >= header_len)?;
    if head[4] != FORMATTED {
        return None;
    }
    let mut store = Store { form, span, header_len, variables: Vec::new(), fault: None };
    records(bytes, &mut store, alignment, form == "VSS2 authenticated");
    Some(store)
}

fn records(bytes: &[u8], store: &mut Store, alignment: u64, authenticated: bool) {
    let mut at = store.span.start + store.header_len;
    loop {
        let here = |at: u64| u16_at(bytes, at as usize, Little).filter(|_| at + 4 <= store.span.end);
        // A store without alignment may have it all the same.
        let aligned = store.span.start + (at - store.span.start).next_multiple_of(4);
        let Some(place) = [at, aligned].into_iter().find(|at| here(*at) == Some(RECORD)) else { break };
        let heads = if authenticated { &HEADS[1..] } else { &HEADS[..] };
        let Some((variable, end)) = heads.iter().find_map(|len| record(bytes, place, store.span.end, *len))
        else {
            store.fault = Some(format!("the record at {place:#x} has no sensible name or size"));
            return;
        };
        if bytes.get(place as usize + 2).is_some_and(|state| ADDED.contains(state)) {
            store.variables.push(variable);
        }
        at = store.span.start + (end - store.span.start).next_multiple_of(alignment);
    }
    let rest = Span::new(at.min(store.span.end), store.span.end).of(bytes).unwrap_or_default();
    if rest.iter().any(|byte| *byte != 0xff) {
        store.fault = Some(format!("what is after the last record, at {at:#x}, is not erased"));
    }
}

/// The record at `at` with a head of `len` bytes, and where it ends.
fn record(bytes: &[u8], at: u64, end: u64, len: usize) -> Option<(Variable, u64)> {
    let head = slice(bytes, at as usize, len)?;
    let sizes = len - 24;
    let (name_len, data_len) = (u32_at(head, sizes, Little)?, u32_at(head, sizes + 4, Little)?);
    let attributes = u32_at(head, 4, Little)?;
    let name_at = at + len as u64 + if attributes & SUMMED == 0 { 0 } else { SUM_LEN };
    let name = Span::at(name_at, name_len.into()).filter(|span| span.end <= end)?;
    let value = Span::at(name.end, data_len.into()).filter(|span| span.end <= end)?;
    let owner = Guid::at(head, sizes + 8);
    let guard = match attributes & AUTHENTICATED {
        0 if attributes & SUMMED != 0 => Guard::Closed("a sum of Apple's form is over the variable"),
        0 => Guard::None,
        _ => Guard::Closed("the variable is authenticated"),
    };
    Some((Variable { name: wide_name(name.of(bytes)?)?, owner, value, guard }, value.end))
}

/// The working block of the fault-tolerant writes at `at`.
fn working_block(bytes: &[u8], at: u64, end: u64) -> Option<Store> {
    let start = usize::try_from(at).ok()?;
    if !FTW.contains(&Guid::at(bytes, start)?) {
        return None;
    }
    let mut head: [u8; FTW_HEADER_LEN as usize] =
        slice(bytes, start, FTW_HEADER_LEN as usize)?.try_into().ok()?;
    let queue = u64_at(&head, 0x18, Little)?;
    let span = Span::at(at, queue.checked_add(FTW_HEADER_LEN)?).filter(|span| span.end <= end)?;
    let stated = u32_at(&head, 0x10, Little)?;
    head[0x10..0x18].fill(0xff);
    let found = crc32fast::hash(&head);
    let fault = (stated != found)
        .then(|| format!("the CRC of the working block is {found:#010x}, its head says {stated:#010x}"));
    Some(Store { form: "FTW", span, header_len: FTW_HEADER_LEN, variables: Vec::new(), fault })
}

/// True where a write that the working block `block` has begun is not complete: at the next start it is carried out, over
/// whatever the store holds.
pub fn has_open_write(bytes: &[u8], block: &Store) -> bool {
    /// Bits of a write's state, 0 where they are set: header there, writes there, complete.
    const BEGUN: u8 = 0b011;
    const COMPLETE: u8 = 0b100;
    const HEADER: u64 = 40;
    const WRITE: u64 = 40;
    let mut at = block.span.start + block.header_len;
    while let Some(head) =
        Span::at(at, HEADER).filter(|head| block.span.covers(*head)).and_then(|head| head.of(bytes))
    {
        if head[0] & COMPLETE != 0 {
            return head[0] & BEGUN != BEGUN;
        }
        let word = |at| u64_at(head, at, Little).unwrap_or(u64::MAX);
        let all = WRITE.checked_add(word(32)).and_then(|each| each.checked_mul(word(24)));
        let Some(next) = all.and_then(|all| (at + HEADER).checked_add(all)) else { return true };
        at = next;
    }
    false
}

//! AMI's store: `NVAR` records in the body of a file, the owners' GUIDs numbered backwards from its end.
//!
//! A record: `NVAR`, 16-bit size, 24-bit distance to a newer value (FFFFFF: none), attributes; then the owner's number or
//! GUID, the name, the value. A newer value is a record of data alone. An extended header is at the record's end, its size
//! the last 16 bits. Facts: UEFITool (nvram.h, ami_nvar.ksy).

use std::collections::BTreeMap;

use memchr::memchr;

use super::file::sum;
use super::guid::Guid;
use super::variables::{Guard, LONGEST_NAME, Store, Variable, wide_name};
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::span::Span;

/// The file that is the live store.
pub const FILE: Guid = Guid::of("CEF5B9A3-476D-497F-9FDC-E98143E0422C");

const MARK: &[u8] = b"NVAR";
const HEADER_LEN: usize = 10;
const NO_NEXT: usize = 0xff_ffff;
const VALID: u8 = 0x80;
const AUTHENTICATED: u8 = 0x40;
const EXTENDED: u8 = 0x10;
const DATA_ALONE: u8 = 0x08;
const OWNER_INLINE: u8 = 0x04;
const ASCII_NAME: u8 = 0x02;

/// The store in the body of a file at `body`, whose header starts at `start`.
pub fn read(bytes: &[u8], start: u64, body: Span) -> Option<Store> {
    let all = body.of(bytes)?;
    let mut store = Store {
        form: "NVAR",
        span: Span::new(start, body.end),
        header_len: body.start - start,
        variables: Vec::new(),
        fault: None,
    };
    // Where the newer value of a variable is expected: one pass, however the records are linked.
    let mut newer: BTreeMap<usize, usize> = BTreeMap::new();
    let mut at = 0;
    while all.get(at..).is_some_and(|rest| rest.starts_with(MARK)) {
        let size = usize::from(u16_at(all, at + 4, Little)?);
        let Some(record) = slice(all, at, size).filter(|record| record.len() >= HEADER_LEN) else {
            store.fault = Some(format!("the record at {:#x} has no sensible size", body.start + at as u64));
            break;
        };
        let word = u32_at(record, 6, Little)?;
        let (next, attributes) = ((word & 0xff_ffff) as usize, (word >> 24) as u8);
        let variable = match attributes {
            a if a & VALID == 0 => None,
            a if a & DATA_ALONE != 0 => newer.remove(&at).inspect(|index| {
                store.variables[*index].value = value(body.start, at, record, HEADER_LEN, a);
                store.variables[*index].guard = guard(body.start, at, record, HEADER_LEN, a);
            }),
            a => named(all, record, a).map(|(owner, name, data_at)| {
                let value = value(body.start, at, record, data_at, a);
                let guard = guard(body.start, at, record, data_at, a);
                store.variables.push(Variable { name, owner, value, guard });
                store.variables.len() - 1
            }),
        };
        if let Some(index) = variable.filter(|_| next != NO_NEXT && next >= size) {
            newer.insert(at + next, index);
        }
        at += size;
    }
    if at == 0 && all.first() != Some(&0xff) {
        store.fault = Some("what is at the start of the store is no record".to_owned());
    }
    Some(store)
}

/// Where the value of a record is: after owner and name, before the extended header.
fn value(body: u64, at: usize, record: &[u8], data_at: usize, attributes: u8) -> Span {
    let extended = match attributes & EXTENDED {
        0 => 0,
        _ => u16_at(record, record.len() - 2, Little).map_or(0, usize::from),
    };
    let end = record.len().saturating_sub(extended).max(data_at);
    let from = body + at as u64;
    Span::new(from + data_at as u64, from + end as u64)
}

/// What guards the value of a record. The extended header starts with attributes of its own (1: there is a sum); the sum is
/// the byte before its size. Readers differ in whether owner and name are summed, none in that the data are: both are tried.
fn guard(body: u64, at: usize, record: &[u8], data_at: usize, attributes: u8) -> Guard {
    const SUMMED: u8 = 0x01;
    const AUTHENTICATED_TOO: u8 = 0x30;
    if attributes & AUTHENTICATED != 0 {
        return Guard::Closed("the variable is authenticated");
    }
    if attributes & EXTENDED == 0 {
        return Guard::None;
    }
    let len = u16_at(record, record.len() - 2, Little).map_or(0, usize::from);
    let Some(tail) = record.len().checked_sub(len).filter(|tail| len > 2 && *tail >= data_at) else {
        return Guard::Closed("the variable's extended header is of no known form");
    };
    match record[tail] {
        0 => Guard::None,
        extended if extended & AUTHENTICATED_TOO != 0 => Guard::Closed("the variable is authenticated"),
        SUMMED if len > 3 => {
            let head = sum(&record[4..6]).wrapping_add(attributes);
            let holds = |from: usize| sum(&record[from..]).wrapping_add(head) == 0;
            match holds(HEADER_LEN) || holds(data_at) {
                true => Guard::ByteSum(body + (at + record.len() - 3) as u64),
                false => Guard::Closed("the sum over the variable does not hold as it is"),
            }
        }
        _ => Guard::Closed("the variable's extended header is of no known form"),
    }
}

/// Owner, name, and where the data start in the record.
fn named(all: &[u8], record: &[u8], attributes: u8) -> Option<(Option<Guid>, String, usize)> {
    let (owner, name_at) = match attributes & OWNER_INLINE {
        0 => {
            let number = usize::from(*record.get(HEADER_LEN)?);
            let from_end = all.len().checked_sub(16 * (number + 1));
            (from_end.and_then(|at| Guid::at(all, at)), HEADER_LEN + 1)
        }
        _ => (Some(Guid::at(record, HEADER_LEN)?), HEADER_LEN + 16),
    };
    let text = record.get(name_at..)?;
    let text = &text[..text.len().min(2 * LONGEST_NAME)];
    if attributes & ASCII_NAME != 0 {
        let len = memchr(0, text)?;
        let plain = text[..len].iter().all(|byte| (0x20..0x7f).contains(byte));
        return plain.then(|| (owner, String::from_utf8_lossy(&text[..len]).into_owned(), name_at + len + 1));
    }
    let units = text.chunks_exact(2).position(|unit| unit == [0, 0])?;
    Some((owner, wide_name(&text[..2 * units + 2])?, name_at + 2 * units + 2))
}

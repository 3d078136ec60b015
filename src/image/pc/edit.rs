//! A new serial number or UUID in a PC's firmware, in the place of the old one, with every sum over it made anew.
//!
//! A value is written where its store's form is known and nothing but sums guards it; a text may be as long as its place.
//! A write that a store of variables has begun and not ended would undo it at the next start, and stops it; so does the old
//! value in the unit's own data in a form that is not known.

use std::collections::BTreeSet;
use std::fmt;

use memchr::memmem;

use super::bios::Bios;
use super::claims::{Whose, claims};
use super::file::sum_again;
use super::guid::Guid;
use super::identity::{Value, What, values};
use super::variables::Guard;
use super::vss;
use crate::span::Span;

/// A value that the machine is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum New {
    /// The serial number, printable ASCII.
    Serial(String),
    /// SMBIOS's UUID.
    Uuid(Guid),
}

impl New {
    /// As the values that it takes the place of are named.
    fn name(&self) -> &'static str {
        match self {
            Self::Serial(_) => What::Serial.name(),
            Self::Uuid(_) => What::Uuid.name(),
        }
    }
}

impl fmt::Display for New {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial(text) => f.write_str(text),
            Self::Uuid(guid) => guid.fmt(f),
        }
    }
}

/// What became of a value of the kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// What it is.
    pub what: What,
    /// What was there.
    pub was: String,
    /// The value and each sum over it, from the region's start; empty where it stays.
    pub spans: Vec<Span>,
}

/// Writes `new` in a BIOS region, whose first byte is at `at` of the flash, wherever the machine has such a value.
///
/// A serial number takes the place of the machine's, and of the board's and chassis's where they have the same text;
/// where nothing has the machine's, of the board's.
///
/// # Errors
/// Why it is not written, in words; nothing is changed then.
pub fn write(bytes: &mut [u8], at: u64, new: &New) -> Result<Vec<Edited>, String> {
    let mut result = bytes.to_vec();
    let bios = Bios::read(bytes, at);
    let open = bios.stores.iter().find(|store| store.form == "FTW" && vss::has_open_write(bytes, store));
    if let Some(block) = open {
        return Err(format!(
            "the working block at {:#x} has a write that is not complete: the next start would undo the change",
            at + block.span.start
        ));
    }
    let all = values(&bios);
    let machine: Vec<&Value> = all.iter().filter(|value| value.what == main_kind(new, &all)).collect();
    if machine.is_empty() {
        return Err(format!("no {} is in a store whose form is known", new.name()));
    }
    let is_same = |value: &Value| machine.iter().any(|one| one.what == value.what || one.text == value.text);
    if let Some(place) = elsewhere(&bios, &all, &machine) {
        return Err(format!(
            "the old {} is at {:#x}, too, in a form that is not known: the machine may show that one",
            new.name(),
            at + place
        ));
    }
    let mut edited = Vec::new();
    for value in all.iter().filter(|value| is_kind(new, value.what)) {
        let mut spans = Vec::new();
        if is_same(value) {
            spans = put(&mut result, &bios, value, new)
                .map_err(|why| format!("{} at {:#x}: {why}", value.what.name(), at + value.span.start))?;
        }
        edited.push(Edited { what: value.what, was: value.text.clone(), spans });
    }
    // What reads it must read the new one.
    let again = values(&Bios::read(&result, at));
    let holds = |value: &&Value| {
        again.iter().any(|new_one| new_one.span.start == value.span.start && new_one.text == new.to_string())
    };
    if !all.iter().filter(|value| is_kind(new, value.what) && is_same(value)).all(|value| holds(&value)) {
        return Err(format!("the {} would not be read back as it is written", new.name()));
    }
    bytes.copy_from_slice(&result);
    Ok(edited)
}

/// Where one of the values is once more among the unit's own data, in no form that is known. Older copies in stores of
/// variables are none, and code is not looked at.
fn elsewhere(bios: &Bios, all: &[Value], machine: &[&Value]) -> Option<u64> {
    /// A shorter text may occur anywhere.
    const SHORTEST: usize = 6;
    let claims = claims(bios);
    let is_open = |place: Span| match claims.iter().find(|claim| claim.span.overlaps(place)) {
        Some(claim) => claim.whose == Whose::Unit,
        None => !bios.volumes.iter().any(|volume| volume.span.overlaps(place)),
    };
    let mut forms: BTreeSet<Vec<u8>> = BTreeSet::new();
    for value in
        machine.iter().filter_map(|value| value.span.of(bios.bytes)).filter(|value| value.len() >= SHORTEST)
    {
        forms.insert(value.iter().flat_map(|byte| [*byte, 0]).collect());
        forms.insert(value.to_vec());
    }
    let places = forms.iter().flat_map(|form| {
        memmem::find_iter(bios.bytes, form).filter_map(|at| Span::at(at as u64, form.len() as u64))
    });
    let mut unknown =
        places.filter(|place| is_open(*place) && !all.iter().any(|one| one.span.overlaps(*place)));
    unknown.next().map(|place| place.start)
}

/// True for what a new value may take the place of.
fn is_kind(new: &New, what: What) -> bool {
    match new {
        New::Serial(_) => matches!(what, What::Serial | What::BoardSerial | What::ChassisSerial),
        New::Uuid(_) => what == What::Uuid,
    }
}

/// The kind that is the machine's own.
fn main_kind(new: &New, all: &[Value]) -> What {
    match new {
        New::Uuid(_) => What::Uuid,
        New::Serial(_) if all.iter().any(|value| value.what == What::Serial) => What::Serial,
        New::Serial(_) => What::BoardSerial,
    }
}

/// Puts it in the place of `value`; gives what was written.
fn put(result: &mut [u8], bios: &Bios, value: &Value, new: &New) -> Result<Vec<Span>, String> {
    let old = value.room.of(bios.bytes).unwrap_or_default();
    let written = match new {
        New::Uuid(guid) => guid.0.to_vec(),
        New::Serial(text) => filled(text.as_bytes(), old, value.span.len() as usize)?,
    };
    let mut spans = vec![value.room];
    let byte_sum = |bytes: &[u8]| bytes.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    match value.guard {
        Guard::None => {}
        Guard::Closed(why) => return Err(format!("{why}, so it is not written")),
        Guard::ByteSum(at) => {
            let sum = &mut result[at as usize];
            *sum = sum.wrapping_add(byte_sum(old)).wrapping_sub(byte_sum(&written));
            spans.extend(Span::at(at, 1));
        }
    }
    result[value.room.range()].copy_from_slice(&written);
    if let Some(file) = bios.files().find(|file| file.span.covers(value.room)) {
        if !file.is_sound() {
            return Err("the file around it is damaged as it is".to_owned());
        }
        spans.extend(sum_again(result, file)?.and_then(|at| Span::at(at, 1)));
    }
    Ok(spans)
}

/// `text` in the room of `old`, of which the first `len` bytes are the old text: filled up as that was, with a final zero
/// where it had one.
fn filled(text: &[u8], old: &[u8], len: usize) -> Result<Vec<u8>, String> {
    let filling = old.get(len).copied();
    let has_end = filling.is_some_and(|filling| filling != b' ');
    let longest = old.len() - usize::from(has_end);
    let fits = if filling.is_some() { text.len() <= longest } else { text.len() == longest };
    if !fits {
        let words = if filling.is_some() { "at most" } else { "exactly" };
        return Err(format!(
            "there is room for {words} {longest} characters, and the new one has {}",
            text.len()
        ));
    }
    let mut bytes = text.to_vec();
    bytes.resize(old.len(), filling.unwrap_or_default());
    Ok(bytes)
}

//! What distinguishes one machine from another of its model: serial numbers, UUID, addresses, the Windows key.
//!
//! Facts: the names of AMI's variables in public lists of efivars (`DmiVar` + SMBIOS type, handle, offset), FD44Editor
//! (records of ASUS's SMBIOSFlashData), ACPI's MSDM table, coreboot's vpd_tables.h and r8168.c (names in the VPD), Apple's
//! names as in `apple`.

use memchr::memmem;

use super::apple;
use super::bios::Bios;
use super::file::{self, File};
use super::guid::Guid;
use super::variables::Guard;
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::span::Span;
use crate::units::one_value;

/// The file of a unit's SMBIOS data on boards of ASUS, ASRock, MSI and others.
pub const FLASH_DATA: Guid = Guid::of("FD44820B-F1AB-41C0-AE4E-0C55556EB9BD");
/// AMI's variables of SMBIOS fields.
const AMI_SMBIOS: Guid = Guid::of("4B3082A3-80C6-4D7E-9CD0-583917265DF1");

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The machine's serial number.
    Serial,
    /// The main board's.
    BoardSerial,
    /// The chassis's.
    ChassisSerial,
    /// SMBIOS's UUID, 16 bytes.
    Uuid,
    /// An address as text.
    Mac,
    /// The key of the installed Windows.
    WindowsKey,
    /// Apple's code of the hardware, which the serial number ends in.
    HardwareCode,
}

impl What {
    /// In words, for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial number",
            Self::BoardSerial => "serial number of the board",
            Self::ChassisSerial => "serial number of the chassis",
            Self::Uuid => "UUID",
            Self::Mac => "address",
            Self::WindowsKey => "Windows key (MSDM)",
            Self::HardwareCode => "hardware code (hwc)",
        }
    }
}

/// A value of the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// What it is.
    pub what: What,
    /// Where it is.
    pub span: Span,
    /// The bytes that it may take: those of its text, and the filling after them.
    pub room: Span,
    /// What guards it.
    pub guard: Guard,
    /// As text; of a key the last group alone.
    pub text: String,
}

/// Fields of SMBIOS by the numbers in a variable's name: type, handle and offset in the structure.
const FIELDS: [(&str, What); 4] = [
    ("DmiVar0100010700", What::Serial),
    ("DmiVar0100010800", What::Uuid),
    ("DmiVar0200020700", What::BoardSerial),
    ("DmiVar0300030700", What::ChassisSerial),
];

/// Every value in it, in order of address.
pub fn values(bios: &Bios) -> Vec<Value> {
    let mut found = Vec::new();
    for variable in bios.stores.iter().flat_map(|store| &store.variables) {
        let field =
            FIELDS.iter().find(|(name, _)| variable.owner == Some(AMI_SMBIOS) && variable.name == *name);
        let value = field.and_then(|(_, what)| smbios(bios.bytes, *what, variable.value));
        found.extend(value.map(|value| Value { guard: variable.guard, ..value }));
    }
    for variable in
        bios.stores.iter().filter(|store| store.form == apple::FORM).flat_map(|store| &store.variables)
    {
        let what = match variable.name.as_str() {
            "ssn" | "SSN" => What::Serial,
            "hwc" | "HWC" => What::HardwareCode,
            _ => continue,
        };
        let value = smbios(bios.bytes, what, variable.value);
        found.extend(value.map(|value| Value { guard: variable.guard, ..value }));
    }
    for file in bios.files().filter(|file| file.guid == FLASH_DATA) {
        flash_data(bios.bytes, file, &mut found);
    }
    found.extend(windows_keys(bios.bytes));
    vital_product_data(bios.bytes, &mut found);
    found.sort_by_key(|value| value.span);
    found.dedup_by_key(|value| value.span);
    found
}

/// A text to its first NUL or the spaces that fill it up, or a UUID, of which neither is blank.
fn smbios(bytes: &[u8], what: What, span: Span) -> Option<Value> {
    let value = span.of(bytes)?;
    if what == What::Uuid {
        return uuid(bytes, span.start).filter(|_| value.len() == 16);
    }
    let len = value.iter().position(|byte| matches!(byte, 0 | 0xff)).unwrap_or(value.len());
    let text = value[..len].trim_ascii_end();
    let len = text.len();
    let is_text = len > 0 && text.iter().all(|byte| (0x20..0x7f).contains(byte));
    // After the text its end, or what fills it up: bytes of one value.
    let filled = one_value(&value[len..]).is_some();
    let (room, end) = (if filled { span.end } else { span.start + len as u64 }, span.start + len as u64);
    is_text.then(|| Value {
        what,
        span: Span::new(span.start, end),
        room: Span::new(span.start, room),
        guard: Guard::None,
        text: String::from_utf8_lossy(text).into_owned(),
    })
}

fn uuid(bytes: &[u8], at: u64) -> Option<Value> {
    let guid = Guid::at(bytes, at as usize)?;
    let blank = one_value(&guid.0).is_some();
    let span = Span::at(at, 16)?;
    (!blank).then(|| Value { what: What::Uuid, span, room: span, guard: Guard::None, text: guid.to_string() })
}

/// Records from 36 on, after `BSA_` at 28: type, field, then length and data, or 00 80 09, length, number and data.
fn flash_data(bytes: &[u8], file: &File, found: &mut Vec<Value>) {
    const MARK: &[u8] = b"BSA_";
    const LATER: [u8; 3] = [0, 0x80, 9];
    let Some(all) = file.span.of(bytes).filter(|all| slice(all, 28, MARK.len()) == Some(MARK)) else {
        return;
    };
    let mut at = 36;
    while let Some(head) = slice(all, at, 4).filter(|head| head[0] != 0xff) {
        let later = head[2..] == LATER[..2] && all.get(at + 4) == Some(&LATER[2]);
        let (len_at, head_len) = if later { (at + 5, 9) } else { (at + 2, 4) };
        let Some(len) = u16_at(all, len_at, Little).map(usize::from) else { return };
        let Some(data) = slice(all, at + head_len, len) else { return };
        let start = file.span.start + (at + head_len) as u64;
        let span = Span::new(start, start + len as u64);
        match (head[0], head[1]) {
            (1, 8) if len == 16 => found.extend(uuid(bytes, start)),
            (2, 7) => found.extend(smbios(bytes, What::BoardSerial, span)),
            (11, 1) => found.extend(hex_address(data, start)),
            _ => {}
        }
        at += head_len + len;
    }
}

/// An address as twelve hex digits.
fn hex_address(data: &[u8], start: u64) -> Option<Value> {
    // The byte before them may be a digit, too.
    let at = data.windows(12).rposition(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    let pairs: Vec<String> =
        data[at..at + 12].chunks(2).map(|pair| String::from_utf8_lossy(pair).to_ascii_lowercase()).collect();
    let span = Span::at(start + at as u64, 12)?;
    Some(Value { what: What::Mac, span, room: span, guard: Guard::None, text: pairs.join(":") })
}

/// Keys in MSDM tables: five groups of five; the byte sum of a table is 0.
fn windows_keys(bytes: &[u8]) -> impl Iterator<Item = Value> + '_ {
    const LEN: usize = 0x55;
    const KEY_AT: usize = 0x38;
    memmem::find_iter(bytes, b"MSDM").filter_map(|at| {
        let table = slice(bytes, at, LEN).filter(|_| u32_at(bytes, at + 4, Little) == Some(LEN as u32))?;
        let key = &table[KEY_AT..];
        let is_key = key.split(|byte| *byte == b'-').all(|group| {
            group.len() == 5 && group.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        });
        let span = Span::at((at + KEY_AT) as u64, key.len() as u64)?;
        (is_key && file::sum(table) == 0).then(|| Value {
            what: What::WindowsKey,
            span,
            room: span,
            guard: Guard::Closed("the key is no value that is written"),
            text: masked(key),
        })
    })
}

/// A key with all but its last group hidden.
pub fn masked(key: &[u8]) -> String {
    let last = key.rsplit(|byte| *byte == b'-').next().unwrap_or_default();
    format!("XXXXX-XXXXX-XXXXX-XXXXX-{}", String::from_utf8_lossy(last))
}

/// Serial numbers and addresses in the vital product data of coreboot's boards.
fn vital_product_data(bytes: &[u8], found: &mut Vec<Value>) {
    const HEADER: &[u8] = b"\xfe\x09\x01gVpdInfo";
    const TEXT: u8 = 1;
    /// A flash has two.
    const MOST: usize = 16;
    for start in memmem::find_iter(bytes, HEADER).take(MOST) {
        let table = start + HEADER.len();
        let Some(len) = u32_at(bytes, table, Little) else { continue };
        let Some(table) = slice(bytes, table + 4, len as usize).map(|_| table + 4) else { continue };
        let end = table + len as usize;
        let mut at = table;
        while at < end && bytes[at] == TEXT {
            // Lengths of 128 and more take two bytes: no value that is shown has one.
            let part = |at: usize| {
                let len = usize::from(*bytes.get(at).filter(|len| **len < 0x80)?);
                slice(bytes, at + 1, len).map(|part| (part, at + 1 + len))
            };
            let Some((key, next)) = part(at + 1) else { break };
            let Some((value, next)) = part(next).filter(|(_, next)| *next <= end) else { break };
            let what = match key {
                b"serial_number" => Some(What::Serial),
                b"mlb_serial_number" => Some(What::BoardSerial),
                b"ethernet_mac0" | b"ethernet_mac" => Some(What::Mac),
                _ => None,
            };
            let span = Span::new((next - value.len()) as u64, next as u64);
            found.extend(what.and_then(|what| smbios(bytes, what, span)));
            at = next;
        }
    }
}

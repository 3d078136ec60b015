//! AMD's platform security processor: the structures that lead to its directories, and what they list.
//!
//! AA 55 AA 55 at one of few offsets of a window of 16 MiB; from 10h on, up to four erased words, addresses of directories of the
//! PSP and of the BIOS. A directory: cookie, Fletcher-32 over all after it, number of entries, a word that says how
//! locations count (bits 30:29, or 25:24 where bit 31 is set: 0 the processor's address, 1 from the flash's start, 2 from the
//! directory, 3 from its slot; in 2 and 3 bits 63:62 of the entry decide); entries of 16 or, of the BIOS, 24 bytes: type,
//! size, location. A combo directory has one directory a processor, from 20h on. A slot's header leads to a directory of
//! the second level: Fletcher-32 over 28 bytes, the location at 10h. Facts: coreboot's psp_integration.md and amdfwtool,
//! PSPTool.

use super::address::offset;
use crate::image::container::bytes::{Endianness::Little, array, slice, u32_at, u64_at};
use crate::image::is_blank;
use crate::span::Span;

/// Where the structure can be in a window.
const PLACES: [u64; 7] = [0xfa_0000, 0xf2_0000, 0xe2_0000, 0xc2_0000, 0x82_0000, 0x12_0000, 0x2_0000];
const MARK: [u8; 4] = [0xaa, 0x55, 0xaa, 0x55];
/// The structure ends with erased words.
const STRUCTURE_LEN: u64 = 0x60;
const POINTERS_FROM: usize = 0x10;
const HEAD_LEN: usize = 16;
/// More entries than any directory has, and more directories than any flash.
const MOST_ENTRIES: u32 = 256;
const MOST_DIRECTORIES: usize = 64;
/// Types that lead to a directory of the second level, to a slot's header, and to another structure.
const SECOND_LEVEL: [u8; 3] = [0x40, 0x49, 0x70];
const SLOTS: [u8; 2] = [0x48, 0x4a];
const STRUCTURE: u8 = 0x46;
/// A value in place of a location.
const FUSES: u8 = 0x0b;
const SLOT_LEN: usize = 0x20;
const COMBO_HEAD: usize = 0x20;
const WINDOW: u64 = 0x100_0000;
/// Where the processor sees a window.
const MAPPED: u64 = 0xff00_0000;
/// The maker's key, its first stage and signature of Platform Secure Boot, and what the processor starts.
const SIGNED: [u8; 4] = [0x05, 0x06, 0x07, 0x62];
/// AMD's own key, which the processor knows the hash of.
const ROOT_KEY: u8 = 0x00;
const MAKER_KEY: u8 = 0x05;
const SIGNATURE: u8 = 0x07;
/// A key's own id, after its version.
const KEY_ID_AT: usize = 4;

/// Types with the names of their regions.
type Own = &'static [(u8, &'static str)];

/// Cookies, the length of an entry, and types that are the unit's own with the name of their region.
const DIRECTORIES: [(&str, usize, Own); 4] =
    [("$PSP", 16, PSP_OWN), ("$PL2", 16, PSP_OWN), ("$BHD", 24, BIOS_OWN), ("$BL2", 24, BIOS_OWN)];
const PSP_OWN: Own = &[(0x04, "psp-nvram"), (0x54, "psp-nvram"), (0x2c, "psp-nvram")];
const BIOS_OWN: Own = &[(0x63, "apob-nvram"), (0x6d, "rom-armor-nvram")];
const COMBOS: [&str; 2] = ["2PSP", "2BHD"];

/// A directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its first four bytes.
    pub cookie: &'static str,
    /// Head and entries.
    pub span: Span,
    /// How many entries it has.
    pub entries: usize,
}

/// Whose directory it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The security processor's.
    Psp,
    /// The BIOS's.
    Bios,
}

impl Of {
    /// In words: `PSP`, `BIOS`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Psp => "PSP",
            Self::Bios => "BIOS",
        }
    }
}

/// The structure that the processor looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    /// Where it is.
    pub at: u64,
    /// Its words that lead to directories, by their offsets in it.
    pub leads: Vec<(u64, Of)>,
    /// Its words that are set and lead to none: some of them are for other devices.
    pub astray: Vec<u64>,
}

impl Structure {
    /// The number of the window of 16 MiB that it is in.
    pub fn window(&self) -> u64 {
        self.at / WINDOW
    }
}

/// What the directories list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Psp {
    /// The structures that lead to a directory.
    pub structures: Vec<Structure>,
    /// The directories, in the order found.
    pub directories: Vec<Directory>,
    /// The ids of AMD's own keys, with the number of the window that leads to each: one kind of processor knows one of them.
    pub roots: Vec<(u64, [u8; 16])>,
    /// The unit's own, with the name of the region.
    pub own: Vec<(&'static str, Span)>,
    /// The structures, the directories and everything else that they list.
    pub code: Vec<Span>,
    /// What a signature of the maker is over, and it, with their types.
    pub signed: Vec<(u8, Span)>,
    /// What does not hold, in words.
    pub faults: Vec<(Span, String)>,
    /// Combo directories whose sum does not hold: PSPTool reads them without it, and so may the processor.
    pub stale: Vec<(Span, String)>,
}

impl Psp {
    /// The ids of the maker's keys, where a signature of the maker is there: Platform Secure Boot may be fused.
    pub fn maker_keys(&self, bytes: &[u8]) -> Vec<[u8; 16]> {
        let is_signed = self.signed.iter().any(|(kind, _)| *kind == SIGNATURE);
        let keys = self.signed.iter().filter(|(kind, _)| is_signed && *kind == MAKER_KEY);
        let mut ids: Vec<[u8; 16]> = keys.filter_map(|(_, span)| array(span.of(bytes)?, KEY_ID_AT)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

/// Reads the directories of every structure; `None` where no structure leads to one.
pub fn find(bytes: &[u8]) -> Option<Psp> {
    let len = bytes.len() as u64;
    let windows = (0..len.div_ceil(WINDOW)).map(|n| n * WINDOW);
    let mut reader = Reader { bytes, psp: Psp::default(), done: Vec::new(), open: Vec::new() };
    for window in windows {
        // A smaller flash is seen at the end of the window.
        let behind = WINDOW.saturating_sub(len);
        let mut places: Vec<u64> =
            PLACES.iter().flat_map(|place| [Some(*place), place.checked_sub(behind)]).flatten().collect();
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.dedup();
        places.into_iter().for_each(|place| reader.structure(window + place, window));
    }
    (!reader.psp.directories.is_empty()).then_some(reader.psp)
}

struct Reader<'b> {
    bytes: &'b [u8],
    psp: Psp,
    /// Where directories and structures were read.
    done: Vec<u64>,
    /// Where the directories start that lead to what is being read.
    open: Vec<u64>,
}

impl<'b> Reader<'b> {
    /// Takes note of a place; false where it was read before, or too many were.
    fn is_new(&mut self, at: u64) -> bool {
        let new = !self.done.contains(&at) && self.done.len() < MOST_DIRECTORIES;
        if new {
            self.done.push(at);
        }
        new
    }

    /// The place of an address of the processor, or of an offset, for a structure in the window at `window`.
    fn place(&self, address: u64, window: u64) -> Option<u64> {
        let len = self.bytes.len() as u64;
        let place = match address {
            MAPPED.. if len > WINDOW => window + (address & (WINDOW - 1)),
            MAPPED.. => offset(self.bytes, address)?,
            _ if address < WINDOW => window + address,
            _ => address,
        };
        (place < len).then_some(place)
    }

    fn structure(&mut self, at: u64, window: u64) {
        let Some(span) = Span::at(at, STRUCTURE_LEN) else { return };
        let Some(head) = span.of(self.bytes).filter(|head| head.starts_with(&MARK)) else { return };
        if !self.is_new(at) {
            return;
        }
        let mut structure = Structure { at, leads: Vec::new(), astray: Vec::new() };
        let words: Vec<u32> =
            (POINTERS_FROM..head.len()).step_by(4).filter_map(|at| u32_at(head, at, Little)).collect();
        let end = words.windows(4).position(|four| *four == [u32::MAX; 4]).unwrap_or(words.len());
        let fields = (POINTERS_FROM as u64..).step_by(4).zip(&words[..end]);
        for (field, pointer) in fields.filter(|(_, pointer)| !matches!(**pointer, 0 | 0xffff_fffe..)) {
            let place = self.place((*pointer).into(), window);
            match place.and_then(|place| Some((place, self.directory_of(place)?))) {
                Some((place, of)) => {
                    structure.leads.push((field, of));
                    self.directory(place, window);
                }
                None => structure.astray.push(field),
            }
        }
        if !structure.leads.is_empty() {
            self.psp.code.push(span);
            self.psp.structures.push(structure);
        }
    }

    /// Whose directory starts at a place; `None` where none does.
    fn directory_of(&self, at: u64) -> Option<Of> {
        let cookie = slice(self.bytes, usize::try_from(at).ok()?, 4)?;
        let known = DIRECTORIES.iter().map(|(cookie, ..)| *cookie).chain(COMBOS);
        let known = known.into_iter().find(|known| known.as_bytes() == cookie)?;
        Some(if matches!(known, "$BHD" | "$BL2" | "2BHD") { Of::Bios } else { Of::Psp })
    }

    fn fault(&mut self, span: Span, words: String) {
        self.psp.faults.push((span, words));
    }

    /// Reads what starts with a directory's cookie; other bytes are none.
    fn directory(&mut self, at: u64, window: u64) {
        let Some(head) = slice(self.bytes, at as usize, HEAD_LEN) else { return };
        if let Some(cookie) = COMBOS.iter().find(|cookie| head.starts_with(cookie.as_bytes())) {
            if self.is_new(at) {
                self.combo(cookie, at, window);
            }
            return;
        }
        let kind = DIRECTORIES.iter().find(|(cookie, ..)| head.starts_with(cookie.as_bytes()));
        let Some((cookie, entry_len, own)) = kind else { return };
        if !self.is_new(at) {
            return;
        }
        let Some(table) = self.table(cookie, at, HEAD_LEN, *entry_len) else { return };
        let info = u32_at(table, 12, Little).unwrap_or(0);
        let mode = if info >> 31 == 0 { info >> 29 & 3 } else { info >> 24 & 3 };
        let entries: Vec<(u8, u32, u64)> = table[HEAD_LEN..]
            .chunks_exact(*entry_len)
            .filter_map(|entry| Some((entry[0], u32_at(entry, 4, Little)?, u64_at(entry, 8, Little)?)))
            .collect();
        let span = Span::new(at, at + table.len() as u64);
        self.open.push(at);
        for (kind, len, location) in entries.into_iter().filter(|(kind, ..)| *kind != FUSES) {
            self.entry(span, (mode, window), own, (kind, len, location));
        }
        self.open.pop();
    }

    fn entry(
        &mut self,
        table: Span,
        (mode, window): (u32, u64),
        own: Own,
        (kind, len, location): (u8, u32, u64),
    ) {
        let leads = SECOND_LEVEL.contains(&kind) || SLOTS.contains(&kind) || kind == STRUCTURE;
        // A value in place of a location, or a place in memory alone.
        if !leads && matches!(len, 0 | u32::MAX) {
            return;
        }
        let (by_entry, low) = ((location >> 62) as u32, location & u64::from(u32::MAX));
        let mode = match mode {
            2 | 3 => by_entry,
            // Older tools put the processor's address among offsets.
            1 if by_entry == 0 && low >= MAPPED => 0,
            mode => mode,
        };
        let start = match mode {
            0 => self.place(low, window),
            1 if low < WINDOW => Some(window + low),
            1 => Some(low),
            2 => table.start.checked_add(location & (u64::MAX >> 2)),
            _ => {
                let words = format!(
                    "an entry of the PSP directory at {:#x} counts from its slot, which is not read",
                    table.start
                );
                return self.fault(table, words);
            }
        };
        let len = if leads { HEAD_LEN as u64 } else { len.into() };
        let there = start.and_then(|start| Span::at(start, len));
        let Some(there) = there.filter(|there| there.end <= self.bytes.len() as u64) else {
            return self.fault(
                table,
                format!("the PSP directory at {:#x} leads past the end of the flash", table.start),
            );
        };
        match kind {
            STRUCTURE => self.structure(there.start, window),
            _ if SECOND_LEVEL.contains(&kind) && self.open.contains(&there.start) => {
                let (from, to) = (table.start, there.start);
                self.fault(
                    table,
                    format!("the PSP directory at {from:#x} leads back to {to:#x}, which leads to it"),
                );
            }
            _ if SECOND_LEVEL.contains(&kind) => self.directory(there.start, window),
            _ if SLOTS.contains(&kind) => self.slot(there.start, window),
            _ => match own.iter().find(|(own, _)| *own == kind) {
                Some((_, name)) if !self.psp.own.contains(&(*name, there)) => {
                    self.psp.own.push((*name, there))
                }
                Some(_) => {}
                None => {
                    self.psp.code.push(there);
                    let id = (own == PSP_OWN && kind == ROOT_KEY).then(|| self.key_id(there)).flatten();
                    self.psp.roots.extend(id.map(|id| (window / WINDOW, id)));
                    if SIGNED.contains(&kind) {
                        self.psp.signed.push((kind, there));
                    }
                }
            },
        }
    }

    /// The id of the key that is there; `None` where that is erased.
    fn key_id(&self, there: Span) -> Option<[u8; 16]> {
        array(there.of(self.bytes)?, KEY_ID_AT).filter(|id| !is_blank(id))
    }

    /// A slot's header, or the directory itself.
    fn slot(&mut self, at: u64, window: u64) {
        let is_directory =
            |head: &[u8]| DIRECTORIES.iter().any(|(cookie, ..)| head.starts_with(cookie.as_bytes()));
        let Some(head) = slice(self.bytes, at as usize, SLOT_LEN) else { return };
        if is_directory(head) {
            return self.directory(at, window);
        }
        let Some(location) = u32_at(head, 0x10, Little).map(u64::from) else { return };
        let inner = if location < WINDOW { window + location } else { location };
        // Some slots lead to other data.
        if !slice(self.bytes, inner as usize, 4).is_some_and(is_directory) {
            return;
        }
        let span = Span::new(at, at + SLOT_LEN as u64);
        let (stated, found) = (u32_at(head, 0, Little).unwrap_or(0), fletcher32(&head[4..]));
        self.psp.code.push(span);
        if stated != found {
            self.fault(span, sum_fault("header of a PSP slot", at, found, stated));
        }
        self.directory(inner, window);
    }

    /// One directory a processor: ids and a 64-bit address.
    fn combo(&mut self, cookie: &'static str, at: u64, window: u64) {
        let Some(table) = self.table(cookie, at, COMBO_HEAD, 16) else { return };
        let addresses: Vec<u64> =
            table[COMBO_HEAD..].chunks_exact(16).filter_map(|entry| u64_at(entry, 8, Little)).collect();
        for address in addresses.into_iter().filter(|address| !matches!(*address, 0 | 0xffff_ffff..)) {
            if let Some(at) = self.place(address & u64::from(u32::MAX), window) {
                self.directory(at, window);
            }
        }
    }

    /// Head and entries of a directory, whose sum is compared with its head; `None` where it is not whole.
    fn table(
        &mut self,
        cookie: &'static str,
        at: u64,
        head_len: usize,
        entry_len: usize,
    ) -> Option<&'b [u8]> {
        let bytes = self.bytes;
        let count = u32_at(bytes, at as usize + 8, Little)?;
        let len = head_len + count.min(MOST_ENTRIES) as usize * entry_len;
        let Some(table) = slice(bytes, at as usize, len).filter(|_| count <= MOST_ENTRIES) else {
            let span = Span::new(at, at + HEAD_LEN as u64);
            self.psp.code.push(span);
            self.psp.directories.push(Directory { cookie, span, entries: 0 });
            self.fault(span, format!("the PSP directory at {at:#x} says that it has {count} entries"));
            return None;
        };
        let span = Span::new(at, at + len as u64);
        self.psp.code.push(span);
        self.psp.directories.push(Directory { cookie, span, entries: count as usize });
        let (stated, found) = (u32_at(table, 4, Little)?, fletcher32(&table[8..]));
        if stated != found {
            let words = sum_fault("PSP directory", at, found, stated);
            match COMBOS.contains(&cookie) {
                true => self.psp.stale.push((span, words)),
                false => self.fault(span, words),
            }
        }
        Some(table)
    }
}

fn sum_fault(what: &str, at: u64, found: u32, stated: u32) -> String {
    format!("the Fletcher sum of the {what} at {at:#x} is {found:#010x}, its head says {stated:#010x}")
}

/// Fletcher's sum over 16-bit words, as AMD's directories have it.
pub(super) fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (0xffffu32, 0xffffu32);
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    for words in bytes.chunks(720) {
        for word in words.chunks_exact(2) {
            a += u32::from(u16::from_le_bytes([word[0], word[1]]));
            b += a;
        }
        (a, b) = (fold(a), fold(b));
    }
    (a, b) = (fold(a), fold(b));
    b << 16 | a
}

#[cfg(test)]
pub(super) mod tests;

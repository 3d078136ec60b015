//! SFDP (JESD216, A to F): the chip's own table of sizes, erase types and times, decoded. Pure.
//!
//! Every length and pointer is checked against the bytes at hand before it is believed. Facts: JESD216 as collected
//! in the tests below from the W25Q64FV datasheet rev D and dumps of W25Q64JV and W25Q64JW.

use super::geometry::Busy;
use std::time::Duration;

/// Parameter table ids: basic flash, sector map, 4-byte instructions.
const BFPT: u16 = 0xFF00;
const FOUR_BYTE: u16 = 0xFF84;

/// The table, decoded as far as a 1-bit NOR tool needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sfdp {
    /// Minor revision in the header (0 is JESD216, 5 is A, 6 is B).
    pub header_minor: u8,
    /// The parameter tables: id, minor revision, byte offset, dwords.
    pub tables: Vec<Table>,
    /// The basic table, decoded; the newest when there are several.
    pub basic: Basic,
    /// Four-byte opcodes, where that table exists.
    pub four_byte: Option<FourByteOpcodes>,
    /// The part has a sector map: its erase types do not fit everywhere.
    pub sector_map: bool,
}

/// One parameter header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// MSB and LSB: `FF00` is the basic table.
    pub id: u16,
    /// Minor revision.
    pub minor: u8,
    /// Byte offset in the SFDP space.
    pub pointer: u32,
    /// Length.
    pub dwords: u8,
}

/// The basic flash parameter table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basic {
    /// Minor revision.
    pub minor: u8,
    /// Bytes in the array.
    pub size: u64,
    /// Opcode of 4 KiB erase where it works everywhere (DW1).
    pub erase_4k: Option<u8>,
    /// DW1 bit 2 clear: the write buffer is smaller than 64 bytes, programming is by the byte.
    pub byte_programming: bool,
    /// DW1 bit 3: protection bits are volatile and set at power-up.
    pub volatile_protection: bool,
    /// 3-byte, 3 or 4, 4-byte only (DW1 bits 18:17).
    pub address: AddressModes,
    /// DW5 bit 4: 4-4-4 reads.
    pub qpi: bool,
    /// Erase types with a size, from small to large.
    pub erase: Vec<SfdpErase>,
    /// Bytes a page (DW11).
    pub page: Option<u64>,
    /// Page program time (DW11).
    pub program: Option<Busy>,
    /// Chip erase time (DW11).
    pub chip_erase: Option<Busy>,
    /// DW15 bits 22:20: how quad enable is set, and what one-byte `01` does.
    pub quad_enable: Option<u8>,
    /// DW16 bits 31:24: ways into 4-byte mode.
    pub enter_four_byte: u8,
    /// DW16 bits 13:8: ways to reset.
    pub reset: u8,
    /// DW16 bits 6:0: how SR1 is written (bit 3: non-volatile with a volatile overlay by `50`).
    pub status_write: u8,
}

/// Widths that reads may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressModes {
    /// Three bytes.
    Three,
    /// Three, or four after a switch.
    ThreeOrFour,
    /// Four.
    Four,
}

/// One erase type of the basic table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SfdpErase {
    /// Opcode.
    pub opcode: u8,
    /// Bytes, a power of two.
    pub size: u64,
    /// Time, where DW10 gives it.
    pub busy: Option<Busy>,
    /// Its number in the table, 1 to 4.
    pub number: u8,
}

/// The 4-byte address instruction table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FourByteOpcodes {
    /// `13` is supported.
    pub read: bool,
    /// `12` is supported.
    pub program: bool,
    /// Opcode for each of the four erase types.
    pub erase: [Option<u8>; 4],
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// Where the tables are: from the header (8 bytes) and the parameter headers after it.
///
/// `None` where the signature or the major revision is wrong, or the headers reach past `bytes`.
pub fn tables(bytes: &[u8]) -> Option<(u8, Vec<Table>)> {
    if bytes.get(..4)? != b"SFDP" || *bytes.get(5)? != 1 {
        return None;
    }
    let count = usize::from(*bytes.get(6)?) + 1;
    let headers = bytes.get(8..8 + 8 * count)?;
    let tables = headers
        .chunks_exact(8)
        .map(|h| Table {
            id: u16::from_be_bytes([h[7], h[0]]),
            minor: h[1],
            dwords: h[3],
            pointer: u32::from_le_bytes([h[4], h[5], h[6], 0]),
        })
        .collect();
    Some((bytes[4], tables))
}

/// Bytes of the SFDP space that hold the header and every table in it, for dumping all of it. At least 256.
pub fn extent(tables: &[Table]) -> u32 {
    let last = tables.iter().map(|t| t.pointer.saturating_add(u32::from(t.dwords) * 4)).max().unwrap_or(0);
    last.clamp(256, 0x1_0000)
}

/// The dwords of the first (basic) table, as far as `bytes` has them.
pub fn dwords(bytes: &[u8]) -> Vec<u32> {
    let Some((_, tables)) = tables(bytes) else { return Vec::new() };
    let Some(table) = tables.first() else { return Vec::new() };
    (0..usize::from(table.dwords)).map_while(|i| u32_at(bytes, table.pointer as usize + 4 * i)).collect()
}

/// Decodes a dump of the SFDP space; `None` when it has no valid header or basic table.
pub fn decode(bytes: &[u8]) -> Option<Sfdp> {
    let (header_minor, tables) = tables(bytes)?;
    // The first header is the basic table whatever its id says (old ones carry the maker's id there).
    let best = tables
        .iter()
        .enumerate()
        .filter(|(i, t)| *i == 0 || t.id == BFPT)
        .filter_map(|(_, t)| basic(bytes, t))
        .max_by_key(|b| b.minor)?;
    let four_byte = tables.iter().find(|t| t.id == FOUR_BYTE).and_then(|t| four_byte(bytes, t));
    Some(Sfdp {
        header_minor,
        sector_map: tables.iter().any(|t| t.id == 0xFF81),
        basic: best,
        four_byte,
        tables,
    })
}

fn four_byte(bytes: &[u8], table: &Table) -> Option<FourByteOpcodes> {
    if table.dwords < 2 {
        return None;
    }
    let at = table.pointer as usize;
    let (flags, opcodes) = (u32_at(bytes, at)?, u32_at(bytes, at + 4)?.to_le_bytes());
    let mut erase = [None; 4];
    for (i, slot) in erase.iter_mut().enumerate() {
        *slot = (flags >> (9 + i) & 1 == 1 && opcodes[i] != 0xFF).then_some(opcodes[i]);
    }
    Some(FourByteOpcodes { read: flags & 1 == 1, program: flags >> 6 & 1 == 1, erase })
}

/// Bytes in the array by DW2: its bits less one, or the exponent of their number.
pub(in crate::flash) fn density(dw2: u32) -> Option<u64> {
    let bits = match dw2 >> 31 {
        0 => u64::from(dw2) + 1,
        _ => 1u64.checked_shl(dw2 & 0x7FFF_FFFF).filter(|bits| *bits != 0)?,
    };
    Some(bits / 8)
}

fn basic(bytes: &[u8], table: &Table) -> Option<Basic> {
    let at = table.pointer as usize;
    let dw = |n: usize| (n <= usize::from(table.dwords)).then(|| u32_at(bytes, at + 4 * (n - 1))).flatten();
    if table.dwords < 9 {
        return None;
    }
    let (dw1, dw2, dw5) = (dw(1)?, dw(2)?, dw(5)?);
    let size = density(dw2)?;
    let times = dw(10);
    let mut erase: Vec<SfdpErase> = [dw(8)?, dw(9)?]
        .iter()
        .flat_map(|d| d.to_le_bytes().chunks(2).map(|c| (c[0], c[1])).collect::<Vec<_>>())
        .enumerate()
        .filter(|(_, (exponent, _))| *exponent != 0 && *exponent < 48)
        .map(|(i, (exponent, opcode))| SfdpErase {
            opcode,
            size: 1 << exponent,
            busy: times.map(|t| erase_time(t, i)),
            number: i as u8 + 1,
        })
        .collect();
    erase.sort_by_key(|e| e.size);
    let dw11 = dw(11);
    Some(Basic {
        minor: table.minor,
        size,
        erase_4k: (dw1 & 3 == 1).then_some((dw1 >> 8) as u8),
        byte_programming: dw1 & 4 == 0,
        volatile_protection: dw1 & 8 != 0,
        address: match dw1 >> 17 & 3 {
            0 => AddressModes::Three,
            1 => AddressModes::ThreeOrFour,
            _ => AddressModes::Four,
        },
        qpi: dw5 >> 4 & 1 == 1,
        erase,
        page: dw11.map(|d| 1 << (d >> 4 & 0xF)),
        program: dw11.map(|d| {
            let typical = (d >> 8 & 0x1F) + 1;
            let typical = micros(typical * if d >> 13 & 1 == 1 { 64 } else { 8 });
            Busy { typical, max: typical * 2 * ((d & 0xF) + 1) }
        }),
        chip_erase: dw11.zip(times).map(|(d, t)| {
            let unit = [16, 256, 4_000, 64_000][(d >> 29 & 3) as usize];
            let typical = millis(((d >> 24 & 0x1F) + 1) * unit);
            Busy { typical, max: typical * 2 * ((t & 0xF) + 1) }
        }),
        quad_enable: dw(15).map(|d| (d >> 20 & 7) as u8),
        enter_four_byte: dw(16).map_or(0, |d| (d >> 24) as u8),
        reset: dw(16).map_or(0, |d| (d >> 8 & 0x3F) as u8),
        status_write: dw(16).map_or(0, |d| (d & 0x7F) as u8),
    })
}

/// DW10: four fields of 7 bits from bit 4, a 5-bit count and a 2-bit unit; the maximum is a multiple for all.
fn erase_time(dw10: u32, index: usize) -> Busy {
    let field = dw10 >> (4 + 7 * index) & 0x7F;
    let unit = [1, 16, 128, 1_000][(field >> 5) as usize];
    let typical = millis(((field & 0x1F) + 1) * unit);
    Busy { typical, max: typical * 2 * ((dw10 & 0xF) + 1) }
}

fn micros(n: u32) -> Duration {
    Duration::from_micros(u64::from(n))
}

fn millis(n: u32) -> Duration {
    Duration::from_millis(u64::from(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A 256-byte SFDP space from headers and dwords at 80h.
    fn space(headers: &[u8], dwords: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0xFF; 256];
        bytes[..headers.len()].copy_from_slice(headers);
        for (i, d) in dwords.iter().enumerate() {
            bytes[0x80 + 4 * i..0x84 + 4 * i].copy_from_slice(&d.to_le_bytes());
        }
        bytes
    }

    /// W25Q64FV datasheet rev D, 2011, the printed table.
    fn w25q64fv() -> Vec<u8> {
        let headers =
            [0x53, 0x46, 0x44, 0x50, 0x00, 0x01, 0x00, 0xFF, 0x00, 0x00, 0x01, 0x09, 0x80, 0x00, 0x00, 0xFF];
        space(
            &headers,
            &[
                0xFFF1_20E5,
                0x03FF_FFFF,
                0x6B08_EB44,
                0xBB80_3B08,
                0xFFFF_FFFE,
                0x0000_FFFF,
                0xEB44_FFFF,
                0x520F_200C,
                0x0000_D810,
            ],
        )
    }

    /// A dump of a W25Q64JV-IQ.
    fn w25q64jv() -> Vec<u8> {
        let headers =
            [0x53, 0x46, 0x44, 0x50, 0x05, 0x01, 0x00, 0xFF, 0x00, 0x05, 0x01, 0x10, 0x80, 0x00, 0x00, 0xFF];
        space(&headers, &W25Q64JV)
    }

    const W25Q64JV: [u32; 16] = [
        0xFFF9_20E5,
        0x03FF_FFFF,
        0x6B08_EB44,
        0xBB42_3B08,
        0xFFFF_FFFE,
        0x0000_FFFF,
        0xEB40_FFFF,
        0x520F_200C,
        0x0000_D810,
        0x00A6_0236,
        0xC414_EA82,
        0x3376_63E9,
        0x757A_757A,
        0x5CD5_A2F7,
        0xFF4D_F719,
        0x80F8_30E9,
    ];

    #[test]
    fn the_fv_table_decodes_to_the_datasheets_values() {
        let sfdp = decode(&w25q64fv()).unwrap();
        assert_eq!((sfdp.header_minor, sfdp.basic.minor, sfdp.basic.size), (0, 0, 8 << 20));
        let erase: Vec<_> = sfdp.basic.erase.iter().map(|e| (e.opcode, e.size, e.busy)).collect();
        assert_eq!(erase, [(0x20, 4096, None), (0x52, 32768, None), (0xD8, 65536, None)]);
        assert_eq!(sfdp.basic.erase_4k, Some(0x20));
        assert!(sfdp.basic.qpi, "DW5 bit 4 is what distinguishes FV from CV");
        assert_eq!((sfdp.basic.page, sfdp.basic.program, sfdp.basic.quad_enable), (None, None, None));
        assert_eq!(sfdp.basic.address, AddressModes::Three);
        assert!(!sfdp.basic.byte_programming);
    }

    #[test]
    fn the_jv_table_decodes_with_times() {
        let sfdp = decode(&w25q64jv()).unwrap();
        assert_eq!((sfdp.header_minor, sfdp.basic.minor), (5, 5));
        let erase: Vec<_> = sfdp
            .basic
            .erase
            .iter()
            .map(|e| (e.opcode, e.size, e.busy.unwrap().typical.as_millis(), e.busy.unwrap().max.as_millis()))
            .collect();
        assert_eq!(erase, [(0x20, 4096, 64, 896), (0x52, 32768, 128, 1792), (0xD8, 65536, 160, 2240)]);
        assert_eq!(sfdp.basic.page, Some(256));
        let program = sfdp.basic.program.unwrap();
        assert_eq!((program.typical.as_micros(), program.max.as_micros()), (704, 4224));
        let chip = sfdp.basic.chip_erase.unwrap();
        assert_eq!((chip.typical.as_secs(), chip.max.as_secs()), (20, 280));
        assert_eq!(sfdp.basic.quad_enable, Some(4));
        assert_eq!(sfdp.basic.reset, 0b11_0000, "66/99, and leave 0-4-4 first");
        assert_eq!(sfdp.basic.status_write & 8, 8, "non-volatile with a volatile overlay by 50h");
    }

    #[test]
    fn the_jw_table_is_revision_b_and_names_no_four_byte_erase() {
        let headers = [
            0x53, 0x46, 0x44, 0x50, 0x06, 0x01, 0x01, 0xFF, 0x00, 0x06, 0x01, 0x10, 0x80, 0x00, 0x00, 0xFF,
            0x84, 0x00, 0x01, 0x02, 0xD0, 0x00, 0x00, 0xFF,
        ];
        let mut dwords = W25Q64JV;
        (dwords[13], dwords[14]) = (0x5CD5_BDF7, 0xFF5D_F719);
        let mut bytes = space(&headers, &dwords);
        bytes[0xD0..0xD8].copy_from_slice(&[0xFF, 0xF0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        let sfdp = decode(&bytes).unwrap();
        assert_eq!((sfdp.header_minor, sfdp.basic.minor, sfdp.basic.quad_enable), (6, 6, Some(5)));
        let four = sfdp.four_byte.unwrap();
        assert_eq!(four.erase, [None; 4], "FF is no opcode");
    }

    #[test]
    fn a_size_as_a_power_of_two_and_an_absurd_one() {
        let mut bytes = w25q64fv();
        bytes[0x84..0x88].copy_from_slice(&(0x8000_0000u32 | 33).to_le_bytes());
        assert_eq!(decode(&bytes).unwrap().basic.size, 1 << 30);
        bytes[0x84..0x88].copy_from_slice(&0xFFFF_FFFFu32.to_le_bytes());
        assert_eq!(decode(&bytes), None);
    }

    #[test]
    fn wrong_signatures_and_short_dumps_are_refused() {
        let good = w25q64jv();
        for len in 0..0x80 + 36 {
            assert_eq!(decode(&good[..len]), None, "{len} bytes");
        }
        let mut bad = good.clone();
        bad[5] = 2;
        assert_eq!(decode(&bad), None);
        assert_eq!(decode(&[0xFF; 256]), None);
        assert_eq!(decode(&[0x00; 256]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(mut bytes in prop::collection::vec(any::<u8>(), 0..300), sign in any::<bool>()) {
            if sign && bytes.len() > 8 {
                bytes[..4].copy_from_slice(b"SFDP");
                bytes[5] = 1;
            }
            let _ = decode(&bytes);
        }
    }
}

//! The table in an Intel descriptor of the flash chips that the ME knows how to write (VSCC), and the chip on the clip.
//!
//! At EFCh: the table's base in units of 16 bytes, then its length in words of 32 bits. A row has two words: vendor, both
//! bytes of the device id; how that chip is written. Facts: Intel's SPI programming guides (FLUMAP1, JIDn, VSCCn), coreboot
//! util/ifdtool.

use super::checks::{Finding, VSCC};
use super::container::bytes::{Endianness::Little, u32_at};
use super::container::intel::descriptor;
use crate::units::hex_with;

/// Offset of the upper map.
const UPPER_MAP: usize = 0xefc;
const ROW: usize = 8;

/// The JEDEC ids in the table; `None` where there is no descriptor, or no table in it.
fn ids(flash: &[u8]) -> Option<Vec<[u8; 3]>> {
    descriptor::parse(flash, 0)?;
    let map = u32_at(flash, UPPER_MAP, Little)?;
    let (base, words) = ((map & 0xff) as usize * 16, (map >> 8 & 0xff) as usize);
    let table = flash.get(base..UPPER_MAP)?;
    let rows = table.chunks_exact(ROW).take(words * 4 / ROW);
    let ids: Vec<[u8; 3]> = rows.map(|row| [row[0], row[1], row[2]]).filter(|id| *id != [0xff; 3]).collect();
    (!ids.is_empty()).then_some(ids)
}

/// A finding where the table of the descriptor at the start of `flash` lacks the chip with that JEDEC id, in hexadecimal.
pub(crate) fn judge(flash: &[u8], chip: &str) -> Option<Finding> {
    let known: Vec<String> = ids(flash)?.iter().map(|id| hex_with(id, "")).collect();
    let id = chip.get(..6).filter(|id| !known.iter().any(|one| one == id))?;
    Some(VSCC.found(format!(
        "the chip on the clip ({id}) is not in the table of the Intel descriptor by which the ME knows chips (VSCC: {}): the \
         ME may not be able to write to it",
        known.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::container::intel::tests::flash;

    fn with_table(map: u32, rows: &[[u8; 8]]) -> Vec<u8> {
        let mut bytes = flash();
        bytes[UPPER_MAP..UPPER_MAP + 4].copy_from_slice(&map.to_le_bytes());
        bytes[0xdf0..0xdf0 + 8 * rows.len()].copy_from_slice(&rows.concat());
        bytes
    }

    #[test]
    fn a_chip_that_the_table_lacks_is_reported() {
        let rows = [[0xef, 0x40, 0x17, 0, 5, 0x20, 5, 0x20], [0xc2, 0x20, 0x18, 0, 5, 0x20, 5, 0x20]];
        let bytes = with_table(0x04df, &rows);
        assert_eq!((judge(&bytes, "ef4017"), judge(&bytes, "c2201800")), (None, None));
        let found = judge(&bytes, "ef4018").unwrap();
        assert!(found.name == "vscc" && found.message.contains("ef4017, c22018"), "{found}");
        // One row is in use, none, and a length past the end of the table's room.
        assert!(judge(&with_table(0x02df, &rows), "c22018").is_some());
        assert_eq!(judge(&with_table(0xdf, &rows), "ef4018"), None);
        assert!(judge(&with_table(0xffdf, &rows), "ef4018").is_some());
        assert_eq!(judge(&with_table(0xffff, &rows), "ef4018"), None);
        assert_eq!(judge(&vec![0x5a; 0x1_0000], "ef4018"), None, "no descriptor");
    }
}

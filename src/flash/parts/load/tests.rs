//! Every embedded row is read and held to what a row must be.

use super::super::row::{File, supply_by_code};
use super::super::text::{erases, volts};
use super::*;
use crate::flash::part::{EraseSpec, FourByte, ProtectScheme};
use std::collections::{BTreeMap, HashSet};

#[test]
fn every_file_reads_and_answers_for_its_ids() {
    for file in &VENDORS {
        let rows = read_file(file.text, schemes()).unwrap();
        assert!(!rows.is_empty());
        for part in rows {
            let first = part.jedec_id.iter().find(|b| **b != 0x7F).unwrap();
            assert!(file.manufacturers.contains(first), "{}: first byte {first:02X}", part.name);
        }
    }
}

#[test]
fn every_row_is_well_formed() {
    let mut seen = HashSet::new();
    for part in parts() {
        let name = &part.name;
        assert!(!name.is_empty() && !part.source.is_empty(), "{name}");
        assert!((1..=6).contains(&part.jedec_id.len()), "{name}: id {:02X?}", part.jedec_id);
        assert!(part.size.is_power_of_two() && part.size >= 32 << 10, "{name}: size {}", part.size);
        assert!(part.page.is_power_of_two() && part.page <= 512, "{name}: page {}", part.page);
        // A row that leaves its erase types to SFDP leaves the way above 16 MiB to it, too.
        let reported = part.erase.is_empty() || part.four_byte != FourByte::default();
        assert!(part.size <= 16 << 20 || reported, "{name}: how to reach above 16 MiB");
        for pair in part.erase.windows(2) {
            assert!(
                pair[0].size <= pair[1].size && pair[1].size % pair[0].size == 0,
                "{name}: {:?}",
                part.erase
            );
        }
        assert!(part.erase.iter().all(|e| e.size > 0 && part.size % e.size == 0), "{name}: {:?}", part.erase);
        if let Some((min, max)) = part.voltage_mv {
            assert!(1000 <= min && min < max && max <= 3600, "{name}: {min} to {max} mV");
        }
        let key = (part.probe, part.jedec_id.clone(), part.ext_id.clone(), part.tell, name.clone());
        assert!(seen.insert(key), "{name}: the same row twice");
    }
}

#[test]
fn an_unknown_word_or_scheme_is_refused() {
    let row = |extra: &str| {
        let text = format!(
            "vendor = 'X'\n[[parts]]\nname='A'\nid='EF1234'\nsize='1M'\nsource='s'\nsure='low'\n{extra}"
        );
        read_file(&text, schemes())
    };
    assert_eq!(row("").unwrap()[0].size, 1 << 20);
    assert!(row("colour = 'red'").unwrap_err().contains("colour"));
    assert!(row("otp = 'nothing-like-it'").unwrap_err().contains("nothing-like-it"));
    assert!(row("erase = 'D8:4Kx2'").unwrap_err().contains("does not cover"));
}

#[test]
fn an_erase_that_differs_by_place_is_a_split_one_of_the_largest_size() {
    let whole = |opcode, size| EraseSpec { opcode, size, split: false };
    let split = |opcode, size| EraseSpec { opcode, size, split: true };
    let all = erases("20:4K D8:4Kx2+8K+16K+32K C7:chip", 64 << 10).unwrap();
    assert_eq!(all.erase, [whole(0x20, 4096), split(0xD8, 32 << 10)]);
    assert_eq!(all.chip_erase, Some(0xC7));
    let all = erases("20:4K D8:8Kx4+32K+64Kx30+32K+8Kx4", 2 << 20).unwrap();
    assert_eq!(all.erase, [whole(0x20, 4096), split(0xD8, 64 << 10)]);
    assert_eq!(erases("D8:<=64K", 2 << 20).unwrap().erase, [split(0xD8, 64 << 10)]);
    // Blocks that lie across those of the largest size would be erased with their neighbours.
    assert!(erases("D8:4K+64K+60K", 128 << 10).unwrap_err().contains("aligned"));
}

#[test]
fn an_id_finds_its_rows_however_many_bytes_were_read() {
    let names = |id: &[u8]| by_id(id).iter().map(|p| p.name.as_str()).collect::<Vec<_>>();
    assert!(names(&[0xEF, 0x40, 0x17, 0x00, 0x00]).contains(&"W25Q64FV"));
    assert!(names(&[0xEF, 0x40]).is_empty());
    assert!(names(&[0xFF, 0xFF, 0xFF]).is_empty());
}

/// A bit that no write may set is never one that relocking has to set again.
#[test]
fn protection_bits_are_not_for_ever() {
    for part in parts() {
        let ProtectScheme::Bp(bits) = &part.protection else { continue };
        for bit in bits.bp.iter().chain(&bits.cmp) {
            assert!(!part.forever.contains(bit), "{}: {bit:?}", part.name);
        }
    }
}

/// A chip maker's mode flag is one row; what is the file's vendor's own does not reach another vendor's part there.
#[test]
fn a_vendors_facts_are_rows_and_defaults_of_its_file() {
    let text = "vendor = 'X'
        parts = [
            { name = 'A', id = 'EF1234', size = '32M', mode_flag = '65.4', source = 's' },
            { name = 'B', id = 'EF1235', size = '32M', source = 's' },
            { name = 'C', id = 'EF1236', size = '32M', vendor = 'Y', source = 's' },
        ]
        [defaults]
        sure = 'low'
        mode_flag = '15.0'
        unique_id = 8
        die_select = 0xC2
        sr2_by_35 = true";
    let rows = read_file(text, schemes()).unwrap();
    let flags: Vec<_> = rows.iter().map(|p| p.mode_flag.map(|f| (f.opcode, f.bit))).collect();
    assert_eq!(flags, [Some((0x65, 4)), Some((0x15, 0)), None]);
    let own: Vec<_> = rows.iter().map(|p| (p.unique_id, p.die_select, p.sr2_by_35)).collect();
    assert_eq!(own, [(8, Some(0xC2), true), (8, Some(0xC2), true), (0, None, false)]);
    assert!(read_file(&text.replace("65.4", "65.9"), schemes()).unwrap_err().contains("15.0"));
}

/// A maker's naming code gives a supply to rows that say none, the longest code wins, and no row that says one
/// contradicts the code it falls under.
#[test]
fn naming_codes_give_the_supply_and_agree_with_the_rows() {
    let of = |id: &[u8]| by_id(id)[0];
    for id in [
        [0xC8, 0x68, 0x18],
        [0xC8, 0x68, 0x19],
        [0x9D, 0x5B, 0x18],
        [0x9D, 0x5B, 0x19],
        [0x9D, 0x71, 0x18],
        [0xEF, 0xA0, 0x20],
        [0xEF, 0xA0, 0x21],
        [0xEF, 0xA0, 0x22],
    ] {
        assert!(of(&id).low_voltage, "{}", of(&id).name);
    }
    let codes = BTreeMap::from([("X25".into(), "2.7-3.6".into()), ("X25*W".into(), "1.7-2".into())]);
    assert_eq!(supply_by_code(&codes, "X25Q64NW-AM"), Some("1.7-2".into()));
    assert_eq!(supply_by_code(&codes, "X25Q64/W"), Some("2.7-3.6".into()));
    assert_eq!(supply_by_code(&codes, "Y25"), None);
    for vendor in &VENDORS {
        let file: File = toml::from_str(vendor.text).unwrap();
        for row in &file.parts {
            let (Some(name), Some(said)) = (&row.name, &row.volts) else { continue };
            let Some(code) = supply_by_code(&file.supply, name) else { continue };
            let low = |text: &str| volts(text).unwrap().1 < 2300;
            assert!(low(said) == low(&code), "{name}: row {said}, code {code}");
        }
    }
}

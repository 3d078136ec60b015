//! One test for each rule that distinguishes rows of one id.

use super::*;
use crate::flash::part::{BpRule, EraseSpec, OtpMethod, ProtectScheme, StatusEnable, Write01};

/// SFDP with these minor revisions and this fifth dword.
fn sfdp(header_minor: u8, table_minor: u8, dw5: u32) -> Evidence {
    let (header_minor, table_minor) = (Some(header_minor), Some(table_minor));
    Evidence {
        sfdp: Some(true),
        header_minor,
        table_minor,
        dwords: vec![0, 0, 0, 0, dw5],
        ..Evidence::default()
    }
}

fn no_sfdp() -> Evidence {
    Evidence { sfdp: Some(false), ..Evidence::default() }
}

fn ext(bytes: &[u8]) -> Evidence {
    Evidence { ext_id: bytes.to_vec(), ..Evidence::default() }
}

fn one(id: &[u8], evidence: &Evidence) -> Part {
    match resolve(id, evidence) {
        Resolved::One(part) => part,
        other => panic!("{id:02X?}: {other:?}"),
    }
}

fn family(id: &[u8], evidence: &Evidence) -> (Part, Vec<String>) {
    match resolve(id, evidence) {
        Resolved::Family(part, names) => (part, names),
        other => panic!("{id:02X?}: {other:?}"),
    }
}

const QPI: u32 = 0xFFFF_FFFE;
const NO_QPI: u32 = 0xFFFF_FFEE;

#[test]
fn w25q_generations_are_told_apart_by_sfdp() {
    for (id, size) in [(0x16, "32"), (0x17, "64")] {
        let id = [0xEF, 0x40, id];
        let name = |e: &Evidence| one(&id, e).name;
        assert_eq!(name(&no_sfdp()), format!("W25Q{size}BV"));
        assert!(name(&sfdp(0, 0, NO_QPI)).starts_with(&format!("W25Q{size}CV")));
        assert_eq!(name(&sfdp(0, 0, QPI)), format!("W25Q{size}FV"));
        assert_eq!(name(&sfdp(5, 5, QPI)), format!("W25Q{size}JV"));
        assert!(name(&sfdp(1, 0, NO_QPI)).starts_with("S25FL0"), "header minor 1 is Spansion's twin");
    }
    let name = |e: &Evidence| one(&[0xEF, 0x60, 0x17], e).name;
    assert_eq!(name(&no_sfdp()), "W25Q64DW");
    assert_eq!(name(&sfdp(5, 5, QPI)), "W25Q64FW");
    assert_eq!(name(&sfdp(6, 6, QPI)), "W25Q64JW");
    assert_eq!(one(&[0xEF, 0x40, 0x15], &sfdp(5, 5, QPI)).name, "W25Q16JV");
    assert_eq!(one(&[0xEF, 0x80, 0x17], &sfdp(6, 6, QPI)).name, "W25Q64JW-IM");
}

#[test]
fn a_copy_is_known_by_the_size_it_claims() {
    let id = [0xEF, 0x40, 0x18];
    let claims = |bits: u32| {
        let mut evidence = sfdp(0, 0, QPI);
        evidence.dwords[1] = bits - 1;
        evidence
    };
    assert_eq!(one(&id, &claims(128 << 20)).name, "W25Q128FV");
    let copy = one(&id, &claims(16 << 20));
    assert_eq!((copy.name.as_str(), copy.vendor.as_str(), copy.size), ("ZD25Q128C", "Zetta", 16 << 20));
}

#[test]
fn only_the_w25q256jv_has_four_byte_opcodes() {
    let fv = one(&[0xEF, 0x40, 0x19], &sfdp(0, 0, NO_QPI));
    let jv = one(&[0xEF, 0x40, 0x19], &sfdp(6, 5, NO_QPI));
    assert_eq!((fv.name.as_str(), fv.four_byte.native), ("W25Q256FV", false));
    assert_eq!((jv.name.as_str(), jv.four_byte.native), ("W25Q256JV", true));
}

#[test]
fn without_evidence_a_family_has_only_what_all_share() {
    let (part, names) = family(&[0xEF, 0x40, 0x17], &Evidence::default());
    assert_eq!((part.name.as_str(), names.len()), ("W25Q64BV, W25Q64CV or 3 more", 5));
    assert_eq!((part.size, part.erase.len()), (8 << 20, 3));
    assert_eq!(part.otp.method, OtpMethod::Unknown, "BV has none");
    assert_eq!(
        (part.status.read_sr2, part.status.write_01),
        (Some(0x35), Write01::Two),
        "all have SR2 in 01"
    );
    assert_eq!(part.status.enable, StatusEnable::Wren, "BV knows no 50");
    let ProtectScheme::Bp(bits) = part.protection else { panic!("{:?}", part.protection) };
    assert_eq!((bits.bp.len(), bits.rule, bits.cmp, bits.wps), (3, BpRule::Opaque, None, None));
}

#[test]
fn evidence_that_contradicts_every_row_leaves_the_family() {
    let (_, names) = family(&[0xEF, 0x40, 0x17], &sfdp(9, 2, NO_QPI));
    assert_eq!(names.len(), 5);
}

#[test]
fn an_id_nobody_knows_is_unknown() {
    assert_eq!(resolve(&[0xEF, 0x99, 0x17], &Evidence::default()), Resolved::Unknown);
    assert_eq!(resolve(&[], &Evidence::default()), Resolved::Unknown);
}

#[test]
fn an_id_that_lies_about_its_voltage_is_believed_only_with_the_byte_at_61h() {
    for (id, name, low) in [(0x36, "MX25L3239E", "MX25U3"), (0x37, "MX25L6439E", "MX25U6")] {
        let id = [0xC2, 0x25, id];
        let mut raw = vec![0xFF; 0x80];
        raw[0x61] = 0x36;
        let exception = one(&id, &Evidence { raw, ..sfdp(0, 0, 0) });
        assert_eq!((exception.name.as_str(), exception.low_voltage), (name, false));
        for evidence in
            [Evidence::default(), sfdp(0, 0, 0), Evidence { raw: vec![0x19; 0x80], ..sfdp(0, 0, 0) }]
        {
            let part = match resolve(&id, &evidence) {
                Resolved::One(part) | Resolved::Family(part, _) => part,
                Resolved::Unknown => panic!(),
            };
            assert!(part.low_voltage && part.name.starts_with(low), "{}", part.name);
        }
    }
}

#[test]
fn spansion_sector_sizes_come_from_the_extended_id() {
    let part = |e: &[u8]| one(&[0x01, 0x20, 0x18], &ext(e));
    let d8 = |p: &Part| p.erase.iter().find(|t| t.opcode == 0xD8).map(|t| t.size >> 10);
    assert_eq!(d8(&part(&[0x03, 0x00])), Some(256));
    assert_eq!(d8(&part(&[0x03, 0x01])), Some(64));
    assert_eq!(d8(&part(&[0x4D, 0x00, 0x80])), Some(256));
    assert_eq!(d8(&part(&[0x4D, 0x01, 0x80])), Some(64));
    let fs = part(&[0x4D, 0x01, 0x81]);
    assert!(fs.low_voltage && fs.name.starts_with("S25FS128S"), "{}", fs.name);
    // Not asked for its extended id, any of them: no D8, and the 1.8 V of FS-S.
    let (any, _) = family(&[0x01, 0x20, 0x18], &Evidence::default());
    assert!(d8(&any).is_none() && any.low_voltage);
}

#[test]
fn mt25q_is_told_from_n25q_by_its_extended_id() {
    let id = [0x20, 0xBA, 0x18];
    assert!(one(&id, &ext(&[0x10, 0x44, 0x00])).name.starts_with("MT25QL128"));
    assert!(one(&id, &ext(&[0x10, 0x40, 0x00])).name.starts_with("MT25QL128"));
    assert!(one(&id, &ext(&[0x10, 0x00, 0x00])).name.starts_with("N25Q128"));
}

/// The rows of the table of erase sizes that differ inside one id: without evidence the opcode is not used.
#[test]
fn an_opcode_whose_size_is_not_certain_is_not_used() {
    let traps: [(&[u8], &[u8]); 7] = [
        (&[0xC2, 0x20, 0x15], &[0x20, 0x52]),
        (&[0xC2, 0x20, 0x16], &[0x20, 0x52]),
        (&[0xC2, 0x20, 0x17], &[0x20, 0x52]),
        (&[0xC2, 0x20, 0x12], &[0x52]),
        (&[0x1C, 0x31, 0x11], &[0xD8]),
        (&[0x1C, 0x38, 0x15], &[0xD8, 0x52]),
        (&[0x01, 0x20, 0x18], &[0xD8, 0x20]),
    ];
    for (id, opcodes) in traps {
        let part = match resolve(id, &Evidence::default()) {
            Resolved::One(part) | Resolved::Family(part, _) => part,
            Resolved::Unknown => panic!("{id:02X?}"),
        };
        for opcode in opcodes {
            assert!(part.erase.iter().all(|t| t.opcode != *opcode), "{id:02X?} {}: {opcode:02X}", part.name);
        }
    }
    // Boot sectors at one end, at the other or nowhere, all inside of blocks of 64 KiB: a split erase.
    let eon = match resolve(&[0x1C, 0x20, 0x14], &Evidence::default()) {
        Resolved::One(part) | Resolved::Family(part, _) => part,
        Resolved::Unknown => panic!(),
    };
    assert_eq!(eon.erase, [EraseSpec { opcode: 0xD8, size: 0x1_0000, split: true }]);
    // Where SFDP exists it is a later generation, and 4K by 20 is certain.
    let mx = match resolve(&[0xC2, 0x20, 0x17], &sfdp(0, 0, 0)) {
        Resolved::One(part) | Resolved::Family(part, _) => part,
        Resolved::Unknown => panic!(),
    };
    assert!(mx.erase.iter().any(|t| t.opcode == 0x20 && t.size == 4096));
}

#[test]
fn gigadevice_generations_are_told_apart() {
    let id = [0xC8, 0x40, 0x17];
    assert!(one(&id, &no_sfdp()).name.starts_with("GD25Q64(B)"));
    assert!(one(&id, &sfdp(0, 0, 0)).name.starts_with("GD25Q64C"));
    assert!(one(&id, &sfdp(6, 6, 0)).name.starts_with("GD25Q64E"));
    let q256 = |e: &Evidence| match resolve(&[0xC8, 0x40, 0x19], e) {
        Resolved::One(part) | Resolved::Family(part, _) => part,
        Resolved::Unknown => panic!(),
    };
    assert_eq!(q256(&sfdp(0, 0, 0)).status.quad_enable.map(|b| b.bit), Some(6), "QE is SR1.6 on the C");
    assert_eq!(q256(&sfdp(6, 6, 0)).status.quad_enable.map(|b| b.bit), Some(1));
}

#[test]
fn sr2_settles_what_sfdp_leaves_open_and_only_where_35_is_harmless() {
    // GD25D20 has SR1 alone, GD25Q20C has SR2; both may answer C84012 with the same SFDP.
    let id = [0xC8, 0x40, 0x12];
    let evidence = sfdp(0, 0, 0);
    assert!(may_ask_sr2(&id, &evidence));
    assert!(one(&id, &Evidence { sr2: Some(true), ..evidence.clone() }).name.starts_with("GD25Q20C"));
    assert!(one(&id, &Evidence { sr2: Some(false), ..evidence }).name.starts_with("GD25D20C"));
    assert!(!may_ask_sr2(&[0xEF, 0x40, 0x17], &Evidence::default()), "every row has it: nothing to settle");
    assert!(!may_ask_sr2(&[0xC2, 0x20, 0x17], &Evidence::default()), "35 is the way into QPI");
    assert!(!may_ask_sr2(&[0x20, 0x40, 0x15], &Evidence::default()), "Micron's M45PE shares the id");
}

//! Dumps as base and as donor: read wrong, of another version of the board, with a broken firmware.

use crate::image::splice::tests::*;

#[test]
fn dumps_that_were_not_read_right() {
    let mirrored = || {
        let mut chip = base();
        let (low, high) = chip.split_at_mut(CHIP / 2);
        high.copy_from_slice(low);
        chip
    };
    let radio_of_7628 = || {
        let mut chip = base();
        chip[RADIO] = 0x28;
        chip
    };
    let swapped = || base().chunks(4).flat_map(|word| word.iter().rev().copied()).collect();
    let faults: [(&str, Vec<u8>); 7] = [
        ("other-form", swapped()),
        ("blank-dump", vec![0xff; CHIP]),
        ("blank-dump", vec![0; CHIP]),
        ("mirrored-dump", mirrored()),
        ("wrong-calibration", radio_of_7628()),
        ("chip-size", base()[..CHIP / 2].to_vec()),
        ("chip-size", joined(&[&base(), &base()])),
    ];
    for (name, dump) in faults {
        Case::new(web()).base(dump.clone()).refused(name);
        Case::new(dump).refused(name);
    }
    Case::new(web()).base(Vec::new()).refused("chip-size");
}

#[test]
fn a_dump_of_another_version_of_the_board() {
    // MR200 v4 has its address at 7EF100.
    let mut chip = base();
    chip[ROM..ROMFILE].fill(0xff);
    chip[RADIO..RADIO + 2].copy_from_slice(&[0x28, 0x76]);
    Case::new(web()).base(chip.clone()).refused("wrong-calibration");
    chip[ROMFILE + 0xf100..ROMFILE + 0xf106].copy_from_slice(&[0x30, 0xb5, 0xc2, 4, 4, 4]);
    Case::new(web()).base(chip).refused("other-map");
}

/// MR6400 v4 and v5 have the same radio at the same place, and the address at 7DF100 and at 7EF100: only that tells.
#[test]
fn a_dump_that_differs_in_the_addresss_place_only() {
    let mut chip = synthetic::noise(7, CHIP);
    chip[ROM..].fill(0xff);
    chip[RADIO..RADIO + 0x400].copy_from_slice(&synthetic::noise(8, 0x400));
    chip[RADIO..RADIO + 4].copy_from_slice(&[0x28, 0x76, 2, 0]);
    let mac = [0x60, 0xe3, 0x27, 1, 2, 3];
    let refused = |place: usize, name: &str| {
        let mut chip = chip.clone();
        chip[place..place + 6].copy_from_slice(&mac);
        let board = Board::named(name).unwrap();
        let found = fitness::judge(chip, "dump", fitness::Use::Dump, board).unwrap();
        found.iter().filter(|f| f.severity == Severity::Refuse).map(|f| f.name).collect::<Vec<_>>()
    };
    for (place, right, wrong) in
        [(ROM + 0xf100, "tl-mr6400-v4", "tl-mr6400-v5"), (ROMFILE + 0xf100, "tl-mr6400-v5", "tl-mr6400-v4")]
    {
        assert_eq!(refused(place, right), [""; 0]);
        assert_eq!(refused(place, wrong), ["other-map"]);
    }
}

/// Two bits of the firmware were read wrong, or the firmware is damaged: the splice continues, and says so.
#[test]
fn a_base_whose_firmware_is_damaged_is_told() {
    let mut chip = base();
    let reported = |chip: &[u8]| {
        let spliced = Case::new(web()).base(chip.to_vec()).run().unwrap();
        spliced.findings.into_iter().find(|f| f.name == "base-damaged").map(|f| f.message)
    };
    assert_eq!(reported(&chip), None);
    chip[LOADER + 0x4_0000] ^= 4;
    assert!(reported(&chip).unwrap().contains("MD5 of its firmware at 0x20000"));
    // OpenWrt's overlay is a legitimate change.
    assert_eq!(reported(&openwrt_dump([0x85, 0x19, 3, 0x20])), None);
}

/// A loader whose first bytes are those of an archive: the file has the chip's size, so it may be what the chip holds.
#[test]
fn a_dump_that_starts_like_an_archive_can_be_used_when_that_is_allowed() {
    let mut chip = base();
    chip[..4].copy_from_slice(b"PK\x03\x04");
    let right = Case::new(web()).ok();
    let made = Case::new(web()).base(chip.clone()).asked("other-form");
    assert!(made[..4] == *b"PK\x03\x04" && made[4..] == right[4..]);
    // What is no chip's size is an archive.
    Case::new(web()).base(chip[..chip.len() - 1].to_vec()).refused("other-form");
}

#[test]
fn a_donor_dump_with_a_broken_firmware_gives_the_rest() {
    let mut broken = base();
    broken[LOADER + 0x30_0000] ^= 1;
    Case::new(broken.clone()).refused("md5");
    let result = Case::new(web()).donor("older", broken.clone()).set("romfile=older").ok();
    assert!(result[ROMFILE..RADIO] == base()[ROMFILE..RADIO]);
}

//! Data of the one unit: kept, foreign, blank, mixed.

use crate::image::checks::Severity;
use crate::image::container::intel::gbe::tests::bank;
use crate::image::container::intel::tests::flash;
use crate::image::per_unit::Mac;
use crate::image::splice::tests::*;

#[test]
fn data_of_the_unit_stays_unless_it_is_allowed() {
    let other = other_unit();
    let result = Case::new(other.clone()).ok();
    assert!(result[ROM..ROMFILE] == base()[ROM..ROMFILE] && result[RADIO..] == base()[RADIO..]);
    let foreign = Case::new(other.clone()).set("rom=donor").asked("foreign-mac");
    assert!(foreign[ROM..ROMFILE] == other[ROM..ROMFILE]);
    let names = Case::new(other.clone()).set("radio=donor").stops();
    assert_eq!(names, ["foreign-calibration", "foreign-calibration"]);
    let foreign = Case::new(other.clone()).set("radio=donor").allow("foreign-calibration").ok();
    assert!(foreign[RADIO..] == other[RADIO..]);
    // The same bytes, from an older dump of this very unit, are nobody else's.
    let older = Case::new(web()).donor("older", base()).set("radio=older").set("rom=older");
    assert!(older.run().is_ok());
    // As a bare region file too.
    let bare = Case::new(web()).donor("bare", other[RADIO..].to_vec()).set("radio=bare");
    assert_eq!(bare.stops(), names);

    Case::new(web()).set("radio=blank").refused("unit-erased");
    Case::new(web()).set("rom=blank").refused("unit-erased");
    Case::new(web()).set("u-boot=blank").refused("no-loader");
    Case::new(web()).set("radio=donor").refused("donor-lacks");
    assert_eq!(Case::new(web()).set("firmware=blank").stops(), ["no-firmware"]);

    let mut blank = other_unit();
    blank[RADIO..].fill(0xff);
    blank[ROM..ROMFILE].fill(0xff);
    assert!(Case::new(blank.clone()).run().is_ok(), "its firmware is as good as any");
    Case::new(blank.clone()).set("radio=donor").refused("donor-blank-unit");
    Case::new(blank).set("rom=donor").refused("donor-blank-unit");
    let mut wrong = base()[RADIO..].to_vec();
    wrong[0] = 0x28;
    Case::new(web()).donor("bare", wrong).set("radio=bare").refused("wrong-calibration");
}

#[test]
fn the_boards_own_blank_data_is_asked_for() {
    for fill in [0xff, 0] {
        let mut chip = base();
        chip[RADIO + 0x8000..RADIO + 0x8200].fill(fill);
        Case::new(web()).base(chip.clone()).asked("own-calibration-blank");
        // An older dump gives it back, and that is asked too: it differs.
        let mended = Case::new(web()).base(chip.clone()).donor("older", base()).set("radio=older");
        assert!(mended.asked("foreign-calibration")[RADIO..] == base()[RADIO..]);
        let mut chip = base();
        chip[ROM + 0xf100..ROM + 0xf106].fill(fill);
        Case::new(web()).base(chip).asked("own-mac-blank");
    }
    let mut both = base();
    both[RADIO..].fill(0xff);
    let allowed = Case::new(web()).base(both.clone()).allow("own-calibration-blank").ok();
    assert!(allowed[RADIO..] == both[RADIO..]);
    // Not in a rescue file.
    assert!(Case::new(web()).base(both).on(Purpose::Tftp).run().is_ok());
}

#[test]
fn address_and_calibration_of_different_units_are_told() {
    let mut mixed = base();
    mixed[RADIO + 7..RADIO + 10].copy_from_slice(&[0x44, 0x55, 0x66]);
    Case::new(web()).base(mixed).reported("mixed-units");
    let with_maker = |maker: [u8; 3]| {
        let mut chip = base();
        chip[RADIO + 4..RADIO + 7].copy_from_slice(&maker);
        Case::new(web()).base(chip)
    };
    with_maker([0xf4, 0xf2, 0x6d]).reported("mixed-units");
    // What the radio's maker left there says nothing.
    let of_ralink = with_maker([0x00, 0x0c, 0x43]).run().unwrap().findings;
    assert!(of_ralink.iter().all(|f| f.name != "mixed-units"));
    let names: Vec<_> = Case::new(web()).run().unwrap().findings.iter().map(|f| f.name).collect();
    assert!(!names.contains(&"mixed-units"));
}

/// A boot log or `mtdparts` names a region of the unit and not what is in it: all of it counts.
#[test]
fn a_region_of_the_unit_counts_as_a_whole_where_nobody_says_what_it_holds() {
    let text = "mtdparts=spi0.0:64k(u-boot)ro,128k(firmware),64k(art)ro";
    let layout = parse_any(text.as_bytes(), Some(0x4_0000)).unwrap();
    let board = Board::from_layout("plain", layout).unwrap();
    let base = synthetic::noise(1, 0x4_0000);
    let run = |donor: Vec<u8>, source: &str, allow: &[&str]| {
        let mut choice = Choice { allow: Allow::new(allow.iter().copied()), ..Choice::default() };
        choice.set(&format!("art={source}")).unwrap();
        match splice(&Image::new(base.clone()), &[Donor::new("donor", donor)], &board, &choice) {
            Ok(_) => Vec::new(),
            Err(ImageError::Refused { findings }) => findings.into_iter().map(|f| f.name).collect(),
            Err(other) => panic!("{other}"),
        }
    };
    let other = || synthetic::noise(2, 0x4_0000);
    let mut blank = other();
    blank[0x3_0000..].fill(0xff);
    assert_eq!(run(other(), "own", &["loader-start", "own-loader"]), [""; 0]);
    assert_eq!(run(other(), "donor", &["loader-start", "own-loader"]), ["foreign-calibration"]);
    assert_eq!(run(other(), "donor", &["all"]), [""; 0]);
    assert_eq!(run(blank, "donor", &["all"]), ["donor-blank-unit"]);
    assert_eq!(run(other(), "blank", &["all"]), ["unit-erased"]);
}

/// By its name alone it is the unit's: that it is blank is reported, and is no reason to stop.
#[test]
fn a_region_of_the_unit_that_is_blank_is_told_where_its_name_is_all_that_is_known() {
    let layout =
        parse_any(b"mtdparts=spi0.0:64k(u-boot)ro,128k(firmware),64k(art)ro", Some(0x4_0000)).unwrap();
    let board = Board::from_layout("plain", layout).unwrap();
    let reported = |base: Vec<u8>| {
        let choice = Choice { allow: Allow::new(["loader-start", "own-loader"]), ..Choice::default() };
        let donor = Donor::new("donor", synthetic::noise(2, 0x4_0000));
        let made = splice(&Image::new(base), &[donor], &board, &choice).unwrap();
        made.findings.iter().any(|f| f.name == "own-calibration-blank" && f.severity == Severity::Tell)
    };
    let mut base = synthetic::noise(1, 0x4_0000);
    assert!(!reported(base.clone()));
    base[0x3_0000..].fill(0xff);
    assert!(reported(base));
}

/// The NVM of a PC's Ethernet port from a donor: it has to hold, and nothing in it may keep the other unit's address.
#[test]
fn a_donors_ethernet_nvm_that_does_not_hold_is_refused() {
    let own = flash();
    let board = Board::from_layout("pc", parse_any(&own, None).unwrap()).unwrap();
    let run = |donor: &[u8], mac: Option<Mac>, allow: &[&str]| {
        let mut choice = Choice { allow: Allow::new(allow.iter().copied()), ..Choice::default() };
        choice.set("gbe=d").unwrap();
        choice.edits.mac = mac;
        let donors = [Donor::new("d", donor.to_vec())];
        let made = splice(&Image::new(own.clone()), &donors, &board, &choice);
        made.err().map_or(Vec::new(), |e| e.findings().iter().map(|f| f.name).collect())
    };
    let good = bank([0x00, 0x1b, 0x21, 7, 7, 7]);
    let given_up = [&good[..0x27], &[good[0x27] & 0x3f], &good[0x28..]].concat();
    let damaged = [&good[..0x20], &[good[0x20] ^ 1], &good[0x21..]].concat();
    let new = Some([2, 0, 0, 0, 0, 0x77]);
    for (first, second, plain, with_mac) in [
        (&good, &good, "foreign-mac", ""),
        (&given_up, &good, "foreign-mac", ""),
        (&given_up, &given_up, "sum", "-"),
        (&damaged, &damaged, "sum", "-"),
        // A driver takes the first one with the mark.
        (&damaged, &good, "foreign-mac", "foreign-mac"),
    ] {
        let donor = [&first[..], second].concat();
        assert_eq!(run(&donor, None, &[]), [plain]);
        assert_eq!(run(&donor, None, &["foreign-mac"]).is_empty(), plain == "foreign-mac");
        if with_mac != "-" {
            let wanted: &[&str] = if with_mac.is_empty() { &[] } else { &[with_mac] };
            assert_eq!(run(&donor, new, &[]), wanted);
        }
    }
}

//! What comes from where: the default, sources by region, the three kinds of result, the tables.

use crate::image::container::envelope::Md5Verdict;
use crate::image::splice::tests::*;

#[test]
fn the_default_is_the_same_from_every_kind_of_vendor_donor() {
    let firmware = vendor_firmware();
    let wanted = clean(&firmware, &[]);
    let rescue = joined(&[&their_loader(), &firmware]);
    for donor in [web(), web_with_modem(), firmware, other_unit(), rescue] {
        assert!(Case::new(donor).ok() == wanted);
    }
}

#[test]
fn a_base_that_runs_openwrt_or_has_odd_contents_is_taken() {
    let wanted = clean(&vendor_firmware(), &[]);
    for node in [[0x85, 0x19, 3, 0x20], [0x19, 0x85, 0x20, 3]] {
        assert!(Case::new(web()).base(openwrt_dump(node)).ok() == wanted);
    }
    // The vendor's page changed hw_ver_add while it stored the firmware; the sum is stale.
    let mut stale = base();
    stale[0x2_003f] = 0;
    assert!(Case::new(web()).base(stale.clone()).ok() == wanted);
    // A third value is neither the unit's nor the one it came with.
    let third = FirmwareSpec { hardware: (0xd750_0001, 0x4a, 2), ..spec(2) };
    Case::new(synthetic::firmware(&third)).base(stale).asked("region");
    // An operator's loader without a known text that starts in its own way.
    let mut odd = base();
    odd[..LOADER].copy_from_slice(&synthetic::noise(77, LOADER));
    let mut odd_wanted = wanted.clone();
    odd_wanted[..LOADER].copy_from_slice(&odd[..LOADER]);
    assert!(Case::new(web()).base(odd).ok() == odd_wanted);
    // A broken firmware on the board is what is to be replaced.
    let mut broken = base();
    broken[LOADER..LOADER + 0x4_0000].fill(0x33);
    assert!(Case::new(web()).base(broken).ok() == wanted);
}

#[test]
fn sysupgrade_files_are_stripped_for_the_programmer_and_kept_for_tftp() {
    let stripped = synthetic::openwrt(&openwrt_spec());
    assert!(Case::new(sysupgrade()).reported("fills-settings") == clean(&stripped, &[]));
    let tftp = Case::new(sysupgrade()).on(Purpose::Tftp).ok();
    assert!(tftp == joined(&[&own_loader(), &sysupgrade()]));
}

#[test]
fn tftp_files_of_vendor_donors_end_where_the_rescue_ends() {
    let wanted = clean(&vendor_firmware(), &[])[..ROM].to_vec();
    for donor in [web(), web_with_modem(), other_unit(), vendor_firmware()] {
        assert!(Case::new(donor).on(Purpose::Tftp).ok() == wanted);
    }
    let reported = Case::new(other_unit()).on(Purpose::Tftp).set("radio=donor");
    assert!(reported.reported("not-in-file") == wanted);
}

#[test]
fn the_web_file_is_as_the_vendor_would_make_it() {
    let file = Case::new(other_unit()).on(Purpose::Web).ok();
    assert!(file == synthetic::vendor_file(&own_loader(), &vendor_firmware()));
    let swapped = Case::new(web()).on(Purpose::Web).set("u-boot=donor").ok();
    assert!(swapped == web());
    Case::new(sysupgrade()).on(Purpose::Web).refused("too-long");
}

#[test]
fn firmware_of_an_openwrt_dump_runs_on_into_config() {
    let mut used = openwrt_dump([0x85, 0x19, 3, 0x20]);
    used[CONFIG + 0x100] = 7;
    let result = Case::new(used.clone()).reported("foreign-overlay");
    assert!(result[LOADER..ROM] == used[LOADER..ROM]);
    assert!(result[ROM..ROMFILE] == base()[ROM..ROMFILE] && result[RADIO..] == base()[RADIO..]);
    Case::new(used.clone()).set("config=own").refused("firmware-cut");
    Case::new(used).set("config=blank").refused("firmware-cut");
    // A short image leaves config free, and the user's word counts.
    let mut chip = base();
    chip[CONFIG] = 1;
    let kept = Case::new(sysupgrade()).base(chip).set("config=own").reported("fills-settings");
    assert_eq!(kept[CONFIG], 1);
}

#[test]
fn sources_by_region() {
    let other = other_unit();
    let result = Case::new(other.clone()).set("config=donor").set("romfile=own").reported("foreign-settings");
    assert!(result == joined(&[&base()[..LOADER], &other[LOADER..ROM], &base()[ROM..]]));
    let swapped = Case::new(web()).set("u-boot=donor").reported("loader-swap");
    assert!(swapped[..LOADER] == their_loader());
    let kept = Case::new(web()).set("firmware=own").set("romfile=own").set("u-boot=donor").ok();
    assert!(kept == joined(&[&their_loader(), &base()[LOADER..CONFIG], &base()[CONFIG..]]));
    let two = Case::new(web()).donor("op", base()).set("romfile=op").set("config=op");
    assert!(two.ok()[ROMFILE..RADIO] == base()[ROMFILE..RADIO]);
}

#[test]
fn a_donor_by_another_name_gives_the_firmware_when_it_is_the_only_one_that_can() {
    let mut case = Case::new(web()).donor("boot", their_loader()).set("u-boot=boot");
    case.donors[0].name = "stock".to_owned();
    let spliced = case.run().unwrap();
    assert!(spliced.image[..LOADER] == their_loader());
    assert_eq!(spliced.sources[1], ("firmware".to_owned(), Source::Donor("stock".to_owned())));
    let mut unclear = Case::new(web()).donor("b", other_unit());
    unclear.donors[0].name = "a".to_owned();
    unclear.refused("donor-unclear");
    let nothing = Case { donors: Vec::new(), ..Case::new(Vec::new()) };
    nothing.refused("donor-lacks");
}

#[test]
fn names_that_are_not_there() {
    let e = Case::new(web()).set("bootloader=own").run().unwrap_err();
    assert!(e.to_string().contains("no region 'bootloader'") && e.to_string().contains("u-boot"), "{e}");
    let e = Case::new(web()).set("u-boot=stock").run().unwrap_err();
    assert!(e.to_string().contains("'stock'") && e.to_string().contains("donor"), "{e}");
}

#[test]
fn the_tables_say_what_happens() {
    let spliced = Case::new(web()).run().unwrap();
    let names: Vec<_> = spliced.regions.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["u-boot", "firmware", "config", "rom", "romfile", "radio"]);
    let row = |name: &str| spliced.regions.iter().find(|r| r.name == name).unwrap();
    assert!(row("firmware").changes && !row("radio").changes && !row("u-boot").changes);
    assert_eq!(
        (row("romfile").was.as_str(), row("romfile").will_be.as_str()),
        ("settings (XML), profile OP", "blank")
    );
    assert!(row("firmware").will_be.contains("D7500001/4A/1"), "{}", row("firmware").will_be);
    assert_eq!(row("firmware").from, Source::Donor("donor".to_owned()));
    let mac = spliced.units.iter().find(|u| u.name == "MAC").unwrap();
    assert_eq!(
        (mac.backup.as_str(), mac.result.as_str(), mac.same),
        ("30:b5:c2:01:02:01", "30:b5:c2:01:02:01", true)
    );
    let kinds: Vec<_> = spliced.units.iter().map(|u| u.kind.name()).collect();
    assert_eq!(kinds, ["mac", "serial", "calibration", "calibration"]);
    let foreign = Case::new(other_unit()).set("rom=donor").allow("all").run().unwrap();
    let serial = foreign.units.iter().find(|u| u.kind == UnitKind::Serial).unwrap();
    assert_eq!((serial.backup.as_str(), serial.result.as_str()), ("DEMO00000001", "DEMO00000002"));
    assert_eq!(spliced.loader_before.as_deref(), Some("U-Boot 1.1.3 (Mar 10 2016 - 09:12:44)"));
    let swapped = Case::new(web()).set("u-boot=donor").run().unwrap();
    assert_eq!(swapped.loader_after.as_deref(), Some("U-Boot 1.1.3 (Aug 31 2015 - 16:32:16)"));
}

#[test]
fn bytes_after_the_firmware_land_in_config_only_when_allowed() {
    let file = web_with_modem();
    Case::new(file.clone()).reported("tail-left-out");
    for purpose in [Purpose::Programmer, Purpose::Tftp] {
        let result = Case::new(file.clone()).set("config=donor").on(purpose).asked("modem-in-config");
        assert!(result[CONFIG..ROM] == file[0x200 + CONFIG..0x200 + ROM]);
    }
    // A file without any has no config to give.
    assert!(Case::new(web()).set("config=donor").ok() == clean(&vendor_firmware(), &[]));
}

/// Files of the first structure come without a loader: firmware alone, as long as its header says, its MD5 redone.
#[test]
fn a_web_file_of_the_first_structure_is_the_firmware_alone() {
    let first = include_bytes!("../../../../tests/data/small/v1_mr3020_EU.bin");
    let header = tplink::parse(first, 0).unwrap();
    let text = "mtdparts=spi0.0:128k(u-boot)ro,7872k(firmware),192k(art)ro";
    let layout = parse_any(text.as_bytes(), Some(CHIP as u64)).unwrap();
    let board = Board::from_layout("plain", layout).unwrap();
    let choice = Choice { purpose: Purpose::Web, allow: Allow::new(["all"]), ..Choice::default() };
    let mut damaged = base();
    damaged[LOADER..LOADER + first.len()].copy_from_slice(first);
    // Settings that the system wrote into its own firmware region: the sum must be made anew.
    damaged[LOADER + header.fw_length as usize - 9] ^= 1;
    let choice = Choice { sources: [("firmware".to_owned(), Source::Own)].into(), ..choice };
    let made = splice(&Image::new(damaged.clone()), &[], &board, &choice).unwrap().image;
    assert_eq!(made.len(), header.fw_length as usize);
    assert!(made[0x100..] == damaged[LOADER + 0x100..LOADER + made.len()]);
    let md5 = tplink::parse(&made, 0).unwrap().check_md5(&made);
    assert!(matches!(md5, Md5Verdict::Holds { .. }));
}

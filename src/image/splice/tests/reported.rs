//! What the splice only reports: legitimate changes, sums that cannot be judged, settings and loaders of mixed origin.

use crate::image::splice::tests::*;

/// The vendor's page changed `hw_ver_add` of this unit's firmware while it stored it: the MD5 is stale, lawfully.
#[test]
fn a_donor_dump_whose_header_the_vendors_page_changed_is_taken() {
    let came_as = FirmwareSpec { hardware: (0xd750_0001, 0x4a, 0), ..spec(2) };
    let mut dump = synthetic::chip(&unit(2), &their_loader(), &synthetic::firmware(&came_as));
    assert_eq!(dump[LOADER + 0x3f], 0);
    dump[LOADER + 0x3f] = 1;
    let image = Case::new(dump.clone()).reported("md5-stale");
    assert!(image[LOADER..CONFIG] == dump[LOADER..CONFIG]);
    // One more changed byte has no legitimate reason.
    dump[LOADER + 0x1000] ^= 1;
    Case::new(dump).refused("md5");
}

#[test]
fn a_header_without_an_md5_is_told() {
    let mut firmware = vendor_firmware();
    firmware[0x40..0x50].fill(0);
    Case::new(firmware).reported("md5-unknown");
}

#[test]
fn an_operators_profile_that_stays_is_told() {
    let image = Case::new(web()).set("romfile=own").reported("operator-settings");
    assert!(image[ROMFILE..RADIO] == base()[ROMFILE..RADIO]);
}

#[test]
fn loader_and_firmware_of_different_files_are_told() {
    Case::new(web()).reported("loader-mix");
    let together = Case::new(web()).set("u-boot=donor").run().unwrap();
    assert!(together.findings.iter().all(|f| f.name != "loader-mix"), "both from one file");
}

#[test]
fn a_sysupgrade_file_that_names_no_device_is_told() {
    Case::new(synthetic::sysupgrade(&openwrt_spec(), &[])).reported("not-judged");
}

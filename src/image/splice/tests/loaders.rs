//! Boot loaders cut at the wrong place.

use crate::image::splice::tests::*;

#[test]
fn loaders_cut_at_the_wrong_place() {
    let file = web();
    let as_loader = |bytes: &[u8]| Case::new(web()).donor("boot", bytes.to_vec()).set("u-boot=boot");
    assert!(as_loader(&file[0x200..0x2_0200]).ok()[..LOADER] == their_loader());
    // Without the padding after its code.
    assert!(as_loader(&their_loader()[..0x1_8a00]).ok()[..LOADER] == their_loader());
    as_loader(&file[..LOADER]).refused("header-kept");
    as_loader(&file[0x400..0x2_0400]).refused("loader-cut");
    // 257 bytes instead of 257 blocks: what fills the header is before the loader.
    as_loader(&file[257..257 + LOADER]).refused("no-loader");
    as_loader(&vendor_firmware()[..LOADER]).refused("truncated");
    as_loader(&[0xff; LOADER]).refused("no-loader");
    as_loader(&[0; LOADER]).refused("no-loader");
    assert_eq!(as_loader(&synthetic::noise(5, LOADER)).stops(), ["loader-start"]);
    // The header stripped twice, and padding added after it: the start of a loader known here is missing.
    let mut late = their_loader()[0x200..].to_vec();
    late.resize(LOADER, 0xff);
    as_loader(&late).refused("loader-cut");
    let mut own_early = vec![0x5a; 0x100];
    own_early.extend_from_slice(&own_loader()[..LOADER - 0x100]);
    as_loader(&own_early).refused("loader-cut");
    // In a vendor file the headers prove where it starts, whatever it starts with.
    let odd = synthetic::noise(9, LOADER - 0x1000);
    let file_with_odd = synthetic::vendor_file(&odd, &vendor_firmware());
    assert!(Case::new(file_with_odd).set("u-boot=donor").ok()[..odd.len()] == odd);
    let single = Case::new(file[..LOADER].to_vec()).set("u-boot=donor");
    single.refused("header-kept");
    // A dump that begins with what a rescue by the wrong file left there.
    let mut dead = other_unit();
    dead[..LOADER].fill(0);
    Case::new(dead.clone()).set("u-boot=donor").refused("donor-lacks");
    let mut own = base();
    own[..LOADER].copy_from_slice(&dead[..LOADER]);
    Case::new(web()).base(own.clone()).asked("own-loader");
    Case::new(web()).base(own.clone()).on(Purpose::Tftp).refused("no-loader");
    assert!(Case::new(web()).base(own).set("u-boot=donor").ok()[..LOADER] == their_loader());
}

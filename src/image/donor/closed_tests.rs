//! Files that are named and not opened as donors: each is refused by its name, whatever is allowed, even where a device
//! tree in it names the board.

use crate::image::container::bytes::Endianness;
use crate::image::container::{
    ambarella, arcadyan, bcm_tag, big_trx, cbfs, mtk_boot, realtek, ubi, xikestor,
};
use crate::image::*;
use crate::span::Span;

const CHIP: u64 = 0x10_0000;
const TREE: &[u8] = include_bytes!("../../../tests/data/dts/fixed-layout.dtb");
const ESP: &[u8] = include_bytes!("../../../tests/data/small/esp32c3_app.bin");

/// A board that the tree names.
fn board() -> Board {
    let rows = [("boot", 0, 0x3_0000), ("firmware", 0x3_0000, 0xf_0000), ("factory", 0xf_0000, CHIP)];
    let regions = rows.iter().map(|(name, a, b)| Region::named(*name, Span::new(*a, *b))).collect();
    let layout = Layout { regions, ..Layout::default() };
    let plain = Board::from_layout("plain", layout).unwrap();
    Board { compatible: vec!["tplink,archer-mr200".into()], ..plain }
}

/// What refuses the donor, with everything allowed.
fn refusal(donor: Vec<u8>) -> String {
    let base = Image::new([&synthetic::noise(5, 0x1000)[..], &vec![0x5a; CHIP as usize - 0x1000]].concat());
    let choice = Choice { allow: Allow::new(["all"]), ..Choice::default() };
    splice(&base, &[Donor::new("donor", donor)], &board(), &choice)
        .map_or_else(|e| e.to_string(), |_| "taken".into())
}

#[test]
fn each_is_refused_by_its_name() {
    let samples: [(Vec<u8>, &str); 13] = [
        (big_trx::tests::econet(Endianness::Big), "TRX image of an EcoNet board"),
        (big_trx::tests::econet(Endianness::Little), "TRX image of an EcoNet board"),
        (big_trx::tests::zyxel(), "TRX image of ZyXEL"),
        (realtek::tests::made(b"cr6c", 0x80a0_0000), "Realtek image"),
        (bcm_tag::tests::made(), "Broadcom BCM63xx image"),
        (mtk_boot::tests::made(), "MediaTek first loader"),
        (mtk_boot::tests::lk(), "MediaTek LK image"),
        (ambarella::tests::made(), "partition of an Ambarella firmware"),
        (arcadyan::tests::MADE.to_vec(), "scrambled Arcadyan image"),
        (xikestor::tests::made(), "XikeStor switch image"),
        (ESP.to_vec(), "Espressif image"),
        (ubi::tests::made(), "UBI image"),
        (cbfs::tests::entry("fallback/romstage", 0x11, &[7; 0x1000], true), "CBFS of coreboot"),
    ];
    for (sample, name) in samples {
        for file in [sample.clone(), [&sample[..], TREE].concat()] {
            let refusal = refusal(file);
            assert!(refusal.contains(&format!("is {}: ", crate::units::a(name))), "{name}: {refusal}");
            assert!(refusal.contains("NAME=FILE@OFFSET+LENGTH"), "{name}: {refusal}");
        }
    }
    // The tree alone would do.
    assert_eq!(refusal([&synthetic::noise(3, 0x2000)[..], TREE].concat()), "taken");
}

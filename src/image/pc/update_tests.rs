//! Updates in their containers as donors of made PCs.

use super::made::bytes::noise;
use super::made::{BIOS, Spec, build, expected};
use super::tests::{refused, run, spec, unit, update};
use crate::image::Donor;
use crate::image::container::wrapper::samples;

/// The same release in every container that is known: the same result as from its plain bytes; or refused, and why.
#[test]
fn updates_in_their_containers_give_the_same_result_or_are_refused() {
    let (own, new) = (unit(1), update());
    let (whole, region) = (&new.bytes, &new.bytes[BIOS..]);
    let wanted = expected(&own, &new);
    let blocks = |bytes: &'static [u8]| {
        bytes.chunks(0x1_0000).enumerate().map(|(n, data)| (0x1_0000 * n as u32, data)).collect::<Vec<_>>()
    };
    let leaked: &'static [u8] = region.to_vec().leak();
    let mut capsule = samples::capsule(2, 0x1c, 0x1c, region.len());
    capsule[0x1c..].copy_from_slice(region);
    let fronts: Vec<(&str, Vec<u8>)> = vec![
        ("Insyde", samples::insyde(&[("EC_IMG", &[3; 99]), ("BIOSIMG", region), ("ME_IMG", &[4; 99])])),
        ("UCP", samples::ucp(&[("@EC0", &[3; 98]), ("@R00", whole), ("@S00", b"sign")])),
        ("PFAT", samples::pfat(&[("a.bin", blocks(leaked))], "MADE")),
        ("UCP of PFAT", samples::ucp(&[("@ROM", &samples::pfat(&[("a.bin", blocks(leaked))], "MADE"))])),
        ("Dell", samples::dell(region, 2)),
        ("Phoenix", samples::phoenix(&[("BIOS.ROM", whole, false), ("flash.exe", b"MZ", false)])),
        ("FMP", samples::fmp(&[(7, 1, whole)], true)),
        ("UEFI capsule", capsule),
    ];
    for (name, file) in fronts {
        let spliced = run(&own.bytes, &file, &[], &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(spliced.image[..] == wanted[..], "{name}");
        let cut = refused(&own.bytes, &file[..file.len() - 1], &[]);
        assert!(cut == ["truncated"] || cut == ["sum"], "{name}: {cut:?}");
    }
    let other = build(&Spec { model: "MADE Z990", ..spec() }, 2, None).bytes;
    let scrambled: Vec<u8> = whole.iter().zip(noise(5, whole.len())).map(|(a, b)| a ^ b).collect();
    let two = samples::insyde(&[("BIOSIMG", whole), ("BIOSIMG", &other)]);
    for (file, why) in [
        (samples::insyde(&[("BIOSIMG", &other)]), "other-model"),
        (samples::ucp(&[("@R00", &scrambled)]), "not-pc-firmware"),
        (samples::dell(&whole[..whole.len() - 0x1000], 2), "donor-unknown"),
        (two.clone(), "donor-unknown"),
    ] {
        let found = refused(&own.bytes, &file, &[]);
        assert!(found.contains(&why) || (why == "donor-unknown" && found != ["taken"]), "{why}: {found:?}");
    }
    // Of two releases in one file, the one that is named.
    let named = Donor::part_named("donor", two, "BIOSIMG").unwrap();
    assert!(run(&own.bytes, &named.bytes, &[], &[]).unwrap().image[..] == wanted[..]);
}

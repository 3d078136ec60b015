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

/// Puts the bytes of a BIOS region into a container.
type Wrap = fn(&[u8]) -> Vec<u8>;

fn blocks(image: &[u8]) -> Vec<(u32, &[u8])> {
    image.chunks(0x1_0000).enumerate().map(|(n, data)| (0x1_0000 * n as u32, data)).collect()
}

const CONTAINERS: [(&str, Wrap); 12] = [
    ("raw", |image| image.to_vec()),
    ("Insyde", |image| samples::insyde(&[("EC_IMG", &[3; 99]), ("BIOSIMG", image)])),
    ("UCP", |image| samples::ucp(&[("@EC0", &[3; 98]), ("@R00", image), ("@S00", b"sign")])),
    ("PFAT", |image| samples::pfat(&[("a.bin", blocks(image))], "MADE")),
    ("UCP of PFAT", |image| samples::ucp(&[("@ROM", &samples::pfat(&[("a.bin", blocks(image))], "MADE"))])),
    ("Dell", |image| samples::dell(image, 2)),
    ("Phoenix", |image| samples::phoenix(&[("BIOS.ROM", image, false), ("flash.exe", b"MZ", false)])),
    ("FMP", |image| samples::fmp(&[(7, 1, image)], true)),
    ("UEFI capsule", |image| capsule(2, 0x1c, image)),
    ("AMI capsule", |image| capsule(0, 0x800, image)),
    ("Toshiba", |image| samples::toshiba(&[image])),
    ("cabinet", |image| {
        samples::cabinet(&[("firmware.bin", image), ("firmware.metainfo.xml", b"<a/>")], true)
    }),
];

fn capsule(kind: usize, head: u16, image: &[u8]) -> Vec<u8> {
    let mut file = samples::capsule(kind, head.into(), head, image.len());
    file[usize::from(head)..].copy_from_slice(image);
    file
}

/// What an update can be wrong by, in every container: it is refused, and what was found is said.
#[test]
fn what_is_wrong_with_an_update_is_said_in_every_container() {
    let (own, new) = (unit(1), update());
    let region = &new.bytes[BIOS..];
    let other = build(&Spec { model: "MADE Z990", ..spec() }, 2, None).bytes[BIOS..].to_vec();
    let scrambled: Vec<u8> = region.iter().zip(noise(5, region.len())).map(|(a, b)| a ^ b).collect();
    let mut bent = region.to_vec();
    let at = bent.len() / 2 + 0x123;
    bent[at] ^= 0x10;
    let longer = [&vec![0xff; 0x8000][..], region].concat();
    let two = [region, region].concat();
    for (name, wrap) in CONTAINERS {
        let file = wrap(region);
        assert!(run(&own.bytes, &file, &[], &[]).is_ok(), "{name}");
        let mut damaged = file.clone();
        let middle = file.len() / 2 + 0x123;
        damaged[middle] ^= 0x10;
        let cut: &[&str] = if name == "raw" { &["0x15fff bytes", "0xb000 bytes"] } else { &["truncated"] };
        let size =
            |found: &str| format!("is {found} bytes of a PC's firmware, the board's bios region has 0x16000");
        let (short, long, twice) = (size("0x15000"), size("0x1e000"), size("0x2c000"));
        for (case, bytes, said) in [
            ("cut by one", file[..file.len() - 1].to_vec(), cut),
            ("cut in half", file[..file.len() / 2].to_vec(), cut),
            ("damaged", damaged, &["sum: ", "the sum of block", "hashed-range", "the sum of the microcode"]),
            ("damaged inside", wrap(&bent), &["hashed-range"]),
            (
                "another model",
                wrap(&other),
                &["for the model MADE Z990, the board's own firmware for MADE B250"],
            ),
            (
                "encrypted",
                wrap(&scrambled),
                &["or it is encrypted", "no single one of them is a whole firmware"],
            ),
            ("shorter", wrap(&region[0x1000..]), &[&short]),
            ("longer", wrap(&longer), &[&long]),
            ("twice", wrap(&two), &[&twice]),
        ] {
            let error = run(&own.bytes, &bytes, &[], &["all"]).map(|_| ()).unwrap_err().to_string();
            assert!(said.iter().any(|said| error.contains(said)), "{name}, {case}: {error}");
        }
    }
    // What contradicts itself is said to, and no sum is blamed.
    let bent = |file: Vec<u8>, mark: &[u8], at: usize| {
        let mut file = file;
        let mark = memchr::memmem::find(&file, mark).unwrap();
        file[mark + at..mark + at + 4].copy_from_slice(&0x7fffu32.to_le_bytes());
        file
    };
    let mut platforms = samples::pfat(&[("a.bin", blocks(region))], "MADE");
    let last = memchr::memmem::rfind(&platforms, b"MADE\0\0\0\0\0\0").unwrap();
    platforms[last] = b'F';
    let insyde = samples::insyde(&[("EC_IMG", &[3; 99]), ("BIOSIMG", region)]);
    let phoenix = samples::phoenix(&[("BIOS.ROM", region, false)]);
    let mut head = capsule(2, 0x1c, region);
    head[0x10..0x14].copy_from_slice(&u32::MAX.to_le_bytes());
    for (name, file, said) in [
        ("Insyde", bent(insyde, b"$_IFLASH_BIOSIMG", 20), "the block BIOSIMG at 0x17d says"),
        ("PFAT", platforms, "several platforms: MADE, FADE"),
        ("Phoenix", bent(phoenix, b"$PACK", 8), "says 1 entries in 0x7fff bytes"),
        ("UEFI capsule", head, "it has 0xffffffff bytes"),
    ] {
        let error = run(&own.bytes, &file, &[], &["all"]).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("contradicts itself") && error.contains(said), "{name}: {error}");
    }
    // Two releases in one file: neither is taken, and both are listed.
    let files = [("one.bin", region), ("two.bin", &other[..])];
    for (name, file) in [
        ("Insyde", samples::insyde(&[("BIOSIMG", region), ("BIOSIMG", &other)])),
        ("UCP", samples::ucp(&[("@R00", region), ("@R01", &other)])),
        ("PFAT", samples::pfat(&[("one.bin", blocks(region)), ("two.bin", blocks(&other))], "MADE")),
        ("Phoenix", samples::phoenix(&files.map(|(name, data)| (name, data, false)))),
        ("FMP", samples::fmp(&[(7, 1, region), (8, 2, &other)], false)),
        ("cabinet", samples::cabinet(&files, true)),
    ] {
        let error = run(&own.bytes, &file, &[], &["all"]).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("is not known: ") && error.matches("88 KiB").count() == 2, "{name}: {error}");
    }
}

//! Firmware of other kinds than UEFI's volumes: coreboot in a maker's place and back, legacy BIOSes, stores of Apple and Dell.

use super::legacy::tests::{ami, award, award_of, escd, phoenix};
use super::made::{BIOS, Hashes, Made, Part, Spec, build, bytes::noise};
use super::{apple, bios::Bios, dvar, item};
use crate::image::checks::Allow;
use crate::image::container::cbfs::tests::entry;
use crate::image::splice::{Choice, Spliced};
use crate::image::{Donor, Image, ImageError, donor, splice};

fn run(own: &[u8], theirs: &[u8], sets: &[&str], allow: &[&str]) -> Result<Spliced, ImageError> {
    let board = donor::recognise::auto(own, &[theirs])?.board;
    let mut choice = Choice { allow: Allow::new(allow.iter().copied()), ..Choice::default() };
    sets.iter().for_each(|set| choice.set(set).unwrap());
    splice(&Image::new(own.to_vec()), &[Donor::new("donor", theirs.to_vec())], &board, &choice)
}

/// What stops it, where all questions are answered with yes.
fn refused(own: &[u8], theirs: &[u8]) -> Vec<&'static str> {
    let names = |error: ImageError| error.findings().iter().map(|one| one.name).collect();
    run(own, theirs, &[], &["all"]).err().map_or(Vec::new(), names)
}

/// What is asked, where none is.
fn asked(own: &[u8], theirs: &[u8]) -> Vec<&'static str> {
    let mut names: Vec<_> =
        run(own, theirs, &[], &[]).unwrap_err().findings().iter().map(|one| one.name).collect();
    names.dedup();
    names
}

fn maker() -> Made {
    let parts = [(Part::Nvar, 4), (Part::Identity, 2), (Part::Code, 8), (Part::Blank, 2)];
    build(&Spec { hashes: Hashes::Ami2, ..Spec::new(&parts) }, 1, Some(1))
}

/// A flash like the maker's with coreboot in its BIOS region: VPDs, one of them in a section, map, files.
fn coreboot(seed: u64, unit: Option<&str>, with: &[(&str, usize, usize)]) -> Vec<u8> {
    let own = maker();
    let mut bytes = own.bytes;
    let len = bytes.len();
    bytes[BIOS..].fill(0xff);
    let mut areas = vec![
        ("SI_BIOS", BIOS, len),
        ("RW_SECTION", BIOS, BIOS + 0x4000),
        ("RW_VPD", BIOS + 0x1000, BIOS + 0x2000),
        ("RO_VPD", BIOS + 0x4000, BIOS + 0x5000),
        ("FMAP", BIOS + 0x5000, BIOS + 0x6000),
        ("COREBOOT", BIOS + 0x6000, len),
    ];
    areas.extend(with);
    let mut map =
        [&b"__FMAP__\x01\x01"[..], &[0; 8], &(len as u32).to_le_bytes(), &[b'F'; 31], &[0]].concat();
    map.extend((areas.len() as u16).to_le_bytes());
    for (name, start, end) in &areas {
        map.extend([(*start as u32).to_le_bytes(), ((end - start) as u32).to_le_bytes()].concat());
        map.extend([name.as_bytes(), &vec![0; 34 - name.len()]].concat());
    }
    let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
    put(BIOS + 0x5000, &map);
    let config = b"CONFIG_MAINBOARD_DIR=\"made/anvil\"\nCONFIG_MAINBOARD_PART_NUMBER=\"Anvil\"\n";
    let files =
        [entry("fallback/payload", 0x20, &noise(seed, 0x4000), true), entry("config", 0x50, config, false)];
    put(BIOS + 0x6000, &files.concat());
    put(len - 0x40, &noise(seed, 0x40));
    if let Some(serial) = unit {
        let mut data = [&b"\x01\x0dserial_number"[..], &[serial.len() as u8], serial.as_bytes()].concat();
        data.extend(b"\x01\x0dethernet_mac0\x1102:00:5e:00:00:77");
        put(
            BIOS + 0x4600,
            &[&b"\xfe\x09\x01gVpdInfo"[..], &(data.len() as u32).to_le_bytes(), &data].concat(),
        );
        put(BIOS + 0x1600, &[&b"\xfe\x09\x01gVpdInfo"[..], &[0; 4]].concat());
    }
    bytes
}

#[test]
fn a_makers_bios_gives_place_to_coreboot_whole_and_back() {
    let (own, new) = (maker(), coreboot(7, None, &[]));
    assert_eq!(asked(&own.bytes, &new), ["other-firmware", "unit-replaced"]);
    let made = run(&own.bytes, &new, &[], &["all"]).unwrap();
    assert!(made.image[..BIOS] == own.bytes[..BIOS], "descriptor, GbE and ME are the board's own");
    assert!(made.image[BIOS..] == new[BIOS..]);
    let reported = run(&own.bytes, &new, &[], &[]).unwrap_err().to_string();
    for words in ["UEFI firmware", "coreboot", "MADE B250", "Anvil", "nvram"] {
        assert!(reported.contains(words), "{words}: {reported}");
    }
    let back = coreboot(7, Some("PF12345678"), &[]);
    assert_eq!(asked(&back, &own.bytes)[..2], ["other-firmware", "unit-replaced"]);
    let made = run(&back, &own.bytes, &[], &["all"]).unwrap();
    assert!(made.image[..BIOS] == back[..BIOS] && made.image[BIOS..] == own.bytes[BIOS..]);
    // Where no firmware of the own dump can be read, coreboot's areas keep nothing of it.
    let mut lost = own.bytes.clone();
    let len = lost.len() - BIOS;
    lost[BIOS..].copy_from_slice(&noise(9, len));
    assert!(asked(&lost, &new).contains(&"other-firmware"));
    assert!(run(&lost, &new, &[], &["all"]).unwrap().image[BIOS..] == new[BIOS..]);
}

#[test]
fn a_damaged_coreboot_is_refused_whatever_it_takes_the_place_of() {
    let mut bad = coreboot(7, None, &[]);
    bad[BIOS + 0x6100] ^= 1;
    assert!(refused(&maker().bytes, &bad).contains(&"hash"));
    let mut cut = coreboot(7, None, &[]);
    let end = cut.len();
    cut[end - 0x40..].fill(0xff);
    assert!(refused(&maker().bytes, &cut).contains(&"reset-vector"));
}

#[test]
fn coreboot_keeps_the_units_product_data_in_every_section() {
    let (own, new) = (coreboot(3, Some("PF12345678"), &[]), coreboot(7, Some("ZZ00000000"), &[]));
    let made = run(&own, &new, &[], &[]).unwrap();
    let mut wanted = own.clone();
    wanted[BIOS..].copy_from_slice(&new[BIOS..]);
    for at in [BIOS + 0x1000, BIOS + 0x4000] {
        wanted[at..at + 0x1000].copy_from_slice(&own[at..at + 0x1000]);
    }
    assert!(made.image[..] == wanted[..]);
    let rows: Vec<_> =
        made.units.iter().map(|row| (row.region.as_str(), row.result.as_str(), row.same)).collect();
    assert!(rows.contains(&("ro-vpd", "PF12345678", true)), "{rows:?}");
    assert!(rows.contains(&("ro-vpd", "02:00:5e:00:00:77", true)), "{rows:?}");
    // By choice.
    let theirs = run(&own, &new, &["ro-vpd=donor"], &["all"]).unwrap();
    assert!(theirs.image[BIOS + 0x4000..BIOS + 0x5000] == new[BIOS + 0x4000..BIOS + 0x5000]);
    // Another map.
    let other = coreboot(7, None, &[("RW_MISC", BIOS + 0x2000, BIOS + 0x3000)]);
    let error = run(&own, &other, &[], &["all"]).unwrap_err().to_string();
    assert!(error.contains("FMAP") && error.contains("RW_MISC first"), "{error}");
    // The store of variables of a payload is the unit's, too.
    let area = [("SMMSTORE", BIOS + 0x2000, BIOS + 0x3000)];
    let (mut own, new) = (coreboot(3, None, &area), coreboot(7, None, &area));
    own[BIOS + 0x2000..BIOS + 0x2100].fill(0x5a);
    let made = run(&own, &new, &[], &[]).unwrap();
    assert!(made.image[BIOS + 0x2000..BIOS + 0x3000] == own[BIOS + 0x2000..BIOS + 0x3000]);
    assert!(run(&own, &new, &["smmstore=blank"], &[]).unwrap().image[BIOS + 0x2000] == 0xff);
}

#[test]
fn an_inspection_names_what_coreboot_starts() {
    let item = item::summary(&coreboot(3, Some("PF12345678"), &[])).unwrap();
    assert_eq!(
        (&item.attributes["board"], &item.attributes["serial"]),
        (&"Anvil".into(), &"PF12345678".into())
    );
    let found = crate::image::inspect::inspect(&coreboot(3, None, &[]));
    let cbfs = found.of_kind("cbfs").next().unwrap();
    assert_eq!(cbfs.attributes["payloads"], serde_json::json!(["fallback/payload"]));
}

/// The release's code whole, the unit's configuration its own.
#[test]
fn a_legacy_bios_of_the_same_board_is_spliced() {
    let with_escd = |mut bytes: Vec<u8>| {
        bytes[0x8000..0x8020].copy_from_slice(&escd());
        bytes
    };
    for (made, question) in
        [(award as fn(u64) -> Vec<u8>, None), (ami, Some("other-model")), (phoenix, Some("other-model"))]
    {
        let (own, new) = (with_escd(made(1)), made(2));
        let spliced = run(&own, &new, &[], question.as_slice()).unwrap();
        let mut wanted = new.clone();
        wanted[0x8000..0x9000].copy_from_slice(&own[0x8000..0x9000]);
        assert!(spliced.image[..] == wanted[..]);
        if let Some(question) = question {
            assert_eq!(asked(&own, &new), [question]);
        }
        let item = item::summary(&own).unwrap();
        assert_eq!(item.attributes["modules"].as_array().map(Vec::len), Some(3));
        assert!(item.is_sound() && item.attributes.contains_key("boot_block"), "{item:?}");
    }
}

#[test]
fn another_legacy_bios_and_a_damaged_one_are_refused() {
    let own = award(1);
    assert_eq!(refused(&own, &award_of(2, "2A69KD4EC")), ["other-model"]);
    assert!(refused(&own, &ami(2)).contains(&"other-model"));
    let mut bad = award(2);
    bad[0x2_1100] ^= 1;
    assert_eq!(refused(&own, &bad), ["module-sum"]);
    // The own dump's code may be broken.
    let mut broken = own.clone();
    broken[0x2_1100] ^= 1;
    let made = run(&broken, &award(2), &[], &[]).unwrap();
    assert!(made.image[..] == award(2)[..] && made.findings.iter().any(|one| one.name == "base-damaged"));
    // What both have written and nothing names: a maker's DMI pool, it may be.
    let (mut pool, mut theirs) = (award(1), award(2));
    pool[0x9000..0x9040].fill(0x31);
    let made = run(&pool, &theirs, &[], &[]).unwrap();
    assert!(made.image[0x9000..0xa000] == pool[0x9000..0xa000], "blank in the donor: the unit's");
    theirs[0x9000..0x9040].fill(0x32);
    assert_eq!(asked(&pool, &theirs), ["raw-block"]);
}

/// Award's sum over all members, sums of AMI's modules and the places of DMI pools are in no source: what they cover is of one
/// file to the last byte, and a block that nothing names is the unit's.
#[test]
fn what_no_source_describes_of_a_legacy_bios_comes_whole_or_stays_whole() {
    for (made, question) in
        [(award as fn(u64) -> Vec<u8>, None), (ami, Some("other-model")), (phoenix, Some("other-model"))]
    {
        let (mut own, mut new) = (made(1), made(2));
        // Sums directly after the modules, whatever they are over.
        let modules = Bios::read(&new, 0).legacy.unwrap().modules;
        for (n, end) in modules.iter().map(|module| module.span.end as usize).enumerate() {
            if new[end..end + 3] == [0xff; 3] {
                own[end..end + 3].copy_from_slice(&[0, n as u8, 0x11]);
                new[end..end + 3].copy_from_slice(&[0, n as u8, 0x22]);
            }
        }
        assert!(memchr::memmem::find(&new, &[0x22, 0xff, 0xff]).is_some());
        own[0x9000..0x9123].fill(0x31);
        let spliced = run(&own, &new, &[], question.as_slice()).unwrap();
        let mut wanted = new.clone();
        wanted[0x9000..0xa000].copy_from_slice(&own[0x9000..0xa000]);
        assert!(spliced.image[..] == wanted[..]);
        // Written in both: asked, and then the unit's, all of it.
        new[0x9100..0x9200].fill(0x32);
        assert!(asked(&own, &new).contains(&"raw-block"));
        assert!(run(&own, &new, &[], &["all"]).unwrap().image[..] == wanted[..]);
    }
}

/// Stores of a maker for which no source gives a form (HP's): a block that nothing names, between volumes.
#[test]
fn a_makers_private_store_stays_whole() {
    let store = noise(41, 0x1800);
    let (own, new) = (with_block(Some(&store), 1), with_block(None, 2));
    let at = memchr::memmem::find(&own, &store).unwrap();
    let made = run(&own, &new, &[], &[]).unwrap();
    let kept = |image: &[u8]| image[at..at + 0x2000] == own[at..at + 0x2000];
    assert!(kept(&made.image));
    // A release that writes there too asks, and never mixes the two.
    let mut written = new;
    written[at + 0x800..at + 0x1c00].copy_from_slice(&noise(42, 0x1400));
    assert_eq!(asked(&own, &written), ["raw-block"]);
    assert!(kept(&run(&own, &written, &[], &["raw-block"]).unwrap().image));
}

/// Parts of a board between its volumes.
fn with_block(unit: Option<&[u8]>, release: u64) -> Vec<u8> {
    let parts = [(Part::Nvar, 4), (Part::Blank, 2), (Part::Code, 8), (Part::Identity, 2)];
    let mut made = build(&Spec::new(&parts), release, unit.map(|_| 1));
    let at = made.parts[1].1;
    if let Some(block) = unit {
        made.bytes[at..at + block.len()].copy_from_slice(block);
    }
    made.bytes
}

#[test]
fn stores_of_apple_and_dell_outside_of_volumes_are_the_units() {
    let fsys = apple::tests::fsys(&[("ssn", "C02ABC12DEFG"), ("hwc", "DEFG")]);
    for (name, store) in [("fsys", fsys), ("dvar", dvar::tests::made(b"7XYZ123"))] {
        // Two units: by its name it is known whose it is, and nothing is asked.
        let (own, mut new) = (with_block(Some(&store), 1), with_block(None, 2));
        let at = memchr::memmem::find(&own, &store).unwrap();
        let foreign: &[u8] = if name == "fsys" {
            &apple::tests::fsys(&[("ssn", "C02ZZZ99DEFG"), ("hwc", "DEFG")])
        } else {
            &dvar::tests::made(b"9ABC999")
        };
        new[at..at + foreign.len()].copy_from_slice(foreign);
        let made = run(&own, &new, &[], &[]).unwrap();
        assert!(made.image[at..at + store.len()] == store);
        assert!(made.regions.iter().any(|row| row.name == name), "{name}");
    }
    let shown = item::summary(&with_block(Some(&apple::tests::fsys(&[("hwc", "DEFG")])), 1)).unwrap();
    assert_eq!(shown.attributes["hardware_code"], "DEFG");
}

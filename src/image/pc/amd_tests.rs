//! Splices of made boards with AMD's security processor.

use proptest::prelude::*;

use super::bios::Bios;
use super::judge::signed;
use super::made::psp::PSP_BLOCKS;
use super::made::{Hashes, Part, Spec, build, expected};
use super::proof::faults;
use super::tests::{part, refused, run};
use crate::image::checks::Severity;

/// Parts of a board with AMD's security processor.
const AMD: [(Part, usize); 5] =
    [(Part::Psp, PSP_BLOCKS), (Part::Nvar, 4), (Part::Identity, 2), (Part::Code, 4), (Part::Block, 1)];

#[test]
fn stores_of_amds_security_processor_stay_and_its_firmware_comes_from_the_donor() {
    let spec = Spec::new(&AMD);
    let (own, new) = (build(&spec, 1, Some(1)), build(&spec, 2, None));
    let spliced = run(&own.bytes, &new.bytes, &[], &[]).unwrap();
    assert!(spliced.image[..] == expected(&own, &new)[..]);
    let names: Vec<&str> = spliced.regions.iter().map(|row| row.name.as_str()).collect();
    assert!(names.contains(&"psp-nvram") && names.contains(&"apob-nvram"), "{names:?}");
    // A directory whose sum does not hold, another maker's key, and a signature that would not be of one file.
    let mut bent = new.bytes.clone();
    bent[0x2_2804] ^= 1;
    assert!(refused(&own.bytes, &bent, &[]).contains(&"psp-directory"));
    let foreign = build(&Spec { key: 71, ..spec.clone() }, 2, None);
    assert_eq!(refused(&own.bytes, &foreign.bytes, &[]), ["other-model"]);
    let mut lost = new.bytes.clone();
    lost[0x2_0000..0x2_0004].fill(0xff);
    assert!(refused(&own.bytes, &lost, &[]).contains(&"psp-directory"), "no structure");
}

/// PSPTool reads a combo directory whatever its sum: where the board's own has a stale one, another's is no reason to refuse.
#[test]
fn a_stale_sum_of_a_combo_directory_is_reported_where_the_own_one_is_stale_too() {
    let (own, new) = (build(&Spec::new(&AMD), 1, Some(1)), build(&Spec::new(&AMD), 2, None));
    let stale = |made: &[u8], value: u8| {
        let mut bytes = made.to_vec();
        bytes[0x2_1010] ^= value;
        bytes
    };
    let reported = |spliced: &crate::image::splice::Spliced| {
        let found = spliced.findings.iter().find(|one| one.name == "psp-directory");
        found.map(|one| (one.severity, one.message.contains("0x21000")))
    };
    // By itself: what stays as it is, is reported.
    let base = stale(&own.bytes, 1);
    let same = run(&base, &base, &[], &["all"]).unwrap();
    assert_eq!(reported(&same), Some((Severity::Tell, true)));
    assert!(same.findings.iter().any(|one| one.name == "base-damaged"));
    // The own one holds and the update's does not: damage, as far as is known.
    assert!(refused(&own.bytes, &stale(&new.bytes, 2), &[]).contains(&"psp-directory"));
    // Both are stale, each in its own way.
    let made = run(&base, &stale(&new.bytes, 2), &[], &[]).unwrap();
    assert_eq!(reported(&made), Some((Severity::Tell, true)));
    // One that holds takes the place of a stale one.
    assert_eq!(reported(&run(&base, &new.bytes, &[], &[]).unwrap()), None);
}

/// What AMD's maker signs comes whole from one file, whatever regions a layout has.
#[test]
fn signed_parts_of_two_files_are_refused() {
    let spec = Spec::new(&AMD);
    let (own, new) = (build(&spec, 1, Some(1)), build(&spec, 2, None));
    let [ours, theirs] = [&own.bytes, &new.bytes].map(|bytes| Bios::read(bytes, 0));
    let mut mixed = expected(&own, &new);
    assert!(signed(&ours, &theirs, &Bios::read(&mixed, 0), "d").is_empty());
    mixed[0x2_4800..0x2_4900].copy_from_slice(&own.bytes[0x2_4800..0x2_4900]);
    let found = signed(&ours, &theirs, &Bios::read(&mixed, 0), "d");
    assert!(found.len() == 1 && found[0].message.contains("partly"), "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Boards of AMD's: each byte of code from the donor, each of the unit from the base, every sum right, nothing else.
    #[test]
    fn amd_boards_of_any_map(parts in prop::collection::vec(part(), 0..5), units in (1u64..99, 100u64..200), from_unit: bool, kind in 0usize..4) {
        let hashes = [Hashes::Ami1, Hashes::Ami2, Hashes::Ami3, Hashes::Phoenix][kind];
        let parts = [&[(Part::Psp, PSP_BLOCKS)], &parts[..], &[(Part::Code, 2)]].concat();
        let spec = Spec { hashes, ..Spec::new(&parts) };
        let own = build(&spec, 1, Some(units.0));
        let new = build(&spec, 2, from_unit.then_some(units.1));
        let spliced = run(&own.bytes, &new.bytes, &[], &["raw-block", "other-model"]).unwrap();
        prop_assert!(spliced.image[..] == expected(&own, &new)[..]);
        let found = faults(&Bios::read(&spliced.image, 0));
        prop_assert!(found.is_empty(), "{:?}", found);
        prop_assert_eq!(Bios::read(&spliced.image, 0).psp.map(|psp| psp.directories.len()), Some(5));
    }
}

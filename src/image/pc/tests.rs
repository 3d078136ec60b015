//! Splices of made PCs through the whole library: the board is found, the result is what it must be, or refused.

use proptest::prelude::*;

use super::bios::Bios;
use super::item;
use super::made::{
    BIOS, GBE, Hashes, ME, Made, Part, Spec, build, bytes::noise, expected, unit::windows_key,
};
use super::proof::faults;
use crate::image::{Allow, Choice, Donor, Image, ImageError, Severity, Spliced, auto, splice};

const PARTS: [(Part, usize); 6] = [
    (Part::Nvar, 4),
    (Part::Identity, 2),
    (Part::Blank, 2),
    (Part::Code, 4),
    (Part::Block, 1),
    (Part::Blank, 1),
];

pub(super) fn spec() -> Spec {
    Spec::new(&PARTS)
}

pub(super) fn run(base: &[u8], donor: &[u8], sets: &[&str], allow: &[&str]) -> Result<Spliced, ImageError> {
    run_with(base, donor, sets, allow, None)
}

fn run_with(
    base: &[u8],
    donor: &[u8],
    sets: &[&str],
    allow: &[&str],
    mac: Option<[u8; 6]>,
) -> Result<Spliced, ImageError> {
    let donor = Donor::new("donor", donor.to_vec());
    let board = auto(base, &[&donor.bytes])?.board;
    let mut choice = Choice { allow: Allow::new(allow.iter().copied()), ..Choice::default() };
    sets.iter().for_each(|set| choice.set(set).unwrap());
    choice.edits.mac = mac;
    splice(&Image::new(base.to_vec()), &[donor], &board, &choice)
}

/// The checks that stop it, with everything allowed that can be.
pub(super) fn refused(base: &[u8], donor: &[u8], sets: &[&str]) -> Vec<&'static str> {
    match run(base, donor, sets, &["all"]) {
        Ok(_) => vec!["taken"],
        Err(error) if error.findings().is_empty() => vec!["not made"],
        Err(error) => error.findings().iter().map(|finding| finding.name).collect(),
    }
}

pub(super) fn unit(n: u64) -> Made {
    build(&spec(), 1, Some(n))
}

pub(super) fn update() -> Made {
    build(&spec(), 2, None)
}

#[test]
fn the_release_of_the_donor_with_the_unit_s_own() {
    let (own, new) = (unit(1), update());
    let spliced = run(&own.bytes, &new.bytes, &[], &[]).unwrap();
    assert!(spliced.image[..] == expected(&own, &new)[..]);
    // What is made from parts is what a board with that release and that unit would hold.
    let whole = build(&spec(), 2, Some(1));
    assert!(spliced.image[BIOS..] == whole.bytes[BIOS..]);
    // Again on its result, from a file of the region, from the own dump.
    for (base, donor) in [(&spliced.image[..], &new.bytes[..]), (&own.bytes, &new.bytes[BIOS..])] {
        assert!(run(base, donor, &[], &[]).unwrap().image == spliced.image);
    }
    assert!(run(&own.bytes, &own.bytes, &[], &[]).unwrap().image[..] == own.bytes[..]);
    // Both keys and both releases are reported, and no key is whole.
    let reported = format!("{:?}", spliced);
    assert!(reported.contains("MADE B250 R1") && reported.contains("MADE B250 R2"), "{:?}", spliced.regions);
    let rows: Vec<&str> = spliced.units.iter().map(|row| row.name.as_str()).collect();
    for name in ["serial number", "UUID", "Windows key (MSDM)", "MAC of the Ethernet port"] {
        assert!(rows.contains(&name), "{rows:?}");
    }
    let key = windows_key(1);
    let shown: Vec<&String> = spliced.units.iter().flat_map(|row| [&row.backup, &row.result]).collect();
    assert!(shown.iter().any(|text| text.ends_with(&key[24..])), "{shown:?}");
    assert!(!shown.iter().any(|text| text.contains(&key)), "{shown:?}");
}

#[test]
fn a_dump_of_another_unit_gives_its_code_and_what_nothing_names_is_asked() {
    let (own, other) = (unit(1), build(&spec(), 2, Some(2)));
    let error = run(&own.bytes, &other.bytes, &[], &[]).unwrap_err();
    let names: Vec<_> = error.findings().iter().map(|finding| finding.name).collect();
    assert_eq!(names, ["raw-block"], "{error}");
    let wanted = expected(&own, &update());
    assert!(run(&own.bytes, &other.bytes, &[], &["raw-block"]).unwrap().image[..] == wanted[..]);
    let block = format!("block-{:x}", own.parts[4].1);
    assert!(run(&own.bytes, &other.bytes, &[&format!("{block}=own")], &[]).unwrap().image[..] == wanted[..]);
}

#[test]
fn broken_code_of_the_own_dump_stops_nothing() {
    let (own, new) = (unit(1), update());
    let wanted = expected(&own, &new);
    let (_, code, end) = own.parts[3];
    let boot = own.parts[6].1;
    // Half a volume, its head, the boot volume's first block, all of the code.
    let spans = [
        (code + 0x800, end),
        (code, code + 0x100),
        (boot, boot + 0x1000),
        (code, end),
        (boot, own.bytes.len()),
    ];
    for (from, to) in spans {
        for filler in [0xff, 0x5a] {
            let mut broken = own.bytes.clone();
            broken[from..to].fill(filler);
            let spliced = run(&broken, &new.bytes, &[], &[]).unwrap();
            assert!(spliced.image[..] == wanted[..], "{from:#x}..{to:#x} {filler:02x}");
        }
    }
}

#[test]
fn variables_are_emptied_as_a_maker_delivers_them() {
    for part in [Part::Nvar, Part::Vss2, Part::Vss] {
        let spec = Spec::new(&[(Part::Identity, 2), (part, 8), (Part::Code, 2)]);
        let (own, new) = (build(&spec, 1, Some(1)), build(&spec, 2, None));
        let spliced = run(&own.bytes, &new.bytes, &["nvram=blank"], &[]).unwrap();
        let (_, from, to) = own.parts[1];
        assert!(spliced.image[from..to] == new.bytes[from..to], "{part:?}");
        let reported = spliced.findings.iter().find(|finding| finding.name == "nvram-erased").unwrap();
        assert!(
            reported.message.contains("Secure Boot keys") && reported.message.contains("UUID"),
            "{reported}"
        );
    }
}

/// What of the own dump is erased or has lost its head hides the release's files after it: refused, until it is the donor's.
#[test]
fn an_own_part_that_is_none_is_not_kept_over_the_donors_files() {
    let (own, new) = (unit(1), update());
    let (_, nvram, nvram_end) = own.parts[0];
    let (_, identity, identity_end) = own.parts[1];
    let damaged = |from: usize, to: usize| {
        let mut bytes = own.bytes.clone();
        bytes[from..to].fill(0xff);
        bytes
    };
    for (what, base, sets) in [
        ("the volume of variables", damaged(nvram, nvram_end), &["nvram=donor"][..]),
        ("the head of their file", damaged(nvram + 0x48, nvram + 0x60), &["nvram=donor"]),
        ("the volume of identity", damaged(identity, identity_end), &["rom-hole=donor", "fd44=donor"]),
    ] {
        let found = refused(&base, &new.bytes, &[]);
        assert!(found.contains(&"volume-sum"), "{what}: {found:?}");
        let taken = run(&base, &new.bytes, sets, &["all"]).unwrap().image;
        let result = Bios::read(&taken[BIOS..], BIOS as u64);
        let files = |bios: &Bios| bios.files().map(|file| file.guid).collect::<Vec<_>>();
        assert!(faults(&result).is_empty(), "{what}");
        assert_eq!(files(&result), files(&Bios::read(&new.bytes[BIOS..], BIOS as u64)), "{what}");
    }
    // A head alone: the key is still there to be lost, and is not a file's any more.
    let base = damaged(identity + 0x48, identity + 0x60);
    assert!(refused(&base, &new.bytes, &[]).contains(&"volume-sum"));
    assert!(refused(&base, &new.bytes, &["rom-hole=donor"]).contains(&"donor-blank-unit"));
    // A volume of variables alone may be one that the firmware makes anew: asked.
    let spec = Spec::new(&[(Part::Vss2, 8), (Part::Code, 2)]);
    let (own, new) = (build(&spec, 1, Some(1)), build(&spec, 2, None));
    let (_, from, to) = own.parts[0];
    let mut base = own.bytes.clone();
    base[from..to].fill(0xff);
    let error = run(&base, &new.bytes, &[], &[]).unwrap_err();
    assert_eq!(error.findings().iter().map(|one| one.name).collect::<Vec<_>>(), ["volume-sum"], "{error}");
    assert!(run(&base, &new.bytes, &[], &["volume-sum"]).is_ok());
    assert!(
        run(&base, &new.bytes, &["nvram=donor"], &["all"]).unwrap().image[from..to] == new.bytes[from..to]
    );
}

/// What stays and does not read is reported: the board may not start with it.
#[test]
fn damage_that_stays_is_told() {
    let reported = |own: &[u8], new: &[u8], sets: &[&str]| -> Vec<String> {
        let found = run(own, new, sets, &[]).unwrap().findings;
        found.into_iter().filter(|one| one.name == "base-damaged").map(|one| one.message).collect()
    };
    let spec = Spec::new(&[(Part::Vss2, 8), (Part::Code, 2)]);
    let (own, new) = (build(&spec, 1, Some(1)), build(&spec, 2, None));
    assert_eq!(reported(&own.bytes, &new.bytes, &[]), [""; 0]);
    let with = |at: usize, bytes: &[u8]| {
        let mut flash = own.bytes.clone();
        flash[at..at + bytes.len()].copy_from_slice(bytes);
        flash
    };
    // In the middle of a record, and after the last one.
    for at in [BIOS + 0x48 + 0x1c + 8, BIOS + 0x48 + 0x1800] {
        let damaged = with(at, &[0x5a; 8]);
        let found = reported(&damaged, &new.bytes, &[]);
        assert!(found.len() == 1 && found[0].contains("store of variables (VSS2)"), "{at:#x}: {found:?}");
        assert!(found[0].contains("nvram=blank"), "{found:?}");
        assert_eq!(reported(&damaged, &new.bytes, &["nvram=blank"]), [""; 0]);
    }
    for (bytes, words) in
        [(vec![0xff; ME.1 - ME.0], "is erased"), (noise(9, ME.1 - ME.0), "no partition table")]
    {
        let damaged = with(ME.0, &bytes);
        let found = reported(&damaged, &new.bytes, &[]);
        assert!(found.len() == 1 && found[0].contains(words), "{found:?}");
    }
}

#[test]
fn an_address_goes_into_the_ethernet_part_alone() {
    let (own, new) = (unit(1), update());
    let mac = [2, 0xaa, 0x55, 1, 2, 3];
    let made = run_with(&own.bytes, &new.bytes, &[], &[], Some(mac)).unwrap().image;
    let mut wanted = expected(&own, &new);
    for bank in [GBE.0, GBE.0 + 0x1000] {
        assert_eq!(made[bank..bank + 6], mac);
        wanted[bank..bank + 0x80].copy_from_slice(&made[bank..bank + 0x80]);
    }
    assert!(made[..] == wanted[..]);
    // A delivered file's stub is nobody's, whatever is allowed; with an address it can be taken.
    assert!(refused(&own.bytes, &new.bytes, &["gbe=donor"]).contains(&"donor-blank-unit"));
    let made = run_with(&own.bytes, &new.bytes, &["gbe=donor"], &[], Some(mac)).unwrap().image;
    assert_eq!(made[GBE.0..GBE.0 + 6], mac);
}

#[test]
fn an_me_is_taken_virgin_and_of_one_major_version() {
    let (own, new) = (unit(1), update());
    let spliced = run(&own.bytes, &new.bytes, &["me=donor"], &[]).unwrap();
    assert!(spliced.image[ME.0..ME.1] == new.bytes[ME.0..ME.1]);
    assert!(spliced.findings.iter().any(|f| f.name == "me-replaced" && f.message.contains("BitLocker")));
    let other = build(&spec(), 2, Some(2));
    assert!(refused(&own.bytes, &other.bytes, &["me=donor"]).contains(&"me-foreign"));
    let later = build(&Spec { me_major: 12, ..spec() }, 2, None);
    assert_eq!(refused(&own.bytes, &later.bytes, &["me=donor"]), ["me-foreign"]);
    assert!(run(&own.bytes, &later.bytes, &[], &[]).is_ok(), "the own one stays");
}

/// The table of refusals: none can be allowed.
#[test]
fn what_never_passes() {
    let (own, new) = (unit(1), update());
    let (_, code, _) = new.parts[3];
    let changed = |at: usize, mask: u8| {
        let mut bytes = new.bytes.clone();
        bytes[at] ^= mask;
        bytes
    };
    let other_model = build(&Spec { model: "MADE Z990", ..spec() }, 2, None);
    let mut parts = PARTS;
    parts.swap(0, 3);
    let other_order = build(&Spec::new(&parts), 2, None);
    let mut parts = PARTS;
    (parts[0].1, parts[2].1) = (5, 1);
    let longer_store = build(&Spec::new(&parts), 2, None);
    let wide = build(&Spec { wide: true, ..spec() }, 2, None);
    let mut blank_bios = new.bytes.clone();
    blank_bios[BIOS..].fill(0xff);
    let mut no_microcode = new.bytes.clone();
    let update = memchr::memmem::find(&new.bytes, &[0x72, 0x85, 0x08, 0x17, 0x7f, 0x37]).unwrap();
    no_microcode[update + 24..update + 24 + 0x800].fill(0xff);
    let len = new.bytes.len();
    let mut no_vector = new.bytes.clone();
    no_vector[len - 0x10..].fill(0xff);
    let noise_bios = [&new.bytes[..BIOS], &noise(5, new.bytes.len() - BIOS)].concat();
    for (why, donor, name) in [
        ("another model", other_model.bytes, "other-model"),
        ("volumes in another order", other_order.bytes, "volume-map"),
        ("a longer store, and all after it moved", longer_store.bytes, "volume-map"),
        ("hashes over the identity as delivered", wide.bytes, "hashed-range"),
        ("one bit of hashed code", changed(code + 0x90, 0x40), "hashed-range"),
        ("a volume's header", changed(code + 0x2d, 0x40), "volume-sum"),
        ("a file's header", changed(code + 0x48 + 0x12, 1), "volume-sum"),
        ("a file's data", changed(new.parts[6].1 + 0x1000, 1), "volume-sum"),
        ("the FIT", changed(new.fit + 0x18, 1), "fit"),
        ("the FIT's pointer", changed(len - 0x40, 8), "fit"),
        ("the FIT's microcode", no_microcode, "fit"),
        ("the reset vector", no_vector, "reset-vector"),
        ("a BIOS that is erased", blank_bios, "not-pc-firmware"),
        ("a BIOS of noise", noise_bios, "not-pc-firmware"),
        ("nothing known", noise(6, new.bytes.len()), "not-pc-firmware"),
        ("a shorter file of the region", new.bytes[BIOS..new.bytes.len() - 0x1000].to_vec(), "donor-unknown"),
    ] {
        let found = refused(&own.bytes, &donor, &[]);
        assert!(found.contains(&name), "{why}: {found:?}");
    }
    // The base.
    let mut lost = own.bytes.clone();
    lost[..0x100].fill(0);
    assert_eq!(refused(&lost, &new.bytes, &[]), ["descriptor-lost"]);
    let taken = run(&lost, &new.bytes, &["fd=donor"], &[]).unwrap();
    assert!(taken.image[..] == expected(&own, &new)[..]);
    for base in [vec![0xff; own.bytes.len()], noise(7, own.bytes.len()), own.bytes[..0x2_0000].to_vec()] {
        assert_eq!(refused(&base, &new.bytes, &[]), ["not made"]);
    }
}

#[test]
fn hashes_of_every_form_are_held_against_the_result() {
    for hashes in [Hashes::Ami1, Hashes::Ami2, Hashes::Ami3, Hashes::Phoenix, Hashes::BootGuard] {
        let own = build(&Spec { hashes, ..spec() }, 1, Some(1));
        let new = build(&Spec { hashes, ..spec() }, 2, None);
        assert!(
            run(&own.bytes, &new.bytes, &[], &[]).unwrap().image[..] == expected(&own, &new)[..],
            "{hashes:?}"
        );
        let mut changed = new.bytes.clone();
        changed[new.parts[3].1 + 0x90] ^= 0x40;
        assert!(refused(&own.bytes, &changed, &[]).contains(&"hashed-range"), "{hashes:?}");
        if hashes != Hashes::Ami1 {
            let wide = build(&Spec { hashes, wide: true, ..spec() }, 2, None);
            assert_eq!(refused(&own.bytes, &wide.bytes, &[]), ["hashed-range"], "{hashes:?}");
        }
    }
}

/// A manifest of a later version, and one with ranges that are not read, cannot be checked: refused, without an override.
#[test]
fn a_boot_policy_that_cannot_be_checked_is_refused() {
    let own = unit(1);
    let new = build(&Spec { hashes: Hashes::BootGuard, ..spec() }, 2, None);
    let at = |mark: &[u8]| memchr::memmem::find(&new.bytes, mark).unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut image = new.bytes.clone();
        image[at..at + bytes.len()].copy_from_slice(bytes);
        image
    };
    for (what, image) in [
        ("a later version", with(at(b"__ACBP__") + 8, &[0x21])),
        ("no manifest", with(at(b"__ACBP__"), b"__ACBX__")),
        ("no list of segments", with(at(b"__IBBS__"), b"__IBBX__")),
        ("more segments than there are", with(at(b"__IBBS__") + 132, &[0xff])),
        ("another hash", with(at(b"__IBBS__") + 96, &[0x12])),
        ("no hash", with(at(b"__IBBS__") + 96, &[0x10])),
        ("measured ranges", with(at(b"__PMSG__"), b"__PMDA__")),
        ("a segment outside of the flash", with(at(b"__IBBS__") + 133 + 4, &[0, 0, 0, 0x10])),
    ] {
        assert!(refused(&own.bytes, &image, &[]).contains(&"hashed-range"), "{what}");
    }
}

/// A release of the same board that does without the maker's hashes: asked, and no more.
#[test]
fn a_donor_without_amis_file_of_hashes_is_asked_about() {
    for hashes in [Hashes::Ami1, Hashes::Ami2, Hashes::Ami3] {
        let own = build(&Spec { hashes, ..spec() }, 1, Some(1));
        let new = build(&Spec { hashes: Hashes::Phoenix, ..spec() }, 2, None);
        let asked = run(&own.bytes, &new.bytes, &[], &[]).unwrap_err();
        let names: Vec<_> = asked.findings().iter().map(|one| (one.name, one.severity)).collect();
        assert_eq!(names, [("hashed-range", Severity::Ask)], "{hashes:?}");
        assert!(asked.to_string().contains("file of hashes"), "{asked}");
        let made = run(&own.bytes, &new.bytes, &[], &["hashed-range"]).unwrap();
        assert!(made.image[..] == expected(&own, &new)[..]);
        // The other way round nothing is missing.
        let back = build(&Spec { hashes, ..spec() }, 2, None);
        assert!(
            run(&build(&Spec { hashes: Hashes::Phoenix, ..spec() }, 1, Some(1)).bytes, &back.bytes, &[], &[])
                .is_ok()
        );
    }
}

/// Noise with what could be heads of structures all over: the work is counted, and grows with the length alone.
#[test]
fn noise_of_32_mib_is_read_in_linear_time() {
    let mut work = Vec::new();
    for len in [8 << 20, 32 << 20] {
        let mut bytes = crate::image::synthetic::noise(3, 0x1_0000).repeat(len >> 16);
        for at in (0x100..len).step_by(0x40) {
            bytes[at..at + 4].copy_from_slice(b"_FVH");
            // Header length and revision are sensible, the sum is not.
            bytes[at + 8..at + 16].copy_from_slice(&[0, 2, 0, 0, 0, 0, 0, 2]);
        }
        let bios = Bios::read(&bytes, 0);
        assert!(faults(&bios).is_empty() && bios.volumes.is_empty());
        work.push(super::volume::find_counted(&bytes).1 / (len as u64 >> 20));
    }
    assert!(work[0] > 0 && work[1] <= work[0] + work[0] / 100 && work[1] < 16 << 20, "{work:?}");
}

/// The unit's own bytes are not given away by a map that does not know them.
#[test]
fn a_layout_of_regions_alone_asks_for_the_unit_s_own() {
    let (own, new) = (unit(1), update());
    let layout = crate::image::parse_any(&own.bytes, None).unwrap();
    let board = crate::image::Board::from_layout("mine", layout).unwrap();
    let mut choice = Choice::default();
    choice.set("bios=donor").unwrap();
    let donor = [Donor::new("donor", new.bytes.clone())];
    let error = splice(&Image::new(own.bytes.clone()), &donor, &board, &choice).unwrap_err();
    let names: Vec<_> = error.findings().iter().map(|finding| (finding.name, finding.severity)).collect();
    assert!(names.contains(&("unit-replaced", Severity::Ask)), "{names:?}");
}

#[test]
fn an_inspection_names_volumes_identity_and_checks() {
    let own = unit(1);
    let item = item::summary(&own.bytes).unwrap();
    assert!(item.is_sound(), "{item:?}");
    for (key, value) in [
        ("board", "MADE B250"),
        ("release", "R1"),
        ("me_version", "11.8.50.100"),
        ("me_state", "initialised"),
    ] {
        assert_eq!(item.attributes[key], value);
    }
    assert!(item.attributes["serial"].as_str().unwrap().starts_with("SN"), "{item:?}");
    assert!(!item.attributes["msdm_windows_key"].as_str().unwrap().contains(&windows_key(1)));
    for check in ["volumes", "fit", "hashed-ranges"] {
        assert!(item.result(check).is_some(), "{check}");
    }
    let found = crate::image::inspect::inspect(&own.bytes);
    assert_eq!((found.of_kind("uefi-volume").count(), found.is_sound()), (4, true), "{found:#?}");
    assert!(item::summary(&noise(1, 0x4_0000)).is_none());
}

pub(super) fn part() -> impl Strategy<Value = (Part, usize)> {
    use Part::{Blank, Block, Code, Identity, Nvar, Vss, Vss2};
    prop_oneof![
        (1usize..6).prop_map(|n| (Nvar, n)),
        (2usize..6).prop_map(|n| (Vss2, 2 * n)),
        (2usize..6).prop_map(|n| (Vss, 2 * n)),
        (1usize..4).prop_map(|n| (Identity, n)),
        (1usize..6).prop_map(|n| (Code, n)),
        (1usize..4).prop_map(|n| (Blank, n)),
        (1usize..3).prop_map(|n| (Block, n)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every byte of code from the donor, every byte of identity from the base, nothing else changed, all sums right.
    #[test]
    fn boards_of_any_map(parts in prop::collection::vec(part(), 1..7), units in (1u64..99, 100u64..200), from_unit: bool, kind in 0usize..5) {
        let hashes = [Hashes::Ami1, Hashes::Ami2, Hashes::Ami3, Hashes::Phoenix, Hashes::BootGuard][kind];
        let spec = Spec { hashes, ..Spec::new(&[&parts[..], &[(Part::Code, 2)]].concat()) };
        let own = build(&spec, 1, Some(units.0));
        let new = build(&spec, 2, from_unit.then_some(units.1));
        // What nothing names is asked about where another unit has it written, too.
        let spliced = run(&own.bytes, &new.bytes, &[], &["raw-block", "other-model"]).unwrap();
        prop_assert!(spliced.image[..] == expected(&own, &new)[..]);
        prop_assert!(faults(&Bios::read(&spliced.image[BIOS..], BIOS as u64)).is_empty());
    }

    /// Any bytes, and any few changes of a board: nothing panics, and what is made is whole or refused.
    #[test]
    fn any_change_of_a_board(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        heads: bool,
        in_donor: bool,
    ) {
        let (own, new) = (unit(1), update());
        let mut bytes = if in_donor { new.bytes.clone() } else { own.bytes.clone() };
        for (at, value) in edits {
            // Half of the time where the heads of structures are.
            let at = if heads { new.parts[at.index(7)].1 + usize::from(value) } else { at.index(bytes.len()) };
            bytes[at] = value;
        }
        let _ = (item::summary(&bytes), crate::image::inspect::inspect(&bytes).items.len());
        let (base, donor) = if in_donor { (&own.bytes, &bytes) } else { (&bytes, &new.bytes) };
        if let Ok(spliced) = run(base, donor, &[], &[]) {
            // What does not hold is what the base keeps of its own, and is reported.
            let left = faults(&Bios::read(&spliced.image[BIOS..], BIOS as u64));
            let before = faults(&Bios::read(&base[BIOS..], BIOS as u64));
            let reported = |message: &str| spliced.findings.iter().any(|finding| finding.message.ends_with(message));
            for fault in left {
                prop_assert!(before.iter().any(|one| one.message == fault.message) && reported(&fault.message));
            }
        }
    }

    #[test]
    fn any_bytes(
        bytes in prop::collection::vec(any::<u8>(), 0..0x400),
        mark in prop::sample::select(vec![&b"_FVH"[..], b"NVAR", b"$VSS", b"HFDM", b"_FIT_   ", b"$FPT", b"MSDM", b"$PSP", b"__ACBP__", b"$BVDT$", b"$BOOTEFI$", b"$IBIOSI$", b"Fsys", b"$SVS", b"DVAR", b"ACFG", b"AMIBIOSC", b"BCPSEGMENTBCPSYS", b"LARCHIVE"]),
        at in any::<prop::sample::Index>(),
    ) {
        let mut all = bytes.clone();
        all.splice(at.index(bytes.len() + 1).., [mark, &bytes[..]].concat());
        let _ = (item::summary(&all), super::me::read(&all), super::nvram::emptied(&all));
        let bios = Bios::read(&all, 0);
        let _ = (faults(&bios).len(), super::claims::blocks(&bios, &bios));
    }
}

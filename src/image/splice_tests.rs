//! Tests of the splice on boards and files made from seeds: every source, every check, and the rule that nothing
//! else changes.

mod told;

use std::sync::OnceLock;

use proptest::prelude::*;

use super::container::tplink;
use super::synthetic::{self, FirmwareSpec, Unit};
use super::*;

const LOADER: usize = 0x2_0000;
const CONFIG: usize = 0x7c_0000;
const ROM: usize = 0x7d_0000;
const ROMFILE: usize = 0x7e_0000;
const RADIO: usize = 0x7f_0000;
const CHIP: usize = 0x80_0000;

fn board() -> &'static Board {
    Board::named("archer-mr200-v1").unwrap()
}

fn unit(seed: u64) -> Unit {
    Unit { mac: [0x30, 0xb5, 0xc2, 1, 2, seed as u8], seed, profile: Some("OP".to_owned()) }
}

fn spec(seed: u64) -> FirmwareSpec {
    FirmwareSpec { seed, kernel: 0x1_1000, rootfs: 0x1_2000, ..FirmwareSpec::default() }
}

fn own_loader() -> Vec<u8> {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    MADE.get_or_init(|| synthetic::loader(1, "Mar 10 2016 - 09:12:44")).clone()
}

fn their_loader() -> Vec<u8> {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    MADE.get_or_init(|| synthetic::loader(2, "Aug 31 2015 - 16:32:16")).clone()
}

/// The board on the bench.
fn base() -> Vec<u8> {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    MADE.get_or_init(|| synthetic::chip(&unit(1), &own_loader(), &synthetic::firmware(&spec(1)))).clone()
}

/// Another unit with the vendor's firmware and settings of its user.
fn other_unit() -> Vec<u8> {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut chip =
            synthetic::chip(&Unit { profile: None, ..unit(2) }, &their_loader(), &vendor_firmware());
        chip[CONFIG..CONFIG + 5].copy_from_slice(b"<?xml");
        chip
    })
    .clone()
}

/// The vendor's firmware.
fn vendor_firmware() -> Vec<u8> {
    web()[0x2_0200..].to_vec()
}

fn web() -> Vec<u8> {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    MADE.get_or_init(|| synthetic::vendor_file(&their_loader(), &synthetic::firmware(&spec(2)))).clone()
}

fn web_with_modem() -> Vec<u8> {
    static MADE: OnceLock<Vec<u8>> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut file = web();
        file.extend(synthetic::noise(9, 0x3_0000));
        tplink::seal(&mut file, 0).unwrap();
        file
    })
    .clone()
}

fn openwrt_spec() -> FirmwareSpec {
    FirmwareSpec { hardware: (0xd750_0001, 0x4a, 0), fw_length: 0x7b_0000, ..spec(3) }
}

fn sysupgrade() -> Vec<u8> {
    synthetic::sysupgrade(&openwrt_spec(), &["tplink,archer-mr200"])
}

/// An OpenWrt unit after its first boot: jffs2, of either byte order, where the last mark was.
fn openwrt_dump(node: [u8; 4]) -> Vec<u8> {
    let mut firmware = synthetic::openwrt(&openwrt_spec());
    let edge = firmware.len() - 4;
    firmware.truncate(edge);
    firmware.extend(node);
    firmware.extend(synthetic::noise(4, 0x3000));
    firmware.resize(0x7b_0000, 0xff);
    synthetic::chip(&unit(1), &own_loader(), &firmware)
}

/// A splice in the words of the command line.
struct Case {
    base: Vec<u8>,
    donors: Vec<Donor>,
    choice: Choice,
}

impl Case {
    fn new(donor: Vec<u8>) -> Self {
        Self { base: base(), donors: vec![Donor::new("donor", donor)], choice: Choice::default() }
    }

    fn base(mut self, base: Vec<u8>) -> Self {
        self.base = base;
        self
    }

    fn donor(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.donors.push(Donor::new(name, bytes));
        self
    }

    fn set(mut self, text: &str) -> Self {
        self.choice.set(text).unwrap();
        self
    }

    fn allow(mut self, name: &str) -> Self {
        self.choice.allow = Allow::new([name]);
        self
    }

    fn on(mut self, purpose: Purpose) -> Self {
        self.choice.purpose = purpose;
        self
    }

    fn run(&self) -> Result<Spliced, ImageError> {
        splice(&Image::new(self.base.clone()), &self.donors, board(), &self.choice)
    }

    fn ok(&self) -> Vec<u8> {
        self.run().unwrap_or_else(|e| panic!("{e}")).image.into_bytes()
    }

    /// The names of what stops it.
    fn stops(&self) -> Vec<&'static str> {
        match self.run() {
            Ok(_) => panic!("it passed"),
            Err(e) => e.findings().iter().map(|f| f.name).collect(),
        }
    }

    /// Never passes, whatever is allowed, and names this check.
    fn refused(self, name: &str) {
        assert!(self.stops().contains(&name), "{:?} and not {name}", self.stops());
        let all = self.allow("all");
        let Err(e) = all.run() else { panic!("{name} was allowed") };
        let refusal = e.findings().iter().find(|f| f.name == name);
        assert_eq!(refusal.map(|f| f.severity), Some(Severity::Refuse), "{e}");
    }

    /// Passes only when this one check is allowed.
    fn asked(self, name: &str) -> Vec<u8> {
        assert_eq!(self.stops(), [name]);
        assert!(self.run().unwrap_err().to_string().contains(&format!("--allow {name}")));
        let other =
            Self { choice: Choice { allow: Allow::new(["no-such-check"]), ..self.choice.clone() }, ..self };
        assert_eq!(other.stops(), [name]);
        other.allow(name).ok()
    }

    /// Passes, and says this.
    fn told(self, name: &str) -> Vec<u8> {
        let spliced = self.run().unwrap_or_else(|e| panic!("{e}"));
        let names: Vec<_> = spliced.findings.iter().map(|f| f.name).collect();
        assert!(names.contains(&name), "{names:?}");
        spliced.image.into_bytes()
    }
}

/// Pieces one after the other.
fn joined(pieces: &[&[u8]]) -> Vec<u8> {
    pieces.concat()
}

/// The default result: own loader, this firmware to 7C0000, blank config, own rom, this romfile, own radio.
fn clean(firmware: &[u8], romfile: &[u8]) -> Vec<u8> {
    let mut chip = base();
    chip[LOADER..ROM].fill(0xff);
    chip[LOADER..LOADER + firmware.len()].copy_from_slice(firmware);
    chip[ROMFILE..RADIO].fill(0xff);
    chip[ROMFILE..ROMFILE + romfile.len()].copy_from_slice(romfile);
    chip
}

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
    assert!(Case::new(sysupgrade()).told("fills-settings") == clean(&stripped, &[]));
    let tftp = Case::new(sysupgrade()).on(Purpose::Tftp).ok();
    assert!(tftp == joined(&[&own_loader(), &sysupgrade()]));
}

#[test]
fn tftp_files_of_vendor_donors_end_where_the_rescue_ends() {
    let wanted = clean(&vendor_firmware(), &[])[..ROM].to_vec();
    for donor in [web(), web_with_modem(), other_unit(), vendor_firmware()] {
        assert!(Case::new(donor).on(Purpose::Tftp).ok() == wanted);
    }
    let told = Case::new(other_unit()).on(Purpose::Tftp).set("radio=donor");
    assert!(told.told("not-in-file") == wanted);
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
    let result = Case::new(used.clone()).told("foreign-overlay");
    assert!(result[LOADER..ROM] == used[LOADER..ROM]);
    assert!(result[ROM..ROMFILE] == base()[ROM..ROMFILE] && result[RADIO..] == base()[RADIO..]);
    Case::new(used.clone()).set("config=own").refused("firmware-cut");
    Case::new(used).set("config=blank").refused("firmware-cut");
    // A short image leaves config free, and the user's word counts.
    let mut chip = base();
    chip[CONFIG] = 1;
    let kept = Case::new(sysupgrade()).base(chip).set("config=own").told("fills-settings");
    assert_eq!(kept[CONFIG], 1);
}

#[test]
fn sources_by_region() {
    let other = other_unit();
    let result = Case::new(other.clone()).set("config=donor").set("romfile=own").told("foreign-settings");
    assert!(result == joined(&[&base()[..LOADER], &other[LOADER..ROM], &base()[ROM..]]));
    let swapped = Case::new(web()).set("u-boot=donor").told("loader-swap");
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
fn dumps_that_were_not_read_right() {
    let mirrored = || {
        let mut chip = base();
        let (low, high) = chip.split_at_mut(CHIP / 2);
        high.copy_from_slice(low);
        chip
    };
    let radio_of_7628 = || {
        let mut chip = base();
        chip[RADIO] = 0x28;
        chip
    };
    let faults: [(&str, Vec<u8>); 6] = [
        ("blank-dump", vec![0xff; CHIP]),
        ("blank-dump", vec![0; CHIP]),
        ("mirrored-dump", mirrored()),
        ("wrong-calibration", radio_of_7628()),
        ("chip-size", base()[..CHIP / 2].to_vec()),
        ("chip-size", joined(&[&base(), &base()])),
    ];
    for (name, dump) in faults {
        Case::new(web()).base(dump.clone()).refused(name);
        // Half a dump is a loader and the front of a firmware.
        let as_donor = if dump.len() == CHIP / 2 { "truncated" } else { name };
        Case::new(dump).refused(as_donor);
    }
    Case::new(web()).base(Vec::new()).refused("chip-size");
}

#[test]
fn a_dump_of_another_version_of_the_board() {
    // MR200 v4 has its address at 7EF100.
    let mut chip = base();
    chip[ROM..ROMFILE].fill(0xff);
    chip[RADIO..RADIO + 2].copy_from_slice(&[0x28, 0x76]);
    Case::new(web()).base(chip).refused("wrong-calibration");
}

#[test]
fn vendor_files_that_are_damaged_or_of_others() {
    let mut damaged = web();
    damaged[0x30_0000] ^= 0x10;
    Case::new(damaged).refused("md5");
    let mut inner_only = web();
    inner_only[0x2_0300] ^= 1;
    tplink::seal(&mut inner_only, 0).unwrap();
    Case::new(inner_only).refused("md5");
    Case::new(web()[..0x40_0000].to_vec()).refused("truncated");
    Case::new(web()[..0x10_0000].to_vec()).refused("truncated");
    Case::new(web()[..0x2_0300].to_vec()).refused("truncated");
    Case::new(vendor_firmware()[..0x20_0000].to_vec()).refused("truncated");
    for hardware in [(0xc750_0001, 0x32, 0), (0xd750_0001, 0x4b, 1), (0xd750_0002, 0x4a, 1)] {
        let firmware = synthetic::firmware(&FirmwareSpec { hardware, ..spec(2) });
        Case::new(firmware.clone()).refused("hardware-id");
        Case::new(synthetic::vendor_file(&their_loader(), &firmware)).refused("hardware-id");
        let mut chip = other_unit();
        chip[LOADER..CONFIG].copy_from_slice(&firmware);
        Case::new(chip.clone()).refused("hardware-id");
        Case::new(web()).base(chip).asked("base-hardware");
    }
    for long in [
        FirmwareSpec { fw_length: 0x7c_0000, ..spec(2) },
        FirmwareSpec { fw_length: 0xe9_0000, rootfs: 0x68_0000, ..spec(2) },
    ] {
        Case::new(synthetic::firmware(&long)).refused("too-long");
        Case::new(synthetic::openwrt(&long)).refused("too-long");
    }
    // The loader was written over the inner header when the file was made.
    let mut no_inner = web();
    no_inner[0x2_0200..0x2_0400].fill(0x5a);
    tplink::seal(&mut no_inner, 0).unwrap();
    Case::new(no_inner).refused("inner-header");
}

#[test]
fn sysupgrade_files_that_are_damaged_or_of_others() {
    let mut damaged = sysupgrade();
    damaged[0x2000] ^= 1;
    Case::new(damaged).refused("metadata-crc");
    let mut text = sysupgrade();
    let at = text.len() - 60;
    text[at] ^= 1;
    Case::new(text).refused("metadata-crc");
    Case::new(synthetic::sysupgrade(&openwrt_spec(), &["tplink,archer-c2-v1"])).refused("supported-devices");
    // Cut before its end, metadata and all.
    Case::new(sysupgrade()[..0x1_8000].to_vec()).refused("truncated");
    // Moved by a header's length, its marks miss the edges.
    let mut moved = openwrt_spec();
    moved.kernel += 0x10;
    let mut shifted = synthetic::openwrt(&moved);
    shifted.splice(0x200..0x200, [0; 0x10]);
    tplink::seal(&mut shifted, 0).unwrap();
    let mut header = tplink::parse(&shifted, 0).unwrap();
    header.kernel.len += 0x10;
    header.rootfs.offset += 0x10;
    header.write(&mut shifted).unwrap();
    tplink::seal(&mut shifted, 0).unwrap();
    assert_eq!(Case::new(shifted).stops(), ["format-mark"]);
}

#[test]
fn another_country_is_asked_for_vendor_firmware_only() {
    let of = |add| synthetic::firmware(&FirmwareSpec { hardware: (0xd750_0001, 0x4a, add), ..spec(2) });
    for add in [0, 2] {
        let result = Case::new(synthetic::vendor_file(&their_loader(), &of(add))).asked("region");
        assert!(result == clean(&of(add), &[]));
    }
    assert!(Case::new(sysupgrade()).run().is_ok(), "OpenWrt's header says nothing about the country");
    // Not used, not asked.
    let unused = Case::new(synthetic::vendor_file(&their_loader(), &of(0)));
    assert!(unused.set("firmware=own").set("u-boot=donor").run().is_ok());
    // A base that runs OpenWrt does not tell its own.
    let node = [0x85, 0x19, 3, 0x20];
    Case::new(web()).base(openwrt_dump(node)).told("region-unknown");
    Case::new(of(0)).base(openwrt_dump(node)).told("region-unknown");
    assert_eq!(Case::new(of(7)).base(openwrt_dump(node)).stops(), ["region-unknown"]);
}

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
fn a_donor_dump_with_a_broken_firmware_gives_the_rest() {
    let mut broken = base();
    broken[LOADER + 0x30_0000] ^= 1;
    Case::new(broken.clone()).refused("md5");
    let result = Case::new(web()).donor("older", broken.clone()).set("romfile=older").ok();
    assert!(result[ROMFILE..RADIO] == base()[ROMFILE..RADIO]);
}

#[test]
fn address_and_calibration_of_different_units_are_told() {
    let mut mixed = base();
    mixed[RADIO + 7..RADIO + 10].copy_from_slice(&[0x44, 0x55, 0x66]);
    Case::new(web()).base(mixed).told("mixed-units");
    let names: Vec<_> = Case::new(web()).run().unwrap().findings.iter().map(|f| f.name).collect();
    assert!(!names.contains(&"mixed-units"));
}

#[test]
fn bytes_behind_the_firmware_land_in_config_only_when_allowed() {
    let file = web_with_modem();
    Case::new(file.clone()).told("tail-left-out");
    for purpose in [Purpose::Programmer, Purpose::Tftp] {
        let result = Case::new(file.clone()).set("config=donor").on(purpose).asked("modem-in-config");
        assert!(result[CONFIG..ROM] == file[0x200 + CONFIG..0x200 + ROM]);
    }
    // A file without any has no config to give.
    assert!(Case::new(web()).set("config=donor").ok() == clean(&vendor_firmware(), &[]));
}

#[test]
fn loaders_cut_at_the_wrong_place() {
    let file = web();
    let as_loader = |bytes: &[u8]| Case::new(web()).donor("boot", bytes.to_vec()).set("u-boot=boot");
    assert!(as_loader(&file[0x200..0x2_0200]).ok()[..LOADER] == their_loader());
    // Without the padding behind its code.
    assert!(as_loader(&their_loader()[..0x1_8a00]).ok()[..LOADER] == their_loader());
    as_loader(&file[..LOADER]).refused("header-kept");
    as_loader(&file[0x400..0x2_0400]).refused("loader-cut");
    // 257 bytes instead of 257 blocks: what fills the header stands before the loader.
    as_loader(&file[257..257 + LOADER]).refused("no-loader");
    as_loader(&vendor_firmware()[..LOADER]).refused("truncated");
    as_loader(&[0xff; LOADER]).refused("no-loader");
    as_loader(&[0; LOADER]).refused("no-loader");
    assert_eq!(as_loader(&synthetic::noise(5, LOADER)).stops(), ["loader-start"]);
    // The header stripped twice, and padding put behind: the start of a loader known here is missing.
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

#[test]
fn donors_of_no_use() {
    Case::new(Vec::new()).refused("donor-unknown");
    Case::new(b"PK\x03\x04 and more".to_vec()).refused("donor-unknown");
    Case::new(vec![7; 12345]).refused("donor-unknown");
    let zip = Case::new(b"PK\x03\x04 and more".to_vec()).run().unwrap_err().to_string();
    assert!(zip.contains("unpack"), "{zip}");
    // A whole chip without a firmware header gives everything but firmware.
    let mut no_header = other_unit();
    no_header[LOADER..LOADER + 0x200].fill(0xff);
    Case::new(no_header.clone()).refused("donor-lacks");
    assert!(Case::new(web()).donor("x", no_header).set("config=x").ok()[CONFIG..CONFIG + 5] == *b"<?xml");
}

#[test]
fn a_vendor_file_as_long_as_the_chip_is_still_one() {
    let mut file = web();
    file.resize(CHIP, 0xff);
    assert!(Case::new(file).ok() == clean(&vendor_firmware(), &[]));
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Bytes outside of the chosen regions are the base's, data of the unit stays, the size is the chip's, and the
    /// same input gives the same output.
    #[test]
    fn nothing_else_changes(
        sources in prop::collection::vec(0usize..4, 6),
        kind in 0usize..4,
        used_base in any::<bool>(),
    ) {
        let base = if used_base { openwrt_dump([0x85, 0x19, 3, 0x20]) } else { base() };
        let donor = match kind {
            0 => other_unit(),
            1 => web(),
            2 => sysupgrade(),
            _ => openwrt_dump([0x85, 0x19, 3, 0x20]),
        };
        let mut case = Case::new(donor).base(base.clone()).allow("all");
        for (region, source) in board().layout.regions.iter().zip(&sources) {
            if let Some(source) = ["own", "blank", "donor"].get(*source) {
                case = case.set(&format!("{}={source}", region.name));
            }
        }
        let Ok(spliced) = case.run() else { return Ok(()) };
        prop_assert_eq!(spliced.image.len(), CHIP);
        prop_assert!(case.run().unwrap().image == spliced.image);
        for ((name, source), row) in spliced.sources.iter().zip(&spliced.regions) {
            prop_assert_eq!(name, &row.name);
            let (was, is) = (&base[row.span.range()], &spliced.image[row.span.range()]);
            prop_assert_eq!(row.changes, was != is);
            if *source == Source::Own {
                prop_assert!(was == is, "{} changed", name);
            }
        }
        for unit in &spliced.units {
            let said = case.choice.sources.get(&unit.region);
            if !matches!(said, Some(Source::Donor(_))) {
                prop_assert!(unit.same, "{} changed", unit.name);
            }
        }
        // What the result was made from says how to make it again.
        let again = Choice {
            sources: spliced.sources.iter().cloned().collect(),
            ..case.choice.clone()
        };
        let again = splice(&Image::new(base), &case.donors, board(), &again);
        prop_assert!(again.unwrap().image == spliced.image);
    }
}

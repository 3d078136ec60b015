//! Tests of the splice on boards and files made from seeds: what they share, and the way a splice is said.

mod coreboot;
mod donors;
mod dumps;
mod loaders;
mod moved;
mod named;
mod nested;
mod other_flash;
mod pairs;
mod property;
mod reported;
mod sources;
mod units;
mod wrong_pairs;

use std::sync::OnceLock;

use crate::image::container::tplink;
use crate::image::synthetic::{self, FirmwareSpec, Unit};
use crate::image::*;

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
        let other =
            Self { choice: Choice { allow: Allow::new(["no-such-check"]), ..self.choice.clone() }, ..self };
        assert_eq!(other.stops(), [name]);
        other.allow(name).ok()
    }

    /// Passes, and says this.
    fn reported(self, name: &str) -> Vec<u8> {
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
